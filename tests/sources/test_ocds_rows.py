"""From a process to our nouns: field by field, and who is who."""

from __future__ import annotations

import json
from datetime import date

import pytest

from monitor.sources import Reading
from tests.sources.ocds_stories import BRIDGE, Json, only, release, rows, say, work

# One release that says everything we read.
TOLD = release(
    "2024-06-30T23:30:00-05:00",
    {
        "title": "Bridge over the Stour",
        "status": "active",
        "value": {"amount": 1250000.5, "currency": "GBP"},
        "x_amountOriginal": {"amount": 1000000, "currency": "GBP"},
        "dateSigned": "2024-01-01T00:30:00+08:00",
        "period": {"startDate": "2024-02-01T00:00:00Z", "endDate": "2025-01-31T23:59:59Z"},
        "documents": [
            {
                "id": "1",
                "documentType": "contractSigned",
                "datePublished": "2024-01-05T09:00:00Z",
                "url": "https://data.example/c1.pdf",
            },
            {"id": "2", "documentType": "contractAnnexe", "datePublished": "2024-03-01"},
            {"id": "3", "documentType": "contractNotice"},
            {"id": "4", "documentType": "contractGuarantees", "datePublished": "2024-03-01"},
        ],
        "milestones": [{"id": "M1", "title": "Commercial close", "dateMet": "2024-01-02"}],
        "amendments": [{"id": "X1", "date": "2024-03-01T10:00:00Z", "rationale": "A harder soil"}],
        "implementation": {
            "milestones": [
                {
                    "id": "M1",
                    "title": "Foundations",
                    "type": "delivery",
                    "dueDate": "2024-05-01T00:00:00Z",
                    "dateMet": "2024-05-20T00:00:00Z",
                    "dateModified": "2024-05-21T00:00:00Z",
                    "status": "met",
                    "documents": [{"id": "a"}, {"id": "b"}],
                },
                {
                    "id": "M2",
                    "description": "First instalment",
                    "type": "payment",
                    "dueDate": "2024-06-01T00:00:00Z",
                    "status": "notMet",
                    "value": {"amount": 400000, "currency": "GBP"},
                },
            ],
            "transactions": [
                {
                    "id": "T1",
                    "date": "2024-06-15T00:00:00Z",
                    "value": {"amount": 300000, "currency": "GBP"},
                }
            ],
            "documents": [
                {
                    "id": "1",
                    "documentType": "completionCertificate",
                    "datePublished": "2025-02-01",
                }
            ],
        },
    },
    buyer={"id": "GB-LAC-E1", "name": "Ashford"},
    parties=[
        {
            "id": "GB-LAC-E1",
            "name": "Ashford Borough Council",
            "roles": ["buyer"],
            "contactPoint": {"email": "bids@ashford.example"},
        },
        {
            "id": "7",
            "name": "Bridger Ltd",
            "identifier": {"scheme": "GB-COH", "id": "0123"},
            "roles": ["supplier"],
        },
    ],
    awards=[
        {
            "id": "A1",
            "date": "2023-12-20T00:00:00Z",
            "suppliers": [{"id": "7", "name": "Bridger"}],
        }
    ],
)


@pytest.fixture(scope="module")
def bridge() -> Reading:
    return say(TOLD)


