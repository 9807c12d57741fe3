"""A city on two cores: 100,000 contracts and 1,000,000 milestones scanned day after day, while people read.

Bound memory, no leak over repeated scans, and readers who do not wait for the scan. A service in a process of its own
works the days; this one reads beside it, as a console or a report does.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from statistics import quantiles

import pytest

from monitor.store import Store, outbox, runs, warnings
from tests.bench import stores
from tests.bench.pairs import seconds

CONTRACTS, DAYS, CHANGING = 100_000, 8, 3
"""On the first days the register changes; then the same is scanned again: what grows on those is a leak, not the data."""

MEMORY_GOAL = 2 * 1024**3
LEAK_GOAL, WAIT_GOAL = 1.05, 5.0


def read_as_people_do(store: Store) -> int:
    """What a start page shows: what stands, what was last done, what waits to be sent. How many warnings stood."""
    with store.reading() as db:
        standing = len(warnings.listed(db))
        runs.recent(db)
        outbox.counts(db)
    return standing


def timed(store: Store) -> tuple[int, float]:
    """How many warnings were read, and the seconds it took."""
    read: list[int] = []
    took = seconds(lambda: read.append(read_as_people_do(store)))
    return read[0], took


@pytest.mark.bench
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_city_is_scanned_day_after_day_in_bound_memory_while_people_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = stores.filled(tmp_path, CONTRACTS)
    command = [sys.executable, "-m", "tests.bench.test_load", str(store.place)]
    reads: list[tuple[int, float]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        while service.poll() is None:
            reads.append(timed(store))
        assert service.stdout is not None
        told = [[int(word) for word in line.split()] for line in service.stdout.read().splitlines()]
    assert service.returncode == 0
    idle = [timed(store) for _ in range(40)]
    # Before the first scan there is nothing to read, and a quick look at nothing is no measure of a wait.
    waits = [took for standing, took in reads if standing > idle[0][0] / 2]
    after, peak = [now for now, _ in told], told[-1][1]
    busy = quantiles(waits, n=20)[-1] / quantiles([took for _, took in idle], n=20)[-1]
    with capsys.disabled():
        print(f"\n{CONTRACTS:,} contracts, {CONTRACTS * 10:,} milestones, {DAYS} daily scans in one process")
        print(f"  {peak / 1024**3:5.2f}  GiB at most (asserted: {MEMORY_GOAL / 1024**3:.0f})")
        print(
            f"  {after[-1] / after[CHANGING]:5.2f}  memory after the last scan, against the last of new data (goal: {LEAK_GOAL})"
        )
        print(f"  {busy:5.2f}  readers' 95th percentile beside a scan, against none (asserted: {WAIT_GOAL})")
    assert peak <= MEMORY_GOAL
    assert after[-1] <= LEAK_GOAL * after[CHANGING]
    assert busy <= WAIT_GOAL


def resident() -> int:
    """Bytes of memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def serve(database: Path) -> None:
    """The days of a service; after each, memory now and at most."""
    from monitor import pipeline
    from monitor.config import load
    from tests.office import CORE, config

    path = database.parent / "config.toml"
    path.write_text(config(CORE, country="CN", zone="Asia/Shanghai").replace('"state"', '"."'), encoding="utf-8")
    office = load(path, {})
    store, book = Store(database), office.book()
    for number in range(DAYS):
        at = stores.FIRST_AT + timedelta(days=number + 1)
        if 0 < number <= CHANGING:
            stores.told_again(store, CONTRACTS, every=50, at=at)
        day = at.astimezone(office.zone).date()
        pipeline.scan(office, store, book, as_of=day, known_at=office.end_of_day(day), at=at)
        print(resident(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
