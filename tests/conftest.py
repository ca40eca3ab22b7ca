"""What several rooms' tests share: the tiny models, converted once for all test processes."""

import logging
from pathlib import Path

import pytest

from service.models.catalog import Catalog
from service.models.catalog_file import load_catalog
from service.models.store import Store
from service.settings import Settings

TINY_CATALOG = Path(__file__).parent / "tiny.toml"


@pytest.fixture(scope="session")
def tiny_cache(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A model cache that all test processes share; the store's own locks keep them apart."""
    base = tmp_path_factory.getbasetemp()
    return (base if worker_id == "master" else base.parent) / "tiny_cache"


@pytest.fixture(scope="session")
def tiny_catalog() -> Catalog:
    return load_catalog("bundled", TINY_CATALOG)


@pytest.fixture(scope="session")
def tiny_store(tiny_cache: Path, tiny_catalog: Catalog) -> Store:
    """A store that has converted the three tiny models."""
    store = Store(tiny_cache)
    for spec in tiny_catalog.routed():
        store.ensure(spec)
    return store


@pytest.fixture(scope="session")
def tiny_settings(tiny_store: Store, tiny_cache: Path) -> Settings:
    return Settings(
        profile="bundled",
        catalog=TINY_CATALOG,
        model_cache=tiny_cache,
        offline=True,
        threads=1,
        allowed_hosts=("testserver.local",),  # what Litestar's test client calls it
    )


@pytest.fixture(autouse=True)
def quiet_logs() -> None:
    """`configure_logs` replaces the root's handlers; every test begins without them."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
