"""The district of a seed: everybody and every contract told, and the ledger of any day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from monitor.demo.district.days import month_ends
from monitor.demo.district.plan import slots, tell
from monitor.demo.district.things import Row, Thing
from monitor.demo.district.units import unit_cases
from monitor.demo.district.world import World, world
from monitor.domain.nouns import NOUNS

DECLARED = "虚构数据 made data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provoked:
    """A rule that must fire on `subject_id` on the last month-end, and be quiet on `twin_id`.

    `noun` is what the two are; `contract_id` and `twin_contract_id` the contracts they belong to, none for a unit.
    """

    rule: str
    noun: str
    subject_id: str
    twin_id: str
    contract_id: str | None
    twin_contract_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """Everything that was ever entered, and `truth`: what was provoked on purpose."""

    seed: int
    things: tuple[Thing, ...]
    truth: tuple[Provoked, ...]
    month_ends: tuple[date, ...]

    def rows(self, as_of: date) -> dict[str, list[Row]]:
        """The ledger at the end of a day: rows by noun, each with the fields that were known; days are dates."""
        found: dict[str, list[Row]] = {noun: [] for noun in NOUNS}
        for thing in self.things:
            row = thing.on(as_of)
            if row is not None:
                found[thing.noun].append(row)
        return found


def district(seed: int = 1) -> District:
    """The district of a seed: the same seed, the same district, on every machine and every day."""
    people = world(Random(f"{seed}/people"))
    things: list[Thing] = []
    subjects: dict[tuple[str, bool], tuple[Thing, str]] = {}
    counts: dict[int, int] = {}
    for place, slot in enumerate(slots(Random(f"{seed}/plan"))):
        year = slot.signed.year
        counts[year] = counts.get(year, 0) + 1
        number = f"YP-{year}-{counts[year]:04}"
        story, subject = tell(slot, number, people, Random(f"{seed}/{place}"))
        for thing in story.things:
            thing.not_before(story.contract.born)
        things += story.things
        if slot.case and subject:
            subjects[slot.case.rule, slot.is_bad] = (subject, number)
    truth = [_provoked(rule, *subjects[rule, True], *subjects[rule, False]) for rule, is_bad in subjects if is_bad]
    truth += [
        Provoked(rule=rule, noun="unit", subject_id=bad.id, twin_id=good.id, contract_id=None, twin_contract_id=None)
        for rule, bad, good in unit_cases(people)
    ]
    return District(seed=seed, things=(*_people(people, things), *things), truth=tuple(truth), month_ends=month_ends())


def _provoked(rule: str, bad: Thing, contract: str, good: Thing, twin: str) -> Provoked:
    return Provoked(
        rule=rule, noun=bad.noun, subject_id=bad.id, twin_id=good.id, contract_id=contract, twin_contract_id=twin
    )


def _people(people: World, things: list[Thing]) -> list[Thing]:
    """Units, the parties of some contract from its first day on, and the yearly disclosures."""
    first: dict[str, date] = {}
    for thing in things:
        for _, told in thing.news if thing.noun == "contract" else ():
            name = str(told.get("party_id", ""))
            first[name] = min(first.get(name, thing.born), thing.born)
    known = [party for some in people.parties.values() for party in some if party.id in first]
    for party in known:
        party.not_before(first[party.id])
    return [*people.units.values(), *known, *people.yearly]
