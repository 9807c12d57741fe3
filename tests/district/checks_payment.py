"""CN-PAY: sums that a government owes. From section 5 of the catalogue and the notes of the rules."""

from __future__ import annotations

from datetime import date

from tests.district.law import (
    Answer,
    Check,
    Row,
    World,
    acceptance_end,
    among,
    base_day,
    base_kind,
    between,
    day,
    every,
    flag,
    highest,
    ladder,
    more,
    no,
    owed,
    paid,
    plus,
    roll,
    seen,
    some,
    unpaid,
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
    is_purchase,
    is_small,
    is_works,
    last_day,
    prime_rate,
)


def cn_pay_01(payment: Row, world: World, today: date) -> Answer:
    contract = world.contract(payment)
    none_agreed = day(payment, "due_on") is None and whole(contract, "pay_term_days") is None
    applies = every(
        is_public(contract, world), is_small(contract, world), none_agreed, government_owes(payment, today),
        in_force(seen(contract, "signed_on", today), REGULATION),
    )  # fmt: skip
    base = base_day(payment, contract, today)
    return when(applies, ladder(today, roll(plus(base, 30)) if base else None, blue=-10, yellow=-5, orange=1, red=8))


def cn_pay_03(payment: Row, world: World, today: date) -> Answer:
    contract = world.contract(payment)
    base, due, term = base_day(payment, contract, today), day(payment, "due_on"), whole(contract, "pay_term_days")
    statutory = every(due is None and term is None, is_public(contract, world), is_small(contract, world))
    applies = every(government_owes(payment, today), payment.get("hold_reason") is None, no(statutory))
    if due is None and base and term is not None:
        due = roll(plus(base, term))
    large = word(payment, "currency") == "CNY" and (unpaid(payment, today) or 0) >= 100_000_000
    days = {"blue": -15, "yellow": -7, "orange": 1, "red": 1 if large else 31}
    return when(applies, ladder(today, due, **days))


def cn_pay_04(payment: Row, world: World, today: date) -> Answer:
    contract = world.contract(payment)
    end, refused = acceptance_end(payment, contract), seen(payment, "accept_refused_on", today)
    applies = every(
        among(payment.get("side"), "government"), is_public(contract, world), is_small(contract, world),
        more(owed(payment, today), 0) is not False, base_kind(payment, contract) == "acceptance",
        seen(payment, "accepted_on", today) is None, whole(contract, "accept_period_days") is not None,
        not (refused and end and refused <= end), in_force(seen(contract, "signed_on", today), REGULATION),
    )  # fmt: skip
    return when(applies, ladder(today, end, yellow=-3, orange=1))


def cn_pay_05(payment: Row, world: World, today: date) -> Answer:
    contract = world.contract(payment)
    handed_in, objected = (
        seen(payment, "settlement_submitted_on", today),
        seen(payment, "settlement_objected_on", today),
    )
    final = every(is_works(contract), among(payment.get("kind"), "settlement", "final")) is True
    if handed_in is None:
        return None
    ended = seen(payment, "settlement_confirmed_on", today) or (objected and objected >= handed_in)
    applies = every(among(payment.get("side"), "government"), not final, not ended)
    days = whole(contract, "settle_confirm_days")
    limit = plus(handed_in, 28 if days is None else days)
    return when(applies, ladder(today, limit, yellow=0, orange=15, red=45))


def cn_pay_06(payment: Row, world: World, today: date) -> Answer:
    contract = world.contract(payment)
    signed = seen(contract, "signed_on", today)
    applies = every(
        is_public(contract, world), is_small(contract, world), government_owes(payment, today),
        payment.get("hold_reason") is None, in_force(signed, REGULATION),
    )  # fmt: skip
    due, rest, agreed = last_day(payment, contract, world, protected=True), unpaid(payment, today), None
    if due is None or rest is None or signed is None:
        return when(applies, "unknown")
    late, agreed = between(due, today), whole(contract, "late_rate_ppm")
    floor = prime_rate(signed)
    if agreed is None:
        millionths = rest * 500 * late
    elif floor is None:
        return when(applies, "unknown")
    else:
        millionths = rest * max(agreed, floor) * late // 365
    cents = (millionths + 500_000) // 1_000_000
    planned = (whole(payment, "interest_planned_minor") or 0) > 0
    return when(applies, highest(orange=cents > 0 and not planned, red=cents > 0 and cents * 100 >= rest))


def cn_pay_07(payment: Row, world: World, today: date) -> Answer:
    contract, reason = world.contract(payment), word(payment, "delay_reason")
    signed, private = (
        seen(contract, "signed_on", today),
        among(world.party(world.contract(payment)).get("ownership"), "private"),
    )
    small = every(is_public_or_large(contract, world), is_small(contract, world), in_force(signed, REGULATION))
    protected = some(small, every(private, in_force(signed, date(2025, 5, 20))))
    waits = reason in ("completion_filing", "completion_approval", "final_audit")
    excuse = every(waits, flag(contract, "audit_clause_agreed"))
    forbidden = some(
        reason == "leader_change",
        every(reason == "internal_process" or waits, protected, no(excuse)),
    )
    if reason is None:
        return None
    due = last_day(payment, contract, world, protected=bool(small))
    return when(every(government_owes(payment, today), forbidden), ladder(today, due, red=1))


