"""A try at a segment: what a leased model is given, how it decodes, and what comes back.

Knows how a text becomes jobs and how their outputs become a text again; not what a good one is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from service.batching import Flow
from service.engines.base import Decoding, Hypothesis
from service.models.catalog import ModelSpec
from service.runner import Runner
from service.tasks.memory import Heard, Hypotheses, Memory
from service.tasks.results import Stopwatch
from service.text.alignment import Carrier, Link, linked
from service.text.clauses import continued
from service.text.normalize import normalize
from service.text.pack import cut
from service.text.segment import Span, splice

__all__ = ["LeasedModel", "Output", "Trial"]

SHORT_TARGET_TOKENS = 256
SHORT_SOURCE_TOKENS = 85
"""A source of up to 85 tokens gets 256 to answer, three times its own; a longer one gets all that
the model has. Two steps and no more, for only jobs of equal decoding share a batch."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One text for the model, in pieces that fit its window, each with how it is decoded.

    `text` is the sentence, normalised; what lies between its pieces is put back between their
    translations.
    """

    sentence: str
    text: str
    pieces: tuple[Span, ...]
    sources: tuple[list[str], ...]
    decodings: tuple[Decoding, ...]

    @property
    def tokens(self) -> int:
        return sum(map(len, self.sources))

    @property
    def is_aligned(self) -> bool:
        """Whether its outputs come with links."""
        return any(decoding.aligned for decoding in self.decodings)


@dataclass(frozen=True, slots=True)
class Output:
    """One candidate for the text of a trial.

    Attributes:
        text: as the model wrote it; where it said nothing at all, the source.
        score: its pieces' scores, weighted by their lengths; None where it said nothing.
        tokens: what it took.
        stopped: it was cut at its limit, so what follows is missing.
        silent: some piece was answered with nothing; the source stands in its place.
        links: between `text` and the sentence of the trial, where they were asked for.
    """

    text: str
    score: float | None
    tokens: int
    stopped: bool
    silent: bool
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class LeasedModel:
    """A model in memory, as one request uses it; `decoding` is what the request's quality means."""

    runner: Runner
    spec: ModelSpec
    decoding: Decoding
    flow: Flow
    watch: Stopwatch
    memory: Memory

    def trial(
        self,
        sentence: str,
        parts: Callable[[str], Sequence[Span]] | None = None,
        *,
        kept: Sequence[Span] = (),
        aligned: bool = False,
    ) -> Trial:
        """Prepares a sentence: normalises it, cuts what is over the window, tokenizes.

        Args:
            parts: cuts the normalised sentence into what is translated each on its own.
            kept: what is not to be normalised.
            aligned: its outputs come with links.
        """
        text, _ = self._normalized(sentence, kept)
        spans = parts(text) if parts else [Span(0, len(text), text)]
        return self._trial(sentence, text, spans, aligned)

    def trial_around(self, sentence: str, kept: Sequence[Span], *, aligned: bool) -> Trial:
        """Prepares what is around the kept stretches of a sentence, each on its own."""
        text, spans = self._normalized(sentence, kept)
        return self._trial(sentence, text, spans, aligned)

    def _normalized(self, sentence: str, kept: Sequence[Span]) -> tuple[str, list[Span]]:
        """The sentence as the model shall read it, and what of it has words and is not kept."""
        text, done = "", 0
        spans = []
        for start, end in [*((one.start, one.end) for one in kept), (len(sentence),) * 2]:
            stretch = sentence[done:start]
            bare = normalize(stretch, self.spec.languages[0])
            if bare and done:
                text += stretch[: len(stretch) - len(stretch.lstrip())]
            if any(map(str.isalpha, bare)):
                spans.append(Span(len(text), len(text) + len(bare), bare))
            text += bare
            if start < len(sentence):
                text += stretch[len(stretch.rstrip()) :]
            text += sentence[start:end]
            done = end
        return text, spans

    def _trial(self, sentence: str, text: str, spans: Sequence[Span], aligned: bool) -> Trial:
        window = self.runner.description.max_source_tokens
        pieces = []
        for part in spans:
            for piece in cut(part.text, window, self.runner.count):
                start = part.start + piece.start
                pieces.append(Span(start, start + len(piece.text), piece.text))
        sources = tuple(self.runner.encode(piece.text) for piece in pieces)
        decoding = replace(self.decoding, aligned=True) if aligned else self.decoding
        decodings = tuple(self.bounded(decoding, len(source)) for source in sources)
        return Trial(sentence, text, tuple(pieces), sources, decodings)

    def bounded(self, decoding: Decoding, tokens: int) -> Decoding:
        """Gives a source of so many tokens its room to answer; long ones may answer at length."""
        most = self.runner.description.max_target_tokens
        if tokens <= SHORT_SOURCE_TOKENS:
            most = min(most, SHORT_TARGET_TOKENS)
        return replace(decoding, max_tokens=most)

    async def run(
        self,
        trials: Sequence[Trial],
        places: Sequence[int] = (),
        heard: Callable[[int, list[Output]], None] | None = None,
    ) -> list[list[Output]]:
        """Has every piece answered; returns the candidates of each trial, best first.

        Args:
            places: of the trials; which are wanted first, see `Runner.submit`.
            heard: told, by its index, of each trial as soon as all of its pieces are answered; on
                the event loop.

        Raises:
            Unavailable, InferenceFailed: see `Memory.run`.
        """
        jobs = [
            (source, decoding)
            for trial in trials
            for source, decoding in zip(trial.sources, trial.decodings, strict=True)
        ]
        owners = [index for index, trial in enumerate(trials) for _ in trial.pieces]
        said = iter(
            await self.memory.run(
                self.runner,
                jobs,
                self.flow,
                self.watch,
                [places[owner] for owner in owners] if places else (),
                _whole(trials, owners, heard) if heard else None,
            )
        )
        return [_outputs(trial, [next(said) for _ in trial.pieces]) for trial in trials]


