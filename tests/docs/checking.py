"""Goes through a document block by block: what differs, and the document as it should be."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.answers import agrees, difference, rewritten
from tests.docs.blocks import ROOT, Block, blocks_of, with_answers
from tests.docs.session import BlockFailed, Session
from tests.docs.tables import with_tables

__all__ = ["NOT_RUN", "Checked", "check", "left_out", "shown_name"]

NOT_RUN = Path(__file__).parent / "not_run.md"


@dataclass(slots=True)
class Checked:
    """What became of a document.

    Attributes:
        text: the document with the answers that came out.
        differences, failures: for people, each with the line that it is about.
    """

    text: str
    differences: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def check(document: str) -> Checked:
    """Runs a document in a session of its own; what comes after a block that fails is not run.

    Raises:
        Unexplained: nothing says what a block is.
    """
    checked = Checked(document)
    answers: dict[int, str] = {}
    blocks = [block for block in blocks_of(document) if "not run" not in block.marks]
    if blocks:
        try:
            with Session() as session:
                for block in blocks:
                    _run(block, session, checked, answers)
        except BlockFailed as failure:
            checked.failures.append(str(failure))
    checked.text = with_tables(with_answers(document, answers))
    return checked


def _run(block: Block, session: Session, checked: Checked, answers: dict[int, str]) -> None:
    answer = block.answer

    def enough(printed: str) -> bool:
        return answer is None or agrees(answer.kind, answer.text, printed)

    try:
        printed = session.run(block, enough)
    except BlockFailed as failure:
        raise BlockFailed(f"line {block.line}: {block.title}\n{failure}") from failure
    if answer is not None and not agrees(answer.kind, answer.text, printed):
        answers[answer.start] = rewritten(answer.kind, answer.text, printed)
        told = difference(answer.kind, answer.text, printed)
        checked.differences.append(f"line {answer.line}: not what {block.title} prints\n{told}")


def left_out(documents: dict[str, str]) -> str:
    """Returns the list of the blocks that are not run as they stand, with the reasons.

    Args:
        documents: by path, as people read it.
    """
    rows = ["# Blocks of the documents that are not run as they stand"]
    rows += ["Written by `python -m tests.docs --write`.", "", "| document | block | why |"]
    rows += ["| --- | --- | --- |"]
    for name, document in documents.items():
        for block in blocks_of(document):
            why = block.marks.get("not run")
            if instead := block.marks.get("serves"):
                why = f"`{instead}` is run in its place"
            if why is not None:
                title = block.title.replace("|", "\\|")
                rows.append(f"| {name} | `{title}` | {why or '?'} |")
    return "\n".join(rows) + "\n"


def shown_name(path: Path) -> str:
    """Returns the path of a document as people read it."""
    return path.relative_to(ROOT).as_posix()
