"""How quickly a server with a full queue says no: `python -m benchmarks.refusals`.

A real server (`tests.faulty`, the bundled models, one worker) whose engine takes a second for every
batch, a queue of eight jobs, and 24 clients that ask again as soon as they are answered. The first
seconds are left out: while the queue is still empty, everybody's text is cut and tokenized first.
Prints the percentiles of the refusals for short and for long texts.
"""

import asyncio
import itertools
import json
import sys
import time

from benchmarks.processes import Process

CLIENTS = 24
SECONDS = 20.0
LEFT_OUT_S = 3.0
SETTINGS = {
    "LUR_QUEUE_JOBS": "8",
    "LUR_WORKERS": "1",
    "LUR_RESULT_CACHE_BYTES": "0",
    "FAULT_SLOW": "slowly",
    "FAULT_SLOW_S": "1",
}
SENTENCE = "Slowly the minister of energy opened factory {} in Beijing on Sunday. "


def body_of(sentences: int, client: int, number: int) -> bytes:
    """Texts of which no two are equal: those would be one job."""
    text = "".join(SENTENCE.format(f"{client}{number:04}{n:02}") for n in range(sentences))
    return json.dumps({"text": text, "target": "hy"}).encode()


async def ask(port: int, sentences: int, client: int, until: float, refused: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST /v1/translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    for number in itertools.count():
        body = body_of(sentences, client, number)
        if (begun := time.monotonic()) >= until:
            break
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in answer.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
        took = time.monotonic() - begun
        if answer.startswith(b"HTTP/1.1 503"):
            if begun > until - SECONDS + LEFT_OUT_S:
                refused.append(took)
            await asyncio.sleep(0.05)  # a client that heeded Retry-After would wait a second
    writer.close()


async def load(port: int, sentences: int) -> list[float]:
    refused: list[float] = []
    until = time.monotonic() + SECONDS
    await asyncio.gather(*(ask(port, sentences, n, until, refused) for n in range(CLIENTS)))
    return sorted(refused)


def main() -> None:
    command = [sys.executable, "-m", "tests.faulty", "serve", "--profile", "bundled"]
    command += ["--port", "{port}", "--log-level", "error"]
    for name, sentences in (("short", 1), ("5000 characters", 64)):
        with Process(command, SETTINGS, "/health/ready") as server:
            found = asyncio.run(load(server.port, sentences))
        at = {share: 1e3 * found[int(share * (len(found) - 1))] for share in (0.5, 0.95, 0.99, 1)}
        shown = ", ".join(f"p{100 * share:g} {ms:.1f}" for share, ms in at.items())
        print(f"{name}: {len(found)} refusals, ms: {shown}")


if __name__ == "__main__":
    main()
