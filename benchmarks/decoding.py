"""What a wider beam and other numbers cost: `python -m benchmarks.decoding`.

The engine alone, one thread, on the translator that `make bench` made: each beam of the quality
levels with each number format that this CPU computes in, a sentence alone and a batch of 32, in
interleaved rounds. Prints the median time of each as a multiple of `balanced` in int8. Says nothing
of quality: random weights have none.
"""

import statistics
from itertools import product
from pathlib import Path

from benchmarks.checkpoints import ensure
from benchmarks.contenders.engine import Engine
from benchmarks.offline import decoding_options
from benchmarks.session import SEED, TRANSLATOR
from benchmarks.texts import Texts, from_checkpoint
from benchmarks.weights import CACHE, Lur, Row
from service.engines.base import Description
from service.engines.tokenizers import load_tokenizer
from service.machine import usable_cpus
from service.models.manifest import read_manifest
from service.tasks.translate import BEAMS

ROUNDS = 5
BATCH = 32
WANTED = ("int8", "int8_bfloat16", "bfloat16", "int16", "float32")
"""Of what CTranslate2 knows; the weights are quantized or restored when they are loaded."""


def measure(
    sources: list[list[str]], description: Description, path: Path
) -> dict[tuple[str, str, int], float]:
    """Median seconds by number format, quality and jobs of a batch."""
    import ctranslate2

    formats = [f for f in WANTED if f in ctranslate2.get_supported_compute_types("cpu")]
    times: dict[tuple[str, str, int], list[float]] = {}
    with Engine() as engine:
        for name in formats:
            engine.load(name, path, (1, 1), "cpu", compute_type=name)
            engine.translate(name, sources[:2], decoding_options(description, 2, 1.0))
        for _ in range(ROUNDS):
            for name, (quality, beam), jobs in product(formats, BEAMS.items(), (1, BATCH)):
                options = decoding_options(description, beam, 1.0)
                taken = engine.translate(name, sources[:jobs], options)[0]
                times.setdefault((name, quality, jobs), []).append(taken)
    return {key: statistics.median(taken) for key, taken in times.items()}


def main() -> None:
    checkpoint = ensure("opus-mt", CACHE / "checkpoints")
    summarizer = ensure("distilbart", CACHE / "checkpoints")
    lur = Lur(CACHE / f"lur-{checkpoint.name}-{summarizer.name}", [Row(TRANSLATOR, checkpoint)])
    lur.convert()
    path = lur.directory(TRANSLATOR)
    manifest = read_manifest(path)
    assert manifest is not None, f"{path} holds no model"
    tokenizer = load_tokenizer(path, manifest.description)
    texts = Texts(from_checkpoint(checkpoint), SEED).some(BATCH)
    sources = [tokenizer.encode(text.text) for text in texts]
    found = measure(sources, manifest.description, path)
    print(f"{usable_cpus()} CPUs, one thread; multiples of balanced in int8, {ROUNDS} rounds")
    for (name, quality, jobs), seconds in found.items():
        ratio = seconds / found["int8", "balanced", jobs]
        print(f"{name:14} {quality:9} {jobs:3} at once  {ratio:5.2f}")


if __name__ == "__main__":
    main()
