"""From changed warnings to letters to people. `compose` decides who is told what; a channel hands one letter over.

A channel is a file here with one class that has `send`. It answers with what the other side said, or raises DeliveryError
that knows whether trying again can help; waiting, retrying and remembering are the outbox's work, not the channel's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from monitor.domain.warning import LEVELS, URGENT, Change, Letter


class Recipient(BaseModel):
    """A `[[recipient]]` of config.toml: who is written to, in which language, about what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", description="Mail address.")]
    name: Annotated[str, Field(description="Name or office, as in the salutation.")] = ""
    lang: Annotated[Literal["zh", "en"], Field(description="Language of the letters.")] = "zh"
    level: Annotated[
        Literal["blue", "yellow", "orange", "red"], Field(description="Lowest level this recipient is told about.")
    ] = "blue"
    units: Annotated[
        list[str], Field(description="Units, by name, `*` stands for anything; none given means all.")
    ] = []

    def wants(self, change: Change) -> bool:
        """Whether a change is this recipient's business."""
        high_enough = LEVELS.index(change.alert.level) >= LEVELS.index(self.level)
        return high_enough and (
            not self.units or any(fnmatchcase(change.alert.unit or "", unit) for unit in self.units)
        )


class Channel(Protocol):
    """A way to people."""

    def send(self, letter: Letter) -> str:
        """Hand over one letter and return the other side's answer. Raises DeliveryError."""


def compose(
    changes: Iterable[Change], recipients: Sequence[Recipient], *, as_of: date, at: datetime, storm_over: int,
    context: dict[str, Any],
) -> list[Letter]:  # fmt: skip
    """The letters that follow from what changed in one scan.

    Orange and red go out one by one, at once. Blue and yellow come together in one digest. More urgent warnings than
    `storm_over` for one recipient become one digest too, with every one of them in it and in its table: a storm must not bury
    the reader, and must not lose anything. `context` (office, rules hash, …) is printed in each letter.
    """
    told = [change for change in changes if change.told]
    letters = []
    for recipient in recipients:
        mine = [change for change in told if recipient.wants(change)]
        urgent = [change for change in mine if change.alert.level in URGENT]
        single = urgent if len(urgent) <= storm_over else []
        letters += [_letter("warning", recipient, [change], as_of=as_of, at=at, context=context) for change in single]
        together = [change for change in mine if change not in single] if single else mine
        if together:
            letters.append(_letter("digest", recipient, together, as_of=as_of, at=at, context=context))
    return letters


def to_operator(
    notes: Sequence[dict[str, str]], address: str, *, lang: str, as_of: date, at: datetime, context: dict[str, Any]
) -> list[Letter]:
    """The letter to whoever runs Lvyue: what `notes` say, in both languages. Once a month for the same things (`about`)."""
    if not notes or not address:
        return []
    about = sorted(note["about"] for note in notes)
    identity = json.dumps([address, lang, "operator", f"{as_of:%Y-%m}", about])
    content = {"as_of": as_of.isoformat(), "notes": list(notes), "context": context}
    key = hashlib.sha256(identity.encode()).hexdigest()
    return [Letter(key=key, kind="operator", recipient=address, lang=lang, content=content, created_at=at)]


def _letter(
    kind: str, recipient: Recipient, changes: Sequence[Change], *, as_of: date, at: datetime, context: dict[str, Any]
) -> Letter:
    worst_first = sorted(changes, key=_urgency)
    items = [_item(change) for change in worst_first]
    told = [(change.alert.id, change.event, change.alert.level) for change in worst_first]
    identity = json.dumps([recipient.address, recipient.lang, kind, as_of.isoformat(), told])
    content = {
        "name": recipient.name, "as_of": as_of.isoformat(), "items": items, "context": context,
        "counts": {level: sum(1 for c in changes if c.alert.level == level) for level in reversed(LEVELS)},
    }  # fmt: skip
    return Letter(
        key=hashlib.sha256(identity.encode()).hexdigest(), kind=kind, recipient=recipient.address, lang=recipient.lang,
        content=content, created_at=at,
    )  # fmt: skip


def _urgency(change: Change) -> tuple[int, int, str]:
    """Worst level first, then the longest overdue."""
    days = change.alert.finding.get("days_late")
    return (-LEVELS.index(change.alert.level), -(days if isinstance(days, int) else -10_000), change.alert.number)


def _item(change: Change) -> dict[str, Any]:
    alert = change.alert
    return {
        **alert.finding, "number": alert.number, "alert_id": alert.id, "event": change.event, "before": change.before,
        "level": alert.level, "rule": alert.rule, "opened_on": alert.opened_on.isoformat(),
    }  # fmt: skip
