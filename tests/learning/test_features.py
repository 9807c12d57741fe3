"""Features know nothing of the day they are asked on, nor of any day after it; and they are the numbers one gets by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from math import exp, log, log1p
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from monitor.learning.features import Features, features
from monitor.learning.layout import Layout, group_of
from tests.bench.open_sets import school_phases
from tests.conftest import SharedData
from tests.learning.tables import FIRST_DAY, LAST_DAY, Tables, digest, made

ROOT = Path(__file__).parents[2]
TODAY = date(2025, 1, 1)
ONLY_PARTY = Layout(roles=("party",))


def past_row(
    party: str, known: date, *, late: bool, delay: float | None = None, title: str = "road"
) -> dict[str, object]:
    return {"contract": "c9", "party": party, "title": title, "known": known, "late": late, "delay": delay}


def span(party: str, first: date, due: date | None, last: date | None = None) -> dict[str, object]:
    return {"contract": "c9", "party": party, "first": first, "last": last, "due": due}


def asked(
    *, past: list[dict[str, object]], spans: list[dict[str, object]], party: str | None = "Northern Roads",
    as_of: date = TODAY, title: str | None = "road",
) -> Mapping[str, float]:  # fmt: skip
    """The columns of one row, by name, and `base`."""
    row: dict[str, object] = {"contract": "c1", "party": party, "title": title, "amount": 1.0}
    row |= {"as_of": as_of, "start": TODAY - timedelta(100), "due": TODAY + timedelta(10)}
    found = features(ONLY_PARTY, table([row], ROW), table(past, PAST), table(spans, SPAN))
    return dict(zip(found.names, found.numbers[0].tolist(), strict=True)) | {"base": float(found.base[0])}


def table(rows: list[dict[str, object]], kinds: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items())))


TEXT, DAY = pa.string(), pa.date32()
ROW = {"contract": TEXT, "party": TEXT, "as_of": DAY, "start": DAY, "due": DAY, "amount": pa.float64(), "title": TEXT}
PAST = {"contract": TEXT, "party": TEXT, "title": TEXT, "known": DAY, "late": pa.bool_(), "delay": pa.float64()}
SPAN = {"contract": TEXT, "party": TEXT, "first": DAY, "last": DAY, "due": DAY}


def logit(share: float) -> float:
    return log(share / (1 - share))


def test_a_record_is_what_one_gets_by_hand() -> None:
    two_years_ago, yesterday = TODAY - timedelta(730), TODAY - timedelta(1)
    found = asked(
        past=[
            past_row("Northern Roads", two_years_ago, late=True, delay=40.0, title="bridge"),
            past_row("Southern Pipes", yesterday, late=False, delay=-5.0, title="road"),
        ],
        spans=[],
    )
    old, new = exp(-1), exp(-1 / 730)
    base = (old + 1) / (old + new + 4)
    record = (old + 10 * base) / (old + 10)
    usual = (40 * old - 5 * new) / max(old + new, 1)
    road = 10 * base / (new + 10)
    assert found["base"] == pytest.approx(base)
    assert found["history.party"] == pytest.approx(logit(record) - logit(base))
    assert found["delay.party"] == pytest.approx((40 * old + 10 * usual) / (old + 10) - usual)
    assert found["wording.mean"] == pytest.approx(logit(road) - logit(base))


def test_what_became_certain_on_the_day_itself_is_not_known_on_it() -> None:
    outcome = past_row("Northern Roads", TODAY, late=True, delay=40.0)
    nothing = asked(past=[], spans=[])
    assert asked(past=[outcome], spans=[]) == nothing
    assert asked(past=[outcome], spans=[], as_of=TODAY + timedelta(1))["history.party"] > 0


def test_open_and_overdue_are_counted_from_first_to_last_day() -> None:
    due = TODAY - timedelta(10)
    one = [span("Northern Roads", TODAY - timedelta(90), due, last=TODAY)]
    found = {gap: asked(past=[], spans=one, as_of=TODAY + timedelta(gap)) for gap in (-91, -90, -10, -9, 0, 1)}
    counts: dict[int, tuple[float, float]] = {
        gap: (each["load.party.open"], each["load.party.overdue"]) for gap, each in found.items()
    }
    some = float(np.float32(log1p(1)))
    assert counts == {-91: (0, 0), -90: (some, 0), -10: (some, 0), -9: (some, some), 0: (some, some), 1: (0, 0)}
    assert found[0]["load.party.share"] == pytest.approx(1 / 6)


def test_a_stretch_without_a_due_day_is_open_and_never_overdue() -> None:
    found = asked(past=[], spans=[span("Northern Roads", TODAY, None)], as_of=date(2030, 1, 1))
    assert found["load.party.open"] == pytest.approx(log1p(1))
    assert found["load.party.overdue"] == 0


def test_an_unknown_party_has_no_record_and_not_a_clean_one() -> None:
    past = [past_row("Northern Roads", TODAY - timedelta(5), late=True)]
    unknown, newcomer = asked(past=past, spans=[], party=None, title=None), asked(past=past, spans=[], party="Newcomer")
    for name in ("history.party", "delay.party", "load.party.open", "wording.mean"):
        assert np.isnan(unknown[name])
    assert (newcomer["history.party"], newcomer["load.party.open"]) == (0, 0)


def test_chinese_titles_are_read_in_pieces_of_two() -> None:
    past = [past_row("Southern Pipes", TODAY - timedelta(5), late=True, title="道路养护")]
    assert asked(past=past, spans=[], title="城市道路")["wording.mean"] > 0
    assert asked(past=past, spans=[], title="城市路道")["wording.mean"] == 0


def test_an_empty_portfolio_has_features_and_no_rows() -> None:
    tables = made(1)
    none = features(tables.layout, tables.rows.slice(0, 0), tables.past.slice(0, 0), tables.spans.slice(0, 0))
    assert none.names == tables.features().names
    assert none.numbers.shape == (0, len(none.names))


def test_a_table_without_a_column_of_the_layout_is_named() -> None:
    tables = made(1)
    with pytest.raises(ValueError, match=r"the table of past lacks party\. Add the column"):
        features(tables.layout, tables.rows, tables.past.drop_columns(["party"]), tables.spans)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("day", [17_400, 18_500, 19_800])
def test_another_future_changes_nothing_before_it(seed: int, day: int) -> None:
    assert_blind_to_the_future(made(seed), day, seed)


@pytest.mark.parametrize("day", ["2014-07-01", "2017-01-01", "2022-07-01"])
def test_another_future_changes_nothing_in_the_school_phases(day: str, shared_data: SharedData) -> None:
    real = school_phases(shared_data("data/nyc_sca_phases"))
    tables = Tables(layout=real.layout, rows=real.rows, past=real.past, spans=real.spans)
    assert_blind_to_the_future(tables, int(np.datetime64(day).astype(int)), 5)


def assert_blind_to_the_future(tables: Tables, day: int, seed: int) -> None:
    as_of = np.asarray(tables.rows["as_of"].cast(pa.int32()).to_numpy())
    truth = tables.features().take(as_of <= day)
    assert len(truth.base) > 20
    assert_same(tables.with_another_future(day, seed).features(), truth)


@pytest.mark.parametrize("seed", [4, 5])
def test_the_order_of_the_tables_changes_nothing(seed: int) -> None:
    tables = made(seed)
    shuffled, order = tables.shuffled(seed)
    assert_same(shuffled.features(), tables.features().take(order))


def test_rows_asked_alone_have_the_same_features() -> None:
    tables = made(6)
    one = Tables(layout=tables.layout, rows=tables.rows.slice(17, 1), past=tables.past, spans=tables.spans)
    assert_same(one.features(), tables.features().take(np.array([17])))


def test_another_hash_seed_changes_nothing() -> None:
    ask = [sys.executable, "-c", "from tests.learning.tables import digest; print(digest(7))"]
    env = os.environ | {"PYTHONHASHSEED": "4242"}
    said = subprocess.run(ask, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    assert said.strip() == digest(7)


def test_parts_are_joined_to_the_whole() -> None:
    whole = made(8).features()
    assert_same(Features.join([whole.take(np.arange(100)), whole.take(np.arange(100, len(whole.base)))]), whole)
    with pytest.raises(ValueError, match="different layouts"):
        Features.join([whole, features(ONLY_PARTY, table([], ROW), table([], PAST), table([], SPAN))])


def test_every_column_has_a_group_that_people_know() -> None:
    groups = {group_of(name) for name in made(9).features().names}
    assert groups == {
        "kind", "unit", "party", "place", "contract", "load", "time", "size", "wording",
        "contract.category", "obligation.times_moved",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "message"),
    [("known", "names known, which every table has anyway"), ("kind", "pairs unit, which is no role")],
)
def test_a_layout_that_cannot_be_is_refused(role: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Layout(roles=(role,), pairs=((role, "unit"),))


def test_the_made_portfolio_has_outcomes_on_both_sides_of_every_day() -> None:
    known = np.asarray(made(1).past["known"].cast(pa.int32()).to_numpy())
    assert known.min() < FIRST_DAY + 400
    assert known.max() > LAST_DAY - 400


def assert_same(found: Features, wanted: Features) -> None:
    """To the last bit."""
    assert found.names == wanted.names
    assert np.array_equal(found.numbers, wanted.numbers, equal_nan=True)
    assert np.array_equal(found.base, wanted.base)
    for name, levels in wanted.categories.items():
        assert found.categories[name].tolist() == levels.tolist()
