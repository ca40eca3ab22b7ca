"""What one word says about a number: a value, and a role that tells how it combines.

Combining is not done here. It must not know a language, nor where in a text a word stands.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

__all__ = ["HALF", "QUARTER", "THIRD", "Role", "Word", "same", "words"]

Role = Literal[
    "add",
    "hundred",
    "power",
    "plural",
    "short",
    "letter",
    "dozen",
    "ordinal",
    "share",
    "month",
    "hint",
    "numeral",
]


HALF: Final = Fraction(1, 2)
THIRD: Final = Fraction(1, 3)
QUARTER: Final = Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class Word:
    """The numeric meaning of one word.

    Attributes:
        value: what it stands for.
        role: how it combines. `add` is added to what stands before (twenty + one), `hundred` and
            `power` multiply it, `plural` is a power that is vague without a number (thousands of),
            `short` and `letter` are powers that count only behind figures (mln; m, which may be a
            unit), `dozen` multiplies a small number, `ordinal` is an `add` that closes the number,
            `share` is a part of one (half), `month` counts in dates only, `hint` tells a number
            without being a numeral (both), `numeral` is a letter that may be one (Բ).
        also: further values a translation may write for it (half past: 30).
        last: its ending says that the number ends here (երկու միլիոնից is "from two million").
    """

    value: Fraction
    role: Role
    also: tuple[Fraction, ...] = ()
    last: bool = False


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
