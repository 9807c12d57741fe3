"""What was said, and when: editions become versions, and any past instant can be asked what was known then."""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import schema
from monitor.store import Store, reading, versions
from tests.store import Register, cells, rows

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (datetime(2026, 3, day, 8, tzinfo=UTC) for day in (2, 3, 4, 5))
ROAD, SCHOOL = {"id": "A", "title": "Road"}, {"id": "B", "title": "School"}
INSTANT = timedelta(microseconds=1)
NEW_YEARS_EVE = date(2026, 12, 31)


def known(store: Store, noun: str, *names: str, at: datetime = THURSDAY) -> list[tuple[object, ...]]:
    return cells(reading.portfolio(store.place, at, UTC)[noun], names)


def counted(counts: versions.Counts) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: getattr(counts, name) for name in versions.Counts.__slots__ if getattr(counts, name)}


def milestone(due: date | None, **more: str) -> dict[str, object]:
    return {"id": "A/1", "contract_id": "A", "title": "Deck", "due_on": due, **more}


def refusal(field: str, value: str, reason: str) -> versions.RefusedCell:
    """A cell of the first contract that the border refused."""
    return versions.RefusedCell(noun="contract", row=1, field=field, value=value, reason=reason)


# --- what an edition changes ---


def test_a_row_is_new_then_unchanged_then_changed(register: Register) -> None:
    assert counted(register.says(MONDAY, contract=[ROAD])) == {"rows": 1, "new": 1}
    assert counted(register.says(TUESDAY, contract=[ROAD])) == {"rows": 1}
    assert counted(register.says(WEDNESDAY, contract=[ROAD | {"title": "Motorway"}])) == {"rows": 1, "changed": 1}
    assert known(register.store, "contract", "title", "heard_on") == [("Motorway", WEDNESDAY.date())]


def test_what_a_complete_register_leaves_out_has_vanished_and_may_return(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD, SCHOOL])
    assert counted(register.says(TUESDAY, contract=[ROAD])) == {"rows": 1, "vanished": 1}
    assert counted(register.says(TUESDAY + INSTANT, contract=[ROAD])) == {"rows": 1}
    gone = [("Road", None), ("School", TUESDAY.date())]
    assert known(register.store, "contract", "title", "gone_on") == gone
    assert counted(register.says(WEDNESDAY, contract=[ROAD, SCHOOL])) == {"rows": 2, "returned": 1}
    assert known(register.store, "contract", "title", "gone_on") == [("Road", None), ("School", None)]
    assert known(register.store, "contract", "title", "gone_on", at=TUESDAY) == gone


def test_a_register_that_lists_only_news_makes_nothing_vanish(store: Store) -> None:
    news = Register(store, complete=False)
    news.says(MONDAY, contract=[ROAD, SCHOOL])
    assert counted(news.says(TUESDAY, contract=[ROAD])) == {"rows": 1}
    assert known(store, "contract", "gone_on") == [(None,), (None,)]


def test_an_empty_complete_register_has_lost_everything(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD, SCHOOL])
    assert counted(register.says(TUESDAY, contract=[])) == {"vanished": 2}
    assert known(register.store, "contract", "title") == [("Road",), ("School",)]


def test_a_thousand_rows_vanish_and_return_as_well_as_one(register: Register) -> None:
    thousand = [{"id": f"N{n}", "title": f"Road {n}"} for n in range(1001)]
    assert counted(register.says(MONDAY, contract=thousand)) == {"rows": 1001, "new": 1001}
    assert counted(register.says(TUESDAY, contract=[])) == {"vanished": 1001}
    assert set(known(register.store, "contract", "gone_on")) == {(TUESDAY.date(),)}
    assert counted(register.says(WEDNESDAY, contract=thousand)) == {"rows": 1001, "returned": 1001}


def test_a_refused_row_keeps_its_last_good_version_and_has_not_vanished(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD | {"amount_minor": 10000}, SCHOOL])
    cell = refusal("amount", "two hundred", "is not an amount")
    assert counted(register.says(TUESDAY, contract=[ROAD, SCHOOL], refused=[cell])) == {"rows": 1, "quarantined": 1}
    road = known(register.store, "contract", "amount_minor", "gone_on", "heard_on")[0]
    assert road == (10000, None, MONDAY.date())
    with register.store.reading() as db:
        said = versions.quarantined(db, "register")
        assert versions.quarantined(db, "another") == []
    assert [(one["row"], one["field"], one["value"], one["reason"]) for one in said] == [
        (1, "amount", "two hundred", "is not an amount")
    ]


