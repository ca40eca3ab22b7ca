"""The way from a long text to a short one, with one model: pack, run, and again until it is short.

Whole sentences are packed into the model's window, one job a chunk; if there are several chunks,
their summaries are summarized again, as long as that makes the text shorter. Nothing of the text is
left out of the first pass.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from service.batching import Flow
from service.engines.base import Decoding, Hypothesis
from service.runner import Runner
from service.tasks.results import Caution, Range, Stopwatch, SummarySentence, SummaryUsage
from service.text.pack import cut, pack
from service.text.segment import Document, sentences, split
from service.text.support import support
from service.text.words import count_words

__all__ = ["Condensed", "Condensing", "Length"]

Length = Literal["short", "medium", "long"]

SHARES: dict[Length, float] = {"short": 0.10, "medium": 0.20, "long": 0.35}
"""How long a summary should be, as a share of the article's tokens (the API's contract)."""

FLOORS: dict[Length, float] = {"short": 0.0, "medium": 0.0, "long": 0.8}
"""The model may not end before this share of the goal, nor before its own minimum.

Only who asks for a long summary gets a model that is forced to go on: a floor of half the goal made
the tiny summarizer add sentences that its article never had in 6 of 40 cases.
"""

SLACKS: dict[Length, float] = {"short": 1.25, "medium": 2.0, "long": 2.0}
"""A summary up to so much longer than its goal keeps all its sentences."""

TOKENS_PER_WORD = 1.5
"""Tokens of an English word in the vocabularies of BART and T5, with some to spare."""

MAX_REMAINING = 0.9
"""A pass that leaves more than this share of its text is the last one."""

CUT = "the model was stopped in the middle of a sentence"

SEPARATOR_TOKENS = 1
"""A sentence may take one token more inside a text than alone (byte-level BPE, leading space)."""

TERMINALS = (".", "!", "?", "…", '."', '!"', '?"', ".”", "!”", "?”", ".)", ".'", ".’")


@dataclass(frozen=True, slots=True)
class Condensed:
    """A summary in the article's language, as it is remembered.

    `verbatim`: the whole text, unchanged; joining the sentences would lose its layout.
    """

    sentences: tuple[SummarySentence, ...]
    warnings: tuple[Caution, ...]
    usage: SummaryUsage
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """The article cut to what the model can read: units of whole sentences, and their tokens."""

    document: Document
    units: list[str]
    sizes: list[int]
    characters_used: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A summary before its ceilings, what it took, and what is wrong with its length."""

    sentences: list[str]
    tokens: int
    chunks: int
    doubt: str | None


