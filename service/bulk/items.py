"""Reads what a bulk job is about: a folder of texts, or JSONL; and says whose part of it is whose.

Reads one item at a time, so that an archive may be larger than memory. Knows nothing of what is
done with a text.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from service.text.characters import is_unicode

__all__ = ["BulkError", "Flawed", "Item", "Shard", "is_read", "items"]

ENDING = ".txt"
"""Of the files in a folder that are texts."""

KEY_BYTES = 16
"""Two of 10^12 items share a digest of 128 bits with a probability below 10^-14."""


class BulkError(Exception):
    """A bulk job cannot be begun or go on: one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Item:
    """One text. `line` counts from 1; None in a folder."""

    id: str
    text: str
    line: int | None = None

    @property
    def key(self) -> bytes:
        """What it is known by; items of equal ids have equal keys."""
        return _digest(f"id {self.id}")


@dataclass(frozen=True, slots=True)
class Flawed:
    """What should be an item and is none: a line, or a file by its id; and why it is none."""

    reason: str
    line: int | None = None
    id: str | None = None

    @property
    def key(self) -> bytes:
        """What it is known by: its place, for it may have no id, or that of another."""
        return _digest(f"line {self.line}" if self.id is None else f"id {self.id}")


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of all items that is worked on here: `index` of 0 to `count` - 1."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Reads `3/16`.

        Raises:
            BulkError: it is not of that form.
        """
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal() and int(index) < int(count)):
            raise BulkError(
                f"--shard {text}: it is INDEX/COUNT, the index from 0 to COUNT - 1 (0/16 to 15/16)"
            )
        return cls(int(index), int(count))

    def has(self, key: bytes) -> bool:
        """Tells whether the item with this key is of this part, whatever else there is."""
        return int.from_bytes(key) % self.count == self.index


def is_read(source: Path, path: Path) -> bool:
    """Tells whether `path` is, or would be once it is there, among the files that `items` reads."""
    if os.path.isdir(source):
        return path.name.endswith(ENDING) and path.resolve().is_relative_to(source.resolve())
    return os.path.exists(source) and os.path.exists(path) and path.samefile(source)


def items(source: Path) -> Iterator[Item | Flawed]:
    """Yields what a folder or a JSONL file holds, in order; blank lines are nothing.

    A folder's items are its `.txt` files, those in its folders too, by their path in it; one that
    cannot be read is flawed, as is a folder in it. A line is an object with `id` (a string or a
    whole number) and `text`.

    Raises:
        BulkError: there is no such folder or file, or it cannot be read.
    """
    try:
        yield from _files(source) if source.is_dir() else _lines(source)
    except OSError as error:
        raise BulkError(f"{error.filename or source}: {error.strerror}") from error


def _files(folder: Path) -> Iterator[Item | Flawed]:
    unread: list[OSError] = []
    found = [
        Path(place, name)
        for place, _, names in os.walk(folder, onerror=unread.append)
        for name in names
        if name.endswith(ENDING)
    ]
    for error in unread:
        if Path(error.filename) == folder:
            raise error
        yield Flawed(str(error.strerror), id=_name(folder, Path(error.filename)) + "/")
    for path in sorted(found):
        yield _file(path, _name(folder, path))


def _file(path: Path, name: str) -> Item | Flawed:
    try:
        if path.exists() and not path.is_file():
            return Flawed("no regular file", id=name)
        return Item(name, path.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Flawed(f"not UTF-8: byte {error.object[error.start]:#04x}", id=name)
    except OSError as error:
        return Flawed(str(error.strerror), id=name)


def _name(folder: Path, path: Path) -> str:
    """A path may hold bytes that are no UTF-8; an id is a text."""
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")


def _lines(path: Path) -> Iterator[Item | Flawed]:
    seen: dict[bytes, int] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            found = _item(line, number)
            if isinstance(found, Item):
                first = seen.setdefault(found.key, number)
                if first != number:
                    found = Flawed(f"its id is that of line {first} too", number)
            yield found


def _item(line: bytes, number: int) -> Item | Flawed:
    try:
        row = json.loads(line.removeprefix(b"\xef\xbb\xbf").decode())
    except UnicodeDecodeError as error:
        return Flawed(f"not UTF-8: byte {error.object[error.start]:#04x}", number)
    except (ValueError, RecursionError):
        return Flawed("not JSON", number)
    if not isinstance(row, dict):
        return Flawed("not a JSON object", number)
    name, text = row.get("id"), row.get("text")
    if isinstance(name, bool) or not isinstance(name, str | int):
        return Flawed("no `id` that is a string or a whole number", number)
    if not isinstance(text, str):
        return Flawed("no `text` that is a string", number)
    if not is_unicode(f"{name}{text}"):
        return Flawed("halves of characters (lone surrogates), which are no text", number)
    return Item(str(name), text, number)


def _digest(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=KEY_BYTES).digest()
