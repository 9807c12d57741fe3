"""The ready-made mappings on what portals really published, counted by the csv and json modules alone."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from tests.sources.portals import Row, published, reading, refused, rows, table, told

DPWH = "ph_dpwh_contracts_api/dpwh_contracts.jsonl.gz"
WORKS = "ba_obras_snapshots/obras_2025-11-16.csv.gz"
PANEL = "nyc_capital_25m_panel/nyc_capital_projects_20190901.csv.gz"
PHASES = "nyc_sca_phases/snapshot_2017-12-31.csv.gz"
LATER_PHASES = "nyc_sca_phases/reconstructed_asof_2023-07-01.csv.gz"
BROKEN_REPORTS = {("556", "01/01/2019"), ("649", "03/01/2018")}


def answers() -> list[Row]:
    return [json.loads(line) for line in gzip.decompress(published(DPWH).read_bytes()).splitlines()]


# --- Philippines: DPWH ---


def test_every_contract_of_the_dpwh_comes_in_with_its_exact_amount() -> None:
    found = reading("ph_dpwh", DPWH)
    contracts = {contract["number"]: contract for contract in rows(found, "contract")}

    assert len(contracts) == 1036
    assert found.refusals == []
    for answer in answers():
        contract = contracts[answer["contractId"]]
        award = Decimal(answer["procurement"]["awardAmount"].replace(",", ""))
        assert contract["amount_minor"] == award * 100
        assert str(contract["end_on"]) == str(answer["expiryDate"])
        assert (contract["currency"], contract["jurisdiction"]) == ("PHP", "PH")


def test_sixty_four_works_are_past_their_end_and_not_complete() -> None:
    late = [
        answer["contractId"]
        for answer in answers()
        if answer["expiryDate"] and answer["expiryDate"] < "2025-12-01" and not answer["completionDate"]
    ]
    open_promises = [
        promise["contract_id"].removeprefix("portal:")
        for promise in rows(reading("ph_dpwh", DPWH), "obligation")
        if promise["status"] == "scheduled" and promise["due_on"] and promise["due_on"] < date(2025, 12, 1)
    ]

    assert len(late) == 64
    assert sorted(open_promises) == sorted(late)


def test_a_terminated_contract_is_not_complete_though_the_portal_gives_it_a_completion_date() -> None:
    given = [answer for answer in answers() if answer["status"] == "Terminated"]
    found = reading("ph_dpwh", DPWH)
    terminated = [contract for contract in rows(found, "contract") if contract["status"] == "terminated"]
    waived = [promise for promise in rows(found, "obligation") if promise["status"] == "waived"]

    assert len(given) == len(terminated) == len(waived) == 15
    assert all(answer["completionDate"] for answer in given)
    assert not any(contract["completed_on"] for contract in terminated)
    assert not any(promise["done_on"] for promise in waived)


def test_payments_that_the_publisher_does_not_record_are_no_payments_of_nothing() -> None:
    assert {answer["amountPaid"] for answer in answers()} == {0}
    assert rows(reading("ph_dpwh", DPWH), "payment") == []

    began = told("ph_dpwh", '{"contractId": "X", "description": "Dike", "amountPaid": 12.5}\n')
    assert [(sum_["paid_minor"], sum_["contract_id"]) for sum_ in rows(began, "payment")] == [(1250, "portal:X")]


def test_progress_is_cut_off_and_never_rounded_up_to_done() -> None:
    contracts = {contract["number"]: contract for contract in rows(reading("ph_dpwh", DPWH), "contract")}
    for answer in answers():
        expected = None if answer["progress"] == -100 else int(answer["progress"])
        assert contracts[answer["contractId"]]["progress_percent"] == expected

    beyond = told("ph_dpwh", '{"contractId": "X", "description": "Dike", "progress": 250}\n')
    assert [(refusal.field, refusal.value) for refusal in beyond.refusals] == [("progress_percent", "250 per cent")]


def test_a_revoked_licence_is_a_status_and_no_part_of_the_name() -> None:
    parties = {party["uscc"]: party for party in rows(reading("ph_dpwh", DPWH), "party")}
    marked = {answer["contractor"] for answer in answers() if "[REVOKED]" in answer["contractor"]}

    assert len(marked) == 4
    assert parties["39196"]["name"] == "ST. TIMOTHY CONSTRUCTION CORPORATION"
    assert {number for number, party in parties.items() if number and party["status"] == "revoked"} == {
        "39196",
        "38958",
        "31762",
    }
    assert not any("REVOKED" in party["name"] for party in parties.values())


def test_a_joint_venture_is_the_same_party_in_whatever_order_its_members_stand() -> None:
    found = told(
        "ph_dpwh",
        '{"contractId": "1", "description": "Dike", "contractor": "ALPHA INC. (12) / [BETA] CO. (7)"}\n'
        '{"contractId": "2", "description": "Quay", "contractor": "[BETA] CO. (7) / ALPHA INC. (12)"}\n'
        '{"contractId": "3", "description": "Pier", "contractor": "ALPHA INC. (12)"}\n',
    )
    assert [contract["party_id"] for contract in rows(found, "contract")] == [
        "portal:12+7",
        "portal:12+7",
        "portal:12",
    ]
    assert [party["uscc"] for party in rows(found, "party")] == [None, "12"]
    assert found.refusals == []


def test_a_state_that_the_portal_never_had_before_goes_to_quarantine() -> None:
    found = told("ph_dpwh", '{"contractId": "X", "description": "Dike", "status": "Suspended"}\n')
    assert rows(found, "contract") == rows(found, "obligation") == []
    assert {refusal.value for refusal in found.refusals} == {"Suspended"}


@pytest.mark.parametrize(
    ("mapping", "name"),
    [("ph_dpwh", DPWH), ("ba_obras", WORKS), ("nyc_25m", PANEL), ("nyc_sca", PHASES)],
)
def test_every_unit_and_party_that_a_contract_names_is_there(mapping: str, name: str) -> None:
    found = reading(mapping, name)
    contracts = rows(found, "contract")
    for noun in ("unit", "party"):
        if noun in found.nouns:
            known = {row["id"] for row in rows(found, noun)} | {None}
            assert {contract[f"{noun}_id"] for contract in contracts} <= known
            assert found.nouns[noun].refusals == ()


# --- New York: reports over projects ---


def test_each_row_belongs_to_the_report_that_said_it() -> None:
    given = Counter(row["date reported as of"][:10] for row in table(PANEL))
    counts = {date(int(day[6:]), int(day[:2]), int(day[3:5])): count for day, count in given.items()}
    found = reading("nyc_25m", PANEL)
    contracts = rows(found, "contract")
    lines = refused(found, "contract")
    kept_out = {(row["pid"], row["date reported as of"][:10]) for n, row in enumerate(table(PANEL), 1) if n in lines}

    assert Counter(found.nouns["contract"].seen["edition_on"].to_pylist()) == counts
    assert (len(counts), counts[date(2019, 9, 1)]) == (15, 378)
    assert len(contracts) == 2259 - len(kept_out)
    assert kept_out == BROKEN_REPORTS
    assert {unit["edition_on"] for unit in rows(found, "unit")} == set(counts)


def test_what_was_only_known_afterwards_is_never_read() -> None:
    given = [row for row in table(PANEL) if row["pid"] in ("3", "7", "96", "603")]
    later = (
        "total budget changes",
        "total schedule changes",
        "latest budget changes",
        "latest schedule changes",
    )

    def payload(changes: dict[str, str] | None) -> str:
        out = io.StringIO()
        names = [name for name in given[0] if changes is not None or name not in later]
        writer = csv.DictWriter(out, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row | (changes or {}) for row in given)
        return out.getvalue()

    without = told("nyc_25m", payload(None))
    changed = told("nyc_25m", payload(dict.fromkeys(later, "999999999")))
    for noun in ("unit", "contract", "obligation"):
        assert rows(without, noun) == rows(changed, noun) != []


def test_a_budget_of_zero_is_none_given() -> None:
    zero = [row for row in table(PANEL) if row["budget forecast"] == "0"]
    empty = [row for row in table(PANEL) if row["budget forecast"] == ""]
    contracts = rows(reading("nyc_25m", PANEL), "contract")

    assert len(zero) == 8
    assert sum(contract["amount_minor"] is None for contract in contracts) == len(zero) + len(empty)
    assert not any(contract["amount_minor"] == 0 for contract in contracts)


def test_a_report_without_a_readable_day_is_refused() -> None:
    header = "Date Reported As Of,PID,Project Name,Managing Agency,Current Phase,Design Start,Budget Forecast"
    found = told("nyc_25m", f"{header},Forecast Completion\nSpring 2019,3,Plant,DEP,Design,09/23/2013,1,01/14/2020\n")
    assert rows(found, "contract") == rows(found, "obligation") == rows(found, "unit") == []
    assert "id" in {refusal.field for refusal in found.refusals}


# --- New York: phases of school building ---


def phase_groups() -> dict[tuple[str, ...], list[dict[str, str]]]:
    out: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in table(PHASES):
        key = (
            *(row["project_building_identifier"], row["project_description"], row["project_phase_name"]),
            *(row["project_phase_actual_start_date"], row["project_phase_planned_end_date"]),
        )
        out.setdefault(key, []).append(row)
    return out


def us_day(text: str) -> date | None:
    parts = text.split("/")
    return date(int(parts[2]), int(parts[0]), int(parts[1])) if len(parts) == 3 and parts[2].strip() else None


def test_a_phase_listed_for_each_funding_line_is_one_phase() -> None:
    found = reading("nyc_sca", PHASES)
    assert len(table(PHASES)) == 8185
    assert len(phase_groups()) == len(rows(found, "obligation")) == 8020
    assert found.refusals == []


def test_a_phase_is_done_only_when_every_copy_of_it_is_done() -> None:
    last_day = date(2017, 12, 31)
    late = 0
    for key, copies in phase_groups().items():
        due = us_day(key[-1])
        done = all(us_day(copy["project_phase_actual_end_date"]) for copy in copies)
        late += due is not None and due < last_day and not done
    promises = rows(reading("nyc_sca", PHASES), "obligation")

    assert late == 446
    assert sum(1 for p in promises if p["due_on"] and p["due_on"] < last_day and not p["done_on"]) == late


def test_the_words_of_a_later_edition_mean_no_date_either() -> None:
    found = reading("nyc_sca", LATER_PHASES)
    words = {row["project phase planned end date"] for row in table(LATER_PHASES)}
    assert {"DIIR", "DIIT"} <= words
    assert found.refusals == []


def test_a_project_with_nothing_begun_is_pending() -> None:
    states: dict[tuple[str, str], set[str]] = {}
    for row in table(PHASES):
        key = (row["project_building_identifier"].strip(), row["project_description"].strip())
        states.setdefault(key, set()).add(row["project_status_name"].strip())
    contracts = Counter(contract["status"] for contract in rows(reading("nyc_sca", PHASES), "contract"))

    assert contracts["pending"] == sum(state == {"PNS"} for state in states.values())
    assert contracts["pending"] + contracts["active"] == len(states)
