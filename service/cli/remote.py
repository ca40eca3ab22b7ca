"""The commands' work done by a service elsewhere: `--server URL`, or LUR_SERVER.

Knows the client; what its answers look like on paper is the same as without a server.
"""

import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from service.cli.progress import clear_line, how_far, show_bar, show_line

if TYPE_CHECKING:
    from service.answers import SummarizeResponse, TranslateResponse
    from service.client import Lur

__all__ = ["elsewhere", "lur_of", "patiently", "summary_of", "translation_of"]

PATIENCE_S = 30.0
"""How long a command waits for a service that is busy; people look at it."""

NOT_READY = "urn:lur:problem:model-not-ready"
"""For a model that is on its way a command waits as long as it would without a server."""

T = TypeVar("T")


def elsewhere(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the flags that name a service to do the work."""
    server = click.option(
        "--server",
        envvar="LUR_SERVER",
        show_envvar=True,
        help="let the service at this URL do it; flags of models and rules are its own business",
    )
    key = click.option(
        "--key",
        envvar="LUR_KEY",
        show_envvar=True,
        help="for --server; flags can be seen by others",
    )
    return server(key(command))


@contextmanager
def lur_of(server: str, key: str | None, flags: dict[str, object]) -> Generator["Lur"]:
    """Gives a client; what it cannot do is one line for the user.

    Raises:
        click.UsageError: a flag was given that only has a meaning without a server; or the address
            or the key is none.
        click.ClickException: the service says no, or says nothing.
    """
    import httpx2

    from service.client import Lur, LurError

    if idle := sorted(name for name, value in flags.items() if value is not None):
        named = ", ".join("--" + name.replace("_", "-") for name in idle)
        raise click.UsageError(f"{named}: of no use with --server, which has its own")
    if key and not (key.isascii() and key.isprintable()):
        raise click.UsageError("--key: a key is of printable ASCII characters, which this is not")
    try:
        with Lur(server, key, patience_s=PATIENCE_S) as lur:
            yield lur
    except httpx2.InvalidURL as error:
        raise click.UsageError(f"--server {server}: {error}") from error
    except LurError as error:
        where = "" if error.status else f"{server}: "
        raise click.ClickException(where + error.detail) from error
    finally:
        clear_line()


def summary_of(lur: "Lur", text: str, options: Any) -> "SummarizeResponse":
    """Returns the answer; shows on a terminal what the service tells meanwhile."""
    from service.answers import SummarizeResponse

    def show(event: Any) -> None:
        show_line(f"sentence {event.index + 1}" + (f" in {event.target}" if event.target else ""))

    return _last(lambda: lur.stream_summarize(text, **options), SummarizeResponse, show)


def translation_of(
    lur: "Lur", text: str, targets: tuple[str, ...], options: Any
) -> "TranslateResponse":
    """Returns the answer; shows on a terminal what the service tells meanwhile."""
    from service.answers import TranslateResponse

    done: dict[str, int] = {}

    def show(event: Any) -> None:
        done[event.target] = event.source.end
        show_bar("translating", sum(done.values()), len(text) * len(targets))

    return _last(lambda: lur.stream_translate(text, targets, **options), TranslateResponse, show)


def patiently(ask: Callable[[], T]) -> T:
    """Asks again while a model is on its way, as long as that takes."""
    from service.client import LurError

    while True:
        try:
            return ask()
        except LurError as error:
            if error.type != NOT_READY:
                raise
            time.sleep(error.retry_after_s or 1.0)


def _last(ask: Callable[[], Any], kind: type[T], show: Callable[[Any], None]) -> T:
    def follow() -> T:
        with closing(ask()) as events:
            return _followed(events, kind, show)

    return patiently(follow)


def _followed(events: Any, kind: type[T], show: Callable[[Any], None]) -> T:
    from service.answers import ModelEvent

    for event in events:
        if isinstance(event, kind):
            return event
        if isinstance(event, ModelEvent):
            show_line(how_far(event.name, event.state, event.progress))
        else:
            show(event)
    raise AssertionError("a stream ends with its result, or raises")
