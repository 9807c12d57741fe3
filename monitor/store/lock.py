"""One Lvyue at a time works in a state folder: an advisory lock on a file beside it, freed by the system when a process dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from monitor.domain.errors import BusyError, StoreError


@contextmanager
def exclusive(state: Path) -> Iterator[None]:
    """Hold the state folder. Raises BusyError when another process holds it, StoreError when it cannot be written."""
    path = state / "lvyue.lock"
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        with lock:
            yield
    except Timeout as error:
        raise BusyError(
            f"{state}: another lvyue is at work here",
            hint="wait until it is done, or stop it; `lvyue runs list` shows what it does",
        ) from error
    except OSError as error:
        if error.filename == str(path) or not os.access(state, os.W_OK):
            raise StoreError(
                f"{state}: {error.strerror}", hint="let the account that runs lvyue write there"
            ) from error
        raise
