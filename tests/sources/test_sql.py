"""Test 29 of the promises. Other systems' databases, real ones: what their rows become, and that nothing in them changes."""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import ValidationError

from monitor.domain.errors import ConfigError, RejectedError, SourceError
from monitor.sources import Known, Reading, read
from monitor.sources.sql import SqlSource
from tests import daemon
from tests.daemon.test_work import Clock, slots, worker
from tests.office import CORE, Office, config
from tests.postgres import Postgres

KNOWN = Known(at=datetime(2026, 3, 2, 8, tzinfo=UTC))
TABLES = """
create table contracts(no text, title text, amount numeric(18, 2), signed date, done boolean);
insert into contracts values ('HT-1', '道路 10:30', 1234567890123.45, '2026-03-01', true), ('HT-2', null, null, null, null),
  ('HT-3', 'Bridge', 0.10, '2026-04-01', false);
create table payments(id text, contract text, amount numeric(18, 2));
insert into payments values ('P1', 'HT-1', 5.00);
"""
CONTRACTS = "select no as id, coalesce(title, 'no: name') as title, 'CNY' as currency, amount, signed as signed_on from contracts"
PAYMENTS = "select id, contract as contract_id, 'CNY' as currency, amount from payments"
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select i as id, 'x' as title from n"

CHANGING = {
    "two statements": "select 1 as id; drop table contracts",
    "a drop": "drop table contracts",
    "an update": "update contracts set title = 'x'",
    "a WITH that deletes": "with gone as (delete from contracts returning no) select no as id from gone",
    "SELECT INTO": "select no into other from contracts",
    "a lock": "select no as id from contracts for update",
    "a pragma": "pragma writable_schema = on",
    "an attached file": "attach database 'x.db' as x",
    "a copy": "copy contracts to '/tmp/x'",
    "no SQL": "selec * form contracts",
    "nothing": " -- nothing at all",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Another system's SQLite file."""
    path = tmp_path / "erp.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(TABLES)
    return path


@pytest.fixture(scope="module")
def server(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Another system's PostgreSQL, and a user who may change everything in it."""
    address = postgres.empty(tmp_path_factory.mktemp("theirs")).address()
    with psycopg.connect(address, autocommit=True) as db:
        db.execute(TABLES.encode())
    return address


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that lets everybody in and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://clerk:pass-word@127.0.0.1:{listening.getsockname()[1]}/erp"


def erp(location: str, **settings: Any) -> SqlSource:
    given = {"name": "erp", "location": location} | (
        settings or {"queries": {"contract": CONTRACTS, "payment": PAYMENTS}}
    )
    return SqlSource.model_validate(given)


def pull(source: SqlSource, base: Path) -> Reading:
    return read(source, source.ask(base, KNOWN).pages, base)


def contracts(reading: Reading) -> list[tuple[Any, ...]]:
    rows = reading.nouns["contract"].good.to_pylist()
    return sorted(
        (row["id"], row["title"], row["amount_minor"], row["signed_on"] and row["signed_on"].isoformat())
        for row in rows
    )


SAID = [
    ("erp:HT-1", "道路 10:30", 123456789012345, "2026-03-01"),
    ("erp:HT-2", "no: name", None, None),
    ("erp:HT-3", "Bridge", 10, "2026-04-01"),
]


def test_rows_of_a_sqlite_file(file: Path) -> None:
    found = pull(erp(f"sqlite:///{file.name}"), file.parent)
    # SQLite keeps this NUMERIC as a float; its shortest text is what was written.
    assert contracts(found) == SAID
    assert found.nouns["payment"].good["amount_minor"].to_pylist() == [500]


def test_rows_of_a_postgresql_server(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_URL", server)
    found = pull(erp("env:ERP_URL"), tmp_path)
    assert contracts(found) == SAID
    assert found.nouns["payment"].good["amount_minor"].to_pylist() == [500]


def test_rows_for_a_mapping(file: Path) -> None:
    mapping = (
        "create view contract as select no as id, title, day(signed, '%Y-%m-%d') as signed_on, source_row from raw;"
    )
    (file.parent / "erp.sql").write_text(mapping, encoding="utf-8")
    found = pull(
        erp(
            f"sqlite:///{file}", query="select * from contracts where no <> 'HT-2' order by no desc", mapping="erp.sql"
        ),
        file.parent,
    )
    assert contracts(found) == [
        ("erp:HT-1", "道路 10:30", None, "2026-03-01"),
        ("erp:HT-3", "Bridge", None, "2026-04-01"),
    ]
    assert found.nouns["contract"].good["source_row"].to_pylist() == [1, 2]


def test_the_same_rows_in_another_order_are_the_same_payload(file: Path) -> None:
    source = erp(f"sqlite:///{file}", queries={"contract": CONTRACTS})
    before = source.ask(file.parent, KNOWN).pages[0].sha256
    with closing(sqlite3.connect(file)) as db:
        db.executescript("create table other as select * from contracts order by no desc; drop table contracts;"
                         "alter table other rename to contracts")  # fmt: skip
    assert source.ask(file.parent, KNOWN).pages[0].sha256 == before


@pytest.mark.parametrize("query", CHANGING.values(), ids=CHANGING.keys())
@pytest.mark.parametrize("place", ["file", "server"])
def test_a_query_that_is_more_than_a_question_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, place: str, query: str
) -> None:
    location = f"sqlite:///{request.getfixturevalue('file')}" if place == "file" else request.getfixturevalue("server")
    source = erp(location, queries={"contract": query})
    for refuse in (lambda: source.check(tmp_path), lambda: source.ask(tmp_path, KNOWN)):
        with pytest.raises(ConfigError, match=r"queries\.contract (must be one SELECT|cannot be understood)"):
            refuse()


def test_what_gets_past_the_syntax_meets_a_session_that_only_reads(server: str, tmp_path: Path) -> None:
    """The user may write; a function that writes looks like any other."""
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(
            "create or replace function harmless() returns text language sql as "
            "$$ delete from contracts; select 'x'::text $$"
        )
        db.execute("create sequence if not exists counter")
    for call in ("harmless()", "nextval('counter')", "set_config('transaction_read_only', 'off', false) || harmless()"):
        with pytest.raises(SourceError, match=r"read-only|read-write"):
            erp(server, queries={"contract": f"select {call} as id"}).ask(tmp_path, KNOWN)
    with psycopg.connect(server) as db:
        assert db.execute("select count(*) from contracts").fetchone() == (3,)


def test_a_file_is_opened_for_reading_only(file: Path) -> None:
    """No journal, no lock, no byte changed, where the folder could be written to."""
    before = file.read_bytes()
    pull(erp(f"sqlite:///{file}"), file.parent)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["erp.db"]
    with pytest.raises(SourceError, match="unable to open database file"):
        pull(erp(f"sqlite:///{file.parent}/other.db"), file.parent)
    assert [path.name for path in file.parent.iterdir()] == ["erp.db"]


@pytest.mark.parametrize("place", ["file", "server"])
def test_a_question_without_an_end_is_cut_off(request: pytest.FixtureRequest, tmp_path: Path, place: str) -> None:
    location = f"sqlite:///{request.getfixturevalue('file')}" if place == "file" else request.getfixturevalue("server")
    slow = ENDLESS.replace("from n)", "from n where i < 0 or i > 0)") + " where i < 0"
    quick = {"deadline_seconds": 0.5}
    with pytest.raises(SourceError, match=r"not done within 0\.5 seconds"):
        erp(location, queries={"contract": slow}, limits=quick).ask(tmp_path, KNOWN)
    with pytest.raises(RejectedError, match="more than 10,000 rows"):
        erp(location, queries={"contract": f"{ENDLESS} limit 50000"}, max_rows=10_000).ask(tmp_path, KNOWN)
    with pytest.raises(RejectedError, match="or 100,000 bytes"):
        erp(location, queries={"contract": f"{ENDLESS} limit 50000"}, limits={"max_bytes": 100_000}).ask(
            tmp_path, KNOWN
        )


SECRETIVE = ("clerk:pass-word@127.0.0.1:9/erp", "clerk@127.0.0.1:9/erp?password=pass-word&sslmode=disable")


@pytest.mark.parametrize("place", SECRETIVE, ids=["before the host", "among the options"])
def test_no_verb_and_no_ledger_shows_a_password(tmp_path: Path, place: str) -> None:
    """Neither of a source nor of the office's own database; at this port nobody listens."""
    block = f'[[source]]\nname = "erp"\nkind = "sql"\nlocation = "postgresql://{place}"\n'
    office = Office(tmp_path, config(block + f'[source.queries]\ncontract = "{CONTRACTS}"', CORE))
    said = [office.lvyue(*words) for words in (["pull"], ["sources", "check", "erp"], ["sources", "list", "--json"])]
    office.write(f'database = "postgresql://{place}"\n{office.path.read_text(encoding="utf-8")}')
    said += [office.lvyue("doctor"), office.lvyue("db", "check")]
    assert [one.code for one in said] == [4, 4, 0, 8, 8]
    assert "clerk" in said[0].err
    kept = office.rows("select message from run")
    assert "127.0.0.1" in kept[0][0]
    assert "pass-word" not in f"{said} {kept}"


def test_a_server_that_never_answers_costs_one_pull_and_one_error(silent: str, tmp_path: Path) -> None:
    """Twice the deadline is all it gets; the others are pulled and judged in the same round."""
    asked = f'[[source]]\nname = "erp"\nkind = "sql"\nlocation = "{silent}"\nlimits = {{ deadline_seconds = 0.2 }}\n'
    made = daemon.office(tmp_path, asked + f'[source.queries]\ncontract = "{CONTRACTS}"')
    worker(made, Clock()).work()
    [(_, state, attempts, _, said)] = slots(made, "pull:erp")
    assert (state, attempts) == ("failed", 1)
    assert re.fullmatch(r"postgresql://clerk:\*\*\*@127.0.0.1:\d+/erp: no answer within 0.4 seconds", said)
    assert [slots(made, job)[0][1] for job in ("pull:register", "scan")] == ["ok", "ok"]
    assert made.rows("select state, message from run where source = 'erp'") == [("failed", said)]


def test_no_message_shows_a_password(tmp_path: Path) -> None:
    source = erp("postgresql://clerk:pass-word@127.0.0.1:9/erp")
    with pytest.raises(SourceError) as refusal:
        source.ask(tmp_path, KNOWN)
    assert "clerk:***@127.0.0.1" in refusal.value.message
    assert "pass-word" not in f"{refusal.value} {source!r}"
    with pytest.raises(ConfigError, match="no address of a database") as fault:
        erp("clerk:pass-word").check(tmp_path)
    assert "pass-word" not in str(fault.value)
    with pytest.raises(ConfigError, match="driver"):
        erp("oracle://clerk:pass-word@host/erp").ask(tmp_path, KNOWN)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"query": "select 1"}, "either `query` and `mapping`, or `queries`"),
        ({"mapping": "erp.sql"}, "either `query` and `mapping`, or `queries`"),
        ({"queries": {"contracts": "select 1"}}, "queries.contracts: there is no such noun"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        erp("sqlite:///erp.db", **settings)


def test_an_office_pulls_from_a_database(file: Path, tmp_path: Path) -> None:
    block = (
        f'[[source]]\nname = "erp"\nkind = "sql"\nlocation = "sqlite:///{file.name}"\ncomplete = true\n'
        f'[source.queries]\ncontract = "{CONTRACTS}"\npayment = "{PAYMENTS}"\n'
    )
    office = Office(tmp_path, config(block, CORE))
    assert "4 new" in office.ok("pull").out
    assert "nothing new" in office.ok("pull").out
    assert "erp.db" not in office.ok("check", "--json").out
    office.write(office.path.read_text(encoding="utf-8").replace("from payments", "from payments; drop table payments"))
    said = office.lvyue("check")
    assert (said.code, "queries.payment must be one SELECT" in said.err) == (3, True)
