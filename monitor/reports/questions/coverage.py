"""How far the record reaches: reviewed, filed, published in time; contracts in one source only; facts missing, rules blind.

KPI (domain-model.md §5), of the contracts signed in the period: 合法性审查率 is reviewed before signing / signed; 备案率 filed /
signed; 及时备案率 filed in time / those due, each duty by the rule of law that gives its day. A contract whose source never
reports such things is in neither part of a share: it stands apart as not known. 归集率 asks which contracts of procurement,
treasury and filing data are in the ledger: of the numbers that other sources list, those that a ledger has; told beside what
each source alone knows, and only where there is a ledger and another source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from monitor.domain.words import fact_name
from monitor.reports.asked import PICKING, Asked, document, joined
from monitor.reports.document import Cell, Document, Figure, Row, Section, Table, columns, ratio, share
from monitor.reports.portfolio import coverage_rows
from monitor.rulebook import Finding
from monitor.rulebook.compile import Compiled

NARROWED_BY = frozenset(("unit", "party", "kind", "amount", "first"))
FACTS = 3
"""Missing facts that are named for a rule; `lvyue rules coverage --rule` has all."""

_OF_THE_CONTRACT = re.compile(r"contract\.(\w+_on)")


def report(asked: Asked) -> Document:
    """The answer."""
    first = asked.narrowed.first or date(asked.as_of.year, 1, 1)
    period = {"first": asked.day(first), "last": asked.day(asked.as_of)}
    signed = asked.rows(_SIGNED, first)
    counted = reviewed(signed)
    duties = [row for rule in asked.book.rules if (row := _duty(asked, rule, signed))]
    summary = asked.say(
        "coverage.summary", **period, signed=f"{len(signed):,}", reviewed=f"{counted['before']:,}", known=f"{counted['known']:,}",
        unknown=f"{counted['unknown']:,}",
    )  # fmt: skip
    sections = [_reviews(asked, signed, period), _duties(asked, duties, period), _sources(asked), _facts(asked)]
    if not any(getattr(asked.narrowed, name) for name in PICKING):
        sections.append(_rules(asked))
    return document(asked, "coverage", summary=summary, sections=sections, main="duties")


def reviewed(signed: Sequence[dict[str, Any]]) -> dict[str, int]:
    """合法性审查率 of some signed contracts: `before` of `known`; `late` after signing, `none` not at all; `unknown` apart."""
    known = [row for row in signed if row["records_reviews"]]
    before = sum(row["reviewed_on"] is not None and row["reviewed_on"] <= row["signed_on"] for row in known)
    none = sum(row["reviewed_on"] is None for row in known)
    return {
        "signed": len(signed), "known": len(known), "before": before, "late": len(known) - before - none, "none": none,
        "unknown": len(signed) - len(known),
    }  # fmt: skip


def filed(signed: Sequence[dict[str, Any]]) -> dict[str, int]:
    """备案率 with the legal office of some signed contracts: `done` of `known`; `unknown` apart."""
    known = [row for row in signed if row["records_filings"]]
    done = sum(row["legal_filed_on"] is not None for row in known)
    return {"known": len(known), "done": done, "unknown": len(signed) - len(known)}


_SIGNED = """
select
    c.id, a.unit, c.kind, c.is_major, c.signed_on, c.reviewed_on, c.records_reviews, c.legal_filed_on, c.records_filings
