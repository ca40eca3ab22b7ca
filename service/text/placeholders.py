"""Puts stand-ins in the place of terms, and the terms' translations in the place of stand-ins.

A stand-in is a word that a translation model keeps, or translates in one way that is known. It must
not know models: which style survives in one was measured, and a caller may ask its tokenizer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice
from typing import Final

from service.text.declension import fold, glue, is_form
from service.text.glossary import Term

__all__ = ["PLACEHOLDER_STYLES", "PROXIES", "Placeholder", "restored", "with_placeholders"]

PLACEHOLDER_STYLES: Final = ("XQ{}", "X{}Z", "X{}")
"""Best first. Measured on opus-mt-en-fr (int8, beam 2), 120 news sentences with 1 to 3 terms each
replaced: all three styles came back exactly once in every sentence (`Xx{}`, `XZ{}` and `QX{}` too;
`Q{}Q`, `ZZZ{}`, `@{}` in 97.5 %, `T{}`, `_{}_` in 98 %, `{{{}}}` in 95 %, `[[{}]]` in 88 %, `#{}`
in 59 %). `X1` is a likely word of a text; it stands last for that."""

PROXIES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "hy": (
        ("China", "Չինաստան"), ("Egypt", "Եգիպտոս"), ("London", "Լոնդոն"), ("Iran", "Իրան"),
        ("Pakistan", "Պակիստան"), ("Paris", "Փարիզ"), ("Berlin", "Բեռլին"),
        ("Vietnam", "Վիետնամ"),
    ),
    "ru": (
        ("China", "Китай"), ("London", "Лондон"), ("Iran", "Иран"), ("Pakistan", "Пакистан"),
        ("Berlin", "Берлин"), ("Washington", "Вашингтон"), ("Vietnam", "Вьетнам"),
        ("Madrid", "Мадрид"),
    ),
}  # fmt: skip
"""For models that keep no mark: places that every model knows, by target language, each with its
translation. opus-mt-en-hy kept 0 of 10 words of letters and digits and 6 of 77 acronyms of real
news sentences, but rendered 62 of 75 well-known places. All end in a consonant (in Russian:
masculine), so that the ending which the model gave can be told and glued to the term's form."""

_MAX_MARKS: Final = 32
"""Of more marks in one sentence no model keeps each; the output is read once for every one."""
_MAX_NUMBER_DIGITS: Final = 8

_CONFUSABLE: Final = {"X": "XxХхΧχ", "Z": "Zz", "Q": "Qq"}
_Spot = tuple[int, int, str]
_HARD: Final = {"я": "а", "ю": "у", "ем": "ом"}
_WORD: Final = re.compile(r"[^\W\d_]+")
_LOOK_AHEAD: Final = 8
_GAP: Final = r"\s?"
_ENDING: Final = r"(?P<ending>(?P<hyphen>\s?[-–‐‑]\s?)?(?P<letters>[^\W\d_]{1,12}))?"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A stand-in for a term.

    Attributes:
        text: as it stands in the source.
        term: what it stands for.
        translation: what a proxy is called in the output, uninflected; empty for a mark.
        capital: whether the source begins with a capital, as its translation then shall.
    """

    text: str
    term: Term
    translation: str = ""
    capital: bool = False


def with_placeholders(
    sentence: str,
    terms: Sequence[Term],
    style: str | Sequence[tuple[str, str]] = PLACEHOLDER_STYLES[0],
) -> tuple[str, tuple[Placeholder, ...]]:
    """Return the sentence with each term replaced by a stand-in of its own, and the stand-ins.

    A stand-in that the sentence has already, in any case, is passed over. What is around a term
    stays, possessive endings too.

    Args:
        sentence: as given to `Glossary.terms_in`.
        terms: of this sentence, in order; a subset of those found is well.
        style: one of `PLACEHOLDER_STYLES`, a format whose field is a number from 1; or one of the
            values of `PROXIES`. Where terms are more than proxies, or than 32, the last ones stay
            as they are.
    """
    capital = next((c for c in sentence if c.isalpha()), "").isupper()
    free = _stand_ins(sentence.casefold(), style)
    parts: list[str] = []
    made: list[Placeholder] = []
    end = 0
    for term, (text, translation) in zip(terms, free, strict=False):
        made.append(Placeholder(text, term, translation, capital))
        parts += [sentence[end : term.start], text]
        end = term.end
    return "".join((*parts, sentence[end:])), tuple(made)


def _stand_ins(folded: str, style: str | Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the stand-ins that a sentence, casefolded, does not have."""
    if not isinstance(style, str):
        yield from ((text, known) for text, known in style if text.casefold() not in folded)
        return
    begin = re.escape(style.partition("{")[0].casefold())
    numbers = re.findall(rf"{begin}(\d{{1,{_MAX_NUMBER_DIGITS}}})", folded)
    taken = {number[:end] for number in numbers for end in range(1, len(number) + 1)}
    for n in islice((n for n in count(1) if str(n) not in taken), _MAX_MARKS):
        yield style.format(n), ""


