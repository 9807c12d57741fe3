"""What was said, and when: adding versions, and reading back what was known at an instant.

A pull is one transaction: all its editions become visible together, or none.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Date, Table, func, insert, select

from monitor.domain.nouns import NOUNS
from monitor.store.tables import Edition, EditionPayload, Payload, Quarantine, batched, table_of, version_table

INSTANT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionHead:
    """What is known of an edition before its rows are compared. `recorded_at` is UTC."""

    run_id: int
    source: str
    recorded_at: datetime
    payloads: tuple[str, ...]
    reader_hash: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What an edition changed."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    returned: int = 0
    vanished: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCell:
    """A row for quarantine."""

    noun: str
    row: int | None
    field: str
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Rows of one noun in one edition: `good` has the noun's columns, `content_hash`, `source_row`; `seen` has `id`."""

    noun: str
    good: pa.Table
    seen: pa.Table


def keep_payload(db: Connection, content: bytes, *, media_type: str | None, at: datetime) -> str:
    """Store bytes once, under their SHA-256; the name is returned."""
    name = hashlib.sha256(content).hexdigest()
    table = table_of(Payload)
    if db.execute(select(table.c.sha256).where(table.c.sha256 == name)).first() is None:
        packed = zlib.compress(content, 6)
        values = {"sha256": name, "content": packed, "size": len(content), "media_type": media_type, "kept_at": at}
        db.execute(insert(table).values(values))
    return name


def last_edition(db: Connection, source: str) -> Edition | None:
    """The newest edition of a source, whatever it changed."""
    table = table_of(Edition)
    row = (
        db.execute(select(table).where(table.c.source == source).order_by(table.c.id.desc()).limit(1))
        .mappings()
        .first()
    )
    return Edition(**row) if row else None


def payloads_of(db: Connection, edition_id: int) -> list[str]:
    """Names of the payloads an edition was read from, in page order."""
    table = table_of(EditionPayload)
    query = select(table.c.sha256).where(table.c.edition_id == edition_id).order_by(table.c.page)
    return list(db.execute(query).scalars())


def contracts_listed(db: Connection, source: str) -> set[str]:
    """Keys of the contracts the source lists by its newest versions; vanished ones are not among them."""
    table = version_table("contract")
    newest = select(func.max(table.c.seq)).where(table.c.source == source).group_by(table.c.id)
    return set(db.execute(select(table.c.id).where(table.c.seq.in_(newest), table.c.gone.is_(False))).scalars())


def contracts_known(db: Connection, source: str) -> set[str]:
    """Keys of every contract the source ever named, vanished ones too."""
    table = version_table("contract")
    return set(db.execute(select(table.c.id).where(table.c.source == source).distinct()).scalars())


def record(
    db: Connection, head: EditionHead, rows: Sequence[Incoming], *, refused: Sequence[RefusedCell], complete: bool
) -> Counts:
    """Add the versions one edition brings: new, changed, returned, and, where it lists everything, vanished.

    A row refused today leaves its last good version in force: it was seen, so it has not vanished.
    """
    edition_id = _add_edition(db, head)
    totals = dict.fromkeys(("rows", "new", "changed", "returned", "vanished"), 0)
    for incoming in rows:
        stamp = {"edition_id": edition_id, "source": head.source, "recorded_at": head.recorded_at}
        versions, counted = _differences(db, incoming, source=head.source, complete=complete)
        for name, number in counted.items():
            totals[name] += number
        totals["rows"] += incoming.good.num_rows
        _insert(db, version_table(incoming.noun), versions, stamp)
    if refused:
        cells = [{"edition_id": edition_id} | {n: getattr(cell, n) for n in RefusedCell.__slots__} for cell in refused]
        db.execute(insert(table_of(Quarantine)), cells)
    counts = Counts(**totals, quarantined=len({(cell.noun, cell.row) for cell in refused}))
    changed = counts.new + counts.changed + counts.returned
    edition = table_of(Edition)
    db.execute(
        edition.update()
        .where(edition.c.id == edition_id)
        .values(rows=counts.rows, changed=changed, vanished=counts.vanished, quarantined=counts.quarantined)
    )
    return counts


