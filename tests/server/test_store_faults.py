"""The disk fails, or the process is killed: what comes back is right, or a refusal with its reason.

Models come from archives where that will do: their conversion needs no torch and takes a second.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.models import manifest
from service.models.catalog_file import load_catalog
from service.models.store import Store
from tests.hub import Fault, LocalHub
from tests.opus_archive import make_archive
from tests.server.conftest import Server, children, until
from tests.server.test_hub_faults import BODY, CHECKPOINT, TEXT, environment, rows, states

Serve = Callable[..., Any]

KILLS = 4

ARCHIVE = """
[models.{name}]
task = "translate"
source = "en"
target = "hy"
archive = "{url}"
license = "Apache-2.0"
quantization = "{quantization}"

[routes]
en-hy = ["{name}"]
"""

DIRECTORY = """
[models.{name}]
task = "translate"
source = "en"
target = "{target}"
directory = "{path}"
license = "Apache-2.0"
"""


@pytest.fixture(scope="module")
def zipped() -> bytes:
    return make_archive(CHECKPOINT)


@pytest.fixture
def hub(zipped: bytes) -> Iterator[LocalHub]:
    with LocalHub() as hub:
        yield hub


def archive_row(path: Path, url: str, quantization: str = "int8") -> Path:
    path.write_text(ARCHIVE.format(name="zipped", url=url, quantization=quantization))
    return path


def translated(server: Server, target: str = "hy") -> str:
    answer = server.client.post("/v1/translate", json=BODY | {"target": target})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["translations"][0]["text"])


def refusal(server: Server, **fields: object) -> str:
    answer = server.client.post("/v1/translate", json=BODY | fields)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    detail = str(answer.json()["detail"])
    assert "Traceback" not in detail
    assert "Error(" not in detail
    return detail


def reload(server: Server, name: str) -> None:
    server.client.post(f"/v1/models/{name}/unload")
    until(lambda: states(server)[name]["state"] != "ready")


def kill(server: Server) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()


def nothing_is_left(cache: Path) -> bool:
    half = [*cache.glob("ct2/.*"), *cache.rglob("*.incomplete"), *cache.rglob("*.part")]
    return not half


def test_killed_while_it_downloads_the_next_start_recovers(
    serve: Serve, hub: LocalHub, tmp_path: Path
) -> None:
    revision = hub.publish("tiny/killed", CHECKPOINT)
    hub.fail("model.safetensors", Fault(hold_after=1_500_000, hold=threading.Event()))
    catalog, cache = rows(tmp_path / "rows.toml", revision, "killed"), tmp_path / "cache"
    settings = environment(hub.url, catalog, cache, HF_HUB_DOWNLOAD_TIMEOUT="10")
    server = serve(**settings, LUR_PRELOAD="killed")
    until(lambda: list(cache.rglob("*.incomplete")))
    assert states(server)["killed"]["state"] == "downloading"
    kill(server)
    hub.mend()
    server = serve(**settings)
    until(lambda: nothing_is_left(cache))
    assert translated(server) == TEXT.hy
    assert nothing_is_left(cache)


def test_killed_while_it_converts_its_child_dies_too_and_the_next_start_recovers(
    serve: Serve, hub: LocalHub, tmp_path: Path
) -> None:
    revision = hub.publish("tiny/killed", CHECKPOINT)
    catalog, cache = rows(tmp_path / "rows.toml", revision, "killed"), tmp_path / "cache"
    settings = environment(hub.url, catalog, cache, HF_HUB_DOWNLOAD_TIMEOUT="10")
    server = serve(**settings, LUR_PRELOAD="killed")
    until(lambda: states(server)["killed"]["state"] == "converting")
    until(lambda: children(server.process.pid))
    (child,) = children(server.process.pid)
    kill(server)
    until(lambda: not _runs(child))
    assert not [p for p in (cache / "ct2").iterdir() if p.name[0] != "."]
    asked = len(hub.requests)
    server = serve(**settings)
    assert translated(server) == TEXT.hy
    assert nothing_is_left(cache)
    assert len(hub.requests) == asked, "the checkpoint was there"


def _runs(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (ProcessLookupError, FileNotFoundError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_killed_at_any_moment_nothing_partial_is_ever_taken_for_a_model(
    serve: Serve, hub: LocalHub, zipped: bytes, tmp_path: Path
) -> None:
    """Among the moments: flushing and renaming, and the first load, which take milliseconds."""
    catalog = archive_row(tmp_path / "rows.toml", hub.serve_file("opus.zip", zipped))
    cache, dice = tmp_path / "cache", random.Random(5)
    settings = environment(hub.url, catalog, cache)
    spec = load_catalog("bundled", catalog).named("zipped")
    for _ in range(KILLS):
        server = serve(**settings, LUR_PRELOAD="zipped")
        moment = dice.choice(["ct2/.*/model", "ct2/.*/model/manifest.json", "ct2/zipped*/*"])
        until(lambda moment=moment: list(cache.glob(moment)))  # type: ignore[misc]
        time.sleep(dice.uniform(0, 0.05))
        kill(server)
        for path in cache.glob("ct2/[!.]*"):
            said = manifest.read_manifest(path)
            assert said is not None
            assert manifest.faults(path, said) == ()
        if Store(cache).locate(spec) and dice.random() < 0.7:
            shutil.rmtree(cache / "ct2")
    server = serve(**settings)
    assert translated(server)
    until(lambda: nothing_is_left(cache))
    assert Store(cache).verify(spec) == ()


def confined(shell: str) -> type[Server]:
    """Returns a server that a line of shell has prepared: its limits, its rights."""

    class Confined(Server):
        def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
            real = subprocess.Popen

            def start(command: list[str], **options: Any) -> Any:
                return real(["sh", "-c", f'{shell}; exec "$@"', "sh", *command], **options)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(subprocess, "Popen", start)
                super().__init__(arguments, environment)

    return Confined


def test_a_disk_that_takes_no_more_is_said_so_and_loaded_models_go_on(
    serve: Serve, hub: LocalHub, zipped: bytes, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the disk; the conversion's child meets it, too."""
    source = CHECKPOINT.with_name("opus-mt-tiny-en-ru")
    catalog = archive_row(tmp_path / "rows.toml", hub.serve_file("opus.zip", zipped))
    said = catalog.read_text() + 'en-ru = ["shipped"]\n'
    said += DIRECTORY.format(name="shipped", target="ru", path=_bundled("ru"))
    catalog.write_text(said + DIRECTORY.format(name="big", target="hy", path=source))
    settings = environment(hub.url, catalog, tmp_path / "cache")
    server = serve(kind=confined("ulimit -f 512"), **settings)
    assert translated(server, "ru")
    for name in ("zipped", "big"):
        assert "would be larger than this process" in refusal(server, model=name)
    assert not list((tmp_path / "cache").glob("ct2/*"))
    assert translated(server, "ru")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_said_so_and_the_next_try_after_it_has_room_goes_well(
    serve: Serve, hub: LocalHub, zipped: bytes, tmp_path: Path
) -> None:
    catalog = archive_row(tmp_path / "rows.toml", hub.serve_file("opus.zip", zipped))
    part = tmp_path / "cache" / "archives" / "zipped.zip.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    server = serve(**environment(hub.url, catalog, tmp_path / "cache"))
    assert f"the disk that holds {tmp_path / 'cache'} is full" in refusal(server)
    part.unlink()
    server.client.post("/v1/models/zipped/load")
    assert translated(server)


