"""The hash chain of what happened to warnings: every event carries the SHA-256 of itself and of the event before it.

Whoever alters, removes or slips in a row breaks the chain there. Rows cut off at the end leave a shorter chain that is whole:
against that, keep anchors (`lvyue audit anchor`) elsewhere, or a weekly digest, and ask later whether they still hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from monitor.domain.errors import IntegrityError, UsageError

START = "0" * 64
"""What stands before the first event."""

FIELDS = (
    "alert_id", "run_id", "happened_on", "happened_at", "kind", "before", "after", "actor", "reason", "state", "detail",
)  # fmt: skip
"""What is hashed of an event: everything but its row number and the hashes themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A chain that is whole: how many events, and the hash of the last."""

    events: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A head that was written down: how long the chain was, the hash of its last event, and when (UTC)."""

    events: int
    head: str
    taken_at: datetime

    def line(self) -> str:
        """As a line of a file of anchors: JSON."""
        told = {"events": self.events, "head": self.head, "taken_at": _plain(self.taken_at)}
        return json.dumps(told)


def link(before: str, event: Mapping[str, Any]) -> str:
    """The hash (hex) of an event that comes after the one with the hash `before`.

    >>> link(START, {"alert_id": 1, "kind": "opened"})[:12]
    'ca4fb30d906d'
    """
    told = json.dumps([before, *(_plain(event.get(name)) for name in FIELDS)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def exported(event: Mapping[str, Any]) -> str:
    """An event as a line of JSON that holds all it takes to compute its hash again: see `link`."""
    told = {"id": event["id"], **{name: _plain(event[name]) for name in FIELDS}}
    return json.dumps(told | {"previous_hash": event["previous_hash"], "hash": event["hash"]}, ensure_ascii=False)


def anchors(text: str, where: str) -> list[Anchor]:
    """The anchors in a file. Raises UsageError with the first line that is none."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            told = json.loads(line)
            found.append(
                Anchor(
                    events=int(told["events"]),
                    head=str(told["head"]),
                    taken_at=datetime.fromisoformat(told["taken_at"]),
                )
            )
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                f"{where}, line {number}: this is no anchor", hint="`lvyue audit anchor` writes them"
            ) from error
    if not found:
        raise UsageError(f"{where}: there is no anchor in it", hint="`lvyue audit anchor` writes them")
    return found


def verify(events: Iterable[Mapping[str, Any]], *, expect: str = "", anchored: Sequence[Anchor] = ()) -> Verified:
    """Go through the whole chain. `expect` is a head that was written down earlier, or how it begins; `anchored` are heads
    with their places in the chain.

    Raises IntegrityError with the first event that is not what was written, or when a head is not there any more.
    """
    head, count, seen = START, 0, not expect or expect == START
    wanted = {anchor.events: anchor for anchor in anchored}
    _holds(wanted, count, head)
    for event in events:
        if event["previous_hash"] != head:
            raise _broken(event, "what stood before it was removed or another event was slipped in")
        if event["hash"] != link(head, event):
            raise _broken(event, "it is not what was written")
        head, count = event["hash"], count + 1
        seen = seen or head.startswith(expect)
        _holds(wanted, count, head)
    if not seen:
        raise IntegrityError(
            f"the chain of {count} events does not hold {expect}",
            hint="events were cut off its end, or all was written anew",
        )
    for anchor in anchored:
        if anchor.events > count:
            raise IntegrityError(
                f"the chain has {count} events; on {_plain(anchor.taken_at)} it had {anchor.events}",
                hint="events were cut off its end: compare with a backup",
            )
    return Verified(events=count, head=head)


def _holds(wanted: Mapping[int, Anchor], count: int, head: str) -> None:
    anchor = wanted.get(count)
    if anchor is not None and anchor.head != head:
        raise IntegrityError(
            f"after event {count} the chain stands at {head}, on {_plain(anchor.taken_at)} it stood at {anchor.head}",
            hint="every link fits: all was written anew, by who could; compare with a backup",
        )


def _broken(event: Mapping[str, Any], why: str) -> IntegrityError:
    return IntegrityError(
        f"event {event['id']} ({event['kind']} of warning {event['alert_id']} on {event['happened_on']}): {why}",
        hint="compare with a backup; what people were told is in the letters",
    )


def _plain(value: Any) -> Any:
    """As every database gives it back: instants in UTC to the microsecond, days as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value
