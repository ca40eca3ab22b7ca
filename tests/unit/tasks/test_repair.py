"""Segments that fail a check, by engines that fail on purpose."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from service.engines.base import Decoding, Hypothesis, Output
from service.errors import ModelUnavailable
from service.models.catalog import ModelSpec
from service.tasks.judge import Fidelity
from service.tasks.memory import Memory
from service.tasks.results import Translation, TranslationResult
from service.tasks.translate import TranslationRequest, Translator
from service.text.checks import check, failures
from service.text.glossary import Glossary
from tests.fakes import FakeEngine, Gate, Loads, catalog_of, info, registry_of, translator_spec

HY = translator_spec("first", ("en", "hy"))
SPARE = translator_spec("spare", ("en", "hy"))

SOURCE = "The new bridge over the river cost 45 million dollars."
RIGHT = "Գետի վրայի նոր կամուրջն արժեցել է 45 միլիոն դոլար։"
WRONG = "Գետի վրայի նոր կամուրջն արժեցել է շատ մեծ գումար։"
OTHER = "The minister opened the new school in the old town."
OTHER_RIGHT = "Նախարարը բացեց նոր դպրոցը հին քաղաքում։"

TWO_CLAUSES = "The old bridge was closed in 2019, and the new one cost 45 million dollars."
CLAUSES = {
    "The old bridge was closed in 2019,": "Հին կամուրջը փակվել է 2019 թվականին,",
    "and the new one cost 45 million dollars.": "իսկ նորն արժեցել է 45 միլիոն դոլար։",
}
TWO_WRONG = "Հին կամուրջը փակվել է, իսկ նորն արժեցել է մեծ գումար։"

ROAD = "The road to Artsakh was closed for three days."
ROAD_PLAIN = "Ղարաբաղ տանող ճանապարհը փակ էր երեք օր։"
GLOSSARY = {"Artsakh": ["Արցախ", "Լեռնային Ղարաբաղ"]}


@asynccontextmanager
async def translating(
    *engines: tuple[ModelSpec, FakeEngine],
    loads: Loads | None = None,
    fidelity: Fidelity | None = None,
    deadline_s: float = 60.0,
    memory_budget_bytes: int = 0,
    cache_bytes: int = 0,
) -> AsyncIterator[Translator]:
    loads = loads or Loads()
    for spec, engine in engines:
        loads.engines[spec.name] = lambda engine=engine: engine
    catalog = catalog_of(*(spec for spec, _ in engines))
    async with registry_of(loads, memory_budget_bytes=memory_budget_bytes) as registry:
        yield Translator(catalog, registry, Memory(cache_bytes), 100_000, fidelity, deadline_s)


async def translated(*engines: tuple[ModelSpec, FakeEngine], text: str = SOURCE, **options):
    request = TranslationRequest((text,), ("hy",))
    async with translating(*engines, **options) as translator:
        return await translator.translate(request)


def of(result: TranslationResult) -> Translation:
    (translation,) = result.translations
    return translation


def by_beam(**answers: str) -> Callable[[str, Decoding], str]:
    """Answers by the width of the beam: `b2` the first try, `b4` the wider one."""
    return lambda text, decoding: answers[f"b{decoding.beam_size}"]


def codes(translation: Translation) -> list[str]:
    return [warning.code for warning in translation.warnings]


def repairs(way: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("lur_repairs_total", {"way": way, "outcome": outcome}) or 0.0


class TestWays:
    async def test_a_wider_beam_brings_the_number_back(self) -> None:
        engine = FakeEngine(by_beam(b2=WRONG, b4=RIGHT))
        before = repairs("decoding", "mended")
        translation = of(await translated((HY, engine)))
        assert (translation.text, codes(translation)) == (RIGHT, [])
        assert translation.segments[0].repair == "decoding"
        assert [b.decoding.beam_size for b in engine.batches] == [2, 4]
        assert engine.batches[1].decoding.hypotheses == 4
        assert repairs("decoding", "mended") == before + 1

    async def test_what_is_right_is_translated_once(self) -> None:
        engine = FakeEngine(by_beam(b2=RIGHT))
        translation = of(await translated((HY, engine)))
        assert (translation.text, len(engine.batches)) == (RIGHT, 1)
        assert translation.segments[0].repair is None

    async def test_only_the_segment_that_fails_is_tried_again(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            if text == OTHER:
                return OTHER_RIGHT
            return RIGHT if decoding.beam_size == 4 else WRONG

        engine = FakeEngine(answer)
        translation = of(await translated((HY, engine), text=f"{OTHER}\n{SOURCE}"))
        assert translation.text == f"{OTHER_RIGHT}\n{RIGHT}"
        assert [batch.texts for batch in engine.batches[1:]] == [[SOURCE]]
        assert [segment.repair for segment in translation.segments] == [None, "decoding"]

    async def test_all_candidates_of_the_wider_beam_are_looked_at(self) -> None:
        def third_is_right(outputs: list[Output]) -> list[Output]:
            return [
                Output(tuple(
                    replace(h, text=RIGHT if rank == 2 else WRONG)
                    for rank, h in enumerate(output.hypotheses)
                ))
                for output in outputs
            ]  # fmt: skip

        engine = FakeEngine(outputs=third_is_right)
        assert of(await translated((HY, engine))).text == RIGHT

    async def test_a_repetition_is_forbidden_and_a_loss_bounded(self) -> None:
        loop = "Նոր " + "կամուրջը կամուրջը " * 40 + "45 միլիոն։"
        engine = FakeEngine(by_beam(b2=loop, b4=RIGHT))
        assert of(await translated((HY, engine))).text == RIGHT
        again = engine.batches[1].decoding
        assert again.no_repeat_ngram_size == 3
        assert again.max_tokens == 24  # twice the 11 tokens of the source, in steps of 8
        long = (
            "The committee met on Monday in the old town hall of the city, heard the report of "
            "the mayor about the roads, and agreed to build a school near the river next year."
        )
        short = FakeEngine(by_beam(b2="Հանձնաժողովը հավաքվեց։", b4=OTHER_RIGHT))
        await translated((HY, short), text=long)
        assert short.batches[1].decoding.min_tokens == 24
        assert short.batches[1].decoding.no_repeat_ngram_size == 0

    async def test_the_clauses_are_translated_each_on_its_own(self) -> None:
        engine = FakeEngine(lambda text, decoding: CLAUSES.get(text, TWO_WRONG))
        translation = of(await translated((HY, engine), text=TWO_CLAUSES))
        assert translation.text == " ".join(CLAUSES.values())
        assert (codes(translation), translation.segments[0].repair) == ([], "clauses")
        assert sorted(engine.batches[-1].texts) == sorted(CLAUSES)

    async def test_the_fallback_model_does_what_the_first_cannot(self) -> None:
        first, spare = FakeEngine(by_beam(b2=WRONG, b4=WRONG)), FakeEngine(by_beam(b2=RIGHT))
        result = await translated((HY, first), (SPARE, spare))
        assert of(result).text == RIGHT
        assert of(result).segments[0].repair == "fallback"
        assert result.models == {"hy": info("first"), "hy-fallback": info("spare")}

    async def test_a_fallback_that_is_no_better_is_not_named(self) -> None:
        first, spare = FakeEngine(by_beam(b2=WRONG, b4=WRONG)), FakeEngine(by_beam(b2=WRONG))
        result = await translated((HY, first), (SPARE, spare))
        assert result.models == {"hy": info("first")}
        assert codes(of(result)) == ["number_lost"]

    async def test_a_model_that_was_asked_for_by_name_has_no_fallback(self) -> None:
        first, spare = FakeEngine(by_beam(b2=WRONG, b4=WRONG)), FakeEngine(by_beam(b2=RIGHT))
        async with translating((HY, first), (SPARE, spare)) as translator:
            request = TranslationRequest((SOURCE,), ("hy",), model="first")
            assert of(await translator.translate(request)).text == WRONG
        assert spare.batches == []


class TestBounds:
    async def test_a_segment_gets_two_extra_tries_at_the_most(self) -> None:
        first, spare = FakeEngine(lambda *_: TWO_WRONG), FakeEngine(lambda *_: RIGHT)
        translation = of(await translated((HY, first), (SPARE, spare), text=TWO_CLAUSES))
        assert len([text for text in first.texts if text == TWO_CLAUSES]) == 2
        assert (len(first.batches), spare.batches) == (3, [])
        assert translation.text == TWO_WRONG
        assert set(codes(translation)) == {"number_lost"}
        assert {warning.value for warning in translation.warnings} == {"2019", "45 million"}

    @pytest.mark.parametrize("tries", [0, 1])
    async def test_an_operator_may_want_fewer(self, tries: int) -> None:
        engine = FakeEngine(lambda *_: TWO_WRONG)
        fidelity = Fidelity(extra_tries=tries)
        await translated((HY, engine), text=TWO_CLAUSES, fidelity=fidelity)
        assert len(engine.batches) == 1 + tries

    async def test_at_the_deadline_the_first_translation_stands_and_says_so(self) -> None:
        gate = Gate()

        def answer(text: str, decoding: Decoding) -> str:
            if decoding.beam_size == 4:
                gate.shut()
                gate.go_through()
            return OTHER_RIGHT if text == OTHER else WRONG

        before = repairs("decoding", "out_of_time")
        request = TranslationRequest((f"{SOURCE} {OTHER}",), ("hy",))
        async with translating((HY, FakeEngine(answer)), deadline_s=0.3) as translator:
            try:
                translation = of(await translator.translate(request))
            finally:
                gate.open()
        assert translation.text == f"{WRONG} {OTHER_RIGHT}"
        [lost, cut_short] = translation.warnings
        assert (lost.code, lost.segment) == ("number_lost", 0)
        assert (cut_short.code, cut_short.segment) == ("repair_cut_short", 0)
        assert repairs("decoding", "out_of_time") == before + 1

    async def test_at_the_deadline_a_fallback_is_no_longer_waited_for(self) -> None:
        loads = Loads(held={"spare"})
        engines = ((HY, FakeEngine(lambda *_: WRONG)), (SPARE, FakeEngine(lambda *_: RIGHT)))
        result = await translated(*engines, loads=loads, deadline_s=0.5)
        assert of(result).text == WRONG
        assert codes(of(result)) == ["number_lost", "repair_cut_short"]

    async def test_an_engine_that_fails_at_the_repair_leaves_the_first_translation(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            if decoding.beam_size == 4:
                raise RuntimeError("out of memory")
            return WRONG

        before = repairs("decoding", "failed")
        translation = of(await translated((HY, FakeEngine(answer))))
        assert (translation.text, codes(translation)) == (WRONG, ["number_lost"])
        assert repairs("decoding", "failed") == before + 1

    async def test_a_fallback_that_cannot_be_had_leaves_the_first_translation(self) -> None:
        loads = Loads(failures={"spare": [ModelUnavailable("spare", "no disk")] * 2})
        engines = ((HY, FakeEngine(lambda *_: WRONG)), (SPARE, FakeEngine()))
        before = repairs("fallback", "unavailable")
        result = await translated(*engines, loads=loads)
        assert (of(result).text, codes(of(result))) == (WRONG, ["number_lost"])
        assert repairs("fallback", "unavailable") == before + 1

    async def test_under_a_memory_budget_no_fallback_is_loaded(self) -> None:
        loads = Loads()
        engines = ((HY, FakeEngine(lambda *_: WRONG)), (SPARE, FakeEngine(lambda *_: RIGHT)))
        result = await translated(*engines, loads=loads, memory_budget_bytes=1500)
        assert (of(result).text, loads.begun) == (WRONG, ["first"])

    async def test_what_could_not_be_tried_is_not_remembered(self) -> None:
        loads = Loads(failures={"spare": [ModelUnavailable("spare", "no disk", retry_after_s=0)]})
        engines = ((HY, FakeEngine(lambda *_: WRONG)), (SPARE, FakeEngine(lambda *_: RIGHT)))
        request = TranslationRequest((SOURCE,), ("hy",))
        async with translating(*engines, loads=loads, cache_bytes=10_000) as translator:
            assert of(await translator.translate(request)).text == WRONG
            translator._registry.begin_load(SPARE)
            async with translator._registry.lease([SPARE]):
                pass
            assert of(await translator.translate(request)).text == RIGHT


ANSWERS = st.sampled_from(
    [RIGHT, WRONG, "", "Կամուրջ։", SOURCE, "45 45 45", WRONG + " " + WRONG, "⁇ 45 միլիոն"]
)


class TestChoice:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(ANSWERS, min_size=6, max_size=6))
    def test_no_repair_is_worse_than_the_first_translation(self, answers: list[str]) -> None:
        def answer(text: str, decoding: Decoding) -> Hypothesis:
            said = answers[decoding.beam_size % 6]
            return Hypothesis(said, max(1, len(said.split())), -1.0, finished=True)

        translation = of(asyncio.run(translated((HY, FakeEngine(answer)))))
        first = answers[2] or SOURCE
        languages = ("en", "hy")
        assert failures(check(SOURCE, translation.text, languages)) <= failures(
            check(SOURCE, first, languages)
        )

    async def test_of_equals_the_earlier_stays(self) -> None:
        as_bad = "Գետի վրայի կամուրջը շատ թանկ է եղել բոլորի համար։"
        engine = FakeEngine(by_beam(b2=WRONG, b4=as_bad))
        translation = of(await translated((HY, engine)))
        assert (translation.text, translation.segments[0].repair) == (WRONG, None)
        assert codes(translation) == ["number_lost"]


class TestGlossary:
    async def asked(self, engine: FakeEngine, **options) -> Translation:
        request = TranslationRequest((ROAD,), ("hy",), glossary=options.pop("glossary", GLOSSARY))
        async with translating((HY, engine), **options) as translator:
            return of(await translator.translate(request))

    async def test_a_translation_that_has_the_term_is_left_alone(self) -> None:
        said = "Արցախի ճանապարհը փակ էր երեք օր։"
        engine = FakeEngine(lambda *_: said)
        translation = await self.asked(engine)
        assert (translation.text, codes(translation)) == (said, [])
        assert len(engine.batches) == 1

    async def test_a_well_known_place_in_its_stead_brings_the_term(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            if "Artsakh" in text:
                return ROAD_PLAIN
            assert text == "The road to China was closed for three days."
            return "Չինաստան տանող ճանապարհը փակ էր երեք օր։"

        translation = await self.asked(FakeEngine(answer))
        assert translation.text == "Արցախ տանող ճանապարհը փակ էր երեք օր։"
        assert translation.segments[0].repair == "placeholders"
        assert codes(translation) == []

    async def test_otherwise_a_candidate_that_has_it_is_chosen(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            if decoding.beam_size == 4:
                return "Դեպի Արցախ ճանապարհը փակ էր երեք օր։"
            return ROAD_PLAIN

        translation = await self.asked(FakeEngine(answer))
        assert translation.text == "Դեպի Արցախ ճանապարհը փակ էր երեք օր։"
        assert translation.segments[0].repair == "decoding"

    async def test_what_cannot_be_enforced_is_reported(self) -> None:
        translation = await self.asked(FakeEngine(lambda *_: ROAD_PLAIN))
        (warning,) = translation.warnings
        assert (warning.code, warning.value, warning.segment) == ("glossary_missed", "Artsakh", 0)
        assert "Արցախ" in warning.message

    async def test_the_server_wide_glossary_holds_for_every_request(self) -> None:
        fidelity = Fidelity(glossaries={"en-hy": Glossary.of(GLOSSARY)})
        plain = FakeEngine(lambda *_: ROAD_PLAIN)
        translation = await self.asked(plain, glossary={}, fidelity=fidelity)
        assert codes(translation) == ["glossary_missed"]
        own = {"Artsakh": "Ղարաբաղ"}
        again = FakeEngine(lambda *_: ROAD_PLAIN)
        assert codes(await self.asked(again, glossary=own, fidelity=fidelity)) == []

    async def test_another_glossary_asks_the_engine_only_for_what_it_changes(self) -> None:
        engine = FakeEngine(lambda *_: ROAD_PLAIN)
        request = TranslationRequest((ROAD,), ("hy",))
        async with translating((HY, engine), cache_bytes=10**6) as translator:
            assert codes(of(await translator.translate(request))) == []
            assert engine.texts == [ROAD]
            strict = replace(request, glossary=GLOSSARY)
            assert codes(of(await translator.translate(strict))) == ["glossary_missed"]
            tried = list(engine.texts)
            assert codes(of(await translator.translate(strict))) == ["glossary_missed"]
        assert tried.count(ROAD) == 2, "plainly once, and once with the wider beam"
        assert any("Artsakh" not in text for text in tried), "with a placeholder"
        assert engine.texts == tried, "the further tries are remembered too"

    async def test_a_term_in_latin_letters_is_not_untranslated(self) -> None:
        said = "The Yerevan Post ընկերության ճանապարհը փակ էր երեք օր։"
        engine = FakeEngine(lambda *_: said)
        translation = await self.asked(engine, glossary={"Artsakh": "The Yerevan Post"})
        assert codes(translation) == []
