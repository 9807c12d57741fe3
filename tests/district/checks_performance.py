"""CN-PERF-*, performance: milestones, acceptance, distress, rights that lapse, land, concessions, administrative agreements."""

from __future__ import annotations

from datetime import date

from tests.district.law import (
    Answer,
    Check,
    Row,
    World,
    add_months,
    add_working_days,
    among,
    between,
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
    owed,
    paid,
    plus,
    roll,
    seen,
    some,
    stands,
    unpaid,
    when,
    whole,
    working_days,
)
from tests.district.terms import is_works

COOPERATION = ("site", "drawings", "documents", "approval", "utilities", "facilities")
DISTRESS = ("abnormal", "dishonest", "defaulter", "bankruptcy", "litigation", "seizure", "shutdown")
CIVIL_CODE = date(2021, 1, 1)
NEW_MECHANISM = date(2023, 11, 3)
IDLE_LAND = date(2012, 7, 1)


def is_procurement(contract: Row) -> bool | None:
    """Government procurement: as recorded, else as far as the kind of contract says it."""
    known, kind = flag(contract, "is_gov_procurement"), contract.get("kind")
    if known is not None or kind not in ("ZFCG", "ZSYZ", "ZYCR", "ZSBC", "GYZC", "CNS"):
        return known
    return kind == "ZFCG"


def share(part: int, total: int | None, of: int, limit: int) -> bool | None:
    """Whether `part` is more than `limit` in `of` of a total; unknown when the total is; nothing never is."""
    if not part:
        return False
    return part * of > total * limit if total else None


def cn_perf_01(obligation: Row, world: World, today: date) -> Answer:
    """A counterparty's milestone: 30 and 15 days before, the day after, 30 days after or a fifth of the contract's time."""
    contract, due = world.contract(obligation), day(obligation, "due_on")
    applies = every(among(obligation.get("side"), "counterparty"), no(is_done(obligation, today)))
    answer = ladder(today, due, blue=-30, yellow=-15, orange=1, red=30)
    if due is not None and due < today:
        start, end = day(contract, "start_on"), day(contract, "end_on")
        if start and end and between(due, today) * 5 >= between(start, end) > 0:
            answer = "red"
    return when(applies, answer)


def cn_perf_02(obligation: Row, world: World, today: date) -> Answer:
    """Site, drawings, documents, approval, utilities, facilities: the government's part, as the general ladder has it."""
    assured = obligation.get("kind") == "facilities" and world.contract(obligation).get("kind") in (
        "ZSYZ",
        "KJXY",
        "CNS",
    )
    applies = every(
        among(obligation.get("side"), "government"),
        among(obligation.get("kind"), *COOPERATION),
        not assured,
        no(is_done(obligation, today)),
    )
    if obligation.get("cause") == "counterparty":
        return "clear" if applies else None
    return when(applies, ladder(today, day(obligation, "due_on"), blue=-30, yellow=-15, orange=1, red=30))


def cn_perf_03(obligation: Row, world: World, today: date) -> Answer:
    """Acceptance was applied for: an answer within the agreed period or five working days, a conclusion within thirty days."""
    contract, asked = world.contract(obligation), seen(obligation, "requested_on", today)
    applies = every(
        among(obligation.get("side"), "government"),
        among(obligation.get("kind"), "acceptance"),
        asked is not None,
        no(is_done(obligation, today)),
        some(is_procurement(contract), is_works(contract)),
    )
    if asked is None:
        return None
    period, by_working_days = whole(contract, "accept_period_days"), flag(contract, "accept_in_working_days")
    if period is None:
        answer_by = end = add_working_days(asked, 5)
    else:
        answer_by = end = add_working_days(asked, period) if by_working_days else plus(asked, period)
    begun, answered = seen(obligation, "start_on", today), seen(obligation, "answered_on", today)
    answered = answered or (begun if begun and begun >= asked else None)
    due = day(obligation, "due_on")
    levels = {
        "yellow": some(every(answered is None, today > answer_by), _reached(today, due, -15)),
        "orange": some(today > max(plus(asked, 30), end), _reached(today, due, 1)),
        "red": _reached(today, due, 30),
        "blue": _reached(today, due, -30),
    }
    return when(applies, highest(**levels))


