"""What the checks found in a set of sentences: shares of it, and the sentences to read.

Knows findings; nothing of files, scores or models.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from service.text.finding import Finding

__all__ = ["Example", "sample", "share", "shares"]


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence that a check doubts. `line` is where it is in the user's file, from 1."""

    line: int
    source: str
    output: str
    findings: tuple[Finding, ...]
    reference: str | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "line": self.line,
            "source": self.source,
            "output": self.output,
            "reference": self.reference,
            "findings": [
                {"code": finding.code, "value": finding.value, "message": finding.message}
                for finding in self.findings
            ],
        }


def shares(codes: Sequence[str], examples: Sequence[Example], sentences: int) -> dict[str, float]:
    """Returns for each code the share of the sentences in which it fires at least once."""
    fired = [{finding.code for finding in example.findings} for example in examples]
    return {code: share(sum(code in found for found in fired), sentences) for code in codes}


def share(part: int, whole: int) -> float:
    """Returns 0..1; 0 of nothing."""
    return round(part / whole, 6) if whole else 0.0


def sample(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Returns at most `count` of them, chosen by `seed` alone, in their own order."""
    generator = random.Random(seed)  # noqa: S311 - a choice to be repeated, not a secret
    chosen = generator.sample(range(len(examples)), min(count, len(examples)))
    return [examples[index] for index in sorted(chosen)]
