"""Rows that a mapping, a file of SQL, turns into our nouns: what tables, web services and databases have in common.

The mapping sees one relation, `raw`: columns of text beside `source_row`, or `doc`, one JSON object a row. It creates a view
for each noun, and macros if it likes:

    create view contract as select id, day(signed, '%d/%m/%Y') as signed_on, source_row from raw;

Columns that only some editions have are declared: `-- optional columns: id, plazo`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import duckdb
import pyarrow as pa
from pydantic import Field

from monitor.domain.errors import ConfigError, RejectedError
from monitor.domain.nouns import NOUNS
from monitor.domain.sandbox import sandbox
from monitor.sources import MAPPINGS, Loaded, Source
from monitor.sources.border import Refusal

PRELUDE = r"""
-- The day that text stands for, in ISO form. Text that is no such day is handed on; the border refuses it.
create macro day(t, form) as coalesce(strftime(try_strptime(trim(t), form), '%Y-%m-%d'), nullif(trim(t), ''));
-- Latin text without accents, vowels, n (a damaged ñ loses it), case and punctuation: a key that survives a
-- portal's changes of encoding. Nothing is left of other scripts.
create macro skeleton(t) as regexp_replace(strip_accents(lower(t)), '[^b-df-hj-mp-tv-z0-9]', '', 'g');
"""

ONLY_THESE = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*create\s+(or\s+replace\s+)?(temp\s+|temporary\s+)?(view|macro|function)\b",
    re.I | re.S,
)


class MappedSource(Source):
    """A source whose rows a mapping reads. Not a kind by itself."""

    mapping: Annotated[str, Field(description="Name of a mapping that ships with Lvyue, or a path ending in .sql.")]

    def mapped(self, db: duckdb.DuckDBPyConnection, sent: pa.Table, broken: Sequence[Refusal], base: Path) -> Loaded:
        """The nouns that the mapping makes of the rows. Raises RejectedError when they lack a column it reads, ConfigError."""
        raw, mapping = sent, self.mapping_text(base)
        for name in _optional(mapping):
            if name not in raw.column_names:
                raw = raw.append_column(name, pa.nulls(raw.num_rows, pa.string()))
        db.register("raw", raw)
        nouns = _run(db, mapping, where=self.mapping)
        return Loaded(nouns=nouns, broken=tuple(broken), arrived=_arrived(db, sent))

    def mapping_text(self, base: Path) -> str:
        """Raises ConfigError when there is no such mapping."""
        path = base / self.mapping if self.mapping.endswith(".sql") else MAPPINGS / f"{self.mapping}.sql"
        if not path.is_file():
            shipped = ", ".join(sorted(file.stem for file in MAPPINGS.glob("*.sql")))
            raise ConfigError(f"source {self.name}: there is no mapping at {path}", hint=f"ready-made ones: {shipped}")
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"source {self.name}: mapping {path} cannot be read: {error}") from error

    def check(self, base: Path) -> None:
        """Read the mapping without data. Raises ConfigError when it is missing, no SQL, or more than views and macros."""
        with sandbox() as db:
            _statements(db, self.mapping_text(base), self.mapping)


def _arrived(db: duckdb.DuckDBPyConnection, raw: pa.Table) -> dict[str, tuple[int, int]]:
    """The columns of a table; the keys of JSON objects, with how many have them."""
    rows = raw.num_rows
    if "doc" not in raw.column_names:
        return {name: (rows, rows) for name in raw.column_names if name != "source_row"}
    keys = "select key, count(*) from (select unnest(json_keys(doc)) as key from raw) group by key order by key"
    return {key: (count, rows) for key, count in db.execute(keys).fetchall()}


def _optional(mapping: str) -> list[str]:
    found = re.search(r"^-- optional columns:(.*)$", mapping, re.MULTILINE)
    return [name.strip() for name in found[1].split(",")] if found else []


def _statements(db: duckdb.DuckDBPyConnection, mapping: str, where: str) -> list[duckdb.Statement]:
    """The statements of a mapping: views and macros. Raises ConfigError for anything else, and for what is no SQL."""
    try:
        statements = db.extract_statements(mapping)
    except duckdb.Error as error:
        raise ConfigError(f"mapping {where}: {error}") from error
    for statement in statements:
        if statement.type != duckdb.StatementType.CREATE or not ONLY_THESE.match(statement.query):
            shown = re.sub(r"\s*--[^\n]*\n", "", statement.query).strip()[:80]
            raise ConfigError(f"mapping {where}: only `create view` and `create macro` may stand here: {shown}")
    return statements


def _run(db: duckdb.DuckDBPyConnection, mapping: str, *, where: str) -> list[str]:
    """Create the mapping's views and macros, and see which nouns they fill."""
    db.execute(PRELUDE)
    for statement in _statements(db, mapping, where):
        try:
            db.execute(statement)
        except duckdb.BinderException as error:
            raise RejectedError(
                f"the payload does not have the columns that mapping {where} reads: {error}",
                hint="the source changed its columns: mend the mapping; the last good state stays as it was",
                why="columns",
            ) from error
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            raise  # the time and memory of the whole reading are over: no fault of this statement
        except duckdb.Error as error:
            raise ConfigError(f"mapping {where}: {error}") from error
    made = {row[0] for row in db.execute("select view_name from duckdb_views() where not internal").fetchall()}
    nouns = [noun for noun in NOUNS if noun in made]
    if not nouns:
        raise ConfigError(f"mapping {where}: it creates no view of {', '.join(NOUNS)}")
    return nouns
