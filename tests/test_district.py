"""The program against a second reading of the law: subject by subject, over the thirty-six month-ends of the made district.

`tests/district` is the second reading: plain Python from the catalogue's words, with another calendar and not a line of the
program. Both are handed the same ledger and must name the same subjects, at the same level, for every rule of China and
every general one; and both must call the same subjects unknown. Three ledgers are shaken on top, for a healthy district
asks few hard questions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from monitor import rulebook
from monitor.demo.district import District, district
from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import nothing, schema
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.rulebook import Judgement, Rulebook
from tests.district import (
    checks_amendments,
    checks_clauses,
    checks_generic,
    checks_payment,
    checks_performance,
    checks_procedure,
    checks_promises,
    checks_works,
    law,
)
from tests.district.shake import Ledger, shaken

HERE = Path(__file__).parent
MODULES = (
    checks_payment, checks_clauses, checks_works, checks_promises, checks_procedure, checks_performance,
    checks_amendments, checks_generic,
)  # fmt: skip
CHECKS = {rule: check for module in MODULES for rule, check in module.CHECKS.items()}
MONTHS = 36
NINTH = range(8, MONTHS, 9)
"""Every ninth month-end, and the last. `pytest -m long tests/test_district.py` judges all thirty-six."""

SHAKEN = ("CN-PAY-", "CN-PRO-", "CN-PRC-")
ANSWERS = (*law.LEVELS, "unknown")
PLANNED = {"obligation": "due_on", "contract": "end_on"}
"""The day of a noun whose moves are kept as history."""

Ledgers = dict[date, Ledger]
Found = dict[tuple[str, str], str]
"""By rule and subject, the level, or `unknown`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A ledger of a day, with the history of its planned days, and what each reading finds in it."""

    day: date
    rows: Ledger
    program: Found
    checker: Found


@pytest.fixture(scope="module")
def book(calendars: dict[str, WorkCalendar]) -> Rulebook:
    """The shelf as it ships: the rules of China and the general ones."""
    return rulebook.load([HERE.parent / "rules"], calendars, default_calendar="CN", packs=("cn", "core"))


@pytest.fixture(scope="module")
def ledgers() -> Ledgers:
    """The ledger of each month-end."""
    return ledgers_of(district())


@pytest.fixture(scope="module")
def months(
    request: pytest.FixtureRequest, ledgers: Ledgers, book: Rulebook, calendars: dict[str, WorkCalendar]
) -> dict[int, Month]:
    """The month-ends asked for, judged twice. Two at a time: the database plans and runs outside of Python's lock."""
    wanted = range(MONTHS) if request.config.getoption("markexpr") == "long" else NINTH

    def judge(number: int) -> Month:
        day = list(ledgers)[number]
        rows = ledgers[day]
        program = found_by_program(rows, day, book, calendars)
        return Month(day=day, rows=rows, program=program, checker=found_by_checker(rows, day))

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(wanted, pool.map(judge, wanted), strict=True))


def ledgers_of(made: District) -> Ledgers:
    """The ledger of each month-end, with a row of history for every planned day that was new or had moved by then."""
    known: dict[tuple[str, str], law.Value] = {}
    history: list[dict[str, law.Value]] = []
    ledgers: Ledgers = {}
    for day in made.month_ends:
        rows = dict(made.rows(day))
        for noun, name in PLANNED.items():
            for row in rows[noun]:
                key = (noun, str(row["id"]))
                if key not in known or known[key] != row.get(name):
                    known[key] = row.get(name)
                    contract = row["id"] if noun == "contract" else row["contract_id"]
                    told = {"noun": noun, "id": row["id"], "contract_id": contract, "day": row.get(name)}
                    history.append({**told, "recorded_on": day, "seq": len(history)})
        ledgers[day] = rows | {"history": list(history)}
    return ledgers


def found_by_program(
    rows: Mapping[str, Sequence[law.Row]], day: date, book: Rulebook, calendars: dict[str, WorkCalendar]
) -> Found:
    """What the rules on the shelf find."""
    with judged(rows, day, book, calendars) as judgement:
        return {
            (rule, subject): outcome
            for rule, (noun, _) in CHECKS.items()
            for subject, outcome in judgement.outcomes(rule, [str(row["id"]) for row in rows[noun]]).items()
            if outcome in ANSWERS
        }


