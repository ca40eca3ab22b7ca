"""The way from a long text to a short one, with one model: read, choose, check.

`reading` lets the model say the text in fewer words, `lengths` chooses the sentences that make the
length, `amend` sees to those that say what the article does not. No sentence of a summary is ever
cut: where no whole sentence of model or article is short enough for `max_words`, the shortest there
is comes back with the warning `length_not_reached`. Of the two promises it is the ceiling that
bends, because a torn sentence misleads readers and a long one does not.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.batching import Flow
from service.runner import Runner
from service.tasks.amend import Amended, amend
from service.tasks.lengths import SHARES, Bounds, Length, Line, choose, shortfall
from service.tasks.memory import Memory
from service.tasks.reading import Draft, Prepared, Reader
from service.tasks.results import Caution, Range, Stopwatch, SummarySentence, SummaryUsage
from service.tasks.told import Told
from service.text.echoes import is_taken_from, meaning
from service.text.support import support
from service.text.trimming import trimmed
from service.text.words import count_words

__all__ = ["SHARES", "Condensed", "Condensing", "Length"]

STALLED = "the model does not make the text shorter; this is its beginning"
SILENT = "the model said no whole sentence; these are the article's own"

MIN_WORDS = 3
"""A sentence of the article with fewer words says nothing alone."""

MAX_OWN = 200
"""So many of the article's own sentences are tried at most; it bounds the work."""

LEANING = re.compile(
    r"[\"“”«»]|(?:he|she|it|they|this|that|these|those|but|and|so|there)\b", re.IGNORECASE
)
"""Sentences that begin so need what stands before them in the article."""


@dataclass(frozen=True, slots=True)
class Condensed:
    """A summary in the article's language.

    `verbatim`: the whole text, unchanged; joining the sentences would lose its layout.
    """

    sentences: tuple[SummarySentence, ...]
    warnings: tuple[Caution, ...]
    usage: SummaryUsage
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Condensing:
    """One article on its way through one model."""

    runner: Runner
    length: Length
    max_sentences: int | None
    max_words: int | None
    flow: Flow
    watch: Stopwatch
    memory: Memory
    told: Told | None = None

    async def condense(self, text: str) -> Condensed:
        """Summarizes `text`, which has at least one letter or digit.

        The length is what `Bounds` calls met, or the answer says `length_not_reached`, or, where
        the text was too short to be summarized, `nothing_to_summarize`. No sentence is said twice,
        and none is a piece of one.
        """
        reader = Reader(self.runner, self.flow, self.watch, self.memory, self.told)
        article = await asyncio.to_thread(reader.prepare, text)
        bounds = Bounds.of(
            text, article.tokens, self.length, reader.own, self.max_sentences, self.max_words
        )
        if len(article.document.segments) < 2 or article.tokens <= reader.own.min_tokens:
            return await asyncio.to_thread(self._as_it_is, article, bounds, reader, None)
        least = reader.own.min_tokens if self.max_words is None else bounds.least
        draft = await reader.read(article, bounds.most, least)
        work = _Choosing(article, draft, reader, bounds)
        kept = await work.chosen()
        if not bounds.are_met(kept) and len(draft.chunks) == 1 and work.is_as_long:
            return await asyncio.to_thread(self._as_it_is, article, bounds, reader, draft)
        amended = await amend(kept, article, draft, reader, bounds)
        return await asyncio.to_thread(self._finished, article, bounds, reader, draft, amended)

    def _as_it_is(
        self, article: Prepared, bounds: Bounds, reader: Reader, draft: Draft | None
    ) -> Condensed:
        """Gives the text back: it is too short for this model to be said in fewer words."""
        segments = article.document.segments
        indices, caution = _within_ceilings(article.sentences, self.max_sentences, self.max_words)
        message = "the text is too short to be summarized and comes back as it is"
        cautions = [Caution("nothing_to_summarize", message)]
        if caution is not None:
            cautions.append(caution)
        return Condensed(
            tuple(
                SummarySentence(segment.text, (Range(segment.start, segment.end),))
                for segment in (segments[i] for i in indices)
            ),
            tuple(cautions),
            _usage(article, reader, draft),
            verbatim=len(indices) == len(segments),
        )

    def _finished(
        self,
        article: Prepared,
        bounds: Bounds,
        reader: Reader,
        draft: Draft,
        amended: Sequence[Amended],
    ) -> Condensed:
        """Finds what in the article supports each sentence, and says what is doubtful."""
        lines = [found.line for found in amended]
        doubts = [
            tuple(
                Caution(doubt.code, doubt.message, value=doubt.value, sentence=index)
                for doubt in found.doubts
            )
            for index, found in enumerate(amended)
        ]
        cautions = [caution for found in doubts for caution in found]
        if (caution := shortfall(lines, bounds)) is not None:
            cautions.append(caution)
        elif draft.stalled or draft.silent:
            cautions.append(Caution("length_not_reached", SILENT if draft.silent else STALLED))
        segments = article.document.segments
        sources = support([line.text for line in lines], article.sentences)
        return Condensed(
            tuple(
                SummarySentence(
                    line.text,
                    tuple(Range(segments[i].start, segments[i].end) for i in found),
                    warnings=warnings,
                )
                for line, found, warnings in zip(lines, sources, doubts, strict=True)
            ),
            tuple(cautions),
            _usage(article, reader, draft),
        )


