"""Verbs about the database itself: upgrade, check, backup, restore."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, db_app


@db_app.command()
def upgrade(
    check: Annotated[bool, typer.Option("--check", help="Only say whether it is behind: then exit 6.")] = False,
) -> None:
    """Bring the database to this release's schema. Every verb does so by itself; a backup is always kept first."""
    from monitor.store import Store
    from monitor.store.lock import exclusive

    config = shell.load_config()
    if check:
        store = Store(config.database, migrate=False)
    else:
        with exclusive(config.state):
            store = shell.open_store(config)
    typer.echo(f"{store.place}: schema {store.revision()}, this release's")


@db_app.command()
def check(as_json: AsJson = False) -> None:
    """Look through the whole database: damage, schema, triggers, warnings and the chain of what happened to them."""
    from monitor.store import Store
    from monitor.store.health import examined

    store = Store(shell.load_config().database, migrate=False)
    found = examined(store)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    total = sum(found.rows.values())
    typer.echo(f"{store.place}: schema {found.schema}, {total} rows, {found.events} events of warnings: all good")


@db_app.command()
def backup(
    file: Annotated[Path | None, typer.Argument(help="File to write (a new one in state/backups).")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the whole database into one file of SQLite, at one moment, while others work on."""
    from monitor.daemon import rounds
    from monitor.store import Store
    from monitor.store import backup as backups

    config = shell.load_config()
    target = file or backups.named(config.state, shell.now(config))
    made = rounds.back_up(Store(config.database), target, at=shell.now(config))
    if as_json:
        typer.echo(json.dumps(asdict(made) | {"path": str(made.path)}, ensure_ascii=False, indent=2))
        return
    typer.echo(f"{made.path}: schema {made.schema}, {sum(made.rows.values())} rows, SHA-256 {made.sha256}")


@db_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `lvyue db backup` wrote.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Also where there is a database already; a copy of it is kept.")
    ] = False,
) -> None:
    """Put a backup in the place of the database, of SQLite or of PostgreSQL: so an office moves from one to the other."""
    from monitor.store.lock import exclusive
    from monitor.store.restore import restore as put_back

    config = shell.load_config()
    with exclusive(config.state):
        done = put_back(config.database, file, replace=yes, at=shell.now(config))
    if done.kept is not None:
        shell.say(f"what was there lies in {done.kept}")
    rows, health = sum(done.health.rows.values()), done.health
    typer.echo(f"{config.database}: {rows} rows, {health.events} events of warnings, head {health.head}: all good")
