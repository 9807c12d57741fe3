"""`lvyue`: every verb, one call each. Results on stdout, talk on stderr.

Exit codes: 0 done · 1 warnings at or above --fail-on · 2 usage · 3 config, rule or mapping · 4 source did not answer ·
5 source's data rejected · 6 integrity · 7 another lvyue is at work · 8 database or disk · 9 letters not accepted ·
10 a model cannot be used · 11 a warning cannot be moved so ·
130 stopped by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from monitor import __version__
from monitor.cli import (
    alerts,
    answers,
    audit,
    bench,
    db,
    deploy,
    doctor,
    export,
    ledger,
    look,
    model,
    runs,
    shell,
    sources,
    work,
)
from monitor.cli.options import app
from monitor.domain.errors import IntegrityError, LvyueError, StoreError

__all__ = [
    "alerts",
    "answers",
    "app",
    "audit",
    "bench",
    "db",
    "deploy",
    "doctor",
    "export",
    "ledger",
    "look",
    "main",
    "model",
    "runs",
    "sources",
    "work",
]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"lvyue {__version__}")
        raise typer.Exit


@app.callback()
def before_every_verb(
    config: Annotated[Path, typer.Option(envvar="LVYUE_CONFIG", help="Path of config.toml.")] = Path("config.toml"),
    lang: Annotated[Literal["zh", "en"] | None, typer.Option(help="Language of reports (config.toml decides).")] = None,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more; twice for everything.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every verb."""
    shell.options.config, shell.options.lang, shell.options.verbose, shell.options.quiet = (
        config,
        lang,
        verbose,
        quiet,
    )
    shell.set_up_logs()


def duckdb_errors() -> tuple[type[Exception], ...]:
    """DuckDB's errors, when it was loaded at all: loading it just to catch them would slow every `--help`."""
    module = sys.modules.get("duckdb")
    return (module.Error,) if module else ()


@cache
def command() -> Callable[[], Any]:
    """The verbs as click knows them. Typer reads sixty signatures for it, which takes as long as a small verb."""
    return typer.main.get_command(app)


def main() -> None:
    """Entry point: one clear message and a documented exit code for whatever goes wrong."""
    try:
        command()()
    except LvyueError as error:
        shell.talk.print(
            f"[bold red]error[/bold red] {'' if not shell.options.verbose else type(error).__name__ + ' '}",
            end="",
        )
        shell.talk.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(error.exit_code) from None
    except duckdb_errors() as error:
        shell.talk.print(
            f"error a value in the store breaks the computation: {str(error).splitlines()[0]}", markup=False
        )
        shell.talk.print("  nothing was changed; please report this with the message", markup=False)
        raise SystemExit(IntegrityError.exit_code) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except OSError as error:
        shell.talk.print(f"error {error.filename or ''}: {error.strerror or error}", markup=False, soft_wrap=True)
        raise SystemExit(StoreError.exit_code) from None
    except KeyboardInterrupt:
        shell.talk.print("stopped")
        raise SystemExit(130) from None
