"""Verbs of the run ledger: what was done, by whom it was asked, what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, runs_app
from monitor.domain.errors import UsageError


@runs_app.command("list")
def runs_list(limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20, as_json: AsJson = False) -> None:
    """The newest runs: pulls, scans, deliveries, and what came of each."""
    from monitor.reports import lists

    lists.show_runs(shell.results(), shell.open_store(shell.load_config()), limit=limit, as_json=as_json)


@runs_app.command("show")
def runs_show(number: Annotated[int, typer.Argument(help="As `runs list` gives it.")], as_json: AsJson = False) -> None:
    """One run, whole: when, about which day, from which facts, rules and calendar, what came of it, and why where it failed."""
    from monitor.reports.render import to_json
    from monitor.store import runs

    with shell.open_store(shell.load_config()).reading() as db:
        row = runs.one(db, number)
    if row is None:
        raise UsageError(f"there is no run {number}", hint="`lvyue runs list` shows the newest")
    if as_json:
        typer.echo(to_json(row), nl=False)
        return
    for name, value in row.items():
        said = shell.count_words(value) if isinstance(value, dict) else value
        if value not in (None, {}):
            typer.echo(f"{name}: {said.isoformat(timespec='seconds') if isinstance(said, datetime) else said}")


@runs_app.command("jobs")
def runs_jobs(as_json: AsJson = False) -> None:
    """Every job of `lvyue serve`: its last turn, what came of it, and when it is due next."""
    from monitor.daemon import jobs
    from monitor.reports import lists

    config = shell.load_config()
    now = shell.now(config)
    due = [(job.name, job.when.after(job.when.latest(now)).astimezone(config.zone)) for job in jobs.plan(config)]
    lists.show_jobs(shell.results(), due, shell.open_store(config), as_json=as_json)


@runs_app.command("years")
def runs_years(as_json: AsJson = False) -> None:
    """What was done in each year: reviews and filings, warnings, assessments, scans and the judgements they made."""
    from monitor.reports import lists

    lists.show_years(shell.results(), shell.open_store(shell.load_config()), as_json=as_json)
