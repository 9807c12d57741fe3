"""Cases are made from what was known on each day, and from nothing else. The offices here are made, every word and number."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.learning import recipe, trial
from monitor.learning.blend import Blend, BlendSettings
from monitor.learning.dataset import Cases, Endings, Seen, cases_of, ended, grid, look
from monitor.learning.recipe import Asked
from monitor.learning.score import Scores, Speaker, score
from monitor.learning.told import told
from monitor.replay import Past
from monitor.store import Store
from tests.learning.test_recipe import shelve, slip
from tests.store import Register, new_store

Calendars = dict[str, WorkCalendar]
World = dict[str, Any]
"""Rows by noun, as `Register.says` takes them."""

UNITS, KINDS, PARTIES = 6, ("design", "works", "supply", "training"), 8
FIRST = date(2020, 1, 1)


def late_by_pair(unit: int, kind: int) -> float:
    """Units of one half are late with kinds of one half: no single record tells."""
    return 0.92 if unit % 2 == kind % 2 else 0.06


def late_by_unit(unit: int, _kind: int) -> float:
    """Every other unit is late: a plain count knows as much as any model."""
    return 0.9 if unit % 2 else 0.06


def made_office(seed: int, late: Callable[[int, int], float], *, contracts: int = 60, milestones: int = 8) -> World:
    """A made register: units differ in lateness, as `late` says. Contracts begin within four years."""
    chance = random.Random(seed)
    world: World = {
        "unit": [{"id": f"U{number}", "name": f"Unit {number}"} for number in range(UNITS)],
        "party": [{"id": f"P{number}", "name": f"Party {number}"} for number in range(PARTIES)],
        "contract": [],
        "obligation": [],
    }
    for number in range(contracts):
        signed, unit = FIRST + timedelta(days=chance.randrange(1450)), chance.randrange(UNITS)
        world["contract"].append(
            {
                "id": f"C{number:02}", "title": f"Contract {number}", "unit_id": f"U{unit}", "kind": "GCJS",
                "party_id": f"P{chance.randrange(PARTIES)}", "currency": "CNY", "amount_minor": chance.randrange(10**6, 10**8),
                "signed_on": signed, "end_on": signed + timedelta(days=600), "status": "active",
            }
        )  # fmt: skip
        for step in range(milestones):
            kind = chance.randrange(len(KINDS))
            due = signed + timedelta(days=60 + step * 60 + chance.randrange(30))
            is_late = chance.random() < late(unit, kind)
            world["obligation"].append(
                {
                    "id": f"C{number:02}/{step}", "contract_id": f"C{number:02}", "title": f"Step {step}", "kind": KINDS[kind],
                    "side": "counterparty", "start_on": signed, "due_on": due, "status": "met",
                    "done_on": due + timedelta(days=chance.randrange(35, 140) if is_late else chance.randrange(-20, 20)),
                }
            )  # fmt: skip
    return world


def known_by(world: World, day: date) -> World:
    """The register as it stood on a day: what was done later is not done."""
    told = deepcopy(world)
    for row in told["obligation"]:
        if row["done_on"] is not None and row["done_on"] > day:
            row |= {"done_on": None, "status": "scheduled"}
    return told


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def end_of_day(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


def days_of(store: Store, asked: Asked, days: Sequence[date]) -> list[Seen]:
    """What each of some days could see. Working days are asked for by no recipe here."""
    return [look(engine, asked) for engine in engines(store, days)]


def engines(store: Store, days: Sequence[date]) -> Iterator[Engine]:
    return Past(database=store.place, zone=UTC, calendars={}, end_of_day=end_of_day).engines(days)


@pytest.fixture(scope="module")
def asked(calendars: Calendars, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = shelve(tmp_path_factory.mktemp("shelf"), made_slip=slip("made_slip"))
    return recipe.load([folder], calendars, default_calendar="CN")[0]


# --- nothing of later days ---

THE_DAY = date(2022, 3, 1)
ASKED_ON = [date(2022, 1, 1), THE_DAY]


def moved_on(world: World, chance: random.Random, day: date) -> World:
    """Another edition: days moved, some things waived, renamed or no longer listed, some said to be done on a day to come."""
    told = known_by(world, day)
    for row in told["obligation"]:
        match chance.randrange(12):
            case 0:
                row["due_on"] += timedelta(days=chance.randrange(-40, 200))
            case 1:
                row |= {"status": "waived", "done_on": None}
            case 2:
                row["title"] = "Renamed"
            case 3:
                row |= {"status": "met", "done_on": THE_DAY + timedelta(days=chance.randrange(1, 300))}
    told["obligation"] = [row for row in told["obligation"] if chance.random() < 0.97]
    return told


def another_future(world: World, chance: random.Random) -> World:
    """The same edition with its days to come changed or taken away, told in another order."""
    told = deepcopy(world)
    for row in told["obligation"]:
        if row["done_on"] is not None and row["done_on"] > THE_DAY:
            later = {"done_on": THE_DAY + timedelta(days=chance.randrange(1, 900))}
            row |= chance.choice([later, {"done_on": None, "status": "scheduled"}])
    for rows in told.values():
        chance.shuffle(rows)
    return told


def speaker(asked: Asked, seen: Seen) -> Speaker:
    """Somebody who has learned something: what, does not matter here."""
    features = seen.features(asked)
    late = np.isin(features.categories["kind"], KINDS[:2])
    day = np.full(len(late), np.datetime64(seen.as_of))
    contract = np.asarray(seen.rows["contract"].to_pylist(), dtype=object)
    sizes = BlendSettings(trees=10, rounds=10)
    blend = Blend.fit(features, late, as_of=day, known=day, contract=contract, share=0.5, settings=sizes)
    return Speaker(
        asked=asked, number=1, as_of=seen.as_of, blend=blend, lookup="past_record",
        levels={"blue": 0.3, "yellow": 0.5}, reference={},
    )  # fmt: skip


def all_of(scores: Scores) -> tuple[bytes, bytes, list[dict[str, Any]]]:
    """Everything that is said on a day, to the last bit."""
    return scores.probability.tobytes(), scores.level.tobytes(), told(scores, np.arange(len(scores)))


def test_what_is_recorded_or_dated_after_a_day_changes_nothing_of_it(tmp_path: Path, asked: Asked) -> None:
    """The same past with two futures: one with more editions, one with none, other days to come and rows in another order."""
    chance = random.Random(1)
    world = made_office(1, late_by_pair, contracts=30)
    days = [date(2021, 6, 1), date(2021, 12, 15), THE_DAY, date(2022, 3, 2), date(2022, 9, 1)]
    editions = {noon(day): moved_on(world, chance, day) for day in days}
    others = {at: another_future(edition, chance) for at, edition in editions.items() if at.date() <= THE_DAY}
    (this, other), (cases, other_cases) = zip(
        *(asking(tmp_path / name, told, asked) for name, told in (("this", editions), ("other", others))),
        strict=True,
    )
    assert min(table.num_rows for table in (this[-1].rows, this[-1].past, this[-1].spans)) > 40
    for ours, theirs in zip(this, other, strict=True):
        for table in ("rows", "past", "spans", "later"):
            assert getattr(ours, table).equals(getattr(theirs, table)), f"{table} of {ours.as_of}"
        one, two = ours.features(asked), theirs.features(asked)
        assert (one.numbers.tobytes(), one.base.tobytes()) == (two.numbers.tobytes(), two.base.tobytes())
    who = speaker(asked, this[-1])
    assert all_of(score(this[-1], who)) == all_of(score(other[-1], who))
    assert set(cases.late.tolist()) == {-1, 0, 1}
    assert cases.late.tolist() == other_cases.late.tolist()
    assert cases.known.tobytes() == other_cases.known.tobytes()


def asking(folder: Path, editions: dict[datetime, World], asked: Asked) -> tuple[list[Seen], Cases]:
    """What two days saw in a store of these editions, and how the first one's cases had ended by the second."""
    folder.mkdir()
    ledger = Register(store := new_store(folder))
    for at, edition in editions.items():
        ledger.says(at, **edition)
    seen = days_of(store, asked, ASKED_ON)
    return seen, cases_of(seen, asked, {})


