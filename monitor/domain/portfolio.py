"""How what is known travels from the store to the engine: Arrow tables, or Parquet files with what came since on top."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """Rows in files, and newer rows of some ids in memory: a file's row counts only where `newer` has no row of its id."""

    files: tuple[Path, ...]
    newer: pa.Table


Rows = pa.Table | Layered
