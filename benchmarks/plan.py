"""What a run measures: cells, durations, rounds; the whole benchmark and the quick one.

Must not know: how anything is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "REAL", "Cell", "Plan"]

LEVELS = (1, 4, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class Cell:
    """A load on a contender.

    Attributes:
        contender: its name.
        load: `single`: sentences; `short`: those of 15 to 25 tokens; `article`: twelve sentences;
            `mixed`: short sentences beside articles.
        clients: at once.
        duration_s: no request is sent after it.
    """

    contender: str
    load: str
    clients: int
    duration_s: float

    @property
    def key(self) -> str:
        """Its name in the results."""
        return f"{self.load}@{self.clients}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A run.

    Attributes:
        name: of the plan.
        rounds: how often every cell is measured.
        cells: of a round, in any order.
        engine_s: how long the engine works offline in a round; alone half of that.
        alone: sentences that are given to the engine and to Lur, one after another, in a round.
        pairs: articles that are sent whole and sentence by sentence, in a round.
        summaries: articles for each summarizer in a round.
        small_summarizer: whether the summarizer and the three models of the memory test are the
            small checkpoints.
        flat_requests: how many requests memory must stay flat over.
    """

    name: str
    rounds: int
    cells: Sequence[Cell]
    engine_s: float
    alone: int
    pairs: int
    summaries: int
    small_summarizer: bool
    flat_requests: int


PEERS = ("transformers", "transformers_unlocked", "libretranslate", "nllb_pattern", "mint_pattern")


def _peers(duration_s: float, loads: Sequence[tuple[str, int]]) -> list[Cell]:
    """One at a time, threads and a lock are the same to one client; nllb-api cuts no text."""
    return [
        Cell(peer, load, clients, duration_s)
        for peer in PEERS
        for load, clients in loads
        if not (peer == "transformers_unlocked" and clients == 1)
        and not (peer == "nllb_pattern" and load != "single")
    ]


FULL = Plan(
    "full",
    rounds=5,
    cells=[
        Cell("lur", "single", 32, 10.0),
        *(Cell("lur", "single", clients, 5.0) for clients in LEVELS if clients != 32),
        *(Cell("lur", "article", clients, 3.0) for clients in LEVELS),
        Cell("lur", "mixed", 16, 12.0),
        *(Cell("lur", "mixed", clients, 3.0) for clients in LEVELS if clients != 16),
        Cell("lur", "short", 1, 4.0),
        *_peers(4.0, [("single", 1), ("single", 32), ("article", 1)]),
    ],
    engine_s=8.0,
    alone=40,
    pairs=2,
    summaries=1,
    small_summarizer=False,
    flat_requests=10_000,
)

QUICK = Plan(
    "quick",
    rounds=3,
    cells=[
        Cell("lur", "single", 32, 4.0),
        *(Cell("lur", "single", clients, 1.5) for clients in (1, 16)),
        Cell("lur", "article", 1, 2.0),
        Cell("lur", "mixed", 16, 3.0),
        Cell("lur", "short", 1, 1.5),
        *(Cell(peer, "single", 32, 1.5) for peer in ("libretranslate", "mint_pattern")),
        Cell("transformers", "single", 1, 3.0),  # with a lock, as many sentences as at 32
    ],
    engine_s=2.0,
    alone=10,
    pairs=1,
    summaries=1,
    small_summarizer=True,
    flat_requests=1_000,
)

REAL = (("single", 1), ("single", 32), ("article", 1), ("article", 16))
"""Cells of a checkpoint of the user's own; `transformers` has the first two."""
