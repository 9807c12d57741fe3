"""Time limits of a warning, in China's working days, and the way up when nobody acts. Counted a second time, day by day."""

from __future__ import annotations

import importlib
import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import alerts
from monitor.alerts import Deadline, HandlingSettings, deadline, tick
from monitor.alerts.timers import Limits, answer_by, working_moment
from monitor.domain.warning import ROLES, Alert, Change
from monitor.domain.workdays import WorkCalendar
from monitor.store import Store, warnings
from tests.alerts import TODAY, ZONE, at, doing, warned
from tests.alerts.model import LEVELS, LIMITS, Card, walk
from tests.store import new_store

HANDLING = HandlingSettings()
OFF = {date(2025, 10, day) for day in range(1, 9)}
MADE_UP = {date(2025, 9, 28), date(2025, 10, 11)}
"""国办发明电〔2024〕12号: National Day and Mid-Autumn 2025, off from 1 to 8 October; 28 September and 11 October are worked."""

SECOND: Any = importlib.import_module("chinese_calendar")


@pytest.fixture(scope="module")
def china(calendars: dict[str, WorkCalendar]) -> WorkCalendar:
    return calendars["CN"]


def worked(day: date) -> bool:
    """Whether offices worked on a day of September or October 2025, by the notice alone."""
    return day in MADE_UP or (day.weekday() < 5 and day not in OFF)


# --- deadlines ---


@pytest.mark.parametrize(
    ("level", "sign", "assess", "report"),
    [
        ("blue", date(2025, 10, 14), None, date(2025, 10, 21)),
        ("yellow", date(2025, 10, 11), None, date(2025, 10, 14)),
        ("orange", date(2025, 10, 9), date(2025, 10, 11), date(2025, 10, 21)),
        ("red", date(2025, 9, 30), date(2025, 10, 9), date(2025, 10, 14)),
    ],
)
def test_limits_run_on_working_days_over_the_national_day_and_its_make_up_saturday(
    china: WorkCalendar, level: str, sign: date, assess: date | None, report: date
) -> None:
    """Opened on Tuesday, 30 September 2025: eight days off begin the day after, and 11 October is a Saturday that is worked."""
    day = date(2025, 9, 30)
    found = [
        deadline(warned(state, level=level, opened_on=day, armed_on=day), HANDLING, china)
        for state in ("open", "acknowledged", "assessing", "handling")
    ]
    asked = Deadline(step="assess", by=assess) if assess else Deadline(step="report", by=report)
    assert found == [
        Deadline(step="acknowledge", by=sign), asked, Deadline(step="report", by=report), Deadline(step="report", by=report),
    ]  # fmt: skip


def test_every_limit_of_six_weeks_is_the_one_that_is_counted_day_by_day(china: WorkCalendar) -> None:
    first = date(2025, 9, 15)
    for number, level in enumerate(LEVELS[1:], start=1):
        for day in (first + timedelta(days=n) for n in range(40)):
            for state in ("open", "acknowledged", "assessing", "handling", "reported"):
                mine = deadline(warned(state, level=level, armed_on=day, acted_on=day), HANDLING, china)
                card = Card(level=number, worst=number, armed=day, state=state, acted=day)
                assert (mine.by if mine else None) == card.last_day(worked), (level, day, state)


def test_ten_thousand_limits_over_leap_days_and_make_up_days_are_those_of_a_second_calendar(
    china: WorkCalendar,
) -> None:
    """Test 18. The second one is of other people, and counts by walking from day to day."""
    chance, handling = random.Random(18), HandlingSettings()
    firsts = [date(2008, 1, 2) + timedelta(days=chance.randrange(6900)) for _ in range(9_990)]
    firsts += [
        date(year, month, day) for year in (2008, 2024) for month, day in ((2, 28), (2, 29), (3, 31), (9, 30), (12, 31))
    ]
    for armed in firsts:
        level = chance.choice(LEVELS[1:])
        waited = deadline(warned(level=level, armed_on=armed), handling, china)
        left, day = handling.of(level).acknowledge, armed
        while left or not SECOND.is_workday(day):
            day += timedelta(days=1)
            left -= bool(left) and SECOND.is_workday(day)
        assert waited == Deadline(step="acknowledge", by=day), armed


def test_red_found_on_a_day_off_is_signed_on_the_first_day_that_is_worked(china: WorkCalendar) -> None:
    found = deadline(warned(level="red", armed_on=date(2025, 10, 3)), HANDLING, china)
    assert found == Deadline(step="acknowledge", by=date(2025, 10, 9))
    assert found.by == walk(date(2025, 10, 3), 0, worked)


def test_red_and_orange_are_asked_for_again_until_they_are_closed_and_others_are_not(china: WorkCalendar) -> None:
    """Since the last report, or since it was armed anew after that."""
    day, before = date(2025, 9, 29), date(2025, 9, 1)
    for level, again in (("red", date(2025, 10, 13)), ("orange", date(2025, 10, 20))):
        wanted = Deadline(step="again", by=again)
        assert deadline(warned("reported", level=level, armed_on=before, acted_on=day), HANDLING, china) == wanted
        assert deadline(warned("reported", level=level, armed_on=day, acted_on=before), HANDLING, china) == wanted
    for level in ("yellow", "blue"):
        assert deadline(warned("reported", level=level, acted_on=day), HANDLING, china) is None


