import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from service.engines.base import Decoding, Description
from service.errors import (
    InferenceFailed,
    InputTooLong,
    ModelUnavailable,
    NothingToSummarize,
    RefusedInput,
    UnknownModel,
    UnsuitableModel,
    UnsupportedPair,
)
from service.tasks.memory import Memory
from service.tasks.results import SummaryResult
from service.tasks.summarize import Summarizer, SummaryRequest
from service.tasks.told import Begun, ChunksRead, Event, ModelAwaited, SentenceDone
from service.tasks.translate import Translator
from service.text.segment import sentences
from tests.fakes import (
    UNCHECKED,
    FakeEngine,
    Gate,
    Loads,
    catalog_of,
    registry_of,
    summarizer_spec,
    translator_spec,
)

MODEL = Description(
    "bart",
    "tokenizers",
    max_source_tokens=64,
    max_target_tokens=60,
    decoding=Decoding(beam_size=4, min_tokens=6, max_tokens=30),
)
ARTICLE = (
    "The council opened a bridge on Monday. It cost 30 million euros.\n\n"
    "The mayor thanked the workers. Traffic will begin in June. Nobody spoke against it."
)
SUMMARIZER = summarizer_spec("sum")
HY = translator_spec("hy-model", ("en", "hy"))


def lead(text: str, decoding: Decoding) -> str:
    """The first sentences that fit, at least one: a summarizer that invents nothing."""
    kept: list[str] = []
    for sentence in sentences(text):
        if kept and len(" ".join([*kept, sentence]).split()) > decoding.max_tokens:
            break
        kept.append(sentence)
        if len(" ".join(kept).split()) >= max(decoding.min_tokens, 1):
            break
    return " ".join(kept)


@asynccontextmanager
async def summarizing(
    engine: FakeEngine, *, max_characters: int = 100_000, spec=SUMMARIZER, target=HY
) -> AsyncIterator[Summarizer]:
    loads = Loads({spec.name: lambda: engine}, max_batch_tokens=512)
    catalog = catalog_of(spec, target)
    memory = Memory(1_000_000)
    async with registry_of(loads) as registry:
        translator = Translator(catalog, registry, memory, max_characters, UNCHECKED)
        yield Summarizer(catalog, registry, memory, translator, max_characters)


def fake(answer=lead, **changes) -> FakeEngine:
    return FakeEngine(answer, replace(MODEL, **changes))


async def summary_of(engine: FakeEngine, text: str = ARTICLE, **options) -> SummaryResult:
    async with summarizing(engine) as summarizer:
        return await summarizer.summarize(SummaryRequest(text, **options))


def codes(result: SummaryResult) -> list[str]:
    return [warning.code for warning in result.warnings]


def numbered(count: int) -> str:
    return " ".join(f"Sentence number {n} tells about topic{n}." for n in range(count))


class TestText:
    async def test_it_is_read_and_condensed(self) -> None:
        engine = fake()
        result = await summary_of(engine)
        assert engine.texts == [" ".join(ARTICLE.split())]
        assert result.summary == "The council opened a bridge on Monday."
        assert result.usage.chunks == 1
        assert codes(result) == []

    async def test_a_short_one_comes_back_as_it_is(self) -> None:
        result = await summary_of(fake(), "\n Hi.\n\nYo. \n")
        assert result.summary == "\n Hi.\n\nYo. \n"
        assert codes(result) == ["nothing_to_summarize"]

    async def test_a_short_one_keeps_ceilings_and_format(self) -> None:
        assert (await summary_of(fake(), "Hi.\nYo.", max_sentences=1)).summary == "Hi."
        assert (await summary_of(fake(), "Hi.\nYo.", format="bullets")).summary == "- Hi.\n- Yo."

    async def test_ceilings_reach_the_condensing(self) -> None:
        for ceiling in ({"max_sentences": 2}, {"max_words": 7}):
            engine = fake(lambda text, decoding: "One is here. Two is here. Three is here.")
            assert (await summary_of(engine, **ceiling)).summary == "One is here. Two is here."

    async def test_what_it_does_not_say_is_told_on_top_and_beside_the_sentence(self) -> None:
        endless = "and then the council of the old town talked about the bridge again " * 4
        text = f"It cost 30 million euros {endless}today. Nobody knew why {endless}today."
        engine = fake(
            lambda text, decoding: "The bridge cost 80 million euros then.", max_source_tokens=200
        )
        result = await summary_of(engine, text, length="short")
        told = [(w.code, w.sentence, w.value) for w in result.warnings]
        assert told == [("number_not_in_source", 0, "80 million")]
        (sentence,) = result.sentences
        assert sentence.warnings == result.warnings


