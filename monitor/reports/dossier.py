"""`lvyue report contract KEY`: the dossier of one contract, in the form of every report.

Its promises on a line of time with every move that was seen; what was paid against what was delivered; what rules say beside
what is estimated; what was warned of and done about it; and what nobody recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from monitor.domain.warning import LEVELS
from monitor.domain.words import fact_name, fact_value
from monitor.reports.asked import Asked, Case, document, warnings_hash
from monitor.reports.chart import Picture
from monitor.reports.contract import Dossier, explain
from monitor.reports.document import Cell, Document, Drawing, Figure, Row, Section, Table, columns
from monitor.reports.learned import Voices, reasons, share
from monitor.reports.page import Wording
from monitor.reports.timeline import Lane, Words, timeline

DRAWN = 30
"""Promises and sums in the picture; the table has every day."""

_DAYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("contract", ("award_notice_on", "signed_on", "effective_on", "start_on", "end_on", "completed_on")),
    ("obligation", ("start_on", "due_on", "done_on")),
    ("payment", ("base_on", "due_on", "settled_on")),
    ("amendment", ("changed_on", "approved_on", "executed_on")),
    ("guarantee", ("start_on", "end_on", "returned_on")),
    ("complaint", ("received_on", "result_on")),
)
"""Which days of what belong on the line of time."""

_KEYS = ("id", "unit_id", "party_id")
_OVER = ("met", "waived")


def report(asked: Asked, wanted: str) -> Document:
    """The answer. Raises UsageError as `explain` where no contract, or more than one, is meant."""
    voices = asked.voices() if asked.voices else Voices(judgement=asked.judgement)
    told = explain(asked.engine, voices, asked.book, asked.header, wanted)
    key, worst = str(told.contract["id"]), _worst(told)
    cases = [case for case in asked.cases() if case[0].contract_id == key]
    summary = asked.say(
        "dossier.summary", title=told.contract["title"], as_of=asked.day(asked.as_of), level=asked.say(worst),
        fires=f"{sum(row['outcome'] in LEVELS for row in told.answers):,}",
        unknown=f"{sum(row['outcome'] == 'unknown' for row in told.answers):,}",
        alerts=f"{len(cases):,}",
    )  # fmt: skip
    sections = [
        _contract(asked, told, worst), _line_of_time(asked, told), *_promises(asked, told), _rules(asked, told),
        _estimates(asked, told.scores), _warnings(asked, cases), _unknown(asked, told), _facts(asked, told),
    ]  # fmt: skip
    inputs = {"warnings": warnings_hash(cases), "models": asked.hashed(repr(told.scores))}
    name = f"{told.contract.get('number') or key} {told.contract['title']}"
    return document(
        asked, "contract", summary=summary, sections=sections, main="timeline", inputs=inputs, narrowed={"contract": key},
        filters=((asked.say("whatif.contract"), name),),
    )  # fmt: skip


def _worst(told: Dossier) -> str:
    found = [row["outcome"] for row in told.answers if row["outcome"] in LEVELS]
    return max(found, key=LEVELS.index, default="clear")


def _contract(asked: Asked, told: Dossier, worst: str) -> Section:
    """How it stands, and its sums: what is agreed, paid, and delivered so far."""
    row = told.contract
    owed = [one for one in told.payments if one["currency"] == row.get("currency")]
    paid = [one["paid"] for one in owed]
    delivered = [one for one in told.obligations if one["side"] == "counterparty"]
    met = sum(one["status"] == "met" or one["done_on"] is not None for one in delivered)
    figures = [
        Figure(key="worst", title=asked.say("dossier.worst"), value=worst, kind="level"),
        Figure(
            key="amount", title=asked.say("dossier.amount"), value=row.get("amount"), kind="money",
            currency=row.get("currency") or "",
        ),
        Figure(
            key="paid", title=asked.say("dossier.paid"),
            value=None if not owed or None in paid else sum(paid, start=Decimal(0)), kind="money",
            currency=row.get("currency") or "", note=asked.say("dossier.of_sums", n=f"{len(told.payments):,}"),
        ),
        Figure(
            key="delivered", title=asked.say("dossier.delivered"), value=met if delivered else None,
            note=asked.say("dossier.of_promises", n=f"{len(delivered):,}"),
        ),
    ]  # fmt: skip
    return Section(key="contract", heading=asked.say("dossier.contract"), figures=tuple(figures))


def _facts(asked: Asked, told: Dossier) -> Section:
    """Every fact of the contract itself that is on record."""
    rows: list[Row] = [
        {"fact": _fact(fact, asked.lang), "told": fact_value(fact, value, asked.lang)}
        for name, value in told.contract.items()
        if name not in _KEYS and (fact := "party.size" if name == "party_size" else f"contract.{name}")
    ]
    heading = asked.say("dossier.facts")
    kinds = columns(asked.lang, fact="text", told="text")
    return Section(key="facts", heading=heading, tables=(Table(key="facts", title=heading, columns=kinds, rows=rows),))


def _line_of_time(asked: Asked, told: Dossier) -> Section:
    """Every day that is on record, oldest first, and every move of one, on the day it was seen."""
    rows: list[dict[str, Cell]] = []
    titles = {one["id"]: one["title"] for one in told.obligations}
    for noun, fields in _DAYS:
        for one in _of(told, noun):
            title = fact_value(f"{noun}.title", one.get("title") or one["id"], asked.lang)
            rows += [
                {"day": one[field], "event": _fact(f"{noun}.{field}", asked.lang), "title": title}
                for field in fields if one.get(field) is not None
            ]  # fmt: skip
    for move in told.moved:
        title = titles.get(move["id"], told.contract["title"])
        rows.append(
            {
                "day": move["recorded_on"], "event": asked.say("dossier.moved"), "title": title, "before": move["before"],
                "after": move["after"],
            } | ({"moved_days": move["days"]} if move["days"] is not None else {})
        )  # fmt: skip
    rows.sort(key=lambda row: (str(row["day"]), str(row["title"]), str(row["event"])))
    kinds = columns(asked.lang, day="day", event="text", title="text", before="day", after="day", moved_days="number")
    table = Table(key="timeline", title=asked.say("dossier.timeline"), columns=kinds, rows=rows)
    notes = (asked.say("dossier.moves_note"),)
    return Section(
        key="timeline",
        heading=asked.say("dossier.timeline"),
        drawings=_drawn(asked, told),
        tables=(table,),
        notes=notes,
    )


def _drawn(asked: Asked, told: Dossier) -> tuple[Drawing, ...]:
    """What has a day to be done or paid by, first due first; nothing where nothing has."""
    lanes = [
        Lane(
            name=fact_value("obligation.title", one["title"], asked.lang), due=one["due_on"], done=one["done_on"],
            over=one["status"] in _OVER, before=[m["before"] for m in told.moved if m["id"] == one["id"] and m["before"]],
        )
        for one in told.obligations if one["due_on"]
    ]  # fmt: skip
    lanes += [
        Lane(
            name=fact_value("payment.title", one["title"] or one["id"], asked.lang), due=one["due_on"],
            done=one["settled_on"], over=one["unpaid"] is not None and one["unpaid"] <= 0,
        )
        for one in told.payments if one["due_on"]
    ]  # fmt: skip
    if not lanes:
        return ()
    lanes.sort(key=lambda lane: lane.due)
    wording, title = Wording(asked.lang), asked.say("dossier.timeline")
    caption = asked.say("dossier.drawn", shown=min(DRAWN, len(lanes)), all=len(lanes), as_of=asked.day(asked.as_of))
    words = Words(
        moved=asked.say("dossier.mark.moved"), due=asked.say("dossier.mark.due"), done=asked.say("dossier.mark.done"),
        late=asked.say("dossier.mark.late"), today=asked.day(asked.as_of), day=asked.day,
        month=lambda day: wording.month(f"{day:%Y-%m}"),
    )  # fmt: skip
    picture = Picture(id="contract-timeline", title=title, description=caption)
    return (
        Drawing(title=title, caption=caption, svg=timeline(picture, lanes[:DRAWN], today=asked.as_of, words=words)),
    )


def _promises(asked: Asked, told: Dossier) -> Iterable[Section]:
    """Promises, and what is paid against what began its term; amendments, guarantees and complaints where there are some."""
    kinds = columns(
        asked.lang, title="text", side="text", due_first="day", due="day", moves="number", done="day", status="text"
    )
    rows: list[Row] = [
        {
            "title": _value("obligation", one, "title", asked), "side": _value("obligation", one, "side", asked),
            "due_first": one["due_first"], "due": one["due_on"], "moves": one["due_moves"],
            "status": _value("obligation", one, "status", asked),
        } | ({"done": one["done_on"]} if one["done_on"] else {})
        for one in told.obligations
    ]  # fmt: skip
    heading = asked.say("dossier.promises")
    yield Section(
        key="promises", heading=heading, tables=(Table(key="promises", title=heading, columns=kinds, rows=rows),)
    )
    kinds = columns(
        asked.lang, title="text", side="text", amount="money", paid_sum="money", unpaid="money", disputed="money",
        currency="text", base_kind="text", base_on="day", due="day", settled_on="day",
    )  # fmt: skip
    rows = [
        {
            "title": _value("payment", one, "title", asked), "side": _value("payment", one, "side", asked),
            "amount": one["amount"], "paid_sum": one["paid"], "unpaid": one["unpaid"], "disputed": one["disputed"],
            "currency": one["currency"], "base_kind": _value("payment", one, "base_kind", asked), "base_on": one["base_on"],
            "due": one["due_on"],
        } | ({"settled_on": one["settled_on"]} if one["settled_on"] else {})
        for one in told.payments
    ]  # fmt: skip
    heading = asked.say("dossier.payments")
    yield Section(
        key="payments", heading=heading, tables=(Table(key="payments", title=heading, columns=kinds, rows=rows),),
        notes=(asked.say("dossier.payments_note"),),
    )  # fmt: skip


def _rules(asked: Asked, told: Dossier) -> Section:
    """Each rule's answer and its reason, the gravest first; those that do not apply by their ids."""
    rows: list[Row] = []
    for one in told.answers:
        if one["outcome"] == "not applicable":
            continue
        cells: dict[str, Cell] = {
            "level": one["outcome"], "rule": f"{one['rule']} {one['rule_title'][asked.lang]}", "title": one["subject_title"],
            "says": one["says"][asked.lang] if one["outcome"] in LEVELS else "", "cite": one["cite"],
            "missing": ", ".join(fact_name(fact, asked.lang) for fact in one["missing"]),
        }  # fmt: skip
        due = {"due": date.fromisoformat(one["due"])} if one["due"] else {}
        money = {"money": Decimal(one["money"]), "currency": one["currency"]} if one["money"] else {}
        rows.append(cells | due | money)
    skipped = sorted({one["rule"] for one in told.answers if one["outcome"] == "not applicable"})
    kinds = columns(
        asked.lang, level="level", rule="text", title="text", due="day", money="money", currency="text", says="text",
        missing="text", cite="text",
    )  # fmt: skip
    heading = asked.say("dossier.rules")
    notes = (asked.say("dossier.skipped", rules=", ".join(skipped)),) if skipped else ()
    return Section(
        key="rules", heading=heading, tables=(Table(key="rules", title=heading, columns=kinds, rows=rows),), notes=notes
    )


