import asyncio
import itertools
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.engines.base import Decoding, Description, Hypothesis
from service.runner import Flow
from service.tasks.condense import FLOORS, SHARES, Condensed, Condensing, Length, within_words
from service.tasks.results import Stopwatch
from service.text.segment import sentences
from service.text.words import count_words
from tests.fakes import Answer, FakeEngine, running

OWN = Decoding(beam_size=4, min_tokens=5, max_tokens=30, length_penalty=2.0, repetition_penalty=1.1)
DESCRIPTION = Description("t5", "tokenizers", 64, 40, OWN, text_prefix="summarize: ")


def article(count: int) -> str:
    """Sentences of six words, each with a number that no other has."""
    return " ".join(f"The town{i} opened its bridge{i} today." for i in range(count))


def lead(count: int) -> Answer:
    """A summarizer that gives the first sentences of what it reads."""
    return lambda text, decoding: " ".join(sentences(text)[:count])


def always(text: str, *, finished: bool = True) -> Answer:
    return lambda _, decoding: Hypothesis(text, len(text.split()), -1.0, finished)


def engine_of(answer: Answer, **description) -> FakeEngine:
    return FakeEngine(answer, replace(DESCRIPTION, **description))


async def condense(
    engine: FakeEngine,
    text: str,
    length: Length = "medium",
    *,
    max_sentences: int | None = None,
    max_words: int | None = None,
) -> Condensed:
    async with running(engine) as runner:
        work = Condensing(runner, length, max_sentences, max_words, Flow(), Stopwatch())
        return await work.condense(text)


def said(found: Condensed) -> str:
    return " ".join(sentence.text for sentence in found.sentences)


def codes(found: Condensed) -> list[str]:
    return [warning.code for warning in found.warnings]


class TestTooShort:
    @pytest.mark.parametrize(
        "text",
        ["One sentence that is long enough for the least summary there is.", "Hi. Yo.", "  Hi\n"],
    )
    async def test_a_text_too_short_comes_back_without_the_model(self, text: str) -> None:
        engine = engine_of(always("never"))
        found = await condense(engine, text)
        assert engine.batches == []
        assert found.verbatim
        assert [s.text for s in found.sentences] == sentences(text)
        assert codes(found) == ["nothing_to_summarize"]
        usage = found.usage
        assert (usage.chunks, usage.output_tokens) == (0, 0)
        assert usage.input_characters_used == usage.input_characters == len(text)

    @pytest.mark.parametrize("answer", [lead(3), always("And " * 25 + "so on.")])
    async def test_a_summary_as_long_as_its_text_is_none(self, answer: Answer) -> None:
        text = article(3)
        found = await condense(engine_of(answer), text)
        assert found.verbatim
        assert codes(found) == ["nothing_to_summarize"]
        assert found.usage.chunks == 1
        assert found.usage.output_tokens > 0

    async def test_its_sentences_are_their_own_sources_even_if_two_are_equal(self) -> None:
        text = "Yes. No. Yes."
        found = await condense(engine_of(always("x"), decoding=replace(OWN, min_tokens=9)), text)
        spans = [(s.sources[0].start, s.sources[0].end) for s in found.sentences]
        assert spans == [(0, 4), (5, 8), (9, 13)]

    async def test_ceilings_hold_for_it_too(self) -> None:
        text = "Well.\nThis is it.\nNow."
        engine = engine_of(always("x"), decoding=replace(OWN, min_tokens=50))
        found = await condense(engine, text, max_sentences=2)
        assert [s.text for s in found.sentences] == ["Well.", "This is it."]
        assert not found.verbatim

    async def test_a_single_sentence_over_the_ceiling_is_cut_and_keeps_its_source(self) -> None:
        text = "one two three four five six seven eight"
        found = await condense(engine_of(always("x")), text, max_words=5)
        (sentence,) = found.sentences
        assert sentence.text == "one two three four five…"
        assert [(r.start, r.end) for r in sentence.sources] == [(0, len(text))]
        assert codes(found) == ["nothing_to_summarize", "length_not_reached"]


