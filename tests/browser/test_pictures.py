"""Takes the pictures of the README, with PICTURES=docs/images or wherever they shall go.

All that is in them came out of the models that ship; what is translated is in the tiny language
that the translator into Armenian knows.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from service.demo import SAMPLE
from tests.browser.test_work import summarize, translate
from tests.server.conftest import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MAX_BYTES = 200_000
WANTED = os.environ.get("PICTURES")
ARTICLE = """The energy minister of Greece opened a new factory in Beijing on Sunday. A storm \
destroyed 85 factories in Geneva on December 17. The president of Armenia invited the health \
minister of Canada to Yerevan on November 7.

Finance Minister Robert Costa promised to build 6 hospitals by 2050 on Thursday. The exports of \
Armenia rose by 13 percent in 2020."""

pytestmark = pytest.mark.skipif(not WANTED, reason="PICTURES does not ask for pictures")


@pytest.fixture(scope="module")
def demonstration() -> Iterator[Server]:
    server = Server([], {"LUR_PROFILE": "bundled", "LUR_OFFLINE": "1"})
    yield server
    server.kill()


@pytest.mark.parametrize(
    ("name", "theme", "locale", "width", "height"),
    [
        ("summary", "light", "en-GB", 1200, 900),
        ("translation", "dark", "hy-AM", 1200, 800),
        ("phone", "light", "ru-RU", 390, 800),
    ],
)
def test_a_picture_is_small(
    browser: "Browser",
    demonstration: Server,
    name: str,
    theme: str,
    locale: str,
    width: int,
    height: int,
) -> None:
    size = {"width": width, "height": height}
    page = browser.new_page(
        base_url=demonstration.url,
        viewport=size,  # type: ignore[arg-type]
        color_scheme=theme,  # type: ignore[arg-type]
        locale=locale,
    )
    page.goto("/")
    if name == "summary":
        page.uncheck("#also input[value=hy]")
        page.uncheck("#also input[value=ru]")
        summarize(page, SAMPLE.read_text())
        page.evaluate("scrollTo(0, 0)")
        page.locator("[data-c=en] .s").first.hover()
    else:
        translate(page, ARTICLE, *(("hy", "ru") if name == "translation" else ("ru",)))
        page.locator("[data-c=source] .s").nth(1).hover()
    page.evaluate("document.fonts.ready.then(() => {})")
    path = Path(str(WANTED)) / f"page-{name}.png"
    page.screenshot(path=path)
    page.close()
    assert path.stat().st_size <= MAX_BYTES
