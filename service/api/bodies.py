"""Reads the body of a request, strictly, or says what is wrong with it.

A body is JSON in UTF-8 (RFC 8259), announced as `application/json`, and not compressed. It is read
into its type at once, so what cannot be right is refused where it begins, however large or deeply
nested it is. A number in a string is not a number, and a name that is there twice is an error
(RFC 7493, 2.3): whichever of the two counted, the other would be lost without a word.

It must not know what the fields mean, and never repeats a text of the user's.
"""

import codecs
import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from litestar.connection import ASGIConnection
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from msgspec import inspect

from service.api.schemas import Body, FieldError

__all__ = [
    "FORM",
    "JSON",
    "MULTIPART",
    "Refused",
    "announced",
    "json_only",
    "json_or_any_form",
    "json_or_form",
    "media_type",
    "members",
    "read",
]

T = TypeVar("T", bound=Body)

MEDIA_TYPE = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
CHARSETS = ("utf-8", "utf8", "us-ascii")
"""Names under which UTF-8 may come; ASCII is a part of it."""

PLAIN_CODINGS = {
    "Content-Encoding": {"", "identity"},
    "Transfer-Encoding": {"", "chunked"},
}
"""What these say of a body that is as it is: the server undoes `chunked`, and nothing else."""

_PLACE = re.compile(r" - at (?P<key>`key` in )?`\$\.?(?P<path>.*)`$", re.DOTALL)
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_BOUND = re.compile(r"Expected `\w+`( of length)? (<=|>=) (-?\d+)")
_STEP = re.compile(r"[^.\[\]]+|\.\.\.")


