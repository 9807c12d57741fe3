"""Verbs that only look: reports, explain, rules, alerts, sources, runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from monitor.cli import shell
from monitor.cli.options import (
    AsJson,
    AsOf,
    FailOn,
    KnownAt,
    alerts_app,
    app,
    report_app,
    rules_app,
    runs_app,
    sources_app,
)


@report_app.command("portfolio")
def report_portfolio(
    as_of: AsOf = None, known_at: KnownAt = None, fail_on: FailOn = None,
    form: Annotated[
        Literal["terminal", "html", "json", "csv"], typer.Option("--format", help="csv holds the warnings.")
    ] = "terminal",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:  # fmt: skip
    """Where we stand: due, overdue, by unit; warnings worst first; what moved, vanished, or cannot be known."""
    from monitor import pipeline
    from monitor.reports import page, render, terminal
    from monitor.reports.portfolio import portfolio

    config = shell.load_config()
    day, instant = shell.when(config, as_of, known_at)
    book = shell.load_rulebook(config)
    with (
        shell.progress(),
        pipeline.look(config, shell.open_store(config), book, as_of=day, known_at=instant) as view,
    ):
        report = portfolio(view.engine, view.judgement, book, view.header, view.sources)
    lang = shell.options.lang or config.settings.lang
    if form == "terminal" and output is None:
        terminal.show_portfolio(shell.results(), report, lang)
    else:
        makers: dict[str, Callable[[], str]] = {
            "html": lambda: page.portfolio_page(report, lang),
            "json": lambda: render.to_json(report),
            "csv": lambda: render.findings_csv(report, lang),
            "terminal": lambda: terminal.as_text(lambda console: terminal.show_portfolio(console, report, lang)),
        }
        shell.write(makers[form](), output)
    shell.fail_on(fail_on, [finding["level"] for finding in report.findings])


@app.command()
def explain(
    contract: Annotated[str, typer.Argument(help="Key or number of a contract, or the end of its key.")],
    as_of: AsOf = None, known_at: KnownAt = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Everything about one contract: every date computed, limit applied, article, and what is unknown."""
    from monitor import pipeline
    from monitor.reports import contract as dossiers
    from monitor.reports import render, terminal

    config = shell.load_config()
    day, instant = shell.when(config, as_of, known_at)
    book = shell.load_rulebook(config)
    with (
        shell.progress(),
        pipeline.look(config, shell.open_store(config), book, as_of=day, known_at=instant) as view,
    ):
        dossier = dossiers.explain(view.engine, view.judgement, book, view.header, contract)
    if as_json:
        typer.echo(render.to_json(dossier), nl=False)
    else:
        terminal.show_dossier(shell.results(), dossier, shell.options.lang or config.settings.lang)


@rules_app.command("list")
def rules_list(
    basis: Annotated[
        Literal["statute", "seen", "memory", "default"] | None, typer.Option(help="Only rules of this basis.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Every rule: id, who owes it, what it is based on, title."""
    from monitor.reports import rules

    rules.show_list(shell.results(), shell.load_shelf(), basis=basis, as_json=as_json, lang=shell.language())


@rules_app.command("show")
def rules_show(rule_id: Annotated[str, typer.Argument(help="As CN-PAY-01.")], as_json: AsJson = False) -> None:
    """One rule: law, limits by date, examples, the SQL it becomes."""
    from monitor.reports import rules

    rules.show_rule(shell.results(), shell.load_shelf(), rule_id, as_json=as_json, lang=shell.language())


@rules_app.command("check")
def rules_check() -> None:
    """Read every rule file and show every fault with its place."""
    book = shell.load_shelf()
    typer.echo(f"{len(book.rules)} rules: all good")


@rules_app.command("test")
def rules_test(as_json: AsJson = False) -> None:
    """Run every example of every rule."""
    from monitor import rulebook
    from monitor.reports import rules

    config = shell.load_config_or_default()
    outcomes = rulebook.try_examples(shell.load_rulebook(config), config.calendars())
    if not rules.show_outcomes(shell.results(), outcomes, as_json=as_json):
        raise typer.Exit(3)


@alerts_app.command("list")
def alerts_list(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Warnings, newest change first."""
    from monitor.reports import lists

    store = shell.open_store(shell.load_config())
    lists.show_alerts(shell.results(), store, include_closed=everything, as_json=as_json, lang=shell.language())


@sources_app.command("list")
def sources_list(as_json: AsJson = False) -> None:
    """Every source: kind, where, what came of its last pull."""
    from monitor.reports import lists

    config = shell.load_config()
    lists.show_sources(shell.results(), config.sources, shell.open_store(config), at=shell.now(config), as_json=as_json)


@sources_app.command("quarantine")
def sources_quarantine(
    name: Annotated[str | None, typer.Argument(help="One source; none given means all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rows that could not be understood: source, row, field, value, reason."""
    from monitor.reports import lists

    config = shell.load_config()
    lists.show_quarantine(
        shell.results(), shell.open_store(config), config.source(name).name if name else None, as_json=as_json
    )


@runs_app.command("list")
def runs_list(limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20, as_json: AsJson = False) -> None:
    """The newest runs: pulls, scans, deliveries, and what came of each."""
    from monitor.reports import lists

    lists.show_runs(shell.results(), shell.open_store(shell.load_config()), limit=limit, as_json=as_json)