def test_a_row_refused_for_two_cells_is_one_row_in_quarantine(register: Register) -> None:
    faults = [refusal("amount", "x", "is not an amount"), refusal("signed_on", "soon", "is not a date")]
    assert counted(register.says(MONDAY, contract=[ROAD], refused=faults)) == {"quarantined": 1}


def test_the_quarantine_is_that_of_the_newest_edition(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD], refused=[refusal("signed_on", "soon", "is not a date")])
    register.says(TUESDAY, contract=[ROAD])
    with register.store.reading() as db:
        assert versions.quarantined(db) == []


def test_two_registers_never_touch_each_other(store: Store) -> None:
    ours, theirs = Register(store, "ours"), Register(store, "theirs")
    ours.says(MONDAY, contract=[ROAD])
    theirs.says(TUESDAY, contract=[ROAD, SCHOOL])
    assert counted(ours.says(WEDNESDAY, contract=[])) == {"vanished": 1}
    assert known(store, "contract", "id", "gone_on") == [
        ("ours:A", WEDNESDAY.date()), ("theirs:A", None), ("theirs:B", None),
    ]  # fmt: skip


def test_contracts_listed_are_those_not_gone(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD, SCHOOL])
    register.says(TUESDAY, contract=[SCHOOL])
    with register.store.reading() as db:
        assert versions.contracts_listed(db, "register") == {"register:B"}
        assert versions.contracts_listed(db, "another") == set()


# --- what was known when ---


def test_the_newest_version_by_then_is_what_was_known(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD])
    register.says(TUESDAY, contract=[ROAD | {"title": "Motorway"}])
    told = {
        MONDAY - INSTANT: [], MONDAY: [("Road",)], TUESDAY - INSTANT: [("Road",)], TUESDAY: [("Motorway",)],
        TUESDAY + INSTANT: [("Motorway",)],
    }  # fmt: skip
    assert {at: known(register.store, "contract", "title", at=at) for at in told} == told


def test_first_known_stays_when_the_content_moves_on(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD])
    register.says(WEDNESDAY, contract=[ROAD | {"title": "Motorway"}])
    days = known(register.store, "contract", "first_known_on", "heard_on")
    assert days == [(MONDAY.date(), WEDNESDAY.date())]


def test_a_due_day_that_moves_and_moves_back_leaves_its_whole_history(register: Register) -> None:
    june, september = date(2026, 6, 1), date(2026, 9, 1)
    for at, due in ((MONDAY, june), (TUESDAY, september), (WEDNESDAY, june), (THURSDAY, None)):
        register.says(at, obligation=[milestone(due, status="scheduled")])
    told = known(register.store, "history", "noun", "recorded_on", "day")
    assert told == [
        ("obligation", MONDAY.date(), june), ("obligation", TUESDAY.date(), september),
        ("obligation", WEDNESDAY.date(), june), ("obligation", THURSDAY.date(), None),
    ]  # fmt: skip
    assert known(register.store, "history", "day", at=TUESDAY) == [(june,), (september,)]


def test_a_change_of_something_else_is_no_move(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD | {"end_on": NEW_YEARS_EVE}])
    register.says(TUESDAY, contract=[ROAD | {"end_on": NEW_YEARS_EVE, "status": "active"}])
    assert known(register.store, "history", "noun", "recorded_on") == [("contract", MONDAY.date())]


@pytest.mark.parametrize(
    ("instant", "days"),
    [
        (datetime(2026, 2, 28, 16, 0, tzinfo=UTC), {SHANGHAI: "2026-03-01", UTC: "2026-02-28", NEW_YORK: "2026-02-28"}),
        (datetime(2026, 3, 1, 0, 0, tzinfo=UTC), {SHANGHAI: "2026-03-01", UTC: "2026-03-01", NEW_YORK: "2026-02-28"}),
        (datetime(2026, 3, 1, 5, 0, tzinfo=UTC), {SHANGHAI: "2026-03-01", UTC: "2026-03-01", NEW_YORK: "2026-03-01"}),
    ],
    ids=["midnight in Shanghai", "midnight in UTC", "midnight in New York"],
)
def test_an_edition_of_midnight_is_of_the_offices_own_day(
    register: Register, instant: datetime, days: dict[ZoneInfo, str]
) -> None:
    register.says(instant, contract=[ROAD | {"end_on": NEW_YEARS_EVE}])
    register.says(instant + INSTANT, contract=[])
    for zone, day in days.items():
        tables = reading.portfolio(register.store.place, instant + INSTANT, zone)
        wanted = date.fromisoformat(day)
        assert cells(tables["contract"], ["first_known_on", "heard_on", "gone_on"]) == [(wanted,) * 3]
        assert cells(tables["history"], ["recorded_on"]) == [(wanted,)]
        with register.store.reading() as db:
            assert versions.sources_seen(db, instant, zone)[0]["last_edition_on"] == wanted


