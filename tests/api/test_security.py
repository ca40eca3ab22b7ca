"""Who gets in, by which name, from which page; and what a browser may do with an answer."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar, Request
from litestar.testing import TestClient

from service.access import add_line, line_of
from service.api.origins import allowed_hosts, cors_config
from service.api.security import DOCS_PAGE, NO_PAGE, RULES, WEB_PAGE, Rule
from service.app import create_app
from service.settings import Settings, SettingsError
from tests.api.test_problems import problem
from tests.tinylang.grammar import sentences

Client = TestClient[Litestar]

SCOPES = {"user": "use", "scraper": "metrics", "root": "admin", "both": "use,metrics"}
PARAMETERS = {"name": "tiny-en-hy", "asset": "page.js", "target": "hy", "rest": "x"}
TURNED_OFF = ("/suggest", "/translate_file")
"""LibreTranslate answers so with 403, too."""

BODY = {"text": sentences(1, 1)[0].en, "target": "hy"}


@pytest.fixture(scope="module")
def keyed_settings(tiny_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A service whose keys are called as their secrets are."""
    path = tmp_path_factory.mktemp("keys") / "keys"
    for name, scopes in SCOPES.items():
        add_line(path, line_of(name, scopes.split(","), name))
    return msgspec.structs.replace(tiny_settings, api_keys_file=path)


@pytest.fixture(scope="module")
def keyed(keyed_settings: Settings) -> Iterator[Client]:
    with TestClient(create_app(keyed_settings)) as client:
        yield client


def by(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def routes(app: Litestar) -> Iterator[tuple[str, str, str]]:
    """Every route that there is: its template, a method, and a path."""
    for route in app.routes:
        for method in sorted(route.methods):  # type: ignore[attr-defined]
            yield route.path_format, method, route.path_format.format(**PARAMETERS)


async def status(
    app: Litestar, path: str, method: str = "GET", server: Any = ("127.0.0.1", 80), **headers: str
) -> int:
    """Asks without a server in between, and without a body: to read one is an error."""
    statuses: list[int] = []

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    sent = {"host": "testserver.local", "content-type": "application/json", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in sent.items()],
        "server": server,
        "client": ("127.0.0.1", 1234),
        "state": {},
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    return statuses[0]


def test_the_table_names_every_route_and_no_other(keyed: Client) -> None:
    assert {template for template, _, _ in routes(keyed.app)} == set(RULES)


def test_no_route_but_the_open_ones_answers_without_a_key(
    keyed_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.limits.WRONG_KEYS_PER_MINUTE", 10_000)
    with TestClient(create_app(keyed_settings)) as client:
        for template, method, path in routes(client.app):
            for headers in ({}, by("nobody"), {"X-API-Key": "nobody"}):
                response = client.request(method, path, headers=headers)
                if RULES[template].scope is None:
                    assert response.status_code in (200, 204, 404, 503), (method, path)
                    continue
                assert response.headers["www-authenticate"] == "Bearer", (method, path)
                detail = "the key is not known" if headers else "a key is required"
                assert_refused(template, response, 401, detail)


def assert_refused(template: str, response: Any, status: int, detail: str) -> None:
    """In our own way, or in that of the API that the route speaks like."""
    rule = RULES[template]
    if response.request.method == "HEAD":
        assert response.status_code == rule.statuses.get(status, status)
    elif rule.problem is None:
        assert problem(response, status)["detail"] == detail
    else:
        assert response.status_code == rule.statuses.get(status, status)
        assert response.headers["content-type"] == "application/json"
        assert detail in response.json().values()


def test_only_what_tells_nothing_of_use_is_open() -> None:
    """LibreTranslate's clients ask for languages without a key; the documentation names them."""
    open_to_all = {route for route, rule in RULES.items() if rule.scope is None}
    rooms = {route.split("/")[1] for route in open_to_all}
    documents = {"health", "docs", "openapi.json", "", "assets"}
    assert rooms == documents | {"languages", "frontend"}


@pytest.mark.parametrize(
    ("key", "missing"),
    [
        ("user", {"metrics", "admin"}),
        ("scraper", {"use", "admin"}),
        ("both", {"admin"}),
        ("root", set()),
    ],
)
def test_a_key_does_what_its_scopes_cover(keyed: Client, key: str, missing: set[str]) -> None:
    for template, method, path in routes(keyed.app):
        response = keyed.request(method, path, headers=by(key))
        scope = RULES[template].scope
        if scope in missing:
            assert_refused(template, response, 403, f"the key lacks the scope {scope}")
        elif path not in TURNED_OFF:
            assert response.status_code not in (401, 403), (method, path)


async def test_a_body_is_not_read_before_the_key_is_known(keyed: Client) -> None:
    for headers in ({}, {"content_length": "999999999"}, {"authorization": "Bearer scraper"}):
        expected = 403 if "authorization" in headers else 401
        assert await status(keyed.app, "/v1/translate", "POST", **headers) == expected


async def test_a_key_in_a_header_spares_looking_for_one_in_the_body(keyed: Client) -> None:
    for key in ("user", "root"):
        found = await status(keyed.app, "/suggest", "POST", authorization=f"Bearer {key}")
        assert found == 403, "it takes none, whoever asks"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer user"},
        {"authorization": "bearer  user "},
        {"X-API-Key": "user"},
        {"Authorization": "Bearer wrong", "X-API-Key": "user"},
        {"Authorization": "Bearer user", "X-API-Key": "wrong"},
        {"Authorization": "Basic dXNlcjp1c2Vy", "X-API-Key": "user"},
    ],
)
def test_a_key_is_found_wherever_it_is_sent(keyed: Client, headers: dict[str, str]) -> None:
    assert keyed.post("/v1/translate", json=BODY, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "user"},
        {"Authorization": "Basic user"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer user user"},
        {"X-API-Key": ""},
        {"Cookie": "key=user; X-API-Key=user"},
    ],
)
def test_a_key_is_not_found_elsewhere(keyed: Client, headers: dict[str, str]) -> None:
    response = keyed.post("/v1/translate?api_key=user", json=BODY, headers=headers)
    problem(response, 401)


