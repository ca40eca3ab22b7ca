"""Reads what foreign APIs are sent: JSON, or a form that says the same in strings.

A form is put into the types that the JSON would have, and then read as strictly as JSON is. It must
not know what the fields mean.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from msgspec import inspect
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from service.api.bodies import FORM, MULTIPART, Refused, media_type, read
from service.api.schemas import Body, FieldError

__all__ = ["asked", "asked_in_query"]

T = TypeVar("T", bound=Body)

MAX_FIELDS = 1000

BOOLEANS = {"0": False, "1": True, "false": False, "true": True}


async def asked(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """Returns what the body of a request says, JSON or a form.

    Not by Litestar's `Request.form`: 2.25 keeps the last 1024 forms in memory, users' texts and
    all, and leaves out empty values.

    Raises:
        Refused: see `read`; or the form is not valid.
    """
    body = await request.body()
    media, _ = media_type(request)
    if media == FORM:
        body = _as_json(_pairs(body), kind)
    elif media == MULTIPART:
        body = _as_json(_parts(body, request.headers["content-type"]), kind)
    return read(body, kind)


def asked_in_query(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """The same of the query of a URL."""
    return read(_as_json(_pairs(request.scope["query_string"]), kind), kind)


def _pairs(form: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            form.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise Refused(FieldError("body", "not valid UTF-8")) from None
    except ValueError:
        raise Refused(FieldError("body", f"has more than {MAX_FIELDS} fields")) from None


def _parts(form: bytes, content_type: str) -> list[tuple[str, str]]:
    """Reads a form that comes in parts (RFC 7578), all of them text in UTF-8."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    pairs: list[tuple[str, str]] = []
    name, value = "", bytearray()
    try:
        with PushMultipartParser(boundary, max_segment_count=MAX_FIELDS) as parser:
            for event in parser.parse(form):
                if isinstance(event, MultipartSegment):
                    name = event.name
                    if event.filename is not None:
                        raise Refused(FieldError(name, "must be a text, not a file"))
                elif event is None:
                    pairs.append((name, value.decode()))
                    value.clear()
                else:
                    value += event
    except UnicodeDecodeError:
        raise Refused(FieldError(name, "not valid UTF-8")) from None
    except MultipartError as error:
        raise Refused(FieldError("body", f"no valid multipart form: {error}")) from None
    return pairs


def _as_json(pairs: Iterable[tuple[str, str]], kind: type[Body]) -> bytes:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    kinds = _kinds(kind)
    return msgspec.json.encode(
        {name: _typed(name, values, kinds.get(name, ())) for name, values in found.items()}
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
    return {field.encode_name: tuple(_members(field.type)) for field in info.fields}


def _members(found: inspect.Type) -> list[type[inspect.Type]]:
    if isinstance(found, inspect.Metadata):
        return _members(found.type)
    if isinstance(found, inspect.UnionType):
        return [kind for member in found.types for kind in _members(member)]
    return [type(found)]
