"""`GET /` and what its page is made of: plain files, each with a tag of its content.

They are sent compressed where the caller can read that: once for all, since they never change while
the process runs. Answers of work are another matter, they are never compressed: the length of what
holds a secret and a stranger's text together would tell of the secret (BREACH). Knows nothing of
what the page does.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

__all__ = ["page", "page_asset"]

DIRECTORY = Path(__file__).parents[1] / "web"
INDEX = "index.html"
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}
COMPRESSED = ".woff2"
"""Its content is compressed already."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. `packed` is None where packing saves nothing."""

    kind: str
    tag: str
    content: bytes
    packed: bytes | None


@get("/", include_in_schema=False, sync_to_thread=False)
def page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The page for people."""
    return _answer(request, _asset(INDEX))


@get("/assets/{asset:str}", include_in_schema=False, sync_to_thread=False)
def page_asset(asset: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """A part of the page. Names are looked up, so none can lead anywhere else."""
    if asset not in _names():
        raise NotFoundException
    return _answer(request, _asset(asset))


def _answer(request: Request[Any, Any, Any], asset: Asset) -> Response[bytes]:
    headers = {"ETag": asset.tag, "Vary": "Accept-Encoding"}
    if asset.tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=asset.kind)
    content = asset.content
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = asset.packed, "gzip"
    return Response(content, headers=headers, media_type=asset.kind)


@cache
def _names() -> frozenset[str]:
    return frozenset(file.name for file in DIRECTORY.iterdir() if file.suffix in KINDS)


@cache
def _asset(name: str) -> Asset:
    """Reads a file, once in the life of the process; its name is one of `_names`."""
    content, suffix = (DIRECTORY / name).read_bytes(), Path(name).suffix
    packed = None if suffix == COMPRESSED else gzip.compress(content, 9, mtime=0)
    # Weak: the compressed bytes stand for the same content (RFC 9110, 8.8.1).
    return Asset(KINDS[suffix], f'W/"{hashlib.sha256(content).hexdigest()[:16]}"', content, packed)