class TestTheBridge:
    def test_the_contract(self, bridge: Reading) -> None:
        assert only(bridge, "contract") == {
            "id": BRIDGE,
            "number": "C1",
            "title": "Bridge over the Stour",
            "unit_id": "ashford:GB-LAC-E1",
            "party_id": "ashford:GB-COH-0123",
            "currency": "GBP",
            "amount_minor": 1_250_000_50,
            "amount_original_minor": 1_000_000_00,
            "award_notice_on": date(2023, 12, 20),
            "signed_on": date(2024, 1, 1),  # the day where it was signed; in UTC it was still December
            "start_on": date(2024, 2, 1),
            "end_on": date(2025, 1, 31),
            "status": "active",
            "updated_on": date(2024, 7, 1),  # the day of the release in UTC
        }

    def test_who_owes_and_who_is_owed(self, bridge: Reading) -> None:
        unit = {"id": "ashford:GB-LAC-E1", "name": "Ashford Borough Council"}
        assert only(bridge, "unit") == unit  # and no e-mail address: it was published for bidders
        assert only(bridge, "party") == {"id": "ashford:GB-COH-0123", "name": "Bridger Ltd", "uscc": "0123"}

    def test_the_promises_of_both_blocks(self, bridge: Reading) -> None:
        foundations, instalment, close = rows(bridge, "obligation")
        assert foundations == {
            "id": f"{BRIDGE}/M1",
            "contract_id": BRIDGE,
            "kind": "delivery",
            "title": "Foundations",
            "due_on": date(2024, 5, 1),
            "done_on": date(2024, 5, 20),
            "marked_on": date(2024, 5, 21),
            "status": "met",
            "evidence_count": 2,
        }
        assert instalment == {
            "id": f"{BRIDGE}/M2",
            "contract_id": BRIDGE,
            "side": "government",
            "kind": "payment",
            "title": "First instalment",
            "currency": "GBP",
            "amount_minor": 400_000_00,
            "due_on": date(2024, 6, 1),
            "status": "notMet",
        }
        # Ids are unique within a block only: this M1 is another one.
        assert (close["id"], close["title"]) == (f"{BRIDGE}/contract/M1", "Commercial close")

    def test_only_money_that_moved_is_a_payment(self, bridge: Reading) -> None:
        assert only(bridge, "payment") == {
            "id": f"{BRIDGE}/T1",
            "contract_id": BRIDGE,
            "side": "government",
            "currency": "GBP",
            "paid_minor": 300_000_00,
            "paid_on": date(2024, 6, 15),
        }

    def test_changes_and_notices(self, bridge: Reading) -> None:
        change = {"id": f"{BRIDGE}/X1", "contract_id": BRIDGE, "changed_on": date(2024, 3, 1)}
        assert only(bridge, "amendment") == change | {"reason": "A harder soil"}
        assert [(row["id"], row["kind"], row["published_on"]) for row in rows(bridge, "publication")] == [
            (f"{BRIDGE}/1", "contract", date(2024, 1, 5)),
            (f"{BRIDGE}/2", "amendment", date(2024, 3, 1)),
            (f"{BRIDGE}/implementation/1", "acceptance", date(2025, 2, 1)),
        ]

    def test_nothing_is_refused(self, bridge: Reading) -> None:
        assert bridge.refusals == []


class TestWhoIsWho:
    def test_suppliers_that_share_the_number_one_stay_apart(self) -> None:
        """Seen in a real portal: the supplier of every process has the id 1."""
        releases = [
            release(
                "2024-01-01",
                {"title": name},
                ocid=f"ocds-1-{name}",
                parties=[{"id": 1, "name": name, "roles": ["supplier"]}],
            )
            for name in ("Bridger", "Mason")
        ]
        reading = say({"releases": releases})
        assert [row["party_id"] for row in rows(reading, "contract")] == [
            "ashford:1 Bridger",
            "ashford:1 Mason",
        ]

    def test_a_body_named_in_two_processes_is_one_and_its_latest_name_counts(self) -> None:
        def bought(day: str, what: str, party: Json) -> Json:
            return release(day, {"title": what}, ocid=f"ocds-1-{what}", buyer=party)

        register = {"scheme": "CN-USCC", "id": "11500105MB0X"}
        old = {"id": "CN-USCC-11500105MB0X", "name": "Old name", "identifier": register}
        new = {"id": "CN-USCC-11500105MB0X", "name": "New name"}
        reading = say({"releases": [bought("2024-02-01", "a", new), bought("2024-01-01", "b", old)]})
        assert only(reading, "unit") == {
            "id": "ashford:CN-USCC-11500105MB0X",
            "name": "New name",
            "uscc": "11500105MB0X",
        }

    def test_a_supplier_of_the_contract_counts_before_those_of_the_award(self) -> None:
        award = {"id": "A1", "suppliers": [{"name": "Bridger"}, {"name": "Mason"}]}
        reading = say(release("2024-01-01", {"title": "B", "suppliers": {"name": "Mason"}}, awards=[award]))
        assert only(reading, "contract")["party_id"] == "ashford:Mason"

    def test_among_several_suppliers_without_award_nobody_is_picked(self) -> None:
        parties = [{"id": name, "name": name, "roles": ["supplier"]} for name in ("Bridger", "Mason")]
        reading = say(release("2024-01-01", {"title": "B"}, parties=parties))
        assert "party_id" not in only(reading, "contract")
        assert len(rows(reading, "party")) == 2

    def test_money_from_the_supplier_is_not_paid_by_the_government(self) -> None:
        award = {"id": "A1", "suppliers": [{"id": "GB-COH-1", "name": "Bridger"}]}
        transactions = [
            {"id": "rent", "payer": {"id": "GB-COH-1"}, "value": {"amount": 1, "currency": "GBP"}},
            {
                "id": "fee",
                "providerOrganization": {"scheme": "GB-COH", "id": "1"},
                "amount": {"amount": 2, "currency": "GBP"},
            },
            {"id": "price", "payer": {"id": "GB-LAC-E1"}, "value": {"amount": 3, "currency": "GBP"}},
        ]
        reading = say(release("2024-01-01", work(transactions=transactions), awards=[award]))
        assert [(row["side"], row["paid_minor"]) for row in rows(reading, "payment")] == [
            ("counterparty", 100),
            ("counterparty", 200),
            ("government", 300),
        ]


