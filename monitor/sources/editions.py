"""The states a pull holds: usually one; several where the rows themselves say on which day they were published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.errors import HeldError, RejectedError
from monitor.sources import Reading, Source
from monitor.sources.border import Checked, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One state of a source: what was published, and when it could be known (UTC)."""

    recorded_at: datetime
    nouns: dict[str, Checked]
    refusals: list[Refusal]


def editions(
    source: Source, reading: Reading, *, last: datetime | None, at: datetime, start_of_day: Callable[[date], datetime]
) -> list[Edition]:
    """The states a payload holds, oldest first; those before the newest one we have are old news.

    A dated edition that is read again, because its publisher or its mapping was corrected, is recorded when it was read:
    what we knew before stays what we knew. Raises RejectedError for an edition older than the newest, or of a day to come.
    """
    days = sorted({day for checked in reading.nouns.values() for day in _days(checked) if day is not None})
    newest = max(days) if days else source.published
    if newest is not None and newest > at.date():
        raise RejectedError(
            f"source {source.name}: an edition of {newest} has not been published yet on {at.date()}", why="too_early"
        )
    if not days:
        recorded = start_of_day(source.published) if source.published else at
        if last is not None and recorded < last:
            raise RejectedError(
                f"source {source.name}: this edition is of {recorded.date()}, "
                f"but one of {last.astimezone(recorded.tzinfo).date()} is recorded already",
                hint="dated editions are pulled in the order they were published",
                why="too_old",
            )
        recorded = at if recorded == last else recorded
        return [Edition(recorded_at=recorded.astimezone(UTC), nouns=reading.nouns, refusals=reading.refusals)]
    strays = [stray for checked in reading.nouns.values() for stray in _strays(checked)]
    out = [
        Edition(recorded_at=start_of_day(day).astimezone(UTC), nouns=_state(reading, day), refusals=[])
        for day in days
        if last is None or start_of_day(day) > last
    ]
    if not out:
        out = [Edition(recorded_at=at.astimezone(UTC), nouns=_state(reading, days[-1]), refusals=[])]
    out[-1].refusals.extend([*reading.refusals, *strays])
    return out


def _state(reading: Reading, day: date) -> dict[str, Checked]:
    """What a payload says as of one day; a noun without days of its own is said on every one."""
    return {noun: _on(checked, day) if _dated(checked) else checked for noun, checked in reading.nouns.items()}


def _dated(checked: Checked) -> bool:
    return any(day is not None for day in _days(checked))


def _strays(checked: Checked) -> list[Refusal]:
    """Rows without a day where others of their kind have one: nobody can tell which state they belong to."""
    if not _dated(checked):
        return []
    lost = checked.good.filter(pc.is_null(checked.good["edition_on"])).select(["source_row"]).to_pylist()
    reason = "is empty, where other rows say on which day they were published"
    return [
        Refusal(noun=checked.noun, row=row["source_row"], field="edition_on", value=None, reason=reason) for row in lost
    ]


def _days(checked: Checked) -> Sequence[date | None]:
    found: Sequence[date | None] = pc.unique(checked.good["edition_on"]).to_pylist() if checked.good.num_rows else []
    return found


def _on(checked: Checked, day: date) -> Checked:
    good = checked.good.filter(pc.equal(checked.good["edition_on"], pa.scalar(day, pa.date32())))
    seen = checked.seen.filter(pc.equal(checked.seen["edition_on"], pa.scalar(day, pa.date32())))
    return Checked(noun=checked.noun, good=good, refusals=(), seen=seen)


def without_older(
    nouns: dict[str, Checked], newest: Mapping[str, date], known: Mapping[str, set[str]]
) -> dict[str, Checked]:
    """Leave out what a feed says of contracts of which something later is known, as when it repeats or mixes up its releases.

    `newest` has the day of the latest word on each contract, `known` the units and parties there are: what an old release says
    of those does not count either. Of one day the word that came last counts.
    """
    contracts = nouns["contract"].good if "contract" in nouns else None
    if contracts is None:
        return nouns
    told = contracts.select(["id", "updated_on", "unit_id", "party_id"]).to_pylist()
    older = {row["id"] for row in told if row["updated_on"] and row["updated_on"] < newest.get(row["id"], date.min)}
    named = {key: {row[key] for row in told if row["id"] not in older} for key in ("unit_id", "party_id")}
    drop = {
        noun: {row[f"{noun}_id"] for row in told if row["id"] in older} & known[noun] - named[f"{noun}_id"]
        for noun in ("unit", "party")
    } | {"contract": older}
    return {
        noun: _but(checked, drop.get(noun, older), "id" if noun in drop else "contract_id")
        for noun, checked in nouns.items()
    }


def _but(checked: Checked, left_out: set[str], key: str) -> Checked:
    if not left_out or key not in checked.good.column_names:
        return checked
    those = pc.is_in(checked.good[key], value_set=pa.array(sorted(left_out), pa.string()))
    return replace(checked, good=checked.good.filter(pc.invert(those)))


def refuse_loss(source: Source, reading: Reading, listed: set[str]) -> None:
    """A pull that would lose most of what a register listed is an accident of the register until a person says otherwise.

    Raises HeldError, with what a person can say.
    """
    if not source.complete or not listed:
        return
    contracts = reading.nouns.get("contract")
    seen = set(contracts.seen["id"].to_pylist()) if contracts else set()
    lost = len(listed - seen)
    if lost * 100 > source.vanish_limit_percent * len(listed):
        raise HeldError(
            f"source {source.name}: {lost} of {len(listed)} contracts would vanish, more than "
            f"{source.vanish_limit_percent} %; nothing was recorded",
            hint=f"look at the source; if the loss is real, `lvyue sources accept {source.name} --reason …` takes what it sent",
            lost=lost,
            listed=len(listed),
        )
