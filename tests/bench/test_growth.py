"""What one obligation costs as a portfolio grows, and the memory that the largest one takes.

With LVYUE_BENCH_LARGE=1 up to a million contracts and ten million obligations; it takes some minutes.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from monitor.domain.workdays import WorkCalendar, work_calendar
from monitor.engines.duckdb import Engine
from monitor.rulebook import Judgement
from tests.bench import made
from tests.bench.pairs import seconds

LARGE = bool(os.environ.get("LVYUE_BENCH_LARGE"))
CONTRACTS = (10_000, 100_000, 1_000_000) if LARGE else (10_000, 30_000, 100_000)
ROUNDS = 3
GOAL = 1.5
MEMORY_GOAL = 2 * 1024**3


@pytest.mark.bench
def test_an_obligation_costs_the_same_in_a_large_portfolio(
    tmp_path: Path, calendars: Mapping[str, WorkCalendar], capsys: pytest.CaptureFixture[str]
) -> None:
    folders = {contracts: tmp_path / str(contracts) for contracts in CONTRACTS}
    for contracts, folder in folders.items():
        made.write_parquet(folder, contracts)
    _scan(folders[CONTRACTS[0]], calendars)  # imports, and the rule book
    costs: dict[int, list[float]] = {contracts: [] for contracts in CONTRACTS}
    for _ in range(ROUNDS):
        for contracts, folder in folders.items():
            costs[contracts].append(seconds(partial(_scan, folder, calendars)) / contracts)
    ratios = {
        contracts: median(cost / least for cost, least in zip(found, costs[CONTRACTS[0]], strict=True))
        for contracts, found in costs.items()
    }
    with capsys.disabled():
        print(
            f"\ncost of one obligation, {len(made.book(calendars).rules)} rules, against {CONTRACTS[0] * 10:,} obligations"
        )
        for contracts, ratio in ratios.items():
            print(f"  {ratio:5.2f}  {contracts * 10:>10,} obligations (asserted: at most {GOAL})")
    assert max(ratios.values()) <= GOAL


@pytest.mark.bench
@pytest.mark.skipif(not LARGE or sys.platform != "linux", reason="set LVYUE_BENCH_LARGE=1, on Linux")
def test_ten_million_obligations_are_judged_within_two_gigabytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.write_parquet(tmp_path, CONTRACTS[-1])
    command = [sys.executable, "-m", "tests.bench.test_growth", str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    peak, hits = (int(word) for word in told.stdout.split())
    with capsys.disabled():
        print(f"\n{CONTRACTS[-1] * 10:,} obligations, {hits:,} hits, a process of its own")
        print(f"  {peak / 1024**3:5.2f}  GiB at most (asserted: {MEMORY_GOAL / 1024**3:.0f})")
    assert peak <= MEMORY_GOAL


def _scan(folder: Path, calendars: Mapping[str, WorkCalendar]) -> int:
    """Every rule on everything; gives the number of hits."""
    with Engine(made.tables(folder), calendars, as_of=made.AS_OF, spill=folder / "spill") as engine:
        return len(Judgement(engine.db, made.book(calendars).rules).hits())


if __name__ == "__main__":
    found = _scan(Path(sys.argv[1]), {word: work_calendar(word) for word in ("CN", "EU", "US")})
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, found)
