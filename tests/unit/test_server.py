import resource
from typing import Any

import pytest

from service.server import MAX_CONNECTIONS, most_connections, trusted_proxies
from service.settings import Settings, SettingsError


def test_nobody_is_trusted_unless_named() -> None:
    assert trusted_proxies(Settings()) == []


def test_proxies_are_addresses_or_networks() -> None:
    named = ("10.0.0.1", "10.1.0.0/16", "::1", "fd00::/8")
    assert trusted_proxies(Settings(trusted_proxies=named)) == list(named)


@pytest.mark.parametrize(
    "wrong", ["*", "proxy.example.org", "10.0.0.1/8", "10.0.0", "", "1.2.3.4:80"]
)
def test_what_is_neither_ends_the_start_and_is_named(wrong: str) -> None:
    with pytest.raises(SettingsError, match="LUR_TRUSTED_PROXIES") as raised:
        trusted_proxies(Settings(trusted_proxies=("10.0.0.1", wrong)))
    assert repr(wrong) in str(raised.value) or wrong in str(raised.value)


@pytest.mark.parametrize(
    ("descriptors", "connections"),
    [
        (1024, 768),
        (256, 192),
        (1_048_576, MAX_CONNECTIONS),
        (resource.RLIM_INFINITY, MAX_CONNECTIONS),
    ],
)
def test_connections_never_use_up_the_file_descriptors(
    descriptors: int, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limit(_: Any) -> tuple[int, int]:
        return descriptors, descriptors

    monkeypatch.setattr(resource, "getrlimit", limit)
    assert most_connections() == connections
