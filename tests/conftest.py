"""What all tests share: golden files, calendars, the real data beside the project, and no silent skips in CI."""

from __future__ import annotations

import difflib
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from monitor.domain.workdays import WorkCalendar, work_calendar
from monitor.rulebook import Rulebook, load
from tests.postgres import Postgres, running

HERE = Path(__file__).parent
logging.getLogger("werkzeug").setLevel(logging.ERROR)  # the tests' own publisher says every address it is asked for
GOLDEN = HERE / "golden"
SHARED = HERE.parent.parent / "shared"

Golden = Callable[[str, str], None]
SharedData = Callable[[str], Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--renew` writes golden files and generated tables anew; the diff is then for a person to read."""
    parser.addoption("--renew", action="store_true", help="write golden files anew instead of comparing")


FIRST = (
    "daemon/test_service", "demo/test_district", "test_killed", "daemon/test_faults", "test_docs", "test_portals", "test_rules",
    "test_district", "daemon/test_work", "test_run", "test_on_postgres", "test_china", "test_day_in_the_life",
)  # fmt: skip
"""Modules of few tests that take long: begun last, they would leave one of two workers with nothing to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first; `run.py` asks pytest-xdist to leave it so."""
    place = {HERE / f"{name}.py": number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path, len(FIRST)))


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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB. Only root may mount one; elsewhere the test is skipped by name."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "lvyue-test", str(folder)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, started when the first test asks for it. Not in pytest's folder: another run of pytest beside this one
    closes that to all but root, and the server runs as nobody in particular."""
    with (
        tempfile.TemporaryDirectory(prefix="lvyue-postgres-", ignore_cleanup_errors=True) as folder,
        running(Path(folder)) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def shared_data() -> SharedData:
    """A folder of the real data that lies beside the project; tests that need it are skipped by its name elsewhere."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"../shared/{name} is not here")
        return path

    return find
