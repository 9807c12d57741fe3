"""The year in figures against last year's: reviews, warnings, assessments, coverage, breaches of faith beside open reds.

The origin's own sentence as a page. A breach of faith (政务失信, domain-model.md §5) is (a) a breach that the credit authority
confirmed and that was not put right, (b) a unit on the list of defaulters, (c) a sum to a small enterprise confirmed or
published as overdue, (d) a judgment in force that finds one; each once a contract. What no register tells is not known, and
no zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from monitor.reports.asked import Asked, document, scans_hash, warnings_hash
from monitor.reports.document import Cell, Document, Figure, Kind, Row, Section, Table, columns, ratio, spoken
from monitor.reports.kept import SIDES, fates, promises
from monitor.reports.lives import Told, lives
from monitor.reports.questions.coverage import filed, reviewed

NARROWED_BY = frozenset(("unit", "kind", "amount"))

OURS = ("warnings", "assessments", "settled", "scans")
"""What only our own records tell."""

PERIODS = ("this_year", "same_span", "last_year")
"""This year to the day; last year to the same day; all of last year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From a day to a day, both in it."""

    first: date
    last: date

    def has(self, day: date | None) -> bool:
        """Whether a day lies in it."""
        return day is not None and self.first <= day <= self.last


def report(asked: Asked) -> Document:
    """The answer."""
    spans = _spans(asked.as_of)
    told = lives(asked)
    done, breaches = _done(asked, told, spans), _breaches(asked, spans)
    mine = {row["id"] for row in asked.rows("select id from asked")}
    every = not asked.narrowed.named()
    reds = sum(hit.outcome == "red" for hit in asked.judgement.hits() if every or hit.contract_id in mine)
    open_reds = sum(one.level == "red" and one.open for one in told)
    known = sum(int(str(row["this_year"])) for row in breaches if "this_year" in row and row["this_year"] is not None)
    numbers = {row["what"]: spoken(row["this_year"], "number", asked.lang) for row in done}
    blanks = {name: numbers[asked.say(f"year.{name}")] for name in ("reviews", "warnings", "assessments", "judgements")}
    first = asked.day(spans["this_year"].first)
    silent = ", ".join(f"({letter})" for letter, row in zip("abcd", breaches, strict=True) if row["this_year"] is None)
    summary = asked.say(
        "year.summary", first=first, as_of=asked.day(asked.as_of), breaches=known, reds=f"{open_reds:,}", **blanks
    )
    figures = (
        Figure(
            key="breaches",
            title=asked.say("year.breaches_known"),
            value=known,
            note=asked.say("year.breaches_note", letters=silent),
        ),
        Figure(
            key="open_reds", title=asked.say("year.open_reds"), value=open_reds, note=asked.say("year.open_reds_note")
        ),
        Figure(key="reds", title=asked.say("year.reds"), value=reds, note=asked.say("year.reds_note")),
    )
    sections = [
        Section(key="done", heading=asked.say("year.done"), tables=(_table(asked, "done", done),), notes=_begun(asked)),
        Section(
            key="kept", heading=asked.say("year.kept"), tables=(_shares(asked, spans),),
            notes=(asked.say("year.share_note"),),
        ),
        Section(
            key="faith", heading=asked.say("year.faith"), figures=figures, tables=(_table(asked, "breaches", breaches),),
            notes=(asked.say("year.definition"), asked.say("year.faith_note"), *_unverified(asked)),
        ),
    ]  # fmt: skip
    inputs = {"warnings": warnings_hash(asked.cases()), "scans": scans_hash(asked.scans())}
    return document(asked, "year", summary=summary, sections=sections, main="done", inputs=inputs)


def _unverified(asked: Asked) -> tuple[str, ...]:
    """Complaints of which nobody recorded whether they are true: neither a breach nor none."""
    found = asked.rows(f"select count(*) as n from fact_complaint m where m.is_founded is null and {_OURS}")[0]["n"]
    return (asked.say("year.unverified", n=f"{found:,}"),) if found else ()


def _spans(as_of: date) -> dict[str, Span]:
    before = date(as_of.year - 1, 1, 1)
    same = date(as_of.year - 1, as_of.month, min(as_of.day, 28) if as_of.month == 2 else as_of.day)
    return {
        "this_year": Span(first=date(as_of.year, 1, 1), last=as_of), "same_span": Span(first=before, last=same),
        "last_year": Span(first=before, last=date(as_of.year - 1, 12, 31)),
    }  # fmt: skip


def _done(asked: Asked, told: Sequence[Told], spans: Mapping[str, Span]) -> list[dict[str, Cell]]:
    """What was done, by the own days of what was done."""
    picked = bool(asked.narrowed.named())
    counts: dict[str, Sequence[date | None]] = {
        "signed": [row["day"] for row in asked.rows("select signed_on as day from asked where signed_on <= as_of()")],
        "reviews": [row["day"] for row in asked.rows(_DAYS.format(noun="review", day="finished_on"))],
        "filings": [row["day"] for row in asked.rows(_DAYS.format(noun="filing", day="filed_on"))],
        "publications": [row["day"] for row in asked.rows(_DAYS.format(noun="publication", day="published_on"))],
        "warnings": [one.opened_on for one in told],
        "assessments": [event["happened_on"] for one in told for event in one.events if event["kind"] == "assessed"],
        "settled": [one.closed_on for one in told if one.state == "closed"],
        "scans": [day for day, _ in asked.scans()],
    }  # fmt: skip
    begun = min((day for day, _ in asked.scans()), default=date.max)

    def counted(name: str, span: Span) -> int | None:
        """What was done in a span; not known of what is ours where our records begin after it, nor of scans of some contracts,
        nor of what nobody ever told of."""
        unseen = span.last < begun if name in OURS else name != "signed" and not counts[name]
        return None if unseen or (picked and name == "scans") else sum(map(span.has, counts[name]))

    rows: list[dict[str, Cell]] = [
        {"what": asked.say(f"year.{name}")} | {period: counted(name, span) for period, span in spans.items()}
        for name in counts
    ]
    judgements: dict[str, Cell] = {"what": asked.say("year.judgements")}
    for period, span in spans.items():
        made = sum(number for day, number in asked.scans() if span.has(day))
        judgements[period] = None if picked or span.last < begun else made
    return [*rows, judgements]


_DAYS = "select n.{day} as day from {noun} n join asked a on a.id = n.contract_id where n.{day} <= as_of()"


def _shares(asked: Asked, spans: Mapping[str, Span]) -> Table:
    """合法性审查率, 备案率, 按期履约率 of each period, each with the known whole it is a share of."""
    signed = asked.rows(_SIGNED)
    due = promises(asked, spans["last_year"].first)
    made: dict[str, Callable[[Span], tuple[int, int]]] = {
        "review_share": lambda span: _pair(reviewed(_in(signed, span, "signed_on")), "before"),
        "filing_share": lambda span: _pair(filed(_in(signed, span, "signed_on")), "done"),
    }
    for side in SIDES:
        made[f"{side}_share"] = partial(_kept_in, [row for row in due if row["side"] == side])
    rows: list[Row] = []
    for name, make in made.items():
        cells: dict[str, Cell] = {"what": asked.say(f"year.{name}")}
        for period, span in spans.items():
            part, whole = make(span)
            cells |= {f"{period}_of": whole} | ({f"{period}_share": ratio(part, whole)} if whole else {})
        rows.append(cells)
    kinds: dict[str, Kind] = {}
    for period in PERIODS:
        kinds |= {f"{period}_share": "share", f"{period}_of": "number"}
    return Table(
        key="shares", title=asked.say("year.kept"), columns=columns(asked.lang, what="text", **kinds), rows=rows
    )


def _breaches(asked: Asked, spans: Mapping[str, Span]) -> list[dict[str, Cell]]:
    """Breaches of faith by the letter of the definition, each contract (or unit, where none is named) once a period; not known
    where no source ever told of such a thing, of whomever: silence does not say that nobody complained."""
    found, (told,) = asked.rows(_BREACHES), asked.rows(_EVER_TOLD)
    rows: list[dict[str, Cell]] = []
    for letter in "abcd":
        cells: dict[str, Cell] = {"what": asked.say(f"year.breach_{letter}")}
        for period, span in spans.items():
            whose = {row["whose"] for row in found if row["letter"] == letter and span.has(row["day"])}
            cells[period] = len(whose) if told.get(letter) else None
        rows.append(cells)
    return rows


_SIGNED = """
select c.id, c.signed_on, c.reviewed_on, c.records_reviews, c.legal_filed_on, c.records_filings
from fact_contract c join asked a on a.id = c.id where c.signed_on is not null
"""

_OURS = (
    "(m.contract_id in (select id from asked) or m.contract_id is null and m.unit_id in (select unit_id from asked))"
)

_BREACHES = f"""
select 'a' as letter, coalesce(m.contract_id, m.unit_id, m.id) as whose, m.verified_on as day
from fact_complaint m where m.kind = 'government_breach' and m.is_founded and m.rectified_on is null and {_OURS}
union all
select 'c', coalesce(m.contract_id, m.unit_id, m.id), m.verified_on
from fact_complaint m where m.kind = 'sme_arrears' and m.is_founded and {_OURS}
union all
select 'c', d.unit_id || ' ' || n.number::varchar, d.disclosed_on
from disclosure d, unnest(range(d.contracts)) as n(number)
where d.disclosed_on <= as_of() and d.contracts > 0 and d.unit_id in (select unit_id from asked)
union all
select 'd', o.contract_id, coalesce(o.decision_on, o.start_on, o.due_on)
from fact_obligation o join asked a on a.id = o.contract_id
where o.kind = 'judgment' and o.side = 'government' and coalesce(o.conditions_met, true)
"""


_EVER_TOLD = """
select
    exists (from complaint) as a, exists (from complaint) or exists (from disclosure) as c,
    exists (from obligation where kind = 'judgment') as d
"""


def _table(asked: Asked, key: str, rows: Sequence[Row]) -> Table:
    kinds = columns(asked.lang, what="text", this_year="number", same_span="number", last_year="number")
    return Table(key=key, title=asked.say("year.done" if key == "done" else "year.faith"), columns=kinds, rows=rows)


def _begun(asked: Asked) -> tuple[str, ...]:
    """Since when warnings and scans are on record: a year that began before has no last year to compare."""
    days = [day for day, _ in asked.scans()]
    return (asked.say("year.begun", day=asked.day(min(days))),) if days else (asked.say("year.no_scan"),)


def _in(rows: Sequence[dict[str, Any]], span: Span, name: str) -> list[dict[str, Any]]:
    return [row for row in rows if span.has(row[name])]


def _pair(counts: Mapping[str, int], part: str) -> tuple[int, int]:
    return counts[part], counts["known"]


def _kept_in(rows: Sequence[dict[str, Any]], span: Span) -> tuple[int, int]:
    counted = fates(_in(rows, span, "due_on"))
    part, late, missed = (int(str(counted[name])) for name in ("in_time", "late", "missed"))
    return part, part + late + missed
