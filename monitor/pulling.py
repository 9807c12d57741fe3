"""From a publisher to versions: one source is asked, what came is kept as it came, understood, and recorded, all or nothing.

    pull      ask ─▶ payload kept ─▶ read ─▶ is it believable? ─▶ store.record        one transaction; of a folder, one a file
    preview   the same as far as `read`; nothing is recorded
    accept    a pull that was not believable, recorded after all because a person said so

What people must know of a source besides (it waits for them, a field came or went) is told in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from loguru import logger

from monitor import sources
from monitor.config import Config
from monitor.domain.errors import HeldError, RejectedError, UsageError
from monitor.domain.words import LANGS, filled
from monitor.notify import composing
from monitor.sources import Asked, Known, Reading, Source, dropped
from monitor.sources.border import Refusal
from monitor.sources.coverage import Drift, Fields, Preview, drift, fields
from monitor.sources.editions import Edition, editions, refuse_loss, without_older
from monitor.sources.fetch import Fetched, Validators
from monitor.store import Store, held, outbox, runs, versions
from monitor.store.tables import HeldPull

Tell = Callable[[str], None]
"""Says what is being done; the command line shows it."""


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
    drift: Drift = field(default_factory=Drift)
    growing: tuple[str, ...] = ()
    """Names of dropped files that may not be whole yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is known of a source before it is asked: its newest edition, and the fields that one filled."""

    last: Any
    same_reader: bool
    payloads: list[str]
    fields: Fields
    known: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """One payload on its way into the store."""

    config: Config
    source: Source
    run_id: int
    at: datetime
    before: Held
    asked: Asked


def pull(config: Config, store: Store, source: Source, *, at: datetime, tell: Tell = silent) -> Pulled:
    """Ask one source, and add what it says. All of it becomes visible, or nothing; the ledger keeps either.

    Raises SourceError, RejectedError or ConfigError; the last good state stays as it was. HeldError when it would lose so
    much that a person is asked: what came is kept, nothing of it recorded. Of a folder, every file is a pull of its own; one
    that is refused does not keep the others back, its error is raised last."""
    if folder := _folder(config, source):
        return _pull_folder(config, store, source, folder, at=at, tell=tell)
    return _pull(config, store, source, lambda known: source.ask(config.base, known), at=at, tell=tell)


def _folder(config: Config, source: Source) -> Path | None:
    """The folder that files are dropped into, where the source is one."""
    folder = config.base / source.location
    return folder if "://" not in source.location and folder.is_dir() else None


def _pull_folder(config: Config, store: Store, source: Source, folder: Path, *, at: datetime, tell: Tell) -> Pulled:
    """Take what was dropped, file by file."""
    found = dropped.look(folder, at=at)
    done: list[Pulled] = []
    refused: dict[str, RejectedError] = {}
    try:
        for path in found.odd:
            refused[path.name] = dropped.refuse(path, dropped.no_file(path))
        for path in found.ready:
            seen, fault = dropped.state_of(path), None
            try:
                done.append(_pull(config, store, source, partial(_from_file, source, path), at=at, tell=tell))
            except RejectedError as error:
                fault = error
            if dropped.state_of(path) != seen:
                continue  # somebody put another there meanwhile: the next pull takes it
            if fault is None:
                dropped.put_away(path, dropped.TAKEN)
            else:
                refused[path.name] = dropped.refuse(path, fault)
    finally:  # also where a later file breaks the pull off: the next one does not find these any more
        if refused:
            with store.writing() as db:
                _tell_operator(db, config, dropped.told(source.name, refused, on=at.date()), at=at)
    if refused:
        raise next(iter(refused.values()))
    growing = tuple(path.name for path in found.growing)
    if not done:
        return replace(_pull(config, store, source, lambda _: Asked(pages=[]), at=at, tell=tell), growing=growing)
    taken = [one for one in done if not one.unchanged]
    return replace(
        done[-1], unchanged=not taken, editions=len(taken), counts=_sum([one.counts for one in taken]), growing=growing
    )


def _from_file(source: Source, path: Path, _known: Known) -> Asked:
    return Asked(pages=[dropped.read(path, source.limits)])


def _pull(
    config: Config, store: Store, source: Source, ask: Callable[[Known], Asked], *, at: datetime, tell: Tell
) -> Pulled:
    with store.writing() as db:
        run_id = runs.start(db, "pull", at=at, source=source.name)
        before = _held(db, config, source, at)
    with logger.contextualize(run=run_id, source=source.name), runs.kept(store, run_id, at):
        tell(f"{source.name}: asking")
        asked = ask(before.known)
        since = {"partial": 1} if asked.partial else {}
        if _nothing_new(asked, before):
            return _unchanged(store, source, run_id, at=at, asked=asked)
        tell(f"{source.name}: reading")
        reading = sources.read(source, asked.pages, config.base)
        if asked.partial and reading.empty:
            return _unchanged(store, source, run_id, at=at, asked=asked)
        tell(f"{source.name}: comparing")
        taking = Taking(config=config, source=source, run_id=run_id, at=at, before=before, asked=asked)
        try:
            with store.writing() as db:
                if not asked.partial:
                    refuse_loss(source, reading, versions.contracts_listed(db, source.name))
                pulled = _take(db, taking, reading)
                message = _told(pulled.drift, "en") or None
                runs.finish(db, run_id, "ok", at=at, counts=_ledger_counts(pulled) | since, message=message)
        except HeldError as error:
            with store.writing() as db:
                _hold(db, taking, error)
            raise
        logger.info(
            "{source}: {rows} rows, {new} new, {changed} changed", source=source.name, **_as_counts(pulled.counts)
        )
        return pulled


def accept(config: Config, store: Store, source: Source, *, at: datetime, actor: str, reason: str) -> Pulled:
    """Record the pull that waits, exactly as it was sent, because somebody says that what it loses is really gone.

    The ledger keeps who and why. Raises UsageError when nothing of this source waits.
    """
    with store.writing() as db:
        waiting = held.waiting(db, source.name)
        if waiting is None or waiting.id is None:
            raise UsageError(
                f"source {source.name}: nothing waits for a person", hint="`lvyue sources list` shows what does"
            )
        run_id = runs.start(db, "accept", at=at, source=source.name)
        kept = held.pages(db, waiting.id)
        before = _held(db, config, source, at)
    pages = [
        Fetched(
            content=page.content, sha256=page.sha256, media_type=page.media_type, location=page.location, status=200,
            attempts=0, etag=waiting.etag, last_modified=waiting.last_modified,
        )
        for page in kept
    ]  # fmt: skip
    with logger.contextualize(run=run_id, source=source.name), runs.kept(store, run_id, at):
        as_sent = source.model_copy(update={"published": waiting.published})
        reading = sources.read(as_sent, pages, config.base)
        taking = Taking(
            config=config, source=as_sent, run_id=run_id, at=at, before=before, asked=Asked(pages=pages)
        )  # fmt: skip
        with store.writing() as db:
            held.settle(db, source.name, "accepted", at=at, actor=actor, reason=reason)
            pulled = _take(db, taking, reading)
            runs.finish(db, run_id, "ok", at=at, counts=_ledger_counts(pulled), message=f"{actor}: {reason}")
        return pulled


def preview(config: Config, store: Store, source: Source, *, at: datetime) -> Preview:
    """Ask one source for everything and read what it sends, and record nothing; of a folder, the file that is next.

    Errors as `pull`, but no HeldError; UsageError for an empty folder.
    """
    with store.reading() as db:
        before = _held(db, config, source, at)
        listed = versions.contracts_listed(db, source.name)
    if folder := _folder(config, source):
        ready = dropped.look(folder, at=at).ready
        if not ready:
            raise UsageError(
                f"{folder}: no file waits there", hint="what was touched a moment ago may not be whole yet"
            )
        asked = _from_file(source, ready[0], before.known)
    else:
        asked = source.ask(config.base, Known(at=at))
    reading = sources.read(source, asked.pages, config.base)
    loss = None
    try:
        refuse_loss(source, reading, listed)
    except HeldError as error:
        loss = error.message
    found = fields(reading.nouns, reading.arrived)
    changed = drift(before.fields, found, same_reader=before.same_reader) if before.fields else Drift()
    rows = {noun: checked.good.num_rows for noun, checked in reading.nouns.items()}
    return Preview(rows=rows, refused=reading.refusals, fields=found, drift=changed, loss=loss)


def _held(db: Any, config: Config, source: Source, at: datetime) -> Held:
    last = versions.last_edition(db, source.name)
    same_reader = last is not None and last.reader_hash == source.reader_hash(config.base)
    payloads = versions.payloads_of(db, last.id) if last and last.id else []
    known = Known(at=at)
    if last is not None and same_reader:
        validators = Validators(etag=last.etag, last_modified=last.last_modified)
        known = Known(
            at=at, watermark=last.watermark, full_at=runs.last_full(db, source.name),
            validators=validators if len(payloads) == 1 and validators != Validators() else None,
        )  # fmt: skip
    counted = versions.coverage(db, source.name, limit=1)
    return Held(
        last=last, same_reader=same_reader, payloads=payloads, fields=counted[0] if counted else {}, known=known
    )


def _nothing_new(asked: Asked, before: Held) -> bool:
    same = before.same_reader and [page.sha256 for page in asked.pages] == before.payloads
    return not asked.pages or asked.pages[0].not_modified or same


def _unchanged(store: Store, source: Source, run_id: int, *, at: datetime, asked: Asked) -> Pulled:
    with store.writing() as db:
        runs.finish(db, run_id, "unchanged", at=at, counts={"partial": 1} if asked.partial else {})
        _answered(db, source, asked, at)
    logger.info("{source}: nothing new", source=source.name)
    return Pulled(source=source.name, run_id=run_id, unchanged=True)


def _answered(db: Any, source: Source, asked: Asked, at: datetime) -> None:
    """What waited for a person waits no more once the source has told everything again; silence and news settle nothing."""
    if asked.pages and not asked.partial:
        held.settle(db, source.name, "replaced", at=at)


def _take(db: Any, taking: Taking, reading: Reading) -> Pulled:
    """Record every state that the payload holds, and tell the operator which fields came or went."""
    source, asked, before, at = taking.source, taking.asked, taking.before, taking.at
    known = versions.contracts_known(db, source.name)
    names = [versions.keep_payload(db, page.content, media_type=page.media_type, at=at) for page in asked.pages]
    last = before.last
    watermark = reading.watermark or (last.watermark if last and asked.partial else None)
    head = versions.EditionHead(
        run_id=taking.run_id, source=source.name, recorded_at=at, payloads=tuple(names),
        reader_hash=source.reader_hash(taking.config.base), etag=asked.pages[0].etag,
        last_modified=asked.pages[0].last_modified, partial=asked.partial, watermark=watermark,
    )  # fmt: skip
    found = editions(
        source, reading, last=last.recorded_at if last else None, at=at, start_of_day=taking.config.start_of_day
    )
    totals = [_record(db, taking, head, edition, known=known, arrived=reading.arrived) for edition in found]
    changed = Drift()
    if before.fields and not asked.partial:
        now = fields(found[-1].nouns, reading.arrived)
        changed = drift(before.fields, now, same_reader=before.same_reader)
    _answered(db, source, asked, at)
    _tell_operator(db, taking.config, _drift_note(source, changed, at), at=at, run_id=taking.run_id)
    return Pulled(
        source=source.name, run_id=taking.run_id, unchanged=False, editions=len(totals), counts=_sum(totals),
        drift=changed,
    )  # fmt: skip


def _record(
    db: Any, taking: Taking, head: versions.EditionHead, edition: Edition, *, known: set[str], arrived: Fields
) -> versions.Counts:
    """One edition into the store; what belongs to a contract nobody knows goes to quarantine. `known` grows by its contracts."""
    source = taking.source
    if source.feed and not source.complete:
        named = {noun: versions.keys_known(db, source.name, noun) for noun in ("unit", "party")}
        said = versions.contracts_updated(db, source.name)
        edition = replace(edition, nouns=without_older(edition.nouns, said, named))
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
    head = replace(head, recorded_at=edition.recorded_at, fields=fields(edition.nouns, arrived))
    complete = source.complete and not taking.asked.partial
    return versions.record(db, head, rows, refused=refused, complete=complete)


def _hold(db: Any, taking: Taking, error: HeldError) -> None:
    """Keep what was sent until a person has looked at it, and write to one."""
    source, pages = taking.source, taking.asked.pages
    names = [versions.keep_payload(db, page.content, media_type=page.media_type, at=taking.at) for page in pages]
    held.keep(
        db,
        HeldPull(
            run_id=taking.run_id, source=source.name, held_at=taking.at, published=source.published, state="waiting",
            etag=pages[0].etag, last_modified=pages[0].last_modified,
        ),
        [(name, page.location) for name, page in zip(names, pages, strict=True)],
    )  # fmt: skip
    blanks = {"source": source.name, "lost": error.lost, "listed": error.listed}
    note = {lang: filled("letter.source_waiting", lang, **blanks) for lang in LANGS}
    about = {"about": f"waiting {source.name} {' '.join(names)}"}
    _tell_operator(db, taking.config, note | about, at=taking.at, run_id=taking.run_id)


def _tell_operator(
    db: Any, config: Config, note: Mapping[str, str] | None, *, at: datetime, run_id: int | None = None
) -> None:
    settings = config.settings
    letters = composing.to_operator(
        [note] if note else [], settings.mail.operator, lang=settings.lang, as_of=at.date(), at=at,
        context={"office": settings.office, "declared": settings.declared},
    )  # fmt: skip
    outbox.post(db, letters, run_id=run_id)


def _drift_note(source: Source, changed: Drift, at: datetime) -> dict[str, str] | None:
    if not changed:
        return None
    told = {lang: filled("letter.source_drift", lang, source=source.name, what=_told(changed, lang)) for lang in LANGS}
    return told | {"about": f"drift {source.name} {at.date()} {_told(changed, 'en')}"}


def _told(changed: Drift, lang: str) -> str:
    """What came and went, in a sentence for the ledger and the letter; empty for nothing."""
    comma = filled("letter.list", lang)
    parts = [
        filled(f"source.fields_{word}", lang, fields=comma.join(names))
        for word, names in (("gone", changed.gone), ("new", changed.new)) if names
    ]  # fmt: skip
    return filled("letter.semicolon", lang).join(parts)


def _refused(refusal: Refusal) -> versions.RefusedCell:
    return versions.RefusedCell(
        noun=refusal.noun, row=refusal.row, field=refusal.field, value=refusal.value, reason=refusal.reason
    )


def _sum(counts: Sequence[versions.Counts]) -> versions.Counts:
    totals = {name: sum(getattr(count, name) for count in counts) for name in versions.Counts.__slots__}
    return versions.Counts(**totals)


def _ledger_counts(pulled: Pulled) -> dict[str, int]:
    return {"editions": pulled.editions} | _as_counts(pulled.counts)


def _as_counts(counts: versions.Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in versions.Counts.__slots__}
