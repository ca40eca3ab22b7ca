"""Knowledge points downwards: reads the imports of every module and compares with the drawing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[2] / "service"

LEAVES = {"errors", "machine", "settings", "telemetry.metrics"}
ANY = {"*"}

# Room or module -> what it may import of ours, beside itself. The longest name that fits counts.
DRAWING: dict[str, set[str]] = {
    "": set(),  # service/__init__
    "access": {"settings", "telemetry.metrics"},
    "answers": set(),
    "app": {"access", "api", "core", "doctor", "telemetry.logs", *LEAVES},
    "cli": ANY,
    "server": {"app", "http_protocol", "stopping", *LEAVES},
    "stopping": set(),
    "http_protocol": {"api.raw_problems", "lingering", "telemetry.metrics"},
    "lingering": set(),
    "demo": set(),
    "bench": {"core", "tasks", "text", "models", "engines.base", *LEAVES},
    "doctor": {"access", "core", "models.catalog", *LEAVES},
    "api": {
        "access",
        "answers",
        "core",
        "tasks",
        "markup",
        "models.catalog",
        "models.languages",
        "shared",
        *LEAVES,
    },
    "core": {"tasks", "text.glossary", "text.typography", "runner", "models", "engines.base"}
    | {"shared", *LEAVES},
    "tasks": {"markup", "text", "models.registry", "models.catalog", "runner", "batching"}
    | {"engines.base", "errors", "shared", "telemetry.metrics"},
    "shared": {"telemetry.metrics"},
    "bulk": {"answers", "core", "tasks", "text", "errors"},
    "evaluate": {"core", "tasks", "text", "errors"},
    "markup": {"errors"},
    "client": {"answers"},
    "text": set(),
    "runner": {"batching", "crew", "engines.base", "errors", "telemetry.metrics"},
    "crew": {"batching", "engines.base"},
    "batching": {"engines.base", "errors", "telemetry.metrics"},
    "models": {"engines.base", "engines.convert", "errors"},
    "models.registry": {"runner", "models.residence", "models.catalog", "errors"}
    | {"telemetry.metrics"},
    "models.residence": {"runner", "models.backoff", "models.catalog"},
    "models.catalog": {"errors"},
    "models.languages": set(),
    "engines": set(),
    "telemetry.logs": set(),
    "telemetry.metrics": set(),
    "errors": set(),
    "machine": set(),
    "settings": set(),
}

# Below a room, yet not of it: its rooms' siblings may not import these.
APART = {"models": {"models.registry", "models.residence"}}

# Library -> the rooms that may import it.
LIBRARIES: dict[str, set[str]] = {
    "litestar": {"api", "app", "telemetry.logs"},
    "uvicorn": {"server", "http_protocol", "stopping"},
    "httptools": {"http_protocol"},
    "ctranslate2": {"engines"},
    "torch": {"engines"},
    "transformers": {"engines"},
    "sentencepiece": {"engines"},
    "tokenizers": {"engines"},
    "sacremoses": {"text"},
    "sentencex": {"text"},
    "aiosqlite": {"tasks.memory_file"},
    "sqlite3": {"tasks.memory_file"},
    "valkey": {"shared.store"},
    "huggingface_hub": {"models"},
    "docx": {"markup"},
    "lxml": {"markup"},
    "pyromark": {"markup"},
    "py3langid": {"text.detect"},
    "sacrebleu": {"evaluate"},
    "rouge_score": {"evaluate"},
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


PACKAGES = {
    "",
    "api",
    "bench",
    "bulk",
    "engines",
    "evaluate",
    "models",
    "tasks",
    "telemetry",
    "text",
}
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
        apart = any(inside(target, room) for room in APART.get(room, ()))
        if apart or not any(inside(target, drawn) for drawn in allowed):
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
        ("app", "from service import cli", "app imports cli"),
        ("models.store", "from service.models.registry import Registry",
         "models.store imports models.registry"),
        ("models.store", "from service.models import registry",
         "models.store imports models.registry"),
        ("models.store", "from service.runner import Runner", "models.store imports runner"),
        ("models.catalog", "from service.engines.base import Decoding",
         "models.catalog imports engines.base"),
        ("tasks.x", "from service.settings import Settings", "tasks.x imports settings"),
        ("tasks.x", "from service.engines import ct2", "tasks.x imports engines.ct2"),
        ("telemetry.metrics", "import service.errors", "telemetry.metrics imports errors"),
        ("cli", "from litestar.testing import TestClient", "cli imports litestar"),
        ("cli", "def f():\n    import sacrebleu", "cli imports sacrebleu"),
        ("tasks.x", "from service.evaluate.scores import Quality",
         "tasks.x imports evaluate.scores"),
        ("runner", "class A:\n  async def f(self):\n    try: import torch\n    except E: pass",
         "runner imports torch"),
    ],
)  # fmt: skip
def test_an_arrow_that_is_not_drawn_is_seen(name: str, source: str, fault: str) -> None:
    assert faults(name, source, set(MODULES)) == [fault]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("app", "from service.core import build_core\nfrom litestar import Litestar"),
        ("tasks.x", "from service.text.pack import pack\nfrom service.tasks.y import z"),
        ("models.store", "from service.models.manifest import Manifest\nimport huggingface_hub"),
        ("engines.x", "def f():\n    import torch\n    from service.engines.base import Engine"),
        ("runner", "from torchlike import x\nimport service_of_others.api"),
    ],
)
def test_an_arrow_that_is_drawn_is_no_fault(name: str, source: str) -> None:
    assert faults(name, source, set(MODULES)) == []


def test_relative_imports_cannot_hide_an_arrow() -> None:
    with pytest.raises(AssertionError, match="imports are absolute"):
        faults("text.pack", "from ..core import Core", set(MODULES))


def test_every_library_of_ours_and_room_in_the_drawing_exists() -> None:
    """A name that is misspelt or gone would forbid nothing."""
    known = set(MODULES)
    drawn = set(DRAWING).union(*DRAWING.values(), *LIBRARIES.values(), *APART.values()) - ANY
    assert drawn <= known


def reads_environment(source: str) -> bool:
    names = {"environ", "environb", "getenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.alias) and node.name in names)
        for node in ast.walk(ast.parse(source))
    )


def test_the_environment_is_read_where_the_settings_begin() -> None:
    readers = {name for name, source in MODULES.items() if reads_environment(source)}
    # `engines.convert` hands it to its child; `machine` looks for the variable of OpenMP.
    assert readers == {"app", "cli.options", "engines.convert", "machine"}


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['X']",
        "import os\ndef f(): return os.getenv('X')",
        "from os import environ as e",
        "import os as o\no.environ.get('X')",
    ],
)
def test_every_way_to_read_the_environment_is_seen(source: str) -> None:
    assert reads_environment(source)
    assert not reads_environment("import os\nos.sched_getaffinity(0)  # not os.environ")
