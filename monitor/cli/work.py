"""Verbs that do something: init, check, pull, scan, remind, deliver, run, serve, demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, AsOf, FailOn, KnownAt, app
from monitor.domain.errors import UsageError


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to write into.")] = Path()) -> None:
    """Write a commented config.toml with every setting, and make an empty database."""
    from monitor.config import load, template
    from monitor.store import Store

    path = folder / "config.toml"
    if path.exists():
        raise UsageError(f"{path} is there already", hint="`lvyue check` looks at it")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(template(), encoding="utf-8")
    Store(load(path).database, create=True)
    shell.say(f"wrote {path}; put a [[source]] into it, then `lvyue run`")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Look at config.toml, every rule, every recipe, every mapping and the database, and say what is wrong."""
    from monitor import asking, learned

    config = shell.load_config()
    book = config.book()
    asking.check_saved(config)
    for source in config.sources:
        source.check(config.base)
    store = shell.open_store(config)
    found = {
        "sources": [source.name for source in config.sources],
        "rules": len(book.rules),
        "recipes": len(learned.recipes(config)),
        "schema": store.revision(),
    }
    found["settings"] = config.settings.model_dump(mode="json", exclude={"source", "channel"})
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        typer.echo(
            f"{config.path}: {len(config.sources)} sources, {len(book.rules)} rules, schema {found['schema']}: all good"
        )


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Sources by name; none given means all.")] = None,
    location: Annotated[str | None, typer.Option(help="Pull this file or address instead (one source).")] = None,
    published: Annotated[
        str | None, typer.Option(metavar="DAY", help="Day this edition was published (one source).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the sources, and add what they say. Each source is all or nothing."""
    from monitor import pipeline
    from monitor.store.lock import exclusive

    config = shell.load_config()
    wanted = [config.source(name) for name in names] if names else list(config.sources)
    if not wanted:
        raise UsageError(f"{config.path} has no [[source]]", hint="`lvyue init` shows how one is written")
    if location or published:
        if len(wanted) != 1:
            raise UsageError("--location and --published are for one source", hint="name the source")
        change: dict[str, Any] = {
            "location": str(Path(location).resolve()) if location and "://" not in location else location
        }
        change["published"] = shell.parse_day(published)
        wanted = [wanted[0].model_copy(update={key: value for key, value in change.items() if value is not None})]
    with exclusive(config.state):
        store = shell.open_store(config)
        failures = shell.each(
            wanted,
            lambda source: pipeline.pull(config, store, source, at=shell.now(config), tell=shell.tell),
            as_json,
        )
    if failures:
        raise failures[0]


@app.command()
def scan(
    as_of: AsOf = None,
    known_at: KnownAt = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Judge only what came since the last scan of the same day.")
    ] = False,
    fail_on: FailOn = None,
    as_json: AsJson = False,
) -> None:
    """Judge every contract by every rule; open, raise or clear warnings; write the letters."""
    from monitor import pipeline
    from monitor.store.lock import exclusive

    config = shell.load_config()
    with exclusive(config.state):
        store = shell.open_store(config)
        day, instant = shell.when(config, as_of, known_at)
        with shell.progress():
            scanned = pipeline.scan(
                config,
                store,
                config.book(),
                as_of=day,
                known_at=instant,
                at=shell.now(config),
                changed_only=changed,
                tell=shell.tell,
            )
    events: dict[str, int] = {change.event: 0 for change in scanned.changes}
    for change in scanned.changes:
        events[change.event] += 1
    counts = {
        "as_of": day.isoformat(),
        "findings": len(scanned.findings),
        "letters": scanned.letters,
        "changes": events,
    }
    shell.result(
        counts,
        as_json,
        f"as of {day}: {len(scanned.findings)} findings; warnings: {shell.count_words(events)}; {scanned.letters} letters",
    )
    for note in scanned.for_operator:
        shell.say(note[shell.language()])
    shell.fail_on(fail_on, [finding.outcome for finding in scanned.findings])


@app.command()
def remind(as_of: AsOf = None, as_json: AsJson = False) -> None:
    """What time alone brings: limits that passed unanswered go up the chain, suspensions end, the weekly digest is written."""
    from monitor import handling
    from monitor.store.lock import exclusive

    config = shell.load_config()
    with exclusive(config.state):
        store = shell.open_store(config)
        day, _ = shell.when(config, as_of, None)
        done = handling.remind(config, store, as_of=day, at=shell.now(config))
    counts = {name: getattr(done, name) for name in ("escalated", "resumed", "resurfaced", "letters")}
    shell.result(counts, as_json, f"as of {day}: {shell.count_words(counts)}")


@app.command()
def deliver(as_json: AsJson = False) -> None:
    """Send the letters that are waiting: by SMTP, or as .eml files when no server is set."""
    from monitor import pipeline
    from monitor.store.lock import exclusive

    config = shell.load_config()
    with exclusive(config.state):
        store = shell.open_store(config)
        with shell.progress(), config.ways(lambda: shell.now(config)) as channels:
            done = pipeline.deliver(config, store, channels, at=shell.now(config), tell=shell.tell)
    counts = {"sent": done.sent, "waiting": done.waiting, "parked": done.parked}
    shell.result(counts, as_json, f"letters: {shell.count_words(counts)}")
    shell.tell_undelivered(done)


@app.command()
def run(as_of: AsOf = None, known_at: KnownAt = None, fail_on: FailOn = None) -> None:
    """Pull every source, scan, remind, deliver: what `lvyue serve` does once a day."""
    from monitor import daemon
    from monitor.store.lock import exclusive

    config = shell.load_config()
    with exclusive(config.state), shell.progress():
        day, instant = shell.when(config, as_of, known_at)
        done = daemon.once(
            config,
            shell.open_store(config),
            as_of=day,
            known_at=instant,
            clock=lambda: shell.now(config),
            tell=shell.tell,
        )
    scanned = done.scanned
    shell.say(
        f"as of {day}: {len(scanned.findings)} findings, {len(scanned.changes)} changes, {scanned.letters} letters"
    )
    for failure in done.failures[1:]:
        shell.talk.print(str(failure), markup=False, soft_wrap=True)
    if done.failures:
        raise done.failures[0]
    shell.tell_undelivered(done.delivered)
    for note in scanned.for_operator:
        shell.say(note[shell.language()])
    shell.fail_on(fail_on, [finding.outcome for finding in scanned.findings])


@app.command()
def serve(
    standby: Annotated[
        bool, typer.Option("--standby", help="Wait while another leads on this database, and take over when it dies.")
    ] = False,
) -> None:
    """Run by itself for years: pull, scan, remind, letters, training, checks, each in its time, until SIGTERM.

    SIGHUP reads config.toml and the rules again; the last good ones stay where they cannot be used.
    """
    from monitor import daemon

    config = shell.load_config()
    shell.log_to_stderr("INFO", config.settings.service.log)
    daemon.serve(shell.load_config, clock=shell.office_clock(config), standby=standby)


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Argument(help="Folder to work in; what an earlier demo left there is replaced.")
    ] = Path("lvyue-demo"),
    data: Annotated[
        Literal["nyc", "district"],
        typer.Option(help="Real milestones of New York, or a made Chinese district with every rule of the law."),
    ] = "nyc",
) -> None:
    """End to end, on this machine: real milestones pulled over HTTP, or a made district's ledger with ninety rules of law."""
    lang = shell.options.lang or "zh"
    if data == "district":
        from monitor.demo.district import play_district

        play_district(folder, console=shell.results(), say=shell.say, lang=lang)
        return
    from monitor import demo as demonstration

    demonstration.play(folder, console=shell.results(), say=shell.say, lang=lang)


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and let nothing go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let go what is older than `[retention]` says: bytes that sources sent, empty runs, texts of letters; never a proof."""
    from dataclasses import asdict

    from monitor.store import retention
    from monitor.store.lock import exclusive

    config = shell.load_config()
    settings = config.settings.retention
    with exclusive(config.state):
        store = shell.open_store(config)
        with store.writing() as db:
            gone = retention.prune(db, settings, at=shell.now(config), dry_run=dry_run)
    shell.result(
        asdict(gone) | {"dry_run": dry_run},
        as_json,
        f"{'would go' if dry_run else 'gone'}: {gone.payloads} payloads ({gone.bytes_freed:,} bytes), {gone.runs} runs, "
        f"{gone.letters} letters; 0 years in [retention] keep for good",
    )
