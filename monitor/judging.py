"""What a scan judges: everything, a part at a time, or only what changed since the last scan of the same day.

A day's first scan judges every contract: a day that passes moves more warnings than data that change. Scans later on that
day judge the contracts of which a new version came, those that share a unit's or party's or project's new data with them, and
all units and parties; what they find is what a full scan would find. When that cannot be told for certain, everything is
judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet

from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import Rows
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.engines.parts import engines
from monitor.facts import AROUND, BELONGS, REACHED, around, query, subjects
from monitor.rulebook import Judgement, Rulebook
from monitor.store import mirror, reading
from monitor.store.mirror import Mirror


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: which rules, of which day, from whose knowledge."""

    database: Path
    state: Path
    zone: tzinfo
    calendars: Mapping[str, WorkCalendar]
    book: Rulebook
    as_of: date
    known_at: datetime
    warnings: pa.Table
    """Open warnings as facts: `store.warnings.as_facts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The outcomes that one engine gave. `contracts` names those it was narrowed to; None: all there are."""

    judgement: Judgement
    sums: dict[str, tuple[int, int, int]]
    contracts: frozenset[str] | None = None


@dataclass(slots=True, kw_only=True)
class Notes:
    """What a scan leaves for the next one of its day: how far it read, and what units and parties have in each contract.

    Filled while judging; to be written when what was found is safely in the store, never before.
    """

    reach: pa.Table | None = None
    source: pa.Table | None = None
    through: dict[str, int] = field(default_factory=dict)

    def write(self, question: Question) -> None:
        """Leave them beside the mirror; without a mirror there is nothing to leave."""
        folder = question.state / "mirror" / "scanned"
        if self.reach is None or self.source is None:
            return
        folder.mkdir(exist_ok=True)
        (folder / "scanned.json").unlink(missing_ok=True)
        pyarrow.parquet.write_table(self.reach, folder / "reach.parquet")
        pyarrow.parquet.write_table(self.source, folder / "source.parquet")
        said = {"key": _key(question), "through": self.through}
        (folder / "scanned.json").write_text(json.dumps(said), encoding="utf-8")


def tables(question: Question) -> Mapping[str, Rows]:
    """What was known, for a report: from the mirror when it has it all, else from the versions. Writes nothing."""
    found = mirror.opened(question.state / "mirror", question.database, question.zone, may_write=False)
    if found is not None and found.knows_all_by(question.known_at):
        return {**found.tables(), "alert": question.warnings}
    return {**reading.portfolio(question.database, question.known_at, question.zone), "alert": question.warnings}


def everything(question: Question, notes: Notes) -> Iterator[Judged]:
    """Judge all there is. Each piece is gone when the next is asked for; when there is no more, the notes are complete."""
    found = _mirror(question)
    parts, whole = _cut(found, question)
    reached = any(rule.facts & REACHED for rule in question.book.rules if rule.rule.subject in BELONGS)
    every = engines(parts, whole, question.calendars, as_of=question.as_of, reach_first=reached)
    reach: list[pa.Table] = []
    source: pa.Table | None = None
    for engine, seen in every:
        yield _judged(engine, question.book, seen)
        if found is not None and (len(parts) == 1 or seen == BELONGS):
            reach.append(engine.reach())
            source = engine.around()["source"]
    if found is not None and source is not None:
        notes.reach, notes.source, notes.through = pa.concat_tables(reach), source, found.latest


@contextmanager
def changed(question: Question, notes: Notes) -> Iterator[Judged | None]:
    """Judge what came since the last scan of the same day under the same rules; None when that cannot be told."""
    found = _mirror(question)
    known = _remembered(question) if found is not None else None
    if found is None or known is None or known.reach is None or known.source is None:
        yield None
        return
    with reading.opened(question.database, question.zone) as reader:
        new = {noun: reader.touched(noun, known.through[noun]) for noun in NOUNS}
    own = {key for noun, keys in new.items() if noun not in ("unit", "party", "disclosure") for key in keys}
    chosen = found.related(own, units=new["unit"], parties=new["party"])
    with duckdb.connect() as db:
        db.register("reach", known.reach)
        db.register("chosen", pa.table({"id": pa.array(sorted(chosen), pa.string())}))
        elsewhere = db.sql("from reach where id not in (select id from chosen)").to_arrow_table()
    whole = {**found.tables(), "alert": question.warnings}
    with Engine(
        whole, question.calendars, as_of=question.as_of, reach=elsewhere, contracts=sorted(chosen)
    ) as engine:  # fmt: skip
        source = engine.around()["source"]
        if not _same_rows(source, known.source):  # a source began to report something: its silence now means something
            yield None
            return
        judged = _judged(engine, question.book, tuple(subjects()))
        notes.reach, notes.source = pa.concat_tables([elsewhere, engine.reach()]), source
        notes.through = found.latest
        yield Judged(judgement=judged.judgement, sums=judged.sums, contracts=frozenset(chosen))


def _judged(engine: Engine, book: Rulebook, seen: tuple[str, ...]) -> Judged:
    rules = [rule for rule in book.rules if rule.rule.subject in seen]
    sums = {subject: numbers for subject, numbers in engine.facts_sums().items() if subject in seen}
    return Judged(judgement=Judgement(engine.db, rules), sums=sums)


def _mirror(question: Question) -> Mirror | None:
    found = mirror.opened(question.state / "mirror", question.database, question.zone, may_write=True)
    return found if found is not None and found.knows_all_by(question.known_at) else None


def _cut(found: Mirror | None, question: Question) -> tuple[list[Mapping[str, Rows]], Mapping[str, Rows]]:
    if found is None:
        known = reading.portfolio(question.database, question.known_at, question.zone)
        return [{**known, "alert": question.warnings}], known
    whole = {**found.tables(), "alert": question.warnings}
    if found.parts == 1:
        return [whole], whole
    return [{**found.tables(part), "alert": question.warnings} for part in range(found.parts)], whole


def _remembered(question: Question) -> Notes | None:
    folder = question.state / "mirror" / "scanned"
    try:
        said = json.loads((folder / "scanned.json").read_text(encoding="utf-8"))
        if said["key"] != _key(question):
            return None
        reach, source = (pyarrow.parquet.read_table(folder / f"{name}.parquet") for name in ("reach", "source"))
    except (OSError, ValueError, KeyError):
        return None
    return Notes(through=said["through"], reach=reach, source=source)


def _key(question: Question) -> dict[str, Any]:
    """What must not have changed between two scans for the second to judge only what did."""
    text = "\n".join([*(query(subject) for subject in subjects()), *(around(name) for name in AROUND)])
    calendars = "+".join(sorted(calendar.fingerprint for calendar in question.calendars.values()))
    return {
        "as_of": question.as_of.isoformat(), "rules": question.book.hash, "calendars": calendars,
        "facts": hashlib.sha256(text.encode()).hexdigest(),
    }  # fmt: skip


def _same_rows(one: pa.Table, other: pa.Table) -> bool:
    return sorted(one.to_pylist(), key=str) == sorted(other.to_pylist(), key=str)
