"""Reports of a city, as people ask for them: 100,000 contracts with 1,000,000 promises and 500,000 sums, each verb in a process
of its own, beside the daily scan of the same.

A report is asked of the same facts that a scan judges; it must not take much longer than that, nor more memory. The
month of a district is printed as well: forty pages and more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest
from pypdf import PdfReader

from monitor.reports.questions import questions
from tests.bench import stores
from tests.office import CORE, config

CONTRACTS = 100_000
DAY = (stores.FIRST_AT + timedelta(days=1)).date().isoformat()
WITHIN = 1.0
"""Times of a scan that a report may take."""
MEMORY_GOAL = 2 * 1024**3
PRINTED = 0.5
"""Times of that scan in which forty pages are printed."""

ASKED = {name: ("report", name) for name in (*questions(), "portfolio")} | {
    "contract": ("report", "contract", "MADE-7")
}


def run(office: Path, *words: str, code: int = 0) -> tuple[float, int]:
    """Seconds and bytes at most of one command, which ends with that code."""
    command = [sys.executable, "-c", "from monitor.cli import main; main()", "--config", str(office), *words]
    begun = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, state, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(state)
    assert process.returncode == code, words
    return perf_counter() - begun, used.ru_maxrss * 1024


@pytest.mark.bench
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
def test_a_report_of_a_city_takes_no_longer_than_its_scan_and_no_more_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores.filled(tmp_path, CONTRACTS)
    office = tmp_path / "config.toml"
    office.write_text(config(CORE, country="CN", zone="Asia/Shanghai").replace('"state"', '"."'), encoding="utf-8")
    scan, scanned = run(office, "scan", "--as-of", DAY)
    taken: dict[str, tuple[float, int, int]] = {}
    for name, words in ASKED.items():
        file = tmp_path / f"{name}.html"
        spent, most = run(office, *words, "--as-of", DAY, "--format", "html", "-o", str(file))
        taken[name] = spent / scan, most, file.stat().st_size
    _, most = run(office, "export", "ledger", str(tmp_path / "ledger.xlsx"), "--as-of", DAY, code=2)
    assert most <= MEMORY_GOAL, "a ledger that no Excel works with is refused before it has filled the memory"
    with capsys.disabled():
        print(f"\n{CONTRACTS:,} contracts, judged by the generic rules; the scan: {scanned / 1024**3:.2f} GiB at most")
        for name, (times, most, size) in sorted(taken.items(), key=lambda one: -one[1][0]):
            print(f"  {name:13} {times:5.2f} of the scan, {most / 1024**3:5.2f} GiB, {size / 1024:7,.0f} KiB of HTML")
    assert max(times for times, _, _ in taken.values()) <= WITHIN
    assert max(most for _, most, _ in taken.values()) <= MEMORY_GOAL


@pytest.mark.bench
def test_forty_pages_are_printed_in_less_time_than_they_are_judged_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Payments is the longest that is printed; of a city its tables would be cut at a thousand rows."""
    stores.filled(tmp_path, 20_000)
    office = tmp_path / "config.toml"
    office.write_text(config(CORE, country="CN", zone="Asia/Shanghai").replace('"state"', '"."'), encoding="utf-8")
    scan, _ = run(office, "scan", "--as-of", DAY)
    pages, times = {}, {}
    for name in ("payments", "alerts", "monthly"):
        words = ("report", name, "--as-of", DAY, "--format")
        kept = tmp_path / f"{name}.json"
        asked, _ = run(office, *words, "json", "-o", str(kept))
        printed, _ = run(office, *words, "pdf", "-o", str(kept.with_suffix(".pdf")))
        assert json.loads(kept.read_text(encoding="utf-8"))["report"] == name
        pages[name] = len(PdfReader(kept.with_suffix(".pdf")).pages)
        times[name] = (printed - asked) / scan
    with capsys.disabled():
        print()
        for name, number in pages.items():
            print(
                f"  {name:9} {number:4} pages, printed in {times[name]:5.2f} of the time of the scan (asserted: {PRINTED})"
            )
    assert max(pages.values()) >= 40
    assert max(times.values()) <= PRINTED
