"""The ledger workbook again (政府合同台账): all rows of the store on the sheets that offices know, read back by its source.

A row's key is its contract's number and its own, as the source makes it (`sources/ledger_rows.py`). A sheet has one line a
contract: of several reviews, or filings with one body, the first by its key stands there; what found no place is counted in
`Book.left`, never dropped in silence.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from monitor.domain.errors import UsageError
from monitor.engines.duckdb import Engine
from monitor.exports.held import Dossier, Row, dossiers, lonely
from monitor.exports.held import rows as held_rows
from monitor.sources.ledger_sheets import SHEETS
from monitor.sources.ledger_template import write_ledger

LINES = 400_000
"""Lines of all sheets: under two gigabytes while they are written, and a file that Excel still opens."""
CHILDREN = {"obligation": "履约节点", "payment": "收付款", "amendment": "变更", "guarantee": "担保"}
DISPUTES = ("judgment", "claim")
COLUMNS = {sheet.zh: frozenset(column.key for column in sheet.columns if column.noun) for sheet in SHEETS}


@dataclass(slots=True)
class Book:
    """Lines by sheet. `left` counts by noun what a ledger has no place for; `numbers` tells the number of each contract."""

    sheets: dict[str, list[Row]] = field(default_factory=lambda: {sheet.zh: [] for sheet in SHEETS})
    left: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)


def ledger(engine: Engine) -> Book:
    """Every listed contract and what belongs to it. Raises UsageError for more than people can work with in Excel."""
    book = Book()
    names = {row["id"]: row["name"] for row in held_rows(engine, "unit")}
    for dossier in dossiers(engine):
        _contract(book, dossier)
        for noun, sheet in CHILDREN.items():
            for row in dossier.parts.get(noun, ()):
                _child(book, noun, sheet, row)
        for row in dossier.parts.get("complaint", ()):
            _complaint(book, row, names)
        for noun, sheet in (("unit", "单位"), ("party", "相对人")):
            body = dossier.unit if noun == "unit" else dossier.party
            if body is not None and f"{noun} {body['id']}" not in book.taken:
                book.taken.add(f"{noun} {body['id']}")
                book.sheets[sheet].append(_said(body, noun))
        if sum(map(len, book.sheets.values())) > LINES:
            raise UsageError(
                f"the ledger would have more than {LINES:,} lines, and no Excel works with so many",
                hint="`lvyue export ocds` has no such limit",
            )
    alone = lonely(engine)
    for noun, sheet in (("unit", "单位"), ("party", "相对人")):
        book.sheets[sheet] += [_said(row, noun) for row in alone.get(noun, ())]
    for row in alone.get("complaint", ()):
        _complaint(book, row, names)
    for row in alone.get("disclosure", ()):
        book.sheets["逾期未付公开"].append(
            _said(row, "disclosure") | {"disclosure.unit_id": names.get(row.get("unit_id", ""))}
        )
    return book


def workbook(book: Book, *, lang: Literal["zh", "en"], title: str) -> bytes:
    """The lines as .xlsx: typed cells, nothing that becomes a formula."""
    usual = {sheet.zh for sheet in SHEETS if sheet.usual}
    return write_ledger(
        {name: rows for name, rows in book.sheets.items() if rows or name in usual}, lang=lang, title=title
    )


def _contract(book: Book, dossier: Dossier) -> None:
    row, parts = dossier.contract, dossier.parts
    number = row.get("number") or _tail(row["id"])
    if number in book.taken:  # another register has a contract of that number
        number = row["id"]
    book.taken.add(number)
    book.numbers[row["id"]] = number
    line = _said({name: cell for name, cell in row.items() if name not in ("unit_id", "party_id")}, "contract")
    line["contract.number"] = number
    if dossier.unit:
        line["unit.name"] = dossier.unit["name"]
    if dossier.party:
        line |= {f"party.{name}": dossier.party[name] for name in ("name", "uscc") if name in dossier.party}
    for noun, kind in (("review", ""), ("filing", "filed_with"), ("publication", "kind")):
        heads: set[str] = set()
        for part in parts.get(noun, ()):
            if noun == "publication" and part.get("kind") == "amendment":
                _amendment_notice(book, dossier, part)
                continue
            head = f"{noun}.{part.get(kind)}" if kind else noun
            cells = _fitting(part, head, "合同台账", aside=("id", "contract_id", kind))
            if head in heads or not cells:
                book.left[noun] += 1
                continue
            heads.add(head)
            line |= cells
    book.sheets["合同台账"].append({key: cell for key, cell in line.items() if key in COLUMNS["合同台账"]})


def _amendment_notice(book: Book, dossier: Dossier, notice: Row) -> None:
    """The notice of a change stands in the line of that change; it has the day from there."""
    for row in dossier.parts.get("amendment", ()):
        if (
            notice["id"] == f"{row['id']}/amendment"
            and notice.get("published_on") == row.get("published_on")
            and notice.get("url")
        ):
            row["notice"] = notice["url"]
            return
    book.left["publication"] += 1


def _child(book: Book, noun: str, sheet: str, row: Row) -> None:
    number = book.numbers[row["contract_id"]]
    line = {_key(noun, name): cell for name, cell in row.items() if name != "notice"}
    line |= {f"{noun}.contract_id": number, f"{noun}.id": _local(row["id"], row["contract_id"])}
    if "obligation_id" in row:
        line["payment.obligation_id"] = _local(row["obligation_id"], row["contract_id"])
    if "notice" in row:
        line["publication.amendment.url"] = row["notice"]
    if noun == "obligation" and row.get("kind") in DISPUTES and _is_dispute(row):
        sheet = "纠纷"
        del line["obligation.id"]
    book.sheets[sheet].append(line)


def _is_dispute(row: Row) -> bool:
    """Whether the sheet of disputes, which has few columns and no key, can say all of it."""
    known = {name for name in row if name not in ("id", "notice")}
    key = f"{row['contract_id']}/纠纷/{row.get('clause')}"
    return row["id"] == key and {f"obligation.{name}" for name in known} <= COLUMNS["纠纷"]


def _complaint(book: Book, row: Row, names: dict[str, str]) -> None:
    line = _said(row, "complaint")
    line |= {"complaint.id": _tail(row["id"]), "complaint.unit_id": names.get(row.get("unit_id", ""))}
    if "contract_id" in row:
        line["complaint.contract_id"] = book.numbers.get(row["contract_id"], _tail(row["contract_id"]))
    book.sheets["投诉"].append(line)


def _said(row: Row, noun: str) -> Row:
    return {_key(noun, name): cell for name, cell in row.items() if name != "id"}


@cache
def _key(noun: str, name: str) -> str:
    """The key of a cell: one text for all lines, of which there may be hundreds of thousands."""
    return f"{noun}.{name}"


def _fitting(row: Row, head: str, sheet: str, *, aside: tuple[str, ...]) -> Row:
    """The cells for which the sheet has a column."""
    cells = {f"{head}.{name}": cell for name, cell in row.items() if name not in aside}
    return {key: cell for key, cell in cells.items() if key in COLUMNS[sheet]}


def _local(key: str, contract: str) -> str:
    """The key of a part within its contract."""
    return key.removeprefix(f"{contract}/") if key.startswith(f"{contract}/") else _tail(key)


def _tail(key: str) -> str:
    """A key without the name of its source."""
    return key.partition(":")[2] or key
