"""What people do about a source: look at it before it counts, say that a loss is real, hear of fields that came or went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.office import CORE, Office, config, source

MAPPING = """
-- optional columns: amount, budget, unit
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
"""
HEADER = "id,title,amount\n"
OPERATOR = '[mail]\noperator = "yunwei@example.invalid"\n'


class Register:
    """An office with one register in a file that its publisher rewrites."""

    def __init__(self, folder: Path, *, rows: int = 5) -> None:
        self.file = folder / "register.csv"
        (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
        block = source("register", self.file.name, "register.sql", complete=True, vanish_limit_percent=50)
        self.office = Office(folder, config(OPERATOR, block, CORE))
        self.says(rows)

    def says(self, rows: int, header: str = HEADER) -> None:
        self.file.write_text(header + "".join(f"N{n},Road {n},{n}.00\n" for n in range(rows)), encoding="utf-8")

    def versions(self) -> dict[str, list[tuple[Any, ...]]]:
        return self.office.contents(but=("run", "payload", "held_pull", "held_payload", "letter"))

    def letters(self) -> list[dict[str, str]]:
        """What the operator was written, in both languages."""
        rows = self.office.rows("select content from letter where kind = 'operator' order by created_at, key")
        return [note for (content,) in rows for note in json.loads(content)["notes"]]

    def last_run(self) -> tuple[str, str, str | None]:
        kind, state, message = self.office.rows("select kind, state, message from run order by id desc limit 1")[0]
        return kind, state, message

    def listed(self) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.office.ok("sources", "list", "--json").out)
        return found[0]


@pytest.fixture
def register(tmp_path: Path) -> Register:
    made = Register(tmp_path)
    made.office.ok("pull")
    return made


def test_most_of_a_register_gone_waits_for_a_person(register: Register) -> None:
    """Tests 20 and 21 of the promises: nobody is told that 60 % of the contracts are over because a server forgot them."""
    before = register.versions()
    register.says(2)
    for _ in range(2):  # and again tomorrow
        said = register.office.lvyue("pull")
        assert said.code == 5
        assert "3 of 5 contracts would vanish" in said.err
        assert "lvyue sources accept register" in said.err
        assert register.last_run()[:2] == ("pull", "waiting")
    assert register.versions() == before
    assert register.listed()["last_pull"] == "waiting"
    notes = register.letters()
    assert len(notes) == 1, "the same loss is one letter"
    assert "缺少3份合同（原有5份）" in notes[0]["zh"]
    assert "3 of 5 known contracts" in notes[0]["en"]


def test_a_loss_that_a_person_vouches_for_is_taken_as_it_was_sent(register: Register) -> None:
    register.says(2)
    assert register.office.lvyue("pull").code == 5
    register.says(1)  # what the publisher says by now does not matter: a person has looked at the other
    said = register.office.ok("sources", "accept", "register", "--by", "王敏", "--reason", "编号改版，已与采购办核实")
    assert "3 vanished" in said.out
    assert register.last_run() == ("accept", "ok", "王敏: 编号改版，已与采购办核实")
    gone = register.office.rows("select id from contract_version where gone order by id")
    assert gone == [("register:N2",), ("register:N3",), ("register:N4",)]
    assert register.office.rows("select state, actor, reason from held_pull") == [
        ("accepted", "王敏", "编号改版，已与采购办核实")
    ]
    again = register.office.lvyue("sources", "accept", "register", "--reason", "x")
    assert (again.code, "nothing waits for a person" in again.err) == (2, True)


def test_what_waited_is_forgotten_when_the_register_is_whole_again(register: Register) -> None:
    register.says(2)
    assert register.office.lvyue("pull").code == 5
    register.says(6)
    assert "1 new" in register.office.ok("pull").out
    assert register.office.rows("select state from held_pull") == [("replaced",)]
    assert register.office.lvyue("sources", "accept", "register", "--reason", "x").code == 2
    assert register.listed()["last_pull"] == "ok"


def test_an_acceptance_without_a_reason_is_none(register: Register) -> None:
    assert register.office.lvyue("sources", "accept", "register").code == 2


def test_a_column_that_is_renamed_is_told_once(register: Register) -> None:
    """Test 20 of the promises: an amount that is no longer sent would look like peace."""
    register.says(5, "id,title,budget\n")
    register.office.ok("pull")
    told = "no longer sent: contract.amount, raw.amount; new: raw.budget"
    assert register.last_run() == ("pull", "ok", told)
    assert register.listed()["fields_changed"].endswith(told)
    register.says(6, "id,title,budget\n")
    register.office.ok("pull")
    assert register.last_run() == ("pull", "ok", None)
    assert register.listed()["fields_changed"].endswith(told), "still the last that changed"
    (note,) = register.letters()
    assert "不再报送contract.amount、raw.amount；新增raw.budget" in note["zh"]
    assert told in note["en"]


def test_coverage_shows_how_full_a_field_is_and_how_that_moved(register: Register) -> None:
    rows = "".join(f"N{n},Road {n},{f'{n}.00' if n < 2 else ''}\n" for n in range(5))
    register.file.write_text(HEADER + rows, encoding="utf-8")
    register.office.ok("pull")
    found = json.loads(register.office.ok("sources", "coverage", "register", "--json").out)
    assert {row["field"]: (row["percent"], row["before"], row["rows"]) for row in found} == {
        "contract.id": (100.0, 100.0, 5), "contract.title": (100.0, 100.0, 5), "contract.currency": (100.0, 100.0, 5),
        "contract.amount": (40.0, 100.0, 5), "raw.id": (100.0, 100.0, 5), "raw.title": (100.0, 100.0, 5),
        "raw.amount": (100.0, 100.0, 5),
    }  # fmt: skip
    assert "contract.amount" in register.office.ok("sources", "coverage", "register").out


def test_check_reads_what_would_come_and_records_nothing(register: Register) -> None:
    before = register.office.contents(but=())
    register.file.write_text("id,title,unit,amount\nN0,Road,A,1.00\nN9,Road,B,much\n", encoding="utf-8")
    found = json.loads(register.office.ok("sources", "check", "register", "--json").out)
    assert found["rows"] == {"contract": 1}
    assert [(refusal["row"], refusal["value"]) for refusal in found["refused"]] == [(2, "much")]
    assert (found["gone"], found["new"]) == ([], ["raw.unit"])
    assert "4 of 5 contracts would vanish" in found["would_wait"]
    shown = register.office.ok("sources", "check", "register").out
    assert "new: raw.unit" in shown
    assert "would wait for a person" in shown
    assert register.office.contents(but=()) == before
    register.file.write_text("<html>", encoding="utf-8")
    assert register.office.lvyue("sources", "check", "register").code == 5
    assert register.office.contents(but=()) == before


def test_the_first_pull_of_a_source_has_nothing_to_compare_with(tmp_path: Path) -> None:
    made = Register(tmp_path)
    assert json.loads(made.office.ok("sources", "check", "register", "--json").out)["new"] == []
    assert made.listed()["last_pull"] is None
    assert json.loads(made.office.ok("sources", "coverage", "register", "--json").out) == []
    made.office.ok("sources", "pull", "register")
    assert made.last_run() == ("pull", "ok", None)
