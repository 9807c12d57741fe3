"""Pulls that wait for a person: what was sent is kept whole, nothing of it is recorded until somebody says that it is true."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from monitor.store.tables import HeldPayload, HeldPull, Payload, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it came. `location` is safe to show."""

    content: bytes
    sha256: str
    media_type: str | None
    location: str


def keep(db: Connection, pull: HeldPull, pages: Sequence[tuple[str, str]]) -> None:
    """Let a pull wait, in the place of one that waits already. `pages` are names of payloads and where they came from."""
    settle(db, pull.source, "replaced", at=pull.held_at)
    values = pull.model_dump(exclude={"id"})
    inserted = db.execute(insert(table_of(HeldPull)).values(values)).inserted_primary_key
    assert inserted is not None
    rows = [
        {"held_id": inserted[0], "page": number, "sha256": sha256, "location": location}
        for number, (sha256, location) in enumerate(pages, start=1)
    ]
    db.execute(insert(table_of(HeldPayload)), rows)


def waiting(db: Connection, source: str) -> HeldPull | None:
    """The pull of a source that waits for a person. There is one at most."""
    table = table_of(HeldPull)
    mine = (table.c.source == source) & (table.c.state == "waiting")
    row = db.execute(select(table).where(mine).order_by(table.c.id.desc()).limit(1)).mappings().first()
    return HeldPull(**row) if row else None


def pages(db: Connection, held_id: int) -> list[Page]:
    """What it sent, page by page."""
    page, payload = table_of(HeldPayload), table_of(Payload)
    query = (
        select(payload.c.content, payload.c.sha256, payload.c.media_type, page.c.location)
        .join(page, page.c.sha256 == payload.c.sha256)
        .where(page.c.held_id == held_id)
        .order_by(page.c.page)
    )
    return [Page(**dict(row) | {"content": zlib.decompress(row["content"])}) for row in db.execute(query).mappings()]


def settle(
    db: Connection, source: str, state: Literal["accepted", "replaced"], *, at: datetime, actor: str | None = None,
    reason: str | None = None,
) -> None:  # fmt: skip
    """What waited waits no more: a person took it, or the source has spoken again."""
    table = table_of(HeldPull)
    values = {"state": state, "settled_at": at, "actor": actor, "reason": reason}
    db.execute(update(table).where(table.c.source == source, table.c.state == "waiting").values(values))
