"""A real browser reads translated HTML: whatever a model says, no element and no attribute is new.

The pages are built of tags that do not belong together; the translations are attacks.
"""

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from service.markup.blocks import Block
from service.markup.html import HTMLMarkup
from tests.unit.markup.test_html import SIGNS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ATTACKS = [
    "<img src=x onerror=boom()>", "</script><script>boom()</script>", "--><b>x</b>", "x > y < z",
    '" onmouseover="boom()" x="', "' onclick='boom()", "&lt;b&gt;javascript:boom()",
    "</title></textarea></style><svg onload=boom()>",
]  # fmt: skip
PAGES = 1_500

COMPARE = """pairs => {
  const elements = html => [...new DOMParser().parseFromString(html, "text/html")
    .querySelectorAll("*")].map(e => e.localName + " " + e.getAttributeNames().sort()).sort();
  return pairs.filter(([before, after]) => {
    const left = elements(before);
    return elements(after).some(found => {
      const place = left.indexOf(found);
      if (place >= 0) left.splice(place, 1);
      return place < 0;
    });
  });
}"""


def attacked(text: str, chance: random.Random) -> str:
    markup = HTMLMarkup(text)
    blocks = []
    for block in markup.blocks:
        said = chance.choice(ATTACKS)
        marks = []
        for mark in block.marks:
            start, end = sorted(chance.choices(range(len(said) + 1), k=2))
            marks.append(replace(mark, start=start, end=end))
        blocks.append(Block(said, tuple(marks)))
    return markup.rebuilt(blocks).decode()


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str]]:
    chance = random.Random(5)
    signs = [sign for sign in SIGNS if sign != "\ud800"]
    pages = ["".join(chance.choices(signs, k=chance.randint(2, 14))) for _ in range(PAGES)]
    return [(page, attacked(page, chance)) for page in pages]


def test_a_browser_finds_nothing_new(browser: "Browser", pairs: list[tuple[str, str]]) -> None:
    assert sum(before != after for before, after in pairs) > PAGES / 5
    page = browser.new_page()
    assert page.evaluate(COMPARE, pairs) == []
    page.close()


def test_what_is_not_escaped_would_be_seen(browser: "Browser") -> None:
    page = browser.new_page()
    assert page.evaluate(COMPARE, [["<p>a", "<p><b>a"], ["<p>a", "<p>b"]]) == [["<p>a", "<p><b>a"]]
    page.close()