@pytest.mark.parametrize("rows", [0, 1, 2], ids=["nothing known", "only empty cells", "empty cells, then full ones"])
def test_the_portfolio_has_the_columns_that_facts_are_made_from(register: Register, rows: int) -> None:
    """The reader takes a column's type from its first rows, so rows whose optional cells are all empty come first."""
    samples = {pa.string(): "text", pa.date32(): NEW_YEARS_EVE, pa.bool_(): False, pa.int32(): 5, pa.int64(): 2**60}
    nouns: dict[str, Any] = {}
    for noun, model in NOUNS.items():
        bare = {name: "a" for name, field in model.model_fields.items() if field.is_required()}
        full = {name: samples[schema(noun)[place].type] for place, name in enumerate(model.model_fields)}
        nouns[noun] = [bare, full | {"id": "b"}][:rows]
    if rows:
        register.says(MONDAY, **nouns)
    found = reading.portfolio(register.store.place, THURSDAY, UTC)
    assert {name: table.num_rows for name, table in found.items() if name != "history"} == dict.fromkeys(NOUNS, rows)
    for name, table in found.items():
        assert table.schema.equals(schema(name)), name


def test_every_kind_of_cell_comes_back_as_it_went_in(register: Register) -> None:
    row = {
        "id": "register:A", "title": "道路 “Road”\n", "currency": "KWD", "amount_minor": 2**63 - 1, "is_secret": False,
        "progress_percent": 0, "signed_on": date(2024, 2, 29), "number": None, "amount_original_minor": -1,
    }  # fmt: skip
    register.says(MONDAY, contract=[row | {"id": "A"}])
    assert known(register.store, "contract", *row) == [tuple(row.values())]


# --- payloads and sources ---


def test_a_payload_is_kept_once_and_comes_back_byte_for_byte(register: Register) -> None:
    content = "id,title\r\nA,道路\r\n".encode() * 500
    register.says(MONDAY, pages=[content, b"page 2"], contract=[ROAD])
    register.says(TUESDAY, pages=[content], contract=[ROAD])
    found = rows(register.store, "select sha256, content, size from payload")
    kept = {row["sha256"]: (row["content"], row["size"]) for row in found}
    name = hashlib.sha256(content).hexdigest()
    assert set(kept) == {name, hashlib.sha256(b"page 2").hexdigest()}
    packed, size = kept[name]
    assert zlib.decompress(packed) == content
    assert size == len(content) > len(packed)
    with register.store.reading() as db:
        last = versions.last_edition(db, "register")
        assert last is not None
        assert last.id is not None
        assert versions.payloads_of(db, last.id) == [name]
        assert versions.payloads_of(db, last.id - 1) == [name, hashlib.sha256(b"page 2").hexdigest()]


def test_a_refused_cell_with_a_nul_is_kept_with_a_sign_in_its_place(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD], refused=[refusal("title", "a\x00b", "holds a NUL character")])
    with register.store.reading() as db:
        assert [row["value"] for row in versions.quarantined(db)] == ["a\ufffdb"]


def test_a_source_is_seen_as_it_was_at_the_instant(register: Register) -> None:
    register.says(MONDAY, contract=[ROAD, SCHOOL])
    register.says(TUESDAY, contract=[ROAD, SCHOOL])
    cell = refusal("signed_on", "soon", "is not a date")
    register.says(THURSDAY, contract=[ROAD, SCHOOL | {"title": "High school"}], refused=[cell])

    def seen(at: datetime) -> list[tuple[object, ...]]:
        with register.store.reading() as db:
            return [tuple(row.values()) for row in versions.sources_seen(db, at, UTC)]

    assert seen(MONDAY - INSTANT) == []
    assert seen(WEDNESDAY) == [("register", 2, TUESDAY.date(), MONDAY.date(), 2, 0)]
    assert seen(THURSDAY) == [("register", 3, THURSDAY.date(), THURSDAY.date(), 1, 1)]


def test_the_store_keeps_rows_in_the_order_of_the_source(register: Register) -> None:
    register.says(MONDAY, contract=[SCHOOL, ROAD])
    said = rows(register.store, "select id, source_row from contract_version order by seq")
    assert [tuple(row.values()) for row in said] == [("register:B", 1), ("register:A", 2)]
