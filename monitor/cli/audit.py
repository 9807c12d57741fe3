"""Verbs of the hash chain: whether what happened to warnings is as it was written, for who does not trust this machine, too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, audit_app
from monitor.domain.errors import UsageError

if TYPE_CHECKING:
    from monitor.audit import Anchor

LARGEST_ANCHORS = 1024**2
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")]


@audit_app.command("verify")
def audit_verify(
    expect: Annotated[str, typer.Option(metavar="HASH", help="A head that was written down earlier.")] = "",
    anchors: Annotated[
        Path | None, typer.Option("--anchors", metavar="FILE", help="What `audit anchor` wrote.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Whether what happened to warnings is as it was written: every link of the hash chain. Exit code 6 where it is not."""
    from monitor.store import warnings

    anchored = _anchors(anchors)
    with shell.open_store(shell.load_config()).reading() as db:
        whole = warnings.whole(db, expect=expect, anchored=anchored)
    told = {"events": whole.events, "head": whole.head, "anchors": len(anchored)}
    held = f"; {len(anchored)} anchors hold" if anchored else ""
    shell.result(told, as_json, f"{whole.events} events, all as they were written{held}; head {whole.head}")


@audit_app.command("export")
def audit_export(output: Output = None) -> None:
    """The chain as lines of JSON, oldest event first, with all it takes to compute each hash again.

    A hash is the SHA-256 of a JSON array: the hash before it (64 zeros at first), then alert_id, run_id, happened_on,
    happened_at, kind, before, after, actor, reason, state and detail of the event. The array is written as Python's json.dumps
    writes it: keys of objects sorted, ", " and ": " between, signs beyond ASCII as \\uXXXX.
    """
    from monitor import audit
    from monitor.store import warnings

    with shell.open_store(shell.load_config()).reading() as db:
        lines = (audit.exported(event) + "\n" for event in warnings.chain(db))
        if output is None:
            for line in lines:
                typer.echo(line, nl=False)
            return
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
    shell.say(f"wrote {output}")


@audit_app.command("anchor")
def audit_anchor(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Add it to this file, of another machine.")
    ] = None,
) -> None:
    """Where the chain stands now, as a line to be kept where nobody who can write to the database can write."""
    from monitor.audit import Anchor
    from monitor.store import warnings

    config = shell.load_config()
    with shell.open_store(config).reading() as db:
        whole = warnings.whole(db)
    line = Anchor(events=whole.events, head=whole.head, taken_at=shell.now(config)).line()
    if output is None:
        typer.echo(line)
        return
    _anchors(output if output.exists() else None)
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("a", encoding="utf-8", newline="\n") as file:
        file.write(line + "\n")
    shell.say(f"added to {output}: {whole.events} events, head {whole.head}")


def _anchors(path: Path | None) -> list[Anchor]:
    from monitor import audit

    if path is None:
        return []
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file", hint="`lvyue audit anchor --output FILE` writes one")
    if path.stat().st_size > LARGEST_ANCHORS:
        raise UsageError(f"{path}: larger than any file of anchors", hint="give the one that `audit anchor` wrote")
    return audit.anchors(path.read_text(encoding="utf-8", errors="replace"), str(path))
