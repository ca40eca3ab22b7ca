"""`lur demo` where it cannot be: nothing is posted to whoever is there."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from service.cli import main


class Other(BaseHTTPRequestHandler):
    """A service that was there first, and lives."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.requestline)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.asked.append(self.requestline)
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[ThreadingHTTPServer]:
    Other.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_another_service_on_the_port_is_asked_nothing(other: ThreadingHTTPServer) -> None:
    port = other.server_port
    result = CliRunner().invoke(main, ("demo", "--port", str(port)))
    assert Other.asked == []
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"the service did not start on http://127.0.0.1:{port}; is the port taken?\n"
    )


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_is_a_port(port: str) -> None:
    result = CliRunner().invoke(main, ("demo", "--port", port))
    assert (result.exit_code, "1<=x<=65535" in result.stderr) == (2, True)
