"""Reads what is evaluated: files of lines, and rows of articles with their summaries.

Knows files and what can be wrong with them; nothing of scores, checks or models.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.text.characters import is_unicode

__all__ = ["EvaluationError", "Row", "check_lengths", "read_lines", "read_rows", "read_summaries"]

ARTICLE = ("article", "text", "document")
SUMMARY = ("summary", "highlights", "abstract")
OUTPUT = ("output", *SUMMARY)
"""What the fields are called in the data sets that people have: the first that a row has counts."""


class EvaluationError(Exception):
    """The evaluation cannot be done: one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Row:
    """An article and the summary that a person wrote; `line` counts from 1."""

    line: int
    article: str
    summary: str


def read_lines(path: Path) -> list[str]:
    r"""Returns the lines of a UTF-8 file; only `\n` and `\r\n` end one.

    Raises:
        EvaluationError: the file cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"{path}: {error.strerror}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise EvaluationError(
            f"{path} is not UTF-8 text: byte {content[error.start]:#04x} in line {line}"
        ) from error
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def check_lengths(first: Path, lines: Sequence[object], other: Path, others: Sequence[str]) -> None:
    """Raises `EvaluationError` where the files do not pair up line by line."""
    if len(lines) != len(others):
        raise EvaluationError(
            f"{first} has {len(lines)} lines, {other} has {len(others)}: "
            "each line of one belongs to the same line of the other"
        )


def read_rows(path: Path) -> list[Row]:
    """Returns the rows of a JSONL file, blank lines left out.

    Raises:
        EvaluationError: as `read_lines`; a line is no JSON object; a row has no article or no
            summary; there is no row at all.
    """
    rows = [
        Row(line, _field(row, ARTICLE, path, line), _field(row, SUMMARY, path, line))
        for line, row in _objects(path)
    ]
    if not rows:
        raise EvaluationError(f"{path} has no rows")
    return rows


def read_summaries(path: Path) -> list[str]:
    """Returns summaries: one a line, or those in the rows of a file that is called `*.jsonl`.

    Raises:
        EvaluationError: as `read_lines` and `read_rows`.
    """
    if path.suffix != ".jsonl":
        return read_lines(path)
    return [_field(row, OUTPUT, path, line, empty=True) for line, row in _objects(path)]


def _objects(path: Path) -> list[tuple[int, dict[str, object]]]:
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise EvaluationError(f"{path}, line {number}: not JSON") from error
        if not isinstance(row, dict):
            raise EvaluationError(f"{path}, line {number}: not a JSON object")
        found.append((number, row))
    return found


def _field(
    row: dict[str, object], names: Sequence[str], path: Path, line: int, *, empty: bool = False
) -> str:
    name = next((name for name in names if name in row), None)
    if name is None:
        raise EvaluationError(
            f"{path}, line {line}: no field {' or '.join(map(repr, names))}; "
            f"it has {', '.join(map(repr, row)) or 'none'}"
        )
    text = row[name]
    if not isinstance(text, str) or not (empty or text.strip()) or not is_unicode(text):
        raise EvaluationError(f"{path}, line {line}: field {name!r} is no text")
    return text
