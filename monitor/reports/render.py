"""Reports as data: JSON and CSV. Money and days as text that loses nothing; CSV that a spreadsheet cannot run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from monitor.domain.words import word
from monitor.notify.letters.inert import cell, one_line
from monitor.reports.portfolio import Portfolio


def to_json(value: Any) -> str:
    """Any report as one JSON document, keys in the order of the report, the same bytes for the same value."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.dumps(plain, ensure_ascii=False, indent=2, default=as_plain) + "\n"


def to_csv(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Rows as CSV with a header, CRLF line ends (RFC 4180), and formulas made inert.

    >>> to_csv([{"a": "=1+1", "b": -3}], ["a", "b"])
    "a,b\\r\\n'=1+1,-3\\r\\n"
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_cell(one_line(column)) for column in columns])
    writer.writerows([[_cell(row.get(column)) for column in columns] for row in rows])
    return out.getvalue()


WARNING_COLUMNS = (
    "level", "rule", "rule_title", "contract_number", "contract_title", "subject_title", "unit", "party", "due",
    "days_late", "money", "currency", "cite", "says", "source", "source_row", "contract_id", "subject_id",
)  # fmt: skip


def findings_csv(report: Portfolio, lang: str) -> str:
    """Every warning of the portfolio, one row each, worst first."""
    rows = [
        row | {"rule_title": row["rule_title"][lang], "says": row["says"][lang], "level": word(row["level"], lang)}
        for row in report.findings
    ]
    return to_csv(rows, WARNING_COLUMNS)


def _cell(value: Any) -> str:
    return str(as_plain(value)) if isinstance(value, date | datetime | Decimal) else cell(value)


def as_plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no JSON form")
