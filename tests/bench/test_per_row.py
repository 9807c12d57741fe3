"""All rules about obligations and payments, against engines that are handed one joined row at a time.

Both sides start from rows that are joined already. The peers are given all rules of a subject in their own language
(`one_row`), with every working day computed beforehand; `zen-engine` in one expression, as one by one it is thirty times as
slow. Levels are compared on a sample in which every tenth row or so has a warning, time is taken on an ordinary one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pytest

from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.rulebook import Compiled, Judgement
from monitor.rulebook.compile import OUTCOMES, UNKNOWN
from monitor.rulebook.parts import reached, staged
from tests.bench import made
from tests.bench.one_row import MACRO, Emitter
from tests.bench.pairs import ratio

CONTRACTS = 100_000
SAMPLE = 1_000
ROUNDS = 3
GOALS = {
    ("obligation", "zen"): 30, ("obligation", "rule_engine"): 500,
    ("payment", "zen"): 15, ("payment", "rule_engine"): 300,
}  # fmt: skip
"""A promise is made for obligations; payments have more rules and longer ones."""

Row = dict[str, Any]
Judge = Callable[[Row], Sequence[object]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, calendars: Mapping[str, WorkCalendar]) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("made")
    made.write_parquet(folder, CONTRACTS)
    with Engine(made.tables(folder), calendars, as_of=made.AS_OF, spill=folder / "spill") as found:
        found.db.execute(MACRO)
        yield found


@pytest.mark.bench
@pytest.mark.parametrize(("subject", "peer"), GOALS)
def test_rows_are_judged_many_times_as_fast_as_one_by_one(
    subject: str, peer: str, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    module = pytest.importorskip(peer)
    rules = [rule for rule in made.book(engine.calendars).rules if rule.rule.subject == subject]
    emitter = Emitter(parts={name: sql for rule in rules for name, sql in rule.parts.items()})
    texts = [emitter.level(rule) for rule in rules]
    judge = _zen(module, texts) if peer == "zen" else _rule_engine(module, texts)
    rows = _joined(engine.db, subject, rules)
    Judgement(engine.db, rules, cases="cases")
    fires = " or ".join(f'"c.{number}" > {UNKNOWN}' for number in range(len(rules)))
    some = f"select id from judged_{subject} where {fires} order by id limit {SAMPLE}"
    warned = _rows(engine.db, subject, emitter, f'"{subject}.id" in ({some})')
    ordinary = _rows(engine.db, subject, emitter, f'hash("{subject}.id") % {rows // SAMPLE} = 0')
    for row in [*warned, *ordinary]:
        assert list(judge(row)) == _ours(engine.db, subject, rules, row["id"]), row

    def ours() -> None:
        Judgement(engine.db, rules, cases="cases").hits()

    def theirs() -> None:
        for row in ordinary:
            judge(row)

    times = ratio(ours, theirs, rounds=ROUNDS) * rows / len(ordinary)
    with capsys.disabled():
        print(f"\n{len(rules)} rules about {subject}s, {rows:,} joined rows of ours, {len(ordinary):,} of theirs")
        print(f"  {times:7.1f}  times as fast a row as {peer} (asserted: {GOALS[subject, peer]})")
    assert times >= GOALS[subject, peer]


def _zen(module: Any, texts: Sequence[str]) -> Judge:
    """All rules in one list: one crossing from Python a row."""
    expression = module.compile_expression(f"[{', '.join(texts)}]")
    return lambda row: expression.evaluate(row)


def _rule_engine(module: Any, texts: Sequence[str]) -> Judge:
    context = module.Context(default_value=None)
    rules = [module.Rule(text, context=context) for text in texts]
    return lambda row: [rule.evaluate(row) for rule in rules]


def _joined(db: duckdb.DuckDBPyConnection, subject: str, rules: Sequence[Compiled]) -> int:
    """Every fact the rules name beside each other, as a table; the number of its rows."""
    known = {row[0] for row in db.execute(f"describe base_{subject}").fetchall()}
    wanted = {name for rule in rules for name in rule.facts} | {
        f"{subject}.id",
        f"{subject}.contract_id",
        "contract.id",
    }
    cells = ", ".join(f'"{name}"' for name in sorted(wanted & known))
    db.execute(f"create or replace table cases_{subject} as select {cells}, as_of() as as_of from base_{subject}")
    return int(db.execute(f"select count(*) from cases_{subject}").fetchall()[0][0])


def _rows(db: duckdb.DuckDBPyConnection, subject: str, emitter: Emitter, where: str) -> list[Row]:
    """Rows as the peers take them: a plain name a fact, days as numbers, sums as floats."""
    parts = reached(emitter.parts, emitter.given.values())
    wanted = {"id": f'"{subject}.id"', **emitter.columns, **emitter.given}
    columns = ", ".join(f"{sql} as {name}" for name, sql in wanted.items())
    query = f"select {columns} from {staged(f'cases_{subject}', parts)} where {where}"
    kinds = {row[0]: row[1] for row in db.execute(f"describe {query}").fetchall()}
    cells = [_plain(name, kind) for name, kind in kinds.items()]
    cursor = db.execute(f"select {', '.join(cells)} from ({query}) order by id")
    return [dict(zip(wanted, row, strict=True)) for row in cursor.fetchall()]


def _plain(name: str, kind: str) -> str:
    if kind == "DATE":
        return f"date_diff('day', date '1970-01-01', {name})"
    return f"{name}::double" if kind.startswith("DECIMAL") else name


def _ours(db: duckdb.DuckDBPyConnection, subject: str, rules: Sequence[Compiled], key: str) -> list[str | None]:
    cells = ", ".join(f'"c.{number}"' for number in range(len(rules)))
    codes = db.execute(f"select {cells} from judged_{subject} where id = ?", [key]).fetchall()[0]
    return [OUTCOMES[code] if code > UNKNOWN else None for code in codes]
