"""Working days: against a second library, against a walk day by day, and against what the law says."""

from __future__ import annotations

import importlib
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache

import holidays
import pytest
from dateutil.easter import easter

from monitor.domain.errors import ConfigError
from monitor.domain.workdays import Notice, Override, WorkCalendar, read_overrides, work_calendar

ONE_DAY = timedelta(days=1)

# chinesecalendar carries no type marker, so it is imported by name.
CHINESE_CALENDAR_SAYS: Callable[[date], bool] = importlib.import_module("chinese_calendar").is_workday

# Where `holidays` and chinesecalendar 1.11.0 disagree, from 2004 to 2026: what is right, and by what.
DISAGREEMENTS = {
    # 国办发明电〔2005〕35号, 一: 12月31日（星期六）上班. chinesecalendar has the days off of that notice
    # (2 and 3 January 2006) but not the Saturday worked for them.
    date(2005, 12, 31): True,
}

# Far enough ahead that no release of `holidays` knows the real one for a long time. The days are invented.
INVENTED_2040 = """
[[year]]
year = 2040
cite = "an invented notice, for this test"
off  = [2040-02-11, 2040-02-12, 2040-02-13, 2040-02-14, 2040-02-17]
work = [2039-12-31, 2040-02-18]
"""


def days(start: date, end: date) -> Iterator[date]:
    day = start
    while day <= end:
        yield day
        day += ONE_DAY


@cache
def china_by_chinesecalendar(day: date) -> bool:
    return DISAGREEMENTS.get(day, CHINESE_CALENDAR_SAYS(day))


def weekdays_without_holidays(country: str, first_year: int, last_year: int) -> Callable[[date], bool]:
    off = holidays.country_holidays(country, years=range(first_year, last_year + 2))
    return lambda day: day.weekday() < 5 and day not in off


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """5 U.S.C. 6103 as amended in 2021, and E.O. 11582 for days that fall on a weekend."""

    def nth(month: int, weekday: int, number: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))

    end_of_may = date(year, 5, 31)
    fixed = [
        date(year, 1, 1),
        date(year, 6, 19),
        date(year, 7, 4),
        date(year, 11, 11),
        date(year, 12, 25),
        date(year + 1, 1, 1),
    ]
    observed = [day + {5: -ONE_DAY, 6: ONE_DAY}.get(day.weekday(), timedelta()) for day in fixed]
    moving = [nth(1, 0, 3), nth(2, 0, 3), nth(9, 0, 1), nth(10, 0, 2), nth(11, 3, 4)]
    return frozenset([*fixed, *observed, *moving, end_of_may - timedelta(days=end_of_may.weekday())])


def american_by_statute(day: date) -> bool:
    return day.weekday() < 5 and day not in federal_holidays(day.year)


def target_is_open(day: date) -> bool:
    """The closing days of TARGET as the Governing Council of the ECB set them for 2002 and after."""
    sunday = easter(day.year)
    closed = {(1, 1), (5, 1), (12, 25), (12, 26)}
    return (
        day.weekday() < 5 and (day.month, day.day) not in closed and day not in (sunday - 2 * ONE_DAY, sunday + ONE_DAY)
    )


ORACLES: dict[str, tuple[Callable[[date], bool], int, int]] = {
    "CN": (china_by_chinesecalendar, 2004, 2026),
    "US": (american_by_statute, 2022, 2045),
    "EU": (target_is_open, 2002, 2045),
    "DE": (weekdays_without_holidays("DE", 1991, 2045), 1991, 2045),
}


def walked_between(works: Callable[[date], bool], start: date, end: date) -> int:
    if end < start:
        return -walked_between(works, end, start)
    count, day = 0, start
    while day < end:
        day += ONE_DAY
        count += works(day)
    return count


def walked_add(works: Callable[[date], bool], day: date, count: int) -> date:
    step = ONE_DAY if count > 0 else -ONE_DAY
    left = abs(count)
    while left:
        day += step
        left -= works(day)
    return day


def walked_roll(works: Callable[[date], bool], day: date) -> date:
    while not works(day):
        day += ONE_DAY
    return day


@pytest.fixture
def china() -> WorkCalendar:
    return work_calendar("CN")


def test_every_day_from_2004_to_2026_agrees_with_a_second_chinese_calendar(china: WorkCalendar) -> None:
    differing = {
        day: china.is_working(day)
        for day in days(date(2004, 1, 1), date(2026, 12, 31))
        if china.is_working(day) != CHINESE_CALENDAR_SAYS(day)
    }
    assert differing == DISAGREEMENTS


