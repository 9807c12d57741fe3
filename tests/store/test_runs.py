"""The run ledger: a line before the work, completed after it, whatever came of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.store import Store, runs
from tests.store import rows

AT = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
INPUTS = runs.Inputs(as_of=date(2026, 3, 1), known_at=AT, rules_hash="r", calendar_hash="c", facts_hash="f")


def scan(store: Store, day: date, state: runs.State | None = "ok") -> None:
    """A scan about a day that came to `state`; None: it was killed on the way."""
    with store.writing() as db:
        run_id = runs.start(db, "scan", at=AT)
        runs.note_inputs(
            db, run_id, runs.Inputs(as_of=day, known_at=AT, rules_hash="", calendar_hash="", facts_hash="")
        )
        if state:
            runs.finish(db, run_id, state, at=AT, counts={})


def last_day(store: Store) -> date | None:
    with store.reading() as db:
        return runs.last_scan_day(db)


def test_the_line_is_there_before_the_work_is_done(store: Store) -> None:
    with store.writing() as db:
        run_id = runs.start(db, "pull", at=AT, source="register")
    with store.reading() as db:
        line = runs.recent(db)[0]
    assert (line["id"], line["state"], line["source"], line["finished_at"]) == (run_id, "running", "register", None)


def test_a_finished_run_says_what_came_of_it(store: Store) -> None:
    with store.writing() as db:
        run_id = runs.start(db, "pull", at=AT, source="register")
    with store.writing() as db:
        runs.finish(db, run_id, "failed", at=AT + timedelta(minutes=1), counts={"rows": 3}, message="no answer")
    with store.reading() as db:
        line = runs.recent(db)[0]
    assert (line["state"], line["counts"], line["message"]) == ("failed", {"rows": 3}, "no answer")
    assert line["finished_at"] - line["started_at"] == timedelta(minutes=1)


def test_a_scan_can_be_made_again_from_its_line(store: Store) -> None:
    with store.writing() as db:
        run_id = runs.start(db, "scan", at=AT)
        runs.note_inputs(db, run_id, INPUTS)
    with store.reading() as db:
        line = runs.recent(db)[0]
    assert runs.Inputs(**{name: line[name] for name in runs.Inputs.__slots__}) == INPUTS


def test_instants_come_back_as_the_same_instants_whatever_zone_wrote_them(store: Store) -> None:
    shanghai = AT.astimezone(ZoneInfo("Asia/Shanghai"))
    with store.writing() as db:
        runs.start(db, "pull", at=shanghai)
    with store.reading() as db:
        assert runs.recent(db)[0]["started_at"] == AT
    assert rows(store, "select started_at from run") == [{"started_at": "2026-03-01 06:00:00.000000"}]


def test_the_newest_lines_come_first_and_not_more_than_asked(store: Store) -> None:
    with store.writing() as db:
        made = [runs.start(db, "pull", at=AT, source=f"s{n}") for n in range(5)]
    with store.reading() as db:
        assert [line["id"] for line in runs.recent(db, 3)] == made[:1:-1]


def test_the_last_scan_day_is_the_latest_day_not_the_latest_run(store: Store) -> None:
    assert last_day(store) is None
    for day in (date(2026, 3, 5), date(2026, 3, 9), date(2026, 3, 7)):
        scan(store, day)
    assert last_day(store) == date(2026, 3, 9)


def test_a_scan_that_failed_does_not_forbid_to_scan_its_day_again(store: Store) -> None:
    scan(store, date(2026, 3, 5), "unchanged")
    scan(store, date(2026, 3, 9), "failed")
    assert last_day(store) == date(2026, 3, 5)
