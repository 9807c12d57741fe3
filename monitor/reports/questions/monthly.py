"""The monthly report (履约情况月报, form 6.6): contracts, due and kept, paid and overdue, warnings, gravest risks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from monitor.domain.warning import LEVELS
from monitor.domain.words import fact_value
from monitor.reports.asked import Asked, document, named, warnings_hash
from monitor.reports.document import Cell, Document, Figure, Row, Section, Table, columns
from monitor.reports.kept import SIDES, fates, promises
from monitor.reports.lives import Told, lives
from monitor.reports.questions.payments import Owed, owed

NARROWED_BY = frozenset(("unit", "kind", "amount", "first"))
GRAVEST = 10
NEXT_DAYS = 31


def report(asked: Asked) -> Document:
    """The answer: from the first of the month, or the day given, to the day."""
    first = asked.narrowed.first or asked.as_of.replace(day=1)
    told, sums = lives(asked), owed(asked)
    running = asked.rows(_RUNNING)
    sections = [
        _contracts(asked, first, running), _due(asked, first), _payments(asked, first, sums), _warnings(asked, first, told),
        _gravest(asked), _trouble(asked, first), _ahead(asked),
    ]  # fmt: skip
    late = [one for one in sums if one.late]
    summary = asked.say(
        "monthly.summary", first=asked.day(first), as_of=asked.day(asked.as_of),
        contracts=f"{sum(row['n'] for row in running):,}", late=f"{len(late):,}", small=f"{sum(one.small for one in late):,}",
        raised=f"{sum(one.opened_on >= first for one in told):,}", open=f"{sum(one.open for one in told):,}",
    )  # fmt: skip
    inputs = {"warnings": warnings_hash(asked.cases())}
    return document(asked, "monthly", summary=summary, sections=sections, main="gravest", inputs=inputs)


_RUNNING = """
select kind, currency, count(*) as n, count(amount) as known, sum(amount) as amount from asked
where signed_on <= as_of() and coalesce(status not in ('completed', 'terminated', 'cancelled', 'archived'), true)
group by kind, currency order by n desc, kind, currency
"""
"""Contracts in hand: signed, and not known to be over."""

_MOVEMENTS = """
select
    count(*) filter (where c.signed_on between $1 and as_of()) as signed,
    count(*) filter (where c.completed_on between $1 and as_of()) as completed,
    (select count(distinct m.contract_id) from fact_amendment m join asked b on b.id = m.contract_id
        where m.changed_on between $1 and as_of() and coalesce(m.kind <> 'termination', true)) as amended,
    (select count(distinct m.contract_id) from fact_amendment m join asked b on b.id = m.contract_id
        where m.changed_on between $1 and as_of() and m.kind = 'termination') as ended
