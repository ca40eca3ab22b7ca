import sys
from types import CodeType, FrameType

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.promises import PROMISES, Promise, broken
from tests.fuzz.seeds import seeds
from tests.fuzz.works import WORKS, public_functions

SHORT = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("name", list(seeds()))
def test_no_seed_breaks_a_promise(name: str) -> None:
    assert list(broken(seeds()[name])) == []


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.name)
def test_no_text_breaks(promise: Promise) -> None:
    SHORT(given(*promise.given)(promise.keep))()


def test_every_public_function_of_text_is_among_the_works() -> None:
    called: set[CodeType] = set()

    def see(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    sys.setprofile(see)
    try:
        for work in WORKS.values():
            for name in ("armenian", "russian", "names", "glossary"):
                work(seeds()[name])
    finally:
        sys.setprofile(None)
    missing = [
        f"{f.__module__}.{f.__name__}" for f in public_functions() if f.__code__ not in called
    ]
    assert missing == []
