"""Texts with markup through the translator: what is kept, what is warned of, what is told."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings

from service.engines.base import Decoding
from service.errors import InputTooLong
from service.markup.formats import markup_of
from service.tasks.judge import Fidelity
from service.tasks.marked import translate_markup
from service.tasks.memory import Memory
from service.tasks.results import Range, Translation, TranslationResult
from service.tasks.told import Event, SegmentDone
from service.tasks.translate import TranslationRequest, Translator
from service.text.typography import Typography
from tests.fakes import FakeEngine, Loads, catalog_of, registry_of, same, translator_spec
from tests.unit.markup.test_html import pages, signs

HY = translator_spec("hy-model", ("en", "hy"))
PLAIN = Fidelity(Typography.of(["none"]), extra_tries=0, check=lambda *_: [])
TYPESET = Fidelity(extra_tries=0, check=lambda *_: [])


async def result(
    answer: Callable[[str, Decoding], str], *texts: str, told=None, fidelity=PLAIN, **options
) -> tuple[TranslationResult, FakeEngine]:
    engine, loads = FakeEngine(answer), Loads()
    loads.engines[HY.name] = lambda: engine
    async with registry_of(loads) as registry:
        translator = Translator(catalog_of(HY), registry, Memory(0), 100_000, fidelity)
        request = TranslationRequest(texts, ("hy",), **{"format": "html", **options})
        return await translator.translate(request, told=told), engine


async def page(answer: Callable[[str, Decoding], str], text: str, **options) -> Translation:
    [translation] = (await result(answer, text, **options))[0].translations
    return translation


def upper(text: str, decoding: Decoding) -> str:
    return text.upper()


def shouting(*, but: str = "XQ") -> Callable[[str, Decoding], str]:
    """Says every word in capitals but those that begin so."""
    return lambda text, decoding: " ".join(
        word if word.startswith(but) else word.upper() for word in text.split()
    )


async def test_a_sentence_goes_to_the_model_without_its_tags() -> None:
    found, engine = await result(upper, "<p>The <b>energy minister</b> of <a>Greece</a> spoke.")
    assert found.translations[0].text == "<p>THE <b>ENERGY MINISTER</b> OF <a>GREECE</a> SPOKE."
    assert engine.batches[0].texts == ["The energy minister of Greece spoke."]
    assert engine.batches[0].decoding.aligned


async def test_where_no_mark_is_to_be_placed_the_model_is_asked_as_ever() -> None:
    _, engine = await result(upper, "<p><b>One two.</b></p><code>x</code> three")
    assert not any(batch.decoding.aligned for batch in engine.batches)


async def test_what_a_model_says_is_text_and_no_markup() -> None:
    found = await page(lambda *_: "<script>x()</script> & </p>", "<p>a <b>b</b><img alt=c>")
    assert signs(found.text, False) == signs("<p>a <b>b</b><img alt=c>", False)
    assert "&lt;script>" not in found.text
    assert "&lt;script&gt;x()&lt;/script&gt; &amp; &lt;/p&gt;" in found.text.replace(
        "<b>", ""
    ).replace("</b>", "")


async def test_segments_stand_where_they_are_in_the_page_and_are_plain() -> None:
    text = "<h1 title='A tip'>One</h1>\n<p>Two <i>&amp; three.</i> Four.</p>"
    found = await page(upper, text)
    assert [s.text for s in found.segments] == ["A TIP", "ONE", "TWO & THREE.", "FOUR."]
    sources = [text[s.source.start : s.source.end] for s in found.segments]
    assert sources == ["A tip", "One", "Two <i>&amp; three.</i>", "Four."]


class TestKept:
    async def test_what_the_model_leaves_alone_needs_no_help(self) -> None:
        found = await page(shouting(but="f("), "Call <code>f(x)</code> now")
        assert found.text == "CALL <code>f(x)</code> NOW"
        assert (found.warnings, found.segments[0].repair) == ((), None)

    async def test_what_the_model_changes_gets_a_stand_in(self) -> None:
        found = await page(
            lambda text, _: text.upper().replace("CHINA", "Չինաստան"), "Call <code>run</code> now"
        )
        assert found.text == "CALL <code>run</code> NOW"
        assert (found.warnings, found.segments[0].repair) == ((), "placeholders")

    async def test_where_no_stand_in_survives_the_sentence_is_cut_around_it(self) -> None:
        found, engine = await result(upper, "Please call <code>run</code> “now” twice.")
        [translation] = found.translations
        assert translation.text == 'PLEASE CALL <code>run</code> "NOW" TWICE.'
        assert (translation.warnings, translation.segments[0].repair) == ((), "clauses")
        assert sorted(engine.batches[-1].texts) == ['"now" twice.', "Please call"]

    async def test_where_even_that_fails_the_sentence_stays_and_says_so(self) -> None:
        found = await page(lambda text, _: "run run", "Call <code>run</code> now.<br>Well.")
        assert found.text == "Call <code>run</code> now.<br>run run"
        assert [(w.code, w.value, w.segment) for w in found.warnings] == [
            ("kept_changed", "run", 0)
        ]

    async def test_typography_leaves_it_alone(self) -> None:
        found = await page(
            same, 'Ասա <code>"եւ..."</code> եւ "այո"։', fidelity=TYPESET, source="en"
        )
        assert found.text == 'Ասա <code>"եւ..."</code> և «այո»։'

    async def test_a_sentence_end_in_it_ends_no_sentence(self) -> None:
        found, engine = await result(
            lambda text, _: text.upper().replace("A. B", "a. B"), "See <kbd>a. B</kbd> there."
        )
        assert engine.batches[0].texts == ["See a. B there."]
        assert found.translations[0].text == "SEE <kbd>a. B</kbd> THERE."

    async def test_very_much_of_it_is_translated_around(self) -> None:
        text = "go <code>x</code> " * 100
        found = await page(upper, text)
        assert found.text == text.replace("go", "GO")

    async def test_what_is_only_kept_is_not_given_to_a_model(self) -> None:
        found, engine = await result(upper, "5 <code>x</code>.<br><b>Well</b>")
        assert found.translations[0].text == "5 <code>x</code>.<br><b>WELL</b>"
        assert [text for batch in engine.batches for text in batch.texts] == ["Well"]


async def test_warnings_name_the_segment_of_the_page() -> None:
    from service.text.finding import Finding

    doubting = Fidelity(
        Typography.of(["none"]),
        extra_tries=0,
        check=lambda source, *_: [Finding("number_lost", "3", "lost")] if "3" in source else [],
    )
    found = await page(upper, "<p>One.<p>Two 3.<p>Four.", fidelity=doubting)
    assert [(w.code, w.value, w.segment) for w in found.warnings] == [("number_lost", "3", 1)]
    assert found.segments[1].warnings == found.warnings


async def test_names_are_compared_in_all_of_a_page_and_not_between_pages() -> None:
    answers = {"Mr. Hansen came.": "Հանսենը եկավ։", "Mr. Hansen left.": "Ջոնսոնը գնաց։"}

    async def found(*texts: str) -> list[str]:
        answered, _ = await result(lambda text, _: answers[text], *texts)
        return [w.code for one in answered.translations for w in one.warnings]

    first, second = (f"<p>{sentence}</p>" for sentence in answers)
    assert await found(first + second) == ["name_inconsistent"]
    assert await found(first, second) == []


async def test_segments_are_told_as_they_are_answered() -> None:
    events: list[Event] = []
    texts = ["<p title=A>One. <b>Two</b> three.", "", "<i>Four</i>"]
    found, _ = await result(upper, *texts, told=events.append)
    told = [event for event in events if isinstance(event, SegmentDone)]
    assert [(e.index, e.segment) for e in told] == [(0, 0), (0, 1), (0, 2), (2, 0)]
    answered = [s for translation in found.translations for s in translation.segments]
    assert [event.translated for event in told] == answered


async def test_alternatives_are_pages_too() -> None:
    found = await page(upper, "<p>Two <b>words</b>.<p>x <code>y</code>", alternatives=1)
    assert found.alternatives == ("<p>TWO <b>WORDS</b>. #1<p>X #1 <code>y</code>",)
    assert signs(found.alternatives[0], False) == signs(found.text, False)


async def test_the_limit_is_on_all_of_the_page() -> None:
    with pytest.raises(InputTooLong) as caught:
        await result(upper, "<!--" + "x" * 100_000 + "-->")
    assert (caught.value.limit, caught.value.actual) == (100_000, 100_007)


async def test_what_it_took_counts_the_page() -> None:
    found, _ = await result(upper, "<p>One two</p>")
    assert found.usage.input_characters == len("<p>One two</p>")
    assert found.usage.segments == 1


@pytest.mark.parametrize("splitting", ["lines", "paragraphs", "none"])
async def test_a_line_break_ends_a_sentence_and_a_new_line_does_not(splitting: str) -> None:
    text = "One\ntwo<br>three <b>four</b>"
    found, engine = await result(upper, text, splitting=splitting)
    assert signs(found.translations[0].text, False) == signs(text, False)
    given = sorted(text for batch in engine.batches for text in batch.texts)
    assert given == (["One two three four"] if splitting == "none" else ["One two", "three four"])


async def test_xml_has_its_own_names_and_ignored_elements() -> None:
    found = await page(
        upper, "<d><T>One <x/>two</T><skip>no</skip></d>", format="xml", ignore_tags=("skip",)
    )
    assert found.text == "<d><T>ONE <x/>TWO</T><skip>no</skip></d>"


async def test_markups_come_back_as_blocks() -> None:
    engine, loads = FakeEngine(upper), Loads()
    loads.engines[HY.name] = lambda: engine
    async with registry_of(loads) as registry:
        translator = Translator(catalog_of(HY), registry, Memory(0), 10, PLAIN)
        markups = [markup_of("<p>a<p>b <!-- not counted -->", "html"), markup_of("c", "text")]
        done = await translate_markup(translator, TranslationRequest((), ("hy",)), markups)
        rebuilt = [m.rebuilt(b["hy"]) for m, b in zip(markups, done.blocks, strict=True)]
        assert rebuilt == [b"<p>A<p>B <!-- not counted -->", b"C"]
        assert done.result.translations[1].segments[0].source == Range(0, 1)


@settings(max_examples=60, deadline=None)
@given(pages)
def test_no_page_loses_or_gains_a_tag(text: str) -> None:
    async def translated() -> str:
        return (await page(lambda said, _: said[::-1] + " <b>&", text)).text

    found = asyncio.run(translated())
    assert signs(found, False) == signs(text, False)
