"""An empty store, and a register that tells it things."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.store import Store
from tests.store import Register, new_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


@pytest.fixture
def register(store: Store) -> Register:
    return Register(store)
