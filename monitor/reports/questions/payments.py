"""What is owed and not paid: ageing, small enterprises apart, interest by the day, the yearly disclosure.

KPI (domain-model.md §5): 拖欠金额 is the sum of what is owed, undisputed, unpaid and past its day; 逾期天数中位数 the median of
the days since; 应计利息 what the rules of the law reckon. The day of a sum is that of the rule of law about it (for a small
enterprise in China the agreed day, at the latest the sixtieth: CN-PAY-06), else the agreed day, else the end of the agreed term.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from statistics import median
from typing import Any

from monitor.reports.asked import Asked, document, named
from monitor.reports.chart import Picture, Series, Slot, bars
from monitor.reports.document import Cell, Document, Drawing, Figure, Kind, Row, Section, Table, coded, columns
from monitor.rulebook import Finding

NARROWED_BY = frozenset(("unit", "party", "kind", "amount"))

SMALL = ("medium", "small", "micro")
AGES = (("d30", 30), ("d60", 60), ("d90", 90), ("over90", None))
"""Buckets of days overdue: 1 to 30, 31 to 60, 61 to 90, more."""

DRAWN = 20
"""Units in the picture; the table has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A sum that the government owes and has not paid, or of which nobody knows whether it has.

    `row` is its line of facts. `due` is None where no day is known; `unpaid` None where a sum is not. `interest` is what the
    law's rule reckons by the day, None where that rule lacks a fact; `bears` is False where no rule of interest applies.
    """

    row: dict[str, Any]
    unpaid: Decimal | None
    due: date | None
    days: int | None
    interest: Decimal | None
    bears: bool

    @property
    def late(self) -> bool:
        """Past its day, by a known day and a known sum."""
        return self.unpaid is not None and self.days is not None and self.days > 0

    @property
    def small(self) -> bool:
        """Owed to an enterprise recorded as medium, small or micro."""
        return self.row["size"] in SMALL


def report(asked: Asked) -> Document:
    """The answer."""
    found = owed(asked)
    late = sorted((one for one in found if one.late), key=lambda one: (-(one.days or 0), one.row["id"]))
    blind = [one for one in found if one.unpaid is None or one.due is None]
    summary = asked.say(
        "payments.summary", as_of=asked.day(asked.as_of), open=f"{len(found):,}", late=f"{len(late):,}",
        small=f"{sum(one.small for one in late):,}", sums=_sums(asked, late), blind=f"{len(blind):,}",
    )  # fmt: skip
    sections = [
        _ageing(asked, found),
        _small(asked, found),
        _disclosure(asked, found),
        _late(asked, late),
        _blind(asked, blind),
    ]
    return document(asked, "payments", summary=summary, sections=sections, main="overdue")


def owed(asked: Asked) -> list[Owed]:
    """Every sum that the government owes in the contracts asked about and that is not known to be paid, by key."""
    rows = asked.rows(_OWED)
    laws = _laws(asked, [row["id"] for row in rows])
    return [_owed(row, laws.get(row["id"], []), asked.as_of) for row in rows]


def _owed(row: dict[str, Any], said: Sequence[tuple[Finding, bool]], as_of: date) -> Owed:
    reckoned = [finding for finding, bears in said if bears and finding.outcome != "not applicable"]
    by_law = _days(finding.evidence.get("let.due") for finding in reckoned)
    by_law = by_law or _days(finding.due for finding, bears in said if not bears)
    term = row["base_on"] and row["term_days"] and row["base_on"] + timedelta(days=row["term_days"])
    due = min(by_law) if by_law else row["due_on"] or term or None
    interest = [None if f.outcome == "unknown" else f.evidence.get("let.interest") for f in reckoned]
    known = [Decimal(str(sum_)) for sum_ in interest if sum_ is not None]
    return Owed(
        row=row, unpaid=row["unpaid"], due=due, days=(as_of - due).days if due else None,
        interest=max(known) if known else None, bears=bool(reckoned),
    )  # fmt: skip


def _days(values: Iterable[object]) -> list[date]:
    return [value for value in values if isinstance(value, date)]


def _laws(asked: Asked, ids: Sequence[str]) -> dict[str, list[tuple[Finding, bool]]]:
    """What rules say of each sum: those that reckon interest (True), and those by whose day it must be paid."""
    found: dict[str, list[tuple[Finding, bool]]] = {}
    for rule in asked.book.rules:
        interest = "interest" in rule.rule.let
        if rule.rule.subject == "payment" and (interest or rule.rule.done == "payment.settled_on") and ids:
            for finding in asked.judgement.of_subjects(rule.rule.id, ids):
                if finding.outcome != "not applicable":
                    found.setdefault(finding.subject_id, []).append((finding, interest))
    return found


_OWED = """
select
    p.id, a.id as contract_id, a.number, a.contract, a.unit, a.party, a.size, a.is_public, a.unit_id, p.title, p.currency,
    p.amount, p.paid, p.disputed, p.unpaid, p.due_on, p.base_on, p.term_days, p.hold_reason
