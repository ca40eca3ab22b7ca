"""An HTTP/1.1 client of one connection, light enough to share two cores with the server it loads.

Speaks POST with JSON, keep-alive, `Content-Length` and chunked bodies, and nothing else. Must not
know: who the server is.
"""

import asyncio
import json
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
        content = json.dumps(body, ensure_ascii=False).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        kept = self._streams is not None
        try:
            status, reply = await self._exchange(head.encode() + content)
        except (asyncio.IncompleteReadError, ConnectionError):
            if not kept:
                raise
            self.close()  # the server closed it while it was idle
            status, reply = await self._exchange(head.encode() + content)
        if status != 200:
            raise WrongReply(f"{path} answered {status}: {reply[:500]!r}")
        try:
            return json.loads(reply)
        except ValueError as error:
            raise WrongReply(f"{path} answered {reply[:500]!r}") from error

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(":", 1) for line in lines[1:] if ":" in line)
        values = {name: value.strip() for name, value in fields.items()}
        if values.get("transfer-encoding") == "chunked":
            content = await _chunks(reader)
        else:
            content = await reader.readexactly(int(values["content-length"]))
        if values.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), content

    def close(self) -> None:
        """Closes it; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)