@pytest.mark.parametrize("country", ORACLES)
def test_ten_thousand_random_questions_answer_like_a_walk_day_by_day(country: str) -> None:
    works, first_year, last_year = ORACLES[country]
    calendar = work_calendar(country)
    chance = random.Random(f"working days of {country}")
    earliest = date(first_year, 5, 1)
    span = (date(last_year, 8, 31) - earliest).days
    for _ in range(10_000):
        start = earliest + timedelta(days=chance.randint(0, span))
        end = start + timedelta(days=chance.randint(-90, 90))
        count = chance.randint(-40, 40)
        assert calendar.is_working(start) == works(start), start
        assert calendar.working_days_between(start, end) == walked_between(works, start, end), (start, end)
        assert calendar.add_working_days(start, count) == walked_add(works, start, count), (start, count)
        assert calendar.roll(start) == walked_roll(works, start), start


def test_the_arrays_and_the_answers_are_one_calendar(china: WorkCalendar) -> None:
    every_day = list(days(china.first, china.last))
    assert (china.first, china.last) == (date(1990, 1, 1), date(2045, 12, 31))
    assert list(china.working_days) == [day for day in every_day if china.is_working(day)]
    assert list(china.ordinal) == [china.ordinal_of(day) for day in every_day]
    assert china.ordinal[0] == 0, "1 January 1990 is a day off, so no working day has passed yet"
    assert china.working_days[china.ordinal_of(date(2026, 4, 20)) - 1] == date(2026, 4, 20)


def test_a_deadline_on_a_sunday_ends_on_monday(china: WorkCalendar) -> None:
    assert china.roll(date(2026, 4, 19)) == date(2026, 4, 20)


def test_a_deadline_on_a_worked_saturday_ends_that_saturday(china: WorkCalendar) -> None:
    assert date(2026, 2, 14).weekday() == 5
    assert china.roll(date(2026, 2, 14)) == date(2026, 2, 14)


def test_the_day_of_signing_is_not_counted(china: WorkCalendar) -> None:
    assert china.working_days_between(date(2026, 3, 2), date(2026, 3, 12)) == 8
    assert china.working_days_between(date(2026, 3, 12), date(2026, 3, 2)) == -8
    assert china.working_days_between(date(2026, 3, 2), date(2026, 3, 2)) == 0


def test_counting_from_a_day_off_starts_at_its_neighbours(china: WorkCalendar) -> None:
    sunday = date(2026, 4, 19)
    assert china.add_working_days(sunday, 1) == date(2026, 4, 20)
    assert china.add_working_days(sunday, -1) == date(2026, 4, 17)
    assert china.add_working_days(sunday, 0) == sunday


@pytest.mark.parametrize(
    ("country", "day", "works"),
    [
        pytest.param("US", date(2026, 7, 3), False, id="independence day observed on the friday"),
        pytest.param("US", date(2021, 12, 31), False, id="new year's day of the next year observed"),
        pytest.param("DE", date(2026, 4, 6), False, id="easter monday"),
        pytest.param("ES", date(2026, 10, 12), False, id="fiesta nacional"),
        pytest.param("AE", date(2021, 6, 4), False, id="friday was the rest day of the emirates"),
        pytest.param("AE", date(2021, 6, 6), True, id="and sunday was worked"),
        pytest.param("AE", date(2022, 6, 3), True, id="until 2022: friday is worked"),
        pytest.param("AE", date(2022, 6, 5), False, id="and sunday is the rest day"),
    ],
)
def test_each_country_keeps_its_own_days(country: str, day: date, works: bool) -> None:
    assert work_calendar(country).is_working(day) is works


def test_epiphany_is_off_in_bavaria_and_worked_in_berlin() -> None:
    epiphany = date(2026, 1, 6)
    assert not work_calendar("DE", subdivision="BY").is_working(epiphany)
    assert work_calendar("DE", subdivision="BE").is_working(epiphany)
    assert work_calendar("DE", subdivision="Bayern") == work_calendar("DE", subdivision="BY")


@pytest.mark.parametrize("year", [1995, 2005, 2026, 2040])
def test_a_year_is_the_same_whether_asked_alone_or_among_others(china: WorkCalendar, year: int) -> None:
    # The notice of 2006 reaches back into December 2005; and 1995 alone shows no notice, past or future.
    alone = work_calendar("CN", first_year=year, last_year=year)
    assert alone.working_days == tuple(day for day in china.working_days if day.year == year)
    assert alone.provisional(date(year, 6, 1)) is china.provisional(date(year, 6, 1))


