"""A shaken ledger: facts lost, moved by some days, or swapped with those of another row. Made data, and none of it sense.

A healthy district asks few hard questions; a shaken one asks what no author of an example thought of. Both readings of the
law must answer alike all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from tests.district.law import Row, Value

STEPS = (1, 2, 3, 5, 7, 10, 14, 15, 20, 28, 29, 30, 31, 45, 60, 61, 90, 180, 365, 460)
KEPT = ("id", "contract_id", "unit_id", "party_id", "side", "currency", "jurisdiction")
"""Keys; and what the facts of a contract take for granted when it is missing."""
Ledger = dict[str, list[dict[str, Value]]]


def shaken(rows: Mapping[str, Sequence[Row]], today: date, chance: Random) -> Ledger:
    """The ledger with about half of its rows changed, and further rows of the rarer nouns. `history` stays as it is."""
    found: Ledger = {}
    for noun, some in rows.items():
        if noun == "history":
            found[noun] = [dict(row) for row in some]
            continue
        pool = _values(some)
        found[noun] = [_changed(row, pool, today, chance) if chance.random() < 0.5 else dict(row) for row in some]
        for number in range(max(0, 120 - len(some)) if some and noun != "unit" else 0):
            copy = _changed(chance.choice(some), pool, today, chance)
            found[noun].append(copy | {"id": f"{copy['id']}#{number}"})
    return found


def _values(some: Sequence[Row]) -> dict[str, list[Value]]:
    """Every field that these rows know, with each of its values once, so that what is rare comes up as often."""
    pool: dict[str, dict[Value, None]] = {}
    for row in some:
        for name, value in row.items():
            if name not in KEPT:
                pool.setdefault(name, {})[value] = None
    return {name: list(values) for name, values in pool.items()}


def _changed(row: Row, pool: Mapping[str, Sequence[Value]], today: date, chance: Random) -> dict[str, Value]:
    changed = dict(row)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        name = chance.choice(list(pool))
        value = chance.choice(pool[name])
        if chance.random() < 0.25:
            changed.pop(name, None)
        elif isinstance(value, date):
            changed[name] = today + timedelta(days=chance.choice(STEPS) * chance.choice((-1, -1, -1, -1, 1)))
        else:
            changed[name] = value
    return changed
