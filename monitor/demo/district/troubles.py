"""What goes wrong in ordinary contracts now and then: late money, late work, silence, and gaps in the ledger itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from monitor.demo.district.days import LAST, after, worked
from monitor.demo.district.story import Story
from monitor.demo.district.things import Thing, Value


def late_payment(story: Story) -> None:
    """A payment of these weeks that has not been made; wages are, as nearly everywhere."""
    for thing in story.things:
        if _last(thing, "kind") == "labour":
            continue
        due, paid = _day(thing, "due_on"), _day(thing, "paid_on")
        if thing.noun == "payment" and due and paid and LAST - timedelta(days=60) < due < LAST and paid > thing.born:
            thing.forget("paid_on", "paid_minor", "method", "confirmed_minor", after=thing.born)
            return


def once_late_payment(story: Story) -> None:
    """Payments of years ago that came weeks late; they came."""
    for thing in story.things:
        due, paid, sum_paid = _day(thing, "due_on"), _day(thing, "paid_on"), _last(thing, "paid_minor")
        if thing.noun == "payment" and due and paid and paid > thing.born and due < LAST - timedelta(days=150):
            late = worked(due + timedelta(days=story.chance.randint(4, 45)))
            confirmed, method = _last(thing, "confirmed_minor"), _last(thing, "method")
            thing.forget("paid_on", "paid_minor", "method", "confirmed_minor", after=thing.born)
            thing.say(late, paid_on=late, paid_minor=sum_paid, method=method, confirmed_minor=confirmed)


def late_work(story: Story) -> None:
    """A milestone of the counterparty that was due some weeks ago."""
    for thing in story.things:
        due, done = _day(thing, "due_on"), _day(thing, "done_on")
        if _last(thing, "side") == "counterparty" and due and done and LAST - timedelta(days=45) < due < LAST:
            thing.forget("done_on", "status", "marked_on", "evidence_count", "checked_on", after=thing.born)
            return


def once_late_work(story: Story) -> None:
    """Milestones of earlier years that came late, as they sometimes do."""
    for thing in story.things:
        due, done = _day(thing, "due_on"), _day(thing, "done_on")
        is_old = due is not None and due < LAST - timedelta(days=120)
        if thing.noun == "obligation" and due and done and is_old and done > thing.born and story.chance.random() < 0.5:
            late = worked(due + timedelta(days=story.chance.randint(3, 40)))
            count = _last(thing, "evidence_count")
            thing.forget("done_on", "status", "marked_on", "evidence_count", after=thing.born)
            thing.say(late, done_on=late, status="met", marked_on=late, evidence_count=count)


def filed_late(story: Story) -> None:
    """The legal office got it weeks late."""
    story.drop("filing", filed_with="legal")
    day = after(story.signed, story.chance.randint(9, 35))
    story.add("filing", day, filed_with="legal", filed_on=day, receipt=f"L-{story.number}")


def silence(story: Story) -> None:
    """Nobody has reported for months."""
    quiet = LAST - timedelta(days=story.chance.randint(50, 130))
    story.contract.forget("updated_on", "progress_percent", after=max(quiet, story.signed))


def extension(story: Story) -> None:
    """Half-way through, both agree on three weeks more; the bond is extended with it."""
    if story.end.year - story.start.year > 6:
        return
    changed = worked(story.start + (story.end - story.start) / 2)
    days = min(21, (story.end - story.start).days // 8)
    later = worked(story.end + timedelta(days=days))
    story.change("extension", changed, days_extended=days, reason="协商一致顺延工期")
    story.contract.say(changed, end_on=later)
    for thing in story.things:
        if thing.noun == "obligation" and _day(thing, "due_on") == worked(story.end):
            thing.say(changed, due_on=later)


def moved_quietly(story: Story) -> None:
    """A day that was about to be missed is moved in the ledger, and no amendment says why."""
    moved = worked(LAST - timedelta(days=story.chance.randint(8, 50)))
    for thing in story.things:
        due = _day(thing, "due_on")
        if thing.noun == "obligation" and due and moved < due < moved + timedelta(days=45) and moved > thing.born:
            later = worked(due + timedelta(days=story.chance.randint(25, 60)))
            thing.forget("done_on", "status", "marked_on", "evidence_count", "checked_on", after=thing.born)
            thing.say(moved, due_on=later)
            return


def missing(story: Story) -> None:
    """A cell that nobody filled."""
    gap = GAPS[int(story.number[-4:]) % len(GAPS)]
    told: dict[str, tuple[str, Value]] = {"evidence": ("evidence_count", None), "side": ("side", None)}
    if gap == "amount":
        story.contract.always(amount_minor=None, amount_original_minor=None)
    elif gap == "end":
        story.contract.always(end_on=None)
    elif gap == "category":
        story.contract.always(category=None)
    elif gap == "review_result":
        for thing in story.things:
            if thing.noun == "review":
                thing.always(result=None)
    for thing in story.things[:6]:
        if thing.noun == "obligation" and gap in told:
            thing.always(**dict([told[gap]]))


def entered_late(story: Story) -> None:
    """The contract was entered weeks after it was signed, with all that had happened by then."""
    day = after(story.signed, story.chance.randint(8, 30))
    for thing in story.things:
        thing.not_before(day)


def unproven(story: Story) -> None:
    """A promise marked as met with nothing on file."""
    for thing in reversed(story.things):
        done = _day(thing, "done_on")
        if thing.noun == "obligation" and done and LAST - timedelta(days=200) < done < LAST - timedelta(days=15):
            thing.forget("evidence_count", after=thing.born).say(done, evidence_count=0)
            return


def complained(story: Story) -> None:
    """A complaint that was passed on, looked into and answered as it should be."""
    day = worked(story.start + (min(story.end, LAST) - story.start) / 2)
    kind = story.chance.choice(["sme_arrears", "government_breach"])
    story.complain(
        kind, story.chance.choice(["12345", "信用中国", "欠款平台"]), day, accepted_on=after(day, 1),
        transferred_on=after(day, 3), handler_received_on=after(day, 4), verified_on=after(day, 7),
        rectified_on=after(day, 13), result_on=after(day, 15),
    )  # fmt: skip


def unfinished(story: Story) -> None:
    """Young contracts wait for their filing or notice, a standing service that ends soon for a plan."""
    if LAST - timedelta(days=45) < story.signed < LAST - timedelta(days=14):
        story.drop("filing", filed_with=story.chance.choice(["legal", "finance"]))
    elif story.form == "services" and LAST < story.end < LAST + timedelta(days=85):
        story.contract.always(exit_plan_on=None)


GAPS = ("amount", "end", "evidence", "side", "review_result", "category")
Trouble = Callable[[Story], None]
NOW: tuple[tuple[Trouble, float], ...] = (
    (late_payment, 0.16), (late_work, 0.16), (moved_quietly, 0.12), (unproven, 0.05), (silence, 0.03), (unfinished, 0.28),
    (extension, 0.05), (missing, 0.06), (entered_late, 0.03), (complained, 0.01),
)  # fmt: skip
ONCE: tuple[tuple[Trouble, float], ...] = ((once_late_payment, 0.2), (once_late_work, 0.24))
THEN: tuple[tuple[Trouble, float], ...] = (
    *ONCE, (filed_late, 0.06), (extension, 0.1), (missing, 0.06), (entered_late, 0.05), (complained, 0.02),
)  # fmt: skip
"""Troubles of these weeks, of earlier years, and of contracts that are over, each with its share; most find nothing to spoil."""


def trouble(story: Story) -> None:
    """At most one trouble of each time, or none."""
    runs = story.end > LAST - timedelta(days=40)
    for some in (NOW, ONCE) if runs else (THEN,):
        drawn = story.chance.random()
        for happen, share in some:
            if drawn < share:
                happen(story)
                break
            drawn -= share


def _last(thing: Thing, name: str) -> Value:
    found = [told[name] for _, told in thing.news if name in told]
    return found[-1] if found else None


def _day(thing: Thing, name: str) -> date | None:
    found = _last(thing, name)
    return found if isinstance(found, date) else None
