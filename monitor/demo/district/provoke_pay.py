"""Payments of the government, CN-PAY-01 to 26: late, refused for a bad reason, or agreed unlawfully."""

from __future__ import annotations

from monitor.demo.district.begin import report
from monitor.demo.district.cases import CaseBook, day
from monitor.demo.district.story import Story, minor
from monitor.demo.district.things import Row, Thing

case = CaseBook()
MILLION = 1_000_000


def _done(bad: bool, on: str, yuan: float) -> Row:
    """Paid on a day, unless the story is the bad one."""
    return {} if bad else {"paid_on": day(on), "paid_minor": minor(yuan), "method": "transfer"}


def _deliver(s: Story, on: str, accepted: str = "") -> None:
    """The goods are there, and perhaps accepted."""
    report(s, until=day(on), weight=False)
    s.contract.say(day(on), updated_on=day(on), progress_percent=90)
    s.contract.say(day("2026-10-20"), updated_on=day("2026-10-20"))
    if accepted:
        s.contract.say(day(accepted), accepted_on=day(accepted), progress_percent=100)
    s.owe("counterparty", "delivery", "交付全部货物", day(on), done_on=day(on), checked_on=day(on), is_key=True,
          warranty_until=day("2028-12-31"))  # fmt: skip


@case("CN-PAY-01", "goods", "2026-06-15", months=5, amount=460_000, life="none")
def no_term_agreed(s: Story, bad: bool) -> Thing:
    """No term in the contract, goods handed over on a Sunday that was worked: the law gives until 20 October."""
    _deliver(s, "2026-09-20", "2026-09-20")
    s.contract.always(pay_term_days=None, accept_is_condition=False)
    return s.pay(
        "final", "货款", 460_000, day("2026-09-20"), base_kind="delivery", delivered_on=day("2026-09-20"),
        **_done(bad, "2026-10-19", 460_000),
    )  # fmt: skip


@case("CN-PAY-02", "services", "2026-05-11", amount=900_000)
def ninety_days(s: Story, bad: bool) -> Thing:
    """验收后 90 日内付款 with a micro company; with a large one nobody is protected."""
    s.own_party("物业", size_at_signing="micro" if bad else "large", sme_declared=bad)
    s.contract.always(pay_term_days=90)
    s.pay("progress", "第1期服务费", 225_000, day("2026-10-12"), base_kind="acceptance", delivered_on=day("2026-10-09"),
          accepted_on=day("2026-10-12"))  # fmt: skip
    return s.contract


@case("CN-PAY-03", "other", "2026-04-20", amount=480_000)
def past_its_day(s: Story, bad: bool) -> Thing:
    """The agreed day has passed; in the twin the consultant has not delivered first, and the note is on file."""
    hold = None if bad else "prior_performance"
    return s.pay("progress", "前期服务费", 192_000, day("2026-09-15"), due_on=day("2026-10-15"), hold_reason=hold)


@case("CN-PAY-04", "goods", "2026-07-06", months=5, amount=1_300_000, life="none")
def nobody_inspects(s: Story, bad: bool) -> Thing:
    """Delivered, fifteen days for acceptance, and nobody came; the period ended in the first days after the holiday."""
    _deliver(s, "2026-09-24")
    s.contract.always(accept_period_days=15, pay_term_days=None)
    refused = None if bad else day("2026-09-30")
    return s.pay(
        "final", "货款", 1_300_000, day("2026-09-24"), base_kind="acceptance", delivered_on=day("2026-09-24"),
        accept_refused_on=refused, condition_met=False,
    )  # fmt: skip


@case("CN-PAY-05", "services", "2026-03-16", amount=1_200_000)
def settlement_lies(s: Story, bad: bool) -> Thing:
    """The quarter's settlement was handed in on 1 September and lies there; in the twin it came back with objections."""
    objected = None if bad else day("2026-09-14")
    return s.pay(
        "progress", "二季度服务费结算", 300_000, day("2026-09-01"), base_kind="settlement",
        settlement_submitted_on=day("2026-09-01"), settlement_objected_on=objected,
    )  # fmt: skip


@case("CN-PAY-06", "other", "2026-05-18", amount=880_000)
def interest_runs(s: Story, bad: bool) -> Thing:
    """Fifty days late with no rate agreed: 0.05 per cent a day."""
    s.contract.always(late_rate_ppm=None)
    return s.pay(
        "progress", "前期服务费", 350_000, day("2026-08-11"), base_kind="delivery", base_on=day("2026-08-11"),
        due_on=day("2026-09-10"), **_done(bad, "2026-09-09", 350_000),
    )  # fmt: skip


