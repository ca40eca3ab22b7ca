"""The page has words of its own for every warning that an answer may have, in each language."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODES = set(
    re.findall(
        r"^\| `([a-z_]+)`(?:, `([a-z_]+)`)? \|",
        (ROOT / "docs" / "api.md").read_text("utf-8").partition("| warning |")[2],
        re.MULTILINE,
    )
)


@pytest.mark.parametrize("language", ["en", "hy", "ru"])
def test_every_warning_is_explained(language: str) -> None:
    words = (ROOT / "service" / "web" / f"{language}.js").read_text("utf-8")
    documented = {code for row in CODES for code in row if code}
    assert len(documented) > 10
    assert set(re.findall(r'"w\.([a-z_]+)":', words)) == documented