def portfolio(path: Path, known_at: datetime, zone: tzinfo) -> dict[str, pa.Table]:
    """What was known at an instant: one row a thing for each noun, its newest version by then; and `history`.

    Beside the noun's columns a row has `source`, `first_known_on`, `heard_on` (day the source last said something of it; to
    vanish is not to say) and `gone_on` (day since which the source does not list it, else NULL). `history` has one row each
    time the day of an obligation (`due_on`) or a contract (`end_on`) was first given or moved: noun, id, recorded_on, day,
    seq. Instants become civil days in `zone`: an edition recorded at midnight in Shanghai is of that day, not of the day
    before in UTC.

    Read through ADBC in one transaction. ADBC takes a column's type from its first rows, so empty cells of text and date
    columns travel as '' and become NULL again in DuckDB.
    """
    with (
        adbc_driver_sqlite.dbapi.connect(f"{path.absolute().as_uri()}?mode=ro") as connection,
        connection.cursor() as cursor,
    ):
        instant = known_at.strftime(INSTANT)
        raw = {}
        for noun in NOUNS:
            cursor.execute(_newest(noun), (instant, instant))
            raw[noun] = cursor.fetch_arrow_table()
        cursor.execute(_HISTORY, (instant, instant))
        history = cursor.fetch_arrow_table()
    with duckdb.connect() as db:
        db.register("instant", _instants([*raw.values(), history], zone))
        tables = {noun: _typed(db, noun, table) for noun, table in raw.items()}
        db.register("raw", history)
        tables["history"] = db.sql(
            "select cast(noun as varchar) as noun, cast(id as varchar) as id, i.day as recorded_on, "
            "cast(nullif(cast(raw.day as varchar), '') as date) as day, "
            "seq::bigint as seq from raw left join instant i on i.t = cast(recorded_at as varchar) order by noun, id, seq"
        ).to_arrow_table()
    return tables


def sources_seen(db: Connection, known_at: datetime, zone: tzinfo) -> list[dict[str, Any]]:
    """One row a source, as of an instant: newest edition, last one that changed anything, refused rows of the newest."""
    table = table_of(Edition)
    by_then = table.c.recorded_at <= known_at
    out = []
    for source in db.execute(select(table.c.source).where(by_then).distinct().order_by(table.c.source)).scalars():
        mine = select(table).where(by_then, table.c.source == source).order_by(table.c.id.desc())
        newest = db.execute(mine.limit(1)).mappings().one()
        moved = db.execute(mine.where((table.c.changed > 0) | (table.c.vanished > 0)).limit(1)).mappings().first()
        out.append(
            {
                "source": source,
                "editions": db.execute(select(func.count()).where(by_then, table.c.source == source)).scalar_one(),
                "last_edition_on": newest["recorded_at"].astimezone(zone).date(),
                "last_change_on": moved["recorded_at"].astimezone(zone).date() if moved else None,
                "rows": newest["rows"],
                "quarantined": newest["quarantined"],
            }
        )
    return out


def quarantined(db: Connection, source: str | None = None) -> list[dict[str, Any]]:
    """Refused cells of each source's newest edition. One row a cell; in the order of the source."""
    edition, cell = table_of(Edition), table_of(Quarantine)
    newest = select(func.max(edition.c.id)).group_by(edition.c.source)
    query = (
        select(edition.c.source, cell.c.noun, cell.c.row, cell.c.field, cell.c.value, cell.c.reason)
        .join(edition, edition.c.id == cell.c.edition_id)
        .where(edition.c.id.in_(newest))
        .order_by(edition.c.source, cell.c.id)
    )
    if source is not None:
        query = query.where(edition.c.source == source)
    return [dict(row) for row in db.execute(query).mappings()]


def _add_edition(db: Connection, head: EditionHead) -> int:
    values = {
        "run_id": head.run_id, "source": head.source, "recorded_at": head.recorded_at, "reader_hash": head.reader_hash,
        "etag": head.etag, "last_modified": head.last_modified, "rows": 0, "changed": 0, "vanished": 0, "quarantined": 0,
    }  # fmt: skip
    inserted = db.execute(insert(table_of(Edition)).values(**values)).inserted_primary_key
    assert inserted is not None
    for page, name in enumerate(head.payloads, start=1):
        db.execute(insert(table_of(EditionPayload)).values(edition_id=inserted[0], page=page, sha256=name))
    return int(inserted[0])


def _differences(db: Connection, incoming: Incoming, *, source: str, complete: bool) -> tuple[pa.Table, dict[str, int]]:
    """Rows to add, with `gone`, and how many of each sort there are."""
    table = version_table(incoming.noun)
    newest = select(func.max(table.c.seq)).where(table.c.source == source).group_by(table.c.id)
    known = db.execute(
        select(table.c.seq, table.c.id, table.c.content_hash, table.c.gone).where(table.c.seq.in_(newest))
    )
    names = ("seq", "id", "content_hash", "gone")
    kinds = (pa.int64(), pa.string(), pa.string(), pa.bool_())
    columns = list(zip(*known.all(), strict=True)) or [()] * 4
    latest = pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})
    fields = ", ".join(f"g.{name}" for name in [*NOUNS[incoming.noun].model_fields, "source_row", "content_hash"])
    with duckdb.connect() as local:
        local.register("good", incoming.good)
        local.register("seen", incoming.seen)
        local.register("latest", latest)
        local.execute(
            f"create table added as select {fields}, false as gone, "
            "case when l.id is null then 'new' when l.gone then 'returned' else 'changed' end as sort "
            "from good g left join latest l using (id) "
            "where l.id is null or l.gone or l.content_hash <> g.content_hash order by g.source_row, g.id"
        )
        counted = dict(local.execute("select sort, count(*) from added group by sort").fetchall())
        added = local.sql("select * exclude (sort) from added").to_arrow_table()
        missing = local.execute(
            "select seq from latest where not gone and id not in (select id from seen) order by seq"
        ).fetchall()
    if complete and missing:
        counted["vanished"] = len(missing)
        added = pa.concat_tables([added, _last_said(db, table, [row[0] for row in missing], added.schema)])
    return added, counted


