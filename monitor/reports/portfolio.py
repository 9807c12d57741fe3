"""`lvyue report portfolio`: where we stand. What is due and overdue, by whom, what it costs, and what we cannot know.

Every number comes from the facts and the judgement as of one day, so the same question gets the same answer, to the byte.
Breaches of faith are counted from orange and red of the government's own duties; reminders are told apart from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from monitor.domain.warning import LEVELS
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.reports.learned import Voices, learned_rows
from monitor.rulebook import Coverage, Finding, Judgement, Rulebook
from monitor.rulebook.compile import binds
from monitor.rulebook.wording import finding_content

WITHOUT = ("obligation", "payment")
"""Subjects that every contract should have: one without any is not judged by their rules, and must not look judged."""

SOON_DAYS = 30
MONTHS_BACK, MONTHS_AHEAD = 24, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a report was made from; printed on every output."""

    office: str
    declared: str
    as_of: date
    known_at: datetime
    rules_hash: str
    facts_hash: str
    provisional_calendar: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The whole report as plain values: rows are dictionaries with the same keys throughout a table.

    totals    one row: contracts, units, obligations, open, overdue, due_soon, no_day (open without a due day)
    levels    findings by level, red first
    rules     findings by rule and level, with the rule's titles
    units     one row a unit, most overdue first: contracts, open, overdue, due_soon, oldest_days, red, orange, yellow, blue
    months    one row a month of planned completion: on_time, late, overdue, ahead
    findings  worst first, as letters show them
    learned   one row a recipe of learned risk: who estimates or why nobody does, the riskiest open cases; see `learned_rows`
    moved     due days that moved, newest first: noun, id, title, contract_id, before, after, days, recorded_on
    vanished  contracts their source no longer lists: id, title, source, gone_on
    sources   one row a source: editions, last_edition_on, last_change_on, days_silent, stale, quarantined, vanished
    coverage  one row a rule: its pack and whether that binds any contract, judged, fires, clear, unknown, not applicable,
              blind contracts, what is missing
    """

    header: Header
    totals: dict[str, Any]
    levels: dict[str, int]
    rules: list[dict[str, Any]]
    units: list[dict[str, Any]]
    months: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    learned: list[dict[str, Any]]
    moved: list[dict[str, Any]]
    vanished: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    coverage: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the portfolio: the contracts in the table `asked`, and warnings about them alone where they were `picked`;
    warnings of one rule, or of a level and graver."""

    picked: bool = False
    rule: str | None = None
    level: str | None = None

    def has(self, finding: Finding, contracts: Set[str]) -> bool:
        """Whether a finding is in it."""
        return (
            (not self.picked or finding.contract_id in contracts)
            and (self.rule is None or finding.rule == self.rule.upper())
            and (self.level is None or LEVELS.index(finding.outcome) >= LEVELS.index(self.level))
        )


def portfolio(
    engine: Engine, voices: Voices, book: Rulebook, header: Header, sources: Sequence[dict[str, Any]],
    part: Part | None = None,
) -> Portfolio:  # fmt: skip
    """Build the report. `sources` are the rows of `store.versions.sources_seen`, with `stale_after_days` from the config. Of a
    part there are no estimates, and what rules cannot judge is not told: both are of everything."""
    _lay_out(engine, narrowed=part is not None)
    fired = sorted(voices.judgement.fired(), key=_worst_first)
    if part is not None:
        contracts = {row["id"] for row in engine.rows("select id from asked")}
        fired = [finding for finding in fired if part.has(finding, contracts)]
    rules = {rule.rule.id: rule.rule for rule in book.rules}
    findings = [
        {"level": f.outcome, "rule": f.rule, "subject_id": f.subject_id, **finding_content(f, rules[f.rule])}
        for f in fired
    ]
    return Portfolio(
        header=header,
        totals=engine.rows(_TOTALS)[0],
        levels={level: sum(1 for f in fired if f.outcome == level) for level in reversed(LEVELS)},
        rules=_by_rule(fired, book),
        units=_units(engine, fired),
        months=engine.rows(_MONTHS),
        findings=findings,
        learned=[] if part else learned_rows(engine, voices),
        moved=engine.rows(_MOVED),
        vanished=engine.rows(_VANISHED),
        sources=[_source(row, engine) for row in sources],
        coverage=[] if part else coverage_rows(engine, voices.judgement, book),
    )


