"""An empty store, on each kind of database, and a register that tells it things."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.store import Store
from tests.postgres import Postgres
from tests.store import Register, new_store


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Everything that is promised is promised on both."""
    if request.param == "sqlite":
        return new_store(tmp_path)
    postgres: Postgres = request.getfixturevalue("postgres")
    return Store(postgres.server(tmp_path))


@pytest.fixture
def store(either: Store) -> Store:
    """Where a module does not say otherwise."""
    return either


@pytest.fixture
def register(store: Store) -> Register:
    return Register(store)
