"""CN-AMD-*, amendments, and CN-GUA-*, guarantees and deposits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tests.district.checks_performance import is_procurement, share
from tests.district.law import (
    Answer,
    Check,
    Row,
    World,
    add_months,
    among,
    day,
    every,
    flag,
    highest,
    is_done,
    ladder,
    law_day,
    more,
    no,
    open_duties,
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
from tests.district.terms import REGULATION, is_public, is_small, is_works

CHANGES = ("change", "suspension", "termination", "extension", "site", "scale", "content")
PUBLISHED_CHANGES = date(2023, 12, 15)
PRICES = date(2023, 12, 5)
LAWFUL = ("bid", "performance", "retention", "wage", "payment", "quality_insurance", "suretyship")
UNSIGNED = ("draft", "in_review", "pending")
INVESTMENT = date(2019, 7, 1)


# --- amendments ---


def changed_on(amendment: Row, today: date) -> date | None:
    """The day of a change; none for a draft."""
    return seen(amendment, "changed_on", today)


def cn_amd_01(amendment: Row, world: World, today: date) -> Answer:
    """Supplements of a procurement contract add up to more than a tenth of its original amount, or are none at all."""
    contract = world.contract(amendment)
    bought = is_procurement(contract)
    tendered = every(
        among(contract.get("jurisdiction"), "CN-CQ"),
        flag(contract, "is_mandatory_tender"),
        among(contract.get("category"), "works", "goods"),
    )
    applies = every(among(amendment.get("kind"), "supplement"), some(bought, tendered))
    original, amounts = whole(contract, "amount_original_minor"), _so_far(amendment, world, today)
    added = None if None in amounts else sum(amount or 0 for amount in amounts)
    other = every(bought, bool(flag(amendment, "changes_other_terms") or flag(amendment, "is_other_subject")))
    red, yellow = None, None
    if added is not None and original:
        red, yellow = added * 10 > original, added * 100 >= original * 8
    return when(applies, highest(red=some(red, other), yellow=yellow))


def _so_far(amendment: Row, world: World, today: date) -> list[int | None]:
    """Amounts of the supplements up to and including this one; drafts come last."""
    rows = world.of("amendment", world.contract(amendment))
    supplements = [row for row in rows if row.get("kind") == "supplement"]
    supplements.sort(key=lambda row: changed_on(row, today) or date.max)
    own = [row["id"] for row in supplements].index(amendment["id"]) if amendment in supplements else -1
    return [whole(row, "amount_change_minor") for row in supplements[: own + 1]]


def cn_amd_02(amendment: Row, world: World, today: date) -> Answer:
    """A change of a procurement contract is published within two working days."""
    contract, changed = world.contract(amendment), changed_on(amendment, today)
    if changed is None or changed < PUBLISHED_CHANGES or amendment.get("kind") == "renegotiation":
        return None
    applies = every(is_procurement(contract), not flag(contract, "is_secret"))
    if seen(amendment, "published_on", today):
        return None
    if not world.reports("amendment", "published_on"):
        return when(applies, "unknown")
    return when(applies, highest(yellow=working_days(changed, today) > 2))


def cn_amd_03(amendment: Row, world: World, today: date) -> Answer:
    """A procurement contract is changed, suspended or ended without public interest or statute, or before its review."""
    kind, executed = amendment.get("kind"), seen(amendment, "executed_on", today)
    reviewed = seen(amendment, "reviewed_on", today)
    applies = every(is_procurement(world.contract(amendment)), kind != "renegotiation")
    baseless = every(
        among(kind, *CHANGES),
        no(some(flag(amendment, "has_public_interest"), flag(amendment, "has_statutory_basis"))),
    )
    early = False if executed is None else more(reviewed, executed)
    return when(applies, highest(red=some(baseless, early)))


def cn_amd_04(contract: Row, world: World, today: date) -> Answer:
    """The contracts of a government investment and their drafted changes near or pass the approved estimate."""
    estimate, study = whole(contract, "approved_estimate_minor"), whole(contract, "feasibility_minor")
    invested = flag(contract, "is_gov_invest")
    if invested is None:
        invested = True if estimate is not None else every(is_works(contract), None)
    code, amount = word(contract, "project_code"), whole(contract, "amount_minor")
    project = [row for row in world.rows["contract"] if code is not None and row.get("project_code") == code]
    total = _committed(project, world, today) if project else None
    if total is None and amount is not None and estimate is not None and amount * 100 > estimate * 95:
        total = amount
    red = more(total, estimate)
    yellow = None if total is None or estimate is None else total * 100 > estimate * 95
    unsigned = seen(contract, "signed_on", today) is None and contract.get("status") in (None, *UNSIGNED)
    too_much = unsigned and estimate is not None and study is not None and estimate * 100 > study * 110
    return when(invested, highest(red=red, yellow=some(yellow, too_much)))


def _committed(contracts: Sequence[Row], world: World, today: date) -> int | None:
    """Minor units of the signed contracts in force, and of the changes that are drafted; unknown when an amount is."""
    total = 0
    for contract in contracts:
        if law_day(contract, today) == today or contract.get("status") == "cancelled":
            continue
        amount = whole(contract, "amount_minor")
        if amount is None:
            return None
        changes = world.of("amendment", contract)
        drafts = [row for row in changes if not changed_on(row, today) and row.get("kind") != "renegotiation"]
        total += amount + sum(whole(row, "amount_change_minor") or 0 for row in drafts)
    return total


def cn_amd_05(amendment: Row, world: World, today: date) -> Answer:
    """Site, scale or content of a government investment is changed without the approval of the body that approves."""
    if seen(amendment, "approved_on", today) or flag(amendment, "has_approval"):
        return None
    applies = every(
        among(amendment.get("kind"), "site", "scale", "content"),
        flag(world.contract(amendment), "is_gov_invest"),
        (changed_on(amendment, today) or today) >= INVESTMENT,
    )
    return when(applies, highest(red=no(flag(amendment, "has_approval"))))


def cn_amd_06(amendment: Row, _world: World, today: date) -> Answer:
    """Renegotiation was asked for because prices or policy changed, and nobody answered within fifteen days."""
    asked, move = seen(amendment, "requested_on", today), whole(amendment, "price_move_percent")
    if asked is None or flag(amendment, "is_excluded"):
        return None
    applies = among(amendment.get("kind"), "renegotiation")
    policy, trigger = flag(amendment, "policy_changed"), None
    if policy is not None or move is not None:
        trigger = bool(policy) or (abs(move or 0) >= 30 and asked >= PRICES)
    if seen(amendment, "answered_on", today):
        return None
    return when(every(applies, trigger), ladder(today, plus(asked, 15), yellow=-5, orange=1))


# --- guarantees ---


def since(contract: Row, today: date, first: date) -> bool | None:
    """Whether a law that began on `first` reaches the contract."""
    counted = law_day(contract, today)
    return None if counted is None else counted >= first


def with_small(contract: Row, world: World, today: date) -> bool | None:
    """A government body's contract with a small or medium enterprise, under the regulation of 2020 or 2025."""
    return every(is_public(contract, world), is_small(contract, world), since(contract, today, REGULATION))