class TestAnswer:
    async def test_sources_are_the_spans_that_support_each_sentence(self) -> None:
        engine = fake(
            lambda text, decoding: "A bridge was opened on Monday. Traffic begins in June."
        )
        result = await summary_of(engine, length="long")
        spans = [[ARTICLE[r.start : r.end] for r in s.sources] for s in result.sentences]
        assert spans == [
            ["The council opened a bridge on Monday."],
            ["Traffic will begin in June."],
        ]

    async def test_translations_stand_beside_their_sentences_and_together(self) -> None:
        engine = fake(lambda text, decoding: "One is here. Two is here.")
        result = await summary_of(engine, translate_to=("hy",), format="bullets")
        assert result.summary == "- One is here.\n- Two is here."
        assert result.translations == {"hy": "- ONE IS HERE.\n- TWO IS HERE."}
        assert [s.translations for s in result.sentences] == [
            {"hy": "ONE IS HERE."},
            {"hy": "TWO IS HERE."},
        ]
        assert {task: info.name for task, info in result.models.items()} == {
            "summarize": "sum",
            "hy": "hy-model",
        }

    async def test_every_target_has_its_own_translation_and_model(self) -> None:
        ru = translator_spec("ru-model", ("en", "ru"))
        engines = {
            "sum": lambda: fake(lambda text, decoding: "One is here. Two is here."),
            HY.name: FakeEngine,
            ru.name: lambda: FakeEngine(lambda text, decoding: f"ru({text})"),
        }
        catalog = catalog_of(SUMMARIZER, HY, ru)
        async with registry_of(Loads(engines)) as registry:
            memory = Memory(0)
            translator = Translator(catalog, registry, memory, 1000, UNCHECKED)
            summarizer = Summarizer(catalog, registry, memory, translator, 1000)
            request = SummaryRequest(ARTICLE, translate_to=("ru", "hy"))
            result = await summarizer.summarize(request)
        assert result.translations == {
            "ru": "ru(One is here.) ru(Two is here.)",
            "hy": "ONE IS HERE. TWO IS HERE.",
        }
        assert [s.translations for s in result.sentences] == [
            {"ru": "ru(One is here.)", "hy": "ONE IS HERE."},
            {"ru": "ru(Two is here.)", "hy": "TWO IS HERE."},
        ]
        assert {k: info.name for k, info in result.models.items()} == {
            "summarize": "sum",
            "ru": "ru-model",
            "hy": "hy-model",
        }

    async def test_without_a_target_nothing_is_translated(self) -> None:
        result = await summary_of(fake())
        assert result.translations == {}
        assert [s.translations for s in result.sentences] == [{}]
        assert list(result.models) == ["summarize"]

    async def test_a_short_text_comes_back_as_it_is_and_is_still_translated(self) -> None:
        result = await summary_of(fake(), "Hi.\n\nYo.", translate_to=("hy",))
        assert result.summary == "Hi.\n\nYo."
        assert result.translations == {"hy": "HI. YO."}

    async def test_where_the_model_says_nothing_what_stands_in_is_translated(self) -> None:
        result = await summary_of(fake(lambda text, decoding: ""), translate_to=("hy",))
        assert result.summary == "The council opened a bridge on Monday."
        assert result.translations == {"hy": "THE COUNCIL OPENED A BRIDGE ON MONDAY."}
        assert codes(result) == ["length_not_reached"]
        assert set(result.models) == {"summarize", "hy"}

    async def test_the_spare_that_stood_in_is_named_and_warned_of(self) -> None:
        spare = summarizer_spec("spare", bundled=True, worth="small")
        loads = Loads({"spare": fake}, failures={"sum": [ModelUnavailable("sum", "no disk")]})
        catalog = catalog_of(SUMMARIZER, spare, HY)
        async with registry_of(loads) as registry:
            memory = Memory(0)
            translator = Translator(catalog, registry, memory, 1000, UNCHECKED)
            summarizer = Summarizer(catalog, registry, memory, translator, 1000)
            result = await summarizer.summarize(SummaryRequest(ARTICLE))
        assert result.models["summarize"].name == "spare"
        assert [(w.code, w.value) for w in result.warnings] == [("bundled_model", "spare")]

    async def test_only_bundled_models_are_warned_of(self) -> None:
        toy = translator_spec("hy-model", ("en", "hy"), bundled=True, worth="worthless")
        async with summarizing(fake(), target=toy) as summarizer:
            alone = await summarizer.summarize(SummaryRequest(ARTICLE))
            both = await summarizer.summarize(SummaryRequest(ARTICLE, translate_to=("hy",)))
        assert codes(alone) == []
        assert [w.value for w in both.warnings] == ["hy-model"]

    async def test_the_translators_are_asked_when_the_summarizer_is_free_again(self) -> None:
        gate = Gate()
        gate.shut()
        loads = Loads({"sum": fake, HY.name: lambda: FakeEngine(gate=gate)})
        catalog = catalog_of(SUMMARIZER, HY)
        async with registry_of(loads) as registry:
            memory = Memory(0)
            translator = Translator(catalog, registry, memory, 1000, UNCHECKED)
            summarizer = Summarizer(catalog, registry, memory, translator, 1000)
            request = SummaryRequest(ARTICLE, translate_to=("hy",))
            work = asyncio.create_task(summarizer.summarize(request))
            await gate.reached()
            leases = [registry.status(spec).leases for spec in (SUMMARIZER, HY)]
            gate.open()
            await work
        assert leases == [0, 1]

    async def test_doubts_about_a_translation_stand_beside_its_sentence(self) -> None:
        engine = fake(lambda text, decoding: "One is here. Two is here.")
        loads = Loads({"sum": lambda: engine, HY.name: lambda: FakeEngine(lambda t, d: "")})
        catalog = catalog_of(SUMMARIZER, HY)
        async with registry_of(loads) as registry:
            memory = Memory(0)
            translator = Translator(catalog, registry, memory, 1000, UNCHECKED)
            summarizer = Summarizer(catalog, registry, memory, translator, 1000)
            result = await summarizer.summarize(SummaryRequest(ARTICLE, translate_to=("hy",)))
        found = [[w.code for w in s.warnings] for s in result.sentences]
        assert found == [["untranslated"], ["untranslated"]]
        doubts = [w for w in result.warnings if w.code == "untranslated"]
        assert [(w.sentence, w.segment) for w in doubts] == [(0, None), (1, None)]
        assert all(w.message.startswith("hy: the model returned nothing") for w in doubts)

    async def test_every_bundled_model_is_named(self) -> None:
        spec = summarizer_spec("sum", bundled=True, worth="small")
        target = translator_spec("hy-model", ("en", "hy"), bundled=True, worth="worthless")
        async with summarizing(fake(), spec=spec, target=target) as summarizer:
            request = SummaryRequest(ARTICLE, translate_to=("hy",))
            result = await summarizer.summarize(request)
        found = [(w.code, w.value, w.message) for w in result.warnings]
        assert found == [
            ("bundled_model", "sum", "sum: small"),
            ("bundled_model", "hy-model", "hy-model: worthless"),
        ]

    async def test_an_article_is_read_again_only_where_the_model_is_asked_otherwise(self) -> None:
        engine = fake()
        async with summarizing(engine) as summarizer:
            first = await summarizer.summarize(SummaryRequest(ARTICLE))
            again = await summarizer.summarize(SummaryRequest(ARTICLE, format="bullets"))
            assert again.summary == "- " + first.summary
            assert len(engine.batches) == 1
            await summarizer.summarize(SummaryRequest(ARTICLE, max_words=9))
            assert len(engine.batches) == 2
            await summarizer.summarize(SummaryRequest(ARTICLE, length="short"))
            assert len(engine.batches) == 2, "other sentences of what it said"

    async def test_an_answer_from_memory_took_no_inference_and_is_the_same(self) -> None:
        async with summarizing(fake()) as summarizer:
            request = SummaryRequest(ARTICLE, translate_to=("hy",))
            first = await summarizer.summarize(request)
            again = await summarizer.summarize(request)
        assert (again.timings_ms.queue, again.timings_ms.inference) == (0.0, 0.0)
        assert replace(again, timings_ms=first.timings_ms) == first

    async def test_equal_requests_at_once_share_the_work(self) -> None:
        engine = fake()
        async with summarizing(engine) as summarizer:
            request = SummaryRequest(ARTICLE)
            both = await asyncio.gather(*(summarizer.summarize(request) for _ in range(2)))
        assert len(engine.batches) == 1
        assert both[0].summary == both[1].summary

    async def test_timings_cover_queue_work_and_all(self) -> None:
        timings = (await summary_of(fake(), translate_to=("hy",))).timings_ms
        assert 0 <= timings.queue + timings.inference <= timings.total + 0.2


