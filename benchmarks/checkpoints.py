"""Full-size checkpoints of real shape, written on demand in the hub's own layout.

The weights are random, with one mechanism in dimensions of their own: a model writes as many
tokens as the first word of its input asks for and then ends by itself. So every contender decodes
the same number of tokens with its own unmodified code, whatever its search or its number format.

    python -m benchmarks.checkpoints opus-mt /tmp/checkpoints

Must not know: the contenders, the service, the clock.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from benchmarks import checkpoint_bart, checkpoint_marian
from benchmarks.checkpoint_bart import BartShape
from benchmarks.checkpoint_marian import MarianShape

__all__ = ["Shape", "ensure"]

Shape = Literal["opus-mt", "tc-big", "distilbart"]

_SEED = 20240501
_VERSION = 2
"""Part of the directory's name: a checkpoint of an older recipe is not taken for a new one."""

# pieces, common: 62 518 tokens in all for opus-mt-en-ru.
_MARIAN = {
    "opus-mt": MarianShape(6, 512, 8, 2048, 32_000, 1_479, 16),
    "tc-big": MarianShape(6, 1024, 16, 4096, 32_000, 1_482, 16, (">>bel<<", ">>rus<<", ">>ukr<<")),
}
_SMALL_MARIAN = {
    "opus-mt": MarianShape(2, 256, 4, 512, 3_000, 200, 3),
    "tc-big": MarianShape(2, 256, 4, 512, 3_000, 200, 3, (">>bel<<", ">>rus<<", ">>ukr<<")),
}
_BART = BartShape(12, 6, 1024, 16, 4096, 50_264, 16, 1_000)
_SMALL_BART = BartShape(2, 2, 256, 4, 512, 4_000, 2, 100)


def ensure(shape: Shape, root: Path, *, small: bool = False) -> Path:
    """Returns the directory of a checkpoint below `root`, writing it if it is not there yet.

    Deterministic: the same versions of the libraries write the same bytes. A directory under its
    final name is complete: it is filled beside it and renamed. Needs torch and transformers.

    Args:
        shape: `opus-mt` is opus-mt-en-ru (6+6 layers, d 512, vocabulary 62 518), `tc-big` is
            opus-mt-tc-big-en-zle (6+6, d 1024), `distilbart` is distilbart-cnn-12-6.
        root: Where checkpoints are kept; made if it is missing.
        small: The same mechanism in 2+2 narrow layers and a small vocabulary, for quick tests.
    """
    target = root / f"{shape}{'-small' if small else ''}-v{_VERSION}"
    if target.exists():
        return target
    root.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=root))
    try:
        _writer(shape, small)(draft)
        draft.chmod(0o755)
        os.rename(draft, target)
    except OSError:
        if not target.exists():  # another process was faster
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _writer(shape: Shape, small: bool) -> Callable[[Path], None]:
    if shape == "distilbart":
        bart = _SMALL_BART if small else _BART
        return partial(checkpoint_bart.write, shape=bart, seed=_SEED)
    marian = _SMALL_MARIAN if small else _MARIAN
    return partial(checkpoint_marian.write, shape=marian[shape], seed=_SEED)


def main() -> None:
    """Writes the checkpoint that the command line names and prints its directory."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("shape", choices=get_args(Shape))
    parser.add_argument("root", type=Path)
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    print(ensure(given.shape, given.root, small=given.small))


if __name__ == "__main__":
    main()