@contextmanager
def judged(
    rows: Mapping[str, Sequence[law.Row]], day: date, book: Rulebook, calendars: dict[str, WorkCalendar]
) -> Iterator[Judgement]:
    """A ledger, judged in the engine that every scan uses."""
    tables = nothing() | {"history": pa.Table.from_pylist(list(rows["history"]), schema=schema("history"))}
    for noun in NOUNS:
        told = [{**row, "source": "district", "source_row": n, "seq": n} for n, row in enumerate(rows[noun])]
        tables[noun] = pa.Table.from_pylist(told, schema=schema(noun))
    with Engine(tables, calendars, as_of=day) as engine:
        yield Judgement(engine.db, book.rules)


def found_by_checker(rows: Mapping[str, Sequence[law.Row]], day: date) -> Found:
    """What the second reading finds, row by row."""
    world = law.world_of(rows, day)
    answers = {
        (rule, str(row["id"])): check(row, world, day)
        for rule, (subject, check) in CHECKS.items()
        for row in rows[subject]
    }
    return {key: answer for key, answer in answers.items() if answer in ANSWERS}


def differences(month: Month) -> str:
    """Each difference with its rule, subject and day, both answers and the row; the first dozen."""
    told = []
    for key in sorted(month.program.keys() | month.checker.keys()):
        if month.program.get(key) != month.checker.get(key):
            rule, subject = key
            row = next(row for row in month.rows[CHECKS[rule][0]] if row["id"] == subject)
            shown = {name: str(value) if isinstance(value, date) else value for name, value in row.items()}
            told.append(
                f"{rule} {subject} on {month.day}: the program says {month.program.get(key, 'clear')}, "
                f"the checker {month.checker.get(key, 'clear')}\n    {shown}"
            )
    return "\n".join([f"{len(told)} differences on {month.day}", *told[:12]]) if told else ""


# --- thirty-six month-ends ---


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[] if n in NINTH else [pytest.mark.long]) for n in range(MONTHS)]
)
def test_both_readings_of_the_law_find_the_same(number: int, months: dict[int, Month]) -> None:
    assert not differences(months[number]), differences(months[number])


def test_every_rule_is_read_twice(book: Rulebook) -> None:
    shelf = {compiled.rule.id: compiled.rule.subject for compiled in book.rules}
    assert shelf.pop("GEN-ALT-01") == "contract", "it speaks of warnings, not of the ledger"
    assert {rule: subject for rule, (subject, _) in CHECKS.items()} == shelf


def test_no_agreement_is_empty(months: dict[int, Month]) -> None:
    fired = {rule for month in months.values() for (rule, _), answer in month.checker.items() if answer in law.LEVELS}
    assert fired == set(CHECKS), "a rule that never fires proves nothing"


def test_the_second_reading_holds_nothing_of_the_program() -> None:
    for path in sorted((HERE / "district").glob("*.py")):
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
        assert not {name for name in names if name.split(".")[0] == "monitor" or "sql" in name}, path.name


# --- ledgers that make no sense ---


@pytest.mark.parametrize("seed", [7, 19, 23])
def test_both_readings_agree_on_a_shaken_ledger(
    seed: int, book: Rulebook, calendars: dict[str, WorkCalendar], ledgers: Ledgers
) -> None:
    """Payment, promises and procedure only: the other chapters are read for ledgers that make sense."""
    chance = Random(seed)
    day = chance.choice(list(ledgers)[12:])
    rows = shaken(ledgers[day], day, chance)
    program, checker = found_by_program(rows, day, book, calendars), found_by_checker(rows, day)
    month = Month(day=day, rows=rows, program=_of_shaken(program), checker=_of_shaken(checker))
    assert not differences(month), differences(month)
    assert len({rule for rule, _ in month.program}) > 25, "most rules have something to say"


def test_what_is_unknown_says_for_want_of_what(
    book: Rulebook, calendars: dict[str, WorkCalendar], ledgers: Ledgers
) -> None:
    day = list(ledgers)[-1]
    with judged(shaken(ledgers[day], day, Random(5)), day, book, calendars) as judgement:
        doubtful = [rule for rule, counts in judgement.counts().items() if counts["unknown"]]
        found = [finding for rule in doubtful for finding in judgement.unknown(rule, most=1000)]
        told = {row.rule: row.missing for row in judgement.coverage()}
    assert len(doubtful) > 40, "few rules are blind"
    assert not [f"{finding.rule} {finding.subject_id}" for finding in found if not finding.missing]
    assert not [rule for rule in doubtful if not told[rule]], "coverage names what is missing, too"


def _of_shaken(found: Found) -> Found:
    return {key: level for key, level in found.items() if key[0].startswith(SHAKEN)}
