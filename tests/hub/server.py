"""Serves directories as hub repositories, and single files, to the real clients.

What the hub answers, as far as `huggingface_hub` 2.4 asks: revision info, the tree of a revision,
`resolve` with `X-Repo-Commit`, ETags, a redirect to other storage for large files, ranges, and its
error codes. Every request is recorded. A fault changes what one file, or one kind of request, gets.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

__all__ = ["Fault", "LocalHub", "Seen"]

REVISION = "0123456789abcdef0123456789abcdef01234567"
LARGE_BYTES = 20_000
"""From this size on a file is served as the hub serves LFS files."""


@dataclass
class Fault:
    """What goes wrong with requests for one file; of several, the first with turns left counts.

    Attributes:
        status: answer this instead.
        cut_after: close the connection after so many bytes of the body.
        corrupt: turn over the last byte.
        hold_after, hold: send so many bytes, then wait for `hold` (at most 30 s).
        ignore_range: answer 200 and everything.
        times: for so many requests.
        method: only these.
        code: the hub's `X-Error-Code`.
        headers: these on top of the answer's own.
        body: answer 200 and this instead.
        trickle: send a byte a tenth of a second (at most for 30 s).
    """

    status: int | None = None
    cut_after: int | None = None
    corrupt: bool = False
    hold_after: int = 0
    hold: threading.Event | None = None
    ignore_range: bool = False
    times: int = 1_000_000
    method: str = "GET"
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    trickle: bool = False


@dataclass(frozen=True)
class Seen:
    """One request, as it came."""

    method: str
    path: str
    range: str | None


class LocalHub:
    """The server: a context manager, listening on a free port of the loopback.

    Attributes:
        url: the endpoint.
        requests: everything that was asked, in order.
    """

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self._repositories: dict[tuple[str, str], dict[str, bytes]] = {}
        self._files: dict[str, bytes] = {}
        self._faults: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()
        hub = self

        class Handler(_Handler):
            owner = hub

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def publish(
        self, repository: str, source: Path | dict[str, bytes], revision: str = REVISION
    ) -> str:
        """Serves the files of a directory as a revision of a repository; returns the revision."""
        if isinstance(source, Path):
            source = {p.name: p.read_bytes() for p in sorted(source.iterdir()) if p.is_file()}
        self._repositories[repository, revision] = dict(source)
        return revision

    def serve_file(self, name: str, content: bytes) -> str:
        """Serves a plain file; returns its URL."""
        self._files[name] = content
        return f"{self.url}/files/{name}"

    def fail(self, ending: str, fault: Fault) -> Fault:
        """Lets requests fail whose path ends so; `/tree` and a file's name are endings."""
        self._faults.append((ending, fault))
        return fault

    def mend(self) -> None:
        """Ends all faults."""
        self.release()
        self._faults.clear()

    def release(self) -> None:
        """Lets everything go on that a fault holds."""
        for _, fault in self._faults:
            if fault.hold:
                fault.hold.set()

    def fetched(self, method: str = "GET") -> list[str]:
        """Returns the names of the files that were asked for, in order."""
        return [
            unquote(seen.path).rsplit("/", 1)[-1].partition("?")[0]
            for seen in self.requests
            if seen.method == method and re.search("/(resolve|large|files)/", seen.path)
        ]

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for ending, fault in self._faults:
                if path.endswith(ending) and fault.method == method and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def find(self, repository: str, revision: str) -> dict[str, bytes] | str:
        """Returns the files of a revision, or the hub's error code."""
        if found := self._repositories.get((repository, revision)):
            return found
        known = any(name == repository for name, _ in self._repositories)
        return "RevisionNotFound" if known else "RepoNotFound"

    def plain(self, name: str) -> bytes | None:
        if name in self._files:
            return self._files[name]
        large = (c for files in self._repositories.values() for c in files.values())
        return next((c for c in large if _sha256(c) == name), None)


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that are killed close their connections anyhow."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: LocalHub

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_GET(self) -> None:
        self._answer("GET")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the requests are recorded."""

    def _answer(self, method: str) -> None:
        self.owner.requests.append(Seen(method, self.path, self.headers.get("Range")))
        path = unquote(urlsplit(self.path).path)
        fault = self.owner.take_fault(method, path)
        if fault and fault.status:
            self._error(fault.status, fault.code, fault.headers)
        elif fault and fault.body is not None:
            headers = {"Content-Type": "text/html"} | fault.headers
            self._send(method, fault.body, headers, Fault())
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)/?", path):
            self._api(match[1], match[2], match[3], fault)
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(method, match[1], match[2], match[3], fault)
        elif match := re.fullmatch(r"/(?:files|large)/([^/]+)(?:/[^/]+)?", path):
            content = self.owner.plain(match[1])
            if content is None:
                self._error(404, None)
            else:
                self._send(method, content, {"ETag": f'"{_sha256(content)}"'}, fault)
        else:
            self._error(404, None)

    def _api(self, repository: str, kind: str, revision: str, fault: Fault | None) -> None:
        files = self.owner.find(repository, revision)
        if isinstance(files, str):
            self._error(404, files)
            return
        document: object = [_entry(name, content) for name, content in files.items()]
        if kind == "revision":
            siblings = [{"rfilename": name} for name in files]
            document = {"id": repository, "sha": revision, "siblings": siblings}
        body = json.dumps(document).encode()
        self._send("GET", body, {"Content-Type": "application/json"}, fault)

    def _resolve(
        self, method: str, repository: str, revision: str, name: str, fault: Fault | None
    ) -> None:
        files = self.owner.find(repository, revision)
        if isinstance(files, str) or name not in files:
            self._error(404, files if isinstance(files, str) else "EntryNotFound")
            return
        content = files[name]
        headers = {"X-Repo-Commit": revision, "ETag": f'"{_git_oid(content)}"'}
        if len(content) < LARGE_BYTES:
            self._send(method, content, headers, fault)
            return
        headers["X-Linked-Etag"] = f'"{_sha256(content)}"'
        headers["X-Linked-Size"] = str(len(content))
        if method == "HEAD":
            # Another host's name, as the hub's own storage is: the client then asks there.
            storage = self.owner.url.replace("127.0.0.1", "localhost")
            headers["Location"] = f"{storage}/large/{_sha256(content)}/{name}"
            self._send(method, b"", headers, fault, status=302)
        else:
            self._send(method, content, headers, fault)

    def _send(
        self,
        method: str,
        content: bytes,
        headers: dict[str, str],
        fault: Fault | None,
        status: int = 200,
    ) -> None:
        fault = fault or Fault()
        headers |= fault.headers
        if fault.corrupt:
            content = content[:-1] + bytes([content[-1] ^ 0xFF])
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        same = self.headers.get("If-Range") in {None, headers.get("ETag")}
        if asked and same and not fault.ignore_range:
            start, status = int(asked[1]), 206
            if start >= len(content):
                self._error(416, None)
                return
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if method == "HEAD":
            return
        try:
            for piece in self._pieces(body, fault):
                self.wfile.write(piece)
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _pieces(self, body: bytes, fault: Fault) -> Iterable[bytes]:
        if fault.hold is not None:
            yield body[: fault.hold_after]
            fault.hold.wait(30)
            body = body[fault.hold_after :]
        if fault.trickle:
            for i in range(min(len(body), 300)):
                yield body[i : i + 1]
                time.sleep(0.1)
            self.close_connection = True
        elif fault.cut_after is None:
            yield body
        else:
            yield body[: fault.cut_after]
            self.close_connection = True

    def _error(self, status: int, code: str | None, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _entry(name: str, content: bytes) -> dict[str, object]:
    size = len(content)
    entry: dict[str, object] = {
        "type": "file",
        "oid": _git_oid(content),
        "size": size,
        "path": name,
    }
    if size >= LARGE_BYTES:
        entry["lfs"] = {"oid": _sha256(content), "size": size, "pointerSize": 134}
    return entry


def _git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
