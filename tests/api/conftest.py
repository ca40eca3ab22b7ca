"""A client on the real application with the tiny models. No fake anywhere."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from service.app import create_app
from service.settings import Settings


@pytest.fixture(scope="module")
def client(tiny_settings: Settings) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(tiny_settings)) as found:
        yield found
