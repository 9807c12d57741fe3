"""`kind = "sql"`: another system's database, asked read-only. Any that SQLAlchemy has a driver for; PostgreSQL and SQLite ship.

    queries = { contract = "select no as id, … from contracts", payment = "select …" }     columns by our nouns' names
    query = "select …", mapping = "erp.sql"                                                rows for a mapping, as for `table`

Read-only by every means there is: the statement must be one SELECT by its syntax tree (no `;`, no INTO, no data changed in a
WITH), SQLite is opened with mode=ro and query_only, PostgreSQL in a READ ONLY transaction of a read-only session, and whatever
it was is rolled back. For other databases the syntax tree and the rights of the user are all: give this user only SELECT.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

import duckdb
import pyarrow as pa
import sqlglot
from pydantic import Field, model_validator
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlglot import exp
from sqlglot.errors import SqlglotError

from monitor.domain.errors import ConfigError, RejectedError, SourceError
from monitor.domain.nouns import NOUNS
from monitor.domain.secrets import secret
from monitor.sources import Asked, Known, Loaded, Source
from monitor.sources.fetch import Fetched
from monitor.sources.mapped import MappedSource
from monitor.sources.table import plain_names

DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}
"""SQLAlchemy's names of databases where sqlglot has another."""
CHANGES = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Command, exp.Into, exp.Lock,
    exp.Set, exp.Pragma, exp.Attach, exp.Copy, exp.TruncateTable,
)  # fmt: skip
BATCH = 2_000
STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""


class SqlSource(MappedSource):
    """Rows of another system's database."""

    kind: Literal["sql"] = "sql"
    location: Annotated[
        str,
        Field(description="Address as SQLAlchemy writes it, best as `env:NAME`: it may hold a password.", repr=False),
    ]
    mapping: Annotated[
        str, Field(description="For `query`: a mapping that ships with Lvyue, or a path ending in .sql.")
    ] = ""
    query: Annotated[str, Field(description="One SELECT, whose rows the mapping reads.")] = ""
    queries: Annotated[
        dict[str, str],
        Field(default_factory=dict, description="A SELECT for each noun, instead of `query` and `mapping`."),
    ]
    max_rows: Annotated[int, Field(ge=1, description="Rows after which an answer is refused.")] = 1_000_000

    how_only: ClassVar[frozenset[str]] = Source.how_only | {"max_rows"}

    @model_validator(mode="after")
    def one_way(self) -> SqlSource:
        """Either a query for each noun, or one with its mapping."""
        if bool(self.query) == bool(self.queries) or bool(self.query) != bool(self.mapping):
            raise ValueError("write either `query` and `mapping`, or `queries`")
        unknown = [noun for noun in self.queries if noun not in NOUNS]
        if unknown:
            raise ValueError(f"queries.{unknown[0]}: there is no such noun; there are {', '.join(NOUNS)}")
        return self

    def check(self, base: Path) -> None:
        """Read address, statements and mapping without asking the database. Raises ConfigError."""
        if self.mapping:
            super().check(base)
        dialect = self._url().get_backend_name()
        for noun, query in self._statements().items():
            _only_select(query, dialect, where=self._where(noun))

    def ask(self, base: Path, known: Known) -> Asked:
        """The rows of each query. Raises SourceError when there is no answer, RejectedError when it is too large."""
        self.check(base)
        url = self._url()
        shown = url.set(query={}).render_as_string(hide_password=True)  # some drivers take the password there
        seconds = self.limits.deadline_seconds
        answered: list[Asked | Exception] = []

        def ask() -> None:
            try:
                answered.append(self._pages(url, base, shown))
            except Exception as error:  # goes on to whoever asked
                answered.append(error)

        asking = threading.Thread(target=ask, name=f"source {self.name}", daemon=True)
        asking.start()
        asking.join(seconds * 2)  # a server that lets us in and then says nothing keeps no limit of ours
        match answered:
            case [Asked() as asked]:
                return asked
            case [Exception() as error]:
                raise error
        raise SourceError(
            f"{shown}: no answer within {seconds * 2:g} seconds",
            hint="does this database answer others? Tried again later",
        )

    def _pages(self, url: URL, base: Path, shown: str) -> Asked:
        deadline = time.monotonic() + self.limits.deadline_seconds
        try:
            with _reading(_engine(url, base, self.limits.deadline_seconds), deadline) as db:
                pages = [
                    _page(db, query, noun, self, shown=shown, deadline=deadline)
                    for noun, query in self._statements().items()
                ]
        except SQLAlchemyError as error:
            raise _explained(error, shown, self, late=time.monotonic() >= deadline) from None
        return Asked(pages=pages)

    def load(self, db: duckdb.DuckDBPyConnection, pages: Sequence[Fetched], base: Path) -> Loaded:
        """Raises RejectedError when a query lacks a column, ConfigError for a faulty mapping."""
        arrived: dict[str, tuple[int, int]] = {}
        for page in pages:
            noun, names, rows = _unpacked(page, plain=bool(self.mapping))
            if self.mapping:
                return self.mapped(db, rows, (), base)
            db.register(noun, rows)
            arrived |= {f"{noun}.{name}": (rows.num_rows, rows.num_rows) for name in names}
        return Loaded(nouns=list(self.queries), arrived=arrived)

    def mapping_text(self, base: Path) -> str:
        """Raises ConfigError when there is no such mapping; empty where queries give our nouns."""
        return super().mapping_text(base) if self.mapping else ""

    def _statements(self) -> dict[str, str]:
        return self.queries or {"": self.query}

    def _where(self, noun: str) -> str:
        return f"source {self.name}: queries.{noun}" if noun else f"source {self.name}: query"

    def _url(self) -> URL:
        try:
            return make_url(secret(self.location))
        except ArgumentError:
            raise ConfigError(
                f"source {self.name}: its location is no address of a database",
                hint="as postgresql+psycopg://user@host/name or sqlite:///folder/file.db, best behind `env:NAME`",
            ) from None


