"""CN-PAY-17 to 21, 25 and 26: money of building works. From section 5 of the catalogue and the notes of the rules."""

from __future__ import annotations

from datetime import date

from tests.district.law import (
    Answer,
    Check,
    Row,
    World,
    add_months,
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
    paid,
    plus,
    roll,
    seen,
    some,
    when,
    whole,
    word,
)
from tests.district.terms import government_owes, in_force, is_works


def cn_pay_17(payment: Row, world: World, today: date) -> Answer:
    contract = world.contract(payment)
    signed, start = seen(contract, "signed_on", today), day(contract, "start_on")
    applies = every(
        is_works(contract), among(payment.get("kind"), "advance"), government_owes(payment, today),
        flag(payment, "condition_met") is not False, in_force(signed, date(2004, 10, 20)),
    )  # fmt: skip
    ends = [add_months(signed, 1)] if signed else []
    ends += [plus(start, -7)] if start else []
    return when(applies, ladder(today, min(ends, default=None), yellow=-7, orange=1, red=24))


def cn_pay_18(payment: Row, world: World, today: date) -> Answer:
    contract, closed = world.contract(payment), seen(payment, "period_end_on", today)
    done, gone = whole(payment, "confirmed_minor"), paid(payment, today)
    settled = seen(payment, "settlement_confirmed_on", today)
    applies = every(
        is_works(contract), among(payment.get("kind"), "progress"), among(payment.get("side"), "government"),
        in_force(seen(contract, "signed_on", today), date(2022, 8, 1)),
    )  # fmt: skip
    over = closed is not None and closed < today
    too_much = False if gone == 0 else more(gone, done)
    give_back = every(too_much, settled is not None and today > plus(settled, 30))
    short = None if done is None or gone is None else gone * 100 - done * 80
    very_short = None if done is None or gone is None else gone * 100 - done * 75
    too_little, far_too_little = every(over, more(0, short)), every(over, more(0, very_short))
    return when(applies, highest(yellow=some(too_little, too_much), orange=some(far_too_little, give_back)))


def _is_final(payment: Row, contract: Row) -> bool | None:
    """The final settlement of works."""
    return every(
        is_works(contract), among(payment.get("kind"), "settlement", "final"), among(payment.get("side"), "government")
    )


def cn_pay_19(payment: Row, world: World, today: date) -> Answer:
    contract, handed_in = world.contract(payment), seen(payment, "settlement_submitted_on", today)
    if handed_in is None:
        return None
    objected = seen(payment, "settlement_objected_on", today)
    ended = seen(payment, "settlement_confirmed_on", today) or (objected and objected >= handed_in)
    applies = every(
        _is_final(payment, contract), not ended, in_force(seen(contract, "signed_on", today), date(2004, 10, 20))
    )
    whose, name = (
        (payment, "settlement_minor") if payment.get("settlement_minor") is not None else (contract, "amount_minor")
    )
    size = whole(whose, name)
    if size is None:
        return when(applies, "unknown")
    steps = ((5_000_000, 20), (20_000_000, 30), (50_000_000, 45))
    days = next((days for most, days in steps if size <= most * 100 and word(whose, "currency") == "CNY"), 60)
    return when(applies, ladder(today, plus(handed_in, days), yellow=-5, orange=1, red=30))


def cn_pay_20(payment: Row, world: World, today: date) -> Answer:
    contract, confirmed = world.contract(payment), seen(payment, "settlement_confirmed_on", today)
    applied, term = seen(payment, "applied_on", today), whole(contract, "pay_term_days")
    applies = every(
        _is_final(payment, contract), government_owes(payment, today), seen(payment, "deferred_on", today) is None
    )
    method = in_force(seen(contract, "signed_on", today), date(2004, 10, 20))
    limit = plus(max(confirmed, applied), 15) if confirmed and applied else None
    base = base_day(payment, contract, today)
    term_end = roll(plus(base, term)) if base and term is not None else None
    price_due = (
        day(payment, "due_on") or term_end or seen(payment, "delivered_on", today)
        or seen(payment, "settlement_submitted_on", today) or limit
    )  # fmt: skip
    suit = today >= add_months(price_due, 15) if price_due else None
    late = every(limit is not None, method, more(today, limit))
    grave = every(limit is not None, method, more(today, limit and plus(limit, 29)))
    return when(applies, highest(orange=late, red=some(grave, suit)))


def cn_pay_21(payment: Row, world: World, today: date) -> Answer:
    due = day(payment, "due_on")
    applies = every(
        is_works(world.contract(payment)), among(payment.get("kind"), "labour"),
        among(payment.get("side"), "government"), more(owed(payment, today), 0), in_force(due, date(2020, 5, 1)),
    )  # fmt: skip
    return when(applies, ladder(today, due, yellow=-3, red=1))


def cn_pay_25(contract: Row, world: World, today: date) -> Answer:
    agreed, amount = whole(contract, "advance_percent"), whole(contract, "amount_minor")
    sums = [
        whole(row, "amount_minor") for row in world.of("payment", contract)
        if word(row, "kind") == "advance" and word(row, "side") == "government"
    ]  # fmt: skip
    known = [minor for minor in sums if minor is not None]
    if agreed == 0 or (agreed is None and not sums):
        return None
    outside = None
    if agreed is not None:
        outside = not 10 <= agreed <= 30
    elif amount and len(known) == len(sums):
        outside = not 10 * amount <= sum(known) * 100 <= 30 * amount
    applies = every(
        is_works(contract), not is_left_alone(contract, world), in_force(law_day(contract, today), date(2004, 10, 20))
    )
    return when(applies, highest(orange=outside))


def cn_pay_26(contract: Row, world: World, today: date) -> Answer:
    applies = every(
        is_works(contract), not is_left_alone(contract, world), in_force(law_day(contract, today), date(2020, 5, 1))
    )
    long_cycle = more(whole(contract, "labour_cycle_days"), 31)
    return when(applies, highest(red=some(long_cycle, no(flag(contract, "has_payment_guarantee")))))


CHECKS: dict[str, tuple[str, Check]] = {
    "CN-PAY-17": ("payment", cn_pay_17),
    "CN-PAY-18": ("payment", cn_pay_18),
    "CN-PAY-19": ("payment", cn_pay_19),
    "CN-PAY-20": ("payment", cn_pay_20),
    "CN-PAY-21": ("payment", cn_pay_21),
    "CN-PAY-25": ("contract", cn_pay_25),
    "CN-PAY-26": ("contract", cn_pay_26),
}
