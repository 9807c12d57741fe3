"""How long lists are arranged, so that a reader finds what matters: warnings by turns, rules by whose law they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.warning import LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The rules of one law: blind on some contracts, the blindest first; seeing everything; with nothing to judge.

    `name` is in both languages; `binds` says whether any contract stands under this law.
    """

    name: dict[str, str]
    binds: bool
    blind: list[dict[str, Any]] = field(default_factory=list)
    seeing: list[dict[str, Any]] = field(default_factory=list)
    idle: list[dict[str, Any]] = field(default_factory=list)


def worst(findings: Sequence[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """The first `limit`, level by level; within a level the rules take turns, so that a crowd of one hides no other.

    >>> rows = [{"level": "red", "rule": rule} for rule in ("A", "A", "A", "B")]
    >>> [row["rule"] for row in worst(rows, 3)]
    ['A', 'B', 'A']
    """
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for place, finding in enumerate(findings):
        kind = (finding["level"], finding["rule"])
        turns.append((-LEVELS.index(finding["level"]), seen[kind], place))
        seen[kind] += 1
    return [findings[place] for _, _, place in sorted(turns)[:limit]]


def by_pack(coverage: Sequence[dict[str, Any]]) -> list[Pack]:
    """The rules of each pack together; packs of another law last. Each row also says to how much its rule `applied`."""
    binding = {row["pack"]["en"] for row in coverage if row["binds"]}
    packs: dict[str, Pack] = {}
    for row in coverage:
        name = row["pack"]
        pack = packs.setdefault(name["en"], Pack(name=name, binds=name["en"] in binding))
        row = row | {"applied": row["judged"] - row["not_applicable"]}
        (pack.blind if row["contracts_blind"] else pack.seeing if row["applied"] else pack.idle).append(row)
    for pack in packs.values():
        pack.blind.sort(key=lambda row: (not row["applied"], -row["contracts_blind"], row["rule"]))
    return sorted(packs.values(), key=lambda pack: (not pack.binds, -len(pack.blind), pack.name["en"]))


def counted(packs: Sequence[Pack]) -> dict[str, int]:
    """How many rules bind here, and how many of them are blind somewhere, see everything, have nothing to judge.

    `foreign` are of a law under which no contract stands: they are counted in none of the others.
    """
    here = [pack for pack in packs if pack.binds]
    numbers = {
        "blind": sum(len(pack.blind) for pack in here), "seeing": sum(len(pack.seeing) for pack in here),
        "idle": sum(len(pack.idle) for pack in here),
    }  # fmt: skip
    foreign = sum(len(pack.blind) + len(pack.seeing) + len(pack.idle) for pack in packs if not pack.binds)
    return {"binding": sum(numbers.values()), **numbers, "foreign": foreign}
