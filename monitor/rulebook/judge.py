"""Every rule on every subject, in one query a subject, and what came of it.

`Judgement` keeps the codes as tables beside the facts, so that the few rows that matter can be asked for in full: what
fires, what cannot be computed and why, everything about one contract.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import duckdb
import pyarrow.compute as pc

from monitor.domain.sandbox import two_at_a_time
from monitor.rulebook.compile import OUTCOMES, UNKNOWN, Compiled, place
from monitor.rulebook.finding import Coverage, Finding, Hit
from monitor.rulebook.parts import reached, staged
from monitor.rulebook.scan import SHOWN, facts_of, scan_sql

DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Judgement:
    """The outcomes of `rules` on the facts in `db` (the base views of `engines.duckdb`).

    One narrow table a subject, `judged_<subject>`: id, contract, a code and a day for each rule. Everything a finding says
    beside that is asked for later, for the few rows that matter. `cases` replaces the base views by tables of the same
    columns with an `as_of` column: how examples are run. `beside` is a second connection to the same facts: then two subjects
    are judged at a time.
    """

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        rules: Sequence[Compiled],
        *,
        cases: str | None = None,
        beside: duckdb.DuckDBPyConnection | None = None,
    ) -> None:
        self.db = db
        self._cases = cases
        self._by_subject: dict[str, list[Compiled]] = {}
        self._available: dict[str, dict[str, str]] = {}
        for rule in rules:
            self._by_subject.setdefault(rule.rule.subject, []).append(rule)
        subjects = sorted(self._by_subject, key=lambda subject: subject not in ("payment", "contract", "obligation"))
        two_at_a_time(db, beside, [partial(self._judge, subject) for subject in subjects])

    def hits(self) -> list[Hit]:
        """Every outcome that is a level, worst first: all that is needed to see whether anything changed."""
        found: list[Hit] = []
        for subject, group in self._by_subject.items():
            firing = self._firing(subject)
            if not firing:
                continue
            branches = " union all ".join(
                f"select {n} as n, id, contract_id, \"c.{n}\" as code, \"d.{n}\" as due from judged_{subject} "
                f'where "c.{n}" > {UNKNOWN}' for n in firing
            )  # fmt: skip
            owner = {
                "unit": "h.id",
                "party": "null",
                "complaint": "(select unit_id from fact_complaint m where m.id = h.id)",
            }
            rows = self.db.execute(
                f"select h.n, h.id, h.contract_id, h.code, h.due, u.name from ({branches}) h "
                "left join fact_contract c on c.id = h.contract_id "
                f"left join fact_unit u on u.id = {owner.get(subject, 'c.unit_id')} order by h.n, h.id"
            ).fetchall()
            found += [
                Hit(rule=group[n].rule.id, subject=subject, subject_id=key, contract_id=contract, outcome=OUTCOMES[code],
                    due=due, unit=unit, rule_hash=group[n].rule_hash)
                for n, key, contract, code, due, unit in rows
            ]  # fmt: skip
        return sorted(found, key=lambda hit: (-OUTCOMES.index(hit.outcome), hit.rule, hit.subject_id))

    def fired(self, only: Collection[tuple[str, str]] | None = None) -> list[Finding]:
        """Every outcome that is a level, or those of `only` (rule, subject id): worst first, then by rule and subject."""
        found: list[Finding] = []
        chosen: dict[str, list[str]] = {}
        for rule, key in only or ():
            chosen.setdefault(rule, []).append(key)
        for subject, group in self._by_subject.items():
            firing = [n for n in self._firing(subject) if only is None or group[n].rule.id in chosen]
            if not firing:
                continue
            with self._gathered(subject, firing, " or ".join(f'"c.{n}" > {UNKNOWN}' for n in firing)) as rows:
                for n in firing:
                    where, parameters = f'"c.{n}" > {UNKNOWN}', []
                    if only is not None:
                        where, parameters = f"{where} and id in (select unnest(?))", [chosen[group[n].rule.id]]
                    found += self._findings(group[n], f"(select * from {rows} where {where})", parameters)
        return sorted(found, key=lambda f: (-OUTCOMES.index(f.outcome), f.rule, f.subject_id))

    def of_contract(self, contract_id: str) -> list[Finding]:
        """Every outcome about one contract and whatever hangs on it, in the order of the rules."""
        found: list[Finding] = []
        for subject, group in self._by_subject.items():
            if subject in ("unit", "party"):
                continue
            with self._gathered(subject, range(len(group)), "contract_id = ?", [contract_id]) as rows:
                if self.db.execute(f"select 1 from {rows} limit 1").fetchall():
                    for rule in group:
                        found += self._findings(rule, f"(select * from {rows})")
        return sorted(found, key=lambda f: (f.rule, f.subject_id))

    def unknown(self, rule_id: str, most: int) -> list[Finding]:
        """What one rule cannot compute, for the first `most` contracts (or units, parties) by id, each with all its subjects."""
        rule = next(rule for rule in self._all() if rule.rule.id == rule_id)
        doubtful = f'judged_{rule.rule.subject} where "c.{self._number(rule)}" = {UNKNOWN}'
        first = f"select distinct coalesce(contract_id, id) as whose from {doubtful} order by whose limit {most:d}"
        chosen = f"j.id in (select id from {doubtful} and coalesce(contract_id, id) in ({first}))"
        found = self._findings(rule, self._rows_of(rule, chosen))
        return sorted(found, key=lambda f: (f.contract_id or f.subject_id, f.subject_id))

    def of_cases(self, rule: Compiled, numbers: Sequence[int]) -> dict[int, Finding]:
        """What one rule says of some examples, by their numbers. One query: to bind it takes longer than to run it."""
        found = self._findings(rule, self._rows_of(rule, "b.case_number in (select unnest(?))"), [list(numbers)])
        return {int(finding.subject_id.removeprefix("case-")): finding for finding in found}

    def outcomes(self, rule: str, subjects: Iterable[str]) -> dict[str, str]:
        """The outcome of one rule for some subjects by id; subjects that are not in the facts are left out."""
        for candidate in self._all():
            if candidate.rule.id == rule:
                rows = self.db.execute(
                    f'select id, "c.{self._number(candidate)}" from judged_{candidate.rule.subject} '
                    "where id in (select unnest(?))", [list(subjects)],
                ).fetchall()  # fmt: skip
                return {row[0]: OUTCOMES[row[1]] for row in rows}
        return {}

    def of_subjects(self, rule_id: str, subjects: Collection[str]) -> list[Finding]:
        """What one rule says, in full, of some subjects by id, whatever the outcome; by id."""
        rule = next(rule for rule in self._all() if rule.rule.id == rule_id)
        return self._findings(rule, self._rows_of(rule, "j.id in (select unnest(?))"), [list(subjects)])

    def counts(self) -> dict[str, dict[str, int]]:
        """How often each rule had each outcome. One pass a subject."""
        found: dict[str, dict[str, int]] = {}
        for subject, group in self._by_subject.items():
            names = ", ".join(f'"c.{n}"' for n in range(len(group)))
            codes = self.db.sql(f"select {names} from judged_{subject}").to_arrow_table()
            for rule, column in zip(group, codes.columns, strict=True):
                pairs = zip(*pc.value_counts(column).flatten(), strict=True)
                numbers = {OUTCOMES[code.as_py()]: int(number.as_py()) for code, number in pairs}
                found[rule.rule.id] = {outcome: numbers.get(outcome, 0) for outcome in OUTCOMES}
        return dict(sorted(found.items()))

    def coverage(self) -> list[Coverage]:
        """How far each rule could be judged, and for want of what not, in the order of the rules."""
        counts = self.counts()
        found: list[Coverage] = []
        for subject, group in self._by_subject.items():
            doubtful = [n for n, rule in enumerate(group) if counts[rule.rule.id]["unknown"]]
            blind = self._blind(subject, doubtful)
            missing = self._missing_counts(subject, doubtful)
            for n, rule in enumerate(group):
                numbers = counts[rule.rule.id]
                found.append(
                    Coverage(
                        rule=rule.rule.id, subject=subject, judged=sum(numbers.values()),
                        not_applicable=numbers["not applicable"], clear=numbers["clear"], unknown=numbers["unknown"],
                        fires={level: numbers[level] for level in OUTCOMES[UNKNOWN + 1 :] if numbers[level]},
                        contracts_blind=blind.get(n, 0), missing=missing.get(n, ()),
                    )
                )  # fmt: skip
        return sorted(found, key=lambda row: row.rule)

    def _judge(self, subject: str, db: duckdb.DuckDBPyConnection) -> None:
        self._available[subject] = {row[0]: row[1] for row in db.execute(f"describe base_{subject}").fetchall()}
        db.execute(f"create or replace table judged_{subject} as {self._scan(db, subject)}")

    def _scan(self, db: duckdb.DuckDBPyConnection, subject: str) -> str:
        """The query that judges a subject. Where there is none, or nothing that a rule's law binds, there is nothing to plan:
        a rule book of many countries costs an office no more than its own."""
        group = self._by_subject[subject]
        places = [row[0] for row in db.execute(self._places(subject)).fetchall()]
        if not places:
            days = ", ".join(f'null::tinyint as "c.{n}", null::date as "d.{n}"' for n in range(len(group)))
            return f"select null::varchar as id, null::varchar as contract_id, {days} limit 0"
        binding = {"true": True}
        for rule in group:
            if rule.in_law not in binding:
                query = f'select bool_or(coalesce({rule.in_law}, true)) from (select unnest(?::varchar[]) as "{place(subject)}")'
                binding[rule.in_law] = bool(db.execute(query, [places]).fetchall()[0][0])
        return scan_sql(
            group, self._source(subject), self._available[subject], foreign=lambda rule: not binding[rule.in_law]
        )

    def _places(self, subject: str) -> str:
        """Whose law may apply to the subjects that there are: no more of the facts than that needs."""
        if self._cases or place(subject) != "contract.jurisdiction":
            return f'select distinct "{place(subject)}" from {self._source(subject)}'
        if subject == "contract":
            return "select distinct jurisdiction from contract"
        return f"select distinct c.jurisdiction from {subject} s left join contract c on c.id = s.contract_id"

    def _blind(self, subject: str, numbers: Sequence[int]) -> dict[int, int]:
        """For each rule, the contracts (or units, parties) with an unknown outcome."""
        if not numbers:
            return {}
        flags = ", ".join(f'max("c.{n}" = {UNKNOWN}) as b{n}' for n in numbers)
        sums = ", ".join(f"count(*) filter (where b{n})" for n in numbers)
        whose = "coalesce(contract_id, id)"
        query = f"select {sums} from (select {flags} from judged_{subject} group by {whose})"
        return dict(zip(numbers, self.db.execute(query).fetchall()[0], strict=True))

    def _missing_counts(self, subject: str, numbers: Sequence[int]) -> dict[int, tuple[tuple[str, int], ...]]:
        """For each rule, how often each fact was missing where the outcome is unknown; the worst first."""
        group = self._by_subject[subject]
        found = self._counted(subject, {(n, name): gap for n in numbers for name, gap in group[n].needs.items()})
        silent = self._counted(subject, {(n, ""): f"not ({_needed(group[n])})" for n in numbers if group[n].doubts})
        asked = {(n, name): gap for n, _ in silent for name, gap in _doubted(group[n]).items()}
        found += self._counted(subject, asked)
        return {
            n: tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))
            for n in numbers if (pairs := [(name, number) for (m, name), number in found.items() if m == n])
        }  # fmt: skip

    def _counted(self, subject: str, asked: Mapping[tuple[int, str], str]) -> Counter[tuple[int, str]]:
        """How often each of some conditions holds, by rule and name, where the outcome of the rule is unknown."""
        if not asked:
            return Counter()
        cells = ", ".join(f'count(*) filter (where "c.{n}" = {UNKNOWN} and ({gap}))' for (n, _), gap in asked.items())
        rules = [self._by_subject[subject][n] for n in sorted({n for n, _ in asked})]
        parts = reached({name: sql for rule in rules for name, sql in rule.parts.items()}, asked.values())
        source = (
            f"(select {self._wanted(subject, rules)}, j.* from {self._source(subject)} b "
            f'join judged_{subject} j on j.id = b."{subject}.id")'
        )
        row = self.db.execute(f"select {cells} from {staged(source, parts)}").fetchall()[0]
        return Counter({key: number for key, number in zip(asked, row, strict=True) if number})

    def _findings(self, rule: Compiled, source: str, parameters: list[Any] | None = None) -> list[Finding]:
        """Findings in full for the rows of `source`: facts of the subject, beside its row of codes and days."""
        subject, number = rule.rule.subject, self._number(rule)
        available = self._available[subject]
        evidence = ", ".join(f"'{name}': {sql}" for name, sql in rule.evidence.items())
        provisional = f'coalesce(provisional_{rule.calendar}(greatest(as_of, "d.{number}")), false)'
        title = f'"{subject}.title"' if f"{subject}.title" in available else f'"{subject}.name"'
        cells = {
            "subject_id": "id", "subject_title": title, "as_of": "as_of",
            "code": f'"c.{number}"', "due": f'"d.{number}"',
            "days_late": f'as_of - "d.{number}"', "money": f"({rule.money})::decimal(30, 4)", "cite": rule.cite,
            "evidence": f"to_json({{{evidence}}})" if evidence else "'{}'", "missing": _named(rule.needs),
            "provisional": provisional,
            "source_row": f'"{subject}.source_row"' if f"{subject}.source_row" in available else "null",
        }  # fmt: skip
        cells |= {name: f'"{column}"' if column in available else "null" for name, column in SHOWN.items()}
        if subject in ("unit", "party", "complaint"):
            cells["source"] = f'"{subject}.source"'
        if f"{subject}.currency" in available and subject != "contract":
            cells["currency"] = f'coalesce("{subject}.currency", "contract.currency")'
        columns = ", ".join(f"{sql} as {name}" for name, sql in cells.items())
        cursor = self.db.execute(f"select {columns} from {staged(source, rule.parts)} order by id", parameters or [])
        names = [column[0] for column in cursor.description or []]
        days = {name for name in rule.evidence if available.get(name, "DATE") == "DATE"}
        found = [_finding(rule, dict(zip(names, row, strict=True)), days) for row in cursor.fetchall()]
        if all(finding.missing for finding in found if finding.outcome == "unknown"):
            return found
        query = f"select id, {_named(_doubted(rule))} from {staged(source, rule.parts)}"
        doubted = {row[0]: tuple(row[1]) for row in self.db.execute(query, parameters or []).fetchall()}
        return [
            replace(finding, missing=finding.missing or doubted[finding.subject_id])
            if finding.outcome == "unknown"
            else finding
            for finding in found
        ]

    @contextmanager
    def _gathered(
        self, subject: str, numbers: Sequence[int], where: str, parameters: list[Any] | None = None
    ) -> Iterator[str]:
        """Some judged subjects with every fact that some rules name, as a small table: each rule then asks only that."""
        wanted = self._wanted(subject, [self._by_subject[subject][n] for n in numbers])
        self.db.execute(
            f"create or replace temp table gathered as select {wanted}, j.* from {self._source(subject)} b "
            f'join (select * from judged_{subject} where {where}) j on j.id = b."{subject}.id"', parameters or [],
        )  # fmt: skip
        yield "gathered"
        self.db.execute("drop table gathered")

    def _rows_of(self, rule: Compiled, where: str) -> str:
        """The facts that one rule names, beside the codes, for some subjects."""
        subject = rule.rule.subject
        return (
            f"(select {self._wanted(subject, [rule])}, j.* from {self._source(subject)} b "
            f'join judged_{subject} j on j.id = b."{subject}.id" where {where})'
        )

    def _firing(self, subject: str) -> list[int]:
        """Numbers of the rules that fire somewhere."""
        group = self._by_subject[subject]
        cells = ", ".join(f'max("c.{n}")' for n in range(len(group)))
        row = self.db.execute(f"select {cells} from judged_{subject}").fetchall()[0]
        return [n for n, worst in enumerate(row) if worst is not None and worst > UNKNOWN]

    def _wanted(self, subject: str, rules: Sequence[Compiled]) -> str:
        names = sorted(facts_of(rules, self._available[subject]))
        return ", ".join([*(f'b."{name}"' for name in names), "b.as_of"])

    def _source(self, subject: str) -> str:
        return f"{self._cases}_{subject}" if self._cases else f"(select *, as_of() as as_of from base_{subject})"

    def _all(self) -> list[Compiled]:
        return sorted((rule for group in self._by_subject.values() for rule in group), key=lambda r: r.rule.id)

    def _number(self, rule: Compiled) -> int:
        return self._by_subject[rule.rule.subject].index(rule)


def _needed(rule: Compiled) -> str:
    """Whether something is missing that has no stand-in."""
    return " or ".join(rule.needs.values()) or "false"


def _doubted(rule: Compiled) -> dict[str, str]:
    """What is missing where nothing else is: planned only where it is asked for, since it looks into every stand-in."""
    return {name: f"not ({_needed(rule)}) and ({doubt})" for name, doubt in rule.doubts.items()}


def _named(gaps: Mapping[str, str]) -> str:
    """The names of what is missing, as a list."""
    cases = ", ".join(f"case when {gap} then '{name}' end" for name, gap in gaps.items())
    return f"list_filter([{cases}]::varchar[], lambda x: x is not null)"


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
