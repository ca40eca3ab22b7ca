"""A conversion is held to its limits, and told nothing that it need not know."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from service.engines import convert
from service.engines.confinement import Limits, limits_for
from service.engines.convert import ConversionFailed, Request
from service.models.archive import unpack
from service.models.checkpoint import describe_archive
from tests.opus_archive import make_archive

CHECKPOINT = Path(__file__).parents[1] / "tinylang" / "checkpoints" / "opus-mt-tiny-en-hy"

ROOM = Limits(seconds=100, memory_bytes=4 * 2**30, file_bytes=2**30)

LOOK = """
import json, resource, socket
from service.engines.confinement import Limits, confine
confine(Limits(seconds=1, memory_bytes=2**30, file_bytes=1000))
found = {}
def tried(name, work):
    try:
        work()
        found[name] = "done"
    except BaseException as error:
        found[name] = f"{type(error).__name__}: {error}"
tried("memory", lambda: bytearray(2**31))
big = open("big", "wb", buffering=0)
tried("file", lambda: [big.write(bytes(600)), big.write(bytes(400)), big.write(b"x")])
tried("connect", lambda: socket.create_connection(("127.0.0.1", 9)))
found["core"] = resource.getrlimit(resource.RLIMIT_CORE)[1]
print(json.dumps(found))
"""


def test_memory_files_cores_and_the_network_are_bounded(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    out = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(out.stdout)
    assert found["memory"].startswith("MemoryError")
    assert "File too large" in found["file"]
    assert "a conversion has no network" in found["connect"]
    assert found["core"] == 0


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    (tmp_path / "a.zip").write_bytes(make_archive(CHECKPOINT))
    source = unpack(tmp_path / "a.zip", tmp_path / "source")
    return Request(
        form="archive",
        source=str(source),
        target=str(tmp_path / "model"),
        quantization="int8",
        description=describe_archive(source),
    )


def test_a_conversion_that_takes_too_long_is_ended(request_: Request) -> None:
    hurried = msgspec.structs.replace(request_, limits=msgspec.structs.replace(ROOM, seconds=0.0))
    with pytest.raises(ConversionFailed, match="it took more than 0 s"):
        convert.run(hurried)


def test_a_file_that_grows_too_large_is_the_disks_error(request_: Request) -> None:
    narrow = msgspec.structs.replace(ROOM, file_bytes=100_000)
    with pytest.raises(OSError, match="File too large"):
        convert.run(msgspec.structs.replace(request_, limits=narrow))


def test_too_little_memory_is_said_in_words_or_ends_the_child(request_: Request) -> None:
    narrow = msgspec.structs.replace(ROOM, memory_bytes=48 * 2**20)
    with pytest.raises(ConversionFailed) as caught:
        convert.run(msgspec.structs.replace(request_, limits=narrow))
    assert "Traceback" not in caught.value.reason


def test_the_child_is_told_no_secret_and_no_proxy(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_TOKEN", "LUR_API_KEYS_FILE", "HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    real, seen = subprocess.Popen, {}

    def note(*arguments: object, **options: object) -> object:
        seen.update(options["env"])  # type: ignore[call-overload]
        return real(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", note)
    convert.run(request_)
    assert "secret" not in seen.values()
    assert seen["HF_HUB_OFFLINE"] == "1"


def test_limits_grow_with_the_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"x")
    small = limits_for(tmp_path)
    with (tmp_path / "weights").open("r+b") as file:
        file.truncate(2**30)
    large = limits_for(tmp_path)
    assert large.memory_bytes - small.memory_bytes > 7 * 2**30
    assert large.file_bytes - small.file_bytes >= 2**31
    assert 600 < small.seconds < large.seconds
