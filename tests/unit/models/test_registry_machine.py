"""The registry under any sequence of leases, loads, failures, unloads, deaths and clock jumps.

Loads and runners have no threads here, so that each step is the next one's reason: a load goes
on, and a runner comes to its end, when the machine says so.
"""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from service.errors import ModelNotReady, ModelUnavailable, ShuttingDown
from service.models.registry import Registry
from tests.fakes import Clock, settle, translator_spec

SIZES = {"a": 400, "b": 700, "c": 1000}
SPECS = {name: translator_spec(name) for name in SIZES}
NAMES = st.sampled_from(sorted(SIZES))
OUTCOMES = ("fine", "fine", "fine", "unavailable", "broken")


@dataclass(eq=False)
class StillRunner:
    """A runner without threads; `may_end` lets its close return."""

    name: str
    memory_bytes: int
    is_dead: bool = False
    is_full: bool = False
    closing: bool = False
    closed: bool = False
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def trouble(self) -> str | None:
        return "dead" if self.is_dead else None

    async def close(self) -> None:
        assert not self.closing, "closed twice"
        self.closing = True
        if not self.is_dead:
            await self.may_end.wait()
        self.closed = True


@dataclass(eq=False)
class HeldLoad:
    """A load that goes on when it is told how: it fetches files, then builds an engine."""

    name: str
    fetched: asyncio.Future
    built: asyncio.Future
    ended: bool = False


@dataclass(eq=False)
class Lessee:
    """Who asked for a lease."""

    task: asyncio.Task
    release: asyncio.Event
    runner: StillRunner | None = None


