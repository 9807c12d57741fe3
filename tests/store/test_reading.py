"""Reading back: what the store tells of any instant is what its versions, looked at one by one, say."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import schema
from monitor.store import Store, reading
from monitor.store.dialects import spoken
from monitor.store.sqlite import BUSY_TIMEOUT_MS
from tests.store import Register, cells, file_of, random_history, rows

MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 3, day, 8, tzinfo=UTC) for day in (2, 3, 4))
ROAD, SCHOOL = {"id": "A", "title": "Road"}, {"id": "B", "title": "School"}
MOVES = {"obligation": ("due_on", "contract_id"), "contract": ("end_on", "id")}

Row = dict[str, Any]


# --- the same by hand ---


def versions_by_then(store: Store, noun: str, instant: datetime) -> dict[str, list[Row]]:
    """Every version of each thing that was recorded by an instant, oldest first, past our own reading."""
    found: dict[str, list[Row]] = {}
    for row in rows(store, f"select * from {noun}_version order by seq"):
        if datetime.fromisoformat(row["recorded_at"]).replace(tzinfo=UTC) <= instant:
            found.setdefault(row["id"], []).append(row)
    return found


def by_hand(store: Store, noun: str, instant: datetime) -> list[Row]:
    """What was known of a noun, one row a thing."""
    known = []
    for _, told in sorted(versions_by_then(store, noun, instant).items()):
        newest = told[-1]
        heard = [row["recorded_at"] for row in told if not row["gone"]]
        days = {"first_known_on": told[0]["recorded_at"], "heard_on": max(heard, default=None), "gone_on": None}
        days["gone_on"] = newest["recorded_at"] if newest["gone"] else None
        row: Row = {name: typed(noun, name, newest[name]) for name in NOUNS[noun].model_fields}
        row |= {name: text and date.fromisoformat(text[:10]) for name, text in days.items()}
        known.append(row | {name: newest[name] for name in ("source", "source_row", "seq")})
    return known


def typed(noun: str, name: str, value: Any) -> Any:
    kind = schema(noun).field(list(NOUNS[noun].model_fields).index(name)).type
    if value is None or value == "":
        return None
    return date.fromisoformat(value) if kind == pa.date32() else bool(value) if kind == pa.bool_() else value


def by_id(row: Row) -> str:
    return str(row["id"])


def moves_by_hand(store: Store, instant: datetime) -> list[Row]:
    """Each time a day was first given or moved."""
    found = []
    for noun, (column, contract) in MOVES.items():
        for key, told in versions_by_then(store, noun, instant).items():
            for before, row in zip([None, *told], told, strict=False):
                if before is None or before[column] != row[column]:
                    day = row[column] and date.fromisoformat(row[column])
                    recorded = date.fromisoformat(row["recorded_at"][:10])
                    said = {"noun": noun, "id": key, "recorded_on": recorded, "day": day}
                    found.append(said | {"seq": row["seq"], "contract_id": row[contract]})
    return sorted(found, key=lambda row: (row["noun"], row["id"], row["seq"]))


def test_a_random_history_read_at_any_instant_is_what_its_versions_say(store: Store) -> None:
    instants = random_history(store, seed=int(isinstance(store.place, Path)))
    for instant in (instants[0] - timedelta(microseconds=1), *instants[1:]):
        known = reading.portfolio(store.place, instant, UTC)
        for noun in NOUNS:
            assert sorted(known[noun].to_pylist(), key=by_id) == by_hand(store, noun, instant), noun
        assert known["history"].to_pylist() == moves_by_hand(store, instant)


# --- what came since ---


def test_only_things_with_later_versions_are_read_after_a_number(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD | {"end_on": date(2026, 6, 1)}, SCHOOL])
    with reading.opened(register.store.place, UTC) as reader:
        seen = {noun: reader.last_seq(noun) for noun in NOUNS}
    register.says(TUESDAY, contract=[ROAD | {"end_on": date(2026, 9, 1)}, SCHOOL])
    with reading.opened(register.store.place, UTC) as reader:
        with reader.rows("contract", after=seen) as rows:
            assert cells(rows.read_all(), ["id", "end_on", "first_known_on"]) == [
                ("register:A", date(2026, 9, 1), MONDAY.date())
            ]
        with reader.rows("history", after=seen) as rows:
            assert cells(rows.read_all(), ["id", "day"]) == [
                ("register:A", date(2026, 6, 1)), ("register:A", date(2026, 9, 1)),
            ], "its whole history, not only the last move"  # fmt: skip
        with reader.rows("obligation", after=seen) as rows:
            assert rows.read_all().num_rows == 0


def test_what_was_touched_is_named_by_its_contract_else_by_its_own_key(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD, SCHOOL], unit=[{"id": "U", "name": "Works"}])
    with reading.opened(register.store.place, UTC) as reader:
        seen = {noun: reader.last_seq(noun) for noun in NOUNS}
        assert {noun: reader.touched(noun, seen[noun]) for noun in NOUNS} == {noun: set() for noun in NOUNS}
    register.says(
        TUESDAY, unit=[{"id": "U", "name": "Roads"}], contract=[ROAD | {"number": "7"}, SCHOOL],
        payment=[{"id": "P", "contract_id": "B"}], complaint=[{"id": "T", "contract_id": "A"}, {"id": "S"}],
    )  # fmt: skip
    with reading.opened(register.store.place, UTC) as reader:
        touched = {noun: reader.touched(noun, seen[noun]) for noun in NOUNS}
    nothing: dict[str, set[str]] = {noun: set() for noun in NOUNS}
    assert touched == nothing | {
        "unit": {"register:U"}, "contract": {"register:A"}, "payment": {"register:B"}, "complaint": {"register:A", ""},
    }  # fmt: skip


MEANWHILE = """
import sqlite3, sys, psycopg
with (sqlite3.connect if sys.argv[1] == "sqlite" else psycopg.connect)(sys.argv[2]) as db:
    db.execute("update contract_version set title = 'Motorway'")
    db.execute("delete from payment_version")
