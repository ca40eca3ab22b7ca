import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.markup.blocks import Block, Mark
from service.markup.weave import NO_PARENT, weave


def written(block: Block, parents: list[int]) -> str:
    signs = {"text": "{0}", "open": "<{1}>", "close": "</{1}>"}
    return "".join(signs[s.kind].format(s.text, s.mark) for s in weave(block, parents))


@pytest.mark.parametrize(
    ("block", "parents", "expected"),
    [
        (Block("a b"), [], "a b"),
        (Block("a b", (Mark(0, 1),)), [NO_PARENT], "<0>a</0> b"),
        (Block("ab", (Mark(0, 2), Mark(1, 2))), [NO_PARENT, 0], "<0>a<1>b</1></0>"),
        (Block("ab", (Mark(1, 2), Mark(0, 1))), [NO_PARENT] * 2, "<1>a</1><0>b</0>"),
        (Block("ab", (Mark(0, 2, keep=True), Mark(1, 2))), [NO_PARENT, 0], "<0></0>"),
        (Block("ab", (Mark(0, 1), Mark(1, 1))), [NO_PARENT, 0], "<0>a<1></1></0>b"),
        (Block("ab", (Mark(0, 1), Mark(1, 1))), [NO_PARENT] * 2, "<0>a</0><1></1>b"),
        (Block("", (Mark(0, 0), Mark(0, 0))), [NO_PARENT, 0], "<0><1></1></0>"),
    ],
)
def test_marks_open_and_close_where_they_are(
    block: Block, parents: list[int], expected: str
) -> None:
    assert written(block, parents) == expected


def test_another_number_of_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="1 marks, and there were 0"):
        list(weave(Block("a", (Mark(0, 1),)), []))


@given(st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_each_mark_opens_once_closes_once_and_stays_in_its_parent(data: st.DataObject) -> None:
    """Even where marks overlap, which they may not."""
    text = data.draw(st.text(max_size=12))
    place = st.integers(0, len(text))
    ends = data.draw(st.lists(st.tuples(place, place).map(sorted), max_size=6))
    parents = [data.draw(st.integers(NO_PARENT, index - 1)) for index in range(len(ends))]
    steps = list(weave(Block(text, tuple(Mark(a, b) for a, b in ends)), parents))
    assert "".join(step.text for step in steps) == text
    around: list[int] = [NO_PARENT]
    opened = []
    for step in steps:
        if step.kind == "open":
            assert parents[step.mark] == around[-1]
            around.append(step.mark)
            opened.append(step.mark)
        elif step.kind == "close":
            assert around.pop() == step.mark
    assert around == [NO_PARENT]
    assert sorted(opened) == list(range(len(ends)))


def test_deep_nesting_is_no_recursion() -> None:
    count = 20_000
    block = Block("a", (Mark(0, 1),) * count)
    assert len(list(weave(block, list(range(-1, count - 1))))) == 2 * count + 1
