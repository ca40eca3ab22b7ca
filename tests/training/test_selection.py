"""Which pairs are taken, in which order, and how many of each origin."""

import lzma
import math
from pathlib import Path

import pytest

from training.cleaning import Pair
from training.origins import ORIGINS
from training.relevance import Relevance
from training.selection import read, select

NEWS = Pair("The minister met reporters.", "Министр встретился с журналистами.", "wmt-newstest")
MENU = "Click the button to open the dialog window {}."
MENU_RU = "Нажмите кнопку, чтобы открыть окно диалога {}."
LETTERS = "абвгд"


def menus(origin: str) -> list[Pair]:
    return [
        Pair(MENU.format(x), MENU_RU.format(y), origin)
        for x, y in zip("abcde", LETTERS, strict=True)
    ]


def test_reads_plain_and_compressed_lines(tmp_path: Path) -> None:
    line = f"{NEWS.source}\t{NEWS.target}\t{NEWS.origin}\n"
    (tmp_path / "a.tsv").write_text(line, encoding="utf-8")
    (tmp_path / "a.tsv.xz").write_bytes(lzma.compress(line.encode()))
    assert list(read(tmp_path / "a.tsv")) == list(read(tmp_path / "a.tsv.xz")) == [NEWS]


def test_a_line_with_other_fields_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("One.\tОдин.\there\nTwo.\tДва.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.tsv:2 has 2 fields, not 3"):
        list(read(tmp_path / "a.tsv"))


def test_prose_comes_first_and_the_rest_by_its_likeness_to_it() -> None:
    near = Pair("The minister met the reporters today.", "Министр встретил прессу.", "debian-mo")
    near = Pair(f"{near.source[:-1]} in the city.", f"{near.target[:-1]} в городе.", "debian-mo")
    chosen = select([*menus("php-docs"), near, NEWS], "ru")
    assert chosen[:2] == [NEWS, near]
    assert len(chosen) == 7


def test_no_more_of_an_origin_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    origins = dict(ORIGINS)
    origins["php-docs"] = type(origins["php-docs"])("CC-BY-3.0", most=2)
    monkeypatch.setattr("training.selection.ORIGINS", origins)
    assert len(select(menus("php-docs"), "ru")) == 2


def test_the_same_english_or_the_same_target_is_taken_once() -> None:
    again = Pair(NEWS.source.lower(), "Министр говорил с прессой.", "wmt-newstest")
    other = Pair("A minister spoke to the press.", NEWS.target.upper()[:-1] + ".", "wmt-newstest")
    assert len(select([NEWS, again, other], "ru")) == 1


def test_an_origin_that_is_unwanted_or_unknown_gives_nothing() -> None:
    assert select([NEWS], "ru", without=["wmt-newstest"]) == []
    assert select([Pair(NEWS.source, NEWS.target, "elsewhere")], "ru") == []


def test_relevance_is_higher_for_words_of_the_wanted_text() -> None:
    relevance = Relevance(["the minister spoke"], ["the minister spoke", "click the button"])
    assert relevance.score("The minister") > 0 > relevance.score("Click the button")
    assert relevance.score("12 + 14") == -math.inf


def test_every_origin_says_its_licence() -> None:
    assert all(origin.license and origin.most > 0 for origin in ORIGINS.values())
