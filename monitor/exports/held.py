"""What an export is made from: every row of every noun, as it stood on a day, contract by contract.

What happened after the day is not seen, by the same columns that facts hide (`past` in `monitor/facts/<subject>.sql`), so facts
that are made from an export are those that were exported. What its source no longer lists is left out. A few thousand contracts
are in memory at a time, whatever there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, get_args

from monitor.domain.money import minor_digits
from monitor.domain.nouns import NOUNS
from monitor.engines.duckdb import Engine
from monitor.facts import PARENTS, query

PARTS = tuple(noun for noun, model in NOUNS.items() if model.model_fields.get("contract_id") is not None)
"""Nouns whose rows belong to a contract; a complaint may belong to none."""

TOGETHER = 2_000
"""Contracts that are read at a time: each noun is looked through once for them."""

Row = dict[str, Any]

SPECIAL = {
    "contract.status": "case when completed_on > as_of() and status in ('completed', 'archived') then 'active' else status end",
    "obligation.status": "case when done_on > as_of() and status = 'met' then 'scheduled' "
    "when marked_on > as_of() and status in ('met', 'notMet', 'waived') then 'scheduled' else status end",
    "payment.paid_minor": "case when paid_on > as_of() and paid_minor is not null then 0 else paid_minor end",
    "payment.interest_paid_minor": "case when interest_paid_on > as_of() then null else interest_paid_minor end",
}
"""What else is otherwise because of something that happened after the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One contract with its two sides and everything that belongs to it, rows by noun in the order of their keys."""

    contract: Row
    unit: Row | None
    party: Row | None
    parts: Mapping[str, Sequence[Row]]


def dossiers(engine: Engine, *, public: bool = False) -> Iterator[Dossier]:
    """Every contract that its source lists, by its key; `public`: without those marked as secret (是否涉密)."""
    secret = "and is_secret is not true" if public else ""
    found = engine.rows(f"select id from contract where {listed(engine)} {secret} order by id")
    keys = [str(row["id"]) for row in found]
    for start in range(0, len(keys), TOGETHER):
        yield from _some(engine, keys[start : start + TOGETHER])


def left_out(engine: Engine) -> dict[str, int]:
    """How many contracts an export leaves out: `gone` no longer listed, `secret` where it is public."""
    is_listed = listed(engine)
    return engine.rows(
        f"select count(*) filter (where not ({is_listed})) as gone, "
        f"count(*) filter (where {is_listed} and is_secret) as secret from contract"
    )[0]


def lonely(engine: Engine) -> dict[str, list[Row]]:
    """What no listed contract leads to, by noun: units and parties without one, complaints about a unit alone, disclosures."""
    contracts = f"from contract where {listed(engine)}"
    wanted = {
        "unit": f"id not in (select unit_id {contracts} and unit_id is not null)",
        "party": f"id not in (select party_id {contracts} and party_id is not null)",
        "complaint": "contract_id is null", "disclosure": "true",
    }  # fmt: skip
    found = {noun: rows(engine, noun, f"{condition} and {listed(engine)}") for noun, condition in wanted.items()}
    return {noun: some for noun, some in found.items() if some}


def rows(engine: Engine, noun: str, condition: str = "true", parameters: Sequence[Any] = ()) -> list[Row]:
    """Rows of a noun as they stood on the day, by key, with the noun's own columns; what is not known is left out."""
    select = f"select {_stood(noun)} from (from {noun} where {condition}) order by id"
    return [
        {name: value for name, value in row.items() if value is not None} for row in engine.rows(select, [*parameters])
    ]


def listed(engine: Engine) -> str:
    """The condition that a row's source still lists it on the day."""
    return f"coalesce(gone_on > date '{engine.as_of.isoformat()}', true)"


def whole(noun: str, row: Row) -> Row:
    """A row as sources write it (`sources.border`): amounts in whole units of its currency, exactly.

    >>> whole("guarantee", {"id": "g", "currency": "CNY", "amount_minor": 1050})
    {'id': 'g', 'currency': 'CNY', 'amount': Decimal('10.50')}
    """
    digits = minor_digits(row.get("currency", "CNY"))
    return {
        name.removesuffix("_minor"): Decimal(value).scaleb(-digits) if name.endswith("_minor") else value
        for name, value in row.items()
    }


def _some(engine: Engine, keys: Sequence[str]) -> Iterator[Dossier]:
    """The contracts with these keys; keys are sorted, so of a noun a stretch of its rows is read."""
    chosen, bounds = f"between $1 and $2 and {listed(engine)}", (keys[0], keys[-1])
    mine = f"select {{}} from contract where id {chosen}"
    contracts = {row["id"]: row for row in rows(engine, "contract", f"id {chosen}", bounds)}
    sides = {
        noun: {row["id"]: row for row in rows(engine, noun, f"id in ({mine.format(f'{noun}_id')})", bounds)}
        for noun in ("unit", "party")
    }
    parts: dict[str, dict[str, list[Row]]] = {}
    for noun in PARTS:
        for row in rows(engine, noun, f"contract_id {chosen}", bounds):
            parts.setdefault(row["contract_id"], {}).setdefault(noun, []).append(row)
    for key in keys:
        contract = contracts[key]
        unit, party = (sides[noun].get(contract.get(f"{noun}_id", "")) for noun in ("unit", "party"))
        yield Dossier(contract=contract, unit=unit, party=party, parts=parts.get(key, {}))


@cache
def _stood(noun: str) -> str:
    """The columns of a noun with what happened after the day left out."""
    hidden = _hidden(noun)
    return ", ".join(
        f"{SPECIAL[f'{noun}.{name}']} as {name}" if f"{noun}.{name}" in SPECIAL
        else f"past({name}) as {name}" if name in hidden else name
        for name in NOUNS[noun].model_fields
    )  # fmt: skip


def _hidden(noun: str) -> frozenset[str]:
    """The days that facts hide while they are to come; of a noun that is no subject, every day."""
    if noun in PARENTS:
        return frozenset(re.findall(r"past\(\w\.(\w+)\)", query(noun)))
    return frozenset(name for name, field in NOUNS[noun].model_fields.items() if date in get_args(field.annotation))
