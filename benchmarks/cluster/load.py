"""Clients that ask again as soon as they are answered, and what they saw.

Every text is another one and names its own number, so that a wrong answer is noticed. Nobody tries
again: what the proxy does not mend is lost.
"""

import asyncio
import itertools
import time
from dataclasses import dataclass, field

import httpx

from benchmarks.cluster.replicas import WORD

__all__ = ["Answer", "Load"]

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
        self._tasks = [asyncio.create_task(self._client()) for _ in range(self.clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def _client(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=self.timeout_s) as client:
            while not self._stop.is_set():
                sent_s, number = time.monotonic(), next(self._numbers)
                outcome = await self._ask(client, number)
                self.answers.append(Answer(sent_s, time.monotonic(), outcome))

    async def _ask(self, client: httpx.AsyncClient, number: int) -> str:
        body = {"text": SENTENCE.format(number, word=WORD), "target": "ru"}
        try:
            answer = await client.post("/v1/translate", json=body)
        except httpx.HTTPError as error:
            return type(error).__name__
        if answer.status_code != 200:
            return str(answer.status_code)
        [translation] = answer.json()["translations"]
        said = [warning["code"] for warning in translation["warnings"]]
        whole = str(number) in translation["text"] or "number_lost" in said
        return "right" if whole and translation["text"] else "wrong"

    def rate(self, seconds: float) -> float:
        """Right answers a second in the last so many seconds."""
        since = time.monotonic() - seconds
        return sum(a.done_s >= since and a.outcome == "right" for a in self.answers) / seconds
