"""`lur eval`, with the tiny models where a model is needed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.core import build_core
from service.evaluate import running
from service.evaluate.translation import Corpus
from service.models.store import Store
from service.settings import Settings
from service.text.checks import CODES
from tests.conftest import TINY_CATALOG
from tests.tinylang.grammar import articles, sentences

CHECKS = ["number_not_in_source", "name_not_in_source", "quotation_not_in_source"]


@pytest.fixture
def tiny(tiny_store: Store, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the command use the tiny models."""
    monkeypatch.setenv("LUR_PROFILE", "bundled")
    monkeypatch.setenv("LUR_CATALOG", str(TINY_CATALOG))
    monkeypatch.setenv("LUR_MODEL_CACHE", str(tiny_cache))
    monkeypatch.setenv("LUR_OFFLINE", "1")
    monkeypatch.setenv("LUR_THREADS", "1")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of files that can be named by their names alone."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "en", "The hall has 45 rooms.", "", "The minister came to the city today.")
    write(tmp_path / "hy", "Դահլիճն ունի 45 սենյակ։", "", "Նախարարն այսօր եկավ մեր քաղաք։")
    write(tmp_path / "bad", "Դահլիճն ունի սենյակներ։", "", "Նախարարն այսօր եկավ մեր քաղաք։")
    return tmp_path


def write(path: Path, *lines: str) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def rows(path: Path, *items: dict[str, str]) -> None:
    write(path, *(json.dumps(item, ensure_ascii=False) for item in items))


def lur(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["eval", *arguments])


def answer(*arguments: str) -> dict[str, object]:
    result = lur(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def translate(*arguments: str) -> tuple[str, ...]:
    return ("translate", "--source", "en", "--target", "hy", *arguments)


# Translations


def test_a_file_is_scored_and_checked_without_a_model(here: Path) -> None:
    found = answer(*translate("--reference", "hy", "--system-output", "bad"))
    assert list(found) == ["sentences", "bleu", "chrf", "normalized", "checks", "any_check"]
    assert found["sentences"] == 2
    assert 0 < found["bleu"] < 100
    assert 0 < found["chrf"] < 100
    assert list(found["normalized"]) == ["bleu", "chrf"]
    assert list(found["checks"]) == list(CODES)
    assert found["checks"]["number_lost"] == 0.5
    assert found["any_check"] == 0.5


def test_the_reference_itself_scores_100(here: Path) -> None:
    found = answer(*translate("--reference", "hy", "--system-output", "hy"))
    assert found["normalized"] == {"bleu": 100.0, "chrf": 100.0}
    assert found["any_check"] == 0


def test_typography_is_scored_apart(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here / "hy", "Այսօր Հայաստան և Վրաստան մեկնեց նա։")
    write(here / "en", "Today he left for Armenia and Georgia.")
    write(here / "out", "Այսօր Հայաստան եւ Վրաստան մեկնեց նա։")
    found = answer(*translate("--reference", "hy", "--system-output", "out"))
    assert found["bleu"] < 100
    assert found["normalized"] == {"bleu": 100.0, "chrf": 100.0}
    monkeypatch.setenv("LUR_TYPOGRAPHY", "-hy-yev")
    found = answer(*translate("--reference", "hy", "--system-output", "out"))
    assert found["normalized"]["chrf"] < 100
    monkeypatch.setenv("LUR_TYPOGRAPHY", "no-such-rule")
    result = lur(*translate("--system-output", "out"))
    assert result.exit_code == 1
    assert result.stderr == "Error: unknown typography rule: 'no-such-rule'\n"


def test_without_a_reference_there_are_checks_and_no_scores(here: Path) -> None:
    found = answer(*translate("--system-output", "bad"))
    assert found["bleu"] is found["chrf"] is None
    assert found["normalized"] == {"bleu": None, "chrf": None}
    assert found["checks"]["number_lost"] == 0.5
    assert "BLEU" not in lur(*translate("--system-output", "bad")).stdout


def test_several_systems_are_columns_or_objects(here: Path) -> None:
    several = translate("--reference", "hy", "--system-output", "hy", "--system-output", "bad")
    table = lur(*several).stdout.splitlines()
    assert table[0].split() == ["2", "sentences,", "en→hy", "hy", "bad"]
    [lost] = [line for line in table if "number_lost" in line]
    assert lost.split() == ["number_lost", "0.0", "%", "50.0", "%"]
    objects = [json.loads(line) for line in lur(*several, "--json").stdout.splitlines()]
    assert [found["system"] for found in objects] == ["hy", "bad"]
    assert objects[0]["bleu"] == 100.0


def test_show_prints_what_to_read(here: Path) -> None:
    result = lur(*translate("--system-output", "bad", "--show", "5"))
    assert "line 1\n  source     The hall has 45 rooms.\n  output     Դահլիճն ունի" in result.stdout
    assert "number_lost (45): " in result.stdout
    result = lur(*translate("--system-output", "bad", "--show", "5", "--json"))
    assert json.loads(result.stdout)["sentences"] == 2
    assert "number_lost (45): " in result.stderr


def test_examples_go_to_a_file(here: Path) -> None:
    found = lur(*translate("--system-output", "bad", "--examples", "e.jsonl"))
    assert found.exit_code == 0
    [example] = map(json.loads, (here / "e.jsonl").read_text(encoding="utf-8").splitlines())
    assert (example["system"], example["line"]) == ("bad", 1)
    assert "number_lost" in [finding["code"] for finding in example["findings"]]


@pytest.mark.usefixtures("tiny")
def test_what_serves_the_pair_is_evaluated_where_no_system_is_named(here: Path) -> None:
    some = sentences(1, 3)
    write(here / "en", some[0].en, "", some[1].en, some[2].en)
    write(here / "hy", some[0].hy, "", some[1].hy, some[2].hy)
    result = lur(*translate("--reference", "hy"))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0].split() == ["3", "sentences,", "en→hy", "tiny-en-hy"]
    assert result.stderr == ""
    found = answer(*translate("--reference", "hy", "--quality", "fast"))
    assert found["normalized"] == {"bleu": 100.0, "chrf": 100.0}
    assert found["any_check"] == 0


