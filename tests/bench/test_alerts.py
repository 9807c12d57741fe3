"""Writing warnings, against the same through objects: each looked up, set and flushed, as a web framework would.

A scan that finds much must not wait for the database. What is compared is 100,000 open warnings that all changed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import create_engine
from sqlmodel import Session, select

from monitor.domain.warning import Alert, Change
from monitor.store import Store, runs, warnings
from monitor.store.tables import AlertEvent, AlertRow
from tests.bench.pairs import seconds
from tests.store import file_of, new_store

WARNINGS = 100_000
ROUNDS = 5
BY_OBJECT = 1_000
GOAL = 20
AT = datetime(2026, 6, 30, 6, 0, tzinfo=UTC)


@pytest.mark.bench
def test_warnings_are_written_twenty_times_as_fast_as_objects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = new_store(tmp_path)
    with store.writing() as db:
        runs.start(db, "scan", at=AT)
    opened = [Change(alert=_alert(number), event="opened", before=None, after="orange") for number in range(WARNINGS)]
    stored: list[Change] = []
    opening = seconds(lambda: stored.extend(_save(store, opened)))
    worse = [_worse(change) for change in stored]
    found, changing = [], 0.0
    for number in range(ROUNDS):
        ours = worse[number * WARNINGS // ROUNDS : (number + 1) * WARNINGS // ROUNDS]
        objects = seconds(partial(_by_objects, file_of(store), worse[number * BY_OBJECT : (number + 1) * BY_OBJECT]))
        own = seconds(partial(_save, store, ours))
        changing += own
        found.append((objects / BY_OBJECT) / (own / len(ours)))
    with capsys.disabled():
        print(
            f"\n{WARNINGS:,} warnings and their events into SQLite, {ROUNDS} rounds with {BY_OBJECT:,} by objects in each"
        )
        print(f"  {median(found):6.1f}  times as fast as objects, warnings that changed (asserted: {GOAL})")
        print(f"  {changing / opening:6.1f}  times as long as to open them")
    assert median(found) >= GOAL


def _alert(number: int) -> Alert:
    return Alert(
        rule="MADE-01", subject="obligation", subject_id=f"made:c{number // 10}/{number % 10}",
        contract_id=f"made:c{number // 10}", unit="虚构单位", level="orange", peak="orange", opened_on=date(2026, 6, 1),
        level_since=date(2026, 6, 1), armed_on=date(2026, 6, 1), rule_hash="f00d" * 16,
        finding={
            "says": {"zh": "逾期三日，虚构。", "en": "Three days late; made up."}, "money": "150000.00", "due": "2026-05-29",
        },
    )  # fmt: skip


def _worse(change: Change) -> Change:
    worse = replace(change.alert, level="red", peak="red", level_since=AT.date())
    return Change(alert=worse, event="raised", before="orange", after="red")


def _save(store: Store, changes: list[Change]) -> list[Change]:
    with store.writing() as db:
        return warnings.save(db, changes, run_id=1, on=AT.date())


def _by_objects(path: Path, changes: list[Change]) -> None:
    """The same outcome: one SELECT, one UPDATE and one INSERT a warning, in one transaction."""
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session:
        for change in changes:
            row = session.exec(select(AlertRow).where(AlertRow.id == change.alert.id)).one()
            for name in Alert.__slots__:
                setattr(row, name, getattr(change.alert, name))
            row.run_id = 1
            session.add(
                AlertEvent(
                    alert_id=change.alert.id or 0, run_id=1, happened_on=AT.date(), kind=change.event,
                    before=change.before, after=change.after, previous_hash=str(change.alert.id), hash="",
                )
            )  # fmt: skip
            session.flush()
        session.commit()
    engine.dispose()
