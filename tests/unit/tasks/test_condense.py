import asyncio
import itertools
import threading
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.engines.base import Decoding, Description, Hypothesis
from service.runner import Flow
from service.tasks.condense import SHARES, Condensed, Condensing, Length
from service.tasks.memory import Memory
from service.tasks.results import Stopwatch
from service.text.segment import sentences, split
from service.text.words import count_words
from tests.fakes import Answer, FakeEngine, running
from tests.unit.text.strategies import texts

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
        work = Condensing(runner, length, max_sentences, max_words, Flow(), Stopwatch(), Memory(0))
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

    async def test_of_a_model_that_gives_the_text_back_the_leading_sentences_are_kept(self) -> None:
        found = await condense(engine_of(lead(3)), article(3))
        assert said(found) == "The town0 opened its bridge0 today."
        assert codes(found) == []

    async def test_where_nothing_shorter_can_be_had_the_text_comes_back(self) -> None:
        text = "Long ago a town had an old wooden bridge\nand now it has none any more at all"
        found = await condense(engine_of(always("And " * 25 + "so on.")), text, max_words=500)
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

    async def test_a_later_sentence_that_fits_stands_for_a_first_one_over_the_ceiling(self) -> None:
        text = "one two three four five six seven.\nEight nine.\nTen."
        engine = engine_of(always("x"), decoding=replace(OWN, min_tokens=50))
        found = await condense(engine, text, max_words=5)
        assert said(found) == "Eight nine."
        assert codes(found) == ["nothing_to_summarize"]

    async def test_a_single_sentence_over_the_ceiling_is_not_torn_but_reported(self) -> None:
        text = "one two three four five six seven eight"
        found = await condense(engine_of(always("x")), text, max_words=5)
        (sentence,) = found.sentences
        assert sentence.text == text
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

    async def test_what_was_said_of_every_chunk_is_read_in_the_next_pass(self) -> None:
        engine = engine_of(lead(2))
        found = await condense(engine, article(200), "short")
        chunks = found.usage.chunks
        first, later = engine.texts[:chunks], engine.texts[chunks:]
        assert Counter(s for t in first for s in sentences(t)) == Counter(sentences(article(200)))
        read_again = {s for text in later for s in sentences(text)}
        assert {s for text in first for s in sentences(text)[:2]} == read_again

    @pytest.mark.parametrize("mute", ["", "It was never fin"])
    async def test_a_chunk_of_which_nothing_is_said_is_read_in_its_own_words(
        self, mute: str
    ) -> None:
        def answer(text: str, decoding: Decoding) -> Hypothesis:
            if "town90 " in text and "town89 " in text:
                return Hypothesis(mute, 4, -1.0, finished=False)
            return Hypothesis(" ".join(sentences(text)[:3]), 18, -1.0, finished=True)

        engine = engine_of(answer)
        found = await condense(engine, article(200), "short")
        chunks = found.usage.chunks
        (missing,) = [text for text in engine.texts[:chunks] if "town90 " in text]
        again = " ".join(engine.texts[chunks:])
        assert any(sentence in again for sentence in sentences(missing))

    async def test_chunks_end_where_paragraphs_end(self) -> None:
        paragraphs = [
            " ".join(f"The town{i}x{j} opened its bridge{i}x{j} today." for j in range(5))
            for i in range(12)
        ]
        engine = engine_of(always("Short."), max_source_tokens=80)
        found = await condense(engine, "\n\n".join(paragraphs))
        chunks = engine.texts[: found.usage.chunks]
        assert len(chunks) == 6
        assert chunks == [" ".join(paragraphs[i : i + 2]) for i in range(0, 12, 2)]

    async def test_if_the_chunks_say_little_enough_there_is_no_second_pass(self) -> None:
        engine = engine_of(lambda text, decoding: f"Only {text.split()[1]} opened its new bridge.")
        found = await condense(engine, article(40))
        assert len(engine.texts) == found.usage.chunks

    async def test_equal_sentences_of_several_chunks_are_said_once(self) -> None:
        found = await condense(engine_of(always("It rained.")), article(40))
        assert said(found).count("It rained.") == 1

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
        assert {s.text for s in found.sentences} <= set(sentences(article(100)))
        assert codes(found) == ["length_not_reached"]
        assert not found.verbatim

    async def test_an_endless_sentence_that_ended_at_last_is_cut_to_the_window_of_the_next_pass(
        self,
    ) -> None:
        def answer(text: str, decoding: Decoding) -> Hypothesis:
            if "town0 " not in text or "town1 " not in text:
                return Hypothesis(sentences(text)[0], 6, -1.0, finished=True)
            return Hypothesis(" ".join(f"on{i}" for i in range(60)) + ".", 60, -1.0, True)

        engine = engine_of(answer, max_source_tokens=41, max_target_tokens=80)
        await condense(engine, article(100))
        assert any("on59." in text for text in engine.texts)
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


