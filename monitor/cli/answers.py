"""`lvyue report NAME` for every question of `reports/questions`, in six forms; registered by being there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, AsOf, KnownAt, app, report_app, rules_app
from monitor.domain.errors import IntegrityError, UsageError
from monitor.reports import questions

if TYPE_CHECKING:
    from monitor.asking import Question
    from monitor.config import Config
    from monitor.reports.document import Document
    from monitor.reports.proof import Claim
    from monitor.rulebook import Rulebook

FormName = Literal["terminal", "html", "pdf", "xlsx", "csv", "json"]
Unit = Annotated[str | None, typer.Option("--unit", help="Contracts of units whose name has this in it.")]
Party = Annotated[str | None, typer.Option("--party", help="Contracts with parties whose name has this in it.")]
Kind = Annotated[str | None, typer.Option("--kind", metavar="CODE", help="Contracts of this kind, as ZFCG.")]
RuleId = Annotated[str | None, typer.Option("--rule", metavar="ID", help="Warnings of this rule, as CN-PAY-01.")]
Least = Annotated[
    str | None,
    typer.Option("--amount", metavar="SUM", help="Contracts about this much or more, in their own currency."),
]
Grave = Annotated[
    Literal["blue", "yellow", "orange", "red"] | None,
    typer.Option("--level", help="Warnings of this level and graver."),
]
First = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day of the period.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who asks: stands in the header.")]


def _verb(name: str) -> Callable[..., None]:
    def report(
        as_of: AsOf = None, known_at: KnownAt = None, first: First = None, unit: Unit = None, party: Party = None,
        kind: Kind = None, amount: Least = None, rule: RuleId = None, level: Grave = None, by: By = None,
        form: Annotated[FormName, typer.Option("--format", help="csv holds the main table.")] = "terminal",
        paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of a PDF's pages.")] = "a4",
        output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
    ) -> None:  # fmt: skip
        config = shell.load_config()
        said = narrowed(
            unit=unit, party=party, kind=kind, amount=amount, rule=rule, level=level, by=by, first=first
        )  # fmt: skip
        hand_over(_asked(config, name, said, as_of, known_at), form, paper=paper, output=output)

    report.__doc__ = questions.questions()[name]
    return report


for _question_name in questions.questions():
    report_app.command(_question_name)(_verb(_question_name))


def narrowed(*, amount: str | None, by: str | None, first: str | None = None, **plain: str | None) -> dict[str, str]:
    """What a report is narrowed to, as it was said; what was not said is left out. Raises UsageError."""
    day = shell.parse_day(first)
    said = plain | {"amount": _sum(amount), "first": day.isoformat() if day else None, "by": _name(by)}
    return {name: value for name, value in said.items() if value is not None}


def _sum(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        least = Decimal(text.replace(",", ""))
    except InvalidOperation:
        least = Decimal("nan")
    if not least.is_finite() or not 0 <= least < _LARGEST_SUM:
        raise UsageError(f"--amount {text[:40]!r} is no sum", hint="write it as 500000 or 500,000.00")
    return str(least)


_LARGEST_SUM = Decimal(10) ** 20


def _name(by: str | None) -> str | None:
    """A name as it can stand on one line of paper."""
    from monitor.notify.letters.inert import one_line

    return one_line(by, 80) or None if by else None


@report_app.command("contract")
def contract(
    contract: Annotated[str, typer.Argument(help="Key or number of a contract, or the end of its key.")],
    as_of: AsOf = None, known_at: KnownAt = None, by: By = None,
    form: Annotated[FormName, typer.Option("--format", help="csv holds the line of time.")] = "terminal",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of a PDF's pages.")] = "a4",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:  # fmt: skip
    """The dossier of one contract: its days and every move of them, payments, rules beside estimates, warnings, the unknown."""
    said = {"contract": contract, "by": _name(by)}
    hand_over(_asked(shell.load_config(), "contract", said, as_of, known_at), form, paper=paper, output=output)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT over fact_contract, fact_payment, …")],
    as_of: AsOf = None, known_at: KnownAt = None, by: By = None,
    form: Annotated[FormName, typer.Option("--format", help="As of a report.")] = "terminal",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of a PDF's pages.")] = "a4",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:  # fmt: skip
    """A question of your own to the facts as of a day: one SELECT, a minute, 100,000 rows. `lvyue facts` has the columns."""
    said = {"sql": sql, "by": _name(by)}
    hand_over(_asked(shell.load_config(), "query", said, as_of, known_at), form, paper=paper, output=output)


@app.command()
def whatif(
    contract: Annotated[str, typer.Argument(help="Key or number of a contract, or the end of its key.")],
    changes: Annotated[
        list[str], typer.Option("--set", metavar="WHAT=VALUE", help="As payment.paid_on=2026-01-05; can be repeated.")
    ],
    as_of: AsOf = None, known_at: KnownAt = None,
    form: Annotated[FormName, typer.Option("--format", help="As of a report.")] = "terminal",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of a PDF's pages.")] = "a4",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:  # fmt: skip
    """What brings a contract's grade down: its warnings with and without what is supposed. Nothing is stored."""
    said = {"contract": contract, "set": json.dumps(changes, ensure_ascii=False)}
    hand_over(_asked(shell.load_config(), "whatif", said, as_of, known_at), form, paper=paper, output=output)