@case("CN-PAY-07", "works", "2025-03-17", amount=3_600_000, months=24, unit="屏山镇人民政府")
def new_head_old_debt(s: Story, bad: bool) -> Thing:
    """新官不理旧账; in the twin both had agreed that the final audit comes first (before June 2025 they could)."""
    s.contract.always(audit_clause_agreed=not bad, settlement_basis="agreed")
    pay = s.pay("progress", "二期进度款", 430_000, day("2026-08-20"), due_on=day("2026-09-21"))
    return pay.say(day("2026-09-28"), delay_reason="leader_change" if bad else "final_audit")


@case("CN-PAY-08", "works", "2025-07-14", twin_signed="2024-04-15", months=24, amount=5_200_000)
def audit_decides(s: Story, bad: bool) -> Thing:
    """以审计机关审计结论为准: allowed by agreement in 2024, no more since June 2025."""
    s.contract.always(settlement_basis="audit", audit_clause_agreed=True)
    return s.contract


@case("CN-PAY-09", "goods", "2026-05-25", months=5, amount=740_000, life="none")
def paid_with_paper(s: Story, bad: bool) -> Thing:
    """A commercial bill of six months where nobody had agreed to one."""
    _deliver(s, "2026-09-08", "2026-09-11")
    return s.pay(
        "final", "货款", 740_000, day("2026-09-08"), base_kind="acceptance", delivered_on=day("2026-09-08"),
        accepted_on=day("2026-09-11"), base_on=day("2026-09-11"), due_on=day("2026-10-29"), paid_on=day("2026-09-28"),
        paid_minor=minor(740_000), method="commercial_bill", method_agreed=not bad,
        instrument_due_on=day("2027-03-28" if bad else "2026-10-09"),
    )  # fmt: skip


@case("CN-PAY-10", "services", "2025-12-08", months=24, amount=8 * MILLION)
def all_withheld(s: Story, bad: bool) -> Thing:
    """150,000 are in dispute; the other 850,000 are held back with them."""
    return s.pay(
        "progress", "第三季度服务费", MILLION, day("2026-09-28"), base_kind="acceptance", base_on=day("2026-09-28"),
        due_on=day("2026-10-28"), disputed_minor=minor(150_000), **_done(bad, "2026-10-27", 850_000),
    )  # fmt: skip


@case("CN-PAY-11", "works", "2025-11-17", months=18, amount=9 * MILLION)
def receivable_unanswered(s: Story, bad: bool) -> Thing:
    """The bank asks whether the debt exists; thirty days later nobody has answered."""
    return s.pay(
        "progress", "三期进度款", 900_000, day("2026-09-28"), due_on=day("2026-11-27"),
        confirmation_requested_on=day("2026-09-28"), confirmation_answered_on=None if bad else day("2026-10-26"),
    )  # fmt: skip


@case("CN-PAY-14", "works", "2026-04-13", months=14, amount=8 * MILLION)
def beyond_the_budget(s: Story, bad: bool) -> Thing:
    """Eight million signed for, six and a half in the budget; the twin has an approved plan over two years."""
    s.contract.always(budget_available_minor=minor(6_500_000), has_multiyear_plan=not bad)
    return s.contract


@case("CN-PAY-15", "works", "2026-02-09", months=12, amount=2_600_000, unit="城市建设发展集团有限公司")
def pay_when_paid(s: Story, bad: bool) -> Thing:
    """The state-owned company pays its small contractor 业主付款后同比例支付."""
    s.contract.always(pays_when_paid=bad)
    return s.contract


@case("CN-PAY-16", "goods", "2026-08-03", months=4, amount=560_000, life="none")
def ten_working_days(s: Story, bad: bool) -> Thing:
    """Invoiced right after the National Day holiday; the tenth working day was 22 October."""
    _deliver(s, "2026-09-28", "2026-10-08")
    return s.pay(
        "final", "货款", 560_000, day("2026-10-08"), base_kind="acceptance", delivered_on=day("2026-09-28"),
        accepted_on=day("2026-10-08"), base_on=day("2026-10-08"), due_on=day("2026-11-30"), invoice_on=day("2026-10-09"),
        invoice_number=s.invoice(), condition_met=True, **_done(bad, "2026-10-21", 560_000),
    )  # fmt: skip


@case("CN-PAY-17", "works", "2026-08-20", months=14, amount=6 * MILLION)
def advance_unpaid(s: Story, bad: bool) -> Thing:
    """A fifth was to be paid within a month of signing."""
    s.contract.always(advance_percent=20, start_on=day("2026-10-20"))
    for thing in [t for t in s.things if t.noun == "obligation"]:
        thing.always(done_on=None, status="scheduled", marked_on=None, evidence_count=None, due_on=day("2026-12-31"))
    return s.pay("advance", "工程预付款", 1_200_000, day("2026-08-20"), due_on=day("2026-09-18"), condition_met=True,
                 **_done(bad, "2026-09-17", 1_200_000))  # fmt: skip


