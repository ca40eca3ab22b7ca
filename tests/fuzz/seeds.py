"""Texts of every kind that breaks text tools, one a file in `corpus/`, in UTF-8 with surrogates.

All of them were written for this purpose. A text that once broke a promise is put here too.
"""

from functools import cache
from pathlib import Path

__all__ = ["seeds"]

PLACE = Path(__file__).parent / "corpus"


@cache
def seeds() -> dict[str, str]:
    """Return the texts by the names of their files."""
    return {
        path.stem: path.read_bytes().decode("utf-8", "surrogatepass")
        for path in sorted(PLACE.glob("*.txt"))
    }
