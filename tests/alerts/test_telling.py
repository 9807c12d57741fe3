"""What people are told, what is kept quiet and why; and that nothing kept quiet is lost."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from monitor import alerts
from monitor.alerts import telling
from monitor.domain.warning import LEVELS, PROGRAM, Alert, Change, Event, Signal, Silence, State
from tests.alerts import TODAY, doing, warned

TOMORROW, LATER = TODAY + timedelta(days=1), TODAY + timedelta(days=10)
QUIET = Silence(id=1, rule="GEN-*", author="Chen", reason="the road is closed", from_on=TODAY, until=LATER)


def new(level: str = "orange", *, number: int = 1, subject: str = "A/1", rule: str = "GEN-DL-01") -> Change:
    """A warning that a scan has just opened."""
    alert = replace(warned(level=level, subject_id=subject), id=number, rule=rule, told=None, documents=0)
    return Change(alert=alert, event="opened", before=None, after=level)


def happened(event: Event, alert: Alert, *, actor: str = PROGRAM) -> Change:
    return Change(alert=alert, event=event, before=alert.level, after=alert.level, actor=actor)


def marked(
    changes: Sequence[Change], *silences: Silence, others: Sequence[Alert] = (), on: date = TODAY
) -> list[Change]:
    """Changes as they are saved and told; `others` stand beside them."""
    return alerts.quiet(changes, [*(change.alert for change in changes), *others], silences, on=on)


def resurfaced(standing: Iterable[Alert], silences: Sequence[Silence], *, on: date) -> list[Change]:
    """What is told of now that was kept quiet, as it is saved."""
    kept = list(standing)
    return alerts.quiet(telling.resurfaced(kept, silences, on=on), kept, silences, on=on)


def muted(changes: Sequence[Change]) -> list[str | None]:
    return [change.muted for change in changes]


# --- silences ---


def test_in_a_silence_a_warning_is_kept_and_says_why_nobody_hears_of_it() -> None:
    [change] = marked([new()], QUIET)
    assert (change.told, change.muted, change.detail) == (False, "silence 1", {"muted": "silence 1"})
    assert (change.alert.state, change.alert.told, change.alert.documents) == ("open", None, 0)


def test_when_the_silence_is_over_what_is_still_open_is_told_once() -> None:
    [change] = marked([new()], QUIET)
    assert resurfaced([change.alert], [QUIET], on=LATER) == []
    [told] = resurfaced([change.alert], [QUIET], on=LATER + timedelta(days=1))
    assert (told.event, told.told, told.before, told.after) == ("resurfaced", True, None, "orange")
    assert told.alert.told == "orange"
    assert resurfaced([told.alert], [QUIET], on=LATER + timedelta(days=2)) == []


def test_a_silence_that_is_ended_early_is_over_from_that_day_on() -> None:
    [change] = marked([new()], QUIET)
    ended = replace(QUIET, ended_on=TOMORROW)
    assert ended.covers(change.alert, TODAY)
    assert [told.event for told in resurfaced([change.alert], [ended], on=TOMORROW)] == ["resurfaced"]
    assert not replace(QUIET, ended_on=TODAY).covers(change.alert, TODAY)


@pytest.mark.parametrize("end", ["cleared", "closed", "dismissed"])
def test_what_is_over_before_the_silence_is_not_told_afterwards(end: str) -> None:
    [change] = marked([new()], QUIET)
    over = {
        "cleared": replace(change.alert, cleared_on=TOMORROW), "closed": replace(change.alert, state="closed"),
        "dismissed": alerts.act(change.alert, doing("dismiss")).alert,
    }  # fmt: skip
    assert resurfaced([over[end]], [], on=LATER) == []


@pytest.mark.parametrize(
    ("silence", "quiet"),
    [
        (replace(QUIET, rule="GEN-DL-01"), True),
        (replace(QUIET, rule="CN-*"), False),
        (replace(QUIET, rule="gen-dl-01"), False),
        (replace(QUIET, unit="Wor*"), True),
        (replace(QUIET, unit="Parks"), False),
        (replace(QUIET, contract_id="A"), True),
        (replace(QUIET, contract_id="B"), False),
        (replace(QUIET, from_on=TOMORROW), False),
        (replace(QUIET, until=TODAY), True),
        (replace(QUIET, from_on=TODAY - timedelta(days=9), until=TODAY - timedelta(days=1)), False),
    ],
    ids=[
        "rule",
        "other rule",
        "other case",
        "unit",
        "other unit",
        "contract",
        "other contract",
        "later",
        "last day",
        "over",
    ],
)
def test_a_silence_covers_what_it_names_and_its_days(silence: Silence, quiet: bool) -> None:
    assert silence.covers(new().alert, TODAY) == quiet
    assert muted(marked([new()], silence)) == (["silence 1"] if quiet else [None])


def test_a_warning_of_no_unit_is_not_quiet_with_any_but_all() -> None:
    nobodys = replace(new().alert, unit=None)
    assert [replace(QUIET, unit=unit).covers(nobodys, TODAY) for unit in ("*", "W*", "?")] == [True, False, False]


def test_in_a_silence_a_warning_that_gets_worse_is_told_of_at_its_worst() -> None:
    """It was told as yellow; in the silence it became red."""
    before = warned(level="yellow")
    signal = Signal(rule=before.rule, subject="obligation", subject_id="A/1", outcome="red", finding={})
    change = alerts.step(before, signal, on=TODAY)
    assert change is not None
    [quiet] = marked([change], QUIET)
    assert (quiet.muted, quiet.alert.told, quiet.alert.level) == ("silence 1", "yellow", "red")
    [told] = resurfaced([quiet.alert], [], on=LATER)
    assert (told.before, told.after, told.alert.told) == ("yellow", "red", "red")
    lowered = replace(quiet.alert, level="yellow")
    assert resurfaced([lowered], [], on=LATER) == [], "people know of the yellow one"


# --- a graver warning on the same subject ---


def test_red_on_a_payment_mutes_its_own_yellow_and_no_other() -> None:
    changes = [new("red"), new("yellow", number=2, rule="GEN-DL-02"), new("yellow", number=3, subject="A/2")]
    assert muted(marked(changes)) == [None, "red on the same subject", None]
    standing = warned(level="red", id=9, rule="GEN-DL-09")
    assert muted(marked([new("blue", number=2)], others=[standing])) == ["red on the same subject"]


def test_what_is_urgent_itself_is_never_muted_by_what_is_graver() -> None:
    assert muted(marked([new("red"), new("orange", number=2, rule="GEN-DL-02")])) == [None, None]


@pytest.mark.parametrize("end", ["cleared", "closed"])
def test_when_the_red_one_is_over_the_yellow_one_is_told(end: str) -> None:
    red, yellow = marked([new("red"), new("yellow", number=2, rule="GEN-DL-02")])
    assert resurfaced([red.alert, yellow.alert], [], on=TOMORROW) == []
    over = {"cleared": replace(red.alert, cleared_on=TOMORROW), "closed": replace(red.alert, state="closed")}[end]
    [told] = resurfaced([over, yellow.alert], [], on=TOMORROW)
    assert (told.alert.id, told.event, told.alert.told) == (2, "resurfaced", "yellow")


def test_an_orange_that_is_over_mutes_nothing() -> None:
    over = warned(cleared_on=TODAY, id=9, rule="GEN-DL-09")
    assert muted(marked([new("yellow")], others=[over])) == [None]


def test_a_graver_one_that_nobody_hears_or_works_on_says_nothing_for_another() -> None:
    """Silenced, put aside, handed over: then the yellow one is all that people hear."""
    yellow, red = new("yellow", number=2, rule="R-2"), warned(level="red", id=9)
    assert muted(marked([yellow], others=[red])) == ["red on the same subject"]
    assert muted(marked([yellow], QUIET, others=[red])) == [None]
    aside: tuple[State, ...] = ("suspended", "transferred")
    for state in aside:
        assert muted(marked([yellow], others=[replace(red, state=state)])) == [None]
    assert telling.hushed([yellow.alert, red], [QUIET], on=TODAY) == {9}
    assert telling.hushed([yellow.alert, red], [], on=TODAY) == {2}


def test_what_is_told_late_has_its_time_from_then_on() -> None:
    [change] = marked([new()], QUIET)
    [told] = resurfaced([replace(change.alert, escalated=2)], [], on=LATER)
    assert (told.alert.armed_on, told.alert.escalated, told.alert.opened_on) == (LATER, 0, TODAY)


# --- what is worth a letter ---


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (happened("cleared", warned(cleared_on=TODAY)), True),
        (happened("cleared", warned(level="yellow", cleared_on=TODAY)), False),
        (happened("cleared", warned(level="yellow", peak="red", cleared_on=TODAY)), True),
        (happened("cleared", warned(cleared_on=TODAY, told=None)), False),
        (happened("closed", warned("closed"), actor="Eve"), True),
        (happened("closed", warned("closed")), False),
        (happened("dismissed", warned("dismissed", level="blue"), actor="Eve"), False),
        (happened("assessed", warned("assessing"), actor="Eve"), True),
        (happened("escalated", warned(level="blue")), True),
        (happened("escalated", warned(level="blue", told=None)), True),
        (happened("acknowledged", warned("acknowledged"), actor="Eve"), False),
        (happened("handled", warned("handling"), actor="Eve"), False),
        (happened("lowered", warned(level="blue")), False),
        (happened("updated", warned()), False),
    ],
    ids=lambda value: f"{value.event} {value.alert.level}" if isinstance(value, Change) else str(value),
)
def test_a_level_and_a_delay_are_told_and_of_the_end_those_who_heard_of_something_grave(
    change: Change, told: bool
) -> None:
    [one] = marked([change])
    assert one.told == told
    assert one.alert.documents == change.alert.documents + told
    assert one.alert.told == change.alert.told, "none of these is news of a level"


# --- nothing is lost ---


def test_whatever_is_quiet_for_whatever_reason_is_told_when_the_reason_is_gone() -> None:
    """Random lives of six warnings on two subjects through sixty days of silences; then all silences and reds are over."""
    for seed in range(30):
        chance = random.Random(seed)
        silences = [a_silence(number, chance) for number in range(4)]
        standing: dict[tuple[str, str], Alert] = {}
        heard: dict[tuple[str, str], str | None] = {}
        for day in (TODAY + timedelta(days=n) for n in range(60)):
            keys = [(rule, subject) for rule in ("R1", "R2", "R3") for subject in ("A", "B") if chance.random() < 0.3]
            steps = [(key, alerts.step(standing.get(key), found(key, chance), on=day)) for key in keys]
            after = standing | {key: numbered(step.alert, key) for key, step in steps if step}
            changes = [replace(step, alert=after[key]) for key, step in steps if step]
            told = alerts.quiet(changes, after.values(), silences, on=day)
            standing = after | {(one.alert.rule, one.alert.subject_id): one.alert for one in told}
            standing = {key: alert for key, alert in standing.items() if alert.released_on is None}
            again = resurfaced(standing.values(), silences, on=day)
            standing |= {(one.alert.rule, one.alert.subject_id): one.alert for one in again}
            heard |= {(one.alert.rule, one.alert.subject_id): one.alert.level for one in [*told, *again] if one.told}
        last = TODAY + timedelta(days=100)
        for key, alert in sorted(standing.items(), key=lambda item: -LEVELS.index(item[1].level)):
            if not alert.active:
                continue
            told = resurfaced([alert], silences, on=last)
            known = told[0].alert.level if told else heard.get(key)
            assert known is not None, (seed, key)
            assert LEVELS.index(known) >= LEVELS.index(alert.level), (seed, key)


def a_silence(number: int, chance: random.Random) -> Silence:
    first = TODAY + timedelta(days=chance.randrange(50))
    last = first + timedelta(days=chance.randrange(20))
    rule = chance.choice(("*", "R1", "R2"))
    return Silence(id=number, rule=rule, author="Chen", reason="made", from_on=first, until=last)


def found(key: tuple[str, str], chance: random.Random) -> Signal:
    outcome = chance.choice((*LEVELS, "clear"))
    return Signal(rule=key[0], subject="obligation", subject_id=key[1], outcome=outcome, unit="Works", finding={})


def numbered(alert: Alert, key: tuple[str, str]) -> Alert:
    return replace(alert, id=int(key[0][1]) * 10 + ord(key[1]))