def restored(output: str, placeholders: Sequence[Placeholder]) -> str | None:
    """Return the output with the first form of each term for its stand-in.

    A stand-in is recognised in another case, with a space inside, with a look-alike letter of
    another script. An Armenian or Russian ending behind it, with or without a hyphen, is glued to
    the form by `glue`; where a word of several follows a hyphen, it stays. A form at the beginning
    gets a capital where the source has one.

    Returns:
        None unless every stand-in is there exactly once.
    """
    spots: list[tuple[int, int, str]] = []
    for placeholder in placeholders:
        find = _proxies if placeholder.translation else _marks
        found = list(islice(find(output, placeholder), 2))
        if len(found) != 1 or found[0] is None:
            return None
        start, end, text = found[0]
        if placeholder.capital and not any(map(str.isalnum, output[:start])):
            text = text[:1].upper() + text[1:]
        spots.append((start, end, text))
    parts: list[str] = []
    done = 0
    for start, end, text in sorted(spots):
        parts += [output[done:start], text]
        done = end
    return "".join((*parts, output[done:]))


def _proxies(output: str, placeholder: Placeholder) -> "Iterator[_Spot | None]":
    """Where the translation of a proxy is, in any form of it."""
    base = fold(placeholder.translation)
    for match in _WORD.finditer(output):
        word = match.group()
        if word[0].isupper() and is_form(word, base):
            ending = _ending(fold(word), base)
            form = placeholder.term.forms[0]
            following = output[match.end() : match.end() + _LOOK_AHEAD]
            text = glue(form, ending, following) if ending else form
            yield None if text is None else (match.start(), match.end(), text)


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    signs = [f"[{_CONFUSABLE[c]}]" if c in _CONFUSABLE else re.escape(c) for c in text]
    after = r"(?!\d)" if text[-1].isdigit() else ""
    return re.compile(rf"(?<![^\W_]){_GAP.join(signs)}{after}{_ENDING}", re.IGNORECASE)


def _ending(word: str, base: str) -> str:
    """The ending of a form; that of a Russian word in `-й` as behind a hard consonant."""
    if word != base and base.endswith("й"):
        soft = word.removeprefix(base[:-1])
        return _HARD.get(soft, soft)
    return word.removeprefix(base)


def _marks(output: str, placeholder: Placeholder) -> "Iterator[_Spot | None]":
    """Where a mark is, and what to write there; None where letters behind it say nothing."""
    form = placeholder.term.forms[0]
    for match in _pattern(placeholder.text).finditer(output):
        start, end = match.span()
        letters, hyphen = match["letters"], match["hyphen"]
        if letters is None:
            yield start, end, form
            continue
        text = glue(form, letters, output[end : end + _LOOK_AHEAD])
        # A dash and a word of its own, if no ending follows or the form takes none.
        spaced = hyphen is not None and hyphen[0].isspace()
        apart = spaced and (hyphen[-1].isspace() or text == form)
        if text is not None and not output[end : end + 1].isalpha() and not apart:
            yield start, end, text
        else:
            yield (start, match.start("ending"), form) if hyphen else None
