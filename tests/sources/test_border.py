"""The border: what is let in is exact, what is refused is told where and why, and nothing that was empty becomes zero."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.errors import RejectedError
from monitor.domain.money import minor_digits
from monitor.domain.nouns import NOUNS, choices
from monitor.domain.sandbox import sandbox
from monitor.sources.border import TEXT_LIMIT, Checked, check, columns

Row = Mapping[str, str | None]
CONTRACT: dict[str, str | None] = {"id": "A", "title": "Road"}
MILESTONE: dict[str, str | None] = {"id": "A/1", "contract_id": "A", "title": "Deck"}


def border(noun: str, rows: Sequence[Row], **types: pa.DataType) -> Checked:
    """Rows past the border of the source "ledger"; cells are text unless `types` says otherwise."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.table({
        name: pa.array([row.get(name) for row in rows], pa.string()).cast(types.get(name, pa.string())) for name in names
    })  # fmt: skip
    with sandbox() as db:
        db.register("given", table)
        db.execute(f"create table {noun} as select * from given")
        return check(db, noun, noun, source="ledger")


def told(found: Checked) -> list[tuple[int | None, str, str | None, str]]:
    return [(refusal.row, refusal.field, refusal.value, refusal.reason) for refusal in found.refusals]


# --- what is refused ---

REFUSED = [
    ("signed_on", "31.02.2026", "is not a date"),
    ("signed_on", "2026-02-30", "is not a date"),
    ("signed_on", "20260301", "is not a date"),
    ("signed_on", "infinity", "is not a date"),
    ("signed_on", "epoch", "is not a date"),
    ("signed_on", "1899-12-31", "is not a year between 1900 and 2199"),
    ("signed_on", "2200-01-01", "is not a year between 1900 and 2199"),
    ("signed_on", "2026-03-01T23:00:00Z", "has a time zone; the mapping must say which civil day it is"),
    ("signed_on", "2026-03-01 23:00+08:00", "has a time zone; the mapping must say which civil day it is"),
    ("late_rate_ppm", "high", "is not a whole number"),
    ("late_rate_ppm", "30.5", "is not a whole number"),
    ("late_rate_ppm", "99999999999", "is not a whole number"),
    ("is_secret", "perhaps", "is not yes or no"),
    ("progress_percent", "101", "is not between 0 and 100"),
    ("progress_percent", "-1", "is not between 0 and 100"),
    ("pay_term_days", "-1", "is not between 0 and 36500 days"),
    ("status", "finished", f"is none of {', '.join(choices(NOUNS['contract'], 'status'))}"),
    ("currency", "RMB", "is not an ISO 4217 currency"),
    ("currency", "cny", "is not an ISO 4217 currency"),
    ("amount", "two hundred", "is not an amount"),
    ("amount", "1,234.00", "is not an amount"),
    ("amount", "nan", "is not an amount"),
    ("amount", "1.005", "has more decimals than its currency"),
    ("amount", "1_000", "is not an amount"),
    ("amount", "92233720368547758.08", "is too large"),
    ("number", "a\x00b", "holds a NUL character"),
    ("number", "x" * (TEXT_LIMIT + 1), f"is longer than {TEXT_LIMIT} characters"),
    ("edition_on", "infinity", "is not a date"),
    ("edition_on", "epoch", "is not a date"),
    ("edition_on", "yesterday", "is not a date"),
]


@pytest.fixture(scope="module")
def refused() -> Checked:
    """A register of one good row before each bad one: read in one go, as registers are."""
    rows: list[Row] = []
    for number, (field, value, _) in enumerate(REFUSED):
        rows += [
            {"id": f"good {number}", "title": "School"},
            {"id": f"{number}", "title": "Road", "currency": "CNY", field: value},
        ]
    return border("contract", [{**CONTRACT, "edition_on": ""}, *rows])


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[f"{field} {value[:20]}" for field, value, _ in REFUSED])
def test_a_cell_that_cannot_be_read_keeps_its_row_out(refused: Checked, number: int) -> None:
    field, value, reason = REFUSED[number]
    row = 2 * number + 3
    assert [one for one in told(refused) if one[0] == row] == [(row, field, value[:200], reason)]


def test_no_other_row_is_kept_out_and_the_bad_ones_were_seen_all_the_same(refused: Checked) -> None:
    good = ["ledger:A", *(f"ledger:good {number}" for number in range(len(REFUSED)))]
    assert refused.good["id"].to_pylist() == good
    assert set(refused.seen["id"].to_pylist()) == {*good, *(f"ledger:{number}" for number in range(len(REFUSED)))}