def _lay_out(engine: Engine, *, narrowed: bool) -> None:
    """The contracts that are told of, and their obligations."""
    for subject, key in (("contract", "id"), ("obligation", "contract_id")):
        only = f" where {key} in (select id from asked)" if narrowed else ""
        engine.db.execute(f"create or replace temp view told_{subject} as from fact_{subject}{only}")


def coverage_rows(engine: Engine, judgement: Judgement, book: Rulebook) -> list[dict[str, Any]]:
    """One row a rule, as `Portfolio.coverage` says; `judged` counts what it does not apply to as well."""
    bound, without = _bound(engine, book), _without(engine)
    return [_coverage(row, book, without, bound) for row in judgement.coverage()]


def _worst_first(finding: Finding) -> tuple[int, int, str, str]:
    days = finding.days_late if finding.days_late is not None else -100_000
    return (-LEVELS.index(finding.outcome), -days, finding.rule, finding.subject_id)


def is_provisional(calendars: Sequence[WorkCalendar], as_of: date) -> bool:
    """Whether any calendar in use has not been published for the day's year."""
    return any(calendar.provisional(as_of) for calendar in calendars)


_OPEN = "done_on is null and coalesce(status not in ('met', 'waived'), true)"

_OPEN_O = _OPEN.replace("done_on", "o.done_on").replace("status", "o.status")

_TOTALS = f"""
select
    (select count(*) from told_contract) as contracts,
    (select count(distinct unit_id) from told_contract) as units,
    count(*) as obligations,
    count(*) filter (where {_OPEN}) as open,
    count(*) filter (where {_OPEN} and due_on < as_of()) as overdue,
    count(*) filter (where {_OPEN} and due_on between as_of() and as_of() + {SOON_DAYS}) as due_soon,
    count(*) filter (where {_OPEN} and due_on is null) as no_day,
    count(*) filter (where done_on is not null) as done,
    count(*) filter (where done_on > due_on) as done_late
from told_obligation
"""

_MONTHS = f"""
with month as (
    select unnest(generate_series(
        date_trunc('month', as_of()) - interval {MONTHS_BACK} month,
        date_trunc('month', as_of()) + interval {MONTHS_AHEAD} month, interval 1 month))::date as month
)
select
    strftime(m.month, '%Y-%m') as month,
    count(o.id) filter (where o.done_on <= o.due_on) as on_time,
    count(o.id) filter (where o.done_on > o.due_on) as late,
    count(o.id) filter (where {_OPEN_O} and o.due_on < as_of()) as overdue,
    count(o.id) filter (where {_OPEN_O} and o.due_on >= as_of()) as ahead
from month m left join told_obligation o on date_trunc('month', o.due_on)::date = m.month
group by m.month order by m.month
"""

_UNITS = f"""
select
    coalesce(u.name, '') as unit, count(distinct c.id) as contracts,
    count(o.id) filter (where {_OPEN_O}) as open,
    count(o.id) filter (where {_OPEN_O} and o.due_on < as_of()) as overdue,
    count(o.id) filter (where {_OPEN_O}
        and o.due_on between as_of() and as_of() + {SOON_DAYS}) as due_soon,
    max(as_of() - o.due_on) filter (where {_OPEN_O} and o.due_on < as_of())
        as oldest_days
from told_contract c left join fact_unit u on u.id = c.unit_id left join told_obligation o on o.contract_id = c.id
group by 1
"""

_MOVED = """
with step as (
    select *, lag(day) over w as before from history where recorded_on <= as_of()
    window w as (partition by noun, id order by seq)
)
select
    s.noun, s.id, coalesce(o.title, c.title) as title, coalesce(o.contract_id, s.id) as contract_id,
    s.before, s.day as after, s.day - s.before as days, s.recorded_on
from step s left join told_obligation o on s.noun = 'obligation' and o.id = s.id
left join told_contract c on s.noun = 'contract' and c.id = s.id
where s.before is not null and s.before is distinct from s.day and (s.noun <> 'obligation' or o.id is not null)
    and (s.noun <> 'contract' or c.id is not null)
order by s.recorded_on desc, s.noun, s.id
"""

