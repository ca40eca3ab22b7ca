"""Tells whether a sentence says again what another one has said.

It compares words of meaning only. It must not know where the sentences come from.
"""

from collections.abc import Collection, Iterable
from typing import Final

from service.text.words import stems

__all__ = ["AKIN", "SAME", "echoes", "is_taken_from", "meaning"]

SAME: Final = 0.8
"""A sentence with this share of its words of meaning in an earlier sentence adds nothing.

Of the parallel facts of news ("X will pay 29 million", "Y will pay 17 million") fewer are shared.
"""
AKIN: Final = 0.6
"""With this share it is about the same thing; who looks for something else need not take it."""
_TAKEN: Final = 0.7


def meaning(text: str) -> frozenset[str]:
    """Return what `echoes` compares: the stems of a sentence; its text where it has none."""
    return frozenset(stems(text)) or frozenset({text.casefold().strip()})


def echoes(
    sentence: Collection[str], earlier: Iterable[Collection[str]], min_share: float = SAME
) -> bool:
    """Tell whether `min_share` of the stems of `sentence` stand in one of the earlier sentences.

    A longer sentence that repeats a shorter one and adds to it is no repetition, nor is one that
    has another number.
    """
    return any(_is_echo(sentence, said, min_share) for said in earlier)


def is_taken_from(sentence: Collection[str], source: Collection[str]) -> bool:
    """Tell whether a sentence says little but what one sentence of its source says.

    Seven in ten of its stems are there. A sentence put together from several may still be true,
    but it is where small models mix up who did what.
    """
    return sum(stem in source for stem in sentence) >= _TAKEN * len(sentence)


def _is_echo(sentence: Collection[str], said: Collection[str], min_share: float) -> bool:
    new = [stem for stem in sentence if stem not in said]
    if any(stem[:1].isdigit() for stem in new):
        return False
    return len(sentence) - len(new) >= min_share * len(sentence)
