"""The dossier of one contract: every day on record, every move, the rules, and a picture that is true to the days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest

from monitor.reports import dossier
from monitor.reports.chart import Picture
from monitor.reports.document import Document
from monitor.reports.timeline import Lane, Words, timeline
from tests.district import law
from tests.reports.district import Askable

WORDS = Words(moved="was", due="due", done="done", late="late", today="now", day=str, month=str)


def busiest(month: Askable) -> str:
    """The contract with most moves of days."""
    (row,) = month.asked.rows(
        "select contract_id from fact_obligation group by 1 order by sum(due_moves) desc, count(*) desc, 1 limit 1"
    )
    return str(row["contract_id"])


@pytest.fixture(scope="module")
def told(month: Askable) -> Document:
    return dossier.report(month.asked, busiest(month))


def test_every_day_of_every_promise_is_on_the_line_of_time(month: Askable, told: Document) -> None:
    key = busiest(month)
    mine = [row for row in month.rows["obligation"] if f"{row['contract_id']}" in (key, key.partition(":")[2])]
    days = {(str(row["title"]), row["day"], str(row["event"])) for row in told.table("timeline").rows}
    assert mine
    for row in mine:
        due = law.day(row, "due_on")
        assert due is None or any(title == row["title"] and day == due for title, day, _ in days)
    shown = [row["day"] for row in told.table("timeline").rows]
    assert shown == sorted(shown, key=str)
    moves = [row for row in told.table("timeline").rows if "after" in row]
    counted = month.asked.rows("select sum(due_moves) as n from fact_obligation where contract_id = $1", key)[0]["n"]
    assert len([row for row in moves if row["before"] is not None]) >= counted > 0
    for move in moves:
        before, after = move["before"], move["after"]
        if isinstance(before, date) and isinstance(after, date):
            assert move["moved_days"] == (after - before).days


def test_rules_say_what_they_say_elsewhere_and_what_is_unknown_is_named(month: Askable, told: Document) -> None:
    found = month.asked.judgement.of_contract(busiest(month))
    rows = told.table("rules").rows
    assert sorted((str(row["rule"]).split()[0], row["level"]) for row in rows) == sorted(
        (one.rule, one.outcome) for one in found if one.outcome != "not applicable"
    )
    for row in rows:
        assert bool(row["missing"]) or row["level"] != "unknown"
    assert told.table("unknown").rows


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_has_a_mark_for_each_day_and_is_true_to_scale(month: Askable, lang: str) -> None:
    document = dossier.report(replace(month.asked, lang=lang), busiest(month))
    (drawing,) = next(section for section in document.sections if section.key == "timeline").drawings
    marks = [one for one in ElementTree.fromstring(drawing.svg).iter() if one.get("data-mark")]
    due = [one for one in marks if one.get("data-mark") == "due"]
    promises = [row for row in document.table("promises").rows if row["due"]]
    sums = [row for row in document.table("payments").rows if row["due"]]
    assert len(due) == min(dossier.DRAWN, len(promises) + len(sums))
    places = {(float(str(one.get("transform"))[10:].split()[0]), str(one.get("data-day"))) for one in marks}
    (first, begins), (last, ends) = min(places), max(places)
    span = (date.fromisoformat(ends) - date.fromisoformat(begins)).days
    for x, day in places:
        share = (date.fromisoformat(day) - date.fromisoformat(begins)).days / span
        assert x == pytest.approx(first + (last - first) * share, abs=0.05)


def test_delay_is_drawn_to_the_day_it_was_done_or_to_today_and_not_where_nothing_is_owed() -> None:
    due, today = date(2026, 3, 1), date(2026, 3, 31)
    lanes = [
        Lane(name="open", due=due),
        Lane(name="late", due=due, done=date(2026, 3, 11)),
        Lane(name="in time", due=due, done=date(2026, 2, 20)),
        Lane(name="waived", due=due, over=True),
        Lane(name="ahead", due=date(2026, 4, 20), before=[date(2026, 4, 1)]),
    ]
    svg = ElementTree.fromstring(
        timeline(Picture(id="t", title="a < b", description="d"), lanes, today=today, words=WORDS)
    )
    assert [one.get("data-days") for one in svg.iter() if one.get("data-days")] == ["30", "10"]
    assert svg[0].text == "a < b"
    assert [one.get("data-day") for one in svg.iter() if one.get("data-mark") == "moved"] == ["2026-04-01"]


def test_decades_still_have_room_for_the_names_of_months() -> None:
    lanes = [Lane(name="long", due=date(1990, 1, 1), done=date(2090, 1, 1))]
    svg = ElementTree.fromstring(
        timeline(Picture(id="t", title="t", description="d"), lanes, today=date(2026, 3, 31), words=WORDS)
    )
    assert 2 <= len([one for one in svg.iter() if one.get("class") == "grid"]) <= 12
