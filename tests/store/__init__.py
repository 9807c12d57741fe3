"""A register that tells a real store things, and a look at what the store then knows."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from psycopg.rows import dict_row

from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import schema
from monitor.store import Store, runs, versions
from monitor.store.reading import INSTANT
from tests.facts import random_world

Rows = Sequence[Mapping[str, Any]]


def new_store(folder: Path) -> Store:
    """An empty store. The tables are made once and copied: most tests are not about migrations."""
    path = folder / "lvyue.db"
    path.write_bytes(_empty())
    return Store(path)


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lvyue.db"
        Store(path, create=True)
        return path.read_bytes()


def file_of(store: Store) -> Path:
    """The file of a store that is one."""
    assert isinstance(store.place, Path)
    return store.place


def rows(store: Store, query: str) -> list[dict[str, Any]]:
    """What lies in the tables, past our own code, written as SQLite writes it."""
    if isinstance(store.place, Path):
        with closing(sqlite3.connect(store.place)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(query)]
    with psycopg.connect(store.place.address(), row_factory=dict_row) as server:
        server.execute("set time zone 'UTC'")
        return [{name: _as_text(value) for name, value in row.items()} for row in server.execute(query.encode())]


def _as_text(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, datetime):
        return value.strftime(INSTANT)
    return value.isoformat() if isinstance(value, date) else int(value) if isinstance(value, bool) else value


class Register:
    """One source. Each time it says something, that is one edition."""

    def __init__(self, store: Store, name: str = "register", *, complete: bool = True) -> None:
        self.store, self.name, self.complete = store, name, complete

    def says(
        self, at: datetime, *, pages: Sequence[bytes] = (), refused: Sequence[versions.RefusedCell] = (), **nouns: Rows
    ) -> versions.Counts:
        """Record one edition, known from `at` on. A refused cell belongs to the row of that number, from 1."""
        with self.store.writing() as db:
            head = versions.EditionHead(
                run_id=runs.start(db, "pull", at=at, source=self.name), source=self.name, recorded_at=at,
                payloads=tuple(versions.keep_payload(db, page, media_type="text/csv", at=at) for page in pages),
                reader_hash="",
            )  # fmt: skip
            rows = [
                self._incoming(noun, rows, {cell.row for cell in refused if cell.noun == noun})
                for noun, rows in nouns.items()
            ]
            return versions.record(db, head, rows, refused=refused, complete=self.complete)

    def _incoming(self, noun: str, rows: Rows, refused: set[int | None]) -> versions.Incoming:
        """What comes out of the border: keys with the register's name in front, a hash of the content."""
        made = []
        for number, row in enumerate(rows, start=1):
            said = {name: f"{self.name}:{value}" if name in KEYS else value for name, value in row.items()}
            content = hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()
            made.append(said | {"source_row": number, "content_hash": content})
        fields = [schema(noun)[position] for position in range(len(NOUNS[noun].model_fields))]  # its own stand first
        columns = pa.schema([*fields, ("source_row", pa.int32()), ("content_hash", pa.string())])
        good = [row for row in made if row["source_row"] not in refused]
        return versions.Incoming(
            noun=noun, good=pa.Table.from_pylist(good, schema=columns),
            seen=pa.table({"id": pa.array([row["id"] for row in made], pa.string())}),
        )  # fmt: skip


def random_history(store: Store, seed: int, *, editions: int = 4, month: int = 1) -> list[datetime]:
    """Two registers, one complete, tell of a random district in turn; things change, vanish and return. Gives the instants.

    The first edition is of the 5th of `month` in 2026, each later one ten days after.
    """
    chance = random.Random(seed)
    registers = [Register(store, "first"), Register(store, "second", complete=False)]
    instants = []
    for number in range(editions):
        at = datetime(2026, month, 5, tzinfo=UTC) + timedelta(days=10 * number, hours=7 * number)
        registers[number % 2].says(at, **random_edition(chance))
        instants.append(at)
    return instants


def random_edition(chance: random.Random) -> dict[str, Any]:
    """A part of a random district, as a register says it. Two editions name the same things, mostly with another content."""
    world = random_world(chance.randrange(3))
    return {
        noun: [
            {name: row.get(name) for name in model.model_fields if row.get(name) is not None}
            for row in world[noun]
            if chance.random() < 0.8
        ]
        for noun, model in NOUNS.items()
    }


KEYS = ("id", "unit_id", "party_id", "contract_id", "obligation_id")


def cells(table: pa.Table, names: Iterable[str]) -> list[tuple[Any, ...]]:
    """Some columns of a table, row by row."""
    found: list[tuple[Any, ...]] = [tuple(row.values()) for row in table.select(list(names)).to_pylist()]
    return found
