"""Runs the application under uvicorn, and ends it well."""

import ipaddress
import resource
import signal
from types import FrameType

import uvicorn

from service.app import create_app
from service.http_protocol import ConnectionLimits, protocol
from service.settings import Settings, SettingsError
from service.stopping import GracefulServer, leave

__all__ = ["run"]

MAX_CONNECTIONS = 1000
"""More than queues can serve; those without a request make room for those with one."""


def run(settings: Settings) -> None:
    """Serves until SIGTERM, SIGHUP or Ctrl-C, then finishes what was accepted and exits.

    Raises:
        SystemExit: always; code 0 after a signal, 3 if the server could not start. A second signal
            ends the process at once, with 128 + its number.
        SettingsError, CatalogError: a setting or the user's catalog file is wrong.
    """
    signal.signal(signal.SIGTERM, _end)  # until the server is there: nothing has been accepted yet
    signal.signal(signal.SIGINT, _end)
    proxies = trusted_proxies(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol(ConnectionLimits(settings.client_timeout_s, most_connections())),
        ws="none",
        # Uvicorn's own default believes whoever comes from 127.0.0.1, or what a variable says.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        access_log=False,
        log_config=None,
        server_header=False,
    )
    server = GracefulServer(config, app.state.stopping, settings.grace_s)
    server.run()
    leave(0 if server.started else 3)


def trusted_proxies(settings: Settings) -> list[str]:
    """Returns the addresses and networks whose `X-Forwarded-For` is believed.

    Raises:
        SettingsError: one is neither; uvicorn would take it for a name and never meet it.
    """
    for proxy in settings.trusted_proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError as error:
            raise SettingsError(f"LUR_TRUSTED_PROXIES: {error}") from error
    return list(settings.trusted_proxies)


def most_connections() -> int:
    """Returns how many connections leave a quarter of the file descriptors to models and logs."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(1, descriptors * 3 // 4))


def _end(_signal: int, _frame: FrameType | None) -> None:
    leave(0)
