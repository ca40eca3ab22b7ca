"""Evaluates translations: scores before and after typography, and what the checks find.

Knows sentences, their references and what a system made of them; nothing of models.
"""

from dataclasses import dataclass
from pathlib import Path

from service.evaluate.doubts import Example, share, shares
from service.evaluate.inputs import EvaluationError, check_lengths, read_lines
from service.evaluate.scores import UNSCORED, Quality, TranslationScorer
from service.text.checks import CODES, check
from service.text.typography import Typography, typeset

__all__ = ["Corpus", "System", "TranslationReport", "by_file", "evaluate", "read_corpus"]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A file of sentences to translate, one a line, and their references."""

    path: Path
    languages: tuple[str, str]
    lines: tuple[str, ...]
    references: tuple[str, ...] | None

    @property
    def places(self) -> list[int]:
        """Where there is something to translate: indexes of lines. Only these are evaluated."""
        return [index for index, line in enumerate(self.lines) if line.strip()]


@dataclass(frozen=True, slots=True)
class System:
    """What a system made of a corpus, line by line.

    Attributes:
        raw: before typography: what the model said.
        final: after it, and after everything else that a user's text goes through.
    """

    name: str
    raw: tuple[str, ...]
    final: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TranslationReport:
    """The figures of one system. `examples`: every sentence that a check doubts."""

    system: str
    languages: tuple[str, str]
    sentences: int
    raw: Quality
    final: Quality
    examples: tuple[Example, ...]

    @property
    def checks(self) -> dict[str, float]:
        """By code, the share of the sentences in which it fires."""
        return shares(CODES, self.examples, self.sentences)

    @property
    def any_check(self) -> float:
        return share(len(self.examples), self.sentences)

    def as_json(self) -> dict[str, object]:
        return {
            "sentences": self.sentences,
            **self.raw.as_json(),
            "normalized": self.final.as_json(),
            "checks": self.checks,
            "any_check": self.any_check,
        }


def read_corpus(source: Path, reference: Path | None, languages: tuple[str, str]) -> Corpus:
    """Reads the sentences and, where there are any, their references.

    Raises:
        EvaluationError: a file cannot be read, they do not pair up, or there is nothing in them.
    """
    lines = read_lines(source)
    references = None
    if reference is not None:
        references = read_lines(reference)
        check_lengths(source, lines, reference, references)
    if not any(map(str.strip, lines)):
        raise EvaluationError(f"{source} has no text")
    return Corpus(source, languages, tuple(lines), tuple(references) if references else None)


def by_file(corpus: Corpus, path: Path, rules: Typography) -> System:
    """Returns what a system wrote to a file, with our typography as `final`.

    Raises:
        EvaluationError: the file cannot be read, or does not pair up with the corpus.
    """
    raw = read_lines(path)
    check_lengths(corpus.path, corpus.lines, path, raw)
    target = corpus.languages[1]
    pairs = zip(raw, corpus.lines, strict=True)
    final = tuple(typeset(line, target, source, rules) for line, source in pairs)
    return System(str(path), tuple(raw), final)


def evaluate(corpus: Corpus, system: System, scorer: TranslationScorer | None) -> TranslationReport:
    """Scores a system, where there are references, and checks what its users would read.

    What is scored after typography counts both full stops of Armenian as one, on both sides.
    """
    places = corpus.places
    examples = []
    for place in places:
        source, output = corpus.lines[place], system.final[place]
        if findings := check(source, output, corpus.languages):
            reference = corpus.references[place] if corpus.references else None
            examples.append(Example(place + 1, source, output, tuple(findings), reference))
    raw = final = UNSCORED
    if scorer is not None and corpus.references is not None:
        references = [corpus.references[place] for place in places]
        raw = scorer.score([system.raw[place] for place in places], references)
        final = scorer.score(
            [_one_full_stop(system.final[place]) for place in places],
            list(map(_one_full_stop, references)),
        )
    return TranslationReport(
        system.name, corpus.languages, len(places), raw, final, tuple(examples)
    )


def _one_full_stop(text: str) -> str:
    """Returns the text with the Armenian full stop as the colon that many writers type for it.

    BLEU's tokenizer 13a parts a colon from its word and knows nothing of U+0589: a word before one
    would never match the same word before the other.
    """
    return text.replace("\u0589", ":")
