"""What a contract, a project, a unit and a party are told of all that belongs to them; one short story each."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from monitor.engines.duckdb import Engine
from tests.facts import AS_OF, Each, Facts, Row, random_world, tables

TOMORROW, YESTERDAY = AS_OF + timedelta(1), AS_OF - timedelta(1)
JANUARY, FEBRUARY = date(2026, 1, 10), date(2026, 2, 10)


# --- review, filing, publication ---


def test_a_review_is_the_last_opinion_before_signing_and_an_opinion_after_it_comes_too_late(facts: Facts) -> None:
    first: Row = {
        "id": "R1",
        "submitted_on": date(2026, 1, 5),
        "finished_on": JANUARY,
        "result": "rejected",
        "text_hash": "a",
    }
    second: Row = {
        "id": "R2",
        "submitted_on": date(2026, 1, 20),
        "finished_on": FEBRUARY,
        "result": "approved",
        "text_hash": "b",
    }
    signed: Row = {"signed_on": date(2026, 2, 20), "text_hash": "b"}
    row = facts(contract=signed, review=[first, second])
    assert (row["review_submitted_on"], row["reviewed_on"]) == (date(2026, 1, 5), JANUARY)
    assert (row["review_result"], row["text_differs"]) == ("approved", False)
    early = facts(contract=signed | {"signed_on": date(2026, 2, 1)}, review=[first, second])
    assert (early["review_result"], early["text_differs"]) == ("rejected", True)
    waiting = facts(contract=signed, review=[second | {"finished_on": TOMORROW}])
    assert (waiting["review_submitted_on"], waiting["reviewed_on"]) == (date(2026, 1, 20), None)
    assert (waiting["review_result"], waiting["text_differs"], waiting["records_reviews"]) == (None, None, True)


def test_each_body_has_its_own_filing_and_treasury_and_supervisor_are_one(facts: Facts) -> None:
    days = [("legal", FEBRUARY), ("supervisor", FEBRUARY), ("finance", JANUARY), ("construction", TOMORROW)]
    filings = [{"id": body, "filed_with": body, "filed_on": day} for body, day in days]
    row = facts(filing=filings)
    assert (row["legal_filed_on"], row["finance_filed_on"], row["completion_filed_on"]) == (FEBRUARY, JANUARY, None)
    flags = ("records_filings", "records_finance_filings", "records_completion_filings")
    assert [row[name] for name in flags] == [True, True, None], "what is filed tomorrow is not reported today"


def test_a_notice_of_acceptance_is_not_the_notice_of_the_contract(facts: Facts) -> None:
    row = facts(publication=[{"id": "N", "kind": "acceptance", "published_on": FEBRUARY}])
    assert (row["acceptance_published_on"], row["published_on"]) == (FEBRUARY, None)
    assert (row["records_acceptance_publications"], row["records_publications"]) == (True, None)


def test_what_one_register_reports_says_nothing_of_the_silence_of_another(each: Each) -> None:
    told: dict[str, Row] = {
        "records_filings": {"filing": {"filed_with": "legal", "filed_on": FEBRUARY}},
        "records_completion_filings": {"filing": {"filed_with": "construction", "filed_on": FEBRUARY}},
        "records_publications": {"publication": {"kind": "contract", "published_on": FEBRUARY}},
        "records_acceptance_publications": {"publication": {"kind": "acceptance", "published_on": FEBRUARY}},
        "records_amendment_publications": {"amendment": {"published_on": FEBRUARY}},
        "records_reviews": {"review": {"submitted_on": FEBRUARY}},
        "records_payments": {"payment": {"currency": "CNY"}},
    }
    own = {
        "records_tender_reports": "tender_report_on", "records_competition_reviews": "competition_reviewed_on",
        "records_acceptances": "accepted_on", "records_evaluations": "evaluated_on", "records_closings": "closed_on",
    }  # fmt: skip
    cases, wanted = {}, {}
    for source, answer in (("ledger", True), ("portal", None)):
        for flag, nouns in told.items():
            rows = {noun: [{"id": "x", "contract_id": "B", "source": source, **row}] for noun, row in nouns.items()}
            cases[f"{flag}, told by the {source}"] = {"others": [{"id": "B"}], **rows}
            wanted[f"{flag}, told by the {source}"] = answer
        for flag, field in own.items():
            cases[f"{flag}, told by the {source}"] = {"others": [{"id": "B", field: FEBRUARY, "source": source}]}
            wanted[f"{flag}, told by the {source}"] = answer
    assert {name: row[name.split(",")[0]] for name, row in each(cases).items()} == wanted


# --- what is owed ---

OWED: Row = {"side": "government", "currency": "CNY", "amount_minor": 10_000, "paid_minor": 0}


def test_unpaid_since_is_the_earliest_start_of_a_term_of_what_is_still_owed(facts: Facts) -> None:
    payments = [
        OWED | {"id": "1", "base_on": date(2025, 12, 1), "paid_minor": 10_000, "paid_on": JANUARY},
        OWED | {"id": "2", "base_on": JANUARY}, OWED | {"id": "3", "base_on": FEBRUARY},
        OWED | {"id": "4", "base_on": date(2025, 11, 1), "side": "counterparty"},
    ]  # fmt: skip
    assert facts(payment=payments)["unpaid_since"] == JANUARY
    assert facts(payment=payments[:1])["unpaid_since"] is None
    assert facts(payment=[payments[0] | {"paid_on": TOMORROW}])["unpaid_since"] == date(2025, 12, 1)


def test_a_term_starts_as_recorded_else_with_what_the_contract_makes_its_start(each: Each) -> None:
    delivered = {"delivered_on": JANUARY}
    cases: dict[str, tuple[Row, Row, date | None]] = {
        "delivery, when nothing else is agreed": ({}, delivered, JANUARY),
        "as recorded": ({}, delivered | {"base_on": FEBRUARY}, FEBRUARY),
        "recorded for tomorrow": ({}, delivered | {"base_on": TOMORROW}, JANUARY),
        "the invoice": ({}, delivered | {"base_kind": "invoice", "invoice_on": FEBRUARY}, FEBRUARY),
        "a settlement not yet confirmed": ({}, delivered | {"base_kind": "settlement"}, None),
        "acceptance agreed, not yet given": ({"accept_is_condition": True}, delivered, None),
        "accepted": ({"accept_is_condition": True}, delivered | {"accepted_on": FEBRUARY}, FEBRUARY),
        "the agreed period passed in silence": (
            {"accept_is_condition": True, "accept_period_days": 20}, delivered, date(2026, 1, 30),
        ),
        "refused within the period": (
            {"accept_is_condition": True, "accept_period_days": 20}, delivered | {"accept_refused_on": date(2026, 1, 30)}, None,
        ),
        "the period is not over": ({"accept_is_condition": True, "accept_period_days": 60}, delivered, None),
    }  # fmt: skip
    worlds = {
        name: {"contract": contract, "payment": [OWED | {"id": "1"} | row]}
        for name, (contract, row, _) in cases.items()
    }
    found = {name: row["base_on"] for name, row in each(worlds, "payment").items()}
    assert found == {name: wanted for name, (_, _, wanted) in cases.items()}


def test_a_delivery_waits_for_acceptance_until_it_is_accepted_refused_or_paid(each: Each) -> None:
    waiting = OWED | {"id": "1", "delivered_on": JANUARY}
    cases: dict[str, tuple[list[Row], date | None]] = {
        "since the earlier of two": ([waiting, waiting | {"id": "2", "delivered_on": FEBRUARY}], JANUARY),
        "accepted": ([waiting | {"accepted_on": FEBRUARY}], None),
        "refused": ([waiting | {"accept_refused_on": FEBRUARY}], None),
        "paid": ([waiting | {"paid_minor": 10_000, "paid_on": FEBRUARY}], None),
        "accepted tomorrow": ([waiting | {"accepted_on": TOMORROW}], JANUARY),
        "not known to be paid": ([waiting | {"paid_minor": None}], JANUARY),
    }
    found = each({name: {"payment": rows} for name, (rows, _) in cases.items()})
    assert {name: row["accept_waiting_since"] for name, row in found.items()} == {
        name: wanted for name, (_, wanted) in cases.items()
    }


def test_the_land_premium_is_paid_when_what_is_due_of_it_is_paid(each: Each) -> None:
    part: Row = {
        "side": "counterparty",
        "kind": "land_premium",
        "currency": "CNY",
        "amount_minor": 100,
        "due_on": FEBRUARY,
    }
    paid = part | {"id": "1", "paid_minor": 100, "paid_on": FEBRUARY}
    cases: dict[str, tuple[list[Row], bool | None]] = {
        "none on record": ([part | {"id": "1", "kind": "rent", "paid_minor": 0}], None),
        "all paid": ([paid, paid | {"id": "2"}], True),
        "the second part is not due yet": ([paid, part | {"id": "2", "paid_minor": 0, "due_on": TOMORROW}], True),
        "the second part is overdue": ([paid, part | {"id": "2", "paid_minor": 0}], False),
        "it is due today": ([part | {"id": "1", "paid_minor": 0, "due_on": AS_OF}], True),
        "a fen is missing": ([part | {"id": "1", "paid_minor": 99, "paid_on": FEBRUARY}], False),
        "one payment is not recorded": ([paid, part | {"id": "2"}], None),
        "unpaid, and its day is not recorded": ([part | {"id": "1", "paid_minor": 0, "due_on": None}], None),
        "one overdue, another not recorded": ([part | {"id": "1", "paid_minor": 0}, part | {"id": "2"}], False),
    }
    found = each({name: {"payment": rows} for name, (rows, _) in cases.items()})
    assert {name: row["premium_paid"] for name, row in found.items()} == {
        name: wanted for name, (_, wanted) in cases.items()
    }


def test_advances_add_up_only_when_each_has_an_amount_in_the_contracts_currency(facts: Facts) -> None:
    advance = OWED | {"id": "1", "kind": "advance"}
    assert facts(payment=[advance, advance | {"id": "2"}, OWED | {"id": "3", "kind": "progress"}])["advance"] == 200
    assert facts(payment=[advance, advance | {"id": "2", "amount_minor": None}])["advance"] is None
    assert facts(payment=[advance | {"currency": "USD"}])["advance"] is None
    assert facts(payment=[OWED | {"id": "3"}])["advance"] is None


# --- guarantees ---


def test_a_guarantee_is_held_from_its_first_day_until_it_is_returned(each: Each) -> None:
    bond: Row = {"id": "G", "kind": "performance", "currency": "CNY", "amount_minor": 500}
    retention = bond | {"kind": "retention", "form": "cash"}
    letter = retention | {"id": "H", "form": "letter"}
    cases: dict[str, tuple[list[Row], Row]] = {
        "held": ([bond], {"performance_bond_held": True}),
        "from tomorrow": ([bond | {"start_on": TOMORROW}], {"performance_bond_held": None}),
        "returned today": ([bond | {"returned_on": AS_OF}], {"performance_bond_held": None}),
        "returned tomorrow": ([bond | {"returned_on": TOMORROW}], {"performance_bond_held": True}),
        "kept back from tomorrow": ([retention | {"start_on": TOMORROW}], {"retentions": None}),
        "kept back, returned today": ([retention | {"returned_on": AS_OF}], {"retentions": None}),
        "cash and a letter": (
            [retention, letter], {"retentions": 2, "retention_held": 10, "retention_deducted": True},
        ),
        "a letter": ([letter], {"retention_deducted": False}),
        "one of no known form": ([letter, letter | {"id": "I", "form": None}], {"retention_deducted": None}),
        "one of no known sum": ([retention, letter | {"amount_minor": None}], {"retention_held": None}),
        "one of other money": ([retention, letter | {"currency": "USD"}], {"retention_held": None}),
    }  # fmt: skip
    found = each({name: {"guarantee": rows} for name, (rows, _) in cases.items()})
    assert {name: {fact: found[name][fact] for fact in wanted} for name, (_, wanted) in cases.items()} == {
        name: wanted for name, (_, wanted) in cases.items()
    }


def test_an_insurance_on_record_is_one_in_place_unless_the_contract_says_no(facts: Facts) -> None:
    insured: Row = {"id": "G", "kind": "quality_insurance"}
    assert facts(guarantee=[insured])["has_quality_insurance"] is True
    assert facts(contract={"has_quality_insurance": False}, guarantee=[insured])["has_quality_insurance"] is False
    assert facts(guarantee=[insured | {"kind": "other"}])["has_quality_insurance"] is None


# --- amendments ---


def test_each_supplement_knows_the_sum_up_to_itself(facts: Facts) -> None:
    def supplement(key: str, on: date | None, minor: int | None, **more: object) -> Row:
        return {
            "id": key,
            "kind": "supplement",
            "changed_on": on,
            "currency": "CNY",
            "amount_change_minor": minor,
            **more,
        }

    rows = [supplement("1", JANUARY, 1_000), supplement("2", FEBRUARY, 500), supplement("draft", None, 50)]
    found = facts("amendment", amendment=[*rows[::-1], supplement("change", JANUARY, 9_999, kind="change")])
    sums = {key: row["amount_so_far"] for key, row in found.items()}
    assert sums == {"1": 10, "2": 15, "draft": Decimal("15.5"), "change": None}, (
        "a draft comes last; a change is no supplement"
    )
    open_sum = facts("amendment", amendment=[rows[0], supplement("2", FEBRUARY, None)])
    assert [open_sum[key]["amount_so_far"] for key in "12"] == [10, None]
    abroad = facts("amendment", amendment=[rows[0], supplement("2", FEBRUARY, 500, currency="USD")])
    assert [abroad[key]["amount_so_far"] for key in "12"] == [None, None]


def test_small_changes_add_up_with_their_signs_and_one_with_a_ground_of_its_own_is_left_out(facts: Facts) -> None:
    def change(key: str, on: date, minor: int | None, ground: str | None = "minor", **more: object) -> Row:
        return {
            "id": key,
            "kind": "change",
            "changed_on": on,
            "currency": "EUR",
            "amount_change_minor": minor,
            "ground": ground,
            **more,
        }

    rows = [
        change("1", JANUARY, 800), change("2", FEBRUARY, -300, "none"), change("3", FEBRUARY, 10_000, "unforeseen"),
        change("4", YESTERDAY, None, kind="extension"), change("5", TOMORROW, 7_000),
    ]  # fmt: skip
    found = facts("amendment", amendment=rows)
    assert {key: row["minor_so_far"] for key, row in found.items()} == {"1": 8, "2": 5, "3": None, "4": 5}
    unknown = facts("amendment", amendment=[rows[0], change("2", FEBRUARY, 5, None), change("3", YESTERDAY, 5)])
    assert [unknown[key]["minor_so_far"] for key in "123"] == [8, None, None]


# --- a project ---


def test_the_contracts_of_one_project_share_what_it_has_committed_and_what_is_drafted(facts: Facts) -> None:
    def part(key: str, minor: int | None, **more: object) -> Row:
        return {"id": key, "project_code": "2026-001", "amount_minor": minor, "signed_on": JANUARY, **more}

    drafts: list[Row] = [
        {"id": "M1", "contract_id": "B", "kind": "supplement", "currency": "CNY", "amount_change_minor": 200},
        {"id": "M2", "contract_id": "B", "kind": "renegotiation", "currency": "CNY", "amount_change_minor": 900},
        {
            "id": "M3",
            "contract_id": "B",
            "kind": "supplement",
            "changed_on": JANUARY,
            "currency": "CNY",
            "amount_change_minor": 70,
        },
    ]
    others = [part("B", 500), part("C", 40_000, signed_on=TOMORROW), part("D", 8_000, project_code="2026-002")]
    found = facts(contract=part("A", 1_000), others=others, amendment=drafts)
    assert {key: (row["project_committed"], row["project_pending"]) for key, row in found.items()} == {
        "A": (15, 2), "B": (15, 2), "C": (15, 2), "D": (80, 0),
    }  # fmt: skip
    for stranger in (part("B", None), part("B", 500, currency="USD")):
        assert facts(contract=part("A", 1_000), others=[stranger])["A"]["project_committed"] is None
    assert facts(contract={"amount_minor": 1_000})["project_committed"] is None
    draft = part("A", 1_000, signed_on=None, status="in_review")
    assert facts(contract=draft)["project_committed"] == 0, "nothing is signed yet"
    unsaid = part("B", 500, signed_on=None, status="active")
    assert facts(contract=draft, others=[unsaid])["A"]["project_committed"] is None, "nobody recorded when B was signed"


# --- units, parties, complaints ---


def test_a_unit_adds_up_its_duties_and_a_party_its_own_over_all_contracts(facts: Facts) -> None:
    ours: Row = {"unit_id": "U", "party_id": "P", "amount_minor": 1_000}
    contracts = [
        {"id": "B", **ours, "advance_unrecouped_minor": 300}, {"id": "C", **ours, "advance_unrecouped_minor": 100},
        {"id": "D", **ours, "status": "completed"}, {"id": "E", "unit_id": "V", "party_id": "P"},
    ]  # fmt: skip
    promises: list[Row] = [
        {"id": "1", "contract_id": "B", "title": "Site", "side": "government", "due_on": FEBRUARY},
        {"id": "2", "contract_id": "C", "title": "Site", "side": "government", "due_on": JANUARY, "done_on": JANUARY},
        {"id": "3", "contract_id": "C", "title": "Deck", "side": "counterparty", "due_on": JANUARY},
        {"id": "4", "contract_id": "E", "title": "Deck", "side": "counterparty", "status": "waived"},
    ]
    owed = [
        OWED | {"id": "5", "contract_id": "C", "due_on": YESTERDAY},
        OWED | {"id": "6", "contract_id": "C", "due_on": TOMORROW},
    ]
    rent = [OWED | {"id": "7", "contract_id": "E", "side": "counterparty"}]
    told = {
        "unit": [{"id": "U", "name": "Works"}, {"id": "V", "name": "Parks"}], "party": [{"id": "P", "name": "Builders"}],
        "obligation": promises, "payment": [*owed, *rent],
    }  # fmt: skip
    units = facts("unit", others=contracts, **told)
    assert {key: (row["contracts"], row["duties_open"], row["overdue_latest"]) for key, row in units.items()} == {
        "U": (3, 3, YESTERDAY), "V": (1, 0, None),
    }  # fmt: skip
    party = facts("party", others=contracts, **told)["P"]
    assert (party["open_contracts"], party["duties_open"], party["advance_share"]) == (3, 2, Decimal("0.3"))


def test_a_yearly_disclosure_is_asked_for_of_last_year_only(facts: Facts) -> None:
    unit = [{"id": "U", "name": "Works"}]
    told: Row = {"id": "D", "unit_id": "U", "year": 2025, "disclosed_on": FEBRUARY, "contracts": 0}
    cases: dict[str, tuple[Row | None, tuple[date | None, bool | None]]] = {
        "last year's": (told, (FEBRUARY, True)),
        "the year's before": (told | {"year": 2024}, (None, True)),
        "another unit's": (told | {"unit_id": "V"}, (None, True)),
        "of another register": (told | {"unit_id": "V", "source": "portal"}, (None, None)),
        "to come": (told | {"disclosed_on": TOMORROW}, (None, True)),
        "none anywhere": (None, (None, None)),
    }
    for name, (row, wanted) in cases.items():
        found = facts("unit", unit=unit, disclosure=[row] if row else [])["U"]
        assert (found["disclosed_on"], found["records_disclosures"]) == wanted, name


def test_a_complaint_need_not_name_a_contract_and_is_founded_once_it_was_verified(facts: Facts) -> None:
    unit = [{"id": "U", "name": "Works"}]
    complaint: Row = {"id": "T", "unit_id": "U", "contract_id": None, "received_on": JANUARY, "is_founded": True}
    named = complaint | {"id": "N", "contract_id": "A", "verified_on": AS_OF}
    later = complaint | {"id": "L", "received_on": TOMORROW}
    contract = {"unit_id": "U", "jurisdiction": "CN-CQ", "seq": 1}
    found = facts("complaint", contract=contract, unit=unit, complaint=[complaint, named, later])
    assert found.keys() == {"T", "N"}, "one received tomorrow is not seen"
    assert (found["T"]["jurisdiction"], found["T"]["is_founded"]) == ("CN-CQ", None), (
        "its unit's newest contract says whose law"
    )
    assert (found["N"]["jurisdiction"], found["N"]["is_founded"]) == ("CN-CQ", True)


def test_news_of_no_contract_changes_no_contract(facts: Facts) -> None:
    """Sums of one contract are blind to another: the same facts with a whole random district beside it."""
    world = random_world(3)
    alone = facts(payment=[OWED | {"id": "1"}], others=[{"id": "B", "source": "other"}])["A"]
    contracts = [{"title": "Road", "source": "ledger", "currency": "CNY", "id": "A"}, *world.pop("contract")]
    payments = [OWED | {"id": "1", "contract_id": "A", "source": "ledger"}, *world.pop("payment")]
    with Engine(tables({**world, "contract": contracts, "payment": payments}), {}, as_of=AS_OF) as engine:
        assert engine.rows("select * from fact_contract where id = 'A'") == [alone]
