import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from prometheus_client import REGISTRY

from service.engines.base import Decoding, Hypothesis
from service.errors import (
    InferenceFailed,
    InputTooLong,
    ModelUnavailable,
    QueueFull,
    UnknownModel,
    UnsuitableModel,
    UnsupportedPair,
)
from service.models.catalog import ModelSpec
from service.models.registry import Registry
from service.tasks.memory import Memory
from service.tasks.results import Caution, Range, Translation, TranslationResult
from service.tasks.translate import TranslationRequest, Translator
from service.text.finding import Finding
from service.text.normalize import normalize
from service.text.segment import split
from tests.fakes import (
    DESCRIPTION,
    UNCHECKED,
    FakeEngine,
    Gate,
    Loads,
    catalog_of,
    info,
    registry_of,
    run,
    same,
    settle,
    summarizer_spec,
    translator_spec,
    until,
)
from tests.unit.text.strategies import texts

HY = translator_spec("hy-model", ("en", "hy"))
RU = translator_spec("ru-model", ("en", "ru"))


def tagged(tag: str) -> Callable[[str, Decoding], str]:
    return lambda text, decoding: f"{tag}({text})"


class Encoding(FakeEngine):
    """Remembers what it was asked to cut into tokens."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.encoded: list[str] = []
        self.encoded_in: dict[str, int] = {}

    def encode(self, text: str) -> list[str]:
        self.encoded.append(text)
        self.encoded_in[text] = threading.get_ident()
        return super().encode(text)


class Shop(Translator):
    """A translator over fake engines, with its parts in reach."""

    registry: Registry


@asynccontextmanager
async def translating(
    *engines: tuple[ModelSpec, FakeEngine],
    max_characters: int = 100_000,
    cache_bytes: int = 0,
    loads: Loads | None = None,
) -> AsyncIterator[Shop]:
    loads = loads or Loads()
    for spec, engine in engines:
        loads.engines[spec.name] = lambda engine=engine: engine
    catalog = catalog_of(*(spec for spec, _ in engines), summarizer_spec("sum"))
    async with registry_of(loads) as registry:
        shop = Shop(catalog, registry, Memory(cache_bytes), max_characters, UNCHECKED)
        shop.registry = registry
        yield shop


async def into_armenian(engine: FakeEngine, *given: str, **options) -> TranslationResult:
    async with translating((HY, engine)) as shop:
        return await shop.translate(TranslationRequest(given, ("hy",), **options))


async def one(engine: FakeEngine, text: str, **options) -> Translation:
    (translation,) = (await into_armenian(engine, text, **options)).translations
    return translation


class TestEventLoop:
    @pytest.mark.parametrize(
        "given",
        [
            [f"Text number {i} of many." for i in range(100)],
            ["".join(f"a{i}\u2028" for i in range(100))],
            ["A b. " * 100],
        ],
        ids=["many texts", "many lines", "many sentences"],
    )
    async def test_many_sentences_are_cut_beside_it_however_short_they_are(
        self, given: list[str]
    ) -> None:
        engine = Encoding()
        await into_armenian(engine, *given)
        ours = [text for text in engine.encoded_in if any(text in whole for whole in given)]
        assert len(ours) >= 1
        assert threading.get_ident() not in {engine.encoded_in[text] for text in ours}

    async def test_a_sentence_is_cut_where_it_is(self) -> None:
        engine = Encoding()
        await into_armenian(engine, "One text.")
        assert engine.encoded_in["One text."] == threading.get_ident()


class TestLayout:
    async def test_everything_between_the_sentences_comes_back(self) -> None:
        text = "\n  1. First one.  Second one!\r\n\r\n\t- Third\u00a0one? \n\n\n> Fourth one\n"
        translation = await one(FakeEngine(), text)
        assert translation.text == (
            "\n  1. FIRST ONE.  SECOND ONE!\r\n\r\n\t- THIRD ONE? \n\n\n> FOURTH ONE\n"
        )

    @settings(max_examples=150, deadline=None)
    @given(texts)
    def test_an_engine_that_changes_nothing_changes_only_what_normalising_does(
        self, text: str
    ) -> None:
        engine = FakeEngine(same, replace(DESCRIPTION, max_source_tokens=10_000))
        document = split(text)
        expected = document.rejoin(
            [normalize(s.text) if s.translatable else s.text for s in document.segments]
        )
        assert asyncio.run(one(engine, text)).text == expected

    @settings(max_examples=100, deadline=None)
    @given(texts)
    def test_all_layout_survives_an_engine_that_changes_everything(self, text: str) -> None:
        document = split(text)
        translation = asyncio.run(one(FakeEngine(lambda *_: "X"), text))
        expected = document.rejoin(["X" if s.translatable else s.text for s in document.segments])
        assert translation.text == expected
        assert [s.source for s in translation.segments] == [
            Range(s.start, s.end) for s in document.segments
        ]

    @pytest.mark.parametrize(
        "text", ["", " ", "\n\n", "100,000\n", "https://a.am/b?c=d", "me@x.am", "42 % \n - 7", "🙂"]
    )
    async def test_what_has_no_words_passes_by_the_engine(self, text: str) -> None:
        engine = FakeEngine()
        translation = await one(engine, text)
        assert translation.text == text
        assert all(segment.score is None for segment in translation.segments)
        assert (engine.batches, translation.warnings) == ([], ())

    async def test_segments_without_words_stand_untouched_between_the_others(self) -> None:
        engine = FakeEngine()
        translation = await one(engine, "Hello there.\nhttps://a.am/x\n12.5\nGood bye.")
        assert translation.text == "HELLO THERE.\nhttps://a.am/x\n12.5\nGOOD BYE."
        assert engine.texts == ["Hello there.", "Good bye."]
        assert [segment.score is None for segment in translation.segments] == [
            False,
            True,
            True,
            False,
        ]

    async def test_the_model_sees_normalised_text(self) -> None:
        engine = FakeEngine()
        await one(engine, "“Well…” he said")
        assert engine.texts == ['"Well..." he said']


class TestWindow:
    async def test_a_sentence_over_the_window_is_cut_and_loses_no_word(self) -> None:
        engine = FakeEngine(same)
        sentence = ", ".join(f"the clause number{i} went on and on" for i in range(60))
        result = await into_armenian(engine, f"Short one.\n{sentence}.")
        assert result.translations[0].text == f"Short one.\n{sentence}."
        assert len(engine.texts) > 7
        assert max(n for batch in engine.batches for n in batch.tokens) <= 64
        assert result.usage.segments == 2
        assert " ".join(sorted(engine.texts)).count("number") == 60

    async def test_scores_of_pieces_weigh_by_their_length(self) -> None:
        def answer(text: str, decoding: Decoding) -> Hypothesis:
            if text.startswith("a0"):
                return Hypothesis("long", 30, -1.0, finished=True)
            return Hypothesis("short", 10, -3.0, finished=True)

        words = " ".join(f"a{i}" for i in range(20))
        engine = FakeEngine(answer, replace(DESCRIPTION, max_source_tokens=16))
        translation = await one(engine, words)
        assert translation.text == "long short"
        assert translation.segments[0].score == pytest.approx((30 * -1.0 + 10 * -3.0) / 40)

    async def test_long_sources_may_answer_at_length_and_results_keep_their_places(self) -> None:
        engine = FakeEngine(description=replace(DESCRIPTION, max_source_tokens=300))
        long = " ".join(f"w{i}" for i in range(100))
        edge = " ".join(f"e{i}" for i in range(84))  # 85 tokens with the end
        translation = await one(engine, f"{long}\nshort\n{edge}\n{long} again")
        expected = f"{long}\nshort\n{edge}\n{long} again".upper()
        assert translation.text == expected
        limits = {text: b.decoding.max_tokens for b in engine.batches for text in b.texts}
        assert limits == {long: 512, f"{long} again": 512, "short": 256, edge: 256}

    async def test_no_answer_may_be_longer_than_the_model_can(self) -> None:
        engine = FakeEngine(description=replace(DESCRIPTION, max_target_tokens=20))
        await one(engine, "short")
        assert engine.batches[0].decoding.max_tokens == 20


class TestTargets:
    async def test_texts_come_by_index_then_by_target_in_the_order_asked(self) -> None:
        async with translating(
            (HY, FakeEngine(tagged("hy"))), (RU, FakeEngine(tagged("ru")))
        ) as shop:
            result = await shop.translate(TranslationRequest(("One.", "", "Two."), ("ru", "hy")))
        assert [(t.index, t.target, t.text) for t in result.translations] == [
            (0, "ru", "ru(One.)"),
            (0, "hy", "hy(One.)"),
            (1, "ru", ""),
            (1, "hy", ""),
            (2, "ru", "ru(Two.)"),
            (2, "hy", "hy(Two.)"),
        ]
        assert result.models == {"ru": info("ru-model"), "hy": info("hy-model")}

    async def test_sentences_of_all_texts_share_batches(self) -> None:
        gate = Gate()
        engine = FakeEngine(gate=gate)
        async with translating((HY, engine)) as shop, shop.registry.lease([HY]) as runner:
            gate.shut()
            blocker = asyncio.create_task(
                run(runner, [runner.encode("wait")], runner.description.decoding)
            )
            await gate.reached()
            request = TranslationRequest(tuple(f"Text {i}." for i in range(10)), ("hy",))
            work = asyncio.create_task(shop.translate(request))
            waiting = {"model": "hy-model"}
            await until(lambda: REGISTRY.get_sample_value("lur_queued_jobs", waiting) == 10)
            gate.open()
            await asyncio.gather(work, blocker)
        assert [len(batch.texts) for batch in engine.batches] == [1, 10]

    async def test_no_texts_and_no_targets_are_no_work(self) -> None:
        engine = FakeEngine()
        async with translating((HY, engine)) as shop:
            for request in (TranslationRequest((), ("hy",)), TranslationRequest(("x",), ())):
                assert (await shop.translate(request)).translations == ()
        assert engine.batches == []

    async def test_a_failure_in_one_target_ends_the_other_and_gives_both_leases_back(self) -> None:
        gate = Gate()
        gate.shut()
        slow, bad = FakeEngine(gate=gate), FakeEngine(poison={"x"})
        async with translating((HY, slow), (RU, bad)) as shop:
            work = asyncio.create_task(shop.translate(TranslationRequest(("x",), ("hy", "ru"))))
            with pytest.raises(InferenceFailed, match="ru-model"):
                await work
            assert [shop.registry.status(spec).leases for spec in (HY, RU)] == [0, 0]
            gate.open()


class TestCandidates:
    @pytest.mark.parametrize(("quality", "beams"), [("fast", 1), ("balanced", 2), ("best", 4)])
    async def test_quality_is_the_width_of_the_beam(self, quality, beams: int) -> None:
        engine = FakeEngine()
        await one(engine, "Hello.", quality=quality)
        decoding = engine.batches[0].decoding
        assert (decoding.beam_size, decoding.hypotheses) == (beams, 1)

    async def test_the_rest_of_the_decoding_is_the_checkpoints_but_for_its_least_length(
        self,
    ) -> None:
        own = Decoding(length_penalty=0.6, repetition_penalty=1.3, min_tokens=9, max_tokens=3)
        engine = FakeEngine(description=replace(DESCRIPTION, decoding=own))
        await one(engine, "Hello.")
        assert engine.batches[0].decoding == replace(own, beam_size=2, min_tokens=0, max_tokens=256)

    async def test_alternatives_are_further_candidates_for_the_whole_text(self) -> None:
        engine = FakeEngine()
        translation = await one(engine, "One.\n7\nTwo.", alternatives=2, quality="fast")
        assert translation.text == "ONE.\n7\nTWO."
        assert translation.alternatives == ("ONE. #1\n7\nTWO. #1", "ONE. #2\n7\nTWO. #2")
        decoding = engine.batches[0].decoding
        assert (decoding.beam_size, decoding.hypotheses) == (3, 3)

    async def test_alternatives_hold_neither_the_best_nor_twice_the_same(self) -> None:
        def few(outputs):
            (best, *_) = outputs[0].hypotheses
            return [
                replace(outputs[0], hypotheses=(best, best, replace(best, text="B"), best))
                for _ in outputs
            ]

        translation = await one(FakeEngine(outputs=few), "x", alternatives=3)
        assert (translation.text, translation.alternatives) == ("X", ("B",))

    async def test_an_engine_may_find_fewer_candidates_than_asked(self) -> None:
        def best_only(outputs):
            return [replace(output, hypotheses=output.hypotheses[:1]) for output in outputs]

        translation = await one(FakeEngine(outputs=best_only), "x", alternatives=3)
        assert (translation.text, translation.alternatives) == ("X", ())

    async def test_segments_carry_the_score_of_the_best(self) -> None:
        translation = await one(FakeEngine(), "One two.\nThree.", alternatives=1)
        assert [segment.score for segment in translation.segments] == [-0.2, -0.1]


class TestWarnings:
    async def test_a_translation_that_was_stopped_is_too_long(self) -> None:
        engine = FakeEngine(description=replace(DESCRIPTION, max_target_tokens=4))
        translation = await one(engine, "One two.\nOne two three four five six.")
        (warning,) = translation.warnings
        assert (warning.code, warning.value, warning.segment) == ("too_long", "4", 1)
        assert translation.segments[1].warnings == (warning,)
        assert translation.segments[0].warnings == ()

    async def test_doubts_about_an_alternative_are_not_doubts_about_the_text(self) -> None:
        def second_cut(outputs):
            return [
                replace(o, hypotheses=(o.hypotheses[0], replace(o.hypotheses[1], finished=False)))
                for o in outputs
            ]

        assert (await one(FakeEngine(outputs=second_cut), "x", alternatives=1)).warnings == ()

    @pytest.mark.parametrize("nothing", ["", " \t"])
    async def test_where_the_model_says_nothing_the_source_stands(self, nothing: str) -> None:
        def answer(text: str, decoding: Decoding) -> Hypothesis:
            return Hypothesis(nothing if "lost" in text else "ok", 1, -1.0, finished=True)

        translation = await one(FakeEngine(answer), "Fine.\n “I am lost…”  \nFine.")
        assert translation.text == "ok\n “I am lost…”  \nok"
        (warning,) = translation.warnings
        assert (warning.code, warning.segment) == ("untranslated", 1)

    async def test_a_piece_of_which_the_model_says_nothing_is_not_lost(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            return "" if "lost" in text else text.upper()

        engine = FakeEngine(answer, replace(DESCRIPTION, max_source_tokens=8))
        sentence = "we went to the old town, and then we were lost for ever, but not alone"
        translation = await one(engine, sentence)
        words = translation.text.lower().replace(",", "").split()
        assert words == sentence.replace(",", "").split()
        assert "lost" in translation.text
        assert "OLD TOWN" in translation.text
        assert [warning.code for warning in translation.warnings] == ["untranslated"]

    async def test_every_answer_of_a_bundled_model_says_so(self) -> None:
        toy = translator_spec("toy", ("en", "hy"), bundled=True, worth="A toy.")
        async with translating((toy, FakeEngine())) as shop:
            result = await shop.translate(TranslationRequest(("One.", "Two."), ("hy",)))
        caution = Caution("bundled_model", "toy: A toy.", value="toy")
        assert [t.warnings for t in result.translations] == [(caution,), (caution,)]


class TestRefusals:
    async def test_all_texts_together_are_limited(self) -> None:
        engine = FakeEngine()
        async with translating((HY, engine), max_characters=10) as shop:
            await shop.translate(TranslationRequest(("12345", "abcde"), ("hy",)))
            with pytest.raises(InputTooLong, match="text has 11 characters, at most 10") as caught:
                await shop.translate(TranslationRequest(("123456", "abcde"), ("hy",)))
        error = caught.value
        assert (error.field, error.limit, error.actual) == ("text", 10, 11)
        assert engine.texts == ["abcde"]

    async def test_a_pair_without_a_model_is_refused_before_any_work(self) -> None:
        engine = FakeEngine()
        async with translating((HY, engine)) as shop:
            with pytest.raises(UnsupportedPair, match="en→de; available: en→hy"):
                await shop.translate(TranslationRequest(("x",), ("hy", "de")))
            with pytest.raises(UnsupportedPair, match="ru→hy"):
                await shop.translate(TranslationRequest(("x",), ("hy",), source="ru"))
        assert engine.batches == []

    async def test_a_model_that_does_something_else_is_refused(self) -> None:
        async with translating((HY, FakeEngine()), (RU, FakeEngine())) as shop:
            for name, does in (("ru-model", "en→ru"), ("sum", "summarize")):
                with pytest.raises(UnsuitableModel, match=f"{name} does {does}"):
                    await shop.translate(TranslationRequest(("x",), ("hy",), model=name))
            with pytest.raises(UnknownModel, match="no model is named 'nope'"):
                await shop.translate(TranslationRequest(("x",), ("hy",), model="nope"))

    async def test_targets_can_be_checked_beforehand(self) -> None:
        async with translating((HY, FakeEngine())) as shop:
            shop.check_targets(["hy"])
            with pytest.raises(UnsupportedPair, match="en→ru"):
                shop.check_targets(["hy", "ru"])

    async def test_a_full_queue_refuses_a_long_text_before_it_is_cut(self) -> None:
        """To cut and tokenize an article takes longer than a refusal may."""
        gate = Gate()
        engine = Encoding(gate=gate)
        async with translating((HY, engine), loads=Loads(max_jobs=1)) as shop:

            def begin(text: str) -> asyncio.Task[TranslationResult]:
                return asyncio.create_task(shop.translate(TranslationRequest((text,), ("hy",))))

            gate.shut()
            running = begin("runs")
            await gate.reached()
            waiting = begin("waits")
            await until(lambda: shop.registry.full_queues() == [HY.name])
            with pytest.raises(QueueFull):
                await begin("Long. " * 300)
            assert not any("Long." in text for text in engine.encoded)
            gate.open()
            await asyncio.gather(running, waiting)


class TestModels:
    async def test_a_named_model_does_the_work(self) -> None:
        other = translator_spec("other", ("en", "hy"))
        first, second = FakeEngine(), FakeEngine(tagged("other"))
        async with translating((HY, first), (other, second)) as shop:
            result = await shop.translate(TranslationRequest(("x",), ("hy",), model="other"))
        assert (result.translations[0].text, result.models["hy"].name) == ("other(x)", "other")
        assert first.batches == []

    async def test_the_answer_names_the_spare_that_stood_in(self) -> None:
        spare = translator_spec("spare", ("en", "hy"), bundled=True)
        loads = Loads(failures={"hy-model": [ModelUnavailable("hy-model", "no disk")]})
        engines = ((HY, FakeEngine()), (spare, FakeEngine(tagged("spare"))))
        async with translating(*engines, loads=loads) as shop:
            result = await shop.translate(TranslationRequest(("x",), ("hy",)))
        assert (result.translations[0].text, result.models["hy"].name) == ("spare(x)", "spare")
        assert [warning.value for warning in result.translations[0].warnings] == ["spare"]


class TestUsage:
    async def test_characters_tokens_and_segments_are_counted(self) -> None:
        engine = FakeEngine(lambda text, decoding: "a b c")
        async with translating((HY, engine), (RU, engine)) as shop:
            result = await shop.translate(
                TranslationRequest(("One two.\n12", "Three."), ("hy", "ru"))
            )
        usage = result.usage
        assert usage.input_characters == len("One two.\n12") + len("Three.")
        assert usage.segments == 2 * 3
        assert usage.input_tokens == 2 * (3 + 2)
        assert usage.output_tokens == 2 * (3 + 3)

    async def test_timings_cover_queue_work_and_all(self) -> None:
        timings = (await into_armenian(FakeEngine(), "One. Two.")).timings_ms
        assert timings.queue >= 0
        assert timings.inference >= 0
        assert timings.queue + timings.inference <= timings.total


class TestRemembering:
    async def test_an_equal_text_is_not_translated_again(self) -> None:
        engine = FakeEngine()
        async with translating((HY, engine), cache_bytes=10**6) as shop:
            request = TranslationRequest(("One.", "Two."), ("hy",))
            first = await shop.translate(request)
            batches = len(engine.batches)
            second = await shop.translate(replace(request, texts=("Zero.", "Two.", "One.")))
        assert engine.texts[2:] == ["Zero."]
        assert len(engine.batches) == batches + 1
        assert [(t.index, t.text) for t in second.translations] == [
            (0, "ZERO."),
            (1, "TWO."),
            (2, "ONE."),
        ]
        assert first.translations[0] == replace(second.translations[2], index=0)

    async def test_an_answer_from_memory_took_no_inference(self) -> None:
        async with translating((HY, FakeEngine()), cache_bytes=10**6) as shop:
            request = TranslationRequest(("One.",), ("hy",))
            await shop.translate(request)
            again = await shop.translate(request)
        assert (again.timings_ms.queue, again.timings_ms.inference) == (0.0, 0.0)
        assert again.usage.input_tokens == 2

    async def test_a_text_twice_in_a_request_is_translated_once(self) -> None:
        engine = FakeEngine()
        result = await into_armenian(engine, "One.", "One.")
        assert engine.texts == ["One."]
        assert [t.index for t in result.translations] == [0, 1]

    @pytest.mark.parametrize(
        "other",
        [{"quality": "best"}, {"alternatives": 1}, {"model": "other"}, {"targets": ("ru",)}],
        ids=str,
    )
    async def test_other_options_are_other_results(self, other) -> None:
        engines = [
            (HY, FakeEngine()),
            (translator_spec("other", ("en", "hy")), FakeEngine()),
            (RU, FakeEngine()),
        ]
        async with translating(*engines, cache_bytes=10**6) as shop:
            request = TranslationRequest(("One.",), ("hy",))
            await shop.translate(request)
            await shop.translate(replace(request, **other))
        assert sum(len(engine.batches) for _, engine in engines) == 2

    async def test_equal_requests_at_once_share_the_work(self) -> None:
        engine = FakeEngine()
        async with translating((HY, engine)) as shop:
            request = TranslationRequest(("One.",), ("hy",))
            both = await asyncio.gather(shop.translate(request), shop.translate(request))
        assert engine.texts == ["One."]
        assert both[0].translations == both[1].translations


class TestTogetherWithOthers:
    async def test_one_request_larger_than_the_queue_is_served(self) -> None:
        gate = Gate()
        gate.shut()
        engine = FakeEngine(gate=gate, description=replace(DESCRIPTION, max_source_tokens=300))
        loads = Loads(max_jobs=3, max_batch_tokens=8)
        async with translating((HY, engine), loads=loads) as shop:
            long = " ".join(["word"] * 100)
            texts_ = tuple(f"One {i}.\nTwo {i}.\n{long} {i}." for i in range(12))
            work = asyncio.create_task(shop.translate(TranslationRequest(texts_, ("hy",))))
            await gate.reached()
            await until(lambda: work.done() or shop.registry.full_queues() == ["hy-model"])
            gate.open()
            result = await work
        assert [t.text for t in result.translations] == [text.upper() for text in texts_]

    async def test_one_failing_sentence_fails_its_request_only(self) -> None:
        engine = FakeEngine(poison={"BAD"})
        async with translating((HY, engine)) as shop:
            good, bad = await asyncio.gather(
                shop.translate(TranslationRequest(("Good one.",), ("hy",))),
                shop.translate(TranslationRequest(("Fine.\nBAD one.",), ("hy",))),
                return_exceptions=True,
            )
        assert isinstance(good, TranslationResult)
        assert good.translations[0].text == "GOOD ONE."
        assert isinstance(bad, InferenceFailed)

    @pytest.mark.parametrize(("answer", "here"), [("short", True), ("long " * 400, False)])
    async def test_a_long_answer_to_a_short_text_is_judged_beside_the_loop(
        self, answer: str, here: bool
    ) -> None:
        threads: set[int] = set()

        def check(*_: object) -> list[Finding]:
            threads.add(threading.get_ident())
            return []

        async with translating((HY, FakeEngine(lambda text, decoding: answer))) as shop:
            shop._fidelity = replace(UNCHECKED, check=check)
            await shop.translate(TranslationRequest(("Good one.",), ("hy",)))
        assert (threads == {threading.get_ident()}) is here

    async def test_whoever_leaves_takes_the_jobs_along_and_gives_the_lease_back(self) -> None:
        gate = Gate()
        gate.shut()
        engine = FakeEngine(gate=gate)
        async with translating((HY, engine), loads=Loads(max_batch_tokens=2)) as shop:
            request = TranslationRequest(("One.\nTwo.\nThree.",), ("hy",))
            work = asyncio.create_task(shop.translate(request))
            await gate.reached()
            assert shop.registry.status(HY).leases == 1
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            await settle()
            assert shop.registry.status(HY).leases == 0
            gate.open()
            await shop.translate(TranslationRequest(("Four.",), ("hy",)))
        assert engine.texts == ["One.", "Four."]
