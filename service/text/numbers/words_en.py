"""The English number words.

It must not know where in a text a word stands.
"""

from functools import cache
from typing import Final

from service.text.numbers.word import HALF, QUARTER, Word, same, words

__all__ = ["read_english"]

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
        **words("month", _MONTHS),
        **same("hundred", 100, "hundred"),
        **same("power", 1000, "thousand"),
        **same("plural", 10, "tens"),
        **same("plural", 100, "hundreds"),
        **same("plural", 1000, "thousands"),
        **same("ordinal", 100, "hundredth hundredths"),
        **same("ordinal", 1000, "thousandth thousandths"),
        **same("ordinal", 10**6, "millionth millionths"),
        **same("ordinal", 10**9, "billionth billionths"),
        **same("dozen", 12, "dozen dozens", 10),
        **same("share", HALF, "half halves", 2, 30, 50),
        **same("share", QUARTER, "quarter quarters", 4, 15, 25, 45),
        **same("hint", QUARTER, "quarterfinal quarterfinals", 8),
        **same("hint", HALF, "semifinal semifinals"),
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
        **same("hint", 100, "century centuries centenary centennial"),
        **same("hint", 200, "bicentennial bicentenary"),
        **same("hint", 1000, "millennium millennia millennial"),
    }  # fmt: skip
    table |= same("letter", 10**5, "lakh lakhs") | same("letter", 10**7, "crore crores")
    table |= same("letter", 10**3, "k") | same("letter", 10**6, "m") | same("letter", 10**9, "b")
    table |= same("short", 10**6, "mn mln mil mio") | same("short", 10**9, "bn bln bil")
    table |= same("short", 10**12, "tn trn tln") | same("letter", 10**12, "t")
    for exponent, name in ((6, "million"), (9, "billion"), (12, "trillion"), (15, "quadrillion")):
        table |= same("power", 10**exponent, name) | same("plural", 10**exponent, name + "s")
    for place, ten in enumerate(_TENS.split(), 2):
        stem = ten.removesuffix("y")
        table |= same("add", place * 10, ten) | same("ordinal", place * 10, stem + "ieth")
        table |= same("hint", place * 10, stem + "ies", 1900 + place * 10, place * 10 + 10)
    return table


def read_english(word: str) -> Word | None:
    """Return what an English word says about a number, None if nothing."""
    table = _english()
    folded = word.casefold()
    if folded in {"may", "march", "mar", "sep", "dec", "jan", "hat"} and not word[0].isupper():
        return None
    return table.get(folded) or (
        table.get(folded.removesuffix("fold")) if folded.endswith("fold") else None
    )
