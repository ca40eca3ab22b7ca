"""Keeps what a bulk job has done: a JSONL file to which each item is written once.

A line is there whole or not at all: one that was torn when the process died is taken away at the
next start, and its item is done again. What is no output of a bulk job is not written to.
Knows nothing of how an item is done.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
from filelock import FileLock, Timeout

from service.bulk.items import BulkError, Flawed, Item

__all__ = ["Ledger"]

SYNC_EVERY = 100
"""Lines between two `fsync`: what may be done again after a loss of power. A process that dies
loses nothing that was written."""

BEGINNING = b'{"id":'
"""Of every line."""

FOREIGN = "is no output of a bulk job: take another output"


class Row(msgspec.Struct, frozen=True):
    """What is needed of a line to know its item again."""

    id: str | None = None
    line: int | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if (self.result is msgspec.UNSET) == (self.error is msgspec.UNSET):
            raise ValueError("it has not one of `result` and `error`")
        if self.id is None and self.line is None:
            raise ValueError("it has neither `id` nor `line`")

    @property
    def key(self) -> bytes:
        if self.id is None:
            return Flawed("", self.line).key
        return Item(self.id, "").key


class Ledger:
    """The output of one job, for one process at a time.

    Args:
        options: what decides the results. They are kept in a file beside the output, as is its
            lock: an output of which one half was made otherwise than the other is no output.

    Attributes:
        done: keys of the items that are in it.
        failed: how many of them have an error in place of a result.
    """

    def __init__(self, path: Path, options: Mapping[str, object]) -> None:
        self._path, self._options = path, options
        self._options_path = Path(f"{path}.options")
        self._lock = FileLock(f"{path}.lock")
        self._file = -1
        self._unsynced = 0
        self.done: set[bytes] = set()
        self.failed = 0

    def __enter__(self) -> "Ledger":
        """Takes the output, reads what is in it, and takes away a line that was torn.

        Raises:
            BulkError: another process works on it; it was begun with other options, or is no output
                of a bulk job; its folder is not there; or it cannot be written.
        """
        try:
            self._check_place()
            self._lock.acquire(blocking=False)
            self._check_options()
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._read()
        except Timeout as error:
            raise BulkError(f"{self._path}: another process writes to it") from error
        except OSError as error:
            raise BulkError(f"{error.filename or self._path}: {error.strerror}") from error
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
        self._lock.release()

    def write(self, item: Item | Flawed, outcome: Mapping[str, Any]) -> None:
        """Adds what an item came to.

        Raises:
            BulkError: it cannot be written; the item is not done then.
        """
        place = {} if item.line is None else {"line": item.line}
        line = msgspec.json.encode({"id": item.id, **place, **outcome}) + b"\n"
        try:
            while line:
                line = line[os.write(self._file, line) :]
            self._unsynced += 1
            if self._unsynced >= SYNC_EVERY:
                os.fsync(self._file)
                self._unsynced = 0
        except OSError as error:
            raise BulkError(f"{self._path}: {error.strerror}") from error
        self.done.add(item.key)
        self.failed += "error" in outcome

    def _check_place(self) -> None:
        """Leaves no trace, not even a lock, where an output must not be."""
        if not self._path.parent.is_dir():
            raise BulkError(f"{self._path}: there is no such folder")
        options = self._options_path.read_bytes() if self._options_path.exists() else b""
        if options and not options.startswith(b"{"):
            raise BulkError(f"{self._options_path} is not of a bulk job: take another output")
        if not self._path.exists():
            return
        if not self._path.is_file():
            raise BulkError(f"{self._path} is no regular file, which an output must be")
        if self._path.stat().st_size and not options:
            raise BulkError(f"{self._path} {FOREIGN} ({self._options_path} is not beside it)")

    def _check_options(self) -> None:
        now = msgspec.json.encode(self._options, order="sorted")
        if not (self._path.exists() and self._path.stat().st_size):
            _keep(self._options_path, now)
        elif (before := self._options_path.read_bytes()) != now:
            begun = before.decode(errors="replace")
            raise BulkError(
                f"{self._path} was begun with {begun}, not with {now.decode()}: "
                "take another output, or delete this one"
            )

    def _read(self) -> None:
        whole = 0
        with open(self._file, "rb", closefd=False) as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    self._check_torn(line, number)
                    break
                try:
                    row = msgspec.json.decode(line, type=Row)
                except msgspec.DecodeError as error:
                    raise BulkError(f"{self._path} {FOREIGN} (line {number}: {error})") from error
                self.done.add(row.key)
                self.failed += row.error is not msgspec.UNSET
                whole += len(line)
        os.ftruncate(self._file, whole)

    def _check_torn(self, line: bytes, number: int) -> None:
        """A loss of power may leave zeros where the rest of a line should be, or all of it."""
        begun = line.rstrip(b"\0")[: len(BEGINNING)]
        if not BEGINNING.startswith(begun):
            raise BulkError(f"{self._path} {FOREIGN} (line {number})")


def _keep(path: Path, content: bytes) -> None:
    """Writes it so that it outlives a loss of power: without it an output is nobody's."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
