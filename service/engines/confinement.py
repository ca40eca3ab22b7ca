"""What a conversion may take of the machine, and how its process is held to it.

A checkpoint comes from strangers, and libraries read it: a pickle with `weights_only`, archives,
vocabularies. Should one of them be led astray, it dies with its parent, reaches no network and
fills neither the memory nor the disk. It knows nothing of what is converted.
"""

import ctypes
import resource
import signal
import sys
from pathlib import Path

import msgspec

__all__ = ["Limits", "confine", "limits_for"]

MIB = 2**20

PR_SET_PDEATHSIG = 1
"""`prctl(2)`."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one conversion.

    Attributes:
        seconds: by the clock; the parent looks after it.
        memory_bytes: of private writable memory (`RLIMIT_DATA`), so without files that are mapped.
        file_bytes: of any one file that is written.
    """

    seconds: float
    memory_bytes: int
    file_bytes: int
    open_files: int = 1024


def limits_for(source: Path) -> Limits:
    """Returns generous limits for converting what lies in the directory `source`.

    Measured with two threads: 0.42 GB of private memory for a checkpoint of 3 MB, 1.06 GB for one
    of 304 MB in float32 (opus-mt-en-fr), so 2.1 times its size, and twice that for float16; 41 s
    for the latter on a busy machine. Four gigabytes are for the stacks of many threads.
    """
    size = sum(file.stat().st_size for file in source.rglob("*") if file.is_file())
    return Limits(
        seconds=600 + size / (MIB / 2),
        memory_bytes=4096 * MIB + 8 * size,
        file_bytes=64 * MIB + 4 * size,
    )


def confine(limits: Limits) -> None:
    """Holds this process, and what it starts, to `limits` for good; it must do so first.

    It dies when the thread that started it ends, where the kernel can do that (Linux).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_DATA, limits.memory_bytes),
    ):
        _, most = resource.getrlimit(kind)
        bound = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(kind, (bound, bound))
    sys.addaudithook(_refuse_network)


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.bind"}:
        raise PermissionError(f"{event}: a conversion has no network")
