"""Fetches one file from any web server, over HTTPS, and goes on where an earlier try broke off.

Nothing of the server is trusted: not where it redirects to, not the size it says, not that the file
is still the one whose first half is here. It knows nothing of what the file holds.
"""

import http.client
import ipaddress
import random
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from service.models.progress import Watch
from service.models.remote import WITHOUT_NETWORK, DownloadError, asked_wait_s

__all__ = ["fetch_file"]

MAX_BYTES = 4 * 2**30

ATTEMPTS = 4
TIMEOUT_S = 30.0
PATIENCE_S = 60.0
LONGEST_NAP_S = 5.0
"""A wait that the server asks for is slept through up to here; a longer one ends the attempt."""

CHUNK_BYTES = 2**20


def fetch_file(url: str, part: Path, watch: Watch) -> None:
    """Makes `part` the whole file. What a broken download left there is gone on with.

    Raises:
        DownloadError, OSError: it could not be had; `part` is kept for the next try.
        ShuttingDown: cancelled; the same.
    """
    _check_url(url)
    for attempt in range(ATTEMPTS):
        try:
            if watch.call(lambda: _stream(url, part, watch), PATIENCE_S):
                return
            cause = "the connection broke off"
        except HTTPError as error:
            error.close()
            if error.code < 500 and error.code not in {408, 429}:
                raise DownloadError(f"{url} answered {error.code}") from error
            wait_s = asked_wait_s({k.lower(): v for k, v in error.headers.items()}) or 0.0
            if wait_s > LONGEST_NAP_S:
                raise DownloadError(
                    f"{url} answered {error.code} and asks to wait {wait_s:.0f} s",
                    retry_after_s=wait_s,
                ) from error
            cause = f"it answered {error.code}; try again later"
        except (URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            cause = f"{getattr(error, 'reason', '') or type(error).__name__}; {WITHOUT_NETWORK}"
        if attempt + 1 < ATTEMPTS:
            watch.pause(2.0**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
    raise DownloadError(f"{url} could not be fetched: {cause}")


def _check_url(url: str) -> None:
    """Only HTTPS keeps what comes over the network from being changed; loopback needs none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise DownloadError(f"{url} is not HTTPS")


class _SafeRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        _check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _stream(url: str, part: Path, watch: Watch) -> bool:
    """Fetches what `part` lacks; returns whether it is whole now."""
    validator = part.with_suffix(".etag")
    known = validator.read_text() if part.exists() and validator.exists() else ""
    have = part.stat().st_size if known else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        # Without If-Range two versions of a file could be joined.
        headers |= {"Range": f"bytes={have}-", "If-Range": known}
    request = Request(url, headers=headers)  # noqa: S310 - see `_check_url`
    try:
        response = build_opener(_SafeRedirects).open(request, timeout=TIMEOUT_S)
    except HTTPError as error:
        if error.code != 416:
            raise
        error.close()
        part.unlink()  # longer than what the server has: from the start
        return False
    with response:
        if response.status != 206:
            have = 0
            validator.write_text(response.headers.get("ETag", ""))
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            validator.unlink()  # another part than was asked for: from the start
            return False
        said = response.headers.get("Content-Length", "")
        length = int(said) if said.isascii() and said.isdigit() else 0
        total = have + length if length else 0
        watch.begin(total, have)
        with part.open("ab" if have else "wb") as file:
            while chunk := response.read1(CHUNK_BYTES):
                watch.advance(len(chunk))
                have += len(chunk)
                if max(have, total) > MAX_BYTES:
                    raise DownloadError(f"{url} is larger than {MAX_BYTES} bytes")
                file.write(chunk)
    if total and have < total:
        return False
    validator.unlink(missing_ok=True)
    return True
