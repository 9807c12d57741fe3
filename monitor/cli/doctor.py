"""`lvyue doctor`: one page on whether this installation is well. Sends nothing, pulls nothing, waits for nobody.

A fault decides the exit code, the first one: that of the error it would be for a verb that met it.
"""

from __future__ import annotations

import json
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import typer

from monitor import __version__
from monitor.cli import shell
from monitor.cli.options import AsJson, app
from monitor.domain.errors import BusyError, DeliveryError, IntegrityError, LvyueError, SourceError, StoreError
from monitor.domain.words import filled, word

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.health.probes import Probe
    from monitor.store import Store

State = Literal["good", "caution", "fault"]
STYLES: dict[State, str] = {"good": "green", "caution": "yellow", "fault": "bold red"}
CODES = {
    "source": SourceError.exit_code, "outbox": DeliveryError.exit_code, "parked": DeliveryError.exit_code,
    "disk": StoreError.exit_code, "database": StoreError.exit_code,
}  # fmt: skip
"""Exit codes of probes that are faults when they are not well; the others are a matter for somebody's eye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the page. `code` is the exit code it asks for; 0 for all but faults."""

    name: str
    zh: str
    en: str
    state: State = "good"
    code: int = 0


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say on one page whether all is well here: database, disk, clock, mail, sources, backup, calendar, models, rules."""
    config = shell.load_config()
    now = shell.now(config)
    found = [*_of_program(config), *_of_store(config, now), *_of_mail(config), *_of_law(config, now)]
    if as_json:
        told = [{"name": one.name, "state": one.state, "zh": one.zh, "en": one.en} for one in found]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(found, shell.language())
    if code := next((one.code for one in found if one.code), 0):
        raise typer.Exit(code)


def _of_program(config: Config) -> Iterator[Finding]:
    from monitor.notify.letters.glyphs import FONT

    python = ".".join(str(part) for part in sys.version_info[:3])
    yield _said("program", version=__version__, python=python, system=f"{platform.system()} {platform.machine()}")
    settings = config.settings
    yield _said("config", path=config.path, sources=len(config.sources), recipients=len(settings.recipient))
    there = FONT.is_file()
    yield _said("font") if there else _said("no_font", StoreError.exit_code, path=FONT)


def _of_store(config: Config, now: datetime) -> Iterator[Finding]:
    """The database and what it tells; one that cannot be opened is one finding."""
    from monitor.store import Store

    try:
        store = Store(config.database)
        yield from _of_database(config, store, now)
    except LvyueError as error:
        said = {lang: filled("health.database.ill", lang, reason=error.message) for lang in ("zh", "en")}
        yield Finding(name="database", zh=said["zh"], en=said["en"], state="fault", code=error.exit_code)


def _of_database(config: Config, store: Store, now: datetime) -> Iterator[Finding]:
    from monitor.health.probes import Sight, probed
    from monitor.store import models, vitals

    with store.reading() as db:
        kind, broken, last = db.dialect.name, vitals.damage(db), vitals.last_started(db)
        seen, speaking = vitals.read(db, now), models.speaking(db, now.astimezone(UTC))
    if broken:
        yield _said("damaged", IntegrityError.exit_code, reason=broken)
    else:
        yield _said("store", kind=kind, schema=store.revision())
    shown = now.isoformat(timespec="seconds")
    behind = last is not None and now < last
    yield (
        _said("clock_behind", StoreError.exit_code, now=shown, last=last)
        if behind
        else _said("clock", now=shown, zone=config.zone)
    )
    yield _working(config)
    sight = Sight(
        at=now, monotonic=time.monotonic(), beat=None,
        sources={source.name: source.apart for source in config.sources}, vitals=seen,
        disk_free=shutil.disk_usage(config.state).free,
    )  # fmt: skip
    yield from (_of_probe(probe) for probe in probed(sight) if probe.name != "database")
    names = ", ".join(f"{recipe} ({model.id})" for recipe, model in sorted(speaking.items()))
    yield _said("models", names=names) if speaking else _said("no_models")


def _of_probe(probe: Probe) -> Finding:
    code = 0 if probe.well else CODES.get(probe.name.partition(" ")[0], 0)
    state: State = "good" if probe.well else "fault" if code else "caution"
    return Finding(name=probe.name, zh=probe.zh, en=probe.en, state=state, code=code)


def _working(config: Config) -> Finding:
    """Whether somebody else holds the folder: no fault, and worth knowing."""
    from monitor.store.lock import exclusive

    try:
        with exclusive(config.state):
            return _said("idle")
    except BusyError:
        return _said("working")


def _of_mail(config: Config) -> Iterator[Finding]:
    from monitor.notify import MAIL
    from monitor.notify.email import Smtp

    try:
        with config.ways(lambda: shell.now(config)) as ways:
            mail = ways[MAIL]
            if isinstance(mail, Smtp):
                yield _said("mail", where=mail.greet())
            else:
                yield _said("eml", folder=config.state / "letters")
    except LvyueError as error:
        yield _said("no_mail", error.exit_code, reason=error.message)


def _of_law(config: Config, now: datetime) -> Iterator[Finding]:
    """The rules, and the calendars of this year and the next: the next one is published late in the year."""
    country = config.settings.calendar.country
    calendar = config.calendar()
    for year in (now.year, now.year + 1):
        published = not calendar.provisional(now.date().replace(year=year, month=1, day=1))
        yield _said("calendar" if published else "no_calendar", caution=not published, country=country, year=year)
    try:
        yield _said("rules", count=len(config.book().rules))
    except LvyueError as error:
        yield _said("no_rules", error.exit_code, reason=error.message.splitlines()[0])


def _said(name: str, code: int = 0, /, *, caution: bool = False, **blanks: object) -> Finding:
    state: State = "fault" if code else "caution" if caution else "good"
    zh, en = (filled(f"doctor.{name}", lang, **blanks) for lang in ("zh", "en"))
    return Finding(name=name, zh=zh, en=en, state=state, code=code)


def _show(found: list[Finding], lang: str) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=word("doctor.title", lang), show_header=False)
    for one in found:
        mark = Text(word(f"doctor.{one.state}", lang), style=STYLES[one.state])
        table.add_row(mark, Text(one.zh if lang == "zh" else one.en))
    shell.results().print(table)
