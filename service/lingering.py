"""A transport that hears its peer out before it closes.

A TCP connection that is closed while data of the peer is unread is reset, and a reset takes from
the peer what it has not read yet: a client that is refused in the middle of its body would never
see why (RFC 9112, 9.6). So the sending side is closed first, and what comes is read and thrown away
until the peer closes too, or for a while. Knows nothing of HTTP.
"""

import asyncio
from collections.abc import Callable
from typing import Any

__all__ = ["LINGER_S", "LingeringTransport"]

LINGER_S = 2.0
"""Apache waits 2 s (`SECONDS_TO_LINGER`) for the next data, nginx 5 s (`lingering_timeout`)."""


class LingeringTransport:
    """Stands for a transport; all but closing is that one's own.

    Args:
        transport: of the event loop.
        hears_out: asked when it is to close: whether the peer may still be sending. If so, its
            protocol throws away what comes from now on.
    """

    def __init__(self, transport: asyncio.Transport, hears_out: Callable[[], bool]) -> None:
        self._transport, self._hears_out = transport, hears_out
        self.lingers = False

    def close(self) -> None:
        """Closes when what was written is sent, and what the peer sends has been heard out."""
        if self.lingers or self._transport.is_closing():
            return
        if not self._hears_out() or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.lingers = True
        self._transport.write_eof()
        self._transport.resume_reading()
        asyncio.get_running_loop().call_later(LINGER_S, self._transport.close)

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self.lingers or self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
