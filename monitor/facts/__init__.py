"""What is true of each thing on a day: one documented SELECT a subject, in `<subject>.sql`.

A fact is a column: a rule's word and a model's feature alike. Every column ends in `-- meaning`; a test holds the
comments against the columns. Facts see nothing that happened after the day, and never turn a missing value into one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

from monitor.domain.nouns import NOUNS

HERE = Path(__file__).parent

PARENTS: dict[str, dict[str, str]] = {
    "unit": {},
    "party": {},
    "contract": {"unit": "contract.unit_id", "party": "contract.party_id"},
    "obligation": {"contract": "obligation.contract_id", "unit": "contract.unit_id", "party": "contract.party_id"},
    "payment": {"contract": "payment.contract_id", "unit": "contract.unit_id", "party": "contract.party_id"},
}
"""Each subject and the things around it whose facts its rules may name, with the key that leads there."""

MACROS = """
create macro past(d) as case when d <= as_of() then d end;
create macro money(minor, iso) as minor::decimal(20, 0) * coalesce(
    (select case digits when 0 then 1 when 1 then 0.1 when 2 then 0.01 when 3 then 0.001 else 0.0001 end::decimal(5, 4)
     from currency where currency.code = iso), 0.01::decimal(5, 4));
create macro paid_by_then(minor, paid_on, iso) as case
    when minor is null then null
    when paid_on > as_of() then 0::decimal(20, 0) * 0.01::decimal(5, 4)
    else money(minor, iso) end;
"""
"""`past`: nothing after the day. `paid_by_then`: a sum whose (last) payment lies after the day counts as not yet paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One documented column. `name` is what a rule writes: `payment.due_on`."""

    name: str
    meaning: str


def subjects() -> list[str]:
    """Every subject, parents first."""
    return list(PARENTS)


@cache
def schema(table: str) -> pa.Schema:
    """Columns of a table that facts are made from: a noun's, `history`, or `alert`. What the store hands over must fit."""
    if table == "history":
        return pa.schema(
            [
                ("noun", pa.string()),
                ("id", pa.string()),
                ("recorded_on", pa.date32()),
                ("day", pa.date32()),
                ("seq", pa.int64()),
            ]
        )
    if table == "alert":
        names = ("contract_id", "rule", "level", "state")
        days = ("opened_on", "level_since", "cleared_on")
        return pa.schema([(name, pa.string()) for name in names] + [(name, pa.date32()) for name in days])
    own = [(name, _arrow(name, str(field.annotation))) for name, field in NOUNS[table].model_fields.items()]
    known = [("source", pa.string())] + [(name, pa.date32()) for name in ("first_known_on", "heard_on", "gone_on")]
    return pa.schema([*own, *known, ("source_row", pa.int32()), ("seq", pa.int64())])


def nothing() -> dict[str, pa.Table]:
    """A portfolio with no rows: what rules are checked against, and what a new office has."""
    return {table: schema(table).empty_table() for table in (*NOUNS, "history", "alert")}


def _arrow(name: str, annotation: str) -> pa.DataType:
    if "date" in annotation:
        return pa.date32()
    if "bool" in annotation:
        return pa.bool_()
    if "int" in annotation:
        return pa.int64() if name.endswith("_minor") else pa.int32()
    return pa.string()


@cache
def query(subject: str) -> str:
    """The SELECT of a subject."""
    return (HERE / f"{subject}.sql").read_text(encoding="utf-8")


@cache
def documented(subject: str) -> tuple[Fact, ...]:
    """The facts of a subject as its file documents them, in order.

    >>> [fact.name for fact in documented("unit")][:2]
    ['unit.id', 'unit.name']
    """
    found = re.findall(r"\bas (\w+),?  -- (.+)$", query(subject), re.MULTILINE)
    return tuple(Fact(name=f"{subject}.{name}", meaning=meaning) for name, meaning in found)
