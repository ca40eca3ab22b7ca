"""Shows how far models are, and asks the core while they load."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from service.core import Core
from service.models.store import Progress
from service.tasks.told import Begun, ChunksRead, Event, SegmentDone, SentenceDone, Told

__all__ = [
    "Bar",
    "clear_line",
    "how_far",
    "progress_of",
    "run_with",
    "show_bar",
    "show_count",
    "show_line",
]

LONG_CHARACTERS = 2000
"""A text of so many is some fifteen sentences: long enough to want to see how far it is."""

BAR_CHARACTERS = 24

T = TypeVar("T")


def run_with(core: Core, ask: Callable[[Core], Coroutine[Any, Any, T]]) -> T:
    """Asks the core, and shows how far the models are while it waits for them."""

    async def run() -> T:
        async with core.running():
            watching = asyncio.create_task(_watch(core))
            try:
                return await ask(core)
            finally:
                watching.cancel()
                clear_line()

    return asyncio.run(run())


async def _watch(core: Core) -> None:
    """Keeps one line on a terminal; nothing where standard error is no terminal."""
    shown = ""
    while sys.stderr.isatty():
        busy = [
            how_far(status.spec.name, status.state, status.progress)
            for status in map(core.registry.status, core.catalog.specs.values())
            if status.state in ("downloading", "converting", "loading")
        ]
        line = ", ".join(busy)
        if line != shown:
            show_line(line)
            shown = line
        await asyncio.sleep(0.2)


def clear_line() -> None:
    """Takes away what was shown on the line of a terminal."""
    show_line("")


def how_far(model: str, state: str, progress: float | None) -> str:
    """Says how far a model is."""
    return f"{model}: {state}" + ("" if progress is None else f" {progress:.0%}")


def progress_of(characters: int) -> Told | None:
    """Returns what shows on a terminal how far the work on a text is; None if it is soon done."""
    if characters < LONG_CHARACTERS or not sys.stderr.isatty():
        return None
    return _Steps().hear


class _Steps:
    """One line for what a request tells: the article's chunks, then the segments of all targets."""

    def __init__(self) -> None:
        self._expected: dict[str, int] = {}
        self._done = 0

    def hear(self, event: Event) -> None:
        match event:
            case ChunksRead(done, chunks):
                show_bar("reading", done, chunks)
                return
            case Begun(target, segments):
                self._expected[target] = segments
            case SegmentDone():
                self._done += 1
            case SentenceDone(target=str()):
                self._done += 1
            case _:
                return
        show_bar("translating", self._done, sum(self._expected.values()))


def show_bar(label: str, done: int, total: int) -> None:
    """Shows on a terminal how far a work is."""
    full = BAR_CHARACTERS * done // max(1, total)
    bar = "#" * full + "-" * (BAR_CHARACTERS - full)
    show_line(f"{label}  [{bar}]  {done}/{total}")


def show_count(name: str, done: int, total: int) -> None:
    """Shows on a terminal how far an evaluation or a measurement is."""
    show_line(f"{name}: {done}/{total}")


def show_line(text: str) -> None:
    """Shows a line on a terminal, in place of the one before."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[2K{text}", err=True, nl=False)


class Bar:
    """A progress bar that follows the store: one for the download, one for the conversion."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._state = ""
        self._bar: Any = None

    def __enter__(self) -> "Bar":
        return self

    def show(self, progress: Progress) -> None:
        label = f"{self._name}: {progress.state}"
        if progress.state != self._state:
            self._finish()
            self._state = progress.state
            if not progress.total_bytes:
                click.echo(label, err=True)
        if self._bar is None and progress.total_bytes:  # the size may be known only later
            self._bar = click.progressbar(
                length=progress.total_bytes, label=label, file=sys.stderr, update_min_steps=1
            )
            self._bar.__enter__()
        if self._bar is not None and progress.total_bytes:
            self._bar.update(progress.done_bytes - self._bar.pos)

    def _finish(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        self._bar = None

    def __exit__(self, *_: object) -> None:
        self._finish()
