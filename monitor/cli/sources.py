"""Verbs about sources: list, check, pull, quarantine, coverage, and accept, which takes a pull that waits for a person."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from monitor.cli import shell, work
from monitor.cli.options import AsJson, sources_app

Name = Annotated[str, typer.Argument(help="Name of a source.")]


@sources_app.command("list")
def sources_list(as_json: AsJson = False) -> None:
    """Every source: kind, what is known of it, what came of its last pull, which fields came or went."""
    from monitor.reports import feeds

    config = shell.load_config()
    feeds.show_sources(shell.results(), config.sources, shell.open_store(config), at=shell.now(config), as_json=as_json)


@sources_app.command("check")
def sources_check(name: Name, as_json: AsJson = False) -> None:
    """Ask a source, read what it sends, record nothing: rows, refused cells, fields that came or went, how full they are."""
    from monitor import pulling
    from monitor.reports import feeds

    config = shell.load_config()
    source = config.source(name)
    source.check(config.base)
    with shell.progress():
        found = pulling.preview(config, shell.open_store(config), source, at=shell.now(config))
    feeds.show_preview(shell.results(), found, as_json=as_json)


sources_app.command("pull")(work.pull)


@sources_app.command("quarantine")
def sources_quarantine(
    name: Annotated[str | None, typer.Argument(help="One source; none given means all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rows that could not be understood: source, row, field, value, reason."""
    from monitor.reports import feeds

    config = shell.load_config()
    feeds.show_quarantine(
        shell.results(), shell.open_store(config), config.source(name).name if name else None, as_json=as_json
    )


@sources_app.command("coverage")
def sources_coverage(name: Name, as_json: AsJson = False) -> None:
    """Of each field: in what share of the newest edition's rows it has a value, and how that moved since the edition before."""
    from monitor.reports import feeds

    config = shell.load_config()
    feeds.show_coverage(shell.results(), shell.open_store(config), config.source(name).name, as_json=as_json)


@sources_app.command("accept")
def sources_accept(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why the loss is real: whom you asked, what they said.")],
    by: Annotated[
        str, typer.Option("--by", envvar="LVYUE_ACTOR", help="Who says so; the login name when left out.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Take the pull that waits for a person, exactly as it was sent. The ledger keeps who said so and why."""
    from monitor import pulling
    from monitor.store.lock import exclusive

    config = shell.load_config()
    source = config.source(name)
    with exclusive(config.state):
        store = shell.open_store(config)
        failures = shell.each(
            [source],
            lambda one: pulling.accept(
                config, store, one, at=shell.now(config), actor=by or getpass.getuser(), reason=reason
            ),
            as_json,
        )
    if failures:
        raise failures[0]
