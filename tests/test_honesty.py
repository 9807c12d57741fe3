"""Ways in which a monitor could deceive its office, each tried: by forgetting, by rewriting, by mixing, by closing too soon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from monitor import demo
from monitor.domain.errors import UsageError
from tests.office import CORE, Office, config, source

MAPPING = """
create view unit as select distinct unit as id, unit as name from raw;
create view contract as
select distinct id, 'Contract ' || id as title, unit as unit_id, 'CNY' as currency, '1000.00' as amount,
    state as status, heard as updated_on
from raw;
create view obligation as
select id || '/1' as id, id as contract_id, what as title, due as due_on, done as done_on, status, source_row from raw;
"""
HEAD = "id,unit,state,heard,what,due,done,status\n"
RECIPIENTS = """
[[recipient]]
address = "one@example.invalid"
lang = "en"
units = ["One"]
[[recipient]]
address = "two@example.invalid"
lang = "en"
units = ["Two"]
"""


def row(
    contract: str = "A", *, unit: str = "One", heard: str = "", what: str = "Roof", due: str = "2024-03-01", done: str = "",
    status: str = "scheduled",
) -> str:  # fmt: skip
    return f"{contract},{unit},active,{heard},{what},{due},{done},{status}\n"


class Register:
    """An office whose register can say something new on another day."""

    def __init__(self, folder: Path, mapping: str = MAPPING, head: str = HEAD) -> None:
        self.head = head
        (folder / "r.sql").write_text(mapping, encoding="utf-8")
        block = source("r", "r.csv", "r.sql", complete=True, vanish_limit_percent=100)
        self.office = Office(folder, config(block, RECIPIENTS, CORE, country="CN", zone="Asia/Shanghai"))

    def says(self, day: str, *rows: str) -> None:
        (self.office.folder / "r.csv").write_text(self.head + "".join(rows), encoding="utf-8")
        self.office.ok("pull", "r", "--published", day)

    def scanned(self, day: str) -> dict[str, int]:
        changes: dict[str, int] = json.loads(self.office.ok("scan", "--as-of", day, "--json").out)["changes"]
        return changes

    def events(self, rule: str, day: str) -> list[str]:
        """What happened to a rule's warnings on a day."""
        query = (
            "select e.kind from alert_event e join alert a on a.id = e.alert_id "
            "where a.rule = ? and e.happened_on = ? order by e.id"
        )
        return [found[0] for found in self.office.rows(query, rule, day)]

    def report(self, day: str, *more: str) -> dict[str, Any]:
        words = ("report", "portfolio", "--as-of", day, "--format", "json", *more)
        found: dict[str, Any] = json.loads(self.office.ok(*words).out)
        return found


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(tmp_path)


def test_to_vanish_is_no_news_and_closes_nothing(register: Register) -> None:
    """A contract nobody reported on for 80 days has its yellow warning (GEN-DL-03); it does not lose it by vanishing."""
    register.says("2024-01-01", row(due="2024-12-01"), row("B", due="2024-12-01"))
    register.scanned("2024-03-21")
    silent = "select level, closed_on from alert where rule = 'GEN-DL-03' and contract_id = 'r:A'"
    assert register.office.rows(silent) == [("yellow", None)]
    register.says("2024-03-22", row("B", due="2024-12-01"))
    register.scanned("2024-03-23")
    assert register.office.rows(silent) == [("yellow", None)]
    assert [gone["id"] for gone in register.report("2024-03-23")["vanished"]] == ["r:A"]
    assert register.report("2024-03-21", "--known-at", "2024-03-23")["vanished"] == []  # not yet gone on that day


def test_a_report_of_a_past_day_does_not_change_with_later_scans(register: Register) -> None:
    register.says("2024-01-01", row())
    register.scanned("2024-03-02")
    before = register.report("2024-03-18")
    register.scanned("2024-03-18")
    assert register.report("2024-03-18") == before
    register.says("2024-04-20", row(done="2024-04-19", status="met"))
    register.scanned("2024-04-25")
    assert register.report("2024-03-18") == before


