import inspect

from service import errors


def classes() -> dict[str, type]:
    return {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and kind.__module__ == "service.errors"
    }


def test_all_names_every_error() -> None:
    assert sorted(errors.__all__) == sorted(classes())


def test_the_tree_in_the_docstring_is_the_tree_of_the_code() -> None:
    drawn: dict[str, str] = {}
    line_of: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        bare = line.lstrip(" │├└─")
        name = bare.split(" ")[0]
        if name in classes():
            depth = (len(line) - len(bare)) // 4 - 1
            line_of = [*line_of[:depth], name]
            drawn[name] = line_of[depth - 1] if depth else "Exception"
    assert drawn == {name: kind.__bases__[0].__name__ for name, kind in classes().items()}


def test_every_error_has_a_title_of_its_own() -> None:
    titles = [kind.title for kind in classes().values()]
    assert len(set(titles)) == len(titles)


def test_limits_and_values_are_data() -> None:
    long = errors.InputTooLong("text", limit=10, actual=12)
    assert (long.field, long.limit, long.actual) == ("text", 10, 12)
    assert long.detail == "text has 12 characters, at most 10 are accepted"
    full = errors.QueueFull("m", limit=5, actual=6)
    assert (full.limit, full.actual, full.retry_after_s) == (5, 6, 1.0)
    ready = errors.ModelNotReady("m", "downloading", progress=0.5)
    assert (ready.progress, ready.retry_after_s) == (0.5, 10.0)
    assert errors.DeadlineExceeded(limit_s=3).limit == 3


def test_an_unsupported_pair_says_which_there_are_in_order() -> None:
    pair = errors.UnsupportedPair("en", "fr", [("en", "ru"), ("en", "hy")])
    assert (pair.field, pair.source, pair.target) == ("target", "en", "fr")
    assert pair.detail == "no model translates en→fr; available: en→hy, en→ru"
    assert errors.UnsupportedPair("en", "fr", []).detail.endswith("available: none")


def test_errors_about_a_model_name_it() -> None:
    named = [
        errors.UnsuitableModel("m", does="summarize", asked="en→hy"),
        errors.UnknownModel("m", ["b", "a"]),
        errors.ModelUnavailable("m", "no disk"),
        errors.ModelNotReady("m", "loading", progress=None),
        errors.QueueFull("m", limit=1, actual=2),
        errors.InferenceFailed("m"),
        errors.RefusedInput("m"),
    ]
    assert [error.name for error in named] == ["m"] * len(named)
    assert all("model m" in error.detail for error in named[2:])
    assert [error.field for error in named] == ["model", "model", *[None] * 5]
    assert named[1].detail == "no model is named 'm'; known: a, b"
    assert named[2].reason == "no disk"


def test_whatever_is_unavailable_says_when_to_ask_again() -> None:
    made = [
        errors.ModelUnavailable("m", "x"),
        errors.ModelNotReady("m", "loading", progress=None),
        errors.QueueFull("m", limit=1, actual=2),
        errors.TooManyRequests("requests a minute", limit=1, actual=2, retry_after_s=3),
        errors.TooManyTokens(limit=1, actual=2, retry_after_s=3),
        errors.ShuttingDown(),
    ]
    leaves = [k for k in classes().values() if errors.Unavailable in k.__bases__]
    assert {type(error) for error in made} == set(leaves)
    assert all((error.retry_after_s or 0) > 0 for error in made)


def test_what_an_error_says_is_what_is_printed() -> None:
    assert str(errors.ShuttingDown()) == errors.ShuttingDown().detail
    assert str(errors.NothingToSummarize()) == "text holds no words"


def test_an_error_without_a_limit_has_none() -> None:
    bare = errors.InferenceFailed("m")
    assert (bare.field, bare.limit, bare.actual, bare.retry_after_s, bare.progress) == (None,) * 5
