"""Reads what foreign APIs are sent: JSON, or a form that says the same in strings.

A form is put into the types that the JSON would have, and then read as strictly as JSON is. It must
not know what the fields mean.
"""

import asyncio
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar
from urllib.parse import unquote_plus

import msgspec
from litestar import Request
from msgspec import inspect

from service.api.bodies import FORM, MULTIPART, Refused, media_type, members, read
from service.api.parts import Part, parts_of
from service.api.schemas import Body, FieldError

__all__ = ["asked", "asked_in_query"]

T = TypeVar("T", bound=Body)

MAX_FIELDS = 1000

SHORT_BYTES = 64 * 1024
"""So much is read in some milliseconds; the longest form, all escapes or worse, takes 100 to 400,
so it is read in a thread."""

BOOLEANS = {"0": False, "1": True, "false": False, "true": True}


async def asked(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """Returns what the body of a request says, JSON or a form.

    Not by Litestar's `Request.form`: 2.25 keeps the last 1024 forms in memory, users' texts and
    all, and leaves out empty values.

    Raises:
        Refused: see `read`; or the form is not valid.
    """
    body = await request.body()
    announced = request.headers.get("content-type", "")
    if len(body) <= SHORT_BYTES:
        return _read(body, media_type(request)[0], announced, kind)
    return await asyncio.to_thread(_read, body, media_type(request)[0], announced, kind)


def asked_in_query(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """The same of the query of a URL."""
    return _read(request.scope["query_string"], FORM, FORM, kind, "query")


def _read(body: bytes, media: str, announced: str, kind: type[T], place: str = "body") -> T:
    if media == FORM:
        body = _as_json(_pairs(body, _kinds(kind), place), kind)
    elif media == MULTIPART:
        body = _as_json(_parts(body, announced), kind)
    return read(body, kind)


def _pairs(form: bytes, known: Container[str], place: str) -> Iterator[tuple[str, str]]:
    """Yields the fields of a form (WHATWG URL, 5.1); of one that is not known only its name."""
    if form.count(b"&") >= MAX_FIELDS:
        raise Refused(FieldError(place, f"has more than {MAX_FIELDS} fields"))
    try:
        for field in filter(None, form.decode().split("&")):
            name, _, value = field.partition("=")
            name = unquote_plus(name, errors="strict")
            yield name, unquote_plus(value, errors="strict") if name in known else ""
    except UnicodeDecodeError:
        raise Refused(FieldError(place, "not valid UTF-8")) from None


def _parts(form: bytes, content_type: str) -> list[tuple[str, str]]:
    """Reads a form that comes in parts (RFC 7578), all of them text in UTF-8."""
    with parts_of(content_type, MAX_FIELDS, _no_file) as feed:
        return [(part.name, _decoded(part)) for part in feed(form)]


def _no_file(part: Part) -> None:
    if part.file_name is not None:
        raise Refused(FieldError(part.name, "must be a text, not a file"))


def _decoded(part: Part) -> str:
    try:
        return part.data.decode()
    except UnicodeDecodeError:
        raise Refused(FieldError(part.name, "not valid UTF-8")) from None


def _as_json(pairs: Iterable[tuple[str, str]], kind: type[Body]) -> bytes:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    kinds = _kinds(kind)
    return msgspec.json.encode(
        {
            name: _typed(name, values, kinds[name]) if name in kinds else None
            for name, values in found.items()
        }
    )


def _typed(name: str, values: list[str], kinds: tuple[type[inspect.Type], ...]) -> Any:
    """Returns what a field says in one of the types that it may have."""
    if inspect.ListType in kinds and (len(values) > 1 or inspect.StrType not in kinds):
        return values
    if len(values) > 1:
        raise Refused(FieldError(name, "is there twice"))
    [value] = values
    if inspect.BoolType in kinds:
        return BOOLEANS.get(value.lower(), value)
    if inspect.IntType in kinds and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    return value


@cache
def _kinds(kind: type[Body]) -> Mapping[str, tuple[type[inspect.Type], ...]]:
    """Returns of each field which types it may have."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: tuple(map(type, members(field.type))) for field in info.fields}
