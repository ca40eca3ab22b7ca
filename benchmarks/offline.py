"""The engine's side of the comparison: which threads and batches are best for it, and its calls.

The calibration is part of every run, so the limit is the best that this machine gives. Must not
know: servers, what is compared.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.contenders.engine import Engine, Layout
from benchmarks.contenders.servers import BEAM
from benchmarks.load import Text
from benchmarks.processes import say
from service.engines.base import Description
from service.engines.tokenizers import load_tokenizer
from service.machine import usable_cpus
from service.models.manifest import read_manifest

__all__ = ["Offline", "decoding_options"]

BATCHES = (16, 32, 64)
"""Candidates for `max_batch_size`; the library sorts the sources by length before it cuts them."""


def decoding_options(
    description: Description, beam: int | None = None, patience: float | None = None
) -> dict[str, object]:
    """Returns the options of `translate_batch` for a model, as Lur decodes with it.

    Args:
        description: of the model.
        beam, patience: instead of its own.
    """
    own = description.decoding
    beam = beam or own.beam_size
    return {
        "beam_size": beam,
        "patience": (patience or own.patience) if beam > 1 else 1,
        "length_penalty": own.length_penalty,
        "repetition_penalty": own.repetition_penalty,
        "no_repeat_ngram_size": own.no_repeat_ngram_size,
        "min_decoding_length": own.min_tokens + len(description.target_prefix),
        "max_decoding_length": own.max_tokens + len(description.target_prefix),
        "max_input_length": 0,
        "disable_unk": True,
        "return_scores": True,
    }


class Offline:
    """The models of the engine and the best way to call it.

    Attributes:
        calibration: what was tried, with its sentences per second or its median seconds.
        sentences_per_s: offline, the best that was found.
        alone_s: of a sentence that has the engine for itself, the best median that was found.
        tokens_ratio: target tokens per source token that the model wrote.
    """

    def __init__(
        self, served: Path, plain: Path, device: str, patience: float | None = 1.0
    ) -> None:
        manifest = read_manifest(served)
        assert manifest is not None, f"{served} holds no model"
        self._models = {"trimmed": served, "offline": plain}
        self._tokenizer = load_tokenizer(served, manifest.description)
        self._options = decoding_options(manifest.description, BEAM, patience)
        self._device = device
        self.calibration: list[dict[str, Any]] = []
        self._calibrated: tuple[Layout, int, Layout] = ((1, 1), 32, (1, 1))
        self.sentences_per_s = self.alone_s = self.tokens_ratio = 0.0

    def calibrate(self, engine: Engine, texts: Sequence[Text]) -> None:
        """Finds the best threads and batch sizes, and loads both models with them.

        Args:
            engine: holds the models from then on.
            texts: sentences to try, one batch of the largest size for each core at least.
        """
        cpus = usable_cpus() if self._device == "cpu" else 1
        layouts = sorted({(1, 1), (cpus, 1), (1, cpus), (max(1, cpus // 2), min(2, cpus))})
        sources = [self._tokenizer.encode(text.text) for text in texts]
        rates: dict[tuple[Layout, int], float] = {}
        alone: dict[Layout, float] = {}
        for layout in layouts:
            engine.load("trial", self._models["trimmed"], layout, self._device)
            engine.translate("trial", sources[:8], self._options)
            times, tokens = engine.one_by_one("trial", sources[:8], self._options)
            alone[layout] = sorted(times)[4]
            self.tokens_ratio = tokens / sum(len(source) - 1 for source in sources[:8])
            self._try(engine, layout, 32, sources, rates)
        layout = max(rates, key=lambda tried: rates[tried])[0]
        engine.load("trial", self._models["trimmed"], layout, self._device)
        for size in BATCHES:
            if (layout, size) not in rates:
                self._try(engine, layout, size, sources, rates)
        engine.unload("trial")
        layout, size = max(rates, key=lambda tried: rates[tried])
        self.sentences_per_s = rates[layout, size]
        fastest = min(alone, key=lambda tried: alone[tried])
        self.alone_s = alone[fastest]
        self._calibrated = layout, size, fastest
        self.calibration += [{"layout": k, "alone_s": v} for k, v in alone.items()]
        for name, path in self._models.items():
            engine.load(name, path, layout, self._device)
        engine.load("alone", self._models["trimmed"], fastest, self._device)
        for name in (*self._models, "alone"):
            engine.translate(name, sources[:4], self._options)
        say(f"engine: {self.chosen}, {self.sentences_per_s:.1f} sentences/s")

    def _try(
        self,
        engine: Engine,
        layout: Layout,
        size: int,
        sources: Sequence[Sequence[str]],
        rates: dict[tuple[Layout, int], float],
    ) -> None:
        took_s, _ = engine.translate("trial", sources, self._options | {"max_batch_size": size})
        rates[layout, size] = len(sources) / took_s
        tried = {"layout": layout, "max_batch_size": size, "sentences_per_s": len(sources) / took_s}
        self.calibration.append(tried)

    @property
    def chosen(self) -> Mapping[str, object]:
        """What the calibration found: `inter_threads` and `intra_threads`, and a batch's size."""
        layout, size, alone = self._calibrated
        return {"layout": layout, "max_batch_size": size, "layout_alone": alone}

    def translate(self, engine: Engine, texts: Sequence[Text], model: str) -> float:
        """Translates all texts in one call; returns seconds.

        Args:
            model: `offline`, the plain conversion, or `trimmed`, the files that Lur serves.
        """
        sources = [self._tokenizer.encode(text.text) for text in texts]
        options = self._options | {"max_batch_size": self._calibrated[1]}
        return engine.translate(model, sources, options)[0]

    def one_by_one(self, engine: Engine, texts: Sequence[Text]) -> list[float]:
        """Translates the texts one after another; returns the seconds of each call."""
        sources = [self._tokenizer.encode(text.text) for text in texts]
        return engine.one_by_one("alone", sources, self._options)[0]
