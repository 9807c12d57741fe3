"""The engine: working days in SQL as in Python, money to the last digit, and a hash that means "the same world"."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest

from monitor.domain.money import Money, known_currencies, minor_digits
from monitor.domain.portfolio import Layered, Rows, nothing, schema
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import subjects

TODAY = date(2026, 3, 2)
COUNTRIES = ("CN", "US")

Calendars = dict[str, WorkCalendar]
Row = dict[str, Any]


def world(**rows: list[Row]) -> dict[str, pa.Table]:
    """A portfolio of these rows; every field that a row does not give is unknown."""
    return nothing() | {name: pa.Table.from_pylist(some, schema=schema(name)) for name, some in rows.items()}


@pytest.fixture(scope="module")
def engine(calendars: Calendars) -> Iterator[Engine]:
    with Engine(nothing(), calendars, as_of=TODAY) as made:
        yield made


def said(engine: Engine, expression: str, *values: object) -> Any:
    """What one expression over `?` gives."""
    return engine.rows(f"select {expression} as said", list(values))[0]["said"]


# --- working days ---


def days(calendar: WorkCalendar, count: int) -> list[date | None]:
    """Random days of the calendar, the days around both ends of it, days far outside, and no day at all."""
    chance = random.Random(20260302)
    length = (calendar.last - calendar.first).days
    around = [edge + timedelta(days=n) for edge in (calendar.first, calendar.last) for n in range(-12, 13)]
    inside = [calendar.first + timedelta(days=chance.randint(0, length)) for _ in range(count)]
    return [*inside, *around, date(1900, 1, 1), date(2199, 12, 31), None]


def by_the_calendar(method: Callable[..., Any], *values: Any) -> Any:
    """What the method says; None where a value is missing or the answer lies outside the calendar."""
    try:
        return None if None in values else method(*values)
    except ValueError:
        return None


@pytest.mark.parametrize("country", COUNTRIES)
def test_rules_count_working_days_as_the_calendar_does(engine: Engine, calendars: Calendars, country: str) -> None:
    calendar = calendars[country]
    starts = days(calendar, 2000)
    ends = random.Random(7).sample(starts, len(starts))
    counts = [
        random.Random(n).choice([None, 0, 1, -1, 2, -2, n % 40, -(n % 40), 300, -300]) for n in range(len(starts))
    ]
    rows = list(zip(starts, ends, counts, strict=True))
    engine.db.register("asked", pa.table({
        "a": pa.array(starts, pa.date32()), "b": pa.array(ends, pa.date32()), "n": pa.array(counts, pa.int32()),
        "k": pa.array(range(len(rows)), pa.int32()),
    }))  # fmt: skip
    answers = engine.db.execute(
        f"select working_days_{country}(a, b), add_working_days_{country}(a, n), "
        f"roll_{country}(a), ordinal_{country}(a), provisional_{country}(a) from asked order by k"
    ).fetchall()
    engine.db.unregister("asked")
    for (a, b, n), answer in zip(rows, answers, strict=True):
        assert answer == (
            by_the_calendar(calendar.working_days_between, a, b),
            by_the_calendar(calendar.add_working_days, a, n),
            by_the_calendar(calendar.roll, a),
            by_the_calendar(calendar.ordinal_of, a),
            by_the_calendar(calendar.provisional, a),
        ), (a, b, n)
    reached = [answer for answer in answers if answer[1] is not None]
    assert len(reached) > 1500, "most questions have an answer, or the comparison is blind"


def test_two_countries_do_not_share_their_holidays(engine: Engine) -> None:
    national_day = date(2026, 10, 1)
    assert said(engine, "roll_CN(?::date)", national_day) == date(2026, 10, 8)
    assert said(engine, "roll_US(?::date)", national_day) == national_day


# --- money and the day ---


def scale(currency: str) -> str:
    """The size of a currency's minor unit, as the engine looks it up."""
    return f"(select scale from scale_of where code = '{currency}')"


@pytest.mark.parametrize("currency", ["JPY", "CNY", "KWD"])
def test_money_is_exact_to_the_last_of_nineteen_digits(engine: Engine, currency: str) -> None:
    for minor in (0, 1, -1, 12_345, 2**63 - 1, -(2**63)):
        found = said(engine, f"money(?::bigint, {scale(currency)})", minor)
        assert isinstance(found, Decimal)
        assert found == Money(minor, currency).major


def test_every_known_currency_has_its_own_scale(engine: Engine) -> None:
    scales = {row["code"]: row["scale"] for row in engine.rows("select * from scale_of")}
    assert scales == {code: Decimal(1).scaleb(-minor_digits(code)) for code in known_currencies()}


def test_ten_of_the_largest_sums_add_up_exactly(engine: Engine) -> None:
    found = said(engine, f"(select sum(money(?::bigint, {scale('CNY')})) from range(10))", 2**63 - 1)
    assert found == 10 * Money(2**63 - 1, "CNY").major


def test_money_that_is_not_known_stays_so(engine: Engine) -> None:
    assert said(engine, f"money(null, {scale('CNY')})") is None


def test_each_row_has_the_scale_of_its_own_currency_and_an_unknown_code_two_digits() -> None:
    sums = {"JPY": Decimal(123456), "CNY": Decimal("1234.56"), "KWD": Decimal("123.456"), "XYZ": Decimal("1234.56")}
    rows: list[Row] = [
        {"id": code, "contract_id": "A", "currency": code, "amount_minor": 123_456, "source": "ledger"} for code in sums
    ]
    with Engine(world(payment=rows), {}, as_of=TODAY) as engine:
        assert {row["id"]: row["amount"] for row in engine.rows("select id, amount from fact_payment")} == sums


