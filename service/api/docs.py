"""`GET /openapi.json` and `GET /docs`, a page for it that needs no network."""

from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.router import Router
from litestar.static_files import create_static_files_router

from service import __version__

__all__ = ["docs_assets", "openapi_config", "openapi_json"]

ASSETS = "/docs/assets/swagger-ui"


def openapi_config() -> OpenAPIConfig:
    """Returns the configuration; Swagger UI 5.35.0 (Apache-2.0) comes with the package."""
    return OpenAPIConfig(
        title="Lur",
        version=__version__,
        description="Summaries of English articles, and translations.",
        path="/docs",
        use_handler_docstrings=True,
        render_plugins=[
            SwaggerRenderPlugin(
                js_url=f"{ASSETS}-bundle.js",
                css_url=f"{ASSETS}.css",
                standalone_preset_js_url=f"{ASSETS}-standalone-preset.js",
                favicon='<link rel="icon" href="data:,">',  # the default comes from a CDN
                path="/",
            )
        ],
    )


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi_json(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The OpenAPI 3.1 document."""
    return Response(request.app.openapi_schema.to_schema(), media_type=MediaType.JSON)


def docs_assets() -> Router:
    """Returns the routes of the page's scripts and styles."""
    directory = Path(__file__).parent / "swagger_ui"
    return create_static_files_router("/docs/assets", [directory], include_in_schema=False)
