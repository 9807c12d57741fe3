"""A changed or new rule against history: what it would have warned of on past days, beside the rules as they stand.

A warning here is a rule that fires on a subject, from the first of the days it does; one that ceases and comes back counts once.
A breach is a promise or a sum whose day, as it stands in the end, passed unmet: done later, or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from monitor.domain.warning import LEVELS
from monitor.engines.duckdb import Engine
from monitor.rulebook import Compiled, Finding, Judgement, Rulebook

Pair = tuple[str, str]
"""A rule and the key of what it fires on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A warning: what the rule said on the first day, and the gravest level of all days."""

    first: date
    peak: str
    said: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A day that passed unmet, and the first warning by that day: as rules stand, and with the one tried; None without."""

    subject: str
    subject_id: str
    title: str | None
    contract: str | None
    due: date
    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it. `changed` are the rules that differ, those silenced by the tried one among them; `unknown` how often each
    could not be judged on the last day, before and after; None where there was no such rule; `facts`: the hash of what was known
    on all days."""

    days: Sequence[date]
    changed: Sequence[str]
    added: Mapping[Pair, Heard]
    removed: Mapping[Pair, Heard]
    regraded: Mapping[Pair, tuple[Heard, Heard]]
    breaches: Sequence[Breach]
    unknown: Mapping[str, tuple[int | None, int | None]]
    facts: str


@dataclass(slots=True)
class _Voice:
    """Some rules over the days: their warnings, and since when each subject is warned of."""

    rules: Sequence[Compiled]
    heard: dict[Pair, Heard] = field(default_factory=dict)
    since: dict[Pair, date] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def listen(self, engine: Engine, *, in_full: bool) -> None:
        """What they say on one more day. `in_full` keeps each warning, else only since when a subject is warned of."""
        if not self.rules:
            return
        judgement = Judgement(engine.db, self.rules)
        new: list[Pair] = []
        for hit in judgement.hits():
            self.since.setdefault((hit.subject, hit.subject_id), engine.as_of)
            pair = (hit.rule, hit.subject_id)
            if not in_full:
                continue
            if (known := self.heard.get(pair)) is None:
                new.append(pair)
            elif LEVELS.index(hit.outcome) > LEVELS.index(known.peak):
                self.heard[pair] = Heard(first=known.first, peak=hit.outcome, said=known.said)
        for said in judgement.fired(new) if new else ():
            self.heard[said.rule, said.subject_id] = Heard(first=engine.as_of, peak=said.outcome, said=said)
        if in_full:
            self.unknown = {rule: outcomes["unknown"] for rule, outcomes in judgement.counts().items()}


def differing(before: Rulebook, after: Rulebook) -> list[str]:
    """Rules that one book has other than the other: the tried one, and those that it or its forerunner stands in for."""
    was, now = ({rule.rule.id: rule for rule in book.rules} for book in (before, after))
    return sorted(name for name in {*was, *now} if was.get(name) != now.get(name))


def trial(
    past: Iterable[Engine], now: Engine, *, before: Rulebook, after: Rulebook, tell: Callable[[str], None]
) -> Trial:
    """Judge every day of `past` by both books; `now` knows how things ended. Each engine is closed when the next comes."""
    changed = differing(before, after)
    was, becomes = (_Voice(rules=[rule for rule in book.rules if rule.rule.id in changed]) for book in (before, after))
    subjects = {rule.rule.subject for voice in (was, becomes) for rule in voice.rules}
    others = _Voice(rules=[r for r in after.rules if r.rule.subject in subjects and r.rule.id not in changed])
    days: list[date] = []
    seen = hashlib.sha256()
    for engine in past if changed else ():
        tell(f"judging {engine.as_of}")
        seen.update(engine.facts_hash().encode())
        days.append(engine.as_of)
        others.listen(engine, in_full=False)
        was.listen(engine, in_full=True)
        becomes.listen(engine, in_full=True)
    both = was.heard.keys() & becomes.heard.keys()
    return Trial(
        days=days, changed=changed,
        added={pair: one for pair, one in becomes.heard.items() if pair not in both},
        removed={pair: one for pair, one in was.heard.items() if pair not in both},
        regraded={
            pair: (was.heard[pair], becomes.heard[pair]) for pair in both
            if (was.heard[pair].first, was.heard[pair].peak) != (becomes.heard[pair].first, becomes.heard[pair].peak)
        },
        breaches=_breaches(now, days, [was, others], [becomes, others]) if days else [],
        unknown={
            name: (
                was.unknown.get(name, 0) if name in {rule.rule.id for rule in was.rules} else None,
                becomes.unknown.get(name, 0) if name in {rule.rule.id for rule in becomes.rules} else None,
            )
            for name in changed
        },
        facts=seen.hexdigest(),
    )  # fmt: skip


def _breaches(now: Engine, days: Sequence[date], before: Sequence[_Voice], after: Sequence[_Voice]) -> list[Breach]:
    """Every breach of a kind that the rules are about, whose day lies among those judged."""
    subjects = {rule.rule.subject for voice in (*before, *after) for rule in voice.rules}
    return [
        Breach(
            subject=subject, subject_id=row["id"], title=row["title"], contract=row["contract"], due=row["due_on"],
            before=_since(before, (subject, row["id"]), row["due_on"]),
            after=_since(after, (subject, row["id"]), row["due_on"]),
        )
        for subject, query in _BROKEN.items() if subject in subjects
        for row in now.rows(query, [days[0], days[-1]])
    ]  # fmt: skip


def _since(voices: Sequence[_Voice], of: Pair, due: date) -> date | None:
    """Since when anybody warned of it, where that was by its day: afterwards the breach is there for all to see."""
    found = [day for voice in voices if (day := voice.since.get(of)) is not None and day <= due]
    return min(found, default=None)


_BROKEN = {
    "obligation": (
        "select o.id, o.title, o.due_on, c.title as contract from fact_obligation o "
        "left join fact_contract c on c.id = o.contract_id where o.due_on between ? and ? and (o.done_on > o.due_on or "
        "(o.done_on is null and o.due_on < as_of() and coalesce(o.status not in ('met', 'waived'), true) "
        "and coalesce(o.conditions_met, true))) order by o.due_on, o.id"
    ),
    "payment": (
        "select p.id, p.title, p.due_on, c.title as contract from fact_payment p "
        "left join fact_contract c on c.id = p.contract_id where p.due_on between ? and ? and (p.settled_on > p.due_on or "
        "(p.settled_on is null and p.unpaid > 0 and p.due_on < as_of())) order by p.due_on, p.id"
    ),
}
