"""The store and native archives: fetched over HTTP, unpacked with care, converted, published.

Their conversion needs no torch and takes a second, so what concerns every conversion is tested
here as well: publishing, damage, killed processes, offline and read-only caches.
"""

import hashlib
import io
import itertools
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from filelock import FileLock

from service.engines.ct2 import CTranslate2Engine
from service.errors import ModelUnavailable, ShuttingDown
from service.models import manifest, web_file
from service.models.archive import unpack
from service.models.catalog import ArchiveSource, DirectorySource, ModelSpec
from service.models.remote import DownloadError
from service.models.store import Progress, Store
from tests.hub import Fault, LocalHub
from tests.opus_archive import make_archive

CHECKPOINT = Path(__file__).parents[2] / "tinylang" / "checkpoints" / "opus-mt-tiny-en-hy"


@pytest.fixture(scope="session")
def zipped() -> bytes:
    return make_archive(CHECKPOINT)


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        yield hub


def spec_for(url: str, sha256: str | None = None, **fields: object) -> ModelSpec:
    row: dict[str, object] = {
        "name": "opus tiny/hy",
        "task": "translate",
        "languages": ("en", "hy"),
        "source": ArchiveSource(url, sha256),
        "license": "CC-BY-4.0",
    }
    return ModelSpec(**(row | fields))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, zipped: bytes) -> tuple[Path, ModelSpec]:
    """A store that holds one converted archive. Read only, please: every test has it."""
    root = tmp_path_factory.mktemp("made")
    with LocalHub() as hub:
        spec = spec_for(hub.serve_file("opus.zip", zipped))
        Store(root).ensure(spec)
    return root, spec


@pytest.fixture
def copied(tmp_path: Path, made: tuple[Path, ModelSpec]) -> tuple[Path, ModelSpec]:
    """The same, for a test that changes it."""
    shutil.copytree(made[0], tmp_path / "copied")
    return tmp_path / "copied", made[1]


def reason(store: Store, spec: ModelSpec) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        store.ensure(spec)
    return caught.value.reason


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return out.getvalue()


def test_an_archive_becomes_a_model_that_translates(
    made: tuple[Path, ModelSpec], zipped: bytes
) -> None:
    root, spec = made
    files = Store(root).locate(spec)
    assert files is not None
    sha256 = hashlib.sha256(zipped).hexdigest()
    assert files.revision == sha256
    assert files.path.parent == root / "ct2"
    assert files.path.name == f"opus%20tiny%2Fhy@{sha256[:12]}-int8"
    assert (files.license, files.quantization) == ("CC-BY-4.0", "int8")
    assert files.bytes_on_disk == sum(
        p.stat().st_size for p in files.path.iterdir() if p.name != manifest.NAME
    )
    engine = CTranslate2Engine(files.path, files.description, device="cpu")
    sources = [engine.encode("The old doctor sees the river."), engine.encode("Anna is here.")]
    one, two = engine.generate(sources, files.description.decoding)
    engine.close()
    assert one.hypotheses[0].text
    assert one != two


def test_the_manifest_names_every_file_and_verifies(made: tuple[Path, ModelSpec]) -> None:
    root, spec = made
    store = Store(root)
    files = store.locate(spec)
    assert files is not None
    said = manifest.read_manifest(files.path)
    assert said is not None
    assert set(said.files) | {manifest.NAME} == {p.name for p in files.path.iterdir()}
    assert set(said.converted_with) == {"ctranslate2"}
    assert store.verify(spec) == ()


