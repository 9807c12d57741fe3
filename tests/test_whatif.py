"""`lvyue whatif`: what brings a contract's grade down, and nothing is changed by asking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.office import CORE, Office, config, source

MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, 'government' as side, 'Handing over' as title, due as due_on, 'scheduled' as status,
    source_row from raw;
create view payment as
select id || '/p' || n as id, id as contract_id, 'government' as side, 'Part ' || n as title, 'CNY' as currency,
    amount::decimal(18, 2) / 2 as amount, 0 as paid, due as due_on, source_row from raw, (select unnest([1, 2]) as n);
"""
ROWS = "id,title,amount,due\nA,Road,100.00,2026-01-10\nB,Bridge,200.00,2026-09-01\n"
DAY = ("--as-of", "2026-03-01")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("office")
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    (folder / "register.csv").write_text(ROWS, encoding="utf-8")
    office = Office(folder, config(source("register", "register.csv", "register.sql", published="2026-01-31"), CORE))
    office.ok("pull")
    office.ok("scan", *DAY)
    return office


def asked(office: Office, contract: str, *suppositions: str) -> dict[str, Any]:
    words = [word for one in suppositions for word in ("--set", one)]
    told: dict[str, Any] = json.loads(office.ok("whatif", contract, *words, *DAY, "--format", "json").out)
    return told


def outcomes(told: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    rows = told["sections"][1]["tables"][0]["rows"]
    return {(row["rule"], row["title"]): (row["now"], row["then"]) for row in rows}


def test_what_is_done_in_time_is_no_breach(office: Office) -> None:
    before = office.contents(but=())
    told = asked(office, "A", "obligation.done_on=2026-01-09", "obligation.status=met")
    found = outcomes(told)
    assert found["GEN-DL-01", "Handing over"][1] in ("clear", "not applicable")
    assert found["GEN-DL-01", "Handing over"][0] in ("orange", "red")
    assert told["sections"][0]["tables"][0]["rows"] == [
        {"title": "Handing over", "fact": "obligation.done_on", "was": None, "supposed": "9 Jan 2026"},
        {"title": "Handing over", "fact": "obligation.status", "was": "scheduled", "supposed": "met"},
    ]
    assert office.contents(but=()) == before
    assert json.loads(office.ok("report", "portfolio", *DAY, "--format", "json").out)["levels"]["red"] >= 1


def test_what_would_be_late_is_told_as_a_warning_that_comes(office: Office) -> None:
    found = outcomes(asked(office, "B", "obligation.due_on=2026-01-10"))
    assert {before for before, _ in found.values()} <= {"clear", "not applicable", "unknown"}
    assert any(rule == "GEN-DL-01" and after in ("orange", "red") for (rule, _), (_, after) in found.items())


def test_nothing_recorded_is_not_known(office: Office) -> None:
    told = asked(office, "A", "obligation.due_on=")
    assert told["sections"][0]["tables"][0]["rows"][0]["supposed"] is None
    assert all(
        after not in ("orange", "red") for (rule, _), (_, after) in outcomes(told).items() if rule == "GEN-DL-01"
    )


def test_one_of_several_rows_is_named_by_its_key_and_sums_are_whole_units(office: Office) -> None:
    told = asked(office, "A", "A/p2.paid=12.50", "contract.amount=99")
    rows = told["sections"][0]["tables"][0]["rows"]
    assert [(row["title"], row["was"], row["supposed"]) for row in rows] == [
        ("Part 2", "0.00 CNY", "12.50 CNY"), ("Road", "100.00 CNY", "99.00 CNY"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("supposition", "words"),
    [
        ("payment.paid_on=2026-01-05", "there are 2 rows 'payment' say which: register:A/p1, register:A/p2"),
        ("obligation.paid_on=2026-01-05", "a obligation has no 'paid_on' it has: side, kind"),
        ("guarantee.end_on=2026-01-05", "the contract has no 'guarantee' it has: contract, obligation, payment"),
        ("obligation.due_on=soon", "due_on cannot be 'soon'"),
        ("obligation.status=perhaps", "status cannot be 'perhaps'"),
        ("A/p1.paid=1.005", "'1.005' is no sum of CNY"),
        ("A/p1.paid=much", "'much' is no sum of CNY"),
        ("obligation.id=x", "a obligation has no 'id'"),
        ("obligation.title=", "title cannot be ''"),
        ("paid", "this is no supposition"),
    ],
)
def test_what_cannot_be_supposed_is_refused_with_what_can(office: Office, supposition: str, words: str) -> None:
    said = office.lvyue("whatif", "A", "--set", supposition, *DAY)
    assert (said.code, words in " ".join(said.err.split())) == (2, True), said.err


@pytest.mark.parametrize("form", ["json", "html", "xlsx", "pdf"])
def test_its_file_is_verified_as_that_of_any_report(office: Office, tmp_path: Path, form: str) -> None:
    file = tmp_path / f"whatif.{form}"
    words = ("--set", "obligation.done_on=2026-01-09", "--set", 'obligation.title=a "b"\n履约')
    office.ok("whatif", "A", *words, *DAY, "--format", form, "-o", str(file))
    assert office.ok("report", "verify", str(file)).out.startswith("same: whatif as of 2026-03-01")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"set": "{"}, "does not understand set"), ({"set": '["obligation.due_on=soon"]'}, "cannot be 'soon'"),
        ({"set": "[1]"}, "does not understand set"), ({"contract": "Z"}, "there is no contract"),
        ({"unit": "x"}, "is not narrowed by --unit"),
    ],
)  # fmt: skip
def test_what_a_strangers_file_claims_to_suppose_is_not_believed(
    office: Office, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    told, file = asked(office, "A", "obligation.done_on=2026-01-09"), tmp_path / "whatif.json"
    told["proof"]["narrowed"] |= changes
    file.write_text(json.dumps(told), encoding="utf-8")
    said = office.lvyue("report", "verify", str(file))
    assert (said.code, words in " ".join(said.err.split())) == (2, True), said.err
    del told["proof"]["narrowed"]["set"]
    file.write_text(json.dumps(told), encoding="utf-8")
    assert "needs to be told: set" in office.lvyue("report", "verify", str(file)).err


def test_it_reads_on_paper_in_chinese_too(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "whatif.html"
    office.ok(
        "--lang",
        "zh",
        "whatif",
        "A",
        "--set",
        "obligation.done_on=2026-01-09",
        *DAY,
        "--format",
        "html",
        "-o",
        str(file),
    )
    page = file.read_text(encoding="utf-8")
    assert "假设推演" in page
    assert "A Road" in page
    assert "未存入任何数据" in page
