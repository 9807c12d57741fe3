"""A report as one HTML file that opens anywhere, prints on A4 and Letter, and asks nothing of the network.

Style and pictures stand inside; there is no script. Whatever comes from the facts is escaped by the template engine
and stripped of what would turn text around. The same report gives the same bytes.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monitor.domain.warning import SHAPES
from monitor.domain.words import fact_name, fact_value, filled, shown, word
from monitor.reports.arrange import by_pack, counted, worst
from monitor.reports.chart import Mark, Picture, Series, Slot, Texture, bars, columns, visible
from monitor.reports.learned import reasons, share
from monitor.reports.portfolio import SOON_DAYS, Portfolio
from monitor.rulebook.wording import days_text

TOP_WARNINGS, TOP_ROWS, TOP_UNITS = 100, 50, 25
PARTS: dict[str, tuple[str, Texture]] = {
    "overdue": ("#a61b1b", "solid"),
    "late": ("#b45309", "stripes"),
    "due_soon": ("#b45309", "stripes"),
    "on_time": ("#5b8db8", "solid"),
    "ahead": ("#6b7480", "open"),
}
"""Colour and texture of what pictures count."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Words, numbers and days as a reader of one language expects them; what templates speak with."""

    lang: str

    def say(self, key: str, **values: object) -> str:
        """A word or a sentence of `words.toml` with its `{places}` filled.

        >>> Wording("en").say("report.due_within", n=30)
        'Due within 30 days'
        """
        return filled(key, self.lang, **values) if values else word(key, self.lang)

    def head(self, key: str) -> str:
        """The word as a heading begins: with a capital."""
        said = self.say(key)
        return said[:1].upper() + said[1:]

    def counted(self, number: int, noun: str) -> str:
        """A number with its noun, which in English bends.

        >>> Wording("en").counted(1, "unit"), Wording("en").counted(3517, "contract")
        ('1 unit', '3,517 contracts')
        """
        return self.say(f"report.{noun}_{'one' if number == 1 else 'many'}", n=self.number(number))

    def number(self, value: int | None) -> str:
        """With thousands apart; a dash for what is not known or does not apply."""
        return "–" if value is None else f"{value:,}"

    def signed(self, value: int | None) -> str:
        """A shift in days: +30, −5."""
        return "–" if value is None else f"{value:+,}".replace("-", "−")

    def day(self, value: date | str | None) -> str:
        """A day, from a date or its ISO text; a dash for none."""
        if value is None:
            return "–"
        return shown(date.fromisoformat(value) if isinstance(value, str) else value, self.lang)

    def instant(self, value: datetime) -> str:
        """Day and time by the office's clock, with its distance from UTC: nobody knows where a report is read."""
        offset = f"{value:%z}"
        zone = "UTC" if offset in ("", "+0000") else f"UTC{offset[:3]}:{offset[3:5]}"
        return f"{self.day(value.date())} {value:%H:%M:%S} {zone}"

    def days(self, days_late: int | None) -> str:
        """How late or how soon."""
        return days_text(days_late, self.lang) or "–"

    def money(self, amount: str | None, currency: str | None) -> str:
        """A sum with its currency; a dash for none."""
        return "–" if amount is None else f"{shown(Decimal(amount), self.lang)} {currency or ''}".rstrip()

    def fact(self, name: str, rule: str) -> str:
        """A fact by its name for readers, else as rules write it."""
        return fact_name(name, self.lang, rule)

    def subject(self, row: dict[str, Any]) -> str:
        """What a warning is about; what the register gives no title is called by its kind."""
        return fact_value(f"{row['subject']}.title", row["subject_title"], self.lang)

    def cite(self, articles: str) -> str:
        """Articles with the reader's own sign between them.

        >>> Wording("zh").cite("《预算法》第十三条; 《政府投资条例》第二十二条")
        '《预算法》第十三条；《政府投资条例》第二十二条'
        """
        return articles.replace("; ", "；") if self.lang == "zh" else articles

    def month(self, month: str, *, year: bool = True) -> str:
        """A month written `2017-12`, with or without its year.

        >>> Wording("en").month("2017-12"), Wording("zh").month("2017-12", year=False)
        ('Dec 2017', '12月')
        """
        pattern = {"zh": ("M月", "y年M月"), "en": ("MMM", "MMM y")}[self.lang][year]
        return str(format_date(date.fromisoformat(f"{month}-01"), pattern, locale=self.lang))


def portfolio_page(report: Portfolio, lang: str) -> str:
    """The whole report in `zh` or `en`. Raises KeyError for another language."""
    wording = Wording(lang)
    values = {
        "report": report, "header": report.header, "totals": report.totals, "title": word("portfolio", lang),
        "wording": wording, "say": wording.say, "head": wording.head, "number": wording.number, "day": wording.day,
        "shapes": SHAPES, "soon_days": SOON_DAYS, "top_rows": TOP_ROWS,
        "summary": summary(report, wording), "months": months(report, wording), "units": units(report, wording),
        "groups": _groups(report), "coverage": _coverage(report, wording), "learned": _learned(report, wording),
    }  # fmt: skip
    return environment().get_template("portfolio.html").render(values) + "\n"


