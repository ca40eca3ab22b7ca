"""Writes the small files of a checkpoint. Must not know what is in them."""

import json
from pathlib import Path

__all__ = ["write_json"]


def write_json(path: Path, content: object) -> None:
    """Writes one JSON document, UTF-8, with a line feed at its end."""
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
