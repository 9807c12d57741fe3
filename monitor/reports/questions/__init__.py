"""The questions of an auditor, a file each, found by being there.

A question has `report(asked) -> Document`, a pure function of facts; `NARROWED_BY`, what it may be narrowed to; and as the
first line of its file the sentence that `lvyue report --help` says of it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.reports.asked import Asked
    from monitor.reports.document import Document

HERE = Path(__file__).parent


@cache
def questions() -> dict[str, str]:
    """Every question with its sentence, by name. Nothing is imported for it: `--help` is quick."""
    return {
        path.stem: path.read_text(encoding="utf-8").partition("\n")[0].strip('"')
        for path in sorted(HERE.glob("[a-z]*.py"))
    }


def narrowed_by(name: str) -> frozenset[str]:
    """What a question may be narrowed to: fields of `Narrowed`."""
    found: frozenset[str] = import_module(f"{__name__}.{name}").NARROWED_BY
    return found


def answer(name: str, asked: Asked) -> Document:
    """The answer to a question. Raises UsageError where what is asked for is not there."""
    from monitor.reports.asked import narrow

    made: Document = import_module(f"{__name__}.{name}").report(narrow(asked))
    return made
