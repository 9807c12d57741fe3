"""Rows of contracts, promises and payments, made a column at a time: of the rows of a large file nearly all are such.

First the leaves are gathered, some processes at a time (`*_leaves`), so that few objects are in memory and all of
them are near; then each column is made by one step over the whole of it (`contracts`, `obligations`, `payments`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.nouns import NOUNS
from monitor.sources.border import columns
from monitor.sources.ocds_shape import Award, Contract, Milestone, Period, Tender, Transaction, Value, civil, leaf

CONTRACT_STATUS = {
    # The codelist does not tell completion from early end; a publisher who knows better says it in x_status.
    "terminated": "completed",
}
Leaves = dict[str, pa.Array]

NO_VALUE, NO_PERIOD = Value(), Period()
NOTHING = pa.scalar(None, pa.string())


def contract_leaves(found: Sequence[Contract], awards: Sequence[Award], tenders: Sequence[Tender]) -> Leaves:
    """What contracts, their awards and their tenders say."""
    values = [one.value or NO_VALUE for one in found]
    originals = [one.x_amount_original or NO_VALUE for one in found]
    periods = [one.period or NO_PERIOD for one in found]
    return _leaves(
        id=[one.id for one in found],
        title=[one.title for one in found],
        description=[one.description for one in found],
        tender_title=[one.title for one in tenders],
        award_title=[one.title for one in awards],
        award_date=[one.date for one in awards],
        amount=[one.amount for one in values],
        currency=[one.currency for one in values],
        original=[one.amount for one in originals],
        original_currency=[one.currency for one in originals],
        signed=[one.date_signed for one in found],
        start=[one.start_date for one in periods],
        end=[one.end_date for one in periods],
        status=[one.status for one in found],
        x_status=[one.x_status for one in found],
    )


def contracts(leaves: Leaves) -> dict[str, pa.Array]:
    """The cells of contracts; `key`, `unit`, `leader` and `updated` are known from elsewhere."""
    amount, currency = _text(leaves["amount"]), _text(leaves["currency"])
    original, foreign = _text(leaves["original"]), _text(leaves["original_currency"])
    number, status = _text(leaves["id"]), _text(leaves["status"])
    for published, ours in CONTRACT_STATUS.items():
        status = pc.if_else(pc.equal(status, published), ours, status)
    titles = [_text(leaves[name]) for name in ("title", "tender_title", "award_title", "description")]
    mixed = pc.fill_null(pc.not_equal(currency, foreign), False)
    return {
        "id": leaves["key"],
        "number": number,
        "title": pc.coalesce(*titles, number),
        "unit_id": leaves["unit"],
        "party_id": leaves["leader"],
        # Without an amount in force, the currency is that of the amount when it was signed.
        "currency": pc.if_else(pc.is_valid(amount), currency, pc.coalesce(currency, foreign)),
        "amount": amount,
        # With its currency written to it if that is not the row's, so that the border refuses it.
        "amount_original": pc.if_else(mixed, pc.binary_join_element_wise(original, foreign, " "), original),
        "award_notice_on": _days(leaves["award_date"]),
        "signed_on": _days(leaves["signed"]),
        "start_on": _days(leaves["start"]),
        "end_on": _days(leaves["end"]),
        "status": pc.coalesce(_text(leaves["x_status"]), status),
        "updated_on": leaves["updated"],
    }


def milestone_leaves(found: Sequence[Milestone]) -> Leaves:
    """What milestones say."""
    values = [one.value or NO_VALUE for one in found]
    return _leaves(
        id=[one.id for one in found],
        title=[one.title for one in found],
        description=[one.description for one in found],
        type=[one.type for one in found],
        due=[one.due_date for one in found],
        met=[one.date_met for one in found],
        modified=[one.date_modified for one in found],
        status=[one.status for one in found],
        # Merging loses the difference between an empty list and none, so neither is "no evidence".
        documents=[str(len(one.documents)) if one.documents else None for one in found],
        amount=[one.amount for one in values],
        currency=[one.currency for one in values],
        x_status=[one.x_status for one in found],
        x_party=[one.x_responsible_party for one in found],
    )


def obligations(leaves: Leaves, contract: pa.Array) -> dict[str, pa.Array]:
    """The cells of promises; `planned` in the contract's own block and not in its implementation.

    Of the types of OCDS only `payment` tells who owes: the government.
    """
    number, kind = _text(leaves["id"]), _text(leaves["type"])
    block = pc.if_else(leaves["planned"], _within(contract, "contract"), contract)
    return {
        "id": _within(block, number),
        "contract_id": contract,
        "side": pc.coalesce(_text(leaves["x_party"]), pc.if_else(pc.equal(kind, "payment"), "government", NOTHING)),
        "kind": kind,
        "title": pc.coalesce(_text(leaves["title"]), _text(leaves["description"]), kind, number),
        "currency": _text(leaves["currency"]),
        "amount": _text(leaves["amount"]),
        "due_on": _days(leaves["due"]),
        "done_on": _days(leaves["met"]),
        "status": pc.coalesce(_text(leaves["x_status"]), _text(leaves["status"])),
        "marked_on": _days(leaves["modified"]),
        "evidence_count": leaves["documents"],
    }


def transaction_leaves(found: Sequence[Transaction]) -> Leaves:
    """What transactions say; `old_` in the words of OCDS 1.0."""
    values, old = [one.value or NO_VALUE for one in found], [one.amount or NO_VALUE for one in found]
    return _leaves(
        id=[one.id for one in found],
        title=[one.title for one in found],
        description=[one.description for one in found],
        date=[one.date for one in found],
        amount=[one.amount for one in values],
        currency=[one.currency for one in values],
        old_amount=[one.amount for one in old],
        old_currency=[one.currency for one in old],
    )


def payments(leaves: Leaves, contract: pa.Array) -> dict[str, pa.Array]:
    """Money that was paid; the sum owed stays empty. A `payment` milestone is a promise, not a payment."""
    paid = _text(leaves["amount"])
    return {
        "id": _within(contract, _text(leaves["id"])),
        "contract_id": contract,
        "side": leaves["side"],
        "title": pc.coalesce(_text(leaves["title"]), _text(leaves["description"])),
        "currency": pc.if_else(pc.is_valid(paid), _text(leaves["currency"]), _text(leaves["old_currency"])),
        "paid": pc.coalesce(paid, _text(leaves["old_amount"])),
        "paid_on": _days(leaves["date"]),
    }


def table(noun: str, cells: Mapping[str, pa.Array], rows: pa.Array) -> pa.Table:
    """All columns of the noun as text, those that OCDS does not know empty, and `rows` as `source_row`."""
    empty = pa.nulls(len(rows), pa.string())
    return pa.table(
        {column.outside: cells.get(column.outside, empty) for column in columns(NOUNS[noun])} | {"source_row": rows}
    )


def _leaves(**cells: list[object]) -> Leaves:
    return {name: _column(values) for name, values in cells.items()}


def joined(parts: Sequence[Leaves]) -> Leaves:
    """All that was gathered, one array a column."""
    return {name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0]}


def _column(values: list[object]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except pa.ArrowTypeError:  # not only text
        return pa.array([leaf(value) for value in values], pa.string())


def _text(column: pa.Array) -> pa.Array:
    """A column of leaves, each as `leaf` reads it."""
    if column.null_count == len(column):
        return column
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), NOTHING, trimmed)


def _days(column: pa.Array) -> pa.Array:
    """A column of leaves, each as `civil` reads it: asked once for each different one."""
    coded = _text(column).dictionary_encode()
    return pa.array([civil(text) for text in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _within(key: pa.Array, part: pa.Array | str) -> pa.Array:
    """The key of a part; none where the publisher gave no id."""
    return pc.binary_join_element_wise(key, part, "/")
