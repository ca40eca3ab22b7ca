"""How each contender with an HTTP server is started, asked and understood.

Must not know: the clients, what is measured.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.weights import Lur
from service.machine import usable_cpus

__all__ = ["Contender", "libretranslate", "lur", "one_call", "transformers"]

BEAM = 2
"""Of every contender: Lur's `balanced`."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server.

    Attributes:
        name: the key in the results.
        label: for people.
        command: its arguments; `{port}` stands for the port.
        environment: on top of the benchmark's own.
        health: the path that answers 200 when it is ready.
        path: where a text is posted.
        body: the request for a text.
        answer: the text in the reply; raises where it is not where it should be.
    """

    name: str
    label: str
    command: Sequence[str]
    path: str
    body: Callable[[str], object]
    answer: Callable[[Any], str]
    environment: Mapping[str, str] = field(default_factory=dict)
    health: str = "/"


def lur(
    name: str,
    files: Lur,
    model: str,
    *,
    target: str | None,
    **settings: object,
) -> Contender:
    """Returns Lur as `lur serve`, remembering nothing and repairing nothing.

    Args:
        name: of the contender.
        files: catalog and model cache.
        model: of the catalog.
        target: the language to translate into; none for summaries.
        settings: more of them, by their field's name; they win.
    """
    chosen = {"result_cache_bytes": 0, "repair_tries": 0, "preload": model, **settings}

    def translation(text: str) -> object:
        return {"text": text, "target": target, "model": model, "quality": "balanced"}

    def summary(text: str) -> object:
        return {"text": text, "model": model}

    def translated(reply: Any) -> str:
        text: str = reply["translations"][0]["text"]
        return text

    def summarized(reply: Any) -> str:
        text: str = reply["summary"]
        return text

    return Contender(
        name,
        "Lur",
        [sys.executable, "-m", "service.cli", "serve", "--port", "{port}"],
        "/v1/translate" if target else "/v1/summarize",
        translation if target else summary,
        translated if target else summarized,
        files.environment(**chosen),
        "/health/ready",
    )


def transformers(
    name: str,
    checkpoint: Path,
    *,
    lock: bool,
    whole: bool = False,
    early: bool = True,
    device: str = "cpu",
) -> Contender:
    """Returns `generate` behind a small application.

    Args:
        name: of the contender.
        checkpoint: in the hub's layout.
        lock: one request at a time.
        whole: the text is not cut, and the beam is the checkpoint's.
        early: the search ends when as many candidates as the beam are finished, as it does in
            CTranslate2 by default; else as the checkpoint says.
        device: as torch calls it.
    """
    command = [sys.executable, "-m", "benchmarks.contenders.transformers_app", str(checkpoint)]
    command += ["--port", "{port}", "--device", device]
    command += ["--whole"] if whole else ["--beam", str(BEAM)]
    command += ["--lock"] if lock else []
    command += ["--early"] if early else []
    label = "transformers, with a lock" if lock else "transformers, in threads"
    return Contender(name, label, command, "/translate", _text, _answer)


def one_call(
    name: str, model: Path, *, threads: tuple[int, int], cuts: bool, device: str
) -> Contender:
    """Returns the pattern of one call of CTranslate2 a request; `threads`: inter and intra."""
    command = [sys.executable, "-m", "benchmarks.contenders.one_call_app", str(model)]
    command += ["--port", "{port}", "--beam", str(BEAM), "--device", device]
    command += ["--inter", str(threads[0]), "--intra", str(threads[1])]
    label = f"one call a request, as {'MinT' if cuts else 'nllb-api'}"
    return Contender(name, label, command, "/translate", _text, _answer)


def libretranslate(
    name: str, python: Path, packages: Path, home: Path, target: str, device: str
) -> Contender:
    """Returns LibreTranslate, run by the Python of its own environment.

    Its package's beam is set to ours, and its translator has a worker a core with one thread each:
    faster at several clients here than its default of one worker.
    """

    def translation(text: str) -> object:
        return {"q": text, "source": "en", "target": target, "format": "text"}

    def translated(reply: Any) -> str:
        text: str = reply["translatedText"]
        return text

    launcher = Path(__file__).with_name("libretranslate_launcher.py")
    environment = {
        "HOME": str(home.resolve()),
        "XDG_DATA_HOME": str(home.resolve() / "data"),
        "XDG_CONFIG_HOME": str(home.resolve() / "config"),
        "XDG_CACHE_HOME": str(home.resolve() / "cache"),
        "ARGOS_PACKAGES_DIR": str(packages.resolve()),
        "ARGOS_DEVICE_TYPE": device,
        "ARGOS_BEAM_SIZE": str(BEAM),
        "ARGOS_INTER_THREADS": str(usable_cpus()),
        "ARGOS_INTRA_THREADS": "1",
    }
    return Contender(
        name,
        "LibreTranslate",
        [str(python), str(launcher), "--host", "127.0.0.1", "--port", "{port}"],
        "/translate",
        translation,
        translated,
        environment,
        "/health",
    )


def _text(text: str) -> object:
    return {"text": text}


def _answer(reply: Any) -> str:
    text: str = reply["text"]
    return text
