"""A district's ledger, made up and declared so: a small company waits for its money. Days, articles and sums are the law's."""

from __future__ import annotations

import email
import json
from email import policy
from pathlib import Path

import pytest

from tests.office import Office, config, source

MAPPING = """
create view party as select distinct company as id, company as name, size as size_at_signing, 'yes' as sme_declared from raw;
create view unit as select distinct unit as id, unit as name from raw;
create view contract as
select number as id, number, title, unit as unit_id, company as party_id, 'ZFCG' as kind, 'CNY' as currency, amount,
    signed as signed_on, 'yes' as is_gov_procurement, status, source_row
from raw;
create view payment as
select number || '/P1' as id, number as contract_id, '货款' as title, 'government' as side, 'CNY' as currency, amount,
    coalesce(paid, '0') as paid, paid_on, delivered as base_on, 'delivery' as base_kind, source_row
from raw;
create view filing as select number || '/F' as id, number as contract_id, 'legal' as filed_with, filed as filed_on, source_row
from raw where filed is not null;
"""

BESIDE = """
create view amendment as select number || '/A1' as id, number as contract_id, 'extension' as kind, '30' as days_extended,
    '2026-03-05' as changed_on, 'government' as initiator, source_row from raw where number = 'HT-2026-001';
create view guarantee as select number || '/G1' as id, number as contract_id, 'performance' as kind, '履约保函' as name,
    'letter' as form, 'CNY' as currency, '25000.00' as amount, '2026-12-31' as end_on, source_row
from raw where number = 'HT-2026-001';
create view complaint as select number || '/C1' as id, number as contract_id, unit as unit_id, 'sme_arrears' as kind,
    '12345' as channel, '2026-04-07' as received_on, source_row from raw where number = 'HT-2026-001';
"""

LEDGER = """number,title,unit,company,size,amount,signed,delivered,paid,paid_on,filed,status
HT-2026-001,采购护栏,示例区交通局,示例护栏厂,small,500000.00,2026-02-02,2026-03-01,,,2026-02-05,active
HT-2026-002,采购课桌,示例区教委,示例家具公司,micro,80000.00,2026-02-02,2026-03-01,80000.00,2026-03-20,2026-02-06,active
HT-2026-003,采购树苗,示例区林业局,示例苗圃,large,90000.00,2026-03-02,2026-03-10,,,,active
"""

RECIPIENT = '\n[[recipient]]\naddress = "fazhi@example.invalid"\nname = "示例区司法局"\n'


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return pulled(tmp_path, MAPPING)


@pytest.fixture(scope="module")
def rich_office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """With amendments, guarantees and complaints; only asked, never changed."""
    return pulled(tmp_path_factory.mktemp("rich"), MAPPING + BESIDE)


def pulled(folder: Path, mapping: str) -> Office:
    (folder / "ledger.csv").write_text(LEDGER, encoding="utf-8")
    (folder / "ledger.sql").write_text(mapping, encoding="utf-8")
    block = source("ledger", "ledger.csv", "ledger.sql", published="2026-03-02", complete=True, jurisdiction='"CN-CQ"')
    text = config(block, RECIPIENT, country="CN", zone="Asia/Shanghai").replace('lang = "en"', 'declared = "made data"')
    made = Office(folder, text)
    made.ok("pull")
    return made


def warned(office: Office) -> dict[tuple[str, str], str]:
    """Level of each open warning by rule and contract number."""
    alerts = json.loads(office.ok("alerts", "list", "--json").out)
    return {(alert["rule"], alert["finding"]["contract_number"]): alert["level"] for alert in alerts}


def letters(office: Office) -> list[tuple[str, str]]:
    """Subject and plain text of every letter sent."""
    found = []
    for path in sorted((office.folder / "state" / "letters").iterdir()):
        letter = email.message_from_bytes(path.read_bytes(), policy=policy.strict)
        body = letter.get_body(("plain",))
        assert body is not None
        found.append((str(letter["Subject"]), body.get_content()))
    return found


def test_the_statutory_term_warns_before_it_ends_and_rises_after(office: Office) -> None:
    """Delivered on 1 March 2026, no term agreed: due on 31 March (条例 第九条)."""
    seen = []
    for day in ("2026-03-20", "2026-03-21", "2026-03-26", "2026-03-31", "2026-04-01", "2026-04-08"):
        office.ok("scan", "--as-of", day, "--known-at", "2026-04-30")
        seen.append(warned(office).get(("CN-PAY-01", "HT-2026-001")))
    assert seen == [None, "blue", "yellow", "yellow", "orange", "red"]
    assert ("CN-PAY-01", "HT-2026-002") not in warned(office)  # paid in time
    assert ("CN-PAY-01", "HT-2026-003") not in warned(office)  # a large company


def test_the_letter_has_the_article_the_days_and_the_money(office: Office) -> None:
    office.ok("scan", "--as-of", "2026-04-10")
    office.ok("deliver")
    mine = [(subject, text) for subject, text in letters(office) if "CN-PAY-01" in text]
    assert len(mine) == 1
    subject, text = mine[0]
    assert subject.startswith("【红色预警】YJ-2026-")
    for words in (
        "国务院令第802号",
        "第九条",
        "2026年3月31日",
        "500,000.00",
        "示例区交通局",
        "预警不等于违约认定",
        "made data",
    ):
        assert words in text


