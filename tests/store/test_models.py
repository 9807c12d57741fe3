"""The register of models only grows: who spoke at any instant can always be told. The models here are rows without a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import exc

from monitor import learned
from monitor.domain.errors import UsageError
from monitor.store import Store, models
from monitor.store.models import Event, Kind, Model

AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def model(recipe: str = "slip", *, verdict: str = "model", sha256: str | None = "ab" * 32) -> Model:
    return Model(
        recipe=recipe, recipe_hash="f00d", sha256=sha256, as_of=date(2026, 3, 1), trained_at=AT, verdict=verdict,
        card={"verdict": {"serve": verdict, "zh": ["样本太少。"], "en": ["Too few."]}, "levels": {"blue": 0.4}},
    )  # fmt: skip


def added(store: Store, *given: Model) -> list[int]:
    with store.writing() as db:
        return [models.add(db, one) for one in given]


def note(store: Store, number: int, kind: Kind, *, after: int, recipe: str = "slip") -> None:
    event = Event(model_id=number, recipe=recipe, happened_at=AT + after * HOUR, kind=kind, actor="王", reason="试用")
    with store.writing() as db:
        models.note(db, event)


def speaking(store: Store, *, after: int = 100) -> dict[str, int | None]:
    with store.reading() as db:
        return {name: one.id for name, one in models.speaking(db, AT + after * HOUR).items()}


def promote(store: Store, number: int, *, after: int) -> None:
    learned.promote(store, number, at=AT + after * HOUR, actor="王", reason="试用")


def roll_back(store: Store, *, after: int) -> int | None:
    found = learned.roll_back(store, "slip", at=AT + after * HOUR, actor="李", reason="误报太多")
    return found.id if found else None


def test_a_model_comes_back_as_it_was_put_in(store: Store) -> None:
    first, refused = model(), model("stall", verdict="off", sha256=None)
    assert added(store, first, refused) == [1, 2]
    with store.reading() as db:
        newest, oldest = models.listed(db)
        assert [one.recipe for one in models.listed(db, "slip")] == ["slip"]
    assert (newest.id, newest.sha256, newest.verdict) == (2, None, "off")
    assert (oldest.card, oldest.as_of, oldest.trained_at) == (first.card, first.as_of, AT)


def test_nobody_speaks_until_somebody_was_let(store: Store) -> None:
    added(store, model())
    assert speaking(store) == {}
    note(store, 1, "promoted", after=2)
    assert speaking(store, after=1) == {}
    assert speaking(store, after=2) == speaking(store) == {"slip": 1}


def test_who_spoke_at_an_instant_can_always_be_told(store: Store) -> None:
    added(store, model(), model(), model("stall"))
    told: list[tuple[int, Kind, int, str]] = [
        (1, "promoted", 1, "slip"), (3, "promoted", 2, "stall"), (2, "promoted", 3, "slip"), (1, "rolled_back", 4, "slip"),
        (1, "stopped", 5, "slip"), (2, "promoted", 6, "slip"),
    ]  # fmt: skip
    for number, kind, after, recipe in told:
        note(store, number, kind, after=after, recipe=recipe)
    heard = [speaking(store, after=after).get("slip") for after in range(7)]
    assert heard == [None, 1, 1, 2, 1, None, 2]
    assert speaking(store)["stall"] == 3
    with store.reading() as db:
        assert [event.kind for event in models.events(db, "stall")] == ["promoted"]
        assert {(event.actor, event.reason) for event in models.events(db)} == {("王", "试用")}


def test_an_event_is_about_a_model_that_there_is(store: Store) -> None:
    with pytest.raises(exc.IntegrityError):
        note(store, 9, "promoted", after=1)


def test_who_spoke_before_speaks_again_and_before_the_first_nobody_did(store: Store) -> None:
    added(store, model(), model(), model())
    for number in (1, 2, 3):
        promote(store, number, after=number)
    assert [roll_back(store, after=after) for after in (4, 5, 6)] == [2, 1, None]
    assert [speaking(store, after=after).get("slip") for after in (3, 4, 5, 6)] == [3, 2, 1, None]
    with pytest.raises(UsageError, match="nobody speaks for slip"):
        roll_back(store, after=7)
    with store.reading() as db:
        *_, last = models.events(db, "slip")
    assert (last.kind, last.actor, last.reason) == ("stopped", "李", "误报太多")


def test_what_the_gate_refused_is_let_speak_by_nobody(store: Store) -> None:
    added(store, model(verdict="off"))
    with pytest.raises(UsageError, match="the gate refused model 1"):
        promote(store, 1, after=1)
    with pytest.raises(UsageError, match="there is no model 7"):
        promote(store, 7, after=1)
    assert speaking(store) == {}


def test_a_count_of_the_past_may_be_let_speak(store: Store) -> None:
    added(store, model(verdict="lookup", sha256=None))
    promote(store, 1, after=1)
    assert speaking(store) == {"slip": 1}


def test_after_an_older_model_was_taken_by_hand_the_newer_one_is_what_spoke_before(store: Store) -> None:
    added(store, model(), model())
    for after, number in enumerate((1, 2, 1), start=1):
        promote(store, number, after=after)
    assert roll_back(store, after=4) == 2
