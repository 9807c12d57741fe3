"""THE STORY: how a register becomes a letter. A line an arrow; each name leads to the room where it happens.

    pull     sources.fetch ─▶ payload kept ─▶ sources.read ─▶ store.record            one transaction a pull
    judge    store.mirror ─▶ Engine (facts) ─▶ Judgement (rules), then scores          see judging.py, scoring.py
    scan     judge ─▶ alerts.step ─▶ notify.compose ─▶ store.save + store.post       one transaction a scan
    act, remind  what people and time do in between                               see handling.py
    deliver  outbox ─▶ a channel ─▶ what the other side said                          one letter at a time

Clocks come in from outside: `at` is now, `as_of` the day a question is about, `known_at` whose knowledge may be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from time import monotonic
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from loguru import logger

from monitor import handling, judging, learned, scoring, sources, stepping
from monitor.config import Config
from monitor.domain.errors import DeliveryError, LvyueError, StoreError, UsageError
from monitor.domain.warning import Change, Letter
from monitor.engines.duckdb import Engine
from monitor.judging import Question
from monitor.notify import Channel, composing
from monitor.reports.learned import Voices
from monitor.reports.portfolio import Header, is_provisional
from monitor.rulebook import Hit, Judgement, Rulebook
from monitor.scoring import Panel, Spoken
from monitor.sources import Source
from monitor.sources.border import Refusal
from monitor.sources.editions import Edition, editions, refuse_loss
from monitor.sources.fetch import Validators
from monitor.sources.pages import all_pages
from monitor.stepping import Stepped
from monitor.store import Store, outbox, runs, versions, warnings

Tell = Callable[[str], None]
"""Says what is being done; the command line shows it."""

RETRY_AFTER = (60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
"""Seconds until a letter is tried again, by attempts so far; after the last it is parked for a person."""


def silent(_message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What one pull brought. `unchanged` when the publisher sent what we had."""

    source: str
    run_id: int
    unchanged: bool
    editions: int = 0
    counts: versions.Counts = field(default_factory=versions.Counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What one scan found and changed."""

    run_id: int
    as_of: date
    known_at: datetime
    findings: list[Hit]
    changes: list[Change]
    letters: int
    for_operator: list[dict[str, str]] = field(default_factory=list)
    """What whoever runs this should know, in both languages: models that are refused, or whose card no longer holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of the letters that were due."""

    sent: int
    waiting: int
    parked: int
    reasons: tuple[str, ...] = ()
    """Why letters were not sent, each reason once."""


def pull(config: Config, store: Store, source: Source, *, at: datetime, tell: Tell = silent) -> Pulled:
    """Ask one source, and add what it says. All of it becomes visible, or nothing; the ledger keeps either.

    Raises SourceError, RejectedError or ConfigError; the last good state stays as it was.
    """
    with store.writing() as db:
        run_id = runs.start(db, "pull", at=at, source=source.name)
        last = versions.last_edition(db, source.name)
        held = versions.payloads_of(db, last.id) if last and last.id else []
    with logger.contextualize(run=run_id, source=source.name), _ledger(store, run_id, at):
        reader_hash = source.reader_hash(config.base)
        same_reader = last is not None and last.reader_hash == reader_hash
        tell(f"{source.name}: asking")
        pages = all_pages(source, config.base, _validators(last) if same_reader and len(held) == 1 else None)
        if pages[0].not_modified or (same_reader and [page.sha256 for page in pages] == held):
            with store.writing() as db:
                runs.finish(db, run_id, "unchanged", at=at, counts={})
            logger.info("{source}: nothing new", source=source.name)
            return Pulled(source=source.name, run_id=run_id, unchanged=True)
        tell(f"{source.name}: reading")
        reading = sources.read(source, pages, config.base)
        tell(f"{source.name}: comparing")
        with store.writing() as db:
            refuse_loss(source, reading, versions.contracts_listed(db, source.name))
            known = versions.contracts_known(db, source.name)
            names = [versions.keep_payload(db, page.content, media_type=page.media_type, at=at) for page in pages]
            head = versions.EditionHead(
                run_id=run_id, source=source.name, recorded_at=at, payloads=tuple(names), reader_hash=reader_hash,
                etag=pages[0].etag, last_modified=pages[0].last_modified,
            )  # fmt: skip
            newest = last.recorded_at if last else None
            found = editions(source, reading, last=newest, at=at, start_of_day=config.start_of_day)
            totals = [_record(db, source, head, edition, known) for edition in found]
            counts = _sum(totals)
            runs.finish(db, run_id, "ok", at=at, counts={"editions": len(totals)} | _as_counts(counts))
        logger.info("{source}: {rows} rows, {new} new, {changed} changed", source=source.name, **_as_counts(counts))
        return Pulled(source=source.name, run_id=run_id, unchanged=False, editions=len(totals), counts=counts)


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything a report is made from. Who estimates is asked once, and only when a report wants to know: to read recipes and
    models and to score all that is open takes seconds."""

    engine: Engine
    judgement: Judgement
    header: Header
    sources: list[dict[str, Any]]
    who_speaks: Callable[[], Panel]

    @cached_property
    def panel(self) -> Panel:
        """Who answered for each recipe at the instant whose knowledge is used. Raises ConfigError for a faulty recipe."""
        return self.who_speaks()

    @cached_property
    def spoken(self) -> Spoken:
        """What is estimated of open cases. Nothing of it is kept: that is the scan's to do."""
        return scoring.speak(self.engine, self.panel, self.judgement.hits())

    @property
    def voices(self) -> Voices:
        """Rules and estimates together."""
        return Voices(judgement=self.judgement, panel=self.panel, spoken=self.spoken)


@contextmanager
def look(config: Config, store: Store, book: Rulebook, *, as_of: date, known_at: datetime) -> Iterator[View]:
    """The sideways arrow: facts, outcomes, estimates and sources for a report, as of a day. Reads only."""
    question = _question(config, store, book, as_of=as_of, known_at=known_at)
    with judging.engine(question, judging.tables(question)) as engine:
        judgement = Judgement(engine.db, book.rules)
        with store.reading() as db:
            rows = versions.sources_seen(db, known_at.astimezone(UTC), config.zone)
        stale_after = {source.name: source.stale_after_days for source in config.sources}
        seen = [row | {"stale_after_days": stale_after.get(row["source"], 60)} for row in rows]
        header = Header(
            office=config.settings.office, declared=config.settings.declared, as_of=as_of, known_at=known_at,
            rules_hash=book.hash, facts_hash=engine.facts_hash(),
            provisional_calendar=is_provisional(list(engine.calendars.values()), as_of),
        )  # fmt: skip
        who = partial(learned.panel, config, store, at=known_at)
        yield View(engine=engine, judgement=judgement, header=header, sources=seen, who_speaks=who)


def scan(
    config: Config,
    store: Store,
    book: Rulebook,
    *,
    as_of: date,
    known_at: datetime,
    at: datetime,
    changed_only: bool = False,
    tell: Tell = silent,
) -> Scanned:
    """Judge everything, step every warning, write the letters. The same facts on the same day change nothing.

    `changed_only` judges what came since the last scan of the same day, where that can be told (`judging.changed`).
    Raises UsageError for a day before the last scan's: warnings do not live backwards, a report can look back.
    """
    run_id = _begin_scan(store, as_of, at)
    with logger.contextualize(run=run_id, as_of=as_of.isoformat()), _ledger(store, run_id, at):
        tell("reading what is known")
        question = _question(config, store, book, as_of=as_of, known_at=known_at)
        with store.reading() as db:
            waiting = {(a.rule, a.subject, a.subject_id): a for a in warnings.standing(db)}
        tell("judging")
        panel = learned.panel_of_scan(config, store, at=known_at)
        outcome = stepping.step_all(question, waiting, changed_only=changed_only, panel=panel)
        notes = scoring.for_operator(panel, outcome.spoken)
        inputs = runs.Inputs(
            as_of=as_of, known_at=known_at.astimezone(UTC), rules_hash=book.hash,
            facts_hash=outcome.facts_hash,
            calendar_hash="+".join(sorted(calendar.fingerprint[:16] for calendar in question.calendars.values())),
        )  # fmt: skip
        tell("stepping warnings")
        with store.writing() as db:
            context, mail = _context(config, inputs, known_at), config.settings.mail
            standing = warnings.standing(db)
            changes = stepping.again(outcome.changes, standing, on=as_of)
            saved, posted = handling.settle(
                config, db, changes, run_id=run_id, as_of=as_of, at=at, standing=standing, context=context
            )
            for_operator = composing.to_operator(
                notes, mail.operator, lang=config.settings.lang, as_of=as_of, at=at, context=context
            )
            posted += outbox.post(db, for_operator, run_id=run_id)
            runs.note_inputs(db, run_id, inputs)
            counts = _scan_counts(outcome, saved, posted)
            runs.finish(db, run_id, "ok" if saved else "unchanged", at=at, counts=counts)
        outcome.notes.write(question)
        if outcome.spoken is not None:
            scoring.keep(panel, outcome.spoken)
        logger.info("{findings} findings, {changes} changes, {letters} letters", **counts)
        return Scanned(
            run_id=run_id, as_of=as_of, known_at=known_at, findings=outcome.hits, changes=saved, letters=posted,
            for_operator=notes,
        )  # fmt: skip


def _begin_scan(store: Store, as_of: date, at: datetime) -> int:
    if as_of > at.date():
        raise UsageError(
            f"{as_of} has not come yet; today is {at.date()}", hint="warnings are about days that have been"
        )
    with store.writing() as db:
        last_day = runs.last_scan_day(db)
        if last_day is not None and as_of < last_day:
            raise UsageError(
                f"the last scan was as of {last_day}; warnings cannot be stepped back to {as_of}",
                hint=f"to look back, use `lvyue report portfolio --as-of {as_of}`",
            )
        return runs.start(db, "scan", at=at)


def deliver(
    config: Config, store: Store, channels: Mapping[str, Channel], *, at: datetime, tell: Tell = silent
) -> Delivered:
    """Send what is due, each letter by its channel. A letter is claimed before it is sent and settled after; a crash in
    between sends it again with the same Message-ID, never loses it. What is set aside, the operator is told of."""
    done: dict[str, int] = dict.fromkeys(("sent", "waiting", "parked"), 0)
    reasons: dict[str, None] = {}
    begun = monotonic()
    while True:
        with store.writing() as db:
            now = at + timedelta(seconds=monotonic() - begun)  # a long round must not claim with a lease that is over
            claimed = outbox.claim(db, at=at, now=now)
        if not claimed:
            break
        for letter in claimed:
            tell(f"sending {sum(done.values()) + 1}")
            state, reply, next_try, held = _send(channels, letter, at)
            with store.writing() as db:
                mine = outbox.settle(db, letter, state, at=at, reply=reply, next_try_at=next_try, held=held)
                if mine and state == "parked" and letter.kind != "operator":
                    notes, told = [composing.set_aside(letter, reply, on=at.date())], config.settings
                    to = composing.to_operator(
                        notes, told.mail.operator, lang=told.lang, as_of=at.date(), at=at,
                        context={"office": told.office, "declared": told.declared},
                    )  # fmt: skip
                    outbox.post(db, to, run_id=None)
            done[state] += 1
            if state != "sent":
                reasons[reply] = None
    if any(done.values()):
        logger.info("letters: {sent} sent, {waiting} waiting, {parked} parked", **done)
    return Delivered(**done, reasons=tuple(reasons))


@contextmanager
def _ledger(store: Store, run_id: int, at: datetime) -> Iterator[None]:
    """Whatever goes wrong inside is written into the ledger, then goes on to whoever asked."""
    try:
        yield
    except LvyueError as error:
        logger.error("failed: {reason}", reason=error.message)
        _note_failure(store, run_id, at, error.message)
        raise
    except BaseException as error:
        _note_failure(store, run_id, at, f"{type(error).__name__}")
        raise


def _note_failure(store: Store, run_id: int, at: datetime, message: str) -> None:
    try:
        with store.writing() as db:
            runs.finish(db, run_id, "failed", at=at, counts={}, message=message)
    except StoreError as error:  # a full disk cannot even take this line; the first error is the one to show
        logger.error("the ledger could not be written: {reason}", reason=error.message)


def _validators(last: Any) -> Validators | None:
    if last is None or not (last.etag or last.last_modified):
        return None
    return Validators(etag=last.etag, last_modified=last.last_modified)


def _record(db: Any, source: Source, head: versions.EditionHead, edition: Edition, known: set[str]) -> versions.Counts:
    """One edition into the store; what belongs to a contract nobody knows goes to quarantine. `known` grows by its contracts."""
    if "contract" in edition.nouns:
        known |= set(edition.nouns["contract"].good["id"].to_pylist())
    refused = [_refused(refusal) for refusal in edition.refusals]
    rows = []
    for noun, checked in edition.nouns.items():
        good = checked.good
        if "contract_id" in good.column_names:
            known_ones = pc.is_in(good["contract_id"], value_set=pa.array(sorted(known), pa.string()))
            belongs = pc.or_(known_ones, pc.is_null(good["contract_id"]))  # a complaint need not name one
            for row in good.filter(pc.invert(belongs)).select(["id", "contract_id", "source_row"]).to_pylist():
                value = row["contract_id"].removeprefix(f"{source.name}:")
                cell = checked.cells.get(row["id"].removeprefix(f"{source.name}:"), "contract_id")
                refused.append(
                    versions.RefusedCell(
                        noun=noun, row=row["source_row"], field=cell, value=value,
                        reason="belongs to a contract that is neither in this pull nor known",
                    )
                )  # fmt: skip
            good = good.filter(belongs)
        rows.append(versions.Incoming(noun=noun, good=good, seen=checked.seen))
    values = {name: getattr(head, name) for name in versions.EditionHead.__slots__} | {
        "recorded_at": edition.recorded_at
    }
    return versions.record(db, versions.EditionHead(**values), rows, refused=refused, complete=source.complete)


def _refused(refusal: Refusal) -> versions.RefusedCell:
    return versions.RefusedCell(
        noun=refusal.noun, row=refusal.row, field=refusal.field, value=refusal.value, reason=refusal.reason
    )


def _sum(counts: Sequence[versions.Counts]) -> versions.Counts:
    totals = {name: sum(getattr(count, name) for count in counts) for name in versions.Counts.__slots__}
    return versions.Counts(**totals)


def _as_counts(counts: versions.Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in versions.Counts.__slots__}


def _question(config: Config, store: Store, book: Rulebook, *, as_of: date, known_at: datetime) -> Question:
    with store.reading() as db:
        known_warnings = warnings.as_facts(db, as_of)
    return Question(
        database=store.path, state=config.state, zone=config.zone, calendars=config.calendars(), book=book, as_of=as_of,
        known_at=known_at, warnings=known_warnings,
    )  # fmt: skip


def _context(config: Config, inputs: runs.Inputs, known_at: datetime) -> dict[str, str]:
    return {
        "office": config.settings.office, "declared": config.settings.declared, "rules_hash": inputs.rules_hash,
        "known_at": known_at.isoformat(timespec="seconds"),
    }  # fmt: skip


def _scan_counts(outcome: Stepped, changes: Sequence[Change], letters: int) -> dict[str, Any]:
    counts = outcome.counts.values()
    numbers = {
        "assessments": sum(sum(row.values()) - row["not applicable"] for row in counts), "findings": len(outcome.hits),
        "changes": len(changes), "opened": sum(1 for change in changes if change.event == "opened"), "letters": letters,
        "unknown": sum(row["unknown"] for row in counts),
    }  # fmt: skip
    return numbers if outcome.contracts is None else numbers | {"contracts": outcome.contracts}


def _send(channels: Mapping[str, Channel], letter: Letter, at: datetime) -> tuple[str, str, datetime | None, bool]:
    """State, what was answered, when to try again, and whether it was not even tried."""
    try:
        channel = channels.get(letter.channel)
        if channel is None:
            hint = f"write a [[channel]] of that name, then `lvyue outbox retry {letter.key[:12]}`"
            raise DeliveryError(f"there is no channel {letter.channel!r} any more", hint=hint, permanent=True)
        return "sent", channel.send(letter), None, False
    except DeliveryError as error:
        if error.permanent or (letter.attempts > len(RETRY_AFTER) and not error.held):
            logger.error("letter {key} is parked: {reason}", key=letter.key[:12], reason=error.message)
            return "parked", error.message, None, False
        wait = RETRY_AFTER[0] if error.held else RETRY_AFTER[letter.attempts - 1]
        return "waiting", error.message, at + timedelta(seconds=wait), error.held
    except Exception as error:  # the edge of a letter: one that cannot be written must not stop the others
        logger.error("letter {key} is parked: {reason}", key=letter.key[:12], reason=repr(error)[:200])
        return "parked", repr(error)[:200], None, False
