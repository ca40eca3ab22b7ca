"""Keeps what a bulk job has done: a JSONL file to which each item is written once.

A line is there whole or not at all: one that was torn when the process died is taken away at the
next start, and its item is done again. Knows nothing of how an item is done.
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


class Row(msgspec.Struct, frozen=True):
    """What is needed of a line to know its item again."""

    id: str | None = None
    line: int | None = None
    error: Any = None

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
        self._lock = FileLock(f"{path}.lock")
        self._file = -1
        self._unsynced = 0
        self.done: set[bytes] = set()
        self.failed = 0

    def __enter__(self) -> "Ledger":
        """Takes the output, reads what is in it, and takes away a line that was torn.

        Raises:
            BulkError: another process works on it; it was begun with other options, or is no output
                of a bulk job; or it cannot be written.
        """
        try:
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

    def _check_options(self) -> None:
        path = Path(f"{self._path}.options")
        now = msgspec.json.encode(self._options, order="sorted")
        if not (path.exists() and self._path.exists() and self._path.stat().st_size):
            path.write_bytes(now)
        elif (before := path.read_bytes()) != now:
            raise BulkError(
                f"{self._path} was begun with {before.decode()}, not with {now.decode()}: "
                "take another output, or delete this one"
            )

    def _read(self) -> None:
        whole = 0
        with open(self._file, "rb", closefd=False) as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                try:
                    row = msgspec.json.decode(line, type=Row)
                except msgspec.DecodeError as error:
                    raise BulkError(
                        f"{self._path}, line {number}: not of a bulk job: {error}"
                    ) from error
                self.done.add(row.key)
                self.failed += row.error is not None
                whole += len(line)
        os.ftruncate(self._file, whole)
