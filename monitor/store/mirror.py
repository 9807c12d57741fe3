"""The mirror: what is known now as Parquet files beside the database, so that a scan reads columns and not versions.

Derived data: it may be deleted at any time, and is built again. `mirror.json` says how far each noun was read (its highest
`seq`) and in which edition; what came after is read from the database each time and laid over the files, and written into
them when it has grown.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet
from filelock import FileLock, Timeout

from monitor.domain.nouns import NOUNS
from monitor.domain.place import Place
from monitor.domain.portfolio import Layered
from monitor.domain.sandbox import quoted
from monitor.store import reading
from monitor.store.reading import Edition, Reader

GROWN = 0.01
"""Share of changed rows from which files are written anew."""

TABLES = (*NOUNS, "history")


@dataclass(slots=True)
class Mirror:
    """The newest versions by noun. Make one with `opened`."""

    folder: Path
    through: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    generation: dict[str, int] = field(default_factory=dict)
    newer: dict[str, pa.Table] = field(default_factory=dict)
    latest: dict[str, int] = field(default_factory=dict)
    edition: Edition = (0, "")
    """The last one that is known."""

    def knows_all_by(self, known_at: datetime) -> bool:
        """Whether nothing in the store is later than `known_at`: only then is the newest what was known."""
        return self.edition[1] <= known_at.astimezone(UTC).strftime(reading.INSTANT)

    def tables(self) -> dict[str, Layered]:
        """Every noun's rows."""
        return {name: Layered(files=self._files(name), newer=self.newer[name]) for name in TABLES}

    def related(self, contracts: set[str], *, units: set[str], parties: set[str]) -> set[str]:
        """Some contracts, those of some units and parties, and every other contract of the same projects."""
        with duckdb.connect() as db:
            rows = self._layers(db, "contract")
            for name, keys in (("contracts", contracts), ("units", units), ("parties", parties)):
                db.register(name, pa.table({"key": pa.array(sorted(keys), pa.string())}))
            found = db.execute(
                f"with c as ({rows}), near as (select * from c where id in (from contracts) or unit_id in (from units) "
                "or party_id in (from parties)) select id from near union select id from c where project_code in "
                "(select project_code from near)"
            ).fetchall()
        return {row[0] for row in found}

    def _layers(self, db: duckdb.DuckDBPyConnection, name: str) -> str:
        """A query over all rows of a noun."""
        db.register("newer", self.newer[name])
        return Layered(files=self._files(name), newer=self.newer[name]).sql(name, "newer")

    def _files(self, name: str) -> tuple[Path, ...]:
        return tuple(sorted((self.folder / name / str(self.generation[name])).glob("*.parquet")))


def opened(folder: Path, database: Place, zone: tzinfo, *, may_write: bool) -> Mirror | None:
    """The mirror of a database as it is now: built, caught up or just read, whatever is cheapest.

    A mirror of another database, release or time zone, or a damaged one, is thrown away and built anew. Who only reads
    (`may_write` false, or another writes at this moment) gets None where there is none yet.
    """
    if not may_write:
        return _opened(folder, database, zone, may_write=False)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.with_suffix(".lock"), timeout=0):
            return _opened(folder, database, zone, may_write=True)
    except Timeout:
        return _opened(folder, database, zone, may_write=False)


def _opened(folder: Path, database: Place, zone: tzinfo, *, may_write: bool) -> Mirror | None:
    with reading.opened(database, zone) as source:
        identity = {"duckdb": duckdb.__version__, "zone": str(zone), "database": source.identity(), "nouns": _shape()}
        mirror = _found(folder, identity, source)
        if mirror is None and not may_write:
            return None
        if mirror is None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            mirror = Mirror(folder=folder)
            with _writer(mirror) as db:
                for name in TABLES:
                    _write(mirror, name, source, db, whole=True)
            _remember(mirror, identity, source.edition())
        _catch_up(mirror, source, identity, may_write=may_write)
        mirror.latest = {noun: source.last_seq(noun) for noun in NOUNS}
        mirror.edition = source.edition()
    return mirror


