"""Test 26 of the promises: what a feed tells twice, mixed up and corrected comes to the same facts. Made data."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import pulling
from monitor.config import load
from tests.office import CORE, Office, config
from tests.sources.ocds_stories import release, work
from tests.store import new_store

FIRST_PULL = datetime(2026, 4, 1, 8, tzinfo=UTC)
TABLES = ("contract", "obligation", "payment", "unit", "party")
BLOCK = '[[source]]\nname = "portal"\nkind = "ocds"\nlocation = "releases.json"\n'


def told(day: str, amount: int, *, town: str = "Ashford", milestone: str = "scheduled") -> dict[str, Any]:
    contract = work(milestones=[{"id": "M1", "title": "Deck", "dueDate": "2026-05-01", "status": milestone}])
    value = {"status": "active", "value": {"amount": amount, "currency": "GBP"}}
    parties = [{"id": "U1", "name": town, "roles": ["buyer"]}, {"id": "P1", "name": "Bridger", "roles": ["supplier"]}]
    return release(day, contract | value, parties=parties, buyer={"id": "U1", "name": town})


SIGNED = told("2026-03-01", 100)
AGAIN = told("2026-03-01", 100)
CORRECTED = told("2026-03-20", 120, town="Ashford Borough")
MET = told("2026-03-25", 120, town="Ashford Borough", milestone="met")


def publish(folder: Path, content: Any) -> None:
    (folder / "releases.json").write_text(json.dumps({"releases": [content]}), encoding="utf-8")


def facts(folder: Path, publications: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """What is known of everything after these publications were pulled, one after the other."""
    office = Office(folder, config(BLOCK, CORE))
    (folder / "state").mkdir()
    store, read = new_store(folder / "state"), load(office.path, {})
    for number, publication in enumerate(publications):
        publish(folder, publication)
        pulling.pull(read, store, read.sources[0], at=FIRST_PULL + timedelta(days=number))
    newest = "select id, content_hash from {0}_version where seq in (select max(seq) from {0}_version group by id) order by id"
    return {table: [f"{row}" for row in office.rows(newest.format(table))] for table in TABLES}


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return facts(tmp_path_factory.mktemp("order"), [SIGNED, AGAIN, CORRECTED, MET])


@settings(max_examples=5, deadline=None, derandomize=True, database=None)
@given(publications=st.permutations([SIGNED, AGAIN, CORRECTED, MET]))
def test_the_same_releases_in_any_order_come_to_the_same_facts(
    in_order: dict[str, list[str]], publications: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert facts(Path(folder), publications) == in_order


def test_what_was_said_before_a_correction_is_still_what_was_known_then(tmp_path: Path) -> None:
    office = Office(tmp_path, config(BLOCK, CORE))
    (tmp_path / "state").mkdir()
    store, read = new_store(tmp_path / "state"), load(office.path, {})
    for number, publication in enumerate((SIGNED, CORRECTED, SIGNED, MET)):
        publish(tmp_path, publication)
        pulling.pull(read, store, read.sources[0], at=FIRST_PULL + timedelta(days=number))
    before, after = (
        office.ok("explain", "C1", "--as-of", "2026-04-04", "--known-at", f"2026-04-0{day}", "--json").out
        for day in (1, 3)
    )
    assert ("100.00" in before, "120.00" in before) == (True, False)
    assert ("100.00" in after, "120.00" in after) == (False, True)
