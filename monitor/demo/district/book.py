"""The district's ledger as an Excel workbook (政府合同台账), in the forms that offices hand in: never twice quite the same.

What a cell says does not change with how it is written: a reader of all months sees only what the months changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from monitor.demo.district.made import DECLARED, District
from monitor.demo.district.things import Row, Value
from monitor.demo.district.world import NAME
from monitor.sources.ledger_sheets import SHEETS
from monitor.sources.ledger_template import write_ledger

CHILDREN = {"履约节点": "obligation", "收付款": "payment", "变更": "amendment", "担保": "guarantee"}
DISPUTES = "judgment"
"""Promises of this kind stand on the sheet of disputes."""
Sheets = dict[str, list[Row]]


def workbook(made: District, as_of: date, path: Path) -> None:
    """Write the ledger of a day. The months take turns: plain, days as text, sums of contracts in 万元.

    Each has a title, a line of totals and one slip of the pen, in the same cell: the day of an invoice that no calendar has.
    """
    rows = made.rows(as_of)
    names = {noun: {row["id"]: row for row in rows[noun]} for noun in ("unit", "party")}
    sheets: Sheets = {"合同台账": [_contract(row, names["unit"], names["party"]) for row in rows["contract"]]}
    _fill_in(sheets["合同台账"], rows)
    for sheet, noun in CHILDREN.items():
        sheets[sheet] = [_own(row, noun) for row in rows[noun] if row.get("kind") != DISPUTES]
    sheets["纠纷"] = [_dispute(row) for row in rows["obligation"] if row.get("kind") == DISPUTES]
    sheets["单位"] = [_said(row, "unit") for row in rows["unit"]]
    sheets["相对人"] = [_said(row, "party") for row in rows["party"]]
    sheets["投诉"] = [{**_said(row, "complaint"), "complaint.id": row["id"]} for row in rows["complaint"]]
    sheets["逾期未付公开"] = [_said(row, "disclosure") for row in rows["disclosure"]]
    for form in SHEETS:
        known = {name for column in form.columns for name in (column.key, column.zh)}
        sheets[form.zh] = [{key: value for key, value in row.items() if key in known} for row in sheets[form.zh]]
    FASHIONS[as_of.month % len(FASHIONS)](sheets)
    _slip(sheets["收付款"])
    sheets["收付款"].append({"payment.contract_id": "合计", "payment.amount_minor": _total(rows["payment"])})
    path.write_bytes(write_ledger(sheets, title=f"{NAME}政府合同台账 {as_of.isoformat()} {DECLARED}"))


def _said(row: Row, noun: str) -> Row:
    return {f"{noun}.{name}": value for name, value in row.items()}


def _own(row: Row, noun: str) -> Row:
    """A row that belongs to a contract, with its own number."""
    return {**_said(row, noun), f"{noun}.id": str(row["id"]).rpartition("/")[2]}


def _dispute(row: Row) -> Row:
    return {**_said(row, "obligation"), "受理机构": "云屏区人民法院（虚构）"}


def _contract(row: Row, units: dict[Value, Row], parties: dict[Value, Row]) -> Row:
    unit, party = units.get(row.get("unit_id"), {}), parties.get(row.get("party_id"), {})
    beside: Row = {"unit.name": unit.get("name"), "party.name": party.get("name"), "party.uscc": party.get("uscc")}
    return {**_said(row, "contract"), **beside, "备注": DECLARED}


def _fill_in(contracts: list[Row], rows: dict[str, list[Row]]) -> None:
    """What stands in the contract's own line: its review, filings and publications."""
    lines = {row["contract.number"]: row for row in contracts}
    for noun, part in (("review", ""), ("filing", "filed_with"), ("publication", "kind")):
        for row in rows[noun]:
            head = f"{noun}.{row[part]}" if part else noun
            lines[row["contract_id"]].update(_said(row, head))


def _total(payments: list[Row]) -> int:
    return sum(amount for row in payments if isinstance(amount := row.get("amount_minor"), int))


def _plain(_sheets: Sheets) -> None:
    """As the template has it."""


def _days_as_text(sheets: Sheets) -> None:
    """Days as people type them, 2026年3月2日 here and 2026.3.2 there."""
    for number, row in enumerate(sheets["收付款"] + sheets["履约节点"]):
        for name, value in _days(row):
            text = (
                f"{value.year}.{value.month}.{value.day}"
                if number % 3
                else f"{value.year}年{value.month}月{value.day}日"
            )
            row[name] = text


def _sums_in_wan(sheets: Sheets) -> None:
    """The sums of contracts as text in 万元."""
    for row in sheets["合同台账"]:
        amount = row.get("contract.amount_minor")
        if isinstance(amount, int):
            row["contract.amount_minor"] = f"{amount / 1_000_000:.6f}".rstrip("0").rstrip(".") + "万元"


def _days(row: Row) -> Iterator[tuple[str, date]]:
    for name, value in list(row.items()):
        if isinstance(value, date):
            yield name, value


def _slip(payments: list[Row]) -> None:
    """One day that no calendar has: the row is refused, and what was known of it before stays."""
    for row in payments:
        if "payment.invoice_on" in row:
            row["payment.invoice_on"] = "2026年13月5日"
            return


FASHIONS: tuple[Callable[[Sheets], None], ...] = (_sums_in_wan, _plain, _days_as_text)
"""October is plain, September has sums in 万元, August has days as text."""
