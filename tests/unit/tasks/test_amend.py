import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from service.engines.base import Decoding, Description, Hypothesis
from service.runner import Flow
from service.tasks.condense import Condensed, Condensing, Length
from service.tasks.memory import Memory
from service.tasks.results import Stopwatch
from service.telemetry import metrics
from service.text.segment import sentences
from tests.fakes import FakeEngine, Gate, running

MODEL = Description(
    "bart",
    "tokenizers",
    max_source_tokens=200,
    max_target_tokens=200,
    decoding=Decoding(beam_size=4, min_tokens=8, max_tokens=30, no_repeat_ngram_size=7),
)
ARTICLE = (
    "The town council of Ashford opened a footbridge over the river on Monday morning. "
    "The work cost the town 30 million euros and took nearly four years. "
    "Mayor Anna Kovacs thanked the engineers who had worked through two winters. "
    "Traffic on the old road will be closed from June until the end of August. "
    "Shops along the old road fear that they will lose their customers for good."
)
WRONG = "The footbridge cost the town 80 million euros."
RIGHT = "The footbridge cost the town 30 million euros."
ELSEWHERE = "The mayor thanked the engineers of two winters."


def engine_of(first: str, *others: str) -> FakeEngine:
    """A model with one answer, and candidates where it is asked for several."""

    def outputs(found):
        hypotheses = tuple(Hypothesis(t, len(t.split()), -1.0, True) for t in (first, *others))
        return [
            replace(output, hypotheses=hypotheses) if len(output.hypotheses) > 1 else output
            for output in found
        ]

    return FakeEngine(lambda text, decoding: first, MODEL, outputs=outputs)


async def condense(
    engine: FakeEngine, text: str = ARTICLE, length: Length = "medium", **ceilings: int
) -> Condensed:
    async with running(engine, max_batch_tokens=512) as runner:
        work = Condensing(
            runner,
            length,
            ceilings.get("max_sentences"),
            ceilings.get("max_words"),
            Flow(),
            Stopwatch(),
            Memory(0),
        )
        return await work.condense(text)


def counts() -> Counter[str]:
    return Counter(
        {
            sample.labels["outcome"]: int(sample.value)
            for family in metrics.FAITHFULNESS.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        }
    )


def texts(found: Condensed) -> list[str]:
    return [sentence.text for sentence in found.sentences]


async def test_a_sentence_without_doubts_costs_no_further_pass() -> None:
    before = counts()
    engine = engine_of(RIGHT, "never asked for")
    found = await condense(engine)
    assert texts(found) == [RIGHT]
    assert found.warnings == ()
    assert len(engine.batches) == 1
    assert counts() - before == Counter(faithful=1)


async def test_a_doubtful_sentence_is_said_again_by_other_decoding() -> None:
    before = counts()
    engine = engine_of(WRONG, ELSEWHERE, RIGHT)
    found = await condense(engine)
    assert texts(found) == [RIGHT]
    assert found.warnings == ()
    first, again = engine.batches
    assert again.texts == first.texts
    assert (again.decoding.beam_size, again.decoding.hypotheses) == (8, 8)
    assert again.decoding.no_repeat_ngram_size == 0
    assert counts() - before == Counter(regenerated=1)


async def test_where_every_way_to_say_it_is_doubtful_the_article_says_it() -> None:
    before = counts()
    engine = engine_of(WRONG, WRONG.replace("80", "90"), ELSEWHERE)
    found = await condense(engine)
    assert texts(found) == ["The work cost the town 30 million euros and took nearly four years."]
    assert found.warnings == ()
    assert len(engine.batches) == 2
    assert counts() - before == Counter(replaced=1)


async def test_a_shorter_form_without_the_doubt_is_nearer_than_the_article() -> None:
    engine = engine_of("The council opened a footbridge over the river, with help from Brussels.")
    found = await condense(engine)
    assert texts(found) == ["The council opened a footbridge over the river."]


async def test_what_cannot_be_helped_is_given_with_its_doubts_above_and_beside() -> None:
    before = counts()
    endless = "and then the council of the old town talked about it again " * 4
    text = f"It cost 30 million euros {endless}today. Nobody knew why {endless}today."
    found = await condense(engine_of("The footbridge cost 80 million euros then."), text, "short")
    (sentence,) = found.sentences
    (warning,) = found.warnings
    assert sentence.warnings == (warning,)
    assert (warning.code, warning.sentence) == ("number_not_in_source", 0)
    assert warning.value is not None
    assert warning.value in sentence.text
    assert counts() - before == Counter(flagged=1)


async def test_a_name_that_the_article_lacks_is_a_doubt_too() -> None:
    endless = "and then the council of the old town talked about it again " * 4
    text = f"Anna Kovacs was thanked {endless}today. Nobody knew why {endless}today."
    found = await condense(engine_of("The people thanked Peter Lindqvist for all."), text, "short")
    assert [(w.code, w.value) for w in found.warnings] == [
        ("name_not_in_source", "Peter Lindqvist")
    ]


@pytest.mark.parametrize("ceiling", [{"max_words": 9}, {"max_sentences": 1}])
async def test_no_ceiling_is_passed_for_the_sake_of_a_number(ceiling: dict[str, int]) -> None:
    found = await condense(engine_of(WRONG), **ceiling)
    assert sum(len(text.split()) for text in texts(found)) <= ceiling.get("max_words", 99)
    assert len(found.sentences) == 1


async def test_nothing_that_stands_in_is_in_the_summary_already() -> None:
    own = sentences(ARTICLE)
    text = f"{ARTICLE} " + " ".join(f"Street{i} was painted white by boys{i}." for i in range(12))
    both = f"{own[1]} The work cost the town 80 million euros."
    found = await condense(engine_of(both), text, max_sentences=2)
    assert len(set(texts(found))) == len(found.sentences)
    assert texts(found)[0] == own[1]


async def test_nothing_that_stands_in_says_what_another_sentence_says() -> None:
    text = (
        "The work cost the town 30 million euros, and engineers finished it after 4 long years. "
        + " ".join(f"Street{i} was painted white by boys{i}." for i in range(12))
    )
    both = "The work cost the town 80 million euros. Engineers finished it after 4 years."
    found = await condense(engine_of(both), text, max_sentences=2)
    assert texts(found)[1] == "Engineers finished it after 4 years."
    assert "30 million" not in texts(found)[0]


async def test_only_the_chunks_of_doubtful_sentences_are_read_again() -> None:
    def answer(text: str, decoding: Decoding) -> str:
        return WRONG if "30 million" in text else sentences(text)[0]

    parts = [" ".join(f"Road{i}x{j} was swept by team{i}x{j}." for j in range(30)) for i in "abc"]
    text = "\n".join([parts[0], ARTICLE, *parts[1:]])
    engine = FakeEngine(answer, MODEL)
    await condense(engine, text)
    again = [b.texts for b in engine.batches if b.decoding.hypotheses > 1]
    assert len(again) <= 1
    assert all("30 million" in text for texts in again for text in texts)


async def test_a_caller_who_leaves_during_the_further_pass_is_not_waited_for() -> None:
    gate = Gate()
    engine = FakeEngine(lambda text, decoding: WRONG, MODEL, gate=gate)
    async with running(engine, max_batch_tokens=512) as runner:
        work = Condensing(runner, "medium", None, None, Flow(), Stopwatch(), Memory(0))
        gate.shut()
        task = asyncio.create_task(work.condense(ARTICLE))
        await gate.reached()
        gate.open()
        gate.shut()
        await gate.reached()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.open()
