"""Performance of both sides, CN-PERF-01 to 16: milestones, acceptance, distress, rights about to lapse, land, concessions."""

from __future__ import annotations

from monitor.demo.district.begin import complete, report
from monitor.demo.district.cases import CaseBook, day
from monitor.demo.district.story import Story, minor
from monitor.demo.district.things import Thing

case = CaseBook()


@case("CN-PERF-01", "services", "2026-02-09", months=14)
def go_live_late(s: Story, bad: bool) -> Thing:
    """Go-live was due on a Sunday; in the twin a supplement of 16 October moved the day before it came."""
    due = s.owe("counterparty", "go_live", "系统上线运行", day("2026-10-25"), is_key=True)
    if not bad:
        s.change("extension", day("2026-10-16"), days_extended=60, reason="业务需求调整，双方协商顺延")
        due.say(day("2026-10-16"), due_on=day("2026-12-24"))
    return due


@case("CN-PERF-02", "works", "2026-07-13", months=12)
def site_not_ready(s: Story, bad: bool) -> Thing:
    """The government was to hand over the second part of the site by 20 October."""
    return s.owe(
        "government", "site", "提供二标段施工场地", day("2026-10-20"), done_on=None if bad else day("2026-10-19")
    )


@case("CN-PERF-03", "goods", "2026-07-20", months=5, life="none")
def acceptance_unanswered(s: Story, bad: bool) -> Thing:
    """The supplier asked for acceptance on the ninth; seven days were agreed."""
    s.contract.always(accept_period_days=7)
    report(s)
    s.owe(
        "counterparty",
        "delivery",
        "交付全部货物",
        day("2026-10-09"),
        done_on=day("2026-10-08"),
        checked_on=day("2026-10-15"),
    )
    return s.owe(
        "government", "acceptance", "组织到货验收", day("2026-12-10"), requested_on=day("2026-10-09"),
        answered_on=None if bad else day("2026-10-13"), done_on=None if bad else day("2026-10-15"),
    )  # fmt: skip


@case("CN-PERF-04", "services", "2025-10-11", months=12, unit="民政局")
def elders_not_asked(s: Story, bad: bool) -> Thing:
    """An elderly-care service was accepted; nobody asked the elderly, and the result was not published. Signed on a worked
    Saturday."""
    accepted = day("2026-10-13")
    s.drop("obligation", kind="acceptance")
    s.drop("publication", kind="acceptance")
    s.contract.always(is_public_service=True).say(accepted, accepted_on=accepted)
    if not bad:
        shown = day("2026-10-16")
        s.add(
            "publication",
            shown,
            kind="acceptance",
            published_on=shown,
            url=f"https://notice.yunping.invalid/{s.number}/v",
        )
    return s.owe(
        "government", "acceptance", "组织服务验收", day("2026-10-30"), requested_on=day("2026-10-10"),
        answered_on=day("2026-10-12"), done_on=accepted, users_consulted=not bad,
    )  # fmt: skip


@case("CN-PERF-05", "works", "2025-08-18", months=15, amount=5_800_000)
def used_before_acceptance(s: Story, bad: bool) -> Thing:
    """The school moved in on 15 September; acceptance is still to come. The twin has an approved emergency."""
    s.contract.always(in_use_on=day("2026-09-15"), emergency_use=not bad)
    return s.contract


@case("CN-PERF-06", "works", "2025-07-07", months=13)
def completion_not_filed(s: Story, bad: bool) -> Thing:
    """Accepted on the first day after the holiday; fifteen days to file it with the construction authority."""
    accepted = day("2026-10-08")
    s.drop("filing", filed_with="construction")
    s.contract.forget("status", "in_use_on", "closed_on", after=day("2026-09-01"))
    s.contract.always(accepted_on=accepted, completed_on=accepted).say(
        accepted, status="completed", updated_on=accepted
    )
    if not bad:
        s.add(
            "filing", day("2026-10-21"), filed_with="construction", filed_on=day("2026-10-21"), receipt=f"JG-{s.number}"
        )
    return s.contract


@case("CN-PERF-07", "works", "2025-12-22", months=14, amount=6_000_000)
def contractor_in_distress(s: Story, bad: bool) -> Thing:
    """The contractor is on the list of defaulters and has an advance to work off; the twin gave security and left the list."""
    party = s.own_party("建筑")
    party.say(day("2026-09-14"), distress="defaulter", distress_on=day("2026-09-14"))
    s.contract.say(day("2026-09-14"), advance_unrecouped_minor=minor(720_000))
    if not bad:
        party.say(day("2026-09-28"), security_on=day("2026-09-28"))
        party.say(day("2026-10-12"), distress=None, distress_on=None)
    return party


