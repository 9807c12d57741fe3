"""What all tests share: golden files, calendars, the real data beside the project, and no silent skips in CI."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from monitor.domain.workdays import WorkCalendar, work_calendar
from monitor.rulebook import Rulebook, load

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
SHARED = HERE.parent.parent / "shared"

Golden = Callable[[str, str], None]
SharedData = Callable[[str], Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--renew` writes golden files and generated tables anew; the diff is then for a person to read."""
    parser.addoption("--renew", action="store_true", help="write golden files anew instead of comparing")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be skipped: what a user may lack, CI must have."""
    report = yield
    if report.skipped and os.environ.get("LVYUE_CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def calendars() -> dict[str, WorkCalendar]:
    """Working days of China, of euro payments, and of the United States: what the shipped packs count."""
    return {word: work_calendar(word) for word in ("CN", "EU", "US")}


@pytest.fixture(scope="session")
def shelf(calendars: dict[str, WorkCalendar]) -> Rulebook:
    """Every rule that ships."""
    return load([HERE.parent / "rules"], calendars, default_calendar="CN")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare text with the file of that name under tests/golden, or write it when run with --renew."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--renew"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
            return
        wanted = path.read_bytes().decode() if path.exists() else ""
        if text != wanted:
            diff = difflib.unified_diff(wanted.splitlines(), text.splitlines(), "golden", "now", lineterm="", n=1)
            pytest.fail(f"{name} changed (run with --renew, then read the diff):\n" + "\n".join(list(diff)[:60]))

    return compare


@pytest.fixture(scope="session")
def shared_data() -> SharedData:
    """A folder of the real data that lies beside the project; tests that need it are skipped by its name elsewhere."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"../shared/{name} is not here")
        return path

    return find