def cn_gua_01(guarantee: Row, world: World, today: date) -> Answer:
    """A performance bond above a tenth of the contract, in cash only, or with bank letters refused."""
    contract = world.contract(guarantee)
    tendered = some(flag(contract, "is_mandatory_tender"), seen(contract, "winner_on", today) is not None)
    applies = every(
        among(guarantee.get("kind"), "performance"),
        some(
            every(flag(contract, "is_gov_procurement"), since(contract, today, date(2015, 3, 1))),
            every(tendered, since(contract, today, date(2012, 2, 1))),
            with_small(contract, world, today),
        ),
    )
    if seen(guarantee, "returned_on", today):
        return None
    amount = whole(guarantee, "amount_minor")
    totals = [whole(contract, "amount_minor"), whole(contract, "amount_original_minor")]
    whole_ = max((total for total in totals if total is not None), default=None)
    above = None if amount is None else share(amount, whole_, 100, 10)
    clause = bool(flag(guarantee, "cash_required") or flag(guarantee, "letter_refused"))
    lawful = above is False and not clause
    return None if lawful else when(applies, highest(orange=some(above, clause)))


def held(contract: Row, kind: str, world: World, today: date) -> list[Row]:
    """Guarantees of a kind that were given and not returned."""
    return [
        row
        for row in world.of("guarantee", contract)
        if row.get("kind") == kind
        and (day(row, "start_on") or today) <= today
        and seen(row, "returned_on", today) is None
    ]


