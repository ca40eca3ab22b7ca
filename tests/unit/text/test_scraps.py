"""Marks of a tokenizer, scraps of markup and characters without a glyph."""

import pytest

from service.text.checks.scraps import scraps


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("Նա ասաց ⁇ այո", "⁇"),
        ("Он сказал \ufffd да", "\ufffd"),
        ("Он <unk> да", "<unk>"),
        ("Да.</s>", "</s>"),
        (">>hye<< Այո", ">>hye<<"),
        ("▁Այո", "▁"),
        ("hye_Armn Այո", "hye_Armn"),
        ("Օ&#39;Շեյ", "&#39;"),
        ("B&amp;B", "&amp;"),
        ("Այո\x07", "U+0007"),
        ("Այո\ud800", "U+D800"),
        ("на@@ ук", "@@"),
        ("[UNK]", "[UNK]"),
        ("<0xE2>", "<0xE2>"),
    ],
)
def test_a_scrap_is_named(target: str, value: str) -> None:
    assert scraps("He said yes.", target) == [value]


def test_what_the_source_has_too_is_no_scrap() -> None:
    assert scraps("The tag </s> and ⁇", "</s> և ⁇") == []


@pytest.mark.parametrize("target", ["Այո՛։\n\tՈչ", "R&D & Co; AT&T;", "a < b > c", "snake_Case"])
def test_ordinary_text_has_none(target: str) -> None:
    assert scraps("", target) == []


def test_each_is_told_once_and_five_at_most() -> None:
    assert scraps("", "⁇ ⁇") == ["⁇"]
    assert len(scraps("", "".join(map(chr, range(1, 9))))) == 5
