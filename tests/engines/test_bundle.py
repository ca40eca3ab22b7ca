"""How the models that ship are made."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from service.models import bundle, rows
from service.models.catalog import DirectorySource
from service.models.manifest import faults, read_manifest

TINY = Path(__file__).parents[1] / "tinylang" / "checkpoints" / "opus-mt-tiny-en-hy"


def test_a_bundled_model_is_made_in_its_place_and_keeps_its_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rows, "bundled_directory", lambda: tmp_path)
    card = tmp_path / "bundled-en-hy" / "README.md"
    card.parent.mkdir()
    card.write_text("card")
    monkeypatch.setattr("sys.argv", ["bundle", "bundled-en-hy", str(TINY)])
    bundle.main()
    assert capsys.readouterr().out == f"{card.parent}\n"
    manifest = read_manifest(card.parent)
    assert manifest is not None
    assert faults(card.parent, manifest) == ()
    assert card.read_text() == "card"


def test_the_bundled_models_are_those_of_the_checkpoints_and_intact() -> None:
    for spec in rows.builtin_rows():
        if spec.bundled:
            assert isinstance(spec.source, DirectorySource)
            manifest = read_manifest(spec.source.path)
            assert manifest is not None
            assert faults(spec.source.path, manifest) == ()
            assert (spec.source.path / "README.md").exists()
