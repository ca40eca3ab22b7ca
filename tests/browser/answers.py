"""Answers of the service for what a test wants to see, whatever a model would say."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

MODEL = {
    "name": "tiny",
    "repository": "tiny",
    "revision": "0" * 40,
    "license": "Apache-2.0",
    "engine": "ctranslate2",
    "quantization": "int8",
}
TIMINGS = {"queue": 0.0, "inference": 1.0, "total": 1.0}


def events(*told: tuple[str, object]) -> bytes:
    """Returns a stream of server-sent events."""
    return b"".join(
        f"event: {event}\ndata: {json.dumps(data)}\n\n".encode() for event, data in told
    )


def caution(code: str, value: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "message": f"said of {value}", "value": value, **more}


def summary(text: str, *sentences: str, warnings: Any = (), target: str = "hy") -> dict[str, Any]:
    """Returns a summary each of whose sentences rests on all of the text."""
    found = [
        {
            "text": sentence,
            "sources": [{"start": 0, "end": len(text)}],
            "translations": {target: sentence},
            "warnings": list(warnings),
        }
        for sentence in sentences
    ]
    return {
        "summary": " ".join(sentences),
        "translations": {target: " ".join(sentences)},
        "sentences": found,
        "warnings": list(warnings),
        "models": {"summarize": MODEL},
        "usage": {"input_characters": len(text)},
        "timings_ms": TIMINGS,
    }


def translation(*pairs: tuple[str, str, list[dict[str, Any]]], target: str = "hy") -> Any:
    """Returns the translation of these sentences, which stand a space apart."""
    segments, at = [], 0
    for source, text, warnings in pairs:
        span = {"start": at, "end": at + len(source)}
        segments.append({"source": span, "text": text, "score": 0.0, "warnings": warnings})
        at += len(source) + 1
    text = " ".join(text for _, text, _ in pairs)
    found = {"index": 0, "target": target, "text": text, "segments": segments, "warnings": []}
    return {
        "translations": [found],
        "models": {target: MODEL},
        "usage": {"input_characters": at - 1},
        "timings_ms": TIMINGS,
    }


def problem(status: int, title: str, detail: str = "this and that", **more: Any) -> dict[str, Any]:
    kind = "urn:lur:problem:" + title.lower().replace(" ", "-")
    base = {"type": kind, "title": title, "status": status, "detail": detail, "instance": "r-1"}
    return base | more


def answer(page: "Page", path: str, *told: tuple[str, object]) -> None:
    """Lets the page hear these events from a route."""

    def fulfil(route: "Route") -> None:
        route.fulfill(body=events(*told), content_type="text/event-stream")

    page.route(f"**{path}", fulfil)


def refuse(page: "Page", path: str, document: dict[str, Any]) -> None:
    """Lets a route answer with a problem document."""
    page.route(
        f"**{path}",
        lambda route: route.fulfill(
            status=document["status"],
            body=json.dumps(document),
            content_type="application/problem+json",
        ),
    )
