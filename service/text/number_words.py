"""What a word says about a number: the English words, and the door to those of other languages.

A word has a value and a role that tells how it combines with its neighbours; combining is not done
here. It must not know where in a text a word stands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final, Literal

__all__ = ["Role", "Word", "look_up"]

Role = Literal[
    "add", "hundred", "power", "plural", "short", "letter", "dozen", "ordinal", "share", "hint"
]


@dataclass(frozen=True, slots=True)
class Word:
    """The numeric meaning of one word.

    Attributes:
        value: what it stands for.
        role: how it combines. `add` is added to what stands before (twenty + one), `hundred` and
            `power` multiply it, `plural` is a power that is vague without a number (thousands of),
            `short` and `letter` are powers that count only behind figures (mln; m, which may be a
            unit), `dozen` multiplies a small number, `ordinal` is an `add` that closes the number,
            `share` is a part of one (half), `hint` tells a number without being a numeral (both).
        also: further values a translation may write for it (half past: 30).
    """

    value: Fraction
    role: Role
    also: tuple[Fraction, ...] = ()


def look_up(word: str, language: str) -> Word | None:
    """Return what `word` says about a number, None if nothing.

    Args:
        word: one run of letters as it is written.
        language: "en", "hy" or "ru"; no other language has words here.
    """
    reader = _READERS.get(language)
    return reader(word) if reader else None


def words(
    role: Role, text: str, first: int = 1, *, also: tuple[Fraction, ...] = ()
) -> dict[str, Word]:
    """Return a table of the words in `text`, valued `first`, `first + 1` and so on.

    Forms of one value are joined by `/`.
    """
    return {
        form: Word(Fraction(value), role, also)
        for value, forms in enumerate(text.split(), first)
        for form in forms.split("/")
    }


def same(role: Role, value: Fraction | int, text: str, *also: Fraction | int) -> dict[str, Word]:
    """Return a table of the words in `text` that all have one value."""
    word = Word(Fraction(value), role, tuple(map(Fraction, also)))
    return dict.fromkeys(text.split(), word)


HALF: Final = Fraction(1, 2)
THIRD: Final = Fraction(1, 3)
QUARTER: Final = Fraction(1, 4)

_UNITS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_ORDINALS: Final = (
    "first second third/thirds fourth/fourths fifth/fifths sixth/sixths seventh/sevenths"
    " eighth/eighths ninth/ninths tenth/tenths eleventh twelfth/twelfths thirteenth fourteenth"
    " fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_MONTHS: Final = (
    "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug"
    " september/sep/sept october/oct november/nov december/dec"
)


@cache
def _english() -> dict[str, Word]:
    table = {
        **words("add", _UNITS, 0),
        **words("ordinal", _ORDINALS),
        **words("hint", _MONTHS),
        **same("hundred", 100, "hundred"),
        **same("power", 1000, "thousand"),
        **same("plural", 10, "tens"),
        **same("plural", 100, "hundreds"),
        **same("plural", 1000, "thousands"),
        **same("ordinal", 100, "hundredth hundredths"),
        **same("ordinal", 1000, "thousandth thousandths"),
        **same("ordinal", 10**6, "millionth millionths"),
        **same("ordinal", 10**9, "billionth billionths"),
        **same("dozen", 12, "dozen dozens"),
        **same("share", HALF, "half halves", 30, 50),
        **same("share", QUARTER, "quarter quarters", 4, 15, 25, 45),
        **same("hint", 0, "nil midnight", 12, 24),
        **same("hint", 12, "noon midday", 0),
        **same("hint", 1, "once single sole solo monthly"),
        **same("hint", 2, "twice double doubled doubles doubling dual twin twins pair pairs couple"
               " couples both either duo duet bilateral biennial bi twosome"),
        **same("hint", 3, "thrice triple tripled triples trio trilogy triplets treble triangle"
               " trilateral tri hat"),
        **same("hint", 4, "quadruple quadrupled quartet quadruplets"),
        **same("hint", 5, "quintet quintuple pentagon"),
        **same("hint", 6, "sextet"),
        **same("hint", 7, "heptathlon septet"),
        **same("hint", 8, "octet"),
        **same("hint", 10, "decade decades decathlon"),
        **same("hint", 14, "fortnight", 2),
        **same("hint", 20, "score"),
        **same("hint", 100, "century centuries centenary centennial cent percent"),
        **same("hint", 200, "bicentennial bicentenary"),
        **same("hint", 1000, "millennium millennia millennial"),
    }  # fmt: skip
    table |= same("letter", 10**3, "k") | same("letter", 10**6, "m") | same("letter", 10**9, "b")
    table |= same("short", 10**6, "mn mln mil mio") | same("short", 10**9, "bn bln bil")
    table |= same("short", 10**12, "tn trn tln") | same("letter", 10**12, "t")
    for exponent, name in ((6, "million"), (9, "billion"), (12, "trillion"), (15, "quadrillion")):
        table |= same("power", 10**exponent, name) | same("plural", 10**exponent, name + "s")
    for place, ten in enumerate(_TENS.split(), 2):
        stem = ten.removesuffix("y")
        table |= same("add", place * 10, ten) | same("ordinal", place * 10, stem + "ieth")
        table |= same("hint", place * 10, stem + "ies", 1900 + place * 10)
    return table


def _read_english(word: str) -> Word | None:
    table = _english()
    folded = word.casefold()
    if folded in {"may", "march", "mar", "sep", "dec", "jan", "hat"} and not word[0].isupper():
        return None
    return table.get(folded) or (
        table.get(folded.removesuffix("fold")) if folded.endswith("fold") else None
    )


_READERS: Final[dict[str, Callable[[str], Word | None]]] = {"en": _read_english}
