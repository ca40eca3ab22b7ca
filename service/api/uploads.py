"""Reads forms that come in parts and hold a file (RFC 7578), as strictly as JSON is read.

Not by Litestar's own way from a form to a handler, whose parser it uses: 2.25 takes a part's word
for its charset, fails on one that is no charset, writes files larger than 1 MB to the disk, and
keeps of a name that is there twice what comes.
"""

import re
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from service.api.bodies import MULTIPART, Refused, announced, read
from service.api.parts import Part, parts_of
from service.api.schemas import Body, FieldError

__all__ = ["Upload", "multipart_only", "plain_name", "uploaded"]

T = TypeVar("T", bound=Body)

FILE = "file"
MAX_PARTS = 20
MAX_FIELD_BYTES = 256 * 1024
"""Of a field that is no file; a glossary of 200 terms with all their forms is smaller."""

MAX_NAME_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Upload(Generic[T]):
    """A file and the fields that came with it.

    Attributes:
        name: as the client called it, without folders and what no file name should have.
    """

    form: T
    name: str
    data: bytes


async def multipart_only(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """A guard that lets only requests through which announce a form in parts.

    Any web page can make a browser send one: `api.origins` refuses what comes from elsewhere.

    Raises:
        Refused: 415, with the header that says what would be accepted.
    """
    announced(connection, (MULTIPART,))


async def uploaded(
    request: Request[Any, Any, Any], kind: type[T], max_bytes: int, json: tuple[str, ...] = ()
) -> Upload[T]:
    """Returns the file that a request brings and what its fields say.

    Args:
        kind: the type of the fields; it has one for the file, in whose place is an empty string.
        max_bytes: of the file.
        json: fields whose text is JSON.

    Raises:
        Refused: the form is not valid, a field or the file is missing, there twice, unknown or too
            large, or not of its type.
    """
    fields: dict[str, Any] = {}
    name, data = "", bytearray()
    async for part in _parts(request, max_bytes):
        if part.name in fields:
            raise Refused(FieldError(part.name, "is there twice"))
        if part.name == FILE:
            fields[FILE], name, data = "", part.file_name or "", part.data
        elif part.file_name is not None:
            raise Refused(FieldError(part.name, "must be a text, not a file"))
        else:
            fields[part.name] = _value(part, is_json=part.name in json)
    return Upload(read(msgspec.json.encode(fields), kind), plain_name(name), bytes(data))


async def _parts(request: Request[Any, Any, Any], max_bytes: int) -> AsyncIterator[Part]:
    """Yields the parts of a form as they come in, each as soon as it is whole."""

    def check_size(part: Part) -> None:
        limit = max_bytes if part.name == FILE else MAX_FIELD_BYTES
        if len(part.data) > limit:
            error = FieldError(part.name, f"has more than {limit} bytes")
            raise Refused(error, 413, limit=limit, actual=len(part.data))

    with parts_of(request.headers["content-type"], MAX_PARTS, check_size, strict=True) as feed:
        async for chunk in request.stream():
            for part in feed(chunk):
                yield part


def _value(part: Part, *, is_json: bool) -> Any:
    try:
        text = part.data.decode()
        return msgspec.Raw(msgspec.json.format(text, indent=-1)) if is_json else text
    except UnicodeDecodeError as error:
        raise Refused(FieldError(part.name, f"not valid UTF-8 at byte {error.start}")) from None
    except (msgspec.DecodeError, RecursionError):
        raise Refused(FieldError(part.name, "must be a JSON object")) from None


def plain_name(name: str) -> str:
    """Returns what of a client's name for a file can be one anywhere; "" if nothing can."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    stem, dot, ending = seen.strip(" .").rpartition(".")
    if not stem:
        return ending[:MAX_NAME_CHARACTERS]
    return f"{stem[:MAX_NAME_CHARACTERS]}{dot}{ending[:10]}"
