"""`lvyue doctor`: what it sees on real offices that are well, and on those where something is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from monitor.config import load
from monitor.store import Store, runs
from monitor.store.lock import exclusive
from tests.notify.post_office import open_office
from tests.office import CORE, Office, config, source

MAPPING = "create view contract as select id, title, source_row from raw;"


def told(office: Office) -> tuple[int, dict[str, str]]:
    """The exit code, and the state of each finding."""
    said = office.lvyue("doctor", "--json")
    return said.code, {one["name"]: one["state"] for one in json.loads(said.out)}


def an_office(folder: Path, *blocks: str) -> Office:
    made = Office(folder, config(CORE, *blocks))
    made.ok("check")
    return made


def not_good(office: Office) -> tuple[int, dict[str, str]]:
    """All but what is good, and what a new office has not done yet."""
    code, states = told(office)
    return code, {name: state for name, state in states.items() if state != "good" and name not in ("scan", "backup")}


def test_a_new_office_is_well_and_reads_so_in_both_languages(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    before = office.contents(but=())
    code, states = told(office)
    assert code == 0
    assert states.keys() >= {
        "program", "config", "font", "store", "clock", "idle", "disk", "outbox", "parked", "scan", "backup", "no_models",
        "eml", "calendar", "rules",
    }  # fmt: skip
    assert {name for name, state in states.items() if state != "good"} == {"scan", "backup"}
    english, chinese = (" ".join(office.ok("--lang", lang, "doctor").out.split()) for lang in ("en", "zh"))
    assert "The database is sqlite of schema" in english
    assert "完整性检查通过" in chinese
    assert office.contents(but=()) == before, "it writes nothing"


def test_a_source_that_never_answered_is_a_fault_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "r.sql").write_text(MAPPING, encoding="utf-8")
    office = an_office(tmp_path, source("register", "r.csv", "r.sql"))
    assert not_good(office) == (4, {"source register": "fault"})
    (tmp_path / "r.csv").write_text("id,title\nA,Road\n", encoding="utf-8")
    office.ok("pull")
    assert not_good(office) == (0, {})


def test_a_damaged_database_is_a_fault_and_the_rest_is_told_all_the_same(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    content = bytearray(office.database.read_bytes())
    root = 4096 * (office.rows("select rootpage from sqlite_master where name = 'ix_letter_state'")[0][0] - 1)
    content[root : root + 64] = b"\xff" * 64
    for path in office.database.parent.glob("lvyue.db-*"):
        path.unlink()
    office.database.write_bytes(content)
    code, states = told(office)
    assert code == 6
    assert "fault" in (states.get("damaged"), states.get("database"))
    assert states["rules"] == "good"
    office.database.unlink()
    code, states = told(office)
    assert (code, states["database"]) == (8, "fault")


def test_a_clock_behind_the_ledger_is_a_fault(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    ahead = datetime(2199, 1, 1, tzinfo=UTC)
    with Store(office.database).writing() as db:
        runs.finish(db, runs.start(db, "deliver", at=ahead), "ok", at=ahead, counts={})
    assert not_good(office) == (8, {"clock_behind": "fault"})


def test_the_mail_server_is_greeted_and_gets_no_letter(tmp_path: Path) -> None:
    with open_office() as server:
        office = an_office(
            tmp_path, f'[mail.smtp]\nhost = "127.0.0.1"\nport = {server.port}\nstarttls = "never"'
        )  # fmt: skip
        assert not_good(office) == (0, {})
        assert (server.senders, server.taken) == ([], [])
    assert not_good(office) == (9, {"no_mail": "fault"})


def test_somebody_at_work_is_no_fault(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    with exclusive(load(office.path, {}).state):
        code, states = told(office)
    assert (code, states["working"]) == (0, "good")


def test_a_rule_that_cannot_be_used_is_a_fault_and_a_year_without_a_calendar_wants_an_eye(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    pack = tmp_path / "shelf" / "own"
    pack.mkdir(parents=True)
    (pack / "pack.toml").write_text('name = { zh = "自有", en = "Own" }', encoding="utf-8")
    (pack / "OWN-01.toml").write_text("id = 1", encoding="utf-8")
    office.write(config('[shelves]\nrules = ["shelf"]', country="CN"))
    code, states = told(office)
    assert (code, states["no_rules"]) == (3, "fault")
    assert states.get("no_calendar", "caution") == "caution", "next year's is published late in this one"
