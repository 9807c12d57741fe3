"""A store filled with the made portfolio, as if one pull had brought it all, and pulls after it that bring a little.

Straight into the version tables: a real pull reads a file and lays it against what was known, which is not measured here.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import adbc_driver_sqlite.dbapi
import duckdb
from sqlalchemy import Date, insert

from monitor.domain.nouns import NOUNS
from monitor.store import Store, runs
from monitor.store.reading import INSTANT
from monitor.store.tables import Edition, table_of, version_table
from tests.bench.made import write_parquet
from tests.store import new_store

FIRST_AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)


def filled(folder: Path, contracts: int) -> Store:
    """A new store that was told of a made portfolio once, on 1 June 2026."""
    store = new_store(folder)
    edition = _edition(store, FIRST_AT)
    with tempfile.TemporaryDirectory() as rows, duckdb.connect() as db:
        write_parquet(Path(rows), contracts)
        for noun in NOUNS:
            _ingest(db, store, noun, f"from read_parquet('{rows}/{noun}.parquet')", edition, FIRST_AT)
    return store


def told_again(store: Store, contracts: int, *, every: int, at: datetime) -> int:
    """One more pull: every so-manieth contract made progress, and its first milestone was done. Gives their number."""
    edition = _edition(store, at)
    chosen = [f"made:c{number}" for number in range(at.day % every, contracts, every)]
    with (
        duckdb.connect() as db,
        adbc_driver_sqlite.dbapi.connect(str(store.place)) as source,
        source.cursor() as cursor,
    ):
        for noun, changes, key in (
            ("contract", "least(progress_percent + 1, 100) as progress_percent", "{}"),
            ("obligation", f"'{at.date()}' as done_on, 'met' as status", "{}/0"),
        ):
            names = ", ".join(f"'{key.format(name)}'" for name in chosen)
            newest = f"select max(seq) from {noun}_version where id in ({names}) group by id"
            cursor.execute(f"select * from {noun}_version where seq in ({newest}) order by seq")
            db.register("known", cursor.fetch_arrow_table())
            _ingest(db, store, noun, f"select * replace ({changes}) from known", edition, at)
    return len(chosen)


def _edition(store: Store, at: datetime) -> int:
    with store.writing() as db:
        run = runs.start(db, "pull", at=at, source="made")
        values = {"run_id": run, "source": "made", "recorded_at": at, "reader_hash": "made", "rows": 0, "changed": 0,
                  "vanished": 0, "quarantined": 0}  # fmt: skip
        key = db.execute(insert(table_of(Edition)).values(values)).inserted_primary_key
        runs.finish(db, run, "ok", at=at, counts={})
    assert key is not None
    return int(key[0])


def _ingest(db: duckdb.DuckDBPyConnection, store: Store, noun: str, rows: str, edition: int, at: datetime) -> None:
    """Rows of a noun as its newest versions: days as text and yes or no as 1 or 0, as SQLAlchemy keeps them in SQLite."""
    columns = version_table(noun).c
    cells = [
        f"{name}::varchar as {name}" if isinstance(columns[name].type, Date)
        else f"{name}::int as {name}" if str(columns[name].type) == "BOOLEAN" else name
        for name in NOUNS[noun].model_fields
    ]  # fmt: skip
    stamp = f"{edition} as edition_id, 'made' as source, '{at.strftime(INSTANT)}' as recorded_at, '' as content_hash"
    query = f"select {', '.join(cells)}, source_row, {stamp}, 0 as gone from ({rows})"
    with adbc_driver_sqlite.dbapi.connect(str(store.place)) as target, target.cursor() as cursor:
        cursor.adbc_ingest(f"{noun}_version", db.sql(query).to_arrow_reader(60_000), mode="append")
        target.commit()
