"""Reads an article with one model: packs whole sentences into its window, one job a chunk.

If there are several chunks, what was said of them is read again, as long as that makes the text
shorter. Nothing of the text is left out of the first pass, and no chunk out of the second. Knows
neither what length is asked for nor what a summary must not say.
"""

import asyncio
import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from service.batching import Flow
from service.engines.base import Decoding, Hypothesis
from service.runner import Runner
from service.tasks.memory import Heard, Hypotheses, Memory
from service.tasks.results import Stopwatch
from service.tasks.told import ChunksRead, Told
from service.text.faithful import Article
from service.text.pack import cut, pack
from service.text.segment import Document, sentences, split
from service.text.support import support

__all__ = ["Draft", "Prepared", "Reader"]

MAX_REMAINING = 0.9
"""A pass that leaves more than this share of its text is the last one."""

SEPARATOR_TOKENS = 1
"""A sentence may take one token more inside a text than alone (byte-level BPE, leading space)."""

HYPOTHESES = 8
"""So many other ways to say a chunk are asked for, where one was doubtful."""

TERMINALS = (".", "!", "?", "…", '."', '!"', '?"', ".”", "!”", "?”", ".)", ".'", ".’")

ABBREVIATED = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Gen|Col|Lt|Sgt|Sen|Rep|Gov|Prof|Rev|Hon|No|vs|Mt|Ft)\.$"
)
"""A stop behind these is no end of a sentence: the name or number is still to come."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The article cut to what the model can read.

    Attributes:
        units: whole sentences, and the pieces of those that are longer than the window.
        sizes: their tokens, with the space before each.
        starts: the units that begin a paragraph.
        segments: for every unit the index of its sentence.
        tokens: of the article, without those that stand around every source.
        facts: what the sentences of a summary are checked against.
    """

    document: Document
    units: list[str]
    sizes: list[int]
    starts: frozenset[int]
    segments: list[int]
    tokens: int
    characters_used: int
    facts: Article

    @property
    def sentences(self) -> list[str]:
        return [segment.text for segment in self.document.segments]


@dataclass(frozen=True, slots=True)
class Draft:
    """What the model said of an article.

    Attributes:
        said: the sentences of the last pass.
        notes: those of the first pass in the order of the article; the same, with one chunk.
        chunks: the units each job of the first pass read.
        stalled: the passes ended because the model made nothing shorter.
        silent: the last pass said nothing whole; what is in `said` is the text's own.
    """

    said: list[str]
    notes: list[str]
    chunks: list[range]
    stalled: bool = False
    silent: bool = False


