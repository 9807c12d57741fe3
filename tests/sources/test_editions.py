"""The states a pull holds: when each could be known, what is old news, and a loss too large to believe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from monitor.domain.errors import HeldError, RejectedError
from monitor.domain.sandbox import sandbox
from monitor.sources import Reading
from monitor.sources.border import check
from monitor.sources.editions import Edition, editions, refuse_loss
from monitor.sources.table import TableSource

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=SHANGHAI)
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
Row = Mapping[str, str | None]
UNREADABLE = {"signed_on": "soon"}


def source(**settings: Any) -> TableSource:
    return TableSource.model_validate({"name": "ledger", "location": "x.csv", "mapping": "x.sql"} | settings)


def midnight(day: date) -> datetime:
    """When a dated edition could be known, in an office in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI)


def reading(**nouns: Sequence[Row]) -> Reading:
    """Rows past the border."""
    checked = {}
    with sandbox() as db:
        for noun, rows in nouns.items():
            names = sorted(set().union(*rows) | {"id", "title"})
            db.register("given", pa.table({n: pa.array([row.get(n) for row in rows], pa.string()) for n in names}))
            db.execute(f"create table {noun} as select * from given")
            checked[noun] = check(db, noun, noun, source="ledger")
    return Reading(nouns=checked)


def contract(key: str, on: date | None = None) -> dict[str, str | None]:
    return {"id": key, "title": key, "edition_on": on.isoformat() if on else None}


def states(found: list[Edition]) -> list[tuple[datetime, list[str]]]:
    """When, and which contracts."""
    return [(one.recorded_at, one.nouns["contract"].good["title"].to_pylist()) for one in found]


def split(read: Reading, *, last: datetime | None = None, **settings: Any) -> list[Edition]:
    return editions(source(**settings), read, last=last, at=NOW, start_of_day=midnight)


# --- a pull of one state ---


def test_what_is_pulled_without_a_date_is_known_from_now_on() -> None:
    found = split(reading(contract=[contract("A"), contract("B")]))
    assert states(found) == [(NOW, ["A", "B"])]
    assert found[0].recorded_at.tzinfo is UTC


def test_a_dated_edition_is_known_from_the_first_minute_of_its_day_where_the_office_is() -> None:
    found = split(reading(contract=[contract("A")]), published=MARCH)
    assert found[0].recorded_at == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)


def test_history_is_not_rewritten() -> None:
    with pytest.raises(
        RejectedError, match=r"this edition is of 2026-02-01, but one of 2026-03-01 is recorded already"
    ):
        split(reading(contract=[contract("A")]), published=FEBRUARY, last=midnight(MARCH).astimezone(UTC))


def test_a_dated_edition_that_is_read_again_is_known_from_now_on() -> None:
    """Its mapping was corrected: what was known yesterday stays what was known yesterday."""
    found = split(reading(contract=[contract("A")]), published=MARCH, last=midnight(MARCH).astimezone(UTC))
    assert states(found) == [(NOW, ["A"])]


@pytest.mark.parametrize("day", [NOW.date() + timedelta(1), date(2199, 1, 1)], ids=["tomorrow", "a typing error"])
def test_an_edition_of_a_day_to_come_has_not_been_published_yet(day: date) -> None:
    with pytest.raises(RejectedError, match="has not been published yet"):
        split(reading(contract=[contract("A")]), published=day)
    with pytest.raises(RejectedError, match="has not been published yet"):
        split(reading(contract=[contract("A", MARCH), contract("A", day)]))


# --- a pull whose rows say when they were published ---


def test_rows_of_several_days_are_several_states_oldest_first() -> None:
    rows = [contract("A", MARCH), contract("A", JANUARY), contract("B", FEBRUARY), contract("C", MARCH)]
    assert states(split(reading(contract=rows))) == [
        (midnight(JANUARY), ["A"]), (midnight(FEBRUARY), ["B"]), (midnight(MARCH), ["A", "C"]),
    ]  # fmt: skip


