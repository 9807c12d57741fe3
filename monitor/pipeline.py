"""THE STORY: how a register becomes a letter. A line an arrow; each name leads to the room where it happens.

    pull     sources.fetch ─▶ payload kept ─▶ sources.read ─▶ store.record            one transaction a pull
    judged   store.portfolio ─▶ Engine (facts) ─▶ Judgement (rules)                   reads only; reports use it too
    scan     judged ─▶ alerts.step ─▶ notify.compose ─▶ store.save + store.post       one transaction a scan
    deliver  outbox ─▶ a channel ─▶ what the other side said                          one letter at a time

Clocks come in from outside: `at` is now, `as_of` the day a question is about, `known_at` whose knowledge may be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from loguru import logger

from monitor import alerts, notify, sources
from monitor.config import Config
from monitor.domain.errors import DeliveryError, LvyueError, StoreError, UsageError
from monitor.domain.warning import Alert, Change, Letter, Signal
from monitor.engines.duckdb import Engine
from monitor.notify import Channel
from monitor.reports.portfolio import Header, is_provisional
from monitor.rulebook import Coverage, Finding, Judgement, Rulebook
from monitor.rulebook.wording import finding_content
from monitor.sources import Source
from monitor.sources.border import Refusal
from monitor.sources.editions import Edition, editions, refuse_loss
from monitor.sources.fetch import Validators
from monitor.sources.pages import all_pages
from monitor.store import Store, runs, versions, warnings

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
    findings: list[Finding]
    coverage: list[Coverage]
    changes: list[Change]
    letters: int


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


@contextmanager
def judged(
    config: Config, store: Store, book: Rulebook, *, as_of: date, known_at: datetime
) -> Iterator[tuple[Engine, Judgement]]:
    """Facts and outcomes as of a day, from what was known at an instant. Reads only."""
    tables = versions.portfolio(store.path, known_at.astimezone(UTC), config.zone)
    with store.reading() as db:
        tables["alert"] = warnings.as_facts(db, as_of)
    with Engine(tables, config.calendars(), as_of=as_of) as engine:
        yield engine, Judgement(engine.db, book.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything a report is made from."""

    engine: Engine
    judgement: Judgement
    header: Header
    sources: list[dict[str, Any]]


@contextmanager
def look(config: Config, store: Store, book: Rulebook, *, as_of: date, known_at: datetime) -> Iterator[View]:
    """The sideways arrow: facts, outcomes and sources for a report, as of a day. Reads only."""
    with judged(config, store, book, as_of=as_of, known_at=known_at) as (engine, judgement):
        with store.reading() as db:
            rows = versions.sources_seen(db, known_at.astimezone(UTC), config.zone)
        stale_after = {source.name: source.stale_after_days for source in config.sources}
        seen = [row | {"stale_after_days": stale_after.get(row["source"], 60)} for row in rows]
        header = Header(
            office=config.settings.office, declared=config.settings.declared, as_of=as_of, known_at=known_at,
            rules_hash=book.hash, facts_hash=engine.facts_hash(),
            provisional_calendar=is_provisional(list(engine.calendars.values()), as_of),
        )  # fmt: skip
        yield View(engine=engine, judgement=judgement, header=header, sources=seen)


def scan(
    config: Config, store: Store, book: Rulebook, *, as_of: date, known_at: datetime, at: datetime, tell: Tell = silent
) -> Scanned:
    """Judge everything, step every warning, write the letters. The same facts on the same day change nothing.

    Raises UsageError for a day before the last scan's: warnings do not live backwards, a report can look back.
    """
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
        run_id = runs.start(db, "scan", at=at)
    with logger.contextualize(run=run_id, as_of=as_of.isoformat()), _ledger(store, run_id, at), ExitStack() as stack:
        tell("reading what is known")
        engine, judgement = stack.enter_context(judged(config, store, book, as_of=as_of, known_at=known_at))
        tell("judging")
        findings, coverage = judgement.fired(), judgement.coverage()
        inputs = runs.Inputs(
            as_of=as_of, known_at=known_at.astimezone(UTC), rules_hash=book.hash, facts_hash=engine.facts_hash(),
            calendar_hash="+".join(sorted(calendar.fingerprint[:16] for calendar in engine.calendars.values())),
        )  # fmt: skip
        tell("stepping warnings")
        with store.writing() as db:
            changes = list(_changes(warnings.open_alerts(db), findings, judgement, book, as_of))
            saved = warnings.save(db, changes, run_id=run_id, on=as_of)
            letters = notify.compose(
                saved, config.settings.recipient, as_of=as_of, at=at, storm_over=config.settings.mail.storm_over,
                context=_context(config, inputs, known_at),
            )  # fmt: skip
            posted = warnings.post(db, letters, run_id=run_id)
            runs.note_inputs(db, run_id, inputs)
            counts = _scan_counts(findings, coverage, saved, posted)
            runs.finish(db, run_id, "ok" if saved else "unchanged", at=at, counts=counts)
        logger.info("{findings} findings, {changes} changes, {letters} letters", **counts)
        return Scanned(
            run_id=run_id, as_of=as_of, known_at=known_at, findings=findings, coverage=coverage, changes=saved,
            letters=posted,
        )  # fmt: skip