def _whole(
    trials: Sequence[Trial], owners: Sequence[int], heard: Callable[[int, list[Output]], None]
) -> Heard:
    """Returns what puts pieces together, and tells of a trial when it has all of them."""
    firsts = {owner: job for job, owner in reversed(list(enumerate(owners)))}
    pieces: dict[int, dict[int, Hypotheses]] = {}

    def hear(job: int, hypotheses: Hypotheses) -> None:
        owner = owners[job]
        found = pieces.setdefault(owner, {})
        found[job] = hypotheses
        count = len(trials[owner].pieces)
        if len(found) == count:
            del pieces[owner]
            begin = firsts[owner]
            heard(owner, _outputs(trials[owner], [found[begin + i] for i in range(count)]))

    return hear


def _outputs(trial: Trial, found: Sequence[Hypotheses]) -> list[Output]:
    """Puts the pieces together, the best with the best, the second with the second."""
    return [
        _output(trial, [hypotheses[min(rank, len(hypotheses) - 1)] for hypotheses in found])
        for rank in range(max(map(len, found)))
    ]


def _output(trial: Trial, chosen: Sequence[Hypothesis]) -> Output:
    said = [hypothesis.text.strip() != "" for hypothesis in chosen]
    texts = [
        (hypothesis.text if piece is trial.pieces[-1] else continued(piece.text, hypothesis.text))
        if spoken
        else piece.text
        for hypothesis, piece, spoken in zip(chosen, trial.pieces, said, strict=True)
    ]
    return Output(
        text=splice(trial.text, trial.pieces, texts),
        score=_score(chosen) if any(said) else None,
        tokens=sum(hypothesis.tokens for hypothesis in chosen),
        stopped=not all(hypothesis.finished for hypothesis in chosen),
        silent=not all(said),
        links=tuple(_links(trial, chosen, texts)),
    )


def _links(trial: Trial, chosen: Sequence[Hypothesis], texts: Sequence[str]) -> Iterator[Link]:
    """The links of all pieces, as the pieces lie in their texts."""
    if not trial.is_aligned:
        return
    carrier = Carrier(trial.text, trial.sentence)
    shift = 0
    for piece, tokens, said, text in zip(trial.pieces, trial.sources, chosen, texts, strict=True):
        if said.alignment is not None and said.text.strip():
            found = linked(text, said.alignment.pieces, said.alignment.looks, piece.text, tokens)
            for link in found:
                start, end = (piece.start + at for at in (link.source_start, link.source_end))
                place = carrier.carried(start, end)
                if place is not None:
                    here = piece.start + shift
                    yield Link(link.start + here, link.end + here, *place, link.weight)
        shift += len(text) - len(piece.text)


def _score(hypotheses: Sequence[Hypothesis]) -> float:
    weights = [max(1, hypothesis.tokens) for hypothesis in hypotheses]
    total = sum(h.score * weight for h, weight in zip(hypotheses, weights, strict=True))
    return total / sum(weights)
