"""Keys, names and secrets, of the service as a process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from service.access import add_line, line_of
from tests.server.conftest import Server
from tests.tinylang.grammar import sentences

Serve = Callable[..., Server]

BODY = {"text": sentences(1, 1)[0].en, "target": "hy"}


def lur(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LUR_")}
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=clean | environment,
    )


def post(server: Server, key: str | None = None, **headers: str) -> httpx.Response:
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return server.client.post("/v1/translate", json=BODY, headers=headers)


def wait_for(server: Server, key: str, status: int) -> None:
    until = time.monotonic() + 30
    while (found := post(server, key).status_code) != status:
        assert time.monotonic() < until, found
        time.sleep(0.1)


def test_keys_come_and_go_while_the_service_runs(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = lur("key", "ann", "--file", str(path))
    assert (made.returncode, made.stderr) == (0, "")
    ann = made.stdout.strip()
    server = serve(LUR_API_KEYS_FILE=str(path))
    assert post(server).status_code == 401
    assert post(server, ann).status_code == 200
    assert server.client.get("/metrics", headers={"X-API-Key": ann}).status_code == 403
    assert server.client.get("/health/ready").status_code == 200

    bob, line = lur("key", "bob", "--scopes", "use,metrics").stdout.splitlines()
    assert post(server, bob).status_code == 401
    add_line(path, line)
    wait_for(server, bob, 200)
    path.write_text(line)
    wait_for(server, ann, 401)

    path.write_text(f"{line}\nann:use:{ann}\n")
    scrape = {"X-API-Key": bob}
    until = time.monotonic() + 30
    while "lur_api_keys_stale 1.0" not in server.client.get("/metrics", headers=scrape).text:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert post(server, ann).status_code == 401
    assert server.stop() == 0
    events = [json.loads(line) for line in server.log]
    [refused] = [event for event in events if event["event"] == "api_keys_refused"]
    assert refused["reason"].startswith("line 2: the last part is no SHA-256")
    assert {event["key"] for event in events if event.get("status") == 200 and "key" in event} >= {
        "ann",
        "bob",
    }
    assert ann not in "".join(server.log)
    assert bob not in "".join(server.log)


def test_a_web_page_cannot_reach_the_service_by_a_name_of_its_own(serve: Serve) -> None:
    server = serve()
    assert post(server, Host="evil.example").status_code == 400
    assert post(server, Host=f"localhost:{httpx.URL(server.url).port}").status_code == 200
    live = server.client.get("/health/live", headers={"Host": "10.0.0.1"})
    assert live.status_code == 200


def test_an_address_that_others_can_reach_needs_keys_or_a_word(serve: Serve) -> None:
    refused = lur("serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: LUR_HOST=0.0.0.0: others can reach this address")
    assert len(refused.stderr.splitlines()) == 1
    server = serve("--host", "0.0.0.0", LUR_OPEN="yes")
    assert post(server).status_code == 200


@pytest.mark.parametrize("content", ["", "ann:use\n", "ann:root:" + "a" * 64])
def test_a_faulty_file_of_keys_ends_the_start_with_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    path.chmod(0o600)
    result = lur("serve", "--port", "0", LUR_API_KEYS_FILE=str(path))
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: LUR_API_KEYS_FILE={path}: ")
    assert len(result.stderr.splitlines()) == 1


def test_keys_and_texts_are_in_no_log_no_metric_and_no_error(serve: Serve, tmp_path: Path) -> None:
    secret, wrong, mark = "lur_Kakapo7", "lur_Takahe8", "Zanzibarite"
    path = tmp_path / "keys"
    add_line(path, line_of("ann", ["use", "metrics"], secret))
    server = serve(LUR_API_KEYS_FILE=str(path), LUR_LOG_LEVEL="debug")
    text = f"The {mark} spoke."
    bodies: list[object] = [
        {"text": text, "target": "hy"},
        {"text": text, "target": "xx"},
        {"text": text, "target": 5},
        {"text": {mark: text}, "target": "hy"},
        {"text": text, "target": "hy", "api_key": secret},
        {"text": text, "target": "hy", "glossary": {mark: ""}},
        {"text": text, "target": ["hy", "ru"], "glossary": {mark: mark}},
        {"text": [text] * 129, "target": "hy"},
        {"text": text + "\ud800", "target": "hy"},
        [text],
        text,
    ]
    contents = [json.dumps(body).encode() for body in bodies]
    contents += [contents[0][:-9], contents[0].replace(b"spoke", b"\xff"), text.encode()]
    json_type = {"Content-Type": "application/json"}
    errors = []
    for key in (secret, wrong):
        places: list[dict[str, str]] = [
            {"Authorization": f"Bearer {key}"},
            {"X-API-Key": key},
            {"Authorization": f"Basic {key}"},
            {"Cookie": f"key={key}"},
        ]
        for headers in places:
            for route in ("translate", "summarize"):
                for content in contents:
                    response = server.client.post(
                        f"/v1/{route}?api_key={key}", content=content, headers=json_type | headers
                    )
                    if response.status_code != 200:
                        errors.append(response.text)
            for target in (f"/v1/{key}", f"/v1/models/{key}/load", "/metrics", f"/docs/{key}"):
                response = server.client.request(
                    "POST" if target.endswith("load") else "GET", target, headers=headers
                )
                if response.status_code >= 400:
                    errors.append(response.text)
    statuses = {json.loads(error)["status"] for error in errors}
    assert statuses >= {400, 401, 403, 404, 422}
    metrics = server.client.get("/metrics", headers={"X-API-Key": secret}).text
    assert 'status="401"' in metrics
    assert server.stop() == 0
    assert any('"key": "ann"' in line or '"key":"ann"' in line for line in server.log)
    for place in ("".join(server.log), metrics, *errors):
        for word in (secret, wrong, mark):
            assert word not in place
