"""Two engines, one answer: each rule judged by DuckDB, as every scan does, and by Polars from the words of the README.

The rules are those of the shelf, and a few made ones that use every word of the language. The cases are the examples in
their files, the made district, and random rows: some here, a million with `pytest -m long`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import polars as pl
import pytest

from monitor.demo.district import District, district
from monitor.domain.portfolio import nothing
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import subjects
from monitor.rulebook import Compiled, Judgement, Rulebook, load
from monitor.rulebook.compile import OUTCOMES
from monitor.rulebook.language import FUNCTIONS, PLAIN_FUNCTIONS
from tests.facts import AS_OF, tables
from tests.oracle.polars_rules import judge
from tests.oracle.random_facts import example_facts, random_facts

HERE = Path(__file__).parent
TOUR = HERE / "oracle" / "shelf"
MILLION, SOME = 1_000_000, 200_000

Calendars = dict[str, WorkCalendar]

every_subject = pytest.mark.parametrize("subject", subjects())


@pytest.fixture(scope="module")
def shelf(calendars: Calendars) -> Rulebook:
    """The real rules, and the made ones of the tour."""
    return load([HERE.parent / "rules", TOUR], calendars, default_calendar="CN")


@pytest.fixture(scope="module")
def nobody(calendars: Calendars) -> Iterator[Engine]:
    """A sandbox with the calendars and no facts, for cases of our own."""
    with Engine(nothing(), calendars, as_of=AS_OF) as engine:
        yield engine


@pytest.fixture(scope="module")
def made() -> District:
    return district()


def test_the_tour_uses_every_function_of_the_language() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(TOUR.glob("*/*.toml")))
    for function in FUNCTIONS | PLAIN_FUNCTIONS:
        assert re.search(rf"\b{function}(\(| when\b)", text), f"no rule of the tour uses {function}"


@every_subject
def test_polars_says_of_every_example_what_its_file_says(
    subject: str, shelf: Rulebook, nobody: Engine, calendars: Calendars
) -> None:
    """The oracle itself is held against the cases that people wrote."""
    wrong = []
    for rule in rules_about(subject, shelf):
        found = judge([rule], example_facts([rule], nobody.columns(subject)), calendars)
        for example, code, due in zip(
            rule.rule.example, found[rule.rule.id], found[f"{rule.rule.id}.due"], strict=True
        ):
            said = OUTCOMES[code].replace("not applicable", "clear")
            if (said, due) != (example.expect, example.due or due):
                wrong.append(f"{rule.rule.id}: {example.says}: {said} {due}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("month", [11, -1])
def test_both_find_the_same_in_the_made_district(
    month: int, made: District, shelf: Rulebook, calendars: Calendars
) -> None:
    day = made.month_ends[month]
    ledger = {noun: [{**row, "source": "ledger"} for row in rows] for noun, rows in made.rows(day).items()}
    with Engine(tables(ledger), calendars, as_of=day) as engine:
        for subject in {rule.rule.subject for rule in shelf.rules}:
            facts = table(engine.db, f'select *, as_of() as as_of from base_{subject} order by "{subject}.id"')
            rules = rules_about(subject, shelf)
            compare(rules, judged(rules, engine.db), facts, calendars)


@pytest.mark.parametrize("total", [SOME, pytest.param(MILLION, marks=pytest.mark.long)])
@every_subject
def test_both_find_the_same_in_random_rows(
    subject: str, total: int, shelf: Rulebook, nobody: Engine, calendars: Calendars
) -> None:
    """A million of them with `pytest -m long tests/test_polars.py`, where every outcome of every rule comes up."""
    rules = rules_about(subject, shelf)
    if rules:  # a subject of which no rule speaks leaves its share to the others
        share = total // len({rule.rule.subject for rule in shelf.rules}) + 1
        facts = random_facts(rules, nobody.columns(subject), rows=share, seed=7)
        ours = judged(rules, nobody.db, cases=facts)
        compare(rules, ours, facts, calendars)
        for rule in rules if total == MILLION else ():
            seen = {OUTCOMES[code].replace("not applicable", "clear") for code in ours[rule.rule.id].unique()}
            possible = {"clear", "unknown", *rule.rule.ladder, *rule.rule.lift, *rule.rule.levels}
            assert seen == possible, f"{rule.rule.id}: {possible - seen} never came up"


@pytest.mark.parametrize("place", [None, "US-NY", "FR"])
def test_both_find_the_same_in_an_office_of_one_place(
    place: str | None, shelf: Rulebook, nobody: Engine, calendars: Calendars
) -> None:
    """The rule book does not even plan the law of other places; where the place is not known it must."""
    rules = rules_about("obligation", shelf)
    facts = random_facts(rules, nobody.columns("obligation"), rows=20_000, seed=8)
    there = facts.filter(pl.col("contract.jurisdiction").eq_missing(pl.lit(place)))
    compare(rules, judged(rules, nobody.db, cases=there), there, calendars)


def rules_about(subject: str, shelf: Rulebook) -> list[Compiled]:
    return [rule for rule in shelf.rules if rule.rule.subject == subject]


def compare(rules: Sequence[Compiled], ours: pl.DataFrame, facts: pl.DataFrame, calendars: Calendars) -> None:
    """Every outcome, and every due day where the rule applies; of a difference the first case, as an example gives it."""
    theirs = judge(rules, facts, calendars)
    wrong = []
    for rule in rules:
        speaks = theirs[rule.rule.id] != OUTCOMES.index("not applicable")
        for column in (rule.rule.id, f"{rule.rule.id}.due"):
            differs = ours[column].ne_missing(theirs[column]) & (speaks | (column == rule.rule.id))
            if differs.any():
                row = facts.filter(differs).head(1)
                given = {name: row[name][0] for name in sorted({"as_of", *rule.facts}) if row[name][0] is not None}
                first = [side.filter(differs)[column][0] for side in (ours, theirs)]
                wrong.append(f"{column}: {differs.sum()} rows, DuckDB {first[0]}, Polars {first[1]}: {given}")
    assert not wrong, "\n".join(wrong)


def judged(
    rules: Sequence[Compiled], db: duckdb.DuckDBPyConnection, *, cases: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What the rule book says, in the columns and the order of the oracle: the one place that knows its tables.

    `rules` are of one subject. They are judged on `cases`, or else on the facts in `db`; rows are in the order of ids.
    """
    subject = rules[0].rule.subject
    if cases is not None:
        db.register("random_cases", cases.to_arrow())
        db.execute(
            f"create table cases_{subject} as "
            f"select *, null::date as as_of, null::integer as case_number from base_{subject} limit 0"
        )
        db.execute(f"insert into cases_{subject} by name select * from random_cases")
        db.unregister("random_cases")
    Judgement(db, rules, cases="cases" if cases is not None else None)
    columns = ", ".join(
        f'"c.{number}" as "{rule.rule.id}", "d.{number}" as "{rule.rule.id}.due"' for number, rule in enumerate(rules)
    )
    found = table(db, f"select {columns} from judged_{subject} order by id")
    db.execute(f"drop table if exists cases_{subject}; drop table judged_{subject}")
    return found


def table(db: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    found = pl.from_arrow(db.sql(sql).to_arrow_table())
    assert isinstance(found, pl.DataFrame)
    return found
