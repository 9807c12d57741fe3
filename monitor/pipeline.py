"""THE STORY: how a register becomes a letter. A line an arrow; each name leads to the room where it happens.

    pull     ask ─▶ payload kept ─▶ sources.read ─▶ store.record                      see pulling.py
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
from loguru import logger

from monitor import handling, judging, learned, scoring, stepping
from monitor.config import Config
from monitor.domain.errors import DeliveryError, UsageError
from monitor.domain.warning import Change, Letter
from monitor.engines.duckdb import Engine
from monitor.judging import Question
from monitor.notify import Channel, composing
from monitor.pulling import Pulled, Tell, pull, silent
from monitor.reports.learned import Voices
from monitor.reports.portfolio import Header, is_provisional
from monitor.rulebook import Hit, Judgement, Rulebook
from monitor.scoring import Panel, Spoken
from monitor.stepping import Stepped
from monitor.store import Store, outbox, runs, versions, warnings

__all__ = ["Delivered", "Pulled", "Scanned", "Tell", "View", "deliver", "facts", "look", "pull", "scan", "silent"]

RETRY_AFTER = (60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
"""Seconds until a letter is tried again, by attempts so far; after the last it is parked for a person."""


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
def facts(config: Config, store: Store, book: Rulebook, *, as_of: date, known_at: datetime) -> Iterator[Engine]:
    """What is true of everything on a day, from what was known by an instant; nothing is judged. Reads only."""
    question = _question(config, store, book, as_of=as_of, known_at=known_at)
    with judging.engine(question, judging.tables(question)) as engine:
        yield engine


@contextmanager
def look(
    config: Config, store: Store, book: Rulebook, *, as_of: date, known_at: datetime,
    supposing: Mapping[str, pa.Table] | None = None,
) -> Iterator[View]:  # fmt: skip
    """The sideways arrow: facts, outcomes, estimates and sources for a report, as of a day. Reads only.

    `supposing` are rows by noun that say something else than is known: what would be, then.
    """
    question = _question(config, store, book, as_of=as_of, known_at=known_at)
    with judging.engine(question, judging.supposing(judging.tables(question), supposing or {})) as engine:
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
    with logger.contextualize(run=run_id, as_of=as_of.isoformat()), runs.kept(store, run_id, at):
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
            if outcome.contracts is None:
                counts["figures"] = _figures(outcome) | {"acknowledged": warnings.acknowledged(db)}
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
    config: Config, store: Store, channels: Mapping[str, Channel], *, at: datetime, tell: Tell = silent,
    stopping: Callable[[], bool] = lambda: False,
) -> Delivered:  # fmt: skip
    """Send what is due, each letter by its channel. A letter is claimed before it is sent and settled after; a crash in
    between sends it again with the same Message-ID, never loses it. What is set aside, the operator is told of. Once
    `stopping`, what was claimed is given back."""
    done: dict[str, int] = dict.fromkeys(("sent", "waiting", "parked"), 0)
    reasons: dict[str, None] = {}
    begun = monotonic()
    while not stopping():
        with store.writing() as db:
            now = at + timedelta(seconds=monotonic() - begun)  # a long round must not claim with a lease that is over
            claimed = outbox.claim(db, at=at, now=now)  # few: a slow server must be through before the lease is
        if not claimed:
            break
        for letter in claimed:
            tell(f"sending {sum(done.values()) + 1}")
            given_back = ("waiting", "the service was stopped", at, True)
            state, reply, next_try, held = given_back if stopping() else _send(channels, letter, at)
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


def _question(config: Config, store: Store, book: Rulebook, *, as_of: date, known_at: datetime) -> Question:
    with store.reading() as db:
        known_warnings = warnings.as_facts(db, as_of)
    counted = {config.settings.calendar.country} | {rule.calendar for rule in book.rules}
    calendars = {word: calendar for word, calendar in config.calendars().items() if word in counted}
    return Question(
        database=store.place, state=config.state, zone=config.zone, calendars=calendars, book=book, as_of=as_of,
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


def _figures(outcome: Stepped) -> dict[str, Any]:
    """What a scan of everything saw, for `/metrics`: nobody judges again for a scrape."""
    watched = outcome.spoken.watched if outcome.spoken else {}
    return {
        "contracts": outcome.statuses,
        "unknown": {rule: counts["unknown"] for rule, counts in outcome.counts.items() if counts["unknown"]},
        "drift": {recipe: {"psi": seen.mix, "moved": seen.moved} for recipe, seen in watched.items()},
    }


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
