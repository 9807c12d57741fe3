"""Promises and procedure of the government, CN-PRO-01 to 08 and CN-PRC-01 to 10, and complaints, CN-PAY-13."""

from __future__ import annotations

from monitor.demo.district.begin import report
from monitor.demo.district.cases import CaseBook, day
from monitor.demo.district.story import Story, minor
from monitor.demo.district.things import Thing

case = CaseBook()


@case("CN-PAY-13", "other", "2025-10-13", months=10, life="whole")
def complaint_unresolved(s: Story, bad: bool) -> Thing:
    """A small company complained of arrears; forty days later there is neither result nor extension."""
    return s.complain(
        "sme_arrears", "12345", day("2026-09-14"), accepted_on=day("2026-09-15"), transferred_on=day("2026-09-18"),
        handler_received_on=day("2026-09-21"), extended_on=None if bad else day("2026-10-19"),
    )  # fmt: skip


@case("CN-PRO-01", "investment", "2024-03-11", months=48, amount=12_000_000, life="none")
def reward_unpaid(s: Story, bad: bool) -> Thing:
    """The plant produces since June and the reward was due in September; in the twin it does not produce yet."""
    report(s, weight=False)
    s.owe("counterparty", "investment", "首期资金到位", day("2024-09-30"), done_on=day("2024-09-13"))
    if bad:
        s.owe("counterparty", "production", "项目投产", day("2026-06-30"), done_on=day("2026-06-18"), is_key=True)
    else:
        s.owe("counterparty", "production", "项目投产", day("2027-06-30"), is_key=True)
    return s.owe(
        "government", "subsidy", "兑现投产奖励", day("2026-09-15"), amount_minor=minor(5_000_000), currency="CNY",
        conditions_met=bad,
    )  # fmt: skip


@case("CN-PRO-03", "concession", "2023-12-18", months=240, life="whole")
def ended_by_letter(s: Story, bad: bool) -> Thing:
    """The concession is ended by a letter: no approval, no hearing, no plan to compensate. The twin ended it by agreement."""
    return s.change(
        "termination", day("2026-09-08"), initiator="government", is_agreed=not bad, has_public_interest=not bad,
        has_approval=not bad, has_hearing=not bad, has_compensation=not bad, reviewed_on=None if bad else day("2026-09-02"),
        approved_on=None if bad else day("2026-09-04"), executed_on=None,
    )  # fmt: skip


@case("CN-PRO-04", "investment", "2025-02-10", months=48, life="whole")
def tax_for_one(s: Story, bad: bool) -> Thing:
    """Five years of tax refunds for one company, and no fair-competition review."""
    if bad:
        s.contract.always(incentive="tax", incentive_basis=None, competition_reviewed_on=None)
    return s.contract


@case("CN-PRO-05", "investment", "2024-09-09", months=36, life="whole")
def breach_unverified(s: Story, bad: bool) -> Thing:
    """An enterprise says that the government broke its word; fifteen working days later nobody has looked."""
    return s.complain(
        "government_breach", "信用中国", day("2026-10-10"), accepted_on=day("2026-10-12"),
        verified_on=None if bad else day("2026-10-19"), rectified_on=None if bad else day("2026-10-26"),
        result_on=None if bad else day("2026-10-27"),
    )  # fmt: skip


@case("CN-PRO-06", "works", "2024-01-15", months=10, life="whole")
def judgment_unperformed(s: Story, bad: bool) -> Thing:
    """The court gave until 20 October."""
    done = None if bad else day("2026-10-19")
    case_number = "(虚构)民初1号"
    owed = s.owe(
        "government", "judgment", "支付工程款及利息", day("2026-10-20"), known=day("2026-08-10"), done_on=done,
        clause=case_number, amount_minor=minor(860_000), currency="CNY", marked_on=None, evidence_count=None,
    )  # fmt: skip
    owed.id = f"{s.number}/纠纷/{case_number}"  # as the sheet of disputes numbers it
    return owed


@case("CN-PRO-07", "land", "2026-01-12", months=36, amount=68_000_000, size="", life="none")
def site_still_occupied(s: Story, bad: bool) -> Thing:
    """The premium is paid, the site is still occupied."""
    report(s, weight=False)
    for number, (due, paid) in enumerate((("2026-02-12", "2026-02-10"), ("2026-06-30", "2026-06-26")), start=1):
        s.receive(
            "land_premium", f"出让价款第{number}期", 34_000_000, day("2026-01-12"), due_on=day(due), is_instalment=True,
            paid_on=day(paid), paid_minor=minor(34_000_000),
        )  # fmt: skip
    done = None if bad else day("2026-09-28")
    return s.owe("government", "land_handover", "交付净地", day("2026-09-30"), done_on=done, conditions_met=True)