@dataclass(frozen=True, slots=True)
class _Choosing:
    """Finds the sentences for a length: as few sources as it takes, the best ones first."""

    article: Prepared
    draft: Draft
    reader: Reader
    bounds: Bounds

    async def chosen(self) -> list[Line]:
        """Returns the sentences of the summary.

        First what the last pass said. If that is too little: what the first pass said of the
        chunks, or what is said of the article in parts, where it was one chunk and as much is
        missing as the model says at least. If the length is not met even so: shorter forms of all
        these, and last the article's own sentences. What the model says to fill up is taken from
        one sentence of the article, and has no number or name that it does not have.
        """
        said = await asyncio.to_thread(self._fitting, self.draft.said)
        more = await asyncio.to_thread(self._faithful, self.draft.notes)
        best = await asyncio.to_thread(choose, said, more, self.bounds)
        own = self.reader.own
        lacking = self.bounds.lacks(best) >= own.min_tokens or not self.bounds.are_met(best)
        if lacking and self._may_read_in_parts:
            parts = max(2, round(self.bounds.goal / max(1, own.min_tokens)))
            found = await self.reader.in_parts(self.article, parts, own.min_tokens)
            more += await asyncio.to_thread(self._faithful, found)
            best = await asyncio.to_thread(choose, said, more, self.bounds)
        if not self.bounds.are_met(best):
            best = await asyncio.to_thread(self._with_others, said, more)
        return best

    @property
    def is_as_long(self) -> bool:
        """Whether the model said as much as there is to read."""
        return sum(map(self.reader.size, self.draft.said)) >= self.article.tokens

    @property
    def _may_read_in_parts(self) -> bool:
        """Whether the article was one chunk, and the model can say as little as is missing."""
        return len(self.draft.chunks) == 1 and self.bounds.most >= self.reader.own.min_tokens

    def _with_others(self, said: list[Line], more: list[Line]) -> list[Line]:
        shorter = [form for line in (*said, *more) for form in self._shorter(line)]
        best = choose(said, [*more, *shorter], self.bounds)
        if self.bounds.are_met(best):
            return best
        own = self._own()
        best = choose(said, [*more, *shorter, *own], self.bounds)
        if self.bounds.are_met(best):
            return best
        shorter += [form for line in own for form in self._shorter(line)]
        return choose(said, [*more, *shorter, *own], self.bounds)

    def _lines(self, texts: Iterable[str]) -> list[Line]:
        return [Line.of(text, self.reader.size(text)) for text in texts]

    def _fitting(self, texts: Iterable[str]) -> list[Line]:
        """Puts the longest shorter form that fits for a sentence that fits by no means."""
        lines = []
        for line in self._lines(texts):
            fits = self.bounds.are_kept([line])
            lines.append(line if fits else next(iter(self._shorter(line)), line))
        return lines

    def _shorter(self, line: Line) -> list[Line]:
        """Returns its shorter forms that fit alone, the longest first."""
        forms = self._lines(trimmed(line.text))
        return [form for form in forms if self.bounds.are_kept([form])]

    def _faithful(self, texts: Sequence[str]) -> list[Line]:
        """Keeps those that have no doubts and are taken from one sentence of the article."""
        found = support(texts, self.article.sentences, 1)
        return [
            line
            for line, places in zip(self._lines(texts), found, strict=True)
            if places
            and is_taken_from(line.stems, meaning(self.article.sentences[places[0]]))
            and not self.article.facts.doubts(line.text)
        ]

    def _own(self) -> list[Line]:
        """The article's sentences that can stand alone: those that say most of the summary first.

        Headings and lines without an end mark come behind, and sentences that lean on others.
        """
        sentences = self.article.sentences
        nearest = support([" ".join(self.draft.said)], sentences, 5)[0]
        order = [*nearest, *(i for i in range(len(sentences)) if i not in nearest)]
        texts = [
            sentences[i]
            for i in order
            if count_words(sentences[i]) >= MIN_WORDS and _is_balanced(sentences[i])
        ]
        return self._lines(sorted(texts, key=_leans)[:MAX_OWN])


def _leans(text: str) -> bool:
    return LEANING.match(text) is not None or text[-1].isalnum()


def _is_balanced(text: str) -> bool:
    return text.count('"') % 2 == 0 and text.count("“") == text.count("”")


def _within_ceilings(
    texts: Sequence[str], max_sentences: int | None, max_words: int | None
) -> tuple[list[int], Caution | None]:
    """Returns which sentences of a text to give back: the leading ones that fit.

    If not even the first does, any one that fits; if none does, the shortest, and a warning.
    """
    kept: list[int] = []
    words = 0
    sizes = list(map(count_words, texts))
    for index, size in enumerate(sizes[:max_sentences]):
        words += size
        if max_words is not None and words > max_words:
            break
        kept.append(index)
    if kept or max_words is None:
        return kept, None
    fitting = [i for i, size in enumerate(sizes) if 0 < size <= max_words]
    if fitting:
        return fitting[:1], None
    shortest = min(range(len(sizes)), key=lambda i: sizes[i])
    message = f"no whole sentence has at most {max_words} words; this is the shortest"
    return [shortest], Caution("length_not_reached", message, value=str(max_words))


def _usage(article: Prepared, reader: Reader, draft: Draft | None) -> SummaryUsage:
    return SummaryUsage(
        input_characters=len(article.document.text),
        input_tokens=article.tokens,
        output_tokens=reader.tokens,
        chunks=len(draft.chunks) if draft else 0,
        input_characters_used=article.characters_used,
    )
