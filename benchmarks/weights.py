"""Makes the same weights ready for every contender, once, below `benchmarks/.cache`.

Lur converts a checkpoint itself (`lur pull`, into a model cache of the benchmark's own); the others
get CTranslate2's plain conversion, and LibreTranslate that one as an Argos package. Must not know:
what is measured.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["CACHE", "Lur", "Row", "argos_packages", "plain_conversion"]

CACHE = Path(__file__).parent / ".cache"
QUANTIZATION = "int8"


@dataclass(frozen=True, slots=True)
class Row:
    """A model of Lur's catalog.

    Attributes:
        name: in the catalog.
        checkpoint: its directory.
        task: what it does.
        target: the language of its translations, from English.
        target_token: what a model of several targets wants before the source.
        patience: of the beam search; none for the checkpoint's own. Every other contender's is 1:
            with random weights a beam that was refused its end does not seek another, so that more
            patience would only measure how far it then runs.
    """

    name: str
    checkpoint: Path
    task: Literal["translate", "summarize"] = "translate"
    target: str = "ru"
    target_token: str | None = None
    patience: float | None = 1.0


class Lur:
    """Lur's own files: a catalog of `rows` and a model cache below `root`."""

    def __init__(self, root: Path, rows: Sequence[Row]) -> None:
        self._root, self._rows = root.resolve(), rows
        self._root.mkdir(parents=True, exist_ok=True)
        (self._root / "catalog.toml").write_text(_catalog(rows), encoding="utf-8")

    def environment(self, **settings: object) -> dict[str, str]:
        """Returns the environment of a server or command; `settings` by their field's name."""
        chosen = {f"LUR_{name.upper()}": str(value) for name, value in settings.items()}
        return {
            "LUR_CATALOG": str(self._root / "catalog.toml"),
            "LUR_MODEL_CACHE": str(self._root / "models"),
            "LUR_OFFLINE": "1",
            "LUR_LOG_LEVEL": "warning",
        } | chosen

    def convert(self) -> None:
        """Converts what is not converted yet.

        Raises:
            subprocess.CalledProcessError: a checkpoint does not become a model.
        """
        command = [sys.executable, "-m", "service.cli", "pull", *(row.name for row in self._rows)]
        subprocess.run(command, check=True, env=_environment(self.environment()))

    def directory(self, name: str) -> Path:
        """Returns the directory that Lur serves the model of that name from."""
        found = sorted((self._root / "models" / "ct2").glob(f"{name}@*-{QUANTIZATION}"))
        assert len(found) == 1, f"{found}: remove all but the one that the checkpoint is in"
        return found[0]


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("LUR_")} | dict(own)


def _catalog(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        languages = {"language": "en"}
        if row.task == "translate":
            languages = {"source": "en", "target": row.target}
            if row.target_token:
                languages["target_token"] = row.target_token
        fields = {
            "task": row.task,
            "directory": str(row.checkpoint.resolve()),
            "license": "CC0-1.0",
            **languages,
        }
        lines += [f"[models.{row.name}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
        lines += [f"generation = {{ patience = {row.patience} }}"] if row.patience else []
    routes: dict[str, list[str]] = {}
    for row in rows:
        route = f"en-{row.target}" if row.task == "translate" else "summarize"
        routes.setdefault(route, []).append(row.name)
    lines += ["[routes]", *(f"{route} = {json.dumps(names)}" for route, names in routes.items())]
    return "\n".join(lines) + "\n"


def plain_conversion(checkpoint: Path, root: Path) -> Path:
    """Returns the directory of CTranslate2's own conversion, with the SentencePiece models.

    Made in a child process, where torch lives and dies.

    Raises:
        subprocess.CalledProcessError: CTranslate2 does not convert it.
    """
    target = root / checkpoint.name
    if not target.exists():
        draft = target.with_name(f".{target.name}")
        shutil.rmtree(draft, ignore_errors=True)
        root.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.weights", str(checkpoint), str(draft)]
        subprocess.run(command, check=True)
        draft.rename(target)
    return target


def _convert(checkpoint: Path, target: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    files = [file.name for file in checkpoint.glob("*.spm")]
    TransformersConverter(str(checkpoint), copy_files=files).convert(
        str(target), quantization=QUANTIZATION
    )


def argos_packages(plain: Path, root: Path, target: str) -> Path:
    """Returns a directory of Argos packages with one in it, made of a plain conversion.

    Argos itself adds no `</s>` to a source, so the model's configuration asks the library for it.
    """
    package = root / f"{plain.name}-{target}" / f"en_{target}"
    if not package.exists():
        draft = package.with_name(f".{package.name}")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(plain, draft / "model")
        shutil.copy(plain / "source.spm", draft / "sentencepiece.model")
        # Argos has one SentencePiece model for both sides; here it also joins the target's pieces.
        configuration = json.loads((draft / "model" / "config.json").read_text())
        configuration["add_source_eos"] = True
        (draft / "model" / "config.json").write_text(json.dumps(configuration))
        names = {"from_code": "en", "from_name": "English", "to_code": target, "to_name": target}
        metadata = {"package_version": "1.0", "argos_version": "1.9", **names}
        (draft / "metadata.json").write_text(json.dumps(metadata))
        draft.rename(package)
    return package.parent


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Converts a checkpoint with CTranslate2 alone.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    _convert(given.checkpoint, given.target)