def deliver(store: Store, channel: Channel, *, at: datetime, tell: Tell = silent) -> Delivered:
    """Send what is due. A letter is claimed before it is sent and settled after; a crash in between sends it again with
    the same Message-ID, never loses it."""
    done: dict[str, int] = dict.fromkeys(("sent", "waiting", "parked"), 0)
    reasons: dict[str, None] = {}
    while True:
        with store.writing() as db:
            claimed = warnings.claim(db, at=at)
        if not claimed:
            break
        for letter in claimed:
            tell(f"sending {sum(done.values()) + 1}")
            state, reply, next_try = _send(channel, letter, at)
            with store.writing() as db:
                warnings.settle(db, letter.key, state, at=at, reply=reply, next_try_at=next_try)
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
            belongs = pc.is_in(good["contract_id"], value_set=pa.array(sorted(known), pa.string()))
            for row in good.filter(pc.invert(belongs)).select(["contract_id", "source_row"]).to_pylist():
                value = row["contract_id"].removeprefix(f"{source.name}:")
                refused.append(
                    versions.RefusedCell(
                        noun=noun, row=row["source_row"], field="contract_id", value=value,
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


def _changes(
    open_alerts: Sequence[Alert], findings: Sequence[Finding], judgement: Judgement, book: Rulebook, on: date
) -> Iterator[Change]:
    """Each finding against the open warning it belongs to, then the open warnings for which nothing was found."""
    by_subject = {(alert.rule, alert.subject, alert.subject_id): alert for alert in open_alerts}
    rules = {rule.rule.id: rule.rule for rule in book.rules}
    for finding in findings:
        alert = by_subject.pop((finding.rule, finding.subject, finding.subject_id), None)
        signal = Signal(
            rule=finding.rule, subject=finding.subject, subject_id=finding.subject_id, outcome=finding.outcome,
            contract_id=finding.contract_id, unit=finding.unit, rule_hash=finding.rule_hash, finding={},
            due=finding.due.isoformat() if finding.due else None,
        )  # fmt: skip
        change = alerts.step(alert, signal, on=on)
        if change is not None:  # only what changed is put into words
            content = finding_content(finding, rules[finding.rule])
            yield replace(change, alert=replace(change.alert, finding=content))
    for rule in sorted({alert.rule for alert in by_subject.values()}):
        mine = [alert for alert in by_subject.values() if alert.rule == rule]
        outcomes = judgement.outcomes(rule, [alert.subject_id for alert in mine])
        for alert in mine:
            outcome = outcomes.get(alert.subject_id, "unknown")
            signal = Signal(rule=rule, subject=alert.subject, subject_id=alert.subject_id, outcome=outcome, finding={})
            change = alerts.step(alert, signal, on=on)
            if change is not None:
                yield change


def _context(config: Config, inputs: runs.Inputs, known_at: datetime) -> dict[str, str]:
    return {
        "office": config.settings.office, "declared": config.settings.declared, "rules_hash": inputs.rules_hash,
        "known_at": known_at.isoformat(timespec="seconds"),
    }  # fmt: skip


def _scan_counts(
    findings: Sequence[Finding], coverage: Sequence[Coverage], changes: Sequence[Change], letters: int
) -> dict[str, Any]:
    return {
        "assessments": sum(row.judged - row.not_applicable for row in coverage), "findings": len(findings),
        "changes": len(changes), "opened": sum(1 for change in changes if change.event == "opened"), "letters": letters,
        "unknown": sum(row.unknown for row in coverage),
    }  # fmt: skip


def _send(channel: Channel, letter: Letter, at: datetime) -> tuple[str, str, datetime | None]:
    try:
        return "sent", channel.send(letter), None
    except DeliveryError as error:
        if error.permanent or letter.attempts > len(RETRY_AFTER):
            logger.error("letter {key} is parked: {reason}", key=letter.key[:12], reason=error.message)
            return "parked", error.message, None
        return "waiting", error.message, at + timedelta(seconds=RETRY_AFTER[letter.attempts - 1])
    except (ValueError, KeyError, UnicodeError) as error:  # one letter that cannot be written must not stop the others
        logger.error("letter {key} is parked: {reason}", key=letter.key[:12], reason=repr(error)[:200])
        return "parked", repr(error)[:200], None
