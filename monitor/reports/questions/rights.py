"""Rights about to lapse: limitation periods, windows to rescind, time to notify defects, guarantees that end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.domain.words import fact_value
from monitor.reports.asked import Asked, document, named
from monitor.reports.document import Document, Figure, Row, Section, Table, columns

NARROWED_BY = frozenset(("unit", "party", "kind", "amount"))

LAPSING = ("CN-PERF-09", "CN-PERF-10", "CN-PERF-11", "CN-GUA-07")
"""The rules of which what they warn of is a right that is lost when nobody acts: to rescind, to sue, to notify defects, to
call a guarantee. Where none of their law binds, the report has the guarantees alone, and says so."""

AHEAD_DAYS = 90


def report(asked: Asked) -> Document:
    """The answer."""
    rules = [rule.rule.id for rule in asked.book.rules if rule.rule.id in LAPSING]
    lapsing = [row for rule in rules for row in _fired(asked, rule)]
    held = asked.rows(_HELD, AHEAD_DAYS)
    ended = [row for row in held if row["end_on"] < asked.as_of]
    undated = asked.rows(_UNDATED)[0]["n"]
    summary = asked.say(
        "rights.summary", as_of=asked.day(asked.as_of), lapsing=f"{len(lapsing):,}", days=AHEAD_DAYS,
        ending=f"{len(held) - len(ended):,}", ended=f"{len(ended):,}",
    )  # fmt: skip
    figures = (
        Figure(key="lapsing", title=asked.say("rights.lapsing"), value=len(lapsing)),
        Figure(key="ending", title=asked.say("rights.ending"), value=len(held) - len(ended)),
        Figure(key="ended", title=asked.say("rights.ended"), value=len(ended)),
        Figure(key="undated", title=asked.say("rights.undated"), value=undated, note=asked.say("rights.undated_note")),
    )
    notes = [asked.say("rights.note")] if rules else [asked.say("rights.no_rule")]
    sections = [
        Section(
            key="lapsing", heading=asked.say("rights.by_law"), figures=figures, tables=(_lapsing(asked, lapsing),),
            notes=(*notes, *_blind(asked, rules)),
        ),
        Section(key="guarantees", heading=asked.say("rights.guarantees"), tables=(_guarantees(asked, held),)),
    ]  # fmt: skip
    return document(asked, "rights", summary=summary, sections=sections, main="lapsing")


def _fired(asked: Asked, rule: str) -> list[dict[str, Any]]:
    """What a rule warns of on the contracts asked about."""
    ids = [hit.subject_id for hit in asked.judgement.hits() if hit.rule == rule]
    mine = {row["id"]: row for row in asked.rows("select * from asked")}
    return [
        mine[finding.contract_id] | {"finding": finding}
        for finding in asked.judgement.of_subjects(rule, ids) if finding.contract_id in mine
    ]  # fmt: skip


def _lapsing(asked: Asked, lapsing: Sequence[dict[str, Any]]) -> Table:
    rows: list[Row] = []
    for row in lapsing:
        finding = row["finding"]
        rule = asked.book.get(finding.rule).rule
        days = {} if finding.due is None else {"days_left": (finding.due - asked.as_of).days}
        money = {} if finding.money is None else {"money": finding.money, "currency": finding.currency}
        title = fact_value(f"{finding.subject}.title", finding.subject_title, asked.lang)
        rows.append(
            {"level": finding.outcome, "right": f"{rule.id} {rule.title.in_language(asked.lang)}", "due": finding.due}
            | days | named(row, asked) | {"title": title} | money
        )  # fmt: skip
    rows.sort(key=lambda row: (str(row["due"] or "9"), str(row["number"]), str(row["title"])))
    kinds = columns(
        asked.lang, level="level", right="text", due="day", days_left="number", unit="text", number="text", contract="text",
        title="text", money="money", currency="text",
    )  # fmt: skip
    return Table(key="lapsing", title=asked.say("rights.by_law"), columns=kinds, rows=rows)


def _blind(asked: Asked, rules: Sequence[str]) -> list[str]:
    """How often a rule lacks a fact; over all contracts, so not said of a report that is narrowed."""
    if asked.narrowed.named():
        return []
    counts = asked.judgement.counts()
    return [
        asked.say("rights.blind", rule=rule, n=f"{counts[rule]['unknown']:,}")
        for rule in rules
        if counts[rule]["unknown"]
    ]


def _guarantees(asked: Asked, held: Sequence[dict[str, Any]]) -> Table:
    rows: list[Row] = [
        {
            "guarantee": fact_value("guarantee.title", row["title"], asked.lang), "due": row["end_on"],
            "days_left": (row["end_on"] - asked.as_of).days, "open_promises": row["open"], "amount": row["amount"],
            "currency": row["currency"], "issuer": row["issuer"],
        }
        | named(row, asked)
        for row in held
    ]  # fmt: skip
    kinds = columns(
        asked.lang, guarantee="text", due="day", days_left="number", open_promises="number", unit="text", number="text",
        contract="text", party="text", issuer="text", amount="money", currency="text",
    )  # fmt: skip
    return Table(key="guarantees", title=asked.say("rights.guarantees"), columns=kinds, rows=rows)


_HELD = """
select
    g.id, g.title, g.end_on, g.amount, g.currency, g.issuer, a.number, a.contract, a.unit, a.party,
    c.party_open as open
from fact_guarantee g join asked a on a.id = g.contract_id join fact_contract c on c.id = a.id
where g.returned_on is null and coalesce(g.start_on <= as_of(), true) and g.kind <> 'bid' and c.party_open > 0
    and g.end_on <= as_of() + $1::int
order by g.end_on, g.id
"""
"""Guarantees held and not returned that end soon, or have ended, while the other side has still something to do."""

_UNDATED = """
select count(*) as n from fact_guarantee g join asked a on a.id = g.contract_id where g.returned_on is null and g.end_on is null
"""
