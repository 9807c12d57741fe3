"""Two at once: two people, a person and the clock, a person and a scan. One wins, and the history has what happened."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor import handling, pipeline, rulebook
from monitor.config import Config, load
from monitor.domain.errors import MoveError
from monitor.domain.warning import Alert
from monitor.pipeline import Scanned
from monitor.store import Store, warnings
from tests.alerts import at, doing, warned
from tests.office import CORE, Office, config, source
from tests.test_handling import NEVER, PEOPLE, Desk

HANDFUL = 20
ROUNDS = pytest.mark.parametrize("rounds", [80, pytest.param(1000, marks=pytest.mark.long)])
"""A thousand of each with `pytest -m long tests/test_at_once.py`."""

"""Interleavings of a test, and how many of them one database sees: every act reads all that stands."""

# What two people try at the same instant, and the events that may have happened after both were answered, in order.
PAIRS = (
    (("acknowledge", "Chen"), ("acknowledge", "Dong"), (["acknowledged"],)),
    (("dismiss", "Chen"), ("acknowledge", "Dong"), (["dismissed"], ["acknowledged", "dismissed"])),
    (("dismiss", "Chen"), ("suspend", "Dong"), (["dismissed"], ["suspended"])),
    (("acknowledge", "Chen"), ("transfer", "Dong"), (["acknowledged"], ["acknowledged", "transferred"])),
)
STATE = {
    "acknowledged": "acknowledged", "dismissed": "dismissed", "suspended": "suspended", "transferred": "transferred",
}  # fmt: skip


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Desk]:
    """A new office whenever one is asked for, with nothing to write to anybody."""
    return lambda: Desk(tmp_path_factory.mktemp("desk"), NEVER)


@contextmanager
def beside(work: Callable[[int], None], rounds: int) -> Iterator[threading.Barrier]:
    """`work` of each round in a thread of its own, begun when both are there; what it could not do comes up here."""
    barrier, faults = threading.Barrier(2, timeout=60), list[BaseException]()

    def run() -> None:
        for number in range(1, rounds + 1):
            barrier.wait()
            try:
                work(number)
            except Exception as fault:
                faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    yield barrier
    thread.join()
    assert faults == []


def tried(desk: Desk, words: tuple[Any, str], won: list[tuple[int, str]], number: int) -> None:
    """One act on a connection of its own; who came too late is told so, and anything else is a fault."""
    kind, actor = words
    with contextlib.suppress(MoveError):
        desk.acts(number, kind, actor)
        won.append((number, actor))


@ROUNDS
def test_of_two_who_act_in_the_same_instant_one_wins_and_the_other_is_told(
    desks: Callable[[], Desk], rounds: int
) -> None:
    seen: dict[int, set[tuple[str, ...]]] = {}
    for start in range(0, rounds, HANDFUL):
        which = start // HANDFUL % len(PAIRS)
        first, second, outcomes = PAIRS[which]
        desk, won = desks(), list[tuple[int, str]]()
        desk.has(*(warned(subject_id=str(number)) for number in range(HANDFUL)))
        other = desk.again()
        with beside(partial(tried, other, second, won), HANDFUL) as barrier:
            for number in range(1, HANDFUL + 1):
                barrier.wait()
                tried(desk, first, won, number)
        for number in range(1, HANDFUL + 1):
            events = desk.history(number)[1:]
            kinds = [event["kind"] for event in events]
            assert kinds in outcomes
            assert sorted(event["actor"] for event in events) == sorted(actor for one, actor in won if one == number)
            assert desk.alert(number).state == STATE[kinds[-1]] == events[-1]["state"]
            assert desk.alert(number).turn == 1 + len(kinds)
            seen.setdefault(which, set()).add(tuple(kinds))
    assert seen.keys() == set(range(len(PAIRS)))


def ticks(desk: Desk, day: date, _round: int) -> None:
    desk.waits(day)


@ROUNDS
def test_a_person_and_the_clock_in_the_same_instant_and_the_warning_never_goes_backwards(
    desks: Callable[[], Desk], rounds: int
) -> None:
    """Each warning is a day late to be signed; the clock would tell the legal office while Chen signs."""
    late = date(2026, 3, 4)
    for _ in range(rounds // HANDFUL):
        desk = desks()
        desk.has(*(warned(subject_id=str(number)) for number in range(HANDFUL)))
        with beside(partial(ticks, desk.again(), late), HANDFUL) as barrier:
            for number in range(1, HANDFUL + 1):
                barrier.wait()
                desk.acts(number, "acknowledge", "Chen", on=late)
        with desk.store.reading() as db:
            standing, histories = warnings.standing(db), warnings.histories(db, list(range(1, HANDFUL + 1)))
        assert [(one.state, one.acknowledged_by, one.escalated) for one in standing] == [
            ("acknowledged", "Chen", 0)
        ] * HANDFUL
        for events in histories.values():
            assert [event["kind"] for event in events[1:]] in (["acknowledged"], ["escalated", "acknowledged"])


# --- a scan that was judging meanwhile ---

MAPPING = """
create view unit as select distinct unit as id, unit as name from raw;
create view contract as select distinct id, 'Contract ' || id as title, unit as unit_id, 'active' as status from raw;
create view obligation as
select id || '/' || n as id, id as contract_id, 'Part ' || n as title, due as due_on, done as done_on, status, source_row
from raw;
"""


class House(Desk):
    """An office with a register of milestones, and the generic rules."""

    def __init__(self, folder: Path, *blocks: str, told: str = PEOPLE) -> None:
        (folder / "r.sql").write_text(MAPPING, encoding="utf-8")
        self.office = Office(
            folder, config(CORE, told, *blocks, source("r", "r.csv", "r.sql"), country="CN", zone="Asia/Shanghai")
        )
        self.config: Config = load(self.office.path, {})
        self.store = Store(self.config.database, create=True)
        settings = self.config.settings
        self.book = rulebook.load(
            self.config.rule_shelves(), self.config.calendars(), default_calendar="CN", packs=settings.rules.packs
        )

    def hears(self, day: date, rows: list[str]) -> None:
        """The register says something on a day."""
        path = self.office.folder / "r.csv"
        path.write_text("\n".join(["id,unit,n,due,done,status", *rows, ""]), encoding="utf-8")
        pipeline.pull(self.config, self.store, self.config.sources[0], at=at(day, 5))

    def scans(self, day: date, tell: Callable[[str], None] = pipeline.silent) -> Scanned:
        known = self.config.end_of_day(day)
        return pipeline.scan(self.config, self.store, self.book, as_of=day, known_at=known, at=at(day, 6), tell=tell)

    def standing(self) -> dict[str, Alert]:
        """Warnings about missed days that stand, by milestone."""
        with self.store.reading() as db:
            return {alert.subject_id: alert for alert in warnings.standing(db) if alert.rule == "GEN-DL-01"}

    def as_it_is(self) -> list[tuple[Any, ...]]:
        """Every warning whole, but for how often it was written."""
        names = "rule, subject_id, level, peak, state, opened_on, armed_on, level_since, cleared_on, closed_on, released_on, "
        names += "acknowledged_by, acted_on, assignee, escalated, until, held, outcome, previous"
        return self.office.rows(f"select {names} from alert order by rule, subject_id, id")


PARTS = range(1, 8)
FIRST, SECOND = date(2026, 3, 10), date(2026, 3, 25)


def milestones(*, done: tuple[int, ...] = ()) -> list[str]:
    """Seven parts due on 20 March 2026, some of them done that day."""
    return [
        f"A,Works,{n},2026-03-20,{'2026-03-20' if n in done else ''},{'met' if n in done else 'scheduled'}"
        for n in PARTS
    ]


MEANWHILE: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("r:A/1", "acknowledge", {}), ("r:A/2", "dismiss", {}), ("r:A/3", "assign", {"value": "Dong"}),
    ("r:A/4", "suspend", {"value": date(2026, 6, 1)}), ("r:A/5", "acknowledge", {}), ("r:A/6", "dismiss", {}),
)  # fmt: skip
"""On the first four the scan finds a graver level, on the next two that they are done; the last nobody touches."""


def everybody_acts(house: House) -> None:
    """On a connection of their own."""
    other = Store(house.config.database)
    by_part = {key: alert.number for key, alert in house.standing().items()}
    for part, kind, more in MEANWHILE:
        handling.act(house.config, other, by_part[part], doing(kind, "Chen", on=SECOND, **more))


def test_what_people_did_while_a_scan_was_judging_is_as_if_they_had_done_it_just_before(tmp_path: Path) -> None:
    houses = []
    for name in ("before", "meanwhile"):
        (tmp_path / name).mkdir()
        house = House(tmp_path / name)
        house.hears(FIRST, milestones())
        house.scans(FIRST)
        assert {alert.level for alert in house.standing().values()} == {"yellow"}
        house.hears(SECOND, milestones(done=(5, 6, 7)))
        houses.append(house)
    before, meanwhile = houses
    everybody_acts(before)
    before.scans(SECOND)
    told: list[str] = []

    def tell(message: str) -> None:
        told.append(message)
        if message == "stepping warnings":
            everybody_acts(meanwhile)

    meanwhile.scans(SECOND, tell)
    assert "stepping warnings" in told
    assert meanwhile.as_it_is() == before.as_it_is()
    now = meanwhile.standing()
    assert {key: (alert.level, alert.state) for key, alert in now.items()} == {
        "r:A/1": ("orange", "open"), "r:A/2": ("orange", "open"), "r:A/3": ("orange", "open"), "r:A/4": ("orange", "open"),
        "r:A/5": ("yellow", "acknowledged"),
    }  # fmt: skip
    assert (now["r:A/3"].assignee, now["r:A/1"].acknowledged_by) == ("Dong", "Chen")
    old = meanwhile.alert(now["r:A/2"].previous or 0)
    assert (old.state, old.level, old.subject_id) == ("dismissed", "yellow", "r:A/2"), (
        "what was dismissed stays dismissed"
    )


def test_the_same_scan_twice_changes_nothing_but_the_ledger(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.hears(FIRST, milestones())
    house.scans(FIRST)
    handling.remind(house.config, house.store, as_of=FIRST, at=at(FIRST, 7))
    house.acts(1, "acknowledge", on=FIRST)
    house.acts(2, "dismiss", on=FIRST)
    before = house.office.contents()
    again = house.scans(FIRST)
    done = handling.remind(house.config, house.store, as_of=FIRST, at=at(FIRST, 8))
    assert (again.changes, again.letters, done.letters) == ([], 0, 0)
    assert house.office.contents() == before
    assert house.office.rows("select state from run order by id desc limit 2") == [("unchanged",), ("unchanged",)]


# --- a storm ---

ALL = '[[recipient]]\naddress = "all@office.example"\nlang = "en"\n'
ONE = '[[recipient]]\naddress = "one@office.example"\nunits = ["One"]\nlevel = "orange"\n'
FEW = '[[recipient]]\naddress = "few@office.example"\nunits = ["Few"]\n'


def test_five_thousand_warnings_of_one_scan_are_all_told_in_a_handful_of_letters(tmp_path: Path) -> None:
    house = House(tmp_path, told=ALL + ONE + FEW)
    due = {0: "2026-02-01", 1: "2026-03-02", 2: "2026-03-20"}
    rows = [
        f"{n // 50},{'Few' if n < 300 else 'One' if n % 2 else 'Two'},{n % 50},{due[n % 3]},,scheduled"
        for n in range(5_000)
    ]
    house.hears(FIRST, rows)
    found = house.scans(FIRST)
    opened = [change.alert for change in found.changes if change.event == "opened" and change.told]
    assert len([alert for alert in opened if alert.rule == "GEN-DL-01"]) == 5_000
    storm_over = house.config.settings.mail.storm_over
    for recipient in house.config.settings.recipient:
        mine = [letter for letter in house.letters() if letter["recipient"] == recipient.address]
        items = [item["number"] for letter in mine for item in letter["content"]["items"]]
        assert sorted(items) == sorted(alert.number for alert in opened if recipient.wants(alert)), recipient.address
        assert 1 <= len(mine) <= storm_over + 1
    assert found.letters == len(house.letters())
    digests = [letter for letter in house.letters() if letter["kind"] == "digest"]
    assert {letter["recipient"] for letter in digests} >= {"all@office.example", "one@office.example"}


def test_tomorrow_nothing_of_the_storm_is_told_again(tmp_path: Path) -> None:
    house = House(tmp_path, told=ALL)
    house.hears(FIRST, [f"{n},One,1,2026-02-01,,scheduled" for n in range(200)])
    assert house.scans(FIRST).letters == 1
    assert house.scans(FIRST + timedelta(days=1)).letters == 0
