"""Asks of every number, date, name and quotation of a summary sentence if the article has it.

It compares words and knows no world: what is true but said with a name that is not the article's is
a doubt, too. It must not know models or requests, nor decide what becomes of a doubtful sentence.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from service.text.finding import Finding
from service.text.names.known import ROMAN, KnownNames
from service.text.numbers.known import KnownNumbers
from service.text.quotations import KnownQuotations
from service.text.support import support
from service.text.words import count_words, stems

__all__ = ["Article", "replacement"]

# Openings that lean on a sentence before: pronouns, what points back, what links.
_LEANING: Final = re.compile(
    r"(?:I|he|she|it|they|we|you|his|her|hers|its|their|theirs|our|my|him|them|this|that|these|those"
    r"|there|here|such|both|neither|either|another|others?|one\s+of\s+(?:them|these|those)|the\s+latter"
    r"|the\s+former|but|and|or|nor|so|yet|then|also|however|still|thus|hence|instead|meanwhile"
    r"|moreover|furthermore|besides|nevertheless|nonetheless|otherwise|therefore|indeed|likewise"
    r"|similarly|consequently|accordingly|afterwards?|later|finally|too|because|which|who|whose"
    r"|in\s+addition|in\s+contrast|by\s+contrast|in\s+turn|in\s+response|as\s+a\s+result"
    r"|as\s+such|for\s+(?:example|instance|this\s+reason)|on\s+the\s+(?:other\s+hand|contrary)"
    r"|at\s+the\s+same\s+time|until\s+then|since\s+then|by\s+then|to\s+(?:this|that)\s+end)\b",
    re.IGNORECASE,
)
# Who speaks after a quotation is known from before: "We won," she said.
_SPOKEN: Final = re.compile(
    r"[\"”»]\s*(?:he|she|they|it|we|I)\b|[\"”»]\s*(?:said|says|added)\s+(?:he|she|they)\b"
)
_DATELINE: Final = re.compile(
    r"[A-Z][A-Z.' -]{2,30}(?:, [\w .,]{1,30})?(?: \([\w /.]{2,20}\))? (?:[—–-]|--) (?=\S)"
)
_WHOLE: Final = re.compile(r"[.!…][\"'”’»)\]]*\s*$")
_PAIRS: Final = (("“", "”"), ("«", "»"), ("(", ")"), ("[", "]"))
_MIN_WORDS: Final = 5  # shorter ones are captions and cries
_MAX_CHARACTERS: Final = 1_000  # no sentence people read is longer; it bounds the work
# Two sentences that share so much of the shorter one's words of meaning say the same.
_SAME_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Article:
    """What an article says, prepared once for asking about many sentences."""

    numbers: KnownNumbers
    names: KnownNames
    quotations: KnownQuotations

    @classmethod
    def read(cls, text: str) -> "Article":
        """Prepare `text`, any `str`, in time linear in its length."""
        return cls(KnownNumbers.read(text), KnownNames.read(text), KnownQuotations.read(text))

    def doubts(self, sentence: str) -> list[Finding]:
        """Return what a sentence of a summary numbers, names or quotes that the article does not.

        The codes are `number_not_in_source`, `name_not_in_source` and `quotation_not_in_source`,
        the value is the number, the name or the quotation as the sentence writes it; each value is
        given once. A date is doubted by its
        parts: the number of the day, the name of the month. Names are recognised by their capitals,
        so a sentence without any has none.
        """
        numbers = dict.fromkeys(
            quantity.text
            for quantity in self.numbers.missing(sentence)
            # "henry vii" in an article that has lost its capitals
            if not (ROMAN.fullmatch(quantity.text) and quantity.text.lower() in self.names.words)
        )
        doubtful = dict.fromkeys(name.text for name in self.names.missing(sentence))
        return [
            *(
                Finding("number_not_in_source", text, "The article does not have this number.")
                for text in numbers
            ),
            *(
                Finding("name_not_in_source", text, "The article does not have this name.")
                for text in doubtful
            ),
            *(
                Finding("quotation_not_in_source", text, "The article does not have these words.")
                for text in self.quotations.missing(sentence)
            ),
        ]


def replacement(
    sentence: str,
    article_sentences: Sequence[str],
    taken: Collection[str],
    max_words: int | None = None,
) -> str | None:
    """Return the article's own sentence that may stand in a summary for a doubtful one.

    Of the sentences that are understood alone it is the one that supports `sentence` best, without
    a dateline before it. Understood alone means: whole, balanced in its quotation marks and
    brackets, not opened by a pronoun or a word that links to what precedes, no question.

    Args:
        sentence: the doubtful sentence.
        article_sentences: the article's sentences in order.
        taken: the other sentences of the summary: nothing is returned that repeats one.
        max_words: the most words it may have; None for no bound.

    Returns:
        A sentence of the article, or None where no fitting one shares a word of meaning with
        `sentence`. In time linear in the length of everything given.
    """
    others = [frozenset(stems(text)) for text in taken]
    fitting = [
        text
        for text in map(_without_dateline, article_sentences)
        if (max_words is None or count_words(text) <= max_words)
        and _stands_alone(text)
        and not _repeats(text, others)
    ]
    found = support([sentence], fitting, max_sources=1)[0]
    return fitting[found[0]] if found else None


def _without_dateline(text: str) -> str:
    dateline = _DATELINE.match(text)
    return text[dateline.end() :] if dateline else text.strip()


def _stands_alone(text: str) -> bool:
    bare = text.lstrip("\"'“‘«([")
    if len(text) > _MAX_CHARACTERS or count_words(text) < _MIN_WORDS:
        return False
    if not (bare[:1].isupper() or bare[:1].isdigit()) or not _WHOLE.search(text[-20:]):
        return False
    if text.isupper() or _LEANING.match(bare) or _SPOKEN.search(text):
        return False
    return text.count('"') % 2 == 0 and all(
        text.count(opening) == text.count(closing) for opening, closing in _PAIRS
    )


def _repeats(text: str, others: Sequence[frozenset[str]]) -> bool:
    own = frozenset(stems(text))
    return any(
        own and other and len(own & other) >= _SAME_SHARE * min(len(own), len(other))
        for other in others
    )
