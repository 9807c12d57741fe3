"""A folder into which people drop files: each whole one is taken as an edition, in the order of names (2月 before 10月).

Nothing is ever deleted: what was taken moves to `taken/`, what cannot be to `refused/` beside a .txt that says why. A file that
was touched a moment ago may still be growing and waits; one that changes while it is read is left for the next pull. Names
of half files (`~$…`, `.…`, `….part`) are passed over until they are renamed.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from monitor.domain.errors import ConfigError, RejectedError, SourceError
from monitor.domain.words import LANGS, filled, word
from monitor.sources.fetch import Fetched, FetchLimits
from monitor.sources.unpack import BrokenOff, ungzipped

QUIET = timedelta(minutes=2)
"""How long nobody may have touched a file: copies over a network stall, and clocks of file servers go wrong by seconds."""
HALF = re.compile(r"^[.~]|\.(part|partial|tmp|crdownload|download|filepart)$", re.IGNORECASE)
TAKEN, REFUSED = "taken", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What lies in the folder: whole files in their order, those that wait, and what is no file."""

    ready: list[Path]
    growing: list[Path]
    odd: list[Path]


def look(folder: Path, *, at: datetime) -> Look:
    """See what lies there. Raises ConfigError when `taken` or `refused` is a link or a file, SourceError if it cannot be read."""
    for name in (TAKEN, REFUSED):
        place = folder / name
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise ConfigError(f"{place}: must be a folder and no link", hint="Lvyue moves files there; remove it")
    found = Look(ready=[], growing=[], odd=[])
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: _in_order(entry.name)):
                _sort(entry, found, at)
    except OSError as error:
        raise SourceError(
            f"{folder}: {error.strerror}", hint="who may read this folder and move its files?", permanent=True
        ) from error
    return found


def read(path: Path, limits: FetchLimits) -> Fetched:
    """One dropped file. Raises SourceError when it changes meanwhile, RejectedError when it is too large or no plain file."""
    try:
        # The name may have become a link since it was looked at, or a pipe on which opening would wait.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise no_file(path)
            raw = file.read(limits.max_bytes + 1)
            after = os.fstat(file.fileno())
        if _state(before) != _state(after) or len(raw) != min(after.st_size, limits.max_bytes + 1):
            raise SourceError(f"{path}: changed while it was read", hint="it is left for the next pull")
        if len(raw) > limits.max_bytes:
            raise RejectedError(
                f"{path}: larger than {limits.max_bytes:,} bytes",
                hint="raise this source's size limit, or split it",
                why="too_large",
            )
        content = ungzipped(raw, str(path), limits.max_bytes)
    except BrokenOff as problem:
        raise RejectedError(f"{path}: {problem}", why="damaged") from problem
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}", hint="who may read this file?", permanent=True) from error
    digest = hashlib.sha256(content).hexdigest()
    return Fetched(content=content, sha256=digest, location=str(path), status=200, attempts=1)


def state_of(path: Path) -> tuple[int, ...] | None:
    """What tells a file from another put in its place; None where there is none."""
    try:
        return _state(path.lstat())
    except OSError:
        return None


def no_file(path: Path) -> RejectedError:
    """What a link, a pipe or a device is answered with."""
    return RejectedError(
        f"{path}: is a link or a device, not a file", hint="copy the file itself into the folder", why="no_file"
    )


def refuse(path: Path, error: RejectedError) -> RejectedError:
    """Put a file aside with the reason beside it, in both languages; where exactly stands at the end, in the program's words.

    Raises SourceError as `put_away`; the error is given back.
    """
    said = " ".join(str(error).split())
    lines = [
        filled("source.file_refused", lang, file=path.name, reason=word(f"refused.{error.why}", lang), said=said)
        for lang in LANGS
    ]
    put_away(path, REFUSED, note="\n".join(lines) + "\n")
    return error


def told(source: str, refused: Mapping[str, RejectedError], *, on: date) -> dict[str, str]:
    """A note for whoever runs Lvyue, in both languages: the next pull finds the folder without these files, and is content."""
    note: dict[str, str] = {}
    for lang in LANGS:
        reasons = word("letter.semicolon", lang).join(
            filled("letter.file_refused", lang, file=name, reason=word(f"refused.{error.why}", lang))
            for name, error in refused.items()
        )
        note[lang] = filled("letter.files_refused", lang, source=source, reason=reasons)
    return note | {"about": f"files {on} {note['en']}"}


def put_away(path: Path, place: str, *, note: str = "") -> Path:
    """Move a file to `taken` or `refused`, past others of its name, with a note beside it. Where it lies now is returned.

    Raises SourceError when it cannot be moved: then it would be taken again and again.
    """
    try:
        folder = path.parent / place
        folder.mkdir(exist_ok=True)
        target, again = folder / path.name, 1
        while os.path.lexists(target):
            again += 1
            target = folder / f"{path.stem} ({again}){path.suffix}"
        os.rename(path, target)
        if note:
            target.with_name(f"{target.name}.txt").write_text(note, encoding="utf-8-sig")  # Notepad of an old Windows
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be moved to {place}: {error.strerror}",
            hint="let the account that runs lvyue write to this folder",
            permanent=True,
        ) from error
    return target


def _sort(entry: os.DirEntry[str], found: Look, at: datetime) -> None:
    path = Path(entry.path)
    if HALF.search(entry.name) or entry.is_dir(follow_symlinks=False):
        return
    told = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(told.st_mode):
        found.odd.append(path)
        return
    now = at.timestamp()
    touched = told.st_mtime if told.st_mtime <= now else told.st_ctime  # a copy may keep the time of another clock
    (found.ready if now - touched >= QUIET.total_seconds() else found.growing).append(path)


def _in_order(name: str) -> list[tuple[int, str]]:
    """Names as people count.

    >>> sorted(["10月.xlsx", "2月.xlsx", "总表.xlsx"], key=_in_order)
    ['2月.xlsx', '10月.xlsx', '总表.xlsx']
    """
    pieces = re.split(r"([0-9]+)", name.lower())
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]


def _state(told: os.stat_result) -> tuple[int, int, int]:
    return told.st_ino, told.st_size, told.st_mtime_ns
