"""The track record of units: promises of the government kept in time of those due, days moved, warnings open."""

from __future__ import annotations

from monitor.reports.asked import Asked
from monitor.reports.document import Document
from monitor.reports.record import record

NARROWED_BY = frozenset(("unit", "party", "kind", "amount", "first"))


def report(asked: Asked) -> Document:
    """The answer."""
    return record(asked, "unit", "government")
