"""When a job is due: once a civil day, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.daemon.slots import Daily, Hourly, Monthly, Schedule, Slot

SHANGHAI = ZoneInfo("Asia/Shanghai")
SIX = Daily(at=time(6), zone=SHANGHAI)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "key"),
    [
        ("2026-03-02T05:59:59", "2026-03-01"),
        ("2026-03-02T06:00:00", "2026-03-02"),
        ("2026-03-02T23:59:59", "2026-03-02"),
    ],
)
def test_a_days_slot_begins_at_its_time(now: str, key: str) -> None:
    assert SIX.latest(at(now)).key == key


def test_a_week_has_one_slot_on_its_day() -> None:
    saturday = Daily(at=time(6), zone=SHANGHAI, weekday=5)
    assert saturday.latest(at("2026-03-06T12:00:00")).key == "2026-02-28"
    assert saturday.latest(at("2026-03-07T06:00:00")).key == "2026-03-07"
    assert saturday.between("2026-02-14", saturday.latest(at("2026-03-07T06:00:00"))) == 2


def test_a_month_has_one_slot_on_its_first_day() -> None:
    monthly = Monthly(at=time(6), zone=SHANGHAI)
    assert monthly.latest(at("2026-03-01T05:59:59")).key == "2026-02-01"
    slot = monthly.latest(at("2026-03-01T06:00:00"))
    assert (slot.key, slot.at) == ("2026-03-01", at("2026-03-01T06:00:00"))
    assert monthly.after(slot) == at("2026-04-01T06:00:00")
    assert (monthly.between("2026-02-01", slot), monthly.between("2025-11-01", slot)) == (0, 3)
    assert monthly.between("2026-02-27", slot) == 0, "what was daily before is counted from its month"


def test_hours_are_counted_where_each_comes_once() -> None:
    often = Hourly(hours=6)
    slot = often.latest(at("2026-03-02T20:10:00"))
    assert (slot.key, slot.at) == ("2026-03-02T12Z", datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert often.between("2026-03-01T12Z", slot) == 3
    assert often.between("2026-03-02", slot) == 1, "what was daily until today is counted from its midnight"


YEAR_OF_CHANGES = [
    ("Europe/Madrid", 2026), ("America/New_York", 2026), ("Australia/Lord_Howe", 2026), ("Asia/Shanghai", 2026),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "year"), YEAR_OF_CHANGES)
@pytest.mark.parametrize("hour", [time(0, 0), time(1, 45), time(2, 15), time(2, 30), time(3, 0)])
def test_every_civil_day_has_one_slot_through_both_changes_of_the_clock(zone: str, year: int, hour: time) -> None:
    """Test 13: Madrid, New York and Lord Howe (half an hour), spring and autumn; asked every half hour of a year."""
    daily = Daily(at=hour, zone=ZoneInfo(zone))
    begins = datetime(year, 1, 2, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found: list[Slot] = []
    for half in range(364 * 48):
        slot = daily.latest(begins + timedelta(minutes=30 * half))
        if not found or found[-1].key != slot.key:
            found.append(slot)
    days = [date.fromisoformat(slot.key) for slot in found]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))
    assert all(found[n].at < found[n + 1].at for n in range(len(found) - 1))


SCHEDULES = st.one_of(
    st.builds(
        Daily, at=st.times(), zone=st.sampled_from(["Asia/Shanghai", "America/New_York",
        "Australia/Lord_Howe"]).map(ZoneInfo), weekday=st.one_of(st.none(), st.integers(0, 6)),
    ),
    st.builds(Monthly, at=st.times(), zone=st.sampled_from(["Asia/Shanghai", "America/New_York"]).map(ZoneInfo)),
    st.builds(Hourly, hours=st.integers(1, 168)),
)  # fmt: skip
INSTANTS = st.integers(0, 20 * 365 * 86400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(schedule=SCHEDULES, now=INSTANTS, later=st.timedeltas(timedelta(), timedelta(days=400)))
def test_slots_only_go_forward_and_their_names_sort_as_they_do(
    schedule: Schedule, now: datetime, later: timedelta
) -> None:
    first, second = schedule.latest(now), schedule.latest(now + later)
    assert first.at <= now
    assert (first.key < second.key) == (first.at < second.at)
    assert schedule.latest(first.at).key == first.key, "a slot is its own when it begins"
    trigger = schedule.trigger().get_next_fire_time(None, first.at)
    assert trigger is not None
    assert schedule.latest(schedule.after(first)).key > first.key


@given(schedule=SCHEDULES, now=INSTANTS, turns=st.integers(1, 40))
def test_what_lies_between_two_slots_is_counted(schedule: Schedule, now: datetime, turns: int) -> None:
    slots = [schedule.latest(now)]
    while len(slots) < turns + 1:
        slots.append(
            schedule.latest(schedule.after(slots[-1]) + timedelta(hours=2 if isinstance(schedule, Daily) else 0))
        )
    assert schedule.between(slots[0].key, slots[-1]) == turns - 1
