"""How an ordinary contract runs, form by form: promises kept, sums paid, by both sides. Works stand in `works.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from monitor.demo.district.begin import complete, report
from monitor.demo.district.days import LAST, add_months, after, before, worked
from monitor.demo.district.story import Story, minor, shares
from monitor.demo.district.things import Thing
from monitor.demo.district.works import works


def goods(story: Story) -> None:
    """Delivery, acceptance, one payment; the warranty runs on."""
    due = before(story.end - timedelta(days=story.chance.randint(25, 35)))
    delivered = before(due - timedelta(days=story.chance.randint(0, 9)))
    accepted = after(delivered, story.chance.randint(2, 5))
    story.owe(
        "counterparty", "delivery", "交付全部货物", due, is_key=True, done_on=delivered, checked_on=accepted,
        warranty_until=add_months(accepted, 24),
    )  # fmt: skip
    acceptance(story, delivered, accepted)
    story.paid(
        "final", "货款", story.amount, accepted, base_kind="acceptance", delivered_on=delivered, accepted_on=accepted
    )
    story.contract.say(accepted, accepted_on=accepted, progress_percent=100)
    story.contract.say(delivered, progress_percent=90)
    report(story, until=delivered, weight=False)
    complete(story, after(accepted, 12))


def services(story: Story) -> None:
    """A standing service: a report and a payment each quarter, a plan for what follows before it ends."""
    report(story)
    quarters = list(_steps(story, 3))
    is_public = story.unit.id.endswith(("民政局", "街道办事处")) or story.chance.random() < 0.1
    story.contract.always(is_public_service=is_public)
    for number, (day, fee) in enumerate(zip(quarters, shares(story.amount, len(quarters)), strict=True), start=1):
        due = worked(day + timedelta(days=7))
        done = story.keep("counterparty", "service", f"提交第{number}季度服务报告", due)
        accepted = after(before(day), 4)
        done.always(checked_on=accepted)
        story.paid(
            "progress", f"第{number}季度服务费", fee, accepted, base_kind="acceptance",
            period_end_on=day, delivered_on=before(day), accepted_on=accepted,
        )  # fmt: skip
    story.contract.always(exit_plan_on=before(story.end - timedelta(days=story.chance.randint(95, 130))))
    accepted = after(before(story.end), 4)
    last = acceptance(story, before(story.end), accepted)
    if is_public:
        last.always(users_consulted=True)
        shown = after(accepted, 4)
        story.add(
            "publication", shown, kind="acceptance", published_on=shown, url=f"https://notice.yunping.invalid/{last.id}"
        )
    story.contract.say(accepted, accepted_on=accepted)
    complete(story, accepted)


def investment(story: Story) -> None:
    """The investor brings money, builds and produces; the government clears the way and then pays the agreed reward."""
    report(story, weight=False)
    steps = (("approval_help", "协助办理立项和用地审批", 4), ("facilities", "完成园区道路和供水供电接入", 7))
    for kind, title, months in steps:
        story.keep("government", kind, title, worked(add_months(story.signed, months)), conditions_met=True)
    story.keep("counterparty", "investment", "首期资金到位", worked(add_months(story.signed, 5)), is_key=True)
    story.keep("counterparty", "start_of_works", "项目开工", worked(add_months(story.signed, 8)))
    production = story.keep("counterparty", "production", "项目投产", worked(add_months(story.signed, 20)), is_key=True)
    story.keep("counterparty", "jobs", "带动就业达到约定人数", worked(add_months(story.signed, 26)))
    reached = max(day for day, told in production.news if "done_on" in told)
    due = worked(reached + timedelta(days=120))
    paid = story.paid("subsidy", "投产奖励", story.amount * 0.4, after(reached, 20), due_on=due)
    done = max(day for day, told in paid.news if "paid_on" in told)
    promise = story.owe("government", "subsidy", "兑现投产奖励", due, done_on=done, conditions_met=False)
    promise.say(reached, conditions_met=True)
    complete(story, story.end, weight=False)


def concession(story: Story) -> None:
    """Decades of operation, paid by the users, evaluated every year."""
    report(story, weight=False)
    for number, day in enumerate(_steps(story, 12), start=1):
        if day > add_months(LAST, 14):
            break
        story.keep("counterparty", "reporting", f"提交第{number}年度运营报告", worked(day))
        evaluated = before(day - timedelta(days=story.chance.randint(10, 40)))
        story.contract.say(evaluated, evaluated_on=evaluated)
    story.keep("government", "approval", "完成经营权移交手续审批", worked(add_months(story.signed, 2)))


def land(story: Story) -> None:
    """The premium in two instalments, the land in between, and works on it within a year."""
    report(story, weight=False)
    for number, (months, share) in enumerate(((1, 0.5), (5, 0.5)), start=1):
        due = worked(add_months(story.signed, months))
        paid_on = before(due - timedelta(days=story.chance.randint(0, 6)))
        story.receive(
            "land_premium", f"出让价款第{number}期", story.amount * share, story.signed, due_on=due, is_instalment=True,
            paid_on=paid_on, paid_minor=minor(story.amount * share),
        )  # fmt: skip
    story.keep("government", "land_handover", "交付净地", worked(add_months(story.signed, 6)), conditions_met=True)
    begun = story.keep("counterparty", "start_of_works", "动工开发", worked(add_months(story.signed, 15)), is_key=True)
    begun.always(developed_percent=60, invested_percent=45)
    story.keep("counterparty", "milestone", "项目竣工", worked(story.end))
    complete(story, worked(story.end), weight=False)


def compensation(story: Story) -> None:
    """First the money, then the move."""
    report(story, weight=False)
    due = worked(story.signed + timedelta(days=30))
    done = before(due - timedelta(days=story.chance.randint(2, 12)))
    story.owe("government", "compensation", "支付征收补偿款", due, done_on=done, conditions_met=True)
    story.pay(
        "compensation", "征收补偿款", story.amount, story.signed, due_on=due, condition_met=True, paid_on=done,
        paid_minor=minor(story.amount), method="transfer",
    )  # fmt: skip
    story.contract.always(relocation_demanded_on=after(done, 3))
    story.keep("counterparty", "other", "腾空并移交房屋", worked(add_months(story.signed, 3)))
    if story.chance.random() < 0.4:
        story.keep("government", "resettlement", "交付安置房", worked(story.end))
    complete(story, worked(story.end), weight=False)


def lease(story: Story) -> None:
    """The district is landlord: rent comes in each quarter in advance."""
    report(story, weight=False)
    quarters = [story.start, *_steps(story, 3)][:-1]
    for number, (day, rent) in enumerate(zip(quarters, shares(story.amount, len(quarters)), strict=True), start=1):
        due = worked(day + timedelta(days=9))
        paid_on = max(before(due - timedelta(days=story.chance.randint(0, 8))), after(day - timedelta(days=20), 1))
        story.receive(
            "rent", f"第{number}季度租金", rent, max(story.signed, day - timedelta(days=20)), due_on=due, is_instalment=True,
            paid_on=paid_on, paid_minor=minor(rent),
        )  # fmt: skip
    story.contract.always(exit_plan_on=before(story.end - timedelta(days=story.chance.randint(95, 150))))
    complete(story, worked(story.end), weight=False)


def grant(story: Story) -> None:
    """A subsidised service: half at the middle, half after the final report."""
    report(story)
    middle = add_months(story.start, max(3, (story.end - story.start).days // 60))
    for title, day in (("中期", before(middle)), ("末期", before(story.end))):
        done = story.keep("counterparty", "reporting", f"提交{title}实施报告", worked(day + timedelta(days=6)))
        done.always(checked_on=after(day, 5))
        accepted = after(day, 5)
        story.paid("subsidy", f"{title}补贴", story.amount / 2, accepted, base_kind="acceptance", delivered_on=day,
                   accepted_on=accepted)  # fmt: skip
    accepted = after(before(story.end), 5)
    acceptance(story, before(story.end), accepted)
    story.contract.say(accepted, accepted_on=accepted)
    complete(story, accepted)


def framework(story: Story) -> None:
    """No sum, but promises of both sides each half-year."""
    report(story, weight=False)
    for number, day in enumerate(_steps(story, 6), start=1):
        story.keep("counterparty", "reporting", f"提交第{number}次合作进展报告", worked(day))
        story.keep("government", "documents", f"提供第{number}批公共数据目录", worked(day + timedelta(days=14)))
    complete(story, worked(story.end), weight=False)


def other(story: Story) -> None:
    """A consultant's work: interim and final result, each paid after acceptance."""
    report(story)
    middle = story.start + (story.end - story.start) / 2
    for title, day, share in (("初稿", before(middle), 0.4), ("正式成果", before(story.end), 0.6)):
        accepted = after(day, 5)
        done = story.keep("counterparty", "delivery", f"提交{title}", worked(day))
        done.always(checked_on=accepted, warranty_until=add_months(accepted, 12))
        story.paid("progress", f"{title}服务费", story.amount * share, accepted, base_kind="acceptance", delivered_on=day,
                   accepted_on=accepted)  # fmt: skip
    accepted = after(before(story.end), 5)
    acceptance(story, before(story.end), accepted)
    story.contract.say(accepted, accepted_on=accepted)
    complete(story, accepted)


def acceptance(story: Story, requested: date, accepted: date) -> Thing:
    """The government's duty to accept: asked for, answered in two days, done."""
    return story.owe(
        "government", "acceptance", "组织验收", worked(requested + timedelta(days=20)), requested_on=requested,
        answered_on=after(requested, 2), done_on=accepted, users_consulted=None,
    )  # fmt: skip


def _steps(story: Story, months: int) -> Iterator[date]:
    """The ends of the periods of so many months until the contract ends."""
    number = 1
    while (day := add_months(story.start, number * months)) <= story.end + timedelta(days=3):
        yield day - timedelta(days=1)
        number += 1


LIVES: dict[str, Callable[[Story], None]] = {
    "works": works, "goods": goods, "services": services, "investment": investment, "concession": concession, "land": land,
    "compensation": compensation, "lease": lease, "grant": grant, "framework": framework, "promise": framework,
    "other": other,
}  # fmt: skip