# --- how one contract's promises ended ---

MONTHS = [date(2023, month, 1) for month in range(2, 8)]


News = tuple[date, dict[str, Any]]


def step(due: tuple[int, int], *news: tuple[tuple[int, int], dict[str, Any]]) -> tuple[date, list[News]]:
    """A promise: when it is due, and what the register said of it from some days on."""
    return date(2023, *due), [(date(2023, *on), said) for on, said in news]


def done(month: int, day: int) -> dict[str, Any]:
    return {"done_on": date(2023, month, day), "status": "met"}


STEPS = {
    "late": step((3, 1), ((5, 10), done(4, 20))),
    "on time": step((4, 20), ((3, 25), done(3, 24))),
    "entered late": step((4, 20), ((5, 10), done(3, 15))),
    "still open": step((7, 10)),
    "waived": step((5, 1), ((4, 10), {"status": "waived"})),
    "vanished": step((5, 1), ((4, 10), {"gone": True})),
    "met, nobody knows when": step((5, 1), ((4, 10), {"status": "met"})),
    "moved": step((3, 20), ((2, 20), {"due_on": date(2023, 7, 1)}), ((6, 25), done(6, 20))),
    "far away": step((12, 20), ((3, 10), done(3, 5))),
    "entered too late": step((3, 1), ((5, 10), done(2, 25))),
}
"""Recorded on the first day of each pair, from 10 January on; everything belongs to one contract, signed on New Year's Day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What all days of `MONTHS` saw of `STEPS`, and the cases that came of it."""

    store: Store
    seen: list[Seen]
    cases: Cases

    def ends(self, name: str) -> dict[date, int]:
        """By day of asking, how it ended: -1 is not known."""
        return dict(zip(self.asked(name), self.of(name).late.tolist(), strict=True))

    def known(self, name: str) -> list[date | None]:
        return list(self.of(name).known.astype(object))

    def asked(self, name: str) -> list[date]:
        return list(self.of(name).as_of.astype(object))

    def of(self, name: str) -> Cases:
        return self.cases.take(np.array([one == f"register:{name}" for one in self.cases.rows["id"].to_pylist()]))

    def past(self, name: str) -> dict[date, bool]:
        """On which days its end was on record, and how it had ended."""
        ends = [(seen.as_of, row) for seen in self.seen for row in seen.past.to_pylist()]
        return {day: row["late"] for day, row in ends if row["id"] == f"register:{name}"}


