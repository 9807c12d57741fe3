"""Whom the regulation on payments to small and medium enterprises protects, since when, and by which day a sum is due."""

from __future__ import annotations

from datetime import date

from tests.district.law import (
    Row,
    World,
    among,
    base_day,
    day,
    every,
    more,
    plus,
    roll,
    some,
    unpaid,
    whole,
    word,
)

REGULATION = date(2020, 9, 1)
"""First day of 国务院令第728号 on payments to small and medium enterprises."""
EDITION = date(2025, 6, 1)
"""First day of its second edition, 国务院令第802号."""
LPR = (
    (date(2020, 4, 20), 38500), (date(2021, 12, 20), 38000), (date(2022, 1, 20), 37000), (date(2022, 8, 22), 36500),
    (date(2023, 6, 20), 35500), (date(2023, 8, 21), 34500), (date(2024, 7, 22), 33500), (date(2024, 10, 21), 31000),
    (date(2025, 5, 20), 30000),
)  # fmt: skip
"""Loan prime rate of one year in parts per million, from the day it was published for: catalogue, section 2."""


def in_force(start: date | None, first: date) -> bool | None:
    """Whether the law was in force on the day that counts."""
    return None if start is None else start >= first


def is_purchase(contract: Row) -> bool:
    """What the regulation covers: goods, works, services. Compensation for an expropriation is the price of none."""
    return word(contract, "kind") != "ZSBC"


def is_small(contract: Row, world: World) -> bool | None:
    """A small or medium enterprise that is paid for a purchase."""
    return every(is_purchase(contract), among(world.party(contract).get("size_at_signing"), "medium", "small", "micro"))


def is_public(contract: Row, world: World) -> bool:
    """An organ or institution: whoever keeps such a ledger is one, unless it says 国企."""
    return word(world.unit(contract), "kind") != "soe"


def is_public_or_large(contract: Row, world: World) -> bool | None:
    """As above, or a large state-owned company."""
    return some(is_public(contract, world), among(world.unit(contract).get("size"), "large"))


def is_works(contract: Row) -> bool | None:
    """Building works: by its category, else by its kind (工程建设)."""
    known = among(contract.get("category"), "works")
    return known if known is not None else among(contract.get("kind"), "GCJS")


def government_owes(payment: Row, today: date) -> bool | None:
    """The government owes it, and something undisputed is not paid."""
    return every(among(payment.get("side"), "government"), more(unpaid(payment, today), 0))


def last_day(payment: Row, contract: Row, world: World, *, protected: bool) -> date | None:
    """The agreed day, at most base + 60; with none agreed base + 30: catalogue, section 2. A large company: no cap, else 60."""
    base, agreed, term = (
        base_day(payment, contract, world.today),
        day(payment, "due_on"),
        whole(contract, "pay_term_days"),
    )
    public = is_public(contract, world)
    if agreed is None and term is None:
        return roll(plus(base, 30 if public else 60)) if base and protected else None
    if agreed is None:
        agreed = roll(plus(base, term or 0)) if base else None
    if base is None or agreed is None or not (public and protected):
        return agreed
    return min(agreed, roll(plus(base, 60)))


def prime_rate(signed: date) -> int | None:
    """The rate on the day of signing."""
    return max((pair for pair in LPR if pair[0] <= signed), default=(signed, None))[1]
