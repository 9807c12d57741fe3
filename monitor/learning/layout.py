"""Which columns a portfolio has, and to which group of reasons each column made of them belongs.

The names of features are `what.of what`, e.g. `history.unit`, `pair.kind.party`, `load.place.overdue`. The group of
a column is read from its name alone, so a stored model needs no table of groups.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTRACT = "contract"
RESERVED = frozenset({
    "id", CONTRACT, "as_of", "start", "due", "amount", "known", "late", "delay", "first", "last",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns that the three tables of one portfolio have beside id, contract, days, amount and title.

    `roles` have a record and a load of their own; the contract is always one and is not named. `pairs` are looked
    up together, and the second of each owns the reason. `categories` and `numbers` bear the names of their facts.
    A role may be called `title`: the title is then looked up whole as well as word by word.

    >>> Layout(roles=("kind",), numbers=("kind",))
    Traceback (most recent call last):
    ValueError: the layout names a column twice: kind. Name each role, category and number once.
    """

    roles: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    categories: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = (*self.roles, *self.categories, *self.numbers)
        if taken := sorted(RESERVED & set(named)):
            raise ValueError(f"the layout names {', '.join(taken)}, which every table has anyway. Choose another name.")
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"the layout names a column twice: {', '.join(twice)}. "
                             "Name each role, category and number once.")  # fmt: skip
        if odd := sorted({name for pair in self.pairs for name in pair} - set(self.roles)):
            raise ValueError(f"the layout pairs {', '.join(odd)}, which is no role. Add the role or drop the pair.")

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns of which a record is kept: the roles, and the contract."""
        return (*self.roles, CONTRACT)


def group_of(name: str) -> str:
    """The group of reasons that a column of features, or a raw category, belongs to.

    A role, `contract` (this contract so far), `load`, `time`, `size`, `wording`, or the name of an extra fact.

    >>> [group_of(name) for name in ("history.unit", "pair.kind.party", "load.place.open", "load.contract.open")]
    ['unit', 'party', 'load', 'contract']
    >>> [group_of(name) for name in ("delay.unit", "time.age", "party", "fact.obligation.times_moved")]
    ['unit', 'time', 'party', 'obligation.times_moved']
    >>> [group_of(name) for name in ("history.contract.category", "contract.category")]
    ['contract.category', 'contract.category']
    """
    what, _, rest = name.partition(".")
    match what:
        case "time" | "size" | "wording":
            return what
        case "pair":
            return rest.rpartition(".")[2]
        case "load":
            return CONTRACT if rest.startswith(f"{CONTRACT}.") else what
        case "history" | "delay" | "fact":
            return rest
        case _:
            return name
