"""`GET /v1/models`, and loading and unloading by hand."""

import asyncio
from datetime import UTC, datetime

from litestar import get, post
from litestar.params import FromPath

from service.api.dependencies import CoreDependency
from service.api.problems import problem_responses
from service.api.schemas import Model
from service.core import Core
from service.models.catalog import ModelSpec

__all__ = ["list_models", "load_model", "unload_model"]


@get("/v1/models", operation_id="models", summary="The models and their states", tags=["models"])
async def list_models(core: CoreDependency) -> list[Model]:
    """Every row of the catalog; `default` marks the first choice of a route of this profile."""
    return await asyncio.gather(*(_model(core, spec) for spec in core.catalog.specs.values()))


@post(
    "/v1/models/{name:str}/load",
    status_code=202,
    operation_id="load_model",
    summary="Fetch and load a model",
    tags=["models"],
    responses=problem_responses(404, 503),
)
async def load_model(name: FromPath[str], core: CoreDependency) -> Model:
    """Begins and returns at once; `GET /v1/models` tells how far it is."""
    spec = core.catalog.named(name)
    core.registry.begin_load(spec)
    return await _model(core, spec)


@post(
    "/v1/models/{name:str}/unload",
    status_code=202,
    operation_id="unload_model",
    summary="Unload a model",
    tags=["models"],
    responses=problem_responses(404),
)
async def unload_model(name: FromPath[str], core: CoreDependency) -> Model:
    """As soon as no request uses or awaits it; a load that none awaits is given up.

    It stays on disk.
    """
    spec = core.catalog.named(name)
    core.registry.begin_unload(spec)
    return await _model(core, spec)


async def _model(core: Core, spec: ModelSpec) -> Model:
    status = core.registry.status(spec)
    files = await asyncio.to_thread(core.store.locate, spec)
    state = "on_disk" if status.state == "absent" and files is not None else status.state
    firsts = {names[0] for names in core.catalog.routes.values()}
    used = status.last_used and datetime.fromtimestamp(status.last_used, UTC).isoformat()
    return Model(
        name=spec.name,
        task=spec.task,
        source=spec.languages[0] if spec.task == "translate" else None,
        target=spec.languages[-1],
        repository=spec.repository,
        revision=files.revision if files else spec.revision,
        license=spec.license,
        worth=spec.worth,
        state=state,
        progress=status.progress,
        reason=status.reason,
        retry_after_s=status.retry_after_s,
        bytes_on_disk=await asyncio.to_thread(core.store.bytes_on_disk, spec),
        bytes_in_memory=status.bytes_in_memory,
        leases=status.leases,
        last_used=used or None,
        default=spec.name in firsts,
    )
