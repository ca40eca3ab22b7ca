"""Turns every error into a problem document (RFC 9457). The one place that knows statuses.

Plain exception handlers, not `ProblemDetailsPlugin`: its converters never see the request, and a
problem document names the request's id.
"""

import logging
import math
import re
from collections.abc import Mapping
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap

from service.api.bodies import Refused
from service.api.middleware import request_id
from service.api.raw_problems import problem_type
from service.api.schemas import FieldError, Problem
from service.api.security import rule_here
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
    TooManyTokens,
    Unauthorized,
    Unavailable,
    UnknownModel,
    UnreadableDocument,
    UnsuitableModel,
    UnsupportedPair,
    UnusableGlossary,
)

__all__ = ["EXCEPTION_HANDLERS", "MEDIA_TYPE", "STATUSES", "problem_of", "problem_responses"]

MEDIA_TYPE = "application/problem+json"

STATUSES: Mapping[type[ServiceError], int] = {
    ServiceError: 500,
    InvalidRequest: 422,
    InputTooLong: 422,
    UnsupportedPair: 422,
    UnsuitableModel: 422,
    NothingToSummarize: 422,
    UnreadableDocument: 422,
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
    TooManyTokens: 429,
    ShuttingDown: 503,
    InferenceFailed: 500,
    DeadlineExceeded: 504,
}

_TITLES = {
    400: "Bad request",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    413: "Body too large",
    415: "Unsupported media type",
    499: "Client closed the connection",
    500: "Internal error",
}

MAX_CHARACTERS = 500
"""Of a detail or a field's name: whatever it tells of a request, a problem stays small."""

_log = logging.getLogger(__name__)


def _document(
    request: Request[Any, Any, Any],
    status: int,
    title: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> Response[Any]:
    errors = [FieldError(_brief(e.field), _brief(e.message)) for e in extra.pop("errors", ())]
    problem = Problem(
        type=problem_type(title),
        title=title,
        status=status,
        detail=_brief(detail),
        instance=request_id(request.scope),
        errors=errors,
        **extra,
    )
    rule = rule_here(request.scope)
    status = rule.statuses.get(title, rule.statuses.get(status, status))
    if rule.problem is None:
        return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers)
    content = rule.problem(problem)
    return Response(content, status_code=status, media_type=MediaType.JSON, headers=headers)


def _brief(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"


def _service_error(request: Request[Any, Any, Any], error: ServiceError) -> Response[Any]:
    status = STATUSES[type(error)]
    if isinstance(error, InferenceFailed):
        _log.error("inference_failed", extra={"model": error.name}, exc_info=error.__cause__)
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"  # RFC 6750, 3
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
        retry_after_s=error.retry_after_s,
    )


def _refused(request: Request[Any, Any, Any], error: Refused) -> Response[Any]:
    return _document(
        request,
        error.status_code,
        _TITLES[error.status_code],
        error.detail,
        headers=_plain(error.headers),
        errors=[error.error],
        limit=error.limit,
        actual=error.actual,
    )


def _validation_error(request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """What Litestar finds by itself: an absent body, or a parameter of the wrong form."""
    found = error.extra if isinstance(error.extra, list) else []
    items = [item for item in found if isinstance(item, dict) and "key" in item]
    errors = [FieldError(item["key"], item["message"]) for item in items if item["key"] != "data"]
    if not errors:  # Litestar 2.25 says nothing but `'data'` of an absent body
        errors = [FieldError("body", "a JSON object is required, there is none")]
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
    return _document(request, 400, _TITLES[400], detail, errors=errors)


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    status = error.status_code
    extra: dict[str, Any] = {}
    detail = error.detail
    if status == 413:
        declared = request.headers.get("content-length", "")
        extra["limit"] = request.route_handler.resolve_request_max_body_size()
        extra["actual"] = int(declared) if re.fullmatch(r"\d{1,18}", declared) else None
        detail = f"the body is larger than {extra['limit']} bytes"
        if extra["actual"] is not None:
            detail += f", it has {extra['actual']}"
    if status >= 500:
        _log.error("http_error", extra={"status": status}, exc_info=error)
        detail = "see the log of the service for this request id"
    title = _TITLES.get(status, "HTTP error")
    return _document(request, status, title, detail, headers=_plain(error.headers), **extra)


def _plain(headers: Any) -> dict[str, str]:
    return dict(headers) if isinstance(headers, Mapping) else {}


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    _log.error("unforeseen_error", exc_info=error)
    return _document(request, 500, _TITLES[500], "see the log of the service for this request id")


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    ServiceError: _service_error,
    Refused: _refused,
    ValidationException: _validation_error,
    HTTPException: _http_error,
    Exception: _unforeseen,
}


def problem_of(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Returns what an error would be answered with, for where an answer has already begun."""
    kinds = (kind for kind in type(error).__mro__ if kind in EXCEPTION_HANDLERS)
    found: Response[Any] = EXCEPTION_HANDLERS[next(kinds)](request, error)
    return found


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