class RegistryMachine(RuleBasedStateMachine):
    lessees = Bundle("lessees")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.loads: list[HeldLoad] = []
        self.runners: list[StillRunner] = []
        self.people: list[Lessee] = []
        self.building_bytes = 0
        self.free = False  # from the end on, everything goes on by itself
        self.stray: list[dict] = []
        self.loop.set_exception_handler(lambda _, context: self.stray.append(context))

    def run(self, work):
        return self.loop.run_until_complete(work)

    async def load(self, spec, loading) -> StillRunner:
        load = HeldLoad(spec.name, self.loop.create_future(), self.loop.create_future())
        self.loads.append(load)
        reserved = 0
        try:
            outcome = "fine" if self.free else await load.fetched
            self.fail(spec.name, outcome)
            await loading.reserve(SIZES[spec.name])
            reserved = SIZES[spec.name]
            self.building_bytes += reserved
            outcome = "fine" if self.free else await load.built
            self.fail(spec.name, outcome)
            runner = StillRunner(spec.name, SIZES[spec.name])
            if self.free:
                runner.may_end.set()
            self.runners.append(runner)
            return runner
        finally:
            self.building_bytes -= reserved
            load.ended = True

    @staticmethod
    def fail(name: str, outcome: str) -> None:
        if outcome == "unavailable":
            raise ModelUnavailable(name, "no disk")
        if outcome == "broken":
            raise KeyError("spm")

    @initialize(
        budget=st.sampled_from([1000, 1500, 0]),
        idle_unload_s=st.sampled_from([-1.0, 0.0, 30.0]),
    )
    def begin(self, budget: int, idle_unload_s: float) -> None:
        async def make() -> None:
            self.registry = Registry(
                self.load,
                self.clock,
                load_wait_s=20.0,
                idle_unload_s=idle_unload_s,
                memory_budget_bytes=budget,
            )
            self.watching = asyncio.create_task(self.registry.look_after())

        self.run(make())

    @rule(target=lessees, names=st.lists(NAMES, min_size=1, max_size=2, unique=True))
    def ask(self, names: list[str]) -> Lessee:
        lessee = Lessee(None, asyncio.Event())  # type: ignore[arg-type]

        async def live() -> None:
            try:
                async with self.registry.lease([SPECS[name] for name in names]) as runner:
                    assert not runner.closing
                    assert not runner.is_dead
                    assert runner.name in names
                    lessee.runner = runner
                    await lessee.release.wait()
            finally:
                lessee.runner = None

        async def begin() -> None:
            lessee.task = asyncio.create_task(live())
            await settle()

        self.run(begin())
        self.people.append(lessee)
        return lessee

    @rule(lessee=consumes(lessees))
    def give_back(self, lessee: Lessee) -> None:
        lessee.release.set()
        self.run(settle())

    @rule(lessee=consumes(lessees), at_the_last_moment=st.booleans())
    def leave(self, lessee: Lessee, at_the_last_moment: bool) -> None:
        """Or in the same step of the loop in which a load ends."""
        for load in self.loads if at_the_last_moment else ():
            if not load.ended and load.fetched.done() and not load.built.done():
                load.built.set_result("fine")
        lessee.task.cancel()
        self.run(settle())

    @rule(which=st.integers(0, 3), outcome=st.sampled_from(OUTCOMES))
    def go_on_loading(self, which: int, outcome: str) -> None:
        held = [load for load in self.loads if not load.ended]
        if held:
            load = held[which % len(held)]
            step = load.built if load.fetched.done() else load.fetched
            if not step.done():
                step.set_result(outcome)
            self.run(settle())

    @rule()
    def finish_loads(self) -> None:
        for _ in range(2):  # steps of a load
            for load in self.loads:
                step = load.built if load.fetched.done() else load.fetched
                if not load.ended and not step.done():
                    step.set_result("fine")
            self.run(settle())

    @rule(which=st.integers(0, 3))
    def let_one_end(self, which: int) -> None:
        ending = [r for r in self.runners if r.closing and not r.closed]
        if ending:
            ending[which % len(ending)].may_end.set()
            self.run(settle())

    @rule(which=st.integers(0, 3))
    def let_one_die(self, which: int) -> None:
        alive = [r for r in self.runners if not r.closing]
        if alive:
            alive[which % len(alive)].is_dead = True

    @rule(name=NAMES)
    def load_by_hand(self, name: str) -> None:
        async def begin() -> None:
            self.registry.begin_load(SPECS[name])
            await settle()

        self.run(begin())

    @rule(name=NAMES, at_once=st.booleans())
    def unload_by_hand(self, name: str, at_once: bool) -> None:
        async def begin() -> None:
            self.registry.begin_unload(SPECS[name])
            if at_once:
                self.registry.begin_load(SPECS[name])
                self.registry.begin_unload(SPECS[name])
            await settle()

        self.run(begin())

    @rule(seconds=st.sampled_from([5.0, 19.0, 300.0]), jump_s=st.sampled_from([0.0, -1e9, 1e9]))
    def time_passes(self, seconds: float, jump_s: float) -> None:
        self.clock.jump(jump_s)
        self.run(self.clock.advance(seconds))

    @invariant()
    def nobody_loses_the_model_that_is_leased(self) -> None:
        for lessee in self.people:
            if lessee.runner is not None and not lessee.runner.is_dead:
                assert not lessee.runner.closing

    @invariant()
    def the_budget_is_kept(self) -> None:
        if self.runners and self.registry.memory_budget_bytes:
            taken = sum(r.memory_bytes for r in self.runners if not r.closed)
            assert taken + self.building_bytes <= self.registry.memory_budget_bytes

    @invariant()
    def no_model_is_in_memory_twice(self) -> None:
        there = [r.name for r in self.runners if not r.closed and not r.is_dead]
        assert len(set(there)) == len(there)

    @invariant()
    def nobody_is_kept_waiting_for_what_is_ready(self) -> None:
        waiting = [p for p in self.people if not p.task.done() and p.runner is None]
        states = {self.registry.status(spec).state for spec in SPECS.values()} if waiting else ()
        assert not waiting or states - {"ready", "absent", "failed"}

    def teardown(self) -> None:
        if not hasattr(self, "registry"):
            self.loop.close()
            return
        self.free = True
        for load in self.loads:
            for step in (load.fetched, load.built):
                if not step.done():
                    step.set_result("fine")
        for runner in self.runners:
            runner.may_end.set()
        for lessee in self.people:
            lessee.release.set()
        self.run(self.clock.advance(21))
        for lessee in self.people:
            assert lessee.task.done(), "a waiter was never answered"
            if not lessee.task.cancelled():
                error = lessee.task.exception()
                assert error is None or isinstance(error, ModelNotReady | ModelUnavailable)
        assert all(self.registry.status(spec).leases == 0 for spec in SPECS.values())
        self.run(self.clock.advance(310))
        assert not any(entry.lost for entry in self.registry._entries.values()), "left for dead"
        self.watching.cancel()
        self.run(self.registry.close())
        self.run(settle())
        assert all(runner.closed for runner in self.runners), "a runner was leaked"
        with pytest.raises(ShuttingDown):
            self.registry.begin_load(SPECS["a"])
        assert not self.stray
        assert not asyncio.all_tasks(self.loop)
        self.loop.close()


TestRegistryMachine = RegistryMachine.TestCase
TestRegistryMachine.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
