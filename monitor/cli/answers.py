"""`lvyue report NAME` for every question of `reports/questions`, in six forms; registered by being there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, AsOf, KnownAt, app, report_app, rules_app
from monitor.domain.errors import IntegrityError, UsageError
from monitor.reports import questions

if TYPE_CHECKING:
    import pyarrow as pa

    from monitor.config import Config
    from monitor.reports.asked import Asked, Narrowed
    from monitor.reports.document import Document
    from monitor.reports.proof import Claim
    from monitor.rulebook import Rulebook

    Question = Callable[[Asked], Document]

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
        from monitor.reports.asked import Narrowed

        wanted = Narrowed(
            unit=unit, party=party, kind=kind, amount=_sum(amount), rule=rule, level=level, first=shell.parse_day(first),
            by=_name(by),
        )  # fmt: skip
        _refuse(name, wanted)
        document = _asked(name, wanted, as_of, known_at)
        hand_over(document, form, paper=paper, output=output)

    report.__doc__ = questions.questions()[name]
    return report


for _question_name in questions.questions():
    report_app.command(_question_name)(_verb(_question_name))


def _sum(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        least = Decimal(text.replace(",", ""))
    except InvalidOperation:
        least = Decimal("nan")
    if not least.is_finite() or not 0 <= least < _LARGEST_SUM:
        raise UsageError(f"--amount {text[:40]!r} is no sum", hint="write it as 500000 or 500,000.00")
    return least


_LARGEST_SUM = Decimal(10) ** 20


def _name(by: str | None) -> str | None:
    """A name as it can stand on one line of paper."""
    from monitor.notify.letters.inert import one_line

    return one_line(by, 80) or None if by else None


def _refuse(name: str, wanted: Narrowed) -> None:
    """An option that a report does not heed must not look as if it did."""
    options = {"first": "from"}
    allowed = questions.narrowed_by(name) | {"by"}
    if unfit := [field for field in wanted.named() if field not in allowed]:
        told = ", ".join(f"--{options.get(field, field)}" for field in unfit)
        takes = ", ".join(f"--{options.get(field, field)}" for field in sorted(allowed)) or "nothing"
        raise UsageError(f"the report {name} is not narrowed by {told}", hint=f"it takes {takes}")


@report_app.command("contract")
def contract(
    contract: Annotated[str, typer.Argument(help="Key or number of a contract, or the end of its key.")],
    as_of: AsOf = None, known_at: KnownAt = None, by: By = None,
    form: Annotated[FormName, typer.Option("--format", help="csv holds the line of time.")] = "terminal",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of a PDF's pages.")] = "a4",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:  # fmt: skip
    """The dossier of one contract: its days and every move of them, payments, rules beside estimates, warnings, the unknown."""
    config = shell.load_config()
    when = shell.when(config, as_of, known_at)
    said = {"contract": contract} | ({"by": name} if (name := _name(by)) else {})
    hand_over(answered(config, _with_its_own(said), when, shell.language()), form, paper=paper, output=output)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT over fact_contract, fact_payment, …")],
    as_of: AsOf = None, known_at: KnownAt = None, by: By = None,
    form: Annotated[FormName, typer.Option("--format", help="As of a report.")] = "terminal",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of a PDF's pages.")] = "a4",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:  # fmt: skip
    """A question of your own to the facts as of a day: one SELECT, a minute, 100,000 rows. `lvyue facts` has the columns."""
    config = shell.load_config()
    when = shell.when(config, as_of, known_at)
    document = answered(
        config, _with_its_own({"sql": sql} | ({"by": name} if (name := _name(by)) else {})), when, shell.language()
    )
    hand_over(document, form, paper=paper, output=output)


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
    from monitor import pipeline
    from monitor.reports import whatif as suppositions
    from monitor.reports.contract import find_contract

    config = shell.load_config()
    when, lang = shell.when(config, as_of, known_at), shell.language()
    book, store = shell.load_rulebook(config), shell.open_store(config)
    with shell.progress(), pipeline.look(config, store, book, as_of=when[0], known_at=when[1]) as view:
        key = find_contract(view.engine, contract)
        meant = suppositions.supposed(view.engine, key, changes)
        before = view.judgement.of_contract(key)
        rows = suppositions.edits(view.engine, meant)

    def ask(asked: Asked) -> Document:
        return suppositions.report(asked, key, meant, before)

    hand_over(answered(config, ask, when, lang, supposing=rows), form, paper=paper, output=output)


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
    from monitor import learned, rulebook
    from monitor.reports import tried
    from monitor.rulebook.trial import trial

    config = shell.load_config()
    days, known_at = _days(first, last, step), shell.now(config)
    before = shell.load_rulebook(config)
    after = shell.load_rulebook(config, trying=rulebook.Trying(file=file, pack=_pack_of(file, pack, before)))
    past = learned.past(config)
    shell.open_store(config)
    with shell.progress():
        for now in past.engines([known_at.astimezone(config.zone).date()], until=known_at):
            found = trial(past.engines(days, until=known_at), now, before=before, after=after, tell=shell.tell)

    def ask(asked: Asked) -> Document:
        return tried.report(asked, file.name, found, after.hash)

    hand_over(answered(config, ask, (days[-1], known_at), shell.language()), form, paper=paper, output=output)


def _days(first: str, last: str, step: str) -> list[date]:
    from monitor.cli.model import parse_step

    start, end, width = shell.parse_day(first), shell.parse_day(last), parse_step(step)
    if start is None or end is None or start > end:
        raise UsageError(f"there is no day from {first} to {last}", hint="--from comes before --to")
    number = (end - start) // width + 1
    if number > _MOST_DAYS:
        raise UsageError(
            f"{number} days are too many to judge", hint=f"take a longer --step: {_MOST_DAYS} days at most"
        )
    return [start + width * place for place in range(number)]


_MOST_DAYS = 400


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


@report_app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="HTML, PDF, XLSX or JSON that `lvyue report NAME` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Whether a file is what the same question is answered with today: same, or what changed. Exit code 6 where it is not."""
    from monitor.reports import proof

    form, content, claim = proof.read(file)
    ask, config = _asked_then(claim, file), shell.load_config()
    document = answered(config, ask, (claim.as_of, claim.known_at.astimezone(config.zone)), claim.lang)
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


