"""What people may do with a warning: every state against every act, and ten thousand steps against a second model."""

from __future__ import annotations

import contextlib
import random
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

import pytest

from monitor import alerts
from monitor.alerts import Act, HandlingSettings
from monitor.alerts.acts import Kind, possible
from monitor.domain.errors import MoveError, UsageError
from monitor.domain.warning import DISMISSALS, Alert, Change, Signal
from monitor.domain.workdays import WorkCalendar
from tests.alerts import FINDING, KINDS, LATER, STATES, TODAY, at, doing, warned
from tests.alerts.model import LEVELS, Card

# Where an act leads (across) from each state (down). A dot: it is refused. The condition still holds; orange; Eve acts, who
# did nothing before. Closing needs a report or a transfer. "new" is another case.
TABLE = """
             acknowledge  assess    handle   report   close  dismiss   suspend   resume   transfer    assign       reopen
open         acknowledged .         .        .        .      dismissed suspended .        .           open         .
acknowledged .            assessing handling .        .      dismissed suspended .        transferred acknowledged .
assessing    .            assessing handling reported .      dismissed suspended .        transferred assessing    .
handling     .            assessing handling reported .      dismissed suspended .        transferred handling     .
reported     .            .         handling reported closed dismissed suspended .        transferred reported     .
suspended    .            .         .        .        .      .         .         handling .           suspended    .
transferred  .            .         .        .        closed .         .         .        .           transferred  .
closed       .            .         .        .        .      .         .         .        .           .            new
dismissed    .            .         .        .        .      .         .         .        .           .            new
"""
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [(row[0], kind, target) for row in ROWS for kind, target in zip(HEAD, row[1:], strict=True)]
EVENTS = {
    "acknowledge": "acknowledged", "assess": "assessed", "handle": "handled", "report": "reported", "close": "closed",
    "dismiss": "dismissed", "suspend": "suspended", "resume": "resumed", "transfer": "transferred", "assign": "assigned",
    "reopen": "reopened",
}  # fmt: skip
TOMORROW = TODAY + timedelta(days=1)


def test_the_table_names_every_state_and_every_act() -> None:
    assert (tuple(HEAD), tuple(row[0] for row in ROWS)) == (KINDS, STATES)


@pytest.mark.parametrize(("state", "kind", "target"), CELLS, ids=lambda word: str(word))
def test_what_may_be_done_and_where_it_leads(state: Any, kind: Kind, target: str) -> None:
    before = replace(warned(state), id=31, escalated=2)
    done = doing(kind, on=TOMORROW)
    if target == ".":
        with pytest.raises(MoveError, match=r"^YJ-2026-00031 ") as refused:
            alerts.act(before, done)
        assert refused.value.exit_code == 11
        if state not in ("closed", "dismissed") and kind != "close":
            assert refused.value.hint == f"now possible: {', '.join(possible(before))}"
        return
    change = alerts.act(before, done)
    assert (change.event, change.actor, change.note) == (EVENTS[kind], "Eve", "because")
    assert (change.before, change.after) == ("orange", "orange"), "an act never moves a level"
    assert change.detail["state"] == change.alert.state
    assert change.alert == afterwards(before, kind, target)


def afterwards(before: Alert, kind: str, target: str) -> Alert:
    """The warning afterwards, field by field: what is not named here stays."""
    if target == "new":
        return replace(
            warned("acknowledged"), opened_on=TOMORROW, level_since=TOMORROW, armed_on=TOMORROW, acted_on=TOMORROW,
            acknowledged_by="Eve", acknowledged_at=at(TOMORROW), assignee=before.assignee, previous=31, told=None,
            documents=0,
        )  # fmt: skip
    if kind == "assign":
        return replace(before, assignee="Dong")
    hands = "Chen、Eve" if before.state == "reported" else "Eve"
    more: dict[str, dict[str, Any]] = {
        "acknowledge": {"acknowledged_by": "Eve", "acknowledged_at": at(TOMORROW), "assignee": "Eve"},
        "report": {"reported_by": hands}, "transfer": {"reported_by": hands}, "close": {"closed_on": TOMORROW, "outcome": "true"},
        "dismiss": {"closed_on": TOMORROW, "outcome": "false"}, "suspend": {"held": before.state, "until": LATER},
        "resume": {"held": None, "until": None, "armed_on": TOMORROW},
    }  # fmt: skip
    usual: dict[str, Any] = {"state": target, "acted_on": TOMORROW, "escalated": 0}
    return replace(before, **usual | more.get(kind, {}))


