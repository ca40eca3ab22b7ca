"""Scores outputs against references with the libraries that published figures come from.

Knows sacreBLEU and rouge-score, which come with the extra `[eval]`; nothing of files or models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from service.evaluate.inputs import EvaluationError

__all__ = ["UNSCORED", "Quality", "SummaryScorer", "TranslationScorer"]

ROUGE = ("rouge1", "rouge2", "rougeL")
MISSING = "scores need more libraries: pip install '.[eval]' in the checkout"


@dataclass(frozen=True, slots=True)
class Quality:
    """BLEU and chrF++, each 0..100; None where there is no reference."""

    bleu: float | None
    chrf: float | None

    def as_json(self) -> dict[str, float | None]:
        return {"bleu": self.bleu, "chrf": self.chrf}


UNSCORED = Quality(None, None)


class TranslationScorer:
    """Corpus scores as sacreBLEU publishes them.

    BLEU with the tokenizer 13a (Post, "A Call for Clarity in Reporting BLEU Scores", 2018), and
    chrF++, which is chrF with word bigrams (Popović, "chrF++: words helping character n-grams",
    2017).

    Raises:
        EvaluationError: the extra `[eval]` is not installed.
    """

    def __init__(self) -> None:
        try:
            from sacrebleu.metrics.bleu import BLEU
            from sacrebleu.metrics.chrf import CHRF
        except ImportError as error:
            raise EvaluationError(MISSING) from error
        self._bleu = BLEU(force=True)  # force: says nothing of outputs that end in " ."
        self._chrf = CHRF(word_order=2)

    def score(self, outputs: Sequence[str], references: Sequence[str]) -> Quality:
        """Scores the sentences whose reference is not blank; `UNSCORED` where none is left."""
        pairs = [pair for pair in zip(outputs, references, strict=True) if pair[1].strip()]
        if not pairs:
            return UNSCORED
        hypotheses, truths = map(list, zip(*pairs, strict=True))
        return Quality(
            round(self._bleu.corpus_score(hypotheses, [truths]).score, 2),
            round(self._chrf.corpus_score(hypotheses, [truths]).score, 2),
        )


class SummaryScorer:
    """ROUGE-1, ROUGE-2 and ROUGE-L as rouge-score computes them, with the Porter stemmer.

    After Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004). It compares words
    of Latin letters and digits only.

    Raises:
        EvaluationError: the extra `[eval]` is not installed.
    """

    def __init__(self) -> None:
        try:
            from rouge_score.rouge_scorer import RougeScorer
        except ImportError as error:
            raise EvaluationError(MISSING) from error
        self._scorer: Any = RougeScorer(ROUGE, use_stemmer=True)

    def score(self, outputs: Sequence[str], references: Sequence[str]) -> Mapping[str, float]:
        """Returns the mean F-measure of each measure, 0..100."""
        scores = [
            self._scorer.score(reference, output)
            for output, reference in zip(outputs, references, strict=True)
        ]
        return {
            name: round(100 * fmean(score[name].fmeasure for score in scores), 2) for name in ROUGE
        }
