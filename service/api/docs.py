"""`GET /openapi.json` and `GET /docs`, a page for it that needs no network and no inline script."""

from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.params import FromPath
from litestar.router import Router

from service import __version__
from service.api.assets import Assets
from service.api.dependencies import CoreDependency
from service.api.document import document
from service.core import Core

__all__ = ["docs_asset", "openapi_config", "openapi_json"]

ASSETS = Assets(Path(__file__).parent / "swagger_ui")

PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Lur: the API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<script defer src="/docs/assets/swagger-ui-bundle.js"></script>
<script defer src="/docs/assets/page.js"></script>
</head>
<body><div id="swagger-ui"></div></body>
</html>
"""
"""Litestar's own page for Swagger UI has its script inline, which the policy of ours forbids."""


class DocsPage(OpenAPIRenderPlugin):
    """Swagger UI 5.35.0 (Apache-2.0), which comes with the package."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Returns the page; it fetches the document by itself."""
        return PAGE

    def receive_router(self, router: Router) -> None:
        """Takes out Litestar's own page for what is not there: an error is a problem document."""
        router.routes = [route for route in router.routes if not route.path_parameters]


class Document(JsonRenderPlugin):
    """The document where Litestar would put its own, which lacks what `document` adds."""

    def __init__(self, core: Core) -> None:
        super().__init__(path="/openapi.json")
        self._core = core

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Returns it as JSON."""
        return self.render_json(request, document(request.app, self._core))


def openapi_config(core: Core) -> OpenAPIConfig:
    """Returns what Litestar knows of the document and its page."""
    return OpenAPIConfig(
        title="Lur",
        version=__version__,
        description="Summaries of English articles, and translations.",
        path="/docs",
        use_handler_docstrings=True,
        render_plugins=[DocsPage(), Document(core)],
    )


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi_json(request: Request[Any, Any, Any], core: CoreDependency) -> Response[dict[str, Any]]:
    """The OpenAPI 3.1 document."""
    return Response(document(request.app, core), media_type=MediaType.JSON)


@get("/docs/assets/{asset:str}", include_in_schema=False, sync_to_thread=True)
def docs_asset(asset: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """A script or style of the page; in a thread, for to compress the script takes 60 ms."""
    return ASSETS.answer(asset, request)
