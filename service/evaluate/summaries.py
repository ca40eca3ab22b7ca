"""Evaluates summaries: ROUGE, length, and what of them the article does not say.

Knows articles, their references and what a system made of them; nothing of models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from service.evaluate.doubts import Example, shares
from service.evaluate.inputs import Row, check_lengths, read_summaries
from service.evaluate.scores import SummaryScorer
from service.text.faithful import Article
from service.text.segment import sentences
from service.text.words import count_words

__all__ = ["CODES", "Summaries", "SummaryReport", "by_file", "evaluate"]

CODES = ("number_not_in_source", "name_not_in_source", "quotation_not_in_source")


@dataclass(frozen=True, slots=True)
class Summaries:
    """What a system made of the articles, in their order."""

    system: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SummaryReport:
    """The figures of one system.

    Attributes:
        rouge: `rouge1`, `rouge2`, `rougeL`, each 0..100.
        words: how many a summary has, on average.
        sentences: how many the summaries have, all together.
        examples: every sentence that a check doubts; `source` is its article.
    """

    system: str
    articles: int
    rouge: Mapping[str, float]
    words: float
    sentences: int
    examples: tuple[Example, ...]

    @property
    def checks(self) -> dict[str, float]:
        """By code, the share of the summaries' sentences in which it fires."""
        return shares(CODES, self.examples, self.sentences)

    def as_json(self) -> dict[str, object]:
        return {
            "articles": self.articles,
            **self.rouge,
            "words": self.words,
            "checks": self.checks,
        }


def by_file(data: Path, rows: Sequence[Row], path: Path) -> Summaries:
    """Returns what a system wrote to a file: see `read_summaries`.

    Raises:
        EvaluationError: the file cannot be read, or does not pair up with the rows.
    """
    texts = read_summaries(path)
    check_lengths(data, rows, path, texts)
    return Summaries(str(path), tuple(texts))


def evaluate(rows: Sequence[Row], summaries: Summaries, scorer: SummaryScorer) -> SummaryReport:
    """Scores a system, and compares every sentence of its summaries with the article."""
    count, examples = 0, []
    for row, text in zip(rows, summaries.texts, strict=True):
        article = Article.read(row.article)
        for sentence in sentences(text):
            count += 1
            if findings := article.doubts(sentence):
                examples.append(Example(row.line, row.article, sentence, tuple(findings)))
    return SummaryReport(
        summaries.system,
        len(rows),
        scorer.score(summaries.texts, [row.summary for row in rows]),
        round(fmean(map(count_words, summaries.texts)), 1),
        count,
        tuple(examples),
    )