@dataclass(frozen=True, slots=True)
class Condensing:
    """One article on its way through one model."""

    runner: Runner
    length: Length
    max_sentences: int | None
    max_words: int | None
    flow: Flow
    watch: Stopwatch

    async def condense(self, text: str) -> Condensed:
        """Summarizes `text`, which has at least one letter or digit."""
        article = await asyncio.to_thread(self._prepare, text)
        tokens = sum(article.sizes) - SEPARATOR_TOKENS * len(article.sizes)
        goal = self._goal(tokens)
        draft = None
        if len(article.document.segments) > 1 and tokens > self._defaults.min_tokens:
            draft = await self._draft(article, goal)
        longer = draft is not None and sum(map(self._size, draft.sentences)) >= tokens
        if draft is None or (longer and draft.chunks == 1):
            return self._as_it_is(article, tokens, draft)
        return await asyncio.to_thread(self._finish, article, tokens, goal, draft)

    @property
    def _defaults(self) -> Decoding:
        return self.runner.description.decoding

    def _size(self, text: str) -> int:
        """Tokens of a text, without those that stand around every source."""
        return self.runner.count(text) - self.runner.count("")

    def _prepare(self, text: str) -> Prepared:
        document = split(text)
        texts = [segment.text for segment in document.segments]
        units, sizes = self._fitting(texts)
        lost = sum(map(_visible, texts)) - sum(map(_visible, units))
        return Prepared(document, units, sizes, len(text) - lost)

    def _fitting(self, texts: Sequence[str]) -> tuple[list[str], list[int]]:
        """Cuts every sentence that is longer than the window; returns the pieces and their sizes.

        A summary has such sentences too, where the model did not come to an end.
        """
        room = self._room() - SEPARATOR_TOKENS
        units = [piece.text for text in texts for piece in cut(text, room, self._size)]
        return units, [self._size(unit) + SEPARATOR_TOKENS for unit in units]

    def _goal(self, tokens: int) -> int:
        """How many tokens the summary should have, within the model's own bounds."""
        low, high = self._defaults.min_tokens, self._defaults.max_tokens
        goal = min(max(SHARES[self.length] * tokens, low), high)
        if self.max_words is not None:
            goal = min(goal, self.max_words * TOKENS_PER_WORD)
        return round(goal)

    async def _draft(self, article: Prepared, goal: int) -> Draft:
        """Passes over the text until its summary came out of one chunk, or is short enough."""
        units, sizes = article.units, article.sizes
        said: list[str] = []
        first, spent, before = 0, 0, math.inf
        while True:
            if sum(sizes) > MAX_REMAINING * before:
                return Draft(said, spent, first, "the model does not make the text shorter")
            before = sum(sizes)
            chunks = pack(sizes, self._room())
            first = first or len(chunks)
            last = len(chunks) == 1
            share = goal if last else round(SHARES["long"] * sum(sizes) / len(chunks))
            answers = await self._pass(
                [" ".join(units[i] for i in c) for c in chunks], sizes, share
            )
            spent += sum(answer.tokens for answer in answers)
            whole = [_whole_sentences(answer) for answer in answers]
            said = list(dict.fromkeys(s for found, _ in whole for s in found))
            units, sizes = self._fitting(said)
            if last or sum(sizes) <= SLACKS[self.length] * goal:
                complete = all(ended for _, ended in whole)
                return Draft(said, spent, first, None if complete else CUT)

    def _room(self) -> int:
        return self.runner.description.max_source_tokens - self.runner.count("")

    async def _pass(self, texts: list[str], sizes: Sequence[int], goal: int) -> list[Hypothesis]:
        """Runs one job a chunk; whoever was cut in its only sentence gets all the room there is."""
        decoding = self._decoding(goal, sum(sizes) // len(texts))
        sources = [self.runner.encode(text) for text in texts]
        results = await self.runner.run(sources, decoding, self.flow)
        self.watch.saw(results)
        answers = [result.output.hypotheses[0] for result in results]
        most = self.runner.description.max_target_tokens
        cut_short = [i for i, answer in enumerate(answers) if not _whole_sentences(answer)[1]]
        if cut_short and most > decoding.max_tokens:
            again = await self.runner.run(
                [sources[i] for i in cut_short], replace(decoding, max_tokens=most), self.flow
            )
            self.watch.saw(again)
            for i, result in zip(cut_short, again, strict=True):
                answers[i] = result.output.hypotheses[0]
        return answers

    def _decoding(self, goal: int, chunk_tokens: int) -> Decoding:
        """The checkpoint's own way to decode, between bounds that its chunk allows."""
        defaults = self._defaults
        most = max(2, min(defaults.max_tokens, chunk_tokens - 1))
        least = max(defaults.min_tokens, round(FLOORS[self.length] * goal))
        if self.max_words is not None:
            least = min(least, goal // 2)
        least = min(least, chunk_tokens // 4, round(0.9 * most))
        return replace(defaults, hypotheses=1, min_tokens=least, max_tokens=most)

    def _as_it_is(self, article: Prepared, tokens: int, draft: Draft | None) -> Condensed:
        """Gives the text back: it is too short for this model to be said in fewer words."""
        segments = article.document.segments
        texts, cautions = self._within_ceilings([segment.text for segment in segments], [])
        found = []
        position = 0
        for text in texts:  # a prefix of the segments, or one of them, or the first one cut
            rest = range(position, len(segments))
            at = next((index for index in rest if segments[index].text == text), 0)
            position = at + 1
            found.append(SummarySentence(text, (Range(segments[at].start, segments[at].end),)))
        message = "the text is too short to be summarized and comes back as it is"
        return Condensed(
            tuple(found),
            (Caution("nothing_to_summarize", message), *cautions),
            self._usage(article, tokens, draft),
            verbatim=texts == [segment.text for segment in segments],
        )

    def _finish(self, article: Prepared, tokens: int, goal: int, draft: Draft) -> Condensed:
        """Keeps the sentences that fit, and finds what in the article supports each."""
        kept = self._near_goal(draft.sentences, goal)
        segments = article.document.segments
        originals = [segment.text for segment in segments]
        enough = sum(map(self._size, kept)) >= goal / 2
        kept, cautions = self._within_ceilings(kept, originals)
        if draft.doubt is not None:
            cautions.append(Caution("length_not_reached", draft.doubt))
        elif not cautions and not enough:
            message = f"the summary is less than half as long as asked ({goal} tokens)"
            cautions.append(Caution("length_not_reached", message, value=str(goal)))
        ranges = [
            tuple(Range(segments[i].start, segments[i].end) for i in found)
            for found in support(kept, originals)
        ]
        found = tuple(SummarySentence(*pair) for pair in zip(kept, ranges, strict=True))
        return Condensed(found, tuple(cautions), self._usage(article, tokens, draft))

    def _near_goal(self, texts: Sequence[str], goal: int) -> list[str]:
        """The leading sentences up to the slack over the goal; at least one."""
        kept, total = list(texts[:1]), sum(map(self._size, texts[:1]))
        for text in texts[1:]:
            total += self._size(text)
            if total > SLACKS[self.length] * goal:
                break
            kept.append(text)
        return kept

    def _within_ceilings(
        self, texts: Sequence[str], originals: Sequence[str]
    ) -> tuple[list[str], list[Caution]]:
        kept = list(texts[: self.max_sentences])
        if self.max_words is None or sum(map(count_words, kept)) <= self.max_words:
            return kept, []
        return within_words(kept, originals, self.max_words)

    def _usage(self, article: Prepared, tokens: int, draft: Draft | None) -> SummaryUsage:
        return SummaryUsage(
            input_characters=len(article.document.text),
            input_tokens=tokens,
            output_tokens=draft.tokens if draft else 0,
            chunks=draft.chunks if draft else 0,
            input_characters_used=article.characters_used,
        )


def within_words(
    texts: Sequence[str], originals: Sequence[str], max_words: int
) -> tuple[list[str], list[Caution]]:
    """Keeps whole sentences within a ceiling of words.

    First the leading sentences that fit together; if not even one does, any sentence of the
    summary that fits alone; then the sentence of the article that says most of it; and only when
    no whole sentence is short enough, the first words of the summary.
    """
    kept: list[str] = []
    words = 0
    for text in texts:
        words += count_words(text)
        if words > max_words:
            break
        kept.append(text)
    if kept:
        return kept, []
    if short := [text for text in texts if count_words(text) <= max_words]:
        return short[:1], []
    fitting = [text for text in originals if 2 < count_words(text) <= max_words]
    if fitting:
        best = support([" ".join(texts)], fitting, 1)[0]
        message = (
            f"no sentence of the summary has at most {max_words} words; the article's own does"
        )
        return [fitting[best[0] if best else 0]], [_not_reached(message, max_words)]
    message = f"no whole sentence has at most {max_words} words; the first one is cut"
    return [_first_words(texts[0], max_words)], [_not_reached(message, max_words)]


def _not_reached(message: str, max_words: int) -> Caution:
    return Caution("length_not_reached", message, value=str(max_words))


def _first_words(text: str, max_words: int) -> str:
    runs = text.split()
    while count_words(" ".join(runs)) > max_words:
        runs.pop()
    return " ".join(runs) + "…"


def _whole_sentences(answer: Hypothesis) -> tuple[list[str], bool]:
    """Returns the sentences without a last one that was cut; False if that was the only one."""
    found = sentences(answer.text)
    if answer.finished or not found or found[-1].endswith(TERMINALS):
        return found, True
    return (found[:-1], True) if len(found) > 1 else (found, False)


def _visible(text: str) -> int:
    return sum(not character.isspace() for character in text)
