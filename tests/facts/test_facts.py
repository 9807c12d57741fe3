"""Facts: each documented and each there, nothing missing ever counted as zero, and the same answer by two ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import nothing, schema
from monitor.engines.duckdb import Engine
from monitor.facts import PARENTS, documented, query, subjects
from tests.facts import AS_OF, Facts, Row, random_world, tables

TOMORROW, YESTERDAY = AS_OF + timedelta(1), AS_OF - timedelta(1)
OVER = ("completed", "terminated", "cancelled", "archived")


@pytest.fixture(scope="module")
def nobody() -> Iterator[Engine]:
    with Engine(nothing(), {}, as_of=AS_OF) as engine:
        yield engine


# --- every fact ---


@pytest.mark.parametrize("subject", subjects())
def test_every_fact_is_documented_and_every_documented_fact_is_there(nobody: Engine, subject: str) -> None:
    told = [fact.name for fact in documented(subject)]
    assert told == [f"{subject}.{row['column_name']}" for row in nobody.rows(f"describe fact_{subject}")]
    for fact in documented(subject):
        assert re.fullmatch(r"\S.*[.]", fact.meaning), f"{fact.name}: a sentence"


@pytest.mark.parametrize("subject", subjects())
def test_a_rule_may_name_the_facts_of_its_subject_and_of_what_is_around_it(nobody: Engine, subject: str) -> None:
    wanted = {fact.name for near in (subject, *PARENTS[subject]) for fact in documented(near)}
    assert set(nobody.columns(subject)) == wanted


@pytest.mark.parametrize("subject", subjects())
def test_no_fact_is_a_float(nobody: Engine, subject: str) -> None:
    assert {
        kind for kind in nobody.columns(subject).values() if kind in ("DOUBLE", "FLOAT", "REAL", "HUGEINT")
    } == set()


@pytest.mark.parametrize("noun", NOUNS)
def test_no_table_has_two_columns_of_one_name(noun: str) -> None:
    assert len(set(schema(noun).names)) == len(schema(noun).names)


def test_facts_read_no_clock() -> None:
    for subject in subjects():
        spoken = re.sub("--.*", "", query(subject))
        assert not re.search(r"\b(current_date|today|now|current_timestamp)\b", spoken)


# --- what is not known stays so ---


def test_a_contract_of_which_only_the_title_is_known_has_no_other_fact(facts: Facts) -> None:
    known = {name: value for name, value in facts(contract={"currency": None}).items() if value is not None}
    assert known == {"id": "A", "title": "Road", "source": "ledger"}


def test_a_milestone_of_which_nothing_is_known(facts: Facts) -> None:
    row = facts("obligation", obligation=[{"id": "A/1", "title": "Deck"}])["A/1"]
    known = {name for name, value in row.items() if value is not None}
    assert known == {"id", "contract_id", "title", "source"}


def test_a_source_that_never_reports_amendments_does_not_say_there_were_none(facts: Facts) -> None:
    assert facts()["amendments"] is None
    row = facts(amendment=[{"id": "M", "changed_on": TOMORROW, "days_extended": 30}])
    assert (row["amendments"], row["days_extended"], row["amount_added"]) == (0, 0, 0)


# --- as it stands on the day ---


def test_a_contract_is_over_only_from_its_day_on() -> None:
    cases = [
        (None, None, None),
        (None, "active", "active"),
        (None, "completed", "completed"),
        (AS_OF, None, "completed"),
        (AS_OF, "active", "completed"),
        (AS_OF, "archived", "archived"),
        (YESTERDAY, "terminated", "terminated"),
        (TOMORROW, None, None),
        (TOMORROW, "completed", "active"),
        (TOMORROW, "archived", "active"),
        (TOMORROW, "suspended", "suspended"),
    ]
    rows = [
        {"id": f"{n:02}", "title": "Road", "completed_on": on, "status": said} for n, (on, said, _) in enumerate(cases)
    ]
    with Engine(tables({"contract": rows}), {}, as_of=AS_OF) as engine:
        found = engine.rows("select completed_on, status from fact_contract order by id")
    assert [row["status"] for row in found] == [wanted for _, _, wanted in cases]
    assert [row["completed_on"] for row in found] == [on if on != TOMORROW else None for on, _, _ in cases]


def test_a_milestone_is_met_only_from_its_day_on(facts: Facts) -> None:
    cases = [
        (None, None, "scheduled", "scheduled"),
        (None, None, "met", "met"),
        (AS_OF, None, None, "met"),
        (AS_OF, None, "scheduled", "met"),
        (YESTERDAY, None, "partiallyMet", "partiallyMet"),
        (TOMORROW, None, "met", "scheduled"),
        (TOMORROW, None, "scheduled", "scheduled"),
        (None, AS_OF, "waived", "waived"),
        (None, TOMORROW, "waived", "scheduled"),
        (None, TOMORROW, "met", "scheduled"),
    ]
    rows: list[Row] = [
        {"id": f"A/{number}", "title": "Deck", "done_on": done, "marked_on": marked, "status": said}
        for number, (done, marked, said, _) in enumerate(cases)
    ]
    found = facts("obligation", obligation=rows)
    assert [found[row["id"]]["status"] for row in rows] == [wanted for *_, wanted in cases]


def test_a_day_that_moves_is_counted_as_it_was_seen(facts: Facts) -> None:
    days = [None, date(2026, 5, 1), date(2026, 6, 1), date(2026, 6, 1), date(2026, 5, 1), None]
    history = [
        {"noun": "obligation", "id": "A/1", "recorded_on": AS_OF - timedelta(9 - number), "day": day, "seq": number}
        for number, day in enumerate(days)
    ]
    later = {"noun": "obligation", "id": "A/1", "recorded_on": TOMORROW, "day": date(2027, 1, 1), "seq": 99}
    milestone = [{"id": "A/1", "title": "Deck", "due_on": date(2026, 7, 1)}]
    row = facts("obligation", obligation=milestone, history=[later, *history[::-1]])["A/1"]
    assert (row["due_first"], row["due_moves"], row["days_slipped"]) == (date(2026, 5, 1), 3, 61)


def test_how_far_a_day_moved_in_a_year_is_counted_from_the_day_known_a_year_ago(facts: Facts) -> None:
    a_year_ago = AS_OF.replace(year=AS_OF.year - 1)
    told = [
        (a_year_ago - timedelta(90), 1),
        (a_year_ago, 11),
        (a_year_ago + timedelta(1), 60),
        (AS_OF - timedelta(1), 100),
    ]
    start = date(2027, 1, 1)
    history = [
        {"noun": "obligation", "id": name, "recorded_on": on, "day": start + timedelta(days), "seq": days}
        for name, told in (("A/1", told), ("A/2", told[2:])) for on, days in told
    ]  # fmt: skip
    milestones = [{"id": name, "title": "Deck", "due_on": start + timedelta(100)} for name in ("A/1", "A/2")]
    found = facts("obligation", obligation=milestones, history=history)
    assert [found[name]["days_slipped"] for name in ("A/1", "A/2")] == [99, 40]
    assert [found[name]["days_slipped_12m"] for name in ("A/1", "A/2")] == [89, None]


def test_interest_for_late_payment_is_exact(facts: Facts) -> None:
    assert facts(contract={"late_rate_ppm": 43_500})["late_rate"] == Decimal("0.0435")


# --- money ---

PAID = {"id": "P", "side": "government", "currency": "CNY", "amount_minor": 10_000, "paid_minor": 10_000}


def test_what_is_owed_on_the_day(facts: Facts) -> None:
    cases: dict[str, tuple[Row, object, date | None]] = {
        "paid today": ({"paid_on": AS_OF}, 0, AS_OF),
        "paid tomorrow": ({"paid_on": TOMORROW}, 100, None),
        "paid, no day": ({"paid_on": None}, 0, None),
        "a cent short": ({"paid_on": AS_OF, "paid_minor": 9_999}, Decimal("0.01"), None),
        "the rest disputed": ({"paid_on": AS_OF, "paid_minor": 8_000, "disputed_minor": 2_000}, 0, AS_OF),
        "not known": ({"paid_minor": None}, None, None),
        "nothing asked": ({"amount_minor": None, "paid_on": AS_OF}, None, None),
    }
    found = facts("payment", payment=[PAID | change | {"id": name} for name, (change, _, _) in cases.items()])
    owed = {name: (found[name]["unpaid"], found[name]["settled_on"]) for name in cases}
    assert owed == {name: (unpaid, settled) for name, (_, unpaid, settled) in cases.items()}


def test_sums_of_two_currencies_are_no_sum(facts: Facts) -> None:
    contract = {"amount_minor": 20_000}
    paid = PAID | {"paid_on": AS_OF}
    row = facts(contract=contract, payment=[paid, paid | {"id": "Q"}])
    assert (row["paid"], row["paid_percent"], row["records_payments"]) == (200, 100, True)
    for stranger in ("USD", None):
        row = facts(contract=contract, payment=[paid | {"currency": stranger}])
        assert (row["paid"], row["paid_percent"], row["records_payments"]) == (None, None, None)
    row = facts(contract=contract, payment=[paid, paid | {"id": "Q", "currency": "USD"}])
    assert row["paid"] is None


def test_an_invoice_on_two_payments_is_noticed_once_it_was_written(facts: Facts) -> None:
    invoice = {"invoice_number": "INV-7", "invoice_on": YESTERDAY}
    twice = [PAID | invoice, PAID | invoice | {"id": "Q"}]
    assert facts(payment=twice)["repeated_invoices"] == 1
    assert facts(payment=[twice[0], twice[1] | {"invoice_on": TOMORROW}])["repeated_invoices"] == 0
    assert facts(payment=[twice[0], twice[1] | {"invoice_number": "INV-8"}])["repeated_invoices"] == 0


def test_what_the_government_is_paid_is_not_what_it_paid(facts: Facts) -> None:
    paid = PAID | {"paid_on": AS_OF}
    assert facts(payment=[paid, paid | {"id": "Q", "side": "counterparty"}])["paid"] == 100


def test_a_milestone_without_a_value_leaves_the_sum_open(facts: Facts) -> None:
    valued = {"id": "A/1", "title": "Deck", "currency": "CNY", "amount_minor": 500}
    assert facts(obligation=[valued, valued | {"id": "A/2"}])["milestone_value"] == 10
    assert facts(obligation=[valued, valued | {"id": "A/2", "amount_minor": None}])["milestone_value"] is None


# --- warnings nobody acted on ---


def test_a_warning_nobody_acted_on_is_a_fact_and_an_escalation_is_none(facts: Facts) -> None:
    warning = {
        "rule": "GEN-DL-01",
        "level": "orange",
        "state": "open",
        "opened_on": YESTERDAY,
        "level_since": YESTERDAY,
    }
    longest = date(2026, 1, 5)
    not_counted: list[Row] = [
        {"cleared_on": AS_OF}, {"rule": "GEN-ALT-01"}, {"opened_on": TOMORROW}, {"contract_id": "B"}, {"state": "closed"},
    ]  # fmt: skip
    others = [warning | {"level_since": longest} | change for change in not_counted]
    assert facts(alert=others)["alert_orange_since"] is None
    row = facts(alert=[*others, warning, warning | {"level": "red"}])
    assert (row["alert_orange_since"], row["alert_red_since"], row["alert_blue_since"]) == (YESTERDAY, YESTERDAY, None)
    assert facts(alert=[warning, warning | {"level_since": longest}])["alert_orange_since"] == longest


# --- the same by two ways ---


@pytest.mark.parametrize("seed", range(2))
def test_sums_over_a_contract_a_unit_and_a_party_are_the_sums_of_their_parts(seed: int) -> None:
    with Engine(tables(random_world(seed)), {}, as_of=AS_OF) as engine:
        by_contract = {row["id"]: row for row in engine.rows("select * from fact_contract")}
        parts = {noun: engine.rows(f"select * from fact_{noun}") for noun in ("obligation", "payment", "unit", "party")}
    for key, contract in by_contract.items():
        promises = [row for row in parts["obligation"] if row["contract_id"] == key]
        still = [row for row in promises if row["done_on"] is None and row["status"] not in ("met", "waived")]
        assert (contract["obligations"] or 0, contract["obligations_open"] or 0) == (len(promises), len(still))
        payments = [row for row in parts["payment"] if row["contract_id"] == key and row["side"] != "counterparty"]
        sums = [row["paid"] for row in payments if row["paid"] is not None]
        assert contract["paid"] == (sum(sums) if sums else None)
        owed = [row for row in payments if (row["unpaid"] or 0) > 0]
        assert contract["unpaid_since"] == min((row["base_on"] for row in owed if row["base_on"]), default=None)
        ours = [row for row in still if row["side"] == "government"]
        assert (contract["government_open"] or 0) == len(ours) + len(owed)
        late = [row["due_on"] for row in [*ours, *owed] if row["due_on"] and row["due_on"] < AS_OF]
        assert contract["government_overdue_latest"] == max(late, default=None)
    for unit in parts["unit"]:
        mine = [row for row in by_contract.values() if row["unit_id"] == unit["id"]]
        duties = sum(row["government_open"] or 0 for row in mine)
        assert (unit["contracts"], unit["duties_open"]) == (len(mine), duties)
    for party in parts["party"]:
        mine = [row for row in by_contract.values() if row["party_id"] == party["id"]]
        assert party["open_contracts"] == sum(1 for row in mine if row["status"] not in OVER)
        assert party["duties_open"] == sum(row["party_open"] or 0 for row in mine)