def test_of_who_has_nothing_to_do_nothing_is_asked(china: WorkCalendar) -> None:
    for warning in (warned("suspended"), warned("transferred"), warned("closed"), warned("dismissed")):
        assert deadline(warning, HANDLING, china) is None
        assert tick(replace(warning, until=None), on=date(2027, 1, 4), handling=HANDLING, calendar=china) is None


def test_an_office_sets_its_own_limits(china: WorkCalendar) -> None:
    own = HandlingSettings(blue=Limits(acknowledge=1, report=2, escalate_to="supervision"), next_step=1)
    warning = warned(level="blue")
    assert deadline(warning, own, china) == Deadline(step="acknowledge", by=date(2026, 3, 3))
    assert own.roles("blue") == ("supervision",)
    assert [HANDLING.roles(level)[0] for level in LEVELS[1:]] == [
        "contract_manager",
        "unit_head",
        "legal_office",
        "leader",
    ]


# --- nobody acts ---


def lived(alert: Alert, days: int, china: WorkCalendar, *, first: date = TODAY) -> list[tuple[date, Change]]:
    """What time brings to a warning, asked every day."""
    told = []
    for day in (first + timedelta(days=n) for n in range(days)):
        change = tick(alert, on=day, handling=HANDLING, calendar=china)
        if change is not None:
            alert = change.alert
            told.append((day, change))
    return told


def test_when_nobody_acknowledges_each_role_up_the_chain_is_told_once(china: WorkCalendar) -> None:
    """Yellow, on Monday 2 March 2026: in time until Thursday the 5th; then a step up, and one every five working days."""
    told = lived(warned(level="yellow"), 90, china)
    assert [(day, change.detail["role"], change.detail["days"]) for day, change in told] == [
        (date(2026, 3, 6), "unit_head", 1), (date(2026, 3, 13), "legal_office", 6), (date(2026, 3, 20), "leader", 11),
        (date(2026, 3, 27), "supervision", 16),
    ]  # fmt: skip
    assert [change.detail["step"] for _, change in told] == [1, 2, 3, 4]
    for _, change in told:
        assert (change.event, change.before, change.after, change.actor) == ("escalated", "yellow", "yellow", "lvyue")
        assert change.detail["waiting"] == "acknowledge"
        assert (change.detail["by"], change.detail["steps"]) == ("2026-03-05", 4)
        assert (change.alert.state, change.alert.level) == ("open", "yellow"), "a level is the law's, not the clock's"


@pytest.mark.parametrize("level", LEVELS[1:])
def test_the_way_up_begins_at_its_level_and_ends_at_the_top(china: WorkCalendar, level: str) -> None:
    told = lived(warned(level=level), 120, china)
    roles = [change.detail["role"] for _, change in told]
    assert roles == list(ROLES[-LIMITS[LEVELS.index(level)][4] :])
    assert len({day for day, _ in told}) == len(told)


def test_on_days_off_nobody_is_urged_the_sooner(china: WorkCalendar) -> None:
    """Orange of 26 September 2025: signed by Sunday the 28th, which is worked; late on Monday. No holiday counts."""
    day = date(2025, 9, 26)
    told = lived(warned(armed_on=day), 60, china, first=day)
    assert [when for when, _ in told] == [date(2025, 9, 29), date(2025, 10, 13), date(2025, 10, 20)]


def test_nobody_is_urged_on_a_day_off_however_late_it_is(china: WorkCalendar) -> None:
    """The program starts again in the middle of the National Day holiday: three steps are due, on days that are worked."""
    told = lived(warned(armed_on=date(2025, 9, 1)), 20, china, first=date(2025, 10, 1))
    assert [day for day, _ in told] == [date(2025, 10, 9), date(2025, 10, 10), date(2025, 10, 11)]


def test_after_days_without_the_program_one_step_a_day_is_made_up_for(china: WorkCalendar) -> None:
    told = lived(warned(level="yellow"), 30, china, first=date(2026, 6, 1))
    assert [(day - date(2026, 6, 1)).days for day, _ in told] == [0, 1, 2, 3]


def test_an_act_stops_it_and_what_comes_next_is_asked_of_the_first_in_the_chain(china: WorkCalendar) -> None:
    (_, change), *_ = lived(warned(level="yellow"), 12, china)
    signed = alerts.act(change.alert, doing("acknowledge", "Chen", on=date(2026, 3, 6))).alert
    assert signed.escalated == 0
    assert tick(signed, on=date(2026, 3, 9), handling=HANDLING, calendar=china) is None
    after = tick(signed, on=date(2026, 3, 10), handling=HANDLING, calendar=china)
    assert after is not None
    assert (after.detail["role"], after.detail["waiting"], after.detail["by"]) == ("unit_head", "report", "2026-03-09")
    given = alerts.act(change.alert, doing("assign")).alert
    assert given.escalated == 1, "to give it to somebody is not to act on it"