@pytest.fixture(scope="module")
def year(asked: Asked, tmp_path_factory: pytest.TempPathFactory) -> Told:
    ledger = Register(store := new_store(tmp_path_factory.mktemp("year")))
    contract = {"id": "C", "title": "Contract", "signed_on": date(2023, 1, 1)}
    for day in sorted({date(2023, 1, 10), *(on for _, news in STEPS.values() for on, _ in news)}):
        rows: list[dict[str, Any]] = []
        for name, (due, news) in STEPS.items():
            row = {"id": name, "contract_id": "C", "title": name, "due_on": due, "status": "scheduled"}
            for on, said in news:
                row |= said if on <= day else {}
            if not row.pop("gone", False):
                rows.append(row)
        ledger.says(noon(day), contract=[contract], obligation=rows)
    seen = days_of(store, asked, MONTHS)
    return Told(store=store, seen=seen, cases=cases_of(seen, asked, {}))


def test_what_is_done_or_open_thirty_days_after_its_day_is_late(year: Told) -> None:
    february, march, april = MONTHS[:3]
    assert year.ends("late") == {february: 1, march: 1}, "from April on there is nothing left to ask"
    assert set(year.known("late")) == {april}, "due on 1 March: certain on 1 April, whenever it was done"
    assert year.past("late") == dict.fromkeys(MONTHS[3:], True), "known strictly before the day"
    assert year.ends("on time") == {february: 0, march: 0}


def test_what_is_entered_late_was_not_known_before(year: Told) -> None:
    """Done in March, recorded on 10 May: April and 1 May still asked about it."""
    assert year.asked("entered late") == MONTHS[:4]
    assert set(year.ends("entered late").values()) == {0}
    assert set(year.known("entered late")) == {MONTHS[4]}, "the first day told after 10 May"
    assert sorted(year.past("entered late")) == MONTHS[4:]


def test_what_has_not_ended_is_not_known_and_never_good(year: Told) -> None:
    assert set(year.ends("still open").values()) == {-1}
    assert year.known("still open") == [None] * 6
    assert not year.past("still open")


@pytest.mark.parametrize("name", ["waived", "vanished", "met, nobody knows when"])
def test_what_came_to_nothing_is_no_outcome(year: Told, name: str) -> None:
    assert year.ends(name) == dict.fromkeys(MONTHS[:3], -1)
    assert not year.past(name)


def test_who_moved_the_day_is_judged_by_the_day_as_it_stood_when_asked(year: Told) -> None:
    first, *others = year.ends("moved").values()
    assert first == 1, "asked in February, when it was due on 20 March"
    assert others == [0] * 4, "asked from March on, when it was due on 1 July"
    assert year.known("moved")[0] == MONTHS[3], "certain since 20 April, known on the next day told"


