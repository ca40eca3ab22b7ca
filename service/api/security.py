"""What every request meets before its handler, and every answer after it.

One table says of each route which scope it needs, by which names it may be called, and what a
browser may do with its answer. A route that is not in it needs a key for work. Keys themselves are
`service.access`'s business, rates are `api.limits`', names and origins `api.origins`'.
"""

import ipaddress
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.access import Key, KeysFile, is_loopback
from service.api.foreign import (
    DEEPL_STATUSES,
    LIBRETRANSLATE_STATUSES,
    deepl_problem,
    hugging_face_problem,
    libretranslate_key,
    libretranslate_problem,
)
from service.api.schemas import Problem
from service.errors import Forbidden, Unauthorized

__all__ = [
    "RULES",
    "KeyCheck",
    "Rule",
    "authorization",
    "key_after",
    "rule_here",
    "rule_of",
    "with_security_headers",
    "x_api_key",
]

KeyPlace: TypeAlias = Callable[[Request[Any, Any, Any]], Awaitable[str | None]]
"""Looks for a key in one place of a request. It may read the body, whose size is limited."""

NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""Content security policy of what is no page: shown as one, it loads and runs nothing."""

DOCS_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI 5.35.0 runs under it. It sets its styles through the object model, which `style-src`
does not concern (CSP 3, 6.1.13); its icons are `data:` images."""

WEB_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Of our own page. No text may become markup there: with Trusted Types the browser refuses it."""


def key_after(scheme: str) -> KeyPlace:
    """Returns what looks for the key of `Authorization: SCHEME KEY` (RFC 9110, 11.6.2)."""

    async def place(request: Request[Any, Any, Any]) -> str | None:
        said, _, secret = request.headers.get("authorization", "").partition(" ")
        return secret.strip() if said.lower() == scheme.lower() else None

    return place


authorization = key_after("Bearer")
"""RFC 6750, 2.1."""


async def x_api_key(request: Request[Any, Any, Any]) -> str | None:
    """Returns the key of `X-API-Key: KEY`."""
    return request.headers.get("x-api-key")


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a route.

    Attributes:
        scope: what a key must cover; None: no key is asked for.
        places: where a key is looked for, in this order, until one is right; so a body is read
            last. A route of a foreign API adds that API's own place.
        any_host: whether it answers whatever the caller calls it by: probes use an address.
        policy: the Content-Security-Policy of its answers.
        cache: the Cache-Control of its answers; those of work hold users' texts.
        problem: how a foreign API says a problem: from ours to a JSON object. None: our own way.
        statuses: where a foreign API's status is another one: by ours, or by the title, theirs.
    """

    scope: str | None = "use"
    places: tuple[KeyPlace, ...] = (authorization, x_api_key)
    any_host: bool = False
    policy: str = NO_PAGE
    cache: str = "no-store"
    problem: Callable[[Problem], object] | None = None
    statuses: Mapping[int | str, int] = field(default_factory=dict)


DEEPL = Rule(
    places=(key_after("DeepL-Auth-Key"), authorization, x_api_key),
    problem=deepl_problem,
    statuses=DEEPL_STATUSES,
)

HUGGING_FACE = Rule(problem=hugging_face_problem)
LIBRETRANSLATE = Rule(
    places=(authorization, x_api_key, libretranslate_key),
    problem=libretranslate_problem,
    statuses=LIBRETRANSLATE_STATUSES,
)

