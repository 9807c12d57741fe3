"""The hash chain of what happened to warnings: every event carries the SHA-256 of itself and of the event before it.

Whoever alters, removes or slips in a row breaks the chain there. Rows cut off at the end leave a shorter chain that is whole:
against that, write down the head that `lvyue verify` prints, or keep a weekly digest, and ask later whether it is still there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from monitor.domain.errors import IntegrityError

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


def link(before: str, event: Mapping[str, Any]) -> str:
    """The hash (hex) of an event that comes after the one with the hash `before`.

    >>> link(START, {"alert_id": 1, "kind": "opened"})[:12]
    'ca4fb30d906d'
    """
    told = json.dumps([before, *(_plain(event.get(name)) for name in FIELDS)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def verify(events: Iterable[Mapping[str, Any]], *, expect: str = "") -> Verified:
    """Go through the whole chain. `expect` is a head that was written down earlier.

    Raises IntegrityError with the first event that is not what was written, or when the expected head is not there any more.
    """
    head, count, seen = START, 0, not expect or expect == START
    for event in events:
        if event["previous_hash"] != head:
            raise _broken(event, "what stood before it was removed or another event was slipped in")
        if event["hash"] != link(head, event):
            raise _broken(event, "it is not what was written")
        head, count = event["hash"], count + 1
        seen = seen or head.startswith(expect)
    if not seen:
        raise IntegrityError(
            f"the chain of {count} events does not hold {expect}",
            hint="events were cut off its end, or all was written anew",
        )
    return Verified(events=count, head=head)


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
