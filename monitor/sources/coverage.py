"""How much of what a source could say it says: by field, and what changed in that from one edition to the next.

A register rarely announces that it drops a column. Rules then find *unknown* where they found a breach, which looks like
peace: so a field that stops is told to people once, when it happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.domain.nouns import NOUNS
from monitor.sources.border import Checked, Refusal

Fields = Mapping[str, tuple[int, int]]
"""By field: how many rows have a value, of how many. `contract.amount` is ours; `raw.Contract Value` the publisher's own."""

OUTSIDE = "raw."
FEW = 20
"""Rows below which an optional field that is nowhere filled says nothing."""
SOMETIMES = 0.05
"""Share of rows below which a field is so rare that its absence says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Fields that used to arrive and do not any more, and those that arrive for the first time."""

    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.gone or self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a pull would bring now. `rows` and `refused` by noun; `loss` says why it would wait for a person."""

    rows: dict[str, int]
    refused: list[Refusal]
    fields: dict[str, tuple[int, int]]
    drift: Drift
    loss: str | None


def fields(nouns: Mapping[str, Checked], arrived: Fields) -> dict[str, tuple[int, int]]:
    """Every field that some row of an edition fills."""
    found = {f"{OUTSIDE}{name}": counts for name, counts in arrived.items() if counts[0]}
    for noun, checked in nouns.items():
        rows = checked.good.num_rows
        for name in NOUNS[noun].model_fields:
            filled = rows - checked.good[name].null_count
            if filled:
                found[f"{noun}.{name.removesuffix('_minor')}"] = (filled, rows)
    return found


def drift(before: Fields, now: Fields, *, same_reader: bool) -> Drift:
    """What changed from one edition to the next. Our own fields are compared only when both were read in the same way.

    >>> drift({"raw.amount": (3, 3)}, {"raw.value": (3, 3)}, same_reader=True)
    Drift(gone=('raw.amount',), new=('raw.value',))
    >>> drift({"contract.ended_on": (1, 300)}, {}, same_reader=True)
    Drift(gone=(), new=())
    """
    outside_said = any(name.startswith(OUTSIDE) for name in now)
    gone = [
        name for name, counts in before.items()
        if name not in now and _missed(counts, _rows(name, now)) and (outside_said if name.startswith(OUTSIDE) else same_reader)
    ]  # fmt: skip
    outside_known = any(name.startswith(OUTSIDE) for name in before)
    new = [name for name in now if outside_known and name.startswith(OUTSIDE) and name not in before]
    return Drift(gone=tuple(sorted(gone)), new=tuple(sorted(new)))


def _missed(before: tuple[int, int], rows: int) -> bool:
    """Whether its absence says something: it was in every row, or in some of many."""
    filled, of = before
    return rows > 0 and (filled == of or (min(of, rows) >= FEW and filled >= SOMETIMES * of))


def _rows(name: str, now: Fields) -> int:
    """How many rows there are now of what the field belongs to."""
    group = name.split(".", 1)[0] + "."
    return max((of for other, (_, of) in now.items() if other.startswith(group)), default=0)