@pytest.mark.usefixtures("tiny")
def test_models_and_files_are_compared_in_one_command(here: Path) -> None:
    some = sentences(1, 2)
    write(here / "en", *(one.en for one in some))
    write(here / "hy", *(one.hy for one in some))
    write(here / "out", *(one.hy for one in some))
    result = lur(
        *translate("--reference", "hy", "--model", "tiny-en-hy", "--system-output", "out", "--json")
    )
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [found.pop("system") for found in objects] == ["out", "tiny-en-hy"]
    assert objects[0]["normalized"] == objects[1]["normalized"]


async def test_a_long_text_is_done_in_portions_and_says_how_far_it_is(
    tiny_settings: Settings,
) -> None:
    some = sentences(1, 7)
    lines = tuple(one.en for one in some) * 10
    seen: list[tuple[str, int, int]] = []
    corpus = Corpus(Path("en"), ("en", "ru"), lines, None)
    core = build_core(tiny_settings)
    async with core.running():
        [system] = await running.translate(
            core, corpus, [None], "fast", lambda *progress: seen.append(progress)
        )
    assert seen == [("en-ru", 0, 70), ("tiny-en-ru", 64, 70), ("tiny-en-ru", 70, 70)]
    assert system.name == "tiny-en-ru"
    assert system.raw == system.final == tuple(one.ru for one in some) * 10


# Summaries


