"""Does a bulk job: every item of its part once, whatever happens in between.

Several items are at work at a time, so that their sentences share batches. An item that cannot be
done has an error in its place. Knows the tasks; neither files nor HTTP.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from service.answers import SummarizeResponse, TranslateResponse
from service.bulk.items import Flawed, Item, Shard
from service.bulk.ledger import Ledger
from service.core import Core
from service.errors import (
    DeadlineExceeded,
    InferenceFailed,
    InvalidRequest,
    ModelNotReady,
    QueueFull,
    ServiceError,
)
from service.tasks.summarize import SummaryRequest
from service.tasks.together import together
from service.tasks.translate import TranslationRequest

__all__ = ["Work", "run", "summarizing", "translating"]

Work = Callable[[str], Awaitable[object]]
"""From a text to what the service answers."""

PATIENCE_S = 1.0
"""How long an item waits for room where nobody says how long."""


def summarizing(core: Core, request: SummaryRequest) -> Work:
    """Returns the work of summarizing like `request`, whose text does not matter.

    Raises:
        UnsupportedPair, UnknownModel, UnsuitableModel: it cannot be done, whatever the text.
    """
    core.catalog.summarizers(request.model)
    core.translator.check_targets(request.translate_to)

    async def work(text: str) -> object:
        return SummarizeResponse.of(await core.summarizer.summarize(replace(request, text=text)))

    return work


def translating(core: Core, request: TranslationRequest) -> Work:
    """Returns the work of translating like `request`, with pairs; its texts do not matter.

    Raises:
        UnsupportedPair, UnknownModel, UnsuitableModel: it cannot be done, whatever the texts.
    """
    for target in request.targets:
        core.catalog.translators(request.source, target, request.model)

    async def work(text: str) -> object:
        result = await core.translator.translate(replace(request, texts=(text,)))
        return TranslateResponse.of(result, segments=True)

    return work


async def run(
    found: Iterable[Item | Flawed],
    shard: Shard,
    ledger: Ledger,
    work: Work,
    at_once: int,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Does what of `found` is in the shard and not in the ledger; returns how many that were.

    Raises:
        Unavailable: a model cannot be had; what was done is in the ledger.
        BulkError: the input cannot be read, or the ledger not written.
    """
    waiting = (one for one in found if shard.has(one.key) and one.key not in ledger.done)
    count = 0

    async def worker(share: Iterator[Item | Flawed]) -> None:
        nonlocal count
        for item in share:
            ledger.write(item, await _outcome(item, work))
            count += 1
            progress(count)

    await together(*(worker(waiting) for _ in range(at_once)))
    return count


async def _outcome(item: Item | Flawed, work: Work) -> dict[str, Any]:
    if isinstance(item, Flawed):
        return {"error": {"title": "No item", "detail": item.reason}}
    while True:
        try:
            return {"result": await work(item.text)}
        except (QueueFull, ModelNotReady) as error:
            await asyncio.sleep(error.retry_after_s or PATIENCE_S)
        except (InvalidRequest, InferenceFailed, DeadlineExceeded) as error:
            return {"error": _said(error)}


def _said(error: ServiceError) -> dict[str, object]:
    measured = {"limit": error.limit, "actual": error.actual}
    known = {name: value for name, value in measured.items() if value is not None}
    return {"title": error.title, "detail": error.detail, **known}