def test_what_was_red_once_does_not_close_by_itself(register: Register) -> None:
    """Moving the day away lowers a red warning; doing the work then clears it; only a person may close it."""
    register.says("2024-01-01", row())
    register.scanned("2024-04-05")
    register.says("2024-04-06", row(due="2024-04-20"))
    register.scanned("2024-04-06")
    assert register.events("GEN-DL-01", "2024-04-06") == ["lowered"]
    register.says("2024-04-08", row(due="2024-04-20", done="2024-04-07", status="met"))
    register.scanned("2024-04-08")
    assert register.office.rows("select level, peak, cleared_on, closed_on from alert where rule = 'GEN-DL-01'") == [
        ("yellow", "red", "2024-04-08", None)
    ]


def test_a_breach_the_source_admits_is_a_breach(register: Register) -> None:
    register.says("2024-01-01", row(status="notMet"))
    register.scanned("2024-04-05")
    assert register.office.rows("select level from alert where rule = 'GEN-DL-01'") == [("red",)]


def test_a_correction_of_a_dated_edition_is_known_from_the_day_it_was_read(register: Register) -> None:
    register.says("2024-01-01", row(due="2024-06-01"))
    before = register.report("2024-03-02")
    register.says("2024-01-01", row(due="2024-02-01"))
    assert register.report("2024-03-02") == before
    today = register.office.rows("select max(recorded_at) from edition")[0][0][:10]
    assert today > "2024-03-02"


def test_a_warning_whose_day_moves_within_its_level_says_the_new_day(register: Register) -> None:
    register.says("2024-01-01", row(due="2024-01-05"))
    register.scanned("2024-03-12")
    register.says("2024-03-13", row(due="2024-01-20"))
    register.scanned("2024-03-13")
    assert register.events("GEN-DL-01", "2024-03-13") == ["updated"]
    listed = json.loads(register.office.ok("alerts", "list", "--json").out)
    mine = next(alert for alert in listed if alert["rule"] == "GEN-DL-01")
    assert (mine["finding"]["due"], mine["level"]) == ("2024-01-20", "red")
    assert "53 days late" in " ".join(register.office.ok("alerts", "list").out.split())
    letters = register.office.rows("select content from letter")
    assert sum("GEN-DL-01" in content for (content,) in letters) == 1


def test_after_a_handover_the_letters_go_to_the_new_unit(register: Register) -> None:
    register.says("2024-01-01", row())
    register.scanned("2024-03-02")
    register.says("2024-03-20", row(unit="Two"))
    register.scanned("2024-04-02")
    told = register.office.rows("select recipient, content from letter where kind = 'warning' order by created_at")
    assert [name for name, content in told if "GEN-DL-01" in content] == ["one@example.invalid", "two@example.invalid"]


def test_a_title_that_looks_like_a_day_stays_a_title(register: Register) -> None:
    register.says("2024-01-01", row(what="2024-01-15"))
    register.scanned("2024-03-10")
    said = register.office.rows("select finding from alert where rule = 'GEN-DL-01'")[0][0]
    assert "“2024-01-15”" in json.loads(said)["says"]["en"]


@pytest.mark.parametrize(
    "cell", ["2024-03-31T16:00:00Z", "2024-03-31 23:00:00+02:00", "epoch", "infinity", "0024-03-01"]
)
def test_what_is_no_civil_day_is_refused_not_guessed(register: Register, cell: str) -> None:
    register.says("2024-01-01", row(due=cell), row("B"))
    kept = register.office.rows("select id, due_on from obligation_version")
    assert kept == [("r:B/1", "2024-03-01")]
    assert cell in register.office.ok("sources", "quarantine").out


