"""The command line names what a training needs."""

import pytest

from training.run import parser


def test_data_base_and_a_place_are_all_that_must_be_said() -> None:
    said = ["en-ru", "--data", "a.tsv", "--base", "opus", "--out", "x"]
    arguments = parser().parse_args(said)
    assert (arguments.layers, arguments.device, arguments.without) == ([0, 2, 4, 5], "cpu", [])
    assert arguments.pairs > 0 < arguments.minutes


@pytest.mark.parametrize("extra", [["--without", "nobody"], ["--layers", "first"]])
def test_what_there_is_not_is_refused(extra: list[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["en-ru", "--data", "a", "--base", "b", "--out", "c", *extra])
