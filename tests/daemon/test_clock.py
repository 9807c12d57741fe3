"""A clock that was set is noticed; one that went mad is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.daemon.clock import Watch

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(watch: Watch, seconds: float, *, step: timedelta = timedelta()) -> timedelta | None:
    """Time goes on, and the wall clock is set beside."""
    return watch.look(watch.wall + timedelta(seconds=seconds) + step, watch.tick + seconds)


def test_time_that_goes_on_and_small_corrections_are_no_steps() -> None:
    watch = Watch(NOON, 100.0)
    assert [after(watch, seconds) for seconds in (1, 60, 86_400)] == [None, None, None]
    assert after(watch, 1, step=timedelta(seconds=-29)) is None
    assert after(watch, 1, step=timedelta(hours=-2)) == timedelta(hours=-2)
    assert watch.doubt(NOON) == ""


def test_a_clock_ten_years_ahead_is_doubted_until_it_comes_back() -> None:
    """Test 15. Nothing would be judged for ten years once one scan of 2036 was made."""
    watch = Watch(NOON, 100.0)
    ten_years = timedelta(days=3652)
    assert after(watch, 1, step=ten_years) == ten_years
    assert "3652 days ahead" in watch.doubt(NOON)
    assert after(watch, 3600) is None
    assert watch.doubt(NOON), "still"
    by_hand = watch.wall
    assert after(watch, 60) is None
    assert watch.doubt(by_hand) == "", "somebody worked by hand under the new date"
    watch.ahead = ten_years
    assert after(watch, 1, step=-ten_years) == -ten_years
    assert watch.doubt(NOON) == ""


def test_a_service_started_under_a_mad_clock_doubts_it_by_what_the_ledger_knows() -> None:
    watch = Watch(NOON + timedelta(days=3652), 5.0)
    assert "2036-03-01" in watch.doubt(NOON)
    assert "2026-03-02" in watch.doubt(NOON)
    assert watch.doubt(None) == "", "an office that never worked has nothing to lay it beside"
    assert watch.doubt(watch.wall - timedelta(days=20)) == "", "three weeks off are no madness"
