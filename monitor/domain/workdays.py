"""Working days of a country: which days count, how many lie between two days, where a deadline ends.

Two sources, in this order: the published notices that an agency keeps (`read_overrides`), then the `holidays`
library, which for China also knows the weekends worked under 调休. Civil dates only; hours play no part.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from monitor.domain.errors import ConfigError

if TYPE_CHECKING:
    from holidays import HolidayBase

# Countries whose government moves rest days by a notice each year. `holidays` answers their future years from
# the statute alone, without a warning, so a year past the last known notice must be called an estimate.
_BY_YEARLY_NOTICE = frozenset({"CN"})

TARGET = "EU"
"""The word for the days on which the payment system of the European Central Bank is open: no country's, and every euro
payment's. `holidays` knows its closing days from 2000 on."""

_BLOCK_KEYS = ("year", "cite", "off", "work")
_LARGEST_NOTICE = 1_048_576  # characters; tomllib needs seconds for tens of megabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One day that a published notice makes working or off, whatever the library says."""

    day: date
    working: bool
    cite: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What published notices say: days, in the order they were announced, and the years they settle."""

    overrides: tuple[Override, ...] = ()
    published_years: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """The working days of one country from 1 January of the first year to 31 December of the last.

    `ordinal[i]` is the number of working days from `first` up to and including the day `first + i days`;
    `working_days[n - 1]` is the n-th working day. Every method raises ValueError for a day outside the range,
    or when the answer would lie outside it.
    """

    country: str
    subdivision: str | None
    first: date
    last: date
    ordinal: tuple[int, ...] = field(repr=False)
    working_days: tuple[date, ...] = field(repr=False)
    provisional_years: frozenset[int] = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over all that decides an answer; a scan stores it to be repeated to the byte."""
        return _fingerprint(self)

    def ordinal_of(self, day: date) -> int:
        """Working days from `first` up to and including `day`.

        A day off has the ordinal of the working day before it; subtracting two ordinals counts between them.
        """
        if not self.first <= day <= self.last:
            raise self._outside(day.isoformat())
        return self.ordinal[(day - self.first).days]

    def is_working(self, day: date) -> bool:
        """Whether offices work on `day`.

        >>> work_calendar("CN").is_working(date(2026, 2, 14))  # a Saturday worked for the Spring Festival
        True
        """
        ordinal = self.ordinal_of(day)
        return ordinal > 0 and self.working_days[ordinal - 1] == day

    def working_days_between(self, start: date, end: date) -> int:
        """Working days in (start, end]; negative when `end` is before `start`.

        The day a period starts is not counted: 《民法典》第二百零一条.

        >>> work_calendar("CN").working_days_between(date(2026, 3, 2), date(2026, 3, 12))
        8
        """
        return self.ordinal_of(end) - self.ordinal_of(start)

    def add_working_days(self, day: date, count: int) -> date:
        """The working day `count` working days after `day`, or before it when `count` is negative.

        From a day off, +1 is the next working day and -1 the previous one. 0 is `day` itself, working or not.

        >>> work_calendar("CN").add_working_days(date(2026, 9, 30), 1)  # over the National Day holiday
        datetime.date(2026, 10, 8)
        """
        ordinal = self.ordinal_of(day)
        if count == 0:
            return day
        # A day off has the ordinal of the working day before it: going back to that day is a step already.
        borrowed = 1 if count < 0 and not self.is_working(day) else 0
        return self._nth(ordinal + count + borrowed, asked=f"{day.isoformat()} {count:+d} working days")

    def roll(self, day: date) -> date:
        """`day` itself when offices work on it, else the next working day.

        A period whose last day is a statutory day off ends on the day after the rest: 《民法典》第二百零三条.

        >>> work_calendar("CN").roll(date(2026, 4, 19))  # a Sunday
        datetime.date(2026, 4, 20)
        """
        if self.is_working(day):
            return day
        return self._nth(self.ordinal_of(day) + 1, asked=f"the working day after {day.isoformat()}")

    def provisional(self, day: date) -> bool:
        """Whether the calendar of that day's year is an estimate, because no published one is known.

        True for China after the last year with published make-up days, unless a notice settles the year; and
        for years that `holidays` does not cover (Spain before 2008: every weekday would seem a working day).
        Not caught: the notice for a new year may still move a weekend at the end of the December before it
        (31 December 2005 was worked: 国办发明电〔2005〕35号).

        >>> work_calendar("CN").provisional(date(2026, 12, 31))
        False
        """
        self.ordinal_of(day)
        return day.year in self.provisional_years

    def _nth(self, number: int, *, asked: str) -> date:
        if not 1 <= number <= len(self.working_days):
            raise self._outside(asked)
        return self.working_days[number - 1]

    def _outside(self, asked: str) -> ValueError:
        return ValueError(
            f"{asked} lies outside the working calendar of {self.country}, which covers"
            f" {self.first.isoformat()} to {self.last.isoformat()}; build it with a wider range of years"
        )


