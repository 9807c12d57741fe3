"""`lvyue deploy`: files for systemd, Docker and Prometheus, on stdout."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from monitor.cli.options import app


@app.command()
def deploy(
    kind: Annotated[
        Literal["systemd", "docker", "prometheus"],
        typer.Argument(help="A unit of systemd, a Dockerfile, or alert rules for Prometheus."),
    ],
) -> None:
    """Print a file for the system that runs Lvyue; its head says where it belongs. Writes nothing."""
    from monitor import deploy as files

    sys.stdout.write(files.text_of(kind))
