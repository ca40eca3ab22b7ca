import asyncio
import gc
from contextlib import AsyncExitStack

import pytest
from prometheus_client import REGISTRY

from service.errors import ModelNotReady, ModelUnavailable, QueueFull, ShuttingDown
from service.models.catalog import ModelSpec
from service.models.registry import ModelStatus, Registry
from tests.fakes import (
    Clock,
    FakeEngine,
    Gate,
    Loads,
    registry_of,
    run,
    settle,
    translator_spec,
    until,
)

A, B, C = (translator_spec(name) for name in "abc")


async def touch(registry: Registry, *specs: ModelSpec) -> str:
    """Takes a lease and gives it back; returns the name of the model that was had."""
    async with registry.lease(specs) as runner:
        return runner.info.name


def state(registry: Registry, spec: ModelSpec) -> str:
    return registry.status(spec).state


async def resident(registry: Registry, *specs: ModelSpec) -> list[str]:
    await settle()
    return [spec.name for spec in specs if state(registry, spec) == "ready"]


def in_backoff(name: str, times: int = 1) -> Loads:
    return Loads(failures={name: [ModelUnavailable(name, f"no disk {n}") for n in range(times)]})


class TestLoading:
    async def test_the_first_lease_loads_and_the_next_finds_it(self) -> None:
        loads = Loads()
        async with registry_of(loads) as registry:
            assert await touch(registry, A) == "a"
            assert await touch(registry, A) == "a"
        assert loads.begun == ["a"]

    async def test_any_number_of_waiters_share_one_load(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            waiters = [asyncio.create_task(touch(registry, A)) for _ in range(20)]
            await settle()
            loads.let_go("a")
            assert await asyncio.gather(*waiters) == ["a"] * 20
        assert loads.begun == ["a"]

    async def test_a_waiter_gives_up_after_its_patience_while_the_load_goes_on(self) -> None:
        loads, clock = Loads(held={"a"}), Clock()
        async with registry_of(loads, clock, load_wait_s=20) as registry:
            waiter = asyncio.create_task(touch(registry, A))
            await clock.advance(19.9)
            assert not waiter.done()
            loads.loading["a"].report("downloading", 0.25)
            await clock.advance(0.2)
            with pytest.raises(ModelNotReady, match="model a is downloading") as caught:
                await waiter
            assert caught.value.progress == 0.25
            assert caught.value.retry_after_s
            loads.let_go("a")
            assert await touch(registry, A) == "a"
        assert loads.begun == ["a"]

    async def test_a_cancelled_waiter_does_not_cancel_the_load_the_others_wait_for(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            first = asyncio.create_task(touch(registry, A))
            second = asyncio.create_task(touch(registry, A))
            await settle()
            first.cancel()
            await settle()
            loads.let_go("a")
            assert await second == "a"
            assert first.cancelled()
        assert (loads.begun, loads.cancelled) == (["a"], [])

    async def test_a_load_nobody_waits_for_any_more_ends_well(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            waiter = asyncio.create_task(touch(registry, A))
            await settle()
            waiter.cancel()
            await settle()
            loads.let_go("a")
            await until(lambda: state(registry, A) == "ready")
        assert loads.begun == ["a"]

    async def test_models_load_beside_each_other(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            slow = asyncio.create_task(touch(registry, A))
            assert await touch(registry, B) == "b"
            assert not slow.done()
            loads.let_go("a")
            await slow

    async def test_begin_load_returns_at_once(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            registry.begin_load(A)
            registry.begin_load(A)
            assert state(registry, A) == "loading"
            await settle()
            loads.let_go("a")
            await until(lambda: state(registry, A) == "ready")
            registry.begin_load(A)
            await settle()
        assert loads.begun == ["a"]

    async def test_loads_and_what_is_in_memory_are_counted(self) -> None:
        def loaded(outcome: str) -> float:
            labels = {"model": "counted", "outcome": outcome}
            return REGISTRY.get_sample_value("lur_model_loads_total", labels) or 0.0

        loads = in_backoff("counted")
        spec, clock = translator_spec("counted"), Clock()
        async with registry_of(loads, clock) as registry:
            with pytest.raises(ModelUnavailable):
                await touch(registry, spec)
            await clock.advance(5)
            await touch(registry, spec)
            assert REGISTRY.get_sample_value("lur_resident_models") == 1
            assert REGISTRY.get_sample_value("lur_resident_bytes") == 1000
        assert (loaded("failed"), loaded("done")) == (1, 1)
        assert REGISTRY.get_sample_value("lur_resident_models") == 0


class TestFailure:
    async def test_every_waiter_learns_why_and_when_to_come_back(self) -> None:
        loads = in_backoff("a")
        loads.held.add("a")
        async with registry_of(loads) as registry:
            waiters = [asyncio.create_task(touch(registry, A)) for _ in range(3)]
            await settle()
            loads.let_go("a")
            for waiter in waiters:
                with pytest.raises(ModelUnavailable, match="a is unavailable: no disk") as caught:
                    await waiter
                assert caught.value.retry_after_s == 5
        assert loads.begun == ["a"]

    async def test_a_failed_load_is_tried_again_after_5_10_20_and_at_most_300_s(self) -> None:
        loads, clock = in_backoff("a", times=9), Clock()
        delays = []
        async with registry_of(loads, clock) as registry:
            for attempt in range(1, 10):
                with pytest.raises(ModelUnavailable) as caught:
                    await touch(registry, A)
                delay = caught.value.retry_after_s
                assert delay is not None
                delays.append(delay)
                await clock.advance(delay - 1)
                with pytest.raises(ModelUnavailable, match=f"no disk {attempt - 1}") as caught:
                    await touch(registry, A)
                assert caught.value.retry_after_s == 1
                assert len(loads.begun) == attempt
                await clock.advance(1)
            assert await touch(registry, A) == "a"
        assert delays == [5, 10, 20, 40, 80, 160, 300, 300, 300]

    async def test_half_of_the_delay_is_drawn_so_that_processes_do_not_come_back_together(
        self,
    ) -> None:
        for chance, delay in ((0.0, 2.5), (0.5, 3.75), (1.0, 5.0)):
            async with registry_of(in_backoff("a"), chance=chance) as registry:
                with pytest.raises(ModelUnavailable) as caught:
                    await touch(registry, A)
                assert caught.value.retry_after_s == delay

    @pytest.mark.parametrize(("asked", "delay"), [(3.0, 5.0), (90.0, 90.0), (1e9, 3600.0)])
    async def test_a_cause_that_asks_for_a_longer_wait_gets_it_up_to_an_hour(
        self, asked: float, delay: float
    ) -> None:
        loads = Loads(failures={"a": [ModelUnavailable("a", "429", retry_after_s=asked)]})
        async with registry_of(loads) as registry:
            with pytest.raises(ModelUnavailable) as caught:
                await touch(registry, A)
            assert caught.value.retry_after_s == delay
            assert registry.status(A).retry_after_s == delay

    async def test_success_forgets_the_failures(self) -> None:
        loads, clock = in_backoff("a", times=2), Clock()
        async with registry_of(loads, clock) as registry:
            for delay in (5, 10):
                with pytest.raises(ModelUnavailable):
                    await touch(registry, A)
                await clock.advance(delay)
            await touch(registry, A)
            registry.begin_unload(A)
            await until(lambda: loads.made["a"][0].closed_in is not None)
            loads.failures["a"] = [ModelUnavailable("a", "again")]
            with pytest.raises(ModelUnavailable) as caught:
                await touch(registry, A)
            assert caught.value.retry_after_s == 5

    async def test_a_model_that_fails_for_days_is_still_tried_every_300_s(self) -> None:
        loads, clock = in_backoff("a", times=1100), Clock()
        async with registry_of(loads, clock) as registry:
            for _ in range(1100):
                registry.begin_load(A)
                await settle()
            with pytest.raises(ModelUnavailable) as caught:
                await touch(registry, A)
            assert caught.value.retry_after_s == 300

    async def test_begin_load_tries_a_failed_model_at_once(self) -> None:
        loads = in_backoff("a")
        async with registry_of(loads) as registry:
            with pytest.raises(ModelUnavailable):
                await touch(registry, A)
            registry.begin_load(A)
            assert await touch(registry, A) == "a"

    async def test_an_unforeseen_failure_reaches_the_waiter_as_one_of_ours_and_backs_off(
        self,
    ) -> None:
        cause = KeyError("spm")
        loads = Loads(failures={"a": [cause]})
        async with registry_of(loads) as registry:
            for _ in range(2):
                with pytest.raises(ModelUnavailable, match="spm") as caught:
                    await touch(registry, A)
                assert caught.value.retry_after_s == 5
            assert state(registry, A) == "failed"
        assert loads.begun == ["a"]

    async def test_other_errors_of_ours_reach_the_waiter_as_they_are(self) -> None:
        loads = Loads(failures={"a": [ShuttingDown()]})
        async with registry_of(loads) as registry:
            with pytest.raises(ShuttingDown):
                await touch(registry, A)
            assert await touch(registry, A) == "a"

    async def test_a_failure_nobody_waits_for_is_no_stray_exception(self) -> None:
        stray: list[dict] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))
        loads, clock = in_backoff("a"), Clock()
        loads.held.add("a")
        async with registry_of(loads, clock, load_wait_s=1) as registry:
            waiter = asyncio.create_task(touch(registry, A))
            await clock.advance(1)
            with pytest.raises(ModelNotReady):
                await waiter
            loads.let_go("a")
            await settle()
            assert state(registry, A) == "failed"
        del registry, waiter
        gc.collect()
        assert stray == []


class TestSpares:
    async def test_the_spare_serves_while_the_first_is_unavailable(self) -> None:
        loads, clock = in_backoff("a"), Clock()
        async with registry_of(loads, clock) as registry:
            assert await touch(registry, A, B) == "b"
            assert await touch(registry, A, B) == "b"
            await clock.advance(5)
            assert await touch(registry, A, B) == "a"
        assert loads.begun == ["a", "b", "a"]

    async def test_the_spare_does_not_serve_while_the_first_is_on_its_way(self) -> None:
        loads, clock = Loads(held={"a"}), Clock()
        async with registry_of(loads, clock, load_wait_s=3) as registry:
            waiter = asyncio.create_task(touch(registry, A, B))
            await clock.advance(3)
            with pytest.raises(ModelNotReady, match="model a"):
                await waiter
        assert loads.begun == ["a"]

    async def test_if_none_can_be_had_the_error_is_that_of_the_first(self) -> None:
        loads = Loads(
            failures={n: [ModelUnavailable(n, f"no {n}")] for n in "ab"},
        )
        async with registry_of(loads) as registry:
            with pytest.raises(ModelUnavailable, match="no a"):
                await touch(registry, A, B)
        assert loads.begun == ["a", "b"]


class TestLeases:
    async def test_leases_are_counted_and_given_back_after_an_error(self) -> None:
        clock = Clock()
        async with registry_of(Loads(), clock) as registry:
            async with registry.lease([A]), registry.lease([A]):
                assert registry.status(A).leases == 2
            assert registry.status(A).leases == 0
            await clock.advance(7)
            with pytest.raises(ZeroDivisionError):
                async with registry.lease([A]):
                    raise ZeroDivisionError
            status = registry.status(A)
            assert (status.leases, status.last_used) == (0, Clock.EPOCH_S + 7)

    async def test_a_leased_runner_works(self) -> None:
        async with registry_of(Loads()) as registry, registry.lease([A]) as runner:
            (result,) = await run(
                runner, [runner.encode("hello there")], runner.description.decoding
            )
            assert result.output.hypotheses[0].text == "HELLO THERE"

    async def test_full_queues_are_named(self) -> None:
        gates = {name: Gate() for name in "ab"}
        loads = Loads(
            {name: lambda g=gate: FakeEngine(gate=g) for name, gate in gates.items()},
            max_jobs=1,
            max_batch_tokens=2,
        )
        async with AsyncExitStack() as stack:
            registry = await stack.enter_async_context(registry_of(loads))
            runners = [await stack.enter_async_context(registry.lease([s])) for s in (B, A)]
            assert registry.full_queues() == []
            works = []
            for runner in runners:
                gates[runner.info.name].shut()
                job = [runner.encode("x")]
                works.append(asyncio.create_task(run(runner, job, runner.description.decoding)))
                await gates[runner.info.name].reached()
                works.append(asyncio.create_task(run(runner, job, runner.description.decoding)))
            await settle()
            assert registry.full_queues() == ["a", "b"]
            with pytest.raises(QueueFull):
                await run(runners[0], [["x"]], runners[0].description.decoding)
            for gate in gates.values():
                gate.open()
            await asyncio.gather(*works)
            assert registry.full_queues() == []


class TestIdle:
    async def is_left(self, idle_unload_s: float, wait_s: float, *, leased: bool = False) -> bool:
        """Whether a model is still there when nobody asked for it for a while."""
        clock = Clock()
        async with registry_of(Loads(), clock, idle_unload_s=idle_unload_s) as registry:
            watching = asyncio.create_task(registry.look_after())
            async with AsyncExitStack() as stack:
                if leased:
                    await stack.enter_async_context(registry.lease([A]))
                await touch(registry, A)
                await clock.advance(wait_s)
                left = state(registry, A) == "ready"
            watching.cancel()
        return left

    async def test_minus_one_never_unloads(self) -> None:
        assert await self.is_left(-1, 1e4)

    async def test_zero_unloads_at_once(self) -> None:
        assert not await self.is_left(0, 0)

    async def test_a_model_leaves_after_its_idle_time(self) -> None:
        assert await self.is_left(100, 99)
        assert not await self.is_left(100, 126)

    async def test_a_leased_model_stays(self) -> None:
        assert await self.is_left(100, 1000, leased=True)
        assert await self.is_left(0, 1000, leased=True)

    async def test_a_lease_begins_the_idle_time_anew(self) -> None:
        clock = Clock()
        async with registry_of(Loads(), clock, idle_unload_s=100) as registry:
            watching = asyncio.create_task(registry.look_after())
            await touch(registry, A)
            await clock.advance(90)
            await touch(registry, A)
            await clock.advance(90)
            assert await resident(registry, A) == ["a"]
            await clock.advance(40)
            assert await resident(registry, A) == []
            watching.cancel()

    @pytest.mark.parametrize("idle_unload_s", [0, 100])
    async def test_a_model_that_was_made_ready_stays_until_it_is_unloaded_by_hand(
        self, idle_unload_s: float
    ) -> None:
        """Behind a balancer, a service that is not ready gets no request that would load it."""
        clock = Clock()
        async with registry_of(Loads(), clock, idle_unload_s=idle_unload_s) as registry:
            watching = asyncio.create_task(registry.look_after())
            await registry.make_ready([A, B])
            await touch(registry, B)
            await clock.advance(1000)
            await touch(registry, A)
            await clock.advance(1000)
            assert await resident(registry, A, B) == ["a"]
            registry.begin_unload(A)
            await touch(registry, A)
            await clock.advance(1000)
            assert await resident(registry, A, B) == []
            watching.cancel()

    async def test_a_model_that_was_made_ready_makes_room_last(self) -> None:
        clock = Clock()
        async with registry_of(Loads(), clock, memory_budget_bytes=2500) as registry:
            await registry.make_ready([A])
            await clock.advance(1)
            await touch(registry, B)
            await touch(registry, C)
            assert await resident(registry, A, B, C) == ["a", "c"]
            await touch(registry, B)
            assert await resident(registry, A, B, C) == ["a", "b"]

    async def test_a_load_nobody_leased_is_unloaded_too(self) -> None:
        loads, clock = Loads(), Clock()
        async with registry_of(loads, clock, idle_unload_s=0) as registry:
            watching = asyncio.create_task(registry.look_after())
            registry.begin_load(A)
            await until(lambda: state(registry, A) == "ready")
            await clock.advance(1)
            assert await resident(registry, A) == []
            watching.cancel()

    async def test_cancelling_the_watch_in_the_midst_of_an_unload_lets_close_wait_for_it(
        self,
    ) -> None:
        gate, clock = Gate(), Clock()
        loads = Loads({"a": lambda: FakeEngine(closing_gate=gate)})
        async with registry_of(loads, clock, idle_unload_s=4) as registry:
            watching = asyncio.create_task(registry.look_after())
            await touch(registry, A)
            gate.shut()
            await clock.advance(10)
            await gate.reached()
            watching.cancel()
            await settle()
            closing = asyncio.create_task(registry.close())
            await settle()
            assert not closing.done()
            gate.open()
            await closing
        assert loads.made["a"][0].closed_in is not None


class TestUnloading:
    async def test_a_model_that_nobody_leases_is_unloaded_at_once(self) -> None:
        loads = Loads()
        async with registry_of(loads) as registry:
            await touch(registry, A)
            registry.begin_unload(A)
            assert state(registry, A) == "absent"
            await until(lambda: loads.made["a"][0].closed_in is not None)

    async def test_a_leased_model_is_unloaded_at_its_last_release(self) -> None:
        loads = Loads()
        async with registry_of(loads) as registry:
            async with registry.lease([A]):
                async with registry.lease([A]):
                    registry.begin_unload(A)
                    assert state(registry, A) == "ready"
                await settle()
                assert state(registry, A) == "ready"
            assert state(registry, A) == "absent"
            await until(lambda: loads.made["a"][0].closed_in is not None)
            await touch(registry, A)
            await touch(registry, A)
            assert state(registry, A) == "ready"
        assert loads.begun == ["a", "a"]

    async def test_begin_load_takes_an_unload_back(self) -> None:
        async with registry_of(Loads()) as registry:
            async with registry.lease([A]):
                registry.begin_unload(A)
                registry.begin_load(A)
            assert state(registry, A) == "ready"

    async def test_unloading_what_is_not_there_is_nothing(self) -> None:
        async with registry_of(Loads()) as registry:
            registry.begin_unload(A)
            await touch(registry, B)
            registry.begin_unload(B)
            registry.begin_unload(B)
            assert await resident(registry, A, B) == []

    async def test_a_load_that_nobody_waits_for_is_called_off(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            registry.begin_load(A)
            await settle()
            registry.begin_unload(A)
            await settle()
            assert (state(registry, A), loads.cancelled) == ("absent", ["a"])
            loads.let_go("a")
            assert await touch(registry, A) == "a"
            assert await resident(registry, A) == ["a"]
        assert loads.begun == ["a", "a"]

    async def test_a_load_called_off_in_the_moment_it_was_asked_for_never_begins(self) -> None:
        loads = Loads()
        async with registry_of(loads) as registry:
            registry.begin_load(A)
            registry.begin_unload(A)
            await settle()
            assert (state(registry, A), loads.begun) == ("absent", [])
            assert await touch(registry, A) == "a"

    async def test_a_load_somebody_waits_for_goes_on_and_the_model_leaves_after_use(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            waiter = asyncio.create_task(touch(registry, A))
            await settle()
            registry.begin_unload(A)
            loads.let_go("a")
            assert await waiter == "a"
            assert state(registry, A) == "absent"
            await until(lambda: loads.made["a"][0].closed_in is not None)
        assert (loads.begun, loads.cancelled) == (["a"], [])

    async def test_the_model_leaves_too_if_who_waited_has_gone_meanwhile(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            waiter = asyncio.create_task(touch(registry, A))
            await settle()
            registry.begin_unload(A)
            waiter.cancel()
            loads.let_go("a")
            await until(lambda: [e.closed_in for e in loads.made.get("a", [])] != [])
            await until(lambda: state(registry, A) == "absent")
            await until(lambda: loads.made["a"][0].closed_in is not None)

    async def test_an_engine_that_is_being_built_is_unloaded_when_it_is_there(self) -> None:
        gate, loads = asyncio.Event(), Loads()

        async def loader(spec, loading):
            await loading.reserve(1000)
            await gate.wait()
            return await loads(spec, loading)

        registry = Registry(loader, Clock(), load_wait_s=20)
        registry.begin_load(A)
        await settle()
        registry.begin_unload(A)
        await settle()
        assert state(registry, A) == "loading"
        gate.set()
        await until(lambda: state(registry, A) == "absent")
        await until(lambda: loads.made["a"][0].closed_in is not None)
        await registry.close()

    async def test_a_lease_that_comes_while_a_load_is_called_off_gets_a_new_load(self) -> None:
        slow, begun, loads = asyncio.Event(), [], Loads()

        async def loader(spec, loading):
            begun.append(spec.name)
            if len(begun) == 1:
                try:
                    await asyncio.Event().wait()
                finally:
                    await slow.wait()  # a child process that takes its time to end
            return await loads(spec, loading)

        registry = Registry(loader, Clock(), load_wait_s=20)
        registry.begin_load(A)
        await settle()
        registry.begin_unload(A)
        waiter = asyncio.create_task(touch(registry, A))
        await settle()
        assert begun == ["a"]
        slow.set()
        assert await waiter == "a"
        assert begun == ["a", "a"]
        await registry.close()

    async def test_an_unload_of_what_failed_does_not_drive_out_the_next_load(self) -> None:
        loads, clock = in_backoff("a"), Clock()
        loads.held.add("a")
        async with registry_of(loads, clock) as registry:
            waiter = asyncio.create_task(touch(registry, A))
            await settle()
            registry.begin_unload(A)
            loads.let_go("a")
            with pytest.raises(ModelUnavailable):
                await waiter
            await clock.advance(5)
            await touch(registry, A)
            assert await resident(registry, A) == ["a"]

    async def test_unloads_are_counted_by_their_reason(self) -> None:
        def unloaded(why: str) -> float:
            labels = {"model": "leaver", "why": why}
            return REGISTRY.get_sample_value("lur_model_unloads_total", labels) or 0.0

        spec = translator_spec("leaver")
        async with registry_of(Loads(), memory_budget_bytes=1500) as registry:
            await touch(registry, spec)
            registry.begin_unload(spec)
            await touch(registry, spec)
            await touch(registry, A)
            await touch(registry, spec)
        assert [unloaded(why) for why in ("asked", "budget", "closing")] == [1, 1, 1]

    async def test_a_load_waits_until_the_same_model_has_left(self) -> None:
        gate = Gate()
        loads = Loads({"a": lambda: FakeEngine(closing_gate=gate)})
        async with registry_of(loads) as registry:
            await touch(registry, A)
            gate.shut()
            registry.begin_unload(A)
            await gate.reached()
            again = asyncio.create_task(touch(registry, A))
            await settle()
            assert loads.begun == ["a"]
            assert state(registry, A) == "loading"
            gate.open()
            assert await again == "a"
        assert loads.begun == ["a", "a"]


class TestBudget:
    async def test_the_least_recently_used_model_makes_room(self) -> None:
        clock = Clock()
        async with registry_of(Loads(), clock, memory_budget_bytes=2000) as registry:
            for spec in (A, B, A):
                await touch(registry, spec)
                await clock.advance(1)
            await touch(registry, C)
            assert await resident(registry, A, B, C) == ["a", "c"]

    async def test_room_is_made_only_as_far_as_needed(self) -> None:
        loads, clock = Loads(sizes={"a": 700, "b": 700, "c": 600}), Clock()
        async with registry_of(loads, clock, memory_budget_bytes=2000) as registry:
            for spec in (A, B, C):
                await touch(registry, spec)
                await clock.advance(1)
            assert await resident(registry, A, B, C) == ["a", "b", "c"]

    async def test_a_leased_model_is_never_evicted(self) -> None:
        clock = Clock()
        async with (
            registry_of(Loads(), clock, memory_budget_bytes=2000) as registry,
            registry.lease([A]),
        ):
            await clock.advance(1)
            await touch(registry, B)
            await clock.advance(1)
            await touch(registry, C)
            assert await resident(registry, A, B, C) == ["a", "c"]

    async def test_a_model_under_steady_load_keeps_another_out_for_as_long(self) -> None:
        loads, clock = Loads(), Clock()
        async with registry_of(loads, clock, memory_budget_bytes=1500) as registry:
            async with AsyncExitStack() as held:
                for _ in range(3):  # each begins before the one before it ends
                    async with AsyncExitStack() as lease:
                        await lease.enter_async_context(registry.lease([A]))
                        await held.aclose()
                        held.push_async_exit(lease.pop_all())
                    refused = asyncio.create_task(touch(registry, B))
                    await clock.advance(20)
                    with pytest.raises(ModelNotReady):
                        await refused
            assert await touch(registry, B) == "b"

    async def test_a_load_waits_for_a_release(self) -> None:
        loads = Loads()
        async with registry_of(loads, memory_budget_bytes=1500) as registry:
            async with registry.lease([A]):
                waiter = asyncio.create_task(touch(registry, B))
                await settle()
                assert not waiter.done()
                assert loads.reserved == ["a"]
            assert await waiter == "b"
            assert await resident(registry, A, B) == ["b"]

    async def test_memory_is_free_only_when_the_engine_is_closed(self) -> None:
        gate = Gate()
        loads = Loads({"a": lambda: FakeEngine(closing_gate=gate)})
        async with registry_of(loads, memory_budget_bytes=1500) as registry:
            await touch(registry, A)
            gate.shut()
            registry.begin_unload(A)
            await gate.reached()
            waiter = asyncio.create_task(touch(registry, B))
            await settle()
            assert loads.reserved == ["a"]
            gate.open()
            assert await waiter == "b"

    async def test_room_that_is_on_its_way_is_waited_for_not_made_twice(self) -> None:
        gate = Gate()
        loads = Loads({"a": lambda: FakeEngine(closing_gate=gate)})
        async with registry_of(loads, memory_budget_bytes=2500) as registry:
            await touch(registry, A)
            await touch(registry, B)
            gate.shut()
            registry.begin_unload(A)
            await gate.reached()
            waiter = asyncio.create_task(touch(registry, C))
            await settle()
            gate.open()
            assert await waiter == "c"
            assert await resident(registry, B, C) == ["b", "c"]

    async def test_a_failed_load_does_not_free_what_still_leaves(self) -> None:
        gate = Gate()
        loads = Loads({"a": lambda: FakeEngine(closing_gate=gate)}, held={"a"})
        loads.held.clear()
        async with registry_of(loads, memory_budget_bytes=1500) as registry:
            await touch(registry, A)
            gate.shut()
            registry.begin_unload(A)
            await gate.reached()
            registry.begin_load(A)
            await settle()
            registry.begin_unload(A)
            waiter = asyncio.create_task(touch(registry, B))
            await settle()
            assert loads.reserved == ["a"]
            gate.open()
            assert await waiter == "b"

    async def test_a_lease_given_up_at_the_last_moment_frees_its_model_for_others(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads, memory_budget_bytes=1500) as registry:
            first = asyncio.create_task(touch(registry, A))
            await settle()
            second = asyncio.create_task(touch(registry, B))
            loads.let_go("a")
            await until(lambda: bool(loads.made.get("a")))
            while registry.status(A).state != "ready":
                await asyncio.sleep(0)
            first.cancel()
            assert await second == "b"

    async def test_two_loads_do_not_take_the_same_room(self) -> None:
        loads = Loads()
        release = asyncio.Event()

        async def hold(spec: ModelSpec) -> None:
            async with registry.lease([spec]):
                await release.wait()

        async with registry_of(loads, memory_budget_bytes=1500) as registry:
            both = [asyncio.create_task(hold(spec)) for spec in (A, B)]
            await until(lambda: registry.status(A).leases == 1)
            await settle()
            assert loads.reserved == ["a"]
            release.set()
            await asyncio.gather(*both)
            assert loads.reserved == ["a", "b"]

    async def test_a_model_larger_than_the_budget_is_unavailable(self) -> None:
        loads = Loads(sizes={"a": 1501})
        async with registry_of(loads, memory_budget_bytes=1500) as registry:
            await touch(registry, B)
            with pytest.raises(ModelUnavailable, match="1501 bytes of memory, the budget is 1500"):
                await touch(registry, A)
            assert await resident(registry, A, B) == ["b"]

    async def test_a_model_as_large_as_the_budget_fits(self) -> None:
        async with registry_of(Loads(), memory_budget_bytes=1000) as registry:
            assert await touch(registry, A) == "a"

    async def test_a_failed_load_gives_its_room_back(self) -> None:
        def broken() -> FakeEngine:
            raise ModelUnavailable("a", "broken file")

        async with registry_of(Loads({"a": broken}), memory_budget_bytes=1500) as registry:
            with pytest.raises(ModelUnavailable, match="broken file"):
                await touch(registry, A)
            assert await touch(registry, B) == "b"


class TestClock:
    """The wall clock may be set; nothing is decided by it."""

    @pytest.mark.parametrize("jump_s", [-1e9, -3600, 3600, 1e9])
    async def test_a_failed_load_is_tried_again_when_its_delay_has_passed(
        self, jump_s: float
    ) -> None:
        loads, clock = in_backoff("a"), Clock()
        async with registry_of(loads, clock) as registry:
            with pytest.raises(ModelUnavailable):
                await touch(registry, A)
            clock.jump(jump_s)
            await clock.advance(4.9)
            with pytest.raises(ModelUnavailable) as caught:
                await touch(registry, A)
            assert caught.value.retry_after_s == pytest.approx(0.1)
            await clock.advance(0.2)
            assert await touch(registry, A) == "a"

    @pytest.mark.parametrize("jump_s", [-1e9, -3600, 3600, 1e9])
    async def test_a_model_leaves_after_its_idle_time(self, jump_s: float) -> None:
        clock = Clock()
        async with registry_of(Loads(), clock, idle_unload_s=100) as registry:
            watching = asyncio.create_task(registry.look_after())
            await touch(registry, A)
            clock.jump(jump_s)
            await clock.advance(99)
            assert await resident(registry, A) == ["a"]
            await clock.advance(10)
            assert await resident(registry, A) == []
            watching.cancel()

    @pytest.mark.parametrize("jump_s", [-1e9, 1e9])
    async def test_the_least_recently_used_model_makes_room(self, jump_s: float) -> None:
        clock = Clock()
        async with registry_of(Loads(), clock, memory_budget_bytes=2000) as registry:
            await touch(registry, A)
            clock.jump(jump_s)
            await clock.advance(1)
            await touch(registry, B)
            await clock.advance(1)
            await touch(registry, C)
            assert await resident(registry, A, B, C) == ["b", "c"]

    @pytest.mark.parametrize("jump_s", [-1e9, 1e9])
    async def test_who_waits_for_a_load_waits_as_long_as_said(self, jump_s: float) -> None:
        loads, clock = Loads(held={"a"}), Clock()
        async with registry_of(loads, clock, load_wait_s=20) as registry:
            waiter = asyncio.create_task(touch(registry, A))
            await settle()
            clock.jump(jump_s)
            await clock.advance(19)
            assert not waiter.done()
            await clock.advance(2)
            with pytest.raises(ModelNotReady):
                await waiter
            loads.let_go("a")


class TestTrouble:
    """Runners that cannot go on; here they are told to say so."""

    @staticmethod
    def lose(runner: object, trouble: str = "its threads have ended") -> None:
        with runner._lock:  # type: ignore[attr-defined]
            runner._lose(trouble)  # type: ignore[attr-defined]

    async def test_a_dead_runner_is_taken_out_and_the_next_lease_gets_another(self) -> None:
        loads = Loads()
        async with registry_of(loads) as registry, registry.lease([A]) as runner:
            self.lose(runner)
            assert registry.status(A).state == "failed"
            assert registry.status(A).reason == "its threads have ended"
            assert registry.troubles() == {"a": "its threads have ended"}
            async with registry.lease([A]) as other:
                assert other is not runner
                assert registry.status(A).leases == 1
                assert registry.troubles() == {}
            assert registry.status(A).leases == 0
        assert loads.begun == ["a", "a"]

    async def test_giving_back_a_dead_runner_leaves_the_new_one_alone(self) -> None:
        loads = Loads()
        async with registry_of(loads, idle_unload_s=0) as registry:
            async with AsyncExitStack() as stack:
                async with registry.lease([A]) as runner:
                    self.lose(runner)
                    await stack.enter_async_context(registry.lease([A]))
                assert registry.status(A).leases == 1
                assert state(registry, A) == "ready"
            assert state(registry, A) == "absent"

    async def test_a_dead_runner_nobody_asks_for_is_loaded_anew_too(self) -> None:
        loads, clock = Loads(), Clock()
        async with registry_of(loads, clock) as registry:
            watching = asyncio.create_task(registry.look_after())
            async with registry.lease([A]) as runner:
                self.lose(runner)
            await clock.advance(5)
            await until(lambda: state(registry, A) == "ready")
            assert loads.begun == ["a", "a"]
            watching.cancel()

    async def test_a_lost_model_that_nobody_asks_for_is_tried_until_it_is_back(self) -> None:
        loads, clock, begun_s = Loads(), Clock(), []
        async with registry_of(loads, clock) as registry:
            watching = asyncio.create_task(registry.look_after())
            async with registry.lease([A]) as runner:
                self.lose(runner)
            loads.failures = in_backoff("a", times=3).failures
            for second in range(5, 60, 5):
                tries = len(loads.begun)
                await clock.advance(5)
                if len(loads.begun) > tries:
                    begun_s.append(second)
            assert begun_s == [5, 10, 20, 40]  # as a failed load is tried again
            await until(lambda: state(registry, A) == "ready")
            watching.cancel()

    async def test_a_model_whose_runner_a_request_found_dead_is_tried_until_it_is_back(
        self,
    ) -> None:
        loads, clock = Loads(), Clock()
        async with registry_of(loads, clock) as registry:
            watching = asyncio.create_task(registry.look_after())
            async with registry.lease([A]) as runner:
                self.lose(runner)
            loads.failures = in_backoff("a").failures
            with pytest.raises(ModelUnavailable, match="no disk"):
                await touch(registry, A)
            await clock.advance(5)
            await until(lambda: state(registry, A) == "ready")
            watching.cancel()

    async def test_a_lost_model_that_is_unloaded_stays_away(self) -> None:
        loads, clock = Loads(), Clock()
        async with registry_of(loads, clock) as registry:
            watching = asyncio.create_task(registry.look_after())
            async with registry.lease([A]) as runner:
                self.lose(runner)
            loads.failures = in_backoff("a").failures
            await clock.advance(5)
            assert state(registry, A) == "failed"
            registry.begin_unload(A)
            await clock.advance(1000)
            assert loads.begun == ["a", "a"]
            watching.cancel()

    async def test_a_model_that_dies_before_it_could_be_unloaded_stays_away(self) -> None:
        loads, clock = Loads(), Clock()
        async with registry_of(loads, clock) as registry, registry.lease([A]) as runner:
            watching = asyncio.create_task(registry.look_after())
            registry.begin_unload(A)
            self.lose(runner)
            await clock.advance(1000)
            assert (state(registry, A), loads.begun) == ("absent", ["a"])
            watching.cancel()

    async def test_a_dead_runner_that_left_for_another_model_is_loaded_anew(self) -> None:
        loads, clock = Loads(sizes={"c": 500}), Clock()
        async with registry_of(loads, clock, memory_budget_bytes=2000) as registry:
            watching = asyncio.create_task(registry.look_after())
            async with registry.lease([A]) as runner, registry.lease([C]):
                self.lose(runner)
                await touch(registry, B)
            await clock.advance(5)
            await until(lambda: state(registry, A) == "ready")
            watching.cancel()

    async def test_a_dead_runner_is_no_reason_to_keep_others_out_of_memory(self) -> None:
        loads = Loads()
        async with (
            registry_of(loads, memory_budget_bytes=1500) as registry,
            registry.lease([A]) as runner,
        ):
            self.lose(runner)
            assert await touch(registry, B) == "b"


class TestClosing:
    async def test_close_ends_every_runner(self) -> None:
        loads = Loads()
        async with registry_of(loads) as registry:
            await touch(registry, A)
            await touch(registry, B)
        assert loads.made.keys() == {"a", "b"}
        assert all(engine.closed_in for engines in loads.made.values() for engine in engines)

    async def test_after_close_leases_and_loads_are_refused(self) -> None:
        async with registry_of(Loads()) as registry:
            await touch(registry, A)
            await registry.close()
            for spec in (A, B):
                with pytest.raises(ShuttingDown):
                    await touch(registry, spec)
                with pytest.raises(ShuttingDown):
                    registry.begin_load(spec)

    async def test_while_a_load_is_being_given_up_ready_models_are_refused_too(self) -> None:
        stubborn = asyncio.Event()

        async def loader(spec, loading):
            if spec is A:
                return await loads(spec, loading)
            try:
                await asyncio.Event().wait()
            finally:
                await stubborn.wait()

        loads = Loads()
        registry = Registry(loader, Clock(), load_wait_s=20)
        await touch(registry, A)
        registry.begin_load(B)
        await settle()
        closing = asyncio.create_task(registry.close())
        await settle()
        with pytest.raises(ShuttingDown):
            await touch(registry, A)
        stubborn.set()
        await closing

    async def test_close_cancels_loads_and_tells_who_waits(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            waiter = asyncio.create_task(touch(registry, A))
            await settle()
            await registry.close()
            with pytest.raises(ShuttingDown):
                await waiter
        assert loads.cancelled == ["a"]

    async def test_close_waits_for_accepted_jobs(self) -> None:
        gate = Gate()
        loads = Loads({"a": lambda: FakeEngine(gate=gate)})
        async with registry_of(loads) as registry, registry.lease([A]) as runner:
            gate.shut()
            job = [runner.encode("x")]
            work = asyncio.create_task(run(runner, job, runner.description.decoding))
            await gate.reached()
            closing = asyncio.create_task(registry.close())
            await settle()
            assert not closing.done()
            gate.open()
            await closing
            (result,) = await work
        assert result.output.hypotheses[0].text == "X"

    async def test_close_waits_for_a_runner_that_was_leaving_for_a_cancelled_load(self) -> None:
        gate = Gate()
        loads = Loads({"a": lambda: FakeEngine(closing_gate=gate)})
        async with registry_of(loads, memory_budget_bytes=1500) as registry:
            await touch(registry, A)
            gate.shut()
            waiter = asyncio.create_task(touch(registry, B))
            await gate.reached()
            closing = asyncio.create_task(registry.close())
            await settle()
            assert not closing.done()
            gate.open()
            await closing
            with pytest.raises(ShuttingDown):
                await waiter
        assert loads.made["a"][0].closed_in is not None


class TestStatus:
    async def test_of_a_model_nobody_asked_for(self) -> None:
        async with registry_of(Loads()) as registry:
            assert registry.status(A) == ModelStatus(A, "absent", None, 0, 0, None, None)

    async def test_of_a_load_follows_its_reports(self) -> None:
        loads = Loads(held={"a"})
        async with registry_of(loads) as registry:
            registry.begin_load(A)
            assert registry.status(A) == ModelStatus(A, "loading", None, 0, 0, None, None)
            await settle()
            for report in (("downloading", 0.5), ("converting", None), ("loading", None)):
                loads.loading["a"].report(*report)
                assert registry.status(A) == ModelStatus(A, *report, 0, 0, None, None)
            loads.let_go("a")
            await until(lambda: state(registry, A) == "ready")

    async def test_of_a_ready_model(self) -> None:
        clock = Clock()
        async with registry_of(Loads(sizes={"a": 123}), clock) as registry:
            await clock.advance(5)
            async with registry.lease([A]):
                used = Clock.EPOCH_S + 5
                assert registry.status(A) == ModelStatus(A, "ready", None, 123, 1, used, None)

    async def test_of_a_failed_model_and_of_its_next_load(self) -> None:
        loads = in_backoff("a")
        async with registry_of(loads) as registry:
            with pytest.raises(ModelUnavailable):
                await touch(registry, A)
            failed = ModelStatus(A, "failed", None, 0, 0, None, "no disk 0", 5.0)
            assert registry.status(A) == failed
            registry.begin_load(A)
            assert state(registry, A) == "loading"
            assert await touch(registry, A) == "a"
            assert (state(registry, A), registry.status(A).reason) == ("ready", None)

    async def test_of_an_unloaded_model(self) -> None:
        async with registry_of(Loads()) as registry:
            await touch(registry, A)
            registry.begin_unload(A)
            unloaded = ModelStatus(A, "absent", None, 0, 0, Clock.EPOCH_S, None)
            assert registry.status(A) == unloaded


class TestSpare:
    """A second model, beside the one that is held."""

    async def test_it_is_loaded_and_held_like_any_other(self) -> None:
        loads = Loads()
        async with registry_of(loads) as registry, registry.lease([A]):
            async with registry.spare(B, 3.0) as runner:
                assert runner.info.name == B.name
                assert registry.status(B).leases == 1
            assert registry.status(B).leases == 0

    async def test_it_is_not_waited_for_longer_than_said_while_its_load_goes_on(self) -> None:
        clock, loads = Clock(), Loads(held={B.name})
        async with registry_of(loads, clock) as registry, registry.lease([A]):
            asked = asyncio.create_task(registry.spare(B, 3.0).__aenter__())
            await clock.advance(2.9)
            assert not asked.done()
            await clock.advance(0.2)
            with pytest.raises(ModelNotReady):
                await asked
            loads.let_go(B.name)
            async with registry.lease([B]):
                assert loads.begun == [A.name, B.name]

    async def test_under_a_budget_it_must_be_in_memory_already(self) -> None:
        loads = Loads()
        async with registry_of(loads, memory_budget_bytes=2500) as registry:
            async with registry.lease([A]):
                with pytest.raises(ModelNotReady, match="not in memory"):
                    async with registry.spare(B, 3.0):
                        pass
            assert loads.begun == [A.name]
            async with registry.lease([B]), registry.lease([A]), registry.spare(B, 0.0):
                assert registry.status(B).leases == 2
