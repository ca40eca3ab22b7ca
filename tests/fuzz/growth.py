"""How the time of a work grows when its text doubles: t(n) = c·n^e, and e is the slope of its logs.

CPU time, so that other programs do not count; the least of several runs, because whatever disturbs
a run makes it longer; no absolute bound. `python -m tests.fuzz.growth --characters 1000000` shows
the slowest works on texts of that length.
"""

import argparse
import gc
import math
import random
import sys
import time
from collections.abc import Callable, Iterator

from tests.fuzz.works import WORKS

__all__ = ["FAMILIES", "exponent", "text_of"]

Work = Callable[[str], object]

MIN_SECONDS = 0.005
"""Of a work that takes less on the longest text, the clock sees more noise than growth."""

_DOUBTFUL = 1.2
"""Beyond, the longest text is given again: it may have been disturbed."""

UNITS = {
    "one letter": "a",
    "one Armenian letter": "ա",
    "one Russian letter": "я",
    "capitals": "A",
    "alternating capitals": "aB",
    "newlines": "\n",
    "spaces": " ",
    "digits": "1",
    "digits and commas": "1,",
    "grouped digits": ",111",
    "digits and dots": "1.",
    "digits and spaces": "1 ",
    "dates": "4.5.",
    "full stops": ".",
    "abbreviations": "a.b.c.",
    "acronyms": "A.B. ",
    "sentences": "It is so. ",
    "lists": "- 1. ",
    "clauses": "so it was, and he said that, ",
    "commas": ", ",
    "colons": "ա: Ա",
    "opening quotation marks": "“a ",
    "straight quotation marks": '"',
    "quotation marks and commas": '",',
    "guillemets": "« ",
    "brackets": "(",
    "nested brackets": "([{",
    "closing brackets": ")",
    "dashes": "-",
    "spaced dashes": "a - ",
    "quoted lines": ">>",
    "tags": "<b>",
    "entities": "&#3",
    "glued addresses": "http://a.am/",
    "addresses": "http://a.am ",
    "mail": "a@b.am",
    "handles": "@a ",
    "emoji": "👩\u200d🚀",
    "flags": "🇦🇲",
    "surrogates": "\ud800",
    "apostrophes": "a'",
    "accents": "՛՞",
    "names": "Aa Bb ",
    "number words": "two thousand million ",
    "Roman numerals": "XIV ",
    "Armenian": "Ինչո՞ւ ես տանը, ասաց նա։ ",
    "Russian": "Он сказал: «Нет», — и ушёл в дом. ",
    "questions": "ինչ? ",
    "zero-width": "\u200b\u2060",
    "invisible": "\0",
    "no-break spaces": "\xa0:",
    "ideographs": "漢字。",
}
"""Texts that repeat one thing, by a name for people."""

OPENED = {
    "an address in brackets": ("http://a.am/(", ")"),
    "an address and quotation marks": ("http://a.am/", "՞)"),
    "a letter and marks": ("a", "\u0301\u0323"),
    "full stops and a letter": ("a b c d", "."),
    "a word and digits": ("a#", "1"),
    "a letter and spaces": ("a", " "),
    "a comma and quotation marks": ("a,", '"'),
    "a digit and a lone comma": ("1,000", ",\u0301"),
}
"""Texts that begin with one thing and go on with another."""

COUNTED = {
    "different words": "w{0}x ",
    "different names": "Aa{1} Bb{0}x ",
    "different numbers": "{0} ",
    "different addresses": "http://a{0}.am/{0} ",
    "different handles": "@a{0} ",
    "placeholders": "XQ{0} ",
    "different sentences": "It is {0} so in Town{0}. ",
    "different Armenian words": "ա{1}բ{2} ",
}
"""Texts of things that differ; {1} and {2} are their numbers in Latin and in Armenian letters."""


def _in_letters(number: int, letters: str) -> str:
    found = ""
    while number:
        number, place = divmod(number, len(letters))
        found += letters[place]
    return found


def _counted(pattern: str, characters: int) -> str:
    parts: list[str] = []
    size = number = 0
    while size < characters:
        number += 1
        letters = _in_letters(number, "bcdefghk"), _in_letters(number, "բգդեզթժլ")
        parts.append(pattern.format(number, *letters))
        size += len(parts[-1])
    return "".join(parts)


def _shuffled(characters: int) -> str:
    chance = random.Random(7)
    units = [*UNITS.values(), *(unit for _, unit in OPENED.values())]
    return "".join(chance.choice(units) for _ in range(characters // 2))


FAMILIES = (*UNITS, *OPENED, *COUNTED, "everything mixed")


def text_of(family: str, characters: int) -> str:
    """Return the text of this family that has so many characters."""
    if family in UNITS:
        made = UNITS[family] * (characters // len(UNITS[family]) + 1)
    elif family in OPENED:
        begin, unit = OPENED[family]
        made = begin + unit * (characters // len(unit) + 1)
    elif family in COUNTED:
        made = _counted(COUNTED[family], characters)
    else:
        made = _shuffled(characters)
    return made[: characters - 1] + "a"


def _forget() -> None:
    """Clear what the functions remember of texts; the tables they made once stay."""
    for name, module in list(sys.modules.items()):
        if name.startswith("service.text."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear") and value.cache_parameters()["maxsize"]:
                    value.cache_clear()


def seconds(work: Work, text: str, runs: int = 1) -> float:
    """Return the CPU time of a work, the least of so many runs, without garbage collection."""
    least = math.inf
    gc.disable()
    try:
        for _ in range(runs):
            _forget()
            began = time.process_time()
            work(text)
            least = min(least, time.process_time() - began)
    finally:
        gc.enable()
    return least


def exponent(work: Work, family: str, characters: int, runs: int = 2) -> float:
    """Return e of t = c·n^e between texts of a quarter of so many characters and of all of them.

    1 for linear work, 2 for quadratic work. Where the longest text takes less than 5 ms, it is made
    four times as long; 0 where that takes less, too.
    """
    last = seconds(work, text_of(family, characters))
    if last < MIN_SECONDS:
        characters *= 4
        last = seconds(work, text_of(family, characters))
        if last < MIN_SECONDS:
            return 0.0
    first = seconds(work, text_of(family, characters // 4), runs)
    if _slope(first, last) > _DOUBTFUL:
        last = min(last, seconds(work, text_of(family, characters), runs))
    return _slope(first, last)


def _slope(first: float, last: float) -> float:
    return math.log(last / max(first, 1e-6)) / math.log(4)


def _table(characters: int, only: str) -> Iterator[tuple[float, float, str, str]]:
    for name, work in WORKS.items():
        if only in name:
            for family in FAMILIES:
                took = seconds(work, text_of(family, characters))
                first = seconds(work, text_of(family, characters // 4)) if took > 0.05 else took
                yield took, _slope(first, took), name, family


def main() -> None:
    parser = argparse.ArgumentParser(description="the slowest works on hostile texts")
    parser.add_argument("--characters", type=int, default=100_000)
    parser.add_argument("--only", default="", help="works with this in their name")
    parser.add_argument("--lines", type=int, default=40)
    arguments = parser.parse_args()
    rows = sorted(_table(arguments.characters, arguments.only), reverse=True)
    print("seconds  exponent  work, text")
    for took, slope, name, family in rows[: arguments.lines]:
        print(f"{took:7.3f}  {slope:8.2f}  {name}: {family}")


if __name__ == "__main__":
    main()
