"""The verbs' groups and the options that several verbs share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

EXAMPLES = """Early warning for government contract performance 政府合同履约预警.

Try `lvyue demo` first; then `lvyue init`, put a source into config.toml, and `lvyue run`.
"""

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help=EXAMPLES)
report_app = typer.Typer(no_args_is_help=True, help="Reports, as of any day.")
rules_app = typer.Typer(no_args_is_help=True, help="The shelf of law: list, show, coverage, new, check, test.")
model_app = typer.Typer(no_args_is_help=True, help="The shelf of learned risk: list, train, card, promote, rollback.")
alerts_app = typer.Typer(no_args_is_help=True, help="Warnings: list, show, and work them until they are closed.")
outbox_app = typer.Typer(no_args_is_help=True, help="Letters: list, retry, drop.")
sources_app = typer.Typer(no_args_is_help=True, help="Where facts come from.")
runs_app = typer.Typer(no_args_is_help=True, help="What was done and when: list, show, jobs, years.")
audit_app = typer.Typer(
    no_args_is_help=True, help="The hash chain of what happened to warnings: verify, export, anchor."
)
db_app = typer.Typer(no_args_is_help=True, help="The database: upgrade, check, backup, restore.")
for name, group in (
    ("report", report_app),
    ("rules", rules_app),
    ("model", model_app),
    ("alerts", alerts_app),
    ("outbox", outbox_app),
    ("sources", sources_app),
    ("runs", runs_app),
    ("audit", audit_app),
    ("db", db_app),
):
    app.add_typer(group, name=name)

LevelName = Literal["blue", "yellow", "orange", "red"]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DAY", help="The day the question is about (today).")]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="DAY", help="Whose knowledge may be used (the end of the --as-of day)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
FailOn = Annotated[
    LevelName | None, typer.Option("--fail-on", help="Exit 1 when there is a warning of this level or above.")
]
