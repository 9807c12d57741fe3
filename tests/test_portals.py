"""Three more portals, end to end through the command line, on data that lies beside the project (skipped by name elsewhere).

Philippine contracts, whose publisher records every payment as 0; seven editions of the Buenos Aires portal, each another format;
New York's panel, whose rows say on which day they were published.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SharedData
from tests.office import CORE, Office, config, source

EDITIONS = ("2019-11-10", "2022-11-17", "2023-06-10", "2023-11-11", "2024-06-20", "2024-11-03", "2025-11-16")
SCANNED = EDITIONS[-3:]


def report(office: Office, as_of: str, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        office.ok("report", "portfolio", "--as-of", as_of, "--format", "json", *more).out
    )
    return found


@pytest.fixture(scope="module")
def manila(tmp_path_factory: pytest.TempPathFactory, shared_data: SharedData) -> Office:
    """The public-works contracts as scraped about 2025-11-26, judged on 2025-12-01."""
    path = shared_data("data/ph_dpwh_contracts_api") / "dpwh_contracts.jsonl.gz"
    block = source("dpwh", path, "ph_dpwh", published=date(2025, 11, 26), complete=True, jurisdiction='"PH"')
    office = Office(tmp_path_factory.mktemp("manila"), config(block, country="PH", zone="Asia/Manila"))
    office.ok("pull")
    office.ok("scan", "--as-of", "2025-12-01")
    return office


def test_no_payment_rule_fires_where_payments_are_not_recorded(manila: Office) -> None:
    found = report(manila, "2025-12-01")
    coverage = {row["rule"]: row for row in found["coverage"]}
    assert found["totals"]["contracts"] == 1036
    assert manila.rows("select count(*) from payment_version") == [(0,)]
    assert not [row for row in found["rules"] if "PAY" in row["rule"] or "FIN" in row["rule"]]
    money = coverage["GEN-FIN-01"]
    assert (money["fires"], money["contracts_blind"]) == (0, 1036)
    assert "contract.records_payments" in {item["fact"] for item in money["missing"]}
    said = " ".join(manila.ok("report", "portfolio", "--as-of", "2025-12-01").out.split())
    assert "not computable" in said


def test_late_works_are_found_from_the_dates_alone(manila: Office, shared_data: SharedData) -> None:
    late = set()
    with gzip.open(
        shared_data("data/ph_dpwh_contracts_api") / "dpwh_contracts.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        for line in file:
            row = json.loads(line)
            expired = row["expiryDate"] and date.fromisoformat(row["expiryDate"][:10]) < date(2025, 12, 1)
            if expired and not row["completionDate"] and row["status"] not in ("Completed", "Terminated"):
                late.add(f"dpwh:{row['contractId']}")
    warned = {
        row[0]
        for row in manila.rows("select contract_id from alert where rule = 'GEN-DL-01' and level in ('orange', 'red')")
    }
    assert warned == late
    assert len(late) == 64


@pytest.fixture(scope="module")
def buenos_aires(tmp_path_factory: pytest.TempPathFactory, shared_data: SharedData) -> Office:
    """Seven editions pulled in the order they were published; scans from the fifth on, when most that will vanish is there."""
    folder = shared_data("data/ba_obras_snapshots")
    block = source(
        "ba",
        folder / "x",
        "ba_obras",
        complete=True,
        jurisdiction='"AR"',
        vanish_limit_percent=60,
        stale_after_days=180,
    )
    text = config(block, CORE, country="AR", zone="America/Argentina/Buenos_Aires")
    office = Office(tmp_path_factory.mktemp("ba"), text)
    for day in EDITIONS:
        office.ok("pull", "ba", "--location", str(folder / f"obras_{day}.csv.gz"), "--published", day)
        if day in SCANNED:
            office.ok("scan", "--as-of", day)
    return office


@pytest.mark.long  # seven editions of thousands of works
def test_moved_end_dates_are_slippage_with_old_and_new_day(buenos_aires: Office) -> None:
    moved = [row for row in report(buenos_aires, EDITIONS[-1])["moved"] if row["noun"] == "obligation"]
    assert len(moved) > 50
    assert all(row["before"] and row["before"] != row["after"] for row in moved)
    assert {row["recorded_on"] for row in moved} <= set(EDITIONS[1:-1])
    one = next(row for row in moved if row["after"])
    history = buenos_aires.rows("select due_on from obligation_version where id = ? order by seq", one["id"])
    days = [row[0] for row in history]
    assert one["before"] in days
    assert days.index(one["before"]) < len(days) - 1 - days[::-1].index(one["after"])


@pytest.mark.long  # seven editions of thousands of works
def test_works_that_vanish_are_reported_and_close_nothing(buenos_aires: Office) -> None:
    found = report(buenos_aires, EDITIONS[-1])
    vanished = {row["id"] for row in found["vanished"]}
    assert vanished
    assert found["sources"][0]["vanished"] == len(vanished)
    gone_with_warning = buenos_aires.rows(
        "select a.contract_id, a.closed_on, a.cleared_on from alert a where a.level in ('orange', 'red') and a.contract_id in "
        "(select id from contract_version v where gone and seq = (select max(seq) from contract_version w where w.id = v.id))"
    )
    still = [row for row in gone_with_warning if row[0] in vanished]
    assert still
    assert all(closed is None for _, closed, _ in still)


@pytest.mark.long  # seven editions of thousands of works
def test_an_edition_that_says_what_the_one_before_said_is_a_source_that_stopped(buenos_aires: Office) -> None:
    last, before = buenos_aires.rows("select changed, vanished from edition order by id desc limit 2")
    assert last == (0, 0)
    assert before[0] > 0
    seen = report(buenos_aires, EDITIONS[-1])["sources"][0]
    assert (seen["last_edition_on"], seen["last_change_on"], seen["stale"]) == (EDITIONS[-1], EDITIONS[-2], True)
    assert seen["days_silent"] == (date.fromisoformat(EDITIONS[-1]) - date.fromisoformat(EDITIONS[-2])).days
    assert "stopped updating" in " ".join(buenos_aires.ok("report", "portfolio", "--as-of", EDITIONS[-1]).out.split())
    assert not report(buenos_aires, EDITIONS[-2])["sources"][0]["stale"]


@pytest.mark.long  # seven editions of thousands of works
def test_an_edition_older_than_the_newest_is_refused(buenos_aires: Office, shared_data: SharedData) -> None:
    before = buenos_aires.contents()
    path = shared_data("data/ba_obras_snapshots") / f"obras_{EDITIONS[0]}.csv.gz"
    said = buenos_aires.lvyue("pull", "ba", "--location", str(path), "--published", EDITIONS[0])
    assert said.code == 5
    assert "order they were published" in said.err
    assert buenos_aires.contents() == before


def test_a_panel_is_replayed_report_by_report(tmp_path: Path, shared_data: SharedData) -> None:
    path = shared_data("data/nyc_capital_25m_panel") / "nyc_capital_projects_20190901.csv.gz"
    office = Office(tmp_path, config(source("panel", path, "nyc_25m", jurisdiction='"US-NY"')))
    office.ok("pull")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        days = Counter(row["Date Reported As Of"][:10] for row in csv.DictReader(io.StringIO(file.read())))
    assert office.rows("select count(*) from edition") == [(len(days),)] == [(15,)]
    earliest, latest = sorted(f"{text[6:]}-{text[:2]}-{text[3:5]}" for text in days)[:: len(days) - 1]
    assert report(office, earliest)["totals"]["contracts"] < report(office, latest)["totals"]["contracts"]
    assert report(office, latest)["moved"]
    before = office.contents()
    assert "nothing new" in office.ok("pull").out
    assert office.contents() == before
