"""Warnings in the database: one standing warning a subject, everything that happened, what stood on a past day; silences."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import exc

from monitor import alerts
from monitor.alerts.acts import possible
from monitor.domain.errors import MoveError, UsageError
from monitor.domain.place import Server
from monitor.domain.portfolio import schema
from monitor.domain.warning import LEVELS, SETTLED, Alert, Change, Signal, Silence
from monitor.store import Store, runs, warnings
from tests.store import rows

AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
TODAY, TOMORROW = AT.date(), date(2026, 3, 3)


@pytest.fixture
def store(store: Store) -> Store:
    with store.writing() as db:
        assert runs.start(db, "scan", at=AT) == 1
    return store


def opened(subject: str = "A/1", *, rule: str = "GEN-DL-01", level: str = "orange") -> Change:
    alert = Alert(
        rule=rule, subject="obligation", subject_id=subject, contract_id="A",
        unit="住房和城乡建设委员会", level=level, peak=level,
        opened_on=TODAY, level_since=TODAY, armed_on=TODAY, rule_hash="f00d",
        finding={"says": {"zh": "逾期"}, "money": "1.50", "due": None},
    )  # fmt: skip
    return Change(alert=alert, event="opened", before=None, after=level)


def saved(store: Store, *changes: Change, on: date = TODAY) -> list[Change]:
    with store.writing() as db:
        return warnings.save(db, changes, run_id=1, on=on)


def test_what_is_saved_comes_back_equal_and_numbered_in_order(store: Store) -> None:
    changes = saved(store, opened("A/1"), opened("A/2", level="blue"), opened("A/3"))
    with store.reading() as db:
        assert warnings.standing(db) == [change.alert for change in changes]
    assert [change.alert.number for change in changes] == ["YJ-2026-00001", "YJ-2026-00002", "YJ-2026-00003"]


def test_a_changed_warning_keeps_its_number_and_leaves_a_trail(store: Store) -> None:
    first = saved(store, opened())[0].alert
    raised = replace(first, level="red", level_since=TOMORROW, finding={"says": "worse"})
    changes = saved(
        store, opened("A/2"), Change(alert=raised, event="raised", before="orange", after="red"), on=TOMORROW
    )
    assert [change.alert.id for change in changes] == [2, 1]
    with store.reading() as db:
        assert warnings.standing(db)[0] == replace(raised, turn=2)
    events = rows(store, "select alert_id, happened_on, kind, before, after from alert_event order by id")
    assert [tuple(event.values()) for event in events] == [
        (1, "2026-03-02", "opened", None, "orange"),
        (2, "2026-03-03", "opened", None, "orange"),
        (1, "2026-03-03", "raised", "orange", "red"),
    ]


def test_the_database_itself_refuses_a_second_open_warning_for_the_same(store: Store) -> None:
    saved(store, opened())
    with pytest.raises(exc.IntegrityError, match=r"UNIQUE|UniqueViolation"):
        saved(store, opened(level="red"))
    with store.reading() as db:
        assert len(warnings.standing(db)) == 1
        assert db.exec_driver_sql("select count(*) from alert_event").scalar_one() == 1
    saved(store, opened("A/2"), opened(rule="GEN-DL-02"))  # another subject, another rule: not the same


def test_after_it_was_closed_the_same_may_open_again(store: Store) -> None:
    first = saved(store, opened(level="blue"))[0].alert
    closed = replace(first, state="closed", cleared_on=TODAY, closed_on=TODAY, released_on=TODAY)
    saved(store, Change(alert=closed, event="closed", before="blue", after=None))
    second = saved(store, opened())[0].alert
    with store.reading() as db:
        assert warnings.standing(db) == [second]
        assert [alert.id for alert in warnings.listed(db, include_closed=True)] == [1, 2]
        assert warnings.listed(db) == [second]


def test_people_read_the_newest_change_first(store: Store) -> None:
    older, newer = opened("A/1"), opened("A/2")
    saved(store, older, replace(newer, alert=replace(newer.alert, level_since=TOMORROW)))
    with store.reading() as db:
        assert [alert.subject_id for alert in warnings.listed(db)] == ["A/2", "A/1"]


def test_a_warning_is_a_fact_of_its_contract_from_the_morning_after_until_it_is_closed(store: Store) -> None:
    first = saved(store, opened(level="blue"))[0].alert
    closed = replace(
        first, state="closed", cleared_on=date(2026, 3, 5), closed_on=date(2026, 3, 5), released_on=date(2026, 3, 5)
    )
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
    """Three warnings live through many random days, scanned and worked; each morning is remembered, and asked again later."""
    days = 60 if not isinstance(store.place, Server) else 12
    chance, mornings, happened = random.Random(5), dict[date, list[dict[str, object]]](), set[str]()
    names = schema("alert").names
    for number in range(days):
        today = TODAY + timedelta(days=number)
        with store.reading() as db:
            everything = warnings.listed(db, include_closed=True)
            standing = {alert.subject_id: alert for alert in warnings.standing(db)}
        mornings[today] = sorted(
            ({name: getattr(one, name) for name in names} for one in everything if one.state not in SETTLED), key=repr
        )
        steps = [
            alerts.step(standing.get(subject), found(subject, chance.choice(OUTCOMES)), on=today) for subject in "ABC"
        ]
        happened |= {change.event for change in saved(store, *(step for step in steps if step), on=today)}
        happened |= {change.event for change in worked(store, chance, today)}
    assert {day: sorted(as_facts(store, day), key=repr) for day in mornings} == mornings
    assert days < 60 or happened >= {
        "acknowledged",
        "reported",
        "closed",
        "dismissed",
        "suspended",
        "reopened",
        "recurred",
        "released",
    }


FORWARD = (
    "assign",
    "resume",
    "suspend",
    "dismiss",
    "transfer",
    "handle",
    "reopen",
    "close",
    "acknowledge",
    "assess",
    "report",
)
"""Of some acts that are allowed, the one that leads furthest is taken: else everything would soon be dismissed."""


def worked(store: Store, chance: random.Random, today: date) -> list[Change]:
    """A few acts that are allowed, each on a warning as it stands then."""
    done: list[Change] = []
    for _ in range(6):
        with store.writing() as db:
            standing = {alert.id: alert for alert in warnings.standing(db)}
            held = {(alert.rule, alert.subject_id) for alert in standing.values()}
            alert = chance.choice(warnings.listed(db, include_closed=True) or [None])
            kinds = possible(alert) if alert else []
            kind = max(chance.sample(kinds, min(chance.choice((1, 2, 4)), len(kinds))), key=FORWARD.index, default=None)
            if alert is None or kind is None:
                continue
            if kind == "reopen" and (alert.rule, alert.subject_id) in held and alert.id not in standing:
                continue  # another one is open
            values: dict[str, str | date] = {"close": "true", "dismiss": "other", "suspend": today + timedelta(days=5)}
            who = chance.choice(("Chen", "Dong", "Eve"))
            act = alerts.Act(kind=kind, actor=who, at=AT, on=today, note="because", value=values.get(kind, "Dong"))
            with contextlib.suppress(MoveError):
                done += warnings.save(db, [alerts.act(alert, act)], run_id=None, on=today, at=AT)
    return done


OUTCOMES = (*LEVELS, "clear", "clear", "unknown")


def found(subject: str, outcome: str) -> Signal:
    return Signal(
        rule="GEN-DL-01", subject="obligation", subject_id=subject, outcome=outcome, contract_id=subject, finding={}
    )


def test_every_field_of_a_warning_comes_back(store: Store) -> None:
    """One of them filled in to the last, as no real one ever is."""
    first = saved(store, opened())[0].alert
    whole = replace(
        first, state="suspended", held="handling", until=TOMORROW, acknowledged_by="Chen", acknowledged_at=AT,
        reported_by="Dong", acted_on=TODAY, assignee="Eve", escalated=3, outcome="true", told="orange", documents=4,
        cleared_on=TODAY, armed_on=TOMORROW,
    )  # fmt: skip
    saved(store, Change(alert=whole, event="suspended", before="orange", after="orange"))
    with store.reading() as db:
        assert warnings.standing(db) == [replace(whole, turn=2)]


def test_who_did_what_when_and_why_is_kept(store: Store) -> None:
    first = saved(store, opened())[0].alert
    taken = replace(first, state="acknowledged", acknowledged_by="Chen")
    change = Change(
        alert=taken, event="acknowledged", before="orange", after="orange", actor="Chen", note="mine", detail={"state": "x"}
    )  # fmt: skip
    with store.writing() as db:
        warnings.save(db, [change], run_id=None, on=TOMORROW, at=AT)
    with store.reading() as db:
        _, event = warnings.history(db, 1)
        assert warnings.histories(db, [1]) == {1: warnings.history(db, 1)}
        assert warnings.between(db, TOMORROW, TOMORROW) == [event]
    wanted = {
        "alert_id": 1, "run_id": None, "happened_on": TOMORROW, "kind": "acknowledged", "before": "orange", "after": "orange",
        "actor": "Chen", "reason": "mine", "happened_at": AT, "state": "acknowledged", "detail": {"state": "x"},
    }  # fmt: skip
    assert {name: event[name] for name in wanted} == wanted


def test_a_case_that_another_goes_on_from_makes_room_for_it(store: Store) -> None:
    first = saved(store, opened())[0].alert
    settled = replace(first, state="closed", closed_on=TODAY, outcome="true")
    saved(store, Change(alert=settled, event="closed", before="orange", after="orange"))
    with store.reading() as db:
        assert [alert.id for alert in warnings.standing(db)] == [1], "its condition holds: nothing opens beside it"
    fresh = opened(level="red")
    second = saved(store, replace(fresh, alert=replace(fresh.alert, previous=1)), on=TOMORROW)[0].alert
    with store.reading() as db:
        assert warnings.standing(db) == [second]
        [old] = warnings.by_id(db, [1]).values()
    assert (old.released_on, old.state, old.turn) == (TOMORROW, "closed", 3)


@pytest.mark.parametrize("number", ["YJ-2026-00001", "yj-2026-00001", " 1 ", "00001"])
def test_a_warning_is_found_by_its_number(store: Store, number: str) -> None:
    saved(store, opened())
    with store.reading() as db:
        assert warnings.numbered(db, number).id == 1


@pytest.mark.parametrize("number", ["YJ-2025-00001", "YJ-2026-1", "2", "", "-1", "1e0", "x1", "9" * 30])
def test_what_is_no_number_of_a_warning_is_refused(store: Store, number: str) -> None:
    saved(store, opened())
    with store.reading() as db, pytest.raises(UsageError, match="there is no warning"):
        warnings.numbered(db, number)


def test_silences_are_kept_and_asked_for_by_day(store: Store) -> None:
    quiet = Silence(rule="GEN-*", author="Chen", reason="the road is closed", from_on=TODAY, until=TOMORROW)
    with store.writing() as db:
        assert [warnings.keep_quiet(db, quiet), warnings.keep_quiet(db, replace(quiet, contract_id="A"))] == [1, 2]
        warnings.end_silence(db, 2, on=TOMORROW)
        assert warnings.silences(db, since=TODAY) == [
            replace(quiet, id=1), replace(quiet, id=2, contract_id="A", ended_on=TOMORROW),
        ]  # fmt: skip
        assert [one.id for one in warnings.silences(db, since=TOMORROW)] == [1]
        assert warnings.silences(db, since=TOMORROW + timedelta(days=1)) == []
        assert [one.id for one in warnings.silences(db)] == [1, 2]


@pytest.mark.parametrize("number", [1, 2, 3], ids=["over", "ended before", "never was"])
def test_only_a_silence_that_holds_can_be_ended(store: Store, number: int) -> None:
    quiet = Silence(author="Chen", reason="made", from_on=TODAY, until=TODAY)
    with store.writing() as db:
        warnings.keep_quiet(db, quiet)
        warnings.keep_quiet(db, replace(quiet, until=TOMORROW))
        warnings.end_silence(db, 2, on=TODAY)
        with pytest.raises(UsageError, match=f"silence {number} is none that still holds"):
            warnings.end_silence(db, number, on=TOMORROW)
