"""Warnings and letters in the database: one open warning a subject, each letter once, and none lost with its sender."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import exc

from monitor import alerts
from monitor.domain.portfolio import schema
from monitor.domain.warning import LEVELS, Alert, Change, Letter, Signal
from monitor.store import Store, runs, warnings
from monitor.store.warnings import LEASE
from tests.store import new_store

AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
TODAY, TOMORROW = AT.date(), date(2026, 3, 3)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = new_store(tmp_path)
    with made.writing() as db:
        assert runs.start(db, "scan", at=AT) == 1
    return made


def opened(subject: str = "A/1", *, rule: str = "GEN-DL-01", level: str = "orange") -> Change:
    alert = Alert(
        rule=rule, subject="obligation", subject_id=subject, contract_id="A",
        unit="住房和城乡建设委员会", level=level, peak=level,
        opened_on=TODAY, level_since=TODAY, rule_hash="f00d", finding={"says": {"zh": "逾期"}, "money": "1.50", "due": None},
    )  # fmt: skip
    return Change(alert=alert, event="opened", before=None, after=level)


def saved(store: Store, *changes: Change, on: date = TODAY) -> list[Change]:
    with store.writing() as db:
        return warnings.save(db, changes, run_id=1, on=on)


def letter(key: str, *, minutes: int = 0) -> Letter:
    return Letter(
        key=key, kind="warning", recipient="chen@office.example", lang="zh", content={"as_of": "2026-03-02", "items": []},
        created_at=AT + timedelta(minutes=minutes),
    )  # fmt: skip


def posted(store: Store, *letters: Letter) -> int:
    with store.writing() as db:
        return warnings.post(db, letters, run_id=1)


def claimed(store: Store, at: datetime = AT, *, limit: int = 50) -> dict[str, int]:
    """Keys of the letters somebody may now send, with the number of the attempt."""
    with store.writing() as db:
        return {one.key: one.attempts for one in warnings.claim(db, at=at, limit=limit)}


def settled(store: Store, key: str, state: str, *, next_try_at: datetime | None = None, reply: str = "250 OK") -> None:
    with store.writing() as db:
        warnings.settle(db, key, state, at=AT, reply=reply, next_try_at=next_try_at)


def outbox(store: Store) -> dict[str, int]:
    with store.reading() as db:
        return warnings.outbox(db)


# --- warnings ---


def test_what_is_saved_comes_back_equal_and_numbered_in_order(store: Store) -> None:
    changes = saved(store, opened("A/1"), opened("A/2", level="blue"), opened("A/3"))
    with store.reading() as db:
        assert warnings.open_alerts(db) == [change.alert for change in changes]
    assert [change.alert.number for change in changes] == ["YJ-2026-00001", "YJ-2026-00002", "YJ-2026-00003"]


def test_a_changed_warning_keeps_its_number_and_leaves_a_trail(store: Store) -> None:
    first = saved(store, opened())[0].alert
    raised = replace(first, level="red", level_since=TOMORROW, finding={"says": "worse"})
    changes = saved(
        store, opened("A/2"), Change(alert=raised, event="raised", before="orange", after="red"), on=TOMORROW
    )
    assert [change.alert.id for change in changes] == [2, 1]
    with store.reading() as db:
        assert warnings.open_alerts(db)[0] == raised
        events = db.exec_driver_sql(
            "select alert_id, happened_on, kind, before, after from alert_event order by id"
        ).all()
    assert [tuple(event) for event in events] == [
        (1, "2026-03-02", "opened", None, "orange"),
        (2, "2026-03-03", "opened", None, "orange"),
        (1, "2026-03-03", "raised", "orange", "red"),
    ]


def test_the_file_itself_refuses_a_second_open_warning_for_the_same(store: Store) -> None:
    saved(store, opened())
    with pytest.raises(exc.IntegrityError, match="UNIQUE"):
        saved(store, opened(level="red"))
    with store.reading() as db:
        assert len(warnings.open_alerts(db)) == 1
        assert db.exec_driver_sql("select count(*) from alert_event").scalar_one() == 1
    saved(store, opened("A/2"), opened(rule="GEN-DL-02"))  # another subject, another rule: not the same


def test_after_it_was_closed_the_same_may_open_again(store: Store) -> None:
    first = saved(store, opened(level="blue"))[0].alert
    closed = replace(first, state="closed", cleared_on=TODAY, closed_on=TODAY)
    saved(store, Change(alert=closed, event="closed", before="blue", after=None))
    second = saved(store, opened())[0].alert
    with store.reading() as db:
        assert warnings.open_alerts(db) == [second]
        assert [alert.id for alert in warnings.listed(db, include_closed=True)] == [1, 2]
        assert warnings.listed(db) == [second]


def test_people_read_the_newest_change_first(store: Store) -> None:
    older, newer = opened("A/1"), opened("A/2")
    saved(store, older, replace(newer, alert=replace(newer.alert, level_since=TOMORROW)))
    with store.reading() as db:
        assert [alert.subject_id for alert in warnings.listed(db)] == ["A/2", "A/1"]


def test_a_warning_is_a_fact_of_its_contract_from_the_morning_after_until_it_is_closed(store: Store) -> None:
    first = saved(store, opened(level="blue"))[0].alert
    closed = replace(first, state="closed", cleared_on=date(2026, 3, 5), closed_on=date(2026, 3, 5))
    saved(store, Change(alert=closed, event="closed", before="blue", after=None), on=date(2026, 3, 5))
    told = {day: as_facts(store, date(2026, 3, day)) for day in (2, 3, 5, 6)}
    row = {
        "contract_id": "A", "rule": "GEN-DL-01", "level": "blue", "state": "open", "opened_on": TODAY,
        "level_since": TODAY, "cleared_on": None,
    }  # fmt: skip
    assert told == {2: [], 3: [row], 5: [row], 6: []}


def as_facts(store: Store, day: date) -> list[dict[str, object]]:
    with store.reading() as db:
        found = warnings.as_facts(db, day)
    assert found.schema.equals(schema("alert"))
    rows: list[dict[str, object]] = found.to_pylist()
    return rows


def test_any_past_morning_can_be_asked_what_stood_open_then(store: Store) -> None:
    """Three warnings live through forty random days; each morning is remembered, and asked again at the end."""
    chance, open_now, mornings = random.Random(7), dict[str, Alert](), dict[date, list[dict[str, object]]]()
    names = schema("alert").names
    for number in range(40):
        today = TODAY + timedelta(days=number)
        mornings[today] = sorted(
            ({name: getattr(alert, name) for name in names} for alert in open_now.values()), key=repr
        )
        steps = [
            alerts.step(open_now.get(subject), found(subject, chance.choice(OUTCOMES)), on=today) for subject in "ABC"
        ]
        for change in saved(store, *(step for step in steps if step), on=today):
            open_now[change.alert.subject_id] = change.alert
            if change.alert.closed_on:
                del open_now[change.alert.subject_id]
    assert {day: sorted(as_facts(store, day), key=repr) for day in mornings} == mornings


OUTCOMES = (*LEVELS, "clear", "clear", "unknown")


def found(subject: str, outcome: str) -> Signal:
    return Signal(
        rule="GEN-DL-01", subject="obligation", subject_id=subject, outcome=outcome, contract_id=subject, finding={}
    )


# --- letters ---


def test_a_letter_is_posted_once_however_often_it_is_written(store: Store) -> None:
    assert posted(store, letter("a"), letter("b")) == 2
    assert posted(store, letter("b"), letter("c")) == 1
    claimed(store)
    settled(store, "a", "sent")
    assert posted(store, letter("a")) == 0
    assert outbox(store) == {"sent": 1, "sending": 2}


def test_a_thousand_letters_are_posted_once_too(store: Store) -> None:
    thousand = [letter(f"{n:04}") for n in range(1001)]
    assert (posted(store, *thousand), posted(store, *thousand)) == (1001, 0)
    taken = [key for _ in range(21) for key in claimed(store)]
    assert taken == [one.key for one in thousand]


def test_the_same_letter_twice_in_one_scan_is_one_letter(store: Store) -> None:
    assert posted(store, letter("a"), letter("a"), letter("b")) == 2


def test_letters_are_taken_oldest_first_and_whole(store: Store) -> None:
    late, early = letter("a", minutes=0), letter("b", minutes=-5)
    posted(store, late, early)
    with store.writing() as db:
        assert warnings.claim(db, at=AT, limit=1) == [replace(early, attempts=1)]
        assert warnings.claim(db, at=AT, limit=1) == [replace(late, attempts=1)]
        assert warnings.claim(db, at=AT, limit=1) == []


def test_a_letter_written_for_later_waits(store: Store) -> None:
    posted(store, letter("a", minutes=1))
    assert claimed(store, AT + timedelta(minutes=1) - INSTANT) == {}
    assert claimed(store, AT + timedelta(minutes=1)) == {"a": 1}


def test_the_letters_of_a_sender_that_died_come_back_after_the_lease_and_not_before(store: Store) -> None:
    posted(store, letter("a"), letter("b"))
    assert claimed(store, limit=1) == {"a": 1}
    assert claimed(store, AT + LEASE) == {"b": 1}
    assert claimed(store, AT + LEASE + INSTANT) == {"a": 2}
    assert claimed(store, AT + LEASE + INSTANT) == {}


def test_sent_and_parked_letters_are_never_taken_again(store: Store) -> None:
    posted(store, letter("a"), letter("b"))
    claimed(store)
    settled(store, "a", "sent")
    settled(store, "b", "parked", reply="550 no such mailbox")
    assert outbox(store) == {"sent": 1, "parked": 1}
    assert claimed(store, AT + 1000 * LEASE) == {}
    with store.reading() as db:
        rows = db.exec_driver_sql("select key, reply, sent_at, lease_until from letter order by key").all()
    assert [tuple(row) for row in rows] == [
        ("a", "250 OK", "2026-03-02 06:00:00.000000", None), ("b", "550 no such mailbox", None, None),
    ]  # fmt: skip


def test_a_letter_put_off_comes_back_at_its_time(store: Store) -> None:
    posted(store, letter("a"))
    claimed(store)
    settled(store, "a", "waiting", reply="421 busy", next_try_at=AT + timedelta(minutes=5))
    assert outbox(store) == {"waiting": 1}
    assert claimed(store, AT + timedelta(minutes=5) - INSTANT) == {}
    assert claimed(store, AT + timedelta(minutes=5)) == {"a": 2}


def test_an_endless_answer_of_a_server_is_cut(store: Store) -> None:
    posted(store, letter("a"))
    settled(store, "a", "sent", reply="250 " + "x" * 10_000)
    with store.reading() as db:
        assert len(db.exec_driver_sql("select reply from letter").scalar_one()) == 500


def test_warnings_and_letters_are_kept_together_or_not_at_all(store: Store) -> None:
    def scan() -> None:
        with store.writing() as db:
            warnings.save(db, [opened()], run_id=1, on=TODAY)
            warnings.post(db, [letter("a")], run_id=1)
            warnings.save(db, [opened()], run_id=1, on=TODAY)

    with pytest.raises(exc.IntegrityError):
        scan()
    assert outbox(store) == {}
    with store.reading() as db:
        assert warnings.open_alerts(db) == []
