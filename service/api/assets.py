"""Plain files of a page, each with a tag of its content.

They are sent compressed where the caller can read that: once for all, since they never change while
the process runs. Answers of work are another matter, they are never compressed: the length of what
holds a secret and a stranger's text together would tell of the secret (BREACH). Knows no page.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from litestar import Request, Response
from litestar.exceptions import NotFoundException

__all__ = ["Assets"]

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

_NO_WEIGHT = re.compile(r"q=0(?:\.0{0,3})?")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. `packed` is None where packing saves nothing."""

    kind: str
    tag: str
    content: bytes
    packed: bytes | None


class Assets:
    """The files of a directory whose kinds are known; each is read when it is first asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[str, Asset] = {}

    def answer(self, name: str, request: Request[Any, Any, Any]) -> Response[bytes]:
        """Returns a file, or that the caller has it. Names are looked up: none leads elsewhere.

        Raises:
            NotFoundException: there is no such file.
        """
        if name not in self._names:
            raise NotFoundException
        asset = self._read.get(name) or self._read.setdefault(name, self._asset(name))
        headers = {"ETag": asset.tag, "Vary": "Accept-Encoding"}
        if asset.tag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers, media_type=asset.kind)
        content = asset.content
        if asset.packed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
            content, headers["Content-Encoding"] = asset.packed, "gzip"
        return Response(content, headers=headers, media_type=asset.kind)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(file.name for file in self._directory.iterdir() if file.suffix in KINDS)

    def _asset(self, name: str) -> Asset:
        content, suffix = (self._directory / name).read_bytes(), Path(name).suffix
        packed = None if suffix == COMPRESSED else gzip.compress(content, 9, mtime=0)
        # Weak: the compressed bytes stand for the same content (RFC 9110, 8.8.1).
        tag = f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'
        return Asset(KINDS[suffix], tag, content, packed)


def _takes_gzip(accepted: str) -> bool:
    """Whether a list of codings has gzip in it, and not with the weight 0 (RFC 9110, 12.5.3)."""
    for coding in accepted.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return not _NO_WEIGHT.fullmatch(weight.replace(" ", ""))
    return False
