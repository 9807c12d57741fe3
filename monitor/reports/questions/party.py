"""The track record of counterparties: their promises kept in time of those due, days moved, warnings open."""

from __future__ import annotations

from monitor.reports.asked import Asked
from monitor.reports.document import Document
from monitor.reports.record import record

NARROWED_BY = frozenset(("unit", "party", "kind", "amount", "first"))


def report(asked: Asked) -> Document:
    """The answer. A party is not blamed for what the government's own lateness caused: that is for a person to weigh."""
    return record(asked, "party", "counterparty")