@pytest.mark.parametrize("state", STATES)
def test_what_is_said_to_be_possible_is_what_the_table_has_a_way_for(state: Any) -> None:
    """Closing is named where a report would open it; the refusal says what is missing."""
    ways = {kind for one, kind, target in CELLS if one == state and target != "."}
    early = {"close"} if state in ("acknowledged", "assessing", "handling") else set()
    assert set(possible(warned(state))) == ways | early


# --- closing ---


@pytest.mark.parametrize(
    ("warning", "words"),
    [
        (warned("handling"), "is handling and its condition still holds: it cannot be closed yet"),
        (warned("acknowledged", cleared_on=TODAY), None),
        (warned("open", cleared_on=TODAY), "is open: it cannot be closed"),
        (warned("handling", level="red", cleared_on=TODAY), "is handling and red needs a report"),
        (warned("handling", level="blue", peak="red", cleared_on=TODAY), "is handling and red needs a report"),
        (warned("reported", level="red"), None),
        (warned("transferred", level="red"), None),
    ],
    ids=["worked", "over", "nobody signed", "red and over", "was red and over", "red, reported", "red, handed over"],
)
def test_what_has_to_come_before_it_is_closed(warning: Alert, words: str | None) -> None:
    if words is None:
        assert alerts.act(warning, doing("close")).alert.state == "closed"
        return
    with pytest.raises(MoveError, match=words):
        alerts.act(warning, doing("close"))


@pytest.mark.parametrize("actor", ["Chen", "  Chen ", "CHEN", "chen\n"])
def test_what_was_red_is_closed_by_a_second_person_only(actor: str) -> None:
    lowered = warned("reported", level="yellow", peak="red")
    with pytest.raises(MoveError, match=rf"was red, and {actor.strip()} has worked on it") as refused:
        alerts.act(lowered, doing("close", actor))
    assert refused.value.hint == "red is ended by a second person"
    assert alerts.act(lowered, doing("close", "Eve")).alert.closed_on == TODAY
    handed_over = warned("transferred", level="red")
    with pytest.raises(MoveError, match=rf"red, and {actor.strip()}"):
        alerts.act(handed_over, doing("close", actor))
    assert alerts.act(warned("reported"), doing("close", actor)).alert.state == "closed", "orange never was red"


# Who did what to a red warning before somebody tries to end it, and who may then.
HANDS = (
    ("acknowledge Chen", "Dong Eve"),
    ("acknowledge Chen, handle Dong, report Dong", "Chen Eve"),
    ("acknowledge Chen, handle Chen, report Chen, report Dong", "Eve"),
    ("acknowledge Chen, transfer Dong", "Chen Eve"),
    ("acknowledge Chen, handle Chen, report Dong, transfer Eve", "Chen"),
    ("acknowledge Chen, handle Chen, report Chen, handle Dong, report Dong, transfer Eve", ""),
)


@pytest.mark.parametrize(("before", "others"), HANDS, ids=lambda word: word.replace(",", "") or "nobody")
def test_nobody_ends_a_red_one_on_their_own_work(before: str, others: str) -> None:
    """Closing and dismissing alike; whoever reported earlier stays among them."""
    alert = warned(level="red")
    for words in before.split(", "):
        kind, actor = words.split()
        alert = alerts.act(alert, doing(next(one for one in KINDS if one == kind), actor)).alert
    ends: Kind = "close" if "close" in possible(alert) and alert.state in ("reported", "transferred") else "dismiss"
    ended = set()
    for actor in ("Chen", "Dong", "Eve"):
        with contextlib.suppress(MoveError):
            ended.add(alerts.act(alert, doing(ends, actor)).actor)
    assert ended == set(others.split())


def test_a_red_one_that_nobody_took_up_is_not_waved_away() -> None:
    for level in ("red", "blue"):
        with pytest.raises(MoveError, match="was red: one person alone cannot end it") as refused:
            alerts.act(warned(level=level, peak="red"), doing("dismiss"))
        assert refused.value.hint == "acknowledge it first"
    assert alerts.act(warned(), doing("dismiss")).alert.state == "dismissed", "orange never was red"


