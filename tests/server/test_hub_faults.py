"""Hubs that are gone, slow or lying: what is there goes on, what is absent is refused with reason.

One server asks eight hubs' worth of repositories at once; a hub is given up after six of the
client's own timeouts, here after six seconds.
"""

import concurrent.futures
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.hub import Fault, LocalHub
from tests.server.conftest import Server
from tests.tinylang.grammar import sentences

Serve = Callable[..., Server]

CHECKPOINT = Path(__file__).parents[1] / "tinylang" / "checkpoints" / "opus-mt-tiny-en-hy"
HTML = b"<html>Sign in to the network</html>"
TEXT = sentences(1, 1)[0]
BODY = {"text": TEXT.en, "target": "hy"}

ROW = """
[models.{name}]
task = "translate"
source = "en"
target = "hy"
hub = "tiny/{name}"
revision = "{revision}"
license = "Apache-2.0"
"""


def rows(path: Path, revision: str, *names: str) -> Path:
    """Writes a catalog in which the first of `names` serves Armenian."""
    tables = [ROW.format(name=name, revision=revision) for name in names]
    path.write_text("".join([*tables, f'[routes]\nen-hy = ["{names[0]}"]\n']))
    return path


def states(server: Server) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in server.client.get("/v1/models").json()}


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        yield hub


def environment(hub_url: str, catalog: Path, cache: Path, **more: str) -> dict[str, str]:
    return {
        "HF_ENDPOINT": hub_url,
        "HF_HUB_DOWNLOAD_TIMEOUT": "1",
        "LUR_CATALOG": str(catalog),
        "LUR_MODEL_CACHE": str(cache),
        "LUR_OFFLINE": "0",
        "LUR_LOAD_WAIT_S": "60",
    } | more


FAULTS: dict[str, tuple[str, Fault, str]] = {
    "busy": ("/tree/", Fault(status=429, headers={"Retry-After": "1234"}), "asks to wait 1234 s"),
    "sick": ("/tree/", Fault(status=503), "its last answer was 503"),
    "portal": ("/tree/", Fault(body=HTML), "cannot be understood"),
    "page": ("/source.spm", Fault(body=HTML, method="HEAD"), "what answers for the hub is none"),
    "short": ("/vocab.json", Fault(body=HTML), "not the size that the hub announced"),
    "wrong": ("/target.spm", Fault(corrupt=True), "the Git hash of target.spm"),
    "evil": (
        "/source.spm",
        Fault(method="HEAD", headers={"ETag": '"../../../../escaped"'}),
        "an ETag that is none",
    ),
    "hangs": ("/tree/", Fault(hold_after=0), "nothing came in within 6 s"),
    "trickles": ("/vocab.json", Fault(trickle=True), "bytes came in within 6 s"),
}


def test_every_way_a_hub_fails_is_said_in_words_and_what_is_there_goes_on(
    serve: Serve, tmp_path: Path
) -> None:
    files = {p.name: p.read_bytes() for p in CHECKPOINT.iterdir()}
    with LocalHub() as hub:
        for name, (ending, fault, _) in FAULTS.items():
            # A file of each repository is its own, so that a fault of one is not another's.
            revision = hub.publish(f"tiny/{name}", files)
            if name == "hangs":
                fault.hold = threading.Event()
            path = f"/tiny/{name}"
            whole = path + ending if ending == "/tree/" else f"{path}/resolve/{revision}{ending}"
            hub.fail(whole + revision if ending == "/tree/" else whole, fault)
        catalog = rows(tmp_path / "rows.toml", revision, *FAULTS)
        catalog.write_text(catalog.read_text() + _local(tmp_path))
        server = serve(**environment(hub.url, catalog, tmp_path / "cache"))
        here = {"text": TEXT.en, "target": "ru"}
        with concurrent.futures.ThreadPoolExecutor(len(FAULTS)) as pool:
            asked = {name: pool.submit(_ask, server, name) for name in FAULTS}
            assert server.client.post("/v1/translate", json=here).status_code == 200
        for name, (_, _, words) in FAULTS.items():
            refused = asked[name].result()
            assert refused.status_code == 503, (name, refused.text)
            assert words in refused.json()["detail"], name
            assert "Error(" not in refused.json()["detail"]
            wait_s = int(refused.headers["retry-after"])
            assert (wait_s > 1000) if name == "busy" else (0 < wait_s <= 300)
        assert server.client.post("/v1/translate", json=here).status_code == 200
        assert max(sum(f"/tiny/{n}/tree" in s.path for s in hub.requests) for n in FAULTS) <= 6
    assert not list(tmp_path.glob("**/escaped*"))
    until = time.monotonic() + 60  # a thread that was left behind ends with the next byte
    while list((tmp_path / "cache").rglob("*.incomplete")):
        assert time.monotonic() < until
        time.sleep(0.05)


