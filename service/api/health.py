"""`GET /health/live`, `GET /health/ready` and `GET /metrics`."""

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.api.dependencies import CoreDependency
from service.api.schemas import LiveResponse, ReadyModel, ReadyResponse
from service.core import Core
from service.models.catalog import ModelSpec
from service.telemetry.metrics import READY

__all__ = ["live", "metrics", "ready"]


@get("/health/live", operation_id="live", summary="The process serves", tags=["health"])
async def live() -> LiveResponse:
    """200 as long as the process answers at all."""
    return LiveResponse()


@get(
    "/health/ready",
    operation_id="ready",
    summary="Requests can be answered at once",
    tags=["health"],
    responses={503: ResponseSpec(ReadyResponse, generate_examples=False, description="Not ready")},
)
async def ready(core: CoreDependency) -> Response[ReadyResponse]:
    """200 when requests can be answered at once, else 503.

    That is: the models named in `LUR_PRELOAD` are ready, no queue is full, no model in memory is in
    trouble, and the process is not about to end.
    """
    body = _readiness(core)
    return Response(body, status_code=200 if body.status == "ready" else 503)


def _readiness(core: Core) -> ReadyResponse:
    models = [_ready_model(core, chain) for chain in core.preload()]
    full, troubles = core.registry.full_queues(), core.registry.troubles()
    stopping = core.stopping.is_set()
    good = all(model.serves for model in models) and not (full or troubles or stopping)
    return ReadyResponse("ready" if good else "not_ready", models, full, troubles, stopping)


def _ready_model(core: Core, chain: tuple[ModelSpec, ...]) -> ReadyModel:
    states = [core.registry.status(spec) for spec in chain]
    serving = next((status.spec.name for status in states if status.state == "ready"), None)
    first = states[0]
    return ReadyModel(
        name=first.spec.name,
        state=first.state,
        serves=serving is not None,
        served_by=serving,
        progress=first.progress,
        reason=first.reason,
        retry_after_s=first.retry_after_s,
    )


@get(
    "/metrics",
    operation_id="metrics",
    summary="Prometheus metrics",
    tags=["health"],
    media_type=CONTENT_TYPE_LATEST,
)
async def metrics(core: CoreDependency) -> bytes:
    """The metrics of this process, in Prometheus' text format."""
    READY.set(_readiness(core).status == "ready")
    return generate_latest()