def _estimates(asked: Asked, scores: Sequence[Mapping[str, Any]]) -> Section:
    """How likely what is open is late, why, and what rules say of the same; or why nobody estimates."""
    lang = asked.lang
    rows: list[Row] = []
    notes = []
    for one in scores:
        if one["by"] is None:
            notes.append(asked.say("dossier.silent", recipe=one["title"][lang], why=one["why"][lang]))
            continue
        notes.append(
            asked.say("dossier.by", recipe=one["title"][lang], by=one["by"][lang], not_for=one["not_for"][lang])
        )
        for case in one["cases"]:
            early = f" ({asked.say('risk.early')})" if case["score"]["early"] else ""
            why = [f"{reason['points']} {reason['fact']}" for reason in reasons(case, lang)]
            ruled = [f"{rule['rule']} {asked.say(rule['level'])}" for rule in case["rules"]]
            rows.append(
                {
                    "question": one["title"][lang], "title": fact_value(f"{case['subject']}.title", case["subject_title"], lang),
                    "likelihood": share(case) + early, "why": "; ".join([*why, *case["score"]["doubts"][lang]]),
                    "rules_say": ", ".join(ruled) or asked.say("report.learned.no_rule"),
                }
            )  # fmt: skip
    kinds = columns(lang, question="text", title="text", likelihood="text", why="text", rules_say="text")
    heading = asked.say("dossier.estimates")
    table = Table(key="estimates", title=heading, columns=kinds, rows=rows)
    return Section(
        key="estimates", heading=heading, tables=(table,), notes=(asked.say("dossier.estimates_note"), *notes)
    )