"""


def test_what_one_reader_reads_belongs_to_one_moment(register: Register) -> None:
    """Another process writes meanwhile: in this one, closing Python's SQLite would take away the locks of the reader's."""
    place = register.store.place
    address = ["sqlite", str(place)] if isinstance(place, Path) else ["postgresql", place.address()]
    register.says(MONDAY, contract=[ROAD], payment=[{"id": "P", "contract_id": "A"}])
    with reading.opened(register.store.place, UTC) as reader:
        subprocess.run([sys.executable, "-c", MEANWHILE, *address], check=True)
        with reader.rows("contract") as rows:
            assert cells(rows.read_all(), ["title"]) == [("Road",)]
        assert reader.last_seq("payment") == 1
    with reading.opened(register.store.place, UTC) as reader:
        with reader.rows("contract") as rows:
            assert cells(rows.read_all(), ["title"]) == [("Motorway",)]
        assert reader.last_seq("payment") == 0


def test_a_reader_changes_nothing_and_a_new_store_has_nothing_to_tell(store: Store) -> None:
    before = file_of(store).read_bytes() if isinstance(store.place, Path) else b""
    with reading.opened(store.place, UTC) as reader:
        assert reader.edition() == (0, "")
        for name in (*NOUNS, "history"):
            with reader.rows(name) as rows:
                assert rows.read_all().schema.equals(schema(name)), name
    assert before == (file_of(store).read_bytes() if isinstance(store.place, Path) else b"")


def test_a_day_after_the_year_9000_is_still_before_forever(register: Register) -> None:
    late = datetime(9998, 12, 31, 8, tzinfo=UTC)
    register.says(late, contract=[ROAD])
    with reading.opened(register.store.place, UTC) as reader, reader.rows("contract") as rows:
        assert cells(rows.read_all(), ["title", "heard_on"]) == [("Road", late.date())]
    assert reading.portfolio(register.store.place, WEDNESDAY, UTC)["contract"].num_rows == 0


def test_a_reader_of_sqlite_waits_while_another_tidies_up(tmp_path: Path) -> None:
    """Whoever closes the database last is alone with it for a moment; without patience a scan would fail of that."""
    with spoken(Store(tmp_path / "lvyue.db", create=True).place) as (cursor, _):
        cursor.execute("pragma busy_timeout")
        assert cursor.fetchone() == (BUSY_TIMEOUT_MS,)
