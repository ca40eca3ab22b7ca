from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from service.errors import InputTooLong, InvalidRequest, UnsupportedPair
from service.markup.formats import TextFormat
from service.models.catalog import Catalog
from service.tasks.detection import AUTO, Detector
from service.tasks.memory import Memory
from service.tasks.translate import TranslationRequest, Translator
from tests.fakes import UNCHECKED, Loads, catalog_of, registry_of, translator_spec

ENGLISH = "The minister arrived in Yerevan on Monday with a delegation."
FRENCH = "Le ministre est arrivé lundi à Erevan avec une délégation."
RUSSIAN = "Министр прибыл в Ереван в понедельник вместе с делегацией."
ARMENIAN = "Նախարարը երկուշաբթի օրը պատվիրակության հետ ժամանեց Երևան։"

EN_HY = translator_spec("en-hy", ("en", "hy"))
RU_HY = translator_spec("ru-hy", ("ru", "hy"))


@asynccontextmanager
async def detector_of(
    catalog: Catalog, loads: Loads | None = None, limit: int = 1000
) -> AsyncIterator[Detector]:
    """A detector over models that shout what they are given."""
    async with registry_of(loads or Loads()) as registry:
        translator = Translator(catalog, registry, Memory(0), limit, UNCHECKED)
        yield Detector(catalog, translator)


def request(*texts: str, target: str = "hy") -> TranslationRequest:
    return TranslationRequest(texts=texts, targets=(target,), source=AUTO)


async def test_a_text_is_translated_from_the_language_it_is_in() -> None:
    async with detector_of(catalog_of(EN_HY, RU_HY)) as detector:
        for text, language in ((ENGLISH, "en"), (RUSSIAN, "ru")):
            found = await detector.translate(request(text))
            assert [source.language for source in found.sources] == [language]
            assert found.result.models["hy"].name == f"{language}-hy"
            assert found.result.translations[0].text == text.upper()


async def test_a_named_source_is_believed() -> None:
    async with detector_of(catalog_of(EN_HY)) as detector:
        found = await detector.translate(replace(request(RUSSIAN), source="en"))
        assert [(s.language, s.confidence) for s in found.sources] == [("en", 1.0)]
        assert found.result.translations[0].text == RUSSIAN.upper()


async def test_what_is_in_the_target_language_already_keeps_its_place() -> None:
    async with detector_of(catalog_of(EN_HY)) as detector:
        found = await detector.translate(request(ARMENIAN, ENGLISH, ARMENIAN))
    assert [t.text for t in found.result.translations] == [ARMENIAN, ENGLISH.upper(), ARMENIAN]
    assert [t.index for t in found.result.translations] == [0, 1, 2]
    assert [s.language for s in found.sources] == ["hy", "en", "hy"]


async def test_no_model_is_loaded_for_what_needs_none() -> None:
    loads = Loads()
    async with detector_of(catalog_of(EN_HY), loads) as detector:
        found = await detector.translate(request(ARMENIAN))
    assert (loads.begun, found.usage.input_tokens) == ([], 0)
    assert found.usage.input_characters == len(ARMENIAN)


async def test_what_is_surely_another_language_is_refused() -> None:
    async with detector_of(catalog_of(EN_HY)) as detector:
        with pytest.raises(UnsupportedPair, match="fr→hy"):
            await detector.translate(request(ENGLISH, FRENCH))
        with pytest.raises(UnsupportedPair, match="fr→hy"):
            await detector.translate(request("Le ministre est arrivé"))
        with pytest.raises(UnsupportedPair, match="ru→hy"):
            await detector.translate(request(RUSSIAN))


async def test_a_target_that_no_model_translates_into_is_refused() -> None:
    async with detector_of(catalog_of(EN_HY)) as detector:
        for text in (ENGLISH, FRENCH, "42"):
            with pytest.raises(UnsupportedPair, match="auto→fr"):
                await detector.translate(request(text, target="fr"))


@pytest.mark.parametrize("text", ["OK", "42", "", "Bonjour"])
async def test_what_is_not_sure_is_taken_for_what_can_be_translated(text: str) -> None:
    async with detector_of(catalog_of(EN_HY)) as detector:
        [source] = (await detector.translate(request(text))).sources
    assert source.language == "en"
    assert source.confidence < 0.5