def work_calendar(
    country: str,
    *,
    subdivision: str | None = None,
    overrides: Sequence[Override] | Notice = (),
    first_year: int = 1990,
    last_year: int = 2045,
) -> WorkCalendar:
    """The working calendar of a country, or of one of its states, from `holidays` and `overrides`; cached.

    `country` is a two-letter code, or EU for the days on which euro payments settle. A later override of a day
    replaces an earlier one; days outside the range are ignored. A plain sequence changes days; only a `Notice` also
    settles whole years. China before 2001 has weekends and statutory days but no make-up days: the library knows the
    notices from 2001 on.

    Raises ConfigError for an unknown country or subdivision, with the nearest names, and for an empty range.

    >>> work_calendar("US").is_working(date(2026, 7, 3))  # Independence Day falls on a Saturday
    False
    """
    if not MINYEAR < first_year <= last_year < MAXYEAR:
        raise ConfigError(
            f"working calendar of {country}: the years {first_year} to {last_year} are not a range",
            hint="give a first year that is not after the last year",
        )
    notice = overrides if isinstance(overrides, Notice) else Notice(overrides=tuple(overrides))
    return _build(country, subdivision, notice=notice, first_year=first_year, last_year=last_year)


def read_overrides(text: str, *, where: str) -> Notice:
    """The days and years that a file of published notices settles. `where` names the file in errors.

    The file is TOML, a `[[year]]` block a notice: `year`, `cite`, `off` (days off), `work` (weekends worked).
    Days may lie in that year or in the December before it. A later block amends an earlier one.

    Raises ConfigError once, with a line for every fault of the file.

    >>> notice = read_overrides('''
    ... [[year]]
    ... year = 2031
    ... cite = "an invented notice, for this example"
    ... off  = [2031-01-02]
    ... work = [2031-01-04]
    ... ''', where="overrides.toml")
    >>> work_calendar("CN", overrides=notice).is_working(date(2031, 1, 4))
    True
    """
    overrides: list[Override] = []
    years: set[int] = set()
    faults: list[str] = []
    for number, block in enumerate(_year_blocks(text, where=where, faults=faults), start=1):
        found: list[str] = []
        year = _year_of(block, found)
        overrides += _days_of_block(block, year=year, faults=found)
        if year is not None:
            years.add(year)
        place = f"{where}: [[year]] block {number} ({year or 'no year'})"
        faults += [f"{place}: {fault}" for fault in found]
    if faults:
        raise ConfigError(
            "\n".join(faults),
            hint="a block has year = 2027, cite = '文号', off = [2027-01-01], work = [2027-02-13]",
        )
    return Notice(overrides=tuple(overrides), published_years=frozenset(years))


@lru_cache(maxsize=32)
def _build(country: str, subdivision: str | None, *, notice: Notice, first_year: int, last_year: int) -> WorkCalendar:
    # A neighbouring year reaches in: the notice of 2006 made 31 December 2005 a working day.
    library = _library(country, subdivision, years=range(first_year - 1, last_year + 2))
    wanted = frozenset(range(first_year, last_year + 1))
    unknown = wanted - _years_known(country, library)
    settled = unknown & notice.published_years
    # Where the notice is the only source, the library's guess at substitute days must go, or a Monday that it
    # expects off would stay off beside the days that the notice gives. The days of the statute remain.
    statute = _library(country, subdivision, years=settled, substitutes=False)
    decided = {override.day: override.working for override in notice.overrides}

    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    ordinal: list[int] = []
    working_days: list[date] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        source = statute if day.year in settled else library
        working = decided[day] if day in decided else source.is_working_day(day)
        if working:
            working_days.append(day)
        ordinal.append(len(working_days))
    return WorkCalendar(
        country=country,
        subdivision=library.subdiv,
        first=first,
        last=last,
        ordinal=tuple(ordinal),
        working_days=tuple(working_days),
        provisional_years=unknown - settled,
    )


def _library(country: str, subdivision: str | None, *, years: Iterable[int], substitutes: bool = True) -> HolidayBase:
    import holidays  # imported here: 0.1 s and more, and most commands never ask for a working day
    from holidays.registry import COUNTRIES

    # The library resolves a name by getattr on its own module, so "NYSE" would not fail as a country.
    names = {codes[1]: codes[0] for codes in COUNTRIES.values()}
    if country == TARGET:
        return holidays.financial_holidays("XECB", years=years, expand=False)
    if country not in names:
        hint = _nearest_country(country, names)
        raise ConfigError(f"working calendar: unknown country {country!r}", hint=hint)
    if subdivision is not None:
        subdivision = _subdivision_code(holidays.country_holidays(country), subdivision)
    return holidays.country_holidays(country, subdiv=subdivision, years=years, expand=False, observed=substitutes)