def _reached(today: date, due: date | None, days: int) -> bool:
    """A day that nobody set is none that could pass: the application has its own."""
    return due is not None and today >= plus(due, days)


def cn_perf_04(obligation: Row, world: World, today: date) -> Answer:
    """A public service was accepted: the users were heard, and the result was published within seven working days."""
    contract, accepted = world.contract(obligation), seen(obligation, "done_on", today)
    public = flag(contract, "is_public_service")
    if public is None and (is_works(contract) or contract.get("category") == "goods"):
        public = False  # goods and works are no service
    side = among(obligation.get("side"), "government")
    applies = every(among(obligation.get("kind"), "acceptance"), side, public, accepted is not None)
    if accepted is None:
        return None
    days = [
        seen(row, "published_on", today) for row in world.of("publication", contract) if row.get("kind") == "acceptance"
    ]
    published = [one for one in days if one is not None]
    silent: bool | None = working_days(accepted, today) > 7
    if any(one >= accepted for one in published):
        silent = False
    elif silent and (published or not world.reports("publication", "published_on", kind="acceptance")):
        silent = None
    return when(applies, highest(yellow=some(no(flag(obligation, "users_consulted")), silent)))


def cn_perf_05(contract: Row, world: World, today: date) -> Answer:
    """Works and goods: not accepted, and in use, or paid beyond what may be paid before acceptance."""
    wanted = some(is_works(contract), among(contract.get("category"), "goods"))
    applies = every(wanted, world.reports("contract", "accepted_on") or None)
    used = seen(contract, "in_use_on", today) is not None
    percent, beyond = whole(contract, "pre_acceptance_percent"), some()
    if seen(contract, "accepted_on", today) or (percent is None and not used):
        return None
    if percent is not None:
        beyond = share(paid_so_far(contract, world, today), whole(contract, "amount_minor"), 100, percent)
    return when(applies, highest(orange=some(used and not flag(contract, "emergency_use"), beyond)))


def paid_so_far(contract: Row, world: World, today: date) -> int:
    """What the government has paid under a contract, as far as recorded; one of no side is the government's."""
    own = [row for row in world.of("payment", contract) if row.get("side") in (None, "government")]
    return sum(paid(row, today) or 0 for row in own)


def cn_perf_06(contract: Row, world: World, today: date) -> Answer:
    """Completed works are filed with the construction authority within fifteen days of acceptance."""
    accepted = seen(contract, "accepted_on", today)
    applies = every(is_works(contract), accepted is not None)
    filed = [row for row in world.of("filing", contract) if row.get("filed_with") == "construction"]
    if accepted is None or any(seen(row, "filed_on", today) for row in filed):
        return None
    if not world.reports("filing", "filed_on", filed_with="construction"):
        return when(applies, "unknown")
    return when(applies, ladder(today, roll(plus(accepted, 15)), blue=-5, yellow=1))


def cn_perf_07(party: Row, world: World, today: date) -> Answer:
    """A counterparty shows a sign of distress while it owes something or holds an advance, and gave no security since."""
    sign, since = party.get("distress"), day(party, "distress_on")
    if sign not in DISTRESS or (since is not None and since > today):
        return None
    if since is not None and since < CIVIL_CODE:
        return None
    security = seen(party, "security_on", today)
    if security is not None and (since is None or security >= since):
        return None
    contracts = [row for row in world.rows["contract"] if row.get("party_id") == party["id"]]
    advances = [whole(row, "advance_unrecouped_minor") or 0 for row in contracts]
    owes = any(open_duties(row, "counterparty", world) for row in contracts) or any(advances)
    amounts = [whole(row, "amount_minor") for row in contracts]
    large = some(*(share(held, of, 100, 30) for held, of in zip(advances, amounts, strict=True) if held))
    return highest(orange=owes, red=every(owes, some(sign == "bankruptcy", large)))


def cn_perf_08(obligation: Row, _world: World, today: date) -> Answer:
    """Before its day a promise is refused, its site deserted, or its progress far behind the plan."""
    due, gone = day(obligation, "due_on"), seen(obligation, "abandoned_on", today)
    planned, actual = whole(obligation, "planned_percent"), whole(obligation, "actual_percent")
    gap = planned - actual if planned is not None and actual is not None else 0
    early = None if due is None else today <= due
    if seen(obligation, "refused_on", today) is None and gone is None and gap < 15:
        return None
    refused = seen(obligation, "refused_on", today) is not None
    deserted = gone is not None and between(gone, today) >= 7
    applies = every(early, no(is_done(obligation, today)))
    return when(applies, highest(orange=refused or deserted or gap >= 30, yellow=gone is not None or gap >= 15))


