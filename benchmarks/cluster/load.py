"""Clients that ask again as soon as they are answered, and what they saw.

Every text is another one and names its own number, so that a wrong answer is noticed. Nobody tries
again: what the proxy does not mend is lost. `python -m benchmarks.cluster.load URL` loads a service
that runs elsewhere.
"""

import argparse
import asyncio
import bisect
import itertools
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.cluster.replicas import WORD

__all__ = ["Answer", "Load", "is_of"]

SENTENCE = "The energy minister of Greece opened {} new factories {word} in Beijing on Sunday."


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: when it was sent and answered, and how.

    Attributes:
        outcome: `right`; `wrong`; a status that is not 200; or what became of the connection.
    """

    sent_s: float
    done_s: float
    outcome: str


@dataclass
class Load:
    """Runs while it is entered; `answers` grows."""

    url: str
    clients: int
    timeout_s: float = 60
    answers: list[Answer] = field(default_factory=list)

    async def __aenter__(self) -> "Load":
        self._stop = asyncio.Event()
        self._numbers = itertools.count(1000)
        everybody = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = httpx.AsyncClient(
            base_url=self.url, timeout=self.timeout_s, limits=everybody
        )
        self._tasks = [asyncio.create_task(self._ask_on()) for _ in range(self.clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)
        await self._client.aclose()

    async def _ask_on(self) -> None:
        while not self._stop.is_set():
            sent_s, number = time.monotonic(), next(self._numbers)
            outcome = await self._ask(number)
            self.answers.append(Answer(sent_s, time.monotonic(), outcome))

    async def _ask(self, number: int) -> str:
        body = {"text": SENTENCE.format(number, word=WORD), "target": "hy"}
        try:
            answer = await self._client.post("/v1/translate", json=body)
        except httpx.HTTPError as error:
            return type(error).__name__
        if answer.status_code != 200:
            return str(answer.status_code)
        [translation] = answer.json()["translations"]
        return "right" if is_of(number, translation) else "wrong"

    def rate(self, seconds: float) -> float:
        """Right answers a second in the last so many seconds, from one answer to another.

        Answers come in batches: a window that began or ended anywhere would count one too many or
        too few.

        Raises:
            ValueError: there was none before, or none since.
        """
        done = sorted(answer.done_s for answer in self.answers if answer.outcome == "right")
        first = bisect.bisect(done, time.monotonic() - seconds) - 1
        if first < 0 or first == len(done) - 1:
            raise ValueError(f"no answers to tell a rate from: {len(done)}")
        return (len(done) - 1 - first) / (done[-1] - done[first])


def is_of(number: int, translation: dict[str, Any]) -> bool:
    """Tells whether it has the number, or lacks it and says so.

    Armenian writes five digits in groups of three, with blanks between.
    """
    ungrouped = "".join(translation["text"].split())
    said = [warning["code"] for warning in translation["warnings"]]
    return str(number) in ungrouped or (bool(ungrouped) and "number_lost" in said)


async def main() -> None:
    """Loads a service for some seconds and prints how often each outcome came."""
    parser = argparse.ArgumentParser(description="load, and what became of it")
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    async with Load(given.url, given.clients) as load:
        await asyncio.sleep(given.seconds)
    print(json.dumps(Counter(answer.outcome for answer in load.answers)))


if __name__ == "__main__":
    asyncio.run(main())
