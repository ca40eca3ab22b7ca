"""How other services' APIs are sent a key and say a problem, for the routes that speak like them.

Knows no route: the table in `api.security` says which of them speaks like whom.
"""

from typing import Any

from litestar import Request

from service.api.schemas import Problem

__all__ = ["DEEPL_STATUSES", "deepl_auth_key", "deepl_problem"]

DEEPL_STATUSES = {401: 403, 422: 400, "Too many tokens": 456}
"""By our status or title, DeepL's: 403 for a key it does not know, 456 for a used-up quota."""


async def deepl_auth_key(request: Request[Any, Any, Any]) -> str | None:
    """Returns the key of `Authorization: DeepL-Auth-Key KEY`."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "deepl-auth-key" else None


def deepl_problem(problem: Problem) -> dict[str, str]:
    """Says it in the two strings that DeepL's clients put into their exceptions."""
    return {"message": problem.title, "detail": problem.detail}
