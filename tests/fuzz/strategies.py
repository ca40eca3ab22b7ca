"""Texts made of the seeds: whole, cut, repeated, put together, with any code point in between."""

from hypothesis import strategies as st

from tests.fuzz.seeds import seeds
from tests.unit.text.strategies import TROUBLE, any_code_point
from tests.unit.text.strategies import texts as scattered

__all__ = ["TEXTS", "WORDS"]

MAX_PIECE = 80


@st.composite
def _cut(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(list(seeds().values())))
    start = draw(st.integers(0, len(text) - 1))
    return text[start : start + draw(st.integers(1, MAX_PIECE))]


_repeated = st.builds(
    lambda unit, times: unit * times, st.sampled_from(TROUBLE) | _cut(), st.integers(2, 12)
)
_pieces = _cut() | _cut() | st.sampled_from(TROUBLE) | any_code_point | _repeated
_mixed = st.lists(_pieces, max_size=8).map("".join)

TEXTS = st.sampled_from(list(seeds().values())) | scattered | _mixed | _mixed
"""Any text, more often one that is made to be hard."""

WORDS = _mixed.map(lambda text: "".join(text.split())[:40]).filter(bool)
"""Short runs without a space."""
