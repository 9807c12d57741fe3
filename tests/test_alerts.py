"""The life of a warning: every state against every outcome, and long random lives against a second, simpler model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import alerts
from monitor.domain.warning import LEVELS, SETTLED, Alert, Change, Signal, State

OPENED, YESTERDAY, TODAY, LATER = date(2026, 1, 5), date(2026, 3, 1), date(2026, 3, 2), date(2026, 4, 1)
OUTCOMES = (*LEVELS, "clear", "not applicable", "unknown")

# What follows, for each warning as it stands (down) and each outcome found today (across). A dot: nothing at all.
# "taken": a person acknowledged it; "worked": a person is at it; "over": it had cleared, and waits for a person to close it.
# "was-red": it had been red. "closed", "dismissed": a person settled it, and its condition held then.
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
blue-worked     .         raised    raised    raised    cleared  cleared  .
orange-worked   lowered   lowered   .         raised    cleared  cleared  .
blue-held       .         raised    raised    raised    cleared  cleared  .
yellow-held     lowered   .         raised    raised    cleared  cleared  .
blue-over       recurred  recurred  recurred  recurred  .        .        .
yellow-over     recurred  recurred  recurred  recurred  .        .        .
orange-over     recurred  recurred  recurred  recurred  .        .        .
red-over        recurred  recurred  recurred  recurred  .        .        .
blue-was-red    .         raised    raised    raised    cleared  cleared  .
yellow-was-red  lowered   .         raised    raised    cleared  cleared  .
blue-taken-over recurred  recurred  recurred  recurred  .        .        .
red-worked-over recurred  recurred  recurred  recurred  .        .        .
blue-closed     .         opened    opened    opened    released released .
yellow-closed   .         .         opened    opened    released released .
orange-closed   .         .         .         opened    released released .
red-closed      .         .         .         .         released released .
blue-dismissed  .         opened    opened    opened    released released .
red-dismissed   .         .         .         .         released released .
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
STATES: dict[str, State] = {
    "taken": "acknowledged", "worked": "handling", "held": "suspended", "closed": "closed", "dismissed": "dismissed",
}  # fmt: skip


def standing(words: str) -> Alert | None:
    """A warning as the first column of the table names it. One that is held was acknowledged before."""
    level, *more = words.split("-")
    if level == "nothing":
        return None
    alert = Alert(
        id=31, rule="GEN-DL-01", subject="obligation", subject_id="A/1", contract_id="A", unit="Works", level=level,
        peak="red" if "was" in more else level, state=next((STATES[word] for word in more if word in STATES), "open"),
        opened_on=OPENED, level_since=OPENED, armed_on=OPENED, cleared_on=YESTERDAY if "over" in more else None,
        closed_on=YESTERDAY if {"closed", "dismissed"} & set(more) else None, escalated=2, told=level, turn=5,
        rule_hash="old", finding={"says": "then"},
    )  # fmt: skip
    return replace(alert, held="acknowledged", until=LATER) if alert.state == "suspended" else alert


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
        assert (change.event, change.before) == (event, before.level if before and event != "opened" else None)
        assert change.after == (outcome if outcome in LEVELS else None)
        assert change.told == (event in ("opened", "raised", "recurred", "cleared", "closed"))
        assert change.alert == expected(before, outcome, event)
        assert change.signal == signal(outcome), "to be stepped again if a person was quicker"


def expected(before: Alert | None, outcome: str, event: str) -> Alert:
    """The warning afterwards, field by field: what is not named here stays."""
    if event == "opened":
        first = standing(outcome)
        assert first is not None
        return replace(
            first, id=None, opened_on=TODAY, level_since=TODAY, armed_on=TODAY, escalated=0, told=None, turn=0,
            previous=before.id if before else None, rule_hash="new", finding={"says": "now"},
        )  # fmt: skip
    assert before is not None
    if event == "released":
        return replace(before, cleared_on=TODAY, released_on=TODAY)
    if event == "closed":
        return replace(
            before, cleared_on=TODAY, closed_on=TODAY, released_on=TODAY, state="closed", outcome="prevented"
        )
    if event == "cleared":
        return replace(before, cleared_on=TODAY)
    moved = replace(
        before, level=outcome, peak=max(before.peak, outcome, key=LEVELS.index), level_since=TODAY, cleared_on=None,
        rule_hash="new", finding={"says": "now"},
    )  # fmt: skip
    if event == "lowered":
        return moved
    armed = replace(moved, armed_on=TODAY, escalated=0, until=None, held=None)
    if event == "recurred":
        return replace(armed, state="open", told=None)
    return replace(armed, state="handling" if before.state == "handling" else "open")


@pytest.mark.parametrize(
    ("news", "event"),
    [
        (signal("orange", due="2026-02-01"), None),
        (signal("orange", due="2026-02-15"), "updated"),
        (signal("orange"), "updated"),
        (signal("red", due="2026-02-15"), "raised"),
    ],
    ids=["the same", "another day", "no day any more", "another day and level"],
)
def test_a_moved_day_is_written_down_without_a_letter(news: Signal, event: str | None) -> None:
    stands = standing("orange")
    assert stands is not None
    before = replace(stands, finding={"says": "then", "due": "2026-02-01"})
    change = alerts.step(before, news, on=TODAY)
    assert (change.event if change else None) == event
    if change and event == "updated":
        assert not change.told
        wanted = replace(before, rule_hash="new", finding=news.finding)
        assert change.alert == wanted, "it is as old as it was"


@pytest.mark.parametrize(
    ("state", "after"), [("", "open"), ("-taken", "open"), ("-held", "open"), ("-worked", "handling")]
)
def test_another_unit_is_told_and_has_its_own_time_to_sign(state: str, after: State) -> None:
    """What the unit before it signed for, this one has not."""
    before = standing(f"orange{state}")
    assert before is not None
    change = alerts.step(before, signal("orange", unit="Schools"), on=TODAY)
    assert change is not None
    assert (change.event, change.told, change.before, change.after) == ("unit_changed", True, "orange", "orange")
    wanted = replace(
        before, unit="Schools", state=after, held=None, until=None, rule_hash="new", finding={"says": "now"}
    )
    assert change.alert == replace(wanted, armed_on=TODAY, escalated=0, told=None)
    assert change.alert.level_since == OPENED, "the level is as old as it was"
    assert alerts.step(change.alert, signal("orange", unit="Schools"), on=LATER) is None


def test_a_unit_that_nobody_knew_is_written_down_without_a_letter() -> None:
    stands = standing("orange")
    assert stands is not None
    change = alerts.step(replace(stands, unit=None), signal("orange"), on=TODAY)
    assert change is not None
    assert (change.event, change.told, change.alert.unit, change.alert.armed_on) == ("updated", False, "Works", OPENED)


def test_a_settled_case_is_opened_anew_when_its_day_moves() -> None:
    """It was agreed that this day is missed. Another day missed is another matter, even at a lower level."""
    stands = standing("orange-dismissed")
    assert stands is not None
    agreed = replace(stands, finding={"says": "then", "due": "2026-02-01"})
    assert alerts.step(agreed, signal("orange", due="2026-02-01"), on=TODAY) is None
    for level in LEVELS[:3]:
        change = alerts.step(agreed, signal(level, due="2026-02-15"), on=TODAY)
        assert change is not None
        assert (change.event, change.alert.id, change.alert.previous, change.alert.state) == (
            "opened",
            None,
            31,
            "open",
        )


@dataclass
class Life:
    """The second model: a warning as a person would keep it on a card. Levels are numbers, 0 is nothing to report.

    `settled` is what a person closed while it still held: the case is put aside, and its level is the bar for a new one.
    """

    level: int = 0
    worst: int = 0
    waiting: bool = False
    touched: bool = False
    settled: bool = False
    told: list[str] = field(default_factory=list)

    def hears(self, outcome: str) -> None:
        if outcome == "unknown":
            return
        now = LEVELS.index(outcome) + 1 if outcome in LEVELS else 0
        if self.settled:
            if now == 0:
                self.begins_anew()
            elif now > self.level:
                self.begins_anew()
                self.rises(now)
        elif now == 0 and self.level > 0 and not self.waiting:
            self.told.append("over")
            if self.worst >= 3 or self.touched:
                self.waiting = True
            else:
                self.begins_anew()
        elif now > 0:
            self.rises(now)

    def rises(self, now: int) -> None:
        news = now > self.level or self.waiting
        self.told += ["news"] if news else []
        self.touched = self.touched and not news
        self.level, self.worst, self.waiting = now, max(now, self.worst), False

    def begins_anew(self) -> None:
        self.level, self.worst, self.waiting, self.touched, self.settled = 0, 0, False, False, False

    def is_closed(self) -> None:
        if self.waiting:
            self.begins_anew()
        elif self.level > 0:
            self.settled = True


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*OUTCOMES, "a person takes it", "a person closes it"]), max_size=40))
def test_a_long_life_goes_as_the_second_model_says(days: list[str]) -> None:
    alert: Alert | None = None
    life, told = Life(), list[str]()
    for number, what in enumerate(days):
        on = OPENED + timedelta(days=number)
        if what == "a person takes it":
            if alert is not None and alert.state == "open":
                alert = replace(alert, state="acknowledged")
                life.touched = True
        elif what == "a person closes it":
            if alert is not None and alert.state not in SETTLED:
                alert = replace(alert, state="closed", closed_on=on, released_on=on if alert.cleared_on else None)
                alert = None if alert.released_on else alert
                life.is_closed()
        else:
            change = alerts.step(alert, signal(what), on=on)
            told += [HEARD[change.event]] if change and change.told else []
            alert = after(alert, change)
            life.hears(what)
        assert told == life.told
        assert (LEVELS.index(alert.level) + 1 if alert else 0) == life.level
        assert (alert is not None and alert.cleared_on is not None) == life.waiting
        assert (alert is not None and alert.state in SETTLED) == life.settled
        if alert:
            assert alert.opened_on <= alert.armed_on <= alert.level_since <= on or alert.cleared_on is not None


HEARD = {"opened": "news", "raised": "news", "recurred": "news", "cleared": "over", "closed": "over"}


def after(alert: Alert | None, change: Change | None) -> Alert | None:
    """What stands after a change: the same warning under the same identity, or a new one that names the settled one."""
    if change is None:
        return alert
    now = change.alert
    if change.event == "opened":
        assert alert is None or (alert.state in SETTLED and now.previous == alert.id)
        return replace(now, id=(alert.id or 0) + 1 if alert else 1)
    assert alert is not None
    assert (now.id, now.opened_on, now.previous) == (alert.id, alert.opened_on, alert.previous)
    return None if now.released_on else now


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
