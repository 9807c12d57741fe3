"""`lvyue alerts`: look at warnings and work them, from 签收 to 销号; and `lvyue outbox`: the letters about them.

Each verb is one act of `monitor.handling`, in a transaction of its own: no lock is taken, so people work while the daemon does.
"""

from __future__ import annotations

import getpass
from typing import Annotated, Any, Literal

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, LevelName, alerts_app, outbox_app
from monitor.domain.errors import LvyueError, UsageError

Numbers = Annotated[list[str], typer.Argument(metavar="NUMBER…", help="Warnings, as YJ-2026-00031 or 31.")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="A warning, as YJ-2026-00031 or 31.")]
By = Annotated[str, typer.Option("--by", envvar="LVYUE_ACTOR", help="Who does it; the login name when left out.")]
Why = Annotated[str, typer.Option("--note", help="The reason, in a sentence that others will read.")]
To = Annotated[str, typer.Option("--to", help="A person, a unit or a body.")]


@alerts_app.command("list")
def alerts_list(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    level: Annotated[LevelName | None, typer.Option(help="This level and graver ones.")] = None,
    state: Annotated[str | None, typer.Option(help="As open, acknowledged, handling.")] = None,
    unit: Annotated[str | None, typer.Option(help="Units whose name has this in it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Warnings, newest change first, with what is asked by when."""
    from monitor.reports import cases

    config = shell.load_config()
    cases.show_alerts(
        shell.results(), shell.open_store(config), config.settings.handling, config.calendar(), include_closed=everything,
        wanted=cases.Wanted(level=level, state=state, unit=unit), as_json=as_json, lang=shell.language(),
    )  # fmt: skip


@alerts_app.command("show")
def alerts_show(number: Number, as_json: AsJson = False) -> None:
    """One warning: what it says, what is asked by when, what may be done with it, and everything that happened."""
    from monitor.reports import cases

    config = shell.load_config()
    cases.show_alert(
        shell.results(), shell.open_store(config), number, config.settings.handling, config.calendar(), as_json=as_json,
        lang=shell.language(),
    )  # fmt: skip


@alerts_app.command("ack")
def alerts_ack(numbers: Numbers, by: By = "", note: Why = "", as_json: AsJson = False) -> None:
    """Acknowledge (签收): I have seen it, and it is mine now."""
    _act("acknowledge", numbers, by=by, note=note, as_json=as_json)


@alerts_app.command("assign")
def alerts_assign(numbers: Numbers, to: To, by: By = "", note: Why = "", as_json: AsJson = False) -> None:
    """Give it to somebody."""
    _act("assign", numbers, by=by, note=note, value=to, as_json=as_json)


@alerts_app.command("assess")
def alerts_assess(numbers: Numbers, note: Why, by: By = "", as_json: AsJson = False) -> None:
    """Assess (研判): what the matter is and how grave; orange and red get the form 风险研判单."""
    _act("assess", numbers, by=by, note=note, as_json=as_json)


@alerts_app.command("handle")
def alerts_handle(numbers: Numbers, note: Why, by: By = "", as_json: AsJson = False) -> None:
    """Handle (处置): what is being done, by whom, until when."""
    _act("handle", numbers, by=by, note=note, as_json=as_json)


@alerts_app.command("report")
def alerts_report(numbers: Numbers, note: Why, by: By = "", as_json: AsJson = False) -> None:
    """Report (反馈): what came of it."""
    _act("report", numbers, by=by, note=note, as_json=as_json)


@alerts_app.command("close")
def alerts_close(
    numbers: Numbers,
    note: Why,
    outcome: Annotated[
        Literal["true", "prevented"], typer.Option(help="true: it came to pass; prevented: it was averted in time.")
    ],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Close (销号). What was red is closed by another person than the one who reported."""
    _act("close", numbers, by=by, note=note, value=outcome, as_json=as_json)


@alerts_app.command("dismiss")
def alerts_dismiss(
    numbers: Numbers,
    note: Why,
    reason: Annotated[
        Literal["wrong_data", "wrong_rule", "not_ours", "agreed", "duplicate", "other"],
        typer.Option(help="Why it is none."),
    ],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Dismiss (误报): it was no warning. It stays quiet until it gets worse or its day moves."""
    _act("dismiss", numbers, by=by, note=note, value=reason, as_json=as_json)


@alerts_app.command("suspend")
def alerts_suspend(
    numbers: Numbers,
    note: Why,
    until: Annotated[str, typer.Option(metavar="DAY", help="The day it comes back.")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Suspend (挂起) until a day: nobody is urged before."""
    _act("suspend", numbers, by=by, note=note, value=shell.parse_day(until), as_json=as_json)


@alerts_app.command("resume")
def alerts_resume(numbers: Numbers, note: Why, by: By = "", as_json: AsJson = False) -> None:
    """Take up what was suspended, before its day."""
    _act("resume", numbers, by=by, note=note, as_json=as_json)


@alerts_app.command("transfer")
def alerts_transfer(numbers: Numbers, to: To, note: Why, by: By = "", as_json: AsJson = False) -> None:
    """Hand it over (移送), as to discipline inspection, the credit lead or a court."""
    _act("transfer", numbers, by=by, note=note, value=to, as_json=as_json)


@alerts_app.command("reopen")
def alerts_reopen(numbers: Numbers, note: Why, by: By = "", as_json: AsJson = False) -> None:
    """Go on with a settled case as a new one that names it."""
    _act("reopen", numbers, by=by, note=note, as_json=as_json)


@alerts_app.command("route")
def alerts_route(
    number: Number,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say it; nothing else is done in any case.")] = True,
    as_json: AsJson = False,
) -> None:
    """Who is told of a warning, and who would be in turn if nobody did anything from today on."""
    from monitor import handling
    from monitor.reports import cases

    config = shell.load_config()
    stops = handling.route(config, shell.open_store(config), number, as_of=shell.now(config).date())
    cases.show_route(shell.results(), stops, as_json=as_json, lang=shell.language())


@alerts_app.command("silence")
def alerts_silence(
    until: Annotated[str, typer.Option(metavar="DAY", help="The last quiet day.")],
    reason: Annotated[str, typer.Option(help="Why; shown with every warning kept quiet.")],
    rule: Annotated[str, typer.Option(help="Rules, as CN-PAY-*.")] = "*",
    unit: Annotated[str, typer.Option(help="Units by name, `*` stands for anything.")] = "*",
    contract: Annotated[str | None, typer.Option(help="One contract, by its id.")] = None,
    by: By = "",
) -> None:
    """Ask for quiet about some warnings. They are kept, and told of afterwards if they are still open."""
    from monitor import handling
    from monitor.domain.warning import Silence

    config = shell.load_config()
    last = shell.parse_day(until)
    if rule == unit == "*" and contract is None:
        raise UsageError("a silence about everything is none", hint="name a rule, a unit or a contract")
    assert last is not None
    quiet = Silence(
        rule=rule, unit=unit, contract_id=contract, author=by or getpass.getuser(), reason=reason,
        from_on=shell.now(config).date(), until=last,
    )  # fmt: skip
    number = handling.silence(shell.open_store(config), quiet)
    shell.say(f"silence {number}, until {last}")


@alerts_app.command("silences")
def alerts_silences(as_json: AsJson = False) -> None:
    """Silences, those that are over as well."""
    from monitor.reports import cases

    cases.show_silences(shell.results(), shell.open_store(shell.load_config()), as_json=as_json)


@alerts_app.command("unsilence")
def alerts_unsilence(number: Annotated[int, typer.Argument(help="Number of the silence.")]) -> None:
    """End a silence: from today on it is quiet no longer."""
    from monitor.store import warnings

    config = shell.load_config()
    with shell.open_store(config).writing() as db:
        warnings.end_silence(db, number, on=shell.now(config).date())
    shell.say(f"silence {number} is over")


def _act(kind: Any, numbers: list[str], *, by: str, note: str, as_json: bool, value: Any = None) -> None:
    """One act on each warning. One that cannot be moved does not keep the others; the first error decides the exit code."""
    from monitor import alerts, handling
    from monitor.reports import cases

    config = shell.load_config()
    store = shell.open_store(config)
    at = shell.now(config)
    done = alerts.Act(kind=kind, actor=by or getpass.getuser(), at=at, on=at.date(), note=note, value=value)
    moved, failures = [], []
    for number in numbers:
        try:
            moved.append(handling.act(config, store, number, done))
        except LvyueError as error:
            failures.append(error)
    cases.show_moved(moved, as_json=as_json, lang=shell.language())
    for failure in failures[1:]:
        shell.talk.print(str(failure), markup=False, soft_wrap=True)
    if failures:
        raise failures[0]


@outbox_app.command("list")
def outbox_list(
    state: Annotated[
        Literal["waiting", "sending", "sent", "parked", "dropped"] | None,
        typer.Option(help="Only letters in this state."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Letters, newest first: to whom, in which state, what the other side said."""
    from monitor.reports import cases

    cases.show_outbox(
        shell.results(),
        shell.open_store(shell.load_config()),
        states=[state] if state else (),
        limit=limit,
        as_json=as_json,
    )


Keys = Annotated[list[str], typer.Argument(metavar="KEY…", help="Letters, by the beginning of their key.")]


@outbox_app.command("retry")
def outbox_retry(keys: Keys) -> None:
    """Send parked or waiting letters again, with the next delivery."""
    from monitor.store import outbox

    config = shell.load_config()
    with shell.open_store(config).writing() as db:
        found = outbox.again(db, keys, at=shell.now(config))
    shell.say(f"{len(found)} letters go out with the next `lvyue deliver`")


@outbox_app.command("drop")
def outbox_drop(keys: Keys, reason: Annotated[str, typer.Option(help="Why they are not to be sent.")]) -> None:
    """Letters that are not to be sent after all. They stay in the list, with the reason."""
    from monitor.store import outbox

    with shell.open_store(shell.load_config()).writing() as db:
        found = outbox.drop(db, keys, reason=reason)
    shell.say(f"{len(found)} letters dropped")