class TestRefusals:
    async def refused(self, error: type[Exception], request: SummaryRequest, **limits) -> Exception:
        engine = fake()
        async with summarizing(engine, **limits) as summarizer:
            with pytest.raises(error) as caught:
                await summarizer.summarize(request)
        assert engine.texts == []
        assert engine.warm_ups == 0, "no model works for a request that is at fault"
        return caught.value

    async def test_a_text_over_the_limit_says_both(self) -> None:
        error = await self.refused(InputTooLong, SummaryRequest("a" * 11), max_characters=10)
        assert (error.limit, error.actual, error.field) == (10, 11, "text")

    async def test_a_text_without_words(self) -> None:
        await self.refused(NothingToSummarize, SummaryRequest(" … \n 🦊"))

    async def test_a_target_without_a_model(self) -> None:
        await self.refused(UnsupportedPair, SummaryRequest(ARTICLE, translate_to=("hy", "xx")))

    async def test_a_source_language_of_the_summary_that_is_also_a_target(self) -> None:
        await self.refused(UnsupportedPair, SummaryRequest(ARTICLE, translate_to=("en",)))

    async def test_a_model_that_nobody_knows(self) -> None:
        error = await self.refused(UnknownModel, SummaryRequest(ARTICLE, model="nope"))
        assert error.name == "nope"

    async def test_a_text_at_the_limit_is_served(self) -> None:
        async with summarizing(fake(), max_characters=len(ARTICLE)) as summarizer:
            assert (await summarizer.summarize(SummaryRequest(ARTICLE))).summary

    async def test_a_model_that_translates(self) -> None:
        await self.refused(UnsuitableModel, SummaryRequest(ARTICLE, model="hy-model"))

    async def test_an_engine_that_fails_is_an_error_and_not_tried_on_that_text_again(self) -> None:
        engine = fake()
        engine._poison = {"bridge"}
        async with summarizing(engine) as summarizer:
            with pytest.raises(InferenceFailed):
                await summarizer.summarize(SummaryRequest(ARTICLE))
            engine._poison = set()
            with pytest.raises(RefusedInput):
                await summarizer.summarize(SummaryRequest(ARTICLE))
            assert (
                await summarizer.summarize(SummaryRequest(ARTICLE.replace("bridge", "tram")))
            ).summary