def test_a_hit_needs_neither_network_nor_a_writable_cache(
    made: tuple[Path, ModelSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, spec = made
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a hit writes nothing and takes no lock")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr("service.models.store.FileLock", refuse)
    assert Store(root, offline=True).ensure(spec).repository == spec.repository
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


@pytest.mark.parametrize(
    ("name", "damage"),
    [("model.bin", "changed"), ("source_vocabulary.json", "cut"), ("source.spm", "removed")],
)
def test_damage_is_found_and_repaired_from_the_kept_archive(
    copied: tuple[Path, ModelSpec], name: str, damage: str
) -> None:
    root, spec = copied
    store = Store(root, offline=True)
    files = store.locate(spec)
    assert files is not None
    victim = files.path / name
    content = victim.read_bytes()
    if damage == "removed":
        victim.unlink()
    else:
        victim.write_bytes(content[:-1] + (b"" if damage == "cut" else bytes([content[-1] ^ 1])))
    assert store.locate(spec) is not None, "a look does not hash"
    assert [name in fault for fault in store.verify(spec)] == [True]
    assert store.ensure(spec).path == files.path
    assert store.verify(spec) == ()


def test_a_manifest_that_cannot_be_read_is_no_model(copied: tuple[Path, ModelSpec]) -> None:
    root, spec = copied
    store = Store(root, offline=True)
    files = store.locate(spec)
    assert files is not None
    (files.path / manifest.NAME).write_text('{"format": 1')
    assert store.locate(spec) is None
    assert store.bytes_on_disk(spec) == 0
    assert store.ensure(spec).bytes_on_disk == files.bytes_on_disk


def test_a_bit_turned_in_a_manifest_is_found(copied: tuple[Path, ModelSpec]) -> None:
    root, spec = copied
    files = Store(root).locate(spec)
    assert files is not None
    file = files.path / manifest.NAME
    said = file.read_text()
    assert '"beam_size": 4' in said
    file.write_text(said.replace('"beam_size": 4', '"beam_size": 5'))
    assert Store(root).locate(spec) is None
    file.write_text(" ".join(said.split()))
    assert Store(root).locate(spec) == files, "how it is laid out does not count"


def test_offline_a_damaged_archive_is_not_fetched_again(copied: tuple[Path, ModelSpec]) -> None:
    root, spec = copied
    store = Store(root, offline=True)
    files = store.locate(spec)
    assert files is not None
    (files.path / "model.bin").write_bytes(b"")
    (root / "archives" / "opus%20tiny%2Fhy.zip").write_bytes(b"")
    said = reason(store, spec)
    assert "it is damaged (model.bin has 0 bytes" in said
    assert "this service is offline" in said


def test_leftovers_are_removed_unless_somebody_works_on_them(
    copied: tuple[Path, ModelSpec],
) -> None:
    root, spec = copied
    for place in ("ct2/.opus%20tiny%2Fhy@-int8-abc", "ct2/.other@-int8_float32-x"):
        (root / place / "model").mkdir(parents=True)
    blobs = root / "hub" / "models--a--b" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "1.incomplete").write_bytes(b"")
    with FileLock(root / "locks" / f"{quote('opus tiny/hy-int8', safe='')}.lock"):
        Store(root).clean()
        assert [p.name for p in root.glob("ct2/.*")] == [".opus%20tiny%2Fhy@-int8-abc"]
        assert list(blobs.iterdir()) == []
    Store(root).clean()
    assert list(root.glob("ct2/.*")) == []
    assert Store(root).verify(spec) == ()


def test_another_quantization_is_made_from_the_kept_archive(
    copied: tuple[Path, ModelSpec],
) -> None:
    root, spec = copied
    other = spec_for(spec.repository, quantization="float32")
    files = Store(root, offline=True).ensure(other)
    assert files.quantization == "float32"
    assert Store(root).bytes_on_disk(spec) < files.bytes_on_disk


def test_the_row_overrides_what_the_checkpoint_says(made: tuple[Path, ModelSpec]) -> None:
    root, spec = made
    row = spec_for(
        spec.repository,
        generation={"beam_size": 2, "no_repeat_ngram_size": 5},
        max_source_tokens=100,
        max_target_tokens=80,
    )
    plain, changed = Store(root).locate(spec), Store(root).locate(row)
    assert plain is not None
    assert changed is not None
    assert plain.description.decoding.beam_size == 4
    assert changed.description.decoding.beam_size == 2
    assert changed.description.decoding.no_repeat_ngram_size == 5
    assert changed.description.decoding.max_tokens == 80
    assert (changed.description.max_source_tokens, changed.description.max_target_tokens) == (
        100,
        80,
    )


def test_a_language_token_that_the_vocabulary_lacks_is_refused(
    made: tuple[Path, ModelSpec],
) -> None:
    root, spec = made
    row = spec_for(spec.repository, target_token=">>xyz<<")
    assert "its vocabulary has no >>xyz<<" in reason(Store(root), row)


def test_a_converted_directory_is_used_where_it_lies(
    made: tuple[Path, ModelSpec], tmp_path: Path
) -> None:
    files = Store(made[0]).locate(made[1])
    assert files is not None
    row = spec_for("", source=DirectorySource(files.path), license="other")
    found = Store(tmp_path / "never made").ensure(row)
    assert found.path == files.path
    assert found.license == "CC-BY-4.0", "the manifest knows better than the row"
    assert not (tmp_path / "never made").exists()


def test_a_damaged_converted_directory_is_refused_and_left_alone(
    copied: tuple[Path, ModelSpec],
) -> None:
    root, spec = copied
    files = Store(root).locate(spec)
    assert files is not None
    (files.path / "model.bin").write_bytes(b"")
    row = spec_for("", source=DirectorySource(files.path))
    said = reason(Store(root), row)
    assert "damaged" in said
    assert "model.bin" in said
    assert (files.path / manifest.NAME).exists()


@pytest.mark.parametrize("moment", ["run", "manifest.write_manifest", "manifest.publish"])
def test_a_killed_process_leaves_no_half_model(
    hub: LocalHub, tmp_path: Path, zipped: bytes, moment: str
) -> None:
    spec = spec_for(hub.serve_file("opus.zip", zipped))
    script = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from service.models import store
        from tests.unit.models.test_store_archive import spec_for
        def stop(*args, **kwargs):
            print("there", flush=True)
            time.sleep(60)
        store.{moment} = stop
        store.Store(Path({str(tmp_path)!r})).ensure(spec_for({spec.repository!r}))
        """
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    store = Store(tmp_path, offline=True)
    assert store.locate(spec) is None
    assert [p.name[0] for p in (tmp_path / "ct2").iterdir()] == ["."], "work that was left"
    files = store.ensure(spec)
    assert list((tmp_path / "ct2").iterdir()) == [files.path]
    assert hub.fetched() == ["opus.zip"]


def test_a_conversion_child_does_not_outlive_its_parent(
    hub: LocalHub, tmp_path: Path, zipped: bytes
) -> None:
    """The child of a killed parent ends too, and its work is thrown away at the next start."""
    spec = spec_for(hub.serve_file("opus.zip", zipped))
    script = textwrap.dedent(
        f"""
        import subprocess
        from pathlib import Path
        from service.models.store import Store
        from tests.unit.models.test_store_archive import spec_for
        start = subprocess.Popen
        def announce(*args, **kwargs):
            child = start(*args, **kwargs)
            print(child.pid, flush=True)
            return child
        subprocess.Popen = announce
        Store(Path({str(tmp_path)!r})).ensure(spec_for({spec.repository!r}))
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    pause = threading.Event()
    for _ in range(200):
        if not _runs(child):
            break
        pause.wait(0.1)
    else:
        pytest.fail("the child still runs")
    assert Store(tmp_path).ensure(spec).bytes_on_disk


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (ProcessLookupError, FileNotFoundError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_cancelling_ends_a_conversion(hub: LocalHub, tmp_path: Path, zipped: bytes) -> None:
    spec = spec_for(hub.serve_file("opus.zip", zipped))
    cancelled = threading.Event()
    states: list[str] = []

    def report(progress: Progress) -> None:
        states.append(progress.state)
        if progress.state == "converting":
            cancelled.set()

    store = Store(tmp_path)
    with pytest.raises(ShuttingDown):
        store.ensure(spec, report, cancelled)
    assert states[0] == "downloading"
    assert store.locate(spec) is None
    assert list((tmp_path / "ct2").iterdir()) == []


def test_a_download_that_breaks_off_is_resumed_and_counted(
    hub: LocalHub, tmp_path: Path, zipped: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_file, "CHUNK_BYTES", 50_000)
    spec = spec_for(hub.serve_file("opus.zip", zipped))
    hub.fail("opus.zip", Fault(cut_after=200_000, times=1))
    seen: list[Progress] = []
    Store(tmp_path).ensure(spec, seen.append)
    assert [s.range for s in hub.requests] == [None, "bytes=200000-"]
    downloaded = [p for p in seen if p.total_bytes]
    assert downloaded[-1].done_bytes == downloaded[-1].total_bytes == len(zipped)


def test_a_later_process_resumes_the_download(
    hub: LocalHub, tmp_path: Path, zipped: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_file, "ATTEMPTS", 1)
    spec = spec_for(hub.serve_file("opus.zip", zipped))
    hub.fail("opus.zip", Fault(cut_after=200_000, times=1))
    assert "could not be fetched" in reason(Store(tmp_path), spec)
    Store(tmp_path).ensure(spec)
    assert [s.range for s in hub.requests] == [None, "bytes=200000-"]


def test_two_versions_of_an_archive_are_never_joined(
    hub: LocalHub, tmp_path: Path, zipped: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_file, "ATTEMPTS", 1)
    spec = spec_for(hub.serve_file("opus.zip", b"x" * 300_000))
    hub.fail("opus.zip", Fault(cut_after=200_000, times=1))
    reason(Store(tmp_path), spec)
    hub.serve_file("opus.zip", zipped)
    assert Store(tmp_path).ensure(spec).revision == hashlib.sha256(zipped).hexdigest()


@pytest.mark.parametrize(
    ("fault", "words"),
    [(Fault(status=404), "answered 404"), (Fault(status=503), "answered 503")],
)
def test_what_the_server_refuses_is_said_in_plain_words(
    hub: LocalHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    words: str,
) -> None:
    monkeypatch.setattr("service.models.progress.Watch.pause", lambda self, seconds: None)
    hub.fail("opus.zip", fault)
    assert words in reason(Store(tmp_path), spec_for(hub.serve_file("opus.zip", b"x")))


def test_an_archive_out_of_reach_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_file, "ATTEMPTS", 1)
    said = reason(Store(tmp_path), spec_for("http://127.0.0.1:1/opus.zip"))
    assert "http://127.0.0.1:1/opus.zip could not be fetched" in said
    assert "LUR_OFFLINE=1" in said


def test_only_https_or_loopback_is_fetched(tmp_path: Path) -> None:
    assert "is not HTTPS" in reason(Store(tmp_path), spec_for("http://example.org/a.zip"))
    assert "is not HTTPS" in reason(Store(tmp_path), spec_for("file:///etc/passwd"))


def test_an_archive_that_changed_is_refused(hub: LocalHub, copied: tuple[Path, ModelSpec]) -> None:
    root, spec = copied
    url = hub.serve_file("opus.zip", zip_of({"decoder.yml": b"{}"}))
    pinned = spec_for(url, sha256="0" * 64)
    assert "sha256" in reason(Store(root), pinned)
    (root / "archives" / "opus%20tiny%2Fhy.zip").unlink()
    record = root / "archives" / "opus%20tiny%2Fhy.json"
    record.write_text(record.read_text().replace(spec.repository, url))
    shutil.rmtree(root / "ct2")
    said = reason(Store(root), spec_for(url))
    assert str(record) in said


LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 10)) for c in range(98, 108)
)
LAUGHS += b"models: [*k]\nvocabs: [*k]\n"
"""Eleven lines that are ten thousand million words, written out."""


