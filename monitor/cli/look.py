"""Verbs that only look: reports, explain, rules, runs; and `rules new`, which writes one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli import answers, shell
from monitor.cli.options import (
    AsJson,
    AsOf,
    FailOn,
    KnownAt,
    app,
    report_app,
    rules_app,
)
from monitor.domain.errors import UsageError

if TYPE_CHECKING:
    from monitor.rulebook import Rulebook

SubjectName = Literal["unit", "party", "contract", "obligation", "payment", "amendment", "guarantee", "complaint"]


@report_app.command("portfolio")
def report_portfolio(
    as_of: AsOf = None, known_at: KnownAt = None, unit: answers.Unit = None, party: answers.Party = None,
    kind: answers.Kind = None, amount: answers.Least = None, rule: answers.RuleId = None, level: answers.Grave = None,
    by: answers.By = None, fail_on: FailOn = None,
    form: Annotated[
        Literal["terminal", "html", "pdf", "xlsx", "json", "csv"], typer.Option("--format", help="csv holds the warnings.")
    ] = "terminal",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of a PDF's pages.")] = "a4",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:  # fmt: skip
    """Where we stand: due, overdue, by unit; warnings worst first; what moved, vanished, or cannot be known. Narrowed, it has the
    form that every other report has."""
    from monitor import pipeline
    from monitor.asking import Question
    from monitor.reports import page, render, terminal
    from monitor.reports.portfolio import portfolio

    config = shell.load_config()
    day, instant = shell.when(config, as_of, known_at)
    said = answers.narrowed(unit=unit, party=party, kind=kind, amount=amount, rule=rule, level=level, by=by)
    if said or form in ("pdf", "xlsx"):
        asked = Question(name="portfolio", as_of=day, known_at=instant, lang=shell.language(), said=said)
        told = answers.answered(config, asked)
        answers.hand_over(told, form, paper=paper, output=output)
        shell.fail_on(fail_on, [str(row["level"]) for row in told.table("warnings").rows])
        return
    book = config.book()
    with (
        shell.progress(),
        pipeline.look(config, shell.open_store(config), book, as_of=day, known_at=instant) as view,
    ):
        report = portfolio(view.engine, view.voices, book, view.header, view.sources)
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
    book = config.book()
    with (
        shell.progress(),
        pipeline.look(config, shell.open_store(config), book, as_of=day, known_at=instant) as view,
    ):
        dossier = dossiers.explain(view.engine, view.voices, book, view.header, contract)
    if as_json:
        typer.echo(render.to_json(dossier), nl=False)
    else:
        terminal.show_dossier(shell.results(), dossier, shell.options.lang or config.settings.lang)


@rules_app.command("new")
def rules_new(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="As CQ-PAY-01: place, matter, number.")],
    shelf: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Shelf to write into (the one of config.toml's [shelves]).")
    ] = None,
) -> None:
    """Write one file to start a rule from: whole, commented, and passing `rules check` and `rules test` as it is."""
    from monitor.rulebook import starting

    config = shell.load_config_or_default()
    configured = [config.base / folder for folder in config.settings.shelves.rules]
    chosen = shelf or _own_shelf(configured)
    if _ships(chosen):
        raise UsageError(f"{chosen} came with Lvyue, and goes with it", hint="name a folder of your own with --shelf")
    started = starting.start(rule_id, chosen, shelves=config.rule_shelves())
    if started.pack:
        shell.say(f"wrote {started.pack} too, because the pack is new: give it its name")
    typer.echo(str(started.rule))
    packs, pack = config.settings.rules.packs, started.rule.parent.name
    if chosen.resolve() not in [folder.resolve() for folder in configured]:
        shell.say(f'next: tell config.toml of the shelf: [shelves] rules = ["{chosen.resolve().as_posix()}"]')
    if packs and pack not in packs:
        shell.say(f'next: add "{pack}" to `packs` under [rules], or the rule judges nothing')
    shell.say(f"next: replace what stands there, from top to bottom, then `lvyue rules check`, `lvyue rules test`, "
              f"`lvyue rules show {rule_id}`")  # fmt: skip


@rules_app.command("list")
def rules_list(
    pack: Annotated[str | None, typer.Option(help="Only rules of this folder, as cn.")] = None,
    subject: Annotated[SubjectName | None, typer.Option(help="Only rules that judge this.")] = None,
    side: Annotated[
        Literal["government", "counterparty", "both"] | None, typer.Option(help="Only what this side owes.")
    ] = None,
    basis: Annotated[
        Literal["statute", "seen", "memory", "default"] | None,
        typer.Option(help="Only rules that stand on this, or one of whose limits does."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Every rule: id, what it judges, who owes it, what it is based on, title; and the limits that stand on something else."""
    from monitor.reports import rules

    choice = rules.Choice(pack=pack, subject=subject, side=side, basis=basis)
    rules.show_list(shell.results(), _book(), choice, as_json=as_json, lang=shell.language())


