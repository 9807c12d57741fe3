"""The card of a model: what it answers, whether it may speak, how it was tried, and what it must not be used for.

Made from the recipe, the numbers recorded in training and the notes of whoever asks for it, and nothing else: the same model
and notes give the same card, to the byte.
`card_markdown` is for a file beside the model, `card_page` one HTML page that opens anywhere and prints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from monitor.learning.recipe import Recipe
from monitor.reports.chart import Picture, visible
from monitor.reports.model_sections import Table, has_precision, ranked_leads, sections
from monitor.reports.model_wording import Card, Teller
from monitor.reports.page import environment
from monitor.reports.plot import Axes, Dot, Line, Span, against, over, spans

COLUMNS_SIDE_BY_SIDE = 5
LONG = 20
"""Rows past which a table of a page is folded; it is whole on paper."""

# What Markdown or a page made of it would not take as text.
_SIGNS = re.compile(r"([\\`*_\[\]<>|&~$#])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Where a card comes from, and what a person has to say of its data; what is empty is left out."""

    office: str = ""
    declared: str = ""
    number: int | None = None
    trained_at: datetime | None = None
    sha256: str | None = None
    notes: tuple[str, ...] = ()
    """In the language of the card, which has nobody to translate them."""


NO_STAMP = Stamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture with its name."""

    name: str
    svg: Markup


def card_markdown(recipe: Recipe, card: Card, lang: str, *, stamp: Stamp = NO_STAMP) -> str:
    """The card as Markdown with tables, in `zh` or `en`. Raises KeyError for another language."""
    tell = Teller(lang)
    parts = [f"# {_inert(_title(recipe, tell))}"]
    if stamp.declared:
        parts.append(f"> {_inert(stamp.declared)}")
    parts.append(
        "\n".join(
            f"- {_inert(name)}{tell.say('letter.colon')}`{_code(value)}`" for name, value in _made(card, stamp, tell)
        )
    )
    parts.append(f"**{_inert(recipe.question.in_language(lang))}**")
    for section in sections(recipe, card, lang, notes=stamp.notes):
        parts.append(f"## {_inert(section.heading)}")
        parts += [_inert(said) for said in section.says]
        if section.points:
            parts.append("\n".join(f"- {_inert(point)}" for point in section.points))
        for table in section.tables:
            parts += [f"### {_inert(table.caption)}"] if len(section.tables) > 1 else []
            parts.append(_markdown_table(table, tell))
    parts += ["---", f"{_inert(tell.say('model.no_proof'))}  \n{_inert(tell.say('model.same'))}"]
    return "\n\n".join(parts) + "\n"


def card_page(recipe: Recipe, card: Card, lang: str, *, stamp: Stamp = NO_STAMP) -> str:
    """The card as one HTML page with pictures, in `zh` or `en`. Raises KeyError for another language."""
    tell = Teller(lang)
    values: dict[str, Any] = {
        "title": _title(recipe, tell), "question": recipe.question.in_language(lang), "stamp": stamp, "as_of": card["as_of"],
        "made": _made(card, stamp, tell), "serve": card["verdict"]["serve"],
        "sections": sections(recipe, card, lang, notes=stamp.notes),
        "pictures": _pictures(card, tell), "long": LONG, "side_by_side": COLUMNS_SIDE_BY_SIDE,
        "wording": tell, "say": tell.say, "head": tell.head, "day": tell.day,
    }  # fmt: skip
    return environment().get_template("model.html").render(values) + "\n"


def _title(recipe: Recipe, tell: Teller) -> str:
    return tell.say("model.heading", title=recipe.title.in_language(tell.lang))


def _made(card: Card, stamp: Stamp, tell: Teller) -> list[tuple[str, str]]:
    """Which model this is and what it was made from."""
    rows = [
        (tell.head("model.number"), str(stamp.number) if stamp.number is not None else ""),
        (tell.head("as_of"), tell.day(card["as_of"])),
        (tell.head("model.trained"), tell.instant(stamp.trained_at) if stamp.trained_at else ""),
        (tell.head("model.recipe"), f"{card['recipe']} {card['recipe_hash'][:12]}"),
        (tell.head("model.file"), (stamp.sha256 or "")[:12]),
    ]
    return [(name, value) for name, value in rows if value]


def _pictures(card: Card, tell: Teller) -> dict[str, list[Drawn]]:
    """By the section in which they stand. What has nothing to show has no picture."""
    trial = card["trial"]
    if trial is None:
        return {}
    drawn = {
        "cuts": _cut_pictures(trial, tell),
        "reliability": _reliability_picture(trial, tell),
        "leads": _lead_picture(trial, tell),
    }
    return {key: [Drawn(name=name, svg=Markup(svg)) for name, svg in pairs] for key, pairs in drawn.items() if pairs}


def _reliability_picture(trial: Card, tell: Teller) -> list[tuple[str, str]]:
    dots = [
        Dot(
            name=f"{tell.head('model.said')} {tell.share(one['said'])} · {tell.say('model.came')} {tell.share(one['came'])} "
            f"({tell.interval(tell.share(one['low']), tell.share(one['high']))}) · {tell.say('model.rows')} {one['count']:,}",
            said=one["said"], came=one["came"], low=one["low"], high=one["high"],
        )
        for one in trial["reliability"]
    ]  # fmt: skip
    picture = _picture("reliability", "model.reliability.name", "model.reliability.picture", tell)
    axes = Axes(
        across=tell.say("model.axis.said"), up=tell.say("model.axis.came"), diagonal=tell.say("model.axis.exact")
    )
    return [(picture.title, against(picture, dots, axes))] if dots else []


def _cut_pictures(trial: Card, tell: Teller) -> list[tuple[str, str]]:
    cuts = trial["cuts"]
    days = [tell.month(cut["day"][:7]) for cut in cuts]
    came = Line(key="came", label=tell.head("model.came"), values=[cut["late"] for cut in cuts])
    found = []
    measures = [("said", "model.cuts.table", "model.cuts.picture")]
    if has_precision(trial):
        measures.append(("average_precision", "model.cuts.precision", "model.cuts.precision_picture"))
    for name, title, description in measures:
        lines = [
            Line(key=who, label=tell.by(who), values=[cut[name].get(who) for cut in cuts]) for who in trial["figures"]
        ]
        picture = _picture(f"cuts-{name}", title, description, tell)
        found.append((picture.title, over(picture, [came, *lines], days, Axes(percent=name == "said"))))
    return found if cuts else []


def _lead_picture(trial: Card, tell: Teller) -> list[tuple[str, str]]:
    rows = []
    for lead in ranked_leads(trial):
        if lead["days"] is not None:
            label = tell.budget(lead)
            rows.append(
                Span(key=lead["model"], label=label, name=f"{label} · {tell.lead_days(lead)}", days=tuple(lead["days"]))
            )
    picture = _picture("leads", "model.leads.lengths", "model.leads.picture", tell)
    axes = Axes(across=tell.say("model.leads.axis"))
    return [(picture.title, spans(picture, rows, axes))] if rows else []


def _picture(key: str, title: str, description: str, tell: Teller) -> Picture:
    return Picture(id=f"{key}-picture".replace("_", "-"), title=tell.say(title), description=tell.say(description))


def _markdown_table(table: Table, tell: Teller) -> str:
    heads = table.heads or (tell.head("what"), tell.head("value"))
    lines = [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)], raw=True)]
    for row in table.rows:
        lines.append(
            _line(
                [
                    tell.say("model.with_interval", value=cell.text, interval=cell.aside) if cell.aside else cell.text
                    for cell in row
                ]
            )
        )
    return "\n".join(lines)


def _line(cells: list[str] | tuple[str, ...], *, raw: bool = False) -> str:
    return f"| {' | '.join(cells if raw else map(_inert, cells))} |"


def _inert(text: str) -> str:
    r"""Text on one line that Markdown takes as text.

    >>> _inert("a|b <i>_c_</i>\n# d https://e")
    'a\\|b \\<i\\>\\_c\\_\\</i\\> \\# d https:\\//e'
    """
    return _SIGNS.sub(r"\\\1", " ".join(visible(text).split())).replace("://", ":\\//")


def _code(text: str) -> str:
    return " ".join(visible(text).replace("`", "'").split())