def test_what_belongs_to_a_vanished_contract_is_still_taken_in(tmp_path: Path) -> None:
    mapping = MAPPING.replace(
        "from raw;\ncreate view obligation", "from raw where unit <> 'gone';\ncreate view obligation"
    )
    register = Register(tmp_path, mapping)
    register.says("2024-01-01", row(), row("B"))
    register.says("2024-02-01", row(unit="gone", due="2024-05-01"), row("B"))
    assert register.office.rows(
        "select due_on from obligation_version where id = 'r:A/1' order by seq desc limit 1"
    ) == [("2024-05-01",)]
    assert register.office.rows("select count(*) from quarantine") == [(0,)]


def test_money_of_two_currencies_is_never_added(tmp_path: Path) -> None:
    mapping = (
        "create view contract as select id, id as title, 'USD' as currency, '1000' as amount, source_row from raw;"
        "create view payment as select id || '/' || source_row as id, id as contract_id, 'government' as side, "
        "'CNY' as currency, '4000' as amount, '4000' as paid, '2024-01-10' as paid_on, source_row from raw;"
    )
    register = Register(tmp_path, mapping, "id,x\n")
    register.says("2024-01-01", "A,1\n")
    found = register.report("2024-02-01")
    assert found["findings"] == []
    money = next(line for line in found["coverage"] if line["rule"] == "GEN-FIN-01")
    assert money["unknown"] == 1


def test_rows_of_a_dated_payload_are_kept_or_refused_never_lost(tmp_path: Path) -> None:
    mapping = (
        "create view unit as select distinct unit as id, unit as name from raw;"
        "create view contract as select id, id as title, unit as unit_id, day as edition_on, source_row from raw;"
        "create view obligation as "
        "select id || '/1' as id, id as contract_id, 'x' as title, day as edition_on, source_row from raw;"
    )
    register = Register(tmp_path, mapping, "id,unit,day\n")
    (tmp_path / "r.csv").write_text("id,unit,day\nA,U,2024-01-01\nB,U,2024-02-01\nC,U,\n", encoding="utf-8")
    register.office.ok("pull", "r")
    assert register.office.rows("select distinct id from contract_version order by 1") == [("r:A",), ("r:B",)]
    assert register.office.rows("select id from unit_version") == [("r:U",)]
    assert register.office.rows("select count(*) from edition") == [(2,)]
    refused = register.office.rows("select noun, field, row from quarantine order by noun")
    assert refused == [("contract", "edition_on", 3), ("obligation", "edition_on", 3)]


def test_days_to_come_are_refused(register: Register) -> None:
    register.says("2024-01-01", row())
    before = register.office.contents()
    assert register.office.lvyue("scan", "--as-of", "2044-01-01").code == 2
    assert register.office.lvyue("pull", "r", "--published", "2044-01-01").code == 5
    assert register.office.lvyue("report", "portfolio", "--as-of", "9999-12-31").code == 2
    assert register.office.contents() == before


def test_check_reads_every_mapping(register: Register) -> None:
    register.says("2024-01-01", row())
    (register.office.folder / "r.sql").write_text("create view contract as selec 1; drop table x", encoding="utf-8")
    said = register.office.lvyue("check")
    assert said.code == 3
    assert "r.sql" in said.err


def test_the_demo_leaves_an_office_of_your_own_alone(register: Register) -> None:
    register.says("2024-01-01", row())
    before = register.office.contents()
    with pytest.raises(UsageError, match=r"office of your own"):
        demo.play(register.office.folder, console=Console(), say=print, lang="en")
    assert register.office.contents() == before


def test_the_config_may_be_named_by_the_environment(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    register.says("2024-01-01", row())
    monkeypatch.setenv("LVYUE_CONFIG", str(register.office.path))
    monkeypatch.setenv("LVYUE_RULES__PACKS", "core")
    assert "8 rules" in register.office.ok("check").out
    monkeypatch.setenv("LVYUE_MAIL__STORM_OVER", "many")
    assert "environment: mail.storm_over" in register.office.lvyue("check").err
