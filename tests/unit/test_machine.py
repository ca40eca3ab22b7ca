import os
from pathlib import Path

import pytest

from service.machine import memory_limit_bytes, usable_cpus

AFFINITY = 8


@pytest.fixture(autouse=True)
def _eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(AFFINITY)), raising=False)


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


OWN = {"proc/self/cgroup": "0::/"}
NESTED = {"proc/self/cgroup": "0::/pod/lur"}
MEMINFO = {"proc/meminfo": "MemTotal:        8388608 kB\nMemFree: 1 kB"}


def cpus(root: Path, omp: str | None = None) -> int:
    return usable_cpus({} if omp is None else {"OMP_NUM_THREADS": omp}, root)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, AFFINITY),  # no control groups at all
        (OWN, AFFINITY),
        (OWN | {"sys/fs/cgroup/cpu.max": "max 100000"}, AFFINITY),
        (OWN | {"sys/fs/cgroup/cpu.max": "200000 100000"}, 2),
        (OWN | {"sys/fs/cgroup/cpu.max": "390000 100000"}, 3),
        (OWN | {"sys/fs/cgroup/cpu.max": "50000 100000"}, 1),
        (OWN | {"sys/fs/cgroup/cpu.max": "6400000 100000"}, AFFINITY),
        (OWN | {"sys/fs/cgroup/cpu.max": "nonsense"}, AFFINITY),
        (NESTED | {"sys/fs/cgroup/pod/lur/cpu.max": "400000 100000"}, 4),
        (
            NESTED
            | {
                "sys/fs/cgroup/pod/lur/cpu.max": "400000 100000",
                "sys/fs/cgroup/pod/cpu.max": "200000 100000",
            },
            2,
        ),
        ({"proc/self/cgroup": "0::/../x", "sys/fs/cgroup/cpu.max": "300000 100000"}, 3),
    ],
)
def test_cpus_are_bounded_by_the_affinity_and_every_quota_around_the_process(
    tmp_path: Path, files: dict[str, str], expected: int
) -> None:
    assert cpus(tree(tmp_path, files)) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", AFFINITY), ("250000", 2)])
def test_a_quota_of_the_older_control_groups_counts_too(
    tmp_path: Path, quota: str, expected: int
) -> None:
    files = {
        "proc/self/cgroup": "3:cpuset:/\n2:cpu,cpuacct:/docker/x\n0::/",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota,
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    }
    assert cpus(tree(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("omp", "expected"),
    [("3", 3), ("2,4", 2), ("64", AFFINITY), ("0", AFFINITY), ("", AFFINITY), ("many", AFFINITY)],
)
def test_the_variable_of_openmp_lowers_the_count_and_never_raises_it(
    tmp_path: Path, omp: str, expected: int
) -> None:
    assert cpus(tmp_path, omp) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        (MEMINFO, 8 * 1024**3),
        (MEMINFO | OWN | {"sys/fs/cgroup/memory.max": "max"}, 8 * 1024**3),
        (MEMINFO | OWN | {"sys/fs/cgroup/memory.max": "2000000000"}, 2_000_000_000),
        (MEMINFO | NESTED | {"sys/fs/cgroup/pod/memory.max": "1000000000"}, 1_000_000_000),
        (
            MEMINFO
            | {
                "proc/self/cgroup": "4:memory:/x",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            },
            8 * 1024**3,
        ),
        (
            MEMINFO
            | {
                "proc/self/cgroup": "4:memory:/x",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "3000000000",
            },
            3_000_000_000,
        ),
    ],
)
def test_memory_is_bounded_by_the_machine_and_every_group_around_the_process(
    tmp_path: Path, files: dict[str, str], expected: int | None
) -> None:
    assert memory_limit_bytes(tree(tmp_path, files)) == expected


def test_without_arguments_this_machine_is_asked() -> None:
    assert 1 <= usable_cpus() <= AFFINITY
