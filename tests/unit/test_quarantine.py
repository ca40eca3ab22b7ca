import sys

from service.batching.quarantine import REMEMBERED, REMEMBERED_S, Quarantine
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
    quarantine.hold(["a"], PLAIN, "apart")
    assert quarantine.verdict(["a"], PLAIN) == "apart"
    quarantine.hold(["a"], PLAIN, "refused")
    assert quarantine.verdict(["a"], PLAIN) == "refused"
    quarantine.hold(["a"], PLAIN, "free")
    assert quarantine.verdict(["a"], PLAIN) == "free"
    assert not quarantine


def test_an_input_is_its_tokens_and_its_decoding() -> None:
    quarantine = Quarantine()
    quarantine.hold(["ab", "c"], PLAIN, "refused")
    assert quarantine.verdict(("ab", "c"), PLAIN) == "refused"
    assert quarantine.verdict(["ab", "c"], Decoding()) == "refused"
    assert quarantine.verdict(["a", "bc"], PLAIN) == "free"
    assert quarantine.verdict(["ab', 'c"], PLAIN) == "free"
    assert quarantine.verdict(["ab", "c"], Decoding(beam_size=2)) == "free"


def test_half_a_surrogate_pair_is_an_input_like_any_other() -> None:
    quarantine = Quarantine()
    quarantine.hold(["\ud800"], PLAIN, "refused")
    assert quarantine.verdict(["\ud800"], PLAIN) == "refused"
    assert quarantine.verdict(["\ud801"], PLAIN) == "free"


def test_a_verdict_is_forgotten_in_time_however_often_it_is_met() -> None:
    clock = Clock()
    quarantine = Quarantine(clock)
    quarantine.hold(["a"], PLAIN, "refused")
    clock.now = REMEMBERED_S - 1
    assert quarantine.verdict(["a"], PLAIN) == "refused"
    clock.now = REMEMBERED_S
    assert quarantine.verdict(["a"], PLAIN) == "free"
    assert len(quarantine) == 0


def test_a_flood_of_bad_inputs_drives_out_those_that_were_met_least_recently() -> None:
    quarantine = Quarantine()
    for number in range(REMEMBERED):
        quarantine.hold([str(number)], PLAIN, "refused")
    assert quarantine.verdict(["0"], PLAIN) == "refused"
    for number in range(REMEMBERED, 2 * REMEMBERED - 1):
        quarantine.hold([str(number)], PLAIN, "refused")
    assert len(quarantine) == REMEMBERED
    assert quarantine.verdict(["0"], PLAIN) == "refused"
    assert quarantine.verdict(["1"], PLAIN) == "free"


def test_no_text_is_kept() -> None:
    quarantine = Quarantine()
    quarantine.hold(["secret" * 10_000], PLAIN, "refused")
    (key,) = quarantine._verdicts
    assert sys.getsizeof(key) < 100
    assert b"secret" not in key
