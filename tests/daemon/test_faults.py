"""What a machine does to a service in years: full disks, locked files, clocks that go mad, servers in another time zone."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from loguru import logger

from monitor import config, pulling
from monitor.cli import shell
from monitor.store import Store
from tests.daemon import ROWS, Serving, office
from tests.daemon.test_work import Clock, slots, worker


@pytest.fixture
def log() -> Iterator[list[str]]:
    """What the service writes down."""
    lines: list[str] = []
    number = logger.add(lambda line: lines.append(str(line)), level="INFO", format="{level} {message}")
    yield lines
    logger.remove(number)


def test_a_full_disk_keeps_nothing_and_loses_nothing_and_space_is_all_it_needs(
    small_disk: Path, log: list[str]
) -> None:
    """Test 9."""
    made, clock = office(small_disk), Clock()
    service = worker(made, clock)
    service.work()
    before = made.contents(but=("run", "slot"))
    more = "".join(f"N{n},A road with a rather long name, number {n},{n}.00,2026-05-01\n" for n in range(9000))
    (small_disk / "register.csv").write_text(ROWS + more.replace("name,", "name;"), encoding="utf-8")
    clock.at += timedelta(days=1)
    service.work()
    assert any("ERROR" in line and "full" in line for line in log)
    assert made.contents(but=("run", "slot")) == before
    assert made.rows("pragma integrity_check") == [("ok",)]
    (small_disk / "register.csv").write_text(ROWS.replace("Works 1", "Bridge 1"), encoding="utf-8")
    clock.at += timedelta(hours=1)
    service.work()
    assert slots(made, "pull:register")[-1][:2] == ("2026-03-03", "ok")
    assert "Bridge 1" in str(made.rows("select title from contract_version"))


def test_a_database_that_another_program_holds_is_waited_for(tmp_path: Path, log: list[str]) -> None:
    """Test 10."""
    made, clock = office(tmp_path), Clock()
    service = worker(made, clock)
    with closing(sqlite3.connect(made.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        service.work()
        service.send()
    assert [line for line in log if "another program is writing" in line] == [log[0], log[1]], "a line for each attempt"
    assert made.rows("select count(*) from slot") == [(0,)]
    service.work()
    assert slots(made, "scan")[0][1] == "ok"


def test_a_database_that_is_removed_while_it_is_served_is_not_made_anew(tmp_path: Path) -> None:
    """Test 11."""
    made = office(tmp_path)
    with Serving(made) as service:
        service.until("backup:")
        for file in made.database.parent.glob("lvyue.db*"):
            file.unlink()
        service.until("the database is not there")
        assert service.rest() == 8
    assert not made.database.exists()


SERVE_BY_ANOTHER_CLOCK = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from monitor import config, daemon
from monitor.cli import shell
path = Path(sys.argv[1])
offset = path.parent / "offset"
office = config.load(path)
shell.log_to_stderr("INFO")
now = shell.office_clock(office)
daemon.serve(lambda: config.load(path), clock=lambda: now() + timedelta(hours=float(offset.read_text())), standby=False)
"""


def set_clock(folder: Path, hours: int) -> None:
    """From now on the service's clock is so many hours ahead of the machine's."""
    (folder / "offset.new").write_text(str(hours))
    (folder / "offset.new").replace(folder / "offset")


def test_a_clock_that_is_set_back_and_then_ten_years_ahead(tmp_path: Path) -> None:
    """Test 15: written into the ledger, nothing judged under a date to come, and no day lost once it is right."""
    made = office(tmp_path)
    set_clock(tmp_path, 0)
    with Serving(made, script=SERVE_BY_ANOTHER_CLOCK) as service:
        service.until("backup:")
        for hours in (-2, 87600, 0):
            set_clock(tmp_path, hours)
            service.until("the clock was set by")
        set_clock(tmp_path, 24)  # the jobs were planned anew each time: the next day finds them
        service.until("backup:")
        assert service.stop() == 0
    said = [row[0] for row in made.rows("select message from run where kind = 'clock' order by id")]
    steps = [round(float(text.split()[-2]) / 3600) for text in said]
    assert steps[:3] == [-2, 87602, -87600]
    assert made.rows("select count(*), count(distinct as_of) from run where kind = 'scan'") == [(2, 2)]


def test_a_clock_that_is_doubted_is_believed_once_somebody_works_by_hand_under_its_date(tmp_path: Path) -> None:
    made = office(tmp_path)
    set_clock(tmp_path, 0)
    with Serving(made, script=SERVE_BY_ANOTHER_CLOCK) as service:
        service.until("backup:")
        set_clock(tmp_path, 87600)
        service.until("nothing is judged until it is right")
        read = config.load(made.path, {})
        at = shell.office_clock(read)() + timedelta(hours=87600)
        pulling.pull(read, Store(read.database), read.sources[0], at=at)
        service.send(signal.SIGHUP)  # it looks at once, not within a minute
        service.until("the clock is right")
        service.until("scan:")
        assert service.stop() == 0
    [(first,), (second,)] = made.rows("select as_of from run where kind = 'scan' order by id")
    assert int(second[:4]) - int(first[:4]) in (9, 10)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows cannot change its time zone within a process")
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_what_is_overdue_is_the_offices_civil_day_wherever_the_server_stands(
    tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test 17: due at midnight of 1 March in Shanghai, on servers 14 hours before and 8 behind UTC."""
    made, clock = office(tmp_path), Clock()
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for at, warned in (
            (timedelta(hours=-6, minutes=-1), []),
            (timedelta(), [("register:1/1", "orange", "2026-03-02")]),
        ):
            clock.at = Clock().at + at  # the last minute of 1 March in Shanghai, then the morning after
            worker(made, clock).work()
            found = made.rows("select subject_id, level, level_since from alert where level = 'orange'")
            assert found == warned
    finally:
        monkeypatch.undo()
        time.tzset()
