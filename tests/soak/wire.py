"""HTTP from a client that is as light as can be, and from clients that misbehave.

One connection a request: what is measured is the server, not a client's pool. Knows nothing of what
is asked.
"""

import asyncio
import json
import math
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Answer", "Wire"]

PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `status` 0 where the connection ended without an answer."""

    status: int
    content_type: str = ""
    retry_after: str = ""
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Wire:
    """The way to one server."""

    host: str
    port: int

    def _bytes(self, method: str, path: str, body: bytes, content_type: str) -> bytes:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def send(
        self, method: str, path: str, body: bytes = b"", content_type: str = "application/json"
    ) -> Answer:
        """Sends a request and returns what comes back.

        Raises:
            TimeoutError: nothing did for `PATIENCE_S`.
        """
        async with asyncio.timeout(PATIENCE_S):
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                return Answer(0)
            try:
                writer.write(self._bytes(method, path, body, content_type))
                received = await reader.read(-1)
            except OSError:
                return Answer(0)
            finally:
                writer.close()
        return parsed(received)

    async def leave(self, path: str, body: bytes, after_s: float) -> None:
        """Sends a request and goes without an answer."""
        _, writer = await self._open()
        writer.write(self._bytes("POST", path, body, "application/json"))
        await asyncio.sleep(after_s)
        writer.transport.abort()

    async def send_half(self, path: str, body: bytes, after_s: float) -> None:
        """Sends the half of a request, and goes."""
        _, writer = await self._open()
        whole = self._bytes("POST", path, body, "application/json")
        writer.write(whole[: len(whole) // 2])
        await asyncio.sleep(after_s)
        writer.transport.abort()

    async def dawdle(self, path: str, body: bytes, pieces: int, pause_s: float) -> Answer:
        """Sends a request in pieces, and reads the answer in such."""
        reader, writer = await self._open()
        whole, received = self._bytes("POST", path, body, "application/json"), b""
        size = -(-len(whole) // pieces)
        async with asyncio.timeout(PATIENCE_S):
            try:
                for start in range(0, len(whole), size):
                    writer.write(whole[start : start + size])
                    await asyncio.sleep(pause_s)
                while piece := await reader.read(2048):
                    received += piece
                    await asyncio.sleep(pause_s / 10)
            except OSError:
                return Answer(0)
            finally:
                writer.close()
        return parsed(received)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)


def parsed(received: bytes) -> Answer:
    """Reads an answer that a closed connection ends; one cut short counts as none."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    if not received or int(headers.get("content-length", len(body))) != len(body):
        return Answer(0)
    if headers.get("content-type", "").startswith("text/event-stream"):
        return _end_of_stream(body)
    status = int(lines[0].split(" ")[1])
    return Answer(status, headers.get("content-type", ""), headers.get("retry-after", ""), body)


def _end_of_stream(body: bytes) -> Answer:
    """The last event of a stream, as the plain answer that it stands for; cut short, none."""
    whole = re.sub(rb"(?:\r\n)?[0-9a-f]+\r\n", b"", body)  # chunks' heads; JSON has no CR
    last = whole.rstrip().rpartition(b"event: ")[2]
    name, _, data = last.partition(b"\ndata: ")
    if name == b"result":
        return Answer(200, "application/json", body=data)
    if name != b"error":
        return Answer(0)
    problem = json.loads(data)
    later = str(math.ceil(problem["retry_after_s"])) if "retry_after_s" in problem else ""
    return Answer(problem["status"], "application/problem+json", later, data)
