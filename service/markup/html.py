"""HTML and XML: paragraphs, cells, titles and the like, with the tags that stand in them as marks.

What is not language comes back byte for byte: tags, comments, scripts, code, whatever is broken. A
translation is text and stays text: what would be markup in it is escaped, so that there is never a
tag that was not there before.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from service.markup.blocks import Block
from service.markup.html_reading import Reader
from service.markup.runs import Passage
from service.markup.weave import weave
from service.markup.xml_reading import XMLReader

__all__ = ["HTMLMarkup"]

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_VALUE = _TEXT | str.maketrans({'"': "&quot;", "'": "&#39;"})


class HTMLMarkup:
    """A page, a fragment, or any text read as such: no `str` is an error, as in a browser.

    Blocks are what stands between tags of elements that browsers show as blocks, and the values of
    `title`, `alt`, `placeholder` and `aria-label`. Inline elements are marks; `code`, `kbd`,
    `samp`, `var`, and what is `translate="no"` or of the class `notranslate`, are marks to keep. In
    XML every element is inline that has text beside it.

    Args:
        ignore_tags: elements whose content stays as it is.
        xml: names are case-sensitive, and none has a meaning; no attribute is translated.
    """

    def __init__(self, text: str, ignore_tags: Sequence[str] = (), *, xml: bool = False) -> None:
        self._text = text
        self._passages = (XMLReader if xml else Reader)(text, ignore_tags).read()
        self.blocks: Sequence[Block] = tuple(passage.block for passage in self._passages)

    def rebuilt(self, blocks: Sequence[Block]) -> bytes:
        """Returns the text with other blocks in it, as UTF-8; lone surrogates stay what they are.

        Raises:
            ValueError: there are not as many blocks, or one has not as many marks.
        """
        return "".join(self._rebuilt(blocks)).encode(errors="surrogatepass")

    def _rebuilt(self, blocks: Sequence[Block]) -> Iterator[str]:
        values = [
            (passage, block)
            for passage, block in zip(self._passages, blocks, strict=True)
            if passage.quote is not None
        ]
        starts = [passage.start for passage, _ in values]

        def source(start: int, end: int) -> Iterator[str]:
            """The input between two places, with the new values in its tags."""
            for passage, block in values[bisect_left(starts, start) : bisect_left(starts, end)]:
                yield self._text[start : passage.start]
                yield self._value(passage, block)
                start = passage.end
            yield self._text[start:end]

        done = 0
        for passage, block in zip(self._passages, blocks, strict=True):
            if passage.quote is None and not _is_same(passage.block, block):
                yield from source(done, passage.start)
                yield from _written(passage, block, source)
                done = passage.end
        yield from source(done, len(self._text))

    def _value(self, passage: Passage, block: Block) -> str:
        if block.text == passage.block.text:
            return self._text[passage.start : passage.end]
        escaped = block.text.translate(_VALUE)
        return escaped if passage.quote else f'"{escaped}"'


def _is_same(own: Block, block: Block) -> bool:
    return (own.text, own.marks) == (block.text, block.marks)


def _written(
    passage: Passage, block: Block, source: Callable[[int, int], Iterator[str]]
) -> Iterator[str]:
    for step in weave(block, passage.parents):
        if step.kind == "text":
            yield step.text.translate(_TEXT)
        elif step.kind == "open":
            mark = passage.marks[step.mark]
            yield from source(mark.start, mark.inner_start)
        else:
            mark = passage.marks[step.mark]
            yield from source(mark.inner_end, mark.end)
