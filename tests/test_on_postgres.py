"""An office on PostgreSQL: the same story as on SQLite, told in the same words; and the way from one to the other."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.place import Server
from tests.office import CORE, Office, config, source
from tests.postgres import Postgres

MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, 'scheduled' as status, source_row from raw;
"""
HEAD = "id,title,amount,due\n"
EDITIONS = {
    "2026-01-05": "a,学校 School,100.00,2026-01-10\nB,Road,200.00,2026-01-20\nC,,300.00,\nÄ,\"Bridge, 'old'\",,2026-02-01\n",
    "2026-02-02": "a,学校 School,100.00,2026-03-10\nB,Road,200.10,2026-01-20\n中,Quay,1.00,2026-01-30\nÄ,Bridge,,2026-02-01\n",
}
"""Keys that collations of other languages would sort otherwise; a title with an apostrophe; what is empty; a day that moves; a
contract that vanishes."""

RECIPIENT = '[[recipient]]\naddress = "fazhi@example.invalid"\nlang = "zh"\n'
EARLIER = "2026-01-25"


def office_at(folder: Path, database: str) -> Office:
    block = source("register", "register.csv", "register.sql", complete=True)
    told = config(block, RECIPIENT, CORE, country="CN", zone="Asia/Shanghai")
    made = Office(folder, f"database = {json.dumps(database)}\n{told}")
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    return made


@pytest.fixture
def offices(tmp_path: Path, postgres: Postgres) -> tuple[Office, Office]:
    """The same office twice: on SQLite, and on PostgreSQL."""
    server = postgres.empty(tmp_path / "postgresql" / "state")
    return office_at(tmp_path / "sqlite", ""), office_at(tmp_path / "postgresql", server.setting)


def lived(office: Office, editions: int = 2) -> list[str]:
    """Each edition scanned, its letters sent; an acknowledgement; a scan of what changed by it: what was said on the way."""
    said, day = [], ""
    for day, rows in list(EDITIONS.items())[:editions]:
        (office.folder / "register.csv").write_text(HEAD + rows, encoding="utf-8")
        said.append(office.ok("pull", "--published", day).out)
        said.append(office.ok("scan", "--as-of", day, "--json").out)
        said.append(office.ok("deliver", "--json").out)
    said.append(office.ok("alerts", "ack", "1", "--by", "Chen").out)
    said.append(office.ok("scan", "--changed", "--as-of", day, "--json").out)
    return said


def asked(office: Office) -> list[str]:
    """What an auditor asks: of a past day as it was known then, of one warning, of the ledger with the hash of all facts."""
    shown = json.loads(office.ok("alerts", "show", "1", "--json").out)
    runs = json.loads(office.ok("runs", "list", "--json").out)
    for row in (*shown["history"], *runs):
        for clock in ("started_at", "finished_at", "happened_at", "hash", "previous_hash"):
            row.pop(clock, None)
    report = office.ok("report", "portfolio", "--as-of", EARLIER, "--format", "json").out
    return [report, json.dumps([shown["history"], runs], sort_keys=True), *given_away(office)]


def given_away(office: Office) -> list[str]:
    """Reports, a question of one's own and a supposition about a past day, and what is written for other programs."""
    said = [
        office.ok("report", name, "--as-of", EARLIER, "--format", "csv").out
        for name in ("payments", "coverage", "slippage", "year")
    ]
    past = ("--as-of", EARLIER)
    said.append(
        office.ok("query", "select id, title, amount from fact_contract order by id", *past, "--format", "json").out
    )
    said.append(office.ok("whatif", "B", "--set", "obligation.due_on=2026-09-01", *past, "--format", "html").out)
    said.append(office.ok("export", "ocds", *past).out)
    said.append(office.ok("export", "ical", *past).out)
    ledger = office.folder / "ledger.xlsx"
    office.ok("export", "ledger", str(ledger), *past)
    return [*said, hashlib.sha256(ledger.read_bytes()).hexdigest()]


def tables(file: Path, *, but: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Every row of a backup, by the names of its columns: their order is that of the database's age."""
    with closing(sqlite3.connect(file)) as db:
        db.row_factory = sqlite3.Row
        names = [row[0] for row in db.execute("select name from sqlite_master where type = 'table' order by name")]
        found = {name: [dict(row) for row in db.execute(f"select * from {name}")] for name in names if name not in but}
    return {name: sorted((sorted(row.items()) for row in rows), key=repr) for name, rows in found.items()}


def test_an_office_on_postgresql_says_and_keeps_what_one_on_sqlite_does(offices: tuple[Office, Office]) -> None:
    ours, theirs = offices
    assert lived(ours) == lived(theirs)
    assert asked(ours) == asked(theirs)
    hashes = ours.rows("select facts_hash from run where facts_hash is not null")
    assert len(set(hashes)) == 2  # the third scan is of what changed, and of that there is no hash
    assert not theirs.database.exists()
    kept = [office.folder / "backup.db" for office in offices]
    for office, file in zip(offices, kept, strict=True):
        office.ok("db", "backup", str(file))
        office.ok("db", "check")
    of_clocks = ("run", "letter", "alert_event", "payload", "alert")
    assert tables(kept[0], but=of_clocks) == tables(kept[1], but=of_clocks)


def test_an_office_moves_to_postgresql_and_back_by_its_backups(offices: tuple[Office, Office]) -> None:
    ours, theirs = offices
    lived(ours, 1)
    before, first = asked(ours), ours.folder / "first.db"
    head = json.loads(ours.ok("db", "check", "--json").out)["head"]
    ours.ok("db", "backup", str(first))
    assert head in theirs.ok("db", "restore", str(first)).out
    assert asked(theirs) == before
    refused = theirs.lvyue("db", "restore", str(first))
    assert refused.code == 2
    assert "--yes" in refused.err
    theirs.ok("alerts", "assess", "1", "--note", "seen", "--by", "Chen")  # its sequences go on
    after, second = asked(theirs), ours.folder / "second.db"
    assert after != before
    theirs.ok("db", "backup", str(second))
    said = ours.ok("db", "restore", str(second), "--yes").err
    assert asked(ours) == after
    replaced = next((ours.folder / "state" / "backups").glob("replaced-*.db"))
    assert str(replaced) in said.replace("\n", "")
    kept, made = tables(replaced), tables(first)
    assert len(kept.pop("run")) == len(made.pop("run")) + 1, "that the first backup was made"
    assert kept == made
    put_back = tables(ours.database)
    assert put_back.pop("leader"), "whoever led before leads no more"
    given = tables(second)
    assert given.pop("leader")
    assert given == put_back


def test_a_secret_address_is_shown_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "postgresql://lvyue:rosebud@/contracts?host=/nowhere"
    monkeypatch.setenv("LVYUE_TEST_DATABASE", secret)
    for setting in (secret, "env:LVYUE_TEST_DATABASE", "mysql://lvyue:rosebud@host/contracts"):
        office = office_at(tmp_path / str(len(setting)), setting)
        for verb in (("check", "--json"), ("pull",), ("db", "check"), ("db", "backup"), ("-v",)):
            said = office.lvyue(*verb)
            assert said.code in (2, 3, 8), said
            assert "rosebud" not in said.out + said.err
    assert "rosebud" not in str(Server(secret, tmp_path))
