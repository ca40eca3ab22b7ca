"""Where the shared store is, and who we are there. A password is shown to nobody but the store."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["Address"]

PORT = 6379

SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}
"""Whether a scheme means TLS."""

MAX_PASSWORD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Address:
    """Where the store is, and who we are there."""

    host: str
    port: int
    database: int
    tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None

    @classmethod
    def parse(cls, url: str, password_file: Path | None = None) -> "Address":
        """Reads `valkey://user:password@host:port/database`; all but the host may be missing.

        Raises:
            ValueError: it is none; the message quotes nothing of it, for it may hold a password.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError("its host or its port is not valid") from error
        if parts.scheme not in SCHEMES:
            raise ValueError(f"it does not begin with {', '.join(f'{s}://' for s in SCHEMES)}")
        if not host:
            raise ValueError("it names no host")
        if parts.query or parts.fragment:
            raise ValueError("nothing may follow the number of the database")
        number = parts.path.strip("/") or "0"
        if not (number.isascii() and number.isdigit()):
            raise ValueError("what follows the host is the number of a database")
        address = cls(
            host,
            PORT if port is None else port,
            int(number),
            SCHEMES[parts.scheme],
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            password_file,
        )
        if address.password and password_file:
            raise ValueError("it holds a password, and a file with a password is named too")
        return address

    def credentials(self) -> tuple[str, ...]:
        """Returns what to sign in with, the file's password as it is now; nothing, if neither.

        Raises:
            OSError, ValueError: the file cannot be read, or holds no password.
        """
        password = self.password
        if self.password_file is not None:
            with self.password_file.open("rb") as file:
                password = file.read(MAX_PASSWORD_BYTES).decode().strip()
            if not password:
                raise ValueError("there is no password in it")
        if password is None:
            return ()
        return (password,) if self.username is None else (self.username, password)
