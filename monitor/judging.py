"""What a scan judges: everything, or only what changed since the last scan of the same day.

A day's first scan judges every contract: a day that passes moves more warnings than data that change. Scans later on that
day judge the contracts of which a new version came, those that share a unit's or party's or project's new data with them, and
all units and parties; what they find is what a full scan would find. When that cannot be told for certain, everything is
judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from monitor.domain.nouns import NOUNS
from monitor.domain.place import Place
from monitor.domain.portfolio import Layered, Rows
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import AROUND, BELONGS, REACHED, around, query, subjects
from monitor.rulebook import Judgement, Rulebook
from monitor.store import mirror, reading
from monitor.store.mirror import Mirror


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: which rules, of which day, from whose knowledge."""

    database: Place
    state: Path
    zone: tzinfo
    calendars: Mapping[str, WorkCalendar]
    book: Rulebook
    as_of: date
    known_at: datetime
    warnings: pa.Table
    """Open warnings as facts: `store.warnings.as_facts`."""

    @property
    def spill(self) -> Path:
        """Where an engine puts what does not fit into memory, while it runs."""
        return self.state / "spill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The outcomes of one scan. `contracts` names those it was narrowed to; None: all there are, and only then is there a
    hash of all facts."""

    judgement: Judgement
    engine: Engine
    facts_hash: str | None
    contracts: frozenset[str] | None = None


@dataclass(slots=True, kw_only=True)
class Notes:
    """What a scan leaves for the next one of its day: how far it read, the warnings it saw, what units and parties have in
    each contract.

    Filled while judging; to be written when what was found is safely in the store, never before.
    """

    reach: pa.Table | None = None
    source: pa.Table | None = None
    warnings: pa.Table | None = None
    through: dict[str, int] = field(default_factory=dict)
    edition: reading.Edition = (0, "")

    def write(self, question: Question) -> None:
        """Leave them beside the mirror; without a mirror there is nothing to leave."""
        folder = question.state / "mirror" / "scanned"
        found = {"reach": self.reach, "source": self.source, "warnings": self.warnings}
        if any(rows is None for rows in found.values()):
            return
        folder.mkdir(exist_ok=True)
        (folder / "scanned.json").unlink(missing_ok=True)
        for name, rows in found.items():
            pyarrow.parquet.write_table(rows, folder / f"{name}.parquet")
        said = {"key": _key(question), "through": self.through, "edition": self.edition}
        (folder / "scanned.json").write_text(json.dumps(said), encoding="utf-8")


def tables(question: Question) -> Mapping[str, Rows]:
    """What was known, for a report: from the mirror when it has it all, else from the versions. Writes nothing."""
    return _known(question, _mirror(question, may_write=False))


def supposing(known: Mapping[str, Rows], rows: Mapping[str, pa.Table]) -> Mapping[str, Rows]:
    """The same as if some rows said something else; nothing is written. `rows` are whole rows, by noun."""
    return {noun: _laid_over(told, rows[noun]) if noun in rows else told for noun, told in known.items()}


def _laid_over(told: Rows, rows: pa.Table) -> Rows:
    newer = told.newer if isinstance(told, Layered) else told
    others = newer.filter(pc.invert(pc.is_in(newer["id"], value_set=rows["id"].combine_chunks())))
    laid = pa.concat_tables([others, rows.select(newer.column_names).cast(newer.schema)])
    return replace(told, newer=laid) if isinstance(told, Layered) else laid


@contextmanager
def everything(question: Question, notes: Notes) -> Iterator[Judged]:
    """Judge all there is. The outcomes can be asked while the block lasts; then the notes are complete."""
    found = _mirror(question, may_write=True)
    with engine(question, _known(question, found)) as opened:
        if found is not None:
            notes.reach, notes.source = opened.reach(), opened.sources()
            notes.warnings, notes.through, notes.edition = question.warnings, found.latest, found.edition
        yield _judged(opened, question.book)


@contextmanager
def changed(question: Question, notes: Notes) -> Iterator[Judged | None]:
    """Judge what came since the last scan of the same day under the same rules; None when that cannot be told."""
    found = _mirror(question, may_write=True)
    known = _remembered(question) if found is not None else None
    if found is None or known is None or known.reach is None or known.source is None or _all_reached(question.book):
        yield None
        return
    with reading.opened(question.database, question.zone) as reader:
        if not reader.has_edition(known.edition):
            yield None
            return
        new = {noun: reader.touched(noun, known.through[noun]) for noun in NOUNS}
    own = {key for noun, keys in new.items() if noun not in ("unit", "party", "disclosure") for key in keys}
    own |= _other_warnings(known.warnings, question.warnings)
    chosen = found.related(own, units=new["unit"], parties=new["party"])
    with duckdb.connect() as db:
        db.register("reach", known.reach)
        db.register("chosen", pa.table({"id": pa.array(sorted(chosen), pa.string())}))
        elsewhere = db.sql("from reach where id not in (select id from chosen)").to_arrow_table()
    with engine(question, found.tables(), reach=elsewhere, contracts=sorted(chosen)) as opened:
        source = opened.sources()
        if not _same_rows(source, known.source):  # a source began to report something: its silence now means something
            yield None
            return
        notes.reach, notes.source = pa.concat_tables([elsewhere, opened.reach()]), source
        notes.warnings, notes.through, notes.edition = question.warnings, found.latest, found.edition
        yield _judged(opened, question.book, frozenset(chosen))


def engine(
    question: Question,
    tables: Mapping[str, Rows],
    *,
    reach: pa.Table | None = None,
    contracts: Sequence[str] | None = None,
) -> Engine:
    """The facts of some tables, with the open warnings; narrowed as `Engine` says."""
    known = {**tables, "alert": question.warnings}
    return Engine(
        known, question.calendars, as_of=question.as_of, reach=reach, contracts=contracts, spill=question.spill
    )


def _judged(engine: Engine, book: Rulebook, contracts: frozenset[str] | None = None) -> Judged:
    return Judged(
        judgement=Judgement(engine.db, book.rules, beside=engine.beside()),
        engine=engine,
        facts_hash=engine.facts_hash() if contracts is None else None,
        contracts=contracts,
    )


def _other_warnings(before: pa.Table, now: pa.Table) -> set[str]:
    """The contracts whose warnings are others: a person may have taken one up, or the last scan opened one."""
    if now.equals(before):
        return set()
    with duckdb.connect() as db:
        db.register("before", before)
        db.register("now", now)
        query = "((from before except all from now) union (from now except all from before))"
        found = db.execute(f"select distinct contract_id from {query} where contract_id is not null").fetchall()
    return {row[0] for row in found}


def _all_reached(book: Rulebook) -> bool:
    """Whether a rule about a contract names a sum over its unit's or party's contracts: then one of them changes all."""
    return any(rule.facts & REACHED for rule in book.rules if rule.rule.subject in BELONGS)


def _mirror(question: Question, *, may_write: bool) -> Mirror | None:
    """The mirror, where what it has is what was known."""
    found = mirror.opened(question.state / "mirror", question.database, question.zone, may_write=may_write)
    return found if found is not None and found.knows_all_by(question.known_at) else None


def _known(question: Question, found: Mirror | None) -> Mapping[str, Rows]:
    return found.tables() if found else reading.portfolio(question.database, question.known_at, question.zone)


def _remembered(question: Question) -> Notes | None:
    folder = question.state / "mirror" / "scanned"
    try:
        said = json.loads((folder / "scanned.json").read_text(encoding="utf-8"))
        if said["key"] != _key(question):
            return None
        reach, source, warnings = (
            pyarrow.parquet.read_table(folder / f"{name}.parquet") for name in ("reach", "source", "warnings")
        )
    except (OSError, ValueError, KeyError):
        return None
    return Notes(
        warnings=warnings,
        reach=reach,
        source=source,
        through=said["through"],
        edition=(said["edition"][0], said["edition"][1]),
    )


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
