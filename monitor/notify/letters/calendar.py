"""The day of a warning for the reader's own calendar (RFC 5545, RFC 5546): published, moved with each letter, cancelled at
the end. One event a case, known by its UID; the higher SEQUENCE wins.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta

from monitor.domain.warning import Letter
from monitor.domain.words import word
from monitor.notify.letters.content import Case
from monitor.notify.letters.inert import cut
from monitor.notify.letters.reader import Reader

TITLE_COLUMNS = 120
TEXT_COLUMNS = 2_000


def planned(kind: str, case: Case) -> tuple[str, date] | None:
    """What the calendar is to do (METHOD) and the day; None where a letter has no business with it.

    The day is the one by which an answer is asked for, or else the due day while it is still ahead.
    """
    item = case.items[0]
    ahead = item.due if item.due is not None and item.due >= case.as_of else None
    day = item.answer_by or ahead
    if item.alert_id is None:
        return None
    if kind == "closed":
        return "CANCEL", day or item.due or case.as_of
    return ("PUBLISH", day) if kind in ("warning", "escalated") and day is not None else None


def calendar(letter: Letter, case: Case, reader: Reader, *, sender: str) -> tuple[str, bytes]:
    """METHOD and the file. Raises ValueError where `planned` has nothing for this letter."""
    from icalendar import Calendar, Event, vCalAddress  # only when a letter has a day: a tenth of a second at the start

    plan = planned(letter.kind, case)
    if plan is None:
        raise ValueError("this letter has no day for a calendar")
    method, day = plan
    item = case.items[0]
    sheet, event = Calendar(), Event()
    sheet.add("VERSION", "2.0")
    sheet.add("PRODID", f"-//Lvyue//Letters//{reader.lang.upper()}")
    sheet.add("METHOD", method)
    event.add("UID", f"lvyue-{item.alert_id}@{sender.rpartition('@')[2]}")
    event.add("SEQUENCE", item.sequence)
    event.add("DTSTAMP", letter.created_at.astimezone(UTC))
    event.add("DTSTART", day)
    event.add("DTEND", day + timedelta(days=1))
    event.add("ORGANIZER", vCalAddress(f"mailto:{sender}"))
    event.add("STATUS", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT")
    event.add("SUMMARY", _summary(case, reader))
    event.add("DESCRIPTION", _description(case, reader))
    sheet.add_component(event)
    return method, sheet.to_ical(sorted=False)


def _summary(case: Case, reader: Reader) -> str:
    """What is due, of which warning, about which contract."""
    item = case.items[0]
    what = reader.say(f"asked.{item.step}") if item.step and item.answer_by else reader.say("deadline")
    level, title = reader.word(item.level), reader.about(item)
    return cut(reader.say("event_title", level=level, what=what, number=item.number, title=title), TITLE_COLUMNS)


def _description(case: Case, reader: Reader) -> str:
    item = case.items[0]
    lines = [
        item.says.in_language(reader.lang), reader.ask(item),
        f"{reader.say('action')}{reader.say('colon')}{item.action.in_language(reader.lang)}",
        f"{reader.say('law')}{reader.say('colon')}{reader.cite(item)}", word("no_proof", reader.lang),
    ]  # fmt: skip
    declared = [reader.say("declared", declared=case.context.declared)] if case.context.declared else []
    return "\n".join(cut(line, TEXT_COLUMNS) for line in [*lines, *declared] if line)
