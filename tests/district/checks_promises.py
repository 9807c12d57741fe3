"""CN-PRO: promises and good faith. From section 6 of the catalogue and the notes of the rules."""

from __future__ import annotations

from datetime import date

from tests.district.law import (
    Answer,
    Check,
    Row,
    World,
    among,
    between,
    day,
    every,
    flag,
    highest,
    is_done,
    ladder,
    more,
    no,
    open_duties,
    owed,
    plus,
    roll,
    seen,
    some,
    stands,
    when,
    word,
    working_days,
)
from tests.district.terms import in_force

GIVEN = ("subsidy", "reward", "rent_relief", "approval_help", "land_supply")
"""补贴, 奖励, 租金减免, 审批协助, 供地; 配套设施 only where an investment promise assures them."""
CHANGES = ("change", "suspension", "termination", "supplement", "extension", "site", "scale", "content")
"""Every kind of change; a request to negotiate anew changes nothing yet."""
PROOFS = ("has_public_interest", "has_approval", "has_hearing", "has_compensation")


def cn_pro_01(promise: Row, world: World, today: date) -> Answer:
    facilities = every(
        among(promise.get("kind"), "facilities"), among(world.contract(promise).get("kind"), "ZSYZ", "KJXY", "CNS")
    )
    applies = every(
        among(promise.get("side"), "government"), some(among(promise.get("kind"), *GIVEN), facilities),
        flag(promise, "conditions_met"), no(is_done(promise, today)),
    )  # fmt: skip
    return when(applies, ladder(today, day(promise, "due_on"), blue=-60, yellow=-30, orange=1, red=30))


def cn_pro_02(unit: Row, world: World, today: date) -> Answer:
    event_on, list_on = seen(unit, "event_on", today), seen(unit, "handover_on", today)
    if (event_on is None and unit.get("event") is None) or more(day(unit, "event_on"), today):
        return None
    mine = [row for row in world.rows["contract"] if row.get("unit_id") == unit.get("id")]
    duties = [row for contract in mine for row in open_duties(contract, "government", world)]
    if event_on is None or unit.get("event") is None:
        return when(bool(duties), "unknown")
    handed_over = list_on is not None and list_on >= plus(event_on, -30)
    overdue = [due for due in (day(row, "due_on") for row in duties) if due and event_on <= due < today]
    gone = between(event_on, today)
    levels = highest(blue=gone >= 1, yellow=gone >= 15, orange=gone >= 30, red=bool(overdue))
    return when(bool(duties) and not handed_over, levels)


def cn_pro_03(amendment: Row, world: World, today: date) -> Answer:
    contract, changed = world.contract(amendment), seen(amendment, "changed_on", today)
    agreed = flag(amendment, "is_agreed")
    if agreed is None and word(amendment, "kind") == "supplement":
        agreed = True
    if changed is None and day(amendment, "changed_on"):
        return None
    if changed is not None and changed.year < 2020:
        old = every(
            flag(contract, "is_admin_agreement"), in_force(seen(contract, "signed_on", today), date(2015, 5, 1))
        )
        if old is not True:
            return when(old, None)
    applies = every(among(amendment.get("initiator"), "government"), among(amendment.get("kind"), *CHANGES), no(agreed))
    return when(applies, highest(red=some(*(no(flag(amendment, proof)) for proof in PROOFS))))


def cn_pro_04(contract: Row, world: World, today: date) -> Answer:
    signed, reviewed = seen(contract, "signed_on", today), seen(contract, "competition_reviewed_on", today)
    status = stands(contract, today)
    before = signed is None and status in ("draft", "in_review", "pending")
    counts = today if before else signed
    applies = every(among(contract.get("kind"), "ZSYZ"), in_force(counts, date(2024, 8, 1)))
    for_one = contract.get("incentive") in ("tax", "award", "factor") and contract.get("incentive_basis") is None
    none_on_file: bool | None = reviewed is None
    if reviewed is None and not world.reports("contract", "competition_reviewed_on"):
        none_on_file = None
    unreviewed = every(none_on_file, not (before and status != "pending"))
    too_late = reviewed is not None and signed is not None and reviewed > signed
    return when(applies, highest(red=some(for_one, too_late, unreviewed)))


