"""A fresh machine: the first request fetches the model from a hub, converts it, and is answered."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.hub import Fault, LocalHub
from tests.server.conftest import Server
from tests.tinylang.grammar import sentences

CHECKPOINTS = Path(__file__).parents[1] / "tinylang" / "checkpoints"
ROWS = """
[models.from-hub]
task = "translate"
source = "en"
target = "hy"
hub = "tiny/opus-mt-tiny-en-hy"
revision = "{revision}"
license = "Apache-2.0"

[routes]
en-hy = ["from-hub"]
"""


def wait_for_answer(server: Server, text: str) -> dict[str, object]:
    until = time.monotonic() + 90
    while True:
        body = {"text": text, "target": "hy"}
        response = server.client.post("/v1/translate", json=body)
        if response.status_code == 200:
            found: dict[str, object] = response.json()
            return found
        assert response.status_code == 503, response.text
        assert response.json()["title"] == "Model not ready"
        assert int(response.headers["retry-after"]) > 0
        assert time.monotonic() < until
        time.sleep(0.2)


def followed(server: Server, text: str) -> list[tuple[str, Any]]:
    """The events of one request that waits for its model, however long that takes."""
    body = {"text": text, "target": "hy", "stream": True}
    response = httpx.post(f"{server.url}/v1/translate", json=body, timeout=100)
    assert response.status_code == 200, response.text
    blocks = [b.split("\n") for b in response.text.split("\n\n") if b.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data[6:])) for name, data in blocks]


def test_a_model_is_fetched_converted_and_served_by_its_first_request(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    with LocalHub() as hub:
        revision = hub.publish("tiny/opus-mt-tiny-en-hy", CHECKPOINTS / "opus-mt-tiny-en-hy")
        (tmp_path / "rows.toml").write_text(ROWS.format(revision=revision))
        environment = {
            "HF_ENDPOINT": hub.url,
            "LUR_CATALOG": str(tmp_path / "rows.toml"),
            "LUR_MODEL_CACHE": str(tmp_path / "cache"),
            "LUR_OFFLINE": "0",
            "LUR_LOAD_WAIT_S": "0.5",
        }
        triple = sentences(1, 1)[0]
        server = serve(**environment)
        with ThreadPoolExecutor(1) as pool:
            follower = pool.submit(followed, server, triple.en)
            answer = wait_for_answer(server, triple.en)
        assert answer["translations"][0]["text"] == triple.hy  # type: ignore[index]
        states = [data["state"] for name, data in follower.result() if name == "model"]
        assert [states[0], states[-1]] == ["loading", "ready"]
        assert "converting" in states
        assert [name for name, _ in follower.result()[-2:]] == ["segment", "result"]
        result = follower.result()[-1][1]
        assert result["translations"] == answer["translations"]
        assert answer["models"]["hy"]["revision"] == revision  # type: ignore[index]
        assert server.stop() == 0
        asked = len(hub.requests)
    environment["LUR_LOAD_WAIT_S"] = "20"
    again = serve(**environment)  # the hub is gone
    answer = wait_for_answer(again, triple.en)
    assert answer["translations"][0]["text"] == triple.hy  # type: ignore[index]
    assert len(hub.requests) == asked


def test_sigterm_during_a_download_that_hangs_ends_at_once(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    import threading

    with LocalHub() as hub:
        revision = hub.publish("tiny/opus-mt-tiny-en-hy", CHECKPOINTS / "opus-mt-tiny-en-hy")
        hub.fail("model.safetensors", Fault(hold_after=1000, hold=threading.Event()))
        (tmp_path / "rows.toml").write_text(ROWS.format(revision=revision))
        server = serve(
            HF_ENDPOINT=hub.url,
            LUR_CATALOG=str(tmp_path / "rows.toml"),
            LUR_MODEL_CACHE=str(tmp_path / "cache"),
            LUR_OFFLINE="0",
            LUR_LOAD_WAIT_S="0",
            LUR_PRELOAD="from-hub",
        )
        until = time.monotonic() + 30
        while server.client.get("/v1/models").json()[-1]["state"] != "downloading":
            assert time.monotonic() < until
            time.sleep(0.05)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5
