"""Every rule on every subject, in one query a subject, and what came of it.

`Judgement` keeps the codes as tables beside the facts, so that the few rows that matter can be asked for in full: what
fires, what cannot be computed and why, everything about one contract.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from monitor.rulebook.compile import OUTCOMES, UNKNOWN, Compiled, code_sql
from monitor.rulebook.parts import reached, staged

SHOWN = {
    "contract_id": "contract.id", "contract_title": "contract.title", "contract_number": "contract.number",
    "unit": "unit.name", "unit_id": "unit.id", "party": "party.name", "currency": "contract.currency",
    "source": "contract.source", "contract_source_row": "contract.source_row",
}  # fmt: skip
"""What every finding carries of its surroundings, where the subject has them."""


DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule on one subject. `outcome` is a level, or clear, unknown, not applicable.

    `days_late` is negative before the deadline. `money` is in whole units of `currency`. `missing` names the facts for lack
    of which it cannot be computed. `provisional` says that a working-day calendar not yet published was used.
    """

    rule: str
    subject: str
    subject_id: str
    subject_title: str
    as_of: date
    outcome: str
    contract_id: str | None
    contract_title: str | None
    contract_number: str | None
    unit: str | None
    unit_id: str | None
    party: str | None
    source: str | None
    source_row: int | None
    due: date | None
    days_late: int | None
    money: Decimal | None
    currency: str | None
    cite: str
    evidence: dict[str, Any]
    missing: tuple[str, ...]
    provisional: bool
    rule_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far one rule could be judged. `contracts_blind` counts contracts with at least one unknown outcome."""

    rule: str
    subject: str
    judged: int
    not_applicable: int
    clear: int
    unknown: int
    fires: dict[str, int]
    contracts_blind: int
    missing: tuple[tuple[str, int], ...]


class Judgement:
    """The outcomes of `rules` on the facts in `db` (the base views of `engines.duckdb`).

    `cases` replaces the base views by tables of the same columns with an `as_of` column: how examples are run.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection, rules: Sequence[Compiled], *, cases: str | None = None) -> None:
        self.db = db
        self._by_subject: dict[str, list[Compiled]] = {}
        for rule in rules:
            self._by_subject.setdefault(rule.rule.subject, []).append(rule)
        for subject, group in self._by_subject.items():
            source = f"{cases}_{subject}" if cases else f"(select *, as_of() as as_of from base_{subject})"
            db.execute(f"create or replace table judged_{subject} as {scan_sql(group, source, self._columns(subject))}")

    def fired(self) -> list[Finding]:
        """Every outcome that is a level, worst first, then by rule and subject."""
        found = [f for rule in self._all() for f in self._findings(rule, f'"c.{self._number(rule)}" > {UNKNOWN}')]
        return sorted(found, key=lambda f: (-OUTCOMES.index(f.outcome), f.rule, f.subject_id))

    def of_contract(self, contract_id: str) -> list[Finding]:
        """Every outcome about one contract and whatever hangs on it, in the order of the rules."""
        found: list[Finding] = []
        for rule in self._all():
            if rule.rule.subject in ("unit", "party"):
                continue
            found += self._findings(rule, '"contract.id" = ?', [contract_id])
        return found

    def of_cases(self, rule: Compiled, numbers: Sequence[int]) -> dict[int, Finding]:
        """What one rule says of some examples, by their numbers. One query: to bind it takes longer than to run it."""
        found = self._findings(rule, "case_number in (select unnest(?))", [list(numbers)])
        return {int(finding.subject_id.removeprefix("case-")): finding for finding in found}

    def outcomes(self, rule: str, subjects: Iterable[str]) -> dict[str, str]:
        """The outcome of one rule for some subjects by id; subjects that are not in the facts are left out."""
        for candidate in self._all():
            if candidate.rule.id == rule:
                subject = candidate.rule.subject
                rows = self.db.execute(
                    f'select "{subject}.id", "c.{self._number(candidate)}" from judged_{subject} '
                    f'where "{subject}.id" in (select unnest(?))', [list(subjects)],
                ).fetchall()  # fmt: skip
                return {row[0]: OUTCOMES[row[1]] for row in rows}
        return {}

    def coverage(self) -> list[Coverage]:
        """How far each rule could be judged, in the order of the rules."""
        return [self._coverage(rule) for rule in self._all()]

    def _coverage(self, rule: Compiled) -> Coverage:
        subject, code = rule.rule.subject, f'"c.{self._number(rule)}"'
        counts = dict(self.db.execute(f"select {code}, count(*) from judged_{subject} group by all").fetchall())
        contract = '"contract.id"' if subject not in ("unit", "party") else f'"{subject}.id"'
        blind = self.db.execute(
            f"select count(distinct {contract}) from judged_{subject} where {code} = {UNKNOWN}"
        ).fetchone()
        missing = self.db.execute(
            f"select m, count(*) as n from (select unnest({_missing(rule)}) as m from judged_{subject} "
            f"where {code} = {UNKNOWN}) group by m order by n desc, m"
        ).fetchall()
        return Coverage(
            rule=rule.rule.id, subject=subject, judged=sum(counts.values()), not_applicable=counts.get(0, 0),
            clear=counts.get(1, 0), unknown=counts.get(2, 0),
            fires={OUTCOMES[c]: counts[c] for c in sorted(counts) if c > UNKNOWN},
            contracts_blind=blind[0] if blind else 0, missing=tuple((name, number) for name, number in missing),
        )  # fmt: skip

    def _findings(self, rule: Compiled, where: str, parameters: list[Any] | None = None) -> list[Finding]:
        subject, number = rule.rule.subject, self._number(rule)
        available = self._columns(subject)
        evidence = ", ".join(f"'{name}': {sql}" for name, sql in rule.evidence.items())
        provisional = f'coalesce(provisional_{rule.calendar}(greatest(as_of, "d.{number}")), false)'
        title = f'"{subject}.title"' if f"{subject}.title" in available else f'"{subject}.name"'
        cells = {
            "subject_id": f'"{subject}.id"', "subject_title": title, "as_of": "as_of",
            "code": f'"c.{number}"', "due": f'"d.{number}"',
            "days_late": f'as_of - "d.{number}"', "money": f"({rule.money})::decimal(30, 4)", "cite": rule.cite,
            "evidence": f"to_json({{{evidence}}})" if evidence else "'{}'", "missing": _missing(rule),
            "provisional": provisional,
            "source_row": f'"{subject}.source_row"' if f"{subject}.source_row" in available else "null",
        }  # fmt: skip
        cells |= {
            name: f'"{column}"' if column in available else "null"
            for name, column in SHOWN.items()
            if name != "contract_source_row"
        }
        if subject in ("unit", "party"):
            cells["source"] = f'"{subject}.source"'
        if f"{subject}.currency" in available and subject != "contract":
            cells["currency"] = f'coalesce("{subject}.currency", "contract.currency")'
        columns = ", ".join(f"{sql} as {name}" for name, sql in cells.items())
        source = staged(f"(select * from judged_{subject} where {where})", rule.parts)
        cursor = self.db.execute(f'select {columns} from {source} order by "{subject}.id"', parameters or [])
        names = [column[0] for column in cursor.description or []]
        days = {name for name in rule.evidence if available.get(name, "DATE") == "DATE"}
        return [_finding(rule, dict(zip(names, row, strict=True)), days) for row in cursor.fetchall()]

    def _all(self) -> list[Compiled]:
        return sorted((rule for group in self._by_subject.values() for rule in group), key=lambda r: r.rule.id)

    def _number(self, rule: Compiled) -> int:
        return self._by_subject[rule.rule.subject].index(rule)

    def _columns(self, subject: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self.db.execute(f"describe base_{subject}").fetchall()}


