import json
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.bench.advice import advise, layouts
from service.bench.measure import Figure, Measured, measure
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


@pytest.mark.parametrize(("memory", "profile"), [(319_000_000, None), (320_000_000, "bundled")])
def test_a_profile_that_was_not_measured_is_taken_by_its_estimate(
    memory: int, profile: str | None
) -> None:
    """304 MiB were resident with the bundled models loaded and an article in three languages."""
    advice = advise([measured(1, 1, 20, model="another")], PROFILES, memory)
    assert advice.settings.get("LUR_PROFILE") == profile


def of_eight_workers(per_s: float, memory: int, *, model: str = "m") -> tuple[int, str, str]:
    """Replicas, workers of each and the reason, where eight workers do so much with the profile.

    A process takes 150 MB.
    """
    figures = [measured(1, 1, per_s / 8, model=model), measured(8, 1, per_s, model=model)]
    advice = advise(figures, {"standard": ["m"], "light": ["l"], "bundled": ["b"]}, memory)
    assert advice.settings["LUR_PROFILE"] == "standard"
    return advice.replicas, advice.settings["LUR_WORKERS"], advice.reasons[-1]


@pytest.mark.parametrize(
    ("per_s", "replicas", "workers"),
    [(120, 1, "8"), (300, 1, "8"), (301, 2, "4"), (1000, 4, "2"), (1400, 8, "1")],
)
def test_replicas_pay_only_where_the_engine_outruns_the_python_of_a_process(
    per_s: float, replicas: int, workers: str
) -> None:
    """They share the workers and leave none over: five could have but one of eight each."""
    assert of_eight_workers(per_s, 2 * GB)[:2] == (replicas, workers)


def test_replicas_are_no_more_than_the_memory_holds() -> None:
    replicas, workers, why = of_eight_workers(1400, 599_000_000)
    assert (replicas, workers) == (3, "2")
    assert "8 would pay, but there is no memory" in why
    replicas, workers, why = of_eight_workers(1400, 299_000_000)
    assert (replicas, workers) == (1, "8")
    assert "no memory for another" in why


def test_the_speed_of_models_that_would_not_serve_makes_no_replicas() -> None:
    """Only a bundled model was there to measure, and `standard` is what fits."""
    assert of_eight_workers(2400, 2 * GB, model="b")[:2] == (1, "8")


def test_without_a_known_memory_one_process_is_advised() -> None:
    advice = advise([measured(1, 1, 200), measured(8, 1, 1400)], PROFILES, None)
    assert (advice.replicas, advice.settings["LUR_WORKERS"]) == (1, "8")


def test_the_table_says_that_the_settings_are_those_of_each_process() -> None:
    figures = (measured(1, 1, 200), measured(8, 1, 1400))
    text = table(Bench(8, GB, figures, (), advise(figures, PROFILES, GB)))
    assert "LUR_WORKERS=2 LUR_THREADS=1 LUR_PROFILE=light" in text
    assert "Processes: 4, each with these settings" in text


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
    assert 1 <= found["advice"]["replicas"] * settings.workers <= found["cpus"]
    assert found["advice"]["articles_per_minute"]["bundled-en-hy"] > 0


def test_a_measurement_leaves_alone_what_the_service_remembers(tmp_path: Path) -> None:
    """Neither store nor file is read, or the second layout would find what the first one said."""
    kept, password = tmp_path / "kept.sqlite", tmp_path / "password"
    password.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as store:
        settings = Settings.read(
            {},
            profile="bundled",
            load_wait_s=600.0,
            result_cache_file=kept,
            shared_url=f"valkey://127.0.0.1:{store.getsockname()[1]}/0",
            shared_password_file=password,
        )
        assert measure(settings, "bundled-en-hy", Layout(), 0.1).per_s.median > 0
        store.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has come
            store.accept()
    assert not kept.exists()


def test_a_measurement_is_not_held_up_by_the_limits_of_clients() -> None:
    settings = Settings.read(
        {}, profile="bundled", load_wait_s=600.0, queue_jobs=1, max_characters=10
    )
    assert measure(settings, "bundled-en-hy", Layout(), 0.1).per_s.median > 0


def test_a_named_model_that_is_not_on_disk_is_an_error() -> None:
    result = CliRunner().invoke(main, ["bench", "--model", "opus-mt-en-ru", "--model-cache", "/x"])
    assert result.exit_code == 1
    assert "lur pull opus-mt-en-ru" in result.output