from fact_payment p join asked a on a.id = p.contract_id
where coalesce(p.side, 'government') = 'government' and coalesce(p.unpaid > 0, true)
order by p.id
"""


def _ageing(asked: Asked, found: Sequence[Owed]) -> Section:
    late = [one for one in found if one.late]
    days = [one.days for one in late if one.days is not None]
    figures = [
        Figure(
            key="late",
            title=asked.say("payments.late"),
            value=len(late),
            note=asked.say("payments.of", n=f"{len(found):,}"),
        )
    ]
    figures += [
        Figure(key="overdue", title=asked.say("payments.overdue"), value=total, kind="money", currency=currency)
        for currency, total in _by_currency(late, lambda one: one.unpaid).items()
    ]  # fmt: skip
    if days:
        middle = Decimal(str(median(days)))
        figures.append(
            Figure(
                key="median_days",
                title=asked.say("payments.median"),
                value=middle,
                note=asked.say("payments.median_note"),
            )
        )
    table = _table(asked, "ageing", found, {"unit": lambda one: named(one.row, asked)["unit"]})
    return Section(
        key="ageing", heading=asked.say("payments.ageing"), figures=tuple(figures), tables=(table,), drawings=_drawn(asked, late),
        notes=(asked.say("payments.day_note"), asked.say("payments.unknown_note")),
    )  # fmt: skip


def _small(asked: Asked, found: Sequence[Owed]) -> Section:
    def size(one: Owed) -> Cell:
        return coded("party.size", one.row["size"], asked.lang)

    accrued = [one for one in found if one.late and one.bears]
    figures = [
        Figure(
            key="interest", title=asked.say("payments.interest"), value=total, kind="money", currency=currency,
            note=asked.say("payments.interest_note", n=f"{sum(one.interest is not None for one in accrued):,}"),
        )
        for currency, total in _by_currency(accrued, lambda one: one.interest).items()
    ]  # fmt: skip
    blind = sum(one.interest is None for one in accrued)
    notes = [asked.say("payments.size_note"), asked.say("payments.court_note")]
    if blind:
        notes.append(asked.say("payments.interest_blind", n=f"{blind:,}"))
    table = _table(asked, "sizes", found, {"size": size})
    return Section(
        key="small", heading=asked.say("payments.small"), figures=tuple(figures), tables=(table,), notes=tuple(notes)
    )


def _disclosure(asked: Asked, found: Sequence[Owed]) -> Section:
    """Form 6.10 (条例 art. 18): of each authority and institution, what fell due to small enterprises by the end of last year and
    is not paid: number of contracts and sum. A sum of which the day or the rest is not known is counted apart."""
    year = asked.as_of.year - 1
    told = {row["id"]: row for row in asked.rows("select id, disclosed_on, records_disclosures from fact_unit")}
    mine = sorted((one for one in found if one.small and one.row["is_public"]), key=_place)
    rows: list[Row] = []
    for _, group in groupby(mine, key=_place):
        some = list(group)
        counted = [one for one in some if one.late and one.due is not None and one.due.year <= year]
        unit = told.get(some[0].row["unit_id"], {})
        rows.append(
            {
                "unit": named(some[0].row, asked)["unit"], "year": str(year),
                "contracts": len({one.row["contract_id"] for one in counted}),
                "overdue": sum((one.unpaid for one in counted if one.unpaid is not None), Decimal("0.00")),
                "currency": some[0].row["currency"],
                "no_day_or_sum": sum(one.unpaid is None or one.due is None for one in some),
            }
            | ({"disclosed_on": unit["disclosed_on"]} if unit.get("disclosed_on") else {})
        )  # fmt: skip
    kinds = columns(
        asked.lang, unit="text", year="text", contracts="number", overdue="money", currency="text", no_day_or_sum="number",
        disclosed_on="day",
    )  # fmt: skip
    table = Table(
        key="disclosure",
        title=asked.say("payments.disclosure_table", year=year),
        columns=kinds,
        rows=rows,
        total=_total(rows, ("contracts", "overdue", "no_day_or_sum")),
    )
    return Section(
        key="yearly", heading=asked.say("payments.disclosure"), sentence=asked.say("payments.disclosure_says", year=year),
        tables=(table,), notes=(asked.say("payments.disclosure_note"),),
    )  # fmt: skip


def _late(asked: Asked, late: Sequence[Owed]) -> Section:
    kinds = columns(
        asked.lang, unit="text", number="text", contract="text", party="text", size="text", title="text", due="day",
        days="number", unpaid="money", interest="money", currency="text",
    )  # fmt: skip
    rows: list[Row] = [
        named(one.row, asked)
        | {
            "size": coded("party.size", one.row["size"], asked.lang), "title": one.row["title"], "due": one.due,
            "days": one.days, "unpaid": one.unpaid, "currency": one.row["currency"],
        }
        | ({"interest": one.interest} if one.bears else {})
        for one in late
    ]  # fmt: skip
    table = Table(
        key="overdue", title=asked.say("payments.list"), columns=kinds, rows=rows, total=_total(rows, ("unpaid",))
    )
    return Section(key="list", heading=asked.say("payments.list"), tables=(table,))


def _blind(asked: Asked, blind: Sequence[Owed]) -> Section:
    kinds = columns(
        asked.lang,
        unit="text",
        number="text",
        contract="text",
        title="text",
        unpaid="money",
        currency="text",
        due="day",
    )
    rows: list[Row] = [
        named(one.row, asked)
        | {"title": one.row["title"], "unpaid": one.unpaid, "currency": one.row["currency"], "due": one.due}
        for one in sorted(blind, key=lambda one: (one.row["unit"] or "", one.row["id"]))
    ]
    table = Table(key="not_known", title=asked.say("payments.blind"), columns=kinds, rows=rows)
    return Section(
        key="blind", heading=asked.say("payments.blind"), sentence=asked.say("payments.blind_says", n=f"{len(blind):,}"),
        tables=(table,),
    )  # fmt: skip


def _table(asked: Asked, key: str, found: Sequence[Owed], of: Mapping[str, Callable[[Owed], Cell]]) -> Table:
    """Ageing by one thing and by currency, most overdue first. `no_day`: sums without a known day; `no_sum`: how many without
    a known rest."""
    name, told = next(iter(of.items()))
    groups: dict[tuple[Cell, str | None], list[Owed]] = {}
    for one in found:
        groups.setdefault((told(one), one.row["currency"]), []).append(one)
    rows: list[Row] = [
        {name: of_what, "currency": currency} | _aged(some) for (of_what, currency), some in groups.items()
    ]
    rows.sort(key=lambda row: (-_number(row["overdue"]), str(row[name]), str(row["currency"])))
    ages: dict[str, Kind] = dict.fromkeys((age for age, _ in AGES), "money")
    first: dict[str, Kind] = {name: "text"}
    kinds = columns(
        asked.lang, **first, sums="number", not_due="money", **ages, overdue="money", currency="text",
        no_day="money", no_sum="number",
    )  # fmt: skip
    summed = ("sums", "not_due", *ages, "overdue", "no_day", "no_sum")
    return Table(
        key=key, title=asked.say(f"payments.{key}_table"), columns=kinds, rows=rows, total=_total(rows, summed)
    )


def _aged(some: Sequence[Owed]) -> dict[str, Cell]:
    sums: dict[str, Decimal] = {name: Decimal("0.00") for name in ("not_due", *(age for age, _ in AGES), "no_day")}
    for one in some:
        if one.unpaid is not None:
            sums[bucket(one.days)] += one.unpaid
    overdue = sum((sums[age] for age, _ in AGES), Decimal("0.00"))
    return {**sums, "overdue": overdue, "sums": len(some), "no_sum": sum(one.unpaid is None for one in some)}


def bucket(days: int | None) -> str:
    """The bucket of a number of days overdue.

    >>> bucket(None), bucket(0), bucket(1), bucket(30), bucket(31), bucket(90), bucket(91)
    ('no_day', 'not_due', 'd30', 'd30', 'd60', 'd90', 'over90')
    """
    if days is None:
        return "no_day"
    return "not_due" if days <= 0 else next(name for name, most in AGES if most is None or days <= most)


def _drawn(asked: Asked, late: Sequence[Owed]) -> tuple[Drawing, ...]:
    """How many sums of each unit are overdue, by age; None overdue: nothing to draw."""
    counts: dict[str, dict[str, int]] = {}
    for one in late:
        mine = counts.setdefault(str(named(one.row, asked)["unit"]), dict.fromkeys((age for age, _ in AGES), 0))
        mine[bucket(one.days)] += 1
    if not counts:
        return ()
    units = sorted(counts, key=lambda unit: (-sum(counts[unit].values()), unit))[:DRAWN]
    looks: tuple[tuple[str, Any], ...] = (
        ("#6b7480", "open"),
        ("#5b8db8", "solid"),
        ("#b45309", "stripes"),
        ("#a61b1b", "solid"),
    )
    series = [
        Series(
            key=age, label=asked.say(f"col.{age}"), colour=colour, texture=texture,
            values=[counts[unit][age] for unit in units],
        )
        for (age, _), (colour, texture) in zip(AGES, looks, strict=True)
    ]  # fmt: skip
    caption = asked.say("payments.drawn", shown=len(units), units=len(counts))
    picture = Picture(id="ageing-picture", title=asked.say("payments.ageing"), description=caption)
    slots = [Slot(name=unit, label=unit) for unit in units]
    return (Drawing(title=picture.title, svg=bars(picture, series, slots=slots), caption=caption),)


def _total(rows: Sequence[Row], keys: Iterable[str]) -> Row | None:
    """The last line, where all rows are in one currency: sums of two are never added. What is not known is not in it."""
    if len({row["currency"] for row in rows}) != 1:
        return None
    sums: dict[str, Cell] = {
        key: sum((value for row in rows if isinstance(value := row[key], int | Decimal)), start=0) for key in keys
    }
    return sums | {"currency": rows[0]["currency"]}


def _by_currency(some: Sequence[Owed], value: Callable[[Owed], Decimal | None]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for one in some:
        if (amount := value(one)) is not None:
            currency = one.row["currency"] or "–"
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return dict(sorted(sums.items()))


def _sums(asked: Asked, late: Sequence[Owed]) -> str:
    sums = _by_currency(late, lambda one: one.unpaid)
    return asked.say("letter.list").join(f"{total:,.2f} {currency}" for currency, total in sums.items()) or "0"


def _place(one: Owed) -> tuple[str, str]:
    return one.row["unit"] or "", one.row["currency"] or ""


def _number(value: Cell) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)
