"""A DuckDB that runs other people's SQL: no file, no network, no extension, bounded memory and time.

Mappings and rules are text that an office writes. Whatever they say, they see only the tables put before them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_LIMIT = "1GB"
SPILL_LIMIT = "50GB"
THREADS = 2


def sandbox(
    *,
    threads: int = THREADS,
    memory_limit: str = MEMORY_LIMIT,
    readable: Sequence[Path] = (),
    spill: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """An empty in-memory DuckDB that cannot reach anything outside itself, for good, but the files named in `readable`.

    What does not fit into memory goes to files in the folder `spill`, which are gone when it is closed; those of a process
    that was killed go when the next one opens. Without it a query too large for memory fails.

    >>> with sandbox() as db:
    ...     db.execute("select * from read_text('/etc/hostname')")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ...
    duckdb.PermissionException: Permission Error
    """
    db = duckdb.connect(config={"threads": threads, "memory_limit": memory_limit})
    for setting in (
        "autoinstall_known_extensions=false",
        "autoload_known_extensions=false",
        "global python_enable_replacements=false",  # or `from db` would read the caller's Python variables
        "global TimeZone='UTC'",
        f"temp_directory={quoted(spill or '')}",  # or it is .tmp here, and up to 90 % of the disk
        f"max_temp_directory_size='{SPILL_LIMIT}'",
        # These two look into every constant again and again, and a calendar is a constant of twenty thousand days:
        # planning a scan took a second of which they were nine tenths.
        "disabled_optimizers='common_subexpressions,statistics_propagation'",
        f"allowed_paths=[{', '.join(quoted(path) for path in readable)}]",
        "enable_external_access=false",
        "lock_configuration=true",
    ):
        db.execute(f"set {setting}")
    return db


def quoted(path: Path | str) -> str:
    """A text constant of SQL: a path, or whatever is one."""
    text = str(path).replace("'", "''")
    return f"'{text}'"


def two_at_a_time(
    db: duckdb.DuckDBPyConnection,
    beside: duckdb.DuckDBPyConnection | None,
    jobs: Sequence[Callable[[duckdb.DuckDBPyConnection], object]],
) -> None:
    """Run jobs that do not wait for each other, on a connection and on a second one to the same database if there is one.

    To plan a query takes one core, and on few rows longer than to run it.
    """
    waiting = deque(jobs)

    def work(connection: duckdb.DuckDBPyConnection) -> None:
        while True:
            try:
                job = waiting.popleft()
            except IndexError:
                return
            job(connection)

    if beside is None:
        work(db)
        return
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (db, beside)))


@contextmanager
def bounded(db: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt whatever runs on `db` after `seconds`; the statement then raises duckdb.InterruptException.

    Interrupted again and again until the block ends: a single interrupt between two statements would be lost.
    """
    over = threading.Event()

    def watch() -> None:
        patience = seconds
        while not over.wait(patience):
            db.interrupt()
            patience = 0.05

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
