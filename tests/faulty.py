"""The service with an engine that misbehaves on words of your choice: for tests of what goes on
around it.

`python -m tests.faulty serve ARGS` is `python -m service.cli serve ARGS`, in the root of the
checkout: the real process, threads, queue and CTranslate2, whose answers it gives. But a batch in
which a source holds the word of one of these variables of the environment has that fault:

    FAULT_RAISE    raises RuntimeError
    FAULT_MEMORY   raises MemoryError, of an allocation that really fails
    FAULT_NONSENSE gives None instead of an output for that source
    FAULT_BREAK    raises RuntimeError, and so does every batch of this engine from then on, as
                   after a sticky error of CUDA
    FAULT_HANG     never returns; after FAULT_HANG_S seconds, if that is given
    FAULT_SLOW     waits FAULT_SLOW_S seconds (1 unless given), or until the file FAULT_SLOW_UNTIL
                   is there, if that is given; then answers as ever

The word is looked for in the source's tokens put together, without regard to spaces and case, so it
may be one that the model's vocabulary lacks: `FAULT_HANG=Zanzibar` hangs on `In Zanzibar it rains.`
A word of several may be given as one: `FAULT_HANG=inZanzibar`. Knows nothing of the service but the
table of its engines.
"""

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from service import core
from service.engines.base import ALONE, Decoding, Description, Layout, Output
from service.engines.ct2 import CTranslate2Engine, has_gpu

__all__ = ["FaultyEngine", "has_gpu"]

SPACES = "▁Ġ"
"""How SentencePiece and byte-level tokenizers write a space."""


class FaultyEngine(CTranslate2Engine):
    """The default engine, with the faults that the environment asks for."""

    def __init__(
        self, path: Path, description: Description, *, device: str, layout: Layout = ALONE
    ) -> None:
        super().__init__(path, description, device=device, layout=layout)
        self._broken = False

    def generate(self, sources: Sequence[Sequence[str]], decoding: Decoding) -> list[Output]:
        found = [fault_of(source) for source in sources]
        if "HANG" in found:
            limit = os.environ.get("FAULT_HANG_S")
            threading.Event().wait(float(limit) if limit else None)
        if "SLOW" in found:
            until = os.environ.get("FAULT_SLOW_UNTIL")
            end_s = time.monotonic() + float(os.environ.get("FAULT_SLOW_S", "1"))
            while time.monotonic() < end_s and not (until and Path(until).exists()):
                time.sleep(0.01)
        if "MEMORY" in found:
            bytearray(sys.maxsize // 2)
        self._broken = self._broken or "BREAK" in found
        if "RAISE" in found or self._broken:
            raise RuntimeError("this engine is at fault, as a test wants it")
        outputs = super().generate(sources, decoding)
        return [
            None if fault == "NONSENSE" else output  # type: ignore[misc]
            for fault, output in zip(found, outputs, strict=True)
        ]


def fault_of(source: Sequence[str]) -> str | None:
    """Returns the fault whose word `source` holds, the first in the list above."""
    text = "".join(source).translate(dict.fromkeys(map(ord, SPACES))).casefold()
    for fault in ("RAISE", "MEMORY", "NONSENSE", "BREAK", "HANG", "SLOW"):
        word = os.environ.get(f"FAULT_{fault}", "").replace(" ", "").casefold()
        if word and word in text:
            return fault
    return None


def main() -> None:
    """Runs the command line of the service over the faulty engine."""
    from service.cli import main as service_main

    core.ENGINES = {**core.ENGINES, "ctranslate2": ("tests.faulty", "FaultyEngine")}
    service_main()


if __name__ == "__main__":
    main()
