"""The documents' own test can fail, and says where."""

from pathlib import Path

import pytest

from tests.docs.answers import agrees, laid_out, rewritten
from tests.docs.blocks import Unexplained, blocks_of, with_answers
from tests.docs.checking import check, left_out

FENCE = "```"


def block(kind: str, text: str, *marks: str) -> str:
    comments = "".join(f"<!-- {mark} -->\n" for mark in marks)
    return f"{comments}{FENCE}{kind}\n{text}\n{FENCE}\n"


# Blocks.


def test_the_block_behind_one_that_runs_is_its_answer() -> None:
    text = block("sh", "echo 1") + block("text", "1") + "Then.\n" + block("sh", "echo 2")
    first, second = blocks_of(text)
    assert first.answer is not None
    assert (first.answer.text, second.answer) == ("1\n", None)


@pytest.mark.parametrize(
    "text",
    [
        block("text", "a drawing"),
        block("sh", "true") + "Words.\n" + block("json", "{}"),
        block("sh", "true") + block("json", "{}") + block("json", "{}"),
        block("sh", "true", "not run: no time") + block("json", "{}"),
        block("toml", "a = 1", "file: a.toml") + block("text", "1"),
        block("toml", "a = 1", "a comment like others"),
        "- " + FENCE + "sh\n  true\n  " + FENCE + "\n  " + FENCE + "sh\n",
        "~~~\ntrue\n~~~\n",
    ],
)
def test_a_block_of_which_nobody_says_what_it_is_is_an_error(text: str) -> None:
    with pytest.raises(Unexplained, match="line"):
        blocks_of(text)


def test_what_is_not_run_is_listed_with_its_reason_and_what_runs_in_its_place() -> None:
    text = (
        block("sh", "docker run lur", "not run: needs Docker")
        + block("sh", "make demo", "serves: lur demo")
        + block("sh", "true", "not run")
        + block("sh", "true")
    )
    assert left_out({"a.md": text}).split("\n")[5:] == [
        "| a.md | `docker run lur` | needs Docker |",
        "| a.md | `make demo` | `lur demo` is run in its place |",
        "| a.md | `true` | ? |",
        "",
    ]


def test_answers_are_written_in_their_own_places() -> None:
    text = block("sh", "a") + block("text", "1") + block("sh", "b") + block("text", "2")
    places = [found.answer.start for found in blocks_of(text) if found.answer]
    written = with_answers(text, dict(zip(places, ("one\n", "two\nthree\n"), strict=True)))
    assert written == block("sh", "a") + block("text", "one") + block("sh", "b") + block(
        "text", "two\nthree"
    )


