"""What became of promises with a day, and how often their days were moved: what several questions count.

KPI 按期履约率 (domain-model.md §5): promises met by their day / promises due in the period, of each side apart. In the share are
those met in time, met late and not met; apart stand those said to be met on a day that nobody recorded (not known), those
waived, and those whose condition has not happened, which are not owed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from monitor.reports.asked import Asked
from monitor.reports.document import Cell, share

FATES = ("in_time", "late", "missed", "not_known", "not_owed")
"""In time, late, not met though due; said to be met without a day; waived, or its condition has not happened."""

SIDES = ("government", "counterparty")


def promises(asked: Asked, first: date) -> list[dict[str, Any]]:
    """Promises due from a day to the day before the one asked about, each with its fate, by due day and key."""
    return asked.rows(_PROMISES, first)


def fates(rows: Sequence[Mapping[str, Any]]) -> dict[str, Cell]:
    """How many had each fate, and the share met in time of those that were owed.

    >>> fates([{"fate": "in_time"}, {"fate": "missed"}, {"fate": "not_owed"}])["share"]
    Decimal('0.5000')
    """
    counts = Counter(row["fate"] for row in rows)
    return {name: counts[name] for name in FATES} | share(
        counts["in_time"], sum(counts[name] for name in ("in_time", "late", "missed"))
    )


def moves(asked: Asked, first: date | None) -> list[dict[str, Any]]:
    """Every move of a promise's due day or a contract's last day that was seen from a day on, oldest first.

    `days` is positive where the day was moved back, None where a day was taken away.
    """
    return asked.rows(_MOVES, first)


def of_contract(rows: Sequence[Mapping[str, Any]], key: str) -> dict[str, list[Mapping[str, Any]]]:
    """Rows by unit or party; what names none stands under an empty name."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row[key] or "", []).append(row)
    return dict(sorted(found.items()))


_PROMISES = """
select
    o.id, o.contract_id, a.number, a.contract, a.unit, a.party, a.kind as contract_kind, o.side, o.kind, o.title, o.due_first,
    o.due_on, o.done_on, o.status, o.due_moves,
    case
        when o.done_on is not null then if(o.done_on <= o.due_on, 'in_time', 'late')
        when o.status = 'met' then 'not_known'
        when o.status = 'waived' or not coalesce(o.conditions_met, true) then 'not_owed'
        else 'missed'
    end as fate
from fact_obligation o join asked a on a.id = o.contract_id
where o.due_on between $1 and as_of() - 1
order by o.due_on, o.id
"""

_MOVES = """
with step as (
    select *, lag(day) over w as before from history where recorded_on <= as_of() window w as (partition by noun, id order by seq)
)
select
    s.noun, s.id, a.id as contract_id, a.number, a.contract, a.unit, a.party, o.side, o.title, s.before, s.day as after,
    s.day - s.before as days, s.recorded_on
from step s
left join fact_obligation o on s.noun = 'obligation' and o.id = s.id
join asked a on a.id = coalesce(o.contract_id, s.id)
where s.before is not null and s.before is distinct from s.day and ($1::date is null or s.recorded_on >= $1)
order by s.recorded_on, s.noun, s.id, s.seq
"""
