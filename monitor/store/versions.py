"""What was said, and when: adding versions.

A pull is one transaction: all its editions become visible together, or none.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from operator import itemgetter
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, Table, func, insert, select, update

from monitor.domain.nouns import NOUNS
from monitor.store.tables import Edition, EditionPayload, Payload, Quarantine, batched, kept, table_of, version_table


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
    partial: bool = False
    watermark: str | None = None
    fields: Mapping[str, tuple[int, int]] | None = None


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
    held = db.execute(select(func.length(table.c.content)).where(table.c.sha256 == name)).scalar()
    if held:
        return name
    packed = zlib.compress(content, 6)
    if held == 0:  # its time was over and it went (store.retention); now it was sent again
        db.execute(update(table).where(table.c.sha256 == name).values(content=packed, kept_at=at))
    else:
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


def coverage(db: Connection, source: str, *, limit: int = 2) -> list[dict[str, tuple[int, int]]]:
    """How many rows of the newest editions have each field, of how many; newest first, partial ones left out."""
    table = table_of(Edition)
    counted = (table.c.source == source) & table.c.fields.is_not(None) & table.c.partial.is_(False)
    found = db.execute(select(table.c.fields).where(counted).order_by(table.c.id.desc()).limit(limit)).scalars()
    return [{name: (filled, rows) for name, (filled, rows) in fields.items()} for fields in found]


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
    return keys_known(db, source, "contract")


def keys_known(db: Connection, source: str, noun: str) -> set[str]:
    """Keys of everything of a noun that the source ever named."""
    table = version_table(noun)
    return set(db.execute(select(table.c.id).where(table.c.source == source).distinct()).scalars())


def contracts_updated(db: Connection, source: str) -> dict[str, date]:
    """The day of a source's latest word on each contract; days that had not come when it was said are no days of that sort."""
    table = version_table("contract")
    newest = select(func.max(table.c.seq)).where(table.c.source == source).group_by(table.c.id)
    query = select(table.c.id, table.c.updated_on, table.c.recorded_at).where(
        table.c.seq.in_(newest), table.c.updated_on.is_not(None)
    )
    return {key: day for key, day, recorded in db.execute(query) if day <= recorded.date()}


def record(
    db: Connection, head: EditionHead, rows: Sequence[Incoming], *, refused: Sequence[RefusedCell], complete: bool
) -> Counts:
    """Add the versions one edition brings: new, changed, returned, and, where it lists everything, vanished.

    A row refused today leaves its last good version in force: it was seen, so it has not vanished.
    """
    edition_id = _add_edition(db, head)
    totals = dict.fromkeys(("rows", "new", "changed", "returned", "vanished"), 0)
    stamp = {"edition_id": edition_id, "source": head.source, "recorded_at": head.recorded_at}
    with duckdb.connect() as local:  # one for all nouns: to open it takes longer than to compare a few rows
        for incoming in rows:
            versions, counted = _differences(db, local, incoming, source=head.source, complete=complete)
            for name, number in counted.items():
                totals[name] += number
            totals["rows"] += incoming.good.num_rows
            _insert(db, version_table(incoming.noun), versions, stamp)
    if refused:
        cells = [
            {"edition_id": edition_id, "noun": cell.noun, "row": cell.row, "field": kept(cell.field),
             "value": cell.value and kept(cell.value), "reason": kept(cell.reason)} for cell in refused
        ]  # fmt: skip
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


def sources_seen(db: Connection, known_at: datetime, zone: tzinfo) -> list[dict[str, Any]]:
    """One row a source, as of an instant: newest edition, last one that changed anything, refused rows of the newest."""
    table = table_of(Edition)
    by_then = table.c.recorded_at <= known_at
    out = []
    for source in sorted(db.execute(select(table.c.source).where(by_then).distinct()).scalars()):
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


def last_edition_at(db: Connection, known_at: datetime) -> datetime | None:
    """The instant (UTC) of the last edition of anything that was known by one; None where nothing was."""
    table = table_of(Edition)
    found: datetime | None = db.execute(
        select(func.max(table.c.recorded_at)).where(table.c.recorded_at <= known_at)
    ).scalar_one()
    return found


def quarantined(db: Connection, source: str | None = None) -> list[dict[str, Any]]:
    """Refused cells of each source's newest edition. One row a cell; in the order of the source."""
    edition, cell = table_of(Edition), table_of(Quarantine)
    newest = select(func.max(edition.c.id)).group_by(edition.c.source)
    query = (
        select(edition.c.source, cell.c.noun, cell.c.row, cell.c.field, cell.c.value, cell.c.reason)
        .join(edition, edition.c.id == cell.c.edition_id)
        .where(edition.c.id.in_(newest))
        .order_by(cell.c.id)
    )
    if source is not None:
        query = query.where(edition.c.source == source)
    # Sorted here: a server may be set to sort as some language does, and SQLite sorts by bytes.
    return sorted((dict(row) for row in db.execute(query).mappings()), key=itemgetter("source"))


def _add_edition(db: Connection, head: EditionHead) -> int:
    fields = None if head.fields is None else {name: list(counts) for name, counts in head.fields.items()}
    values = {
        "run_id": head.run_id, "source": head.source, "recorded_at": head.recorded_at, "reader_hash": head.reader_hash,
        "etag": head.etag, "last_modified": head.last_modified, "partial": head.partial, "watermark": head.watermark,
        "fields": fields, "rows": 0, "changed": 0, "vanished": 0, "quarantined": 0,
    }  # fmt: skip
    inserted = db.execute(insert(table_of(Edition)).values(**values)).inserted_primary_key
    assert inserted is not None
    for page, name in enumerate(head.payloads, start=1):
        db.execute(insert(table_of(EditionPayload)).values(edition_id=inserted[0], page=page, sha256=name))
    return int(inserted[0])


def _differences(
    db: Connection, local: duckdb.DuckDBPyConnection, incoming: Incoming, *, source: str, complete: bool
) -> tuple[pa.Table, dict[str, int]]:
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
    for name, known_rows in (("good", incoming.good), ("seen", incoming.seen), ("latest", latest)):
        local.register(name, known_rows)
    local.execute(
        f"create or replace table added as select {fields}, false as gone, "
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
