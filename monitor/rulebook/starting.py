"""A new rule to start from: one file, whole, that passes its own examples and says of itself that it must be replaced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.domain.errors import UsageError
from monitor.rulebook.rule import RULE_ID

PLACEHOLDER_ID = "ZZ-NEW-01"
"""The id in `starting_point.toml`, which is a rule itself."""

PACK = """\
# Rules of an office's own. What stands here holds for every rule of this folder.
name = { zh = "本机关规则", en = "Rules of this office" }
# jurisdiction = ["CN"]  # only contracts under this law; left out: every contract
# calendar = "CN"        # whose working days count; left out: those of config.toml
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What was written. `pack` is the new `pack.toml`, or None where the folder had one."""

    rule: Path
    pack: Path | None


def start(rule_id: str, shelf: Path, *, shelves: Sequence[Path]) -> Started:
    """Write the starting point of a rule into its pack on `shelf`, and a `pack.toml` if the pack is new.

    The pack is that of the rules with the same first letters (`CQ` of `CQ-PAY-01`), else the shelf's only one, else a new
    folder of that name. Raises UsageError when the id is ill-formed or stands on one of `shelves` already.
    """
    if not re.fullmatch(RULE_ID, rule_id, re.ASCII):
        near = f'; did you mean "{rule_id.upper()}"?' if re.fullmatch(RULE_ID, rule_id.upper(), re.ASCII) else ""
        raise UsageError(f"{rule_id!r} is no id of a rule{near}", hint="write it as CQ-PAY-01: place, matter, number")
    for folder in (shelf, *shelves):
        for path in folder.glob(f"*/{rule_id}.toml"):
            raise UsageError(f"{rule_id} is there already: {path}", hint=f"{_free(rule_id, (shelf, *shelves))} is free")
    if shelf.exists() and not shelf.is_dir():
        raise UsageError(f"{shelf} is a file, no folder", hint="--shelf names a folder that holds packs")
    folder = _pack(rule_id, shelf)
    pack = folder / "pack.toml"
    new = not pack.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if new:
        _write(pack, PACK)
    _write(folder / f"{rule_id}.toml", starting_point(rule_id))
    return Started(rule=folder / f"{rule_id}.toml", pack=pack if new else None)


def starting_point(rule_id: str) -> str:
    """The text of the new file.

    >>> 'id = "CQ-PAY-01"' in starting_point("CQ-PAY-01")
    True
    """
    text = Path(__file__).with_name("starting_point.toml").read_text(encoding="utf-8")
    return text.replace(PLACEHOLDER_ID, rule_id)


def _pack(rule_id: str, shelf: Path) -> Path:
    word = rule_id.partition("-")[0]
    packs = sorted(path.parent for path in shelf.glob("*/pack.toml"))
    kin = [folder for folder in packs if any(folder.glob(f"{word}-*.toml"))]
    if kin or len(packs) == 1:
        return (kin or packs)[0]
    return shelf / word.lower()


def _free(rule_id: str, shelves: Sequence[Path]) -> str:
    """The next number of the series that no file has."""
    series = rule_id[:-2]
    taken = {path.stem for folder in shelves for path in folder.glob(f"*/{series}*.toml")}
    free = [f"{series}{number:02d}" for number in range(1, 100) if f"{series}{number:02d}" not in taken]
    return free[0] if free else "no number of this series"


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:  # whoever makes the file first keeps it
        file.write(text)
