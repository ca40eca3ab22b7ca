"""What a translation tells while it works: when, in which order, and that it is the answer."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from service.engines.base import Decoding, Hypothesis
from service.errors import InferenceFailed, ModelNotReady
from service.models.registry import Registry
from service.tasks.judge import Fidelity
from service.tasks.memory import Memory
from service.tasks.results import TranslationResult
from service.tasks.told import Begun, Event, ModelAwaited, SegmentDone, TextDone, Told
from service.tasks.translate import TranslationRequest, Translator
from service.text.finding import Finding
from service.text.typography import Typography
from tests.fakes import (
    UNCHECKED,
    Clock,
    FakeEngine,
    Gate,
    Loads,
    catalog_of,
    registry_of,
    settle,
    translator_spec,
    until,
)
from tests.unit.text.strategies import texts

HY = translator_spec("hy-model", ("en", "hy"))
RU = translator_spec("ru-model", ("en", "ru"))
PLENTY = 10**6

TWELVE = " ".join(f"Sentence {chr(ord('a') + n)} is here." for n in range(12))


def _check(source: str, translation: str, languages: tuple[str, str]) -> list[Finding]:
    """Finds fault with what begins with an exclamation mark."""
    return [Finding("number_lost", "7", "lost")] if translation.startswith("!") else []


CHECKED = Fidelity(Typography.of(["none"]), extra_tries=2, check=_check)


def failing(*words: str, mended: bool = True) -> Callable[[str, Decoding], str]:
    """Fails at first at sentences with one of these words; a wider beam helps, where `mended`."""

    def answer(text: str, decoding: Decoding) -> str:
        fails = not set(words).isdisjoint(text.split())
        again = decoding.beam_size > 2
        return f"!{text}" if fails and not (again and mended) else text.upper()

    return answer


async def translated(
    request: TranslationRequest,
    *engines: FakeEngine,
    told: Told | None = None,
    fidelity: Fidelity = UNCHECKED,
    max_batch_tokens: int = 256,
    memory: Memory | None = None,
) -> TranslationResult:
    loads = Loads(max_batch_tokens=max_batch_tokens)
    specs = (HY, RU)[: len(engines)]
    for spec, engine in zip(specs, engines, strict=True):
        loads.engines[spec.name] = lambda engine=engine: engine  # type: ignore[misc]
    async with registry_of(loads) as registry:
        memory = memory or Memory(0)
        translator = Translator(catalog_of(*specs), registry, memory, 100_000, fidelity)
        return await translator.translate(request, told=told)


def timeless(result: TranslationResult) -> TranslationResult:
    return replace(result, timings_ms=replace(result.timings_ms, queue=0, inference=0, total=0))


def into_armenian(*given: str, **options: object) -> TranslationRequest:
    return TranslationRequest(given, ("hy",), **options)  # type: ignore[arg-type]


def segments(events: list[Event], target: str = "hy") -> list[SegmentDone]:
    return [e for e in events if isinstance(e, SegmentDone) and e.target == target]


class TestOrder:
    async def test_segments_come_text_by_text_and_sentence_by_sentence_for_each_target(
        self,
    ) -> None:
        events: list[Event] = []
        request = TranslationRequest(("One. Two.", "", "- 7\nThree."), ("ru", "hy"))
        await translated(request, FakeEngine(), FakeEngine(), told=events.append)
        for target in ("hy", "ru"):
            found = [(e.index, e.segment, e.translated.text) for e in segments(events, target)]
            assert found == [(0, 0, "ONE."), (0, 1, "TWO."), (2, 0, "7"), (2, 1, "THREE.")]

    async def test_a_text_is_told_of_right_behind_its_last_segment(self) -> None:
        events: list[Event] = []
        await translated(into_armenian("One. Two.", "", "3"), FakeEngine(), told=events.append)
        done = [e for e in events if not isinstance(e, ModelAwaited)]
        assert [type(e) for e in done] == [
            *(Begun, SegmentDone, SegmentDone, TextDone, TextDone, SegmentDone, TextDone)
        ]
        assert done[0] == Begun("hy", 3)
        assert [e.translation.text for e in done if isinstance(e, TextDone)] == [
            *("ONE. TWO.", "", "3")
        ]


class TestEquality:
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(texts, max_size=4),
        st.sets(st.sampled_from(["A", "b", "said", "go.", "x"])),
        st.booleans(),
        st.integers(0, 2),
    )
    def test_the_answer_is_that_of_a_plain_call_and_so_are_the_segments(
        self, given: list[str], words: set[str], mended: bool, alternatives: int
    ) -> None:
        async def both() -> None:
            answer = failing(*words, mended=mended)
            request = into_armenian(*given, alternatives=alternatives)
            events: list[Event] = []
            plain = await translated(request, FakeEngine(answer), fidelity=CHECKED)
            streamed = await translated(
                request, FakeEngine(answer), fidelity=CHECKED, told=events.append
            )
            assert timeless(streamed) == timeless(plain)
            expected = [s for t in plain.translations for s in t.segments]
            assert [e.translated for e in segments(events)] == expected

        asyncio.run(both())

    async def test_a_name_that_is_rendered_otherwise_is_warned_of_in_its_segment(self) -> None:
        names = iter(("Ռավենշտադ", "Ռավենշտադ", "Ռեյվենստադ"))
        engine = FakeEngine(lambda text, _: f"{next(names)} {text.split()[1]}")
        events: list[Event] = []
        text = "Ravenstadt won.\nRavenstadt lost.\nRavenstadt played."
        result = await translated(into_armenian(text), engine, told=events.append)
        (found,) = [w for e in segments(events) for w in e.translated.warnings]
        assert (found.code, found.segment) == ("name_inconsistent", 2)
        assert result.translations[0].warnings == (found,)

    async def test_what_is_remembered_is_told_at_once_and_not_worked_on(self) -> None:
        engine, memory = FakeEngine(), Memory(PLENTY)
        plain = await translated(into_armenian(TWELVE), engine, memory=memory)
        events: list[Event] = []
        again = FakeEngine()
        await translated(into_armenian(TWELVE), again, memory=memory, told=events.append)
        assert again.batches == []
        assert [e.translated for e in segments(events)] == list(plain.translations[0].segments)

    async def test_sentences_that_come_twice_are_told_of_twice(self) -> None:
        engine, events = FakeEngine(), []
        await translated(into_armenian("So be it. No. So be it."), engine, told=events.append)
        assert [e.translated.text for e in segments(events)] == ["SO BE IT.", "NO.", "SO BE IT."]
        assert sorted(engine.texts) == ["No.", "So be it."]


class TestEarliness:
    async def test_without_a_listener_all_sentences_share_a_batch(self) -> None:
        engine = FakeEngine()
        await translated(into_armenian(TWELVE), engine)
        assert [len(batch.texts) for batch in engine.batches] == [12]

    async def test_the_first_sentence_is_worked_on_alone_and_then_ever_more(self) -> None:
        engine = FakeEngine()
        await translated(into_armenian(TWELVE), engine, told=lambda _: None)
        assert [len(batch.texts) for batch in engine.batches] == [1, 8, 3]
        assert engine.batches[0].texts == ["Sentence a is here."]

    async def test_it_is_told_of_while_the_second_batch_runs(self) -> None:
        gate = Gate()
        gate.shut()
        engine, events = FakeEngine(hangs={"b": gate}), []
        work = asyncio.create_task(translated(into_armenian(TWELVE), engine, told=events.append))
        await gate.reached()
        await until(lambda: len(segments(events)) == 1)
        await settle()
        assert [e.segment for e in segments(events)] == [0]
        gate.open()
        await work
        assert [e.segment for e in segments(events)] == list(range(12))


class TestRepair:
    async def test_a_sentence_is_told_of_when_it_is_mended(self) -> None:
        engine, events = FakeEngine(failing("a")), []
        await translated(into_armenian(TWELVE), engine, told=events.append, fidelity=CHECKED)
        first = segments(events)[0].translated
        assert (first.text, first.repair) == ("SENTENCE A IS HERE.", "decoding")
        assert [e.segment for e in segments(events)] == list(range(12))

    async def test_one_that_stays_doubtful_is_told_of_with_its_warning(self) -> None:
        engine, events = FakeEngine(failing("b", mended=False)), []
        await translated(into_armenian(TWELVE), engine, told=events.append, fidelity=CHECKED)
        assert [len(e.translated.warnings) for e in segments(events)] == [0, 1, *[0] * 10]

    async def test_it_goes_before_what_comes_behind_its_sentence(self) -> None:
        gate = Gate()
        gate.shut()
        engine = FakeEngine(failing("a"), hangs={"b": gate})
        work = asyncio.create_task(
            translated(into_armenian(TWELVE), engine, told=lambda _: None, fidelity=CHECKED)
        )
        await gate.reached()
        waiting = {"model": "hy-model"}
        await until(lambda: REGISTRY.get_sample_value("lur_queued_jobs", waiting) == 3 + 1)
        gate.open()
        await work
        assert [batch.decoding.beam_size for batch in engine.batches] == [2, 2, 4, 2]
        assert engine.batches[2].texts == ["Sentence a is here."]

    async def test_others_are_worked_on_meanwhile(self) -> None:
        gate = Gate()
        gate.shut()
        mend = failing("a")

        def answer(text: str, decoding: Decoding) -> str:
            if decoding.beam_size > 2:
                gate.go_through()
            return mend(text, decoding)

        engine, events = FakeEngine(answer, workers=2), []
        work = asyncio.create_task(
            translated(into_armenian(TWELVE), engine, told=events.append, fidelity=CHECKED)
        )
        await gate.reached()
        await until(lambda: len(set(engine.texts)) == 12)
        assert segments(events) == []
        gate.open()
        await work
        assert [e.segment for e in segments(events)] == list(range(12))


class TestFailure:
    async def test_what_was_told_of_before_stands(self) -> None:
        engine, events = FakeEngine(poison={"g"}), []
        with pytest.raises(InferenceFailed):
            await translated(into_armenian(TWELVE), engine, told=events.append)
        found = [e.segment for e in segments(events)]
        assert found == list(range(len(found)))
        assert 1 <= len(found) <= 6

    async def test_a_repair_that_breaks_in_our_own_code_is_raised(self) -> None:
        def check(source: str, translation: str, languages: tuple[str, str]) -> list[Finding]:
            if translation.isupper():
                raise ZeroDivisionError
            return [Finding("number_lost", "7", "lost")]

        engine = FakeEngine(failing("a"))
        with pytest.raises(ZeroDivisionError):
            await translated(
                into_armenian("Sentence a is here."),
                engine,
                told=lambda _: None,
                fidelity=replace(CHECKED, check=check),
            )

    async def test_a_request_that_is_given_up_has_no_further_batch(self) -> None:
        gate = Gate()
        gate.shut()
        engine = FakeEngine(failing("a"), hangs={"b": gate})
        loads = Loads({"hy-model": lambda: engine})
        async with registry_of(loads) as registry:
            translator = Translator(catalog_of(HY), registry, Memory(0), 10_000, CHECKED)
            work = asyncio.create_task(
                translator.translate(into_armenian(TWELVE), told=lambda _: None)
            )
            await gate.reached()
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            assert registry.status(HY).leases == 0
            gate.open()
            await translator.translate(into_armenian("Next."))
        assert [batch.texts[0] for batch in engine.batches[2:]] == ["Next."]


class TestWaiting:
    def shop(self, registry: Registry, deadline_s: float) -> Translator:
        return Translator(catalog_of(HY), registry, Memory(0), 100, UNCHECKED, deadline_s)

    async def test_who_is_told_how_far_a_model_is_waits_longer_than_others(self) -> None:
        loads, clock, events = Loads(held={"hy-model"}), Clock(), []
        async with registry_of(loads, clock, load_wait_s=3) as registry:
            shop = self.shop(registry, 1000)
            plain = asyncio.create_task(shop.translate(into_armenian("x")))
            work = asyncio.create_task(shop.translate(into_armenian("x"), told=events.append))
            await clock.advance(1)
            loads.loading["hy-model"].report("downloading", 0.5)
            await clock.advance(100)
            with pytest.raises(ModelNotReady):
                await plain
            loads.let_go("hy-model")
            await work
        found = [(e.status.state, e.status.progress) for e in events[:3]]
        assert found == [("loading", None), ("downloading", 0.5), ("ready", None)]
        assert not any(isinstance(event, ModelAwaited) for event in events[3:])

    async def test_at_its_deadline_it_says_how_far_the_model_is(self) -> None:
        loads, clock = Loads(held={"hy-model"}), Clock()
        async with registry_of(loads, clock) as registry:
            shop = self.shop(registry, 30)
            work = asyncio.create_task(shop.translate(into_armenian("x"), told=lambda _: None))
            await clock.advance(1)
            loads.loading["hy-model"].report("downloading", 0.5)
            await clock.advance(29)
            with pytest.raises(ModelNotReady) as caught:
                await work
        assert caught.value.progress == 0.5

    async def test_a_model_that_is_there_is_not_told_of(self) -> None:
        events: list[Event] = []
        async with registry_of(Loads()) as registry:
            await registry.make_ready([HY])
            await self.shop(registry, 30).translate(into_armenian("x"), told=events.append)
        assert [type(event) for event in events] == [Begun, SegmentDone, TextDone]


async def test_scores_and_pieces_of_a_cut_sentence_are_those_of_the_whole() -> None:
    long = "; ".join(["one two three four five six seven"] * 12)
    engine = FakeEngine(lambda text, _: Hypothesis(text.upper(), 5, -1.5, finished=True))
    events: list[Event] = []
    result = await translated(into_armenian(long), engine, told=events.append)
    (segment,) = [e.translated for e in segments(events)]
    assert segment == result.translations[0].segments[0]
    assert segment.text == long.upper()
