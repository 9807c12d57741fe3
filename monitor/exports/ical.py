"""Due days of promises and sums for people's own calendars (RFC 5545): an event for each that is open and has a day.

Who subscribes to the file sees what is done go and what is moved move: an event is known by its UID, which is the thing's own
key, and the higher SEQUENCE wins, which is the number of its newest version. All-day events and no VTODO: most calendars of
offices show no tasks of a feed. Names come from strangers, so the library escapes them and folds the lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from monitor.domain.errors import UsageError
from monitor.domain.words import fact_value, filled, shown, word
from monitor.engines.duckdb import Engine
from monitor.notify.letters.inert import cut, one_line

TITLE_COLUMNS, TEXT_COLUMNS = 120, 2_000
TOGETHER = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Whose calendar: the office, in which language, narrowed to units with something in their name. `at` as in `ocds`."""

    office: str
    lang: str
    at: datetime
    unit: str | None = None


def written(engine: Engine, feed: Feed) -> Iterator[bytes]:
    """The file, piece by piece. Raises UsageError where no unit has that in its name."""
    from icalendar import Calendar

    if feed.unit and not engine.rows(
        "select 1 from fact_unit where contains(lower(name), lower(?)) limit 1", [feed.unit]
    ):
        raise UsageError(
            f"there is no unit with {feed.unit!r} in its name", hint="without --unit, the calendar has all of them"
        )
    sheet = Calendar()
    sheet.add("VERSION", "2.0")
    sheet.add("PRODID", f"-//Lvyue//Due days//{feed.lang.upper()}")
    sheet.add("METHOD", "PUBLISH")
    sheet.add("X-WR-CALNAME", one_line(" ".join(filter(None, (feed.office, feed.unit, word("feed.title", feed.lang))))))
    head, end = sheet.to_ical(sorted=False), b"END:VCALENDAR\r\n"
    yield head.removesuffix(end)
    cursor = engine.db.execute(_DUE, [feed.unit])
    names = [column[0] for column in cursor.description or ()]
    while some := cursor.fetchmany(TOGETHER):
        yield b"".join(_event(dict(zip(names, row, strict=True)), feed) for row in some)
    yield end


def _event(row: dict[str, Any], feed: Feed) -> bytes:
    from icalendar import Event

    event, name = Event(), " ".join(("lvyue", feed.office, row["noun"], row["id"]))
    event.add("UID", str(uuid5(NAMESPACE_URL, name)))
    event.add("SEQUENCE", row["seq"])
    event.add("DTSTAMP", feed.at.astimezone(UTC))
    event.add("DTSTART", row["due_on"])
    event.add("DTEND", row["due_on"] + timedelta(days=1))
    event.add("STATUS", "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT")
    event.add("CATEGORIES", [word(f"feed.{row['noun']}", feed.lang)])
    event.add("SUMMARY", _summary(row, feed.lang))
    event.add("DESCRIPTION", _description(row, feed))
    told: bytes = event.to_ical(sorted=False)
    return told


def _summary(row: dict[str, Any], lang: str) -> str:
    title = fact_value(f"{row['noun']}.title", row["title"], lang) if row["title"] else word("feed.untitled", lang)
    number, contract = one_line(row["number"] or ""), one_line(row["contract"])
    return cut(
        filled(f"feed.{row['noun']}_title", lang, title=one_line(title), number=number, contract=contract),
        TITLE_COLUMNS,
    )


def _description(row: dict[str, Any], feed: Feed) -> str:
    lang = feed.lang
    side = None if row["side"] is None else word(f"letter.side.{row['side']}", lang)
    amount = None if row["amount"] is None else f"{row['amount']:,.2f} {row['currency']}"
    lines = (
        ("col.unit", row["unit"]), ("col.party", row["party"]), ("col.number", row["number"]), ("col.contract", row["contract"]),
        ("side", side), ("feed.amount", amount), ("as_of", shown(row["as_of"], lang)),
    )  # fmt: skip
    colon = "：" if lang == "zh" else ": "
    return "\n".join(
        cut(f"{word(key, lang)}{colon}{one_line(str(value))}", TEXT_COLUMNS) for key, value in lines if value
    )


_DUE = """
select d.*, c.number, c.title as contract, u.name as unit, p.name as party, as_of() as as_of
from (
    select 'obligation' as noun, o.id, o.contract_id, o.title, o.side, o.due_on, o.amount, o.currency, raw.seq
    from fact_obligation o join obligation raw on raw.id = o.id
    where o.done_on is null and coalesce(o.status not in ('met', 'waived'), true) and coalesce(o.conditions_met, true)
        and o.due_on is not null and o.gone_on is null
    union all by name
    select 'payment' as noun, y.id, y.contract_id, y.title, y.side, y.due_on, coalesce(y.unpaid, y.amount) as amount, y.currency,
        raw.seq
    from fact_payment y join payment raw on raw.id = y.id
    where coalesce(y.unpaid > 0, true) and y.due_on is not null and y.gone_on is null
) d
join fact_contract c on c.id = d.contract_id
left join fact_unit u on u.id = c.unit_id
left join fact_party p on p.id = c.party_id
where c.gone_on is null and coalesce(c.status not in ('cancelled', 'archived'), true)
    and ($1::varchar is null or contains(lower(u.name), lower($1)))
order by d.due_on, d.noun, d.id
"""
