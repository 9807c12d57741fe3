"""CN-PRC: review, signing, publication, filing. From section 7 of the catalogue and the notes of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tests.district.law import (
    Answer,
    Check,
    Row,
    World,
    add_working_days,
    among,
    day,
    every,
    flag,
    highest,
    ladder,
    no,
    plus,
    roll,
    seen,
    some,
    stands,
    when,
    whole,
    word,
    working_days,
)
from tests.district.terms import in_force, is_works

BEFORE_SIGNING = ("draft", "in_review", "pending")


def cn_prc_01(contract: Row, world: World, today: date) -> Answer:
    signed, status = seen(contract, "signed_on", today), stands(contract, today)
    is_signed = True if signed else None if status is None else status not in (*BEFORE_SIGNING, "cancelled")
    told = world.reports("review") or None
    applies = every(told, signed is None or signed >= date(2012, 7, 1))
    opinions = [row for row in world.of("review", contract) if seen(row, "finished_on", today)]
    in_time = [row for row in opinions if signed is None or (day(row, "finished_on") or today) <= signed]
    if not in_time:
        return when(applies, highest(red=is_signed))
    last = max(in_time, key=lambda row: str(row.get("finished_on")))
    late = None if signed is None else False  # whether it came in time, where nobody recorded the day of signing
    read, kept = word(last, "text_hash"), word(contract, "text_hash")
    differs = read is not None and kept is not None and read != kept
    return when(
        applies, highest(red=some(every(is_signed, some(late, among(last.get("result"), "rejected"))), differs))
    )


def cn_prc_02(contract: Row, world: World, today: date) -> Answer:
    sent = min((on for row in world.of("review", contract) if (on := seen(row, "submitted_on", today))), default=None)
    planned, signed = day(contract, "planned_sign_on"), seen(contract, "signed_on", today)
    if planned is None or sent is None:
        return None
    major = flag(contract, "is_major_decision") is True and sent >= date(2019, 9, 1)
    return highest(yellow=working_days(sent, signed or planned) < (7 if major else 5))


def _first(rows: Sequence[Row], name: str, today: date) -> date | None:
    return min((on for row in rows if (on := seen(row, name, today))), default=None)


def _unsigned(contract: Row, today: date, applies: bool | None) -> Answer:
    """No day of signing: nothing to count for a draft, unknown for what is past that."""
    return None if stands(contract, today) in BEFORE_SIGNING else when(applies, "unknown")


def cn_prc_03(contract: Row, world: World, today: date) -> Answer:
    signed = seen(contract, "signed_on", today)
    filed = _first(
        [row for row in world.of("filing", contract) if word(row, "filed_with") == "legal"], "filed_on", today
    )
    reports = world.reports("filing", filed_with="legal") or None
    if filed:
        return None
    if signed is None:
        return _unsigned(contract, today, reports)
    gone = working_days(signed, today)
    return when(reports, highest(blue=gone >= 5, yellow=gone >= 8, orange=gone >= 17))


def cn_prc_04(contract: Row, world: World, today: date) -> Answer:
    notice, status = seen(contract, "award_notice_on", today), stands(contract, today)
    if notice is None or seen(contract, "signed_on", today):
        return None
    levels = ladder(today, notice, blue=15, yellow=20, orange=27)
    return when(among(status, *BEFORE_SIGNING), "red" if today > roll(plus(notice, 30)) else levels)


def cn_prc_05(contract: Row, world: World, today: date) -> Answer:
    signed = seen(contract, "signed_on", today)
    notices = [row for row in world.of("publication", contract) if word(row, "kind") == "contract"]
    if _first(notices, "published_on", today):
        return None
    applies = every(
        flag(contract, "is_gov_procurement"), flag(contract, "is_secret") is not True,
        in_force(signed, date(2015, 3, 1)), world.reports("publication", kind="contract") or None,
    )  # fmt: skip
    if signed is None:
        return _unsigned(contract, today, applies)
    gone = working_days(signed, today)
    return when(applies, highest(yellow=gone > 2, orange=gone > 10))


def cn_prc_06(contract: Row, world: World, today: date) -> Answer:
    signed = seen(contract, "signed_on", today)
    filings = [row for row in world.of("filing", contract) if word(row, "filed_with") in ("finance", "supervisor")]
    if _first(filings, "filed_on", today):
        return None
    public = some(among(contract.get("fund_source"), "fiscal"), flag(contract, "is_gov_invest"))
    tender = every(
        among(contract.get("jurisdiction"), "CN-CQ"), flag(contract, "is_mandatory_tender"), public,
        in_force(signed, date(2018, 7, 26)),
    )  # fmt: skip
    told = world.reports("filing", filed_with="finance") or world.reports("filing", filed_with="supervisor") or None
    bought = every(flag(contract, "is_gov_procurement"), in_force(signed, date(2003, 1, 1)))
    if signed is None:
        return _unsigned(contract, today, every(some(bought, tender), told))
    gone = working_days(signed, today)
    return when(every(some(bought, tender), told), highest(yellow=gone > 7, orange=gone > 20))


def cn_prc_07(contract: Row, world: World, today: date) -> Answer:
    start = seen(contract, "winner_on", today) or seen(contract, "award_notice_on", today)
    if seen(contract, "tender_report_on", today):
        return None
    mandatory = flag(contract, "is_mandatory_tender")
    if start is None and (mandatory is None or stands(contract, today) in BEFORE_SIGNING):
        return None
    applies = every(mandatory, world.reports("contract", "tender_report_on") or None)
    return when(applies, ladder(today, roll(plus(start, 15)) if start else None, yellow=1))


def cn_prc_08(contract: Row, world: World, today: date) -> Answer:
    bid, price = whole(contract, "bid_amount_minor"), whole(contract, "amount_original_minor")
    amended = any(
        not day(row, "changed_on") or seen(row, "changed_on", today) for row in world.of("amendment", contract)
    )
    if price is None and not amended:
        price = whole(contract, "amount_minor")
    other_price = None if bid is None or price is None else bid != price
    other_terms = flag(contract, "deviates_from_bid")
    told = [term for term in (other_price, other_terms) if term is not None]
    if told:
        return highest(red=any(told))
    tender = some(
        flag(contract, "is_gov_procurement"), flag(contract, "is_mandatory_tender"),
        seen(contract, "award_notice_on", today) is not None, seen(contract, "winner_on", today) is not None,
        bid is not None,
    )  # fmt: skip
    return "unknown" if tender else None


def cn_prc_09(contract: Row, world: World, today: date) -> Answer:
    administrative = flag(contract, "is_admin_agreement")
    if administrative is None:
        administrative = among(contract.get("kind"), "TXJY", "ZSBC", "ZYCR")
    signed = seen(contract, "signed_on", today)
    unsigned = signed is None and stands(contract, today) in BEFORE_SIGNING
    applies = every(
        administrative, contract.get("arbitration_basis") is None, unsigned or in_force(signed, date(2015, 5, 1)),
        among(contract.get("dispute_clause"), "arbitration"),
    )  # fmt: skip
    return when(applies, "yellow")


def cn_prc_10(guarantee: Row, world: World, today: date) -> Answer:
    contract, ends = world.contract(guarantee), day(guarantee, "end_on")
    run_out = guarantee.get("form") in ("letter", "insurance") and ends is not None and ends < today
    applies = every(
        among(guarantee.get("kind"), "bid"), seen(guarantee, "returned_on", today) is None, not run_out,
        world.reports("guarantee", "returned_on") or None,
    )  # fmt: skip
    signed, notice = seen(contract, "signed_on", today), seen(contract, "award_notice_on", today)
    winner = flag(guarantee, "of_winner") is not False
    bought, tender = flag(contract, "is_gov_procurement"), flag(contract, "is_mandatory_tender")
    start, ends_on = signed if winner else notice, []
    if bought and not (is_works(contract) and tender) and start:
        ends_on.append((add_working_days(start, 5), start))
    if some(tender, no(bought)) and signed:
        ends_on.append((roll(plus(signed, 5)), signed))
    if not ends_on:
        return when(applies, None if start is None and stands(contract, today) in BEFORE_SIGNING else "unknown")
    due, start = min(ends_on)
    return when(applies, highest(yellow=today > due, orange=today > due and today >= plus(start, 20)))


CHECKS: dict[str, tuple[str, Check]] = {
    "CN-PRC-01": ("contract", cn_prc_01),
    "CN-PRC-02": ("contract", cn_prc_02),
    "CN-PRC-03": ("contract", cn_prc_03),
    "CN-PRC-04": ("contract", cn_prc_04),
    "CN-PRC-05": ("contract", cn_prc_05),
    "CN-PRC-06": ("contract", cn_prc_06),
    "CN-PRC-07": ("contract", cn_prc_07),
    "CN-PRC-08": ("contract", cn_prc_08),
    "CN-PRC-09": ("contract", cn_prc_09),
    "CN-PRC-10": ("guarantee", cn_prc_10),
}
