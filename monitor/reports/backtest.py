"""`lvyue backtest`: would we have warned in time? Rules alone, scores alone, both; and every breach that nobody foresaw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitor.domain.words import filled, shown, word
from monitor.learning.hindsight import BOTH, RULES, SCORES, Hindsight, Row
from monitor.reports.chart import PAPER, Picture
from monitor.reports.plot import Axes, Span, spans
from monitor.reports.render import to_json

COLOUR_OF = {RULES: "past_record", SCORES: "model", BOTH: "kind_and_unit"}
"""Each voice in a colour of `plot`."""

SHOWN = 20
"""Unwarned breaches printed on a terminal; JSON has them all."""


def show(console: Console, found: Hindsight, training: Sequence[dict[str, Any]], *, lang: str, as_json: bool) -> None:
    """Print a backtest."""
    if as_json:
        print(to_json(asdict(found) | {"training": list(training)}), end="")
        return
    console.print(filled("backtest.head", lang, **_counts(found, lang)))
    for time in training:
        console.print(
            filled(
                "backtest.trained", lang, day=shown(time["as_of"], lang), serve=word(f"backtest.{time['serve']}", lang)
            )
        )
    table = Table()
    for name in ("voice", "level", "caught", "precision", "ahead", "lead", "a_week"):
        table.add_column(word(f"backtest.{name}", lang), justify="left" if name in ("voice", "level") else "right")
    for row in found.rows:
        table.add_row(*cells(row, found, lang))
    console.print(table)
    console.print(filled("backtest.unwarned", lang, n=len(found.unwarned)))
    for case in found.unwarned[:SHOWN]:
        console.print(escape("  " + unwarned(case, lang)))


def picture(found: Hindsight, lang: str) -> str:
    """How early each voice warned of what was then late, and how often it was right, as one SVG on paper."""
    said = Picture(
        id="backtest", title=word("backtest.picture", lang),
        description=filled("backtest.head", lang, **_counts(found, lang)),
    )  # fmt: skip
    rows = [
        Span(key=COLOUR_OF[row.voice], label=_label(row, found, lang), name=_label(row, found, lang), days=row.days)
        for row in found.rows if row.days is not None
    ]  # fmt: skip
    head, _, rest = spans(said, rows, Axes(across=word("backtest.axis", lang))).partition(">")
    return f'{head}><rect width="100%" height="100%" fill="{PAPER}"/>{rest}\n'


def _label(row: Row, found: Hindsight, lang: str) -> str:
    caught, right = (shown(None, lang) if one is None else f"{one[0]:.0%}" for one in (row.caught_share, row.precision))
    voice, up = word(f"backtest.{row.voice}", lang), filled("backtest.up", lang, level=word(row.level, lang))
    return filled("backtest.label", lang, voice=voice, up=up, caught=caught, right=right)


def _counts(found: Hindsight, lang: str) -> dict[str, object]:
    return {
        "first": shown(found.first, lang), "last": shown(found.last, lang), "days": found.days, "cases": found.cases,
        "late": found.late, "open": found.open,
    }  # fmt: skip


def cells(row: Row, found: Hindsight, lang: str) -> list[str]:
    """One voice and level as a reader sees it; what is not known is said to be."""
    lead = (
        shown(None, lang)
        if row.days is None
        else filled(
            "backtest.days", lang, low=f"{row.days[0]:.0f}", middle=f"{row.days[1]:.0f}", high=f"{row.days[2]:.0f}"
        )
    )
    return [
        word(f"backtest.{row.voice}", lang), filled("backtest.up", lang, level=word(row.level, lang)),
        f"{row.caught}/{found.late} {_share(row.caught_share, lang)}", f"{row.caught}/{row.warned} {_share(row.precision, lang)}",
        str(row.ahead), lead, f"{row.a_week:.1f}",
    ]  # fmt: skip


def unwarned(case: dict[str, Any], lang: str) -> str:
    """One breach that nobody foresaw."""
    done = word("backtest.not_done", lang) if case["done"] is None else shown(case["done"], lang)
    first = case["first_warned"]
    said = word("backtest.never", lang) if first is None else filled("backtest.too_late", lang, day=shown(first, lang))
    return filled(
        "backtest.case", lang, what=" · ".join(dict.fromkeys(filter(None, (case["contract_title"], case["title"])))),
        due=shown(case["due"], lang), done=done, said=said,
    )  # fmt: skip


def _share(interval: tuple[float, float, float] | None, lang: str) -> str:
    return shown(None, lang) if interval is None else f"{interval[0]:.0%} [{interval[1]:.0%}-{interval[2]:.0%}]"
