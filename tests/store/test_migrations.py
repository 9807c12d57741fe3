"""A database of an earlier release opens, keeps every row, and does not take what it knows for new."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from monitor import alerts
from monitor.alerts.telling import resurfaced
from monitor.domain.sandbox import sandbox
from monitor.domain.warning import Silence
from monitor.sources.border import check
from monitor.store import Store, outbox, schema, sqlite, warnings

OLD = """
insert into run (id, kind, state, started_at, counts) values (1, 'pull', 'ok', '2026-01-05 00:00:00.000000', '{}');
insert into edition (id, run_id, source, recorded_at, reader_hash, rows, changed, vanished, quarantined)
    values (1, 1, 'ledger', '2026-01-05 00:00:00.000000', 'r', 1, 1, 0, 0);
insert into contract_version (edition_id, source, recorded_at, content_hash, gone, id, title, kind, currency,
    amount_minor, signed_on, is_gov_procurement, is_secret) values (1, 'ledger', '2026-01-05 00:00:00.000000', 'as it was', 0,
    'ledger:A', '供货 "一"', 'ZFCG', 'CNY', 1250, '2026-01-02', 1, 0);
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of schema 0001 with one contract."""
    return of_schema("0001", tmp_path, OLD)


def of_schema(revision: str, folder: Path, rows: str) -> Path:
    """A database as an earlier release left it."""
    path = folder / "lvyue.db"
    path.touch()
    with schema.changing(sqlite.engine(path)) as db:
        schema.upgrade(db, path, to=revision)
        for statement in rows.strip().split(";\n"):
            db.execute(text(statement.rstrip(";")))
    return path


def test_rows_stay_and_their_content_is_recognised(database: Path) -> None:
    with Store(database).reading() as db:
        kept = db.execute(text("select id, title, amount_minor, content_hash from contract_version")).one()
    row = {"id": "A", "title": '供货 "一"', "kind": "ZFCG", "currency": "CNY", "amount": "12.50", "signed_on": "2026-01-02",
           "is_gov_procurement": "true", "is_secret": "false", "source_row": 1}  # fmt: skip
    assert tuple(kept)[:3] == ("ledger:A", '供货 "一"', 1250)
    assert kept.content_hash == hash_at_the_border(row)


def hash_at_the_border(row: dict[str, object]) -> str:
    """What a pull of today computes for the same row."""
    with sandbox() as db:
        db.register("said", pa.Table.from_pylist([row]))
        return str(check(db, "contract", "said", source="ledger").good["content_hash"][0])


# --- 0004: the alert loop ---

WARNED = """
insert into run (id, kind, state, started_at, counts, as_of)
    values (1, 'scan', 'ok', '2026-01-05 00:00:00.000000', '{}', '2026-01-05'),
    (2, 'scan', 'unchanged', '2026-01-10 00:00:00.000000', '{}', '2026-01-10'),
    (3, 'scan', 'failed', '2026-01-11 00:00:00.000000', '{}', '2026-01-11');
insert into alert (id, rule, subject, subject_id, contract_id, unit, level, peak, state, opened_on, level_since, cleared_on,
    closed_on, rule_hash, run_id, finding) values
    (1, 'R', 'obligation', 'open', 'A', 'U', 'orange', 'orange', 'open', '2026-01-05', '2026-01-09', null, null, 'h', 1, '{}'),
    (2, 'R', 'obligation', 'over', 'A', 'U', 'orange', 'red', 'open', '2026-01-05', '2026-01-06', '2026-01-09', null, 'h', 1,
     '{}'),
    (3, 'R', 'obligation', 'shut', 'A', null, 'blue', 'blue', 'closed', '2026-01-05', '2026-01-05', '2026-01-08',
     '2026-01-08', 'h', 1, '{}'),
    (4, 'R', 'obligation', 'shut', 'A', null, 'blue', 'blue', 'open', '2026-01-09', '2026-01-09', null, null, 'h', 1, '{}');
insert into alert_event (id, alert_id, run_id, happened_on, kind, before, after, actor, reason) values
    (1, 1, 1, '2026-01-05', 'opened', null, 'yellow', 'lvyue', null),
    (2, 2, 1, '2026-01-05', 'opened', null, 'red', 'lvyue', null),
    (3, 3, 1, '2026-01-05', 'opened', null, 'blue', 'lvyue', null),
    (4, 2, 1, '2026-01-06', 'lowered', 'red', 'orange', 'lvyue', null),
    (5, 3, 1, '2026-01-08', 'closed', 'blue', null, 'lvyue', null),
    (6, 1, 1, '2026-01-09', 'raised', 'yellow', 'orange', 'lvyue', null),
    (7, 2, 1, '2026-01-09', 'cleared', 'orange', null, 'lvyue', null),
    (8, 4, 1, '2026-01-09', 'opened', null, 'blue', 'lvyue', null);
