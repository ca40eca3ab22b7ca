"""The smallest application there is around a function: `POST /translate` with `{"text": …}`.

For the contenders that are written by hand. Must not know: models, how the function works.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["serve"]

Answer = Callable[[str], str]


def serve(answer: Answer, port: int, *, threads: int, lock: bool = False) -> None:
    """Serves `answer`, called in a pool of `threads` threads, until it is told to end.

    Args:
        answer: from the text of a request to the text of the reply.
        port: on the loopback interface.
        threads: of the pool.
        lock: whether only one request at a time calls `answer`.
    """
    import uvicorn

    app = _application(answer, threads, lock)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def _application(answer: Answer, threads: int, lock: bool) -> Callable[..., Awaitable[None]]:
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads)
    turn = asyncio.Semaphore(1 if lock else 10**6)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        reply: dict[str, str] = {}
        if scope["method"] == "POST":
            text = json.loads(await _body(receive))["text"]
            async with turn:
                loop = asyncio.get_running_loop()
                reply = {"text": await loop.run_in_executor(pool, answer, text)}
        content = json.dumps(reply, ensure_ascii=False).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _body(receive: Any) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