def _found(folder: Path, identity: Mapping[str, Any], source: Reader) -> Mirror | None:
    try:
        said = json.loads((folder / "mirror.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if said.get("identity") != identity or not source.has_edition(said["edition"]):  # or a backup was put back
        return None
    mirror = Mirror(folder=folder, through=said["through"], rows=said["rows"], generation=said["generation"])
    return None if any(_counted(mirror, name) != mirror.rows[name] for name in TABLES) else mirror


def _catch_up(mirror: Mirror, source: Reader, identity: Mapping[str, Any], *, may_write: bool) -> None:
    """Read what came since, and write it into the files where it is more than a little."""
    for name in TABLES:
        with source.rows(name, after=mirror.through) as rows:
            mirror.newer[name] = rows.read_all()
    if not may_write:
        return
    grown = {name for name in TABLES if mirror.newer[name].num_rows > max(GROWN * mirror.rows[name], 1000)}
    if grown & {"obligation", "contract", "history"}:  # a history is read by how far they themselves were
        grown |= {"obligation", "contract", "history"}
    if not grown:
        return
    with _writer(mirror) as db:
        for name in sorted(grown):
            _write(mirror, name, source, db, whole=False)
            mirror.newer[name] = mirror.newer[name].slice(0, 0)
    _remember(mirror, identity, source.edition())


def _writer(mirror: Mirror) -> duckdb.DuckDBPyConnection:
    """One for all nouns: to open a database takes longer than to write a small file."""
    settings: dict[str, Any] = {"threads": 2, "memory_limit": "1GB", "temp_directory": str(mirror.folder / "spill")}
    return duckdb.connect(config=settings)


def _write(mirror: Mirror, name: str, source: Reader, db: duckdb.DuckDBPyConnection, *, whole: bool) -> None:
    """One noun's files of a new generation; the old ones stay until `mirror.json` names the new."""
    generation = mirror.generation.get(name, 0) + 1
    home = mirror.folder / name / str(generation)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if whole and source.last_seq(name if name in NOUNS else "contract") == 0:
        pass  # no rows, no files
    elif whole:
        with source.rows(name) as rows:
            db.register("rows", rows)
            _copy(db, "select * from rows", home)
    else:
        _copy(db, mirror._layers(db, name), home)
    mirror.generation[name] = generation
    mirror.rows[name] = _counted(mirror, name)
    if name in NOUNS:
        mirror.through[name] = source.last_seq(name)


def _copy(db: duckdb.DuckDBPyConnection, query: str, home: Path) -> None:
    db.execute(
        f"copy ({query}) to {quoted(home / 'rows.parquet')} (format parquet, compression zstd, row_group_size 122880)"
    )


def _counted(mirror: Mirror, name: str) -> int:
    """Rows in a noun's files; -1 when one of them cannot be read."""
    try:
        return sum(pyarrow.parquet.read_metadata(file).num_rows for file in mirror._files(name))
    except (OSError, pa.ArrowInvalid):
        return -1


def _remember(mirror: Mirror, identity: Mapping[str, Any], edition: Edition) -> None:
    """Name the new files, then let the old go: all but the generation before, which a report may be reading."""
    said = {
        "identity": identity, "edition": edition, "through": mirror.through, "rows": mirror.rows,
        "generation": mirror.generation,
    }  # fmt: skip
    waiting = mirror.folder / "mirror.json.new"
    waiting.write_text(json.dumps(said, indent=1), encoding="utf-8")
    waiting.replace(mirror.folder / "mirror.json")
    for name in TABLES:
        for home in (mirror.folder / name).iterdir():
            if int(home.name) < mirror.generation[name] - 1:
                shutil.rmtree(home)


def _shape() -> dict[str, list[str]]:
    return {noun: list(model.model_fields) for noun, model in NOUNS.items()}
