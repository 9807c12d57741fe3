"""The made district, asked: its facts and outcomes on the last month-end, laid out once for a whole module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from monitor import rulebook
from monitor.demo.district import DECLARED, NAME, District
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.reports.asked import Asked, Case, Narrowed
from monitor.reports.document import Document
from monitor.reports.portfolio import Header
from monitor.reports.questions import answer
from monitor.rulebook import Judgement
from tests.demo import portfolio
from tests.district import law

ANYTHING = Narrowed()
RULES = Path(__file__).parent.parent.parent / "rules"


class Askable:
    """A day of the district, of which anything may be asked; `world` is the same ledger for a second reckoning.

    An answer is kept: facts of a report are made once a module.
    """

    def __init__(self, asked: Asked, rows: Mapping[str, Sequence[law.Row]]) -> None:
        self.asked = asked
        self.day = asked.as_of
        self.rows = rows
        self.world = law.world_of(rows, asked.as_of)
        self.known: dict[tuple[str, str, str], Document] = {}

    def answer(
        self, name: str, lang: str = "en", *, cases: Sequence[Case] = (), wanted: Narrowed = ANYTHING
    ) -> Document:
        """The answer to a question in a language, narrowed as said."""
        key = (name, lang, repr((wanted, len(cases))))
        if key not in self.known:
            self.known[key] = answer(name, replace(self.asked, lang=lang, narrowed=wanted, cases=lambda: cases))
        return self.known[key]


@contextmanager
def last_month(made: District, calendars: dict[str, WorkCalendar]) -> Iterator[Askable]:
    """The last month-end, with the moves of the two before it."""
    day = made.month_ends[-1]
    book = rulebook.load([RULES], calendars, default_calendar="CN", packs=("cn", "core"))
    with Engine(portfolio(made, made.month_ends[-3:]), calendars, as_of=day) as engine:
        header = Header(
            office=NAME, declared=DECLARED, as_of=day, known_at=datetime(day.year, day.month, day.day, 15, 59, 59, tzinfo=UTC),
            rules_hash=book.hash, facts_hash=engine.facts_hash(), provisional_calendar=False,
        )  # fmt: skip
        asked = Asked(
            engine=engine, judgement=Judgement(engine.db, book.rules), book=book, header=header, calendar=calendars["CN"],
            lang="en",
        )  # fmt: skip
        yield Askable(asked, made.rows(day))
