"""Summaries: Lur, `transformers` and the engine alone on the same articles, one client.

Must not know: the translators, targets.
"""

from collections.abc import Mapping
from pathlib import Path

from benchmarks import workload
from benchmarks.bench import Server
from benchmarks.contenders import servers
from benchmarks.contenders.engine import Engine
from benchmarks.load import Text
from benchmarks.offline import decoding_options
from benchmarks.plan import Plan
from benchmarks.weights import Lur
from service.engines.tokenizers import load_tokenizer
from service.machine import usable_cpus
from service.models.manifest import read_manifest

__all__ = ["Summaries"]

SEED = 40


class Summaries:
    """The measurement; `prepare` it before the first `take`.

    Attributes:
        contenders: the servers that it needs.
    """

    def __init__(self, plan: Plan, files: Lur, model: str, checkpoint: Path, device: str) -> None:
        self._directory = files.directory(model)
        self._checkpoint, self._device = checkpoint, device
        self._count = plan.summaries
        self._texts = workload.long_articles(plan.summaries * plan.rounds + 1, SEED, checkpoint)
        self.contenders = (
            servers.lur("lur_summarizer", files, model, target=None, device=device),
            servers.transformers(
                "transformers_summarizer", checkpoint, lock=True, whole=True, device=device
            ),
        )

    def prepare(self, up: Mapping[str, Server], engine: Engine) -> None:
        """Loads the engine's model, and warms up the servers, which are in `up` by name."""
        self._ours, self._theirs = (up[contender.name] for contender in self.contenders)
        self._engine = engine
        manifest = read_manifest(self._directory)
        assert manifest is not None
        description = manifest.description
        self._tokenizer = load_tokenizer(self._directory, description)
        self._options = decoding_options(description, patience=1.0)
        if description.target_prefix:
            self._options["target_prefix"] = [list(description.target_prefix)]
        layout = (1, usable_cpus()) if self._device == "cpu" else (1, 1)
        engine.load("summarizer", self._directory, layout, self._device)
        first = Text(self._texts[0], 1, "long")
        self._ours.time(first)
        self._theirs.time(first)

    def take(self, number: int) -> Mapping[str, float]:
        """Returns the times of a round, in seconds a summary, and Lur's over the peer's.

        Args:
            number: of the round, from 1; each has its own articles.
        """
        start = 1 + (number - 1) * self._count
        chosen = self._texts[start : start + self._count]
        articles = [Text(text, 1, "long") for text in chosen]
        sources = [self._tokenizer.encode(text) for text in chosen]
        ours_s = self._ours.time(*articles)
        times, tokens = self._engine.one_by_one("summarizer", sources, self._options)
        theirs_s = self._theirs.time(*articles)
        return {
            "summarize_vs_transformers": theirs_s / ours_s,
            "summary_s": ours_s / len(chosen),
            "summary_transformers_s": theirs_s / len(chosen),
            "summary_engine_s": sum(times) / len(chosen),
            "summary_engine_tokens": tokens / len(chosen),
        }