def cn_perf_09(contract: Row, _world: World, today: date) -> Answer:
    """The right to rescind lapses a year after its cause was known, or on the agreed day."""
    known = seen(contract, "rescission_known_on", today)
    if known is None or known < CIVIL_CODE or contract.get("status") in ("terminated", "cancelled"):
        return None
    if seen(contract, "rescission_decided_on", today):
        return None
    last = day(contract, "rescission_until") or add_months(known, 12)
    return ladder(today, last, blue=-90, yellow=-60, orange=-15, red=0)


def cn_perf_10(payment: Row, world: World, today: date) -> Answer:
    """What a counterparty owes in money lapses three years after it was due, was demanded, or its last instalment was due."""
    applies = every(among(payment.get("side"), "counterparty"), more(owed(payment, today), 0))
    instalments = [
        day(row, "due_on")
        for row in world.of("payment", world.contract(payment))
        if row.get("side") == "counterparty" and row.get("is_instalment")
    ]
    days = [day(payment, "due_on"), seen(payment, "demanded_on", today)]
    days += instalments if payment.get("is_instalment") else []
    base = max((one for one in days if one is not None), default=None)
    last = None if base is None else add_months(base, 36)
    return when(applies, ladder(today, last, blue=-180, yellow=-90, orange=-30, red=0))


def cn_perf_11(obligation: Row, world: World, today: date) -> Answer:
    """The last day to notify defects: of inspection as agreed, of the warranty, or two years after goods were delivered."""
    contract = world.contract(obligation)
    applies = every(
        among(obligation.get("side"), "counterparty"),
        obligation.get("status") != "waived",
        contract.get("category") != "services",
    )
    delivered, checked = seen(obligation, "done_on", today), seen(obligation, "checked_on", today)
    until, warranty = day(obligation, "inspect_until"), day(obligation, "warranty_until")
    accepted = seen(contract, "accepted_on", today)
    inspected = checked or (accepted if delivered and accepted and accepted >= delivered else None)
    last, settled = until or warranty, checked
    if until is not None:
        settled = inspected
        if warranty is not None and inspected is not None:
            last, settled = warranty, checked if checked and checked > until else None
    elif warranty is None:
        if delivered is None or not is_goods_reported(contract, world):
            return None
        applies = every(applies, among(obligation.get("kind"), "delivery"))
        last, settled = add_months(delivered, 24), inspected
    return None if settled else when(applies, ladder(today, last, blue=-60, yellow=-30, orange=-7))


def is_goods_reported(contract: Row, world: World) -> bool:
    """Goods, in a ledger that tells when things were accepted."""
    return contract.get("category") == "goods" and world.reports("contract", "accepted_on")


def cn_perf_12(contract: Row, _world: World, today: date) -> Answer:
    """A subcontract or assignment was found: without consent, of a key part, or of the second tier."""
    if seen(contract, "subcontract_found_on", today) is None:
        return None
    applies = some(is_procurement(contract), bool(flag(contract, "is_mandatory_tender")), is_works(contract))
    deep = (whole(contract, "subcontract_tier") or 1) >= 2
    wrong = some(no(flag(contract, "subcontract_consented")), flag(contract, "subcontract_key"), deep)
    return when(applies, highest(red=wrong))


def cn_perf_13(obligation: Row, world: World, today: date) -> Answer:
    """Granted land lies idle: nothing begun a year (two) after the agreed start, or begun and stopped for a year."""
    applies = every(
        among(world.contract(obligation).get("kind"), "ZYCR"),
        among(obligation.get("kind"), "start_of_works"),
        among(obligation.get("side"), "counterparty"),
        obligation.get("cause") not in ("government", "force_majeure"),
    )
    done = is_done(obligation, today)
    stopped = seen(obligation, "stopped_on", today)
    if not done and seen(obligation, "start_on", today) is None and stopped is None:
        applies = every(applies, no(done))
        due = day(obligation, "due_on")
        if due is None:
            return when(applies, "unknown")
        fee, back = add_months(due, 12), add_months(due, 24)
        return when(applies, highest(yellow=today >= plus(fee, -90), orange=today >= fee, red=today >= plus(back, -90)))
    if stopped is None:
        return None
    built, spent = whole(obligation, "developed_percent"), whole(obligation, "invested_percent")
    little = some(more(100, None if built is None else 3 * built), more(25, spent))
    if little is False:
        return None
    if stopped < IDLE_LAND:
        little = None
    full = add_months(stopped, 12)
    return when(applies, highest(yellow=every(little, today >= plus(full, -90)), orange=every(little, today >= full)))


