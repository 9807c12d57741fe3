"""What people and time do to warnings, in a real store with its letters: written down once, whole, or not at all."""

from __future__ import annotations

import contextlib
import copy
import json
from dataclasses import asdict, replace
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any, Self

import pytest

from monitor import alerts, handling
from monitor.alerts.acts import Kind
from monitor.config import Config, load
from monitor.domain.errors import LvyueError, MoveError, UsageError
from monitor.domain.warning import Alert, Change, Silence
from monitor.store import Store, outbox, warnings
from tests.alerts import KINDS, LATER, STATES, TODAY, at, doing, warned
from tests.office import config
from tests.store import new_store

PEOPLE = """
[[recipient]]
address = "chen@office.example"
lang = "en"
[[recipient]]
address = "head@office.example"
level = "red"
role = "unit_head"
weekly = false
[[recipient]]
address = "leader@office.example"
level = "red"
role = "leader"
weekly = false
"""
TOMORROW = TODAY + timedelta(days=1)
NEVER = '[mail]\nweekly_on = "never"\n'


class Desk:
    """An office with some warnings and nothing else: no register says anything of them."""

    def __init__(self, folder: Path, *blocks: str) -> None:
        path = folder / "config.toml"
        path.write_text(config(*blocks, country="CN", zone="Asia/Shanghai"), encoding="utf-8")
        self.config: Config = load(path, {})
        self.config.state.mkdir(exist_ok=True)
        self.store = new_store(self.config.state)

    def again(self) -> Self:
        """The same office as another program sees it: over a connection of its own."""
        other = copy.copy(self)
        other.store = Store(self.config.database)
        return other

    def has(self, *alerts: Alert) -> list[Alert]:
        """Warnings as they are stored."""
        changes = [Change(alert=alert, event="opened", before=None, after=alert.level) for alert in alerts]
        with self.store.writing() as db:
            return [change.alert for change in warnings.save(db, changes, run_id=None, on=TODAY)]

    def acts(self, number: int, kind: Kind, actor: str = "Eve", **more: Any) -> Alert:
        """One act, through the one door."""
        return handling.act(self.config, self.store, str(number), doing(kind, actor, **more))

    def waits(self, day: date, *, hour: int = 10, minute: int = 0) -> handling.Reminded:
        """What time brings on a day."""
        return handling.remind(self.config, self.store, as_of=day, at=at(day, hour, minute))

    def alert(self, number: int = 1) -> Alert:
        with self.store.reading() as db:
            return warnings.by_id(db, [number])[number]

    def history(self, number: int = 1) -> list[dict[str, Any]]:
        with self.store.reading() as db:
            return warnings.history(db, number)

    def letters(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Letters in the outbox with their content, oldest first."""
        with self.store.reading() as db:
            rows = db.exec_driver_sql("select * from letter order by created_at, key").mappings().all()
        return [dict(row) | {"content": json.loads(row["content"])} for row in rows if kind in (None, row["kind"])]

    def everything(self) -> list[list[Any]]:
        """Every row that is about warnings and letters."""
        with self.store.reading() as db:
            names = ("alert", "alert_event", "letter", "silence")
            return [[tuple(row) for row in db.exec_driver_sql(f"select * from {name}")] for name in names]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, NEVER, PEOPLE)


# --- people ---


def test_an_act_is_written_with_who_when_and_why(desk: Desk) -> None:
    desk.has(warned())
    moved = desk.acts(1, "acknowledge", " Chen ", note=" I have it ")
    assert (
        moved
        == desk.alert()
        == replace(warned("acknowledged"), id=1, acknowledged_at=at(TODAY).astimezone(UTC), turn=2)
    )
    *_, event = desk.history()
    wanted = {
        "alert_id": 1, "run_id": None, "happened_on": TODAY, "kind": "acknowledged", "before": "orange", "after": "orange",
        "actor": "Chen", "reason": "I have it", "happened_at": at(TODAY).astimezone(UTC), "state": "acknowledged",
        "detail": {"state": "acknowledged"},
    }  # fmt: skip
    assert {name: event[name] for name in wanted} == wanted
    assert desk.letters() == [], "that somebody has seen it is no news"


def test_a_case_from_the_first_day_to_the_last(desk: Desk) -> None:
    """签收, 研判, 处置, 反馈, 销号: what each step says is kept, and the letters tell the whole of it so far."""
    desk.has(warned(level="red"))
    steps: tuple[tuple[Kind, str], ...] = (
        ("acknowledge", "Chen"), ("assess", "Chen"), ("handle", "Dong"), ("report", "Chen"), ("close", "Eve"),
    )  # fmt: skip
    for day, (kind, actor) in enumerate(steps):
        desk.acts(1, kind, actor, on=TODAY + timedelta(days=day), note=f"{kind}: because")
    told = [(event["kind"], event["actor"], event["reason"], event["state"]) for event in desk.history()]
    assert told[1:] == [
        ("acknowledged", "Chen", "acknowledge: because", "acknowledged"), ("assessed", "Chen", "assess: because", "assessing"),
        ("handled", "Dong", "handle: because", "handling"), ("reported", "Chen", "report: because", "reported"),
        ("closed", "Eve", "close: because", "closed"),
    ]  # fmt: skip
    for form in ("assessment", "closed"):
        letters = desk.letters(form)
        assert len({letter["recipient"] for letter in letters}) == 3
        events = [event["event"] for event in letters[0]["content"]["history"]]
        assert events == [event[0] for event in told][: len(events)]
    closing = desk.letters("closed")[0]["content"]["closing"]
    assert closing == {"by": "Eve", "on": "2026-03-06", "note": "close: because", "outcome": "true", "why": None}


def test_who_comes_second_is_told_the_hour_on_the_offices_own_clock(desk: Desk) -> None:
    desk.has(warned())
    desk.acts(1, "acknowledge", "Chen", hour=9)
    before = desk.everything()
    with pytest.raises(MoveError, match=r"YJ-2026-00001 was already acknowledged by Chen on 2026-03-02 09:00\n"):
        desk.acts(1, "acknowledge", "Dong", hour=11)
    assert desk.everything() == before


@pytest.mark.parametrize("state", STATES)
def test_what_the_table_forbids_changes_nothing(desk: Desk, state: Any) -> None:
    [alert] = desk.has(warned(state))
    before = desk.everything()
    refused = 0
    for kind in KINDS:
        with contextlib.suppress(MoveError):
            alerts.act(alert, doing(kind))
            continue
        with pytest.raises(MoveError, match=alert.number):
            desk.acts(1, kind)
        refused += 1
    assert refused >= 4
    assert desk.everything() == before


def test_an_act_that_does_not_say_enough_changes_nothing(desk: Desk) -> None:
    desk.has(warned())
    before = desk.everything()
    wrong: tuple[tuple[str, alerts.Act], ...] = (
        ("1", doing("acknowledge", "")), ("1", doing("dismiss", note="")), ("1", doing("suspend", value=TODAY)),
        ("2", doing("acknowledge")), ("YJ-2025-00001", doing("acknowledge")),
    )  # fmt: skip
    for number, act in wrong:
        with pytest.raises(UsageError):
            handling.act(desk.config, desk.store, number, act)
    assert desk.everything() == before


def test_a_case_is_not_reopened_beside_another_about_the_same(desk: Desk) -> None:
    desk.has(warned("closed", released_on=TODAY), warned())
    before = desk.everything()
    with pytest.raises(
        MoveError, match="YJ-2026-00001 cannot be reopened: a later case of GEN-DL-01 about the same has"
    ):
        desk.acts(1, "reopen")
    assert desk.everything() == before
    desk.acts(2, "dismiss")
    desk.acts(2, "reopen")
    assert (desk.alert(3).previous, desk.alert(2).released_on, desk.alert(3).state) == (2, TODAY, "acknowledged")


# --- time ---


def test_nobody_acts_and_what_was_foretold_comes_to_pass(desk: Desk) -> None:
    """`route` says on the first day who will be told when; then nobody does anything for sixty days."""
    desk.has(warned(level="yellow"))
    foretold = handling.route(desk.config, desk.store, "1", as_of=TODAY)
    for day in (TODAY + timedelta(days=n) for n in range(60)):
        desk.waits(day)
    happened = [
        (event["happened_on"], event["detail"]["role"]) for event in desk.history() if event["kind"] == "escalated"
    ]
    assert [(stop.on, stop.step) for stop in foretold[1:]] == happened
    assert (foretold[0].on, foretold[0].step) == (TODAY, "yellow")
    told = [(letter["content"]["as_of"], letter["recipient"]) for letter in desk.letters("escalated")]
    assert sorted(told) == sorted((stop.on.isoformat(), one.where) for stop in foretold[1:] for one in stop.recipients)
    assert {to for _, to in told} == {"head@office.example", "leader@office.example", "chen@office.example"}
    forms = {
        letter["content"]["escalation"]["role"]: letter["content"]["escalation"]["form"]
        for letter in desk.letters("escalated")
    }
    wanted = {"unit_head": "urge", "legal_office": "urge", "supervision": "supervision"}
    assert forms == wanted, "the leader heard it in the legal office's stead, and is not told the same again"


def test_a_step_for_which_nobody_is_named_goes_to_the_next_one_up(desk: Desk) -> None:
    """Orange goes to the legal office first, of which nobody is written down here: so the leader hears of it, once."""
    desk.has(warned())
    stops = handling.route(desk.config, desk.store, "1", as_of=TODAY)
    assert [[one.where for one in stop.recipients] for stop in stops] == [
        ["chen@office.example"], ["leader@office.example"], [], ["chen@office.example"],
    ]  # fmt: skip


def test_what_urges_is_written_at_once_and_sent_in_office_hours(desk: Desk) -> None:
    """Found at six on Wednesday morning, and at six on a Monday evening; on the Saturday before nobody is urged."""
    desk.has(warned(), warned(level="red", subject_id="A/2", armed_on=date(2026, 3, 6)))
    assert desk.waits(date(2026, 3, 4), hour=6).escalated == 1
    assert desk.waits(date(2026, 3, 7), hour=18).escalated == 0
    assert desk.waits(date(2026, 3, 9), hour=18).escalated == 1
    early, late = at(date(2026, 3, 4), 9), at(date(2026, 3, 10), 9)
    for opens in (early, late):
        with desk.store.writing() as db:
            assert outbox.claim(db, at=opens - timedelta(microseconds=1)) == []
            taken = outbox.claim(db, at=opens)
        assert taken
        assert {(letter.kind, letter.not_before) for letter in taken} == {("escalated", opens.astimezone(UTC))}
        with desk.store.writing() as db:
            assert all(outbox.settle(db, letter, "sent", at=opens, reply="250 OK") for letter in taken)


def test_asked_twice_a_day_time_does_nothing_more(desk: Desk) -> None:
    """Nobody ran the program for three months: of the steps that are due one is taken a day, however often it is asked."""
    desk.has(warned(level="yellow"), warned("suspended", subject_id="A/2"))
    day = date(2026, 6, 1)
    first = desk.waits(day)
    assert (first.escalated, first.resumed, first.letters > 0) == (1, 1, True)
    before = desk.everything()
    again = desk.waits(day, hour=11)
    assert (again.escalated, again.resumed, again.resurfaced, again.letters) == (0, 0, 0, 0)
    assert desk.everything() == before
    assert desk.waits(day + timedelta(days=1)).escalated == 1


def test_each_step_is_taken_though_the_program_is_started_anew_in_between(desk: Desk) -> None:
    desk.has(warned(level="yellow"))
    for day in (TODAY + timedelta(days=n) for n in range(40)):
        handling.remind(desk.config, Store(desk.config.database), as_of=day, at=at(day))
    steps = [event["detail"]["step"] for event in desk.history() if event["kind"] == "escalated"]
    assert steps == [1, 2, 3, 4]


# --- silences ---


def test_in_a_silence_nothing_is_told_and_afterwards_what_is_still_open_is(desk: Desk) -> None:
    desk.has(warned(told=None, documents=0), warned(told=None, documents=0, subject_id="A/2"))
    quiet = Silence(rule="GEN-*", author="Chen", reason="the road is closed", from_on=TODAY, until=LATER)
    assert handling.silence(desk.store, quiet) == 1
    for day in (TODAY + timedelta(days=n) for n in range((LATER - TODAY).days + 1)):
        desk.waits(day)
    assert desk.letters() == []
    desk.acts(2, "dismiss", on=LATER)
    after = LATER + timedelta(days=1)
    assert desk.waits(after).resurfaced == 1
    [item] = [item for letter in desk.letters("warning") for item in letter["content"]["items"]]
    assert (item["number"], item["event"]) == ("YJ-2026-00001", "resurfaced")
    assert (item["sequence"], item["document"]) == (desk.alert().documents, "履预〔2026〕1-1号"), "its first letter"
    assert (desk.waits(after).resurfaced, desk.waits(after + timedelta(days=1)).resurfaced) == (0, 0)


@pytest.mark.parametrize(
    ("silence", "words"),
    [
        (Silence(author=" ", reason="made", from_on=TODAY, until=LATER), "needs an author and a reason"),
        (Silence(author="Chen", reason="\n", from_on=TODAY, until=LATER), "needs an author and a reason"),
        (Silence(author="Chen", reason="made", from_on=TOMORROW, until=TODAY), "is none"),
        (Silence(author="Chen", reason="made", from_on=TODAY, until=date(2027, 3, 4)), "is none"),
    ],
    ids=["no author", "no reason", "ends before it begins", "more than a year"],
)
def test_a_silence_has_an_author_a_reason_and_an_end(desk: Desk, silence: Silence, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        handling.silence(desk.store, silence)
    assert desk.everything()[3] == []


# --- the weekly letter ---


def weeklies(desk: Desk) -> list[str]:
    """Days of the weekly letters, in the order they were written."""
    return [letter["content"]["as_of"] for letter in desk.letters("weekly")]


def test_the_weekly_letter_comes_once_a_week_also_when_there_is_nothing_to_tell(tmp_path: Path) -> None:
    desk = Desk(tmp_path, PEOPLE)
    for day in (TODAY + timedelta(days=n) for n in range(14)):
        for hour in (6, 18):
            desk.waits(day, hour=hour)
    assert weeklies(desk) == ["2026-03-02", "2026-03-09"], "to Chen alone: the others did not ask for it"
    content = desk.letters("weekly")[0]["content"]
    assert [content[name] for name in ("new", "open", "due_soon", "cleared", "closed", "sources")] == [[]] * 6
    assert (content["since"], set(content["counts"].values())) == ("2026-02-23", {0})


@pytest.mark.parametrize(("weekly_on", "on"), [("mon", 3), ("wed", 5), ("fri", 0), ("sun", 0)])
def test_the_weekly_letter_comes_late_when_the_program_was_off_on_its_day(
    tmp_path: Path, weekly_on: str, on: int
) -> None:
    """It runs on every day of a week; then, from the next weekly day on, not for some days; then on."""
    desk = Desk(tmp_path, f'[mail]\nweekly_on = "{weekly_on}"\n', PEOPLE)
    its_day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(weekly_on)
    for day in (TODAY + timedelta(days=n) for n in range(7)):
        desk.waits(day)
    seen = len(weeklies(desk))
    missed = TODAY + timedelta(days=7 + its_day)
    back = next(day for day in (missed + timedelta(days=n) for n in range(1, 8)) if day.weekday() == on)
    desk.waits(back)
    assert weeklies(desk)[seen:] == [back.isoformat()]


def test_the_weekly_letter_says_what_came_went_and_stands(tmp_path: Path) -> None:
    desk = Desk(tmp_path, '[mail]\nweekly_on = "sun"\n', PEOPLE)
    finding = warned().finding | {"due": "2026-03-12"}
    desk.has(
        warned(level="red", finding=finding), warned("reported", subject_id="A/2"), warned(level="blue", subject_id="A/3"),
    )  # fmt: skip
    desk.acts(2, "close")
    desk.acts(3, "dismiss")
    sunday = date(2026, 3, 8)
    desk.waits(sunday)
    [letter] = desk.letters("weekly")
    content = letter["content"]
    told = {name: [item["number"][-1] for item in content[name]] for name in ("new", "open", "due_soon", "closed")}
    assert told == {"new": ["1", "2", "3"], "open": ["1"], "due_soon": ["1"], "closed": ["2", "3"]}
    assert content["counts"] == {"red": 1, "orange": 0, "yellow": 0, "blue": 0}


def test_an_instant_without_a_warning_is_no_trouble(desk: Desk) -> None:
    done = desk.waits(TODAY)
    assert asdict(done) | {"run_id": 0} == {"run_id": 0, "escalated": 0, "resumed": 0, "resurfaced": 0, "letters": 0}
    with pytest.raises(LvyueError):
        desk.acts(1, "acknowledge")
    assert not any(desk.everything())
