import time
from typing import Any

import msgspec
from litestar import Litestar
from litestar.testing import TestClient

from service.app import create_app
from service.settings import Settings
from tests.tinylang.grammar import sentences

Client = TestClient[Litestar]


def model(client: Client, name: str) -> dict[str, Any]:
    [found] = [row for row in client.get("/v1/models").json() if row["name"] == name]
    return found


def wait_for(client: Client, name: str, state: str) -> dict[str, Any]:
    until = time.monotonic() + 30
    while (found := model(client, name))["state"] != state:
        assert time.monotonic() < until, found
    return found


def test_a_model_is_loaded_and_unloaded_by_hand(tiny_settings: Settings) -> None:
    with TestClient(create_app(tiny_settings)) as client:
        assert model(client, "tiny-en-hy")["state"] == "on_disk"
        response = client.post("/v1/models/tiny-en-hy/load")
        assert response.status_code == 202
        assert response.json()["name"] == "tiny-en-hy"
        loaded = wait_for(client, "tiny-en-hy", "ready")
        assert loaded["bytes_in_memory"] > 100_000
        assert loaded["bytes_on_disk"] > loaded["bytes_in_memory"]
        assert loaded["default"] is True
        assert (loaded["source"], loaded["target"]) == ("en", "hy")
        assert client.post("/v1/models/tiny-en-hy/unload").status_code == 202
        assert wait_for(client, "tiny-en-hy", "on_disk")["bytes_in_memory"] == 0


def test_a_model_is_loaded_by_its_first_request(tiny_settings: Settings) -> None:
    with TestClient(create_app(tiny_settings)) as client:
        body = {"text": sentences(1, 1)[0].en, "target": "ru"}
        assert client.post("/v1/translate", json=body).status_code == 200
        used = model(client, "tiny-en-ru")
        assert used["state"] == "ready"
        assert used["last_used"].endswith("+00:00")
        assert model(client, "tiny-en-hy")["state"] == "on_disk"


def test_readiness_waits_for_the_preloads_and_names_each(tiny_settings: Settings) -> None:
    settings = msgspec.structs.replace(tiny_settings, preload=("tiny-en-hy", "tiny-summarizer"))
    with TestClient(create_app(settings)) as client:
        until = time.monotonic() + 30
        while (response := client.get("/health/ready")).status_code != 200:
            assert response.status_code == 503
            assert response.json()["status"] == "not_ready"
            assert time.monotonic() < until
        body = response.json()
        assert [m["name"] for m in body["models"]] == ["tiny-en-hy", "tiny-summarizer"]
        assert all(m["serves"] and m["state"] == "ready" for m in body["models"])


def test_readiness_says_why_a_preload_fails_and_which_spare_serves(
    tiny_settings: Settings, tmp_path: Any
) -> None:
    base = tiny_settings.catalog
    assert base is not None
    rows = base.read_text().replace("tinylang/", f"{base.parent}/tinylang/")
    rows = rows.replace('en-hy = ["tiny-en-hy"]', 'en-hy = ["broken", "tiny-en-hy"]')
    rows += (
        '\n[models.broken]\ntask = "translate"\nsource = "en"\ntarget = "hy"\n'
        'hub = "nobody/nothing"\nrevision = "' + "0" * 40 + '"\nlicense = "MIT"\n'
    )
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(rows)
    settings = msgspec.structs.replace(tiny_settings, catalog=catalog, preload=("broken",))
    with TestClient(create_app(settings)) as client:
        until = time.monotonic() + 30
        while (response := client.get("/health/ready")).status_code != 200:
            assert time.monotonic() < until, response.text
        [found] = response.json()["models"]
        assert found["state"] == "failed"
        assert "offline" in found["reason"]
        assert found["served_by"] == "tiny-en-hy"
        body = {"text": sentences(1, 1)[0].en, "target": "hy"}
        answer = client.post("/v1/translate", json=body).json()
        assert answer["models"]["hy"]["name"] == "tiny-en-hy"


def test_an_absent_model_is_a_503_with_the_reason_and_retry_after(tiny_settings: Settings) -> None:
    with TestClient(create_app(tiny_settings)) as client:
        body = {"text": "Hello there.", "target": "ru", "model": "opus-mt-en-ru"}
        response = client.post("/v1/translate", json=body)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) >= 1
        assert "offline" in response.json()["detail"]


def test_a_load_that_takes_long_is_a_503_with_progress_and_goes_on(
    tiny_settings: Settings,
) -> None:
    settings = msgspec.structs.replace(tiny_settings, load_wait_s=0.0)
    with TestClient(create_app(settings)) as client:
        body = {"text": sentences(1, 1)[0].en, "target": "ru"}
        response = client.post("/v1/translate", json=body)
        assert response.status_code == 503
        assert response.json()["title"] == "Model not ready"
        assert response.headers["retry-after"] == "10"
        wait_for(client, "tiny-en-ru", "ready")
        assert client.post("/v1/translate", json=body).status_code == 200


def test_the_deadline_is_a_504(tiny_settings: Settings) -> None:
    settings = msgspec.structs.replace(tiny_settings, deadline_s=0.001)
    with TestClient(create_app(settings)) as client:
        response = client.post("/v1/translate", json={"text": "Hello there.", "target": "ru"})
        assert response.status_code == 504
        assert response.json()["limit"] == 0.001


def test_every_answer_of_a_bundled_model_says_so(tiny_settings: Settings) -> None:
    app = create_app(Settings(profile="bundled", offline=True))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        body = {"text": sentences(1, 1)[0].en, "target": "hy"}
        answer = client.post("/v1/translate", json=body).json()
        [warning] = answer["translations"][0]["warnings"]
        assert (warning["code"], warning["value"]) == ("bundled_model", "bundled-en-hy")
        assert "worthless" in warning["message"]
