"""Finds what a sentence quotes, and whether an article has the words that are quoted.

Words count and nothing else: case, signs, spaces and the kind of quotation marks may differ. It
must not know summaries, nor what follows from words that were never said.
"""

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

__all__ = ["KnownQuotations", "quotations"]

_MIN_WORDS: Final = 3
"""Fewer are a title or an expression of the writer's own as often as somebody's words."""

_MAX_CHARACTERS: Final = 600
_MAX_QUOTATIONS: Final = 20  # of one sentence; each is looked for in the whole article

# Pairs on one line. A straight mark opens before a word and not behind one, so that in a sentence
# which begins inside a quotation (`now," he said, "or never`) what was not quoted is not taken.
_QUOTED: Final = re.compile(
    rf"“([^“”\n]{{1,{_MAX_CHARACTERS}}})”|«([^«»\n]{{1,{_MAX_CHARACTERS}}})»"
    rf"|(?<![^\s(\[—–-])\"(?=\S)([^\"\n]{{1,{_MAX_CHARACTERS}}}+)(?<=\S)\"(?!\w)"
)
# Words left out and words put in: “We … wait”, “[The mayor] waits”.
_SEAM: Final = re.compile(r"…|\.\s?\.\s?\.|\[[^\[\]]{0,80}\]")
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("’‘ʼ`´", "'") | {0xAD: None})


def quotations(text: str) -> list[str]:
    """Return what stands in double quotation marks or guillemets, in order, without the marks.

    A mark without its partner on the same line quotes nothing, nor do single ones, which are
    apostrophes too. In time linear in the length of the text.
    """
    return [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]


@dataclass(frozen=True, slots=True)
class KnownQuotations:
    """The words of an article, prepared once for asking about many sentences.

    Attributes:
        flat: all of them in order, between spaces.
        quoted: those within quotation marks, as if nobody had spoken between: an article may
            interrupt a quotation by who says it.
    """

    flat: str
    quoted: str

    @classmethod
    def read(cls, text: str) -> "KnownQuotations":
        """Prepare `text`, any `str`, in time linear in its length."""
        return cls(_flat(text), _flat(" ".join(quotations(text))))

    def missing(self, sentence: str) -> list[str]:
        """Return the quotations of a sentence whose words the article does not have in a row.

        Only those of three words and more, each once; the first twenty are looked at.
        """
        found = islice(dict.fromkeys(quotations(sentence)), _MAX_QUOTATIONS)
        return [quotation for quotation in found if not self._has(quotation)]

    def _has(self, quotation: str) -> bool:
        if len(_words(quotation)) < _MIN_WORDS:
            return True
        parts = [_flat(part) for part in _SEAM.split(quotation) if _words(part)]
        return all(part in self.flat or part in self.quoted for part in parts)


def _words(text: str) -> list[str]:
    found: list[str] = _WORD.findall(text.translate(_APOSTROPHES).casefold())
    return found


def _flat(text: str) -> str:
    """Return the words of a text in small letters between single spaces."""
    return f" {' '.join(_words(text))} "
