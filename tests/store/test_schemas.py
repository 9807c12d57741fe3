"""A database of every schema there ever was opens: each row stays, and a kill on the way changes nothing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from monitor.domain.errors import IntegrityError
from monitor.domain.nouns import NOUNS
from monitor.domain.place import Place, Server
from monitor.store import Store, backup, schema
from monitor.store.db import engine
from monitor.store.health import examined
from monitor.store.restore import restore
from tests.postgres import Postgres
from tests.store import rows
from tests.store.schemas import AT, HERE, unpacked

REVISIONS = sorted(path.name.partition(".")[0] for path in HERE.glob("*.db.gz"))


def counted(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute("select name from sqlite_master where type = 'table'")]
        names = [name for name in names if name != "leader"]  # of a service, not of the office
        return {name: db.execute(f"select count(*) from {name}").fetchone()[0] for name in names}


def hashes(path: Path) -> list[tuple[str, str]]:
    """What each version says it holds."""
    with closing(sqlite3.connect(path)) as db:
        tables = {f"{noun}_version" for noun in NOUNS} & set(counted(path))
        return [
            row for name in sorted(tables) for row in db.execute(f"select id, content_hash from {name} order by seq")
        ]


def hashes_of(store: Store) -> list[tuple[str, str]]:
    names = sorted(f"{noun}_version" for noun in NOUNS)
    told = [row for name in names for row in rows(store, f"select id, content_hash from {name} order by seq")]
    return [(row["id"], row["content_hash"]) for row in told]


def on_server(file: Path, server: Server, revision: str) -> Server:
    """The same database as it would be on PostgreSQL."""
    with schema.changing(engine(server)) as target, backup.opened_file(file) as source:
        schema.upgrade(target, server, to=revision)
        backup.poured(source, target)
    return server


def test_every_schema_has_its_file() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert sorted(script.revision for script in scripts.walk_revisions()) == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_an_earlier_schema_keeps_every_row_on_both(
    revision: str, tmp_path: Path, postgres: Postgres
) -> None:
    path = unpacked(revision, tmp_path)
    counts, told = counted(path), hashes(path)
    behind = revision != schema.head()
    if behind:
        with pytest.raises(IntegrityError, match="lvyue db upgrade"):
            Store(path, migrate=False)
    store = Store(path)
    assert (store.migrated is not None) == behind
    health = examined(store)
    assert {name: number for name, number in health.rows.items() if name in counts} == {
        name: number for name, number in counts.items() if name != "alembic_version"
    }
    kept = [one for one in hashes_of(store) if one[0] in dict(told)]
    assert revision == "0001" or kept == told  # 0002 gave every row another hash
    if store.migrated is not None:
        assert backup.inspected(store.migrated.kept).schema == store.migrated.before == revision
    if store.migrated is not None and revision == REVISIONS[0]:  # the longest way
        again = restore(postgres.empty(tmp_path / "server"), store.migrated.kept, replace=False, at=AT)
        assert (again.health.rows, again.health.head) == (health.rows, health.head)


def test_a_server_of_an_earlier_schema_is_brought_up_and_kept_as_it_was(tmp_path: Path, postgres: Postgres) -> None:
    file = unpacked("0003", tmp_path)
    counts = counted(file)
    theirs = Store(on_server(file, postgres.empty(tmp_path / "server"), "0003"))
    assert theirs.migrated is not None
    assert counted(theirs.migrated.kept) == counts
    assert backup.inspected(theirs.migrated.kept).schema == "0003"
    (tmp_path / "ours").mkdir()
    ours = Store(unpacked("0003", tmp_path / "ours"))
    assert examined(theirs) == examined(ours)
    assert hashes_of(theirs) == hashes_of(ours)


KILLED = """
import json, os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
from monitor.domain.place import Server
from monitor.store import Store

point, place = sys.argv[1], json.loads(sys.argv[2])

@event.listens_for(Engine, "before_cursor_execute")
def kill(connection, cursor, statement, *rest):
    if point.lower() in statement.lower():
        os.kill(os.getpid(), signal.SIGKILL)

Store(Server(place[0], Path(place[1])) if len(place) == 2 else Path(place[0]), create=True)
"""


def killed(place: Place, point: str) -> None:
    """A real process, killed while it changes the schema."""
    named = [place.setting, str(place.state)] if isinstance(place, Server) else [str(place)]
    done = subprocess.run([sys.executable, "-c", KILLED, point, json.dumps(named)], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()


LOOKS = {
    "sqlite": (
        'select m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk from sqlite_master m, pragma_table_info(m.name) c',
        "select name, lower(replace(replace(sql, '\"', ''), ' ', '')) from sqlite_master where type in ('index', 'trigger')",
    ),
    "postgresql": (
        "select table_name, column_name, data_type, is_nullable, column_default, identity_generation "
        "from information_schema.columns where table_schema = 'public'",
        "select indexname, indexdef from pg_indexes where schemaname = 'public'",
        "select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace",
        "select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
        "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace",
        "select relname from pg_class where relkind = 'S'",
    ),
}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_new_database_is_what_every_step_since_the_first_makes(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    looks = []
    for name, create in (("all at once", schema.make), ("step by step", lambda db: schema.upgrade(db, tmp_path))):
        place = tmp_path / f"{name}.db"
        place.touch()
        server = request.getfixturevalue("postgres").empty(tmp_path / name) if kind == "postgresql" else None
        with schema.changing(engine(server or place)) as db:
            create(db)
            looks.append([sorted(map(str, db.exec_driver_sql(query).all())) for query in LOOKS[kind]])
            assert schema.differences(db) == []
            assert schema.of(db, tmp_path) == schema.head()
    assert all(looks[0])
    assert looks[0] == looks[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def earlier(request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres) -> Callable[[str], Place]:
    """A database of an earlier schema; of none where it is empty."""

    def made(revision: str) -> Place:
        if not revision:
            return tmp_path / "lvyue.db" if request.param == "sqlite" else postgres.empty(tmp_path)
        file = unpacked(revision, tmp_path)
        return file if request.param == "sqlite" else on_server(file, postgres.empty(tmp_path / "server"), revision)

    return made


def test_a_kill_half_way_changes_nothing_and_the_next_start_goes_all_the_way(earlier: Callable[[str], Place]) -> None:
    place = earlier("0003")
    killed(place, "create trigger alert_event")  # one of the last of some sixty statements
    with engine(place).connect() as db:
        assert schema.of(db, place) == "0003"
    store = Store(place)
    with store.reading() as db:
        assert schema.differences(db) == []
    assert examined(store).rows["alert"] == 3


def test_a_kill_while_a_new_database_is_made_leaves_nothing(earlier: Callable[[str], Place]) -> None:
    place = earlier("")
    killed(place, "create table silence")
    assert examined(Store(place, create=True)).events == 0
