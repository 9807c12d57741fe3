"""Good practice, the GEN rules. GEN-ALT-01 speaks of warnings, so no ledger provokes it: it fires at the second scan."""

from __future__ import annotations

from monitor.demo.district.begin import report
from monitor.demo.district.cases import CaseBook, day
from monitor.demo.district.story import Story, minor
from monitor.demo.district.things import Thing

case = CaseBook()


@case("GEN-DL-01", "framework", "2025-09-09", months=24, size="", life="whole")
def catalogue_late(s: Story, bad: bool) -> Thing:
    """The government's own promise of a framework agreement, three weeks late."""
    return s.owe(
        "government", "other", "开放政务数据接口", day("2026-10-09"), done_on=None if bad else day("2026-09-29")
    )


@case("GEN-DL-02", "services", "2026-01-12", months=14, life="whole")
def met_without_evidence(s: Story, bad: bool) -> Thing:
    """Marked met, and nothing on file."""
    return s.owe("counterparty", "milestone", "完成人员进场培训", day("2026-09-15"), done_on=day("2026-09-14"),
                 evidence_count=0 if bad else 2)  # fmt: skip


@case("GEN-DL-03", "grant", "2026-01-19", months=16, life="none")
def silence(s: Story, bad: bool) -> Thing:
    """Nobody has said a word since July."""
    report(s, until=day("2026-07-31") if bad else None)
    return s.contract


@case("GEN-EXP-01", "services", "2024-11-25", months=24, life="whole")
def ends_in_weeks(s: Story, bad: bool) -> Thing:
    """A standing service ends in under a month; nothing was started."""
    s.contract.always(end_on=day("2026-11-25"), exit_plan_on=None if bad else day("2026-08-10"))
    return s.contract


@case("GEN-FIN-01", "services", "2026-02-02", months=13, amount=640_000)
def one_invoice_twice(s: Story, bad: bool) -> Thing:
    """One invoice stands on two payments."""
    number = s.invoice()
    for month in (6, 9):
        base = day(f"2026-0{month}-15")
        again = number if bad else f"{number}{month}"
        s.paid("progress", f"{month}月服务费", 160_000, base, base_kind="acceptance", delivered_on=base, accepted_on=base,
               invoice_number=again)  # fmt: skip
    return s.contract


@case("GEN-PTY-01", "works", "2026-05-18", months=12, life="whole")
def licence_expired(s: Story, bad: bool) -> Thing:
    """The contractor's qualification ended on the last day of September."""
    return s.own_party("建筑", licence_until=day("2026-09-30" if bad else "2029-09-30"))


@case("GEN-AMD-01", "works", "2025-11-03", months=14, amount=5_500_000, life="whole")
def amended_again_and_again(s: Story, bad: bool) -> Thing:
    """Three changes in eight months; the twin had one."""
    days = ("2026-02-14", "2026-06-08", "2026-09-07")  # the first on a Saturday that was worked
    for number, text in enumerate(days if bad else days[-1:], start=1):
        s.change(
            "change", day(text), amount_change_minor=minor(60_000), days_extended=6, reason=f"第{number}次设计变更"
        )
        s.contract.say(day(text), amount_minor=minor(5_500_000 + 60_000 * number))
    return s.contract
