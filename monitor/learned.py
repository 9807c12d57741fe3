"""The story of a model: it learns from past days, the gate judges it, the register keeps it; who speaks, and who no more.

train    replay (past days) ─▶ cases ─▶ trial ─▶ gate ─▶ file + register ─▶ it speaks, or says why not
panel    register ─▶ file, by its SHA-256 ─▶ who scores in the daily scan (`scoring`)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from monitor import scoring
from monitor.config import Config
from monitor.domain.errors import ConfigError, UsageError
from monitor.learning import recipe
from monitor.learning.dataset import Cases, Seen, Tell, cases_of, earliest, grid, look
from monitor.learning.recipe import Asked
from monitor.replay import Past
from monitor.scoring import Panel
from monitor.store import Store, models
from monitor.store.models import Event, Kind, Model

LVYUE = "lvyue"
"""Who promoted a model that nobody promoted by hand."""


def recipes(config: Config) -> tuple[Asked, ...]:
    """Every recipe of the shelves. Raises ConfigError with every fault of every file."""
    return recipe.load(config.model_shelves(), config.calendars(), default_calendar=config.settings.calendar.country)


def past(config: Config) -> Past:
    """The office's store, to look back in."""
    return Past(
        database=config.database, zone=config.zone, calendars=config.calendars(), end_of_day=config.end_of_day,
        spill=config.state / "spill",
    )  # fmt: skip


def cases(config: Config, asked: Asked, *, until: date, known_at: datetime, tell: Tell) -> tuple[Cases, Seen]:
    """Who was asked about on which day, what could be seen then, and how it ended, by what was known at an instant; and what
    was seen on the last day."""
    days = grid(until, months=asked.recipe.snapshots.months, years=asked.recipe.snapshots.years)[:-1]
    [(now, first)] = [(look(e, asked), earliest(e)) for e in past(config).engines([until], until=known_at)]
    days = [day for day in days if first and day >= first]  # before anything began there is nobody to ask about

    def seen() -> Iterator[Seen]:
        for number, engine in enumerate(past(config).engines(days, until=known_at), 1):
            tell(f"{asked.recipe.id}: {engine.as_of}, day {number} of {len(days) + 1}")
            yield look(engine, asked)
        yield now

    return cases_of(seen(), asked, config.calendars()), now


def train(
    config: Config, store: Store, asked: Asked, *, as_of: date, known_at: datetime, at: datetime, tell: Tell,
    promote: bool = True,
) -> Model:  # fmt: skip
    """Train, try, judge, and put into the register. What the gate lets speak speaks from now on, unless `promote` is off.

    A recipe whose newest model is refused has nobody who speaks: what was good enough once no longer is.
    """
    from monitor.learning import artefact, training  # load scikit-learn

    found, seen = cases(config, asked, until=as_of, known_at=known_at, tell=tell)
    trained = training.train(found, asked, until=as_of, past=seen.past, tell=tell)
    model = Model(
        recipe=asked.recipe.id, recipe_hash=asked.hash, sha256=None, as_of=as_of, trained_at=at.astimezone(UTC),
        verdict=trained.verdict.serve, card=trained.card,
    )  # fmt: skip
    if trained.blend is not None and trained.verdict.serve == "model":
        config.models.mkdir(parents=True, exist_ok=True)
        waiting = config.models / f"{asked.recipe.id}.new"
        model = replace(model, sha256=artefact.write(waiting, trained.blend, notes={"recipe": asked.recipe.id}))
        waiting.replace(scoring.file_of(config.models, model))
    with store.writing() as db:
        model = replace(model, id=models.add(db, model))
        speaking = models.speaking(db, at.astimezone(UTC)).get(asked.recipe.id)
        if promote and model.verdict != "off":
            models.note(db, _event(model, at, "promoted", LVYUE, "it passed the gate"))
        elif promote and speaking is not None:
            models.note(db, _event(speaking, at, "stopped", LVYUE, f"the gate refused model {model.id}, its successor"))
    return model


def promote(store: Store, number: int, *, at: datetime, actor: str, reason: str) -> Model:
    """Let a model of the register speak. Raises UsageError for one that is not there, or that the gate refused."""
    with store.writing() as db:
        model = next((model for model in models.listed(db) if model.id == number), None)
        if model is None:
            raise UsageError(f"there is no model {number}", hint="`lvyue model list` shows those there are")
        if model.verdict == "off":
            raise UsageError(
                f"the gate refused model {number}: it does not speak",
                hint=f"`lvyue model card {model.recipe} --model {number}` says why",
            )
        models.note(db, _event(model, at, "promoted", actor, reason))
    return model


def roll_back(store: Store, name: str, *, at: datetime, actor: str, reason: str) -> Model | None:
    """Let the model speak that spoke before the present one; the first one is stopped. None: nobody speaks now.

    Raises UsageError when nobody speaks.
    """
    with store.writing() as db:
        now = models.speaking(db, at.astimezone(UTC)).get(name)
        if now is None:
            raise UsageError(f"nobody speaks for {name}", hint="`lvyue model list` shows who does")
        before = _spoke_before(models.events(db, name))
        earlier = next((model for model in models.listed(db, name) if model.id == before), None)
        kind: Kind = "stopped" if earlier is None else "rolled_back"
        models.note(db, _event(earlier or now, at, kind, actor, reason))
    return earlier


def panel(config: Config, store: Store, *, at: datetime) -> Panel:
    """Who speaks for each recipe at an instant, and why nobody does. Raises ConfigError for a faulty recipe."""
    with store.reading() as db:
        speaking = models.speaking(db, at.astimezone(UTC))
        known = [model for model in models.listed(db) if model.trained_at <= at.astimezone(UTC)]
    newest = {model.recipe: model for model in reversed(known)}
    return scoring.panel(recipes(config), speaking, newest, config.models)


def panel_of_scan(config: Config, store: Store, *, at: datetime) -> Panel:
    """The same for a scan, which no fault of a recipe may stop."""
    try:
        return panel(config, store, at=at)
    except ConfigError as error:
        return Panel(faulty=error.message)


def _spoke_before(events: Sequence[Event]) -> int | None:
    """The model before the one that speaks: a promotion lays one on top, a step back takes it off, a stop takes all."""
    spoke: list[int] = []
    for event in events:
        if event.kind == "promoted":
            spoke.append(event.model_id)
        elif event.kind == "rolled_back":
            spoke.pop()
        else:
            spoke.clear()
    return spoke[-2] if len(spoke) > 1 else None


def _event(model: Model, at: datetime, kind: Kind, actor: str, reason: str) -> Event:
    return Event(
        model_id=model.id or 0,
        recipe=model.recipe,
        happened_at=at.astimezone(UTC),
        kind=kind,
        actor=actor,
        reason=reason,
    )