RULES: Mapping[str, Rule] = {
    "/v1/summarize": Rule(),
    "/v1/translate": Rule(),
    "/v1/documents": Rule(),
    "/v1/documents/text": Rule(),
    "/v1/documents/docx": Rule(),
    "/v1/languages": Rule(),
    "/v1/models": Rule(),
    "/v1/models/{name}/load": Rule(scope="admin"),
    "/v1/models/{name}/unload": Rule(scope="admin"),
    "/metrics": Rule(scope="metrics"),
    "/health/live": Rule(scope=None, any_host=True),
    "/health/ready": Rule(scope=None, any_host=True),
    "/openapi.json": Rule(scope=None),
    "/docs": Rule(scope=None, policy=DOCS_PAGE),
    "/docs/openapi.json": Rule(scope=None),
    "/docs/assets/{asset}": Rule(scope=None, cache="max-age=3600"),
    "/": Rule(scope=None, policy=WEB_PAGE, cache="no-cache"),
    "/assets/{asset}": Rule(scope=None, cache="no-cache"),
    "/hf/summarization": HUGGING_FACE,
    "/hf/translation": HUGGING_FACE,
    "/hf/translation/{target}": HUGGING_FACE,
    "/translate": LIBRETRANSLATE,
    "/detect": LIBRETRANSLATE,
    "/suggest": LIBRETRANSLATE,
    "/translate_file": LIBRETRANSLATE,
    "/languages": replace(LIBRETRANSLATE, scope=None),
    "/frontend/settings": replace(LIBRETRANSLATE, scope=None),
    "/v2/translate": DEEPL,
    "/v2/languages": DEEPL,
    "/v2/usage": DEEPL,
    "/v2/glossary-language-pairs": DEEPL,
    "/v2/glossaries": DEEPL,
    "/v3/glossaries": DEEPL,
    "/v2/{rest}": DEEPL,
    "/v3/{rest}": DEEPL,
}
"""Every route by its template; a test compares them with those of the application."""

_UNLISTED = Rule()

_log = logging.getLogger(__name__)


def rule_of(template: str) -> Rule:
    """Returns what holds for the routes of a path template."""
    return RULES.get(template, _UNLISTED)


def rule_here(scope: Scope) -> Rule:
    """Returns what holds for the route of a request."""
    return rule_of(scope.get("path_template", ""))


class KeyCheck(ASGIMiddleware):
    """Lets a request go on if its key covers the route; before its body is read.

    `scope["state"]["client"]` is then the key's name.

    Args:
        keys: None for an open service. Then only what comes in on a loopback address goes on,
            unless `open`: another server than `lur serve` has not told us where it listens.
        wrong_key: told of each request with keys of which none is known; may raise an error of
            its own instead of ours. A right key is never held up for wrong ones from the same
            address: it could be locked out by anybody behind the same proxy.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(
        self,
        keys: KeysFile | None,
        *,
        open: bool,  # noqa: A002 - what the setting is called
        wrong_key: Callable[[Scope], None] = lambda _: None,
    ) -> None:
        self._keys, self._open, self._wrong_key = keys, open, wrong_key
        self._said = False

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        rule = rule_here(scope)
        if rule.scope is not None:
            if self._keys is not None:
                key = await self._key(Request(scope, receive, send), rule, self._keys)
                scope.setdefault("state", {})["client"] = key.name
                if not key.may(rule.scope):
                    raise Forbidden(rule.scope)
            elif not self._open and _from_afar(scope):
                self._say_once()
                raise Unauthorized(sent=False)
        await next_app(scope, receive, send)

    async def _key(self, request: Request[Any, Any, Any], rule: Rule, keys: KeysFile) -> Key:
        sent = False
        for place in rule.places:
            if secret := await place(request):
                sent = True
                if (key := keys.holder(secret)) is not None:
                    return key
        if sent:
            self._wrong_key(request.scope)
        raise Unauthorized(sent=sent)

    def _say_once(self) -> None:
        if not self._said:
            self._said = True
            reason = "no LUR_API_KEYS_FILE, no LUR_OPEN=yes, and an address that others can reach"
            _log.warning("refusing_without_keys", extra={"reason": reason})


def _from_afar(scope: Scope) -> bool:
    """Whether the connection came in on an address that other machines can reach."""
    server = scope.get("server")
    try:
        host = str(ipaddress.ip_address(server[0])) if server else ""
    except ValueError:
        return False  # the path of a Unix socket
    return bool(host) and not is_loopback(host)


_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def with_security_headers(app: ASGIApp) -> ASGIApp:
    """Wraps an ASGI app: every answer says what a browser may do with it, errors too."""

    async def securing(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                rule = rule_here(scope)
                cache = rule.cache if message["status"] < 400 else _UNLISTED.cache
                ours = [
                    *_ALWAYS,
                    (b"content-security-policy", rule.policy.encode()),
                    (b"cache-control", cache.encode()),
                ]
                names = {name for name, _ in ours}
                others = [h for h in message.get("headers", ()) if h[0].lower() not in names]
                message["headers"] = [*others, *ours]
            await send(message)

        await app(scope, receive, sending)

    return securing
