"""A report as one HTML file, in the style and with the promises of `page`: it stands alone, prints, and has no script."""

from __future__ import annotations

from markupsafe import Markup

from monitor.domain.warning import SHAPES
from monitor.reports import proof
from monitor.reports.document import NUMERIC, Column, Document, Drawing, Row, spoken, told
from monitor.reports.page import Wording, environment

ROWS = 500
"""Rows of a table in a page; JSON, CSV and XLSX have all."""


def page(document: Document) -> str:
    """The whole report."""
    wording = Wording(document.lang)

    def cell(row: Row, column: Column) -> str:
        return told(row, column, document.lang)

    def drawn(drawing: Drawing) -> Markup:
        return Markup(drawing.svg)

    values = {
        "report": document, "header": document.header, "title": document.title, "wording": wording, "say": wording.say,
        "head": wording.head, "number": wording.number, "day": wording.day, "shapes": SHAPES, "top_rows": ROWS,
        "cell": cell, "drawn": drawn, "proof": proof.told(proof.claim(document)), "proof_name": proof.NAME, "numeric": NUMERIC,
        "figure": lambda one: spoken(one.value, one.kind, document.lang),
    }  # fmt: skip
    return environment().get_template("document.html").render(values) + "\n"
