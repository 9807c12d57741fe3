"""A small made district of five contracts, and what may be said of it anew: for tests of scans that judge only what changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from tests.facts import AS_OF, Row

District = dict[str, Any]
"""Rows by noun, as `Register.says` takes them."""

LATE, SOON = date(2026, 2, 1), date(2026, 4, 1)
OWED: Row = {"side": "government", "currency": "CNY", "amount_minor": 5_000, "paid_minor": 0, "due_on": LATE}

DISTRICT: District = {
    "unit": [{"id": "U", "name": "Works"}, {"id": "V", "name": "Parks"}],
    "party": [{"id": "P", "name": "Builders"}, {"id": "Q", "name": "Gardeners"}],
    "contract": [
        {
            "id": key, "title": key, "unit_id": unit, "party_id": party, "project_code": project, "currency": "CNY",
            "amount_minor": 10_000, "amount_original_minor": 10_000, "approved_estimate_minor": 25_000, "signed_on": LATE,
        }
        for key, unit, party, project in (
            ("A", "U", "P", "X"), ("B", "U", "P", "X"), ("C", "V", "P", "Y"), ("D", "V", "Q", "Y"), ("E", "V", "Q", None),
        )
    ],
    "obligation": [
        {"id": f"{key}/1", "contract_id": key, "title": "Deck", "side": "government", "due_on": LATE if key in "AC" else SOON}
        for key in "ABCDE"
    ],
    "payment": [OWED | {"id": f"{key}/2", "contract_id": key} for key in "ABE"],
    "amendment": [{"id": "A/3", "contract_id": "A", "kind": "supplement", "currency": "CNY", "amount_change_minor": 500}],
    "guarantee": [{"id": "B/4", "contract_id": "B", "kind": "wage"}],
    "complaint": [
        {"id": "T", "unit_id": "U", "received_on": LATE}, {"id": "S", "unit_id": "V", "contract_id": "D", "received_on": LATE},
    ],
    "disclosure": [{"id": "W", "unit_id": "U", "year": 2025, "disclosed_on": LATE}],
}  # fmt: skip


def told_anew(**changes: Row) -> District:
    """The district with some fields of some things changed, `A_1={…}` for the thing with key A/1; what is new names its noun."""
    found: District = {noun: [dict(row) for row in rows] for noun, rows in DISTRICT.items()}
    for name, change in changes.items():
        key = name.replace("_", "/")
        known = [row for rows in found.values() for row in rows if row["id"] == key]
        for row in known:
            row.update(change)
        if not known:
            found[change["noun"]].append({"id": key} | change)
    return found


def without(key: str) -> District:
    """The district as if one thing were no longer listed."""
    return {noun: [row for row in rows if row["id"] != key] for noun, rows in DISTRICT.items()}


NEWS: dict[str, Callable[[], District]] = {
    "nothing at all": told_anew,
    "a deadline is moved": lambda: told_anew(A_1={"due_on": SOON}),
    "a promise is kept": lambda: told_anew(C_1={"done_on": AS_OF}),
    "a promise is no longer listed": lambda: without("A/1"),
    "a payment is made": lambda: told_anew(B_2={"paid_minor": 5_000, "paid_on": AS_OF}),
    "a guarantee is returned": lambda: told_anew(B_4={"returned_on": AS_OF}),
    "a change is signed": lambda: told_anew(A_3={"changed_on": AS_OF}),
    "a supplement makes a project too dear": lambda: told_anew(A={"amount_minor": 40_000}),
    "a further contract of a project": lambda: told_anew(
        F={"noun": "contract", "title": "F", "project_code": "Y", "currency": "CNY", "amount_minor": 90_000}
    ),
    "a contract leaves a project": lambda: told_anew(A={"project_code": "Y", "amount_minor": 40_000}),
    "a contract is no longer listed": lambda: without("D"),
    "a contract gets another unit": lambda: told_anew(C={"unit_id": "U"}),
    "a unit becomes a company": lambda: told_anew(U={"kind": "soe"}),
    "a party loses its licence": lambda: told_anew(P={"status": "revoked"}),
    "a party is new": lambda: told_anew(R={"noun": "party", "name": "Painters"}, E={"party_id": "R"}),
    "a complaint is settled": lambda: told_anew(T={"result_on": AS_OF}),
    "a complaint names its contract": lambda: told_anew(T={"contract_id": "A"}),
    "a payment belongs to another contract": lambda: told_anew(A_2={"contract_id": "D"}),
    "a promise belongs to another contract": lambda: told_anew(C_1={"contract_id": "E"}),
}
"""What may be said of the district on the same day, each a small part of it."""