from fact_contract c join asked a on a.id = c.id
where c.signed_on between $1 and as_of()
order by c.id
"""


_UNDATED = """
select count(*) as n from asked where signed_on is null and coalesce(status, '') not in ('draft', 'in_review', 'pending')
"""
"""Beyond the states before signing, and nobody recorded the day: in no period, so in no share."""


def _reviews(asked: Asked, signed: Sequence[dict[str, Any]], period: dict[str, str]) -> Section:
    major = reviewed([row for row in signed if row["is_major"]])
    every, files = reviewed(signed), filed(signed)
    figures = [
        Figure(
            key=key, title=asked.say(f"coverage.{key}"), value=ratio(part, whole) if whole else None, kind="share",
            note=f"{part:,} / {whole:,}",
        )
        for key, part, whole in (
            ("review_share", every["before"], every["known"]), ("major_share", major["before"], major["known"]),
            ("filing_share", files["done"], files["known"]),
        )
    ]  # fmt: skip
    undated = asked.rows(_UNDATED)[0]["n"]
    figures.append(
        Figure(
            key="undated", title=asked.say("coverage.undated"), value=undated, note=asked.say("coverage.undated_note")
        )
    )
    rows: list[Row] = []
    for unit in sorted({row["unit"] or "" for row in signed}):
        mine = [row for row in signed if (row["unit"] or "") == unit]
        counts = reviewed(mine)
        rows.append(
            {"unit": unit or asked.say("answer.no_unit"), "signed": counts["signed"], "reviewed": counts["before"],
             "reviewed_late": counts["late"], "not_reviewed": counts["none"], "not_known": counts["unknown"]}
            | share(counts["before"], counts["known"])
        )  # fmt: skip
    kinds = columns(
        asked.lang, unit="text", signed="number", reviewed="number", reviewed_late="number", not_reviewed="number",
        not_known="number", share="share",
    )  # fmt: skip
    total: Row = {
        "signed": every["signed"], "reviewed": every["before"], "reviewed_late": every["late"],
        "not_reviewed": every["none"], "not_known": every["unknown"],
    } | share(every["before"], every["known"])  # fmt: skip
    table = Table(key="reviews", title=asked.say("coverage.by_unit"), columns=kinds, rows=rows, total=total)
    return Section(
        key="reviewed", heading=asked.say("coverage.reviews"), sentence=asked.say("coverage.period", **period),
        figures=tuple(figures), tables=(table,), notes=(asked.say("coverage.review_note"),),
    )  # fmt: skip


def _duty(asked: Asked, rule: Compiled, signed: Sequence[dict[str, Any]]) -> dict[str, Cell] | None:
    """What became of one duty of procedure with a day, as filing or publication, on the contracts signed in the period."""
    place = _OF_THE_CONTRACT.fullmatch(rule.rule.done or "")
    if rule.rule.subject != "contract" or rule.rule.side != "government" or place is None or not signed:
        return None
    ids = [row["id"] for row in signed]
    found = [one for one in asked.judgement.of_subjects(rule.rule.id, ids) if one.outcome != "not applicable"]
    days = {row["id"]: row["day"] for row in asked.rows(f"select id, {place[1]} as day from fact_contract")}
    fates = Counter(_fate(finding, days[finding.subject_id], asked.as_of) for finding in found)
    if not found:
        return None
    fallen = fates["in_time"] + fates["late"] + fates["missed"]
    told: dict[str, Cell] = {
        "duty": f"{rule.rule.id} {rule.rule.title.in_language(asked.lang)}",
        "contracts": len(found),
    }
    told |= {name: fates[name] for name in ("in_time", "late", "missed", "ahead", "not_known")}
    return told | share(fates["in_time"], fallen)


def _fate(finding: Finding, done: date | None, as_of: date) -> str:
    if finding.outcome == "unknown" or finding.due is None:
        return "not_known"
    if done is not None:
        return "in_time" if done <= finding.due else "late"
    return "missed" if finding.due < as_of else "ahead"


def _duties(asked: Asked, rows: list[dict[str, Cell]], period: dict[str, str]) -> Section:
    kinds = columns(
        asked.lang, duty="text", contracts="number", in_time="number", late="number", missed="number", ahead="number",
        not_known="number", share="share",
    )  # fmt: skip
    table = Table(key="duties", title=asked.say("coverage.duties"), columns=kinds, rows=rows)
    return Section(
        key="procedure", heading=asked.say("coverage.duties"), sentence=asked.say("coverage.period", **period),
        tables=(table,), notes=(asked.say("coverage.duty_note"),),
    )  # fmt: skip


def _sources(asked: Asked) -> Section:
    """Which contracts each source lists, and which of their numbers no other source has."""
    rows = asked.rows(_PLACES)
    several = len(rows) > 1
    kinds = columns(asked.lang, source="text", contracts="number", alone="number", numberless="number")
    listed: list[Row] = [row if several else {name: row[name] for name in row if name != "alone"} for row in rows]
    note = asked.say("coverage.sources_note" if several else "coverage.one_source")
    table = Table(key="sources", title=asked.say("coverage.sources"), columns=kinds, rows=listed)
    return Section(
        key="gathered", heading=asked.say("coverage.sources"), figures=_gathered(asked), tables=(table,), notes=(note,)
    )


def _gathered(asked: Asked) -> tuple[Figure, ...]:
    """归集率; nothing where no other source lists a number to look for in a ledger."""
    [found] = asked.rows(_GATHERED, list(asked.ledgers))
    if not asked.ledgers or not found["listed"]:
        return ()
    return (
        Figure(
            key="gathered_share", title=asked.say("coverage.gathered_share"), value=ratio(found["held"], found["listed"]),
            kind="share", note=asked.say("coverage.gathered_of", held=f"{found['held']:,}", listed=f"{found['listed']:,}"),
        ),
    )  # fmt: skip


_GATHERED = """
with known as (select c.number, c.source from fact_contract c join asked a on a.id = c.id where c.number is not null)
select count(distinct k.number) as listed, count(distinct l.number) as held
from known k left join known l on l.number = k.number and list_contains($1::varchar[], l.source)
where not list_contains($1::varchar[], k.source)
"""


_PLACES = """
with known as (select c.id, c.number, c.source from fact_contract c join asked a on a.id = c.id)
select
    k.source, count(*) as contracts,
    count(*) filter (where k.number is not null and not exists (
        select 1 from known o where o.number = k.number and o.source is distinct from k.source)) as alone,
    count(*) filter (where k.number is null) as numberless
