"""The life of a warning: every state against every outcome, and long random lives against a second, simpler model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import alerts
from monitor.domain.warning import LEVELS, Alert, Change, Signal

OPENED, YESTERDAY, TODAY = date(2026, 1, 5), date(2026, 3, 1), date(2026, 3, 2)
OUTCOMES = (*LEVELS, "clear", "not applicable", "unknown")

# What follows, for each warning as it stands (down) and each outcome found today (across). A dot: nothing at all.
# "taken": a person acknowledged it. "over": it had cleared, and waits for a person to close it. "was-red": it had been red.
TABLE = """
                blue      yellow    orange    red       clear    n/a      unknown
nothing         opened    opened    opened    opened    .        .        .
blue            .         raised    raised    raised    closed   closed   .
yellow          lowered   .         raised    raised    closed   closed   .
orange          lowered   lowered   .         raised    cleared  cleared  .
red             lowered   lowered   lowered   .         cleared  cleared  .
blue-taken      .         raised    raised    raised    cleared  cleared  .
yellow-taken    lowered   .         raised    raised    cleared  cleared  .
orange-taken    lowered   lowered   .         raised    cleared  cleared  .
red-taken       lowered   lowered   lowered   .         cleared  cleared  .
blue-over       recurred  recurred  recurred  recurred  .        .        .
yellow-over     recurred  recurred  recurred  recurred  .        .        .
orange-over     recurred  recurred  recurred  recurred  .        .        .
red-over        recurred  recurred  recurred  recurred  .        .        .
blue-was-red    .         raised    raised    raised    cleared  cleared  .
yellow-was-red  lowered   .         raised    raised    cleared  cleared  .
blue-taken-over recurred  recurred  recurred  recurred  .        .        .
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]


def standing(words: str) -> Alert | None:
    """A warning as the first column of the table names it."""
    level, *more = words.split("-")
    if level == "nothing":
        return None
    return Alert(
        id=31, rule="GEN-DL-01", subject="obligation", subject_id="A/1", contract_id="A", unit="Works", level=level,
        peak="red" if "was" in more else level, state="acknowledged" if "taken" in more else "open",
        opened_on=OPENED, level_since=OPENED,
        cleared_on=YESTERDAY if "over" in more else None, rule_hash="old", finding={"says": "then"},
    )  # fmt: skip


def signal(outcome: str, *, due: str | None = None, unit: str = "Works") -> Signal:
    return Signal(
        rule="GEN-DL-01", subject="obligation", subject_id="A/1", outcome=outcome, contract_id="A", unit=unit,
        rule_hash="new", due=due, finding={"says": "now"} | ({"due": due} if due else {}),
    )  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_what_follows(row: list[str]) -> None:
    before = standing(row[0])
    for outcome, event in zip(OUTCOMES, row[1:], strict=True):
        change = alerts.step(before, signal(outcome), on=TODAY)
        if event == ".":
            assert change is None, outcome
            continue
        assert change is not None, outcome
        assert (change.event, change.before) == (event, before.level if before else None)
        assert change.after == (outcome if outcome in LEVELS else None)
        assert change.told == (event in ("opened", "raised", "recurred"))
        assert change.alert == expected(before, outcome, event)


def expected(before: Alert | None, outcome: str, event: str) -> Alert:
    """The warning afterwards, field by field: what is not named here stays."""
    if before is None:
        first = standing(outcome)
        assert first is not None
        return replace(
            first, id=None, opened_on=TODAY, level_since=TODAY, rule_hash="new", finding={"says": "now"}
        )  # fmt: skip
    if event == "closed":
        return replace(before, cleared_on=TODAY, closed_on=TODAY, state="closed")
    if event == "cleared":
        return replace(before, cleared_on=TODAY)
    peak = max(before.peak, outcome, key=LEVELS.index)
    return replace(
        before, level=outcome, peak=peak, level_since=TODAY, cleared_on=None, rule_hash="new", finding={"says": "now"}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("news", "event"),
    [
        (signal("orange", due="2026-02-01"), None),
        (signal("orange", due="2026-02-15"), "updated"),
        (signal("orange"), "updated"),
        (signal("orange", due="2026-02-01", unit="Schools"), "updated"),
        (signal("red", due="2026-02-15"), "raised"),
    ],
    ids=["the same", "another day", "no day any more", "another unit", "another day and level"],
)
def test_a_moved_day_or_unit_is_written_down_without_a_letter(news: Signal, event: str | None) -> None:
    stands = standing("orange")
    assert stands is not None
    before = replace(stands, finding={"says": "then", "due": "2026-02-01"})
    change = alerts.step(before, news, on=TODAY)
    assert (change.event if change else None) == event
    if change and event == "updated":
        assert not change.told
        wanted = replace(before, unit=news.unit, rule_hash="new", finding=news.finding)
        assert change.alert == wanted, "it is as old as it was"


@dataclass
class Life:
    """The second model: a warning as a person would keep it on a card. Levels are numbers, 0 is nothing to report."""

    level: int = 0
    worst: int = 0
    waiting: bool = False
    touched: bool = False
    letters: int = 0

    def hears(self, outcome: str) -> None:
        if outcome == "unknown":
            return
        now = LEVELS.index(outcome) + 1 if outcome in LEVELS else 0
        if now == 0 and self.level > 0:
            serious = self.worst >= 3 or self.touched
            self.level, self.worst, self.waiting = (self.level, self.worst, True) if serious else (0, 0, False)
        elif now > 0:
            self.letters += now > self.level or self.waiting
            self.level, self.worst, self.waiting = now, max(now, self.worst), False

    def is_taken(self) -> None:
        self.touched = True


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*OUTCOMES, "a person takes it", "a person closes it"]), max_size=40))
def test_a_long_life_goes_as_the_second_model_says(days: list[str]) -> None:
    alert: Alert | None = None
    life, letters = Life(), 0
    for number, what in enumerate(days):
        on = OPENED + timedelta(days=number)
        if what == "a person takes it":
            if alert is not None:
                alert = replace(alert, state="acknowledged")
                life.is_taken()
        elif what == "a person closes it":
            alert, life = None, Life(letters=life.letters)
        else:
            change = alerts.step(alert, signal(what), on=on)
            letters += change.told if change else 0
            alert = after(alert, change)
            life.hears(what)
            life.touched = life.touched and alert is not None
        assert letters == life.letters
        assert (LEVELS.index(alert.level) + 1 if alert else 0) == life.level
        assert (alert is not None and alert.cleared_on is not None) == life.waiting
        if alert:
            assert alert.opened_on <= alert.level_since <= on


def after(alert: Alert | None, change: Change | None) -> Alert | None:
    """What is open after a change, kept by the same identity."""
    if change is None:
        return alert
    assert alert is None or (change.alert.id, change.alert.opened_on) == (alert.id, alert.opened_on)
    return None if change.alert.closed_on else change.alert


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(OUTCOMES), max_size=20))
def test_days_nobody_knows_anything_of_leave_no_trace(days: list[str]) -> None:
    def live(outcomes: list[str]) -> tuple[Alert | None, list[str]]:
        alert: Alert | None = None
        events: list[str] = []
        for outcome in outcomes:
            change = alerts.step(alert, signal(outcome), on=TODAY)
            events += [change.event] if change else []
            alert = after(alert, change)
        return alert, events

    assert live(days) == live([day for day in days if day != "unknown"])
    assert live(days) == live([day for known in days for day in (known, known)])  # nor does hearing the same twice
