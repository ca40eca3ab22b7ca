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
