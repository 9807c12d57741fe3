"""A portfolio too large for memory, a part at a time: engines that together see everything once.

All that belongs to a contract lies in one part. Units and parties, which reach over parts, come last, told by each part what
they have there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa

from monitor.domain.portfolio import Rows
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import BELONGS, nothing, subjects

Tables = Mapping[str, Rows]


def engines(
    parts: Sequence[Tables], whole: Tables, calendars: Mapping[str, WorkCalendar], *, as_of: date, reach_first: bool
) -> Iterator[tuple[Engine, tuple[str, ...]]]:
    """Each engine with the subjects that it sees all of. One part is one engine for everything.

    `whole` are the same tables uncut. `reach_first` when a rule about a contract names a sum over its unit's or party's
    contracts (`facts.REACHED`): then every part is gone through twice.
    """
    if len(parts) == 1:
        with Engine(parts[0], calendars, as_of=as_of) as engine:
            yield engine, tuple(subjects())
        return
    only_around = {"unit": whole["unit"], "party": whole["party"], "disclosure": whole["disclosure"]}
    around = _around(whole, calendars, as_of)
    reach: list[pa.Table] = []
    if reach_first:
        for tables in parts:
            with Engine({**tables, **only_around}, {}, as_of=as_of, around=around) as engine:
                reach.append(engine.reach())
    known = pa.concat_tables(reach) if reach else None
    for number, tables in enumerate(parts):
        others = pa.concat_tables([*reach[:number], *reach[number + 1 :]]) if known is not None else None
        with Engine({**tables, **only_around}, calendars, as_of=as_of, around=around, reach=others) as engine:
            yield engine, BELONGS
            if known is None:
                reach.append(engine.reach())
    last = {**nothing(), **only_around}
    with Engine(last, calendars, as_of=as_of, around=around, reach=pa.concat_tables(reach)) as engine:
        yield engine, ("unit", "party")


def _around(whole: Tables, calendars: Mapping[str, WorkCalendar], as_of: date) -> dict[str, pa.Table]:
    """What spans contracts, from all parts: an engine narrowed to no contract reads no more than that."""
    with Engine(whole, calendars, as_of=as_of, contracts=[]) as engine:
        return engine.around()
