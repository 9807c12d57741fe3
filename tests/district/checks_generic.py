"""GEN-*, good practice everywhere: reminders, evidence, silence, the end of a contract, sums, parties, amendments.

GEN-ALT-01 speaks of warnings and not of the ledger: it is not here.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from tests.district.checks_performance import cn_perf_01, cn_perf_02, cn_perf_03, paid_so_far
from tests.district.checks_promises import cn_pro_01, cn_pro_06, cn_pro_07, cn_pro_08
from tests.district.law import (
    Answer,
    Check,
    Row,
    World,
    add_months,
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
    plus,
    seen,
    some,
    stands,
    unpaid,
    when,
    whole,
    word,
    working_days,
)
from tests.district.terms import is_works

OVER = ("completed", "terminated", "cancelled", "archived")
SPECIAL: tuple[Check, ...] = (
    cn_perf_01, cn_perf_02, cn_perf_03, cn_pro_01, cn_pro_06, cn_pro_07, cn_pro_08,
)  # fmt: skip
"""Rules that speak in the place of GEN-DL-01 where they apply; where that is unknown, it still speaks."""


def gen_dl_01(obligation: Row, world: World, today: date) -> Answer:
    """Every promise with a day: 30 and 15 days before, the day after, 30 days after; silent where a special rule speaks."""
    done, dated = is_done(obligation, today), {"due_on": today, **obligation}
    if done:
        return None
    if any(check(dated, world, today) not in (None, "unknown") for check in SPECIAL) or _waits(dated, world, today):
        return None
    return when(no(done), ladder(today, day(obligation, "due_on"), blue=-30, yellow=-15, orange=1, red=30))


def _waits(obligation: Row, world: World, today: date) -> bool:
    """What a special rule promises under a condition that has not come about is not owed yet: nobody is reminded."""
    come = {**obligation, "conditions_met": True}
    if obligation.get("conditions_met") is False:
        return any(check(come, world, today) not in (None, "unknown") for check in SPECIAL)
    return obligation.get("conditions_met") is not None and premium_late(obligation, world, today)


def premium_late(obligation: Row, world: World, today: date) -> bool:
    """Granted land is not owed while an instalment of its premium is due and not paid."""
    contract = world.contract(obligation)
    if obligation.get("kind") != "land_handover" or contract.get("kind") != "ZYCR":
        return False
    instalments = [
        row
        for row in world.of("payment", contract)
        if row.get("kind") == "land_premium" and row.get("side") == "counterparty"
    ]
    return any((day(row, "due_on") or today) < today and (unpaid(row, today) or 0) > 0 for row in instalments)


def gen_dl_02(obligation: Row, _world: World, today: date) -> Answer:
    """Marked as met, and more than five working days later without a day or a document."""
    status, done = obligation.get("status"), seen(obligation, "done_on", today)
    marked = seen(obligation, "marked_on", today) or done
    late = None if marked is None else working_days(marked, today) > 5
    count = whole(obligation, "evidence_count")
    bare = some(done is None, None if count is None else count == 0)
    met = status == "met" or (done is not None and status in (None, "scheduled"))
    return when(met or among(status, "met"), highest(yellow=every(late, bare)))


def gen_dl_03(contract: Row, _world: World, today: date) -> Answer:
    """Nothing was heard of an active contract for 36 days (11 for a major one), 60, 90."""
    applies, told = among(stands(contract, today), "active"), seen(contract, "updated_on", today)
    if told is None:
        return when(applies, "unknown")
    silent = between(told, today)
    first = 11 if flag(contract, "is_major") else 36
    return when(applies, highest(blue=silent >= first, yellow=silent >= 60, orange=silent >= 90))


def gen_exp_01(contract: Row, _world: World, today: date) -> Answer:
    """A standing service ends in 90, 60, 30 days, and nothing is decided about what follows."""
    end = day(contract, "end_on")
    near = None if end is None else today >= plus(end, -90)
    if near is False or seen(contract, "exit_plan_on", today):
        return "clear"
    running = among(stands(contract, today), "active", "suspended", "amending")
    if running is False:
        return None
    standing = flag(contract, "is_recurring")
    if standing is None and (is_works(contract) or contract.get("kind") in ("ZYCR", "ZSBC")):
        standing = False
    applies = every(standing, running)
    return when(applies, ladder(today, end, blue=-90, yellow=-60, orange=-30))


def gen_fin_01(contract: Row, world: World, today: date) -> Answer:
    """More is paid than was agreed; or payments run ahead of progress, milestones do not add up, an invoice stands twice."""
    amount, gone = whole(contract, "amount_minor"), paid_so_far(contract, world, today)
    return highest(
        red=more(gone, amount),
        orange=some(_ahead(contract, gone), _other_sum(contract, world), _invoiced_twice(contract, world, today)),
    )


def _ahead(contract: Row, gone: int) -> bool:
    """Paid more than 15 points ahead of progress; an agreed advance is earned back as the work goes on."""
    amount, progress = whole(contract, "amount_minor"), whole(contract, "progress_percent")
    if not amount or progress is None:
        return False
    advance = whole(contract, "advance_percent") or 0
    return gone * 10_000 > amount * (100 * (progress + 15) + advance * (100 - progress))


def _other_sum(contract: Row, world: World) -> bool:
    """All milestones have a value, and their sum is not that of the contract, give or take one yuan."""
    amount = whole(contract, "amount_minor")
    promises = world.of("obligation", contract)
    values = [
        whole(row, "amount_minor") if row.get("currency") == contract.get("currency") else None for row in promises
    ]
    if amount is None or not values or None in values:
        return False
    return abs(sum(value or 0 for value in values) - amount) > 100


def _invoiced_twice(contract: Row, world: World, today: date) -> bool:
    rows = [row for row in world.of("payment", contract) if (day(row, "invoice_on") or today) <= today]
    numbers = Counter(number for row in rows if (number := word(row, "invoice_number")))
    return any(count > 1 for count in numbers.values())


def gen_pty_01(party: Row, world: World, today: date) -> Answer:
    """The register, or the licence, says that something is wrong with a counterparty that still has a duty."""
    licence, status = day(party, "licence_until"), party.get("status")
    contracts = [row for row in world.rows["contract"] if row.get("party_id") == party["id"]]
    duty = any(stands(row, today) not in OVER or open_duties(row, "counterparty", world) for row in contracts)
    wrong = among(status, "deregistered", "revoked", "moved", "renamed", "licence_expired", "debarred")
    return highest(orange=every(duty, some(wrong, licence is not None and licence < today)))


def gen_amd_01(contract: Row, world: World, today: date) -> Answer:
    """Three amendments in twelve months, or three tenths of the period, or a tenth of the amount added."""
    changes = [row for row in world.of("amendment", contract) if seen(row, "changed_on", today)]
    if not world.reports("amendment", "changed_on"):
        return "unknown"
    recent = [row for row in changes if (day(row, "changed_on") or today) > add_months(today, -12)]
    start, end, first = day(contract, "start_on"), day(contract, "end_on"), first_end(contract, world)
    extended = sum(whole(row, "days_extended") or 0 for row in changes)
    if end is not None and first is not None:
        extended = max(extended, between(first, end))
    longer: bool | None = False
    if extended > 0:
        longer = None if start is None or first is None else extended * 10 > between(start, first) * 3
    amount, original = whole(contract, "amount_minor"), whole(contract, "amount_original_minor")
    added = sum(whole(row, "amount_change_minor") or 0 for row in changes)
    if original is None and amount is None:
        added = 0  # nothing to compare it with
    if original is None and amount is not None:
        original = amount - added
    if amount is not None and original is not None:
        added = max(added, amount - original)
    dearer: bool | None = False
    if added > 0:
        dearer = None if original is None else added * 10 > original
    return highest(yellow=some(len(recent) >= 3, longer, dearer))


def first_end(contract: Row, world: World) -> date | None:
    """The last day of performance as the ledger first had it: `history` tells what moved, earliest first."""
    told = [row for row in world.of("history", contract) if row.get("noun") == "contract"]
    return day(told[0], "day") if told else day(contract, "end_on")


CHECKS: dict[str, tuple[str, Check]] = {
    "GEN-AMD-01": ("contract", gen_amd_01),
    "GEN-DL-01": ("obligation", gen_dl_01),
    "GEN-DL-02": ("obligation", gen_dl_02),
    "GEN-DL-03": ("contract", gen_dl_03),
    "GEN-EXP-01": ("contract", gen_exp_01),
    "GEN-FIN-01": ("contract", gen_fin_01),
    "GEN-PTY-01": ("party", gen_pty_01),
}