def test_china_is_provisional_after_the_last_published_notice(china: WorkCalendar) -> None:
    library = holidays.country_holidays("CN", years=range(1990, 2046))
    last_known = max(day.year for day in library.weekend_workdays)
    assert last_known >= 2026
    assert not china.provisional(date(2026, 12, 31))
    assert not china.provisional(date(last_known, 12, 31))
    assert china.provisional(date(last_known + 1, 1, 1))
    assert china.provisional(china.last)


def test_other_countries_are_provisional_only_where_the_library_has_no_data() -> None:
    for country in ("US", "DE", "ES"):
        calendar = work_calendar(country)
        assert not any(calendar.provisional(date(year, 1, 1)) for year in range(2008, 2046)), country
    assert work_calendar("ES").provisional(date(2007, 12, 6)), "holidays answers for Spain from 2008 on"


def test_a_notice_settles_its_year(china: WorkCalendar) -> None:
    told = work_calendar("CN", overrides=read_overrides(INVENTED_2040, where="overrides.toml"))
    assert china.provisional(date(2040, 2, 16))
    assert not told.provisional(date(2040, 2, 16))
    assert told.provisional(date(2041, 1, 1))
    assert told.is_working(date(2040, 2, 18)), "the Saturday that the notice makes a working day"
    assert not told.is_working(date(2040, 2, 17)), "the Friday that it gives for it"
    assert told.is_working(date(2039, 12, 31)), "a notice may reach into the December before its year"


def test_a_notice_ends_the_librarys_guess_at_substitute_days_but_not_the_statute(china: WorkCalendar) -> None:
    told = work_calendar("CN", overrides=read_overrides(INVENTED_2040, where="overrides.toml"))
    guessed = date(2040, 2, 16)
    assert not china.is_working(guessed), "guessed: a substitute for a feast day on a weekend"
    assert told.is_working(guessed), "the notice does not give it"
    assert not told.is_working(date(2040, 10, 1)), "National Day is off by law, listed or not"


def test_an_override_changes_one_day_and_settles_no_year(china: WorkCalendar) -> None:
    storm = Override(day=date(2040, 6, 20), working=False, cite="an invented closure, for this test")
    closed = work_calendar("CN", overrides=[storm])
    changed = [day for day in days(china.first, china.last) if china.is_working(day) != closed.is_working(day)]
    assert changed == [storm.day]
    assert closed.provisional(storm.day)
    assert closed.roll(storm.day) == date(2040, 6, 21)


def test_a_later_block_amends_an_earlier_one() -> None:
    amended = INVENTED_2040 + '[[year]]\nyear = 2040\ncite = "its invented amendment"\noff = [2040-02-18]\n'
    calendar = work_calendar("CN", overrides=read_overrides(amended, where="overrides.toml"))
    assert not calendar.is_working(date(2040, 2, 18))
    assert not calendar.is_working(date(2040, 2, 17)), "what the amendment does not name stays"


