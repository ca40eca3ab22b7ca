"""Languages by their ISO 639-1 codes: English names, and what else they are called by."""

import re

__all__ = ["code_of", "language_name"]

_NAMES = {
    "ar": "Arabic",
    "az": "Azerbaijani",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "cs": "Czech",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "hy": "Armenian",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "kk": "Kazakh",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sr": "Serbian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}

_LONGER = {
    longer: code
    for code, longer_codes in {
        "ar": "ara arb",
        "az": "aze azj",
        "be": "bel",
        "bg": "bul",
        "cs": "ces cze",
        "de": "deu ger",
        "el": "ell gre",
        "en": "eng",
        "es": "spa",
        "et": "est",
        "fa": "fas per pes",
        "fi": "fin",
        "fr": "fra fre",
        "he": "heb",
        "hi": "hin",
        "hu": "hun",
        "hy": "hye arm",
        "it": "ita",
        "ja": "jpn",
        "ka": "kat geo",
        "kk": "kaz",
        "ko": "kor",
        "lt": "lit",
        "lv": "lav lvs",
        "nl": "nld dut",
        "pl": "pol",
        "pt": "por",
        "ro": "ron rum",
        "ru": "rus",
        "sr": "srp",
        "sv": "swe",
        "tr": "tur",
        "uk": "ukr",
        "zh": "zho chi",
    }.items()
    for longer in longer_codes.split()
}
"""ISO 639-2 and 639-3, both of which checkpoints use."""


def language_name(code: str) -> str:
    """Returns the English name; the code itself where the table lacks it."""
    return _NAMES.get(code, code)


def code_of(said: str) -> str:
    """Returns the code of a language that checkpoints call `hye_Armn`, `en_XX`, `RU` or `eng`."""
    first = re.split("[-_]", said.lower(), maxsplit=1)[0]
    return _LONGER.get(first, first)
