"""How what is known travels from the store to the engine: Arrow tables, or Parquet files with what came since on top."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa

from monitor.domain.nouns import NOUNS
from monitor.domain.sandbox import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """Rows in files, and newer rows in memory: a file's row counts only where nothing newer is known of the same thing."""

    files: tuple[Path, ...]
    newer: pa.Table

    def sql(self, table: str, newer: str) -> str:
        """The query over all rows, where a database has the newer ones as `newer`."""
        if not self.files:
            return f"select * from {newer}"
        told = f"select * from read_parquet([{', '.join(quoted(path) for path in self.files)}])"
        if not self.newer.num_rows:
            return told
        key = ", ".join(key_of(table))
        return f"{told} where ({key}) not in (select ({key}) from {newer}) union all by name select * from {newer}"


Rows = pa.Table | Layered


def key_of(table: str) -> tuple[str, ...]:
    """The columns that say which thing a row is about: a contract and an obligation may have the same id."""
    return ("noun", "id") if table == "history" else ("id",)


@cache
def schema(table: str) -> pa.Schema:
    """Columns of a table that facts are made from: a noun's, `history`, or `alert`."""
    if table == "history":
        return pa.schema(
            [
                ("noun", pa.string()),
                ("id", pa.string()),
                ("recorded_on", pa.date32()),
                ("day", pa.date32()),
                ("seq", pa.int64()),
                ("contract_id", pa.string()),
            ]
        )
    if table == "alert":
        names = ("contract_id", "rule", "level", "state")
        days = ("opened_on", "level_since", "cleared_on")
        return pa.schema([(name, pa.string()) for name in names] + [(name, pa.date32()) for name in days])
    own = [(name, _arrow(name, field.annotation)) for name, field in NOUNS[table].model_fields.items()]
    known = [("source", pa.string())] + [(name, pa.date32()) for name in ("first_known_on", "heard_on", "gone_on")]
    return pa.schema([*own, *known, ("source_row", pa.int32()), ("seq", pa.int64())])


def nothing() -> dict[str, pa.Table]:
    """A portfolio with no rows: what rules are checked against, and what a new office has."""
    return {table: schema(table).empty_table() for table in (*NOUNS, "history", "alert")}


def _arrow(name: str, annotation: Any) -> pa.DataType:
    """The column type of a field: `date | None` is a day, a list of words is text."""
    kinds = get_args(annotation) or (annotation,)
    if date in kinds:
        return pa.date32()
    if bool in kinds:
        return pa.bool_()
    if int in kinds:
        return pa.int64() if name.endswith("_minor") else pa.int32()
    return pa.string()
