"""One loaded model: its queue, its engine, and another engine where that one is given up.

An engine is given up when a batch hangs in it, or when it fails on what it could do before. Its
threads are left behind, and a new engine is built, which goes on with the queue. What looks after
it once a second is a thread, not a task of the event loop: whatever blocks that must not stop the
watch, and it needs no loop. Knows no task and no spec.
"""

import asyncio
import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from service.batching import Batcher, Flow, JobResult, Quarantine
from service.crew import Crew
from service.engines.base import Decoding, Description, Engine
from service.errors import ModelUnavailable
from service.telemetry import metrics

__all__ = ["Flow", "ModelInfo", "Record", "Runner"]

MAX_STUCK = 4
"""With so many engines of a model hanging, no further one is built while they do: each keeps its
weights, and a core too if it spins. One input that hangs takes two, in a batch and alone."""

LOOK_S = 1.0
"""How often the watch looks at most; four times in a batch's time where that is short."""

BUILD_S = 300.0
"""An engine that takes longer to be built and to say its first word is not waited for any more."""

_SURROGATES = re.compile("[\ud800-\udfff]")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model did the work, in the words of the answer."""

    name: str
    repository: str
    revision: str
    license: str
    engine: str
    quantization: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a model's runner leaves to the next one of the same model.

    Attributes:
        quarantine: inputs that are not run, or not with others.
        left: engines that were given up and have not come to their end, as crews, or, where they
            were still being built, as anything else.
    """

    quarantine: Quarantine = field(default_factory=Quarantine)
    left: set[object] = field(default_factory=set)

    @property
    def stuck(self) -> int:
        """How many of these hang; the others will soon have done what they were at."""
        return sum(not isinstance(one, Crew) or bool(one.shift.hung) for one in list(self.left))


