"""How long a summary shall be, and which of the sentences at hand make it so.

Pure arithmetic on sentences that are measured already. Knows no model, and never cuts a sentence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from service.engines.base import Decoding
from service.tasks.results import Caution
from service.text.echoes import AKIN, echoes, meaning
from service.text.words import count_words

__all__ = ["SHARES", "Bounds", "Length", "Line", "choose", "shortfall"]

Length = Literal["short", "medium", "long"]

SHARES: dict[Length, float] = {"short": 0.10, "medium": 0.20, "long": 0.35}
"""How long a summary should be, as a share of the article's tokens (the API's contract)."""

TOLERANCE = 0.5
"""How far a summary may be from its goal, as a share of the goal.

A summary is whole sentences, and a sentence of news has 20 to 45 tokens where the smallest goals
have 30 (T5) and 56 (BART): nothing finer than half a goal can be promised of those.
"""

SOUGHT: dict[Length, tuple[float, float]] = {
    "short": (0.5, 1.25),
    "medium": (0.5, 1.5),
    "long": (0.75, 1.5),
}
"""Shares of the goal: a summary below the first is filled up, one up to the second is left whole.

What a model says of itself is better than what is put together, so within the tolerance it stays
as it is; only who asks for a long summary gets more than that, and for a short one less.
"""

MAX_STARTS = 20
"""So many sentences of a summary are tried as its first one."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence with its measures; `tokens` are the model's, `stems` are for comparing."""

    text: str
    tokens: int
    words: int
    stems: frozenset[str]

    @classmethod
    def of(cls, text: str, tokens: int) -> "Line":
        return cls(text, tokens, count_words(text), meaning(text))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the length of a summary must be; it is *met* when `are_met` says so.

    Attributes:
        goal: `SHARES` of the article's tokens, but no less than the model's own least and no more
            than its own most, and no more than `max_words` allow. Tokens of the summarizer, because
            its own bounds are tokens, and `usage` counts them; in English they are proportional
            to words (1.3 to 1.5 a word).
        least, most: tokens, `TOLERANCE` below and above the goal; `most` is always fewer than
            the article has.
        sought: tokens, from where on nothing is sought to fill up, and up to where all that was
            said is welcome.
        max_characters: those of the article.
        max_sentences, max_words: the ceilings asked for.
    """

    goal: int
    least: int
    most: int
    sought: tuple[int, int]
    max_characters: int
    max_sentences: int | None = None
    max_words: int | None = None

    @classmethod
    def of(
        cls,
        text: str,
        tokens: int,
        length: Length,
        own: Decoding,
        max_sentences: int | None = None,
        max_words: int | None = None,
    ) -> "Bounds":
        """Returns the bounds for an article of so many tokens.

        Args:
            own: the model's own decoding; its bounds in tokens hold for the summary.
        """
        goal = min(max(SHARES[length] * tokens, own.min_tokens), own.max_tokens)
        if max_words is not None:
            goal = min(goal, max_words * tokens / max(1, count_words(text)))
        most = min(round((1 + TOLERANCE) * goal), tokens - 1)
        least = min(round((1 - TOLERANCE) * goal), most)
        low, high = (round(share * goal) for share in SOUGHT[length])
        return cls(round(goal), least, most, (low, high), len(text), max_sentences, max_words)

    def are_kept(self, lines: Sequence[Line]) -> bool:
        """Whether no upper bound is passed: neither ceiling, nor `most`, nor the article itself."""
        return (
            self._ceilings_hold(lines)
            and tokens_of(lines) <= self.most
            and sum(len(line.text) + 1 for line in lines) - 1 <= self.max_characters
        )

    def are_met(self, lines: Sequence[Line]) -> bool:
        """Whether the length is what was asked: all upper bounds, and at least `least` tokens.

        With as many sentences as `max_sentences` allows it is enough, whatever its tokens.
        """
        return bool(lines) and self.are_kept(lines) and self._is_enough(lines)

    def lacks(self, lines: Sequence[Line]) -> int:
        """How many tokens more would reach the goal; 0 where none are sought."""
        tokens = tokens_of(lines)
        if len(lines) == self.max_sentences or tokens >= self.sought[0]:
            return 0
        return self.goal - tokens

    def _is_enough(self, lines: Sequence[Line]) -> bool:
        return len(lines) == self.max_sentences or tokens_of(lines) >= self.least

    def _ceilings_hold(self, lines: Sequence[Line]) -> bool:
        return (self.max_sentences is None or len(lines) <= self.max_sentences) and (
            self.max_words is None or words_of(lines) <= self.max_words
        )

    def distance(self, lines: Sequence[Line]) -> tuple[bool, bool, bool, int]:
        """Orders summaries, the best first: ceilings before the length in tokens.

        Of those that pass a ceiling, sentences are better than lines without an end mark.
        """
        tokens = tokens_of(lines)
        over = 0 if self.max_words is None else max(0, words_of(lines) - self.max_words)
        off = max(0, tokens - self.most) + (0 if self._is_enough(lines) else self.least - tokens)
        torn = over > 0 and any(line.text[-1:].isalnum() for line in lines)
        return (not lines, not self._ceilings_hold(lines), torn, over or off)


def tokens_of(lines: Iterable[Line]) -> int:
    return sum(line.tokens for line in lines)


def words_of(lines: Iterable[Line]) -> int:
    return sum(line.words for line in lines)


def choose(said: Sequence[Line], more: Sequence[Line], bounds: Bounds) -> list[Line]:
    """Chooses the sentences of a summary: as they were said, as far as that meets the bounds.

    First the leading sentences that come nearest to the goal. Where these are much fewer tokens,
    sentences of `more` are put behind them, in order, that say something else than what is there.
    Where the first sentence does not fit, the summary begins with a later one. Nothing is said
    twice, nor what four fifths of another sentence said.
    If nothing meets the bounds, it is what comes nearest, ceilings first; one sentence at least.
    """
    best: list[Line] = []
    for start in range(max(1, min(len(said), MAX_STARTS))):
        taken = _leading(said[start:], bounds)
        if tokens_of(taken) < bounds.sought[0]:
            taken = _filled(taken, [*said[start:], *more], bounds)
        if bounds.are_met(taken):
            return taken
        best = min(best, taken, key=bounds.distance) if best else taken
    alone = [[line] for line in (*said, *more)]
    return min([best, *alone], key=bounds.distance)


def _leading(said: Sequence[Line], bounds: Bounds) -> list[Line]:
    taken: list[Line] = []
    for line in said:
        if echoes(line.stems, (other.stems for other in taken)):
            continue
        if not bounds.are_kept([*taken, line]) or not _is_nearer(taken, line, bounds):
            break
        taken.append(line)
    return taken


def _filled(taken: list[Line], more: Sequence[Line], bounds: Bounds) -> list[Line]:
    filled = list(taken)
    for line in more:
        if (
            bounds.are_kept([*filled, line])
            and _is_nearer(filled, line, bounds)
            and not echoes(line.stems, (other.stems for other in filled), AKIN)
        ):
            filled.append(line)
    return filled


def _is_nearer(taken: Sequence[Line], line: Line, bounds: Bounds) -> bool:
    """Whether a summary with this sentence is near the goal, or nearer to it than without it."""
    before = tokens_of(taken)
    after = before + line.tokens
    if not taken or after <= bounds.sought[1]:
        return True
    return before < bounds.least or after - bounds.goal < bounds.goal - before


def shortfall(lines: Sequence[Line], bounds: Bounds) -> Caution | None:
    """Returns what to tell about a length that was not met; None where it was."""
    if bounds.are_met(lines):
        return None
    if bounds.max_words is not None and words_of(lines) > bounds.max_words:
        message = f"no whole sentence has at most {bounds.max_words} words; this is a short one"
        return Caution("length_not_reached", message, value=str(bounds.max_words))
    side = "shorter" if tokens_of(lines) < bounds.least else "longer"
    message = f"the summary is much {side} than asked ({bounds.goal} tokens)"
    return Caution("length_not_reached", message, value=str(bounds.goal))
