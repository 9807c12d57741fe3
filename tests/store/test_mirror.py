"""The mirror is the store over again: whatever happened to its files, it has the rows that the versions have."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet
import pytest

from monitor.domain.portfolio import Layered, key_of, nothing, schema
from monitor.engines.duckdb import Engine
from monitor.store import Store, mirror, reading
from monitor.store.mirror import TABLES, Mirror
from tests.store import Register, file_of, new_store, random_history

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (datetime(2026, 3, day, 8, tzinfo=UTC) for day in (2, 3, 4, 5))
ROAD, SCHOOL = {"id": "A", "title": "Road"}, {"id": "B", "title": "School"}
MANY = [{"id": f"N{number}", "title": f"Road {number}"} for number in range(1100)]
"""More than the thousand rows that are always carried along beside the files."""

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The files are the same whatever they were read from: what is done to them is tested on one kind of database."""
    return new_store(tmp_path)


def opened(store: Store, **more: Any) -> Mirror:
    """The mirror beside a store, by one that may write."""
    found = mirror.opened(store.state / "mirror", store.place, UTC, **{"may_write": True, **more})
    assert found is not None
    return found


def mirrored(found: Mirror) -> Rows:
    """Every row, the newer ones over those in the files, in order."""
    return {name: in_order(layers(name, rows)) for name, rows in found.tables().items()}


def layers(name: str, rows: Layered) -> list[dict[str, Any]]:
    def key(row: dict[str, Any]) -> list[Any]:
        return [row[column] for column in key_of(name)]

    newer: list[dict[str, Any]] = rows.newer.to_pylist()
    replaced = [key(row) for row in newer]
    old = [row for file in rows.files for row in pyarrow.parquet.read_table(file).to_pylist()]
    return [row for row in old if key(row) not in replaced] + newer


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(({name: row[name] for name in sorted(row)} for row in rows), key=repr)


def stored(store: Store) -> Rows:
    """Every row as the versions tell it now."""
    known = reading.portfolio(store.place, datetime(9000, 1, 1, tzinfo=UTC), UTC)
    return {name: in_order(table.to_pylist()) for name, table in known.items()}


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def titles(found: Mirror) -> list[str]:
    return sorted(row["title"] for row in layers("contract", found.tables()["contract"]))


# --- the same rows ---


def test_a_mirror_built_midway_has_the_rows_of_the_store_at_the_end(either: Store) -> None:
    store, seed = either, int(isinstance(either.place, Path))
    random_history(store, seed, editions=2)
    assert mirrored(opened(store)) == stored(store)
    random_history(store, seed + 10, month=4)  # and the same registers go on
    found = opened(store)
    assert any(table.num_rows for table in found.newer.values()), "not all of it lies in the files"
    assert mirrored(found) == stored(store)


def test_what_moves_to_another_contract_is_there_once(register: Register) -> None:
    """A payment was booked on the wrong contract, and a complaint named its contract only later."""
    contracts = [{"id": letter, "title": letter} for letter in "AB"]
    register.says(MONDAY, contract=contracts, payment=[{"id": "P", "contract_id": "A"}], complaint=[{"id": "T"}])
    opened(register.store)
    payment, complaint = ([{"id": key, "contract_id": "B"}] for key in "PT")
    register.says(TUESDAY, contract=contracts, payment=payment, complaint=complaint)
    assert mirrored(opened(register.store)) == stored(register.store)


def test_facts_are_the_same_from_the_versions_and_from_the_files(either: Store) -> None:
    store = either
    random_history(store, 3, editions=2)
    opened(store)
    random_history(store, 4, editions=2, month=4)
    known: dict[str, Any] = dict(reading.portfolio(store.place, datetime(9000, 1, 1, tzinfo=UTC), UTC))
    found: dict[str, Any] = dict(opened(store).tables())
    assert found.keys() == known.keys()
    hashes = []
    for tables in (known, found):
        with Engine({**nothing(), **tables}, {}, as_of=date(2026, 3, 2)) as engine:
            hashes.append(engine.facts_hash())
    assert hashes[0] == hashes[1]


def test_a_moved_day_of_one_noun_leaves_the_history_of_another_of_the_same_key(register: Register) -> None:
    """A register with one table has one key for a contract and its only milestone."""
    promise: dict[str, Any] = {"id": "A", "contract_id": "A", "title": "Deck", "due_on": date(2026, 6, 1)}
    register.says(MONDAY, contract=[ROAD | {"end_on": date(2026, 12, 31)}], obligation=[promise])
    opened(register.store)
    register.says(TUESDAY, obligation=[promise | {"due_on": date(2026, 9, 1)}])
    assert mirrored(opened(register.store))["history"] == stored(register.store)["history"]


def test_the_files_have_the_columns_that_facts_are_made_from(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD])
    for name, rows in opened(register.store).tables().items():
        assert rows.newer.schema.equals(schema(name)), name
        for file in rows.files:
            names = pyarrow.parquet.read_schema(file).names
            assert names == schema(name).names, name


# --- built, caught up, written anew ---


