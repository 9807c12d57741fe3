"""The made district, asked: laid out once for all tests of reports, because to judge it takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitor.demo.district import District, district
from monitor.domain.workdays import WorkCalendar
from tests.reports.district import Askable, last_month


@pytest.fixture(scope="session")
def made() -> District:
    return district()


@pytest.fixture(scope="session")
def month(made: District, calendars: dict[str, WorkCalendar]) -> Iterator[Askable]:
    """Its last month-end. Narrowing lays a table anew, so whoever asks the engine itself asks for all contracts."""
    with last_month(made, calendars) as askable:
        yield askable
