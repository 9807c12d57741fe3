"""What the warnings were good for: time to take up and to close, false alarms, lead time, money paid after urging.

Counted are warnings raised in the period, by what had happened to them by the day; how, `reports.effectiveness` says. Shares are
of those that came so far: of the warnings taken up, how many in time. A warning nobody has taken up is in no share.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from monitor.reports.asked import Asked, Case, document, warnings_hash
from monitor.reports.document import Cell, Document, Figure, Kind, Row, Section, Table, columns, ratio
from monitor.reports.effectiveness import Counted, effectiveness
from monitor.reports.lives import picked, rule_named

NARROWED_BY = frozenset(("unit", "party", "kind", "amount", "rule", "first"))
YEAR = 364
"""Days before the last one that are looked at, where no first day is given: a year in all."""

_NUMBERS: dict[str, Kind] = {
    "raised": "number", "open": "number", "escalated": "number",
    "ack_days": "number", "acked": "number", "ack_share": "share",
    "close_days": "number", "answered": "number", "answer_share": "share",
    "came_true": "number", "averted": "number", "false_alarms": "number",
    "lead_days": "number", "with_day": "number", "ahead_share": "share",
}  # fmt: skip


def report(asked: Asked) -> Document:
    """The answer."""
    first = asked.narrowed.first or asked.as_of - timedelta(days=YEAR)
    cases = [case for case in picked(asked) if case[1][0]["happened_on"] >= first]
    counted = effectiveness(cases, asked.handling, asked.calendar)
    total = counted.total
    summary = asked.say(
        "effectiveness.summary", first=asked.day(first), as_of=asked.day(asked.as_of), raised=f"{total.raised:,}",
        open=f"{total.open:,}", true=f"{total.outcomes['true']:,}", prevented=f"{total.outcomes['prevented']:,}",
        false=f"{total.outcomes['false']:,}",
    )  # fmt: skip
    sections = [
        Section(
            key="rules", heading=asked.say("effectiveness.by_rule"), figures=_figures(asked, total),
            tables=(_table(asked, "rule", counted.rules, total),),
            notes=(asked.say("effectiveness.note"), asked.say("effectiveness.shares_note")),
        ),
        Section(
            key="units", heading=asked.say("effectiveness.by_unit"), tables=(_table(asked, "unit", counted.units, total),)
        ),
        Section(
            key="paid", heading=asked.say("effectiveness.paid"), tables=(_paid(asked, counted.rules),),
            notes=(asked.say("effectiveness.paid_note"),),
        ),
    ]  # fmt: skip
    inputs = {"warnings": warnings_hash(asked.cases(), _stakes(asked.cases()))}
    return document(asked, "effectiveness", summary=summary, sections=sections, main="by_rule", inputs=inputs)


def _stakes(cases: Sequence[Case]) -> list[str]:
    """The day and the sum that each warning stands with: the events do not have them, and they can move."""
    return [
        f"{alert.number} {alert.finding.get('due')} {alert.finding.get('money')} {alert.finding.get('currency')}"
        for alert, _ in cases
    ]


def _figures(asked: Asked, total: Counted) -> tuple[Figure, ...]:
    """What stands for all of it; nothing where there is nothing to take a share or a median of."""
    found = []
    for key, (part, whole) in (
        ("ack_share", total.ack_in_time),
        ("answer_share", total.close_in_time),
        ("ahead_share", total.ahead),
    ):
        if whole:
            note = asked.say("effectiveness.of", part=f"{part:,}", whole=f"{whole:,}")
            found.append(
                Figure(
                    key=key, title=asked.say(f"effectiveness.{key}"), value=ratio(part, whole), kind="share", note=note
                )
            )
    if total.lead_days is not None:
        found.append(
            Figure(key="lead_days", title=asked.say("effectiveness.lead_days"), value=_number(total.lead_days))
        )
    return tuple(found)


def _table(asked: Asked, by: str, counted: Sequence[Counted], total: Counted) -> Table:
    rows: list[Row] = []
    for one in counted:
        name = rule_named(asked, one.name) if by == "rule" else one.name or asked.say("answer.no_unit")
        rows.append({by: name, **_cells(one)})
    named: dict[str, Kind] = {by: "text"}
    kinds = columns(asked.lang, **named, **_NUMBERS)
    return Table(
        key=f"by_{by}", title=asked.say(f"effectiveness.by_{by}"), columns=kinds, rows=rows, total=_cells(total)
    )


def _cells(one: Counted) -> dict[str, Cell]:
    """Figures of some warnings; a median or share of nothing does not apply."""
    found: dict[str, Cell] = {
        "raised": one.raised, "open": one.open, "escalated": one.escalated, "came_true": one.outcomes["true"],
        "averted": one.outcomes["prevented"], "false_alarms": one.outcomes["false"],
    }  # fmt: skip
    medians = {"ack_days": one.ack_days, "close_days": one.close_days, "lead_days": one.lead_days}
    found |= {key: _number(value) for key, value in medians.items() if value is not None}
    shares = {
        ("acked", "ack_share"): one.ack_in_time, ("answered", "answer_share"): one.close_in_time,
        ("with_day", "ahead_share"): one.ahead,
    }  # fmt: skip
    for (number, share), (part, whole) in shares.items():
        found |= {number: whole} | ({share: ratio(part, whole)} if whole else {})
    return found


def _paid(asked: Asked, counted: Sequence[Counted]) -> Table:
    """Sums paid after somebody was written to, by rule and currency."""
    rows: list[Row] = [
        {"rule": rule_named(asked, one.name), "amount": money, "currency": currency}
        for one in counted for currency, money in one.paid.items()
    ]  # fmt: skip
    kinds = columns(asked.lang, rule="text", amount="money", currency="text")
    return Table(key="paid", title=asked.say("effectiveness.paid"), columns=kinds, rows=rows)


def _number(median: float) -> Decimal:
    return Decimal(str(median))
