"""Small random districts: a seed, a day, and everything that happened around it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from monitor.domain.nouns import NOUNS, choices
from monitor.domain.portfolio import nothing, schema

Row = dict[str, Any]
World = dict[str, list[Row]]
Facts = Callable[..., Row]
Each = Callable[..., dict[str, Row]]

AS_OF = date(2026, 3, 2)


def tables(world: Mapping[str, Sequence[Row]]) -> dict[str, pa.Table]:
    """A portfolio of these rows; every field that a row does not give is unknown."""
    return nothing() | {noun: pa.Table.from_pylist(list(rows), schema=schema(noun)) for noun, rows in world.items()}


MANY = {
    "unit": 2, "party": 3, "contract": 6, "obligation": 14, "payment": 14, "amendment": 9, "guarantee": 8, "review": 6,
    "filing": 8, "publication": 6, "complaint": 6, "disclosure": 4,
}  # fmt: skip


def random_world(seed: int) -> World:
    """A district of two registers, in which half of what is known lies after the day, and much is not known at all."""
    chance = random.Random(seed)
    world: World = {noun: _some(chance, noun, MANY[noun]) for noun in NOUNS}
    keys = {"unit_id": 2, "party_id": 2, "contract_id": 6}
    for noun, model in NOUNS.items():
        for row in world[noun]:
            row |= {key: f"{key[:-3]} {chance.randrange(n)}" for key, n in keys.items() if key in model.model_fields}
    for row in world["contract"]:
        row |= {
            "unit_id": chance.choice([row["unit_id"], None]),
            "jurisdiction": chance.choice(["CN-CQ", "CN", "US", "DE"]),
        }
    for row in world["complaint"]:
        row |= {"contract_id": chance.choice([row["contract_id"], None])}
    world["history"] = [
        {"noun": noun, "id": row["id"], "recorded_on": day_around(chance), "day": day_around(chance), "seq": number}
        for noun in ("obligation", "contract")
        for row in world[noun]
        for number in range(3)
    ]
    return world


def day_around(chance: random.Random) -> date:
    """Some day of the year before the day or the year after it; often the day itself or one beside it."""
    return AS_OF + timedelta(days=chance.choice([0, 1, -1, chance.randint(-400, 400)]))


def _some(chance: random.Random, noun: str, count: int) -> list[Row]:
    """Rows of a noun, each cell known or not."""
    return [_row(chance, noun, number) for number in range(count)]


def _row(chance: random.Random, noun: str, number: int) -> Row:
    row: Row = {"id": f"{noun} {number}", "source": f"register {number % 2}", "source_row": number, "seq": number}
    for place, (name, field) in enumerate(NOUNS[noun].model_fields.items()):
        if name == "id" or name.endswith("_id"):
            continue
        if field.is_required() or chance.random() < 0.7:
            row[name] = _cell(chance, noun, name, schema(noun)[place].type)
    if "currency" in NOUNS[noun].model_fields:
        row["currency"] = "CNY"
    row["heard_on"] = day_around(chance)
    row["gone_on"] = day_around(chance) if chance.random() < 0.2 else None
    return row


def _cell(chance: random.Random, noun: str, name: str, kind: pa.DataType) -> Any:
    words = choices(NOUNS[noun], name)
    if words:
        return chance.choice(words)
    if kind == pa.date32():
        return day_around(chance)
    if kind == pa.bool_():
        return chance.random() < 0.5
    if kind in (pa.int32(), pa.int64()):
        return chance.choice([0, 1, 5, 30, 100])
    return chance.choice(["甲", "A", "B"])
