"""What people and time do to warnings, each in one transaction with its letters. What scans do is in pipeline.py.

    act      a person's move       the warning as it stands now ─▶ alerts.act ─▶ letters ─▶ saved, or MoveError and nothing
    remind   what time brings      suspensions that end, limits that pass, silences that are over, the weekly digest
    silence  quiet, with an author, a reason and an end

The verbs of the command line call these, and so will a console: there is no other way to move a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from loguru import logger
from sqlalchemy import Connection, exc

from monitor import alerts
from monitor.alerts.telling import hushed, resurfaced
from monitor.config import Config
from monitor.domain.errors import MoveError, UsageError
from monitor.domain.warning import NEWS, SETTLED, Alert, Change, Letter, Silence
from monitor.notify import composing
from monitor.notify.composing import Desk, Stop
from monitor.store import Store, outbox, runs, versions, warnings

SOON = timedelta(days=14)
"""How far the weekly digest looks ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """What time brought on one day."""

    run_id: int
    escalated: int
    resumed: int
    resurfaced: int
    letters: int


def act(config: Config, store: Store, number: str, done: alerts.Act) -> Alert:
    """Make one move, as the warning stands at this moment. The warning afterwards; for `reopen` the new case.

    Raises MoveError when it cannot be moved so (somebody was first, something has to come before), UsageError when there is
    no such warning or something is not said. Nothing is changed then.
    """
    with store.writing() as db:
        before = warnings.numbered(db, number)
        change = alerts.act(before, done)
        try:
            near = warnings.around(db, before)
            if done.kind != "assign":
                outbox.withdraw(db, before.id, reason=f"{done.actor} acted on {before.number}")
            [saved] = settle(config, db, [change], run_id=None, as_of=done.on, at=done.at, standing=near)[0]
        except exc.IntegrityError as fault:
            raise MoveError(
                f"{before.number} cannot be reopened: a later case of {before.rule} about the same has its place",
                hint="work on that one, or reopen it; `lvyue alerts list --all` shows it",
            ) from fault
    logger.info("{number} {event} by {actor}", number=before.number, event=saved.event, actor=done.actor)
    return saved.alert


def remind(config: Config, store: Store, *, as_of: date, at: datetime) -> Reminded:
    """What time alone brings by a day: once a day is enough, and twice does nothing more."""
    handling, calendar, at = config.settings.handling, config.calendar(), at.astimezone(config.zone)
    with store.writing() as db:
        last = runs.last_day(db, "remind")
        if as_of > at.date() or (last is not None and as_of < last):
            raise UsageError(
                f"{as_of} is not a day to remind of; today is {at.date()}" + (f", the last was {last}" if last else ""),
                hint="time goes forward only",
            )
        run_id = runs.start(db, "remind", at=at, as_of=as_of)
        standing, silences = warnings.standing(db), warnings.silences(db, since=as_of)
        stepped = {row["alert_id"] for row in warnings.between(db, as_of, as_of) if row["kind"] == "escalated"}
        stepped |= hushed(standing, silences, on=as_of)
        stepped |= {change.alert.id for change in resurfaced(standing, silences, on=as_of)}
        ticked = [alerts.tick(alert, on=as_of, handling=handling, calendar=calendar) for alert in standing]
        changes = [
            change for change in ticked
            if change is not None and (change.event != "escalated" or change.alert.id not in stepped)
        ]  # fmt: skip
        after = _after(standing, changes)
        moved = {change.alert.id for change in changes}
        changes += [one for one in resurfaced(after, silences, on=as_of) if one.alert.id not in moved]
        saved, letters = settle(config, db, changes, run_id=run_id, as_of=as_of, at=at, standing=standing)
        weekly = _weeklies(config, db, _after(standing, saved), as_of=as_of, at=at)
        letters += outbox.post(db, weekly, run_id=run_id)
        counts = {name: sum(1 for one in saved if one.event == name) for name in ("escalated", "resumed", "resurfaced")}
        state: runs.State = "ok" if saved or letters else "unchanged"
        runs.finish(db, run_id, state, at=at, counts=counts | {"letters": letters})
    return Reminded(run_id=run_id, letters=letters, **counts)


def settle(
    config: Config,
    db: Connection,
    changes: Sequence[Change],
    *,
    run_id: int | None,
    as_of: date,
    at: datetime,
    standing: Sequence[Alert] | None = None,
    context: Mapping[str, Any] | None = None,
) -> tuple[list[Change], int]:
    """Changes and their letters into one transaction: who is told, the warnings, their events, the outbox.

    The changes as they were saved, and how many letters were new. `standing` saves reading again what was just read.
    """
    at = at.astimezone(config.zone)  # civil days and office hours are the office's
    standing = warnings.standing(db) if standing is None else standing
    changes = [_read_today(change, at.date()) for change in changes]
    marked = alerts.quiet(changes, _after(standing, changes), warnings.silences(db, since=as_of), on=as_of)
    saved = warnings.save(db, marked, run_id=run_id, on=as_of, at=at)
    desk = _desk(config, db, saved, as_of=as_of, at=at, context=context)
    desk = replace(desk, standing=_after(standing, saved))
    return saved, outbox.post(db, composing.compose(saved, desk), run_id=run_id)