def test_a_mirror_is_built_once(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD, SCHOOL])
    first = opened(register.store)
    assert (titles(first), first.newer["contract"].num_rows) == (["Road", "School"], 0)
    before = files(first.folder)
    again = opened(register.store)
    assert files(first.folder) == before
    assert (again.generation, titles(again)) == (first.generation, ["Road", "School"])


def test_little_news_is_laid_over_the_files(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD, SCHOOL])
    before = files(opened(register.store).folder)
    register.says(TUESDAY, contract=[ROAD | {"title": "Motorway"}, {"id": "C", "title": "Park"}])
    found = opened(register.store)
    assert files(found.folder) == before
    assert (titles(found), found.newer["contract"].num_rows) == (["Motorway", "Park", "School"], 3), "School vanished"
    assert mirrored(found) == stored(register.store)


def test_much_news_is_written_into_the_files_and_the_old_ones_stay_for_one_round(register: Register) -> None:
    store, news = register.store, Register(register.store, "news", complete=False)

    def generations() -> list[int]:
        return sorted(int(home.name) for home in (store.state / "mirror" / "contract").iterdir())

    register.says(MONDAY, contract=[ROAD])
    first = opened(store)
    being_read = first.tables()["contract"]
    news.says(TUESDAY, contract=MANY)
    found = opened(store)
    assert (found.generation["contract"], found.newer["contract"].num_rows) == (2, 0)
    assert generations() == [1, 2]
    assert [row["title"] for row in layers("contract", being_read)] == ["Road"], "a report that began before can go on"
    assert mirrored(found) == stored(store)
    news.says(WEDNESDAY, contract=[row | {"end_on": date(2026, 12, 31)} for row in MANY])
    found = opened(store)
    assert (found.generation["contract"], generations()) == (3, [2, 3])
    assert found.generation["payment"] == 1, "of what did not grow nothing is written"
    assert mirrored(found) == stored(store)
    news.says(THURSDAY, contract=[MANY[0] | {"title": "Motorway"}])
    assert mirrored(opened(store)) == stored(store)


def test_long_stories_of_few_things_are_not_written_again_and_again(register: Register) -> None:
    """Four hundred deadlines that moved three times: more than a thousand moves, and yet little news."""
    for number, at in enumerate((MONDAY, TUESDAY, WEDNESDAY)):
        register.says(at, obligation=[
            {"id": f"A/{n}", "contract_id": "A", "title": "Deck", "due_on": date(2026, 6, 1 + number)} for n in range(400)
        ])  # fmt: skip
        found = opened(register.store)
        before = files(found.folder)
        assert files(opened(register.store).folder) == before, "nothing new, nothing written"
    assert mirrored(found) == stored(register.store)


def test_the_mirror_knows_whether_anything_is_later_than_an_instant(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD])
    register.says(TUESDAY, contract=[ROAD])
    found = opened(register.store)
    microsecond = timedelta(microseconds=1)
    answers = [found.knows_all_by(at) for at in (MONDAY, TUESDAY - microsecond, TUESDAY, TUESDAY + microsecond)]
    assert answers == [False, False, True, True]
    assert found.knows_all_by(TUESDAY.astimezone(ZoneInfo("Asia/Shanghai")))


def test_contracts_are_related_by_unit_by_party_and_by_project(register: Register) -> None:
    def contract(key: str, unit: str, party: str, project: str | None = None) -> dict[str, Any]:
        named: dict[str, Any] = {"id": key, "title": key, "unit_id": unit, "party_id": party}
        return named | ({"project_code": project} if project else {})

    rows = [
        contract("A", "U", "P", "X"),
        contract("B", "V", "Q", "X"),
        contract("C", "V", "P"),
        contract("D", "W", "R"),
    ]
    register.says(MONDAY, contract=rows)
    found = opened(register.store)

    def related(own: str = "", units: str = "", parties: str = "") -> str:
        keys = ({f"register:{letter}" for letter in letters} for letters in (own, units, parties))
        chosen, of_units, of_parties = keys
        return "".join(sorted(key[-1] for key in found.related(chosen, units=of_units, parties=of_parties)))

    assert [related(own="D"), related(own="A"), related(units="V"), related(parties="P")] == ["D", "AB", "ABC", "ABC"]
    register.says(TUESDAY, contract=[*rows[:3], contract("D", "W", "R", "X")])
    found = opened(register.store)
    assert related(own="D") == "ABD", "a project that is in the newer rows only"


# --- what may befall it ---

Harm = Callable[[Path], object]


def last_file(folder: Path) -> Path:
    return sorted(folder.glob("contract/*/*.parquet"))[-1]


