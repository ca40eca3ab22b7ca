"""Tells whether a sentence says again what another one has said.

It compares words of meaning only. It must not know where the sentences come from.
"""

from collections.abc import Collection, Iterable
from typing import Final

from service.text.words import stems

__all__ = ["echoes", "meaning"]

# A sentence with this share of its words of meaning in an earlier sentence adds nothing. Of the
# parallel facts of news ("X will pay 29 million", "Y will pay 17 million") fewer are shared.
_MIN_SHARE: Final = 0.8


def meaning(text: str) -> frozenset[str]:
    """Return what `echoes` compares: the stems of a sentence; its text where it has none."""
    return frozenset(stems(text)) or frozenset({text.casefold().strip()})


def echoes(sentence: Collection[str], earlier: Iterable[Collection[str]]) -> bool:
    """Tell whether four fifths of the stems of `sentence` stand in one of the earlier sentences.

    A longer sentence that repeats a shorter one and adds to it is no repetition, nor is one that
    has another number.
    """
    return any(_is_echo(sentence, said) for said in earlier)


def _is_echo(sentence: Collection[str], said: Collection[str]) -> bool:
    new = [stem for stem in sentence if stem not in said]
    if any(stem[:1].isdigit() for stem in new):
        return False
    return len(new) <= (1 - _MIN_SHARE) * len(sentence)
