"""Inputs that an engine failed on, hung on, or may have hung on.

An input is a source with its decoding; only its digest is kept, never its text. Three verdicts: a
*free* input is like any other; an input *apart* was in a batch that hung, and runs alone until it
is known to be good; a *refused* one failed or hung alone. Verdicts are forgotten after a while, for
the engine may have failed for want of memory that others took.

Knows neither queue nor engine. From any thread.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Literal

from service.engines.base import Decoding

__all__ = ["Quarantine", "Verdict"]

Verdict = Literal["free", "apart", "refused"]

FAILED_S, HUNG_S = 600.0, 3600.0
"""How long the verdict on an input holds that failed; that hung, or broke an engine. To try again
costs a batch or two; an engine or two, of which `MAX_STUCK` may hang until the model is out of
service."""

REMEMBERED = 1024
"""So many inputs are remembered at most, 100 to 200 kB; the oldest are forgotten."""

FREE: tuple[Verdict, float] = ("free", 0.0)

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
        self._first_until_s = math.inf

    def __len__(self) -> int:
        """How many inputs are not free, some included whose time is over."""
        return len(self._verdicts)

    def verdict(self, source: Sequence[str], decoding: Decoding) -> Verdict:
        """Returns what is held of an input; next to nothing to ask while all inputs are free."""
        if not self._verdicts:
            return "free"
        key = _key(source, decoding)
        with self._lock:
            self._forget(self._clock())
            return self._verdicts.get(key, FREE)[0]

    def hold(
        self, source: Sequence[str], decoding: Decoding, verdict: Verdict, seconds: float
    ) -> None:
        """Holds a verdict for so long from now on."""
        key = _key(source, decoding)
        until_s = self._clock() + seconds
        with self._lock:
            self._verdicts.pop(key, None)
            self._verdicts[key] = verdict, until_s
            self._first_until_s = min(self._first_until_s, until_s)
            if len(self._verdicts) > REMEMBERED:
                self._verdicts.popitem(last=False)

    def free(self, source: Sequence[str], decoding: Decoding) -> None:
        """Forgets what was held of an input."""
        with self._lock:
            self._verdicts.pop(_key(source, decoding), None)

    def _forget(self, now: float) -> None:
        """Forgets what is too old."""
        if now < self._first_until_s:
            return
        for key in [key for key, (_, until_s) in self._verdicts.items() if until_s <= now]:
            del self._verdicts[key]
        untils = (until_s for _, until_s in self._verdicts.values())
        self._first_until_s = min(untils, default=math.inf)


def _key(source: Sequence[str], decoding: Decoding) -> bytes:
    """Digests an input; `repr` ends each token before the next begins, and writes surrogates."""
    text = repr((list(source), decoding))
    return blake2b(text.encode(errors="surrogatepass"), digest_size=DIGEST_BYTES).digest()
