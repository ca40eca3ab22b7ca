"""The composition root: settings in, a Litestar application out. Wires everything, does nothing.

`uvicorn --factory service.app:create_app` or `lur serve`.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide

from service.access import keys_of
from service.api.compat import COMPATIBLE, COMPATIBLE_FREE
from service.api.docs import docs_asset, openapi_config, openapi_json
from service.api.documents import DOCUMENTS
from service.api.head import answering_head
from service.api.health import live, metrics, ready
from service.api.limits import Limits
from service.api.middleware import observed
from service.api.models import list_models, load_model, unload_model
from service.api.origins import HostCheck, OriginCheck, allowed_hosts, cors_config
from service.api.page import page, page_asset
from service.api.patience import patient
from service.api.problems import EXCEPTION_HANDLERS
from service.api.security import KeyCheck, with_security_headers
from service.api.stopping import StoppingCheck
from service.api.summarize import summarize
from service.api.translate import languages, translate
from service.core import build_core
from service.doctor import at_start
from service.settings import Settings
from service.telemetry.logs import configure_logs

__all__ = ["create_app"]

MAX_BYTES_PER_CHARACTER = 12
"""JSON may spell one character as two escapes of six bytes."""

OTHER_BYTES = 64 * 1024
"""Room for the other fields of a body."""


def create_app(settings: Settings | None = None) -> Litestar:
    """Builds the application; models load when they are first asked for.

    Raises:
        SettingsError, CatalogError: the environment, the user's catalog or the file of keys is
            wrong, or the service would be open to others without being told so.
    """
    settings = settings or Settings.read(os.environ)
    configure_logs(settings.log_level)
    keys = keys_of(settings)
    core = build_core(settings)
    limits = Limits(settings, store=core.shared)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await asyncio.to_thread(at_start, core)
        async with core.running():
            yield

    app = Litestar(
        route_handlers=[
            Router("/", route_handlers=[summarize, translate, *COMPATIBLE], guards=[limits.guard]),
            Router(
                "/",
                route_handlers=DOCUMENTS,
                guards=[limits.guard],
                request_max_body_size=settings.max_document_bytes + OTHER_BYTES,
            ),
            languages,
            *(list_models, load_model, unload_model),
            *(live, ready, metrics),
            *(openapi_json, docs_asset),
            *(page, page_asset),
            *COMPATIBLE_FREE,
        ],
        dependencies={"core": Provide(lambda: core, sync_to_thread=False)},
        state=State({"stopping": core.stopping, "deepl_characters": Counter()}),
        middleware=[
            StoppingCheck(core.stopping),
            HostCheck(allowed_hosts(settings)),
            OriginCheck(settings.cors_origins),
            KeyCheck(keys, open=settings.open, wrong_key=limits.wrong_key),
        ],
        cors_config=cors_config(settings),
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lifespan],
        logging_config=None,
        debug=False,
        request_max_body_size=settings.max_characters * MAX_BYTES_PER_CHARACTER + OTHER_BYTES,
        openapi_config=openapi_config(core),
    )
    handler = limits.around(patient(app.asgi_handler, settings.client_timeout_s))
    app.asgi_handler = with_security_headers(observed(answering_head(handler)))
    return app
