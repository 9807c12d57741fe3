"""What is owed and not paid, against a second reckoning from the raw rows of the made district."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

import pytest

from monitor.domain.errors import UsageError
from monitor.reports.asked import Narrowed
from tests.district import law
from tests.district.terms import REGULATION, in_force, is_public, is_small, last_day, prime_rate
from tests.reports.district import Askable


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A sum that the government owes, reckoned from the ledger alone; amounts in minor units."""

    row: law.Row
    contract: law.Row
    unpaid: int | None
    due: date | None
    interest: int | None


@pytest.fixture(scope="module")
def sums(month: Askable) -> list[Sum]:
    """Every one that is not known to be paid."""
    world, found = month.world, []
    for row in month.rows["payment"]:
        contract, rest = world.contract(row), law.unpaid(row, month.day)
        if row.get("side", "government") == "government" and (rest is None or rest > 0):
            found.append(reckoned(row, contract, month, rest))
    return found


def reckoned(row: law.Row, contract: law.Row, month: Askable, rest: int | None) -> Sum:
    world, signed = month.world, law.seen(contract, "signed_on", month.day)
    protected = is_public(contract, world) and bool(is_small(contract, world)) and bool(in_force(signed, REGULATION))
    bears = protected and row.get("hold_reason") is None and rest is not None
    base, term = law.base_day(row, contract, month.day), law.whole(contract, "pay_term_days")
    due = law.day(row, "due_on") or (law.roll(law.plus(base, term)) if base and term is not None else None)
    if bears:
        due = last_day(row, contract, world, protected=True)
    interest = None
    if bears and due and rest and signed:
        late, agreed = max(law.between(due, month.day), 0), law.whole(contract, "late_rate_ppm")
        floor = prime_rate(signed)
        if agreed is None:
            interest = (rest * 500 * late + 500_000) // 1_000_000
        elif floor is not None:
            interest = (rest * max(agreed, floor) * late // 365 + 500_000) // 1_000_000
    return Sum(row=row, contract=contract, unpaid=rest, due=due, interest=interest)


def late(sums: list[Sum], day: date) -> list[Sum]:
    return [one for one in sums if one.unpaid is not None and one.due is not None and one.due < day]


def major(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def test_every_overdue_sum_is_listed_with_its_day_and_rest(month: Askable, sums: list[Sum]) -> None:
    listed = month.answer("payments").table("overdue").rows
    found = Counter((row["number"], row["due"], row["unpaid"]) for row in listed)
    wanted = Counter((one.contract["number"], one.due, major(one.unpaid or 0)) for one in late(sums, month.day))
    assert len(wanted) > 5
    assert found == wanted


def test_the_key_figures_are_the_kpi_of_the_domain_model(month: Askable, sums: list[Sum]) -> None:
    """拖欠金额, 逾期天数中位数, 应计利息."""
    figures = {one.key: one.value for section in month.answer("payments").sections for one in section.figures}
    overdue = late(sums, month.day)
    assert figures["overdue"] == major(sum(one.unpaid or 0 for one in overdue))
    assert figures["median_days"] == Decimal(str(median((month.day - one.due).days for one in overdue if one.due)))
    assert figures["interest"] == major(sum(one.interest or 0 for one in overdue))
    assert figures["late"] == len(overdue)


def test_the_buckets_of_each_unit_add_up(month: Askable, sums: list[Sum]) -> None:
    bounds = {"d30": (1, 30), "d60": (31, 60), "d90": (61, 90), "over90": (91, 100_000)}
    units: dict[str, dict[str, int]] = {}
    for one in late(sums, month.day):
        assert one.due is not None
        days = (month.day - one.due).days
        mine = units.setdefault(str(month.world.unit(one.contract)["name"]), dict.fromkeys(bounds, 0))
        mine[next(name for name, (first, last) in bounds.items() if first <= days <= last)] += one.unpaid or 0
    table = month.answer("payments").table("ageing")
    for row in table.rows:
        wanted = units.get(str(row["unit"]), dict.fromkeys(bounds, 0))
        assert {name: row[name] for name in bounds} == {name: major(minor) for name, minor in wanted.items()}
    assert table.total is not None
    assert table.total["overdue"] == major(sum(sum(mine.values()) for mine in units.values()))


def test_what_is_not_known_stands_apart_and_is_no_zero(month: Askable, sums: list[Sum]) -> None:
    blind = [one for one in sums if one.unpaid is None or one.due is None]
    assert blind
    answer = month.answer("payments")
    assert Counter(row["number"] for row in answer.table("not_known").rows) == Counter(
        one.contract["number"] for one in blind
    )
    total = answer.table("ageing").total
    assert total is not None
    assert total["no_sum"] == sum(one.unpaid is None for one in blind)
    assert total["no_day"] == major(sum(one.unpaid or 0 for one in blind if one.due is None))


def test_the_yearly_disclosure_counts_what_was_due_by_the_end_of_last_year(month: Askable, sums: list[Sum]) -> None:
    due = [
        one for one in late(sums, month.day)
        if one.due and one.due.year < month.day.year and is_public(one.contract, month.world)
        and month.world.party(one.contract).get("size_at_signing") in ("medium", "small", "micro")
    ]  # fmt: skip
    total = month.answer("payments").table("disclosure").total
    assert total is not None
    assert total["contracts"] == len({one.contract["id"] for one in due})
    assert total["overdue"] == major(sum(one.unpaid or 0 for one in due))


def test_a_report_of_one_unit_has_that_units_sums_alone(month: Askable, sums: list[Sum]) -> None:
    unit = str(month.world.unit(late(sums, month.day)[0].contract)["name"])
    narrowed = month.answer("payments", wanted=Narrowed(unit=unit))
    assert {row["unit"] for row in narrowed.table("overdue").rows} == {unit}
    assert narrowed.filters == (("Unit has", unit),)
    with pytest.raises(UsageError, match="there is no contract with --unit"):
        month.answer("payments", wanted=Narrowed(unit="nowhere"))
