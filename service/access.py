"""Who may use the service: its keys, what each may do, and when there need be none.

Knows nothing of HTTP: `api.security` finds a key in a request and asks here whose it is.
"""

import hashlib
import hmac
import ipaddress
import logging
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from service.settings import Settings, SettingsError
from service.telemetry import metrics

__all__ = [
    "SCOPES",
    "Key",
    "KeysFile",
    "UnusableKeys",
    "add_line",
    "is_loopback",
    "keys_of",
    "line_of",
    "new_secret",
    "read_keys",
]

SCOPES = ("use", "metrics", "admin")
"""What a key may do: ask for work, read the metrics, or all that there is."""

LOOK_S = 1.0
"""The file is looked at no more often than this: one `stat` a second costs nothing."""

MAX_FILE_BYTES = 1024 * 1024
"""Some ten thousand keys; a larger file is not one of keys."""

OTHERS = stat.S_IRWXG | stat.S_IRWXO

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")

_log = logging.getLogger(__name__)


class UnusableKeys(ValueError):
    """The keys cannot be used: the line and its fault, never what stands there."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the file knows it.

    Attributes:
        name: whom it was given to; what logs and limits call it.
        scopes: out of `SCOPES`.
        digest: the SHA-256 of the secret. A secret is 256 random bits (`new_secret`), so nobody can
            try them all and a slow hash would protect nothing; it would only cost each request
            what it is meant to cost a guesser. A secret that a person made up is not safe here.
    """

    name: str
    scopes: frozenset[str]
    digest: bytes = field(repr=False)

    def may(self, scope: str) -> bool:
        """Whether it covers a scope."""
        return scope in self.scopes or "admin" in self.scopes


def new_secret() -> str:
    """Returns a new key, 256 random bits; the prefix lets people and scanners know one they see."""
    return f"lur_{secrets.token_urlsafe(32)}"


def line_of(name: str, scopes: Iterable[str], secret: str) -> str:
    """Returns the line of a key for the file.

    Raises:
        UnusableKeys: the name or a scope is not valid.
    """
    parts = (name, ",".join(scopes), _digest(secret).hex())
    _key(*parts)
    return ":".join(parts)


def add_line(path: Path, line: str) -> None:
    """Appends a line to a file of keys; a new file can be read by its owner alone.

    Raises:
        UnusableKeys: the file would be faulty with it, or is so already.
        OSError: it cannot be read or written.
    """
    before = path.read_bytes() if path.exists() else b""
    gap = "\n" if before and not before.endswith(b"\n") else ""
    added = f"{gap}{line}\n".encode()
    read_keys(before + added)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with open(descriptor, "ab", buffering=0) as file:
        file.write(added)  # in one piece: a service that looks meanwhile reads all of it or nothing


def read_keys(data: bytes) -> tuple[Key, ...]:
    """Reads `name:scopes:sha256` a line; scopes are parted by commas, `#` begins a comment.

    Raises:
        UnusableKeys: a line is faulty, a name or a key stands there twice, or there is no key.
    """
    names: dict[str, int] = {}
    digests: dict[bytes, int] = {}
    keys = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            bare = line.decode().strip()
            if not bare or bare.startswith("#"):
                continue
            key = _read_line(bare)
            if number != (first := names.setdefault(key.name, number)):
                raise UnusableKeys(f"the name of line {first} again")
            if number != (first := digests.setdefault(key.digest, number)):
                raise UnusableKeys(f"the key of line {first} again")
        except UnicodeDecodeError as error:
            raise UnusableKeys(f"line {number}: not UTF-8") from error
        except UnusableKeys as error:
            raise UnusableKeys(f"line {number}: {error}") from error
        keys.append(key)
    if not keys:
        raise UnusableKeys("there is no key in it")
    return tuple(keys)


def _read_line(line: str) -> Key:
    parts = [part.strip() for part in line.split(":")]
    if len(parts) != 3:
        raise UnusableKeys("three parts are needed, name:scopes:sha256")
    return _key(*parts)


def _key(name: str, listed: str, digest: str) -> Key:
    scopes = [scope.strip() for scope in listed.split(",")]
    if not _NAME.fullmatch(name):
        raise UnusableKeys("a name is a letter and at most 63 letters, digits, '.', '_' or '-'")
    if not set(scopes) <= set(SCOPES):
        raise UnusableKeys(f"an unknown scope; there are {', '.join(SCOPES)}")
    if not _DIGEST.fullmatch(digest):
        raise UnusableKeys("the last part is no SHA-256, 64 hexadecimal digits")
    return Key(name, frozenset(scopes), bytes.fromhex(digest))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class KeysFile:
    """The keys in force: those of the file as it was when it last could be used.

    For one thread, that of the event loop.

    Args:
        path: the file. It is looked at when a key is asked for, at most once a second, and read
            again when its time, size or inode differ. If it is faulty then, or gone, the keys read
            before stay in force; that is logged once, and `lur_api_keys_stale` is 1.
        monotonic: the time, in seconds.

    Raises:
        UnusableKeys: it cannot be used from the beginning.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path, self._monotonic = path, monotonic
        self._seen = self._signature()
        self._looked_s = monotonic()
        self.keys = self._read()

    def holder(self, secret: str) -> Key | None:
        """Returns whose key this is, in a time that does not depend on which it is or nearly is."""
        self._look()
        digest, found = _digest(secret), None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def _look(self) -> None:
        now = self._monotonic()
        if now - self._looked_s < LOOK_S:
            return
        self._looked_s, before = now, self._seen
        self._seen = self._signature()
        if self._seen == before:
            return
        try:
            self.keys = self._read()
        except UnusableKeys as error:
            metrics.API_KEYS_STALE.set(1)
            _log.error("api_keys_refused", extra={"path": str(self._path), "reason": str(error)})
        else:
            _log.info("api_keys_read", extra={"path": str(self._path), "keys": len(self.keys)})

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            info = self._path.stat()
        except OSError:
            return None
        return info.st_mtime_ns, info.st_size, info.st_ino

    def _read(self) -> tuple[Key, ...]:
        try:
            info = self._path.stat()
            if not stat.S_ISREG(info.st_mode):  # to open a pipe would wait for who writes
                raise UnusableKeys("it is not a regular file")
            with self._path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise UnusableKeys(error.strerror or "it cannot be read") from error
        if len(data) > MAX_FILE_BYTES:
            raise UnusableKeys(f"it is larger than {MAX_FILE_BYTES} bytes")
        keys = read_keys(data)
        if info.st_mode & OTHERS:
            _log.warning("api_keys_open_to_others", extra={"path": str(self._path)})
        metrics.API_KEYS_STALE.set(0)
        return keys


def keys_of(settings: Settings) -> KeysFile | None:
    """Returns the keys, or None for a service that is open to whoever reaches it.

    Raises:
        SettingsError: the file cannot be used; or there is none, others can reach the address, and
            nobody has said that this is meant.
    """
    if (path := settings.api_keys_file) is not None:
        try:
            return KeysFile(path)
        except UnusableKeys as error:
            raise SettingsError(f"LUR_API_KEYS_FILE={path}: {error}") from error
    if not settings.open and not is_loopback(settings.host):
        raise SettingsError(
            f"LUR_HOST={settings.host}: others can reach this address, and no key is asked for. "
            "Name a file of keys (LUR_API_KEYS_FILE; `lur key` makes one), or listen on 127.0.0.1, "
            "or say LUR_OPEN=yes if something else decides who gets through"
        )
    return None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    `localhost` is taken at its word (RFC 6761, 6.3); any other name may be anybody's.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
