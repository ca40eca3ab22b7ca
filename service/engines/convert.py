"""Converts one checkpoint to CTranslate2, in a child process of its own: the parent's side.

`run` starts the child (`python -m service.engines.conversion`) and waits for it; importing this
module loads neither torch nor `transformers`. The child is given a `Request` as one line of JSON
and answers with a `Converted` or a `Refusal`. Knows nothing of where a checkpoint came from or
where the model will go.
"""

import contextlib
import errno
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from service.engines.base import Description
from service.engines.confinement import Limits, limits_for
from service.engines.language_tokens import language_fault

__all__ = [
    "DISK_ERRORS",
    "MISSING_EXTRA",
    "ConversionFailed",
    "Converted",
    "Refusal",
    "Request",
    "converts_checkpoints",
    "language_fault",
    "run",
]

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""Errors of the disk under the new model, not of the checkpoint."""

MISSING_EXTRA = (
    "converting needs more libraries: pip install '.[convert]' in the checkout, "
    "or the image that is built with --target full"
)
"""What an installation lacks that only serves, for an operator."""

HANDED_ON = frozenset({
    "COVERAGE_PROCESS_CONFIG",
    "COVERAGE_PROCESS_START",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "PATH",
    "PYTHONHOME",
    "PYTHONNOUSERSITE",
    "PYTHONPATH",
    "PYTHONUSERBASE",
    "VIRTUAL_ENV",
})  # fmt: skip
"""All that the child is told of the environment: no keys, no tokens, no proxies."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One conversion.

    Attributes:
        form: `checkpoint`: the hub's layout; `archive`: an unpacked OPUS-MT zip.
        description: with the language tokens that the row wants, so that the check uses them.
        trim_target: leave out of the decoder what the target language does not use, where that
            is known and much; see `target_vocabulary`.
        limits: what it may take; `run` sets them where they are not given.
    """

    form: Literal["checkpoint", "archive"]
    source: str
    target: str
    quantization: str
    description: Description
    trim_target: bool = True
    limits: Limits | None = None


class Converted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What was made.

    Attributes:
        language_tokens: the language tokens in its vocabulary; empty for a model of one pair.
        deviation: what the check measured, in nats a token; `None` where there is no reference.
        trimmed: how many pieces the decoder lost of its vocabulary; 0 where it is whole.
        whole_because: what was wrong with the trimmed decoder, where one was made and not taken.
        versions: of the libraries that took part.
    """

    language_tokens: tuple[str, ...]
    deviation: float | None
    trimmed: int = 0
    whole_because: str = ""
    versions: dict[str, str]


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Why nothing was made, in words for an operator.

    Attributes:
        disk_error: one of `DISK_ERRORS` where the disk is to blame, else 0.
    """

    reason: str
    disk_error: int = 0


class ConversionFailed(Exception):
    """The child made nothing. `reason` is for an operator, `log` the end of what it printed."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(f"{reason}\n{log}" if log else reason)
        self.reason, self.log = reason, log


def converts_checkpoints() -> bool:
    """Returns whether torch is there, and imports nothing. Archives convert without it."""
    return importlib.util.find_spec("torch") is not None


def run(request: Request, on_wait: Callable[[], None] = lambda: None) -> Converted:
    """Converts in a child process and waits for it.

    Args:
        request: what to convert; `request.target` must not exist.
        on_wait: called several times a second; what it raises ends the child and is passed on.

    Raises:
        ConversionFailed: the child refused, failed, was killed or took too long.
        OSError: the disk under `request.target` did not take the model.
    """
    limits = request.limits or limits_for(Path(request.source))
    request = msgspec.structs.replace(request, limits=limits)
    folder = Path(request.target).parent
    with tempfile.TemporaryFile(dir=folder) as out, tempfile.TemporaryFile(dir=folder) as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "service.engines.conversion"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=log,
            env=_environment(folder),
        )
        assert child.stdin is not None
        with child.stdin as pipe:
            try:
                with contextlib.suppress(BrokenPipeError):
                    pipe.write(msgspec.json.encode(request) + b"\n")
                    pipe.flush()
                _wait(child, on_wait, limits.seconds)
            finally:
                child.kill()
                child.wait()
        return _answer(child.returncode, _read(out), _read(log).decode(errors="replace")[-4000:])


def _environment(folder: Path) -> dict[str, str]:
    """Returns the child's environment: ours as far as it needs it, and no network."""
    root = str(Path(__file__).resolve().parents[2])
    handed = {name: value for name, value in os.environ.items() if name in HANDED_ON}
    return handed | {
        "PYTHONPATH": os.pathsep.join(filter(None, (root, handed.get("PYTHONPATH")))),
        # Nothing is fetched while converting, whatever a checkpoint's configuration names, and the
        # token that the hub's client keeps in its home is not found.
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hf-home"),
        "TMPDIR": str(folder),
        "CUDA_VISIBLE_DEVICES": "",
    }


def _wait(child: subprocess.Popen[bytes], on_wait: Callable[[], None], seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            child.wait(0.1)
            return
        except subprocess.TimeoutExpired:
            on_wait()
        if time.monotonic() > until:
            raise ConversionFailed(f"the conversion was ended: it took more than {seconds:.0f} s")


def _read(file: Any) -> bytes:
    file.seek(0)
    content: bytes = file.read()
    return content


def _answer(code: int, out: bytes, log: str) -> Converted:
    if code < 0:
        hint = "; is there enough memory?" if code == -9 else ""
        raise ConversionFailed(f"the conversion was ended by signal {-code}{hint}", log)
    try:
        answer = msgspec.json.decode(out, type=Converted | Refusal)
    except msgspec.DecodeError:
        raise ConversionFailed("the conversion failed; the log says more", log) from None
    if isinstance(answer, Refusal):
        if answer.disk_error:
            raise OSError(answer.disk_error, os.strerror(answer.disk_error))
        raise ConversionFailed(answer.reason, log)
    return answer
