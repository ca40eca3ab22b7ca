"""Mistakes in a user's file end as a `CatalogError` that says where, never as a traceback."""

from pathlib import Path

import pytest

from service.models.catalog import Catalog, HubSource
from service.models.catalog_file import CatalogError, load_catalog

HASH = "0123456789" * 4


class UserFile:
    """A catalog file in a directory of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, text: str) -> Catalog:
        self.path.write_text(text, encoding="utf-8")
        return load_catalog("bundled", self.path)

    def fault(self, text: str) -> str:
        with pytest.raises(CatalogError) as caught:
            self.load(text)
        return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> UserFile:
    return UserFile(tmp_path / "mine.toml")


def row(name: str = "mine", **changes: str | None) -> str:
    """A translator's table, as TOML; None leaves a key out."""
    keys = {
        "task": '"translate"',
        "source": '"en"',
        "target": '"fr"',
        "license": '"MIT"',
        "directory": '"m"',
    }
    said = (keys | changes).items()
    return "".join([f"[models.{name}]\n", *(f"{k} = {v}\n" for k, v in said if v is not None)])


class TestMistakes:
    @pytest.mark.parametrize(
        ("changes", "key"),
        [
            ({"license": None}, "license"),
            ({"license": '""'}, "license"),
            ({"task": '"sing"'}, "task"),
            ({"directory": "1"}, "directory"),
            ({"engine": '"onnx"'}, "engine"),
            ({"quantization": '"int4"'}, "quantization"),
            ({"max_source_tokens": "0"}, "max_source_tokens"),
            ({"generation": '{ beam_size = "two" }'}, "generation"),
            ({"quality": '{ metric = "BLEU" }'}, "quality"),
            ({"licence": '"MIT"'}, "licence"),
            ({"language": '"en"'}, "language means nothing"),
            ({"revision": f'"{HASH}"'}, "revision means nothing"),
            ({"sha256": f'"{HASH}{HASH[:24]}"'}, "sha256 means nothing"),
            (
                {
                    "quality": '{ metric = "BLEU", test_set = "x", value = 1, source = "y", '
                    'sauce = "z" }'
                },
                "sauce",
            ),
            ({"directory": None, "hub": '"a/b"', "revision": '"main"'}, "revision"),
            ({"directory": None, "archive": '"https://x"', "sha256": '"z"'}, "sha256"),
        ],
        ids=str,
    )
    def test_the_file_the_row_and_the_key_are_named(
        self, file: UserFile, changes: dict[str, str | None], key: str
    ) -> None:
        fault = file.fault(row("good") + row("bad", **changes))
        assert fault.startswith(f"{file.path}: models.bad: ")
        assert key in fault

    @pytest.mark.parametrize("revision", ["main", "0123456", HASH + "0", HASH.replace("0", "G")])
    def test_a_revision_that_can_move_is_no_pin(self, file: UserFile, revision: str) -> None:
        """The files of a branch change under the name they are kept by."""
        fault = file.fault(row(directory=None, hub='"a/b"', revision=f'"{revision}"'))
        assert "models.mine" in fault
        assert "revision" in fault

    def test_a_full_commit_hash_is_one(self, file: UserFile) -> None:
        catalog = file.load(row(directory=None, hub='"a/b"', revision=f'"{HASH}"'))
        assert catalog.named("mine").source == HubSource("a/b", HASH)

    @pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
    def test_a_count_that_is_no_number_is_refused(self, file: UserFile, value: str) -> None:
        fault = file.fault(row(generation=f"{{ beam_size = {value} }}"))
        assert fault.startswith(f"{file.path}: models.mine: cannot convert float")

    def test_the_home_of_nobody_is_refused(self, file: UserFile) -> None:
        fault = file.fault(row(directory='"~nobody-of-that-name/m"'))
        assert fault.startswith(f"{file.path}: models.mine: directory '~nobody-of-that-name/m'")

    @pytest.mark.parametrize(
        "sources",
        [
            {"directory": None},
            {"hub": '"a/b"', "revision": f'"{HASH}"'},
            {"archive": '"https://x"'},
            {"directory": None, "hub": '"a/b"', "archive": '"https://x"'},
        ],
        ids=str,
    )
    def test_a_row_has_one_source(self, file: UserFile, sources: dict[str, str | None]) -> None:
        assert "models.mine: give exactly one of hub, directory, archive" in file.fault(
            row(**sources)
        )

    def test_a_summarizer_needs_its_language(self, file: UserFile) -> None:
        fault = file.fault(row(task='"summarize"', source=None, target=None))
        assert fault.endswith("models.mine: a row with task 'summarize' needs language")

    @pytest.mark.parametrize("table", ["models = 1", "[models]\nmine = 1", "[models.'']\ntask = 1"])
    def test_what_is_no_row_is_refused(self, file: UserFile, table: str) -> None:
        fault = file.fault(table)
        assert str(file.path) in fault
        assert "models" in fault

    def test_bytes_that_are_no_text_are_refused(self, file: UserFile) -> None:
        file.path.write_bytes(b'[models.mine]\nlicense = "\xff"\n')
        with pytest.raises(CatalogError, match=r"mine\.toml: 'utf-8' codec can't decode"):
            load_catalog("bundled", file.path)

    @pytest.mark.parametrize("route", ["summarise", "en", "en-fr-de", "fr-en"])
    def test_a_route_of_that_name_must_be_what_its_rows_serve(
        self, file: UserFile, route: str
    ) -> None:
        fault = file.fault(row() + f'[routes]\n{route} = ["mine"]\n')
        assert fault == f"{file.path}: routes.{route} names 'mine', which serves en-fr"