def damaged(content: bytes) -> bytes:
    """Returns a zip whose last member, stored or deflated, has other bytes than it should."""
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        last = max(zipped.infolist(), key=lambda entry: entry.header_offset)
        end = zipped.start_dir
    middle = (last.header_offset + 30 + len(last.filename) + end) // 2
    return (
        content[: middle - 3]
        + bytes(b ^ 0xFF for b in content[middle - 3 : middle])
        + content[middle:]
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda right: b"<html>maintenance, back soon</html>", "no whole zip"),
        (lambda right: right[:-100], "no whole zip"),
        (lambda right: damaged(zip_of({"decoder.yml": LAUGHS * 9})), "no whole zip"),
        (lambda right: zip_of({"README.md": b"moved"}), "holds no decoder.yml"),
    ],
    ids=["a page", "cut off", "damaged", "another zip"],
)
def test_a_first_answer_that_is_no_archive_is_not_recorded(
    hub: LocalHub, tmp_path: Path, zipped: bytes, answer: Callable[[bytes], bytes], words: str
) -> None:
    spec = spec_for(hub.serve_file("opus.zip", zipped))
    hub.fail("opus.zip", Fault(body=answer(zipped), times=1))
    said = reason(Store(tmp_path), spec)
    assert words in said
    assert spec.repository in said
    assert list((tmp_path / "archives").iterdir()) == []
    assert Store(tmp_path).ensure(spec).revision == hashlib.sha256(zipped).hexdigest()