@pytest.mark.parametrize("alias", ["Chen、Dong", "Dong、chen", "Chen、"])
def test_two_names_at_once_are_both_of_them(alias: str) -> None:
    """Names are kept side by side: who signs as two is each of them."""
    taken = alerts.act(warned(level="red"), doing("acknowledge", alias)).alert
    for actor in (alias, "Chen"):
        with pytest.raises(MoveError):
            alerts.act(taken, doing("dismiss", actor))
    reported = warned("reported", level="red")
    with pytest.raises(MoveError):
        alerts.act(reported, doing("close", alias))


def test_settled_while_it_holds_keeps_others_from_opening_and_settled_afterwards_does_not() -> None:
    for kind in ("close", "dismiss"):
        assert alerts.act(warned("reported"), doing(kind)).alert.released_on is None
        assert alerts.act(warned("reported", cleared_on=TODAY), doing(kind)).alert.released_on == TODAY


# --- who comes second ---


def test_who_comes_second_is_told_who_was_first_and_when() -> None:
    first = alerts.act(replace(warned(), id=31), doing("acknowledge", "Chen", hour=9)).alert
    with pytest.raises(
        MoveError, match=r"^YJ-2026-00031 was already acknowledged by Chen on 2026-03-02 09:00\n"
    ) as refused:
        alerts.act(first, doing("acknowledge", "Dong"))
    assert "assess, handle, close" in refused.value.hint
    reported = alerts.act(alerts.act(first, doing("assess")).alert, doing("report", "Eve")).alert
    with pytest.raises(MoveError, match="already acknowledged by Chen"):
        alerts.act(reported, doing("acknowledge", "Dong"))


def test_what_is_suspended_or_settled_is_said_to_be_so_and_not_who_signed_it() -> None:
    for warning in (warned("suspended"), warned("closed")):
        with pytest.raises(MoveError, match=f"is {warning.state}: it cannot be acknowledged"):
            alerts.act(warning, doing("acknowledge"))


def test_who_signs_holds_it_unless_somebody_was_given_it_before() -> None:
    assert alerts.act(warned(), doing("acknowledge", " Dong ")).alert.assignee == "Dong"
    assert alerts.act(warned(assignee="Eve"), doing("acknowledge", "Dong")).alert.assignee == "Eve"


