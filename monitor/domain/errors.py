"""Every error a person may meet, in one tree; each says where, what, and what to do.

LvyueError            exit code
├── UsageError        2  the question itself cannot be answered
├── ConfigError       3  config.toml, a rule, a mapping cannot be used; all faults of a file at once
├── SourceError       4  a publisher did not answer; `.retry` says whether trying again can help
├── RejectedError     5  what the publisher sent cannot be used; the last good state stays
│   └── HeldError     5  it can, but would lose so much that a person has to say that this is true
├── IntegrityError    6  something stored is not what was stored, or is from another schema
├── BusyError         7  another Lvyue is at work on this database
├── StoreError        8  the database cannot be written: disk full, read-only, locked
├── DeliveryError     9  a letter did not go out; `.permanent` says whether it ever will
├── ModelError       10  a learned model cannot be trained, read or used; rules go on without it
└── MoveError        11  a warning cannot be moved so: it was moved before, or something has to come first
"""

from __future__ import annotations


class LvyueError(Exception):
    """Base of the tree. `message` says where and what; `hint` says what to do."""

    exit_code: int = 1
    retry: bool = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(LvyueError):
    """The question cannot be answered as asked: an unknown contract, a day before the data."""

    exit_code = 2


class ConfigError(LvyueError):
    """A file that people write cannot be used. The message lists every fault, a line each."""

    exit_code = 3


class SourceError(LvyueError):
    """A publisher did not answer. Trying again helps unless `permanent`."""

    exit_code = 4

    def __init__(self, message: str, *, hint: str = "", permanent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retry = not permanent


class RejectedError(LvyueError):
    """A publisher's answer cannot be used: not the format, not the columns, too large.

    `why` names the reason in the words people read (`refused.<why>`), for who dropped the file and reads no English.
    """

    exit_code = 5

    def __init__(self, message: str, *, hint: str = "", why: str = "other") -> None:
        super().__init__(message, hint=hint)
        self.why = why


class HeldError(RejectedError):
    """A pull that would lose most of what a register listed. What was sent is kept, and waits for a person."""

    def __init__(self, message: str, *, hint: str = "", lost: int = 0, listed: int = 0) -> None:
        super().__init__(message, hint=hint, why="lost")
        self.lost = lost
        self.listed = listed


class IntegrityError(LvyueError):
    """What is stored is not what was stored, or comes from a newer schema."""

    exit_code = 6


class BusyError(LvyueError):
    """Another Lvyue holds this database."""

    exit_code = 7
    retry = True


class StoreError(LvyueError):
    """The database cannot be written. Nothing of the failed step was kept."""

    exit_code = 8


class DeliveryError(LvyueError):
    """A letter was not accepted. `permanent` parks it; otherwise it is tried again. `held`: our own pace, it was not tried."""

    exit_code = 9

    def __init__(self, message: str, *, hint: str = "", permanent: bool = False, held: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent
        self.held = held
        self.retry = not permanent


class ModelError(LvyueError):
    """A learned model cannot be trained, read or used. Rules need none and go on."""

    exit_code = 10


class MoveError(LvyueError):
    """A warning cannot be moved so. The message says how it stands; the hint what can be done with it now."""

    exit_code = 11