class Reader:
    """One model, reading for one request. Its methods that are not coroutines run in any thread.

    Whoever is `told` hears of the chunks of each pass.

    Attributes:
        own: how the checkpoint decodes by itself.
        tokens: what the model has said so far, in tokens.
    """

    def __init__(
        self,
        runner: Runner,
        flow: Flow,
        watch: Stopwatch,
        memory: Memory,
        told: Told | None = None,
    ) -> None:
        self.own = runner.description.decoding
        self.tokens = 0
        self._runner = runner
        self._flow = flow
        self._watch = watch
        self._memory = memory
        self._told = told
        self._around = runner.count("")
        self._room = runner.description.max_source_tokens - self._around
        self._known: dict[str, int] = {}

    def size(self, text: str) -> int:
        """Tokens of a text, without those that stand around every source; counted once."""
        if text not in self._known:
            self._known[text] = self._runner.count(text) - self._around
        return self._known[text]

    def prepare(self, text: str) -> Prepared:
        document = split(text)
        texts = [segment.text for segment in document.segments]
        firsts = {paragraph[0].start for paragraph in document.paragraphs()}
        units: list[str] = []
        starts: list[int] = []
        owners: list[int] = []
        for index, segment in enumerate(document.segments):
            if segment.start in firsts:
                starts.append(len(units))
            pieces = self._pieces(segment.text)
            units += pieces
            owners += [index] * len(pieces)
        lost = sum(map(_visible, texts)) - sum(map(_visible, units))
        return Prepared(
            document,
            units,
            self._sizes(units),
            frozenset(starts),
            owners,
            sum(map(self.size, units)),
            len(text) - lost,
            Article.read(text),
        )

    def _pieces(self, text: str) -> list[str]:
        """Cuts a sentence that is longer than the window.

        A summary has such sentences too, where the model did not come to an end.
        """
        return [piece.text for piece in cut(text, self._room - SEPARATOR_TOKENS, self.size)]

    def _sizes(self, units: Iterable[str]) -> list[int]:
        return [self.size(unit) + SEPARATOR_TOKENS for unit in units]

    async def read(self, article: Prepared, most_tokens: int, least_tokens: int) -> Draft:
        """Passes over the text until its summary came out of one chunk, or has `most_tokens`.

        Args:
            least_tokens: the model is not forced to say more than this.
        """
        units, sizes, starts = article.units, article.sizes, article.starts
        first: tuple[list[str], list[range]] | None = None
        before = math.inf
        said: list[str] = []
        while sum(sizes) <= MAX_REMAINING * before:
            before = sum(sizes)
            chunks = pack(sizes, self._room, starts)
            texts = [[units[i] for i in chunk] for chunk in chunks]
            answers, silent = await self._pass(texts, least_tokens)
            said = _once(answers)
            first = first or (said, chunks)
            units, sizes, starts = await asyncio.to_thread(self._next, answers)
            if len(chunks) == 1 or sum(sizes) <= most_tokens:
                notes, chunks = first
                return Draft(_shown(said, article), _shown(notes, article), chunks, silent=silent)
        notes, chunks = first or ([], [])
        return Draft(_shown(said, article), _shown(notes, article), chunks, stalled=True)

    def _next(self, answers: list[list[str]]) -> tuple[list[str], list[int], frozenset[int]]:
        """Returns what the next pass reads; what was said of one chunk is one paragraph."""
        units: list[str] = []
        starts: set[int] = set()
        seen: set[str] = set()
        for answer in answers:
            starts.add(len(units))
            for text in answer:
                if text not in seen:
                    seen.add(text)
                    units += self._pieces(text)
        return units, self._sizes(units), frozenset(starts)

    async def in_parts(self, article: Prepared, parts: int, least_tokens: int) -> list[str]:
        """Reads the article in about so many parts; returns what was said, in its order."""
        size = max(*article.sizes, math.ceil(sum(article.sizes) / parts))
        chunks = pack(article.sizes, min(self._room, size), article.starts)
        texts = [[article.units[i] for i in chunk] for chunk in chunks]
        answers, _ = await self._pass(texts, least_tokens)
        return _shown(_once(answers), article)

    async def otherwise(self, article: Prepared, chunks: Sequence[range]) -> list[str]:
        """Returns whole sentences of other ways to say these chunks, the likelier ways first.

        A wider beam finds other beginnings. Without the ban on repeated pieces a name may be
        written as often as it must; where a checkpoint has no ban, five pieces are one.
        """
        texts = [[article.units[i] for i in chunk] for chunk in chunks]
        sources, sizes = await asyncio.to_thread(self._encoded, texts)
        decoding = replace(
            self._decoding(self.own.min_tokens, sum(sizes) // len(sizes)),
            beam_size=max(HYPOTHESES, self.own.beam_size),
            hypotheses=HYPOTHESES,
            no_repeat_ngram_size=0 if self.own.no_repeat_ngram_size else 5,
        )
        results = await self._run(sources, decoding)
        found = [
            _whole(hypothesis, text)
            for text, hypotheses in zip(texts, results, strict=True)
            for hypothesis in hypotheses
        ]
        return _shown(_once(found), article)

    async def _pass(
        self, texts: list[list[str]], least_tokens: int
    ) -> tuple[list[list[str]], bool]:
        """Runs one job a chunk; returns the whole sentences said of each, at least one.

        Whoever was cut in its only sentence gets twice the room. Of whom nothing whole is said
        even then, the own sentence that is nearest to what was said stands in, so that no chunk
        is missing from what comes next; whether that was so for every chunk is returned, too.
        """
        sources, sizes = await asyncio.to_thread(self._encoded, texts)
        decoding = self._decoding(least_tokens, sum(sizes) // len(texts))
        heard = _counted(len(sources), self._told) if self._told else None
        answers = [found[0] for found in await self._run(sources, decoding, heard)]
        room = min(2 * decoding.max_tokens, self._runner.description.max_target_tokens)
        again = [
            i
            for i, answer in enumerate(answers)
            if not answer.finished and not _whole(answer, texts[i])
        ]
        if again and room > decoding.max_tokens:
            wider = replace(decoding, max_tokens=room)
            results = await self._run([sources[i] for i in again], wider)
            for i, hypotheses in zip(again, results, strict=True):
                answers[i] = hypotheses[0]
        whole = [_whole(answer, text) for answer, text in zip(answers, texts, strict=True)]
        found = [
            said or [_stand_in(answer.text, text)]
            for said, answer, text in zip(whole, answers, texts, strict=True)
        ]
        return found, not any(whole)

    def _encoded(self, texts: list[list[str]]) -> tuple[list[list[str]], list[int]]:
        sources = [self._runner.encode(" ".join(text)) for text in texts]
        return sources, [len(source) - self._around for source in sources]

    async def _run(
        self, sources: list[list[str]], decoding: Decoding, heard: Heard | None = None
    ) -> list[Hypotheses]:
        jobs = [(source, decoding) for source in sources]
        found = await self._memory.run(self._runner, jobs, self._flow, self._watch, heard=heard)
        self.tokens += sum(hypotheses[0].tokens for hypotheses in found)
        return found

    def _decoding(self, least_tokens: int, chunk_tokens: int) -> Decoding:
        """The checkpoint's own way to decode, between bounds that its chunk allows.

        A model is never forced beyond its own least: a floor of half the goal made the bundled
        summarizer add sentences that its article never had in 6 of 40 cases.
        """
        most = max(2, min(self.own.max_tokens, chunk_tokens - 1))
        least = min(self.own.min_tokens, least_tokens, chunk_tokens // 4, round(0.9 * most))
        return replace(self.own, hypotheses=1, min_tokens=least, max_tokens=most)


def _counted(chunks: int, told: Told) -> Heard:
    done = itertools.count(1)
    return lambda _index, _hypotheses: told(ChunksRead(next(done), chunks))


def _once(answers: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(text for answer in answers for text in answer))


def _shown(said: Iterable[str], article: Prepared) -> list[str]:
    """Leaves out what is only a piece of a sentence of the article, longer than the window."""
    whole = set(article.sentences)
    pieces = set(article.units) - whole
    return [text for text in said if text not in pieces]


def _whole(answer: Hypothesis, text: Sequence[str]) -> list[str]:
    """Returns the whole sentences of an answer, without a last one that was cut.

    A last sentence that the model ended by itself gets the full stop it forgot, unless the article
    has it without one.
    """
    found = sentences(answer.text)
    if not found or (found[-1].endswith(TERMINALS) and _ends(answer, found[-1])):
        return found
    if not answer.finished:
        return found[:-1]
    if found[-1] in text or not found[-1][-1].isalnum():
        return found
    return [*found[:-1], f"{found[-1]}."]


def _ends(answer: Hypothesis, last: str) -> bool:
    return answer.finished or not ABBREVIATED.search(last)


def _stand_in(said: str, text: Sequence[str]) -> str:
    found = support([said], text, 1)[0]
    return text[found[0] if found else 0]


def _visible(text: str) -> int:
    return sum(not character.isspace() for character in text)