class Runner:
    """A model that runs. Made by `Runner.start`.

    It is well, or *dead*: its engine was given up and could not be built again, or its threads have
    ended. Then it is to be taken out, and another one loaded in its place. Or it is *stuck*: too
    many engines of the model hang. Then it must be kept, for another one would leave still more of
    them; it goes on by itself when one of them comes back, and else the process has to be
    restarted. `submit` raises `ModelUnavailable` in both cases.

    Args:
        build: makes the engine, and a new one when that is given up; called in threads of its own.
        batch_timeout_s: a batch that takes longer hangs; 0: none does.
        record: what earlier runners of the model left; shared by all of them.

    Attributes:
        info: what an answer says of the model.
    """

    def __init__(
        self,
        info: ModelInfo,
        build: Callable[[], Engine],
        *,
        max_jobs: int,
        max_batch_tokens: int,
        batch_wait_s: float,
        batch_timeout_s: float,
        record: Record | None = None,
    ) -> None:
        self.info = info
        self._build = build
        self._record = Record() if record is None else record
        self._batcher = Batcher(
            info.name,
            max_jobs=max_jobs,
            max_batch_tokens=max_batch_tokens,
            batch_wait_s=batch_wait_s,
            batch_timeout_s=batch_timeout_s,
            quarantine=self._record.quarantine,
        )
        self._look_s = min(LOOK_S, batch_timeout_s / 4) if batch_timeout_s else LOOK_S
        self._engine: Engine  # the last one, to tokenize with while a new one is built
        self._lock = threading.Lock()  # guards what follows; taken before that of the queue
        self._crew: Crew | None = None
        self._building: object | None = None
        self._building_s = 0.0
        self._ended_by: str | None = None  # why the engine was given up that is being replaced
        self._closing = False
        self._dead = False
        self._trouble: str | None = None
        self._started: Future[None] = Future()
        self._stopped: Future[None] = Future()
        self._over = threading.Event()

    async def start(self) -> "Runner":
        """Builds the engine in its thread, warms it up and returns when it is ready.

        If it is cancelled, the thread frees the engine as soon as it is built.

        Raises:
            ModelUnavailable: too many engines of the model hang, so no other is built.
            TimeoutError: it takes longer than `BUILD_S`.
            Exception: whatever building or the first batch raised; the thread is gone then.
        """
        self._started.set_running_or_notify_cancel()  # from here on only our threads settle it
        with self._lock:
            if self._record.stuck >= MAX_STUCK:
                self._end()
                raise ModelUnavailable(self.info.name, self._too_many())
            watch = f"watch-{self.info.name}"
            threading.Thread(target=self._watch, name=watch, daemon=True).start()
            try:
                self._begin_to_build()
            except RuntimeError:  # the machine gives no more threads
                self._end()
                raise
        try:
            await asyncio.wrap_future(self._started)
        except asyncio.CancelledError:
            with self._lock:
                self._shut()
            raise
        return self

    def _shut(self) -> None:
        """Before the queue says so to its workers, or who leaves would seem to be missing."""
        self._closing = True
        self._batcher.close()

    def _begin_to_build(self) -> None:
        ticket = object()
        name = f"runner-{self.info.name}"
        # A daemon: an engine that hangs must not keep the process from ending.
        threading.Thread(target=self._live, args=(ticket,), name=name, daemon=True).start()
        self._building, self._building_s = ticket, 0.0

    def _live(self, ticket: object) -> None:
        """The life of an engine, in its first thread."""
        try:
            crew = Crew.ready(f"runner-{self.info.name}", self._build)
        except BaseException as error:
            self._not_built(ticket, error)
            return
        if self._take_on(crew, ticket):
            crew.work(self._batcher, self._left)
        else:
            crew.engine.close()
            self._record.left.discard(ticket)

    def _take_on(self, crew: Crew, ticket: object) -> bool:
        """Lets a new engine work; False where it is not waited for any more."""
        with self._lock:
            if self._building is not ticket:
                return False
            self._building, self._crew, self._engine = None, crew, crew.engine
            self._trouble = None
            self._batcher.expect(crew.engine.workers)
            self._batcher.resume()
            reason, self._ended_by = self._ended_by, None
        if reason is not None:  # it stands for another one
            metrics.ENGINE_RESTARTS.labels(self.info.name, reason).inc()
            _log.warning("engine_restarted", extra={"model": self.info.name, "reason": reason})
        else:
            self._started.set_result(None)
        return True

    def _not_built(self, ticket: object, error: BaseException) -> None:
        """The first engine's failure is raised by `start`; that of a later one is the end."""
        with self._lock:
            if self._building is not ticket:  # it is not waited for any more
                self._record.left.discard(ticket)
                return
            self._building = None
            first = not self._started.done()
            if first:
                self._end()
            else:
                self._lose(f"its engine was given up and cannot be built again: {error!r}")
        if first:
            self._started.set_exception(error)

    def _lose(self, trouble: str) -> None:
        """Ends it, though nobody closed it; the watch goes on while a worker has jobs in hand."""
        self._dead, self._trouble = True, trouble
        self._batcher.suspend(trouble)
        _log.error("runner_lost", extra={"model": self.info.name, "reason": trouble})
        self._stopped.set_result(None)

    def _let_end(self) -> None:
        """Fails what a lost runner's workers have given back, and ends the watch after the last."""
        assert self._trouble is not None
        self._batcher.suspend(self._trouble)
        if not self._batcher.is_at_work:
            self._over.set()

    def _left(self, crew: Crew) -> None:
        """Called by a crew whose last thread is out, when its engine is closed."""
        with self._lock:
            self._settle_crew()
            self._record.left.discard(crew)
            if self._crew is crew:
                self._crew = None
                if not self._closing:
                    self._lose("its threads have ended")
            self._go_on()
        self._show()

    def check(self, step_s: float) -> None:
        """Looks whether a batch hangs and does what is to be done; `step_s` after the last time.

        Called by the watch of the runner once a second. From any thread.
        """
        self._batcher.look(step_s)
        with self._lock:
            self._building_s += step_s
            if self._dead:
                self._let_end()
            late = self._building if self._building_s > BUILD_S else None
            if late is not None:
                self._record.left.add(late)
            self._settle_crew()
            self._go_on()
        if late is not None:
            self._not_built(late, TimeoutError(f"not built within {BUILD_S:.0f} s"))
        self._show()

    def _settle_crew(self) -> None:
        """Lets go of an engine that is given up."""
        crew = self._crew
        if crew is None or crew.shift.end is None:
            return
        self._record.left.add(crew)
        self._crew, self._ended_by = None, crew.shift.end
        extra = {"model": self.info.name, "reason": self._ended_by}
        _log.error("engine_given_up", extra=extra)

    def _go_on(self) -> None:
        """Has an engine built where none is and one is needed."""
        if self._crew is not None or self._building is not None or self._stopped.done():
            return
        stuck = self._record.stuck
        if stuck >= MAX_STUCK and self._trouble is None:
            self._trouble = self._too_many()
            self._batcher.suspend(self._trouble)
            _log.critical("runner_stuck", extra={"model": self.info.name, "engines": stuck})
        if self._closing and not self._batcher.has_work:
            self._end()
        elif len(self._record.left) < MAX_STUCK:
            self._begin_to_build()

    def _too_many(self) -> str:
        return f"{self._record.stuck} of its engines hang; the process has to be restarted"

    def _end(self) -> None:
        self._over.set()
        self._stopped.set_result(None)

    def _watch(self) -> None:
        """Looks again and again. A step counts no more than two: the rest nobody saw pass."""
        looked_s = time.monotonic()
        while not self._over.wait(self._look_s):
            now = time.monotonic()
            try:
                self.check(min(now - looked_s, 2 * self._look_s))
            except Exception:  # no more threads, no memory: the watch must be there afterwards
                _log.exception("watch_failed", extra={"model": self.info.name})
            looked_s = now
        self._show()

    def _show(self) -> None:
        name = self.info.name
        metrics.OLDEST_BATCH_SECONDS.labels(name).set(self._batcher.stalled_s)
        metrics.STUCK_ENGINES.labels(name).set(self._record.stuck)

    @property
    def is_dead(self) -> bool:
        """Whether it is over, though nobody closed it; `close` returns at once."""
        return self._dead

    @property
    def is_stuck(self) -> bool:
        """Whether so many engines hang that no further one is built."""
        return self._trouble is not None and not self._dead

    @property
    def trouble(self) -> str | None:
        """Why it cannot serve, in words for an operator; None when it is well."""
        return self._trouble

    @property
    def stalled_s(self) -> float:
        """How long the batch that has been in an engine longest is there; 0 when none is."""
        return self._batcher.stalled_s

    @property
    def description(self) -> Description:
        return self._engine.description

    @property
    def memory_bytes(self) -> int:
        """Resident bytes of the weights; engines given up or being built included."""
        engines = len(self._record.left)
        engines += self._crew is not None or self._building is not None
        return max(1, engines) * self._engine.memory_bytes

    @property
    def is_full(self) -> bool:
        """Whether the queue would refuse a job now."""
        return self._batcher.is_full

    def check_room(self) -> None:
        """To be asked before work on a long text, which a full queue would make useless.

        Raises:
            QueueFull: the queue would refuse a job now.
        """
        self._batcher.check_room()

    def encode(self, text: str) -> list[str]:
        """Returns the source tokens of `text`, special ones included. From any thread.

        Half a surrogate pair becomes U+FFFD: the tokenizers refuse what UTF-8 cannot write.
        """
        return self._engine.encode(_SURROGATES.sub("\ufffd", text))

    def count(self, text: str) -> int:
        """Returns how many tokens `text` takes in the window, special ones included."""
        return len(self.encode(text))

    def submit(
        self,
        sources: Sequence[Sequence[str]],
        decoding: Decoding,
        flow: Flow,
        places: Sequence[int] = (),
    ) -> list["asyncio.Future[JobResult]"]:
        """Queues one job per source, all or none, and returns at once; a future for each.

        Of a flow's jobs that differ in decoding, the one with the lowest of `places` goes first.
        Cancelling a future drops its job if that has not begun. Its failure is `InferenceFailed`;
        or `RefusedInput` or `ModelUnavailable`, where that has turned out while it waited.

        Raises:
            QueueFull, ShuttingDown, ModelUnavailable: nothing was queued.
            RefusedInput: nor was it; the engine failed or hung on a source of these not long ago.
        """
        queued = self._batcher.submit(sources, decoding, flow, places)
        return [asyncio.wrap_future(future) for future in queued]

    async def close(self) -> None:
        """Finishes what was accepted, frees the engine and returns when its threads are done.

        A batch that hangs is waited for until it is given up, never what was given up before.
        """
        with self._lock:
            self._shut()
            self._go_on()
        await asyncio.shield(asyncio.wrap_future(self._stopped))