@case("CN-PAY-18", "works", "2026-01-19", months=16, amount=20 * MILLION)
def seventy_per_cent(s: Story, bad: bool) -> Thing:
    """Of ten million of confirmed work seven are paid; the ministries want at least eight."""
    yuan = 7 * MILLION if bad else 8_300_000
    return s.pay(
        "progress", "截至2026年8月进度款", yuan, day("2026-09-10"), base_kind="settlement", period_end_on=day("2026-08-31"),
        settlement_submitted_on=day("2026-09-03"), settlement_confirmed_on=day("2026-09-10"), base_on=day("2026-09-10"),
        due_on=day("2026-10-10"), confirmed_minor=minor(10 * MILLION), applied_on=day("2026-09-11"),
        paid_on=day("2026-09-24"), paid_minor=minor(yuan), method="transfer", condition_met=True,
    )  # fmt: skip


def _finished(s: Story) -> None:
    """The site is finished and accepted; the money is not."""
    s.drop("payment")
    s.contract.always(settled_amount_minor=None)


@case("CN-PAY-19", "works", "2025-06-16", months=12, amount=12 * MILLION)
def final_account_lies(s: Story, bad: bool) -> Thing:
    """A final account of twelve million: thirty days to review it, or it counts as approved."""
    _finished(s)
    objected = None if bad else day("2026-09-19")
    return s.pay(
        "settlement", "竣工结算款", 12 * MILLION, day("2026-09-10"), base_kind="settlement",
        settlement_submitted_on=day("2026-09-10"), settlement_objected_on=objected,
    )  # fmt: skip


@case("CN-PAY-20", "works", "2025-04-21", months=13, amount=4_500_000)
def settled_and_unpaid(s: Story, bad: bool) -> Thing:
    """Settled and applied for, and nothing comes; the twin has an agreement to defer, with interest."""
    _finished(s)
    return s.pay(
        "settlement", "竣工结算款", 1_350_000, day("2026-08-28"), base_kind="settlement",
        settlement_submitted_on=day("2026-08-17"), settlement_confirmed_on=day("2026-09-04"), applied_on=day("2026-09-08"),
        deferred_on=None if bad else day("2026-09-18"), due_on=day("2026-10-08" if bad else "2026-12-31"),
        condition_met=True,
    )  # fmt: skip


@case("CN-PAY-21", "works", "2026-03-09", months=12, amount=7_400_000)
def wages_in_dispute(s: Story, bad: bool) -> Thing:
    """A dispute about quantities holds up the labour part as well, which the law forbids."""
    return s.pay(
        "labour", "2026年9月人工费用", 310_000, day("2026-10-01"), period_end_on=day("2026-10-01"), due_on=day("2026-10-10"),
        condition_met=True, disputed_minor=minor(90_000) if bad else None, **_done(bad, "2026-10-09", 310_000),
    )  # fmt: skip


@case("CN-PAY-22", "goods", "2026-07-27", months=5, amount=380_000, life="none")
def size_unknown(s: Story, bad: bool) -> Thing:
    """Nobody wrote down how large the supplier was when the contract was signed."""
    _deliver(s, "2026-10-08", "2026-10-09")
    s.own_party("商贸", size_at_signing=None if bad else "small", sme_declared=None if bad else True)
    return s.pay("final", "货款", 380_000, day("2026-10-09"), base_kind="acceptance", delivered_on=day("2026-10-08"),
                 accepted_on=day("2026-10-09"), base_on=day("2026-10-09"))  # fmt: skip


@case("CN-PAY-23", "goods", "2026-09-07", amount=290_000, months=4)
def no_period_for_acceptance(s: Story, bad: bool) -> Thing:
    """Payment after acceptance, and no word on how long acceptance may take."""
    s.contract.always(accept_period_days=None if bad else 10)
    return s.contract


@case("CN-PAY-24", "services", "2025-09-28", months=18, amount=1_500_000)
def rate_below_the_lpr(s: Story, bad: bool) -> Thing:
    """Late interest of two per cent a year, where the law wants at least the one-year LPR. Signed on a worked Sunday."""
    s.contract.always(late_rate_ppm=20_000 if bad else 40_000)
    return s.contract


@case("CN-PAY-25", "works", "2026-05-06", months=12, amount=3_300_000)
def advance_of_forty(s: Story, bad: bool) -> Thing:
    """An advance of forty per cent; ten to thirty are allowed."""
    s.contract.always(advance_percent=40 if bad else 20)
    return s.contract


@case("CN-PAY-26", "works", "2026-04-27", months=13, amount=4_700_000)
def wages_every_two_months(s: Story, bad: bool) -> Thing:
    """Labour costs are to be passed on every sixty days; a month is the most."""
    s.contract.always(labour_cycle_days=60 if bad else 30)
    return s.contract
