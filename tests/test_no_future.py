"""Nobody is judged by what happened afterwards: the facts of a day do not know the days to come.

Random districts, half of whose events lie after the day. Those events are moved about among the days to come, or never
happen at all; rows come in another order; the store is told more. No fact and no finding of the day may change.

What may be known early, and is left alone here: agreed days (`PLANNED`) as the newest version says that was known; things that
carry no day (progress, documents); and that a source reports some sort of thing at all.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from monitor import pipeline
from monitor.config import load as load_config
from monitor.domain.nouns import NOUNS, choices
from monitor.domain.portfolio import nothing, schema
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import subjects
from monitor.rulebook import Judgement, Rulebook
from monitor.store import reading
from tests.facts import AS_OF, Row, World, random_world, tables
from tests.office import config, source
from tests.store import Register, new_store

RULES = Path(__file__).parent.parent / "rules"
TOMORROW = AS_OF + timedelta(1)

PLANNED = {
    "contract.start_on": "agreed beforehand",
    "contract.end_on": "agreed beforehand",
    "contract.effective_on": "agreed beforehand",
    "contract.planned_sign_on": "a plan",
    "contract.rescission_until": "an agreed last day",
    "obligation.due_on": "agreed beforehand",
    "obligation.inspect_until": "an agreed last day",
    "obligation.warranty_until": "an agreed last day",
    "payment.due_on": "agreed beforehand",
    "payment.instrument_due_on": "stands on the bill from its first day",
    "guarantee.start_on": "stands in the letter",
    "guarantee.end_on": "stands in the letter",
    "guarantee.return_agreed_on": "agreed beforehand",
    "party.licence_until": "stands on the licence",
}
"""The day fields that may lie after the day: what is agreed is known before it comes."""

PLANNED_FACTS = {
    *PLANNED, "contract.end_first", "obligation.due_first", "contract.last_duty_due", "contract.last_instalment_due",
}  # fmt: skip
"""The facts that may be a day to come: those days, and what is made of them."""

HAPPENS = {
    noun: [
        field.name
        for field in schema(noun)
        if field.type == pa.date32()
        and f"{noun}.{field.name}" not in PLANNED
        and field.name not in ("first_known_on", "day")
    ]
    for noun in nothing()
}
"""The days on which something happens: of each noun every day that is not planned, `heard_on` and `gone_on` among them."""

EVENTS = {
    "amendment": "changed_on", "filing": "filed_on", "publication": "published_on", "complaint": "received_on",
    "disclosure": "disclosed_on", "history": "recorded_on", "alert": "opened_on",
}  # fmt: skip
"""Nouns whose row is itself the event of a day."""

Calendars = dict[str, WorkCalendar]


def seen(world: World, calendars: Calendars, shelf: Rulebook) -> dict[str, Any]:
    """Every fact of every subject, and what every rule makes of them."""
    with Engine(tables(world), calendars, as_of=AS_OF) as engine:
        found: dict[str, Any] = {
            f"{subject} {row['id']}": row
            for subject in subjects()
            for row in engine.rows(f"select * from fact_{subject}")
        }
        judgement = Judgement(engine.db, shelf.rules)
        return found | {"findings": judgement.fired(), "coverage": judgement.coverage(), "hash": engine.facts_hash()}


def district(seed: int) -> World:
    """A random district. Each of its registers has reported everything there is to report once, long ago."""
    chance, world = random.Random(seed), random_world(seed)
    long_ago = AS_OF - timedelta(days=300)
    for noun in world.keys() - {"history"}:
        for register in ("register 0", "register 1"):
            for kind in KINDS.get(noun, [{}]):
                keys = {
                    key: f"{key[:-3]} 0" for key in ("contract_id", "unit_id", "party_id") if key in schema(noun).names
                }
                days = dict.fromkeys(HAPPENS[noun], long_ago) | {"gone_on": None}
                row = {
                    "id": f"first {noun} of {register} {kind}",
                    "source": register,
                    "title": "First",
                    "name": "First",
                }
                world[noun].append({k: v for k, v in (row | keys | days | kind).items() if k in schema(noun).names})
    world["alert"] = [
        {
            "contract_id": f"contract {chance.randrange(6)}", "rule": "GEN-DL-01", "level": chance.choice(["blue", "red"]),
            "state": "open", "opened_on": day, "level_since": day,
        }
        for day in (AS_OF + timedelta(days=chance.randint(-60, 60)) for _ in range(8))
    ]  # fmt: skip
    return world


KINDS: dict[str, list[Row]] = {
    "filing": [{"filed_with": word} for word in choices(NOUNS["filing"], "filed_with")],
    "publication": [{"kind": word} for word in choices(NOUNS["publication"], "kind")],
}
"""What a register can report apart from other things of the same noun."""


def never_happened(world: World) -> World:
    """The same district if every day to come brought nothing."""
    left = {noun: [row for row in rows if not is_to_come(noun, row)] for noun, rows in deepcopy(world).items()}
    for noun, rows in left.items():
        for row in rows:
            to_come = {name for name in HAPPENS[noun] if row.get(name) and row[name] > AS_OF}
            row |= dict.fromkeys(to_come)
            if noun in FORGOTTEN:
                row |= FORGOTTEN[noun](row, to_come)
    return left


def is_to_come(noun: str, row: Row) -> bool:
    """Whether the row as a whole is an event of a day to come."""
    day = row.get(EVENTS[noun]) if noun in EVENTS else None
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
    no_interest = {"interest_paid_minor": None} if "interest_paid_on" in to_come else {}
    return unpaid | no_interest | ({"invoice_number": None} if "invoice_on" in to_come else {})


def party_forgets(_row: Row, to_come: set[str]) -> Row:
    return {"distress": None} if "distress_on" in to_come else {}


def unit_forgets(_row: Row, to_come: set[str]) -> Row:
    return {"event": None} if "event_on" in to_come else {}


FORGOTTEN: dict[str, Callable[[Row, set[str]], Row]] = {
    "contract": contract_forgets, "obligation": obligation_forgets, "payment": payment_forgets, "party": party_forgets,
    "unit": unit_forgets,
}  # fmt: skip
"""What is recorded beside a day, and is not known before it."""


def another_future(world: World, seed: int) -> World:
    """The same district if every event to come came on another day to come, told in another order."""
    chance, moved = random.Random(seed), deepcopy(world)
    for noun, rows in moved.items():
        for row in rows:
            for name in HAPPENS[noun]:
                if row.get(name) and row[name] > AS_OF:
                    row[name] = AS_OF + timedelta(days=chance.randint(1, 900))
        chance.shuffle(rows)
    return moved


def facts_of(world: World) -> dict[str, Row]:
    """Every fact of every subject."""
    with Engine(tables(world), {}, as_of=AS_OF) as engine:
        return {
            f"{subject} {row['id']}": row
            for subject in subjects()
            for row in engine.rows(f"select * from fact_{subject}")
        }


def differences(one: Mapping[str, Row], other: Mapping[str, Row]) -> list[str]:
    """Each fact that two worlds do not share."""
    assert one.keys() == other.keys()
    return [
        f"{key}: {name} is {value!r}, and {other[key][name]!r}"
        for key, row in one.items()
        for name, value in row.items()
        if other[key][name] != value
    ]


@pytest.mark.parametrize("seed", range(6))
def test_no_fact_knows_the_days_to_come(seed: int) -> None:
    world = district(seed)
    today = facts_of(world)
    assert differences(today, facts_of(never_happened(world))) == []
    assert differences(today, facts_of(another_future(world, seed))) == []


def test_no_finding_and_no_hash_knows_the_days_to_come(calendars: Calendars, shelf: Rulebook) -> None:
    world = district(1)
    today = seen(world, calendars, shelf)
    assert len(today["findings"]) > 10, "a district in which nothing is found proves nothing"
    assert {finding.rule[:2] for finding in today["findings"]} >= {"GE", "CN"}
    found = seen(another_future(never_happened(world), 1), calendars, shelf)
    assert [key for key, value in found.items() if today[key] != value] == []


def test_what_happened_by_the_day_does_matter() -> None:
    """The comparison is not blind: had it happened a day later, other things would be true."""
    world = district(0)
    later = deepcopy(world)
    for noun, names in HAPPENS.items():
        for row in later[noun]:
            row |= {name: TOMORROW for name in names if row.get(name) == AS_OF}
    today, found = facts_of(world), facts_of(later)
    changed = {key.split()[0] for key in today.keys() & found.keys() if today[key] != found[key]}
    changed |= {key.split()[0] for key in today.keys() ^ found.keys()}
    assert changed == set(subjects())


def test_every_day_that_happens_is_hidden_until_it_comes() -> None:
    """A row a noun and side in which every day is tomorrow: what of that is a fact today was agreed beforehand."""

    def row(noun: str, number: int) -> Row:
        known: Row = {"id": f"{noun} {number}", "contract_id": "contract 0", "unit_id": "unit 0", "party_id": "party 0"}
        known |= {
            "side": ("government", "counterparty")[number],
            "is_instalment": True,
            "amount_minor": 1,
            "paid_minor": 0,
        }
        known |= {field.name: TOMORROW for field in schema(noun) if field.type == pa.date32()}
        if noun in EVENTS:
            known[EVENTS[noun]] = AS_OF  # else there is no row at all
        if noun == "history":
            moved = ("contract", "obligation")[number]
            known |= {"noun": moved, "id": f"{moved} 0", "seq": 1}
        return {name: value for name, value in known.items() if name in schema(noun).names}

    with Engine(tables({noun: [row(noun, 0), row(noun, 1)] for noun in nothing()}), {}, as_of=AS_OF) as engine:
        known = {
            f"{subject}.{name}"
            for subject in subjects()
            for found in engine.rows(f"select * from fact_{subject}")
            for name, value in found.items()
            if isinstance(value, date) and value > AS_OF
        }
    assert known == PLANNED_FACTS


def test_the_store_tells_of_any_past_instant_what_it_told_then(tmp_path: Path) -> None:
    """Two registers that say something new four times, in changing completeness; each instant is asked again at the end."""
    store, chance = new_store(tmp_path), random.Random(11)
    registers = [Register(store, "first"), Register(store, "second", complete=False)]
    told: dict[datetime, dict[str, pa.Table]] = {}
    for number in range(4):
        at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=10 * number, hours=number)
        registers[number % 2].says(at, **said(chance))
        told[at] = reading.portfolio(store.place, at, UTC)
    assert len({portfolio["history"].num_rows for portfolio in told.values()}) == 4
    for at, then in told.items():
        again = reading.portfolio(store.place, at + timedelta(hours=1), UTC)
        assert [name for name in then if not again[name].equals(then[name])] == []
    facts = []
    for portfolio in (told[min(told)], reading.portfolio(store.place, min(told), UTC)):
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


def test_last_weeks_answers_are_the_same_after_this_weeks_news(tmp_path: Path, shelf: Rulebook) -> None:
    """And their hash, though the register and the warnings went on."""
    (tmp_path / "register.sql").write_text(MAPPING, encoding="utf-8")
    register, path = tmp_path / "register.csv", tmp_path / "config.toml"
    path.write_text(config(source("register", "register.csv", "register.sql", complete=True)), encoding="utf-8")
    office, store = load_config(path, {}), new_store(tmp_path)
    rules = [rule for rule in shelf.rules if rule.rule.id in ("GEN-DL-01", "GEN-ALT-01")]  # one that feeds on warnings
    two = replace(shelf, rules=tuple(rules))

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
