"""The table that goes with a letter about many warnings: every one of them, one a row, for Excel and for whoever counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from monitor.notify.letters.content import Entry
from monitor.notify.letters.inert import cell
from monitor.notify.letters.reader import Reader

COLUMNS = (
    "number", "level", "rule", "contract_number", "contract", "subject", "unit", "party", "due", "days_late", "money",
    "currency", "law", "says", "answer_by",
)  # fmt: skip


def table(entries: Iterable[tuple[str, Entry]], reader: Reader, *, listed: bool = False) -> bytes:
    """CSV in UTF-8. It begins with a byte order mark, without which Excel shows Chinese as rubbish.

    Each entry comes with the list of the letter it stands in; `listed` says whether that is a column of its own.
    """
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    extra = ("list", "state", "days_open") if listed else ()
    writer.writerow([reader.say(f"column.{name}") for name in (*extra, *COLUMNS)])
    for name, entry in entries:
        first = [reader.say(f"section.{name}"), reader.say(f"state.{entry.state}"), entry.days_open] if listed else []
        writer.writerow([cell(value) for value in [*first, *_row(entry, reader)]])
    return sheet.getvalue().encode("utf-8-sig")


def _row(item: Entry, reader: Reader) -> list[object]:
    title = item.rule_title.in_language(reader.lang)
    return [
        item.number, reader.word(item.level), f"{item.rule} {title}", item.contract_number, item.contract_title,
        reader.subject(item), item.unit, item.party, item.due and item.due.isoformat(), item.days_late,
        item.money, item.currency, item.cite, item.says.in_language(reader.lang),
        item.answer_by and item.answer_by.isoformat(),
    ]  # fmt: skip
