"""How much of this machine the process may use: CPUs and memory, as the container allows them.

Knows Linux' control groups (both versions) and the environment variable of OpenMP, and nothing of
models. Elsewhere it falls back on what Python knows.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["memory_limit_bytes", "usable_cpus"]

ROOT = Path("/")


def usable_cpus(environment: Mapping[str, str] | None = None, root: Path = ROOT) -> int:
    """Returns how many threads can compute at once without taking turns; at least 1.

    The least of: the CPUs this process may run on (`sched_getaffinity`, which follows a cpuset),
    the CPU quota of its control groups, rounded down (a thread beyond the quota makes the kernel
    stop all of them until the period ends), and `OMP_NUM_THREADS`, by which an operator says so.

    Args:
        environment: where `OMP_NUM_THREADS` is looked up; this process's own by default.
        root: the directory that holds `proc` and `sys`.
    """
    limits = [_affinity()]
    named = os.environ if environment is None else environment
    if wanted := _first_number(named.get("OMP_NUM_THREADS", "")):
        limits.append(wanted)
    limits += [int(quota) for quota in _cpu_quotas(root)]
    return max(1, min(limits))


def memory_limit_bytes(root: Path = ROOT) -> int | None:
    """Returns how much memory this process may take: its control groups' limit or the machine's.

    None where neither is known (no Linux). Other processes' use is not subtracted.
    """
    limits = list(_memory_limits(root))
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemTotal:"):
            limits.append(int(line.split()[1]) * 1024)  # the file says kB and means KiB
    return min(limits, default=None)


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _first_number(listed: str) -> int | None:
    """OpenMP takes a list, one number a nesting level; the first one counts here."""
    first = listed.split(",", maxsplit=1)[0].strip()
    return int(first) if first.isdecimal() else None


def _cpu_quotas(root: Path) -> Iterator[float]:
    """CPUs that each control group of this process may use on average."""
    for directory in _groups(root, "cpu"):
        v2 = _words(directory / "cpu.max")  # "max 100000" or "150000 100000": quota and period
        v1 = _words(directory / "cpu.cfs_quota_us") + _words(directory / "cpu.cfs_period_us")
        for words in (v2, v1):  # of version 1, -1 is no quota
            if len(words) == 2 and all(map(str.isdecimal, words)) and int(words[1]) > 0:
                yield int(words[0]) / int(words[1])


def _memory_limits(root: Path) -> Iterator[int]:
    """Limits of each control group; a huge one (version 1 without a limit) hurts nobody."""
    for directory in _groups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            words = _words(directory / name)
            if words and words[0].isdecimal():  # not "max"
                yield int(words[0])


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The directories of this process's control groups and of all groups around them.

    A limit of an outer group holds inside. In a container without a namespace of its own the path
    is the host's: then only the mount's top exists, and it is the container's.
    """
    for line in _lines(root / "proc/self/cgroup"):  # "0::/a/b", or "4:memory:/a/b"
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top = root / "sys/fs/cgroup"
        elif controller in controllers.split(","):
            top = root / "sys/fs/cgroup" / controller
        else:
            continue
        steps = [step for step in path.split("/") if step]
        if ".." in steps:  # a group outside of our namespace
            steps = []
        for depth in range(len(steps), -1, -1):
            yield top.joinpath(*steps[:depth])


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except OSError:
        return []