def test_a_kept_archive_that_cannot_be_used_says_what_to_remove(
    copied: tuple[Path, ModelSpec],
) -> None:
    root, spec = copied
    archive, record = (root / "archives" / f"opus%20tiny%2Fhy.{end}" for end in ("zip", "json"))
    archive.write_bytes(b"<html>maintenance, back soon</html>")
    wrong, right = hashlib.sha256(archive.read_bytes()).hexdigest(), Store(root).locate(spec)
    assert right is not None
    record.write_text(record.read_text().replace(right.revision, wrong))
    said = reason(Store(root, offline=True), spec)
    assert f"{archive} cannot be used: it is no whole zip" in said
    assert f"remove it and {record}" in said


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_whatever_is_damaged_in_a_zip_it_is_refused_in_plain_words(
    tmp_path: Path, method: int
) -> None:
    file, refused = tmp_path / "a.zip", 0
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr("decoder.yml", b"models: [m.npz]\n" * 8)
        made.writestr("\u0561.yml", b"x: 1\n" * 8)
    content = file.read_bytes()
    for place, mask in itertools.product(range(len(content)), (8, 255)):
        changed = bytearray(content)
        changed[place] ^= mask
        file.write_bytes(changed)
        try:
            unpack(file, tmp_path / f"{place} {mask}")
        except DownloadError:
            refused += 1
    assert refused > len(content) / 2


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_is_stored_or_deflated(tmp_path: Path, method: int) -> None:
    """What else `zipfile` reads fails in ways that cannot be told from the disk's."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as made:
        made.writestr("decoder.yml", b"models: [m.npz]\n")
    with pytest.raises(DownloadError, match=r"'decoder\.yml' cannot be read"):
        unpack(tmp_path / "a.zip", tmp_path)


def test_two_quantizations_share_one_download(hub: LocalHub, tmp_path: Path, zipped: bytes) -> None:
    url = hub.serve_file("opus.zip", zipped)
    held = hub.fail("opus.zip", Fault(hold_after=200_000, hold=threading.Event(), times=1))
    assert held.hold is not None
    half_way, waiting = threading.Event(), threading.Event()
    found: dict[str, str] = {}

    def ensure(quantization: str, report: Callable[[Progress], None]) -> None:
        row = spec_for(url, quantization=quantization)
        found[quantization] = Store(tmp_path).ensure(row, report).revision

    def first(progress: Progress) -> None:
        if progress.done_bytes:
            half_way.set()

    one = threading.Thread(target=ensure, args=("int8", first))
    one.start()
    assert half_way.wait(20)
    two = threading.Thread(target=ensure, args=("float32", lambda progress: waiting.set()))
    two.start()
    assert waiting.wait(20)
    held.hold.set()
    one.join(120)
    two.join(120)
    assert found == dict.fromkeys(("int8", "float32"), hashlib.sha256(zipped).hexdigest())
    assert hub.fetched() == ["opus.zip"]


def test_offline_without_an_archive_says_how_to_fetch_it(hub: LocalHub, tmp_path: Path) -> None:
    spec = spec_for(hub.serve_file("opus.zip", b""))
    assert "lur pull opus tiny/hy" in reason(Store(tmp_path, offline=True), spec)
    assert hub.requests == []


def _link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        entry = zipfile.ZipInfo("source.spm")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(entry, "/etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: b"no zip", "no whole zip"),
        (lambda: zip_of({"../../decoder.yml": b"{}"}), "outside itself"),
        (lambda: zip_of({"/decoder.yml": b"{}"}), "outside itself"),
        (lambda: zip_of({"..\\decoder.yml": b"{}"}), "outside itself"),
        (lambda: zip_of({"C:/decoder.yml": b"{}"}), "outside itself"),
        (lambda: zip_of({".": b""}), "outside itself"),
        (_link, "holds a link"),
        (lambda: zip_of({"a.npz": b"\0" * 200_000_000}), "would unpack to"),
        (lambda: zip_of({f"{i:0100}": b"" for i in range(9000)}), "list of members is too long"),
        (lambda: zip_of({"decoder.yml": LAUGHS}), "it lacks source.spm"),
        (lambda: zip_of({"decoder.yml": b"[" * 100_000}), "decoder.yml cannot be read"),
        (lambda: zip_of({"README.md": b""}), "holds no decoder.yml"),
        (lambda: zip_of({"decoder.yml": b"models: ["}), "decoder.yml cannot be read"),
        (lambda: zip_of({"decoder.yml": b"models: [../../x]\nvocabs: [y]"}), "../../x"),
        (lambda: make_archive(CHECKPOINT, extra={"model.npz": b"junk"}), "does not convert"),
    ],
)
def test_an_archive_that_cannot_be_trusted_is_refused(
    hub: LocalHub, tmp_path: Path, content: Callable[[], bytes], words: str
) -> None:
    store, spec = Store(tmp_path), spec_for(hub.serve_file("opus.zip", content()))
    assert words in reason(store, spec)
    assert store.locate(spec) is None
    assert list((tmp_path / "ct2").iterdir()) == []


def test_an_archive_larger_than_the_limit_is_not_written(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_file, "MAX_BYTES", 1000)
    spec = spec_for(hub.serve_file("opus.zip", b"x" * 2000))
    assert "larger than" in reason(Store(tmp_path), spec)
    assert all(p.stat().st_size <= 1000 for p in tmp_path.rglob("*") if p.is_file())


def test_an_archive_may_lie_in_a_folder_of_its_own(hub: LocalHub, tmp_path: Path) -> None:
    content = make_archive(CHECKPOINT, top="opus-2021/")
    assert Store(tmp_path).ensure(spec_for(hub.serve_file("opus.zip", content))).bytes_on_disk


def test_a_full_disk_is_said_so_and_nothing_is_left(
    hub: LocalHub, tmp_path: Path, zipped: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_for(hub.serve_file("opus.zip", zipped))

    def full(path: Path, said: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(manifest, "write_manifest", full)
    assert reason(Store(tmp_path), spec) == f"the disk that holds {tmp_path} is full"
    assert list((tmp_path / "ct2").iterdir()) == []