def cn_perf_14(payment: Row, world: World, today: date) -> Answer:
    """The land premium is paid on its day; where the contract is silent, sixty days after signing."""
    applies = every(
        among(payment.get("kind"), "land_premium"),
        among(payment.get("side"), "counterparty"),
        more(unpaid(payment, today), 0),
    )
    due = day(payment, "due_on")
    signed = seen(world.contract(payment), "signed_on", today)
    if due is None and signed is not None:
        due = roll(plus(signed, 60))
    return when(applies, ladder(today, due, blue=-15, yellow=-3, orange=1, red=60))


def cn_perf_15(contract: Row, world: World, today: date) -> Answer:
    """A concession of the new mechanism: at most forty years, evaluated every year, paid by its users."""
    signed = law_day(contract, today)
    applies = every(among(contract.get("kind"), "TXJY"), None if signed is None else signed >= NEW_MECHANISM)
    if stands(contract, today) in ("completed", "terminated", "cancelled", "archived"):
        return None
    is_draft = seen(contract, "signed_on", today) is None and signed is not None
    start, end = day(contract, "start_on") or seen(contract, "signed_on", today), day(contract, "end_on")
    start = start or day(contract, "planned_sign_on")
    long = None if start is None or end is None else end >= add_months(start, 480)
    last = seen(contract, "evaluated_on", today)
    if last is None and not world.reports("contract", "evaluated_on"):
        late = None
    else:
        last = last or start
        late = None if last is None else today > add_months(last, 12)
    return when(
        applies,
        highest(
            orange=every(long, not flag(contract, "term_approved")),
            yellow=some(every(late, not is_draft), flag(contract, "government_pays") or False),
        ),
    )


def cn_perf_16(obligation: Row, world: World, today: date) -> Answer:
    """An administrative agreement is not performed after a demand: decision, review, suit, then three months to enforce."""
    contract, due = world.contract(obligation), day(obligation, "due_on")
    demanded, decided = seen(obligation, "demanded_on", today), seen(obligation, "decision_on", today)
    begun = decided or demanded
    applies = every(
        among(obligation.get("side"), "counterparty"),
        flag(contract, "is_admin_agreement"),
        begun is not None,
        no(is_done(obligation, today)),
    )
    over = seen(obligation, "contested_on", today) or seen(obligation, "enforced_on", today)
    if begun is None or over or (due is not None and today <= due):
        return None
    if decided is None:
        return when(applies, "yellow")
    suit = add_months(decided, 6)
    window = add_months(suit, 3)
    following = min((step for step in (plus(decided, 60), suit, window) if step >= today), default=window)
    return when(applies, highest(yellow=today >= plus(following, -15), red=today >= window))


CHECKS: dict[str, tuple[str, Check]] = {
    "CN-PERF-01": ("obligation", cn_perf_01),
    "CN-PERF-02": ("obligation", cn_perf_02),
    "CN-PERF-03": ("obligation", cn_perf_03),
    "CN-PERF-04": ("obligation", cn_perf_04),
    "CN-PERF-05": ("contract", cn_perf_05),
    "CN-PERF-06": ("contract", cn_perf_06),
    "CN-PERF-07": ("party", cn_perf_07),
    "CN-PERF-08": ("obligation", cn_perf_08),
    "CN-PERF-09": ("contract", cn_perf_09),
    "CN-PERF-10": ("payment", cn_perf_10),
    "CN-PERF-11": ("obligation", cn_perf_11),
    "CN-PERF-12": ("contract", cn_perf_12),
    "CN-PERF-13": ("obligation", cn_perf_13),
    "CN-PERF-14": ("payment", cn_perf_14),
    "CN-PERF-15": ("contract", cn_perf_15),
    "CN-PERF-16": ("obligation", cn_perf_16),
}