def test_summaries_of_a_file_are_scored_and_checked(here: Path) -> None:
    rows(
        here / "d.jsonl",
        {"article": "The bridge opened in 1985. It is 120 metres long.", "summary": "It opened."},
        {"text": "A school burned down on Monday.", "highlights": "A school burned down."},
    )
    write(
        here / "out", "The bridge opened in 1985. It is 340 metres long.", "A school burned down."
    )
    found = answer("summarize", "--data", "d.jsonl", "--system-output", "out")
    assert list(found) == ["articles", "rouge1", "rouge2", "rougeL", "words", "checks"]
    assert found["articles"] == 2
    assert 0 < found["rouge2"] <= found["rougeL"] <= found["rouge1"] < 100
    assert found["words"] == 7.0
    assert list(found["checks"]) == CHECKS
    assert found["checks"]["number_not_in_source"] == pytest.approx(1 / 3, abs=1e-6)
    table = lur("summarize", "--data", "d.jsonl", "--system-output", "out", "--show", "1").stdout
    assert ["number_not_in_source", "33.3", "%"] in [line.split() for line in table.splitlines()]
    assert "output     It is 340 metres long." in table


def test_the_data_itself_can_be_the_output(here: Path) -> None:
    rows(
        here / "d.jsonl", {"article": "A school burned down today.", "summary": "A school burned."}
    )
    found = answer("summarize", "--data", "d.jsonl", "--system-output", "d.jsonl")
    assert found["rouge1"] == found["rouge2"] == found["rougeL"] == 100.0


@pytest.mark.usefixtures("tiny")
def test_what_serves_summaries_is_evaluated_where_no_system_is_named(here: Path) -> None:
    some = articles(1, 2)
    rows(here / "d.jsonl", *({"article": one.text, "summary": one.summary} for one in some))
    found = answer("summarize", "--data", "d.jsonl")
    assert found["rouge1"] == found["rougeL"] == 100.0
    assert found["checks"] == dict.fromkeys(CHECKS, 0.0)
    result = lur("summarize", "--data", "d.jsonl", "--model", "tiny-summarizer")
    assert result.stdout.splitlines()[0].split() == ["2", "articles", "tiny-summarizer"]


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--source", "absent"), "absent: No such file or directory"),
        (("--source", "latin"), "latin is not UTF-8 text: byte 0xe9 in line 1"),
        (("--source", "blank"), "blank has no text"),
        (("--reference", "one"), "en has 3 lines, one has 1: "),
        (("--system-output", "one"), "en has 3 lines, one has 1: "),
        (("--model", "nobody"), "no model is named 'nobody'"),
        (("--target", "ru", "--model", "tiny-en-hy"), "model tiny-en-hy does "),
        (("--target", "xx"), "no model translates en→xx"),
        (("--source", "absent", "--examples", "no/e.jsonl"), "no/e.jsonl: No such file"),
        (("--max-characters", "5"), ""),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_a_mistake_is_one_line_and_exit_code_1(
    here: Path, arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "latin").write_bytes("caf\xe9\n".encode("latin-1"))
    write(here / "blank", "", " ")
    write(here / "one", "one")
    if arguments[0] == "--max-characters":
        monkeypatch.setenv("LUR_MAX_CHARACTERS", arguments[1])
        arguments, message = (), "en, line 1: text has 22 characters, at most 5 are accepted"
    result = lur(*translate(*arguments))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"article": "A."}', "d.jsonl, line 1: no field 'summary' or "),
        ('{"article": "?!", "summary": "A."}', "d.jsonl, line 1: text holds no words"),
        ("{", "d.jsonl, line 1: not JSON"),
        ("", "d.jsonl has no rows"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_a_mistake_in_the_data_names_its_line(here: Path, content: str, message: str) -> None:
    write(here / "d.jsonl", content)
    result = lur("summarize", "--data", "d.jsonl")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1


def test_scores_without_their_libraries_name_the_extra(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    result = lur(*translate("--reference", "hy", "--system-output", "hy"))
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: scores need more libraries: pip install '.[eval]' in the checkout\n"
    )
    assert lur(*translate("--system-output", "hy")).exit_code == 0
