"""The rows that come with the service, and the routes of each profile.

A new model, a new pair: a row here, and its name in a route. Nothing else changes.
"""

from collections.abc import Mapping
from pathlib import Path

from service.models.catalog import (
    SUMMARIZE,
    ArchiveSource,
    DirectorySource,
    HubSource,
    ModelSpec,
    Profile,
    Quality,
)

__all__ = ["ROUTES", "builtin_rows", "bundled_directory"]

_FLORES = "FLORES-200 devtest"
_CARD = "the model's own card"

ROUTES: Mapping[Profile, Mapping[str, tuple[str, ...]]] = {
    "standard": {
        SUMMARIZE: ("distilbart-cnn-12-6",),
        "en-hy": ("opus-mt-eng-hyx", "opus-mt-en-hy"),
        "en-ru": ("opus-mt-tc-big-en-zle",),
    },
    "light": {
        SUMMARIZE: ("bundled-summarizer",),
        "en-hy": ("opus-mt-en-hy",),
        "en-ru": ("opus-mt-en-ru",),
    },
    "bundled": {
        SUMMARIZE: ("bundled-summarizer",),
        "en-hy": ("bundled-en-hy",),
        "en-ru": ("bundled-en-ru",),
    },
}


def builtin_rows() -> list[ModelSpec]:
    """Returns the rows that come with the service."""
    bundled = bundled_directory()
    return [
        ModelSpec(
            name="distilbart-cnn-12-6",
            task="summarize",
            languages=("en",),
            source=HubSource(
                "sshleifer/distilbart-cnn-12-6", "a4f8f3ea906ed274767e9906dbaede7531d660ff"
            ),
            license="Apache-2.0",
            # At 3, the checkpoint's own value, a name of three pieces cannot be said twice.
            generation={"no_repeat_ngram_size": 7},
            quality=Quality("ROUGE-L", "CNN/DailyMail test", 30.59, _CARD),
            worth="Good news summaries in English; it may state what the article does not.",
        ),
        ModelSpec(
            name="opus-mt-eng-hyx",
            task="translate",
            languages=("en", "hy"),
            source=ArchiveSource(
                "https://object.pouta.csc.fi/Tatoeba-MT-models/eng-hyx/"
                "opus4m+btTCv20210807-2021-09-30.zip"
            ),
            license="CC-BY-4.0",
            target_token=">>hye<<",
            quality=Quality("BLEU", _FLORES, 12.1, "OPUS-MT evaluation"),
            worth="Readable Armenian with errors; check names and numbers before publishing.",
        ),
        ModelSpec(
            name="opus-mt-en-hy",
            task="translate",
            languages=("en", "hy"),
            source=HubSource(
                "Helsinki-NLP/opus-mt-en-hy", "2b0a113b0968e30d7c6d4eedfe58007fe50ad819"
            ),
            license="Apache-2.0",
            quality=Quality("BLEU", _FLORES, 7.8, "Mozilla's evaluation of translators"),
            worth="Poor Armenian: it loses 37.7 % of the numbers and drops parts of sentences.",
        ),
        ModelSpec(
            name="opus-mt-en-ru",
            task="translate",
            languages=("en", "ru"),
            source=HubSource(
                "Helsinki-NLP/opus-mt-en-ru", "13dd880734a16cbfb049690c7f53cb94705ca1d2"
            ),
            license="Apache-2.0",
            quality=Quality("BLEU", _FLORES, 25.5, "Mozilla's evaluation of translators"),
            worth="Usable Russian; edit before publishing.",
        ),
        ModelSpec(
            name="opus-mt-tc-big-en-zle",
            task="translate",
            languages=("en", "ru"),
            source=HubSource(
                "Helsinki-NLP/opus-mt-tc-big-en-zle", "708be1d372fe4c358a352f404e6dc9ca0126ba48"
            ),
            license="CC-BY-4.0",
            target_token=">>rus<<",
            quality=Quality("BLEU", _FLORES, 32.7, "OPUS-MT evaluation"),
            worth="Good Russian, close to the commercial services; edit before publishing.",
        ),
        ModelSpec(
            name="bundled-summarizer",
            task="summarize",
            languages=("en",),
            source=DirectorySource(bundled / "bundled-summarizer"),
            license="Apache-2.0",
            text_prefix="summarize: ",
            quality=Quality("ROUGE-1", "100 CNN/DailyMail articles", 38.4, _CARD),
            bundled=True,
            worth="A small summarizer (77 M parameters): it invents now and then, so check names "
            "and numbers.",
        ),
        ModelSpec(
            name="bundled-en-ru",
            task="translate",
            languages=("en", "ru"),
            source=DirectorySource(bundled / "bundled-en-ru"),
            license="CC-BY-4.0",
            quality=Quality("BLEU", "FLORES-200 dev", 17.5, _CARD),
            bundled=True,
            worth="The gist of news in real Russian (BLEU 17.5 where opus-mt-en-ru has about 25): "
            "endings are often wrong, and rare names are spelt by ear.",
        ),
        ModelSpec(
            name="bundled-en-hy",
            task="translate",
            languages=("en", "hy"),
            source=DirectorySource(bundled / "bundled-en-hy"),
            license="Apache-2.0",
            bundled=True,
            worth="A demonstration that only knows the few hundred words of a tiny grammar; "
            "on any other text its output is worthless.",
        ),
    ]


def bundled_directory() -> Path:
    """Returns where the models that ship lie: `model_cache/bundled` beside the package."""
    return Path(__file__).resolve().parents[2] / "model_cache" / "bundled"
