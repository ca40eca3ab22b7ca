"""The OpenAPI document of this very service, in which everything is true.

Litestar knows the routes, msgspec the schemas (it is who validates), and the core what depends on
the settings and the catalog: how long a text may be, which languages and models there are.
It must not know how any of it is shown.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar

from service.answers import DocumentResponse, ModelEvent, SegmentEvent, SentenceEvent
from service.api.documents import NewDocument, TextForm, TextOfDocument, TranslateForm
from service.api.events import MEDIA_TYPE as EVENT_STREAM
from service.api.problems import MEDIA_TYPE
from service.api.schemas import (
    Language,
    LiveResponse,
    Model,
    Problem,
    ReadyResponse,
    SummarizeBody,
    SummarizeResponse,
    TranslateBody,
    TranslateResponse,
)
from service.api.security import rule_of
from service.core import Core

__all__ = ["document"]

EVENTS = (ModelEvent, SegmentEvent, SentenceEvent)
STRUCTS = (
    *EVENTS,
    *(TranslateForm, DocumentResponse, TextForm, TextOfDocument, NewDocument),
    *(SummarizeBody, SummarizeResponse, TranslateBody, TranslateResponse),
    *(Language, Model, LiveResponse, ReadyResponse, Problem),
)
REFERENCE = "#/components/schemas/{name}"
METHODS = ("get", "post")

JSONSchema = dict[str, Any]

REQUEST_ID: JSONSchema = {
    "description": "the caller's own, if it sent a sane one",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}
RETRY_AFTER: JSONSchema = {
    "description": "when asking again makes sense, in seconds",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
STREAMED: Mapping[str, Mapping[str, type[msgspec.Struct]]] = {
    "/v1/summarize": {"segment": SentenceEvent, "result": SummarizeResponse},
    "/v1/translate": {"segment": SegmentEvent, "result": TranslateResponse},
}
STREAM = (
    "Server-sent events, where `stream` is true, each with its JSON. `model`, while "
    "the request waits for one. `segment`, as soon as a sentence is final and all before it are. "
    "Last either `result`, the answer as it is without a stream, or `error`. A comment comes where "
    "there was nothing for 15 s."
)
ALWAYS = {400: "the request itself is not valid", 500: "an error of the service"}
"""What any request may be answered with."""

KEY_SCHEMES: JSONSchema = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "x_api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
WITHOUT_KEY = {
    401: "no key, or none that is known",
    403: "the key lacks the scope, or a page of another origin sends it",
    429: "too many wrong keys from this address",
}
"""What a request may be answered with where a key is asked for."""
WWW_AUTHENTICATE: JSONSchema = {
    "description": "how a key is sent (RFC 6750, 3)",
    "required": True,
    "schema": {"const": "Bearer"},
}


def document(app: Litestar, core: Core) -> dict[str, Any]:
    """Returns the document as JSON's own types; takes some milliseconds, and is always the same."""
    found = app.openapi_schema.to_schema()
    found["components"]["schemas"] = _schemas(core)
    found["components"]["securitySchemes"] = KEY_SCHEMES
    if core.settings.api_keys_file is not None:
        found["security"] = [{name: []} for name in KEY_SCHEMES]
    for path, operation in _operations(found):
        if path in STREAMED:
            operation["responses"]["200"]["content"][EVENT_STREAM] = _stream(STREAMED[path])
        asks_for_key = rule_of(path).scope is not None
        if not asks_for_key:
            operation["security"] = []
        for status, description in {**ALWAYS, **(WITHOUT_KEY if asks_for_key else {})}.items():
            declared = operation["responses"].get(str(status), {})
            if MEDIA_TYPE not in declared.get("content", {}):
                operation["responses"][str(status)] = _problem(description)
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "name":
                parameter["schema"] |= _one_of(core.catalog.specs)
        for status, response in operation["responses"].items():
            response["headers"] = {**(response.get("headers") or {}), **_headers(status, response)}
    return found


def _schemas(core: Core) -> dict[str, JSONSchema]:
    _, found = msgspec.json.schema_components(STRUCTS, ref_template=REFERENCE)
    pairs = core.catalog.pairs()
    specs = core.catalog.specs.values()
    here = {
        "text": {"maxLength": core.settings.max_characters},
        "source": _one_of({source for source, _ in pairs}),
        "target": _one_of({target for _, target in pairs}),
        "summarizer": _one_of(spec.name for spec in specs if spec.task == "summarize"),
        "translator": _one_of(spec.name for spec in specs if spec.task == "translate"),
    }
    for schema in _parts(found):
        if "$comment" in schema:
            schema |= here[schema.pop("$comment")]
    return found


def _one_of(values: Any) -> JSONSchema:
    """An enumeration; of nothing it would not be a valid schema."""
    return {"enum": listed} if (listed := sorted(values)) else {}


def _parts(schema: Any) -> Iterator[JSONSchema]:
    """Yields every object inside, itself included."""
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from _parts(inner)


def _operations(found: JSONSchema) -> Iterator[tuple[str, JSONSchema]]:
    for path, item in found["paths"].items():
        yield from ((path, item[method]) for method in METHODS if method in item)


def _stream(kinds: Mapping[str, type[msgspec.Struct]]) -> JSONSchema:
    """Says what each event is, as OpenAPI 3.2 (4.14.4) does."""
    kinds = {"model": ModelEvent, **kinds, "error": Problem}
    events = [
        {
            "required": ["event", "data"],
            "properties": {
                "event": {"const": name},
                "data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": {"$ref": REFERENCE.format(name=kind.__name__)},
                },
            },
        }
        for name, kind in kinds.items()
    ]
    return {"schema": {"description": STREAM, "type": "object", "oneOf": events}}


def _problem(description: str) -> JSONSchema:
    reference = {"$ref": REFERENCE.format(name="Problem")}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": reference}}}


def _headers(status: str, response: Mapping[str, Any]) -> JSONSchema:
    headers = {"X-Request-ID": REQUEST_ID}
    if status == str(HTTPStatus.UNAUTHORIZED.value):
        headers["WWW-Authenticate"] = WWW_AUTHENTICATE
    later = {str(HTTPStatus.TOO_MANY_REQUESTS.value), str(HTTPStatus.SERVICE_UNAVAILABLE.value)}
    if status in later and MEDIA_TYPE in response.get("content", {}):
        headers["Retry-After"] = RETRY_AFTER
    return headers
