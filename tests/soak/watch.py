"""Looks at the server's processes: memory, threads, descriptors; and says whether they are flat."""

import statistics
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Sample", "growth", "sample"]

WARM_UP = 0.2
"""The first part of a run, in which models load, arenas grow and caches fill."""

MAX_GROWTH = {"rss_mb": (1.15, 64.0), "threads": (1.25, 8.0), "descriptors": (1.25, 32.0)}
"""What the median of the last third may be of that of the first after the warm-up: so many times
that, and so much more. An engine that hangs keeps its threads and weights until it comes back."""


@dataclass(frozen=True, slots=True)
class Sample:
    """All processes of the server together."""

    rss_mb: float
    threads: int
    descriptors: int


def sample(pid: int) -> Sample:
    """Measures a process and its children (proc(5))."""
    pids, rss, threads, descriptors = [pid], 0.0, 0, 0
    for one in pids:
        root = Path(f"/proc/{one}")
        try:
            status = dict(
                line.split(":\t", 1) for line in (root / "status").read_text().splitlines()
            )
            descriptors += len(list((root / "fd").iterdir()))
            for task in (root / "task").iterdir():
                pids += map(int, (task / "children").read_text().split())
        except OSError:  # it has ended meanwhile
            continue
        rss += int(status["VmRSS"].split()[0]) / 1024
        threads += int(status["Threads"])
    return Sample(rss, threads, descriptors)


def growth(samples: list[Sample]) -> dict[str, tuple[float, float, bool]]:
    """Returns by name the median of the first and of the last third, and whether it is flat."""
    steady = samples[int(len(samples) * WARM_UP) :]
    third = max(1, len(steady) // 3)
    found = {}
    for name, (times, more) in MAX_GROWTH.items():
        first = statistics.median(getattr(one, name) for one in steady[:third])
        last = statistics.median(getattr(one, name) for one in steady[-third:])
        found[name] = (first, last, last <= first * times + more)
    return found