DROP = (  # root is bound by permissions only without these capabilities
    "exec {python} -c 'import ctypes, os, sys; p = ctypes.CDLL(None).prctl; "
    '[p(24, c, 0, 0, 0) for c in (1, 2)]; os.execvp(sys.argv[1], sys.argv[1:])\' "$@"'
)


def test_a_cache_that_cannot_be_written_serves_what_it_holds(
    serve: Serve, hub: LocalHub, zipped: bytes, tmp_path: Path
) -> None:
    catalog = archive_row(tmp_path / "rows.toml", hub.serve_file("opus.zip", zipped))
    cache = tmp_path / "cache"
    spec = load_catalog("bundled", catalog).named("zipped")
    Store(cache).ensure(spec)
    said = catalog.read_text()
    said += DIRECTORY.format(name="other", target="hy", path=CHECKPOINT)
    folders = [cache, *(p for p in cache.rglob("*") if p.is_dir())]
    catalog.write_text(said)
    for folder in folders:
        folder.chmod(0o555)
    for file in cache.rglob("*.lock"):
        file.chmod(0o444)
    try:
        kind = confined(DROP.format(python=sys.executable))
        server = serve(kind=kind, **environment(hub.url, catalog, cache))
        assert translated(server)
        detail = refusal(server, model="other")
        assert f"{cache} cannot be written: Permission denied" in detail
        assert translated(server)
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_cache_deleted_under_the_server_is_filled_again_by_the_next_load(
    serve: Serve, hub: LocalHub, zipped: bytes, tmp_path: Path
) -> None:
    catalog = archive_row(tmp_path / "rows.toml", hub.serve_file("opus.zip", zipped))
    server = serve(**environment(hub.url, catalog, tmp_path / "cache"))
    before = translated(server)
    shutil.rmtree(tmp_path / "cache")
    assert translated(server) == before
    reload(server, "zipped")
    assert translated(server) == before
    assert hub.fetched() == ["opus.zip"] * 2
    shutil.rmtree(tmp_path / "cache")
    hub.fail("opus.zip", Fault(status=404))
    reload(server, "zipped")
    assert "answered 404" in refusal(server)


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def test_damage_on_disk_is_found_at_the_next_load_said_and_mended(
    serve: Serve, hub: LocalHub, zipped: bytes, tmp_path: Path
) -> None:
    catalog = archive_row(tmp_path / "rows.toml", hub.serve_file("opus.zip", zipped))
    cache = tmp_path / "cache"
    server = serve(**environment(hub.url, catalog, cache))
    before = translated(server)
    cases = (("model.bin", _flip), ("source.spm", _cut), ("manifest.json", _flip))
    for count, (name, damage) in enumerate(cases, 2):
        (model,) = cache.glob("ct2/*")
        damage(model / name)
        assert translated(server) == before, "in memory it is whole"
        reload(server, "zipped")
        assert translated(server) == before
        assert len(server.events("model_converted")) == count
    assert hub.fetched() == ["opus.zip"], "mended from the archive that was kept"
    said = [str(event["reason"]) for event in server.events("model_damaged")]
    assert ["model.bin" in said[0], "source.spm" in said[1], len(said)] == [True, True, 2]
    (model,) = cache.glob("ct2/*")
    _flip(cache / "archives" / "zipped.zip")
    _flip(model / "model.bin")
    reload(server, "zipped")
    assert translated(server) == before
    assert hub.fetched() == ["opus.zip"] * 2, "the archive was damaged as well"


def _bundled(target: str) -> Path:
    return Path(__file__).parents[2] / "model_cache" / "bundled" / f"bundled-en-{target}"


def test_a_damaged_bundled_model_is_refused_by_its_file_and_the_others_go_on(
    serve: Serve, tmp_path: Path
) -> None:
    copies = {code: tmp_path / f"copy-{code}" for code in ("hy", "ru")}
    said = '[routes]\nen-hy = ["own-hy"]\nen-ru = ["own-ru"]\n'
    for code, copy in copies.items():
        shutil.copytree(_bundled(code), copy)
        said += DIRECTORY.format(name=f"own-{code}", target=code, path=copy)
    (tmp_path / "rows.toml").write_text(said)
    _flip(copies["hy"] / "model.bin")
    server = serve(LUR_CATALOG=str(tmp_path / "rows.toml"), LUR_LOAD_WAIT_S="60")
    detail = refusal(server)
    assert f"{copies['hy']} is damaged, put it back: model.bin" in detail
    assert translated(server, "ru")
    (copies["hy"] / "manifest.json").write_text("{")
    server.client.post("/v1/models/own-hy/load")
    until(lambda: "manifest.json cannot be read" in str(states(server)["own-hy"]["reason"]))
    assert translated(server, "ru")
