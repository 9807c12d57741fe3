"""What is true of each thing on a day: one documented SELECT a subject, in `<subject>.sql`.

A fact is a column: a rule's word and a model's feature alike. Every column ends in `-- meaning`; a test holds the
comments against the columns. Facts see nothing that happened after the day, and never turn a missing value into one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent

PARENTS: dict[str, dict[str, str]] = {
    "unit": {},
    "party": {},
    "contract": {"unit": "contract.unit_id", "party": "contract.party_id"},
    "obligation": {"contract": "obligation.contract_id", "unit": "contract.unit_id", "party": "contract.party_id"},
    "payment": {"contract": "payment.contract_id", "unit": "contract.unit_id", "party": "contract.party_id"},
    "amendment": {"contract": "amendment.contract_id", "unit": "contract.unit_id", "party": "contract.party_id"},
    "guarantee": {"contract": "guarantee.contract_id", "unit": "contract.unit_id", "party": "contract.party_id"},
    "complaint": {"contract": "complaint.contract_id", "unit": "complaint.unit_id", "party": "contract.party_id"},
}
"""Each subject and the things around it whose facts its rules may name, with the key that leads there."""

AROUND = ("source", "project", "unit", "party")
"""What spans contracts and is no subject: `_<name>.sql`, a table `around_<name>`, made from the whole portfolio."""

REACH = """
select
    f.id, f.unit_id, f.party_id, f.government_open, f.government_overdue_latest, f.party_open,
    coalesce(f.status not in ('completed', 'terminated', 'cancelled', 'archived'), true) as is_open,
    try_cast(f.advance_unrecouped / nullif(f.amount, 0) as decimal(18, 4)) as advance_share
from fact_contract f"""
"""What units and parties are told of each of their contracts: all that their own facts are summed from."""

REACHED = frozenset(
    {
        "unit.contracts", "unit.duties_open", "unit.overdue_latest",
        "party.open_contracts", "party.duties_open", "party.advance_share",
        "unit.jurisdiction", "party.jurisdiction",
    }
)  # fmt: skip
"""The facts of a unit or party that are made from its contracts."""

BELONGS = ("contract", "obligation", "payment", "amendment", "guarantee", "complaint")
"""Subjects that belong to a contract, or are one."""

MACROS = """
create macro past(d) as case when d <= as_of() then d end;
create macro money(minor, scale) as minor::decimal(20, 0) * scale;
create macro paid_by_then(minor, paid_on, scale) as case
    when minor is null then null
    when paid_on > as_of() then 0::decimal(20, 0) * scale
    else money(minor, scale) end;
"""
"""`past`: nothing after the day. `money`: minor units as whole units, exact; `scale` stands in every row that has a currency.
`paid_by_then`: a sum whose (last) payment lies after the day counts as not yet paid."""

SCALED = "select n.*, coalesce(k.scale, 0.01::decimal(5, 4)) as scale from {rows} n left join scale_of k on k.code = n.currency"
"""Rows with the size of their currency's minor unit; an unknown code has two digits. One join a row, not one an amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One documented column. `name` is what a rule writes: `payment.due_on`."""

    name: str
    meaning: str


def subjects() -> list[str]:
    """Every subject, parents first."""
    return list(PARENTS)


@cache
def query(subject: str) -> str:
    """The SELECT of a subject."""
    return (HERE / f"{subject}.sql").read_text(encoding="utf-8")


@cache
def around(name: str) -> str:
    """The SELECT of what spans contracts."""
    return (HERE / f"_{name}.sql").read_text(encoding="utf-8")


@cache
def documented(subject: str) -> tuple[Fact, ...]:
    """The facts of a subject as its file documents them, in order.

    >>> [fact.name for fact in documented("unit")][:2]
    ['unit.id', 'unit.name']
    """
    found = re.findall(r"\bas (\w+),?  -- (.+)$", query(subject), re.MULTILINE)
    return tuple(Fact(name=f"{subject}.{name}", meaning=meaning) for name, meaning in found)
