"""Translates a segment that failed a check once more, in other ways, and keeps the best.

The ways, in this order, as far as each applies: with placeholders for the terms of the glossary
that were missed; with other decoding (a wider beam with all its candidates, no repetition, bounds
of length); cut in clauses; by the pair's fallback model. A segment gets so many tries and no more.
The candidate with the fewest failures wins, the earlier one of equals. Where the time is over
first, the segment says so. Knows no request and no route; what could not be repaired is for the
caller to report.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

from service.engines.base import Decoding
from service.errors import InferenceFailed, RefusedInput, Unavailable
from service.runner import ModelInfo
from service.tasks.judge import Candidate, Judge
from service.tasks.results import Way
from service.tasks.trials import LeasedModel, Output, Trial
from service.telemetry import metrics
from service.text.clauses import clauses
from service.text.glossary import Term
from service.text.placeholders import (
    PLACEHOLDER_STYLES,
    PROXIES,
    Placeholder,
    restored,
    with_placeholders,
)
from service.text.segment import Segment, Span

__all__ = ["Fallback", "Repair", "Work"]

_log = logging.getLogger(__name__)

Fallback = Callable[[], AbstractAsyncContextManager[LeasedModel]]
"""Leases the fallback model; raises `Unavailable` where it is not at hand."""

MIN_BEAM = 4
"""The least width of a beam that is meant to be wider."""

NO_REPEAT_NGRAM_SIZE = 3
"""Pieces that may not come twice where the first try repeated itself (BART-CNN's own value). A name
of three pieces then comes once only, so it is used nowhere else."""

MIN_LENGTH, MAX_LENGTH = 0.75, 2.0
"""Bounds in target tokens per source token where the first try was too short or too long."""

LENGTH_STEP = 8
"""The bounds are multiples of it, so that jobs still share batches."""

TRIES_TO_KEEP = 2
"""However few tries there are, what must stay gets these: a stand-in, and to be cut around."""

SHARE_OF_TIME = 0.5
"""Repair may take this share of the time that the request has left; the rest is for the answer."""


@dataclass(slots=True)
class Work:
    """A segment on its way.

    Attributes:
        trial: what the model was given first.
        candidates: all translations so far, the best first.
        tokens: target tokens of the first translation.
        place: which work of its request is wanted first: the lowest; see `Runner.submit`.
        settled: no candidate will be added any more.
        cut_short: it still failed when the time for further tries was over.
        kept: stretches of the segment that must be in its translation as they are.
    """

    segment: Segment
    terms: tuple[Term, ...]
    trial: Trial
    candidates: list[Candidate] = field(default_factory=list)
    tokens: int = 0
    place: int = 0
    settled: bool = False
    cut_short: bool = False
    kept: tuple[Span, ...] = ()

    @property
    def best(self) -> Candidate:
        return self.candidates[0]

    def prepared(
        self, model: LeasedModel, parts: Callable[[str], Sequence[Span]] | None = None
    ) -> Trial:
        """Prepares the segment for a model as it was prepared first."""
        aligned = self.trial.is_aligned
        return model.trial(self.segment.text, parts, kept=self.kept, aligned=aligned)

    def take_in(self, outputs: Sequence[Output], judge: Judge) -> None:
        """Judges the first translations."""
        self.tokens = outputs[0].tokens
        self.judge(outputs, judge)

    def judge(
        self,
        outputs: Sequence[Output],
        judge: Judge,
        way: Way | None = None,
        model: ModelInfo | None = None,
    ) -> None:
        """Adds outputs to the candidates."""
        text, terms, kept = self.segment.text, self.terms, self.kept
        self.add([judge.judge(text, terms, output, way, model, kept) for output in outputs])

    def add(self, candidates: Sequence[Candidate]) -> None:
        """Takes further candidates in; of equals the earlier one stays before the later."""
        self.candidates = sorted([*self.candidates, *candidates], key=lambda c: c.failures)


@dataclass(frozen=True, slots=True)
class Try:
    """One way to translate one segment; `trial` is None where another model has to prepare it."""

    work: Work
    way: Way
    trial: Trial | None
    placeholders: tuple[Placeholder, ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """Extra tries for the segments of one text.

    Attributes:
        fallback: None where the route has no further model.
    """

    model: LeasedModel
    judge: Judge
    fallback: Fallback | None

    async def mend(self, works: Sequence[Work]) -> None:
        """Adds candidates to the works that fail, while time is left.

        A work that is being tried, and still fails when the time is over, is `cut_short`.
        """
        until = asyncio.get_running_loop().time() + SHARE_OF_TIME * self.model.watch.left_s()
        plans = [(work, self._ways(work)) for work in works if work.best.failures]
        if not plans:
            return
        extra_tries = self.judge.fidelity.extra_tries
        if any(work.best.fails("kept_changed") for work in works):
            extra_tries = max(extra_tries, TRIES_TO_KEEP)
        for _ in range(extra_tries):
            tries = await asyncio.to_thread(_next_tries, plans)
            if not tries:
                break
            try:
                await self._carry_out(tries, until)
            except TimeoutError:
                self._cut_short([one for one in tries if one.work.best.failures])
                break

    def _cut_short(self, tries: Sequence[Try]) -> None:
        for one in tries:
            one.work.cut_short = True
        extra = {"model": self.model.spec.name, "segments": len(tries)}
        _log.info("repair_out_of_time", extra=extra)

    def _ways(self, work: Work) -> Iterator[Try]:
        """Yields the tries that apply, each made when it is its turn."""
        if work.best.fails("kept_changed"):
            kept = [Term(s.text, (s.text,), s.text, s.start, s.end) for s in work.kept]
            yield self._placeholders(work, kept)
            aligned = work.trial.is_aligned
            around = self.model.trial_around(work.segment.text, work.kept, aligned=aligned)
            yield Try(work, "clauses", around)
        if missed := [f.value for f in work.best.findings if f.code == "glossary_missed"]:
            yield self._placeholders(work, [term for term in work.terms if term.text in missed])
        yield Try(work, "decoding", self._other_decoding(work))
        if len(clauses(work.trial.text)) > 1:
            yield Try(work, "clauses", work.prepared(self.model, clauses))
        if self.fallback is not None:
            yield Try(work, "fallback", None)

    def _placeholders(self, work: Work, terms: Sequence[Term]) -> Try:
        style = PROXIES.get(self.judge.languages[1], PLACEHOLDER_STYLES[0])
        text, placeholders = with_placeholders(work.segment.text, terms, style)
        return Try(work, "placeholders", self.model.trial(text), placeholders)

    def _other_decoding(self, work: Work) -> Trial:
        own = self.model.decoding
        beam = max(MIN_BEAM, 2 * own.beam_size)
        decoding = replace(own, beam_size=beam, hypotheses=beam, aligned=work.trial.is_aligned)
        if work.best.fails("repetition", "too_long"):
            decoding = replace(decoding, no_repeat_ngram_size=NO_REPEAT_NGRAM_SIZE)
        bounded = [
            _within_lengths(self.model.bounded(decoding, tokens), tokens, work.best)
            for tokens in map(len, work.trial.sources)
        ]
        return replace(work.trial, decodings=tuple(bounded))

    async def _carry_out(self, tries: Sequence[Try], until: float) -> None:
        """Runs the tries; raises `TimeoutError` at `until`, but never amid taking outputs in."""
        own = [one for one in tries if one.trial is not None]
        other = [one for one in tries if one.trial is None]
        await self._by(self.model, own, until)
        if other and self.fallback is not None:
            try:
                async with AsyncExitStack() as lease:
                    async with _in_time(other, until):
                        model = await lease.enter_async_context(self.fallback())
                    await self._by(model, other, until)
            except Unavailable as error:
                _count(other, "unavailable")
                _log.info("fallback_unavailable", extra={"reason": error.detail})

    async def _by(self, model: LeasedModel, tries: Sequence[Try], until: float) -> None:
        """Runs the tries; where the engine or the queue refuses, the first translations stand."""
        try:
            async with _in_time(tries, until):
                trials = await asyncio.to_thread(
                    lambda: [one.trial or one.work.prepared(model) for one in tries]
                )
                outputs = await model.run(trials, [one.work.place for one in tries])
        except (InferenceFailed, RefusedInput, Unavailable) as error:
            _count(tries, "failed")
            _log.warning("repair_failed", extra={"model": model.spec.name}, exc_info=error)
            return
        await asyncio.to_thread(self._take_in, model, tries, outputs)

    def _take_in(
        self, model: LeasedModel, tries: Sequence[Try], outputs: Sequence[Sequence[Output]]
    ) -> None:
        info = None if model is self.model else model.runner.info
        for one, found in zip(tries, outputs, strict=True):
            work, before = one.work, one.work.best.failures
            work.judge(_restored(found, one.placeholders), self.judge, one.way, info)
            after = work.best.failures
            _count([one], "mended" if not after else "better" if after < before else "no_better")


@asynccontextmanager
async def _in_time(tries: Sequence[Try], until: float) -> AsyncIterator[None]:
    """Ends what is done for the tries at `until`, with `TimeoutError`, and counts them."""
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError:
        _count(tries, "out_of_time")
        raise


def _next_tries(plans: Sequence[tuple[Work, Iterator[Try]]]) -> list[Try]:
    found = (next(ways, None) for work, ways in plans if work.best.failures)
    return [one for one in found if one is not None]


def _restored(outputs: Sequence[Output], placeholders: Sequence[Placeholder]) -> list[Output]:
    """The outputs with the glossary's terms in place; those that lost a placeholder are out."""
    if not placeholders:
        return list(outputs)
    texts = [(output, restored(output.text, placeholders)) for output in outputs]
    return [replace(output, text=text, links=()) for output, text in texts if text is not None]


def _within_lengths(decoding: Decoding, tokens: int, failed: Candidate) -> Decoding:
    """Bounds an answer where the last one was too short or too long."""
    if failed.fails("too_short"):
        least = int(MIN_LENGTH * tokens) // LENGTH_STEP * LENGTH_STEP
        decoding = replace(decoding, min_tokens=min(least, decoding.max_tokens // 2))
    if failed.fails("too_long"):
        most = int(MAX_LENGTH * tokens) // LENGTH_STEP * LENGTH_STEP + LENGTH_STEP
        decoding = replace(decoding, max_tokens=min(most, decoding.max_tokens))
    return decoding


def _count(tries: Sequence[Try], outcome: str) -> None:
    for one in tries:
        metrics.REPAIRS.labels(one.way, outcome).inc()
