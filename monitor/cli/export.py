"""`lvyue export`: what Lvyue holds, for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli import shell
from monitor.cli.options import AsOf, KnownAt, app
from monitor.domain.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.engines.duckdb import Engine

export_app = typer.Typer(no_args_is_help=True, help="For other programs: open data, a calendar, the ledger again.")
app.add_typer(export_app, name="export")

Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The facts of a day. `at` is the instant of the last edition they come from, in the office's time zone."""

    config: Config
    engine: Engine
    at: datetime
    lang: Literal["zh", "en"]


@export_app.command("ocds")
def export_ocds(
    as_of: AsOf = None, known_at: KnownAt = None, output: Output = None,
    package: Annotated[
        Literal["releases", "records"], typer.Option(help="A release of each contract, or a record with it and compiled.")
    ] = "releases",
    prefix: Annotated[
        str, typer.Option(help="Prefix of ocids, as the Open Contracting Partnership registered it for the publisher.")
    ] = "lvyue",
    standard_only: Annotated[
        bool, typer.Option("--standard-only", help="Without x_lvyue, which has all that OCDS has no field for.")
    ] = False,
) -> None:  # fmt: skip
    """Contracts as open data: OCDS 1.1.5, with milestones and transactions. Contracts marked as secret stay out."""
    from monitor.exports import held, ocds

    with _opened(as_of, known_at) as found:
        settings, aside = found.config.settings, held.left_out(found.engine)
        publishing = ocds.Publishing(
            publisher=settings.office or settings.declared or "Lvyue", prefix=prefix, lang=found.lang, at=found.at,
            package=package, standard_only=standard_only,
        )  # fmt: skip
        _stream(ocds.written(found.engine, publishing), output)
    if aside["secret"] or aside["gone"]:
        shell.say(
            f"left out: {aside['secret']} contracts marked as secret, {aside['gone']} that their source lists no more"
        )
    if prefix == "lvyue":
        shell.say("the ocids are not registered: for publication, give the publisher's own --prefix")


@export_app.command("ical")
def export_ical(
    as_of: AsOf = None, known_at: KnownAt = None, output: Output = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Only contracts of units whose name has this in it.")] = None,
) -> None:  # fmt: skip
    """Due days of open promises and sums as a calendar (.ics) to subscribe to or to import."""
    from monitor.exports import ical

    with _opened(as_of, known_at) as found:
        feed = ical.Feed(office=found.config.settings.office, lang=found.lang, at=found.at, unit=unit)
        _stream(ical.written(found.engine, feed), output)


@export_app.command("ledger")
def export_ledger(
    file: Annotated[Path, typer.Argument(help="Workbook to write, ending in .xlsx.")],
    as_of: AsOf = None, known_at: KnownAt = None,
) -> None:  # fmt: skip
    """The ledger workbook (政府合同台账) of everything held; a source of kind ledger reads it back."""
    from monitor.exports import held, ledger

    if file.suffix.lower() != ".xlsx":
        raise UsageError(f"{file}: a ledger is written as .xlsx", hint=f"name it {file.with_suffix('.xlsx').name}")
    with _opened(as_of, known_at) as found:
        book, settings = ledger.ledger(found.engine), found.config.settings
        title = " ".join(filter(None, (settings.office, found.engine.as_of.isoformat(), settings.declared)))
        _stream([ledger.workbook(book, lang=found.lang, title=title)], file)
        aside = held.left_out(found.engine)["gone"]
    left = [f"{count} {noun}" for noun, count in sorted(book.left.items())]
    if left or aside:
        shell.say(f"left out: {', '.join([*left, f'{aside} contracts that their source lists no more'])}")


@contextmanager
def _opened(as_of: str | None, known_at: str | None) -> Iterator[Opened]:
    """Raises UsageError where nothing was known."""
    from monitor import pipeline
    from monitor.store import versions

    config = shell.load_config()
    day, instant = shell.when(config, as_of, known_at)
    book, store = config.book(), shell.open_store(config)
    with store.reading() as db:
        last = versions.last_edition_at(db, instant.astimezone(UTC))
    if last is None:
        raise UsageError(
            f"nothing was known by {instant:%Y-%m-%d}", hint="`lvyue pull` asks the sources; or give a later --known-at"
        )
    lang: Literal["zh", "en"] = "en" if (shell.options.lang or config.settings.lang) == "en" else "zh"
    with shell.progress(), pipeline.facts(config, store, book, as_of=day, known_at=instant) as engine:
        yield Opened(config=config, engine=engine, at=last.astimezone(config.zone), lang=lang)


def _stream(pieces: Iterable[bytes], output: Path | None) -> None:
    if output is not None:
        shell.keep(pieces, output)
        return
    for piece in pieces:
        sys.stdout.write(piece.decode())
