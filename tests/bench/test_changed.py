"""A scan of what changed, against a scan from nothing: every version read from SQLite, everything judged.

Each round one in a thousand contracts, and a milestone of it, get a new version, as a day's pull brings them. What the
small scan says of those contracts is what the large one says of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from monitor import judging
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.judging import Notes, Question
from monitor.rulebook import Hit, Judgement, Rulebook
from monitor.store import reading
from tests.bench import made, stores
from tests.bench.pairs import seconds

CONTRACTS = 100_000
EVERY = 1000
ROUNDS = 3
GOAL = 0.05
KNOWN_AT = datetime(2026, 6, 30, 23, 59, tzinfo=UTC)


@pytest.mark.bench
def test_what_changed_is_judged_in_a_twentieth_of_the_time(
    tmp_path: Path, calendars: Mapping[str, WorkCalendar], capsys: pytest.CaptureFixture[str]
) -> None:
    store = stores.filled(tmp_path, CONTRACTS)
    book = made.book(calendars)
    question = Question(
        database=store.place, state=tmp_path, zone=UTC, calendars=calendars, book=book, as_of=made.AS_OF, known_at=KNOWN_AT,
        warnings=made.NO_WARNINGS,
    )  # fmt: skip
    notes = Notes()
    with judging.everything(question, notes) as judged:
        everything = len(judged.judgement.hits())
    notes.write(question)
    shares, told = [], 0
    for number in range(ROUNDS):
        at = datetime(2026, 6, 10, 4, 0, tzinfo=UTC) + timedelta(days=number)
        told += stores.told_again(store, CONTRACTS, every=EVERY, at=at)
        small: list[tuple[frozenset[str], list[Hit]]] = []
        large: list[Hit] = []
        again = seconds(partial(_changed, question, small))
        cold = seconds(partial(_cold, question, book, large))
        shares.append(again / cold)
        chosen, hits = small[0]
        assert sorted(map(str, _of(hits, chosen))) == sorted(map(str, _of(large, chosen)))
    with capsys.disabled():
        print(
            f"\n{CONTRACTS * 10:,} obligations, {everything:,} hits; in {ROUNDS} rounds {told:,} contracts got a new version"
        )
        print(f"  {median(shares):6.3f}  of the time of a scan from nothing (asserted: at most {GOAL})")
    assert median(shares) <= GOAL


def _changed(question: Question, found: list[tuple[frozenset[str], list[Hit]]]) -> None:
    notes = Notes()
    with judging.changed(question, notes) as judged:
        assert judged is not None
        assert judged.contracts is not None
        found.append((judged.contracts, judged.judgement.hits()))
    notes.write(question)


def _cold(question: Question, book: Rulebook, found: list[Hit]) -> None:
    known = reading.portfolio(question.database, question.known_at, question.zone)
    with Engine({**known, "alert": question.warnings}, question.calendars, as_of=question.as_of) as engine:
        found += Judgement(engine.db, book.rules).hits()


def _of(hits: list[Hit], contracts: frozenset[str]) -> list[Hit]:
    return [hit for hit in hits if hit.contract_id in contracts]