@rules_app.command("show")
def rules_show(
    rule_id: Annotated[str, typer.Argument(help="As CN-PAY-01.")],
    with_sql: Annotated[bool, typer.Option("--sql", help="The SQL it becomes, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """One rule: law, limits by date and what this office set in their place, the letter, examples, the SQL it becomes."""
    from monitor.reports import rules

    rules.show_rule(shell.results(), _book(), rule_id, with_sql=with_sql, as_json=as_json, lang=shell.language())


@rules_app.command("coverage")
def rules_coverage(
    as_of: AsOf = None, known_at: KnownAt = None,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="One rule, and the contracts it cannot judge.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Which rules are blind on which contracts, and which facts would have to be recorded."""
    from monitor import pipeline
    from monitor.reports import coverage, render

    config = shell.load_config()
    day, instant = shell.when(config, as_of, known_at)
    book = _book()
    if rule is not None:
        book.get(rule)
    with (
        shell.progress(),
        pipeline.look(config, shell.open_store(config), book, as_of=day, known_at=instant) as view,
    ):
        seen = coverage.sight(view.engine, view.judgement, book, view.header) if rule is None else None
        blind = coverage.blind(view.engine, view.judgement, book, view.header, rule) if rule is not None else None
    if as_json:
        typer.echo(render.to_json(seen or blind), nl=False)
    elif seen:
        coverage.show_sight(shell.results(), seen, shell.language())
    elif blind:
        coverage.show_blind(shell.results(), blind, shell.language())


@rules_app.command("check")
def rules_check() -> None:
    """Read every rule file, and what config.toml sets in place of its numbers, and show every fault with its place."""
    book = _book()
    changed = sum(len(rule.overrides) for rule in book.rules)
    ours = f", {changed} [[override]] of config.toml" if changed else ""
    typer.echo(f"{len(book.rules)} rules{ours}: all good")


@rules_app.command("test")
def rules_test(as_json: AsJson = False) -> None:
    """Run every example of every rule, with the numbers of the law: what an office set for itself does not count here."""
    from monitor import rulebook
    from monitor.reports import rules

    outcomes = rulebook.try_examples(_book(law_alone=True), shell.load_config_or_default().calendars())
    if not rules.show_outcomes(shell.results(), outcomes, as_json=as_json):
        raise typer.Exit(3)


def _book(*, law_alone: bool = False) -> Rulebook:
    """The rules of the shelves, with the numbers that this office set unless the law alone is asked for."""
    from monitor.domain.override import NO_OVERRIDES

    config = shell.load_config_or_default()
    return (replace(config, overrides=NO_OVERRIDES) if law_alone else config).book()


def _own_shelf(configured: Sequence[Path]) -> Path:
    if len(configured) == 1:
        return configured[0]
    if configured:
        several = ", ".join(str(folder) for folder in configured)
        raise UsageError(f"config.toml names several shelves: {several}", hint="choose one with --shelf FOLDER")
    raise UsageError(
        "there is no shelf of your own to write into",
        hint='give one with --shelf FOLDER; [shelves] rules = ["FOLDER"] in config.toml makes it count',
    )


def _ships(folder: Path) -> bool:
    """Whether a folder lies inside the installed package, where the next installation would sweep it away."""
    from monitor.config import PACKAGE

    return folder.resolve().is_relative_to(PACKAGE)