def _local(folder: Path) -> str:
    source = CHECKPOINT.with_name("opus-mt-tiny-en-ru")
    return f"""en-ru = ["here"]
[models.here]
task = "translate"
source = "en"
target = "ru"
directory = "{source}"
license = "Apache-2.0"
"""


def test_a_hub_that_is_gone_is_asked_a_few_times_for_20_first_requests(
    serve: Serve, hub: LocalHub, tmp_path: Path
) -> None:
    revision = hub.publish("tiny/gone", CHECKPOINT)
    hub.fail(f"/tree/{revision}", Fault(status=502))
    catalog = rows(tmp_path / "rows.toml", revision, "gone")
    server = serve(**environment(hub.url, catalog, tmp_path / "cache"))
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: _ask(server), range(20)))
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert len(hub.requests) <= 6
    nobody = environment("http://127.0.0.1:1", catalog, tmp_path / "other")
    refused = _ask(serve(**nobody))
    assert refused.status_code == 503
    assert "model gone is unavailable" in refused.json()["detail"]


def _ask(server: Server, model: str | None = None) -> httpx.Response:
    body = BODY | ({"model": model} if model else {})
    return httpx.post(f"{server.url}/v1/translate", json=body, timeout=100)


def test_40_first_requests_to_two_servers_with_one_cache_make_one_download_and_one_conversion(
    serve: Serve, hub: LocalHub, tmp_path: Path
) -> None:
    revision = hub.publish("tiny/shared", CHECKPOINT)
    catalog = rows(tmp_path / "rows.toml", revision, "shared")
    settings = environment(hub.url, catalog, tmp_path / "cache", HF_HUB_DOWNLOAD_TIMEOUT="10")
    servers = [serve(**settings), serve(**settings)]
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(_ask, servers * 20))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["translations"][0]["text"] for answer in answers} == {TEXT.hy}
    fetched = hub.fetched()
    assert len(fetched) == len(set(fetched))
    assert sum(len(server.events("model_converted")) for server in servers) == 1


def test_no_name_in_a_request_reaches_the_disk_or_the_hub(
    serve: Serve, hub: LocalHub, tmp_path: Path
) -> None:
    revision = hub.publish("tiny/known", CHECKPOINT)
    catalog = rows(tmp_path / "rows.toml", revision, "known")
    server = serve(**environment(hub.url, catalog, tmp_path / "cache"))
    for name in (
        str(CHECKPOINT),
        "../../etc",
        "tiny/known",
        hub.url,
        "known\x00",
        "known/../known",
    ):
        answer = server.client.post("/v1/translate", json=BODY | {"model": name})
        assert answer.status_code == 404, answer.text
        path = httpx.URL(f"{server.url}/v1/models/").copy_with(
            raw_path=b"/v1/models/"
            + "".join(f"%{b:02x}" for b in name.encode()).encode()
            + b"/load"
        )
        assert server.client.post(path).status_code == 404
    assert hub.requests == []
    assert not (tmp_path / "cache").exists()
