"""Changes and guarantees, CN-AMD-01 to 06 and CN-GUA-01 to 07."""

from __future__ import annotations

from monitor.demo.district.cases import CaseBook, day
from monitor.demo.district.story import Story, minor
from monitor.demo.district.things import Thing

case = CaseBook()


@case("CN-AMD-01", "services", "2025-12-15", months=16, amount=1_000_000, life="whole")
def more_than_a_tenth(s: Story, bad: bool) -> Thing:
    """Two supplements, 60,000 and 55,000, on a contract of a million; the twin has one of 70,000."""
    first, second = (60_000, 55_000) if bad else (70_000, 0)
    change = s.change("supplement", day("2026-05-11"), amount_change_minor=minor(first), reason="增加保洁面积")
    if second:
        change = s.change("supplement", day("2026-09-14"), amount_change_minor=minor(second), reason="再次增加保洁面积")
    s.contract.say(day("2026-09-14"), amount_minor=minor(1_000_000 + first + second))
    return change


@case("CN-AMD-02", "services", "2026-01-05", months=14, life="whole")
def change_unpublished(s: Story, bad: bool) -> Thing:
    """Changed on Monday the nineteenth; two working days to publish it."""
    return s.change("change", day("2026-10-19"), published_on=None if bad else day("2026-10-21"), reason="调整服务点位")


@case("CN-AMD-03", "services", "2025-11-10", months=14, life="whole")
def cut_by_email(s: Story, bad: bool) -> Thing:
    """The unit cuts the service by four months in an e-mail; the twin follows a new national standard."""
    reviewed = None if bad else day("2026-08-31")
    return s.change(
        "change", day("2026-09-07"), initiator="government", is_agreed=not bad, has_public_interest=False,
        has_statutory_basis=not bad, reviewed_on=reviewed, executed_on=day("2026-09-08"),
        reason="压减服务期" if bad else "执行新国家标准",
    )  # fmt: skip


@case("CN-AMD-04", "works", "2025-09-22", months=20, amount=49_000_000, life="whole")
def beyond_the_estimate(s: Story, bad: bool) -> Thing:
    """Approved 50,000,000; the contract and a change order in draft come to 50,800,000. The twin's estimate was adjusted."""
    estimate = 50_000_000 if bad else 60_000_000
    s.contract.always(approved_estimate_minor=minor(estimate), feasibility_minor=minor(58_000_000))
    draft = s.change("content", day("2026-10-12"), amount_change_minor=minor(1_800_000), reason="地下管线加固（拟）")
    draft.always(
        changed_on=None, reviewed_on=None, approved_on=None, executed_on=None, published_on=None, has_approval=not bad,
    )  # fmt: skip
    return s.contract


@case("CN-AMD-05", "works", "2026-01-26", months=13, life="whole")
def larger_by_site_note(s: Story, bad: bool) -> Thing:
    """The floor grows by a note from the site; nobody with the power to approve it did."""
    approved = None if bad else day("2026-09-10")
    return s.change("scale", day("2026-09-14"), has_approval=not bad, approved_on=approved, reason="增加建筑面积")


@case("CN-AMD-06", "works", "2025-10-20", months=16, life="whole")
def steel_rose(s: Story, bad: bool) -> Thing:
    """Steel rose by 38 per cent; the contractor asked to talk and heard nothing."""
    asked = s.add("amendment", day("2026-10-08"), kind="renegotiation", initiator="counterparty")
    return asked.say(
        day("2026-10-08"), requested_on=day("2026-10-08"), price_move_percent=38, policy_changed=False, is_excluded=False,
        answered_on=None if bad else day("2026-10-16"), reason="钢材价格大幅上涨", clause="第9条",
    )  # fmt: skip


@case("CN-GUA-01", "works", "2026-06-22", months=12, amount=4_200_000, life="whole")
def twelve_per_cent_in_cash(s: Story, bad: bool) -> Thing:
    """A performance bond of twelve per cent, in cash only; the twin gave a letter of five."""
    s.drop("guarantee", kind="performance")
    return s.secure(
        "performance", "履约保证金", 504_000 if bad else 210_000, day("2026-06-22"), day("2027-10-31"),
        form="cash" if bad else "letter", cash_required=bad, letter_refused=bad, of_winner=True,
    )  # fmt: skip


