"""Turns every error into a problem document (RFC 9457). The one place that knows statuses.

Plain exception handlers, not `ProblemDetailsPlugin`: its converters never see the request, and a
problem document names the request's id.
"""

import logging
import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap
from litestar.utils.scope.state import ScopeState

from service.api.middleware import request_id
from service.api.schemas import FieldError, Problem
from service.errors import (
    DeadlineExceeded,
    Forbidden,
    InferenceFailed,
    InputTooLong,
    InvalidRequest,
    ModelNotReady,
    ModelUnavailable,
    NothingToSummarize,
    QueueFull,
    RefusedInput,
    ServiceError,
    ShuttingDown,
    SlowClient,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnknownModel,
    UnsuitableModel,
    UnsupportedPair,
    UnusableGlossary,
)

__all__ = ["EXCEPTION_HANDLERS", "MEDIA_TYPE", "STATUSES", "problem_responses"]

MEDIA_TYPE = "application/problem+json"

STATUSES: Mapping[type[ServiceError], int] = {
    ServiceError: 500,
    InvalidRequest: 422,
    InputTooLong: 422,
    UnsupportedPair: 422,
    UnsuitableModel: 422,
    NothingToSummarize: 422,
    UnusableGlossary: 422,
    RefusedInput: 422,
    Unauthorized: 401,
    Forbidden: 403,
    SlowClient: 408,
    UnknownModel: 404,
    Unavailable: 503,
    ModelUnavailable: 503,
    ModelNotReady: 503,
    QueueFull: 503,
    TooManyRequests: 429,
    ShuttingDown: 503,
    InferenceFailed: 500,
    DeadlineExceeded: 504,
}

_TITLES = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    413: "Body too large",
    499: "Client closed the connection",
    500: "Internal error",
}

_log = logging.getLogger(__name__)


def _slug(title: str) -> str:
    return "urn:lur:problem:" + title.lower().replace(" ", "-")


def _document(
    request: Request[Any, Any, Any],
    status: int,
    title: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> Response[Problem]:
    problem = Problem(
        type=_slug(title),
        title=title,
        status=status,
        detail=detail,
        instance=request_id(request.scope),
        **extra,
    )
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _service_error(request: Request[Any, Any, Any], error: ServiceError) -> Response[Problem]:
    status = STATUSES[type(error)]
    if isinstance(error, InferenceFailed):
        _log.error("inference_failed", extra={"model": error.name}, exc_info=error.__cause__)
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    errors = [FieldError(error.field, error.detail)] if error.field else []
    return _document(
        request,
        status,
        error.title,
        error.detail,
        headers=headers,
        errors=errors,
        limit=error.limit,
        actual=error.actual,
        progress=error.progress,
    )


def _validation_error(
    request: Request[Any, Any, Any], error: ValidationException
) -> Response[Problem]:
    items = error.extra if isinstance(error.extra, list) else []
    errors = [_field_error(request, item) for item in items if isinstance(item, dict)]
    if not errors:
        errors = [FieldError("body", error.detail)]
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
    return _document(request, 400, _TITLES[400], detail, errors=errors)


def _field_error(request: Request[Any, Any, Any], item: dict[str, Any]) -> FieldError:
    """Says which field, what was expected (msgspec's own words) and what was found."""
    path, message = item.get("key") or "body", str(item.get("message", ""))
    if found := re.fullmatch(r"Object (?:missing required|contains unknown) field `(.+)`", message):
        inside = "" if path == "data" else f"{path}."
        kind = "is required" if "missing" in message else "is not a field of this request"
        return FieldError(inside + found[1], kind)
    if path == "data":
        empty = message == "'data'"  # all that Litestar 2.25 says of an empty body
        return FieldError("body", "a JSON object is required, there is none" if empty else message)
    return FieldError(path, message + _found(request, path, message))


def _found(request: Request[Any, Any, Any], path: str, message: str) -> str:
    """Measures what was sent at `path`, without repeating a text of the user's."""
    body = ScopeState.from_scope(request.scope).body
    value: Any = msgspec.json.decode(body) if isinstance(body, bytes) else None
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return ""
    match value:
        case bool() | int() | float() | None:
            return f", not {msgspec.json.encode(value).decode()}"
        case str() | list() if "length" in message:
            return f"; its length is {len(value)}"
    return ""


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    status = error.status_code
    title = _TITLES.get(status, "HTTP error")
    extra: dict[str, Any] = {}
    detail = error.detail
    if status == 400:
        extra["errors"] = [FieldError("body", detail)]
    if status == 413:
        extra["limit"] = request.app.request_max_body_size
        declared = request.headers.get("content-length", "")
        extra["actual"] = int(declared) if declared.isdecimal() else None
        detail = f"the body is larger than {extra['limit']} bytes"
    if status >= 500:
        _log.error("http_error", extra={"status": status}, exc_info=error)
        detail = "see the log of the service for this request id"
    return _document(request, status, title, detail, headers=_plain(error.headers), **extra)


def _plain(headers: Any) -> dict[str, str]:
    return dict(headers) if isinstance(headers, Mapping) else {}


def _not_utf8(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[Problem]:
    """Litestar lets it through as a 500."""
    message = f"not valid UTF-8 at byte {error.start}"
    errors = [FieldError("body", message)]
    return _document(request, 400, _TITLES[400], message, errors=errors)


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    _log.error("unforeseen_error", exc_info=error)
    return _document(request, 500, _TITLES[500], "see the log of the service for this request id")


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    ServiceError: _service_error,
    ValidationException: _validation_error,
    HTTPException: _http_error,
    UnicodeDecodeError: _not_utf8,
    Exception: _unforeseen,
}


def problem_responses(*statuses: int) -> dict[int, ResponseSpec]:
    """Returns the OpenAPI declaration of problem documents for these statuses."""
    titles: dict[int, list[str]] = {status: [] for status in statuses}
    for kind, status in STATUSES.items():
        if status in titles and kind.__subclasses__() == []:
            titles[status].append(kind.title)
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description=", ".join(found) or _TITLES[status],
            media_type=MEDIA_TYPE,
        )
        for status, found in titles.items()
    }
