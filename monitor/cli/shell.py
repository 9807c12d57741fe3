"""What every verb shares: the options before it, the clock, the office's files, and how things are said.

Results go to stdout, talk to stderr; a spinner only on a terminal. This is where the wall clock is read.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer
from rich.console import Console

from monitor.domain.errors import LvyueError, UsageError

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.pipeline import Delivered
    from monitor.store import Store


@dataclass(slots=True)
class Options:
    """What stands before the verb."""

    config: Path = Path("config.toml")
    lang: str | None = None
    verbose: int = 0
    quiet: bool = False


options = Options()
talk = Console(stderr=True)
PIPED_WIDTH = 140
FIRST_YEAR, LAST_YEAR = 1990, 2045
"""Years for which `domain.workdays` makes calendars."""


def results() -> Console:
    """Where results go. Without a terminal there is no width to ask for, and 80 columns cut tables short."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)


def load_config() -> Config:
    from monitor.config import load

    return load(options.config)


def load_config_or_default() -> Config:
    """Rules can be looked at before an office has a config.toml."""
    from monitor.config import default

    return load_config() if options.config.exists() else default()


def open_store(config: Config) -> Store:
    from monitor.store import Store

    store = Store(config.database, create=True)
    if store.migrated is not None:
        say(
            f"the database was of schema {store.migrated.before}, now {store.migrated.after}; as it was: {store.migrated.kept}"
        )
    return store


def language() -> str:
    return options.lang or load_config_or_default().settings.lang


def now(config: Config) -> datetime:
    return datetime.now(config.zone)


def office_clock(config: Config) -> Callable[[], datetime]:
    """The clock on the office's wall."""
    return lambda: now(config)


def parse_day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no day", hint="write it as 2026-03-31") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise UsageError(
            f"{found} lies outside the working calendars", hint=f"they reach from {FIRST_YEAR} to {LAST_YEAR}"
        )
    return found


def when(config: Config, as_of: str | None, known_at: str | None) -> tuple[date, datetime]:
    day = parse_day(as_of) or now(config).date()
    return day, config.end_of_day(parse_day(known_at) or day)


def each(wanted: list[Any], work: Callable[[Any], Any], as_json: bool) -> list[LvyueError]:
    """One source that fails does not keep the others from being pulled; its error is shown, and decides the exit code."""
    failures: list[LvyueError] = []
    rows = []
    with progress():
        for source in wanted:
            try:
                pulled = work(source)
            except LvyueError as error:
                failures.append(error)
                if len(wanted) > 1:
                    talk.print(str(error), markup=False, soft_wrap=True)
                continue
            for name in pulled.growing:
                say(f"{pulled.source}: {name} was touched a moment ago and may not be whole; taken at a later pull")
            counts = {name: getattr(pulled.counts, name) for name in type(pulled.counts).__slots__}
            rows.append(
                {
                    "source": pulled.source,
                    "unchanged": pulled.unchanged,
                    "editions": pulled.editions,
                    **counts,
                }
            )
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    for row in [] if as_json else rows:
        said = (
            "nothing new"
            if row["unchanged"]
            else count_words({k: v for k, v in row.items() if k not in ("source", "unchanged")})
        )
        typer.echo(f"{row['source']}: {said}")
    return failures


def count_words(counts: dict[str, Any]) -> str:
    return ", ".join(f"{value} {name}" for name, value in counts.items()) or "no change"


def result(counts: dict[str, Any], as_json: bool, sentence: str) -> None:
    typer.echo(json.dumps(counts, ensure_ascii=False, indent=2) if as_json else sentence)


def fail_on(level: str | None, found: list[str]) -> None:
    from monitor.domain.warning import LEVELS

    if level and any(name in LEVELS and LEVELS.index(name) >= LEVELS.index(level) for name in found):
        raise typer.Exit(1)


def write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        keep([text.encode()], output)


def keep(pieces: Iterable[bytes], output: Path) -> None:
    """Write a file, which is there only when it is whole."""
    output.parent.mkdir(parents=True, exist_ok=True)
    growing = output.with_name(f"{output.name}.part")
    try:
        with growing.open("wb") as out:
            out.writelines(pieces)
        growing.replace(output)
    finally:
        growing.unlink(missing_ok=True)
    say(f"wrote {output}")


def say(message: str) -> None:
    if not options.quiet:
        talk.print(message, markup=False, highlight=False, soft_wrap=True)


_status: Any = None


def tell(message: str) -> None:
    if _status is not None:
        _status.update(message)


@contextlib.contextmanager
def progress() -> Iterator[None]:
    """A spinner that says what is being done, on a terminal only."""
    global _status
    if options.quiet or not talk.is_terminal:
        yield
        return
    with talk.status("starting") as _status:
        try:
            yield
        finally:
            _status = None


def set_up_logs() -> None:
    """A verb says what went wrong itself; its log is for who asks. `serve` has nothing but its log."""
    if options.verbose and not options.quiet:
        log_to_stderr("INFO" if options.verbose == 1 else "DEBUG")
        return
    from loguru import logger

    logger.remove()


def log_to_stderr(level: str, form: Literal["text", "json"] = "text") -> None:
    """Log from a level on; more of it when `-v` was given twice."""
    from monitor.cli import logs

    logs.to_stderr("DEBUG" if options.verbose > 1 else level, form)


def tell_undelivered(delivered: Delivered) -> None:
    """Why letters wait or are parked; parked ones need a person, so the command fails."""
    for reason in delivered.reasons:
        talk.print(reason, markup=False, soft_wrap=True)
    if delivered.parked:
        raise typer.Exit(9)
