"""What an engine is: the protocol and its plain data.

An engine runs one batch and knows nothing else: no queue, no request, no catalog, no network.
`Description` is what a converted checkpoint says of itself; the store keeps it in the manifest,
so that serving needs neither the checkpoint's own configuration nor `transformers`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal, Protocol

__all__ = [
    "ALONE",
    "ARCHITECTURES",
    "Alignment",
    "Architecture",
    "Decoding",
    "Description",
    "Engine",
    "Hypothesis",
    "Layout",
    "Output",
    "TokenizerKind",
    "check_sources",
]

Architecture = Literal["marian", "bart", "t5", "pegasus", "m2m_100"]
ARCHITECTURES: tuple[Architecture, ...] = ("marian", "bart", "t5", "pegasus", "m2m_100")

TokenizerKind = Literal["sentencepiece", "tokenizers"]
"""`sentencepiece`: `source.spm` and `target.spm`; `tokenizers`: `tokenizer.json`."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to decode. Hashable: only jobs of equal decoding may share a batch.

    Attributes:
        beam_size: 1 is greedy.
        hypotheses: how many candidates to return, at most `beam_size`.
        min_tokens: no end of sequence before this many target tokens.
        max_tokens: the target is cut here; `Hypothesis.finished` is then false.
        patience: beam search ends when `beam_size` times this many hypotheses are finished
            (Kasai et al. 2022). 1 is `early_stopping=True` of `transformers`; 2 stands for its
            default, which goes on while a better one may come: measured on opus-mt-en-fr in
            float32, beam 4, 80 of 80 FLORES sentences equal either way, 2 taking 1.12 times the
            time of 1.
        length_penalty: alpha in score = log p / length^alpha (Wu et al. 2016 simplified, as in
            `transformers` and CTranslate2).
        no_repeat_ngram_size: no piece n-gram twice; 0 turns it off.
        repetition_penalty: Keskar et al. 2019; 1 turns it off.
        aligned: every hypothesis comes with its `Alignment`.
    """

    beam_size: int = 1
    hypotheses: int = 1
    min_tokens: int = 0
    max_tokens: int = 256
    patience: float = 1.0
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    repetition_penalty: float = 1.0
    aligned: bool = False

    def with_overrides(self, overrides: Mapping[str, float]) -> "Decoding":
        """Returns a copy with some fields replaced.

        Raises:
            ValueError: a key is not a field of `Decoding`.
        """
        known = {f.name: f for f in fields(self)}
        if unknown := sorted(set(overrides) - set(known)):
            raise ValueError(f"unknown generation settings {unknown}; known: {sorted(known)}")
        cast = {k: type(getattr(self, k))(v) for k, v in overrides.items()}
        return replace(self, **cast)


@dataclass(frozen=True, slots=True)
class Description:
    """What a checkpoint says of itself, plus what its catalog row adds.

    Attributes:
        architecture: the family; decides where language tokens go.
        tokenizer: which tokenizer files lie beside the weights.
        max_source_tokens: the window, special tokens included. A longer source is never cut by an
            engine: it is refused.
        max_target_tokens: the longest target the checkpoint was built for.
        decoding: the checkpoint's own generation defaults.
        text_prefix: put before the text, before tokenizing (T5's `summarize: `).
        source_prefix, source_suffix: tokens around every source (`>>rus<<`, `eng_Latn`; `</s>`).
            Only for `sentencepiece` and for `m2m_100`; otherwise `tokenizer.json` adds its own.
        target_prefix: tokens the decoder is forced to begin with (BART's `<s>`, NLLB's language).
    """

    architecture: Architecture
    tokenizer: TokenizerKind
    max_source_tokens: int
    max_target_tokens: int
    decoding: Decoding = field(default_factory=Decoding)
    text_prefix: str = ""
    source_prefix: tuple[str, ...] = ()
    source_suffix: tuple[str, ...] = ()
    target_prefix: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """How an engine uses the processors.

    Attributes:
        workers: batches at once; each takes memory to work in, the weights are there once.
        threads: of each batch.
    """

    workers: int = 1
    threads: int = 1

    @classmethod
    def chosen(cls, cpus: int, workers: int = 0, threads: int = 0) -> "Layout":
        """Returns a layout for so many CPUs that does not oversubscribe them.

        What is 0 is chosen: one thread a batch up to three CPUs, up to four from there on. A batch
        is memory-bound while it is small: there more threads bring little, and on two AMD cores
        (CTranslate2 4.8.5, oneDNN) two threads took 1.5 times as long for one sentence as one
        (`benchmarks/README.md`). `lur bench` measures the machine at hand.
        """
        if not threads:
            threads = cpus // workers if workers else (1 if cpus <= 3 else min(4, cpus // 2))
        threads = max(1, threads)
        return cls(workers or max(1, cpus // threads), threads)


ALONE = Layout()
"""One batch at a time, on one thread."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a model looked in the source while it wrote: its last layer's first head.

    Marian can be taught that this head aligns words (`--transformer-guided-alignment-layer last`);
    OPUS-MT's models of the kind `transformer-align` were.

    Attributes:
        pieces: the target tokens of the text, without special ones.
        looks: for each piece, up to `MAX_LOOKS` source tokens by index with their share of its
            attention in 1/255, the largest first; none below `MIN_LOOK`.
    """

    pieces: tuple[str, ...]
    looks: tuple[tuple[tuple[int, int], ...], ...]

    @classmethod
    def of(cls, pieces: Sequence[str], attention: Sequence[Sequence[float]]) -> "Alignment":
        """Returns what of a matrix (target tokens by source tokens) is worth to be remembered."""
        looks = []
        for row in attention:
            shares = enumerate(round(255 * share) for share in row)
            most = sorted((-share, token) for token, share in shares if share >= MIN_LOOK)
            looks.append(tuple((token, -share) for share, token in most[:MAX_LOOKS]))
        return cls(tuple(pieces), tuple(looks))


MAX_LOOKS, MIN_LOOK = 4, 8
"""Measured on opus-mt-en-fr, 95 phrases of 24 sentences: as good as all of the matrix."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One candidate.

    Attributes:
        text: decoded, without special tokens.
        tokens: how many target tokens it took, without special tokens.
        score: log probability over length^length_penalty; higher is better, at most 0.
        finished: the model ended by itself; false when `max_tokens` cut it.
        alignment: where it was asked for.
    """

    text: str
    tokens: int
    score: float
    finished: bool
    alignment: Alignment | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """The candidates for one source, best first; never empty."""

    hypotheses: tuple[Hypothesis, ...]


class Engine(Protocol):
    """One loaded model.

    `generate` is called from at most `workers` threads at once, `encode` from any, and also after
    `close`: while another engine is built in its place, texts are tokenized with it.
    """

    @property
    def description(self) -> Description: ...

    @property
    def workers(self) -> int:
        """How many batches it runs at once."""

    @property
    def memory_bytes(self) -> int:
        """Resident bytes of the weights."""

    def encode(self, text: str) -> list[str]:
        """Returns the source tokens of `text`, special tokens included; never truncates."""

    def generate(self, sources: Sequence[Sequence[str]], decoding: Decoding) -> list[Output]:
        """Runs one batch and returns one output per source, in order.

        Raises:
            ValueError: a source is empty or longer than the window.
            RuntimeError: the runtime library failed; the batch is lost, the engine is not.
        """

    def close(self) -> None:
        """Frees the weights; `generate` is not called afterwards."""


def check_sources(sources: Sequence[Sequence[str]], max_source_tokens: int) -> None:
    """Refuses what an engine must not cut or guess.

    Raises:
        ValueError: a source is empty or longer than the window.
    """
    for source in sources:
        if not 0 < len(source) <= max_source_tokens:
            raise ValueError(
                f"a source has {len(source)} tokens, the window is {max_source_tokens}"
            )