# Answers.


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ('{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}'),
        (
            '{"timings_ms": {"queue": 0.1, "total": 5}}',
            '{"timings_ms": {"queue": 3.5, "total": 1}}',
        ),
        ('{"score": -0.1, "instance": "a"}', '{"score": -2.5, "instance": "b"}'),
        ('{"a": 1, "…": "…"}', '{"a": 1, "b": 2}'),
        ('{"models": "…"}', '{"models": {"hy": {}}}'),
        ('[1, "…"]', "[1, 2, 3]"),
        ('["…", {"a": 1}, "…"]', '[{"a": 0}, {"a": 1}, {"a": 2}]'),
        ('["…"]', "[]"),
        ('{"file": "UEsDB…"}', '{"file": "UEsDBxyz"}'),
    ],
)
def test_json_agrees_but_for_what_is_left_out_or_differs_each_time(shown: str, found: str) -> None:
    assert agrees("json", shown, found)


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ('{"a": 1}', '{"a": 2}'),
        ('{"a": 1}', '{"a": 1, "b": 2}'),
        ('{"a": 1, "b": 2, "…": "…"}', '{"a": 1}'),
        ('{"a": 1}', '{"a": true}'),
        ('[1, "…"]', "[]"),
        ('["…", 1]', "[1, 2]"),
        ("[1, 2]", "[1]"),
        ('{"timings_ms": {"queue": 0.1}}', '{"timings_ms": {"total": 0.1}}'),
        ('{"timings_ms": {"queue": 0.1}}', '{"timings_ms": {"queue": "0.1"}}'),
        ('{"a": "b"}', "curl: (7) Failed to connect"),
        ('{"a": "…b"}', '{"a": "ab"}'),
    ],
)
def test_json_that_says_something_else_does_not_agree(shown: str, found: str) -> None:
    assert not agrees("json", shown, found)


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("a\nb", "a  \nb\n"),
        ("a\n…\nd", "a\nb\nc\nd"),
        ("a\n…", "a\nb\nc\n"),
        ("…\nc", "a\nb\nc"),
        ("model … in memory", "model x, 12 MB, in memory"),
        ('data: {"total": 1.5}', 'data: {"total": 33}'),
        ("date: Mon", "date: Tue"),
        ("event: a\n\nevent: b", ": keep-alive\n\nevent: a\n\n: keep-alive\n\nevent: b\n"),
        ("2026-01-01T00:00:00Z", "2031-12-31T23:59:59.5+00:00"),
        ("lur_" + "a" * 43, "lur_" + "b" * 43),
    ],
)
def test_text_agrees_but_for_what_is_left_out_or_differs_each_time(shown: str, found: str) -> None:
    assert agrees("text", shown, found)


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("a\nb", "a\nb\nc"),
        ("a\n…\nd", "a\nb\nc"),
        ("a\nb", "a\n\nb"),
        ("a … c", "a\nc"),
        ("3 segments", "4 segments"),
    ],
)
def test_text_that_says_something_else_does_not_agree(shown: str, found: str) -> None:
    assert not agrees("text", shown, found)


def test_writing_keeps_what_is_left_out_and_what_differs_each_time() -> None:
    shown = '{"a": 1, "timings_ms": {"total": 1}, "list": [{"b": 1, "…": "…"}, "…"], "…": "…"}'
    found = '{"a": 2, "timings_ms": {"total": 9}, "list": [{"b": 3, "c": 4}, {}], "d": 5}'
    wanted = '{"a": 2, "timings_ms": {"total": 1}, "list": [{"b": 3, "…": "…"}, "…"], "…": "…"}\n'
    assert rewritten("json", shown, found) == wanted
    assert agrees("json", wanted, found)
    assert rewritten("json", wanted, found) == wanted


def test_json_is_laid_out_in_as_few_lines_as_fit() -> None:
    long = "x" * 105
    assert laid_out({"a": [1, 2]}) == '{"a": [1, 2]}'
    assert laid_out({"a": [long, {}], "b": []}) == (
        f'{{\n "a": [\n  "{long}",\n  {{}}\n ],\n "b": []\n}}'
    )


# Running.


def test_blocks_run_in_order_in_one_directory_and_what_differs_is_written() -> None:
    text = (
        block("toml", "a = 1", "file: a.toml")
        + block("sh", "cat a.toml; echo two >b")
        + block("text", "a = 2")
        + block("python", "print(open('b').read(), {'x': 1}, sep='')")
        + block("text", "two\n{'x': 1}")
    )
    checked = check(text)
    assert not checked.failures
    assert len(checked.differences) == 1
    assert "line 8" in checked.differences[0]
    assert checked.text == text.replace("a = 2", "a = 1")


def test_a_block_that_fails_ends_the_document() -> None:
    text = block("sh", "echo reason\nfalse") + block("sh", "echo 1") + block("text", "2")
    checked = check(text)
    assert checked.text == text
    assert len(checked.failures) == 1
    assert "code 1:\nreason" in checked.failures[0]


def test_a_session_has_no_settings_of_ours_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LUR_PROFILE", "light")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    checked = check(block("sh", "echo ${LUR_PROFILE-none}") + block("text", "none"))
    assert not checked.differences
    assert list(tmp_path.iterdir()) == []
