"""What happened to warnings cannot be altered unnoticed: the database refuses, and the chain tells who went around it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.office import CORE, Office, config, source

MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, 'scheduled' as status, source_row from raw;
"""
ROWS = "id,title,amount,due\nA,Road,100.00,2026-03-02\nB,School,200.00,2026-03-20\nC,Bridge,300.00,2026-04-01\n"


BLOCK = source("register", "register.csv", "register.sql", published="2026-02-20")
CONFIG = config(BLOCK, CORE, country="CN", zone="Asia/Shanghai")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three warnings, of which one was acknowledged: four events."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "register.csv").write_text(ROWS, encoding="utf-8")
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    office = Office(folder, CONFIG)
    office.ok("pull")
    office.ok("scan", "--as-of", "2026-03-10")
    office.ok("alerts", "ack", "1", "--by", "王芳")
    return folder


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Office:
    """An office like it, of its own."""
    return Office(shutil.copytree(made, tmp_path / "office"), CONFIG)


def behind_our_back(office: Office, *statements: str) -> None:
    """Somebody with the database file, and the knowledge to drop what stands in the way."""
    with contextlib.closing(sqlite3.connect(office.database)) as db:
        for statement in (
            "drop trigger alert_event_no_update",
            "drop trigger alert_event_no_delete",
            *statements,
        ):
            db.execute(statement)
        db.commit()


def head(office: Office) -> str:
    return office.ok("verify").out.split()[-1]


def test_a_chain_nobody_touched_is_whole(office: Office) -> None:
    assert office.ok("verify").out.startswith("4 events, all as they were written; head ")
    office.ok("alerts", "handle", "1", "--by", "王芳", "--note", "已联系")
    assert office.ok("verify").out.startswith("5 events")


@pytest.mark.parametrize("statement", ["update alert_event set actor = 'nobody'", "delete from alert_event"])
def test_the_database_refuses(office: Office, statement: str) -> None:
    before = office.contents()
    with (
        contextlib.closing(sqlite3.connect(office.database)) as db,
        pytest.raises(sqlite3.IntegrityError, match="only added"),
    ):
        db.execute(statement)
    assert office.contents() == before


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("update alert_event set actor = 'nobody' where id = 4", "event 4 (acknowledged of warning 1"),
        (
            "update alert_event set happened_on = '2026-03-11' where id = 2",
            "event 2 (opened of warning 2 on 2026-03-11)",
        ),
        ('update alert_event set detail = \'{"to": "x"}\' where id = 1', "event 1 (opened of warning 1"),
        ("delete from alert_event where id = 2", "event 3 (opened of warning 3"),
        ("delete from alert_event where id = 1", "event 2 (opened of warning 2"),
    ],
    ids=["who", "when", "what", "one removed", "the first removed"],
)
def test_the_first_broken_link_is_named(office: Office, statement: str, words: str) -> None:
    behind_our_back(office, statement)
    said = office.lvyue("verify")
    assert said.code == 6
    assert words in " ".join(said.err.split())


def test_a_tail_that_was_cut_off_is_missed_by_who_wrote_the_head_down(office: Office) -> None:
    written_down = head(office)
    behind_our_back(office, "delete from alert_event where id = 4", "update alert set state = 'open' where id = 1")
    office.ok("verify")
    said = office.lvyue("verify", "--expect", written_down)
    assert (said.code, "does not hold" in said.err) == (6, True)


def test_a_state_that_no_event_tells_of_is_named(office: Office) -> None:
    with contextlib.closing(sqlite3.connect(office.database)) as db:
        db.execute("update alert set state = 'closed', outcome = 'prevented' where id = 2")
        db.commit()
    said = office.lvyue("verify")
    assert (said.code, "YJ-2026-00002" in said.err) == (6, True)


def test_an_earlier_head_is_still_there_when_the_chain_has_grown(office: Office) -> None:
    written_down = head(office)
    office.ok("alerts", "handle", "1", "--by", "王芳", "--note", "已联系")
    office.ok("verify", "--expect", written_down[:16])