def cn_gua_02(contract: Row, world: World, today: date) -> Answer:
    """More than three per cent is retained of works, or money is retained beside a performance bond or quality insurance."""
    applies = every(is_works(contract), since(contract, today, date(2017, 7, 1)))
    retentions = held(contract, "retention", world, today)
    amounts = [whole(row, "amount_minor") for row in retentions]
    settled = whole(contract, "settled_amount_minor")
    total = settled if settled is not None else whole(contract, "amount_minor")
    above: bool | None = False
    if retentions:
        above = None if None in amounts else share(sum(amount or 0 for amount in amounts), total, 100, 3)
    money = some(*(among(row.get("form"), "cash") for row in retentions))
    completed = seen(contract, "completed_on", today) or seen(contract, "accepted_on", today)
    bond = bool(held(contract, "performance", world, today)) and completed is None
    insured = flag(contract, "has_quality_insurance")
    if insured is None:
        insured = bool(held(contract, "quality_insurance", world, today))
    agreed = (whole(contract, "retention_ppm") or 0) > 30_000
    if not retentions and not agreed:
        return None
    return when(applies, highest(orange=some(above, agreed, every(money, bond or insured))))


def cn_gua_03(contract: Row, _world: World, today: date) -> Answer:
    """A defects liability period of more than 24 months."""
    applies = every(is_works(contract), since(contract, today, date(2017, 7, 1)))
    return when(applies, highest(yellow=more(whole(contract, "defect_months"), 24)))


def cn_gua_04(guarantee: Row, world: World, today: date) -> Answer:
    """A retention is verified within 14 days of the request for its return, and paid within 14 more."""
    contract = world.contract(guarantee)
    if seen(guarantee, "returned_on", today):
        return None
    signed = seen(contract, "signed_on", today)
    works = every(is_works(contract), None if signed is None else signed >= date(2017, 7, 1))
    small = None if signed is None else with_small(contract, world, today)
    applies = every(among(guarantee.get("kind"), "retention"), some(works, small))
    end, accepted = day(guarantee, "end_on"), seen(contract, "accepted_on", today)
    months = whole(contract, "defect_months")
    if end is None and accepted is not None and months is not None:
        end = add_months(accepted, months)
    if seen(guarantee, "return_requested_on", today):
        return when(applies, _asked_back(guarantee, today))
    return when(applies, highest(blue=None if end is None else today >= plus(end, -30)))


def _asked_back(guarantee: Row, today: date) -> Answer:
    """Its return was asked for: 14 days to verify, 14 to pay, or the day that was agreed; day 10 of each is the near one."""
    asked = day(guarantee, "return_requested_on") or today
    verified, reminded = seen(guarantee, "verified_on", today), seen(guarantee, "reminded_on", today)
    listed, agreed = seen(guarantee, "defects_listed_on", today), day(guarantee, "return_agreed_on")
    answers = [one for one in (verified, listed if listed and listed >= asked else None) if one]
    if reminded is not None and reminded >= asked:
        deemed = roll(plus(max(reminded, plus(asked, 14)), 14))
        if today > deemed and all(one > deemed for one in answers):
            return "red"
    if listed is not None and listed >= asked:
        return None
    due, near, last = roll(plus(asked, 14)), plus(asked, 10), roll(plus(asked, 28))
    if verified is not None:
        due = agreed or roll(plus(max(verified, asked), 14))
        near, last = plus(due, -4), plus(agreed, 14) if agreed else last
    return highest(blue=True, yellow=today >= near, orange=today > due, red=today > max(due, last))