class TestAnyText:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(1, 150), min_size=2, max_size=40))
    async def test_no_word_is_left_out_whatever_the_sentences(self, sizes: list[int]) -> None:
        words = iter(range(sum(sizes)))
        text = " ".join(" ".join(f"W{next(words)}" for _ in range(n)) + "." for n in sizes)
        engine = engine_of(lead(1))
        found = await condense(engine, text)
        assert found.usage.input_characters_used == len(text)
        if found.usage.chunks:
            read = " ".join(engine.texts[: found.usage.chunks]).replace(".", "").split()
            assert sorted(read) == sorted(f"W{n}" for n in range(sum(sizes)))
        assert all(max(batch.tokens) <= 64 for batch in engine.batches)

    @settings(max_examples=120, deadline=None)
    @given(
        texts.filter(lambda text: any(map(str.isalnum, text))),
        st.sampled_from([2, 6]),
        st.none() | st.integers(5, 20),
    )
    async def test_it_is_read_whole_and_no_sentence_is_torn_or_longer_than_all(
        self, text: str, least: int, max_words: int | None
    ) -> None:
        engine = engine_of(lead(1), max_source_tokens=12, decoding=replace(OWN, min_tokens=least))
        found = await condense(engine, text, max_words=max_words)
        usage = found.usage
        assert usage.input_characters_used == usage.input_characters == len(text)
        assert found.sentences
        spans = {(segment.start, segment.end) for segment in split(text).segments}
        assert {(r.start, r.end) for s in found.sentences for r in s.sources} <= spans
        assert found.verbatim or len(said(found)) <= len(text)
        if found.verbatim:
            assert [s.text for s in found.sentences] == sentences(text)

    async def test_tokenizing_never_holds_up_the_event_loop(self) -> None:
        engine = engine_of(lead(2))
        loops = threading.get_ident()
        counted: list[str] = []
        encode = engine.encode

        def watched(text: str) -> list[str]:
            if threading.get_ident() == loops and text:
                counted.append(text)
            return encode(text)

        engine.encode = watched
        await condense(engine, article(100), "long", max_words=30)
        assert counted == []

    async def test_every_sentence_is_counted_once(self) -> None:
        engine = engine_of(lead(2))
        counted: Counter[str] = Counter()
        encode = engine.encode

        def counting(text: str) -> list[str]:
            counted[text] += 1
            return encode(text)

        engine.encode = counting
        await condense(engine, article(100), "short")
        assert counted["The town7 opened its bridge7 today."] == 1
        assert counted[""] == 1


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

    @pytest.mark.parametrize("length", ["short", "medium", "long"])
    async def test_no_model_is_forced_beyond_its_own_least(self, length: Length) -> None:
        engine = engine_of(always("Short."), max_source_tokens=1000)
        await condense(engine, article(60), length)
        assert max(batch.decoding.min_tokens for batch in engine.batches) == OWN.min_tokens

    async def test_a_low_ceiling_forces_no_model_above_it(self) -> None:
        engine = engine_of(lead(1), decoding=replace(OWN, min_tokens=20))
        await condense(engine, article(9), max_words=8)
        assert engine.batches[0].decoding.min_tokens <= 8


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

    async def test_what_the_chunks_said_fills_up_a_summary_that_is_too_short(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            if "at last" not in text:
                number = text.split()[1].removeprefix("town")
                return f"Today town{number} opened bridge{number} at last. All was well there."
            return "People crossed rivers."

        engine = engine_of(answer, decoding=replace(OWN, max_tokens=60), max_source_tokens=130)
        found = await condense(engine, article(300), "long")
        kept = [sentence.text for sentence in found.sentences]
        assert kept[0] == "People crossed rivers."
        assert all(text.endswith("at last.") for text in kept[1:])
        order = [int(text.split()[1].removeprefix("town")) for text in kept[1:]]
        assert len(order) > 2
        assert order == sorted(order)
        assert codes(found) == []

    async def test_one_chunk_is_read_again_in_parts_where_the_model_said_too_little(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            number = text.split()[1].removeprefix("town")
            return f"Today town{number} opened bridge{number} at last."

        engine = engine_of(
            answer, max_source_tokens=1000, decoding=replace(OWN, min_tokens=10, max_tokens=60)
        )
        found = await condense(engine, article(30), "long")
        whole, *parts = engine.texts
        assert whole == article(30)
        assert len(parts) == 6
        assert " ".join(parts) == whole
        assert len(found.sentences) > 3
        assert all(sentence.text.endswith("at last.") for sentence in found.sentences)
        assert found.usage.chunks == 1
        assert codes(found) == []

    async def test_what_is_put_together_from_several_sentences_does_not_fill_up(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            numbers = [word.removeprefix("town") for word in text.split() if "town" in word]
            return f"Town{numbers[0]} sold bridge{numbers[-1]} to soldiers and sailors yesterday."

        engine = engine_of(
            answer, max_source_tokens=1000, decoding=replace(OWN, min_tokens=10, max_tokens=60)
        )
        found = await condense(engine, article(30), "long")
        assert len(engine.texts) > 1
        own = set(sentences(article(30)))
        assert [s.text in own for s in found.sentences][1:] == [True] * (len(found.sentences) - 1)
        assert len(found.sentences) > 3

    async def test_parts_fill_up_a_length_that_is_met_but_far_below_its_goal(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            return " ".join(sentences(text)[: 4 if len(sentences(text)) == 20 else 1])

        engine = engine_of(
            answer, max_source_tokens=1000, decoding=replace(OWN, min_tokens=12, max_tokens=60)
        )
        found = await condense(engine, article(20), "long")
        assert len(engine.texts) > 1
        assert len(found.sentences) == 7

    async def test_a_few_tokens_below_the_goal_are_worth_no_further_pass(self) -> None:
        engine = engine_of(
            lead(5), max_source_tokens=1000, decoding=replace(OWN, min_tokens=13, max_tokens=60)
        )
        found = await condense(engine, article(20), "long")
        assert len(engine.texts) == 1
        assert len(found.sentences) == 5

    async def test_at_last_the_articles_own_sentences_fill_up(self) -> None:
        engine = engine_of(always("All went well."), max_source_tokens=1000)
        found = await condense(engine, article(60), "long")
        first, *rest = [sentence.text for sentence in found.sentences]
        assert first == "All went well."
        assert rest
        assert set(rest) <= set(sentences(article(60)))
        assert codes(found) == []

    async def test_a_summary_far_below_what_can_be_had_says_so(self) -> None:
        text = "Ha ha. " * 30 + "Ho ho. " * 30
        engine = engine_of(
            always("Ha ha."), max_source_tokens=1000, decoding=replace(OWN, max_tokens=99)
        )
        found = await condense(engine, text, "long")
        (warning,) = found.warnings
        assert (warning.code, warning.value) == ("length_not_reached", "42")
        assert "shorter" in warning.message

    @pytest.mark.parametrize("ceiling", [{"max_sentences": 1}, {"max_words": 7}])
    async def test_what_a_ceiling_took_away_is_no_fault_of_the_model(self, ceiling) -> None:
        engine = engine_of(lead(12), max_source_tokens=1000, decoding=replace(OWN, max_tokens=299))
        found = await condense(engine, article(60), "long", **ceiling)
        assert len(found.sentences) == 1
        assert codes(found) == []

    async def test_for_a_model_that_says_nothing_the_article_speaks_and_it_is_reported(
        self,
    ) -> None:
        found = await condense(engine_of(always("")), article(8))
        assert said(found) == "The town0 opened its bridge0 today."
        assert codes(found) == ["length_not_reached"]
        assert "the model said no whole sentence" in found.warnings[0].message


class TestWholeSentences:
    async def test_a_last_sentence_that_was_cut_is_left_out(self) -> None:
        engine = engine_of(always("The first is whole. The second was cu", finished=False))
        found = await condense(engine, article(8), max_sentences=1)
        assert said(found) == "The first is whole."
        assert len(engine.batches) == 1

    @pytest.mark.parametrize("end", [".", "!", "?", "…", '."', ".”", ".)"])
    async def test_an_answer_stopped_behind_a_full_stop_is_whole(self, end: str) -> None:
        answer = f"The one and only sentence ends here{end}"
        engine = engine_of(always(answer, finished=False))
        found = await condense(engine, article(8))
        assert (said(found), codes(found)) == (answer, [])
        assert len(engine.batches) == 1

    @pytest.mark.parametrize("abbreviation", ["Mr.", "Gen.", "J.", "No."])
    async def test_a_stop_behind_an_abbreviation_is_no_end(self, abbreviation: str) -> None:
        answer = f"The bridge was opened. It was named after {abbreviation}"
        engine = engine_of(always(answer, finished=False))
        found = await condense(engine, article(8), max_sentences=1)
        assert said(found) == "The bridge was opened."

    async def test_a_sentence_that_the_model_ended_without_a_mark_gets_one(self) -> None:
        found = await condense(engine_of(always("Towns opened bridges")), article(8), "short")
        assert said(found) == "Towns opened bridges."

    async def test_a_line_that_the_article_has_without_a_mark_keeps_its_form(self) -> None:
        text = f"New bridges for many towns\n\n{article(8)}"
        engine = engine_of(always("New bridges for many towns"))
        found = await condense(engine, text, "short")
        assert said(found) == "New bridges for many towns"

    async def test_one_cut_in_its_only_sentence_gets_twice_the_room(self) -> None:
        def answer(text: str, decoding: Decoding) -> str:
            return "very " * 34 + "long."

        engine = engine_of(answer, decoding=replace(OWN, min_tokens=30), max_target_tokens=500)
        found = await condense(engine, article(8))
        assert said(found) == "very " * 34 + "long."
        assert [batch.decoding.max_tokens for batch in engine.batches] == [30, 60]
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
        assert said(found) == "The town0 opened its bridge0 today."
        assert codes(found) == ["length_not_reached"]


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

    async def test_a_shorter_form_of_a_sentence_over_the_ceiling_is_a_whole_sentence(self) -> None:
        answer = "The mayor opened a bridge, which cost 30 million euros and took 4 years."
        found = await condense(engine_of(always(answer)), article(8), max_words=6)
        assert said(found) == "The mayor opened a bridge."
        assert codes(found) == []

    async def test_where_none_fits_the_article_speaks_for_itself(self) -> None:
        text = f"Dogs bark at night. The mayor resigned on Monday. {article(8)}"
        answer = always("After long talks with everybody in town the mayor resigned at last.")
        found = await condense(engine_of(answer), text, max_words=5)
        assert said(found) == "The mayor resigned on Monday."
        assert codes(found) == []

    async def test_where_no_whole_sentence_fits_the_shortest_is_given_and_reported(self) -> None:
        text = (
            "Nobody in the whole old town slept last night. " + "All of us were awake there. " * 3
        )
        found = await condense(
            engine_of(always("None of us slept at all that night.")), text, max_words=5
        )
        assert said(found) == "All of us were awake there."
        (warning,) = found.warnings
        assert (warning.code, warning.value) == ("length_not_reached", "5")

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
        words = sum(count_words(s.text) for s in found.sentences)
        assert words > 0
        assert words <= max_words or (words == 6 and "length_not_reached" in codes(found))
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
        answer = always("Penguins dance wildly.")
        found = await condense(engine_of(answer), article(8), max_sentences=1)
        assert [sentence.sources for sentence in found.sentences] == [()]