_VANISHED = "select id, title, source, gone_on from told_contract where gone_on is not null order by gone_on desc, id"


def _by_rule(fired: Sequence[Finding], book: Rulebook) -> list[dict[str, Any]]:
    out = []
    for rule in book.rules:
        mine = [finding for finding in fired if finding.rule == rule.rule.id]
        if mine:
            counts = {level: sum(1 for finding in mine if finding.outcome == level) for level in reversed(LEVELS)}
            titles = {"zh": rule.rule.title.zh, "en": rule.rule.title.en}
            out.append({"rule": rule.rule.id, "title": titles, "side": rule.rule.side, "total": len(mine), **counts})
    return sorted(out, key=lambda row: (-row["red"], -row["orange"], -row["total"], row["rule"]))


def _units(engine: Engine, fired: Sequence[Finding]) -> list[dict[str, Any]]:
    counts: dict[str, dict[str, int]] = {}
    for finding in fired:
        mine = counts.setdefault(finding.unit or "", dict.fromkeys(reversed(LEVELS), 0))
        mine[finding.outcome] += 1
    rows = [row | counts.get(row["unit"], dict.fromkeys(reversed(LEVELS), 0)) for row in engine.rows(_UNITS)]
    return sorted(rows, key=lambda row: (-row["overdue"], -row["due_soon"], row["unit"]))


def _source(row: dict[str, Any], engine: Engine) -> dict[str, Any]:
    changed = row["last_change_on"]
    silent = (engine.as_of - changed).days if changed else None
    gone = engine.rows(
        "select count(*) as n from fact_contract where gone_on is not null and source = ?", [row["source"]]
    )
    stale = silent is not None and silent > row["stale_after_days"]
    return row | {"days_silent": silent, "stale": stale, "vanished": gone[0]["n"]}


def _bound(engine: Engine, book: Rulebook) -> dict[str, bool]:
    """For the name of each pack, whether any contract stands, or may stand, under its law."""
    packs = {rule.pack.name.en: rule.pack for rule in book.rules}
    query = "select 1 from fact_contract where coalesce({}, true) limit 1"
    return {name: bool(engine.rows(query.format(binds(pack, "jurisdiction")))) for name, pack in packs.items()}


def _without(engine: Engine) -> Callable[[str, str], int]:
    """How many contracts that a law binds have no obligation, or no payment, on record; each question is asked once."""

    @cache
    def count(subject: str, law: str) -> int:
        query = f"select count(*) as n from fact_contract c where c.id not in (select contract_id from fact_{subject}) and {law}"
        return int(engine.rows(query)[0]["n"])

    return count


def _coverage(
    row: Coverage, book: Rulebook, count: Callable[[str, str], int], bound: dict[str, bool]
) -> dict[str, Any]:
    """A rule is blind on a contract when a fact is missing, or when nothing of the kind it judges is recorded at all."""
    rule = book.get(row.rule)
    without = count(row.subject, binds(rule.pack, "c.jurisdiction")) if row.subject in WITHOUT else 0
    return {
        "rule": row.rule, "title": {"zh": rule.rule.title.zh, "en": rule.rule.title.en}, "subject": row.subject,
        "pack": {"zh": rule.pack.name.zh, "en": rule.pack.name.en},
        "binds": bound[rule.pack.name.en] or row.judged > row.not_applicable,
        "jurisdiction": rule.pack.place, "judged": row.judged, "not_applicable": row.not_applicable,
        "clear": row.clear, "fires": sum(row.fires.values()), "unknown": row.unknown,
        "contracts_blind": row.contracts_blind + without, "contracts_without": without,
        "missing": [{"fact": fact, "count": count} for fact, count in row.missing],
    }  # fmt: skip
