"""`GET /` and what its page is made of. Knows nothing of what the page does."""

from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from service.api.assets import Assets

__all__ = ["page", "page_asset"]

ASSETS = Assets(Path(__file__).parents[1] / "web")


@get("/", include_in_schema=False, sync_to_thread=False)
def page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The page for people."""
    return ASSETS.answer("index.html", request)


@get("/assets/{asset:str}", include_in_schema=False, sync_to_thread=False)
def page_asset(asset: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """A part of the page."""
    return ASSETS.answer(asset, request)