from fact_contract c join asked a on a.id = c.id
"""


def _contracts(asked: Asked, first: date, running: Sequence[dict[str, Any]]) -> Section:
    moved = asked.rows(_MOVEMENTS, first)[0]
    figures = [
        Figure(key=name, title=asked.say(f"monthly.{name}"), value=moved[name])
        for name in ("signed", "completed", "amended", "ended")
    ]
    rows: list[Row] = []
    for row in running:
        kind = fact_value("contract.kind", row["kind"], asked.lang) if row["kind"] else None
        amount = {"amount": row["amount"], "currency": row["currency"]} if row["currency"] else {}
        rows.append({"contract_kind": kind, "contracts": row["n"], "no_amount": row["n"] - row["known"]} | amount)
    kinds = columns(
        asked.lang, contract_kind="text", contracts="number", amount="money", currency="text", no_amount="number"
    )
    total: dict[str, Cell] = {
        "contracts": sum(row["n"] for row in running),
        "no_amount": sum(row["n"] - row["known"] for row in running),
    }
    currencies = {row["currency"] for row in running if row["currency"]}
    if len(currencies) == 1:
        total |= {
            "amount": sum((row["amount"] for row in running if row["amount"] is not None), Decimal(0)),
            "currency": currencies.pop(),
        }
    table = Table(key="running", title=asked.say("monthly.running"), columns=kinds, rows=rows, total=total)
    return Section(
        key="contracts", heading=asked.say("monthly.contracts"), figures=tuple(figures), tables=(table,),
        notes=(asked.say("monthly.running_note"),),
    )  # fmt: skip


def _due(asked: Asked, first: date) -> Section:
    """按期履约率 of the period, of each side."""
    found = promises(asked, first)
    rows: list[Row] = [
        {"side": asked.say(side)} | fates([row for row in found if row["side"] == side]) for side in SIDES
    ]
    lost = sum(row["side"] is None for row in found)
    kinds = columns(
        asked.lang, side="text", in_time="number", late="number", missed="number", not_known="number", not_owed="number",
        share="share",
    )  # fmt: skip
    notes = [asked.say("record.note"), *([asked.say("monthly.no_side", n=lost)] if lost else [])]
    table = Table(key="due", title=asked.say("monthly.due"), columns=kinds, rows=rows)
    return Section(key="due", heading=asked.say("monthly.due"), tables=(table,), notes=tuple(notes))


_PAID = """
select p.currency, count(*) as n, sum(p.paid) as paid from fact_payment p join asked a on a.id = p.contract_id
where coalesce(p.side, 'government') = 'government' and p.paid_on between $1 and as_of()
group by p.currency order by p.currency
"""


def _payments(asked: Asked, first: date, sums: Sequence[Owed]) -> Section:
    """拖欠金额 and 应计利息, small enterprises apart; what is not known stands apart."""
    paid = {row["currency"]: row for row in asked.rows(_PAID, first)}
    rows: list[Row] = []
    for currency in sorted({one.row["currency"] or "" for one in sums} | {name or "" for name in paid}):
        mine = [one for one in sums if (one.row["currency"] or "") == currency]
        late = [one for one in mine if one.late]
        reckoned = [one.interest for one in late if one.interest is not None]
        cells: dict[str, Cell] = {
            "currency": currency or None, "paid": paid[currency]["paid"] if currency in paid else Decimal("0.00"),
            "unpaid": sum((one.unpaid for one in mine if one.unpaid is not None), Decimal("0.00")),
            "overdue": _sum(late), "overdue_small": _sum([one for one in late if one.small]),
            "interest": sum(reckoned, Decimal("0.00")), "no_interest": sum(one.bears and one.interest is None for one in late),
            "no_day_or_sum": sum(one.unpaid is None or one.due is None for one in mine),
        }  # fmt: skip
        rows.append(cells)
    kinds = columns(
        asked.lang, currency="text", paid="money", unpaid="money", overdue="money", overdue_small="money", interest="money",
        no_interest="number", no_day_or_sum="number",
    )  # fmt: skip
    table = Table(key="payments", title=asked.say("monthly.payments"), columns=kinds, rows=rows)
    return Section(
        key="payments", heading=asked.say("monthly.payments"), tables=(table,), notes=(asked.say("monthly.paid_note"),)
    )


def _sum(some: Sequence[Owed]) -> Decimal:
    return sum((one.unpaid for one in some if one.unpaid is not None), Decimal("0.00"))


def _warnings(asked: Asked, first: date, told: Sequence[Told]) -> Section:
    """What was raised, and what happened in the period to whatever was raised before."""
    rows: list[Row] = []
    for level in reversed(LEVELS):
        mine = [one for one in told if one.peak == level]
        rows.append(
            {
                "level": level, "raised": sum(one.opened_on >= first for one in mine),
                "acknowledged": _events(mine, first, "acknowledged"), "assessments": _events(mine, first, "assessed"),
                "settled": _events(mine, first, "closed"), "dismissed": _events(mine, first, "dismissed"),
                "escalations": _events(mine, first, "escalated"), "open": sum(one.open for one in mine),
            }
        )  # fmt: skip
    names = ("raised", "acknowledged", "assessments", "settled", "dismissed", "escalations", "open")
    kinds = columns(
        asked.lang, level="level", raised="number", acknowledged="number", assessments="number", settled="number",
        dismissed="number", escalations="number", open="number",
    )  # fmt: skip
    total: Row = {name: sum(int(str(row[name])) for row in rows) for name in names}
    table = Table(key="warnings", title=asked.say("monthly.warnings"), columns=kinds, rows=rows, total=total)
    return Section(
        key="warnings",
        heading=asked.say("monthly.warnings"),
        tables=(table,),
        notes=(asked.say("monthly.warnings_note"),),
    )


def _events(told: Sequence[Told], first: date, kind: str) -> int:
    return sum(event["kind"] == kind and event["happened_on"] >= first for one in told for event in one.events)


def _gravest(asked: Asked) -> Section:
    """The contracts of which the rules find the most and worst on the day (重点风险合同)."""
    mine = {row["id"]: row for row in asked.rows("select * from asked")}
    found: dict[str, dict[str, int]] = {}
    for hit in asked.judgement.hits():
        if hit.contract_id is not None and hit.contract_id in mine:
            found.setdefault(hit.contract_id, dict.fromkeys(reversed(LEVELS), 0))[hit.outcome] += 1
    worst = sorted(found, key=lambda key: (*(-found[key][level] for level in reversed(LEVELS)), key))[:GRAVEST]
    rows: list[Row] = []
    for key in worst:
        amount = {"amount": mine[key]["amount"], "currency": mine[key]["currency"]} if mine[key]["currency"] else {}
        rows.append(
            {"level": next(level for level in found[key] if found[key][level])}
            | named(mine[key], asked)
            | found[key]
            | amount
        )
    kinds = columns(
        asked.lang, level="level", number="text", contract="text", unit="text", party="text", red="number", orange="number",
        yellow="number", blue="number", amount="money", currency="text",
    )  # fmt: skip
    table = Table(key="gravest", title=asked.say("monthly.gravest"), columns=kinds, rows=rows)
    return Section(
        key="gravest", heading=asked.say("monthly.gravest"), tables=(table,), notes=(asked.say("monthly.gravest_note"),)
    )


_TROUBLE = """
select 'received' as what, count(*) as n from fact_complaint m
where m.received_on between $1 and as_of() and {mine}
union all select 'answered', count(*) from fact_complaint m where m.result_on between $1 and as_of() and {mine}
union all select 'pending', count(*) from fact_complaint m where m.received_on <= as_of() and m.result_on is null and {mine}
union all select 'disputed', count(*) from fact_contract c join asked a on a.id = c.id where c.has_dispute
union all select 'judged', count(*) from fact_obligation o join asked a on a.id = o.contract_id
where o.kind = 'judgment' and o.done_on is null and coalesce(o.status <> 'waived', true)
""".format(
    mine="(m.contract_id in (select id from asked) or m.contract_id is null and m.unit_id in (select unit_id from asked))"
)


def _trouble(asked: Asked, first: date) -> Section:
    rows: list[Row] = [
        {"what": asked.say(f"monthly.{row['what']}"), "count": row["n"]} for row in asked.rows(_TROUBLE, first)
    ]
    kinds = columns(asked.lang, what="text", count="number")
    table = Table(key="trouble", title=asked.say("monthly.trouble"), columns=kinds, rows=rows)
    return Section(
        key="trouble", heading=asked.say("monthly.trouble"), tables=(table,), notes=(asked.say("monthly.trouble_note"),)
    )


_AHEAD = """
select a.number, a.contract, a.unit, a.party, o.title, o.side, o.due_on
from fact_obligation o join asked a on a.id = o.contract_id
where o.done_on is null and coalesce(o.status not in ('met', 'waived'), true) and coalesce(o.conditions_met, true)
    and o.due_on between as_of() and as_of() + $1::int
order by o.due_on, o.id
"""


def _ahead(asked: Asked) -> Section:
    rows: list[Row] = [
        {"due": row["due_on"], "side": row["side"] and asked.say(row["side"]), "title": row["title"]}
        | named(row, asked)
        for row in asked.rows(_AHEAD, NEXT_DAYS)
    ]
    kinds = columns(
        asked.lang, due="day", side="text", title="text", unit="text", number="text", contract="text", party="text"
    )
    table = Table(key="ahead", title=asked.say("monthly.ahead"), columns=kinds, rows=rows)
    return Section(key="ahead", heading=asked.say("monthly.ahead"), tables=(table,))