@case("CN-PERF-08", "works", "2026-02-02", months=11)
def half_of_the_plan(s: Story, bad: bool) -> Thing:
    """Planned 70 per cent, found 35, two months before the day."""
    due = s.owe("counterparty", "milestone", "机电安装完成", day("2026-12-31"), is_key=True)
    return due.say(day("2026-10-26"), planned_percent=70, actual_percent=35 if bad else 67)


@case("CN-PERF-09", "lease", "2025-03-10", months=48, size="")
def right_to_rescind_lapses(s: Story, bad: bool) -> Thing:
    """The tenant's breach was known on 20 November 2025; after a year the right to end the lease is gone."""
    known = day("2025-11-20")
    s.contract.say(known, rescission_known_on=known, rescission_decided_on=None if bad else day("2026-03-10"))
    return s.contract


@case("CN-PERF-10", "lease", "2022-11-14", months=60, size="", life="none")
def claim_lapses(s: Story, bad: bool) -> Thing:
    """Rent of December 2023 was never paid; the claim lapses in December 2026. The twin's tenant was sent a demand."""
    report(s, weight=False)
    demanded = None if bad else day("2025-11-03")
    s.owe("counterparty", "money", "支付2023年度租金", day("2023-12-11"), demanded_on=demanded)
    return s.receive("rent", "2023年度租金", 86_000, day("2022-11-14"), due_on=day("2023-12-11"), demanded_on=demanded,
                     is_instalment=False)  # fmt: skip


@case("CN-PERF-11", "goods", "2024-09-18", months=4, life="none")
def never_inspected(s: Story, bad: bool) -> Thing:
    """Delivered in November 2024 without a word on warranty, and never checked: two years are nearly over."""
    s.contract.always(pre_acceptance_percent=100, accept_is_condition=False)
    s.paid("final", "货款", s.amount, day("2024-11-20"), base_kind="delivery", delivered_on=day("2024-11-20"))
    complete(s, day("2024-12-20"))
    return s.owe(
        "counterparty", "delivery", "交付全部货物", day("2024-11-25"), is_key=True, done_on=day("2024-11-20"),
        checked_on=None if bad else day("2024-12-10"),
    )  # fmt: skip


@case("CN-PERF-12", "works", "2026-03-23", months=12, life="whole")
def passed_on(s: Story, bad: bool) -> Thing:
    """All the works are done by a third firm; in the twin the fence is, with consent."""
    found = day("2026-09-22")
    s.contract.say(found, subcontract_found_on=found, subcontract_consented=not bad)
    return s.contract.say(found, subcontract_key=bad, subcontract_tier=1)


@case("CN-PERF-13", "land", "2024-08-12", months=48, size="", life="whole")
def idle_land(s: Story, bad: bool) -> Thing:
    """Works were to begin on 30 September 2025; a year later nothing stands there. In the twin the site came late."""
    s.drop("obligation", kind="start_of_works")
    return s.owe("counterparty", "start_of_works", "动工开发", day("2025-09-30"), developed_percent=0, invested_percent=0,
                 cause="counterparty" if bad else "government")  # fmt: skip


@case("CN-PERF-14", "land", "2026-04-13", months=36, amount=42_000_000, size="", life="none")
def premium_overdue(s: Story, bad: bool) -> Thing:
    """The second instalment was due on 12 October."""
    report(s, weight=False)
    s.receive("land_premium", "出让价款第1期", 21_000_000, day("2026-04-13"), due_on=day("2026-05-13"), is_instalment=True,
              paid_on=day("2026-05-09"), paid_minor=minor(21_000_000))  # fmt: skip
    second = s.receive("land_premium", "出让价款第2期", 21_000_000, day("2026-04-13"), due_on=day("2026-10-12"),
                       is_instalment=True)  # fmt: skip
    return second if bad else second.say(day("2026-10-12"), paid_on=day("2026-10-12"), paid_minor=minor(21_000_000))


@case("CN-PERF-15", "concession", "2024-05-20", months=300, size="", life="whole")
def not_evaluated(s: Story, bad: bool) -> Thing:
    """The last evaluation is sixteen months old."""
    s.contract.always(evaluated_on=day("2025-06-30"))
    if not bad:
        s.contract.say(day("2026-05-29"), evaluated_on=day("2026-05-29"))
    return s.contract


@case("CN-PERF-16", "compensation", "2025-06-16", months=8, size="", life="none")
def last_days_to_enforce(s: Story, bad: bool) -> Thing:
    """Decision served in February, no suit in six months: the court can be asked until early November."""
    s.pay("compensation", "征收补偿款", s.amount, day("2025-06-16"), due_on=day("2025-07-16"), condition_met=True,
          paid_on=day("2025-07-10"), paid_minor=minor(s.amount))  # fmt: skip
    report(s, weight=False)
    done = None if bad else day("2026-01-09")
    served = day("2026-02-05") if bad else None
    return s.owe("counterparty", "other", "腾空并移交房屋", day("2025-10-15"), demanded_on=day("2025-12-15"), decision_on=served,
                 done_on=done)  # fmt: skip
