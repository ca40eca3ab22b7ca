"""An HTTP/1.1 client of one connection, light enough to share two cores with the server it loads.

Speaks POST with JSON, keep-alive, `Content-Length` and chunked bodies, server-sent events, and
nothing else. Must not know: who the server is.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

__all__ = ["Connection", "WrongReply"]


class WrongReply(Exception):
    """The server answered with something else than 200 and JSON; a run ends with it."""


class Connection:
    """One keep-alive connection; opened at the first request, opened again when it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: object) -> Any:
        """Returns the JSON that the server answers.

        Raises:
            WrongReply: the status is not 200, or the body is not JSON.
            OSError: the server is not there.
        """
        request, kept = _request(path, body), self._streams is not None
        try:
            status, reply = await self._exchange(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            if not kept:
                raise
            self.close()  # the server closed it while it was idle
            status, reply = await self._exchange(request)
        if status != 200:
            raise WrongReply(f"{path} answered {status}: {reply[:500]!r}")
        try:
            return json.loads(reply)
        except ValueError as error:
            raise WrongReply(f"{path} answered {reply[:500]!r}") from error

    async def events(self, path: str, body: object) -> AsyncIterator[tuple[str, Any]]:
        """Yields what the server sends: the name of each event and its JSON, as it comes.

        Raises:
            WrongReply: the status is not 200, or the answer comes in one piece.
            OSError: the server is not there, or closed the connection while it was idle.
        """
        reader, status, values = await self._asked(_request(path, body))
        if status != 200 or values.get("transfer-encoding") != "chunked":
            self.close()
            raise WrongReply(f"{path} answered {status}, and no stream")
        text = b""
        while part := await _chunk(reader):
            *blocks, text = (text + part).split(b"\n\n")
            for block in blocks:
                if not block.startswith(b":"):
                    name, data = block.split(b"\n")
                    yield name.removeprefix(b"event: ").decode(), json.loads(data[6:])

    async def _asked(self, request: bytes) -> tuple[asyncio.StreamReader, int, dict[str, str]]:
        """Sends a request; returns where its body comes from, its status and its headers."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(":", 1) for line in lines[1:] if ":" in line)
        values = {name: value.strip() for name, value in fields.items()}
        return reader, int(lines[0].split()[1]), values

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        reader, status, values = await self._asked(request)
        if values.get("transfer-encoding") == "chunked":
            content = await _chunks(reader)
        else:
            content = await reader.readexactly(int(values["content-length"]))
        if values.get("connection") == "close":
            self.close()
        return status, content

    def close(self) -> None:
        """Closes it; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while part := await _chunk(reader):
        parts.append(part)
    return b"".join(parts)


async def _chunk(reader: asyncio.StreamReader) -> bytes:
    """Returns the next chunk; of the last one, which is empty, nothing is left to read."""
    part = await reader.readexactly(int((await reader.readline()).split(b";")[0], 16))
    await reader.readline()
    return part


def _request(path: str, body: object) -> bytes:
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