class TestOurExtensions:
    def test_what_the_codelists_cannot_say(self) -> None:
        milestone = {
            "id": "M1",
            "title": "Deck",
            "status": "notMet",
            "x_status": "waived",
            "x_responsibleParty": "counterparty",
        }
        stopped = {"status": "active", "x_status": "suspended"}
        reading = say(release("2024-01-01", work(milestones=[milestone]) | stopped))
        assert only(reading, "contract")["status"] == "suspended"
        promise = only(reading, "obligation")
        assert (promise["status"], promise["side"]) == ("waived", "counterparty")

    def test_an_original_amount_may_be_a_bare_number_in_the_currency_of_the_contract(self) -> None:
        value = {"amount": 5, "currency": "GBP"}
        reading = say(release("2024-01-01", {"title": "B", "value": value, "x_amountOriginal": 4}))
        assert only(reading, "contract")["amount_original_minor"] == 400

    def test_an_original_amount_in_another_currency_is_refused_and_not_mixed(self) -> None:
        original = {"amount": 4, "currency": "USD"}
        value = {"amount": 5, "currency": "GBP"}
        reading = say(release("2024-01-01", {"title": "B", "value": value, "x_amountOriginal": original}))
        (refusal,) = reading.refusals
        assert (refusal.field, refusal.value) == ("amount_original", "4 USD")


def test_an_amount_never_passes_through_a_float() -> None:
    story = json.dumps(release("2024-01-01", {"title": "B", "value": {"amount": 0, "currency": "GBP"}}))
    content = story.replace('"amount": 0', '"amount": 90071992547409.93').encode()
    assert only(say(content), "contract")["amount_minor"] == 9_007_199_254_740_993


def test_the_status_in_our_words() -> None:
    given = ["active", "cancelled", "pending", "terminated"]
    releases = [release("2024-01-01", {"status": word}, ocid=f"ocds-1-{word}") for word in given]
    statuses = [row["status"] for row in rows(say({"releases": releases}), "contract")]
    assert statuses == ["active", "cancelled", "pending", "completed"]


@pytest.mark.parametrize(
    ("contract", "title"),
    [({"title": "Bridge", "description": "Long"}, "Bridge"), ({"description": "Long"}, "Call"), ({}, "Call")],
)
def test_a_contract_without_a_title_borrows_one(contract: Json, title: str) -> None:
    assert only(say(release("2024-01-01", contract, tender={"title": "Call"})), "contract")["title"] == title


def test_a_milestone_carried_on_into_the_implementation_is_one_promise() -> None:
    carried = {"id": "M1", "title": "Deck"}
    contract = work(milestones=[carried | {"status": "met"}]) | {"milestones": [carried | {"status": "scheduled"}]}
    assert only(say(release("2024-01-01", contract)), "obligation")["status"] == "met"


def test_the_old_single_amendment_is_keyed_by_its_day() -> None:
    reading = say(
        release("2015-01-01", {"title": "B", "amendment": {"date": "2014-12-01T00:00:00Z", "rationale": "Soil"}})
    )
    assert only(reading, "amendment")["id"] == f"{BRIDGE}/2014-12-01"
    assert rows(say(release("2015-01-01", {"title": "B", "amendment": {}})), "amendment") == []


def test_what_stands_beside_the_standard_goes_through_the_border() -> None:
    """`x_lvyue` counts instead of the standard's fields, and nothing in it is believed unseen."""
    beside = {
        "id": "own",
        "pay_term_days": 30,
        "title": "Other",
        "contract_id": "theirs",
        "colour": 1,
        "status": "",
        "filing": [7],
    }
    contract = {
        "title": "Bridge",
        "status": "active",
        "x_lvyue": beside | {"review": [{"id": "r", "contract_id": "theirs"}]},
    }
    reading = say(release("2024-01-01", contract))
    found = only(reading, "contract")
    assert (found["id"], found["title"], found["pay_term_days"]) == ("ashford:own", "Other", 30)
    assert "status" not in found
    assert only(reading, "review") == {"id": "ashford:r", "contract_id": "ashford:own"}
    (refusal,) = reading.refusals
    assert (refusal.noun, refusal.field) == ("filing", "id")


def test_what_stands_beside_may_be_anything() -> None:
    odd: object
    for odd in ([], "text", 7, {"id": {"deep": 1}}, {"review": {"id": 1}}):
        promise: Json = {"id": "M", "title": "M", "x_lvyue": odd}
        assert len(rows(say(release("2024-01-01", work(milestones=[promise]) | {"x_lvyue": odd})), "contract")) == 1