# --- what has to be said ---


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_acts_without_a_name_and_only_signing_and_giving_need_no_reason(kind: Kind) -> None:
    state: Any = next(one for one, act, target in CELLS if act == kind and target != ".")
    with pytest.raises(UsageError, match=f"{kind}: nobody says who does it"):
        alerts.act(warned(state), doing(kind, " "))
    if kind in ("acknowledge", "assign"):
        assert alerts.act(warned(state), doing(kind, note=" ")).note == ""
        return
    with pytest.raises(UsageError, match=f"{kind}: the reason is missing"):
        alerts.act(warned(state), doing(kind, note=" \n"))


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("close", "false", "'false' is none of true, prevented"),
        ("close", None, "close: it is not said"),
        ("dismiss", "I say so", "is none of wrong_data"),
        ("suspend", None, "no day is no later day"),
        ("suspend", TODAY, "2026-03-02 is no later day"),
        ("suspend", "2026-05-01", "is no later day"),
        ("transfer", " ", "transfer: it is not said to whom"),
        ("assign", None, "assign: it is not said to whom"),
    ],
)
def test_what_an_act_asks_for_has_to_be_given(kind: Kind, value: str | date | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        alerts.act(warned("reported"), doing(kind, value=value))


def test_a_year_is_the_longest_that_a_case_is_put_aside() -> None:
    longest = TODAY + timedelta(days=366)
    assert alerts.act(warned(), doing("suspend", value=longest)).alert.until == longest
    with pytest.raises(UsageError, match="2027-03-04 is more than a year away"):
        alerts.act(warned(), doing("suspend", value=longest + timedelta(days=1)))


def test_who_and_why_are_one_line() -> None:
    """A line break in a name or a reason would let one event pass for two wherever it is printed."""
    change = alerts.act(warned(), doing("acknowledge", " Chen\n Hua ", note="seen\r\n2026-03-03  closed\tby Eve "))
    assert (change.actor, change.note) == ("Chen Hua", "seen 2026-03-03 closed by Eve")
    assert change.alert.acknowledged_by == "Chen Hua"


@pytest.mark.parametrize("reason", DISMISSALS)
def test_a_false_alarm_is_counted_by_what_made_it(reason: str) -> None:
    change = alerts.act(warned(), doing("dismiss", value=reason))
    assert (change.alert.outcome, change.detail["dismissal"]) == ("false", reason)


def test_reopening_gives_a_case_that_names_the_old_one_and_that_no_scan_closes_by_itself() -> None:
    old = replace(warned("closed", level="blue", cleared_on=TODAY, released_on=TODAY), id=31)
    new = alerts.act(old, doing("reopen", on=TOMORROW)).alert
    assert (new.id, new.previous, new.state, new.acknowledged_by, new.closed_on) == (
        None,
        31,
        "acknowledged",
        "Eve",
        None,
    )
    clear = Signal(rule=new.rule, subject=new.subject, subject_id=new.subject_id, outcome="clear", finding={})
    assert alerts.step(new, clear, on=TOMORROW) is None
    holding = replace(new, cleared_on=None)
    change = alerts.step(holding, clear, on=TOMORROW)
    assert change is not None
    assert (change.event, change.alert.closed_on) == ("cleared", None)


# --- a random walk ---


def test_ten_thousand_steps_go_as_the_second_model_says_and_none_by_another_door(
    calendars: dict[str, WorkCalendar],
) -> None:
    chance, happened, refused = random.Random(5), set[str](), 0
    alert: Alert | None = None
    card, today = Card(level=0, worst=0, armed=TODAY, state="none"), TODAY
    for number in range(10_000):
        pick = chance.random()
        if alert is None or pick < 0.2:
            alert, card, event = scanned(alert, card, chance.choice((0, 0, 1, 2, 3, 4)), today)
            happened.add(event)
        elif pick < 0.5:
            today += timedelta(days=chance.choice((1, 1, 1, 2, 3)))
            change = alerts.tick(alert, on=today, handling=HandlingSettings(), calendar=calendars["CN"])
            alert = change.alert if change else alert
            happened.add(change.event if change else "")
            card.waits(today, calendars["CN"].is_working)
        else:
            kind = chance.choice(KINDS)
            act = doing(kind, chance.choice(("Chen", "Dong", "Eve")), on=today, value=value_of(kind, today, chance))
            allowed = card.may(kind, act.actor)
            try:
                moved = moved_by(alert, act, number)
            except MoveError:
                assert not allowed, (card, act)
                refused += 1
            else:
                assert allowed, (card, act)
                happened.add(moved.event)
                alert, card = moved.alert, card.does(kind, act.actor, today, act.value)
        assert as_card(alert) == (asdict(card) if alert else None), number
        alert = alert if card.slot or chance.random() < 0.3 else None  # what is settled and over can still be reopened
    assert happened >= {*EVENTS.values(), "raised", "lowered", "cleared", "recurred", "released", "escalated"}
    assert refused > 1_000


def moved_by(alert: Alert, act: Act, number: int) -> Change:
    """An act on it, with an id as the store would give it."""
    moved = alerts.act(alert, act)
    return replace(moved, alert=replace(moved.alert, id=number)) if moved.alert.id is None else moved


def scanned(alert: Alert | None, card: Card, level: int, on: date) -> tuple[Alert | None, Card, str]:
    """A scan finds a level, or that it is clear."""
    standing = alert if alert is not None and alert.released_on is None else None
    outcome = LEVELS[level] or "clear"
    signal = Signal(rule="R", subject="obligation", subject_id="A/1", outcome=outcome, unit="Works", finding=FINDING)
    change = alerts.step(standing, signal, on=on)
    fresh = Card(level=level, worst=level, armed=on) if level and standing is None else None
    new = fresh or (card.hears(level, on) if standing else None) or card
    if change is None:
        return alert, new, ""
    return replace(change.alert, id=change.alert.id or 1), new, change.event


def value_of(kind: Kind, today: date, chance: random.Random) -> str | date | None:
    """What an act asks for beside the reason."""
    if kind == "suspend":
        return today + timedelta(days=chance.randrange(1, 30))
    return {"close": "true", "dismiss": "other"}.get(kind, chance.choice(("Chen", "Dong", "Eve")))


def as_card(alert: Alert | None) -> dict[str, object] | None:
    """What the second model knows of a warning."""
    if alert is None:
        return None
    return asdict(
        Card(
            level=LEVELS.index(alert.level), worst=LEVELS.index(alert.peak), armed=alert.armed_on, state=alert.state,
            over=alert.cleared_on is not None, slot=alert.released_on is None, signed=alert.acknowledged_by or "",
            reporters=set(filter(None, (alert.reported_by or "").split("、"))), holder=alert.assignee or "",
            held=alert.held or "", until=alert.until, acted=alert.acted_on, escalated=alert.escalated,
        )
    )  # fmt: skip
