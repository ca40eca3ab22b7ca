"""The rows that come with the service, and those of a user's file."""

import re
from pathlib import Path

import pytest

from service.errors import UnknownModel, UnsuitableModel, UnsupportedPair
from service.models.catalog import (
    PROFILES,
    ArchiveSource,
    DirectorySource,
    HubSource,
    Profile,
    Quality,
)
from service.models.catalog_file import CatalogError, load_catalog
from service.models.rows import builtin_rows

ROUTES = {
    "standard": {
        "summarize": ("distilbart-cnn-12-6",),
        "en-hy": ("opus-mt-eng-hyx", "opus-mt-en-hy"),
        "en-ru": ("opus-mt-tc-big-en-zle",),
    },
    "light": {
        "summarize": ("bundled-summarizer",),
        "en-hy": ("opus-mt-en-hy",),
        "en-ru": ("opus-mt-en-ru",),
    },
    "bundled": {
        "summarize": ("bundled-summarizer",),
        "en-hy": ("bundled-en-hy",),
        "en-ru": ("bundled-en-ru",),
    },
}

ROW = """
[models.mine]
task = "translate"
source = "en"
target = "fr"
license = "MIT"
"""


@pytest.fixture
def write(tmp_path: Path):
    def written(text: str) -> Path:
        path = tmp_path / "rows.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_routes_to_its_models(profile: Profile) -> None:
    catalog = load_catalog(profile)
    assert catalog.routes == ROUTES[profile]
    assert catalog.pairs() == [("en", "hy"), ("en", "ru")]
    for route, names in catalog.routes.items():
        assert all(catalog.named(name).route == route for name in names)


@pytest.mark.parametrize("spec", builtin_rows(), ids=lambda spec: spec.name)
def test_a_built_in_row_is_pinned_licensed_and_honest(spec) -> None:
    assert spec.license
    assert spec.worth.endswith(".")
    if isinstance(spec.source, HubSource):
        assert re.fullmatch(r"[0-9a-f]{40}", spec.revision)
        assert spec.repository == spec.source.repository
    if isinstance(spec.source, ArchiveSource):
        assert spec.source.url.startswith("https://")
    assert spec.bundled == spec.name.startswith("bundled-")


def test_what_is_not_there_is_said_with_what_is() -> None:
    catalog = load_catalog("bundled")
    with pytest.raises(UnknownModel, match="'gpt'; known: bundled-en-hy, "):
        catalog.summarizers("gpt")
    with pytest.raises(UnsupportedPair, match="en→fr; available: en→hy, en→ru"):
        catalog.translators("en", "fr")
    with pytest.raises(UnsuitableModel, match=r"bundled-en-hy does en→hy, .* asks for summarize"):
        catalog.summarizers("bundled-en-hy")
    with pytest.raises(UnsuitableModel, match=r"bundled-en-hy does en→hy, .* asks for en→ru"):
        catalog.translators("en", "ru", "bundled-en-hy")
    with pytest.raises(UnsuitableModel, match="does summarize"):
        catalog.translators("en", "ru", "bundled-summarizer")


def test_a_row_that_no_route_needs_can_be_named() -> None:
    [spec] = load_catalog("bundled").translators("en", "ru", "opus-mt-en-ru")
    assert spec.name == "opus-mt-en-ru"


def test_a_row_of_a_new_pair_is_routed_by_itself(write) -> None:
    path = write(ROW + 'directory = "sub/model"\n')
    catalog = load_catalog("bundled", path)
    assert catalog.routes["en-fr"] == ("mine",)
    source = catalog.named("mine").source
    assert source == DirectorySource((path.parent / "sub" / "model").resolve())
    assert catalog.named("mine").repository == "model"


def test_a_row_of_a_known_pair_waits_for_a_route(write) -> None:
    row = ROW.replace('"fr"', '"hy"') + 'directory = "m"\n'
    assert load_catalog("bundled", write(row)).routes["en-hy"] == ("bundled-en-hy",)
    routed = row + '[routes]\nen-hy = ["mine", "bundled-en-hy"]\n'
    assert load_catalog("bundled", write(routed)).routes["en-hy"] == ("mine", "bundled-en-hy")