def test_what_was_seen_belongs_to_its_day_too() -> None:
    rows = [contract("A", JANUARY), contract("B", MARCH) | UNREADABLE]
    found = split(reading(contract=[*rows, contract("C", MARCH)]))
    seen = [sorted(one.nouns["contract"].seen["id"].to_pylist()) for one in found]
    assert seen == [["ledger:A"], ["ledger:B", "ledger:C"]]


def test_states_we_have_are_old_news() -> None:
    rows = [contract("A", JANUARY), contract("A", FEBRUARY), contract("A", MARCH)]
    found = split(reading(contract=rows), last=midnight(FEBRUARY).astimezone(UTC))
    assert states(found) == [(midnight(MARCH), ["A"])]


def test_when_every_state_is_old_the_newest_is_known_anew_from_now_on() -> None:
    rows = [contract("A", JANUARY), contract("B", MARCH)]
    assert states(split(reading(contract=rows), last=midnight(MARCH))) == [(NOW, ["B"])]


def test_a_noun_without_days_is_said_on_every_one() -> None:
    units = [{"id": "U", "name": "Works"}]
    rows = [contract("A", JANUARY), contract("A", MARCH)]
    with sandbox() as db:
        db.register("given", pa.table({name: [row[name] for row in units] for name in ("id", "name")}))
        db.execute("create table unit as select * from given")
        unit = check(db, "unit", "unit", source="ledger")
    read = reading(contract=rows)
    found = split(Reading(nouns={"unit": unit, **read.nouns}))
    assert [one.nouns["unit"].good["name"].to_pylist() for one in found] == [["Works"], ["Works"]]


def test_refused_rows_are_told_once_with_the_newest_state() -> None:
    rows = [contract("A", JANUARY), contract("B", JANUARY) | UNREADABLE, contract("C", MARCH)]
    found = split(reading(contract=rows))
    assert [[refusal.field for refusal in one.refusals] for one in found] == [[], ["signed_on"]]


def test_a_row_without_a_day_among_dated_ones_is_refused_and_not_lost_in_silence() -> None:
    found = split(reading(contract=[contract("A", MARCH), contract("B")]))
    assert states(found) == [(midnight(MARCH), ["A"])]
    assert [(refusal.field, refusal.row) for refusal in found[0].refusals] == [("edition_on", 2)]


# --- a loss too large to believe ---

TEN = {f"ledger:N{number}" for number in range(10)}


def left(count: int, more: Row | None = None) -> Reading:
    """A register of the first few of those ten contracts."""
    return reading(contract=[contract(f"N{number}") | dict(more or {}) for number in range(count)])


@pytest.mark.parametrize(("count", "limit"), [(5, 50), (4, 60), (0, 100), (10, 0)])
def test_a_loss_within_the_limit_is_believed(count: int, limit: int) -> None:
    refuse_loss(source(complete=True, vanish_limit_percent=limit), left(count), TEN)


@pytest.mark.parametrize(("count", "limit"), [(4, 50), (9, 0), (0, 99)])
def test_a_loss_beyond_it_is_an_accident_until_a_person_says_otherwise(count: int, limit: int) -> None:
    words = f"{10 - count} of 10 contracts would vanish, more than {limit} %"
    with pytest.raises(HeldError, match=words) as refused:
        refuse_loss(source(complete=True, vanish_limit_percent=limit), left(count), TEN)
    assert "lvyue sources accept" in refused.value.hint


def test_a_row_that_was_refused_was_seen_and_is_not_lost() -> None:
    refuse_loss(source(complete=True, vanish_limit_percent=0), left(10, UNREADABLE), TEN)


def test_a_pull_without_any_contracts_lost_them_all() -> None:
    with pytest.raises(RejectedError, match="10 of 10"):
        refuse_loss(source(complete=True), Reading(nouns={}), TEN)


def test_a_source_that_lists_only_news_cannot_lose_anything() -> None:
    refuse_loss(source(complete=False, vanish_limit_percent=0), left(0), TEN)


def test_the_first_pull_cannot_lose_anything() -> None:
    refuse_loss(source(complete=True, vanish_limit_percent=0), left(0), set())
