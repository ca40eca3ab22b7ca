import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.batching import Flow
from service.engines.base import Decoding, Description, Hypothesis
from service.errors import (
    InferenceFailed,
    InputTooLong,
    ModelUnavailable,
    NothingToSummarize,
    UnknownModel,
    UnsuitableModel,
    UnsupportedPair,
)
from service.tasks.cache import ResultCache
from service.tasks.condense import Condensing, within_words
from service.tasks.results import Stopwatch, SummaryResult
from service.tasks.summarize import Summarizer, SummaryRequest
from service.tasks.translate import Translator
from service.text.segment import sentences, split
from service.text.words import count_words
from tests.fakes import (
    FakeEngine,
    Gate,
    Loads,
    catalog_of,
    registry_of,
    running,
    summarizer_spec,
    translator_spec,
)
from tests.unit.text.strategies import texts

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
    results = ResultCache(1_000_000)
    async with registry_of(loads) as registry:
        translator = Translator(catalog, registry, results, max_characters)
        yield Summarizer(catalog, registry, results, translator, max_characters)


def fake(answer=lead, **changes) -> FakeEngine:
    return FakeEngine(answer, replace(MODEL, **changes))


async def summary_of(engine: FakeEngine, text: str = ARTICLE, **options) -> SummaryResult:
    async with summarizing(engine) as summarizer:
        return await summarizer.summarize(SummaryRequest(text, **options))


def codes(result: SummaryResult) -> list[str]:
    return [warning.code for warning in result.warnings]


def numbered(count: int) -> str:
    return " ".join(f"Sentence number {n} tells about topic{n}." for n in range(count))


class TestShortTexts:
    @pytest.mark.parametrize("text", ["One sentence only.", "\n Hi.\n\nYo. \n"])
    async def test_they_come_back_as_they_are(self, text: str) -> None:
        engine = fake()
        result = await summary_of(engine, text)
        assert result.summary == text
        assert codes(result) == ["nothing_to_summarize"]
        assert result.usage.input_characters_used == len(text)
        assert result.usage.chunks == 0
        assert engine.texts == []

    async def test_a_summary_no_shorter_than_its_text_is_not_given(self) -> None:
        longer = Hypothesis(f"{ARTICLE} And more.", 30, -1.0, finished=True)
        result = await summary_of(fake(lambda text, decoding: longer))
        assert result.summary == ARTICLE
        assert codes(result) == ["nothing_to_summarize"]

    async def test_ceilings_hold_there_too(self) -> None:
        result = await summary_of(fake(), "Hi.\nYo.", max_sentences=1)
        assert result.summary == "Hi."

    async def test_equal_sentences_keep_their_own_places(self) -> None:
        result = await summary_of(fake(), "Yes.\nYes.")
        assert [s.sources[0].start for s in result.sentences] == [0, 5]

    async def test_a_sentence_that_is_cut_keeps_its_place(self) -> None:
        result = await summary_of(fake(), "one two three four five six", max_words=5)
        assert result.summary == "one two three four five…"
        assert [(r.start, r.end) for r in result.sentences[0].sources] == [(0, 27)]

    async def test_bullets_hold_there_too(self) -> None:
        assert (await summary_of(fake(), "Hi.\nYo.", format="bullets")).summary == "- Hi.\n- Yo."


