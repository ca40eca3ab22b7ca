"""`lur translate FILE -o OUT`, without a server; and which files the commands read."""

import base64
import json
from pathlib import Path

import pytest

from tests.api.test_cli import Command, lur
from tests.tinylang.grammar import articles, sentences
from tests.unit.markup.docx_files import of_paragraphs, run, words

__all__ = ["lur"]

A, B = sentences(78, 2)


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.md"
    path.write_text(f"# {A.en}\n\n- {B.en}\n\n`code`\n")
    return path


def test_a_file_is_written_beside_the_old_one(lur: type[Command], article: Path) -> None:
    out = article.with_name("article.hy.md")
    result = lur.run("translate", str(article), "--to", "hy", "-o", str(out))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert out.read_text() == f"# {A.hy}\n\n- {B.hy}\n\n`code`\n"


def test_a_word_file_is_written(lur: type[Command], tmp_path: Path) -> None:
    source, out = tmp_path / "report.docx", tmp_path / "report.hy.docx"
    source.write_bytes(of_paragraphs(run(A.en), run(B.en)))
    assert lur.run("translate", str(source), "--to", "hy", "-o", str(out)).exit_code == 0
    assert words(out.read_bytes()) == [A.hy, B.hy]


def test_without_an_output_the_markup_is_kept_all_the_same(
    lur: type[Command], article: Path
) -> None:
    result = lur.run("translate", str(article), "--to", "hy")
    assert result.stdout == f"# {A.hy}\n\n- {B.hy}\n\n`code`\n"


def test_the_format_may_be_said(lur: type[Command], article: Path) -> None:
    result = lur.run("translate", "-", "--to", "hy", "--format", "html", stdin=f"<p>{A.en}</p>")
    assert result.stdout == f"<p>{A.hy}</p>"
    result = lur.run("translate", str(article), "--to", "ru,hy", "--format", "text")
    assert result.stdout.startswith(f"[ru]\n# {A.ru}\n")


def test_json_has_the_file_as_well(lur: type[Command], article: Path) -> None:
    result = lur.run("translate", str(article), "--to", "hy", "--json")
    answer = json.loads(result.stdout)
    assert base64.b64decode(answer["file"]).decode() == answer["translation"]["text"]
    assert answer["media_type"] == "text/markdown"


@pytest.mark.parametrize(
    ("name", "data", "arguments", "said"),
    [
        ("a.docx", b"x", ("--to", "hy"), "a .docx cannot be printed: name a file with -o"),
        ("a.docx", b"x", ("--to", "hy", "-o", "{}/b.docx"), "file is no .docx"),
        ("a.md", b"x", ("--to", "hy,ru"), "a file comes back in one language"),
        ("a.md", b"x", ("--to", "hy", "-o", "{}/no/b.md"), "there is no such folder"),
        ("a.md", b"x", ("--to", "hy", "-o", "{}"), "Is a directory"),
        ("a.txt", b"a\xff", ("--to", "hy"), "file is not valid UTF-8 at byte 1"),
        ("a.md", b"a\xff", ("--to", "hy"), "file is not valid UTF-8 at byte 1"),
    ],
)
def test_what_cannot_be_done_is_said(
    lur: type[Command],
    tmp_path: Path,
    name: str,
    data: bytes,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    (tmp_path / name).write_bytes(data)
    given = [one.replace("{}", str(tmp_path)) for one in arguments]
    result = lur.run("translate", str(tmp_path / name), *given)
    assert result.exit_code != 0
    assert said in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


TEXT = articles(78, 1)[0].text


def test_an_article_may_be_in_every_encoding_that_a_translation_may(
    lur: type[Command], tmp_path: Path
) -> None:
    said = {}
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path = tmp_path / f"{encoding}.txt"
        path.write_text(TEXT, encoding)
        result = lur.run("summarize", str(path))
        assert result.exit_code == 0, result.output
        said[encoding] = result.stdout
    assert said["utf-8"][0].isalpha()
    assert set(said.values()) == {said["utf-8"]}


@pytest.mark.parametrize("command", ["summarize", "demo"])
def test_an_article_that_is_no_text_is_said_to_be_none(
    lur: type[Command], tmp_path: Path, command: str
) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9")
    result = lur.run(command, str(path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "file is not valid UTF-8 at byte 3 (0xe9)" in result.stderr
    result = lur.run(command, str(tmp_path))
    assert (result.exit_code, "is a directory" in result.stderr) == (2, True)


@pytest.mark.parametrize("key", ["ключ", "secret\nkey"])
def test_what_can_be_no_key_is_said_to_be_none_and_not_shown(
    lur: type[Command], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    command = ("translate", "-", "--to", "hy", "--server", "http://127.0.0.1:9")
    monkeypatch.setenv("LUR_KEY", key)
    for given in ((), ("--key", key)):
        result = lur.run(*command, *given, stdin="Hello.")
        assert (result.exit_code, "--key: a key is of printable ASCII" in result.stderr) == (
            2,
            True,
        )
        assert key not in result.output