def scan_sql(rules: Sequence[Compiled], source: str, available: Mapping[str, str]) -> str:
    """The one query that judges all rules of a subject: only the columns that some rule names are read."""
    subject = rules[0].rule.subject
    wanted = {name for rule in rules for name in rule.facts} | set(SHOWN.values())
    wanted |= {f"{subject}.{name}" for name in ("id", "title", "name", "source", "source_row")}
    wanted |= {name for rule in rules for name in (_money_column(rule),) if name} | {f"{subject}.currency"}
    columns = ", ".join(f'"{name}"' for name in sorted(wanted & set(available)))
    stage, codes = [], []
    for number, rule in enumerate(rules):
        applies = f"({rule.in_law}) and ({rule.applies})"
        stage += [
            f'{applies} as "a.{number}"',
            f'({rule.due})::date as "d.{number}"',
            f'({rule.done})::date as "f.{number}"',
        ]
        codes.append(f'({code_sql(rule, number)})::tinyint as "c.{number}"')
    helpers = "as_of, case_number" if source.startswith("cases") else "as_of"
    parts = reached({name: sql for rule in rules for name, sql in rule.parts.items()}, [*stage, *codes])
    names = ", ".join(f'"{name}"' for name in parts)
    without = f" exclude ({names})" if parts else ""
    return (
        f"with base as (select {columns}, {helpers} from {source}), "
        f"stage as (select *, {', '.join(stage)} from {staged('base', parts)}) "
        f"select *{without}, {', '.join(codes)} from stage"
    )


def _money_column(rule: Compiled) -> str:
    return rule.money.strip('"') if rule.money.startswith('"') else ""


def _missing(rule: Compiled) -> str:
    if not rule.needs:
        return "[]::varchar[]"
    sql = {name: rule.evidence[name] if name.startswith("limit.") else f'"{name}"' for name in sorted(rule.needs)}
    cases = ", ".join(f"case when {value} is null then '{name}' end" for name, value in sql.items())
    return f"list_filter([{cases}], lambda x: x is not null)"


def _finding(rule: Compiled, row: dict[str, Any], days: Collection[str]) -> Finding:
    """`days` names the evidence that may be a day: JSON has none, and a title that looks like one must stay a title."""
    outcome = OUTCOMES[row.pop("code")]
    evidence = json.loads(row.pop("evidence"), parse_float=Decimal)
    for name, value in evidence.items():
        if name in days and isinstance(value, str) and DAY.fullmatch(value):
            evidence[name] = date.fromisoformat(value)
    missing = tuple(row.pop("missing")) if outcome == "unknown" else (row.pop("missing"), ())[1]
    return Finding(
        rule=rule.rule.id, subject=rule.rule.subject, rule_hash=rule.rule_hash, outcome=outcome, evidence=evidence,
        missing=missing, **row,
    )  # fmt: skip
