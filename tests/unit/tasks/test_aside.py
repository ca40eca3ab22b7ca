import threading

import pytest

from service.tasks.aside import SHORT_CHARACTERS, aside


@pytest.mark.parametrize(("characters", "here"), [(SHORT_CHARACTERS, True), (10**5, False)])
async def test_only_long_work_goes_to_a_thread(characters: int, here: bool) -> None:
    where = await aside(characters, threading.get_ident)
    assert (where == threading.get_ident()) is here


async def test_arguments_and_errors_pass_through() -> None:
    assert await aside(1, "{}-{}".format, "a", "b") == await aside(10**5, "{}-{}".format, "a", "b")
    with pytest.raises(ValueError, match="invalid literal"):
        await aside(10**5, int, "x")