@pytest.mark.parametrize(("day", "seen"), [(TODAY, True), (TODAY - timedelta(1), True), (TODAY + timedelta(1), False)])
def test_nothing_is_seen_of_the_days_to_come(engine: Engine, day: date, seen: bool) -> None:
    assert said(engine, "past(?::date)", day) == (day if seen else None)
    assert said(engine, f"paid_by_then(500::bigint, ?::date, {scale('CNY')})", day) == (5 if seen else 0)


def test_a_payment_without_a_day_counts_and_one_without_a_sum_is_not_known(engine: Engine) -> None:
    assert said(engine, f"paid_by_then(500::bigint, null, {scale('JPY')})") == 500
    assert said(engine, f"paid_by_then(null, ?::date, {scale('JPY')})", TODAY + timedelta(1)) is None


# --- the engine itself ---


WORLD: dict[str, list[Row]] = {
    "unit": [{"id": "u", "name": "Works", "source": "ledger"}],
    "party": [{"id": "p", "name": "Builders", "source": "ledger"}],
    "contract": [
        {"id": "A", "title": "Road", "unit_id": "u", "party_id": "p", "currency": "CNY", "amount_minor": 100, "source": "ledger"},
        {"id": "B", "title": "School", "source": "ledger"},
    ],
    "obligation": [{"id": "A/1", "contract_id": "A", "title": "Deck", "due_on": TODAY, "source": "ledger"}],
    "payment": [{"id": "A/2", "contract_id": "A", "currency": "CNY", "amount_minor": 50, "source": "ledger"}],
    "amendment": [{"id": "A/3", "contract_id": "A", "kind": "change", "source": "ledger"}],
    "guarantee": [{"id": "A/4", "contract_id": "A", "kind": "wage", "source": "ledger"}],
    "complaint": [{"id": "A/5", "unit_id": "u", "source": "ledger"}],
}  # fmt: skip


def hashed(rows: dict[str, list[Row]] | None = None, *, as_of: date = TODAY) -> str:
    """The hash of the world with some of its rows replaced."""
    with Engine(world(**WORLD | (rows or {})), {}, as_of=as_of) as engine:
        return engine.facts_hash()


def test_the_same_world_has_the_same_hash_in_any_order_of_rows() -> None:
    assert hashed() == hashed() == hashed({"contract": WORLD["contract"][::-1]})


def test_any_fact_that_changes_changes_the_hash() -> None:
    changes: list[tuple[str, Row]] = [
        ("unit", {"leader": "Li"}), ("party", {"status": "renamed"}), ("contract", {"title": "Rood"}),
        ("contract", {"is_secret": False}), ("obligation", {"done_on": TODAY}), ("payment", {"title": ""}),
        ("payment", {"amount_minor": 2**63 - 1}), ("payment", {"amount_minor": 2**63 - 2}),
        ("amendment", {"is_agreed": True}), ("guarantee", {"name": "deposit"}), ("complaint", {"channel": "12345"}),
    ]  # fmt: skip
    found = [hashed({noun: [WORLD[noun][0] | change, *WORLD[noun][1:]]}) for noun, change in changes]
    assert len({hashed(), *found}) == len(changes) + 1


def test_a_row_more_or_twice_and_another_day_change_the_hash() -> None:
    other = (
        hashed({"payment": WORLD["payment"] * 2}),
        hashed({"contract": WORLD["contract"][:1]}),
        hashed(as_of=TODAY + timedelta(1)),
    )
    assert len({hashed(), *other}) == 4


def test_a_subject_sees_the_facts_of_what_it_belongs_to() -> None:
    with Engine(world(**WORLD), {}, as_of=TODAY) as engine:
        names = '"payment.id", "contract.title", "unit.name", "party.name"'
        found = [tuple(row.values()) for row in engine.rows(f"select {names} from base_payment")]
        assert found == [("A/2", "Road", "Works", "Builders")]
        assert engine.rows('select count(*) as n from base_contract where "unit.id" is null') == [{"n": 1}]
        for subject in subjects():
            assert len(engine.rows(f"select * from base_{subject}")) == len(WORLD[subject])
        assert engine.rows('select "unit.name", "contract.title" from base_complaint') == [
            {"unit.name": "Works", "contract.title": None}
        ], "a complaint has its unit itself, and need not name a contract"


def test_the_facts_are_a_sandbox(engine: Engine) -> None:
    for sql in ("select * from read_text('pyproject.toml')", "copy fact_unit to 'stolen.csv'", "attach 'other.db'"):
        with pytest.raises(duckdb.Error, match=r"[Pp]ermission|disabled"):
            engine.rows(sql)


def test_facts_from_files_open_those_files_and_nothing_beside_them(tmp_path: Path) -> None:
    contracts = pa.Table.from_pylist(WORLD["contract"], schema=schema("contract"))
    told, beside = tmp_path / "it's told.parquet", tmp_path / "beside.parquet"
    for path in (told, beside):
        pyarrow.parquet.write_table(contracts, path)
    renamed = pa.Table.from_pylist([WORLD["contract"][1] | {"title": "College"}], schema=schema("contract"))
    layers: dict[str, Rows] = {**world(**WORLD), "contract": Layered(files=(told,), newer=renamed)}
    with Engine(layers, {}, as_of=TODAY) as engine:
        found = {row["id"]: row["title"] for row in engine.rows("select id, title from fact_contract")}
        assert found == {"A": "Road", "B": "College"}, "a newer row lies over the file's"
        for sql in (f"from read_parquet('{beside}')", f"copy fact_unit to '{beside}'", "from glob('*')"):
            with pytest.raises(duckdb.Error, match=r"[Pp]ermission|disabled"):
                engine.rows(sql)
