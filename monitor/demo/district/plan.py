"""The plan of the district: which contract is signed when, by whom, with whom, and which of them have a part to play.

Two of each case, the provoked one and its twin, then ordinary contracts until every form has its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from monitor.demo.district import (
    provoke_change,
    provoke_general,
    provoke_good_faith,
    provoke_pay,
    provoke_performance,
)
from monitor.demo.district.begin import begin
from monitor.demo.district.cases import Case
from monitor.demo.district.days import FIRST, LAST, add_months, worked
from monitor.demo.district.forms import FORMS, PLACES, Form
from monitor.demo.district.lives import LIVES
from monitor.demo.district.story import Story
from monitor.demo.district.things import Thing
from monitor.demo.district.troubles import trouble
from monitor.demo.district.world import SMALL, World

CASES: tuple[Case, ...] = (
    *provoke_pay.case.cases, *provoke_good_faith.case.cases, *provoke_performance.case.cases, *provoke_change.case.cases,
    *provoke_general.case.cases,
)  # fmt: skip
MAKE_UP = (
    "2024-02-04",
    "2024-04-28",
    "2024-09-14",
    "2025-01-26",
    "2025-04-27",
    "2025-09-28",
    "2026-01-04",
    "2026-05-09",
)
"""Saturdays and Sundays that were worked: some contracts are signed on them."""
LONG = ("concession", "investment", "land", "lease")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One contract before it has a number. `case` is none for an ordinary one."""

    form: str
    signed: date
    case: Case | None = None
    is_bad: bool = False


def slots(chance: Random) -> list[Slot]:
    """Every contract of the district in the order of signing."""
    made = []
    for one in CASES:
        made.append(Slot(form=one.form, signed=one.signed, case=one, is_bad=True))
        made.append(Slot(form=one.form, signed=one.twin_signed, case=one))
    for name, form in FORMS.items():
        played = sum(slot.form == name and slot.case is not None for slot in made)
        made += [Slot(form=name, signed=_day_of_signing(chance, name)) for _ in range(form.count - played)]
    return sorted(made, key=lambda slot: slot.signed)


def tell(slot: Slot, number: str, world: World, chance: Random) -> tuple[Story, Thing | None]:
    """The whole story of one contract, and the row that its case is about."""
    case, form = slot.case, FORMS[slot.form]
    months = case.months if case else chance.randint(*form.months)
    start = slot.signed + timedelta(days=40 if form.category == "works" else chance.randint(4, 10))
    end = add_months(start, months) - timedelta(days=1)
    story = Story(
        number=number, form=slot.form, chance=chance, world=world, unit=_unit(form, case, world, chance),
        party=_party(form, case, world, chance), title=_title(form, chance), signed=slot.signed, start=start, end=end,
        amount=case.amount if case and case.amount else _amount(form, chance),
    )  # fmt: skip
    begin(story)
    if case is None:
        LIVES[slot.form](story)
        trouble(story)
        return story, None
    if case.life != "none":
        LIVES[slot.form](story)
    if case.life == "promises":
        story.drop("payment")
    return story, case.tell(story, slot.is_bad)


def _day_of_signing(chance: Random, form: str) -> date:
    if chance.random() < (0.4 if form in LONG else 0.06):
        return worked(FIRST - timedelta(days=chance.randint(10, 800)))
    if chance.random() < 0.03:
        return date.fromisoformat(chance.choice(MAKE_UP))
    return worked(FIRST + timedelta(days=chance.randint(0, (LAST - FIRST).days + 18)))


def _unit(form: Form, case: Case | None, world: World, chance: Random) -> Thing:
    names = [name for name in form.units if case is None or not name.endswith("有限公司")]
    return world.units[case.unit if case and case.unit else chance.choice(names)]


def _party(form: Form, case: Case | None, world: World, chance: Random) -> Thing:
    trade = chance.choice(form.trades)
    return world.pick(chance, trade, SMALL if case and case.size and trade not in ("地产", "居民") else ())


def _title(form: Form, chance: Random) -> str:
    return chance.choice(form.titles).format(place=chance.choice(PLACES)) + chance.choice(
        ["", "", "（一期）", "（二期）"]
    )


def _amount(form: Form, chance: Random) -> int:
    """Whole thousands of yuan, small ones more often than large ones."""
    low, high = form.amount
    return round(low + (high - low) * chance.random() ** 2.2) * 10_000 + chance.randrange(10) * 1000 if high else 0
