"""The register of models: what was trained, how it did, and which of them speaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from monitor.store.tables import ModelEvent, ModelRow, table_of

Kind = Literal["promoted", "rolled_back", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One trained model. `card` has the numbers of its trial and the gate's reasons, as JSON."""

    id: int | None = None
    recipe: str
    recipe_hash: str
    sha256: str | None
    as_of: date
    trained_at: datetime
    verdict: str
    card: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """That a model began to speak, or stopped."""

    model_id: int
    recipe: str
    happened_at: datetime
    kind: Kind
    actor: str
    reason: str


def add(db: Connection, model: Model) -> int:
    """Put a model into the register; its number."""
    values = {name: getattr(model, name) for name in Model.__slots__ if name != "id"}
    inserted = db.execute(insert(table_of(ModelRow)).values(values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def note(db: Connection, event: Event) -> None:
    """Write down that another model speaks from now on, or none."""
    db.execute(insert(table_of(ModelEvent)).values({name: getattr(event, name) for name in Event.__slots__}))


def listed(db: Connection, recipe: str | None = None) -> list[Model]:
    """Every model, newest first."""
    table = table_of(ModelRow)
    query = select(table).order_by(table.c.id.desc())
    if recipe is not None:
        query = query.where(table.c.recipe == recipe)
    return [Model(**row) for row in db.execute(query).mappings()]


def speaking(db: Connection, at: datetime) -> dict[str, Model]:
    """The model of each recipe that speaks at an instant; a recipe whose models were stopped, or never promoted, has none."""
    found: dict[str, Event] = {event.recipe: event for event in events(db) if event.happened_at <= at}
    wanted = [event.model_id for event in found.values() if event.kind != "stopped"]
    table = table_of(ModelRow)
    rows = db.execute(select(table).where(table.c.id.in_(wanted)).order_by(table.c.id)).mappings()
    return {row["recipe"]: Model(**row) for row in rows}


def events(db: Connection, recipe: str | None = None) -> list[Event]:
    """What began and stopped to speak, in order."""
    table = table_of(ModelEvent)
    query = select(*(table.c[name] for name in Event.__slots__)).order_by(table.c.id)
    if recipe is not None:
        query = query.where(table.c.recipe == recipe)
    return [Event(**row) for row in db.execute(query).mappings()]
