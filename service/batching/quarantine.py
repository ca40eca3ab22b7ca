"""Inputs that an engine failed on, hung on, or may have hung on.

An input is a source with its decoding; only its digest is kept, never its text. Three verdicts: a
*free* input is like any other; an input *apart* was in a batch that hung, and runs alone until it
is known to be good; a *refused* one failed or hung alone. Verdicts are forgotten after a while, for
the engine may have failed for want of memory that others took.

Knows neither queue nor engine. From any thread.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Literal

from service.engines.base import Decoding

__all__ = ["Quarantine", "Verdict"]

Verdict = Literal["free", "apart", "refused"]

REMEMBERED_S = 600.0
"""So long a verdict holds. Whoever sends an input again in a loop costs an engine at most two batch
timeouts in ten minutes; an input that failed by bad luck is well again after that."""

REMEMBERED = 1024
"""So many inputs are remembered at most, 100 to 200 kB; those met least recently are forgotten."""

DIGEST_BYTES = 16
"""Of two inputs with one digest the innocent would be refused; to find such takes 2^64 tries."""


class Quarantine:
    """The inputs of one model that are not free.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._verdicts: OrderedDict[bytes, tuple[Verdict, float]] = OrderedDict()

    def __len__(self) -> int:
        """How many inputs are not free, those included whose time is over."""
        return len(self._verdicts)

    def verdict(self, source: Sequence[str], decoding: Decoding) -> Verdict:
        """Returns what is held of an input; next to nothing to ask while all inputs are free."""
        if not self._verdicts:
            return "free"
        key = _key(source, decoding)
        with self._lock:
            found, until_s = self._verdicts.get(key, ("free", 0.0))
            if found == "free":
                return "free"
            if self._clock() >= until_s:
                del self._verdicts[key]
                return "free"
            self._verdicts.move_to_end(key)
            return found

    def hold(self, source: Sequence[str], decoding: Decoding, verdict: Verdict) -> None:
        """Holds a verdict from now on; `free` forgets what was held before."""
        if verdict == "free" and not self._verdicts:
            return
        key = _key(source, decoding)
        with self._lock:
            self._verdicts.pop(key, None)
            if verdict != "free":
                self._verdicts[key] = verdict, self._clock() + REMEMBERED_S
                if len(self._verdicts) > REMEMBERED:
                    self._verdicts.popitem(last=False)


def _key(source: Sequence[str], decoding: Decoding) -> bytes:
    """Digests an input; `repr` ends each token before the next begins, and writes surrogates."""
    text = repr((list(source), decoding))
    return blake2b(text.encode(errors="surrogatepass"), digest_size=DIGEST_BYTES).digest()