class TestChunks:
    async def test_a_text_that_fits_is_one_job_with_all_its_sentences(self) -> None:
        engine = fake()
        result = await summary_of(engine)
        assert engine.texts == [" ".join(ARTICLE.split())]
        assert result.summary == "The council opened a bridge on Monday."
        assert result.usage.chunks == 1

    async def test_a_long_text_is_read_to_its_end_and_reduced(self) -> None:
        engine, text = fake(), numbered(60)
        result = await summary_of(engine, text, length="short")
        first_pass = " ".join(engine.texts[: result.usage.chunks])
        assert result.usage.chunks >= 6
        assert all(f"topic{n}." in first_pass for n in range(60))
        assert len(engine.texts) > result.usage.chunks
        assert result.usage.input_characters_used == len(text)
        assert len(result.summary) < len(text) / 4

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(1, 150), min_size=2, max_size=40))
    async def test_no_word_is_left_out_whatever_the_sentences(self, sizes: list[int]) -> None:
        words = iter(range(sum(sizes)))
        text = " ".join(" ".join(f"W{next(words)}" for _ in range(n)) + "." for n in sizes)
        engine = fake()
        async with running(engine, max_batch_tokens=512) as runner:
            work = Condensing(runner, "medium", None, None, Flow(), Stopwatch())
            found = await work.condense(text)
        assert found.usage.input_characters_used == len(text)
        if found.usage.chunks:
            read = " ".join(engine.texts[: found.usage.chunks]).replace(".", "").split()
            assert sorted(read) == sorted(f"W{n}" for n in range(sum(sizes)))
        assert all(max(batch.tokens) <= 64 for batch in engine.batches)

    async def test_a_model_that_makes_nothing_shorter_ends_and_says_so(self) -> None:
        """It once went round for ever."""
        stubborn = fake(lambda text, decoding: Hypothesis(text, len(text.split()), -1.0, True))
        text = numbered(60)
        result = await summary_of(stubborn, text, length="short")
        assert codes(result) in (["length_not_reached"], ["nothing_to_summarize"])
        assert len(stubborn.texts) <= 2 * result.usage.chunks

    async def test_a_repeated_sentence_is_said_once(self) -> None:
        result = await summary_of(fake(lambda text, decoding: "It opened today. " * 3))
        assert result.summary == "It opened today."

    @settings(max_examples=120, deadline=None)
    @given(texts.filter(lambda text: any(map(str.isalnum, text))), st.sampled_from([2, 6]))
    async def test_any_text_is_read_whole_and_its_sources_lie_in_it(
        self, text: str, least: int
    ) -> None:
        engine = fake(max_source_tokens=12, decoding=replace(MODEL.decoding, min_tokens=least))
        async with running(engine, max_batch_tokens=512) as runner:
            work = Condensing(runner, "medium", None, None, Flow(), Stopwatch())
            found = await work.condense(text)
        usage = found.usage
        assert usage.input_characters_used == usage.input_characters == len(text)
        assert found.sentences
        spans = {(segment.start, segment.end) for segment in split(text).segments}
        assert {(r.start, r.end) for s in found.sentences for r in s.sources} <= spans
        if found.verbatim:
            assert [s.text for s in found.sentences] == sentences(text)


