"""How what is known travels from the store to the engine: Arrow tables, or Parquet files with what came since on top."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """Rows in files, and newer rows in memory: a file's row counts only where nothing newer is known of the same thing."""

    files: tuple[Path, ...]
    newer: pa.Table


def key_of(table: str) -> tuple[str, ...]:
    """The columns that say which thing a row is about: a contract and an obligation may have the same id."""
    return ("noun", "id") if table == "history" else ("id",)


Rows = pa.Table | Layered
