"""What happened to warnings cannot be altered unnoticed: the database refuses, and the chain tells who went around it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

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
            "drop trigger if exists alert_event_no_update",
            "drop trigger if exists alert_event_no_delete",
            *statements,
        ):
            db.execute(statement)
        db.commit()


def head(office: Office) -> str:
    return office.ok("audit", "verify").out.split()[-1]


def test_a_chain_nobody_touched_is_whole(office: Office) -> None:
    assert office.ok("audit", "verify").out.startswith("4 events, all as they were written; head ")
    office.ok("alerts", "handle", "1", "--by", "王芳", "--note", "已联系")
    assert office.ok("audit", "verify").out.startswith("5 events")


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
    said = office.lvyue("audit", "verify")
    assert said.code == 6
    assert words in " ".join(said.err.split())


def test_a_tail_that_was_cut_off_is_missed_by_who_wrote_the_head_down(office: Office) -> None:
    written_down = head(office)
    behind_our_back(office, "delete from alert_event where id = 4", "update alert set state = 'open' where id = 1")
    office.ok("audit", "verify")
    said = office.lvyue("audit", "verify", "--expect", written_down)
    assert (said.code, "does not hold" in said.err) == (6, True)


def test_a_state_that_no_event_tells_of_is_named(office: Office) -> None:
    with contextlib.closing(sqlite3.connect(office.database)) as db:
        db.execute("update alert set state = 'closed', outcome = 'prevented' where id = 2")
        db.commit()
    said = office.lvyue("audit", "verify")
    assert (said.code, "YJ-2026-00002" in said.err) == (6, True)


def test_an_earlier_head_is_still_there_when_the_chain_has_grown(office: Office) -> None:
    written_down = head(office)
    office.ok("alerts", "handle", "1", "--by", "王芳", "--note", "已联系")
    office.ok("audit", "verify", "--expect", written_down[:16])


def test_anchors_kept_elsewhere_tell_of_a_chain_that_was_cut_or_written_anew(office: Office, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "anchors.jsonl"
    office.ok("audit", "anchor", "--output", str(elsewhere))
    office.ok("alerts", "handle", "1", "--by", "王芳", "--note", "已联系")
    office.ok("audit", "anchor", "--output", str(elsewhere))
    assert (
        "5 events, all as they were written; 2 anchors hold"
        in office.ok("audit", "verify", "--anchors", str(elsewhere)).out
    )
    written_anew(office, 4, "nobody")
    office.ok("audit", "verify")
    said = office.lvyue("audit", "verify", "--anchors", str(elsewhere))
    assert (said.code, "after event 4 the chain stands at" in " ".join(said.err.split())) == (6, True)
    cut = office.lvyue("audit", "verify", "--anchors", str(kept(tmp_path, elsewhere, last=True)))
    assert cut.code == 6
    behind_our_back(
        office, "delete from alert_event where id = 5", "update alert set state = 'acknowledged' where id = 1"
    )
    said = office.lvyue("audit", "verify", "--anchors", str(kept(tmp_path, elsewhere, last=True)))
    assert (said.code, "the chain has 4 events; on" in " ".join(said.err.split())) == (6, True)


def written_anew(office: Office, number: int, actor: str) -> None:
    """Somebody who knows how hashes are made: every link after the change fits again."""
    events = [json.loads(line) for line in office.ok("audit", "export").out.splitlines()]
    events[number - 1]["actor"] = actor
    before, changes = "0" * 64, [f"update alert_event set actor = '{actor}' where id = {number}"]
    for event in events:
        its_own = rehashed(before, event)
        changes.append(
            f"update alert_event set previous_hash = '{before}', hash = '{its_own}' where id = {event['id']}"
        )
        before = its_own
    behind_our_back(office, *changes)


def kept(folder: Path, anchors: Path, *, last: bool) -> Path:
    """One of the anchors in a file of its own."""
    file = folder / "one.jsonl"
    file.write_text(anchors.read_text(encoding="utf-8").splitlines(keepends=True)[-1 if last else 0], encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "text", ["", "no json\\n", '{"events": 1}\\n', '{"events": 1, "head": "x", "taken_at": "soon"}\\n']
)
def test_what_is_no_anchor_is_said_with_its_line(office: Office, tmp_path: Path, text: str) -> None:
    (tmp_path / "anchors").write_text(text, encoding="utf-8")
    said = office.lvyue("audit", "verify", "--anchors", str(tmp_path / "anchors"))
    assert (said.code, "audit anchor" in said.err) == (2, True)
    before = (tmp_path / "anchors").read_bytes()
    if text:
        assert office.lvyue("audit", "anchor", "-o", str(tmp_path / "anchors")).code == 2, "it is somebody else's file"
    assert (tmp_path / "anchors").read_bytes() == before


HASHED = (
    "alert_id", "run_id", "happened_on", "happened_at", "kind", "before", "after", "actor", "reason", "state", "detail",
)  # fmt: skip


def rehashed(before: str, event: dict[str, Any]) -> str:
    """As the help of `audit export` says, written by somebody who never saw the program."""
    return hashlib.sha256(json.dumps([before, *(event[name] for name in HASHED)], sort_keys=True).encode()).hexdigest()


def test_a_stranger_can_go_through_an_exported_chain(office: Office, tmp_path: Path) -> None:
    office.ok("audit", "export", "-o", str(tmp_path / "chain.jsonl"))
    lines = (tmp_path / "chain.jsonl").read_text(encoding="utf-8").splitlines()
    assert office.ok("audit", "export").out.splitlines() == lines
    before = "0" * 64
    for event in map(json.loads, lines):
        assert event["previous_hash"] == before
        assert (before := rehashed(before, event)) == event["hash"]
    assert (len(lines), before) == (4, head(office))
    assert json.loads(lines[3])["actor"] == "王芳"