def _read_today(change: Change, today: date) -> Change:
    """People have their days from when they can read of it: a scan may be of an earlier day."""
    if change.event not in NEWS or change.alert.armed_on >= today:
        return change
    return replace(change, alert=replace(change.alert, armed_on=today))


def silence(store: Store, quiet: Silence) -> int:
    """Write a silence down, and give its number. Raises UsageError where it has no author, reason or end."""
    if not quiet.author.strip() or not quiet.reason.strip():
        raise UsageError("a silence needs an author and a reason", hint="say who wants it and why")
    if quiet.until < quiet.from_on or quiet.until - quiet.from_on > timedelta(days=366):
        raise UsageError(
            f"a silence from {quiet.from_on} until {quiet.until} is none", hint="end it later, and within a year"
        )
    with store.writing() as db:
        return warnings.keep_quiet(db, quiet)


def route(config: Config, store: Store, number: str, *, as_of: date) -> list[Stop]:
    """Who would be told of a warning, and who would be in turn if nobody did anything from today on. Nothing is sent."""
    handling, calendar, everyone = config.settings.handling, config.calendar(), config.settings.recipient
    with store.reading() as db:
        alert = warnings.numbered(db, number)
    told = tuple(recipient for recipient in everyone if recipient.wants(alert))
    stops = [Stop(on=alert.armed_on, step=alert.level, recipients=told)]
    waited = alerts.deadline(alert, handling, calendar)
    day = as_of
    while waited is not None and alert.cleared_on is None and alert.escalated < len(handling.roles(alert.level)):
        day = max(day, waited.by + timedelta(days=1))
        change = alerts.tick(alert, on=day, handling=handling, calendar=calendar)
        if change is not None:
            alert = change.alert
            heard = tuple(one for one in everyone if composing.addressed(one, change, everyone))
            stops.append(Stop(on=day, step=change.detail["role"], recipients=heard))
        day += timedelta(days=1)
    return stops


def _after(standing: Sequence[Alert], changes: Iterable[Change]) -> list[Alert]:
    """The warnings that stand once the changes are made."""
    moved = [change.alert for change in changes]
    replaced = {alert.id for alert in moved} | {alert.previous for alert in moved}
    kept = (alert for alert in standing if alert.id not in replaced)
    return [alert for alert in (*kept, *moved) if alert.released_on is None]


def _desk(
    config: Config, db: Connection, changes: Sequence[Change], *, as_of: date, at: datetime, context: Mapping[str, Any] | None
) -> Desk:  # fmt: skip
    special = [change.alert.id for change in changes if change.told and change.event in composing.KINDS]
    histories = warnings.histories(db, [one for one in special if one is not None])
    settings = config.settings
    return Desk(
        recipients=settings.recipient, storm_over=settings.mail.storm_over, document_word=settings.mail.document_word,
        handling=settings.handling, calendar=config.calendar(), context=context or _context(config, db, at), as_of=as_of,
        at=at, history=lambda alert: histories.get(alert.id or 0, ()),
    )  # fmt: skip


def _context(config: Config, db: Connection, at: datetime) -> dict[str, str]:
    """The foot of a letter that no scan writes: the rules and the knowledge of the last one."""
    last = runs.last_inputs(db)
    return {
        "office": config.settings.office, "declared": config.settings.declared,
        "rules_hash": last.rules_hash if last else "",
        "known_at": (last.known_at if last else at).astimezone(config.zone).isoformat(timespec="seconds"),
    }  # fmt: skip


def _weeklies(config: Config, db: Connection, standing: Sequence[Alert], *, as_of: date, at: datetime) -> list[Letter]:
    """The weekly digest, from its day of the week on; the outbox knows whether this week's is written."""
    day = config.settings.mail.weekly_on
    if day == "never":
        return []
    its_day = as_of - timedelta(days=(as_of.weekday() - WEEKDAYS.index(day)) % 7)
    since = its_day - timedelta(days=7)
    keys = [(one, composing.weekly_key(one, since)) for one in config.settings.recipient if one.weekly]
    there = outbox.known(db, [key for _, key in keys])
    wanted = [one for one, key in keys if key not in there]
    if not wanted:
        return []
    events = warnings.between(db, since, as_of)  # the first day too: what came after that morning's letter
    named = {name: {event["alert_id"] for event in events if event["kind"] in kinds} for name, kinds in _NEWS.items()}
    known = warnings.by_id(db, sorted(set().union(*named.values())))
    open_now = [alert for alert in standing if alert.state not in SETTLED]
    soon = [alert for alert in open_now if _due_within(alert, as_of, as_of + SOON)]
    happened = {name: [known[one] for one in sorted(ids)] for name, ids in named.items()}
    sources = [
        {"source": row["source"], "last": row["last_edition_on"].isoformat()}
        for row in versions.sources_seen(db, at.astimezone(UTC), config.zone)
    ]
    desk = _desk(config, db, (), as_of=as_of, at=at, context=None)
    return [
        composing.weekly(one, happened | {"open": open_now, "due_soon": soon}, desk, since=since, sources=sources)
        for one in wanted
    ]


_NEWS = {"new": ("opened", "reopened"), "cleared": ("cleared",), "closed": ("closed", "dismissed")}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _due_within(alert: Alert, first: date, last: date) -> bool:
    due = alert.finding.get("due")
    return due is not None and first <= date.fromisoformat(due) <= last