HARM: dict[str, Harm] = {
    "a file is cut short": lambda folder: last_file(folder).write_bytes(last_file(folder).read_bytes()[:40]),
    "a file is gone": lambda folder: last_file(folder).unlink(),
    "a file is another's": lambda folder: pyarrow.parquet.write_table(
        pa.table({"id": ["x", "y", "z"]}), last_file(folder)
    ),
    "its list is cut short": lambda folder: (folder / "mirror.json").write_text('{"identity"', encoding="utf-8"),
    "its list is empty": lambda folder: (folder / "mirror.json").write_text("{}", encoding="utf-8"),
    "its list is gone": lambda folder: (folder / "mirror.json").unlink(),
    "it is gone": lambda folder: shutil.rmtree(folder),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_damaged_mirror_is_built_anew(register: Register, harm: Harm) -> None:
    register.says(MONDAY, contract=[ROAD, SCHOOL])
    harm(opened(register.store).folder)
    assert mirrored(opened(register.store)) == stored(register.store)
    assert mirrored(opened(register.store)) == stored(register.store)


def test_a_mirror_of_another_database_or_zone_is_built_anew(tmp_path: Path) -> None:
    stores = []
    for name, title in (("ours", "Road"), ("theirs", "School")):
        (tmp_path / name).mkdir()
        stores.append(new_store(tmp_path / name))
        Register(stores[-1]).says(MONDAY if name == "ours" else TUESDAY, contract=[{"id": "A", "title": title}])
    opened(stores[0])
    shutil.copytree(tmp_path / "ours" / "mirror", tmp_path / "theirs" / "mirror")
    assert titles(opened(stores[1])) == ["School"]
    at_midnight = datetime(2026, 3, 3, 20, tzinfo=UTC)
    Register(stores[0], "night").says(at_midnight, contract=[{"id": "B", "title": "Park"}])
    far = mirror.opened(tmp_path / "ours" / "mirror", stores[0].place, ZoneInfo("Asia/Shanghai"), may_write=True)
    assert far is not None
    days = {row["title"]: row["heard_on"] for row in layers("contract", far.tables()["contract"])}
    assert days == {"Road": date(2026, 3, 2), "Park": date(2026, 3, 4)}


def test_after_a_backup_was_put_back_what_came_after_it_is_forgotten(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    register = Register(store)
    register.says(MONDAY, contract=[ROAD])
    backup = file_of(store).read_bytes()
    register.says(TUESDAY, contract=[ROAD, SCHOOL])
    opened(store)
    file_of(store).write_bytes(backup)
    assert titles(opened(store)) == ["Road"]


def test_after_a_backup_was_put_back_and_gone_on_from_the_lost_rows_do_not_return(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    register = Register(store)
    register.says(MONDAY, contract=[ROAD])
    backup = file_of(store).read_bytes()
    register.says(TUESDAY, contract=[ROAD, SCHOOL])
    opened(store)
    file_of(store).write_bytes(backup)
    Register(store, "another").says(WEDNESDAY, contract=[{"id": "P", "title": "Park"}, {"id": "Q", "title": "Quay"}])
    assert titles(opened(store)) == ["Park", "Quay", "Road"]


def test_who_may_not_write_writes_nothing(register: Register) -> None:
    folder = register.store.state / "mirror"
    register.says(MONDAY, contract=[ROAD])
    assert mirror.opened(folder, register.store.place, UTC, may_write=False) is None
    assert not folder.exists()
    opened(register.store)
    Register(register.store, "news", complete=False).says(TUESDAY, contract=MANY)
    before = files(folder)
    found = opened(register.store, may_write=False)
    assert files(folder) == before
    assert mirrored(found) == stored(register.store), "and sees everything all the same"
    (folder / "mirror.json").write_text("{}", encoding="utf-8")
    assert mirror.opened(folder, register.store.place, UTC, may_write=False) is None


def test_a_crash_between_writing_and_naming_leaves_the_old_state(register: Register) -> None:
    store = register.store
    register.says(MONDAY, contract=[ROAD])
    folder = opened(store).folder
    for name in ("contract", "history"):  # the files of a new generation, half written, and its list not yet named
        (folder / name / "2").mkdir(parents=True)
        (folder / name / "2" / "rows.parquet").write_bytes(b"PAR1 half")
    said = json.loads((folder / "mirror.json").read_text(encoding="utf-8"))
    said["generation"]["contract"] = 2
    (folder / "mirror.json.new").write_text(json.dumps(said)[:-5], encoding="utf-8")
    assert mirrored(opened(store)) == stored(store)
    Register(store, "news", complete=False).says(TUESDAY, contract=MANY)
    found = opened(store)
    assert found.generation["contract"] == 2
    assert mirrored(found) == mirrored(opened(store)) == stored(store)


def test_a_crash_while_it_is_first_built_leaves_nothing_that_is_believed(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD])
    half = register.store.state / "mirror" / "contract" / "1"
    half.mkdir(parents=True)
    pyarrow.parquet.write_table(pa.table({"id": ["register:A"], "title": ["School"]}), half / "rows.parquet")
    assert titles(opened(register.store)) == ["Road"]


def test_a_new_office_has_an_empty_mirror_and_then_a_full_one(register: Register) -> None:
    found = opened(register.store)
    assert mirrored(found) == stored(register.store) == {name: [] for name in TABLES}
    assert found.knows_all_by(MONDAY)
    register.says(MONDAY, contract=[ROAD])
    assert titles(opened(register.store)) == ["Road"]