@cache
def environment() -> Environment:
    """What every page is written with: templates of this package alone; a name that is not there stops the report instead of
    leaving a hole."""
    made = Environment(
        loader=PackageLoader("monitor.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    made.filters["style_text"] = style_text
    return made


def style_text(text: str) -> Markup:
    r"""Any text as a CSS string: all but ASCII letters and digits by number, so that nothing in it can end the string.

    >>> style_text('a"</style>')
    Markup('"a\\000022\\00003c\\00002fstyle\\00003e"')
    """
    signs = (c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in visible(text))
    return Markup('"{}"').format(Markup("".join(signs)))


def _seen(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def summary(report: Portfolio, wording: Wording) -> str:
    totals, as_of = report.totals, wording.day(report.header.as_of)
    if not totals["contracts"]:
        return wording.say("report.summary_nothing", as_of=as_of)
    no_day = totals["no_day"]
    return wording.say(
        "report.summary",
        as_of=as_of,
        contracts=wording.counted(totals["contracts"], "contract"),
        units=wording.counted(totals["units"], "unit"),
        open=wording.counted(totals["open"], "obligation"),
        overdue=wording.number(totals["overdue"]),
        due_soon=wording.number(totals["due_soon"]),
        days=SOON_DAYS,
        no_day=wording.say("report.summary_no_day", n=wording.number(no_day)) if no_day else "",
    )


def months(report: Portfolio, wording: Wording) -> dict[str, Any] | None:
    """Picture, sentence, and the overdue from before the first month; None where there is nothing to count."""
    rows, parts = report.months, ("overdue", "late", "on_time", "ahead")
    sums = {part: sum(row[part] for row in rows) for part in parts}
    earlier = report.totals["overdue"] - sums["overdue"]
    if not rows or not (earlier or any(sums.values())):
        return None
    first, last = wording.month(rows[0]["month"]), wording.month(rows[-1]["month"])
    numbers = {part: wording.number(total) for part, total in sums.items()}
    caption = wording.say("report.months_caption", first=first, last=last, **numbers)
    picture = Picture(
        id="months-picture",
        title=wording.say("report.months"),
        description=f"{wording.say('report.months_picture')} {caption}",
    )
    series = [_series(part, [row[part] for row in rows], wording) for part in parts]
    aside = wording.say("report.months_aside", n=wording.number(earlier), first=first) if earlier else ""
    slots, mark = month_slots([row["month"] for row in rows], wording), _today(report, wording)
    drawn = columns(picture, series, slots=slots, mark=mark, aside=aside)
    return {"picture": Markup(drawn), "caption": caption, "earlier": earlier, "first": first}


def _series(part: str, values: Sequence[int], wording: Wording) -> Series:
    colour, texture = PARTS[part]
    label = wording.say("report.due_within", n=SOON_DAYS) if part == "due_soon" else wording.head(f"report.{part}")
    return Series(key=part, label=label, colour=colour, texture=texture, values=values)


def month_slots(months: Sequence[str], wording: Wording) -> list[Slot]:
    """The year stands at each January, and at the first month where the next January leaves it room."""
    years = {number: month[:4] for number, month in enumerate(months) if month.endswith("-01")}
    if not years.keys() & {0, 1}:
        years[0] = months[0][:4]
    return [
        Slot(name=wording.month(month), label=wording.month(month, year=False), note=years.get(number, ""))
        for number, month in enumerate(months)
    ]


def _today(report: Portfolio, wording: Wording) -> Mark | None:
    """The end of the report's day among the columns, or None where its month is not drawn."""
    as_of = report.header.as_of
    drawn = [row["month"] for row in report.months]
    if f"{as_of:%Y-%m}" not in drawn:
        return None
    at = drawn.index(f"{as_of:%Y-%m}") + as_of.day / monthrange(as_of.year, as_of.month)[1]
    return Mark(at=at, label=wording.day(as_of))


def units(report: Portfolio, wording: Wording) -> dict[str, Any] | None:
    """Picture of the units with most overdue, and in words what it leaves out; None where no unit has anything due."""
    busy = [row for row in report.units if row["overdue"] or row["due_soon"]]
    if not busy:
        return None
    drawn, rest = busy[:TOP_UNITS], busy[TOP_UNITS:]
    sentences = [wording.say("report.units_caption", n=wording.counted(len(report.units), "unit"))]
    if rest:
        units = wording.counted(len(rest), "unit")
        sums = {part: wording.number(sum(row[part] for row in rest)) for part in ("overdue", "due_soon")}
        sentences.append(wording.say("report.units_rest", units=units, **sums))
    if len(busy) < len(report.units):
        calm = wording.counted(len(report.units) - len(busy), "unit")
        sentences.append(wording.say("report.units_calm", units=calm))
    caption = ("" if wording.lang == "zh" else " ").join(sentences)
    description = f"{wording.say('report.units_picture')} {caption}"
    picture = Picture(id="units-picture", title=wording.say("by_unit"), description=description)
    series = [_series(part, [row[part] for row in drawn], wording) for part in ("overdue", "due_soon")]
    slots = [_unit_slot(row, wording) for row in drawn]
    head = wording.say("report.longest_days")
    return {"picture": Markup(bars(picture, series, slots=slots, note_head=head)), "caption": caption}


def _unit_slot(row: dict[str, Any], wording: Wording) -> Slot:
    name = row["unit"] or wording.say("report.no_unit")
    return Slot(name=name, label=name, note=wording.number(row["oldest_days"]))


def _groups(report: Portfolio) -> list[dict[str, Any]]:
    """The worst warnings, together by level and rule, with how many there are of the kind and their articles."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in worst(report.findings, TOP_WARNINGS):
        groups.setdefault((finding["level"], finding["rule"]), []).append(finding)
    totals = Counter((finding["level"], finding["rule"]) for finding in report.findings)
    return [
        {
            "level": kind[0],
            "rule": kind[1],
            "rows": rows,
            "total": totals[kind],
            "cites": sorted({row["cite"] for row in rows}),
        }
        for kind, rows in groups.items()
    ]


def _learned(report: Portfolio, wording: Wording) -> dict[str, Any]:
    """Learned risk. `loud` where somebody answers or a file was refused: that nobody answers yet is a quiet line a recipe."""
    loud = any(row["by"] or row["refused"] for row in report.learned)
    rows = [
        row
        | {"told": [(case, share(case), reasons(case, wording.lang)) for case in row["cases"]]}
        | {"counts": _learned_counts(row, wording)}
        for row in report.learned
    ]
    return {"loud": loud, "rows": rows, "refused": [row for row in rows if row["refused"]]}


def _learned_counts(row: dict[str, Any], wording: Wording) -> str:
    numbers = {
        name: wording.number(n) for name, n in {**row["raised"], "open": row["open"], "early": row["early"]}.items()
    }
    listed = wording.say("report.learned.listed", shown=wording.number(len(row["cases"])), total=numbers["open"])
    return ("" if wording.lang == "zh" else " ").join([wording.say("report.learned.counts", **numbers), listed])


def _coverage(report: Portfolio, wording: Wording) -> dict[str, Any] | None:
    """The rules that bind here, by whose law they are, and in a sentence how many there are; None without rules."""
    packs = by_pack(report.coverage)
    if not packs:
        return None
    numbers = counted(packs)
    foreign = numbers.pop("foreign")
    said = [wording.say("report.coverage_sum", **{name: wording.number(n) for name, n in numbers.items()})]
    if foreign:
        names = wording.say("letter.list").join(pack.name[wording.lang] for pack in packs if not pack.binds)
        said.append(wording.say("report.coverage_foreign", n=wording.number(foreign), packs=names))
    shelves = [
        {"name": pack.name[wording.lang]}
        | {kind: _told(getattr(pack, kind), wording) for kind in ("blind", "seeing", "idle")}
        for pack in packs
        if pack.binds
    ]
    others = [row for pack in packs if not pack.binds for row in _told(pack.idle, wording)]
    return {"sentence": ("" if wording.lang == "zh" else " ").join(said), "packs": shelves, "foreign": others}


def _told(rows: Sequence[dict[str, Any]], wording: Wording) -> list[dict[str, Any]]:
    return [row | {"reasons": _reasons(row, wording)} for row in rows]


def _reasons(row: dict[str, Any], wording: Wording) -> list[str]:
    """Why a rule could not be computed everywhere: facts missing, nothing of its kind recorded, another law."""
    kind, place, out = wording.say(f"report.kind.{row['subject']}"), row["jurisdiction"], []
    if row["missing"]:
        counts: dict[str, int] = {}
        for one in row["missing"]:  # the pieces of one number, as a day in three parts, have one name
            name = wording.fact(one["fact"], row["rule"])
            counts[name] = max(counts.get(name, 0), one["count"])
        facts = wording.say("letter.list").join(f"{name} ({wording.number(n)})" for name, n in counts.items())
        out.append(wording.say("report.coverage_missing", facts=facts))
    if row["contracts_without"]:
        contracts = wording.counted(row["contracts_without"], "contract")
        out.append(wording.say("report.coverage_without", contracts=contracts, kind=kind))
    elif not row["binds"]:
        out.append(wording.say("report.coverage_other_law", place=place))
    elif row["judged"] and not row["applied"]:
        key = "report.coverage_applies_law" if place else "report.coverage_applies"
        out.append(wording.say(key, place=place))
    elif not row["judged"]:
        out.append(wording.say("report.coverage_nothing", kind=kind))
    return out or [wording.say("report.coverage_all")]