def test_a_case_is_learned_from_when_either_end_would_be_certain(year: Told, asked: Asked) -> None:
    """Before that only the quick ones have ended, and they are the good ones."""
    assert year.known("on time") == [MONTHS[2]] * 2
    assert set(year.of("on time").ripe.astype(object).tolist()) == {date(2023, 5, 21)}

    def learned_by(day: date) -> set[str]:
        chosen = year.cases.take(trial.learnable(year.cases, asked.recipe, day))
        return {one.removeprefix("register:") for one in chosen.rows["id"].to_pylist()}

    assert learned_by(date(2023, 4, 1)) == {"late"}
    assert learned_by(date(2023, 6, 1)) == {"late", "entered too late", "on time", "entered late", "moved"}
    assert "far away" not in learned_by(date(2024, 6, 1)), "asked about more than 180 days before its day"


def test_a_promise_that_stays_open_for_years_is_not_dozens_of_promises(year: Told) -> None:
    weights = dict(zip(year.cases.rows["id"].to_pylist(), year.cases.weight.tolist(), strict=True))
    asked_about = {name: len(year.asked(name)) for name in STEPS}
    assert asked_about["still open"] == 6
    for name, count in asked_about.items():
        assert weights[f"register:{name}"] == pytest.approx(count**-0.5)


def test_on_a_past_day_the_cases_of_that_day_have_no_end(year: Told, asked: Asked) -> None:
    """What a backtest learns from on 1 June."""
    by_june = year.cases.by(year.seen[4], asked)
    assert by_june.as_of.max() == np.datetime64("2023-06-01")
    assert set(by_june.late[by_june.as_of == by_june.as_of.max()].tolist()) == {-1}
    before = year.cases.take(year.cases.as_of < np.datetime64("2023-06-01"))
    assert by_june.late[: len(before.late)].tolist() == before.late.tolist()


def test_days_are_told_in_order(year: Told, asked: Asked) -> None:
    endings = Endings(asked, {})
    endings.tell(year.seen[1])
    with pytest.raises(ValueError, match="in order: 2023-02-01 after 2023-03-01"):
        endings.tell(year.seen[0])
    endings.close()


@pytest.mark.parametrize(("months", "years", "count"), [(1, 1, 13), (3, 2, 9), (5, 1, 3), (12, 4, 5)])
def test_the_grid_ends_on_the_day_itself(months: int, years: int, count: int) -> None:
    for until in (date(2026, 3, 1), date(2026, 3, 15)):
        days = grid(until, months=months, years=years)
        assert days == sorted(set(days))
        assert days[-1] == until
        assert all(day.day == 1 for day in days[:-1])
        assert len(days) == count + (until.day > 1)


def test_a_ledger_that_came_in_last_week_tells_of_the_years_before(tmp_path: Path, asked: Asked) -> None:
    world = made_office(3, late_by_unit, contracts=6)
    Register(store := new_store(tmp_path)).says(noon(date(2024, 1, 2)), **world)
    [seen] = days_of(store, asked, [date(2021, 7, 1)])
    day = seen.as_of
    signed = {row["id"]: row["signed_on"] for row in world["contract"]}
    open_then = {
        f"register:{row['id']}"
        for row in world["obligation"]
        if signed[row["contract_id"]] <= day < row["done_on"] and day <= row["due_on"] + timedelta(days=30)
    }
    assert set(seen.rows["id"].to_pylist()) == open_then
    late = {row["id"]: row["late"] for row in seen.past.to_pylist()}
    for row in world["obligation"]:
        is_late = row["done_on"] > row["due_on"] + timedelta(days=30)
        known = row["due_on"] + timedelta(days=31) if is_late else row["done_on"]
        assert late.get(f"register:{row['id']}") == (is_late if known < day else None)


def test_what_the_register_sets_right_is_learned_right(year: Told) -> None:
    """Done five days before its day, entered seventy days after it: late until then, on time from then on."""
    assert year.past("entered too late") == {day: day < MONTHS[4] for day in MONTHS[3:]}
    assert set(year.ends("entered too late").values()) == {0}
    assert set(year.known("entered too late")) == {MONTHS[4]}


def test_what_was_said_is_held_against_the_day_as_it_stood_when_it_was_said(year: Told, asked: Asked) -> None:
    """Said in February about 20 March, moved to July, done in June: late, as it is for who learns from it."""
    said = year.of("moved").rows.slice(0, 1)
    [ends] = [ended(engine, asked, said) for engine in engines(year.store, MONTHS[-1:]) if look(engine, asked)]
    assert ends.to_pylist() == [{"id": "register:moved", "late": True}]
    assert year.past("moved") == {MONTHS[-1]: False}, "the record goes by the day as it stands"