def cn_pro_05(complaint: Row, world: World, today: date) -> Answer:
    received, verified = seen(complaint, "received_on", today), seen(complaint, "verified_on", today)
    if more(day(complaint, "received_on"), today):
        return None
    applies = every(
        among(complaint.get("kind"), "government_breach"), seen(complaint, "rectified_on", today) is None,
        in_force(received, date(2023, 8, 1)),
    )  # fmt: skip
    if verified is None:
        return when(applies, highest(red=more(working_days(received, today), 10) if received else None))
    founded = flag(complaint, "is_founded") is not False
    return when(applies, highest(red=founded and today > roll(plus(verified, 30))))


def cn_pro_06(promise: Row, world: World, today: date) -> Answer:
    applies = every(
        among(promise.get("side"), "government"), among(promise.get("kind"), "judgment"),
        flag(promise, "conditions_met") is not False, no(is_done(promise, today)),
    )  # fmt: skip
    return when(applies, ladder(today, day(promise, "due_on"), blue=-30, yellow=-15, orange=-5, red=1))


def cn_pro_07(promise: Row, world: World, today: date) -> Answer:
    contract = world.contract(promise)
    says = [term for term in (flag(promise, "conditions_met"), _premium_paid(contract, world)) if term is not None]
    applies = every(
        among(contract.get("kind"), "ZYCR"), among(promise.get("side"), "government"),
        among(promise.get("kind"), "land_handover"), all(says) if says else None, no(is_done(promise, today)),
    )  # fmt: skip
    return when(applies, ladder(today, day(promise, "due_on"), blue=-60, yellow=-30, orange=1, red=30))


def _premium_paid(contract: Row, world: World) -> bool | None:
    """The instalments of the land premium that are due by today are paid; unknown where none is on record."""
    instalments = [
        row for row in world.of("payment", contract)
        if word(row, "kind") == "land_premium" and word(row, "side") == "counterparty"
    ]  # fmt: skip
    open_ones = [row for row in instalments if more(owed(row, world.today), 0) is not False]
    dues = [(more(owed(row, world.today), 0), day(row, "due_on")) for row in open_ones]
    late = some(*(every(unpaid_, more(world.today, due)) for unpaid_, due in dues))
    return no(late) if instalments else None


def cn_pro_08(promise: Row, world: World, today: date) -> Answer:
    contract, kind = world.contract(promise), promise.get("kind")
    signed = seen(contract, "signed_on", today)
    applies = every(
        among(contract.get("kind"), "ZSBC"), among(promise.get("side"), "government"),
        among(kind, "compensation", "payment", "money", "resettlement"), no(is_done(promise, today)),
        signed is None or signed >= date(2011, 1, 21),
    )  # fmt: skip
    if kind != "resettlement" and seen(contract, "relocation_demanded_on", today):
        return when(applies, "red")
    return when(applies, ladder(today, day(promise, "due_on"), blue=-30, yellow=-15, red=1))


CHECKS: dict[str, tuple[str, Check]] = {
    "CN-PRO-01": ("obligation", cn_pro_01),
    "CN-PRO-02": ("unit", cn_pro_02),
    "CN-PRO-03": ("amendment", cn_pro_03),
    "CN-PRO-04": ("contract", cn_pro_04),
    "CN-PRO-05": ("complaint", cn_pro_05),
    "CN-PRO-06": ("obligation", cn_pro_06),
    "CN-PRO-07": ("obligation", cn_pro_07),
    "CN-PRO-08": ("obligation", cn_pro_08),
}