class TestPasses:
    async def test_what_fits_the_window_is_one_chunk(self) -> None:
        engine = engine_of(lead(1))
        text = article(8)
        found = await condense(engine, text)
        assert engine.texts == [text]
        assert said(found) == "The town0 opened its bridge0 today."
        assert codes(found) == []
        assert (found.usage.chunks, found.usage.output_tokens) == (1, 6)

    async def test_every_sentence_of_a_long_article_reaches_the_model_in_the_first_pass(
        self,
    ) -> None:
        text = "\n\n".join(article(40).replace("today. ", "today.\n").splitlines())
        engine = engine_of(always("Short."))
        found = await condense(engine, text)
        assert Counter(s for t in engine.texts for s in sentences(t)) == Counter(sentences(text))
        assert found.usage.input_characters_used == found.usage.input_characters == len(text)
        assert found.usage.chunks == len(engine.texts) > 3
        assert max(n for batch in engine.batches for n in batch.tokens) <= 64

    async def test_a_sentence_over_the_window_is_cut_and_reaches_the_model_whole(self) -> None:
        monster = " ".join(f"word{i}," for i in range(200)) + " end."
        engine = engine_of(always("Short."))
        found = await condense(engine, f"{article(3)} {monster}")
        read = Counter(word for text in engine.texts for word in text.split())
        assert read == Counter(f"{article(3)} {monster}".split())
        assert max(n for batch in engine.batches for n in batch.tokens) <= 64
        assert found.usage.input_characters_used == found.usage.input_characters

    async def test_the_summaries_of_chunks_are_summarized_until_they_are_short(self) -> None:
        engine = engine_of(lead(2))
        found = await condense(engine, article(200), "short")
        # eight sentences a chunk, two of them remain: 200, 50, 14, 4
        assert found.usage.chunks == 25
        assert len(engine.texts) == 25 + 7 + 2
        first_of_each_half = [s.text.split()[1] for s in found.sentences]
        assert len(first_of_each_half) == 4
        assert first_of_each_half[:2] == ["town0", "town1"]

    async def test_if_the_chunks_say_little_enough_there_is_no_second_pass(self) -> None:
        engine = engine_of(lambda text, decoding: f"Only {text.split()[1]}.")
        found = await condense(engine, article(40))
        assert len(engine.texts) == found.usage.chunks
        assert len(found.sentences) == found.usage.chunks

    async def test_equal_sentences_of_several_chunks_are_said_once(self) -> None:
        found = await condense(engine_of(always("It rained.")), article(40))
        assert said(found) == "It rained."

    async def test_output_tokens_of_all_passes_count(self) -> None:
        engine = engine_of(lead(2))
        found = await condense(engine, article(100), "short")
        assert found.usage.output_tokens == 12 * len(engine.texts)

    @pytest.mark.parametrize("window", [20, 41, 64])
    async def test_a_model_that_never_comes_to_an_end_comes_to_one(self, window: int) -> None:
        calls = itertools.count()

        def babble(text: str, decoding: Decoding) -> Hypothesis:
            call = next(calls)
            assert call < 500, "it goes on for ever"
            words = [f"w{call}x{i}" for i in range(min(40, decoding.max_tokens))]
            return Hypothesis(" ".join(words), len(words), -1.0, finished=False)

        engine = engine_of(babble, max_source_tokens=window, max_target_tokens=40)
        found = await condense(engine, article(100))
        assert len(found.sentences) == 1
        assert codes(found) == ["length_not_reached"]
        assert not found.verbatim

    async def test_one_endless_sentence_of_a_chunk_is_cut_to_the_window_of_the_next_pass(
        self,
    ) -> None:
        def answer(text: str, decoding: Decoding) -> Hypothesis:
            if "town0 " not in text:
                return Hypothesis(sentences(text)[0], 6, -1.0, finished=True)
            words = [f"on{i}" for i in range(decoding.max_tokens)]
            return Hypothesis(" ".join(words), len(words), -1.0, finished=False)

        engine = engine_of(answer, max_source_tokens=41, max_target_tokens=40)
        await condense(engine, article(100))
        assert any("on39" in text for text in engine.texts)
        assert max(n for batch in engine.batches for n in batch.tokens) <= 41

    async def test_a_model_that_repeats_a_long_article_does_not_get_it_back_whole(self) -> None:
        def answer(text: str, decoding: Decoding) -> Hypothesis:
            return Hypothesis(text, len(text.split()), -1.0, finished=True)

        found = await condense(engine_of(answer), article(40))
        assert not found.verbatim
        assert codes(found) == ["length_not_reached"]
        kept = [sentence.text for sentence in found.sentences]
        assert kept == sentences(article(40))[: len(kept)]
        assert len(kept) < 12


