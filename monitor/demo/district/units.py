"""Cases about a unit rather than a contract: CN-PAY-12, the yearly disclosure, and CN-PRO-02, the hand-over."""

from __future__ import annotations

from datetime import date

from monitor.demo.district.things import Thing
from monitor.demo.district.world import World


def unit_cases(world: World) -> list[tuple[str, Thing, Thing]]:
    """Each rule with the unit that breaks it and the unit that does not."""
    return [("CN-PAY-12", *_undisclosed(world)), ("CN-PRO-02", *_not_handed_over(world))]


def _undisclosed(world: World) -> tuple[Thing, Thing]:
    """One unit has not published what it owed small enterprises at the end of 2025; another did on the last day but one."""
    bad, good = world.units["文化和旅游发展委员会"], world.units["卫生健康委员会"]
    world.yearly = [row for row in world.yearly if row.id != f"{bad.id}/2025"]
    for row in world.yearly:
        if row.id == f"{good.id}/2025":
            row.since(date(2026, 3, 30)).always(disclosed_on=date(2026, 3, 30), contracts=0)
    return bad, good


def _not_handed_over(world: World) -> tuple[Thing, Thing]:
    """Two bodies were merged on the same Monday; one has signed the hand-over list of its contracts, one has not."""
    merged = date(2026, 9, 7)
    bad, good = world.units["生态环境局"], world.units["城市管理局"]
    for unit in (bad, good):
        unit.forget("event", "event_on", "handover_on", after=date(2020, 12, 31))
        unit.say(merged, event="reorganisation", event_on=merged)
    good.say(date(2026, 9, 24), handover_on=date(2026, 9, 24))
    return bad, good