class TestRoutes:
    def test_the_first_row_of_a_new_pair_is_its_route_and_the_next_can_be_named(
        self, file: UserFile
    ) -> None:
        catalog = file.load(row("first") + row("second"))
        assert [spec.name for spec in catalog.translators("en", "fr")] == ["first"]
        assert [spec.name for spec in catalog.translators("en", "fr", "second")] == ["second"]
        assert catalog.pairs() == [("en", "fr"), ("en", "hy"), ("en", "ru")]

    def test_spares_are_tried_in_the_order_of_the_file(self, file: UserFile) -> None:
        names = '"second", "first"'
        catalog = file.load(row("first") + row("second") + f"[routes]\nen-fr = [{names}]\n")
        assert [spec.name for spec in catalog.translators("en", "fr")] == ["second", "first"]

    def test_a_summarizer_of_ones_own_takes_the_route_only_where_the_file_says_so(
        self, file: UserFile
    ) -> None:
        mine = row(task='"summarize"', language='"en"', source=None, target=None)
        assert [s.name for s in file.load(mine).summarizers()] == ["bundled-summarizer"]
        routed = mine + '[routes]\nsummarize = ["mine", "bundled-summarizer"]\n'
        catalog = file.load(routed)
        assert [s.name for s in catalog.summarizers()] == ["mine", "bundled-summarizer"]

    def test_routed_rows_come_once_and_in_route_order(self, file: UserFile) -> None:
        catalog = file.load(row("unused", target='"hy"') + row())
        assert [spec.name for spec in catalog.routed()] == [
            "bundled-summarizer",
            "bundled-en-hy",
            "bundled-en-ru",
            "mine",
        ]

    def test_a_users_row_is_never_taken_for_one_that_ships(self, file: UserFile) -> None:
        catalog = file.load(row("bundled-en-hy", target='"hy"'))
        assert not catalog.named("bundled-en-hy").bundled

    def test_rows_and_routes_cannot_be_changed_afterwards(self, file: UserFile) -> None:
        catalog = file.load(row(generation="{ beam_size = 2 }"))
        for mapping in (catalog.specs, catalog.routes, catalog.named("mine").generation):
            with pytest.raises(TypeError):
                mapping["beam_size"] = 3  # type: ignore[index]


class TestPins:
    def test_a_directory_has_no_revision(self, file: UserFile) -> None:
        spec = file.load(row()).named("mine")
        assert (spec.repository, spec.revision) == ("m", "")

    def test_an_archive_without_a_hash_has_no_revision(self, file: UserFile) -> None:
        spec = file.load(row(directory=None, archive='"https://x/a.zip"')).named("mine")
        assert (spec.repository, spec.revision) == ("https://x/a.zip", "")

    def test_a_summarizer_can_be_named(self, file: UserFile) -> None:
        mine = row(task='"summarize"', language='"en"', source=None, target=None)
        assert [s.name for s in file.load(mine).summarizers("mine")] == ["mine"]