def _nearest_country(country: str, names: Mapping[str, str]) -> str:
    spellings = {spelling.casefold(): code for code, name in names.items() for spelling in (code, name)}
    near = difflib.get_close_matches(country.casefold(), spellings, n=3, cutoff=0.6)
    codes = dict.fromkeys(spellings[spelling] for spelling in near)
    listed = ", ".join(f"{code} ({names[code]})" for code in codes)
    return f"did you mean {listed}?" if listed else "give a two-letter ISO 3166-1 code, such as CN or DE"


def _subdivision_code(library: HolidayBase, subdivision: str) -> str:
    code = library.subdivisions_aliases.get(subdivision, subdivision)
    if code in library.subdivisions:
        return code
    spellings = {each.casefold(): each for each in (*library.subdivisions, *library.subdivisions_aliases)}
    near = difflib.get_close_matches(subdivision.casefold(), spellings, n=3, cutoff=0.6)
    offered = [spellings[spelling] for spelling in near] or library.subdivisions
    raise ConfigError(
        f"working calendar of {library.country}: unknown subdivision {subdivision!r}",
        hint=f"use one of: {', '.join(offered)}" if offered else "leave it out: this country has none",
    )


def _years_known(country: str, library: HolidayBase) -> frozenset[int]:
    first, last = library.start_year, library.end_year
    if country in _BY_YEARLY_NOTICE:
        # All years are asked, not the calendar's own: one of the 1990s alone would see no notice at all.
        every = _library(country, None, years=range(first, last + 1))
        last = max((day.year for day in every.weekend_workdays), default=first - 1)
    return frozenset(range(first, last + 1))


def _year_blocks(text: str, *, where: str, faults: list[str]) -> list[Mapping[str, object]]:
    document = _parsed(text, where=where)
    faults += [f"{where}: {fault}" for fault in _unknown_keys(document, known=("year",))]
    blocks = document.get("year", [])
    if isinstance(blocks, list) and all(isinstance(block, dict) for block in blocks):
        return blocks
    faults.append(f"{where}: 'year' is not a list of blocks; start each notice with [[year]]")
    return []


def _parsed(text: str, *, where: str) -> dict[str, object]:
    if len(text) > _LARGEST_NOTICE:
        raise ConfigError(
            f"{where}: {len(text)} characters are too many for a list of notices",
            hint=f"keep the file under {_LARGEST_NOTICE} characters; is it the right file?",
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}", hint="correct the file at that place") from error
    except RecursionError as error:
        hint = "a list of days has one [ and one ]"
        raise ConfigError(f"{where}: brackets are nested too deeply", hint=hint) from error


def _unknown_keys(table: Mapping[str, object], *, known: Sequence[str]) -> list[str]:
    faults: list[str] = []
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1) or known
            faults.append(f"unknown key {key!r}; did you mean {' or '.join(near)}?")
    return faults


def _year_of(block: Mapping[str, object], faults: list[str]) -> int | None:
    faults += _unknown_keys(block, known=_BLOCK_KEYS)
    year = block.get("year")
    if isinstance(year, int) and MINYEAR < year < MAXYEAR and not isinstance(year, bool):
        return year
    faults.append("'year' is missing or is not a year; write year = 2027")
    return None


def _days_of_block(block: Mapping[str, object], *, year: int | None, faults: list[str]) -> list[Override]:
    cite = block.get("cite")
    if not isinstance(cite, str) or not cite.strip():
        faults.append("'cite' is missing; name the notice, so that an alert can quote it")
        cite = ""
    decided: dict[date, bool] = {}
    for key, working in (("off", False), ("work", True)):
        for day in _days(block, key, faults):
            if day in decided:
                faults.append(f"{day} is listed twice; a day is either off or worked, once")
            decided[day] = working
            if year is not None and not date(year - 1, 12, 1) <= day <= date(year, 12, 31):
                faults.append(f"{day} in {key!r} is neither in {year} nor in the December before; correct one")
    if not decided and not faults:
        faults.append("no day is listed; give 'off', 'work' or both")
    return [Override(day=day, working=working, cite=cite) for day, working in decided.items()]


def _days(block: Mapping[str, object], key: str, faults: list[str]) -> list[date]:
    listed = block.get(key, [])
    if not isinstance(listed, list):
        faults.append(f"{key!r} is not a list of days; write {key} = [2027-01-01, 2027-01-02]")
        return []
    days: list[date] = []
    for item in listed:
        # A TOML date with a time arrives as datetime, which is a date too but never equals one.
        if type(item) is date:
            days.append(item)
        else:
            faults.append(f"{item!r} in {key!r} is not a day; write 2027-01-01, no quotes, no time")
    return days


@lru_cache(maxsize=16)  # twenty thousand numbers, asked for several times in every scan
def _fingerprint(calendar: WorkCalendar) -> str:
    head = (calendar.country, calendar.subdivision or "", calendar.first.isoformat(), calendar.last.isoformat())
    text = "|".join((*head, _joined(sorted(calendar.provisional_years)), _joined(calendar.ordinal)))
    return hashlib.sha256(text.encode()).hexdigest()


def _joined(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
