"""Writes a sentence the way the OPUS-MT models saw it in training.

Helsinki-NLP/OPUS-MT-train (`lib/preprocess.mk`, target `.norm`) piped every sentence through three
Moses scripts: replace-unicode-punctuation, remove-non-printing-char, normalize-punctuation (English
rules); spaces were then collapsed. `sacremoses` is their port. Four rules differ, each so that no
word or number changes its meaning:

- A no-break space between digits becomes a space; Moses writes a full stop (100.000 for 100 000).
- `",` becomes `,"` only behind a closing quotation mark; Moses also turns `"...and` into `..."and`.
- Format characters (Unicode Cf: soft hyphen, zero-width space and joiners, byte order mark, bidi
  controls) are removed, for they stand inside words; Moses puts a space. Control characters, lone
  surrogates, private and unassigned characters become a space, as in Moses.
- Full-width 1 becomes 1; the Moses script writes a quotation mark.

Unicode composition (NFC) is left alone: SentencePiece's own `nmt_nfkc` does it inside the model.
It must not know sentence boundaries or models.
"""

import re
import unicodedata
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any, Final, Protocol

# Of 60 000 random strings of punctuation 93 % settled in one pass and all in two; a text that still
# changes after this many is returned as it is.
_MAX_PASSES: Final = 16

# sacremoses removes these spaces one per pass, so a run of them must be one already.
_NO_BREAK_RUN: Final = re.compile("[\xa0\u202f]+")
_SPACES: Final = re.compile(r"[^\S\xa0]+|\xa0(?=\s)|(?<=\s)\xa0")
_QUOTE_THEN_COMMA: Final = re.compile(r'(?<=[^\s"(\[{<])"[",.]*[,.]')


class _Moses(Protocol):
    def normalize(self, text: str) -> str: ...


@cache
def _moses() -> _Moses:
    # The object is never written to once it is built, so every thread may use it; two threads at
    # once may build it twice, to no harm.
    moses: _Moses = _moses_module().MosesPunctNormalizer(
        "en",
        norm_quote_commas=False,
        norm_numbers=False,
        pre_replace_unicode_punct=True,
        perl_parity=True,
    )
    return moses


def _moses_module() -> Any:
    """Loads `sacremoses.normalize` alone, which takes 10 ms.

    `import sacremoses` (0.2.0) reads the tables of its tokenizers and imports joblib and numpy,
    0.3 s and 15 MB, for tokenizers that are not used here.
    """
    if (package := find_spec("sacremoses")) is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("sacremoses is not installed", name="sacremoses")
    name = "sacremoses.normalize"
    found = PathFinder.find_spec(name, package.submodule_search_locations)
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


def normalize(text: str, language: str = "en") -> str:
    """Return a sentence with the punctuation of the training data and single spaces.

    Letters and digits come back all and in order (full-width digits as ASCII); doing it twice
    changes nothing more. Thread-safe.

    Args:
        text: one sentence; a line break in it becomes a space.
        language: of the sentence; quotation marks move behind commas in English only.
    """
    for _ in range(_MAX_PASSES):
        before, text = text, _once(text, language)
        if text == before:
            break
    return text


def _once(text: str, language: str) -> str:
    if not text.isprintable():
        text = "".join(map(_printable, text))
    text = _SPACES.sub(" ", _NO_BREAK_RUN.sub("\xa0", text))
    text = _moses().normalize(text).replace("\xa0", " ")
    if language == "en":
        text = _QUOTE_THEN_COMMA.sub(_quotes_last, text)
    return " ".join(text.split())


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return " " if category[0] == "C" else character


def _quotes_last(match: re.Match[str]) -> str:
    marks = match.group()
    return marks.replace('"', "") + '"' * marks.count('"')
