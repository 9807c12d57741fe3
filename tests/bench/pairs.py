"""Two callables timed in turn, so that whatever else the machine does slows both."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter


def ratio(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int) -> float:
    """How many times as fast as `theirs` ours is: the median over rounds of one call each, A B A B.

    One call of each before the first round does not count: it pays for imports and for cold caches.
    """
    seconds(ours), seconds(theirs)
    found = []
    for _ in range(rounds):
        own = seconds(ours)
        found.append(seconds(theirs) / own)
    return median(found)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = perf_counter()
    work()
    return perf_counter() - start


@contextmanager
def one_core() -> Iterator[None]:
    """Both on one core, where the system can do that: then a peer with many threads is compared with one that has one."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
