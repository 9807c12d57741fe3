"""Verbs about learned risk: what there is to ask, who speaks for it, how it did, and training anew."""

from __future__ import annotations

import getpass
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, AsOf, KnownAt, app, model_app
from monitor.domain.errors import UsageError

Name = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe by its folder, as milestone_slip.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with your name.")]


@model_app.command("list")
def model_list(as_json: AsJson = False) -> None:
    """Every recipe: who speaks for it, or why nobody does, and the models that were trained."""
    from monitor import learned
    from monitor.reports import lists
    from monitor.store import models

    config = shell.load_config()
    store = shell.open_store(config)
    panel = learned.panel(config, store, at=shell.now(config))
    with store.reading() as db:
        trained = models.listed(db)
    lists.show_models(shell.results(), panel.speakers, panel.silent, trained, lang=shell.language(), as_json=as_json)


@model_app.command("train")
def model_train(
    name: Name,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    keep_quiet: Annotated[
        bool, typer.Option("--no-promote", help="Register it, but let who speaks now speak on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn from the past, try it on what came after, and let the gate say whether it may speak."""
    from monitor import learned
    from monitor.learning.recipe import named
    from monitor.store.lock import exclusive

    config = shell.load_config()
    asked = named(learned.recipes(config), name)
    day, instant = shell.when(config, as_of, known_at)
    with exclusive(config.state), shell.progress():
        model = learned.train(
            config, shell.open_store(config), asked, as_of=day, known_at=instant, at=shell.now(config), tell=shell.tell,
            promote=not keep_quiet,
        )  # fmt: skip
    lang = shell.language()
    said = {
        "model": model.id, "recipe": name, "as_of": day.isoformat(), "verdict": model.verdict,
        "why": model.card["verdict"][lang], "counts": model.card["counts"],
    }  # fmt: skip
    why = "\n".join(f"  {sentence}" for sentence in model.card["verdict"][lang])
    shell.result(said, as_json, f"model {model.id} of {name}, as of {day}: {model.verdict}\n{why}")


@model_app.command("card")
def model_card(
    name: Name,
    number: Annotated[int | None, typer.Option("--model", help="A model by its number; the newest without it.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the page here (.html) or the card (.md).")
    ] = None,
    note: Annotated[
        list[str] | None,
        typer.Option(
            "--note", help="What a reader must know about the data, in the card's language; as often as needed."
        ),
    ] = None,
) -> None:
    """The card of a model: for whom, from what, how sure, how early, and what it must not be used for."""
    from monitor import learned
    from monitor.learning.recipe import named
    from monitor.reports.model import Stamp, card_markdown, card_page
    from monitor.store import models

    config = shell.load_config()
    asked = named(learned.recipes(config), name)
    with shell.open_store(config).reading() as db:
        known = [model for model in models.listed(db, name) if number is None or model.id == number]
    if not known:
        raise UsageError(f"no model of {name} was trained", hint=f"`lvyue model train {name}` trains one")
    lang, model = shell.language(), known[0]
    stamp = Stamp(
        office=config.settings.office, declared=config.settings.declared, number=model.id, trained_at=model.trained_at,
        sha256=model.sha256, notes=tuple(note or ()),
    )  # fmt: skip
    write = card_page if output and output.suffix == ".html" else card_markdown
    text = write(asked.recipe, model.card, lang, stamp=stamp)
    if output is None:
        typer.echo(text)
        return
    output.write_text(text, encoding="utf-8")
    shell.say(f"wrote {output}")


@model_app.command("promote")
def model_promote(
    number: Annotated[int, typer.Argument(metavar="MODEL", help="A model by its number.")], reason: Reason
) -> None:
    """Let a model of the register speak from now on."""
    from monitor import learned
    from monitor.store.lock import exclusive

    config = shell.load_config()
    with exclusive(config.state):
        model = learned.promote(
            shell.open_store(config), number, at=shell.now(config), actor=getpass.getuser(), reason=reason
        )
    shell.say(f"model {model.id} speaks for {model.recipe}")


@model_app.command("rollback")
def model_rollback(name: Name, reason: Reason) -> None:
    """Let the model speak that spoke before; without one, nobody does."""
    from monitor import learned
    from monitor.store.lock import exclusive

    config = shell.load_config()
    with exclusive(config.state):
        before = learned.roll_back(
            shell.open_store(config), name, at=shell.now(config), actor=getpass.getuser(), reason=reason
        )
    shell.say(f"nobody speaks for {name} now" if before is None else f"model {before.id} speaks for {name}")


@app.command()
def backtest(
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day to replay.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day to replay.")],
    step: Annotated[str, typer.Option(metavar="STEP", help="Days or weeks between scans, as 1d or 2w.")] = "1w",
    name: Annotated[
        str, typer.Option("--recipe", help="Which question; its outcome decides what was late.")
    ] = "milestone_slip",
    voice: Annotated[
        Literal["rules", "scores", "both"], typer.Option(help="Who is replayed; both tells all three apart.")
    ] = "both",
    picture: Annotated[Path | None, typer.Option(help="Write how early warnings came as an SVG file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Would we have warned in time? Past scans again, with only what was known, beside what then happened."""
    from monitor import backtest as replay
    from monitor import learned
    from monitor.learning.recipe import named
    from monitor.reports import backtest as report

    config = shell.load_config()
    start, end = shell.parse_day(first), shell.parse_day(last)
    if start is None or end is None:
        raise UsageError("both days are needed", hint="write them as 2026-03-31")
    with shell.progress():
        found = replay.run(
            config, config.book(), named(learned.recipes(config), name), first=start, last=end,
            step=parse_step(step), known_at=shell.now(config), tell=shell.tell,
            voices=("rules", "scores", "both") if voice == "both" else (voice,),
        )  # fmt: skip
    if picture is not None:
        picture.write_text(report.picture(found.hindsight, shell.language()), encoding="utf-8")
    report.show(shell.results(), found.hindsight, found.training, lang=shell.language(), as_json=as_json)


def parse_step(text: str) -> timedelta:
    """Days or weeks.

    >>> parse_step("2w")
    datetime.timedelta(days=14)
    """
    found = re.fullmatch(r"(\d{1,3})([dw])", text)
    if found is None or int(found[1]) == 0:
        raise UsageError(f"{text!r} is no step", hint="write days or weeks, as 1d or 2w")
    return timedelta(days=int(found[1]) * (7 if found[2] == "w" else 1))