def test_a_row_may_say_everything(write) -> None:
    path = write(
        ROW
        + """
hub = "org/model"
revision = "0123456789012345678901234567890123456789"
engine = "transformers"
quantization = "float32"
text_prefix = "translate: "
source_token = "eng_Latn"
target_token = "fra_Latn"
max_source_tokens = 100
max_target_tokens = 200
worth = "Good."
generation = { beam_size = 2, length_penalty = 0.5 }
quality = { metric = "BLEU", test_set = "t", value = 1.5, source = "s" }
"""
    )
    spec = load_catalog("bundled", path).named("mine")
    assert spec.source == HubSource("org/model", "0123456789012345678901234567890123456789")
    assert (spec.engine, spec.quantization) == ("transformers", "float32")
    assert (spec.text_prefix, spec.source_token, spec.target_token) == (
        "translate: ",
        "eng_Latn",
        "fra_Latn",
    )
    assert (spec.max_source_tokens, spec.max_target_tokens, spec.worth) == (100, 200, "Good.")
    assert dict(spec.generation) == {"beam_size": 2, "length_penalty": 0.5}
    assert spec.quality == Quality("BLEU", "t", 1.5, "s")


def test_an_archive_may_be_pinned(write) -> None:
    path = write(ROW + f'archive = "https://example.org/a.zip"\nsha256 = "{"a" * 64}"\n')
    spec = load_catalog("bundled", path).named("mine")
    assert spec.source == ArchiveSource("https://example.org/a.zip", "a" * 64)
    assert (spec.repository, spec.revision) == ("https://example.org/a.zip", "a" * 64)


def test_a_row_replaces_a_built_in_one(write) -> None:
    row = ROW.replace("models.mine", "models.opus-mt-en-hy").replace('"fr"', '"hy"')
    catalog = load_catalog("light", write(row + 'directory = "m"\n'))
    assert isinstance(catalog.named("opus-mt-en-hy").source, DirectorySource)
    assert catalog.routes["en-hy"] == ("opus-mt-en-hy",)


def test_a_row_that_serves_another_route_than_the_one_that_names_it_is_refused(write) -> None:
    """Otherwise `en-hy` would answer in French."""
    path = write(ROW.replace("models.mine", "models.opus-mt-en-hy") + 'directory = "m"\n')
    with pytest.raises(CatalogError, match="'opus-mt-en-hy', which serves en-fr"):
        load_catalog("light", path)
    routed = path.read_text() + '[routes]\nen-hy = ["bundled-en-hy"]\n'
    assert load_catalog("light", write(routed)).routes["en-fr"] == ("opus-mt-en-hy",)


@pytest.mark.parametrize("directory", ["~/models/mine", "/srv/models/mine"])
def test_a_directory_may_begin_at_home_or_at_the_root(write, directory: str) -> None:
    spec = load_catalog("bundled", write(ROW + f'directory = "{directory}"\n')).named("mine")
    assert spec.source == DirectorySource(Path(directory).expanduser().resolve())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[models", r"rows\.toml: "),
        ("[model.x]", "unknown field `model`"),
        (ROW + "directory = 1", r"Expected `str \| null`, got `int`.*directory"),
        (ROW + 'licence = "x"', "unknown field `licence`"),
        (ROW.replace("translate", "sing") + 'directory = "m"', "Invalid enum value 'sing'"),
        (ROW.replace('target = "fr"', "") + 'directory = "m"', "models.mine: .* source and target"),
        (ROW, "models.mine: give exactly one of hub, directory, archive"),
        (ROW + 'hub = "a/b"\ndirectory = "m"', "models.mine: give exactly one"),
        (ROW + 'hub = "a/b"', "models.mine: hub needs a revision"),
        (ROW + 'directory = "m"\ngeneration = { beams = 2 }', "models.mine: unknown generation"),
        (ROW + 'directory = "m"\n[routes]\nen-fr = ["you"]', "routes.en-fr names 'you'"),
        (ROW + 'directory = "m"\n[routes]\nen-hy = ["mine"]', "'mine', which serves en-fr"),
        (ROW + 'directory = "m"\n[routes]\nen-fr = []', "length >= 1"),
        (ROW + 'archive = "https://x"\nsha256 = "z"', "sha256"),
    ],
)
def test_a_mistake_names_the_file_and_what_is_wrong(write, text: str, message: str) -> None:
    path = write(text)
    with pytest.raises(CatalogError, match=message) as caught:
        load_catalog("bundled", path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"no\.toml.*No such file"):
        load_catalog("bundled", tmp_path / "no.toml")
