"""Where an office's database is: a file of SQLite in the folder of its state, or a PostgreSQL server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from monitor.domain.errors import ConfigError
from monitor.domain.secrets import secret

POINTERS = ("env:", "file:")
SCHEMES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL database. `setting` is its address, or says where that is kept; `state` is the folder of everything that
    Lvyue keeps beside a database. As text it is the address without password and options."""

    setting: str = field(repr=False)
    state: Path

    def address(self) -> str:
        """The address as libpq reads it, password and all. Raises ConfigError when it is not where the setting says, or none."""
        found = secret(self.setting)
        if not found.startswith(SCHEMES):
            raise ConfigError(
                "`database` in config.toml is no address of PostgreSQL",
                hint="write postgresql://user@host/name, or env:NAME or file:PATH where that is kept; empty: SQLite",
            )
        return found

    def __str__(self) -> str:
        if self.setting.startswith(POINTERS):
            return f"PostgreSQL ({self.setting})"
        try:
            parts = urlsplit(self.setting)
        except ValueError:
            return "PostgreSQL"
        user, _, host = parts.netloc.rpartition("@")
        return f"postgresql://{user.partition(':')[0]}{'@' if user else ''}{host}{parts.path}"


Place = Path | Server
"""A file of SQLite, or a server."""


def place(setting: str, state: Path) -> Place:
    """The database that `database` in config.toml names.

    >>> str(place("postgresql://lvyue:secret@db.example.org/contracts?sslmode=verify-full", Path("state")))
    'postgresql://lvyue@db.example.org/contracts'
    """
    return Server(setting, state) if setting else state / "lvyue.db"


def beside(where: Place) -> Path:
    """The folder of what lies beside a database: mirror, backups, letters."""
    return where.state if isinstance(where, Server) else where.parent
