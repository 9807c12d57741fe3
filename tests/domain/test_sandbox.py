"""The sandbox: SQL from strangers sees the tables put before it, and nothing else, and not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from monitor.domain.sandbox import bounded, sandbox

ENDLESS = "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r"


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with sandbox() as made:
        yield made


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text("password\nhunter2\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('{secret}')",
        "select * from read_csv('{secret}')",
        "select * from '{secret}'",
        "select * from glob('{folder}/*')",
        "copy (select 1) to '{folder}/stolen.csv'",
        "export database '{folder}/stolen'",
        "attach '{folder}/other.db'",
        "create secret s (type s3, key_id 'a', secret 'b')",
        "install httpfs",
        "load httpfs",
        "select * from 'https://example.invalid/x.parquet'",
    ],
)
def test_nothing_outside_can_be_reached(db: duckdb.DuckDBPyConnection, secret: Path, sql: str) -> None:
    with pytest.raises(duckdb.Error):
        db.execute(sql.format(secret=secret, folder=secret.parent)).fetchall()
    assert [path.name for path in secret.parent.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize(
    "sql",
    [
        "set enable_external_access = true",
        "set lock_configuration = false",
        "reset enable_external_access",
        "pragma memory_limit = '64GB'",
        "set autoload_known_extensions = true",
    ],
)
def test_the_locks_cannot_be_opened_from_inside(db: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(duckdb.Error, match=r"lock|Cannot"):
        db.execute(sql)


def test_variables_of_the_program_are_no_tables(db: duckdb.DuckDBPyConnection) -> None:
    passwords = pa.table({"password": ["hunter2"]})
    with pytest.raises(duckdb.CatalogException, match="passwords does not exist"):
        db.execute("select * from passwords")
    db.register("shown", passwords)
    assert db.execute("select * from shown").fetchall() == [("hunter2",)]


def test_instants_are_read_in_utc_wherever_it_runs(db: duckdb.DuckDBPyConnection) -> None:
    said = db.execute("select cast(timestamptz '2026-03-01 00:30:00+08:00' as varchar)").fetchall()
    assert said == [("2026-02-28 16:30:00+00",)]


def test_a_query_without_an_end_is_interrupted(db: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.InterruptException), bounded(db, 0.1):
        db.execute(ENDLESS)
    assert db.execute("select 1").fetchall() == [(1,)]


def test_two_queries_without_an_end_do_not_get_past_it_either(db: duckdb.DuckDBPyConnection) -> None:
    """A mapping may catch nothing, but the program asks again: the time is over for the whole block."""
    with bounded(db, 0.1):
        for _ in range(2):
            with pytest.raises(duckdb.InterruptException):
                db.execute(ENDLESS)


def test_a_query_in_time_is_left_alone(db: duckdb.DuckDBPyConnection) -> None:
    with bounded(db, 600):
        assert db.execute("select sum(n) from range(1000) t(n)").fetchall() == [(499500,)]


def test_a_query_that_takes_too_much_memory_fails_alone_and_spills_nothing_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with sandbox(memory_limit="50MB") as db:
        with pytest.raises(duckdb.OutOfMemoryException):
            db.execute(
                "create table big as select md5(range::varchar) a, md5((range + 1)::varchar) b from range(2000000)"
            )
        assert db.execute("select 1").fetchall() == [(1,)]
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_into_memory_goes_to_a_folder_and_is_gone_when_it_is_closed(tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    with sandbox(memory_limit="60MB", spill=spill) as db:
        db.execute("create table big as select md5(range::varchar) a, md5((range + 1)::varchar) b from range(2000000)")
        assert list(spill.glob("*.tmp"))
        assert db.execute("select count(*) from big where a <> b").fetchall() == [(2000000,)]
    assert list(tmp_path.rglob("*.tmp")) == []
