"""Would we have warned in time? Counted by hand on a few made cases, then through the whole replay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor import backtest, rulebook
from monitor.config import load as load_config
from monitor.domain.errors import UsageError
from monitor.domain.workdays import WorkCalendar
from monitor.learning import recipe
from monitor.learning.hindsight import BOTH, RULES, SCORES, End, Row, hindsight
from monitor.learning.leads import leads
from tests.learning.test_dataset import late_by_unit, made_office, noon
from tests.learning.test_recipe import SHIPPED, shelve, slip
from tests.office import CORE, Office, config
from tests.store import Register, new_store

DUE = date(2023, 6, 15)


def end(key: str, late: bool | None, *, due: date = DUE) -> End:
    return End(
        subject_id=key,
        contract_id="C",
        contract_title="Contract",
        title=key,
        unit="Unit",
        due=due,
        late=late,
        done=None,
    )


def before(days: int) -> date:
    return DUE - timedelta(days=days)


ENDS = [end("a", True), end("b", True), end("c", True), end("d", False), end("e", False), end("f", None)]
SAID = {
    (RULES, "blue"): {"a": before(10), "b": before(-1), "d": before(20)},
    (RULES, "yellow"): {"a": before(0)},
    (SCORES, "blue"): {"a": before(90), "f": before(50), "x": before(3)},
    (SCORES, "yellow"): {},
    (BOTH, "blue"): {"a": before(90), "b": before(-1), "d": before(20), "f": before(50), "x": before(3)},
    (BOTH, "yellow"): {"a": before(0)},
}


def test_caught_precise_and_ahead_are_what_a_hand_counts() -> None:
    found = hindsight(ENDS, SAID, first=before(90), last=before(-7), days=15)
    assert (found.cases, found.late, found.open, found.days) == (5, 3, 1, 15)
    rows = {(row.voice, row.level): row for row in found.rows}
    assert set(rows) == set(SAID)
    rules, scores, both = (rows[voice, "blue"] for voice in (RULES, SCORES, BOTH))
    assert (rules.warned, rules.caught, rules.ahead, rules.days) == (2, 1, 0, (10.0, 10.0, 10.0))
    assert (scores.warned, scores.caught, scores.ahead, scores.days) == (1, 1, 1, (90.0, 90.0, 90.0))
    assert (both.warned, both.caught, both.ahead) == (2, 1, 1)
    assert shares(rules) == (0.333, 0.5)
    assert shares(scores) == (0.333, 1.0)
    assert shares(rows[SCORES, "yellow"]) == (0.0, None), "who warned of nothing is not precise"
    assert rows[RULES, "yellow"].days == (0.0, 0.0, 0.0), "on its last day a warning is still in time"
    assert scores.a_week == pytest.approx(3 / 14), "everything that was said, over fourteen weeks"
    low, high = (rules.caught_share or (0, 0, 0))[1:]
    assert 0 < low < 1 / 3 < high < 1


def shares(row: Row) -> tuple[float | None, float | None]:
    """Of the late ones those caught, of those warned of the late ones."""
    caught, precise = (one and round(one[0], 3) for one in (row.caught_share, row.precision))
    return caught, precise


def test_what_nobody_warned_of_in_time_is_listed() -> None:
    found = hindsight(ENDS, SAID, first=before(90), last=before(-7), days=15)
    assert [(case["subject_id"], case["first_warned"]) for case in found.unwarned] == [("b", before(-1)), ("c", None)]


def test_lead_times_have_quartiles() -> None:
    said: dict[tuple[str, str], Mapping[str, date]] = {
        (RULES, "blue"): {key: before(days) for key, days in zip("abcde", (10, 20, 30, 40, 50), strict=True)}
    }
    [row] = hindsight([end(key, True) for key in "abcde"], said, first=DUE, last=DUE, days=1).rows
    assert (row.days, row.ahead, row.a_week) == ((20.0, 30.0, 40.0), 3, 5.0)
    assert hindsight([], said, first=DUE, last=DUE, days=1).rows[0].caught_share is None


def test_a_budget_a_day_is_not_a_budget_a_milestone() -> None:
    """Two of four on each of two days: a and b, then a and c. A warning stays, so three of four are warned of."""
    subject = np.array([*"abcd", *"abcd"], dtype=object)
    as_of = np.repeat(np.array(["2023-01-01", "2023-02-01"], dtype="datetime64[D]"), 4)
    left = np.array([100, 50, 70, 40, 69, 19, 39, 9], dtype=np.float64)
    said = np.array([0.9, 0.8, 0.2, 0.1, 0.9, 0.1, 0.8, 0.1])
    late = np.array([True, False, False, True, True, False, True, True])
    [found] = leads(subject, as_of, left, late, said, budgets=[0.5])
    assert (found.subjects, found.late, found.warned) == (4, 3, 0.75), "c was late against the day it was moved to"
    assert (found.precision, found.caught) == pytest.approx((2 / 3, 2 / 3))
    assert found.ahead == {30: pytest.approx(2 / 3), 60: pytest.approx(1 / 3)}
    assert found.days == (54.25, 69.5, 84.75)
    [nobody] = leads(subject, as_of, left, np.zeros(8, dtype=bool), said, budgets=[0.1])
    assert (nobody.warned, nobody.precision, nobody.caught, nobody.ahead, nobody.days) == (0.0, None, None, {}, None)


def test_of_equal_scores_those_that_stand_first_are_warned_of() -> None:
    subject, day = np.array([*"abcd"], dtype=object), np.full(4, np.datetime64("2023-01-01"))
    late = np.array([False, True, False, False])
    [found] = leads(subject, day, np.full(4, 40.0), late, np.full(4, 0.5), budgets=[0.5])
    assert (found.warned, found.precision, found.caught) == (0.5, 0.5, 1.0)


# --- through the store ---

PROMISES: dict[str, tuple[date, date, dict[str, Any]]] = {
    "A": (date(2023, 1, 10), date(2023, 6, 15), {}),
    "B": (date(2023, 1, 10), date(2023, 6, 20), {"done_on": date(2023, 6, 10), "status": "met"}),
    "E": (date(2023, 1, 10), date(2023, 6, 24), {}),
    "F": (date(2023, 1, 10), date(2023, 6, 1), {"waived": date(2023, 7, 1)}),
    "G": (date(2023, 5, 20), date(2023, 5, 25), {}),
    "D": (date(2023, 7, 1), date(2023, 6, 12), {}),
}
"""Recorded on the first day, due on the second; G comes into the register five days before its day, D after it."""


def test_rules_of_today_are_asked_about_days_of_then(tmp_path: Path, calendars: dict[str, WorkCalendar]) -> None:
    """On 1 and 29 May and 26 June. GEN-DL-01 reminds thirty days before, is yellow fifteen days before; known is what was
    known on 20 July, when E may still be in time."""
    (tmp_path / "state").mkdir()
    (tmp_path / "config.toml").write_text(config(CORE, zone="UTC"), encoding="utf-8")
    ledger = Register(new_store(tmp_path / "state"))
    for day in sorted({recorded for recorded, _, _ in PROMISES.values()} | {date(2023, 7, 1)}):
        rows: list[dict[str, Any]] = []
        for key, (recorded, due, more) in PROMISES.items():
            row: dict[str, Any] = {
                "id": key,
                "contract_id": "C",
                "title": key,
                "due_on": due,
                "status": "scheduled",
            } | more
            if (waived := row.pop("waived", None)) and waived <= day:
                row["status"] = "waived"
            rows += [row] if recorded <= day else []
        ledger.says(noon(day), contract=[{"id": "C", "title": "C", "signed_on": date(2023, 1, 1)}], obligation=rows)
    settings = load_config(tmp_path / "config.toml", {})
    [asked] = recipe.load([shelve(tmp_path / "shelf", ours=slip("ours"))], calendars, default_calendar="US")
    book = rulebook.load(settings.rule_shelves(), calendars, default_calendar="US", packs=["core"])
    given: dict[str, Any] = {
        "step": timedelta(days=28),
        "known_at": datetime(2023, 7, 20, 12, tzinfo=UTC),
        "voices": [RULES],
    }
    found = backtest.run(
        settings, book, asked, first=date(2023, 5, 1), last=date(2023, 6, 26), tell=lambda _: None, **given
    ).hindsight
    assert (found.cases, found.late, found.open, found.days) == (4, 3, 1, 3), "F was waived, and is no case"
    blue, yellow = (
        next(row for row in found.rows if (row.voice, row.level) == (RULES, one)) for one in ("blue", "yellow")
    )
    assert (blue.warned, blue.caught, blue.ahead, blue.days) == (2, 1, 0, (17.0, 17.0, 17.0)), "A and B, on 29 May"
    assert shares(blue) == (0.333, 0.5)
    assert (yellow.warned, shares(yellow)) == (0, (0.0, None)), "A became yellow between two of the days"
    assert blue.a_week == pytest.approx(5 / (57 / 7)), "A, B, E, F and, too late, G"
    unwarned = {case["title"]: case["first_warned"] for case in found.unwarned}
    assert unwarned == {"G": date(2023, 5, 29), "D": None}
    with pytest.raises(UsageError, match="there is no day from"):
        backtest.run(settings, book, asked, first=DUE, last=before(1), tell=lambda _: None, **given)
    with pytest.raises(UsageError, match="nothing was due"):
        backtest.run(settings, book, asked, first=before(400), last=before(400), tell=lambda _: None, **given)


# --- by the command line ---


def test_every_verb_of_models_by_hand(tmp_path: Path) -> None:
    """Trained, listed, its card read, promoted, rolled back, and asked about the past: in an office of few cases."""
    office = Office(tmp_path, config(CORE, '[shelves]\nmodels = ["shelf"]', zone="UTC"))
    shelve(tmp_path / "shelf", ours=slip("ours", years="1"))
    (tmp_path / "state").mkdir()
    world = made_office(2, late_by_unit, contracts=100)
    Register(new_store(tmp_path / "state")).says(noon(date(2024, 1, 1)), **world)

    trained = json.loads(office.ok("model", "train", "ours", "--as-of", "2024-01-01", "--json").out)
    assert (trained["model"], trained["verdict"], trained["recipe"]) == (1, "lookup", "ours")
    assert any("cases have ended" in sentence for sentence in trained["why"])
    listed = json.loads(office.ok("model", "list", "--json").out)
    assert {row["recipe"] for row in listed["recipes"]} == {
        "ours",
        *(path.parent.name for path in SHIPPED.glob("*/*.toml")),
    }
    assert [(row["model"], row["speaks"]) for row in listed["models"]] == [(1, True)]
    office.ok("model", "card", "ours", "-o", str(tmp_path / "card.html"), "--note", "All of it is made.")
    card = (tmp_path / "card.html").read_text(encoding="utf-8")
    assert card.startswith("<!DOCTYPE html>")
    assert "<li>All of it is made.</li>" in card

    assert "nobody speaks for ours now" in office.ok("model", "rollback", "ours", "--reason", "a try").err
    assert "model 1 speaks for ours" in office.ok("model", "promote", "1", "--reason", "another").err
    actors = office.rows("select kind, reason, actor <> '' from model_event order by id")
    assert actors == [("promoted", "it passed the gate", 1), ("stopped", "a try", 1), ("promoted", "another", 1)]
    for words, said in (
        (("model", "promote", "9", "--reason", "x"), "there is no model 9"),
        (("backtest", "--from", "2024-01-01", "--to", "2024-01-02", "--step", "1m"), "'1m' is no step"),
    ):  # fmt: skip
        refused = office.lvyue(*words)
        assert refused.code != 0
        assert said in refused.err

    asked = ("backtest", "--recipe", "ours", "--from", "2023-12-01", "--to", "2024-01-01", "--step", "5w", "--json")
    told = json.loads(office.ok(*asked).out)
    due = [row for row in world["obligation"] if date(2023, 12, 1) <= row["due_on"] <= date(2024, 1, 1)]
    assert told["cases"] == len(due)
    assert told["late"] == sum(row["done_on"] > row["due_on"] + timedelta(days=30) for row in due)
    assert [time["serve"] for time in told["training"]] == ["lookup"]
    assert {row["voice"] for row in told["rows"]} == {RULES, SCORES, BOTH}
    caught = {(row["voice"], row["level"]): row["caught"] for row in told["rows"]}
    assert (
        max(caught[RULES, "blue"], caught[SCORES, "blue"])
        <= caught[BOTH, "blue"]
        == told["late"] - len(told["unwarned"])
    )
