"""Tells whether a word is a form of another one, and glues an ending to a word.

For Armenian and Russian, which it knows by their letters; a word of any other script has one form.
It is conservative: same stem, and an ending of a short list. Words that change inside (Armenian
`հայր`, `հոր`; Russian `сестра`, `сестёр`) are not recognised. `inflection` is its opposite: it
takes endings off where no base form is known. It must not know glossaries or names.

Sources: Dum-Tragut, "Armenian: Modern Eastern Armenian" (2009), 2.1 (declensions, the definite
article, vowel reduction); Wade, "A Comprehensive Russian Grammar" (2011), chapters 3 and 6.
"""

import re
from functools import lru_cache
from typing import Final

__all__ = ["fold", "glue", "is_form"]

_ARMENIAN: Final = re.compile("[ա-և]+")
_CYRILLIC: Final = re.compile("[а-яё]+")
_LIGATURE: Final = re.compile("եւ|եվ")
_MAX_CHARACTERS: Final = 64
"""Longer words are not looked at: the longest inflected ones have some thirty letters."""

# A stem: the plural, a case, an article or a possessive ending.
_HY_CASES: Final = "ի|ից|ով|ում|ու|ուց|վա|ոջ|յի|յից|յով|յում"
_HY_ENDING: Final = re.compile(f"(?:ներ|եր)?(?:{_HY_CASES})?[ընսդ]?")
# Behind a stem that lost a vowel there is always a case or the plural.
_HY_OBLIQUE: Final = re.compile(f"(?:(?:{_HY_CASES})|(?:ներ|եր)(?:{_HY_CASES})?)[ընսդ]?")
# What becomes of a last part, and the endings behind what is left: the declension in -ան of
# abstract and verbal nouns (2.1.2.3), that in -ու of nouns in -ի, Baku's vowel before a vowel.
_HY_CHANGES: Final = (
    ("ություն", "ությ", re.compile("(?:ան|անից|ամբ)[ընսդ]?")),
    ("ում", "մ", re.compile("(?:ան|անից|ամբ)[ընսդ]?")),
    ("ի", "", re.compile("(?:ու|ուց)[ընսդ]?")),
    ("ու", "վ", re.compile("(?:ի|ից|ով|ում)[ընսդ]?")),
)
_HY_REDUCED: Final = re.compile("(.+)(?:ի|ու)([^աեէըիոօւև]+)")
_HY_VOWELS: Final = frozenset("աեէըիոօ")

_RU_ENDINGS_TEXT: Final = (
    "а|я|о|е|ё|у|ю|ы|и|ь|й|ой|ей|ёй|ом|ем|ём|ою|ею|ью|ам|ям|ами|ями|ах|ях|ов|ев|ёв|ьё|ья|ье|ью"
    "|ьи|ьев|ьям|ьями|ьях|ий|ии|ию|ией|ый|ая|яя|ую|юю|ое|ее|ые|ие|ого|его|ому|ему|ым|им|ых|их"
    "|ыми|ими"
)
_RU_ENDINGS: Final = frozenset(("", *_RU_ENDINGS_TEXT.split("|")))
_RU_OBLIQUE: Final = _RU_ENDINGS - {"", "ь", "й"}
_RU_STRIPPED: Final = re.compile("(.{2,}?)(?:ый|ий|ой|ая|яя|ое|ее|ые|ие|[аяоеёиыйь])")
_RU_FLEETING: Final = re.compile("(.+)[еёо]([цклн])ь?")
_RU_VOWELS: Final = frozenset("аеёиоуыэюя")
# Singular cases of a masculine noun in a hard consonant, and those of nouns in -а, -я, -ия.
_RU_MASCULINE: Final = ("а", "у", "ом", "е")
_RU_HARD: Final = frozenset("бвгдзклмнпрстфх")
_RU_FEMININE: Final = (
    ("ия", "и", ("и", "и", "ей", "и")),
    ("ка", "к", ("и", "е", "ой", "е")),
    ("га", "г", ("и", "е", "ой", "е")),
    ("ха", "х", ("и", "е", "ой", "е")),
    ("жа", "ж", ("и", "е", "ей", "е")),
    ("ша", "ш", ("и", "е", "ей", "е")),
    ("ча", "ч", ("и", "е", "ей", "е")),
    ("ца", "ц", ("ы", "е", "ей", "е")),
    ("а", "", ("ы", "е", "ой", "е")),
    ("я", "", ("и", "е", "ей", "е")),
)


