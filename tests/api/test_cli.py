"""The command, without a server."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.models.store import Store
from service.text.typography import RULES
from tests.conftest import TINY_CATALOG
from tests.tinylang.grammar import articles, sentences


@pytest.fixture
def lur(tiny_store: Store, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> "type[Command]":
    for name, value in {
        "LUR_PROFILE": "bundled",
        "LUR_CATALOG": str(TINY_CATALOG),
        "LUR_MODEL_CACHE": str(tiny_cache),
        "LUR_OFFLINE": "1",
        "LUR_THREADS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return Command


class Command:
    """Runs the command in this process."""

    @staticmethod
    def run(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, input=stdin)


def test_translate_writes_the_translation_and_nothing_else_to_stdout(lur: type[Command]) -> None:
    a, b = sentences(1, 2)
    result = lur.run("translate", "-", "--to", "hy", stdin=f"{a.en}\n\n{b.en}\n")
    assert result.exit_code == 0
    assert result.stdout == f"{a.hy}\n\n{b.hy}\n"
    assert result.stderr == ""


def test_translate_into_several_languages_names_each(lur: type[Command]) -> None:
    a = sentences(1, 1)[0]
    result = lur.run("translate", "-", "--to", "ru,hy", stdin=a.en)
    assert result.stdout == f"[ru]\n{a.ru}\n[hy]\n{a.hy}\n"


def test_summarize_a_file_with_translations(lur: type[Command], tmp_path: Path) -> None:
    article = articles(1, 1)[0]
    (tmp_path / "a.txt").write_text(article.text)
    result = lur.run("summarize", str(tmp_path / "a.txt"), "--to", "ru")
    assert result.exit_code == 0
    assert result.stdout == f"{article.summary}\n\n[ru]\n{article.summary_ru}\n"


def test_json_is_the_whole_answer(lur: type[Command]) -> None:
    article = articles(1, 1)[0]
    result = lur.run("summarize", "-", "--json", "--bullets", stdin=article.text)
    answer = json.loads(result.stdout)
    assert answer["summary"].startswith("- ")
    assert answer["usage"]["input_characters_used"] == len(article.text)
    result = lur.run("translate", "-", "--to", "hy", "--json", stdin="42")
    assert json.loads(result.stdout)["translations"][0]["text"] == "42"


def test_warnings_go_to_stderr(lur: type[Command]) -> None:
    result = lur.run("summarize", "-", stdin="One sentence.")
    assert result.stdout == "One sentence.\n"
    assert result.stderr.startswith("warning: nothing_to_summarize: ")


def test_our_errors_are_one_line_and_exit_code_1(lur: type[Command]) -> None:
    result = lur.run("translate", "-", "--to", "xx", stdin="Hello.")
    assert result.exit_code == 1
    assert result.stderr == "Error: no model translates en→xx; available: en→hy, en→ru\n"
    result = lur.run("models", "--profile", "huge")
    assert result.exit_code == 1
    assert "LUR_PROFILE='huge'" in result.stderr
    result = lur.run("models", "--catalog", "/nowhere.toml")
    assert result.exit_code == 1
    assert "/nowhere.toml" in result.stderr


@pytest.mark.parametrize("to", ["", " , "])
def test_to_names_a_language(lur: type[Command], to: str) -> None:
    result = lur.run("translate", "-", "--to", to, stdin="Hello.")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--to names no language" in result.stderr


def test_models_lists_what_is_on_disk_and_what_it_serves(lur: type[Command]) -> None:
    result = lur.run("models", "--json")
    rows = {row["name"]: row for row in map(json.loads, result.stdout.splitlines())}
    assert rows["tiny-en-hy"]["state"] == "on_disk"
    assert rows["tiny-en-hy"]["serves"] == "en-hy"
    assert rows["opus-mt-en-ru"]["state"] == "absent"
    assert "tiny-en-hy" in lur.run("models").stdout


def test_pull_verifies_what_is_there_and_fails_on_what_cannot_be_had(lur: type[Command]) -> None:
    result = lur.run("pull")
    assert result.exit_code == 0
    assert result.stdout.count("verified") == 3
    result = lur.run("pull", "tiny-en-hy", "opus-mt-en-ru")
    assert result.exit_code == 1
    assert result.stdout.startswith("tiny-en-hy: ")
    assert "offline" in result.stderr


def test_doctor_is_content_when_nothing_is_missing(lur: type[Command]) -> None:
    result = lur.run("doctor")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("on disk and intact") == 3


def test_doctor_names_what_is_missing_and_how_to_get_it(
    lur: type[Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LUR_CATALOG")
    result = lur.run("doctor", "--profile", "light")
    assert result.exit_code == 1
    assert "`lur pull opus-mt-en-ru` fetches it" in result.stdout
    assert "offline mode is on and models are missing" in result.stdout


def test_doctor_sees_damage(
    lur: type[Command], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_cache: Path
) -> None:
    import shutil

    shutil.copytree(tiny_cache / "ct2", tmp_path / "ct2")
    [model] = (tmp_path / "ct2").glob("tiny-en-hy@*-int8/model.bin")
    content = bytearray(model.read_bytes())
    content[5000] ^= 1
    model.write_bytes(content)
    monkeypatch.setenv("LUR_MODEL_CACHE", str(tmp_path))
    result = lur.run("doctor")
    assert result.exit_code == 1
    assert "model.bin has another SHA-256" in result.stdout


def test_serve_has_a_flag_for_every_setting(lur: type[Command]) -> None:
    from service.settings import Settings

    text = lur.run("serve", "--help").stdout
    for setting in Settings.explained():
        assert setting.flag in text


def test_pull_shows_a_bar_once_the_size_is_known(capfd: pytest.CaptureFixture[str]) -> None:
    from service.cli.progress import Bar
    from service.models.store import Progress

    with Bar("m") as bar:
        bar.show(Progress("downloading"))
        for done in (0, 40, 100):
            bar.show(Progress("downloading", done, 100))
        shown = bar._bar
        bar.show(Progress("converting"))
    assert (shown.pos, shown.length, shown.label) == (100, 100, "m: downloading")
    assert capfd.readouterr().err.splitlines()[-1] == "m: converting"


def test_typography_lists_every_rule_and_what_is_on(lur: type[Command]) -> None:
    result = lur.run("typography", "--typography", "-hy-yev,ru-no-break-spaces")
    assert result.exit_code == 0
    marks = dict(
        reversed(line.split()[:2]) for line in result.stdout.splitlines() if line[0] in "+-"
    )
    assert set(RULES) <= set(marks)
    assert (marks["hy-yev"], marks["ru-no-break-spaces"], marks["hy-guillemets"]) == ("-", "+", "+")
    assert "1940" in result.stdout  # where a rule comes from
    wrong = lur.run("typography", "--typography", "hy-nothing")
    assert (wrong.exit_code, "hy-nothing" in wrong.stderr) == (1, True)


def test_a_glossary_directory_holds_for_a_command(lur: type[Command], tmp_path: Path) -> None:
    (tmp_path / "en-hy.tsv").write_text("Beijing\tՊեկին\n", "utf-8")
    sentence = "The energy minister of Greece opened a new factory in Beijing on Sunday."
    result = lur.run("translate", "-", "--to", "hy", "--glossary", str(tmp_path), stdin=sentence)
    assert (result.exit_code, "glossary_missed" in result.stderr) == (0, False)
    (tmp_path / "en-hy.tsv").write_text("factory\tՉկա\n", "utf-8")
    result = lur.run("translate", "-", "--to", "hy", "--glossary", str(tmp_path), stdin=sentence)
    assert ("glossary_missed (factory)" in result.stderr) != ("Չկա" in result.stdout)
