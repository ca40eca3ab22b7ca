"""Opens the page in Debian's Chromium, as its users do, and watches what the browser says of it.

Without a browser these tests are skipped, and say so; with BROWSER_TESTS=required they fail.
"""

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import TINY_CATALOG
from tests.server.conftest import FAULTS, Server
from tests.tinylang.grammar import articles

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

ARTICLE = articles(3, 1)[0].text

MAX_CHARACTERS = 5_000

PATIENCE_MS = 30_000


class Faulty(Server):
    """A server that is slow, or fails, on the words of `FAULTS`."""

    module = "tests.faulty"


Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def playwright() -> Iterator["Playwright"]:
    """Of a module, not of the session: while it runs, no other test can have an event loop."""
    missing = [str(CHROMIUM)] if not CHROMIUM.exists() else []
    missing += [name for name in ("playwright", "axe_playwright_python") if not find_spec(name)]
    if missing:
        reason = f"no browser to test the page in: {', '.join(missing)} missing"
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: "Playwright") -> Iterator["Browser"]:
    with playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as launched:
        yield launched


@pytest.fixture(scope="module")
def go_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file for which the service waits where a text says `Slowwell`."""
    return tmp_path_factory.mktemp("slow") / "go-on"


def environment(cache: Path) -> dict[str, str]:
    return {
        "LUR_CATALOG": str(TINY_CATALOG),
        "LUR_PROFILE": "bundled",
        "LUR_MODEL_CACHE": str(cache),
        "LUR_THREADS": "1",
        "LUR_OFFLINE": "1",
        "LUR_MAX_CHARACTERS": str(MAX_CHARACTERS),
    }


@pytest.fixture(scope="module")
def service(tiny_cache: Path, tiny_store: object, go_on: Path) -> Iterator[Server]:
    slow = {"FAULT_SLOW_UNTIL": str(go_on), "FAULT_SLOW_S": "60"}
    server = Faulty([], environment(tiny_cache) | FAULTS | slow)
    yield server
    server.kill()


@pytest.fixture
def open_page(browser: "Browser", service: Server) -> Iterator[Open]:
    """Opens the page in a context of its own; what the browser complains of fails the test."""
    opened: list[Page] = []
    complaints: list[str] = []

    def start(path: str = "/", url: str = service.url, **options: object) -> "Page":
        options.setdefault("locale", "en-GB")
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = browser.new_context(base_url=url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda request: _foreign(request.url, url, complaints))
        page.on("console", lambda message: _complaint(message.type, message.text, complaints))
        opened.append(page)
        page.goto(path)
        page.wait_for_selector("#run:not(:empty)")
        return page

    yield start
    for page in opened:
        page.context.close()
    assert complaints == []


def _foreign(url: str, own: str, complaints: list[str]) -> None:
    if not url.startswith((f"{own}/", "data:", "blob:")):
        complaints.append(f"asked another server: {url}")


def _complaint(kind: str, text: str, complaints: list[str]) -> None:
    """A refused request is what a test wants; scripts and styles that are refused are not."""
    if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
        complaints.append(text)


@pytest.fixture
def page(open_page: Open) -> "Page":
    return open_page()
