"""How other services' APIs are sent a key and say a problem, for the routes that speak like them.

Knows no route: the table in `api.security` says which of them speaks like whom.
"""

from collections.abc import Mapping
from typing import Any

from litestar import Request

from service.api.bodies import FORM, MULTIPART, media_type
from service.api.forms import asked
from service.api.schemas import Body, Problem

__all__ = [
    "DEEPL_STATUSES",
    "LIBRETRANSLATE_STATUSES",
    "deepl_problem",
    "hugging_face_problem",
    "libretranslate_key",
    "libretranslate_problem",
]

DEEPL_STATUSES: Mapping[int | str, int] = {401: 403, 422: 400, "Too many tokens": 456}
"""By our status or title, DeepL's: 403 for a key it does not know, 456 for a used-up quota."""


def deepl_problem(problem: Problem) -> dict[str, str]:
    """Says it in the string that DeepL's clients put into their exceptions."""
    return {"message": problem.detail, "request_id": problem.instance}


LIBRETRANSLATE_STATUSES: Mapping[int | str, int] = {401: 403, 415: 400, 422: 400}
"""By our status, LibreTranslate's: 403 for a key it does not know, 400 for all that is asked in a
wrong way."""


class KeyBody(Body, frozen=True, forbid_unknown_fields=False):
    """What of a body is looked at before its sender is known."""

    api_key: str | None = None


async def libretranslate_key(request: Request[Any, Any, Any]) -> str | None:
    """Returns the key of the field `api_key`, of JSON or a form."""
    if media_type(request)[0] not in ("application/json", FORM, MULTIPART):
        return None
    return (await asked(request, KeyBody)).api_key


def libretranslate_problem(problem: Problem) -> dict[str, str]:
    """Says it in one string; with LibreTranslate's own word before it where there is too much."""
    return {"error": f"Slowdown: {problem.detail}" if problem.status == 429 else problem.detail}


def hugging_face_problem(problem: Problem) -> dict[str, object]:
    """Says it as inference endpoints do; `estimated_time` is when to ask again, in seconds."""
    said: dict[str, object] = {
        "error": problem.detail,
        "error_type": problem.title.lower().replace(" ", "_"),
    }
    if problem.retry_after_s is not None:
        said["estimated_time"] = problem.retry_after_s
    return said
