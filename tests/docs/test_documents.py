"""What the documents say is what happens."""

import platform
import re
import shutil
from pathlib import Path

import click
import pytest

from service.api.security import RULES
from service.cli import main as lur
from service.settings import FOR_CLIENTS, Settings
from service.text.checks import CODES
from tests.docs.blocks import DOCUMENTS, ROOT, blocks_of
from tests.docs.checking import NOT_RUN, check, left_out, shown_name
from tests.docs.tables import TABLES, tables_in, with_tables

WRITE = "run `python -m tests.docs --write`"
TEXTS = {shown_name(path): path.read_text(encoding="utf-8") for path in DOCUMENTS}
RUN = [
    name for name, text in TEXTS.items() if any("not run" not in b.marks for b in blocks_of(text))
]

OUTSIDE = re.compile(r"\b(curl|jq)\b")
"""Programs that a machine with nothing but Python may lack."""


@pytest.mark.skipif(
    platform.machine().lower() not in {"x86_64", "amd64"},
    reason="the answers are those of an x86-64 processor (session.KERNELS)",
)
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", RUN)
def test_every_block_works_and_every_answer_is_what_comes_out(name: str) -> None:
    shells = [block.text for block in blocks_of(TEXTS[name]) if block.kind == "sh"]
    wanted = {found for text in shells for found in OUTSIDE.findall(text)}
    if missing := sorted(program for program in wanted if shutil.which(program) is None):
        pytest.skip(f"{name} needs {', '.join(missing)}")
    checked = check(TEXTS[name])
    assert not checked.failures, "\n\n".join(checked.failures)
    assert not checked.differences, f"{WRITE}\n\n" + "\n\n".join(checked.differences)


def test_every_table_is_shown_somewhere_and_is_that_of_the_code() -> None:
    assert {table for text in TEXTS.values() for table in tables_in(text)} == set(TABLES)
    for name, text in TEXTS.items():
        assert with_tables(text) == text, f"{name}: {WRITE}"


def test_every_block_that_is_not_run_is_listed_with_its_reason() -> None:
    listed = NOT_RUN.read_text(encoding="utf-8")
    assert listed == left_out(TEXTS), WRITE
    assert "| ? |" not in listed


# What the prose says.


def prose(text: str) -> str:
    """A document without its blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_within_the_repository_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(TEXTS[name])):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = ((ROOT / name).parent / file).resolve() if file else ROOT / name
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def test_every_document_can_be_reached_from_the_readme() -> None:
    found, ahead = set(), {"README.md"}
    while ahead:
        name = ahead.pop()
        found.add(name)
        for target in re.findall(r"\]\(([^)\s#:]+\.md)", TEXTS[name]):
            path = ((ROOT / name).parent / target).resolve()
            ahead |= {path.relative_to(ROOT).as_posix()} & set(TEXTS) - found
    assert found == set(TEXTS)


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_flag_setting_and_make_target_that_is_named_exists(name: str) -> None:
    text = TEXTS[name]
    for found in re.findall(r"(?:^|[`\s(])lur ([a-z]+)\b([^`\n|]*)", text):
        if (command := lur.commands.get(found[0])) is None:
            assert found[0] in ORDINARY, f"lur {found[0]}"
            continue
        flags = {flag for option in leaves(command) for flag in option.opts}
        assert set(re.findall(r"(?<!\S)--[a-z][a-z-]*", found[1])) <= flags | {"--help"}, found
    known = {setting.variable for setting in Settings.explained()} | set(FOR_CLIENTS)
    assert set(re.findall(r"\bLUR_[A-Z_]+\b", text)) <= known
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets


ORDINARY = frozenset(("is", "file", "image"))
"""Words that may follow the name where no command is meant (`docker build -t lur .`)."""


def leaves(command: click.Command) -> list[click.Parameter]:
    """The parameters of a command and of those below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return [*command.params, *(param for each in below for param in leaves(each))]


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_that_is_named_exists(name: str) -> None:
    folders = "service|tests|docs|deploy|benchmarks|requirements|examples"
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", prose(TEXTS[name])):
        assert (ROOT / path).exists(), path


def test_every_command_is_in_the_table_of_commands() -> None:
    said = "\n".join(TEXTS.values())
    assert [name for name in lur.commands if f"| `lur {name}" not in said] == []


NOT_THERE = frozenset(
    ("/v2/glossary-language-pairs", "/v2/glossaries", "/v3/glossaries", "/v2/{rest}", "/v3/{rest}")
)
"""Routes that only say that they are not there."""


def test_every_route_for_callers_is_shown() -> None:
    said = "\n".join(TEXTS.values())
    for_callers = {route for route, rule in RULES.items() if rule.scope or "/health" in route}
    assert {route for route in for_callers if not is_shown(route, said)} - NOT_THERE == set()


def is_shown(route: str, text: str) -> bool:
    pattern = re.sub(r"\\{\w+\\}", r"[\\w{}-]+", re.escape(route))
    return re.search(rf"(?:(?<![\w/])|(?<=:8000)){pattern}(?![\w/])", text) is not None


def test_every_warning_is_explained() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "service").rglob("*.py"))
    written = set(re.findall(r'(?:Caution|Finding)\(\s*"([a-z_]+)"', code)) | set(CODES)
    assert len(written) > 10
    assert written - set(re.findall(r"`([a-z_]+)`", TEXTS["docs/api.md"])) == set()
