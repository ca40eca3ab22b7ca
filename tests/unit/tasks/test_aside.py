import threading

import pytest

from service.tasks.aside import SHORT_CHARACTERS, aside, weight


@pytest.mark.parametrize(("characters", "here"), [(SHORT_CHARACTERS, True), (10**5, False)])
async def test_only_long_work_goes_to_a_thread(characters: int, here: bool) -> None:
    where = await aside(characters, threading.get_ident)
    assert (where == threading.get_ident()) is here


async def test_arguments_and_errors_pass_through() -> None:
    assert await aside(1, "{}-{}".format, "a", "b") == await aside(10**5, "{}-{}".format, "a", "b")
    with pytest.raises(ValueError, match="invalid literal"):
        await aside(10**5, int, "x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("A sentence.", 40),
        ("A sentence of the usual length, of which a text has a few, weighs what it has.", 78),
        ("a\n" * 10, 400),
        ("a\u2028b\x85" * 10, 800),
        ("A b. " * 10, 440),
        ("3.5 per cent", 40),
    ],
)
def test_a_text_weighs_its_characters_but_no_less_than_its_sentences(
    text: str, expected: int
) -> None:
    assert weight(text) == expected
