"""Services in processes of their own, and an office for them to serve."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from types import TracebackType

from tests.office import CORE, Office, config, source

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 120
"""Seconds after which a service that says nothing is ended, and the test fails."""

MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, 'scheduled' as status, source_row from raw;
"""
MAIL = """
[mail]
weekly_on = "never"
[service]
listen = ""
lease_seconds = 3
stop_seconds = 3
[[recipient]]
address = "fazhi@office.example"
lang = "en"
"""
DUE = (date(2026, 3, 1), date(2026, 6, 1), date(2026, 9, 1))
ROWS = "id,title,amount,due\n" + "".join(f"{n},Works {n},{n}00.00,{day}\n" for n, day in enumerate(DUE, start=1))


def office(folder: Path, *blocks: str, location: object = "register.csv", **more: object) -> Office:
    """Three contracts whose promises come due one after the other, in a register that is a file, or an address."""
    made = Office(
        folder, config(*blocks, source("register", location, "register.sql", **more), MAIL, CORE, country="CN",
        zone="Asia/Shanghai")
    )  # fmt: skip
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    (folder / "register.csv").write_text(ROWS, encoding="utf-8")
    return made


class Serving:
    """`lvyue serve` as a user starts it. What it says is read line by line; it is ended with the block."""

    def __init__(self, office: Office, *words: str, script: str = "") -> None:
        """`script` is Python that serves the config it is given, instead of the command line."""
        command = ["-c", "from monitor.cli import main; main()", "--config", str(office.path), "serve", *words]
        command = ["-c", script, str(office.path)] if script else command
        self.process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.said: list[str] = []
        self._patience = threading.Timer(PATIENCE, self.process.kill)
        self._patience.start()

    def __enter__(self) -> Serving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.rest()

    def until(self, words: str) -> str:
        """The next line that has some words; the test fails when the service ends first."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"it ended without {words!r}:\n{''.join(self.said)}")

    def send(self, number: int) -> None:
        """A signal."""
        os.kill(self.process.pid, number)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.send(signal.SIGTERM)
        return self.rest()

    def rest(self) -> int:
        """Read to the end; the exit code."""
        if self.process.stderr is not None and not self.process.stderr.closed:
            self.said += self.process.stderr.readlines()
            self.process.stderr.close()
        self._patience.cancel()
        return self.process.wait()