def test_what_a_row_must_have_may_not_be_empty() -> None:
    """Nor may it be one of the blanks that people type."""
    blanks = [None, "", "  \t", "\u3000\xa0"]
    rows = [MILESTONE | {"id": f"{n}{name}", name: blank} for n, blank in enumerate(blanks) for name in MILESTONE]
    found = border("obligation", rows)
    assert found.good.num_rows == 0
    assert told(found) == [
        (number, name, None, "is empty; a obligation must have it")
        for number, name in enumerate(list(MILESTONE) * len(blanks), start=1)
    ]


def test_an_amount_needs_its_currency() -> None:
    found = border("contract", [CONTRACT | {"amount": "5", "currency": ""}])
    assert told(found) == [(1, "amount", "5", "has no currency beside it")]


def test_every_fault_of_a_row_is_told() -> None:
    row = CONTRACT | {"signed_on": "soon", "amount": "much", "currency": "CNY", "is_secret": "?"}
    assert [refusal[1] for refusal in told(border("contract", [row]))] == ["amount", "is_secret", "signed_on"]


def test_a_refusal_names_the_row_of_the_source_and_the_key_as_the_source_wrote_it() -> None:
    rows = [CONTRACT | {"source_row": "17"}, CONTRACT | {"source_row": "40", "title": "Motorway"}]
    reason = "stands in an earlier row with other content"
    assert told(border("contract", rows)) == [(40, "id", "A", reason)]


def test_the_first_of_two_different_rows_stands_and_an_equal_one_is_dropped_in_silence() -> None:
    rows = [CONTRACT, CONTRACT, CONTRACT | {"title": "Motorway"}, CONTRACT]
    found = border("contract", rows)
    assert [refusal[0] for refusal in told(found)] == [3]
    assert found.good.select(["id", "title", "source_row"]).to_pylist() == [
        {"id": "ledger:A", "title": "Road", "source_row": 1}
    ]


def test_the_same_key_may_stand_in_two_editions() -> None:
    rows = [CONTRACT | {"edition_on": "2026-01-01"}, CONTRACT | {"edition_on": "2026-02-01", "title": "Motorway"}]
    found = border("contract", rows)
    assert told(found) == []
    assert found.good["edition_on"].to_pylist() == [date(2026, 1, 1), date(2026, 2, 1)]


def test_a_column_nobody_knows_is_told_with_the_nearest_name_and_the_missing_ones_too() -> None:
    with pytest.raises(RejectedError) as refused:
        border("obligation", [{"id": "A/1", "contract_id": "A", "titel": "Deck", "amount_minor": "5", "zzz": "1"}])
    assert refused.value.message.splitlines() == [
        'obligation.titel: no such column; did you mean "title"?',
        'obligation.amount_minor: no such column; did you mean "amount"?',
        "obligation.zzz: no such column",
        "obligation.title: must be there",
    ]


# --- what is let in ---

LET_IN = [
    ({"amount": "0", "currency": "CNY"}, "amount_minor", 0),
    ({"amount": "-0.05", "currency": "CNY"}, "amount_minor", -5),
    ({"amount": "+5", "currency": "CNY"}, "amount_minor", 500),
    ({"amount": ".5", "currency": "CNY"}, "amount_minor", 50),
    ({"amount": " 1e3 ", "currency": "CNY"}, "amount_minor", 100_000),
    ({"amount": "1.2300", "currency": "CNY"}, "amount_minor", 123),
    ({"amount": "1234567", "currency": "JPY"}, "amount_minor", 1_234_567),
    ({"amount": "1.000", "currency": "JPY"}, "amount_minor", 1),
    ({"amount": "1.234", "currency": "KWD"}, "amount_minor", 1234),
    ({"amount": "92233720368547758.07", "currency": "CNY"}, "amount_minor", 2**63 - 1),
    ({"amount": "-92233720368547758.08", "currency": "CNY"}, "amount_minor", -(2**63)),
    ({"signed_on": "2026-03-01"}, "signed_on", date(2026, 3, 1)),
    ({"signed_on": " 2024-2-29 "}, "signed_on", date(2024, 2, 29)),
    ({"signed_on": "2026-03-01 23:59:59"}, "signed_on", date(2026, 3, 1)),
    ({"is_secret": "no"}, "is_secret", False),
    ({"is_secret": "TRUE"}, "is_secret", True),
    ({"pay_term_days": "30.0"}, "pay_term_days", 30),
    ({"progress_percent": "0"}, "progress_percent", 0),
    ({"status": "active"}, "status", "active"),
    ({"title": "\u3000道路 “A”; drop table contract; --\n"}, "title", "道路 “A”; drop table contract; --"),
    ({"number": "007"}, "number", "007"),
    ({"unit_id": ""}, "unit_id", None),
]


@pytest.fixture(scope="module")
def let_in() -> Checked:
    return border("contract", [{"id": str(n), "title": "Road"} | row for n, (row, _, _) in enumerate(LET_IN)])


