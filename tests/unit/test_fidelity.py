"""What an operator chooses about faithful text, read when the service starts."""

from pathlib import Path

import pytest

from service.core import build_core
from service.settings import Settings, SettingsError
from service.text.glossary import Glossary


def built(**choices: object) -> object:
    return build_core(Settings(profile="bundled", offline=True, **choices))  # type: ignore[arg-type]


@pytest.fixture
def glossaries(tmp_path: Path) -> Path:
    (tmp_path / "en-hy.tsv").write_text("Artsakh\tԱրցախ\tԼեռնային Ղարաբաղ\n# a comment\n", "utf-8")
    return tmp_path


def test_a_glossary_is_read_for_its_pair(glossaries: Path) -> None:
    fidelity = built(glossary=glossaries).translator._fidelity  # type: ignore[attr-defined]
    assert fidelity.glossaries == {"en-hy": Glossary.of({"Artsakh": ["Արցախ", "Լեռնային Ղարաբաղ"]})}


def test_a_wrong_line_is_named_by_file_and_number(glossaries: Path) -> None:
    (glossaries / "en-ru.tsv").write_text("Yerevan\tЕреван\nBaku\n", "utf-8")
    with pytest.raises(SettingsError, match=r"en-ru\.tsv, line 2"):
        built(glossary=glossaries)


def test_a_glossary_of_a_pair_that_nothing_translates_is_refused(glossaries: Path) -> None:
    (glossaries / "en-xx.tsv").write_text("a\tb\n", "utf-8")
    with pytest.raises(SettingsError, match="no model translates en-xx"):
        built(glossary=glossaries)


def test_a_directory_without_glossaries_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"holds no file like en-hy\.tsv"):
        built(glossary=tmp_path)


def test_a_glossary_in_another_encoding_is_refused(glossaries: Path) -> None:
    (glossaries / "en-hy.tsv").write_bytes(b"Artsakh\t\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"en-hy\.tsv"):
        built(glossary=glossaries)


def test_an_unknown_typographic_rule_is_named() -> None:
    with pytest.raises(SettingsError, match=r"LUR_TYPOGRAPHY.*hy-nothing"):
        built(typography=("-hy-nothing",))


def test_rules_and_tries_reach_the_translator() -> None:
    core = built(typography=("-hy-yev",), repair_tries=1)
    fidelity = core.translator._fidelity  # type: ignore[attr-defined]
    assert not fidelity.typography.applies("hy-yev")
    assert fidelity.extra_tries == 1
