"""The database and its rules of conduct: one writer at a time, readers undisturbed, and never a silent fresh start."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import Connection, exc, inspect, text

from monitor.domain.errors import BusyError, ConfigError, IntegrityError, StoreError
from monitor.domain.place import Server
from monitor.domain.warning import Alert, Change
from monitor.store import Store, reading, runs, schema, warnings
from monitor.store.sqlite import BUSY_TIMEOUT_MS
from tests.postgres import Postgres
from tests.store import file_of

DAY = date(2026, 3, 2)
ALERT = Alert(
    rule="R", subject="contract", subject_id="A", contract_id="A", unit="U", level="red", peak="red", opened_on=DAY,
    level_since=DAY, armed_on=DAY, rule_hash="h", finding={},
)  # fmt: skip


@pytest.fixture
def file_store(tmp_path: Path) -> Store:
    """A store whose file a test does something to."""
    return Store(tmp_path / "lvyue.db", create=True)


def differences(store: Store) -> list[Any]:
    """What the models say and the database lacks, or the other way round."""
    with store.reading() as db:
        return schema.differences(db)


def tables(store: Store) -> set[str]:
    with store.reading() as db:
        return set(inspect(db).get_table_names())


@pytest.mark.parametrize("way", [Store.reading, Store.writing], ids=["reading", "writing"])
def test_every_connection_keeps_the_rules(
    file_store: Store, way: Callable[[Store], AbstractContextManager[Connection]]
) -> None:
    for _ in range(2):
        with way(file_store) as db:
            asked = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            said = [db.exec_driver_sql(f"pragma {name}").scalar() for name in asked]
        assert said == ["wal", 1, 2, BUSY_TIMEOUT_MS]


def test_every_connection_to_a_server_keeps_them_too(postgres: Postgres, tmp_path: Path) -> None:
    store = Store(postgres.server(tmp_path))
    asked = ("timezone", "application_name", "lock_timeout", "transaction_isolation", "transaction_read_only")
    said = []
    for way in (store.reading, store.writing):
        with way() as db:
            said.append([db.exec_driver_sql(f"show {name}").scalar() for name in asked])
    assert said == [["UTC", "lvyue", "5s", "repeatable read", "on"], ["UTC", "lvyue", "5s", "read committed", "off"]]


def test_the_migrations_make_exactly_what_the_models_say(store: Store) -> None:
    assert differences(store) == []
    with store.writing() as db:
        db.exec_driver_sql("alter table run add column forgotten varchar")
    assert differences(store) != []


def test_the_one_open_warning_is_an_index_of_the_database_itself(store: Store) -> None:
    asked = {
        "sqlite": "select sql from sqlite_master where name = 'uq_alert_open'",
        "postgresql": "select indexdef from pg_indexes where indexname = 'uq_alert_open'",
    }
    with store.reading() as db:
        said = db.exec_driver_sql(asked[db.dialect.name]).scalar_one()
    assert "UNIQUE" in said
    assert said.rpartition("WHERE ")[2].strip("()") == "released_on IS NULL"


@pytest.mark.parametrize(
    "statement", ["update alert_event set reason = 'x'", "delete from alert_event", "truncate alert_event"]
)
def test_what_happened_to_a_warning_is_only_added_to(store: Store, statement: str) -> None:
    def change() -> None:
        with store.writing() as db:
            db.exec_driver_sql(
                statement if db.dialect.name == "postgresql" else statement.replace("truncate", "delete from")
            )

    with store.writing() as db:
        warnings.save(db, [Change(alert=ALERT, event="opened", before=None, after="red")], run_id=None, on=DAY)
    with pytest.raises(exc.DBAPIError, match="only added to"):
        change()


def test_down_to_nothing_and_up_again(store: Store) -> None:
    full = tables(store)
    with store.changing() as db:
        command.downgrade(schema.steps(db), "base")
    assert tables(store) == {"alembic_version"}
    (store.state / "lvyue.made").unlink()
    assert differences(Store(store.place, create=True)) == []
    assert tables(store) == full


def test_opening_it_again_migrates_nothing_and_loses_nothing(store: Store) -> None:
    with store.writing() as db:
        db.exec_driver_sql("create table keepsake(n integer)")
    again = Store(store.place)
    assert "keepsake" in tables(again)
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
                    db.execute(text("update counter set n = :n"), {"n": n + 1})
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
            runs.start(other, "pull", at=datetime(2026, 3, 1, tzinfo=UTC))
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
    assert "half" not in tables(store)


def test_a_row_cannot_point_at_nothing(store: Store) -> None:
    values = "(7, 'register', '2026-03-01', '', 0, 0, 0, 0, false)"
    names = "(run_id, source, recorded_at, reader_hash, rows, changed, vanished, quarantined, partial)"
    with pytest.raises(exc.IntegrityError, match=r"FOREIGN KEY|foreign key"), store.writing() as db:
        db.exec_driver_sql(f"insert into edition {names} values {values}")


def test_a_newer_schema_is_not_touched(store: Store) -> None:
    with store.writing() as db:
        db.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(IntegrityError, match=r"9999(.|\n)*newer Lvyue"):
        Store(store.place)
    with store.reading() as db:
        assert db.exec_driver_sql("select version_num from alembic_version").scalar_one() == "9999"


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


def test_a_database_that_vanished_is_missed_even_where_one_may_be_made(file_store: Store) -> None:
    path = file_of(file_store)
    path.unlink()
    with pytest.raises(StoreError, match=r"not there(.|\n)*restore a backup"):
        Store(path, create=True)
    assert not path.exists()


@pytest.mark.parametrize("way", [Store.reading, Store.writing], ids=["reading", "writing"])
def test_a_file_deleted_at_run_time_is_missed_and_never_made_again(
    file_store: Store, way: Callable[[Store], AbstractContextManager[Connection]]
) -> None:
    def look() -> None:
        with way(file_store) as db:
            db.exec_driver_sql("select 1")

    path = file_of(file_store)
    for left in path.parent.glob("lvyue.db*"):
        left.unlink()
    with pytest.raises(StoreError, match="not there"):
        look()
    with pytest.raises(StoreError, match=r"lvyue\.db"):
        reading.portfolio(path, datetime(2026, 3, 1, tzinfo=UTC), UTC)
    assert not path.exists()


def test_a_server_whose_tables_vanished_is_missed(postgres: Postgres, tmp_path: Path) -> None:
    server = postgres.empty(tmp_path)
    with pytest.raises(StoreError, match="lvyue init"):
        Store(server)
    Store(server, create=True)
    name = postgres.name(server)
    postgres.run(f"drop database {name}")
    with pytest.raises(StoreError, match=r"does not exist(.|\n)*createdb"):
        Store(server, create=True)
    postgres.run(f"create database {name} template template0")
    with pytest.raises(StoreError, match=r"not there(.|\n)*restore a backup"):
        Store(server, create=True)


def test_another_database_under_the_same_name_is_not_taken_for_ours(postgres: Postgres, tmp_path: Path) -> None:
    stores = [Store(postgres.server(tmp_path / name)) for name in "ab"]
    for minute, store in enumerate(stores):
        with store.writing() as db:
            runs.start(db, "pull", at=datetime(2026, 3, 1, 8, minute, tzinfo=UTC))
        Store(store.place)
    ours, theirs = (store.place for store in stores)
    assert isinstance(ours, Server)
    assert isinstance(theirs, Server)
    with pytest.raises(IntegrityError, match="not the database that was here"):
        Store(replace(theirs, state=ours.state))


def test_a_database_of_other_programs_is_left_alone(postgres: Postgres, tmp_path: Path) -> None:
    server = postgres.empty(tmp_path)
    with psycopg.connect(server.address()) as db:
        db.execute("create table minutes(n integer)")
    with pytest.raises(IntegrityError, match=r"not Lvyue's(.|\n)*of its own"):
        Store(server, create=True)


def test_a_server_that_cannot_be_reached_says_so_and_tells_no_password(tmp_path: Path) -> None:
    server = Server("postgresql://lvyue:rosebud@/contracts?host=/nowhere", tmp_path)
    with pytest.raises(StoreError, match=r"postgresql://lvyue@/contracts(.|\n)*can be reached") as refused:
        Store(server, create=True)
    with pytest.raises(StoreError) as unread:
        reading.portfolio(server, datetime(2026, 3, 1, tzinfo=UTC), UTC)
    for address in ("postgresql://lvyue:rosebud@/contracts?ho=/nowhere", "postgresql://lvyue:rosebud@h:port/contracts"):
        with pytest.raises((ConfigError, StoreError)) as unreadable:
            Store(Server(address, tmp_path), create=True)
        assert "rosebud" not in "".join(traceback.format_exception(unreadable.value))
    for error in (refused.value, unread.value):
        assert "rosebud" not in str(error)
    assert "rosebud" not in repr(server)


def test_a_server_that_goes_away_in_the_middle_undoes_all_of_it_and_may_come_back(
    postgres: Postgres, tmp_path: Path
) -> None:
    store = Store(postgres.server(tmp_path))

    def write() -> None:
        with store.writing() as db:
            runs.start(db, "pull", at=datetime(2026, 3, 1, tzinfo=UTC))
            number = db.exec_driver_sql("select pg_backend_pid()").scalar_one()
            postgres.run(f"select pg_terminate_backend({number})")
            runs.start(db, "pull", at=datetime(2026, 3, 1, tzinfo=UTC))

    with pytest.raises(StoreError, match="nothing of this step was kept"):
        write()
    with store.writing() as db:
        assert runs.recent(db) == []
        runs.start(db, "pull", at=datetime(2026, 3, 1, tzinfo=UTC))


def test_a_server_that_only_lets_us_read_says_what_to_do(postgres: Postgres, tmp_path: Path) -> None:
    server = postgres.server(tmp_path)
    store = Store(server)
    postgres.run(f"alter database {postgres.name(server)} set default_transaction_read_only = on")

    def write() -> None:
        with store.writing() as db:
            runs.start(db, "pull", at=datetime(2026, 3, 1, tzinfo=UTC))

    with pytest.raises(StoreError, match=r"read-only(.|\n)*standby"):
        write()
    with store.reading() as db:
        assert runs.recent(db) == []


def test_a_writer_that_waits_too_long_is_told_that_another_writes(postgres: Postgres, tmp_path: Path) -> None:
    server = postgres.server(tmp_path)
    store = Store(server)

    def write() -> None:
        with store.writing():
            pass

    with store.writing():
        postgres.run(f"alter database {postgres.name(server)} set lock_timeout = '1ms'")
        with pytest.raises(BusyError, match="another program is writing"):
            write()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file stands in the way", encoding="utf-8")
    with pytest.raises(StoreError, match="state"):
        Store(tmp_path / "state" / "lvyue.db", create=True)


def test_a_database_that_may_only_be_read_says_what_to_do(file_store: Store) -> None:
    def write() -> None:
        with file_store.writing() as db:
            db.exec_driver_sql("pragma query_only = on")
            db.exec_driver_sql("create table note(n integer)")

    with pytest.raises(StoreError, match="readonly") as refused:
        write()
    assert "write to the file" in refused.value.hint


@pytest.mark.parametrize("name", ["预警 office", "50%20off", "a#b", "a?b=c", "a&b;c"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / name / "lvyue.db", create=True)
    assert file_of(store).exists()
    assert reading.portfolio(store.place, datetime(2026, 3, 1, tzinfo=UTC), UTC)["contract"].num_rows == 0


def test_a_damaged_database_is_told_from_a_busy_one(file_store: Store) -> None:
    path = file_of(file_store)
    content = path.read_bytes()
    for left in path.parent.glob("lvyue.db-*"):
        left.unlink()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(IntegrityError, match=r"damaged(.|\n)*backup"):
        Store(path)