def test_a_file_without_a_notice_settles_nothing(china: WorkCalendar) -> None:
    empty = read_overrides("# none published yet\n", where="overrides.toml")
    assert empty == Notice()
    assert work_calendar("CN", overrides=empty).fingerprint == china.fingerprint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[year]\nyear = 2040", r"overrides\.toml: not TOML: .*line 1"),
        ("a = " + "[" * 5_000, "nested too deeply"),
        ("#" * 1_048_577, "1048577 characters are too many"),
        ("[year]\nyear = 2040", r"start each notice with \[\[year\]\]"),
        ("[[years]]\nyear = 2040", r"unknown key 'years'; did you mean year\?"),
        (
            '[[year]]\nyear = 2040\ncite = "x"\nof = [2040-01-02]',
            r"block 1 \(2040\): unknown key 'of'; did you mean off",
        ),
        ('[[year]]\nyear = "2040"\ncite = "x"\noff = [2040-01-02]', "'year' is missing or is not a year"),
        ('[[year]]\nyear = true\ncite = "x"\noff = [2040-01-02]', "'year' is missing or is not a year"),
        ("[[year]]\nyear = 2040\noff = [2040-01-02]", "'cite' is missing"),
        ('[[year]]\nyear = 2040\ncite = "x"', "no day is listed"),
        ('[[year]]\nyear = 2040\ncite = "x"\noff = 2040-01-02', "'off' is not a list of days"),
        ('[[year]]\nyear = 2040\ncite = "x"\nwork = ["2040-01-07"]', "'2040-01-07' in 'work' is not a day"),
        ('[[year]]\nyear = 2040\ncite = "x"\noff = [2040-01-02T00:00:00]', "is not a day; write 2027-01-01"),
        ('[[year]]\nyear = 2040\ncite = "x"\noff = [2041-01-02]', "2041-01-02 in 'off' is neither in 2040"),
        (
            '[[year]]\nyear = 2040\ncite = "x"\noff = [2040-01-07]\nwork = [2040-01-07]',
            "2040-01-07 is listed twice",
        ),
    ],
)
def test_a_bad_notice_says_where_what_and_what_to_do(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        read_overrides(text, where="overrides.toml")
    assert caught.value.message.startswith("overrides.toml: ")
    assert caught.value.hint


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = '[[year]]\nyear = 2040\noff = [2050-01-01, "soon"]\n[[year]]\ncite = "x"\nwork = [2040-01-07]\n'
    with pytest.raises(ConfigError) as caught:
        read_overrides(text, where="overrides.toml")
    lines = caught.value.message.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["[[year]] block 1 (2040)"] * 3 + ["[[year]] block 2 (no year)"]


@pytest.mark.parametrize(
    ("country", "subdivision", "says"),
    [
        ("cn", None, r"unknown country 'cn'\n  did you mean .*CN \(China\)"),
        ("China", None, r"unknown country 'China'\n  did you mean CN \(China\)"),
        ("Germny", None, r"did you mean .*DE \(Germany\)"),
        ("NYSE", None, "unknown country 'NYSE'"),
        ("??", None, "give a two-letter ISO 3166-1 code"),
        ("DE", "Bayer", "unknown subdivision 'Bayer'\n  use one of: Bayern"),
        ("CN", "Beijing", "this country has none"),
    ],
)
def test_an_unknown_place_gets_the_nearest_names(country: str, subdivision: str | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        work_calendar(country, subdivision=subdivision)


def test_years_that_are_no_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="2030 to 2020 are not a range"):
        work_calendar("CN", first_year=2030, last_year=2020)


@pytest.mark.parametrize(
    "ask",
    [
        lambda calendar: calendar.ordinal_of(date(1989, 12, 31)),
        lambda calendar: calendar.is_working(date(2046, 1, 1)),
        lambda calendar: calendar.provisional(date(2046, 1, 1)),
        lambda calendar: calendar.working_days_between(date(2026, 1, 1), date(2046, 1, 1)),
        lambda calendar: calendar.add_working_days(date(2045, 12, 29), 30),
        lambda calendar: calendar.add_working_days(date(1990, 1, 3), -30),
        lambda calendar: calendar.roll(date(2045, 12, 31)),
    ],
)
def test_a_day_outside_the_calendar_is_an_error_that_names_the_range(
    china: WorkCalendar, ask: Callable[[WorkCalendar], object]
) -> None:
    with pytest.raises(ValueError, match=re.escape("CN, which covers 1990-01-01 to 2045-12-31")):
        ask(china)


def test_an_instant_is_not_a_day(china: WorkCalendar) -> None:
    # Which civil day an instant falls on depends on the place: the caller decides, never the calendar.
    with pytest.raises(TypeError):
        china.is_working(datetime(2026, 3, 29, 2, 30, tzinfo=UTC))


def test_the_fingerprint_changes_with_anything_that_changes_an_answer(china: WorkCalendar) -> None:
    notice = read_overrides(INVENTED_2040, where="overrides.toml")
    calendars = [
        china,
        work_calendar("US"),
        work_calendar("DE"),
        work_calendar("DE", subdivision="BY"),
        work_calendar("CN", last_year=2044),
        work_calendar("CN", overrides=notice),
        work_calendar("CN", overrides=notice.overrides),
        work_calendar("CN", overrides=Notice(published_years=frozenset({2041}))),
    ]
    prints = {calendar.fingerprint for calendar in calendars}
    assert len(prints) == len(calendars)
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in prints)


def test_the_same_calendar_is_built_once() -> None:
    storm = Override(day=date(2040, 6, 20), working=False, cite="an invented closure, for this test")
    assert work_calendar("CN", overrides=[storm]) is work_calendar("CN", overrides=(storm,))


def test_commands_that_need_no_calendar_do_not_load_the_library() -> None:
    code = "import sys, monitor.domain.workdays; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