from known k group by k.source order by k.source
"""

WANTED = ("signed_on", "amount", "end_on", "party_id", "kind", "pay_term_days", "status", "number")
"""Facts of a contract that most reports need, and of which the report says how often they are missing."""


def _facts(asked: Asked) -> Section:
    cells = ", ".join(f"count(c.{name}) as {name}" for name in WANTED)
    counts = asked.rows(f"select count(*) as every, {cells} from fact_contract c join asked a on a.id = c.id")[0]
    rows: list[Row] = [
        {
            "fact": fact_name(f"contract.{name}", asked.lang),
            "recorded": counts[name],
            "missing": counts["every"] - counts[name],
        }
        | share(counts[name], counts["every"])
        for name in WANTED
    ]
    kinds = columns(asked.lang, fact="text", recorded="number", missing="number", share="share")
    table = Table(key="facts", title=asked.say("coverage.facts"), columns=kinds, rows=rows)
    return Section(key="recorded", heading=asked.say("coverage.facts"), tables=(table,))


def _rules(asked: Asked) -> Section:
    found = [
        row
        for row in coverage_rows(asked.engine, asked.judgement, asked.book)
        if row["binds"] and row["contracts_blind"]
    ]
    rows: list[Row] = []
    for row in sorted(found, key=lambda row: (-row["contracts_blind"], row["rule"])):
        facts = dict.fromkeys(fact_name(one["fact"], asked.lang, row["rule"]) for one in row["missing"])
        said = asked.say("letter.list").join([*list(facts)[:FACTS], *(["…"] if len(facts) > FACTS else [])])
        kind = asked.say(f"report.kind.{row['subject']}")
        without = (
            asked.say("coverage.without", kind=kind, n=f"{row['contracts_without']:,}")
            if row["contracts_without"]
            else ""
        )
        rows.append(
            {"rule": f"{row['rule']} {row['title'][asked.lang]}", "judged": row["judged"] - row["not_applicable"],
             "unknown": row["unknown"], "blind": row["contracts_blind"], "missing_facts": joined(asked, said, without)}
        )  # fmt: skip
    kinds = columns(asked.lang, rule="text", judged="number", unknown="number", blind="number", missing_facts="text")
    table = Table(key="rules", title=asked.say("coverage.rules"), columns=kinds, rows=rows)
    return Section(
        key="blind",
        heading=asked.say("coverage.rules"),
        sentence=asked.say("coverage.rules_says", n=len(rows)),
        tables=(table,),
    )
