"""Who is told of what, and when: letters that are overtaken, chains that wait, storms kept apart, weeks without a gap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest

from monitor import handling
from monitor.domain.errors import UsageError
from monitor.domain.warning import Change, Silence
from monitor.store import outbox
from tests.alerts import LATER, TODAY, at, doing, warned
from tests.test_handling import NEVER, PEOPLE, Desk

WEDNESDAY = date(2026, 3, 4)
"""When an orange warning of Monday is a day late to be signed."""
QUIET = Silence(rule="GEN-*", author="Chen", reason="the road is closed", from_on=TODAY, until=LATER)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, NEVER, PEOPLE)


def lying(desk: Desk, kind: str) -> set[tuple[str, str | None]]:
    """State and answer of the letters of a kind."""
    return {(letter["state"], letter["reply"]) for letter in desk.letters(kind)}


# --- letters that are overtaken ---


def test_who_acts_before_the_office_opens_is_not_urged_at_nine(desk: Desk) -> None:
    """Written at six, to be sent at nine; Chen signs for one of the two at eight."""
    desk.has(warned(), warned(subject_id="A/2"))
    desk.waits(WEDNESDAY, hour=6)
    desk.acts(1, "assign", on=WEDNESDAY, hour=7)
    assert lying(desk, "escalated") == {("waiting", None)}, "to give it to somebody is not to act on it"
    desk.acts(1, "acknowledge", "Chen", on=WEDNESDAY, hour=8)
    told = {(letter["content"]["items"][0]["number"], letter["state"]) for letter in desk.letters("escalated")}
    assert told == {("YJ-2026-00001", "dropped"), ("YJ-2026-00002", "waiting")}
    assert lying(desk, "escalated") == {("dropped", "dropped: Chen acted on YJ-2026-00001"), ("waiting", None)}
    with desk.store.writing() as db:
        urged = outbox.claim(db, at=at(WEDNESDAY, 9))
    assert {letter.content["items"][0]["number"] for letter in urged} == {"YJ-2026-00002"}


def test_an_act_that_is_refused_withdraws_nothing(desk: Desk) -> None:
    desk.has(warned())
    desk.waits(WEDNESDAY, hour=6)
    before = desk.everything()
    with pytest.raises(UsageError):
        handling.act(desk.config, desk.store, "1", doing("dismiss", on=WEDNESDAY, note=""))
    assert desk.everything() == before


# --- chains that wait ---


def test_in_a_silence_nobody_is_urged_and_afterwards_the_chain_begins_at_its_beginning(desk: Desk) -> None:
    desk.has(warned(level="yellow", told=None, documents=0))
    handling.silence(desk.store, QUIET)
    for day in (TODAY + timedelta(days=n) for n in range(31)):
        desk.waits(day)
    told = [(event["happened_on"], event["kind"], event["detail"].get("role")) for event in desk.history()[1:]]
    assert told == [(date(2026, 3, 21), "resurfaced", None), (date(2026, 3, 26), "escalated", "unit_head")]


def test_nobody_is_urged_about_what_a_graver_one_speaks_for(desk: Desk) -> None:
    """The red one on the same payment is urged about; the yellow one nobody was told of is not."""
    desk.has(warned(level="red"), warned(level="yellow", rule="GEN-DL-02", told=None, documents=0))
    for day in (TODAY + timedelta(days=n) for n in range(21)):
        desk.waits(day)
    assert [event["kind"] for event in desk.history(1)[1:]] == ["escalated", "escalated"]
    assert desk.history(2)[1:] == []


def test_people_have_their_days_from_when_they_can_read_of_it(desk: Desk) -> None:
    """A scan of Monday that is made on Wednesday of the week after: red is to be signed that day."""
    made = date(2026, 3, 11)
    new = warned(level="red", told=None, documents=0)
    opened = Change(alert=new, event="opened", before=None, after="red")
    with desk.store.writing() as db:
        handling.settle(desk.config, db, [opened], run_id=None, as_of=TODAY, at=at(made))
    assert (desk.alert().opened_on, desk.alert().armed_on) == (TODAY, made)
    [item] = desk.letters("warning")[0]["content"]["items"]
    assert (item["step"], item["answer_by"]) == ("acknowledge", "2026-03-11")


def test_time_goes_forward_only(desk: Desk) -> None:
    desk.has(warned())
    tomorrow = TODAY + timedelta(days=1)
    with pytest.raises(UsageError, match="2026-03-03 is not a day to remind of; today is 2026-03-02"):
        handling.remind(desk.config, desk.store, as_of=tomorrow, at=at(TODAY, 23))
    desk.waits(WEDNESDAY)
    before = desk.everything()
    with pytest.raises(UsageError, match=r"2026-03-03 is not a day to remind of; .* the last was 2026-03-04"):
        handling.remind(desk.config, desk.store, as_of=tomorrow, at=at(WEDNESDAY))
    assert desk.everything() == before
    desk.waits(WEDNESDAY + timedelta(days=30))


# --- storms ---


def test_a_storm_of_delays_has_a_digest_of_its_own_in_office_hours_and_buries_no_news(tmp_path: Path) -> None:
    """Three are late on Wednesday morning; the silence of a fourth is over. More than two letters are a storm."""
    desk = Desk(tmp_path, NEVER + "storm_over = 2\n", PEOPLE)
    desk.has(*(warned(subject_id=f"A/{number}") for number in range(3)))
    desk.has(warned(subject_id="B/1", rule="MADE-1", told=None, documents=0))
    handling.silence(desk.store, replace(QUIET, rule="MADE-1", until=WEDNESDAY - timedelta(days=1)))
    done = desk.waits(WEDNESDAY, hour=6)
    assert (done.escalated, done.resurfaced) == (3, 1)
    [news] = desk.letters("warning")
    assert (news["recipient"], news["not_before"]) == ("chen@office.example", None)
    [storm] = desk.letters("digest")
    assert (storm["recipient"], storm["content"]["about"]) == ("leader@office.example", "escalated")
    assert sorted(item["number"] for item in storm["content"]["items"]) == [f"YJ-2026-0000{n}" for n in (1, 2, 3)]
    with desk.store.writing() as db:
        assert [letter.kind for letter in outbox.claim(db, at=at(WEDNESDAY, 8, 59))] == ["warning"]
        later = outbox.claim(db, at=at(WEDNESDAY, 9))
    assert {(letter.kind, letter.not_before) for letter in later} == {("digest", at(WEDNESDAY, 9).astimezone(UTC))}


# --- how it ended ---


def test_how_it_ended_is_told_to_whoever_heard_of_it_at_its_worst(desk: Desk) -> None:
    """Head and leader are told of red alone. It was red, and is yellow by now."""
    desk.has(warned("reported", level="yellow", peak="red"), warned("reported", subject_id="A/2"))
    desk.acts(1, "close")
    assert sorted(letter["recipient"] for letter in desk.letters("closed")) == [
        "chen@office.example", "head@office.example", "leader@office.example",
    ]  # fmt: skip
    desk.acts(2, "close")
    assert len(desk.letters("closed")) == 4, "orange was never theirs"


# --- the weekly letter ---

TWO_DESKS = """
[[recipient]]
address = "chen@office.example"
units = ["Works"]
[[recipient]]
address = "chen@office.example"
units = ["Parks"]
"""


def test_two_desks_at_one_address_get_a_weekly_letter_each(tmp_path: Path) -> None:
    desk = Desk(tmp_path, TWO_DESKS)
    desk.has(warned(), warned(unit="Parks", subject_id="A/2"))
    for hour in (6, 18):
        desk.waits(TODAY, hour=hour)
    told = sorted([item["number"] for item in letter["content"]["open"]] for letter in desk.letters("weekly"))
    assert told == [["YJ-2026-00001"], ["YJ-2026-00002"]]


def test_what_comes_after_the_weekly_letter_of_a_morning_is_in_the_next(tmp_path: Path) -> None:
    """Monday at six the letter is written; at ten a warning opens."""
    desk = Desk(tmp_path, PEOPLE)
    desk.waits(TODAY, hour=6)
    desk.has(warned())
    desk.waits(TODAY + timedelta(days=7))
    assert [[item["number"] for item in one["content"]["new"]] for one in desk.letters("weekly")] == [
        [], ["YJ-2026-00001"],
    ]  # fmt: skip
