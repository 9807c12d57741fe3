"""The life of a works contract: advance, wages each month, progress each quarter, completion, settlement, retention."""

from __future__ import annotations

from datetime import date, timedelta

from monitor.demo.district.begin import complete, report, share_done
from monitor.demo.district.days import LAST, add_months, after, before, worked
from monitor.demo.district.story import Story, minor
from monitor.demo.district.things import Thing

ADVANCE, LABOUR, PROGRESS, FINAL, RETENTION = 0.12, 0.20, 0.62, 0.03, 0.03
"""Shares of the price. Progress is paid at 83 per cent of the confirmed value, above the 80 of 财建〔2022〕183号."""


def works(story: Story) -> None:
    """Everything of a building site that runs as it should."""
    report(story)
    _before_the_start(story)
    milestones = _milestones(story)
    _wages(story)
    months = _months(story)
    for number in range(3, months + 3, 3):
        end = min(add_months(story.start, number), story.end)
        _progress(story, end, share=min(3, months - number + 3) / months)
        for due, milestone in milestones:
            if end < due:
                planned = share_done(story, end)
                milestone.say(end, planned_percent=planned, actual_percent=max(0, planned - story.chance.randint(0, 6)))
        left = ADVANCE * (1 - share_done(story, end) / 100)
        story.contract.say(end, advance_unrecouped_minor=minor(story.amount * left))
    _completion(story)


def _before_the_start(story: Story) -> None:
    due = before(min(add_months(story.signed, 1), story.start - timedelta(days=7)))
    paid = before(due - timedelta(days=story.chance.randint(1, 6)))
    story.pay(
        "advance", "工程预付款", story.amount * ADVANCE, story.signed, due_on=due, condition_met=True,
        paid_on=paid, paid_minor=minor(story.amount * ADVANCE), method="transfer",
    )  # fmt: skip
    story.contract.say(paid, advance_unrecouped_minor=minor(story.amount * ADVANCE))
    story.keep("government", "drawings", "提供施工图纸", before(story.start - timedelta(days=10)))
    story.keep("government", "site", "提供施工场地", before(story.start - timedelta(days=2)))


def _milestones(story: Story) -> list[tuple[date, Thing]]:
    length = story.end - story.start
    plan = (("start_of_works", "开工", 0.04), ("milestone", "主体（基础）工程完成", 0.45), ("milestone", "附属工程完成", 0.8),
            ("milestone", "竣工", 1.0))  # fmt: skip
    made = []
    for kind, title, share in plan:
        due = worked(story.start + length * share)
        made.append((due, story.keep("counterparty", kind, title, due, is_key=share == 1.0, checked_on=due)))
    return made


def _wages(story: Story) -> None:
    """The labour part, for each month by the tenth of the next: 《保障农民工工资支付条例》第二十九条."""
    months = _months(story)
    for number in range(1, months + 1):
        end = add_months(story.start, number).replace(day=1) - timedelta(days=1)
        if end > LAST:
            break
        due = before(end + timedelta(days=10))
        yuan = story.amount * LABOUR / months
        paid = before(due - timedelta(days=story.chance.randint(0, 4)))
        story.pay(
            "labour", f"{end.year}年{end.month}月人工费用", yuan, end + timedelta(days=1), period_end_on=end, due_on=due,
            condition_met=True, paid_on=max(paid, end + timedelta(days=1)), paid_minor=minor(yuan), method="transfer",
        )  # fmt: skip


def _progress(story: Story, end: date, *, share: float) -> None:
    submitted, confirmed = after(end, 4), after(end, story.chance.randint(9, 13))
    yuan = story.amount * PROGRESS * share
    story.paid(
        "progress", f"截至{end.year}年{end.month}月进度款", yuan, confirmed, base_kind="settlement", period_end_on=before(end),
        settlement_submitted_on=submitted, settlement_confirmed_on=confirmed, confirmed_minor=minor(yuan / 0.83),
        applied_on=after(confirmed, 1),
    )  # fmt: skip


def _completion(story: Story) -> None:
    accepted = after(before(story.end), story.chance.randint(8, 15))
    reported = before(story.end)
    story.contract.say(reported, completion_reported_on=reported)
    story.owe(
        "government", "acceptance", "组织竣工验收", worked(reported + timedelta(days=28)), requested_on=reported,
        answered_on=after(reported, 2), done_on=accepted,
    )  # fmt: skip
    in_use = after(accepted, 10)
    story.contract.say(accepted, accepted_on=accepted, in_use_on=in_use)
    filed = after(accepted, story.chance.randint(4, 9))
    story.add("filing", filed, filed_with="construction", filed_on=filed, receipt=f"JG-{story.number}")
    _settlement(story, accepted)
    for thing in story.things:
        if thing.noun == "guarantee" and {"kind": "performance"} in [told for _, told in thing.news]:
            thing.say(accepted, returned_on=accepted)
        if thing.noun == "guarantee" and {"kind": "wage"} in [told for _, told in thing.news]:
            thing.say(accepted, returned_on=after(accepted, 22))
    complete(story, accepted)


def _settlement(story: Story, accepted: date) -> None:
    """The final account within the days the law gives for its size, paid within fifteen; three per cent are kept back."""
    submitted = after(accepted, 12)
    confirmed = submitted + timedelta(days=story.chance.randint(12, 18))
    story.paid(
        "settlement", "竣工结算款", story.amount * FINAL, worked(confirmed), base_kind="settlement",
        settlement_submitted_on=submitted, settlement_confirmed_on=worked(confirmed), applied_on=after(confirmed, 1),
    )  # fmt: skip
    story.contract.say(worked(confirmed), settled_amount_minor=minor(story.amount))
    until = add_months(accepted, 24)
    kept = story.secure("retention", "工程质量保证金", story.amount * RETENTION, worked(confirmed), until, form="cash")
    kept.always(cash_required=False, letter_refused=False)
    asked = after(until, 2)
    kept.say(asked, return_requested_on=asked, verified_on=after(asked, 5), return_agreed_on=after(asked, 9))
    kept.say(asked, returned_on=after(asked, 8))


def _months(story: Story) -> int:
    return max(3, round((story.end - story.start).days / 30.4))