def test_who_acts_late_has_some_days_before_the_chain_begins_again(china: WorkCalendar) -> None:
    """Orange of 2 March; signed on the 20th, when its assessment was due on the 5th already."""
    late = date(2026, 3, 20)
    signed = alerts.act(warned(escalated=3), doing("acknowledge", "Chen", on=late)).alert
    assert deadline(signed, HANDLING, china) == Deadline(step="assess", by=date(2026, 3, 5))
    assert answer_by(signed, late, HANDLING, china) == Deadline(step="assess", by=date(2026, 3, 27))
    told = [(day, change.detail["role"]) for day, change in lived(signed, 30, china, first=late)]
    assert told == [
        (date(2026, 3, 30), "legal_office"), (date(2026, 4, 7), "leader"), (date(2026, 4, 14), "supervision"),
    ]  # fmt: skip  # 清明: the 4th to the 6th are off


def test_what_is_asked_for_is_never_a_day_that_has_been(china: WorkCalendar) -> None:
    for level in LEVELS[1:]:
        alert = warned(level=level)
        for day in (TODAY + timedelta(days=n) for n in range(90)):
            change = tick(alert, on=day, handling=HANDLING, calendar=china)
            alert = change.alert if change else alert
            asked = answer_by(alert, day, HANDLING, china)
            assert asked is not None
            assert asked.by >= day, (level, day)
            assert china.is_working(asked.by), (level, day)


def test_each_step_survives_a_restart_in_between(china: WorkCalendar, tmp_path: Path) -> None:
    """Every day another program opens the database."""
    with new_store(tmp_path).writing() as db:
        warnings.save(db, [Change(alert=warned(), event="opened", before=None, after="orange")], run_id=None, on=TODAY)
    for day in (TODAY + timedelta(days=n) for n in range(60)):
        with Store(tmp_path / "lvyue.db").writing() as db:
            [alert] = warnings.standing(db)
            for _ in range(2):
                change = tick(alert, on=day, handling=HANDLING, calendar=china)
                if change is not None:
                    [alert] = [one.alert for one in warnings.save(db, [change], run_id=None, on=day)]
    with Store(tmp_path / "lvyue.db").reading() as db:
        told = [
            (row["happened_on"], row["detail"]["role"]) for row in warnings.history(db, 1) if row["kind"] == "escalated"
        ]
    assert told == [
        (date(2026, 3, 4), "legal_office"), (date(2026, 3, 11), "leader"), (date(2026, 3, 18), "supervision"),
    ]  # fmt: skip


# --- suspended ---


def test_what_is_suspended_waits_and_comes_back_with_its_time_anew(china: WorkCalendar) -> None:
    held = alerts.act(warned("handling"), doing("suspend", value=date(2026, 5, 6))).alert
    told = lived(held, 120, china)
    (day, back), (late, urged) = told[0], told[1]
    assert (day, back.event, back.actor, back.detail["state"]) == (date(2026, 5, 6), "resumed", "lvyue", "handling")
    assert (back.alert.state, back.alert.held, back.alert.until, back.alert.armed_on) == ("handling", None, None, day)
    assert (urged.event, urged.detail["by"]) == ("escalated", walk(day, 10, china.is_working).isoformat())
    assert late == walk(day, 11, china.is_working)


def test_what_was_open_when_it_was_suspended_comes_back_open(china: WorkCalendar) -> None:
    held = alerts.act(warned(), doing("suspend", value=date(2026, 3, 3))).alert
    [(_, back), *_] = lived(held, 2, china)
    assert (back.alert.state, back.alert.escalated) == ("open", 0)


# --- office hours ---


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2025-09-30 08:59:59", "2025-09-30 09:00:00"),
        ("2025-09-30 09:00:00", "2025-09-30 09:00:00"),
        ("2025-09-30 17:29:59", "2025-09-30 17:29:59"),
        ("2025-09-30 17:30:00", "2025-10-09 09:00:00"),
        ("2025-10-04 12:00:00", "2025-10-09 09:00:00"),
        ("2025-10-10 23:59:59", "2025-10-11 09:00:00"),
        ("2025-10-11 12:00:00", "2025-10-11 12:00:00"),
        ("2025-10-12 00:00:00", "2025-10-13 09:00:00"),
    ],
    ids=["early", "on the dot", "late", "closed", "a holiday", "before a make-up Saturday", "on it", "Sunday"],
)
def test_what_urges_waits_for_office_hours(china: WorkCalendar, now: str, then: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=ZONE)
    assert working_moment(moment, HANDLING, china) == datetime.fromisoformat(then).replace(tzinfo=ZONE)


def test_an_office_has_its_own_hours(china: WorkCalendar) -> None:
    own = HandlingSettings(opens=time(14), closes=time(15))
    assert working_moment(at(TODAY, 10), own, china) == at(TODAY, 14)
    assert working_moment(at(TODAY, 15), own, china) == at(TODAY + timedelta(days=1), 14)