class TestDecoding:
    async def test_the_checkpoints_own_way_is_kept(self) -> None:
        engine = engine_of(lead(1))
        await condense(engine, article(8))
        decoding = engine.batches[0].decoding
        assert replace(decoding, min_tokens=5, max_tokens=30) == OWN

    @settings(max_examples=150, deadline=None)
    @given(
        st.integers(2, 60),
        st.integers(0, 300),
        st.integers(2, 300),
        st.integers(20, 200),
        st.sampled_from(sorted(SHARES)),
        st.none() | st.integers(5, 200),
    )
    def test_no_job_must_say_more_than_it_may_nor_may_say_as_much_as_it_reads(
        self,
        count: int,
        least: int,
        most: int,
        window: int,
        length: Length,
        max_words: int | None,
    ) -> None:
        engine = engine_of(
            always("Short."),
            max_source_tokens=window,
            decoding=replace(OWN, min_tokens=min(least, most), max_tokens=most),
        )
        asyncio.run(condense(engine, article(count), length, max_words=max_words))
        longest = max(
            (count_words(text) + len(sentences(text)) for text in engine.texts), default=0
        )
        for batch in engine.batches:
            assert 0 <= batch.decoding.min_tokens <= batch.decoding.max_tokens <= most
            assert batch.decoding.max_tokens < longest

    async def test_a_longer_summary_is_asked_for_more(self) -> None:
        text, least = article(60), []
        lengths: tuple[Length, ...] = ("short", "medium", "long")
        for length in lengths:
            engine = engine_of(
                always("Short."),
                max_source_tokens=1000,
                decoding=replace(OWN, min_tokens=2, max_tokens=300),
            )
            await condense(engine, text, length)
            least.append(engine.batches[0].decoding.min_tokens)
        goals = [SHARES[length] * 60 * 6 for length in lengths]
        floors = [FLOORS[length] for length in lengths]
        expected = [max(2, round(f * round(g))) for f, g in zip(floors, goals, strict=True)]
        assert least == expected
        assert least[0] <= least[1] < least[2]


class TestLength:
    async def test_short_medium_and_long_keep_more_and_more(self) -> None:
        words = {}
        for length in ("short", "medium", "long"):
            engine = engine_of(
                lead(50), max_source_tokens=1000, decoding=replace(OWN, max_tokens=299)
            )
            words[length] = count_words(said(await condense(engine, article(60), length)))
        assert words["short"] < words["medium"] < words["long"]

    async def test_leading_sentences_are_kept_as_they_were_said(self) -> None:
        engine = engine_of(lead(50), max_source_tokens=1000)
        found = await condense(engine, article(60), "short")
        kept = [s.text for s in found.sentences]
        assert kept == sentences(article(60))[: len(kept)]
        assert len(kept) > 1

    async def test_a_summary_far_below_what_was_asked_says_so(self) -> None:
        engine = engine_of(always("Short one."), max_source_tokens=1000)
        found = await condense(engine, article(60), "long")
        (warning,) = found.warnings
        assert (warning.code, warning.value) == ("length_not_reached", "30")

    @pytest.mark.parametrize("ceiling", [{"max_sentences": 1}, {"max_words": 7}])
    async def test_what_a_ceiling_took_away_is_no_fault_of_the_model(self, ceiling) -> None:
        engine = engine_of(lead(12), max_source_tokens=1000, decoding=replace(OWN, max_tokens=299))
        found = await condense(engine, article(60), "long", **ceiling)
        assert len(found.sentences) == 1
        assert codes(found) == []

    async def test_a_model_that_says_nothing_is_reported(self) -> None:
        found = await condense(engine_of(always("")), article(8))
        assert (said(found), codes(found)) == ("", ["length_not_reached"])