def cn_pay_09(payment: Row, world: World, today: date) -> Answer:
    contract, method, falls_due = world.contract(payment), payment.get("method"), day(payment, "instrument_due_on")
    signed = seen(contract, "signed_on", today)
    small = every(is_public_or_large(contract, world), is_small(contract, world), in_force(signed, REGULATION))
    in_chongqing = every(among(contract.get("jurisdiction"), "CN-CQ"), in_force(signed, date(2021, 7, 1)))
    cashless = some(among(method, "commercial_bill", "receivable_voucher", "property"), falls_due is not None)
    if method is None and falls_due is None:
        cashless = False if paid(payment, today) == 0 else None
    forced = every(
        among(method, "commercial_bill", "receivable_voucher", "property"), no(flag(payment, "method_agreed"))
    )
    too_late: bool | None = False
    if falls_due is not None and method != "property":
        too_late = more(falls_due, last_day(payment, contract, world, protected=bool(small)))
    applies = every(among(payment.get("side"), "government"), cashless, some(small, in_chongqing))
    return when(applies, highest(orange=some(forced, too_late)))


def cn_pay_10(payment: Row, world: World, today: date) -> Answer:
    contract = world.contract(payment)
    applies = every(
        is_public_or_large(contract, world), is_small(contract, world), government_owes(payment, today),
        (whole(payment, "disputed_minor") or 0) > 0, in_force(seen(contract, "signed_on", today), EDITION),
    )  # fmt: skip
    return when(applies, ladder(today, last_day(payment, contract, world, protected=True), orange=1, red=15))


def cn_pay_11(payment: Row, world: World, today: date) -> Answer:
    contract, asked = world.contract(payment), seen(payment, "confirmation_requested_on", today)
    signed = seen(contract, "signed_on", today)
    if asked is None:
        return None
    applies = every(
        among(payment.get("side"), "government"), is_public_or_large(contract, world), is_small(contract, world),
        seen(payment, "confirmation_answered_on", today) is None, in_force(signed, REGULATION),
        some(in_force(signed, EDITION), among(payment.get("financing"), "pledge")),
    )  # fmt: skip
    return when(applies, ladder(today, plus(asked, 30), blue=-15, yellow=-5, orange=1))


def cn_pay_16(payment: Row, world: World, today: date) -> Answer:
    contract, invoiced = world.contract(payment), seen(payment, "invoice_on", today)
    returned, base = seen(payment, "invoice_returned_on", today), base_day(payment, contract, today)
    if invoiced is None or invoiced < date(2019, 9, 1):
        return None
    met = flag(payment, "condition_met")
    applies = every(
        flag(contract, "is_gov_procurement"), government_owes(payment, today), not (returned and returned >= invoiced),
        met if met is not None else base is not None,
    )  # fmt: skip
    none_agreed = day(payment, "due_on") is None and whole(contract, "pay_term_days") is None
    law = every(
        none_agreed, is_public(contract, world), is_small(contract, world),
        in_force(seen(contract, "signed_on", today), REGULATION),
    )  # fmt: skip
    past_law = law is True and base is not None and today > roll(plus(base, 30))
    if invoiced < date(2023, 12, 15):
        gone, limit = between(roll(plus(invoiced, 30)), today), 0
    else:
        gone, limit = working_days(invoiced, today), 10
    red = gone > limit + 10 or (gone > limit and past_law)
    return when(applies, highest(blue=gone >= limit - 5, yellow=gone >= limit - 2, orange=gone > limit, red=red))


def cn_pay_22(payment: Row, world: World, today: date) -> Answer:
    contract = world.contract(payment)
    applies = every(
        is_purchase(contract), world.party(contract).get("size_at_signing") is None, is_public(contract, world),
        government_owes(payment, today), in_force(seen(contract, "signed_on", today), REGULATION),
    )  # fmt: skip
    return when(applies, ladder(today, last_day(payment, contract, world, protected=True), blue=-10))


CHECKS: dict[str, tuple[str, Check]] = {
    "CN-PAY-01": ("payment", cn_pay_01),
    "CN-PAY-03": ("payment", cn_pay_03),
    "CN-PAY-04": ("payment", cn_pay_04),
    "CN-PAY-05": ("payment", cn_pay_05),
    "CN-PAY-06": ("payment", cn_pay_06),
    "CN-PAY-07": ("payment", cn_pay_07),
    "CN-PAY-09": ("payment", cn_pay_09),
    "CN-PAY-10": ("payment", cn_pay_10),
    "CN-PAY-11": ("payment", cn_pay_11),
    "CN-PAY-16": ("payment", cn_pay_16),
    "CN-PAY-22": ("payment", cn_pay_22),
}