@case("CN-GUA-02", "works", "2025-02-08", months=14, amount=6_000_000, life="whole")
def five_per_cent_kept(s: Story, bad: bool) -> Thing:
    """Five per cent of the settled price are kept back, three are allowed. Signed on a Saturday that was worked."""
    s.drop("guarantee", kind="retention")
    s.contract.always(settled_amount_minor=minor(6_000_000))
    s.secure("retention", "工程质量保证金", 300_000 if bad else 180_000, day("2026-06-15"), day("2028-05-31"),
                    form="cash", cash_required=False, letter_refused=False)  # fmt: skip
    return s.contract


@case("CN-GUA-03", "works", "2025-03-03", months=12, amount=2_400_000, life="whole")
def three_years_of_defects(s: Story, bad: bool) -> Thing:
    """A defects period of thirty-six months; twenty-four are the most."""
    s.drop("guarantee", kind="retention")
    s.contract.always(defect_months=36 if bad else 24)
    s.secure("retention", "工程质量保证金", 72_000, day("2026-05-11"), day("2029-04-30" if bad else "2028-04-30"),
                    form="cash", cash_required=False, letter_refused=False)  # fmt: skip
    return s.contract


@case("CN-GUA-04", "works", "2023-11-20", months=10, amount=3_800_000, life="whole")
def retention_not_returned(s: Story, bad: bool) -> Thing:
    """The period is over, the contractor asked on 8 October, nobody answers; the twin sent a list of defects."""
    s.drop("guarantee", kind="retention")
    return s.secure(
        "retention", "工程质量保证金", 114_000, day("2024-11-11"), day("2026-09-30"), form="cash", cash_required=False,
        letter_refused=False, return_requested_on=day("2026-10-08"), defects_listed_on=None if bad else day("2026-10-15"),
    )  # fmt: skip


@case("CN-GUA-05", "works", "2025-05-12", months=13, amount=5_000_000, life="whole")
def employer_does_not_accept(s: Story, bad: bool) -> Thing:
    """Completion was reported on 20 July; ninety days later the employer has not accepted. The twin's contractor must mend."""
    s.drop("obligation", kind="acceptance")
    s.drop("guarantee", kind="retention")
    s.drop("filing", filed_with="construction")
    s.drop("payment", kind="settlement")
    s.contract.forget(
        "status", "accepted_on", "completed_on", "closed_on", "in_use_on", "settled_amount_minor", "completion_reported_on",
        after=day("2026-06-30"),
    )  # fmt: skip
    s.contract.say(day("2026-07-20"), completion_reported_on=day("2026-07-20"))
    for text in ("2026-08-20", "2026-09-20", "2026-10-20"):
        s.contract.say(day(text), updated_on=day(text))
    s.contract.say(day("2026-07-20"), accept_delay_cause="government" if bad else "counterparty")
    s.secure("retention", "工程质量保证金", 150_000, day("2026-07-20"), day("2028-07-20"), form="cash",
                    cash_required=False, letter_refused=False)  # fmt: skip
    return s.contract


@case("CN-GUA-06", "works", "2026-07-06", months=12, amount=3_100_000, life="whole")
def deposit_without_a_name_in_law(s: Story, bad: bool) -> Thing:
    """文明施工保证金: the law knows four kinds and no fifth. The twin's is the bond for workers' wages."""
    kind, name = ("other", "文明施工保证金") if bad else ("wage", "农民工工资保证金")
    return s.secure(kind, name, 200_000, day("2026-07-06"), day("2028-01-31"), form="cash" if bad else "letter",
                    cash_required=False, letter_refused=False)  # fmt: skip


@case("CN-GUA-07", "works", "2025-10-27", months=15, amount=7_700_000, life="whole")
def letter_ends_too_soon(s: Story, bad: bool) -> Thing:
    """The bank's letter ends in November, the works in January."""
    s.drop("guarantee", kind="performance")
    return s.secure("performance", "履约保函", 385_000, day("2025-10-27"), day("2026-11-15" if bad else "2027-04-30"),
                    cash_required=False, letter_refused=False, of_winner=True)  # fmt: skip