def _asked_then(claim: Claim, file: Path) -> Question:
    """The question that a file claims to answer."""
    from monitor.reports.asked import Narrowed

    if claim.report == "portfolio":
        return standing(claim.narrowed)
    if claim.report in _OWN and _OWN[claim.report] in claim.narrowed:
        return _with_its_own(claim.narrowed)
    if claim.report not in questions.questions():
        raise UsageError(f"{file}: there is no report {claim.report[:40]!r}", hint="it was made by another Lvyue")
    wanted = Narrowed.of(claim.narrowed, str(file))
    _refuse(claim.report, wanted)
    return _question(claim.report, wanted)


def standing(said: Mapping[str, str]) -> Question:
    """Where we stand, as a document."""
    from monitor.reports import standing as portfolios
    from monitor.reports.asked import Narrowed

    wanted = Narrowed.of({name: value for name, value in said.items() if name == "by"}, "portfolio")
    return lambda asked: portfolios.report(replace(asked, narrowed=wanted))


_OWN = {"query": "sql", "contract": "contract"}
"""What is asked of a report that is no question about all: the statement, the contract."""


def _with_its_own(said: Mapping[str, str]) -> Question:
    """A question about what `said` names, by whom."""
    from monitor.reports import adhoc, dossier
    from monitor.reports.asked import Narrowed

    wanted = Narrowed.of({name: value for name, value in said.items() if name not in _OWN.values()}, "the file")
    if "sql" in said:
        return lambda asked: adhoc.report(replace(asked, narrowed=wanted), said["sql"])
    return lambda asked: dossier.report(replace(asked, narrowed=wanted), said["contract"])


def _question(name: str, wanted: Narrowed) -> Question:
    return lambda asked: questions.answer(name, replace(asked, narrowed=wanted))


def _asked(name: str, wanted: Narrowed, as_of: str | None, known_at: str | None) -> Document:
    config = shell.load_config()
    when = shell.when(config, as_of, known_at)
    if wanted.first is not None and wanted.first > when[0]:
        raise UsageError(f"{wanted.first} lies after {when[0]}", hint="--from comes before --as-of")
    return answered(config, _question(name, wanted), when, shell.language())


def answered(
    config: Config, ask: Question, when: tuple[date, datetime], lang: str, *, supposing: Mapping[str, pa.Table] | None = None
) -> Document:  # fmt: skip
    """The answer to a question as of a day and as known at an instant."""
    from monitor import pipeline
    from monitor.reports import asked

    day, instant = when
    book, store = shell.load_rulebook(config), shell.open_store(config)
    with shell.progress(), pipeline.look(config, store, book, as_of=day, known_at=instant, supposing=supposing) as view:
        question = asked.Asked(
            engine=view.engine, judgement=view.judgement, book=book, header=view.header, calendar=config.calendar(),
            lang=lang, handling=config.settings.handling, voices=lambda: view.voices, sources=view.sources,
            ledgers=[source.name for source in config.sources if source.kind == "ledger"],
            cases=cache(lambda: asked.read_cases(store, day, instant)),
            scans=cache(lambda: asked.read_scans(store, day, instant)),
        )  # fmt: skip
        return ask(question)


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
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(made)
        shell.say(f"wrote {output}")