async def test_of_those_the_likeliest_is_taken() -> None:
    async with detector_of(catalog_of(EN_HY, RU_HY)) as detector:
        [source] = (await detector.translate(request("да"))).sources
    assert source.language == "ru"
    assert source.confidence < 0.5


async def test_what_looks_most_like_the_target_language_stays_though_it_is_not_sure() -> None:
    async with detector_of(catalog_of(translator_spec("en-ru", ("en", "ru")))) as detector:
        found = await detector.translate(request("да", target="ru"))
    assert (found.result.translations[0].text, found.sources[0].language) == ("да", "ru")


async def test_texts_in_several_languages_cannot_share_a_request() -> None:
    async with detector_of(catalog_of(EN_HY, RU_HY)) as detector:
        with pytest.raises(InvalidRequest, match=r"several languages \(en, ru\)"):
            await detector.translate(request(ENGLISH, RUSSIAN))


async def test_tags_are_not_read_as_words() -> None:
    html = '<p class="the news of the day"><b>' + "</b></p> <p><b>".join(["Երևան"] * 3) + "</b></p>"
    async with detector_of(catalog_of(EN_HY)) as detector:
        found = await detector.translate(replace(request(html), format="html"))
    assert [(s.language, s.confidence) for s in found.sources] == [("hy", 1.0)]
    assert found.result.translations[0].text == html


SCRIPT = """<script>!function(e,t){var n=e.createElement('script');n.async=!0;n.src=t}(document);
window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)}</script>"""


@pytest.mark.parametrize(
    ("text_format", "text"),
    [
        ("html", SCRIPT * 3 + f"<p>{ARMENIAN}</p>"),
        ("html", "<style>.note { color: black; font-family: serif }</style>" * 9 + ARMENIAN),
        ("html", "<p>" + "".join(f"&#{ord(letter)};" for letter in ARMENIAN)),
        ("html", f"<!-- {ENGLISH * 3} --><pre>{ENGLISH}</pre><p>{ARMENIAN}"),
        ("html", f"<p>{ARMENIAN} <code>{ENGLISH}</code>"),
        ("html", f"<nav>{ENGLISH * 3}</nav><p>{ARMENIAN}"),
        ("xml", f"<a><nav>{ENGLISH * 3}</nav><b>{ARMENIAN}</b></a>"),
        ("markdown", f"```\n{ENGLISH * 3}\n```\n{ARMENIAN}"),
    ],
)
async def test_only_what_would_be_translated_says_which_language_it_is(
    text_format: TextFormat, text: str
) -> None:
    asked = replace(request(text), format=text_format, ignore_tags=("nav",))
    async with detector_of(catalog_of(EN_HY)) as detector:
        found = await detector.translate(asked)
    assert [(s.language, s.confidence) for s in found.sources] == [("hy", 1.0)]
    assert found.result.translations[0].text == text


async def test_scripts_do_not_make_a_language_one_that_can_be_translated() -> None:
    text = SCRIPT * 40 + f"<p>{FRENCH}"
    async with detector_of(catalog_of(EN_HY), limit=20_000) as detector:
        with pytest.raises(UnsupportedPair, match="fr→hy"):
            await detector.translate(replace(request(text), format="html"))


async def test_a_text_with_nothing_to_translate_is_nobodys() -> None:
    async with detector_of(catalog_of(EN_HY)) as detector:
        found = await detector.translate(replace(request(SCRIPT), format="html"))
    assert [(s.language, s.confidence) for s in found.sources] == [("en", 0.0)]
    assert found.result.translations[0].text == SCRIPT


async def test_a_text_that_is_too_long_is_not_looked_at() -> None:
    async with detector_of(catalog_of(EN_HY)) as detector:
        for work in (
            detector.detect("a" * 1001),
            detector.translate(request("a" * 600, "b" * 401)),
            detector.translate(replace(request(f"<p>{ARMENIAN:998}"), format="html")),
            detector.translate(replace(request(f"<!--{ARMENIAN:994}-->"), format="html")),
        ):
            with pytest.raises(InputTooLong, match="1001 characters"):
                await work


async def test_detection_expects_the_languages_of_the_catalog() -> None:
    async with detector_of(catalog_of(EN_HY)) as detector:
        found = await detector.detect(ENGLISH)
    assert found.guesses[0].language == "en"
    assert (found.usage.input_characters, found.usage.input_tokens) == (len(ENGLISH), 0)