def test_a_route_may_look_for_keys_in_places_of_its_own(
    keyed: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_a_scheme(request: Request[Any, Any, Any]) -> str | None:
        return request.headers.get("authorization", "").removeprefix("DeepL-Auth-Key ")

    async def in_the_body(request: Request[Any, Any, Any]) -> str | None:
        key: str | None = (await request.json())["text"]
        return key

    rule = Rule(places=(in_a_scheme, in_the_body))
    monkeypatch.setitem(RULES, "/v1/translate", rule)  # type: ignore[arg-type]
    headers = {"Authorization": "DeepL-Auth-Key user"}
    assert keyed.post("/v1/translate", json=BODY, headers=headers).status_code == 200
    body = {"text": "user", "target": "hy"}
    assert keyed.post("/v1/translate", json=body).status_code == 200
    problem(keyed.post("/v1/translate", json=BODY, headers={"X-API-Key": "user"}), 401)


async def test_nothing_but_the_files_of_the_page_is_served(keyed: Client) -> None:
    for name in ("../docs.py", "%2e%2e/docs.py", "/etc/passwd", ".", "LICENSE", "\0", "a" * 5000):
        assert await status(keyed.app, f"/docs/assets/{name}") == 404
    problem(keyed.get("/docs/assets/none"), 404)
    problem(keyed.get("/docs/none"), 404)


def test_the_log_names_the_key_by_its_name_alone(
    keyed_settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys"
    add_line(path, line_of("newsroom", ["use"], "a-secret"))
    app = create_app(msgspec.structs.replace(keyed_settings, api_keys_file=path))
    logging.getLogger().addHandler(caplog.handler)  # the application has just removed it
    with TestClient(app) as client, caplog.at_level(logging.DEBUG):
        client.get("/v1/languages", headers=by("a-secret"))
        client.get("/v1/languages", headers=by("a-wrong-secret"))
        client.get("/health/live", headers=by("a-secret"))
    requests = [r for r in caplog.records if r.message == "request"]
    assert [getattr(r, "key", None) for r in requests] == ["newsroom", None, None]
    assert "secret" not in "".join(str(vars(r)) for r in caplog.records)


async def test_an_open_service_refuses_what_comes_in_from_afar(
    tiny_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """`uvicorn --factory --host 0.0.0.0` does not tell the application where it listens."""
    app = create_app(tiny_settings)
    logging.getLogger().addHandler(caplog.handler)  # the application has just removed it
    for server in (("192.0.2.1", 80), ("2001:db8::1", 80, 0, 0), ("::ffff:10.0.0.1", 80)):
        assert await status(app, "/v1/languages", server=server) == 401
        assert await status(app, "/health/live", server=server) == 200
    for server in (("127.0.0.1", 80), ("::1", 80), ("/run/lur.sock", None), None):
        assert await status(app, "/v1/languages", server=server) == 200
    assert [r.message for r in caplog.records].count("refusing_without_keys") == 1
    opened = create_app(msgspec.structs.replace(tiny_settings, open=True))
    assert await status(opened, "/v1/languages", server=("192.0.2.1", 80)) == 200


async def test_keys_do_from_afar_too(keyed: Client) -> None:
    found = await status(
        keyed.app, "/v1/languages", server=("192.0.2.1", 80), authorization="Bearer user"
    )
    assert found == 200


def test_a_service_that_others_can_reach_does_not_start_without_keys(
    tiny_settings: Settings,
) -> None:
    settings = msgspec.structs.replace(tiny_settings, host="0.0.0.0")
    with pytest.raises(SettingsError, match="LUR_OPEN=yes"):
        create_app(settings)


@pytest.mark.parametrize(
    ("names", "host", "answered"),
    [
        ((), "127.0.0.1", True),
        ((), "127.0.0.1:8000", True),
        ((), "localhost:8000", True),
        ((), "LocalHost", True),
        ((), "[::1]:8000", True),
        ((), "evil.example", False),
        ((), "evil.example:8000", False),
        ((), "localhost.evil.example", False),
        ((), "127.0.0.1.evil.example", False),
        ((), "192.0.2.1", False),
        ((), "", False),
        (("lur.example",), "lur.example", True),
        (("lur.example",), "LUR.example:443", True),
        (("lur.example",), "localhost", False),
        (("lur.example",), "a.lur.example", False),
        (("*.lur.example",), "a.lur.example", True),
        (("*.lur.example",), "lur.example", False),
        (("*.lur.example",), "evillur.example", False),
        (("2001:DB8::1",), "[2001:db8::1]:80", True),
        (("*",), "anything.example", True),
    ],
)
async def test_only_the_services_own_names_are_answered(
    tiny_settings: Settings, names: tuple[str, ...], host: str, answered: bool
) -> None:
    app = create_app(msgspec.structs.replace(tiny_settings, allowed_hosts=names))
    assert await status(app, "/v1/languages", host=host) == (200 if answered else 400)
    assert await status(app, "/docs", host=host) == (200 if answered else 400)
    assert await status(app, "/health/live", host=host) == 200, "probes use an address"


def test_a_foreign_name_is_a_problem_that_names_the_host(client: Client) -> None:
    response = client.get("/v1/languages", headers={"Host": "evil.example"})
    document = problem(response, 400)
    [error] = document["errors"]
    assert error["field"] == "Host"
    assert "LUR_ALLOWED_HOSTS" in error["message"]
    assert "evil" not in response.text


def test_the_name_is_looked_at_before_the_key(keyed: Client) -> None:
    problem(keyed.get("/v1/languages", headers={"Host": "evil.example", **by("user")}), 400)


def test_a_public_address_answers_to_any_name_unless_told() -> None:
    assert allowed_hosts(Settings(host="0.0.0.0")) is None
    assert allowed_hosts(Settings(host="0.0.0.0", allowed_hosts=("a.example",))) == {"a.example"}
    assert "127.0.0.2" in (allowed_hosts(Settings(host="127.0.0.2")) or ())


@pytest.mark.parametrize(
    "name", ["https://a.example", "a.example:80", "a.*.example", "a b", "*a.example", "[::g]"]
)
def test_what_is_no_name_is_a_faulty_setting(name: str) -> None:
    with pytest.raises(SettingsError, match="LUR_ALLOWED_HOSTS"):
        allowed_hosts(Settings(allowed_hosts=(name,)))


def preflight(client: Client, origin: str) -> Any:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return client.options("/v1/translate", headers=headers)


def test_no_page_of_another_origin_may_call_by_default(client: Client) -> None:
    headers = {"Origin": "https://a.example"}
    for response in (
        client.get("/v1/models", headers=headers),
        client.post("/v1/translate", json=BODY, headers=headers),
        preflight(client, "https://a.example"),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),
        ({"Origin": "http://testserver.local"}, 202),
        ({"Origin": "https://testserver.local"}, 202),
        ({"Origin": "https://outside.example", "Sec-Fetch-Site": "same-origin"}, 202),
        ({"Sec-Fetch-Site": "none"}, 202),
        ({"Origin": "https://a.example"}, 202),
        ({"Origin": "https://a.example", "Sec-Fetch-Site": "cross-site"}, 202),
        ({"Origin": "https://b.example"}, 403),
        ({"Origin": "https://b.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://testserver.local:81"}, 403),
        ({"Origin": "http://testserver.local", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_page_of_another_origin_cannot_even_send_what_it_could_not_read(
    tiny_settings: Settings, headers: dict[str, str], status: int
) -> None:
    """A `POST` without a body needs no preflight."""
    settings = msgspec.structs.replace(tiny_settings, cors_origins=("https://a.example",))
    with TestClient(create_app(settings)) as client:
        response = client.post("/v1/models/tiny-en-hy/unload", headers=headers)
        assert response.status_code == status
        if status == 403:
            [error] = problem(response, 403)["errors"]
            assert error["field"] == "Origin"


def test_pages_of_named_origins_may_call_and_no_others(keyed_settings: Settings) -> None:
    settings = msgspec.structs.replace(keyed_settings, cors_origins=("https://a.example",))
    with TestClient(create_app(settings)) as client:
        allowed = preflight(client, "https://a.example")
        assert allowed.status_code == 204
        assert allowed.headers["access-control-allow-origin"] == "https://a.example"
        assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
        refused = preflight(client, "https://b.example")
        assert refused.status_code == 400
        assert "access-control-allow-origin" not in refused.headers
        for origin, seen in {"https://a.example": True, "https://b.example": False}.items():
            for key in ("user", "wrong"):  # a page can read why it was refused
                headers = {"Origin": origin, **by(key)}
                response = client.post("/v1/translate", json=BODY, headers=headers)
                assert ("access-control-allow-origin" in response.headers) is seen
                assert "access-control-allow-credentials" not in response.headers


def test_every_origin_is_allowed_only_where_that_is_said(tiny_settings: Settings) -> None:
    settings = msgspec.structs.replace(tiny_settings, cors_origins=("*",))
    with TestClient(create_app(settings)) as client:
        response = preflight(client, "https://a.example")
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    "origin",
    [
        "a.example",
        "https://a.example/",
        "https://a.example/page",
        "https://*.a.example",
        "https://A.example",
        "https://u:p@a.example",
        "https://a.example:port",
        "null",
        "https://",
    ],
)
def test_what_is_no_origin_is_a_faulty_setting(origin: str) -> None:
    with pytest.raises(SettingsError, match="LUR_CORS_ORIGINS"):
        cors_config(Settings(cors_origins=(origin,)))


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:3000", "https://a.example", "http://[::1]:1", "chrome-extension://abcdef"],
)
def test_origins_are_taken_as_browsers_spell_them(origin: str) -> None:
    assert cors_config(Settings(cors_origins=(origin,))) is not None


PAGES = {"/docs": DOCS_PAGE, "/": WEB_PAGE}


def kept(path: str) -> str:
    """How long a browser may keep an answer."""
    if path.startswith("/docs/assets"):
        return "max-age=3600"
    return "no-cache" if path == "/" or path.startswith("/assets") else "no-store"


def test_every_answer_says_what_a_browser_may_do_with_it(keyed: Client) -> None:
    asked = [(method, path, {}) for _, method, path in routes(keyed.app)]
    asked += [(method, path, by("root")) for _, method, path in routes(keyed.app)]
    asked += [("GET", "/none", {}), ("PUT", "/v1/translate", {}), ("GET", "/docs/assets/none", {})]
    for method, path, headers in asked:
        response = keyed.request(method, path, headers=headers)
        found = response.headers
        assert found["x-content-type-options"] == "nosniff", (method, path)
        assert found["referrer-policy"] == "no-referrer"
        assert found["content-security-policy"] == PAGES.get(path, NO_PAGE), path
        assert found["cache-control"] == (kept(path) if response.is_success else "no-store"), path
        for name in ("content-security-policy", "cache-control"):
            assert len(found.get_list(name)) == 1


def test_the_page_of_the_documentation_needs_nothing_inline(client: Client) -> None:
    assert "unsafe" not in DOCS_PAGE
    page = client.get("/docs").text
    assert re.findall(r"<script[^>]*>", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)
    for link in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        served = client.get(link)
        assert served.status_code == 200
        kind = "text/css" if link.endswith(".css") else "javascript"
        assert kind in served.headers["content-type"], "nosniff refuses any other"


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        yield from ((path, operation) for operation in item.values())


def test_the_document_asks_for_a_key_where_the_service_does(client: Client, keyed: Client) -> None:
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "x_api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    without, document = client.get("/openapi.json").json(), keyed.get("/openapi.json").json()
    for found in (without, document):
        assert found["components"]["securitySchemes"] == schemes
    assert "security" not in without
    assert document["security"] == [{"bearer": []}, {"x_api_key": []}]
    for path, operation in operations(document):
        if RULES[path].scope is None:
            assert operation["security"] == []
            assert not {"401", "403", "429"} & set(operation["responses"])
        else:
            assert "security" not in operation
            assert {"400", "401", "403", "429"} <= set(operation["responses"])
    assert keyed.get("/docs/openapi.json").json() == document
