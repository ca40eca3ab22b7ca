import json
import re
from collections.abc import Mapping, Sequence

import pytest
from click.testing import CliRunner

from service.bench.advice import advise, layouts
from service.bench.measure import Figure, Measured
from service.bench.run import Bench, table
from service.cli import main
from service.engines.base import Layout
from service.models.catalog import Profile
from service.settings import Settings

GB = 10**9
PROFILES: Mapping[Profile, Sequence[str]] = {"standard": ["big"], "light": ["m"], "bundled": ["b"]}


def exactly(value: float) -> Figure:
    return Figure(value, value, value)


def measured(
    workers: int,
    threads: int,
    per_s: float,
    alone_ms: float = 50.0,
    model: str = "m",
    unit: str = "sentence",
    memory: int | None = 100_000_000,
) -> Measured:
    return Measured(
        model=model,
        unit=unit,
        workers=workers,
        threads=threads,
        alone_ms=exactly(alone_ms),
        per_s=exactly(per_s),
        tokens_per_s=exactly(per_s * 25),
        memory_bytes=memory,
        process_bytes=50_000_000,
    )


@pytest.mark.parametrize(
    ("cpus", "expected"),
    [
        (1, [(1, 1)]),
        (2, [(1, 1), (2, 1), (1, 2)]),
        (6, [(1, 1), (6, 1), (3, 2), (1, 4)]),
        (8, [(1, 1), (8, 1), (4, 2), (2, 4), (1, 8)]),
    ],
)
def test_layouts_begin_with_one_thread_and_never_oversubscribe(
    cpus: int, expected: list[tuple[int, int]]
) -> None:
    assert layouts(cpus) == [Layout(*each) for each in expected]


def test_the_layout_with_the_most_texts_a_second_is_chosen() -> None:
    figures = [measured(1, 1, 20), measured(2, 1, 36), measured(1, 2, 25)]
    advice = advise(figures, PROFILES, 4 * GB)
    assert (advice.settings["LUR_WORKERS"], advice.settings["LUR_THREADS"]) == ("2", "1")
    assert advice.scaling == {"m": 1.8}
    assert advice.articles_per_minute == {"m": 36 * 60 / 20}


def test_of_equal_layouts_the_one_that_answers_sooner_is_chosen() -> None:
    figures = [measured(1, 1, 20), measured(4, 1, 60, 80), measured(2, 2, 58, 40)]
    assert advise(figures, PROFILES, 4 * GB).settings["LUR_THREADS"] == "2"


def test_every_model_counts_as_much_however_fast_it_is() -> None:
    slow = [measured(1, 1, 1, model="s"), measured(2, 1, 1.0, model="s")]
    slow.append(measured(1, 2, 2, model="s"))
    fast = [measured(1, 1, 100), measured(2, 1, 130), measured(1, 2, 110)]
    assert advise([*slow, *fast], PROFILES, 4 * GB).settings["LUR_THREADS"] == "2"


def test_a_layout_that_answers_one_user_far_sooner_is_named_beside() -> None:
    figures = [measured(1, 1, 20, 100), measured(2, 1, 36, 100), measured(1, 2, 25, 55)]
    text = "\n".join(advise(figures, PROFILES, 4 * GB).reasons)
    assert "answers in 55%" in text
    assert "LUR_WORKERS=1 LUR_THREADS=2" in text


def test_poor_scaling_is_said() -> None:
    good = advise([measured(1, 1, 20), measured(8, 1, 150)], PROFILES, GB).reasons
    poor = advise([measured(1, 1, 20), measured(8, 1, 40)], PROFILES, GB).reasons
    assert "That is little for 8 CPUs" not in "".join(good)
    assert "That is little for 8 CPUs" in "".join(poor)


@pytest.mark.parametrize(
    ("memory", "profile"),
    [(2 * GB, "standard"), (GB, "light"), (149_000_000, None), (None, None)],
)
def test_the_best_profile_that_fits_is_chosen(memory: int | None, profile: str | None) -> None:
    """`light` was measured: 100 MB and a process of 50; `standard` is taken by its estimate."""
    advice = advise([measured(1, 1, 20)], PROFILES, memory)
    assert advice.settings.get("LUR_PROFILE") == profile


def test_replicas_pay_only_where_the_engine_outruns_the_python_of_a_process() -> None:
    usual = advise([measured(1, 1, 20), measured(8, 1, 120)], PROFILES, GB)
    rapid = advise([measured(1, 1, 200), measured(8, 1, 1400)], PROFILES, GB)
    assert (usual.replicas, rapid.replicas) == (1, 5)


def test_the_table_says_what_was_not_measured() -> None:
    figures = (measured(1, 1, 20, memory=None), measured(2, 1, 36))
    found = Bench(2, None, figures, ("absent",), advise(figures, PROFILES, None))
    text = table(found)
    assert "Not on disk, so not measured: absent" in text
    assert "LUR_WORKERS=2 LUR_THREADS=1" in text
    assert re.search(r"m +2 x 1 +50\.0 ±0\.0 ms +36\.0 ±0\.0 sentences/s +900 ±0 +100 MB", text)


def test_the_command_measures_a_model_and_names_settings_that_hold() -> None:
    """In processes of its own, in every layout of this machine."""
    arguments = ["bench", "--profile", "bundled", "--model", "bundled-en-hy", "--seconds", "0.6"]
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [(one["workers"], one["threads"]) for one in found["measured"]] == [
        (layout.workers, layout.threads) for layout in layouts(found["cpus"])
    ]
    for one in found["measured"]:
        assert one["model"] == "bundled-en-hy"
        for name in ("alone_ms", "per_s", "tokens_per_s"):
            assert 0 < one[name]["low"] <= one[name]["median"] <= one[name]["high"]
        assert one["tokens_per_s"]["median"] > one["per_s"]["median"]
    settings = Settings.read(found["advice"]["settings"])
    assert settings.workers * settings.threads <= found["cpus"]
    assert settings.workers >= 1
    assert found["advice"]["replicas"] >= 1
    assert found["advice"]["articles_per_minute"]["bundled-en-hy"] > 0


def test_a_named_model_that_is_not_on_disk_is_an_error() -> None:
    result = CliRunner().invoke(main, ["bench", "--model", "opus-mt-en-ru", "--model-cache", "/x"])
    assert result.exit_code == 1
    assert "lur pull opus-mt-en-ru" in result.output
