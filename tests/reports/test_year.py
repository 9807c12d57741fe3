"""The year, the month and rights about to lapse, against counts from the raw rows of the made district."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from monitor.reports.asked import Narrowed
from monitor.reports.document import Cell, Row, Table
from tests.district import law
from tests.reports.district import Askable

SPANS = {
    "this_year": (date(2026, 1, 1), date(2026, 10, 31)), "same_span": (date(2025, 1, 1), date(2025, 10, 31)),
    "last_year": (date(2025, 1, 1), date(2025, 12, 31)),
}  # fmt: skip


def line(table: Table, name: str, text: str) -> Row:
    return next(row for row in table.rows if str(row[name]).startswith(text))


def counted(days: list[date | None]) -> dict[str, int]:
    return {
        span: sum(day is not None and first <= day <= last for day in days) for span, (first, last) in SPANS.items()
    }


@pytest.mark.parametrize(
    ("what", "noun", "field"),
    [
        ("contracts signed", "contract", "signed_on"), ("legality reviews", "review", "finished_on"),
        ("filings", "filing", "filed_on"), ("publications", "publication", "published_on"),
    ],
)  # fmt: skip
def test_what_was_done_is_counted_by_its_own_day(month: Askable, what: str, noun: str, field: str) -> None:
    row = line(month.answer("year").table("done"), "what", what)
    wanted = counted([law.seen(one, field, month.day) for one in month.rows[noun]])
    assert {span: row[span] for span in SPANS} == wanted
    assert wanted["last_year"] > wanted["same_span"] > 0


def test_what_nobody_recorded_is_not_known_and_no_zero(month: Askable) -> None:
    """No scan is on record: of warnings and assessments nobody knows anything. No register tells of (b)."""
    answer = month.answer("year")
    for what in ("warnings raised", "risk assessments", "scans", "judgements"):
        row = line(answer.table("done"), "what", what)
        assert [row[span] for span in SPANS] == [None] * 3
    assert "warnings not known" in answer.summary
    row = line(answer.table("breaches"), "what", "(b)")
    assert [row[span] for span in SPANS] == [None] * 3


def test_breaches_of_faith_follow_the_definition(month: Askable) -> None:
    """政务失信 (a), (c), (d) of domain-model.md §5, each once a contract, else a unit, in a span."""
    found: dict[str, list[tuple[str, date | None]]] = {"(a)": [], "(c)": [], "(d)": []}
    for row in month.rows["complaint"]:
        day, whose = law.seen(row, "verified_on", month.day), str(row.get("contract_id") or row.get("unit_id"))
        if day and row.get("is_founded") is True:
            if row["kind"] == "sme_arrears":
                found["(c)"].append((whose, day))
            elif law.seen(row, "rectified_on", month.day) is None:
                found["(a)"].append((whose, day))
    for row in month.rows["disclosure"]:
        found["(c)"] += [
            (f"{row['unit_id']} {n}", law.day(row, "disclosed_on")) for n in range(int(str(row["contracts"])))
        ]
    for row in month.rows["obligation"]:
        if row.get("kind") == "judgment" and row.get("side") == "government" and row.get("conditions_met") is not False:
            day = (
                law.seen(row, "decision_on", month.day)
                or law.seen(row, "start_on", month.day)
                or law.day(row, "due_on")
            )
            found["(d)"].append((str(row["contract_id"]), day))
    table = month.answer("year").table("breaches")
    for letter, cases in found.items():
        wanted = {
            span: len({whose for whose, day in cases if day and first <= day <= last})
            for span, (first, last) in SPANS.items()
        }
        told = line(table, "what", letter)
        assert {span: told[span] for span in SPANS} == wanted
    assert sum(len(cases) for cases in found.values()) > 3
    open_ended = [row for row in month.rows["complaint"] if row.get("is_founded") is None]
    notes = month.answer("year").sections[-1].notes
    assert any(f"Of {len(open_ended)} complaints" in note for note in notes), "not verified is not unfounded"


def test_the_open_reds_stand_beside_the_zero(month: Askable) -> None:
    figures = {one.key: one.value for section in month.answer("year").sections for one in section.figures}
    assert figures["reds"] == sum(finding.outcome == "red" for finding in month.asked.judgement.fired())
    assert figures["open_reds"] == 0


def test_contracts_in_hand_are_counted_by_kind_and_summed_by_currency(month: Askable) -> None:
    counts: Counter[str] = Counter()
    total = 0
    for row in month.rows["contract"]:
        over = law.stands(row, month.day) in ("completed", "terminated", "cancelled", "archived")
        if law.seen(row, "signed_on", month.day) and not over:
            counts[str(row["kind"])] += 1
            total += int(str(row.get("amount_minor") or 0))
    table = month.answer("monthly").table("running")
    listed: Counter[Cell] = Counter()
    for told in table.rows:
        listed[told["contract_kind"]] += int(str(told["contracts"]))
    assert sorted(listed.values()) == sorted(counts.values())
    assert table.total is not None
    assert table.total["contracts"] == counts.total()
    assert table.total["amount"] == Decimal(total).scaleb(-2)


def test_promises_due_in_the_month_and_those_ahead(month: Askable) -> None:
    first, answer = month.day.replace(day=1), month.answer("monthly")
    own = [
        row for row in month.rows["obligation"]
        if row.get("side") == "government" and (due := law.day(row, "due_on")) and first <= due < month.day
    ]  # fmt: skip
    days = [(law.seen(row, "done_on", month.day), law.day(row, "due_on")) for row in own]
    in_time = sum(done is not None and due is not None and done <= due for done, due in days)
    assert line(answer.table("due"), "side", "Government")["in_time"] == in_time
    ahead = [
        row for row in month.rows["obligation"]
        if (due := law.day(row, "due_on")) and month.day <= due <= month.day + timedelta(days=31)
        and law.is_done(row, month.day) is not True and row.get("conditions_met") is not False
    ]  # fmt: skip
    assert Counter(row["due"] for row in answer.table("ahead").rows) == Counter(law.day(row, "due_on") for row in ahead)


def test_the_month_has_the_sums_of_the_report_on_payments(month: Askable) -> None:
    payments, monthly = month.answer("payments"), month.answer("monthly").table("payments").rows[0]
    figures = {one.key: one.value for section in payments.sections for one in section.figures}
    assert (monthly["overdue"], monthly["interest"]) == (figures["overdue"], figures["interest"])
    first, paid = month.day.replace(day=1), 0
    for row in month.rows["payment"]:
        on = law.seen(row, "paid_on", month.day)
        if row.get("side", "government") == "government" and on is not None and on >= first:
            paid += int(str(row.get("paid_minor") or 0))
    assert monthly["paid"] == Decimal(paid).scaleb(-2)


def test_rights_are_those_that_the_rules_warn_of(month: Askable) -> None:
    warned = [
        one
        for one in month.asked.judgement.fired()
        if one.rule in ("CN-PERF-09", "CN-PERF-10", "CN-PERF-11", "CN-GUA-07")
    ]
    rows = month.answer("rights").table("lapsing").rows
    assert Counter((row["due"], row["number"]) for row in rows) == Counter(
        (one.due, one.contract_number) for one in warned
    )
    assert warned


def test_guarantees_that_end_while_the_other_side_has_something_to_do(month: Askable) -> None:
    wanted: Counter[tuple[Cell, Cell]] = Counter()
    for row in month.rows["guarantee"]:
        contract, end = month.world.contract(row), law.day(row, "end_on")
        if (
            row["kind"] == "bid"
            or end is None
            or end > month.day + timedelta(days=90)
            or law.seen(row, "returned_on", month.day)
        ):
            continue
        if law.open_duties(contract, "counterparty", month.world):
            wanted[str(contract["number"]), end] += 1
    rows = month.answer("rights").table("guarantees").rows
    assert Counter((row["number"], row["due"]) for row in rows) == wanted


def test_a_year_of_one_unit_says_that_scans_are_of_all(month: Askable) -> None:
    unit = str(month.rows["unit"][0]["name"])
    row = line(month.answer("year", wanted=Narrowed(unit=unit)).table("done"), "what", "scans")
    assert row["this_year"] is None
