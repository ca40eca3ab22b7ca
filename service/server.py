"""Runs the application under uvicorn, and ends it well."""

import signal
import sys
from types import FrameType

import uvicorn

from service.app import create_app
from service.settings import Settings

__all__ = ["run"]


def run(settings: Settings) -> None:
    """Serves until SIGTERM or Ctrl-C, then finishes what was accepted and exits with code 0.

    Raises:
        SystemExit: always; code 0 after a signal, 3 if the server could not start.
        SettingsError, CatalogError: a setting or the user's catalog file is wrong.
    """
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=settings.grace_s,
        server_header=False,
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal again when it has stopped; to be asked to end is no failure.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    server.run()
    sys.exit(0 if server.started else 3)


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
