"""What would bring the grade down: one contract judged again as if something else were recorded. Nothing of it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from monitor.domain.errors import UsageError
from monitor.domain.money import minor_digits
from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import schema
from monitor.domain.warning import LEVELS
from monitor.domain.words import fact_name
from monitor.engines.duckdb import Engine
from monitor.reports.asked import Asked, document
from monitor.reports.document import Cell, Document, Figure, Row, Section, Table, columns
from monitor.rulebook import Finding

_SET = re.compile(r"(.+?)\.(\w+)=(.*)", re.DOTALL)
_OF_CONTRACT = tuple(name for name, noun in NOUNS.items() if name == "contract" or "contract_id" in noun.model_fields)
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """One thing supposed: a field of a row, what is recorded there and what is supposed instead, as the store keeps it."""

    noun: str
    id: str
    title: str
    field: str
    currency: str | None
    was: Any
    value: Any


def supposed(engine: Engine, contract: str, wanted: Sequence[str]) -> list[Supposed]:
    """What is meant by `payment.paid_on=2026-01-05`: a noun of which the contract has one row, or the end of a row's key, then a
    field and its value; no value is "not recorded". Raises UsageError with what may be said instead."""
    rows = _rows(engine, contract)
    return [_one(rows, text) for text in wanted]


def edits(engine: Engine, changes: Sequence[Supposed]) -> dict[str, pa.Table]:
    """The rows with what is supposed in them, by noun."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for change in changes:
        (row,) = engine.rows(f"select * from all_{change.noun} where id = ?", [change.id])
        found.setdefault(change.noun, {}).setdefault(change.id, row)[change.field] = change.value
    return {noun: pa.Table.from_pylist(list(rows.values()), schema=schema(noun)) for noun, rows in found.items()}


def report(
    asked: Asked, contract: str, changes: Sequence[Supposed], before: Sequence[Finding], said: Mapping[str, str]
) -> Document:
    """What was supposed, and each rule's answer with it (`asked` sees what is supposed) and without (`before`). `said` is the
    question as it can be asked again."""
    after = asked.judgement.of_contract(contract)
    pairs = _pairs(before, after)
    worst = {name: _worst(found) for name, found in (("before", before), ("after", after))}
    counts = {
        "gone": sum(_fires(was) and not _fires(now) for was, now in pairs),
        "come": sum(_fires(now) and not _fires(was) for was, now in pairs),
        "stay": sum(_fires(was) and _fires(now) for was, now in pairs),
    }
    summary = asked.say(
        "whatif.summary", before=asked.say(worst["before"]), after=asked.say(worst["after"]), as_of=asked.day(asked.as_of),
        **counts,
    )  # fmt: skip
    figures = tuple(
        Figure(key=name, title=asked.say(f"whatif.{name}"), value=level, kind="level") for name, level in worst.items()
    )
    sections = [
        Section(key="supposed", heading=asked.say("whatif.supposed"), tables=(_supposed_table(asked, changes),)),
        Section(
            key="outcome", heading=asked.say("whatif.outcome"), figures=figures, tables=(_outcomes(asked, pairs),),
            notes=(asked.say("whatif.note"),),
        ),
    ]  # fmt: skip
    return document(
        asked,
        "whatif",
        summary=summary,
        sections=sections,
        main="outcomes",
        filters=(_named(asked, contract),),
        narrowed=said,
    )


def _named(asked: Asked, contract: str) -> tuple[str, str]:
    (row,) = asked.rows("select coalesce(number, id) as number, title from fact_contract where id = ?", contract)
    return asked.say("whatif.contract"), f"{row['number']} {row['title']}"


def _rows(engine: Engine, contract: str) -> list[dict[str, Any]]:
    found = []
    for noun in _OF_CONTRACT:
        key = "id" if noun == "contract" else "contract_id"
        found += [
            row | {"noun": noun}
            for row in engine.rows(f"select * from all_{noun} where {key} = ? order by id", [contract])
        ]
    return found


def _one(rows: Sequence[Mapping[str, Any]], text: str) -> Supposed:
    parsed = _SET.fullmatch(text)
    if parsed is None:
        raise UsageError(f"--set {text}: this is no supposition", hint="write it as payment.paid_on=2026-01-05")
    key, field, told = parsed.groups()
    row = _row(rows, key, text)
    noun = row["noun"]
    fields = [name for name in NOUNS[noun].model_fields if name not in ("id", "contract_id")]
    stored = next((name for name in (field, f"{field}_minor") if name in fields), None)
    if stored is None:
        known = ", ".join(name.removesuffix("_minor") for name in fields)
        raise UsageError(f"--set {text}: a {noun} has no {field!r}", hint=f"it has: {known}")
    currency = row.get("currency")
    value = _minor(told, currency, text) if stored.endswith("_minor") else _value(noun, stored, told, text)
    return Supposed(
        noun=noun, id=row["id"], title=row.get("title") or row["id"], field=stored, currency=currency, was=row[stored],
        value=value,
    )  # fmt: skip


