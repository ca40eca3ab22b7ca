"""Knowledge points downwards: reads the imports of every module and compares with the drawing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[2] / "service"

LEAVES = {"errors", "settings", "telemetry.metrics"}
ANY = {"*"}

# Room or module -> what it may import of ours, beside itself. The longest name that fits counts.
DRAWING: dict[str, set[str]] = {
    "": set(),  # service/__init__
    "app": {"api", "core", "telemetry.logs", *LEAVES},
    "cli": ANY,
    "server": {"app", *LEAVES},
    "demo": set(),
    "doctor": {"core", "models.catalog", *LEAVES},
    "api": {"core", "tasks", "models.catalog", "models.languages", *LEAVES},
    "core": {"tasks", "runner", "models", "engines.base", *LEAVES},
    "tasks": {"text", "models.registry", "models.catalog", "runner", "batching", "engines.base"}
    | LEAVES,
    "text": set(),
    "runner": {"batching", "engines.base", *LEAVES},
    "batching": {"engines.base", *LEAVES},
    "models": {"engines.base", "engines.convert", *LEAVES},
    "models.registry": {"runner", "models.catalog", *LEAVES},
    "models.catalog": {"errors"},
    "models.languages": set(),
    "engines": set(),
    "telemetry.logs": set(),
    "telemetry.metrics": set(),
    "errors": set(),
    "settings": set(),
}

# Library -> the rooms that may import it.
LIBRARIES: dict[str, set[str]] = {
    "litestar": {"api", "app", "cli", "telemetry.logs"},
    "uvicorn": {"server"},
    "ctranslate2": {"engines"},
    "torch": {"engines"},
    "transformers": {"engines"},
    "sentencepiece": {"engines"},
    "tokenizers": {"engines"},
    "sacremoses": {"text"},
    "sentencex": {"text"},
    "huggingface_hub": {"models"},
}


def inside(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def imports(source: str) -> Iterator[str]:
    """Every imported module, inside functions too; for `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules() -> dict[str, str]:
    """Our modules by their name below `service`, with their source."""
    found = {}
    for path in SERVICE.rglob("*.py"):
        parts = path.relative_to(SERVICE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text()
    return found


PACKAGES = {"", "api", "engines", "models", "tasks", "telemetry", "text"}
"""Empty themselves; what is imported from them is looked at."""


def faults(name: str, source: str, known: set[str]) -> list[str]:
    """One sentence for each arrow of this module that is not drawn."""
    room = max((r for r in DRAWING if not r or inside(name, r)), key=len)
    allowed = {room, *DRAWING[room]} - {""}
    found = set()
    for imported in imports(source):
        library = imported.split(".")[0]
        if library in LIBRARIES and not any(inside(name, r) for r in LIBRARIES[library]):
            found.add(f"{name} imports {library}")
        target = imported.removeprefix("service").removeprefix(".")
        if library != "service" or target not in known - PACKAGES or allowed >= ANY:
            continue  # for `from a import b`, `a.b` may be no module
        if not any(inside(target, drawn) for drawn in allowed):
            found.add(f"{name} imports {target}")
    return sorted(found)


MODULES = modules()


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_arrow_is_in_the_drawing(name: str) -> None:
    assert faults(name, MODULES[name], set(MODULES)) == []


@pytest.mark.parametrize(
    ("name", "source", "fault"),
    [
        ("text.pack", "import service.models.catalog", "text.pack imports models.catalog"),
        ("batching", "from service.models import store", "batching imports models.store"),
        ("errors", "from service.settings import Settings", "errors imports settings"),
        ("tasks.x", "def f():\n    from service.core import Core", "tasks.x imports core"),
        ("tasks.x", "from service.models.store import Store", "tasks.x imports models.store"),
        ("models.registry", "from service.models.store import Store",
         "models.registry imports models.store"),
        ("runner", "import litestar", "runner imports litestar"),
        ("tasks.x", "from transformers import AutoModel", "tasks.x imports transformers"),
        ("engines.x", "from service.errors import ServiceError", "engines.x imports errors"),
        ("core", "from service.api.schemas import Problem", "core imports api.schemas"),
    ],
)  # fmt: skip
def test_an_arrow_that_is_not_drawn_is_seen(name: str, source: str, fault: str) -> None:
    assert faults(name, source, set(MODULES)) == [fault]


def test_the_environment_is_read_where_the_settings_begin() -> None:
    readers = {name for name, source in MODULES.items() if "os.environ" in source}
    assert readers == {"app", "cli", "engines.convert"}  # the last hands it to its child
