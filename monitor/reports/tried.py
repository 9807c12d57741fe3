"""`lvyue rules try`: what a changed or new rule would have done to the warnings of past days, by month and by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from monitor.reports.asked import Asked, document
from monitor.reports.document import Cell, Document, Figure, Row, Section, Table, columns
from monitor.rulebook.trial import Breach, Heard, Pair, Trial


def report(asked: Asked, said: Mapping[str, str], trial: Trial, rules_hash: str) -> Document:
    """The answer. `said`: the question as it can be asked again, the whole rule in it; `rules_hash`: of the rules with it."""
    file = said["file"]
    better = [one for one in trial.breaches if _gain(one) > 0]
    worse = [one for one in trial.breaches if _gain(one) < 0]
    caught = [
        sum(day is not None for day in days)
        for days in zip(*((b.before, b.after) for b in trial.breaches), strict=True)
    ]
    before, after = caught or (0, 0)
    summary = asked.say(
        "try.summary" if trial.changed else "try.same", file=file, first=asked.day(trial.days[0] if trial.days else None),
        last=asked.day(asked.as_of), days=f"{len(trial.days):,}", added=f"{len(trial.added):,}",
        removed=f"{len(trial.removed):,}", regraded=f"{len(trial.regraded):,}",
    )  # fmt: skip
    figures = (
        Figure(key="breaches", title=asked.say("try.breaches"), value=len(trial.breaches)),
        Figure(key="caught_before", title=asked.say("try.caught_before"), value=before),
        Figure(key="caught_after", title=asked.say("try.caught_after"), value=after),
    )
    sections = [
        Section(key="months", heading=asked.say("try.months"), tables=(_months(asked, trial),), notes=(asked.say("try.note"),)),
        Section(key="added", heading=asked.say("try.added"), tables=(_warnings(asked, "added", trial.added),)),
        Section(key="removed", heading=asked.say("try.removed"), tables=(_warnings(asked, "removed", trial.removed),)),
        Section(key="regraded", heading=asked.say("try.regraded"), tables=(_regraded(asked, trial),)),
        Section(
            key="breaches", heading=asked.say("try.breaches"), figures=figures,
            tables=(_breaches(asked, "worse", worse), _breaches(asked, "better", better)),
            notes=(asked.say("try.breaches_note"),),
        ),
        Section(key="unknown", heading=asked.say("try.unknown"), tables=(_unknown(asked, trial),)),
    ]  # fmt: skip
    return document(
        asked, "try", summary=summary, sections=sections, main="added", inputs={"tried": rules_hash, "past": trial.facts},
        filters=((asked.say("try.file"), file),), narrowed=said,
    )  # fmt: skip


def _months(asked: Asked, trial: Trial) -> Table:
    added, removed = (Counter(f"{one.first:%Y-%m}" for one in heard.values()) for heard in (trial.added, trial.removed))
    rows: list[Row] = [
        {"month": month, "added": added[month], "removed": removed[month]}
        for month in sorted({f"{day:%Y-%m}" for day in trial.days})
    ]
    kinds = columns(asked.lang, month="text", added="number", removed="number")
    total: Row = {"added": added.total(), "removed": removed.total()}
    return Table(key="months", title=asked.say("try.months"), columns=kinds, rows=rows, total=total)


def _warnings(asked: Asked, key: str, heard: Mapping[Pair, Heard]) -> Table:
    """Each by name, the first first."""
    rows: list[Row] = []
    for one in sorted(heard.values(), key=lambda one: (one.first, one.said.rule, one.said.subject_id)):
        cells: dict[str, Cell] = {
            "level": one.peak, "first_on": one.first, "rule": one.said.rule,
            "unit": one.said.unit or asked.say("answer.no_unit"), "contract": one.said.contract_title or "",
            "title": one.said.subject_title,
        }  # fmt: skip
        due = {"due": one.said.due} if one.said.due else {}
        money = {"money": one.said.money, "currency": one.said.currency} if one.said.money is not None else {}
        rows.append(cells | due | money)
    kinds = columns(
        asked.lang, level="level", first_on="day", rule="text", unit="text", contract="text", title="text", due="day",
        money="money", currency="text",
    )  # fmt: skip
    return Table(key=key, title=asked.say(f"try.{key}"), columns=kinds, rows=rows)


def _regraded(asked: Asked, trial: Trial) -> Table:
    rows: list[Row] = [
        {
            "rule": was.said.rule, "contract": was.said.contract_title or "", "title": was.said.subject_title,
            "now": was.peak, "tried": now.peak, "first_on": was.first, "tried_on": now.first,
        }
        for was, now in (trial.regraded[pair] for pair in sorted(trial.regraded))
    ]  # fmt: skip
    kinds = columns(
        asked.lang,
        rule="text",
        contract="text",
        title="text",
        now="level",
        tried="level",
        first_on="day",
        tried_on="day",
    )
    return Table(key="regraded", title=asked.say("try.regraded"), columns=kinds, rows=rows)


def _breaches(asked: Asked, key: str, found: Sequence[Breach]) -> Table:
    """Those caught earlier or later, by how many days; one that nobody warned of has no day."""
    rows: list[Row] = []
    for one in found:
        cells: dict[str, Cell] = {"contract": one.contract or "", "title": one.title or one.subject_id, "due": one.due}
        days = {"first_on": one.before} if one.before else {}
        days |= {"tried_on": one.after} if one.after else {}
        earlier = {"earlier": (one.before - one.after).days} if one.before and one.after else {}
        rows.append(cells | days | earlier)
    kinds = columns(
        asked.lang, contract="text", title="text", due="day", first_on="day", tried_on="day", earlier="number"
    )
    return Table(key=key, title=asked.say(f"try.{key}"), columns=kinds, rows=rows)


def _unknown(asked: Asked, trial: Trial) -> Table:
    rows: list[Row] = [
        {"rule": rule} | {key: n for key, n in (("now_unknown", was), ("tried_unknown", now)) if n is not None}
        for rule, (was, now) in trial.unknown.items()
    ]
    kinds = columns(asked.lang, rule="text", now_unknown="number", tried_unknown="number")
    return Table(key="unknown", title=asked.say("try.unknown"), columns=kinds, rows=rows)


def _gain(one: Breach) -> int:
    """Days that it is caught earlier; caught at all counts as much as any."""
    if one.before is None or one.after is None:
        return (one.after is not None) - (one.before is not None)
    return (one.before - one.after).days