def _only_select(query: str, dialect: str, *, where: str) -> exp.Query:
    """The syntax tree of one SELECT that changes nothing. Raises ConfigError for anything else."""
    try:
        found = [tree for tree in sqlglot.parse(query, read=DIALECTS.get(dialect, dialect)) if tree is not None]
    except (SqlglotError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{where} cannot be understood: {reason}", hint="write one plain SELECT") from error
    tree = found[0] if found else None
    changes = [node.key.upper() for one in found for node in one.find_all(*CHANGES)]
    if len(found) != 1 or not isinstance(tree, exp.Query) or changes:
        what = changes[0] if changes else f"{len(found)} statements" if len(found) != 1 else "no SELECT"
        raise ConfigError(f"{where} must be one SELECT that changes nothing; it has {what}")
    return tree


def _engine(url: URL, base: Path, seconds: float) -> Engine:
    """An engine whose sessions cannot write, so far as its database knows how to say so."""
    if url.get_backend_name() == "sqlite":
        path = (base / (url.database or "")).resolve()
        address = f"file:{quote(path.as_posix())}?mode=ro"
        engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
        event.listen(engine, "connect", _query_only)
        return engine
    try:
        engine = create_engine(url, poolclass=NullPool)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigError(
            f"the driver for {url.drivername} is not installed: {error}", hint="install it beside Lvyue"
        ) from None
    if url.get_backend_name() == "postgresql":

        @event.listens_for(engine, "connect")
        def read_only(connection: Any, _record: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute("set default_transaction_read_only = on")
                cursor.execute(f"set statement_timeout = {int(seconds * 1000)}")
            connection.commit()

    return engine


def _query_only(connection: Any, _record: object) -> None:
    connection.execute("pragma query_only = on")
    connection.execute("pragma trusted_schema = off")  # views of somebody else's file call no functions with effects


@contextmanager
def _reading(engine: Engine, deadline: float) -> Iterator[Connection]:
    """A transaction that only reads, is cut off at the deadline, and is rolled back."""
    with engine.connect() as db:
        if engine.dialect.name == "postgresql":
            db = db.execution_options(postgresql_readonly=True)
        if engine.dialect.name == "sqlite":
            driver: Any = db.connection.driver_connection
            driver.set_progress_handler(lambda: time.monotonic() >= deadline, STEPS)
        try:
            yield db
        finally:
            db.rollback()


def _page(db: Connection, query: str, noun: str, source: SqlSource, *, shown: str, deadline: float) -> Fetched:
    """The answer to one query as JSON lines: noun and columns, then a row a line, every cell text or null."""
    # SQLAlchemy would take `:name` for a parameter, in a string of the query too.
    statement = text(query.replace(":", "\\:")).execution_options(stream_results=True, yield_per=BATCH)
    tree = _only_select(query, db.dialect.name, where=noun or "query")
    lines: list[bytes] = []
    size = 0
    with db.execute(statement) as result:
        head = json.dumps({"noun": noun, "columns": list(result.keys())}, ensure_ascii=False).encode()
        for rows in result.partitions():
            for row in rows:
                lines.append(json.dumps([_text(cell) for cell in row], ensure_ascii=False).encode())
                size += len(lines[-1]) + 1
            if len(lines) > source.max_rows or size > source.limits.max_bytes:
                raise RejectedError(
                    f"{shown}: {noun or 'the query'} gives more than {source.max_rows:,} rows or "
                    f"{source.limits.max_bytes:,} bytes",
                    hint="ask for less, or raise `max_rows` or `limits.max_bytes` of this source",
                )
            if time.monotonic() >= deadline:
                raise _late(shown, source)
    if tree.args.get("order") is None:
        lines.sort()  # or the same rows in another order would be a new payload every night
    content = b"\n".join([head, *lines])
    digest = hashlib.sha256(content).hexdigest()
    return Fetched(
        content=content, media_type="application/jsonl", sha256=digest, location=shown, status=200, attempts=1
    )


def _text(cell: object) -> str | None:
    match cell:
        case None | str():
            return cell if cell is None else cell.encode("utf-8", "replace").decode()
        case bool():
            return "true" if cell else "false"
        case Decimal():
            return f"{cell:f}"
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time_of_day():
            return cell.isoformat()
        case bytes() | memoryview():
            return bytes(cell).hex()
        case dict() | list():
            return json.dumps(cell, ensure_ascii=False, default=str)
        case _:
            return str(cell)


def _unpacked(page: Fetched, *, plain: bool) -> tuple[str, list[str], pa.Table]:
    head, *lines = page.content.split(b"\n")
    told = json.loads(head)
    names = plain_names(told["columns"]) if plain else list(told["columns"])
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise RejectedError(
            f"{page.location}: {told['noun']} has the column {twins[0]} twice", hint="rename one: `as …`"
        )
    rows = [json.loads(line) for line in lines]
    cells = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(names))]
    numbers = pa.array(range(1, len(rows) + 1), pa.int64())
    return told["noun"], names, pa.table([*cells, numbers], names=[*names, "source_row"])


def _late(shown: str, source: SqlSource) -> SourceError:
    return SourceError(
        f"{shown}: not done within {source.limits.deadline_seconds:g} seconds",
        hint="ask for less, or raise `limits.deadline_seconds` of this source",
    )


def _explained(error: SQLAlchemyError, shown: str, source: SqlSource, *, late: bool) -> SourceError:
    """In our words, without the statement: a query may hold what is nobody's business in a log."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    if late or re.search(r"statement timeout|interrupted", said):
        return _late(shown, source)
    reason = said.splitlines()[0][:200] if said else type(error).__name__
    return SourceError(
        f"{shown}: {reason}",
        hint="tried again at the next pull; see who may read what, and whether the query still fits",
    )
