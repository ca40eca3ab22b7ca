"""The library itself, offline: CTranslate2 in a process of its own that waits for work.

The parent speaks to it in lines of JSON. Sources come as tokens, so that nothing but the engine is
measured. Must not know: text, HTTP.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

__all__ = ["Engine", "Layout"]

Layout = tuple[int, int]
"""`inter_threads` and `intra_threads` of CTranslate2."""

Sources = Sequence[Sequence[str]]


class Engine:
    """The child process; ends with the `with` block.

    Attributes:
        pid: of the child, for `processes`.
    """

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contenders.engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._child.pid

    def load(
        self, name: str, model: Path, layout: Layout, device: str, compute_type: str = "default"
    ) -> None:
        """Loads a model under a name; one of that name leaves.

        Args:
            name: of ours.
            model: its directory.
            layout: its threads.
            device: `cpu` or `cuda`.
            compute_type: the library's word for the numbers it computes in; as stored by default.

        Raises:
            RuntimeError: the library cannot; the child has ended.
        """
        self._do(
            do="load",
            name=name,
            model=str(model),
            layout=layout,
            device=device,
            compute_type=compute_type,
        )

    def unload(self, name: str) -> None:
        """Frees the model of that name."""
        self._do(do="unload", name=name)

    def translate(
        self, name: str, sources: Sources, options: Mapping[str, object]
    ) -> tuple[float, int]:
        """Translates all sources in one call; returns its seconds and the target tokens."""
        reply = self._do(do="translate", name=name, sources=sources, options=options)
        return reply["times"][0], reply["tokens"]

    def one_by_one(
        self, name: str, sources: Sources, options: Mapping[str, object]
    ) -> tuple[list[float], int]:
        """Translates one source after another; returns each call's seconds, and target tokens."""
        reply = self._do(do="one_by_one", name=name, sources=sources, options=options)
        return reply["times"], reply["tokens"]

    def _do(self, **order: object) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(order) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"the engine ended at {order['do']}; its reason is above")
        return json.loads(line)

    def close(self) -> None:
        """Ends the child."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def main(orders: TextIO, replies: TextIO) -> None:
    """Does what the lines of `orders` say and answers each with a line, until they end."""
    import ctranslate2

    models: dict[str, Any] = {}
    for line in orders:
        order = json.loads(line)
        name = order["name"]
        times: list[float] = []
        tokens = 0
        if order["do"] == "unload":
            del models[name]
        elif order["do"] == "load":
            inter, intra = order["layout"]
            models[name] = ctranslate2.Translator(
                order["model"],
                device=order["device"],
                compute_type=order["compute_type"],
                inter_threads=inter,
                intra_threads=intra,
            )
        else:
            sources = order["sources"]
            calls = [sources] if order["do"] == "translate" else [[source] for source in sources]
            for call in calls:
                begun = time.perf_counter()
                results = models[name].translate_batch(call, **order["options"])
                times.append(time.perf_counter() - begun)
                tokens += sum(len(result.hypotheses[0]) for result in results)
        replies.write(json.dumps({"times": times, "tokens": tokens}) + "\n")
        replies.flush()


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
