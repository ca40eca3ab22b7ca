"""How far a long text is, as a terminal shows it."""

from types import SimpleNamespace

import pytest

from service.cli import progress
from service.cli.progress import LONG_CHARACTERS, progress_of
from service.tasks.results import Range, TranslatedSegment
from service.tasks.told import Begun, ChunksRead, SegmentDone, SentenceDone, Told


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))


def lines(captured: str) -> list[str]:
    """What came one after another on the line; click leaves the codes out here."""
    return captured.split("\r")[1:]


def bar() -> Told:
    told = progress_of(LONG_CHARACTERS)
    assert told is not None
    return told


def segment(target: str) -> SegmentDone:
    return SegmentDone(0, target, 0, TranslatedSegment(Range(0, 1), "x", None, "x"))


@pytest.mark.usefixtures("terminal")
def test_a_short_text_has_no_bar() -> None:
    assert progress_of(LONG_CHARACTERS - 1) is None


def test_nothing_is_shown_where_nobody_looks() -> None:
    assert progress_of(10 * LONG_CHARACTERS) is None


@pytest.mark.usefixtures("terminal")
def test_the_segments_of_all_targets_fill_one_bar(capsys: pytest.CaptureFixture[str]) -> None:
    told = bar()
    for event in (Begun("hy", 2), segment("hy"), Begun("ru", 2), segment("ru"), segment("hy")):
        told(event)
    assert lines(capsys.readouterr().err) == [
        f"translating  [{'-' * 24}]  0/2",
        f"translating  [{'#' * 12}{'-' * 12}]  1/2",
        f"translating  [{'#' * 6}{'-' * 18}]  1/4",
        f"translating  [{'#' * 12}{'-' * 12}]  2/4",
        f"translating  [{'#' * 18}{'-' * 6}]  3/4",
    ]


@pytest.mark.usefixtures("terminal")
def test_an_article_is_read_before_its_summary_is_translated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = bar()
    for event in (
        ChunksRead(1, 3),
        SentenceDone(0, None, "Said."),
        Begun("hy", 1),
        SentenceDone(0, "hy", "Ասվեց։"),
    ):
        told(event)
    shown = [line.split()[0] + " " + line.split()[-1] for line in lines(capsys.readouterr().err)]
    assert shown == ["reading 1/3", "translating 0/1", "translating 1/1"]
