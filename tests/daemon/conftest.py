"""The databases that a service is tried on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.daemon import office
from tests.office import Office

OfficeMaker = Callable[..., Office]


class OnPostgres(Office):
    """The same office on a server: its rows are asked for there."""

    server: Any = None

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the database directly, past our own code."""
        assert not parameters
        return postgres.rows(self.server, sql)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def office_on(request: pytest.FixtureRequest, tmp_path: Path) -> OfficeMaker:
    """Makes an office on each kind of database."""

    def make(*blocks: str, **more: object) -> Office:
        if request.param == "sqlite":
            return office(tmp_path, *blocks, **more)
        server = request.getfixturevalue("postgres").server(tmp_path / "state")
        made = office(tmp_path, *blocks, **more)
        moved = OnPostgres(tmp_path, f'database = "{server.setting}"\n{made.path.read_text(encoding="utf-8")}')
        moved.server = server
        return moved

    return make