def cn_gua_05(contract: Row, _world: World, today: date) -> Answer:
    """Works reported complete and not accepted for a cause of the employer's: after ninety days the retention period runs."""
    reported, cause = seen(contract, "completion_reported_on", today), contract.get("accept_delay_cause")
    if reported is None or reported < date(2021, 1, 1) or seen(contract, "accepted_on", today):
        return None
    answer = ladder(today, plus(reported, 90), blue=-30, yellow=-15, orange=0)
    if answer == "clear":
        return answer
    return when(every(is_works(contract), among(cause, "government")), answer)


def cn_gua_06(guarantee: Row, world: World, today: date) -> Answer:
    """A deposit of a kind that may not be taken from a small or medium enterprise in works."""
    contract = world.contract(guarantee)
    applies = every(is_works(contract), with_small(contract, world, today))
    if seen(guarantee, "returned_on", today) or guarantee.get("kind") in LAWFUL:
        return None
    advance = every(among(guarantee.get("kind"), "advance"), among(guarantee.get("form"), "cash"))
    if guarantee.get("kind") == "advance" and advance is False:
        return None
    return when(applies, highest(orange=some(among(guarantee.get("kind"), "other"), advance)))


def cn_gua_07(guarantee: Row, world: World, today: date) -> Answer:
    """A guarantee ends before the duty that it secures, with 28 days to claim; sixty days before it does, somebody is told."""
    contract, kind = world.contract(guarantee), guarantee.get("kind")
    form = guarantee.get("form") or ("cash" if kind == "retention" else "letter")
    applies = every(None if kind is None else kind not in ("bid", "payment"), form != "cash")
    duty, is_open = _secured(guarantee, contract, world, today)
    if seen(guarantee, "returned_on", today):
        return None
    expiry = day(guarantee, "end_on")
    if expiry is None and "suretyship" in (kind, form):
        expiry = None if duty is None else add_months(duty, 6)
    elif expiry is not None and duty is not None and is_open and expiry >= plus(max(duty, today), 28):
        return when(applies, "clear")
    answer = ladder(today, expiry, blue=-60, yellow=-30, orange=-10, red=1)
    return answer if answer == "clear" else when(every(applies, is_open), answer)


def _secured(guarantee: Row, contract: Row, world: World, today: date) -> tuple[date | None, bool | None]:
    """The day of the last duty that a guarantee secures, and whether it is open: in the defects period, or not performed."""
    end, accepted = day(contract, "end_on"), seen(contract, "accepted_on", today)
    if guarantee.get("kind") in ("retention", "quality_insurance"):
        start, months = accepted or end, whole(contract, "defect_months")
        last = None if start is None or months is None else add_months(start, months)
        return last, None if last is None else today <= last
    promises = [row for row in world.of("obligation", contract) if row.get("side") == "counterparty"]
    days = [end, *(day(row, "due_on") for row in promises if not is_done(row, today))]
    over = seen(contract, "completed_on", today) is not None or accepted is not None
    running = False if over else among(stands(contract, today), "active", "suspended", "amending")
    return max((one for one in days if one), default=None), some(
        bool(open_duties(contract, "counterparty", world)), running
    )


CHECKS: dict[str, tuple[str, Check]] = {
    "CN-AMD-01": ("amendment", cn_amd_01),
    "CN-AMD-02": ("amendment", cn_amd_02),
    "CN-AMD-03": ("amendment", cn_amd_03),
    "CN-AMD-04": ("contract", cn_amd_04),
    "CN-AMD-05": ("amendment", cn_amd_05),
    "CN-AMD-06": ("amendment", cn_amd_06),
    "CN-GUA-01": ("guarantee", cn_gua_01),
    "CN-GUA-02": ("contract", cn_gua_02),
    "CN-GUA-03": ("contract", cn_gua_03),
    "CN-GUA-04": ("guarantee", cn_gua_04),
    "CN-GUA-05": ("contract", cn_gua_05),
    "CN-GUA-06": ("guarantee", cn_gua_06),
    "CN-GUA-07": ("guarantee", cn_gua_07),
}