def test_interest_runs_by_the_day_from_the_day_after(office: Office) -> None:
    """500,000 for 10 days at 0.05 % a day is 2,500 (条例 第十七条)."""
    office.ok("scan", "--as-of", "2026-04-10")
    alerts = json.loads(office.ok("alerts", "list", "--json").out)
    interest = next(a["finding"] for a in alerts if a["rule"] == "CN-PAY-06")
    assert float(interest["money"]) == 2500.0
    assert "第十七条" in interest["cite"]


def test_a_contract_not_filed_in_seven_working_days(office: Office) -> None:
    """Signed on Monday 2 March 2026: the seventh working day after is 11 March."""
    office.ok("scan", "--as-of", "2026-03-12")
    alerts = json.loads(office.ok("alerts", "list", "--json").out)
    unfiled = {
        a["finding"]["contract_number"]: (a["level"], a["finding"]["due"]) for a in alerts if a["rule"] == "CN-PRC-03"
    }
    assert unfiled == {"HT-2026-003": ("yellow", "2026-03-11")}


def test_paying_clears_and_the_breach_stays_to_be_explained(office: Office) -> None:
    office.ok("scan", "--as-of", "2026-04-10")
    paid = LEDGER.replace("2026-03-01,,,2026-02-05", "2026-03-01,500000.00,2026-04-12,2026-02-05")
    (office.folder / "ledger.csv").write_text(paid, encoding="utf-8")
    office.ok("pull", "ledger", "--published", "2026-04-12")
    office.ok("scan", "--as-of", "2026-04-12")
    rows = office.rows("select level, state, cleared_on, closed_on from alert where rule = 'CN-PAY-01'")
    assert rows == [("red", "open", "2026-04-12", None)]
    assert json.loads(office.ok("scan", "--as-of", "2026-04-13", "--json").out)["letters"] == 0


@pytest.mark.parametrize(
    ("lang", "heads", "cells"),
    [
        ("zh", ["合同变更", "担保", "投诉"],
         ["变更类型", "延期", "延长天数", "2026年3月5日", "履约保函", "保函", "25,000.00", "2026年12月31日", "12345",
          "中小企业账款投诉", "2026年4月7日"]),
        ("en", ["amendments", "guarantees", "complaints"],
         ["kind of change", "extension", "days added", "5 Mar 2026", "履约保函", "bank letter", "25,000.00", "31 Dec 2026",
          "12345", "complaint of arrears to an SME", "7 Apr 2026"]),
    ],
)  # fmt: skip
def test_a_dossier_shows_amendments_guarantees_and_complaints_where_there_are_any(
    rich_office: Office, lang: str, heads: list[str], cells: list[str]
) -> None:
    office = rich_office
    asked = ("--as-of", "2026-04-10", "--known-at", "2026-04-30")
    rich, plain = (
        [line.strip() for line in office.ok("--lang", lang, "explain", f"HT-2026-00{number}", *asked).out.splitlines()]
        for number in (1, 2)
    )
    assert [rich.count(head) for head in heads] == [1, 1, 1], "each table once, under its own name"
    assert [head for head in heads if head in plain] == []
    tables = " ".join(rich[rich.index(heads[0]) :])
    assert [cell for cell in cells if cell not in tables] == []


def test_a_dossier_as_data_has_them_too(rich_office: Office) -> None:
    asked = ("--as-of", "2026-04-10", "--known-at", "2026-04-30")
    dossier = json.loads(rich_office.ok("explain", "HT-2026-001", *asked, "--json").out)
    assert [row["kind"] for part in ("amendments", "guarantees", "complaints") for row in dossier[part]] == [
        "extension", "performance", "sme_arrears"
    ]  # fmt: skip


def test_a_dossier_says_a_rules_sentence_only_where_it_fires(office: Office) -> None:
    """HT-2026-001 was filed in time: that no filing is on record, or is late, would be untrue."""
    asked = ("HT-2026-001", "--as-of", "2026-04-10", "--known-at", "2026-04-30")
    lines = [line.rstrip() for line in office.ok("--lang", "en", "explain", *asked).out.splitlines()]
    fired, clear = (
        next(answer for answer in "\n".join(lines).split("\n\n") if rule in answer)
        for rule in ("CN-PAY-01", "CN-PRC-03")
    )
    assert "10 days late" in fired
    assert "500,000.00 CNY is unpaid" in " ".join(fired.split())
    assert "due 2026-02-11\n" in clear
    assert "late" not in clear
    assert "no record" not in clear


def test_an_office_can_time_its_own_ledger(office: Office) -> None:
    before = office.contents()
    table = office.ok("bench").out
    assert "研判全部" in table
    assert "95 条规则" in table
    steps = {step["what"]: step for step in json.loads(office.ok("bench", "--json").out)["steps"]}
    assert list(steps) == ["read", "build", "open", "judge", "some"]
    assert steps["read"]["rows"] == steps["open"]["rows"] > 10
    assert all(step["seconds"] > 0 for step in steps.values())
    assert office.contents() == before
    assert not (office.folder / "state" / "mirror").exists(), "it leaves nothing"
