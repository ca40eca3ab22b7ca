import sys

from service.batching.quarantine import REMEMBERED, Quarantine
from service.engines.base import Decoding

PLAIN = Decoding()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_every_input_is_free_until_something_else_is_held_of_it() -> None:
    quarantine = Quarantine()
    assert quarantine.verdict(["a"], PLAIN) == "free"
    quarantine.hold(["a"], PLAIN, "apart", 100.0)
    assert quarantine.verdict(["a"], PLAIN) == "apart"
    quarantine.hold(["a"], PLAIN, "refused", 100.0)
    assert quarantine.verdict(["a"], PLAIN) == "refused"
    quarantine.free(["a"], PLAIN)
    assert quarantine.verdict(["a"], PLAIN) == "free"
    assert not quarantine


def test_an_input_is_its_tokens_and_its_decoding() -> None:
    quarantine = Quarantine()
    quarantine.hold(["ab", "c"], PLAIN, "refused", 100.0)
    assert quarantine.verdict(("ab", "c"), PLAIN) == "refused"
    assert quarantine.verdict(["ab", "c"], Decoding()) == "refused"
    assert quarantine.verdict(["a", "bc"], PLAIN) == "free"
    assert quarantine.verdict(["ab', 'c"], PLAIN) == "free"
    assert quarantine.verdict(["ab", "c"], Decoding(beam_size=2)) == "free"


def test_half_a_surrogate_pair_is_an_input_like_any_other() -> None:
    quarantine = Quarantine()
    quarantine.hold(["\ud800"], PLAIN, "refused", 100.0)
    assert quarantine.verdict(["\ud800"], PLAIN) == "refused"
    assert quarantine.verdict(["\ud801"], PLAIN) == "free"


def test_a_verdict_is_forgotten_in_time_however_often_it_is_met() -> None:
    clock = Clock()
    quarantine = Quarantine(clock)
    quarantine.hold(["a"], PLAIN, "refused", 100.0)
    clock.now = 99.0
    assert quarantine.verdict(["a"], PLAIN) == "refused"
    clock.now = 100.0
    assert quarantine.verdict(["a"], PLAIN) == "free"
    assert len(quarantine) == 0


def test_when_the_last_verdict_is_forgotten_nothing_is_left() -> None:
    clock = Clock()
    quarantine = Quarantine(clock)
    for number in range(10):
        clock.now = float(number)
        quarantine.hold([str(number)], PLAIN, "refused", 100.0)
    clock.now = 105.0
    assert quarantine.verdict(["other"], PLAIN) == "free"
    assert len(quarantine) == 4
    clock.now = 109.0
    assert quarantine.verdict(["9"], PLAIN) == "free"
    assert not quarantine


def test_each_verdict_is_held_for_its_own_time() -> None:
    clock = Clock()
    quarantine = Quarantine(clock)
    quarantine.hold(["long"], PLAIN, "refused", 50.0)
    quarantine.hold(["short"], PLAIN, "refused", 10.0)
    clock.now = 10.0
    assert quarantine.verdict(["short"], PLAIN) == "free"
    assert quarantine.verdict(["long"], PLAIN) == "refused"
    clock.now = 50.0
    assert quarantine.verdict(["long"], PLAIN) == "free"


def test_a_flood_of_bad_inputs_drives_out_the_oldest() -> None:
    quarantine = Quarantine()
    for number in range(REMEMBERED + 1):
        quarantine.hold([str(number)], PLAIN, "refused", 100.0)
    assert len(quarantine) == REMEMBERED
    assert quarantine.verdict(["0"], PLAIN) == "free"
    assert quarantine.verdict(["1"], PLAIN) == "refused"


def test_no_text_is_kept() -> None:
    quarantine = Quarantine()
    quarantine.hold(["secret" * 10_000], PLAIN, "refused", 100.0)
    (key,) = quarantine._verdicts
    assert sys.getsizeof(key) < 100
    assert b"secret" not in key