def _warnings(asked: Asked, cases: Sequence[Case]) -> Section:
    """What was warned of, and what was done about it, in order."""
    rows: list[Row] = [
        {
            "day": event["happened_on"], "alert": alert.number, "rule": alert.rule, "event": asked.say(f"event.{event['kind']}"),
            "actor": event["actor"], "reason": event["reason"] or "",
        } | ({"level": event["after"]} if event["after"] in LEVELS else {})
        for alert, events in cases for event in events
    ]  # fmt: skip
    rows.sort(key=lambda row: (str(row["day"]), str(row["alert"])))
    kinds = columns(
        asked.lang, day="day", alert="text", rule="text", event="text", level="level", actor="text", reason="text"
    )
    heading = asked.say("dossier.warnings")
    return Section(
        key="warnings", heading=heading, tables=(Table(key="warnings", title=heading, columns=kinds, rows=rows),)
    )


def _unknown(asked: Asked, told: Dossier) -> Section:
    names = sorted({_fact(f"contract.{name}", asked.lang) for name in told.unknown})
    heading = asked.say("dossier.unknown")
    rows: list[Row] = [{"fact": name} for name in names]
    table = Table(key="unknown", title=heading, columns=columns(asked.lang, fact="text"), rows=rows)
    return Section(key="unknown", heading=heading, tables=(table,), notes=(asked.say("dossier.unknown_note"),))


def _of(told: Dossier, noun: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [told.contract] if noun == "contract" else getattr(told, f"{noun}s")
    return found


def _fact(fact: str, lang: str) -> str:
    return fact_name(fact, lang).removeprefix("contract.")


def _value(noun: str, row: Mapping[str, Any], field: str, asked: Asked) -> Cell:
    return None if row[field] is None else fact_value(f"{noun}.{field}", row[field], asked.lang)
