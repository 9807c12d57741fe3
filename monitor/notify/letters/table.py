"""The table that goes with a digest: every warning, one a row, for Excel and for whoever counts."""

from __future__ import annotations

import csv
import io

from monitor.notify.letters.content import Content, Item
from monitor.notify.letters.inert import cell
from monitor.notify.letters.reader import Reader

COLUMNS = (
    "number", "level", "rule", "contract_number", "contract", "subject", "unit", "party", "due", "days_late", "money",
    "currency", "law", "says",
)  # fmt: skip


def table(content: Content, reader: Reader) -> bytes:
    """CSV in UTF-8. It begins with a byte order mark, without which Excel shows Chinese as rubbish."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow([reader.say(f"column.{name}") for name in COLUMNS])
    writer.writerows([cell(value) for value in _row(item, reader)] for item in content.items)
    return sheet.getvalue().encode("utf-8-sig")


def _row(item: Item, reader: Reader) -> list[object]:
    title = item.rule_title.in_language(reader.lang)
    return [
        item.number, reader.word(item.level), f"{item.rule} {title}", item.contract_number, item.contract_title,
        reader.subject(item), item.unit, item.party, item.due and item.due.isoformat(), item.days_late,
        item.money, item.currency, item.cite, item.says.in_language(reader.lang),
    ]  # fmt: skip
