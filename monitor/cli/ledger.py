"""The ledger that offices keep in Excel (政府合同台账): a workbook to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from monitor.cli import shell
from monitor.cli.options import app
from monitor.domain.errors import UsageError

ledger_app = typer.Typer(no_args_is_help=True, help="The ledger kept in Excel, 政府合同台账.")
app.add_typer(ledger_app, name="ledger")


@ledger_app.command("template")
def ledger_template(
    file: Annotated[Path, typer.Argument(help="Workbook to write, ending in .xlsx.")],
    lang: Annotated[Literal["zh", "en"] | None, typer.Option(help="Language of its headers and instructions.")] = None,
) -> None:
    """Write an empty ledger to fill in: every sheet, lists to choose from, and instructions. Never over an existing file."""
    from monitor.sources.ledger_template import template

    if file.suffix.lower() != ".xlsx":
        raise UsageError(f"{file}: a ledger is written as .xlsx", hint=f"name it {file.with_suffix('.xlsx').name}")
    content = template("en" if (lang or shell.language()) == "en" else "zh")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("xb") as out:  # whoever makes the file first keeps it
            out.write(content)
    except FileExistsError as error:
        raise UsageError(f"{file} is there already", hint="name another file, or move that one away") from error
    shell.say(f'wrote {file}; fill it in, then name it as `location` of a [[source]] of kind = "ledger"')