def fold(word: str) -> str:
    """Return `word` as words are compared: in small letters, Armenian `եւ` and `եվ` as `և`.

    Inverted commas and Armenian accents (`՛ ՜ ՞`, written inside a word) are not removed.
    """
    return _LIGATURE.sub("և", word.lower())


def is_form(word: str, base: str) -> bool:
    """Whether `word` is `base` or, by a short list of endings, an inflected form of it.

    Case says nothing. An adjective made of a name (`արցախյան`, `арцахский`) is no form of it.
    """
    if max(len(word), len(base)) > _MAX_CHARACTERS:
        return word == base
    return _is_form(fold(word), fold(base))


def _is_form(word: str, base: str) -> bool:
    if word == base:
        return True
    if word[:1] != base[:1]:
        return False
    if _ARMENIAN.fullmatch(base):
        return any(
            word.startswith(stem) and endings.fullmatch(word, len(stem))
            for stem, endings in _armenian_stems(base)
        )
    if _CYRILLIC.fullmatch(base):
        return any(
            word.startswith(stem) and word[len(stem) :] in endings
            for stem, endings in _russian_stems(base)
        )
    return False


@lru_cache(maxsize=4096)
def _armenian_stems(base: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    stems = [(base, _HY_ENDING)]
    for end, left, endings in _HY_CHANGES:
        if base.endswith(end) and len(base) > len(end) + 1:
            stems.append((base.removesuffix(end) + left, endings))
    if reduced := _HY_REDUCED.fullmatch(base):
        stems.append(("".join(reduced.groups()), _HY_OBLIQUE))
    return tuple(stems)


@lru_cache(maxsize=4096)
def _russian_stems(base: str) -> tuple[tuple[str, frozenset[str]], ...]:
    stems: list[tuple[str, frozenset[str]]] = []
    if stripped := _RU_STRIPPED.fullmatch(base):
        if not base.endswith("ия"):
            stems.append((stripped[1], _RU_ENDINGS))
        stems.append((base[:-1], _RU_ENDINGS))  # without the last letter alone: Росси-я, Росси-и
    elif base[-1] not in _RU_VOWELS:  # Баку, шоу stay as they are
        stems.append((base, _RU_ENDINGS))
    if fleeting := _RU_FLEETING.fullmatch(base):
        before, last = fleeting.groups()
        joint = "й" if before[-1] in _RU_VOWELS else "ь" if before[-1] == "л" else ""
        stems.append((before + joint + last, _RU_OBLIQUE))
    return tuple((stem, endings) for stem, endings in stems if len(stem) > 1)


def glue(word: str, ending: str, following: str = "") -> str | None:
    """Return `word` with an Armenian or Russian `ending` glued to it by the rules of spelling.

    Armenian: the article is `ը` behind a consonant, `ն` behind a vowel, either before one; `յ`
    stands between `ա`, `ո`, `օ` and a case. A word that ends in anything but small Armenian letters
    (an acronym, a closing quotation mark, Latin) keeps the hyphen: `ԱԺ-ի`. Russian: the ending is
    taken as that of a masculine noun; a single word in a hard consonant gets it, one in `-а`, `-я`
    the ending of the same case; elsewhere it is dropped, for the right one cannot be known.

    Args:
        word: what the ending belongs to; not empty.
        ending: without a hyphen.
        following: the text behind; its first letter decides between `ը` and `ն`.

    Returns:
        None where `ending` is no ending of either language.
    """
    tail = fold(ending)
    if tail in {"ը", "ն"} or _HY_OBLIQUE.fullmatch(tail):
        return _glue_armenian(word, tail, following)
    if tail and tail in _RU_ENDINGS:
        return _glue_russian(word, tail)
    return None


def _glue_armenian(word: str, ending: str, following: str) -> str:
    last = word[-1:]
    if not _ARMENIAN.fullmatch(last):
        return f"{word}-{ending}"
    vowel = last in _HY_VOWELS or word.endswith("ու")
    if ending in {"ը", "ն"}:
        if last == "ը":  # it has its article
            return word
        before_vowel = following.lstrip()[:1].lower() in _HY_VOWELS - {""}
        return word + ("ն" if vowel or (ending == "ն" and before_vowel) else "ը")
    return word + ("յ" if last in "աոօ" and ending[0] in "իո" else "") + ending


def _glue_russian(word: str, ending: str) -> str:
    if ending not in _RU_MASCULINE or not word.isalpha():
        return word
    if word[-1] in _RU_HARD:
        return word + ending
    for end, left, endings in _RU_FEMININE:
        if word.endswith(end):
            return word.removesuffix(end) + left + endings[_RU_MASCULINE.index(ending)]
    return word