@rules_app.command("try")
def rules_try(
    file: Annotated[Path, typer.Argument(help="A rule file, named as its id; it stands in for the rule of that id.")],
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day to judge.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day to judge.")],
    step: Annotated[str, typer.Option(metavar="STEP", help="Days or weeks between them, as 1d or 2w.")] = "1w",
    pack: Annotated[str | None, typer.Option(help="Pack of a new rule; that of the rules with an id like it.")] = None,
    form: Annotated[FormName, typer.Option("--format", help="As of a report.")] = "terminal",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of a PDF's pages.")] = "a4",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:
    """A changed or new rule against history: warnings more and fewer, breaches caught earlier or missed. Nothing is stored."""
    from monitor.asking import Question
    from monitor.cli.model import parse_step
    from monitor.domain.toml import read

    config = shell.load_config()
    book = config.book()
    days = {name: shell.parse_day(told) for name, told in (("first", first), ("last", last))}
    said = {
        "file": file.name, "pack": _pack_of(file, pack, book), "rule": read(file, str(file)),
        "step": str(parse_step(step).days),
    } | {name: str(day) for name, day in days.items()}  # fmt: skip
    instant = shell.now(config)
    asked = Question(name="try", as_of=instant.date(), known_at=instant, lang=shell.language(), said=said)
    hand_over(answered(config, asked, book), form, paper=paper, output=output)


def _pack_of(file: Path, pack: str | None, book: Rulebook) -> str:
    """Where the rule stands, or where it would be put: beside those whose ids begin as its own."""
    if not file.is_file():
        raise UsageError(f"{file}: there is no such file", hint="`lvyue rules new` writes one to begin with")
    name = file.stem
    packs = {path.parent.name for path in book.files.values()}
    beside = [path for rule, path in sorted(book.files.items()) if rule.partition("-")[0] == name.partition("-")[0]]
    known = book.files[name].parent.name if name in book.files else pack or (beside[0].parent.name if beside else "")
    if known not in packs:
        raise UsageError(f"{file}: to which pack does {name} belong?", hint=f"--pack {' or '.join(sorted(packs))}")
    return known


@app.command()
def facts(
    subject: Annotated[str | None, typer.Argument(help="contract, obligation, payment, …; all without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every fact that rules, models and `lvyue query` know: table, column, type, unit, name, and what it means."""
    from monitor.domain.portfolio import nothing
    from monitor.engines.duckdb import Engine
    from monitor.facts import subjects
    from monitor.reports import adhoc, lists

    config = shell.load_config_or_default()
    if subject is not None and subject not in subjects():
        raise UsageError(f"there are no facts about {subject!r}", hint=f"there are of: {', '.join(subjects())}")
    chosen = [one for one in subjects() if subject in (None, one)]
    with Engine(nothing(), config.calendars(), as_of=date(2000, 1, 1)) as engine:
        rows = [row for one in chosen for row in adhoc.facts_of(engine, one, shell.language())]
    lists.show(shell.results(), rows, ("table", "column", "type", "unit", "name", "meaning"), as_json)


@report_app.command("saved")
def saved(
    name: Annotated[str | None, typer.Argument(help="Of a [[report]] of config.toml; without it, they are listed.")] = None,
    as_of: AsOf = None, known_at: KnownAt = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """A report that config.toml keeps, as it is mailed: of today, a monthly one of the month before. Without a name: all."""
    from monitor import asking
    from monitor.reports import lists

    config = shell.load_config()
    asking.check_saved(config)
    kept = {one.name: one for one in config.settings.report}
    if name is None:
        rows = [
            {"name": one.name, "question": one.question, "format": one.format, "on": one.on, "to": ", ".join(one.to)}
            for one in kept.values()
        ]
        lists.show(shell.results(), rows, ("name", "question", "format", "on", "to"), as_json)
        return
    if name not in kept:
        raise UsageError(f"there is no saved report {name!r}", hint=f"{config.path} has: {', '.join(kept) or 'none'}")
    asked = kept[name]
    now = shell.now(config)
    day, instant = shell.when(config, as_of or asked.about(now.date()).isoformat(), known_at)
    question = asking.of_saved(config, asked, as_of=day, known_at=instant if known_at else now)
    hand_over(answered(config, question), asked.format, paper=asked.paper, output=output)


@report_app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="HTML, PDF, XLSX or JSON that `lvyue report NAME` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Whether a file is what the same question is answered with today: same, or what changed. Exit code 6 where it is not."""
    from monitor.reports import proof

    form, content, claim = proof.read(file)
    config = shell.load_config()
    document = answered(config, _asked_then(config, claim, file))
    held = proof.held(form, content, claim, document)
    if held.inputs and not as_json:
        raise IntegrityError(f"{file}: different; {'; '.join(held.inputs)}", hint=_CHANGED)
    if held.place and not as_json:
        raise IntegrityError(f"{file}: all it was made from is the same, the file is not: {held.place}", hint=_ALTERED)
    same = not held.inputs and not held.place
    told = {"same": same, "report": claim.report, "changed": list(held.inputs), "place": held.place}
    shell.result(told, as_json, f"same: {claim.report} as of {claim.as_of}, made again, has the same bytes")
    if not same:
        raise typer.Exit(IntegrityError.exit_code)


_CHANGED = (
    "a correction would not show: it is known later; compare with a backup (facts) or earlier files (rules, calendar)"
)
_ALTERED = "it was changed after it was made: ask again with `lvyue report`"


def _asked_then(config: Config, claim: Claim, file: Path) -> Question:
    """The question that a file claims to answer. Raises UsageError where this Lvyue knows no such question."""
    from monitor import asking

    try:
        asking.check(claim.report, claim.narrowed)
    except UsageError as error:
        raise UsageError(f"{file}: {error.message}", hint="it was made by another Lvyue") from error
    return asking.Question(
        name=claim.report, as_of=claim.as_of, known_at=claim.known_at.astimezone(config.zone), lang=claim.lang,
        said=claim.narrowed,
    )  # fmt: skip


def _asked(
    config: Config, name: str, said: Mapping[str, str | None], as_of: str | None, known_at: str | None
) -> Document:
    """The answer to what a person said, whose `None` is not said."""
    from monitor.asking import Question

    day, instant = shell.when(config, as_of, known_at)
    told = {key: value for key, value in said.items() if value is not None}
    return answered(config, Question(name=name, as_of=day, known_at=instant, lang=shell.language(), said=told))


def answered(config: Config, asked: Question, book: Rulebook | None = None) -> Document:
    """The answer, from what the office's store holds; `book` where the rules were read already."""
    from monitor import asking

    asking.check(asked.name, asked.said)
    store = shell.open_store(config)
    with shell.progress():
        return asking.answer(config, store, book or config.book(), asked, tell=shell.tell)


def hand_over(document: Document, form: FormName, *, paper: Literal["a4", "letter"], output: Path | None) -> None:
    """Show an answer, or write it, in a form. Raises UsageError where a terminal cannot show it."""
    from monitor.reports import forms

    if form == "terminal" and output is None:
        forms.screen.show(shell.results(), document)
        return
    if form in forms.BINARY and output is None and sys.stdout.isatty():
        raise UsageError(f"a terminal cannot show {form}", hint="name a file with --output")
    made = forms.shaped(document, form, paper=paper)
    if output is None and form not in forms.BINARY:
        sys.stdout.write(made.decode())
    elif output is None:
        sys.stdout.buffer.write(made)
    else:
        shell.keep([made], output)