class Refused(HTTPException):
    """A request that is not read: the field or header to blame, and what is wrong with it.

    Attributes:
        limit: the limit that was passed, if one was.
        actual: the measured value beside `limit`.
    """

    def __init__(
        self,
        error: FieldError,
        status_code: int = 400,
        *,
        limit: int | None = None,
        actual: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        detail = f"{error.field}: {error.message}"
        super().__init__(detail=detail, status_code=status_code, headers=headers)
        self.error, self.limit, self.actual = error, limit, actual


async def json_only(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """A guard that lets only requests through which announce JSON; their bodies are not read yet.

    A web page of anybody's can make a browser send `text/plain`, a form, or no type at all to a
    service on its user's machine. JSON it cannot send without being allowed to (CORS).

    Raises:
        Refused: 415, with the header that says what would be accepted.
    """
    announced(connection, (MEDIA_TYPE,))


async def json_or_form(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """The same for the routes of foreign APIs, which take forms too.

    What a page of another origin sends is refused by `api.origins` before.
    """
    announced(connection, (MEDIA_TYPE, FORM))


async def json_or_any_form(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """The same where a form may also come in parts."""
    announced(connection, (MEDIA_TYPE, FORM, MULTIPART))


def media_type(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str, str]:
    """Returns what a request says it carries, in lower case, and its parameters; "" if unclear."""
    kinds = connection.headers.getall("content-type", [])
    media, _, rest = (kinds[0] if len(kinds) == 1 else "").partition(";")
    return media.strip().lower(), rest


def announced(connection: ASGIConnection[Any, Any, Any, Any], accepted: Sequence[str]) -> None:
    """Checks that a request says it carries one of these media types, in UTF-8 and not compressed.

    Raises:
        Refused: 415, with the header that says what would be accepted.
    """
    media, rest = media_type(connection)
    accept = {"Accept": ", ".join(accepted)}
    if media not in accepted:
        error = FieldError("Content-Type", f"must be {' or '.join(accepted)}")
        raise Refused(error, 415, headers=accept)
    for parameter in rest.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' \t"').lower() not in CHARSETS:
            error = FieldError("Content-Type", "the charset must be utf-8")
            raise Refused(error, 415, headers=accept)
    for name, plain in PLAIN_CODINGS.items():
        codings = ",".join(connection.headers.getall(name, []))
        if codings.strip().lower() not in plain:
            error = FieldError(name, "bodies are read as they are, not decompressed")
            raise Refused(error, 415, headers={"Accept-Encoding": "identity"})


class JSON(AbstractDTO[T], Generic[T]):
    """Lets Litestar read a body with `read`; the schema of the type is the document's."""

    def decode_bytes(self, value: bytes) -> T:
        return read(value, self.model_type)

    @classmethod
    def create_for_field_definition(cls, *_: object, **__: object) -> None:
        """There is nothing to prepare."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        found: Reference | Schema = schema_creator.for_field_definition(field_definition)
        return found

    @classmethod
    def generate_field_definitions(
        cls, model_type: type[Any]
    ) -> Generator[DTOFieldDefinition, None, None]:
        raise NotImplementedError

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        raise NotImplementedError


def read(body: bytes, kind: type[T]) -> T:
    """Returns what a body says; a byte order mark before it is ignored.

    The time is linear in the length of the body, and the memory in that of a valid one.

    Raises:
        Refused: it is not valid UTF-8, not JSON, or not of this type.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode()
        found = _typed(body, kind)
        _names_once(text)
    except _Twice as error:
        raise Refused(_where_twice(body, error.name)) from None
    except UnicodeDecodeError as error:
        raise Refused(FieldError("body", f"not valid UTF-8 at byte {error.start}")) from None
    except msgspec.ValidationError as error:
        raise _fault(str(error), body, kind) from None
    except msgspec.DecodeError as error:
        raise Refused(FieldError("body", str(error))) from None
    except RecursionError:
        raise Refused(FieldError("body", "is nested too deeply")) from None
    return found


def _typed(body: bytes, kind: type[T]) -> T:
    """Decodes; 3.0 is 3, as it is to JSON Schema (2020-12 Core, 4.2.3) and not to msgspec."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        if not str(error).partition(" - at ")[0].endswith("got `float`"):
            raise
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        whole = {name: _whole(value) for name, value in fields.items()}
        return msgspec.json.decode(msgspec.json.encode(whole), type=kind)


def _whole(value: msgspec.Raw) -> Any:
    begin = bytes(memoryview(value)[:1])
    if begin == b"{":
        fields = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
        return {name: _whole(inner) for name, inner in fields.items()}
    if begin in b"-0123456789":
        number = msgspec.json.decode(value)
        if isinstance(number, float) and number.is_integer():
            return int(number)
    return value


class _Twice(Exception):
    def __init__(self, name: str) -> None:
        self.name = name


def _names_once(text: str) -> None:
    """Raises `_Twice` for a name that is there twice in an object; makes no number of any."""
    json.loads(text, object_pairs_hook=_unequal, parse_int=str, parse_float=str)


def _unequal(pairs: list[tuple[str, Any]]) -> None:
    names = set()
    for name, _ in pairs:
        if name in names:
            raise _Twice(name)
        names.add(name)


def _where_twice(body: bytes, name: str) -> FieldError:
    """Names the field that is there twice, or the one inside which a name is: that is a text."""
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    for field, value in fields.items():
        try:
            _names_once(bytes(value).decode())
        except _Twice:
            return FieldError(field, "a name in it is there twice")
    return FieldError(name if name in fields else "body", "is there twice")


def _fault(message: str, body: bytes, kind: type[Body]) -> Refused:
    """Turns msgspec's own words into a field, what was expected of it, and what was measured."""
    place = _PLACE.search(message)
    path, expected = (place["path"], message[: place.start()]) if place else ("", message)
    field = path.partition("[...]")[0] or "body"
    if found := _FIELD.fullmatch(expected):
        inside = f"{field}." if path else ""
        wrong = "is required" if "missing" in found[1] else "is not a field of this request"
        return Refused(FieldError(inside + found[2], wrong))
    if expected.startswith("Invalid enum value"):
        return Refused(FieldError(field, f"must be one of {', '.join(_choices(kind, field))}"))
    if bound := _BOUND.fullmatch(expected):
        limit, is_key = int(bound[3]), place is not None and place["key"] is not None
        actual = _measured(
            body, path, is_key, of_length=bound[1] is not None, above=bound[2] == "<="
        )
        if actual is not None and (actual > limit if bound[2] == "<=" else actual < limit):
            seen = f"; its length is {actual}" if bound[1] else f", not {actual}"
            return Refused(FieldError(field, expected + seen), limit=limit, actual=actual)
        return Refused(FieldError(field, expected), limit=limit)
    return Refused(FieldError(field, expected))


@cache
def _choices(whole: type[Body], path: str) -> list[str]:
    """Returns the words that a field may be, which may be a field of a field."""
    found: list[inspect.Type] = [inspect.type_info(whole)]
    for step in path.split("."):
        structs = [kind for kind in _alternatives(found) if isinstance(kind, inspect.StructType)]
        name = step.partition("[")[0]
        found = [f.type for kind in structs for f in kind.fields if f.encode_name == name]
    words = [kind for kind in _alternatives(found) if isinstance(kind, inspect.LiteralType)]
    return [str(value) for kind in words for value in kind.values]


def _alternatives(found: Iterable[inspect.Type]) -> Iterator[inspect.Type]:
    """Yields what each may be, itself or inside a list."""
    for member in (member for kind in found for member in members(kind)):
        if isinstance(member, inspect.ListType):
            yield from _alternatives([member.item_type])
        else:
            yield member


def members(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Yields what a type may be, without the bounds of any."""
    if isinstance(kind, inspect.Metadata):
        yield from members(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for member in kind.types:
            yield from members(member)
    else:
        yield kind


def _measured(body: bytes, path: str, is_key: bool, *, of_length: bool, above: bool) -> int | None:
    """Returns the number or the length at a path, the one farthest out where it is of many.

    None where there is nothing to measure: what follows the fault may not even be JSON.
    """
    first, *steps = _STEP.findall(path)
    try:
        value = msgspec.json.decode(msgspec.json.decode(body, type=dict[str, msgspec.Raw])[first])
    except (msgspec.DecodeError, KeyError, RecursionError):
        return None
    found = [value]
    for step in steps:
        found = [inner for outer in found for inner in _inside(outer, step)]
    if is_key:
        found = [name for outer in found if isinstance(outer, dict) for name in outer]
    sizes = (
        [len(one) for one in found if isinstance(one, str | list | dict)]
        if of_length
        else [int(one) for one in found if isinstance(one, int | float) and _is_whole(one)]
    )
    return (max if above else min)(sizes, default=None)


def _is_whole(number: float) -> bool:
    return isinstance(number, int) or number.is_integer()


def _inside(value: Any, step: str) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values()) if step == "..." else [value[step]] if step in value else []
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return [value[int(step)]]
    return []