@pytest.mark.parametrize("number", range(len(LET_IN)), ids=[str(list(row.values())) for row, _, _ in LET_IN])
def test_a_cell_is_read_as_it_says(let_in: Checked, number: int) -> None:
    _, field, value = LET_IN[number]
    assert told(let_in) == []
    assert let_in.good[field].to_pylist()[number] == value


@settings(derandomize=True, database=None, deadline=None, max_examples=4)
@given(
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["CNY", "JPY", "KWD"])), min_size=20, max_size=40
    )
)
def test_every_amount_that_the_store_can_hold_goes_through_unchanged(amounts: list[tuple[int, str]]) -> None:
    rows = [
        {"id": str(n), "title": "Road", "currency": code, "amount": f"{Decimal(minor).scaleb(-minor_digits(code)):f}"}
        for n, (minor, code) in enumerate(amounts)
    ]
    found = border("contract", rows)
    assert told(found) == []
    assert found.good["amount_minor"].to_pylist() == [minor for minor, _ in amounts]


def test_cells_that_come_with_a_type_are_read_as_their_text_would_be() -> None:
    row = MILESTONE | {
        "due_on": "2026-03-01",
        "amount": "12.5",
        "currency": "CNY",
        "evidence_count": "3",
        "is_key": "true",
    }
    types = {"due_on": pa.date32(), "amount": pa.float64(), "evidence_count": pa.int8(), "is_key": pa.bool_()}
    as_text, as_types = border("obligation", [row]), border("obligation", [row], **types)
    assert as_types.refusals == ()
    assert as_types.good.equals(as_text.good)
    assert as_types.good["amount_minor"].to_pylist() == [1250]


def test_keys_and_references_carry_the_name_of_the_source() -> None:
    row = {"id": "P1", "contract_id": "A", "obligation_id": "A/1", "currency": "CNY"}
    good = border("payment", [row]).good.to_pylist()[0]
    assert (good["id"], good["contract_id"], good["obligation_id"]) == ("ledger:P1", "ledger:A", "ledger:A/1")
    unnamed = border("contract", [CONTRACT | {"unit_id": "", "party_id": "Z"}]).good.to_pylist()[0]
    assert (unnamed["unit_id"], unnamed["party_id"]) == (None, "ledger:Z")


@pytest.mark.parametrize("noun", ["unit", "amendment", "publication"])
def test_a_noun_comes_out_with_its_own_columns_even_when_there_is_no_row(noun: str) -> None:
    required = {column.outside: "" for column in columns(NOUNS[noun]) if column.required}
    found = border(noun, [required])
    assert found.good.num_rows == 0
    assert found.good.column_names == [*NOUNS[noun].model_fields, "source_row", "edition_on", "content_hash"]


def test_the_hash_is_of_the_content_and_not_of_the_row() -> None:
    def hashes(*rows: Row) -> list[str]:
        found: list[str] = border("contract", rows).good["content_hash"].to_pylist()
        return found

    first = hashes({"id": "X", "title": "Z"}, CONTRACT)[1]
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert hashes(CONTRACT | {"source_row": "9", "number": " "}) == [first]
    assert hashes(CONTRACT | {"number": "0"}) != [first]


BLANKS = "\u3000\xa0 \t\r\n"
CELLS = st.one_of(
    st.none(),
    st.text(BLANKS, max_size=3),
    st.text("0123456789-+.eE,_ yn年", max_size=8),
    st.sampled_from(["0", "0.00", "no", "null", "NULL", "-", "n/a", "2026-03-01", "false"]),
)
OPTIONAL = [column for column in columns(NOUNS["obligation"]) if not column.required and column.outside != "currency"]


@settings(derandomize=True, database=None, deadline=None, max_examples=10)
@given(st.lists(st.fixed_dictionaries({column.outside: CELLS for column in OPTIONAL}), min_size=5, max_size=30))
def test_a_cell_is_empty_inside_exactly_when_it_was_blank_outside(cells: list[dict[str, str | None]]) -> None:
    """A row is let in or refused, whole; nothing that was empty is zero, and nothing that was said is lost."""
    rows = [MILESTONE | {"id": str(number), "currency": "CNY"} | row for number, row in enumerate(cells)]
    found = border("obligation", rows)
    good = {row["id"].removeprefix("ledger:"): row for row in found.good.to_pylist()}
    refused = {refusal.row for refusal in found.refusals}
    for number, row in enumerate(cells):
        assert (str(number) in good) != (number + 1 in refused)
        for column in OPTIONAL if str(number) in good else []:
            blank = not (row[column.outside] or "").strip(BLANKS)
            assert (good[str(number)][column.field] is None) == blank
    for refusal in found.refusals:
        assert refusal.row is not None
        assert refusal.value == (cells[refusal.row - 1][refusal.field] or "").strip(BLANKS) != ""
