"""Nobody is judged by what happened afterwards: the facts of a day do not know the days to come.

Random districts, half of whose events lie after the day. Those events are moved about among the days to come, or never
happen at all; rows come in another order; the store is told more. No fact and no finding of the day may change.

What may be known early, and is left alone here: agreed days (`due_on`, `end_on`, a licence) as the newest version says that
was known; things that carry no day (progress, documents); and that a source reports filings, publications, amendments or
payments at all.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from monitor import pipeline
from monitor.config import load as load_config
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import PARENTS, nothing, schema, subjects
from monitor.rulebook import Judgement, Rulebook, load
from monitor.store import versions
from tests.facts import AS_OF, Row, World, random_world, tables
from tests.office import config, source
from tests.store import Register, new_store

RULES = Path(__file__).parent.parent / "rules"
TOMORROW = AS_OF + timedelta(1)

HAPPENS = {
    "unit": ["leader_since"],
    "contract": ["award_notice_on", "signed_on", "completed_on", "exit_plan_on", "updated_on", "heard_on", "gone_on"],
    "obligation": ["start_on", "done_on", "marked_on", "heard_on", "gone_on"],
    "payment": ["base_on", "invoice_on", "paid_on", "heard_on", "gone_on"],
    "amendment": ["changed_on", "heard_on"],
    "filing": ["filed_on"],
    "publication": ["published_on"],
    "history": ["recorded_on"],
    "alert": ["opened_on"],
}
"""The days on which something happens. A row of the last five is itself the event of its first day."""

PLANNED = {
    "contract.start_on", "contract.end_on", "contract.end_first", "obligation.due_on", "obligation.due_first",
    "payment.due_on", "party.licence_until",
}  # fmt: skip

Calendars = dict[str, WorkCalendar]


@pytest.fixture(scope="module")
def book(calendars: Calendars) -> Rulebook:
    return load([RULES], calendars, default_calendar="CN")


def seen(world: World, calendars: Calendars, book: Rulebook) -> dict[str, Any]:
    """Every fact of every subject, and what every rule makes of them."""
    with Engine(tables(world), calendars, as_of=AS_OF) as engine:
        found: dict[str, Any] = {
            f"{subject} {row['id']}": row
            for subject in subjects()
            for row in engine.rows(f"select * from fact_{subject}")
        }
        judgement = Judgement(engine.db, book.rules)
        return found | {"findings": judgement.fired(), "coverage": judgement.coverage(), "hash": engine.facts_hash()}


def district(seed: int) -> World:
    """A random district. Each of its registers has reported everything there is to report once, long ago."""
    chance, world = random.Random(seed), random_world(seed)
    long_ago = AS_OF - timedelta(days=300)
    for noun in ("amendment", "filing", "publication", "payment"):
        for number in range(2):
            days = dict.fromkeys(HAPPENS[noun], long_ago)
            world[noun].append(
                {"id": f"first {noun} {number}", "source": f"register {number}", "contract_id": "contract 0", **days}
            )
    world["alert"] = [
        {
            "contract_id": f"contract {chance.randrange(6)}", "rule": "GEN-DL-01", "level": chance.choice(["blue", "red"]),
            "state": "open", "opened_on": day, "level_since": day,
        }
        for day in (AS_OF + timedelta(days=chance.randint(-60, 60)) for _ in range(8))
    ]  # fmt: skip
    return world


def never_happened(world: World) -> World:
    """The same district if every day to come brought nothing."""
    left = {noun: [row for row in rows if not is_to_come(noun, row)] for noun, rows in deepcopy(world).items()}
    for noun, rows in left.items():
        for row in rows:
            to_come = {name for name in HAPPENS.get(noun, []) if row.get(name) and row[name] > AS_OF}
            row |= dict.fromkeys(to_come)
            if noun in FORGOTTEN:
                row |= FORGOTTEN[noun](row, to_come)
    return left


def is_to_come(noun: str, row: Row) -> bool:
    """Whether the row as a whole is an event of a day to come."""
    if noun not in ("amendment", "filing", "publication", "history", "alert"):
        return False
    day = row.get(HAPPENS[noun][0])
    return bool(day and day > AS_OF)


def contract_forgets(row: Row, to_come: set[str]) -> Row:
    over = "completed_on" in to_come and row.get("status") in ("completed", "archived")
    return {"status": "active"} if over else {}


def obligation_forgets(row: Row, to_come: set[str]) -> Row:
    """Before a promise was done, and before its end was entered, it was simply scheduled."""
    if row.get("done_on") and row["done_on"] <= AS_OF:
        return {}
    met = "done_on" in to_come and row.get("status") == "met"
    ended = "marked_on" in to_come and row.get("status") in ("met", "notMet", "waived")
    return {"status": "scheduled"} if met or ended else {}


def payment_forgets(row: Row, to_come: set[str]) -> Row:
    unpaid = {"paid_minor": 0} if "paid_on" in to_come and row.get("paid_minor") is not None else {}
    return unpaid | ({"invoice_number": None} if "invoice_on" in to_come else {})


FORGOTTEN: dict[str, Callable[[Row, set[str]], Row]] = {
    "contract": contract_forgets, "obligation": obligation_forgets, "payment": payment_forgets,
}  # fmt: skip


def another_future(world: World, seed: int) -> World:
    """The same district if every event to come came on another day to come, told in another order."""
    chance, moved = random.Random(seed), deepcopy(world)
    for noun, rows in moved.items():
        for row in rows:
            for name in HAPPENS.get(noun, []):
                if row.get(name) and row[name] > AS_OF:
                    row[name] = AS_OF + timedelta(days=chance.randint(1, 900))
        chance.shuffle(rows)
    return moved


@pytest.mark.parametrize("seed", range(3))
def test_no_fact_and_no_finding_knows_the_days_to_come(calendars: Calendars, book: Rulebook, seed: int) -> None:
    world = district(seed)
    today = seen(world, calendars, book)
    assert len(today["findings"]) > 5, "a district in which nothing is found proves nothing"
    for other in (never_happened(world), another_future(world, seed)):
        found = seen(other, calendars, book)
        assert {key: value for key, value in found.items() if today[key] != value} == {}
        assert today.keys() == found.keys()


def test_what_happened_by_the_day_does_matter(calendars: Calendars, book: Rulebook) -> None:
    """The comparison is not blind: one day earlier, less has happened."""
    world = district(0)
    earlier = deepcopy(world)
    for noun, names in HAPPENS.items():
        for row in earlier[noun]:
            row |= {name: TOMORROW for name in names if row.get(name) == AS_OF}
    today, found = seen(world, calendars, book), seen(earlier, calendars, book)
    changed = {name.split()[0] for name in found if found[name] != today[name]}
    assert {"contract", "obligation", "payment", "findings"} <= changed


def test_every_day_among_the_facts_is_agreed_or_has_come() -> None:
    """Whatever columns the facts will have: one row a noun whose every day is tomorrow."""

    def row(noun: str) -> Row:
        keys = {"id": noun, "contract_id": "contract", "unit_id": "unit", "party_id": "party", "noun": "contract"}
        words = {"filed_with": "legal", "kind": "contract", "level": "red", "state": "open", "rule": "R", "seq": 1}
        days = {field.name: TOMORROW for field in schema(noun) if field.type == pa.date32()}
        return {name: value for name, value in (keys | words | days).items() if name in schema(noun).names}

    days = {subject: f"select * from fact_{subject}" for subject in subjects()}
    with Engine(tables({noun: [row(noun)] for noun in nothing()}), {}, as_of=AS_OF) as engine:
        assert PARENTS.keys() == days.keys()
        known = {
            f"{subject}.{name}"
            for subject, sql in days.items()
            for name, value in engine.rows(sql)[0].items()
            if value == TOMORROW
        }
    assert known <= PLANNED


def test_the_store_tells_of_any_past_instant_what_it_told_then(tmp_path: Path) -> None:
    """Two registers that say something new four times, in changing completeness; each instant is asked again at the end."""
    store, chance = new_store(tmp_path), random.Random(11)
    registers = [Register(store, "first"), Register(store, "second", complete=False)]
    told: dict[datetime, dict[str, pa.Table]] = {}
    for number in range(4):
        at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=10 * number, hours=number)
        registers[number % 2].says(at, **said(chance))
        told[at] = versions.portfolio(store.path, at, UTC)
    assert len({portfolio["history"].num_rows for portfolio in told.values()}) == 4
    for at, then in told.items():
        again = versions.portfolio(store.path, at + timedelta(hours=1), UTC)
        assert [name for name in then if not again[name].equals(then[name])] == []
    facts = []
    for portfolio in (told[min(told)], versions.portfolio(store.path, min(told), UTC)):
        with Engine(nothing() | portfolio, {}, as_of=AS_OF) as engine:
            facts.append(engine.facts_hash())
    assert facts[0] == facts[1]


def said(chance: random.Random) -> dict[str, Any]:
    """A part of a random district, as a register says it."""
    fields = {"contract": ("id", "title", "end_on", "status"), "obligation": ("id", "contract_id", "title", "due_on")}
    world = random_world(chance.randrange(100))
    return {
        noun: [{name: row.get(name) for name in names} for row in world[noun] if chance.random() < 0.7]
        for noun, names in fields.items()
    }


MAPPING = """
create view contract as select id, title, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, done as done_on, 'scheduled' as status, source_row from raw;
"""


def test_last_weeks_answers_are_the_same_after_this_weeks_news(tmp_path: Path, book: Rulebook) -> None:
    """And their hash, though the register and the warnings went on."""
    (tmp_path / "register.sql").write_text(MAPPING, encoding="utf-8")
    register, path = tmp_path / "register.csv", tmp_path / "config.toml"
    path.write_text(config(source("register", "register.csv", "register.sql", complete=True)), encoding="utf-8")
    office, store = load_config(path, {}), new_store(tmp_path)
    rules = [rule for rule in book.rules if rule.rule.id in ("GEN-DL-01", "GEN-ALT-01")]  # one that feeds on warnings
    two = replace(book, rules=tuple(rules))

    def pull(day: date, *rows: str) -> None:
        register.write_text("\n".join(["id,title,due,done", *rows]), encoding="utf-8")
        edition = office.source("register").model_copy(update={"published": day})
        pipeline.pull(office, store, edition, at=office.end_of_day(day))

    def scan(day: date) -> list[str]:
        last = office.end_of_day(day)
        done = pipeline.scan(office, store, two, as_of=day, known_at=last, at=last)
        return [change.event for change in done.changes]

    def answers() -> tuple[Any, ...]:
        with pipeline.look(office, store, two, as_of=AS_OF, known_at=office.end_of_day(AS_OF)) as view:
            return view.header, view.sources, view.judgement.fired(), view.judgement.coverage()

    pull(date(2026, 2, 20), "A,Road,2026-02-01,", "B,School,2026-03-20,")
    assert scan(date(2026, 2, 21)) == ["opened", "opened"]
    before = answers()
    assert {finding.rule for finding in before[2]} == {"GEN-DL-01", "GEN-ALT-01"}
    scan(AS_OF)
    pull(date(2026, 3, 9), "A,Road,2026-02-01,2026-03-01", "C,Park,2026-03-01,")
    assert scan(date(2026, 4, 20)) != []
    assert answers() == before
