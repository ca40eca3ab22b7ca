"""How alike a name in Latin letters and a word in Armenian or Russian letters sound.

Both are written as a rough key of sounds: what a letter is after ISO 9985 (Armenian) and ISO 9
(Russian), simplified to what English spelling can tell apart. It must not know sentences.
"""

import re
from functools import lru_cache
from typing import Final

from service.text.declension import fold

__all__ = ["likeness"]

_MAX_CHARACTERS: Final = 32
"""Of a word no more is compared or remembered, which bounds the work and the memory."""

# Capitals are sounds of two Latin letters: S sh, C ch, Z zh, J dzh, T ts.
_SOUNDS: Final = str.maketrans(
    {
        **dict(zip("աբգդեզէթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
                   "abgdezetZilhTkhTgCmynSoCpJrsvtrTvpkof", strict=True)),
        **dict(zip("абвгдеёжзийклмнопрстуфхцчшщыэюя",
                   "abvgdeoZziyklmnoprstufhTCSSieua", strict=True)),
        "ը": "", "և": "ev", "ь": "", "ъ": "",
    }
)  # fmt: skip
_ENGLISH: Final = re.compile(
    "tch|sch|sh|ch|zh|kh|gh|ph|th|ck|qu|ts|tz|dj|dg|ee|oo|ou|x|w|q|j|c(?=[eiy])|c|y"
)
_SPELLINGS: Final = {
    "tch": "C", "sch": "S", "sh": "S", "ch": "C", "zh": "Z", "kh": "h", "gh": "g", "ph": "f",
    "th": "t", "ck": "k", "qu": "kv", "ts": "T", "tz": "T", "dj": "J", "dg": "J", "ee": "i",
    "oo": "u", "ou": "u", "x": "ks", "w": "v", "q": "k", "j": "J", "y": "i",
}  # fmt: skip
_VOWELS: Final = frozenset("aeiouy")
# Sounds that stand for one another, for English spelling or between languages.
_NEAR_TEXT: Final = (
    "gh kT sT sz Ck CS JC JZ Jy Jh Jg gZ td kg hk vf pb TC vu sS zT zC zS iy hC gy Zz"
)
_NEAR: Final = frozenset(map(frozenset, _NEAR_TEXT.split()))
_HY_ENDING: Final = re.compile("(?:(?:ներ|եր)?(?:յ?(?:ի|ից|ով|ում)|ու|ուց)?[ընսդ]?)$")
_RU_ENDING: Final = re.compile("(?:ами|ями|ом|ем|ой|ей|ов|ев|ам|ах|ым|ии|ию|ия|ью|[аяоеиыуюьй])$")


def likeness(name: str, word: str) -> float:
    """Return from 0 to 1 how likely `word`, perhaps inflected, is `name` transliterated.

    1 minus the edit distance of the keys over the length of the longer one; a vowel for another,
    or one more, costs less than a consonant (weights set on the names of news sentences).
    """
    return _likeness(name[:_MAX_CHARACTERS], word[:_MAX_CHARACTERS])


@lru_cache(maxsize=8192)
def _likeness(name: str, word: str) -> float:
    key = _english_key(name)
    if not key:
        return 0.0
    return max(
        (1 - _distance(key, other) / max(len(key), len(other)) for other in _keys(word) if other),
        default=0.0,
    )


@lru_cache(maxsize=4096)
def _english_key(name: str) -> str:
    def sound(match: re.Match[str]) -> str:
        found = match.group()
        after = name_folded[match.end() : match.end() + 1]
        return _SPELLINGS.get(found) or ("s" if found == "c" and after in set("eiy") else "k")

    name_folded = name.lower()
    return _single(_ENGLISH.sub(sound, name_folded))


@lru_cache(maxsize=4096)
def _keys(word: str) -> tuple[str, ...]:
    """The keys of a word as it stands and without its endings."""
    folded = fold(word)
    stems = {folded, _HY_ENDING.sub("", folded), _RU_ENDING.sub("", folded)}
    if folded[-1:] in set("ընսդ"):
        stems.add(folded[:-1])
    return tuple(
        sorted({_single(stem.replace("ու", "u").translate(_SOUNDS)) for stem in stems if stem})
    )


def _single(key: str) -> str:
    return re.sub(r"(.)\1+", r"\1", key, flags=re.DOTALL)


def _distance(one: str, other: str) -> float:
    """Levenshtein's distance with weights."""
    row = [0.0]
    for sign in other:
        row.append(row[-1] + _gap(sign))
    for mine in one:
        previous, row = row, [row[0] + _gap(mine)]
        for column, sign in enumerate(other, 1):
            row.append(
                min(
                    previous[column] + _gap(mine),
                    row[-1] + _gap(sign),
                    previous[column - 1] + _swap(mine, sign),
                )
            )
    return row[-1]


def _gap(sign: str) -> float:
    return 0.4 if sign in _VOWELS or sign == "h" else 0.9


def _swap(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in _VOWELS and other in _VOWELS:
        return 0.3
    return 0.4 if frozenset((one, other)) in _NEAR else 1.0