class TestTelling:
    async def both(self, text: str, *targets: str) -> tuple[list[Event], SummaryResult]:
        """What is told, and the answer, which is that of a plain call."""
        events: list[Event] = []
        request = SummaryRequest(text, translate_to=targets)
        async with summarizing(fake()) as summarizer:
            plain = await summarizer.summarize(request)
        async with summarizing(fake()) as summarizer:
            streamed = await summarizer.summarize(request, events.append)
        assert streamed.sentences == plain.sentences
        assert replace(streamed, timings_ms=plain.timings_ms) == plain
        return events, streamed

    async def test_chunks_then_sentences_then_their_translations(self) -> None:
        events, result = await self.both(numbered(40), "hy")
        count = len(result.sentences)
        assert count > 1
        kinds = [type(e) for e in events if not isinstance(e, ModelAwaited)]
        chunks = kinds.count(ChunksRead)
        assert kinds == [
            *[ChunksRead] * chunks,
            *[SentenceDone] * count,
            Begun,
            *[SentenceDone] * count,
        ]
        assert Begun("hy", count) in events
        said = [e for e in events if isinstance(e, SentenceDone)]
        for index, sentence in enumerate(result.sentences):
            own, translated = said[index], said[count + index]
            assert own == SentenceDone(index, None, sentence.text, sentence.sources)
            assert translated == SentenceDone(index, "hy", sentence.translations["hy"])

    async def test_the_chunks_of_each_pass_are_counted_to_its_end(self) -> None:
        events, result = await self.both(numbered(40))
        read = [e for e in events if isinstance(e, ChunksRead)]
        first = [e for e in read if e.chunks == result.usage.chunks]
        assert [e.done for e in first] == list(range(1, result.usage.chunks + 1))

    async def test_a_text_that_comes_back_as_it_is_is_told_of_as_well(self) -> None:
        events, result = await self.both("One sentence stands alone.")
        (said,) = [e for e in events if isinstance(e, SentenceDone)]
        assert said.text == result.summary
