"""An office for tests: a folder with a config.toml, the real command line, and a look into its real database."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor import cli


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


class Office:
    """`config` is what stands in config.toml beside the folder of the state."""

    def __init__(self, folder: Path, config: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "config.toml"
        self.write(config)

    def write(self, config: str) -> None:
        """Replace config.toml."""
        self.path.write_text(config, encoding="utf-8")

    def lvyue(self, *words: str) -> Said:
        """Run one command in this process, through the same entry point as a user's."""
        out, err = io.StringIO(), io.StringIO()
        before = sys.argv
        sys.argv = ["lvyue", "--config", str(self.path), *words]
        code = 0
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            sys.argv = before
        return Said(code, out.getvalue(), err.getvalue())

    def ok(self, *words: str) -> Said:
        """Run a command that must succeed."""
        said = self.lvyue(*words)
        assert said.code == 0, f"lvyue {' '.join(words)} gave {said.code}\n{said.out}\n{said.err}"
        return said

    @property
    def database(self) -> Path:
        return self.folder / "state" / "lvyue.db"

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the database directly, past our own code."""
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql, parameters).fetchall()

    def contents(self, *, but: tuple[str, ...] = ("run",)) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table but the ledger: two equal answers mean that nothing changed."""
        names = [row[0] for row in self.rows("select name from sqlite_master where type = 'table' order by name")]
        return {name: sorted(self.rows(f"select * from {name}"), key=repr) for name in names if name not in but}


CORE = '[rules]\npacks = ["core"]'
"""For stories that the generic rules tell: China's seventy take a second to plan."""


def config(*blocks: str, country: str = "US", zone: str = "America/New_York") -> str:
    """A config.toml for tests: English, state beside it, then the blocks."""
    head = f'lang = "en"\nstate = "state"\n[calendar]\ncountry = "{country}"\ntimezone = "{zone}"\n'
    return head + "\n".join(blocks)


def source(name: str, location: object, mapping: str, **more: object) -> str:
    """A `[[source]]` of kind table."""
    lines = [f'[[source]]\nname = "{name}"\nkind = "table"\nmapping = "{mapping}"\nlocation = "{location}"']
    for key, value in more.items():
        lines.append(f"{key} = {str(value).lower() if isinstance(value, bool) else value}")
    return "\n".join(lines)
