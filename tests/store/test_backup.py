"""Backups are whole or not there; what is put back is looked through first, and what was there before is kept."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor.domain.errors import BusyError, IntegrityError, LvyueError, StoreError, UsageError
from monitor.domain.place import Place
from monitor.domain.warning import Alert, Change
from monitor.store import Store, backup, leader, runs, versions, warnings
from monitor.store.health import examined
from monitor.store.leader import Leadership
from monitor.store.restore import restore
from tests.postgres import Postgres
from tests.store import Register, file_of, new_store, random_history, rows

AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
DAY = AT.date()


def warned(number: str) -> Change:
    alert = Alert(
        rule="R", subject="contract", subject_id=number, contract_id=number, unit="住建委", level="red", peak="red",
        opened_on=DAY, level_since=DAY, armed_on=DAY, rule_hash="h", finding={"says": {"zh": "逾期"}, "money": "1.50"},
    )  # fmt: skip
    return Change(alert=alert, event="opened", before=None, after="red")


def fill(store: Store) -> None:
    """A short history, a payload, three warnings."""
    register = Register(store)
    register.says(
        AT, pages=[b"\x00\xff", "道路".encode()], contract=[{"id": "A", "title": "道路", "end_on": date(2026, 5, 1)}]
    )
    cell = versions.RefusedCell(noun="contract", row=1, field="end_on", value="soon", reason="is not a date")
    register.says(
        AT + timedelta(days=1), contract=[{"id": "A", "title": "道路"}, {"id": "B", "title": "x"}], refused=[cell]
    )
    with store.writing() as db:
        warnings.save(db, [warned("A"), warned("B"), warned("C")], run_id=1, on=DAY, at=AT)


def everything(store: Store) -> dict[str, list[dict[str, object]]]:
    with store.reading() as db:
        names = backup.counts(db)
    return {name: sorted(rows(store, f"select * from {name}"), key=repr) for name in names}


@pytest.fixture
def other(either: Store, tmp_path: Path, postgres: Postgres) -> Place:
    """An empty place of the other kind."""
    return postgres.empty(tmp_path / "other") if isinstance(either.place, Path) else tmp_path / "other" / "lvyue.db"


def test_a_backup_put_back_elsewhere_is_the_same_in_every_row(store: Store, other: Place, tmp_path: Path) -> None:
    fill(store)
    made = backup.backup(store, tmp_path / "backups" / "first.db")
    assert sorted(path.name for path in made.path.parent.iterdir()) == ["first.db", "first.db.sha256"]
    checked = subprocess.run(
        ["sha256sum", "-c", "first.db.sha256"], cwd=made.path.parent, capture_output=True, check=False
    )
    assert checked.returncode == 0
    done = restore(other, made.path, replace=False, at=AT)
    assert done.health.rows == made.rows
    assert done.kept is None
    there = Store(other)
    assert everything(there) == everything(store)
    with there.writing() as db:
        assert runs.start(db, "scan", at=AT) == max(row["id"] for row in rows(store, "select id from run")) + 1
        [fourth] = warnings.save(db, [warned("D")], run_id=1, on=DAY, at=AT)
    assert fourth.alert.id == 4
    assert examined(there).events == 4


def test_a_backup_is_of_one_moment_and_does_not_overwrite(store: Store, tmp_path: Path) -> None:
    fill(store)
    made = backup.backup(store, tmp_path / "kept.db")
    with pytest.raises(UsageError, match="there already"):
        backup.backup(store, made.path)
    with pytest.raises(StoreError, match="no backup was made"):
        backup.backup(store, tmp_path / "kept.db" / "below.db")
    assert sorted(path.name for path in tmp_path.glob("*kept*")) == ["kept.db", "kept.db.sha256"]


def test_only_backups_named_by_their_instant_are_pruned(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for hour in range(4):
        backup.backup(store, backup.named(tmp_path, AT + timedelta(hours=hour)))
    kept = backup.before(store, "0004", "0005")
    by_hand = backup.backup(store, tmp_path / "backups" / "lvyue-before-the-move.db")
    gone = backup.prune(tmp_path / "backups", keep=2)
    assert [path.name for path in gone] == ["lvyue-20260302T060000Z.db", "lvyue-20260302T070000Z.db"]
    left = sorted(path.name for path in (tmp_path / "backups").glob("*.db"))
    assert left == [kept.path.name, "lvyue-20260302T080000Z.db", "lvyue-20260302T090000Z.db", by_hand.path.name]
    assert len(list((tmp_path / "backups").iterdir())) == 2 * len(left)
    assert backup.prune(tmp_path / "backups", keep=2) == []


def test_something_that_is_there_is_only_replaced_when_asked_and_kept(store: Store, tmp_path: Path) -> None:
    fill(store)
    first = backup.backup(store, tmp_path / "first.db")
    Register(store).says(AT + timedelta(days=2), contract=[])
    before = everything(store)
    (store.state / "mirror").mkdir()
    with pytest.raises(UsageError, match="--yes"):
        restore(store.place, first.path, replace=False, at=AT)
    assert everything(store) == before
    done = restore(store.place, first.path, replace=True, at=AT)
    assert done.kept is not None
    assert backup.inspected(done.kept).rows["edition"] == first.rows["edition"] + 1
    assert not (store.state / "mirror").exists()
    restore(store.place, done.kept, replace=True, at=AT + timedelta(hours=1))
    assert everything(store) == before


@pytest.mark.parametrize("where", ["in its place", "from another office"])
def test_a_service_that_led_before_a_restore_is_refused_its_writes(store: Store, tmp_path: Path, where: str) -> None:
    """Epochs never go back, whatever the backup says of them: of less than here, or of more."""
    led = leading(store)
    file = backup.backup(store, tmp_path / "first.db").path
    if where == "from another office":
        (tmp_path / "other").mkdir()
        other = new_store(tmp_path / "other")
        for _ in range(3):
            leading(other).release()
        file = backup.backup(other, tmp_path / "second.db").path
    with store.writing() as db:
        runs.start(db, "scan", at=AT)
    restore(store.place, file, replace=True, at=AT)
    with pytest.raises(BusyError, match="restored leads now"), store.writing():
        raise AssertionError("it may not write")
    assert not led.beat()
    assert rows(Store(store.place), "select kind from run") == []
    assert leading(Store(store.place)).epoch == (3 if where == "in its place" else 5)
    assert not led.beat()


def leading(store: Store) -> Leadership:
    """Lead on a database, whatever was there before: nobody beats while this clock runs ahead."""
    seconds = itertools.count(step=100.0)
    lead = leader.of(store, store.state, lease=60, clock=lambda: AT, ticking=lambda: next(seconds))
    while not lead.campaign():
        pass
    return lead


def spoilt(file: Path, how: str) -> None:
    """Something happened to a backup."""
    if how == "a flipped byte":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        return
    if how == "cut short":
        file.write_bytes(file.read_bytes()[:5000])
        file.with_name(f"{file.name}.sha256").unlink()
        return
    file.with_name(f"{file.name}.sha256").unlink()
    statement = {
        "of a newer release": "update alembic_version set version_num = '9999'",
        "an event altered": "update alert_event set reason = 'x' where id = 2",
        "of another program": "drop table alembic_version",
    }[how]
    with closing(sqlite3.connect(file)) as db, db:
        for trigger in ("update", "delete"):
            db.execute(f"drop trigger alert_event_no_{trigger}")
        db.execute(statement)


@pytest.mark.parametrize(
    "how", ["a flipped byte", "cut short", "of a newer release", "an event altered", "of another program"]
)
def test_a_spoilt_backup_is_refused_and_nothing_is_touched(tmp_path: Path, how: str) -> None:
    store = new_store(tmp_path)
    fill(store)
    file = backup.backup(store, tmp_path / "first.db").path
    spoilt(file, how)
    before = everything(store)
    with pytest.raises(IntegrityError):
        restore(store.place, file, replace=True, at=AT)
    assert everything(store) == before
    assert list(store.state.glob(".*")) == []


def test_a_server_keeps_all_it_had_when_a_restore_fails_on_the_way(postgres: Postgres, tmp_path: Path) -> None:
    theirs = Store(postgres.server(tmp_path / "theirs"))
    fill(theirs)
    (tmp_path / "ours").mkdir()
    ours = new_store(tmp_path / "ours")
    with ours.writing() as db:  # SQLite keeps a NUL in text, PostgreSQL does not
        db.execute(text("insert into payload (sha256, content, size, media_type, kept_at) values ('x', 'x', 1, :nul, :at)"),
                   {"nul": "a\x00b", "at": "2026-03-02 06:00:00.000000"})  # fmt: skip
    file, before = backup.backup(ours, tmp_path / "ours.db").path, everything(theirs)
    with pytest.raises(LvyueError):
        restore(theirs.place, file, replace=True, at=AT)
    assert everything(theirs) == before


@pytest.mark.parametrize("how", ["it vanished", "it is damaged"])
def test_a_database_that_is_lost_comes_back_from_its_backup(tmp_path: Path, how: str) -> None:
    store = new_store(tmp_path)
    fill(store)
    file, before = backup.backup(store, tmp_path / "first.db").path, everything(store)
    for left in tmp_path.glob("lvyue.db*"):
        left.unlink()
    if how == "it is damaged":
        file_of(store).write_bytes(b"minutes of a meeting\n" * 500)
        with pytest.raises(IntegrityError):
            restore(store.place, file, replace=False, at=AT)
    done = restore(store.place, file, replace=how == "it is damaged", at=AT)
    assert everything(Store(store.place)) == before
    assert (done.kept is not None and done.kept.read_bytes().startswith(b"minutes")) == (how == "it is damaged")


WRONG = {
    "a trigger is gone": ("drop trigger alert_event_no_update", "drop trigger alert_event_only_added on alert_event"),
    "a trigger sleeps": (
        "drop trigger alert_event_no_delete",
        "alter table alert_event disable trigger alert_event_only_added",
    ),
    "a state was changed": ("update alert set state = 'closed' where id = 2",) * 2,
    "a column was added": ("alter table run add column note varchar",) * 2,
    "an index is gone": ("drop index uq_alert_open",) * 2,
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_database_is_said(store: Store, what: str) -> None:
    fill(store)
    assert examined(store).events == 3
    said = {"a state was changed": "YJ-2026-00002", "a trigger is gone": "trigger", "a trigger sleeps": "trigger"}
    with store.writing() as db:
        db.exec_driver_sql(WRONG[what][db.dialect.name == "postgresql"])
    with pytest.raises(IntegrityError, match=said.get(what, "tables are not those")):
        examined(store)


def test_rows_that_point_at_nothing_and_events_that_were_altered_are_said(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    fill(store)
    with closing(sqlite3.connect(file_of(store))) as db, db:
        db.execute("drop trigger alert_event_no_update")
        db.execute("update alert_event set reason = 'x' where id = 2")
        db.execute(
            "create trigger alert_event_no_update before update on alert_event begin select raise(abort, 'no'); end"
        )
    with pytest.raises(IntegrityError, match="event 2"):
        examined(store)
    with closing(sqlite3.connect(file_of(store))) as db, db:
        db.execute("delete from edition where id = 1")
    with pytest.raises(IntegrityError, match="points at a row of edition"):
        examined(store)


def test_a_larger_history_goes_over_in_pieces(tmp_path: Path, postgres: Postgres) -> None:
    store = new_store(tmp_path)
    random_history(store, 1, editions=2)
    many = [{"id": f"N{number}", "title": f"Road {number}"} for number in range(backup.PIECE + 1)]
    Register(store, "many", complete=False).says(AT, contract=many)
    made = backup.backup(store, tmp_path / "first.db")
    server = postgres.empty(tmp_path / "server")
    assert restore(server, made.path, replace=False, at=AT).health.rows == made.rows
    again = backup.backup(Store(server), tmp_path / "second.db")
    assert again.rows == made.rows
    shutil.rmtree(tmp_path / "server")
