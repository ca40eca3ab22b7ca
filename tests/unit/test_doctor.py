"""What is said at a start, and by `lur doctor`, of memory, cache and network."""

import logging
from pathlib import Path

import pytest

from service.core import Core, build_core
from service.doctor import SERVICE_BYTES, at_start, memory
from service.settings import Settings

BUNDLED = Path(__file__).parents[2] / "model_cache" / "bundled"
GB = 10**9


def core_of(tmp_path: Path, profile: str = "bundled", **settings: object) -> Core:
    return build_core(Settings.read({}, model_cache=tmp_path, profile=profile, **settings))


def weights(core: Core) -> list[int]:
    return [core.store.bytes_on_disk(spec) for spec in core.catalog.routed()]


def test_enough_memory_is_good_and_unknown_memory_too(tmp_path: Path) -> None:
    core = core_of(tmp_path)
    assert memory(core, GB).good
    assert memory(core, None).good
    needed = SERVICE_BYTES + 2 * sum(weights(core))  # small models work in as much again
    assert memory(core, needed).good
    assert not memory(core, needed - 1).good


def test_too_little_memory_names_need_limit_and_what_to_set(tmp_path: Path) -> None:
    core = core_of(tmp_path)
    needed = SERVICE_BYTES + 2 * sum(weights(core))
    said = memory(core, 128 * 2**20).message
    assert f"need about {needed / 1e6:.0f} MB" in said
    assert "may take 134 MB" in said
    assert "raise the container's limit" in said
    assert "LUR_PROFILE" not in said  # there is no smaller one
    assert "LUR_PROFILE" in memory(core_of(tmp_path, profile="light"), 128 * 2**20).message


def test_a_budget_is_proposed_where_it_helps_and_then_helps(tmp_path: Path) -> None:
    limit = SERVICE_BYTES + 2 * max(weights(core_of(tmp_path))) + 1000
    said = memory(core_of(tmp_path), limit).message
    smaller = (limit - SERVICE_BYTES) // 2
    assert f"LUR_MEMORY_BUDGET_BYTES={smaller}" in said
    assert memory(core_of(tmp_path, memory_budget_bytes=smaller), limit).good
    assert "while it is busy requests for another wait, then get 503" in said
    too_little = memory(core_of(tmp_path), limit - 2000)  # the largest alone does not fit
    assert not too_little.good
    assert "LUR_MEMORY_BUDGET_BYTES" not in too_little.message


def test_a_start_with_all_models_on_disk_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.chmod(0o555)  # bundled models need no cache
    try:
        assert at_start(core_of(tmp_path)) == []
    finally:
        tmp_path.chmod(0o755)
    assert caplog.records == []


def test_a_start_without_its_models_says_what_keeps_them_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    cache = tmp_path / "file" / "cache"  # nobody can make that, root neither
    core = build_core(Settings.read({}, model_cache=cache, profile="light", offline=True))
    with caplog.at_level(logging.WARNING):
        said = {finding.what: finding.message for finding in at_start(core)}
    assert "LUR_MODEL_CACHE" in said[f"model cache {cache}"]
    assert "LUR_OFFLINE" in said["network"]
    assert "opus-mt-en-hy" in said["network"]
    logged = {record.what: record.reason for record in caplog.records}  # type: ignore[attr-defined]
    assert logged.items() >= said.items()
    assert {record.message for record in caplog.records} == {"start_in_doubt"}


def test_a_start_makes_no_cache(tmp_path: Path) -> None:
    cache = tmp_path / "some" / "cache"
    core = build_core(Settings.read({}, model_cache=cache, profile="light", offline=True))
    assert [finding.what for finding in at_start(core) if "cache" in finding.what] == []
    assert list(tmp_path.iterdir()) == []
