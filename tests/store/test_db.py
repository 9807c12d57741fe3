"""The database and its rules of conduct: one writer at a time, readers undisturbed, and never a silent fresh start."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, exc

from monitor.domain.errors import IntegrityError, StoreError
from monitor.store import Store, reading
from monitor.store.db import BUSY_TIMEOUT_MS, MIGRATIONS
from monitor.store.tables import METADATA


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "lvyue.db", create=True)


def differences(store: Store) -> list[Any]:
    """What the models say and the file lacks, or the other way round."""
    with store.reading() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, METADATA))


def alembic(store: Store) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = create_engine(f"sqlite:///{store.path}")
    return config


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {row[0] for row in db.execute("select name from sqlite_master where type = 'table'")}


@pytest.mark.parametrize("way", [Store.reading, Store.writing], ids=["reading", "writing"])
def test_every_connection_keeps_the_rules(
    store: Store, way: Callable[[Store], AbstractContextManager[Connection]]
) -> None:
    for _ in range(2):
        with way(store) as db:
            asked = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            said = [db.exec_driver_sql(f"pragma {name}").scalar() for name in asked]
        assert said == ["wal", 1, 1, BUSY_TIMEOUT_MS]


def test_the_migrations_make_exactly_what_the_models_say(store: Store) -> None:
    assert differences(store) == []
    with store.writing() as db:
        db.exec_driver_sql("alter table run add column forgotten varchar")
    assert differences(store) != []


def test_the_one_open_warning_is_an_index_of_the_file_itself(store: Store) -> None:
    with store.reading() as db:
        said = db.exec_driver_sql("select sql from sqlite_master where name = 'uq_alert_open'").scalar_one()
    assert "UNIQUE" in said
    assert said.endswith("WHERE released_on IS NULL")


def test_down_to_nothing_and_up_again(store: Store) -> None:
    full = tables(store.path)
    command.downgrade(alembic(store), "base")
    assert tables(store.path) == {"alembic_version"}
    assert differences(Store(store.path)) == []
    assert tables(store.path) == full


def test_opening_it_again_migrates_nothing_and_loses_nothing(store: Store) -> None:
    with store.writing() as db:
        db.exec_driver_sql("create table keepsake(n integer)")
    again = Store(store.path)
    assert "keepsake" in tables(again.path)
    assert again.revision() == store.revision() != ""


def test_two_writers_who_read_before_they_write_lose_nothing(store: Store) -> None:
    with store.writing() as db:
        db.exec_driver_sql("create table counter(n integer)")
        db.exec_driver_sql("insert into counter values (0)")
    failed: list[Exception] = []

    def count() -> None:
        try:
            for _ in range(100):
                with store.writing() as db:
                    n = db.exec_driver_sql("select n from counter").scalar_one()
                    db.exec_driver_sql("update counter set n = ?", (n + 1,))
        except Exception as error:
            failed.append(error)

    both = [threading.Thread(target=count) for _ in "ab"]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert failed == []
    with store.reading() as db:
        assert db.exec_driver_sql("select n from counter").scalar_one() == 200


def test_a_reader_sees_one_moment_while_a_writer_commits(store: Store) -> None:
    def count(db: Connection) -> Any:
        return db.exec_driver_sql("select count(*) from run").scalar_one()

    with store.reading() as db:
        before = count(db)
        with store.writing() as other:
            other.exec_driver_sql("insert into run(kind, state, started_at, counts) values ('pull', 'ok', '', '{}')")
        assert count(db) == before == 0
    with store.reading() as db:
        assert count(db) == 1


def test_what_is_raised_inside_undoes_all_of_it(store: Store) -> None:
    def write_and_fall() -> None:
        with store.writing() as db:
            db.exec_driver_sql("create table half(n integer)")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        write_and_fall()
    assert "half" not in tables(store.path)


def test_a_row_cannot_point_at_nothing(store: Store) -> None:
    values = "(7, 'register', '2026-03-01', '', 0, 0, 0, 0)"
    names = "(run_id, source, recorded_at, reader_hash, rows, changed, vanished, quarantined)"
    with pytest.raises(exc.IntegrityError, match="FOREIGN KEY"), store.writing() as db:
        db.exec_driver_sql(f"insert into edition {names} values {values}")


def test_a_newer_schema_is_not_touched(store: Store) -> None:
    with store.writing() as db:
        db.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(IntegrityError, match=r"9999(.|\n)*newer Lvyue"):
        Store(store.path)
    assert store.revision() == "9999"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "lvyue.db"
    path.write_bytes(b"minutes of a meeting, saved under the wrong name\n" * 200)
    with pytest.raises(IntegrityError, match="not a database"):
        Store(path)
    assert path.read_bytes().startswith(b"minutes")


def test_a_first_start_needs_to_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="lvyue init"):
        Store(tmp_path / "new" / "lvyue.db")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_vanished_is_missed_even_where_one_may_be_made(store: Store) -> None:
    store.path.unlink()
    with pytest.raises(StoreError, match=r"not there(.|\n)*restore a backup"):
        Store(store.path, create=True)
    assert not store.path.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file stands in the way", encoding="utf-8")
    with pytest.raises(StoreError, match="state"):
        Store(tmp_path / "state" / "lvyue.db", create=True)


def test_a_database_that_may_only_be_read_says_what_to_do(store: Store) -> None:
    def write() -> None:
        with store.writing() as db:
            db.exec_driver_sql("pragma query_only = on")
            db.exec_driver_sql("create table note(n integer)")

    with pytest.raises(StoreError, match="readonly") as refused:
        write()
    assert "write to the file" in refused.value.hint


@pytest.mark.parametrize("name", ["预警 office", "50%20off", "a#b", "a?b=c", "a&b;c"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / name / "lvyue.db", create=True)
    assert store.path.exists()
    assert reading.portfolio(store.path, datetime(2026, 3, 1, tzinfo=UTC), UTC)["contract"].num_rows == 0


def test_a_damaged_database_is_told_from_a_busy_one(store: Store) -> None:
    content = store.path.read_bytes()
    for left in store.path.parent.glob("lvyue.db-*"):
        left.unlink()
    store.path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(IntegrityError, match=r"damaged(.|\n)*backup"):
        Store(store.path)
