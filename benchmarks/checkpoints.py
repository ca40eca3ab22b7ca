"""Full-size checkpoints of real shape, written on demand in the hub's own layout.

The weights are random, with one mechanism in dimensions of their own: a model writes as many
tokens as the first word of its input asks for and then ends by itself. So every contender decodes
the same number of tokens with its own unmodified code, whatever its search or its number format.

Must not know: the contenders, the service, the clock.
"""

from pathlib import Path
from typing import Literal

__all__ = ["Shape", "ensure"]

Shape = Literal["opus-mt", "tc-big", "distilbart"]


def ensure(shape: Shape, root: Path, *, small: bool = False) -> Path:
    """Returns the directory of a checkpoint below `root`, writing it if it is not complete there.

    Deterministic: the same versions of torch and numpy write the same bytes. A directory that
    exists under its final name is complete; it is filled beside it and renamed.

    Args:
        shape: `opus-mt` is opus-mt-en-ru (6+6 layers, d 512, vocabulary 62 518), `tc-big` is
            opus-mt-tc-big-en-zle (6+6, d 1024), `distilbart` is distilbart-cnn-12-6.
        root: Where checkpoints are kept.
        small: The same mechanism in 2+2 narrow layers and a small vocabulary, for quick tests.
    """
    raise NotImplementedError
