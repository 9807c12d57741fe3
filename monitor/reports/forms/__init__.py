"""How a Document is shown: six forms, each of which knows nothing of any question.

The same Document gives the same bytes in each. Names come from strangers: no form lets one run as a formula or as markup, turn
the text around it, or break a line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from monitor.reports.document import Document
from monitor.reports.forms import screen

Form = Literal["terminal", "html", "pdf", "xlsx", "csv", "json"]
Paper = Literal["a4", "letter"]
FORMS: tuple[Form, ...] = get_args(Form)
BINARY: frozenset[Form] = frozenset(("pdf", "xlsx"))
"""Forms that no terminal can show."""


def shaped(document: Document, form: Form, *, paper: Paper = "a4") -> bytes:
    """A report in one form; `paper` is the size of a PDF's pages. Raises UsageError where a PDF cannot be set."""
    if form == "pdf":
        from monitor.reports.forms import pdf

        return pdf.printed(document, paper)
    if form == "xlsx":
        from monitor.reports.forms import workbook

        return workbook.workbook(document)
    from monitor.reports.forms import flat, html

    makers: dict[str, Callable[[Document], str]] = {
        "terminal": screen.as_text, "html": html.page, "csv": flat.csv_text, "json": flat.json_text,
    }  # fmt: skip
    return makers[form](document).encode()


__all__ = ["BINARY", "FORMS", "Form", "Paper", "screen", "shaped"]
