"""`lvyue bench`: how long it takes on this office's own data to read what is known, to judge it, and to judge what changed.

Times are of one run on this machine as it is; each is also told by the row and as a share of the scan from nothing, which says
more. Other programs are compared in tests/bench, on made data.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import typer

from monitor.cli import shell
from monitor.cli.options import AsJson, app
from monitor.domain.words import word

if TYPE_CHECKING:
    from monitor.judging import Question
    from monitor.store.mirror import Mirror

ONE_IN = 1000
"""What is taken for a day's changes: one contract in so many, with all that hangs on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the table: what was done to how many rows of what, and the seconds it took."""

    what: str
    rows: int
    of: str
    seconds: float


@app.command()
def bench(as_json: AsJson = False) -> None:
    """Time reading, judging and re-judging on this office's own data. Writes nothing but a temporary folder."""
    from monitor.judging import Question
    from monitor.store import Store, warnings

    config = shell.load_config()
    store = Store(config.database)
    day, instant = shell.when(config, None, None)
    with store.reading() as db:
        known_warnings = warnings.as_facts(db, day)
    with tempfile.TemporaryDirectory(prefix="lvyue-bench-") as folder, shell.progress():
        question = Question(
            database=store.place, state=Path(folder), zone=config.zone, calendars=config.calendars(),
            book=config.book(), as_of=day, known_at=instant, warnings=known_warnings,
        )  # fmt: skip
        steps = list(_measured(question))
    if as_json:
        told = {"as_of": day.isoformat(), "rules": len(question.book.rules), "steps": [asdict(step) for step in steps]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(steps, rules=len(question.book.rules), lang=shell.language())


def _measured(question: Question) -> Iterator[Step]:
    """Each step in the order of a scan. The mirror is the temporary folder's own."""
    from monitor.store import mirror, reading

    known: dict[str, int] = {}

    def read() -> None:
        tables = reading.portfolio(question.database, question.known_at, question.zone)
        known.update({name: table.num_rows for name, table in tables.items()})

    def opened() -> Mirror:
        found = mirror.opened(question.state / "mirror", question.database, question.zone, may_write=True)
        assert found is not None  # it may write
        return found

    yield _timed("read", read, of="rows", rows=lambda: sum(known.values()))
    yield _timed("build", opened, of="rows", rows=lambda: sum(known.values()))
    yield _timed("open", opened, of="rows", rows=lambda: sum(known.values()))
    yield _timed("judge", lambda: _judge(question), of="obligations", rows=lambda: known["obligation"])
    some = _some_contracts(opened())
    yield _timed("some", lambda: _judge_some(question, opened(), some), of="contracts", rows=lambda: len(some))


def _timed(what: str, work: Callable[[], object], *, of: str, rows: Callable[[], int]) -> Step:
    shell.tell(word(f"bench_{what}", shell.language()))
    start = perf_counter()
    work()
    return Step(what=what, rows=rows(), of=of, seconds=perf_counter() - start)


def _judge(question: Question) -> None:
    from monitor import judging

    with judging.everything(question, judging.Notes()) as judged:
        judged.judgement.hits()


def _some_contracts(found: Mirror) -> list[str]:
    """One contract in so many, and those of the same projects."""
    import duckdb

    files = [str(file) for file in found.tables()["contract"].files]
    if not files:
        return []
    with duckdb.connect() as db:
        some = db.execute(f"select id from read_parquet(?) where hash(id) % {ONE_IN} = 0", [files]).fetchall()
    return sorted(found.related({row[0] for row in some}, units=set(), parties=set()))


def _judge_some(question: Question, found: Mirror, contracts: list[str]) -> None:
    """As a scan of what changed does: some contracts, and all units and parties."""
    from monitor import judging
    from monitor.rulebook import Judgement

    with judging.engine(question, found.tables(), contracts=contracts) as engine:
        Judgement(engine.db, question.book.rules, beside=engine.beside()).hits()


def _show(steps: list[Step], *, rules: int, lang: str) -> None:
    from rich.table import Table

    scan = sum(step.seconds for step in steps if step.what in ("read", "judge"))
    table = Table(title=word("bench_title", lang).replace("{n}", str(rules)), title_justify="left")
    for name in ("step", "rows", "of", "seconds", "by_row", "share"):
        table.add_column(word(f"bench_{name}", lang), justify="left" if name in ("step", "of") else "right")
    for step in steps:
        by_row = f"{step.seconds * 1e6 / step.rows:,.1f}" if step.rows else ""
        cells = (f"{step.rows:,}", word(f"bench_of_{step.of}", lang), f"{step.seconds:,.2f}", by_row)
        table.add_row(word(f"bench_{step.what}", lang), *cells, f"{step.seconds / scan:.1%}")
    console = shell.results()
    console.print(table)
    console.print(word("bench_peers", lang), markup=False, highlight=False)
