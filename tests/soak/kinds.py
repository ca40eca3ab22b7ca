"""What the soak asks, and which answers are right.

Good requests come from a pool that is made by a seed; the answer to each is taken beforehand from a
calm server, one at a time, and every later one must be that very answer: if sentences of different
requests were mixed up, or the company in a batch changed a text, it would show. Only an answer that
says that there was no time to repair it may be another; after the load none may. Knows no clock.
"""

import json
import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tests.server.conftest import FAULTS
from tests.soak.wire import Answer
from tests.tinylang.grammar import articles, sentences

__all__ = ["Ask", "bad_asks", "essence", "fault_of", "good_asks", "is_cut_short", "verdict"]

BUSY = frozenset({503, 504})
"""What any request may be answered when there is too much to do, or a model is on its way."""

FAILED = BUSY | {500, 422}
"""What an input that an engine fails on may be answered: the first time 500, then 422."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    Attributes:
        kind: for the report.
        models: whose route it takes.
        right: the statuses that it may have.
        answer: what it must say if the status is 200; None where nobody knows.
    """

    kind: str
    path: str
    body: bytes = b""
    method: str = "POST"
    content_type: str = "application/json"
    models: frozenset[str] = frozenset()
    right: Collection[int] = BUSY | {200}
    answer: Any = None


def _ask(kind: str, path: str, body: dict[str, Any], *models: str) -> Ask:
    return Ask(kind, path, json.dumps(body).encode(), models=frozenset(models))


def good_asks(seed: int) -> list[Ask]:
    """Returns the pool: some of every kind of good request, short ones most."""
    rng = random.Random(seed)
    lines = [triple.en for triple in sentences(seed, 400, held_out=True)]
    read = [article.text for article in articles(seed, 12, held_out=True)]
    asks = []
    for target in ("hy", "ru"):
        asks += [_ask("single", "/v1/translate", {"text": line, "target": target}, target)
                 for line in rng.sample(lines, 30)]  # fmt: skip
        for _ in range(8):
            some = rng.sample(lines, rng.randrange(2, 13))
            body = {"text": some, "target": target, "segments": rng.random() < 0.5}
            asks.append(_ask("list", "/v1/translate", body, target))
            text = "\n\n".join(" ".join(rng.sample(lines, 4)) for _ in range(rng.randrange(1, 7)))
            asks.append(_ask("article", "/v1/translate", {"text": text, "target": target}, target))
        for quality in ("fast", "best"):
            body = {"text": " ".join(rng.sample(lines, 2)), "target": target, "quality": quality}
            asks.append(_ask("quality", "/v1/translate", body, target))
        for count in (1, 4):
            body = {"text": rng.choice(lines), "target": target, "alternatives": count}
            asks.append(_ask("alternatives", "/v1/translate", body, target))
    for _ in range(10):
        body = {"text": rng.sample(lines, 2), "target": ["hy", "ru"]}
        asks.append(_ask("both", "/v1/translate", body, "hy", "ru"))
    for text in read:
        body = {"text": text, "length": rng.choice(["short", "medium", "long"])}
        asks.append(_ask("summary", "/v1/summarize", body, "summarize"))
    for text in read[:4]:
        body = {"text": text, "translate_to": ["hy", "ru"]}
        asks.append(_ask("summary translated", "/v1/summarize", body, "summarize", "hy", "ru"))
    for text in read[4:8]:
        streamed: dict[str, Any] = {"text": text, "stream": True}
        asks += [
            _ask("stream", "/v1/translate", streamed | {"target": "hy"}, "hy"),
            _ask(
                "stream summary",
                "/v1/summarize",
                streamed | {"translate_to": ["ru"]},
                "summarize",
                "ru",
            ),
        ]
    odd = ["", "42", "\u202eabc", "😀" * 50, "a" * 3000, "\n" * 2000, "\ufeffNo.", "<b>x</b> & y"]
    asks += [_ask("odd", "/v1/translate", {"text": text, "target": "hy"}, "hy") for text in odd]
    return asks


def bad_asks(max_characters: int) -> list[Ask]:
    """Returns requests that are wrong; each has one status that says so, or 503 at the end."""

    def wrong(status: int, body: bytes, **other: Any) -> Ask:
        found = {"kind": f"bad {status}", "path": "/v1/translate", "body": body} | other
        return Ask(right={status, 503}, **found)

    good = b'{"text": "No.", "target": "hy"}'
    return [
        wrong(400, b"{"),
        wrong(400, b'{"text": "\xff", "target": "hy"}'),
        wrong(400, b'{"text": "No."}'),
        wrong(400, b'{"text": "No.", "target": "hy", "colour": 1}'),
        wrong(400, b'{"text": "No.", "target": "hy", "alternatives": 1e99}'),
        wrong(400, b"[" * 5000),
        wrong(400, json.dumps({"text": ["x"] * 129, "target": "hy"}).encode()),
        wrong(404, good, path="/v1/nothing"),
        wrong(404, b"", path="/v1/models/no-such/load"),
        wrong(405, good, method="PUT"),
        wrong(413, b'{"text": "' + b"x" * (13 * max_characters + 70_000) + b'"}'),
        wrong(415, good, content_type="text/plain"),
        wrong(422, b'{"text": "No.", "target": "xx"}'),
        wrong(422, json.dumps({"text": "x" * (max_characters + 1), "target": "hy"}).encode()),
        wrong(422, b'{"text": "?!"}', path="/v1/summarize"),
    ]


def fault_of(rng: random.Random, fault: str, lines: list[str]) -> Ask:
    """Returns a request with a word at which the engine has a fault, among innocent sentences."""
    text = f"{FAULTS[fault]} said that {rng.randrange(10**6)} people came."
    some = [*rng.sample(lines, rng.randrange(3)), text]
    rng.shuffle(some)
    target = rng.choice(["hy", "ru"])
    ask = _ask(f"fault {fault[6:].lower()}", "/v1/translate", {"text": some, "target": target})
    right = BUSY | {200} if fault == "FAULT_SLOW" else FAILED
    return Ask(ask.kind, ask.path, ask.body, models=frozenset({target}), right=right)


def essence(answer: Answer) -> Any:
    """Returns what of an answer must be the same each time: all but times and scores."""
    found = answer.json()
    found.pop("timings_ms")
    return _without_scores(found)


def _without_scores(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_scores(item) for key, item in value.items() if key != "score"}
    if isinstance(value, list):
        return [_without_scores(item) for item in value]
    return value


def is_cut_short(answer: Answer) -> bool:
    """Tells whether it says that the time was over before a sentence could be repaired."""
    return b'"repair_cut_short"' in answer.body


def verdict(ask: Ask, answer: Answer) -> str | None:
    """Returns what is wrong with an answer; None if nothing is."""
    if answer.status not in ask.right:
        said = answer.body[:300] if answer.status else "the connection ended without an answer"
        return f"status {answer.status}: {said!r}"
    known = answer.status == 200 and ask.answer is not None and not is_cut_short(answer)
    if known and essence(answer) != ask.answer:
        return f"not the answer it gets alone: {answer.body[:2000]!r}"
    if answer.status < 400:  # or 0, where that is right
        return None
    if answer.status == 503 and not answer.retry_after.isdecimal():
        return "503 without Retry-After"
    if answer.content_type.partition(";")[0] != "application/problem+json":
        return f"no problem document: {answer.content_type} {answer.body[:300]!r}"
    if answer.json()["status"] != answer.status:
        return f"another status in the problem: {answer.body[:300]!r}"
    return None
