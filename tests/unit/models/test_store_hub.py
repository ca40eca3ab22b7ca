"""The store and the hub, through the real client: what is fetched, and what may go wrong."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.errors import ModelUnavailable, ShuttingDown
from service.models.catalog import HubSource, ModelSpec
from service.models.store import Progress, Store
from tests.hub import Fault, LocalHub

REPOSITORY = "tiny/marian"
WEIGHTS = bytes(range(256)) * 1000

FILES: dict[str, bytes] = {
    "config.json": json.dumps(
        {"model_type": "marian", "max_position_embeddings": 512, "num_beams": 6, "max_length": 512}
    ).encode(),
    "generation_config.json": json.dumps({"num_beams": 4, "max_length": 512}).encode(),
    "vocab.json": json.dumps({"</s>": 0, "<unk>": 1, "▁a": 2, "<pad>": 3}).encode(),
    "source.spm": b"source pieces",
    "target.spm": b"target pieces",
    "tokenizer_config.json": b"{}",
    "pytorch_model.bin": WEIGHTS,
    "tf_model.h5": b"tensorflow",
    "flax_model.msgpack": b"flax",
    "rust_model.ot": b"rust",
    "model.onnx": b"onnx",
    "README.md": b"# card",
}


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        yield hub


@pytest.fixture(autouse=True)
def small_steps_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's client counts in steps of 10 MB, and waits between its attempts."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    still = SimpleNamespace(**vars(time) | {"sleep": lambda seconds: None})
    monkeypatch.setattr("huggingface_hub.file_download.time", still)
    monkeypatch.setattr("huggingface_hub.utils._http.time", still)


def spec_for(revision: str, **fields: object) -> ModelSpec:
    """A row that runs as it comes, so that nothing but the download is looked at."""
    row: dict[str, object] = {
        "name": "tiny",
        "task": "translate",
        "languages": ("en", "hy"),
        "source": HubSource(REPOSITORY, revision),
        "license": "Apache-2.0",
        "engine": "transformers",
    }
    return ModelSpec(**(row | fields))  # type: ignore[arg-type]


def store_for(hub: LocalHub, root: Path, *, offline: bool = False) -> Store:
    return Store(root, offline=offline, endpoint=hub.url)


def reason(store: Store, spec: ModelSpec) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        store.ensure(spec)
    return caught.value.reason


def test_only_the_small_files_and_one_form_of_weights_are_fetched(
    hub: LocalHub, tmp_path: Path
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    files = store_for(hub, tmp_path).ensure(spec)
    assert sorted(p.name for p in files.path.iterdir()) == [
        "config.json",
        "generation_config.json",
        "pytorch_model.bin",
        "source.spm",
        "target.spm",
        "tokenizer_config.json",
        "vocab.json",
    ]
    assert hub.fetched()[-1] == "pytorch_model.bin", "the weights come last"
    assert (files.path / "pytorch_model.bin").read_bytes() == WEIGHTS
    assert files.bytes_on_disk == sum(p.stat().st_size for p in files.path.iterdir())
    assert files.description.decoding.beam_size == 4


def test_safetensors_are_preferred_to_a_pickle(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES | {"model.safetensors": WEIGHTS[::-1]}))
    store_for(hub, tmp_path).ensure(spec)
    assert "model.safetensors" in hub.fetched()
    assert "pytorch_model.bin" not in hub.fetched()


def test_every_shard_that_an_index_names_is_fetched(hub: LocalHub, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    shards = {"model-1-of-2.safetensors": b"one", "model-2-of-2.safetensors": b"two"}
    files = FILES | shards | {"model.safetensors.index.json": json.dumps(index).encode()}
    store, spec = store_for(hub, tmp_path), spec_for(hub.publish(REPOSITORY, files))
    hub.fail("model-2-of-2.safetensors", Fault(status=404))
    reason(store, spec)
    assert store.locate(spec) is None, "one shard is missing"
    hub.mend()
    found = store.ensure(spec)
    assert {p.name for p in found.path.iterdir()} >= set(shards)
    assert hub.fetched().count("model-1-of-2.safetensors") == 1


def test_an_index_that_names_files_elsewhere_is_refused(hub: LocalHub, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "../../secret"}}
    files = FILES | {"model.safetensors.index.json": json.dumps(index).encode()}
    spec = spec_for(hub.publish(REPOSITORY, files))
    assert "names no shards beside it" in reason(store_for(hub, tmp_path), spec)


def test_a_hit_asks_the_hub_nothing(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    first = store_for(hub, tmp_path).ensure(spec)
    asked = len(hub.requests)
    assert store_for(hub, tmp_path).ensure(spec) == first
    assert store_for(hub, tmp_path).locate(spec) == first
    assert len(hub.requests) == asked


def test_progress_grows_to_the_sum_of_what_is_fetched(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    seen: list[Progress] = []
    files = store_for(hub, tmp_path).ensure(spec, seen.append)
    assert seen[0] == Progress("downloading")
    assert seen[0].fraction is None
    counted = [p.done_bytes for p in seen]
    assert counted == sorted(counted)
    assert seen[-1].done_bytes == seen[-1].total_bytes == files.bytes_on_disk
    assert seen[-1].fraction == 1.0


@pytest.mark.parametrize(
    ("ending", "fault", "words"),
    [
        (f"/tree/{'a' * 40}", Fault(), "no revision"),
        ("/tree/", Fault(status=401, code="RepoNotFound"), "HF_TOKEN"),
        ("/tree/", Fault(status=403, code="GatedRepo"), "HF_TOKEN"),
        ("/tree/", Fault(status=503), "answered 503"),
        ("/tree/", Fault(status=429), "answered 429"),
        ("pytorch_model.bin", Fault(status=500), "answered 500"),
        ("pytorch_model.bin", Fault(status=404, code="EntryNotFound"), "answered 404"),
        ("pytorch_model.bin", Fault(corrupt=True), "SHA-256"),
    ],
)
def test_what_the_hub_refuses_is_said_in_plain_words(
    hub: LocalHub, tmp_path: Path, ending: str, fault: Fault, words: str
) -> None:
    revision = hub.publish(REPOSITORY, FILES)
    asked = "a" * 40 if fault == Fault() else revision
    hub.fail(ending + (revision if ending == "/tree/" else ""), fault)
    store, spec = store_for(hub, tmp_path), spec_for(asked)
    assert words in reason(store, spec)
    assert store.locate(spec) is None
    assert store.bytes_on_disk(spec) == 0


def test_after_a_wrong_hash_the_file_is_fetched_again(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    hub.fail("pytorch_model.bin", Fault(corrupt=True, times=1))
    store = store_for(hub, tmp_path)
    assert "SHA-256" in reason(store, spec)
    files = store.ensure(spec)
    assert (files.path / "pytorch_model.bin").read_bytes() == WEIGHTS
    assert hub.fetched().count("source.spm") == 1


@pytest.mark.parametrize("name", ["pytorch_model.bin", "source.spm"])
def test_a_damaged_snapshot_is_fetched_again_as_far_as_it_is_damaged(
    hub: LocalHub, tmp_path: Path, name: str
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    store = store_for(hub, tmp_path)
    path = store.ensure(spec).path
    (path / name).write_bytes(b"x" + FILES[name][1:])
    assert [name in fault for fault in store.verify(spec)] == [True]
    said = reason(store_for(hub, tmp_path, offline=True), spec)
    assert "damaged" in said
    assert "offline" in said
    asked = len(hub.fetched())
    store.ensure(spec)
    assert (path / name).read_bytes() == FILES[name]
    assert hub.fetched()[asked:] == [name]


@pytest.mark.parametrize("name", ["pytorch_model.bin", "config.json", "source.spm"])
@pytest.mark.parametrize("ending", ["/tree/{revision}", "{name}"])
def test_what_was_damaged_and_cannot_be_had_is_not_left_out(
    hub: LocalHub, tmp_path: Path, name: str, ending: str
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    store = store_for(hub, tmp_path)
    path = store.ensure(spec).path
    (path / name).write_bytes(b"x" + FILES[name][1:])
    hub.fail(ending.format(revision=spec.revision, name=name), Fault(status=500))
    for _ in range(2):
        assert "answered 500" in reason(store, spec)
        assert store.locate(spec) is None
    hub.mend()
    asked = len(hub.fetched())
    assert store.ensure(spec).path == path
    assert {p.name: p.read_bytes() for p in path.iterdir()}.items() <= FILES.items()
    assert (path / name).exists()
    assert hub.fetched()[asked:] == [name]


def test_a_small_file_that_came_damaged_at_first_is_fetched_again(
    hub: LocalHub, tmp_path: Path
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    hub.fail("source.spm", Fault(corrupt=True, times=1))
    store = store_for(hub, tmp_path)
    assert "the Git hash of source.spm" in reason(store, spec)
    assert store.locate(spec) is None
    assert (store.ensure(spec).path / "source.spm").read_bytes() == FILES["source.spm"]
    assert hub.fetched().count("pytorch_model.bin") == 1


class Killed(BaseException):
    """Stands for the end of the process: nothing of the service catches it."""


@pytest.mark.parametrize("steps", range(5))
def test_killed_while_damaged_files_are_removed_the_next_call_finds_it(
    hub: LocalHub, tmp_path: Path, steps: int
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    store = store_for(hub, tmp_path)
    path = store.ensure(spec).path
    for name in ("config.json", "source.spm"):
        (path / name).write_bytes(b"x" + FILES[name][1:])
    real, left = Path.unlink, iter(range(steps))

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if tmp_path in self.parents and "locks" not in self.parts and next(left, None) is None:
            raise Killed
        real(self, missing_ok=missing_ok)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        with pytest.raises(Killed):
            store.ensure(spec)
    with contextlib.suppress(ModelUnavailable):  # an old blob may be linked, and found out, once
        store.ensure(spec)
    found = store.ensure(spec)
    assert {p.name for p in found.path.iterdir()} >= {"config.json", "source.spm"}
    assert {p.name: p.read_bytes() for p in found.path.iterdir()}.items() <= FILES.items()


def test_a_name_of_a_file_in_an_etag_is_not_followed(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    hub.fail("config.json", Fault(method="HEAD", headers={"ETag": '"../../../../out"'}))
    assert "an ETag that is none" in reason(store_for(hub, tmp_path / "a" / "cache"), spec)
    assert not list(tmp_path.rglob("out*"))


def test_what_the_hub_asks_to_wait_is_passed_on(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    hub.fail("source.spm", Fault(status=429, method="HEAD", headers={"Retry-After": "600"}))
    with pytest.raises(ModelUnavailable) as caught:
        store_for(hub, tmp_path).ensure(spec)
    assert caught.value.retry_after_s == 600
    assert len([s for s in hub.requests if "source.spm" in s.path]) == 1, "it is asked once"


def test_a_connection_that_breaks_goes_on_where_it_stopped(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    hub.fail("pytorch_model.bin", Fault(cut_after=100_000, times=1))
    files = store_for(hub, tmp_path).ensure(spec)
    assert (files.path / "pytorch_model.bin").read_bytes() == WEIGHTS
    ranges = [s.range for s in hub.requests if s.path.endswith("_model.bin") and s.method == "GET"]
    assert ranges == [None, "bytes=100000-"]


def test_a_server_that_ignores_ranges_does_not_spoil_the_file(
    hub: LocalHub, tmp_path: Path
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    hub.fail("pytorch_model.bin", Fault(cut_after=100_000, times=1))
    hub.fail("pytorch_model.bin", Fault(ignore_range=True))
    files = store_for(hub, tmp_path).ensure(spec)
    assert (files.path / "pytorch_model.bin").read_bytes() == WEIGHTS


def test_a_revision_that_is_no_commit_is_refused(hub: LocalHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, FILES)
    assert "not a full commit hash" in reason(store_for(hub, tmp_path), spec_for("main"))
    assert hub.requests == []


def test_offline_contacts_nothing_and_says_how_to_fetch(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    offline = store_for(hub, tmp_path, offline=True)
    said = reason(offline, spec)
    assert "offline" in said
    assert "lur pull tiny" in said
    assert hub.requests == []
    store_for(hub, tmp_path).ensure(spec)
    asked = len(hub.requests)
    assert offline.ensure(spec).revision == spec.revision
    assert len(hub.requests) == asked


def test_a_hub_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    store = Store(tmp_path, endpoint="http://127.0.0.1:1")
    said = reason(store, spec_for("b" * 40))
    assert "the hub http://127.0.0.1:1 could not be reached" in said
    assert "HF_ENDPOINT" in said
    assert "LUR_OFFLINE=1" in said


def test_what_cannot_be_converted_here_is_not_fetched(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    spec = spec_for(hub.publish(REPOSITORY, FILES), engine="ctranslate2")
    said = reason(store_for(hub, tmp_path), spec)
    assert "--target full" in said
    assert hub.requests == []


def test_cancelling_ends_a_download_that_hangs(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    hub.fail("pytorch_model.bin", Fault(hold_after=60_000, hold=threading.Event()))
    cancelled = threading.Event()

    def report(progress: Progress) -> None:
        if progress.done_bytes > 30_000:
            cancelled.set()

    store = store_for(hub, tmp_path)
    with pytest.raises(ShuttingDown):
        store.ensure(spec, report, cancelled)
    assert store.locate(spec) is None
    hub.mend()
    assert store.ensure(spec).bytes_on_disk > len(WEIGHTS)


def test_of_two_callers_one_fetches_and_the_other_waits(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    held = hub.fail("pytorch_model.bin", Fault(hold_after=60_000, hold=threading.Event()))
    assert held.hold is not None
    results: list[object] = []
    half_way, waiting = threading.Event(), threading.Event()

    def first(progress: Progress) -> None:
        if progress.done_bytes > 30_000:
            half_way.set()

    def ensure(report: object) -> None:
        results.append(store_for(hub, tmp_path).ensure(spec, report))  # type: ignore[arg-type]

    one = threading.Thread(target=ensure, args=(first,))
    one.start()
    assert half_way.wait(20)
    two = threading.Thread(target=ensure, args=(lambda progress: waiting.set(),))
    two.start()
    assert waiting.wait(20), "the one who waits reports too"
    held.hold.set()
    one.join(20)
    two.join(20)
    assert len(results) == 2
    assert results[0] == results[1]
    assert hub.fetched().count("pytorch_model.bin") == 1


def test_one_who_waits_for_another_can_be_cancelled(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    held = hub.fail("pytorch_model.bin", Fault(hold_after=60_000, hold=threading.Event()))
    half_way, cancelled = threading.Event(), threading.Event()

    def first(progress: Progress) -> None:
        if progress.done_bytes > 30_000:
            half_way.set()

    store = store_for(hub, tmp_path)
    one = threading.Thread(target=lambda: store.ensure(spec, first))
    one.start()
    assert half_way.wait(20)
    with pytest.raises(ShuttingDown):
        store.ensure(spec, lambda progress: cancelled.set(), cancelled)
    assert held.hold is not None
    held.hold.set()
    one.join(20)
    assert store.locate(spec) is not None


def test_a_killed_download_starts_over_and_leaves_nothing_behind(
    hub: LocalHub, tmp_path: Path
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    hub.fail("pytorch_model.bin", Fault(hold_after=60_000, hold=threading.Event()))
    script = textwrap.dedent(
        f"""
        from pathlib import Path
        from huggingface_hub import constants
        from service.models.store import Store
        from tests.unit.models.test_store_hub import spec_for
        constants.DOWNLOAD_CHUNK_SIZE = 10_000
        def report(progress):
            if progress.done_bytes > 30_000:
                print("half way", flush=True)
        store = Store(Path({str(tmp_path)!r}), endpoint={hub.url!r})
        store.ensure(spec_for({spec.revision!r}), report)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "half way\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    store = store_for(hub, tmp_path)
    assert store.locate(spec) is None, "half a model is none"
    assert list(tmp_path.rglob("*.incomplete"))
    hub.mend()
    files = store.ensure(spec)
    assert (files.path / "pytorch_model.bin").read_bytes() == WEIGHTS
    assert not list(tmp_path.rglob("*.incomplete"))
    assert hub.fetched().count("source.spm") == 1


def test_a_cache_that_cannot_be_written_serves_hits_and_names_itself_on_a_miss(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))
    store_for(hub, tmp_path).ensure(spec)

    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    store = store_for(hub, tmp_path)
    assert store.ensure(spec).revision == spec.revision
    said = reason(store, spec_for("c" * 40))
    assert str(tmp_path) in said
    assert "cannot be written" in said
    assert "LUR_MODEL_CACHE" in said


def test_a_full_disk_is_said_so(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_for(hub.publish(REPOSITORY, FILES))

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("huggingface_hub.file_download._chmod_and_move", full)
    assert reason(store_for(hub, tmp_path), spec) == f"the disk that holds {tmp_path} is full"
    assert not list(tmp_path.rglob("*.incomplete"))