class TestWholeSentences:
    async def test_a_last_sentence_that_was_cut_is_left_out(self) -> None:
        engine = engine_of(always("The first is whole. The second was cu", finished=False))
        found = await condense(engine, article(8))
        assert said(found) == "The first is whole."
        assert len(engine.batches) == 1

    @pytest.mark.parametrize("end", [".", "!", "?", "…", '."', ".”", ".)"])
    async def test_an_answer_stopped_behind_a_full_stop_is_whole(self, end: str) -> None:
        answer = f"The one and only sentence ends here{end}"
        engine = engine_of(always(answer, finished=False))
        found = await condense(engine, article(8))
        assert (said(found), codes(found)) == (answer, [])
        assert len(engine.batches) == 1

    async def test_one_cut_in_its_only_sentence_gets_all_the_room_there_is(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            return "very " * 34 + "long."

        engine = engine_of(answer, max_target_tokens=40)
        found = await condense(engine, article(8))
        assert said(found) == "very " * 34 + "long."
        assert [batch.decoding.max_tokens for batch in engine.batches] == [30, 40]
        assert codes(found) == []

    async def test_only_those_that_were_cut_run_again(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            return "very " * 34 + "long." if "town0 " in text else "It rained today."

        engine = engine_of(answer)
        await condense(engine, article(20), "long")
        again = [b.texts for b in engine.batches if b.decoding.max_tokens == 40]
        assert len(again) == 1
        assert len(again[0]) == 1
        assert "town0 " in again[0][0]

    async def test_one_cut_even_then_says_so(self) -> None:
        engine = engine_of(always("it never ends", finished=False))
        found = await condense(engine, article(8))
        assert (said(found), codes(found)) == ("it never ends", ["length_not_reached"])


class TestCeilings:
    @pytest.mark.parametrize("most", [1, 2, 3, 50])
    async def test_max_sentences_is_a_ceiling(self, most: int) -> None:
        engine = engine_of(lead(4), max_source_tokens=1000)
        found = await condense(engine, article(60), "long", max_sentences=most)
        assert len(found.sentences) == min(most, 4)

    async def test_max_words_is_asked_of_the_model_and_kept(self) -> None:
        engine = engine_of(
            lead(10), max_source_tokens=1000, decoding=replace(OWN, min_tokens=28, max_tokens=60)
        )
        found = await condense(engine, article(60), "long", max_words=20)
        assert said(found) == " ".join(sentences(article(3)))
        assert engine.batches[0].decoding.min_tokens <= 15

    def test_leading_sentences_that_fit_together_are_kept(self) -> None:
        texts = ["One two three.", "Four five.", "Six seven eight.", "Nine."]
        assert within_words(texts, [], 5) == (texts[:2], [])
        assert within_words(texts, [], 7) == (texts[:2], [])
        assert within_words(texts, [], 9) == (texts, [])

    def test_if_the_first_is_too_long_another_that_fits_stands_for_all(self) -> None:
        texts = ["One two three four five six.", "Seven eight nine.", "Ten."]
        assert within_words(texts, [], 5) == (["Seven eight nine."], [])

    def test_if_none_fits_the_article_speaks_for_itself(self) -> None:
        originals = ["The cat slept.", "The mayor resigned.", "Too short.", "x " * 9 + "mayor."]
        texts = ["After a long night of talks the mayor of the town resigned at last."]
        kept, (caution,) = within_words(texts, originals, 5)
        assert kept == ["The mayor resigned."]
        assert (caution.code, caution.value) == ("length_not_reached", "5")

    def test_an_article_sentence_that_shares_no_word_is_still_better_than_a_torn_one(self) -> None:
        kept, cautions = within_words(["x " * 9 + "y."], ["Dogs bark loudly."], 5)
        assert kept == ["Dogs bark loudly."]
        assert len(cautions) == 1

    def test_only_when_no_whole_sentence_fits_one_is_cut(self) -> None:
        kept, (caution,) = within_words(["one two - three four five six."], ["Short one."], 4)
        assert kept == ["one two - three four…"]
        assert "the first one is cut" in caution.message

    words = st.sampled_from(["a", "bb", "Mr.", "-", "…", "3", "U.S.", "end.", "é", "“x”"])
    made = st.lists(st.lists(words, min_size=1, max_size=30).map(" ".join), min_size=1, max_size=8)

    @given(made, made, st.integers(1, 40))
    def test_the_ceiling_in_words_is_never_passed(self, texts, originals, most: int) -> None:
        kept, _ = within_words(texts, originals, most)
        assert kept
        assert sum(map(count_words, kept)) <= most

    @settings(max_examples=60, deadline=None)
    @given(
        st.integers(1, 40), st.integers(1, 12), st.integers(5, 60), st.none() | st.integers(1, 4)
    )
    def test_no_summary_passes_its_ceilings(
        self, count: int, said_by_model: int, max_words: int, max_sentences: int | None
    ) -> None:
        found = asyncio.run(
            condense(
                engine_of(lead(said_by_model)),
                article(count),
                "long",
                max_words=max_words,
                max_sentences=max_sentences,
            )
        )
        assert 0 < sum(count_words(s.text) for s in found.sentences) <= max_words
        assert len(found.sentences) <= (max_sentences or 99)


class TestSources:
    async def test_sources_are_spans_of_the_text_that_support_the_sentence(self) -> None:
        text = "\n\n".join(sentences(article(8)))
        answer = always("Bridge5 was opened by town5. Town2 too has bridge2.")
        found = await condense(engine_of(answer), text)
        supporting = [[text[r.start : r.end] for r in s.sources] for s in found.sentences]
        assert supporting == [
            ["The town5 opened its bridge5 today."],
            ["The town2 opened its bridge2 today."],
        ]

    async def test_a_sentence_from_nowhere_has_no_sources(self) -> None:
        found = await condense(engine_of(always("Penguins dance wildly.")), article(8))
        assert [sentence.sources for sentence in found.sentences] == [()]