def _row(rows: Sequence[Mapping[str, Any]], key: str, text: str) -> Mapping[str, Any]:
    for fits in (
        [row for row in rows if row["noun"] == key], [row for row in rows if row["id"] == key],
        [row for row in rows if str(row["id"]).endswith(key)],
    ):  # fmt: skip
        if len(fits) == 1:
            return fits[0]
        if fits:
            keys = ", ".join(str(row["id"]) for row in fits[:_SHOWN]) + (" …" if len(fits) > _SHOWN else "")
            raise UsageError(f"--set {text}: there are {len(fits)} rows {key!r}", hint=f"say which: {keys}")
    nouns = sorted({str(row["noun"]) for row in rows})
    raise UsageError(f"--set {text}: the contract has no {key!r}", hint=f"it has: {', '.join(nouns)}")


def _value(noun: str, field: str, told: str, text: str) -> Any:
    kind: Any = NOUNS[noun].model_fields[field].annotation
    try:
        return TypeAdapter(kind).validate_python(told or None)
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise UsageError(
            f"--set {text}: {field} cannot be {told!r}: {why}", hint="days are written as 2026-01-05"
        ) from error


def _minor(told: str, currency: str | None, text: str) -> int | None:
    if not told:
        return None
    try:
        scaled = Decimal(told).scaleb(minor_digits(currency or ""))
        if scaled == scaled.to_integral_value() and abs(scaled) < 10**18:
            return int(scaled)
    except InvalidOperation:
        pass
    raise UsageError(f"--set {text}: {told!r} is no sum of {currency or 'money'}", hint="write it as 1200.50")


def _pairs(before: Sequence[Finding], after: Sequence[Finding]) -> list[tuple[Finding | None, Finding | None]]:
    """Answers of the same rule about the same thing, where either fires or one says other than the other; the worst first."""
    was = {(one.rule, one.subject_id): one for one in before}
    now = {(one.rule, one.subject_id): one for one in after}
    pairs = [(was.get(key), now.get(key)) for key in sorted({*was, *now})]
    told = [pair for pair in pairs if any(map(_fires, pair)) or _outcome(pair[0]) != _outcome(pair[1])]
    return sorted(told, key=lambda pair: -max(map(_rank, pair)))


def _fires(finding: Finding | None) -> bool:
    return finding is not None and finding.outcome in LEVELS


def _rank(finding: Finding | None) -> int:
    return LEVELS.index(finding.outcome) if finding is not None and finding.outcome in LEVELS else -1


def _outcome(finding: Finding | None) -> str:
    return finding.outcome if finding is not None else "not applicable"


def _worst(found: Sequence[Finding]) -> str:
    worst = max(found, key=_rank, default=None)
    return _outcome(worst) if _rank(worst) >= 0 else "clear"


def _supposed_table(asked: Asked, changes: Sequence[Supposed]) -> Table:
    rows: list[Row] = [
        {
            "title": change.title, "fact": f"{change.noun}.{change.field.removesuffix('_minor')}",
            "was": _plain(asked, change, change.was), "supposed": _plain(asked, change, change.value),
        }
        for change in changes
    ]  # fmt: skip
    kinds = columns(asked.lang, title="text", fact="text", was="text", supposed="text")
    return Table(key="supposed", title=asked.say("whatif.supposed"), columns=kinds, rows=rows)


def _plain(asked: Asked, change: Supposed, value: Any) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        return asked.day(value)
    if change.field.endswith("_minor"):
        return f"{Decimal(value).scaleb(-minor_digits(change.currency or '')):,f} {change.currency or ''}".strip()
    return str(value).lower()


def _outcomes(asked: Asked, pairs: Sequence[tuple[Finding | None, Finding | None]]) -> Table:
    rows: list[Row] = []
    for was, now in pairs:
        either = now or was
        assert either is not None, "a pair has one of them"
        rule = asked.book.get(either.rule).rule
        missing = (
            ", ".join(fact_name(one, asked.lang) for one in now.missing)
            if now is not None and now.outcome == "unknown"
            else ""
        )
        rows.append(
            {
                "rule": either.rule, "rule_title": rule.title.in_language(asked.lang), "title": either.subject_title,
                "now": _outcome(was), "then": _outcome(now), "missing": missing, "cite": either.cite,
            }
        )  # fmt: skip
    kinds = columns(
        asked.lang,
        rule="text",
        rule_title="text",
        title="text",
        now="level",
        then="level",
        missing="text",
        cite="text",
    )
    return Table(key="outcomes", title=asked.say("whatif.outcome"), columns=kinds, rows=rows)