def _last_said(db: Connection, table: Table, sequences: list[int], schema: pa.Schema) -> pa.Table:
    """The last content of things that vanished, to be added again as `gone`."""
    columns = [table.c[name] for name in schema.names if name != "gone"]
    rows = [
        dict(row) | {"gone": True}
        for chunk in batched(sequences)
        for row in db.execute(select(*columns).where(table.c.seq.in_(chunk)).order_by(table.c.seq)).mappings()
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _insert(db: Connection, table: Table, versions: pa.Table, stamp: dict[str, Any]) -> None:
    """Core `executemany`, never multi-VALUES: that recompiles a new statement at each call."""
    if versions.num_rows:
        db.execute(insert(table), [row | stamp for row in versions.to_pylist()])


def _newest(noun: str) -> str:
    table = version_table(noun)
    cells = []
    for column in table.columns:
        bare = column.name in ("seq", "gone") or str(column.type) in ("INTEGER", "BIGINT", "BOOLEAN")
        cells.append(f"v.{column.name}" if bare else f"coalesce(v.{column.name}, '') as {column.name}")
    return (
        f"select {', '.join(cells)}, (select min(f.recorded_at) from {table.name} f where f.id = v.id) as first_known, "
        f"(select max(h.recorded_at) from {table.name} h where h.id = v.id and not h.gone and h.recorded_at <= ?) as heard "
        f"from {table.name} v join (select id, max(seq) as seq from {table.name} where recorded_at <= ? group by id) n "
        "on n.seq = v.seq order by v.id"
    )


def _moves(noun: str, column: str) -> str:
    return (
        f"select '{noun}' as noun, id, recorded_at, coalesce({column}, '') as day, seq from "
        f"(select *, lag({column}) over (partition by id order by seq) as was, row_number() over "
        f"(partition by id order by seq) as k from {noun}_version where recorded_at <= ?) where k = 1 or {column} is not was"
    )


_HISTORY = f"{_moves('obligation', 'due_on')} union all {_moves('contract', 'end_on')}"


def _instants(tables: Sequence[pa.Table], zone: tzinfo) -> pa.Table:
    """Every instant that occurs, as stored, and the civil day it belongs to."""
    found: set[str] = set()
    for table in tables:
        for name in {"recorded_at", "first_known", "heard"} & set(table.column_names):
            found |= {str(value) for value in pc.unique(table[name]).to_pylist()}
    texts = sorted(found)
    days = [datetime.strptime(text, INSTANT).replace(tzinfo=UTC).astimezone(zone).date() for text in texts]
    return pa.table({"t": pa.array(texts, pa.string()), "day": pa.array(days, pa.date32())})


def _typed(db: duckdb.DuckDBPyConnection, noun: str, table: pa.Table) -> pa.Table:
    """Give every column its true type again."""
    db.register("raw", table)
    cells = []
    for name in NOUNS[noun].model_fields:
        column = version_table(noun).c[name]
        kind = {"BIGINT": "bigint", "INTEGER": "integer", "BOOLEAN": "boolean"}.get(str(column.type), "varchar")
        if isinstance(column.type, Date):
            kind = "date"
        cells.append(f"cast({name} as {kind}) as {name}" if kind in ("bigint", "integer", "boolean") else
                     f"cast(nullif(cast({name} as varchar), '') as {kind}) as {name}")  # fmt: skip
    query = (
        f"select {', '.join(cells)}, cast(source as varchar) as source, f.day as first_known_on, "
        "h.day as heard_on, case when gone then r.day end as gone_on, "
        "cast(source_row as integer) as source_row, cast(seq as bigint) as seq from raw "
        "left join instant f on f.t = cast(first_known as varchar) left join instant r on r.t = cast(recorded_at as varchar) "
        "left join instant h on h.t = cast(heard as varchar) "
        "order by id"
    )
    found = db.sql(query).to_arrow_table()
    db.unregister("raw")
    return found