insert into letter (key, run_id, kind, recipient, lang, content, created_at, state, attempts, next_try_at) values
    ('k', 1, 'warning', 'chen@office.example', 'zh', '{}', '2026-01-05 00:00:00.000000', 'waiting', 0,
     '2026-01-05 00:00:00.000000');
"""
BEFORE = (
    "select id, rule, subject, subject_id, contract_id, unit, level, peak, state, opened_on, level_since, cleared_on, closed_on,"
    " rule_hash, run_id, finding from alert order by id",
    "select id, alert_id, run_id, happened_on, kind, before, after, actor, reason from alert_event order by id",
    "select key, run_id, kind, recipient, lang, content, created_at, state, attempts, next_try_at from letter",
)
"""What schema 0003 can say."""


def said(path: Path) -> list[list[tuple[object, ...]]]:
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).connect() as db:
        return [[tuple(row) for row in db.exec_driver_sql(query)] for query in BEFORE]


def test_warnings_of_before_mean_what_they_meant(tmp_path: Path) -> None:
    """One is open, one waits for a person, one closed by itself and opened again. Nothing of it is told a second time,
    and nobody is late: time limits run from the last scan."""
    path = of_schema("0003", tmp_path, WARNED)
    before = said(path)
    store = Store(path)
    assert said(path) == before
    with store.reading() as db:
        standing = {alert.id: alert for alert in warnings.standing(db)}
        [closed] = warnings.by_id(db, [3]).values()
        facts = {day: warnings.as_facts(db, date(2026, 1, day)).to_pylist() for day in (6, 9, 10)}
    assert sorted(one for one in standing if one) == [1, 2, 4]
    assert [(one.state, one.cleared_on, one.armed_on, one.told) for one in standing.values()] == [
        ("open", None, date(2026, 1, 10), "orange"), ("open", date(2026, 1, 9), date(2026, 1, 10), "orange"),
        ("open", None, date(2026, 1, 10), "blue"),
    ]  # fmt: skip
    assert (closed.state, closed.released_on) == ("closed", date(2026, 1, 8))
    assert resurfaced(standing.values(), [], on=date(2026, 1, 12)) == []
    assert {day: sorted((row["level"], row["state"]) for row in rows) for day, rows in facts.items()} == {
        6: [("blue", "open"), ("red", "open"), ("yellow", "open")], 9: [("orange", "open"), ("yellow", "open")],
        10: [("blue", "open"), ("orange", "open"), ("orange", "open")],
    }  # fmt: skip
    with store.writing() as db:
        [letter] = outbox.claim(db, at=datetime(2026, 1, 12, tzinfo=UTC))
    assert (letter.channel, letter.not_before, letter.attempts) == ("mail", None, 1)


def test_a_warning_of_before_can_be_worked_and_the_way_back_loses_only_who_did_what(tmp_path: Path) -> None:
    path = of_schema("0003", tmp_path, WARNED)
    before, store = said(path), Store(path)
    moment = datetime(2026, 1, 12, 9, tzinfo=UTC)
    with store.writing() as db:
        act = alerts.Act(kind="acknowledge", actor="Chen", at=moment, on=moment.date())
        warnings.save(db, [alerts.act(warnings.numbered(db, "1"), act)], run_id=None, on=act.on, at=moment)
        warnings.keep_quiet(db, Silence(author="Chen", reason="made", from_on=act.on, until=act.on))
    with store.changing() as db:
        command.downgrade(schema.steps(db), "0003")
    after = said(path)
    assert [row[:8] for row in after[0]] == [row[:8] for row in before[0]]
    assert [row[8] for row in after[0]] == ["acknowledged", "open", "closed", "open"]
    assert after[1][:-1] == before[1]
    assert after[1][-1] == (9, 1, None, "2026-01-12", "acknowledged", "orange", "orange", "Chen", None)
    assert after[2] == before[2]
    with store.writing() as db, pytest.raises(IntegrityError, match="UNIQUE"):
        db.exec_driver_sql(
            "insert into alert (rule, subject, subject_id, level, peak, state, opened_on, level_since, rule_hash, run_id,"
            " finding) values ('R', 'obligation', 'open', 'red', 'red', 'open', '2026-01-12', '2026-01-12', 'h', 1, '{}')"
        )
    with Store(path).reading() as db:
        assert warnings.numbered(db, "1").state == "acknowledged"