@case("CN-PRO-08", "compensation", "2026-08-17", months=6, amount=960_000, size="", life="none")
def moved_out_unpaid(s: Story, bad: bool) -> Thing:
    """The family has moved out; the money was due two weeks ago."""
    report(s, weight=False)
    done = None if bad else day("2026-10-14")
    s.contract.always(relocation_demanded_on=day("2026-09-01" if bad else "2026-10-15"))
    s.owe("counterparty", "other", "腾空并移交房屋", day("2026-10-20"), done_on=day("2026-10-15"))
    s.pay("compensation", "征收补偿款", 960_000, day("2026-08-17"), due_on=day("2026-10-15"), condition_met=True,
          paid_on=done, paid_minor=None if bad else minor(960_000))  # fmt: skip
    return s.owe("government", "compensation", "支付征收补偿款", day("2026-10-15"), done_on=done, conditions_met=True)


@case("CN-PRC-01", "services", "2026-09-08", life="whole")
def signed_then_reviewed(s: Story, bad: bool) -> Thing:
    """Signed on the eighth, the opinion is of the fourteenth."""
    if bad:
        s.drop("review")
        s.add("review", day("2026-08-24"), submitted_on=day("2026-08-24"), finished_on=day("2026-09-14"),
              reviewer="云屏区司法局", result="approved")  # fmt: skip
    return s.contract


@case("CN-PRC-02", "services", "2026-09-21", life="whole")
def no_time_to_read(s: Story, bad: bool) -> Thing:
    """Sent on Thursday, signed on Monday; even the Sunday between was worked."""
    if bad:
        s.drop("review")
        s.add("review", day("2026-09-17"), submitted_on=day("2026-09-17"), finished_on=day("2026-09-20"),
              reviewer="云屏区司法局", result="approved")  # fmt: skip
    return s.contract


@case("CN-PRC-03", "services", "2026-10-08", life="whole")
def not_filed(s: Story, bad: bool) -> Thing:
    """Signed on the first day after the holiday; the seventh working day was 16 October."""
    if bad:
        s.drop("filing", filed_with="legal")
    return s.contract


@case("CN-PRC-04", "goods", "2026-10-23", months=4, life="none")
def awarded_not_signed(s: Story, bad: bool) -> Thing:
    """Awarded on the eve of the Mid-Autumn rest; thirty days later there is no contract."""
    s.contract.since(day("2026-09-24")).always(award_notice_on=day("2026-09-24"), winner_on=day("2026-09-22"))
    if bad:
        s.contract.always(signed_on=None, text_hash=None, status="pending")
        for noun in ("filing", "publication", "guarantee", "review"):
            s.drop(noun)
        s.add("review", day("2026-09-28"), submitted_on=day("2026-09-28"), reviewer="云屏区司法局")
    return s.contract


@case("CN-PRC-05", "goods", "2026-10-10", months=4, life="whole")
def not_published(s: Story, bad: bool) -> Thing:
    """Signed on a Saturday that was worked, and never published."""
    if bad:
        s.drop("publication", kind="contract")
    return s.contract


@case("CN-PRC-06", "services", "2026-10-12", life="whole")
def not_filed_with_the_treasury(s: Story, bad: bool) -> Thing:
    """Seven working days were over on 21 October, the day on which the twin was filed."""
    s.drop("filing", filed_with="finance")
    if not bad:
        s.add(
            "filing", day("2026-10-21"), filed_with="finance", filed_on=day("2026-10-21"), receipt="（虚构）财采备1号"
        )
    return s.contract


@case("CN-PRC-07", "works", "2026-10-19", months=12, amount=9_600_000, life="whole")
def tender_not_reported(s: Story, bad: bool) -> Thing:
    """The winner was determined on 9 October; fifteen days for the report."""
    s.contract.always(winner_on=day("2026-10-09"), tender_report_on=None if bad else day("2026-10-22"))
    s.contract.always(award_notice_on=day("2026-10-10"))
    return s.contract


@case("CN-PRC-08", "works", "2026-06-08", months=12, amount=10_300_000, life="whole")
def dearer_than_the_bid(s: Story, bad: bool) -> Thing:
    """Bid 9,800,000, contract 10,300,000."""
    if bad:
        s.contract.always(bid_amount_minor=minor(9_800_000), deviates_from_bid=True)
    return s.contract


@case("CN-PRC-09", "concession", "2025-09-15", months=300, life="whole")
def arbitration_of_the_state(s: Story, bad: bool) -> Thing:
    """An arbitration clause in an administrative agreement."""
    s.contract.always(dispute_clause="arbitration" if bad else "litigation")
    return s.contract


@case("CN-PRC-10", "goods", "2026-09-24", months=4, life="whole")
def bond_kept(s: Story, bad: bool) -> Thing:
    """Signed on 24 September; the winner's cash bond is still held five weeks later."""
    s.drop("guarantee", kind="bid")
    returned = None if bad else day("2026-09-29")
    return s.secure(
        "bid", "投标保证金", 18_000, day("2026-08-25"), day("2026-12-31"), form="cash", of_winner=True, cash_required=False,
        letter_refused=False, returned_on=returned,
    )  # fmt: skip