class TestLengths:
    async def goals(self, length: str, words: int = 100) -> Decoding:
        engine = fake(max_source_tokens=200)
        await summary_of(engine, numbered(words // 6), length=length)
        return engine.batches[0].decoding

    async def test_only_a_long_summary_is_forced_to_go_on(self) -> None:
        assert (await self.goals("short")).min_tokens == MODEL.decoding.min_tokens
        assert (await self.goals("medium")).min_tokens == MODEL.decoding.min_tokens
        assert (await self.goals("long")).min_tokens > 2 * MODEL.decoding.min_tokens

    async def test_short_is_no_longer_than_medium_and_medium_than_long(self) -> None:
        def wordy(text: str, decoding: Decoding) -> str:
            return " ".join(sentences(text)[:5])

        sizes = []
        for length in ("short", "medium", "long"):
            engine = fake(wordy, max_source_tokens=200)
            sizes.append(len((await summary_of(engine, numbered(16), length=length)).summary))
        assert sizes[0] < sizes[1] <= sizes[2]

    @settings(max_examples=200, deadline=None)
    @given(
        st.integers(1, 200),
        st.integers(2, 100),
        st.sampled_from(["short", "medium", "long"]),
        st.none() | st.integers(5, 50),
        st.integers(0, 80),
    )
    async def test_bounds_never_cross(
        self, goal: int, tokens: int, length, max_words: int | None, least: int
    ) -> None:
        defaults = replace(MODEL.decoding, min_tokens=least)
        async with running(fake(decoding=defaults)) as runner:
            work = Condensing(runner, length, None, max_words, Flow(), Stopwatch())
            decoding = work._decoding(goal, tokens)
        assert 0 <= decoding.min_tokens < decoding.max_tokens
        assert decoding.max_tokens < max(tokens, 3)

    @settings(max_examples=200, deadline=None)
    @given(
        st.integers(1, 30_000),
        st.integers(0, 80),
        st.integers(1, 200),
        st.none() | st.integers(5, 2000),
    )
    async def test_goals_are_in_order_and_within_the_models_bounds(
        self, tokens: int, least: int, more: int, max_words: int | None
    ) -> None:
        own = replace(MODEL.decoding, min_tokens=least, max_tokens=least + more)
        goals = []
        async with running(fake(decoding=own)) as runner:
            for length in ("short", "medium", "long"):
                work = Condensing(runner, length, None, max_words, Flow(), Stopwatch())
                goals.append(work._goal(tokens))
        assert goals == sorted(goals)
        assert goals[-1] <= own.max_tokens
        if max_words is None:
            assert goals[0] >= own.min_tokens
        else:
            assert goals[-1] <= 1.5 * max_words + 0.5

    async def test_a_summary_much_shorter_than_asked_says_so(self) -> None:
        engine = fake(lambda text, decoding: "Tiny.", max_source_tokens=200)
        result = await summary_of(engine, numbered(16), length="long")
        assert codes(result) == ["length_not_reached"]


class TestWholeSentences:
    async def test_a_last_sentence_that_was_cut_is_left_out(self) -> None:
        answer = Hypothesis("A bridge was opened. It cost", 6, -1.0, finished=False)
        engine = fake(lambda text, decoding: answer)
        result = await summary_of(engine)
        assert result.summary == "A bridge was opened."
        assert len(engine.batches) == 1

    async def test_an_only_sentence_that_was_cut_gets_all_the_room(self) -> None:
        def long_winded(text: str, decoding: Decoding) -> Hypothesis:
            done = decoding.max_tokens == MODEL.max_target_tokens
            return Hypothesis("A bridge was opened" + "." * done, 4, -1.0, finished=done)

        engine = fake(long_winded)
        result = await summary_of(engine)
        assert result.summary == "A bridge was opened."
        assert len(engine.batches) == 2
        assert codes(result) == []

    async def test_what_is_cut_even_then_is_said_so(self) -> None:
        answer = Hypothesis("A bridge was", 3, -1.0, finished=False)
        result = await summary_of(fake(lambda text, decoding: answer))
        assert result.summary == "A bridge was"
        assert codes(result) == ["length_not_reached"]


class TestCeilings:
    async def test_sentences(self) -> None:
        engine = fake(lambda text, decoding: "One is here. Two is here. Three is here.")
        assert (await summary_of(engine, max_sentences=2)).summary == "One is here. Two is here."

    async def test_words_keep_the_leading_sentences_that_fit(self) -> None:
        engine = fake(lambda text, decoding: "One is here. Two is here. Three is here.")
        assert (await summary_of(engine, max_words=7)).summary == "One is here. Two is here."

    async def test_what_a_ceiling_took_away_is_no_fault_of_the_model(self) -> None:
        engine = fake(lambda text, decoding: "Tiny one. " + numbered(6), max_source_tokens=200)
        result = await summary_of(engine, numbered(16), length="long", max_sentences=1)
        assert result.summary == "Tiny one."
        assert codes(result) == []

    def test_another_sentence_that_fits_alone_stands_in(self) -> None:
        texts = ["This one has far too many words in it.", "This one fits."]
        assert within_words(texts, [], 5) == (["This one fits."], [])

    def test_then_the_article_speaks_for_itself(self) -> None:
        texts = ["The bridge over the river was opened on Monday by the mayor."]
        originals = ["Traffic begins in June.", "The mayor opened a bridge.", "No."]
        kept, [caution] = within_words(texts, originals, 5)
        assert kept == ["The mayor opened a bridge."]
        assert (caution.code, caution.value) == ("length_not_reached", "5")

    def test_and_only_then_is_a_sentence_cut(self) -> None:
        kept, [caution] = within_words(["One two three four five six seven."], ["x"], 5)
        assert kept == ["One two three four five…"]
        assert caution.code == "length_not_reached"

    @given(
        st.lists(st.lists(st.sampled_from("ab,."), min_size=1, max_size=30), min_size=1),
        st.integers(5, 12),
    )
    def test_words_never_pass_the_ceiling(self, drawn: list[list[str]], max_words: int) -> None:
        texts = [" ".join(words) + "." for words in drawn]
        kept, _ = within_words(texts, texts, max_words)
        assert sum(map(count_words, kept)) <= max_words
        assert kept
        assert all(kept)


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
            results = ResultCache(0)
            translator = Translator(catalog, registry, results, 1000)
            summarizer = Summarizer(catalog, registry, results, translator, 1000)
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

    async def test_where_the_model_says_nothing_there_is_nothing_to_translate(self) -> None:
        result = await summary_of(fake(lambda text, decoding: ""), translate_to=("hy",))
        assert (result.summary, result.translations) == ("", {"hy": ""})
        assert codes(result) == ["length_not_reached"]
        assert set(result.models) == {"summarize", "hy"}

    async def test_the_spare_that_stood_in_is_named_and_warned_of(self) -> None:
        spare = summarizer_spec("spare", bundled=True, worth="small")
        loads = Loads({"spare": fake}, failures={"sum": [ModelUnavailable("sum", "no disk")]})
        catalog = catalog_of(SUMMARIZER, spare, HY)
        async with registry_of(loads) as registry:
            results = ResultCache(0)
            translator = Translator(catalog, registry, results, 1000)
            summarizer = Summarizer(catalog, registry, results, translator, 1000)
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
            results = ResultCache(0)
            translator = Translator(catalog, registry, results, 1000)
            summarizer = Summarizer(catalog, registry, results, translator, 1000)
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
            results = ResultCache(0)
            translator = Translator(catalog, registry, results, 1000)
            summarizer = Summarizer(catalog, registry, results, translator, 1000)
            result = await summarizer.summarize(SummaryRequest(ARTICLE, translate_to=("hy",)))
        found = [[w.code for w in s.warnings] for s in result.sentences]
        assert found == [["untranslated"], ["untranslated"]]

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

    async def test_an_equal_article_is_summarized_once_and_another_ceiling_is_another(self) -> None:
        engine = fake()
        async with summarizing(engine) as summarizer:
            first = await summarizer.summarize(SummaryRequest(ARTICLE))
            again = await summarizer.summarize(SummaryRequest(ARTICLE, format="bullets"))
            assert again.summary == "- " + first.summary
            assert len(engine.batches) == 1
            await summarizer.summarize(SummaryRequest(ARTICLE, max_words=5))
            await summarizer.summarize(SummaryRequest(ARTICLE, length="long"))
            assert len(engine.batches) == 3

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

    async def test_an_engine_that_fails_is_an_error_and_is_not_remembered(self) -> None:
        engine = fake()
        engine._poison = {"bridge"}
        async with summarizing(engine) as summarizer:
            with pytest.raises(InferenceFailed):
                await summarizer.summarize(SummaryRequest(ARTICLE))
            engine._poison = set()
            assert (await summarizer.summarize(SummaryRequest(ARTICLE))).summary
