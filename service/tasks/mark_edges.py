"""Where a mark stands whose words are known: its signs, its place between two words.

As the source has it there. Knows two texts and where words are, no marks.
"""

from collections.abc import Sequence

from service.tasks.linked_words import LinkedWord

__all__ = ["Edges"]

_OPENING = frozenset("«‹“„‘([{¿¡")
_EITHER = frozenset("\"'")


class Edges:
    """The characters of a sentence and of its translation that are no words.

    `first` and `last` are the characters of the source that a mark is around.
    """

    def __init__(self, source: str, text: str, words: Sequence[LinkedWord]) -> None:
        self._source, self._text, self._words = source, text, words

    def around(self, begin: int, stop: int, first: int, last: int) -> tuple[int, int]:
        """Returns where some words are, with the signs beside them that the source has there."""
        start, end = self._words[begin].start, self._words[stop - 1].end
        if not self._source[first].isalnum():
            least = self._words[begin - 1].end if begin else 0
            for place in range(start - 1, least - 1, -1):
                if self._text[place] in _OPENING | _EITHER:
                    start = place
                elif not self._text[place].isspace():
                    break
        if not self._source[last - 1].isalnum():
            most = self._words[stop].start if stop < len(self._words) else len(self._text)
            for place in range(end, most):
                if self._text[place] in _OPENING:
                    break
                if not self._text[place].isspace():
                    end = place + 1
        return start, end

    def signed(self, start: int, end: int, first: int, last: int) -> tuple[int, int]:
        """Returns a stretch with the very signs that a mark has at its edges, such as a minus."""
        least, most = first, last
        while not self._source[first].isalnum():
            first += 1
        while not self._source[last - 1].isalnum():
            last -= 1
        while first > least and self._text[start - 1 : start] == self._source[first - 1]:
            first, start = first - 1, start - 1
        while last < most and self._text[end : end + 1] == self._source[last]:
            last, end = last + 1, end + 1
        return start, end

    def between(self, gap: int, first: int, last: int) -> int:
        """Returns where before a word something is that is around none."""
        before, behind = self._source[first - 1 : first], self._source[last : last + 1]
        if gap == 0:
            return 0
        left = self._words[gap - 1].end
        right = self._words[gap].start if gap < len(self._words) else len(self._text)
        if before and not (before.isalnum() or before.isspace()):
            while left < right and not self._text[left].isspace():
                left += 1
        if gap == len(self._words) and not behind:
            return len(self._text)
        if behind and not (behind.isalnum() or behind.isspace()):
            while right > left and not self._text[right - 1].isspace():
                right -= 1
        return right if before.isspace() and not behind.isspace() else left

    def inside(self, gap: int, low: int, high: int) -> int:
        """Returns a place before a word, inside of the words `low` to `high`."""
        if low < gap == high:
            return self._words[gap - 1].end
        return self._words[gap].start if gap < len(self._words) else len(self._text)
