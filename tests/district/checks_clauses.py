"""CN-PAY: what a contract, a unit or a complaint says of payment. From section 5 of the catalogue and the notes."""

from __future__ import annotations

from datetime import date

from tests.district.law import (
    Answer,
    Check,
    Row,
    World,
    among,
    base_day,
    day,
    every,
    flag,
    highest,
    is_left_alone,
    ladder,
    law_day,
    more,
    no,
    owed,
    plus,
    roll,
    seen,
    some,
    when,
    whole,
    word,
    working_days,
)
from tests.district.terms import (
    EDITION,
    REGULATION,
    government_owes,
    in_force,
    is_public,
    is_public_or_large,
    is_small,
    prime_rate,
)


def cn_pay_02(contract: Row, world: World, today: date) -> Answer:
    term = whole(contract, "pay_term_days")
    applies = every(
        term is not None, is_public(contract, world), is_small(contract, world), not is_left_alone(contract, world),
        in_force(law_day(contract, today), REGULATION),
    )  # fmt: skip
    owing = [row for row in world.of("payment", contract) if government_owes(row, today)]
    starts = [base for base in (base_day(row, contract, today) for row in owing) if base]
    too_long = (term or 0) > 60
    signed = seen(contract, "signed_on", today) is not None
    run_out = signed and bool(starts) and today > roll(plus(min(starts), 60))
    return when(applies, highest(orange=too_long, red=too_long and run_out))


def cn_pay_08(contract: Row, world: World, today: date) -> Answer:
    counts = law_day(contract, today)
    applies = every(
        among(contract.get("settlement_basis"), "audit"), is_public_or_large(contract, world),
        is_small(contract, world), not is_left_alone(contract, world), in_force(counts, REGULATION),
    )  # fmt: skip
    agreed = every(counts is not None and counts < EDITION, flag(contract, "audit_clause_agreed"))
    return when(applies, highest(orange=every(contract.get("settlement_law") is None, no(agreed))))


def cn_pay_12(unit: Row, world: World, today: date) -> Answer:
    if word(unit, "kind") == "soe" or today.year < 2021:
        return None
    told = world.reports("disclosure", "disclosed_on")
    mine = [row for row in world.rows["disclosure"] if row.get("unit_id") == unit.get("id")]
    if any(row.get("year") == today.year - 1 and seen(row, "disclosed_on", today) for row in mine):
        return "clear"
    return when(told or None, ladder(today, date(today.year, 3, 31), blue=-30, yellow=-11, orange=1))


def cn_pay_13(complaint: Row, world: World, today: date) -> Answer:
    accepted, passed_on = seen(complaint, "accepted_on", today), seen(complaint, "transferred_on", today)
    received, extended = seen(complaint, "handler_received_on", today), seen(complaint, "extended_on", today)
    counts = accepted or received
    if more(day(complaint, "received_on"), today) or not (counts or passed_on):
        return None
    applies = every(
        among(complaint.get("kind"), "sme_arrears"),
        seen(complaint, "result_on", today) is None,
        in_force(counts, EDITION),
    )
    if received:
        limit = plus(received, 90 if extended else 30)
        return when(applies, ladder(today, limit, yellow=-5, red=1))
    if passed_on:
        return when(applies, "unknown")
    gone = working_days(accepted, today) if accepted else None
    return when(applies, highest(yellow=gone is not None and gone >= 5, red=more(gone, 10)))


def cn_pay_14(contract: Row, world: World, today: date) -> Answer:
    counts, available = law_day(contract, today), whole(contract, "budget_available_minor")
    has_line = flag(contract, "has_budget")
    if has_line is None and available is not None:
        has_line = True
    over = (
        available is not None
        and not flag(contract, "has_multiyear_plan")
        and more(whole(contract, "amount_minor"), available)
    )
    budget = every(
        in_force(counts, date(2015, 1, 1)), among(contract.get("fund_source"), "fiscal"), some(no(has_line), over)
    )
    invest, asks = flag(contract, "is_gov_invest"), flag(contract, "requires_prefinancing")
    prefinanced = every(in_force(counts, date(2019, 7, 1)), invest, asks) if (invest, asks) != (None, None) else False
    return when(not is_left_alone(contract, world), highest(red=some(budget, prefinanced)))


def cn_pay_15(contract: Row, world: World, today: date) -> Answer:
    unit, counts, disputed = world.unit(contract), law_day(contract, today), flag(contract, "has_dispute")
    applies = every(
        word(unit, "kind") == "soe", among(unit.get("size"), "large"), is_small(contract, world),
        flag(contract, "pays_when_paid"), some(not is_left_alone(contract, world), disputed), in_force(counts, REGULATION),
    )  # fmt: skip
    void = every(disputed, today >= date(2024, 8, 27))
    return when(applies, highest(orange=some(in_force(counts, EDITION), void)))


def cn_pay_23(contract: Row, world: World, today: date) -> Answer:
    applies = every(
        bool(flag(contract, "accept_is_condition")), whole(contract, "accept_period_days") is None,
        is_public(contract, world), is_small(contract, world), not is_left_alone(contract, world),
        in_force(law_day(contract, today), REGULATION),
    )  # fmt: skip
    waiting = any(
        word(row, "side") == "government" and more(owed(row, today), 0) is not False
        and seen(row, "delivered_on", today) and not seen(row, "accepted_on", today)
        and not seen(row, "accept_refused_on", today)
        for row in world.of("payment", contract)
    )  # fmt: skip
    return when(applies, highest(blue=True, yellow=waiting))


def cn_pay_24(contract: Row, world: World, today: date) -> Answer:
    counts, agreed = law_day(contract, today), whole(contract, "late_rate_ppm")
    applies = every(
        is_public(contract, world), is_small(contract, world), not is_left_alone(contract, world),
        agreed is not None, in_force(counts, REGULATION),
    )  # fmt: skip
    return when(applies, highest(orange=more(prime_rate(counts) if counts else None, agreed)))


CHECKS: dict[str, tuple[str, Check]] = {
    "CN-PAY-02": ("contract", cn_pay_02),
    "CN-PAY-08": ("contract", cn_pay_08),
    "CN-PAY-12": ("unit", cn_pay_12),
    "CN-PAY-13": ("complaint", cn_pay_13),
    "CN-PAY-14": ("contract", cn_pay_14),
    "CN-PAY-15": ("contract", cn_pay_15),
    "CN-PAY-23": ("contract", cn_pay_23),
    "CN-PAY-24": ("contract", cn_pay_24),
}
