"""The pulse: what the daemon's threads write, others read whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from monitor.health.pulse import Pulse

START = datetime(2026, 3, 20, 6, 0, tzinfo=UTC)


def test_what_happened_is_counted_and_a_look_does_not_change_any_more() -> None:
    pulse = Pulse(started_at=START)
    pulse.plan("round")
    pulse.begin("round")
    early = pulse.beat()
    pulse.end("round", "failed")
    pulse.misfire("round")
    pulse.overrun("letters")
    pulse.skip("round")
    pulse.clock_stepped()
    pulse.reloaded(False)
    pulse.lead(True)
    pulse.tick(41.5)
    assert (early.jobs, early.runs, early.leading, early.last_tick) == ({"round": "running"}, {}, False, None)
    late = pulse.beat()
    assert (late.jobs, late.runs) == ({"round": "waiting"}, {("round", "failed"): 1})
    assert (late.misfires, late.overruns, late.skipped) == ({"round": 1}, {"letters": 1}, {"round": 1})
    assert (late.clock_steps, late.reload_ok, late.leading, late.last_tick) == (1, False, True, 41.5)


def test_threads_lose_no_count() -> None:
    pulse = Pulse(started_at=START)

    def many_runs(_thread: int) -> None:
        for _ in range(500):
            pulse.end("round", "ok")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(many_runs, range(8)))
    assert pulse.beat().runs == {("round", "ok"): 4000}
