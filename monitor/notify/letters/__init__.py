"""What a letter says, to the eye: subject, plain text, HTML, and the table of a digest. How it travels is not known here.

The templates beside this file are the only ones; text from contracts is filled into them, never read as one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from monitor.domain.errors import DeliveryError
from monitor.domain.warning import URGENT, Letter
from monitor.domain.words import LANGS, fact_value, word
from monitor.notify.letters.content import Content, Item, Notes
from monitor.notify.letters.inert import cut, one_line
from monitor.notify.letters.reader import Reader
from monitor.notify.letters.table import table

KINDS = ("warning", "digest", "operator")
SHOWN = 30
"""Warnings printed in a digest; its table has them all."""
SUBJECT_COLUMNS = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter in words. `name` is the recipient's; `alert_id` is there if the letter is about one warning."""

    subject: str
    text: str
    html: str
    name: str
    alert_id: int | None = None
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The warnings of one unit that are printed, and how many it has: "2", or "2/20"."""

    unit: str
    entries: list[Item]
    count: str


def write(letter: Letter) -> Written:
    """Put a letter into words. Raises DeliveryError (permanent) if what was stored does not make a letter."""
    try:
        if letter.kind not in KINDS:
            raise ValueError(f'there is no letter of kind "{letter.kind}"')
        reader = Reader(letter.lang)
        if letter.kind == "operator":
            return _operator(letter, Notes.model_validate(letter.content), reader)
        content = Content.model_validate(letter.content)
        return _warning(letter, content, reader) if letter.kind == "warning" else _digest(letter, content, reader)
    except (ValueError, LookupError, TypeError, ArithmeticError, TemplateError) as fault:
        raise DeliveryError(
            f"letter {letter.key[:12]}: its text cannot be made: {one_line(str(fault), 400)}",
            hint="The letter is set aside, all others go out. Please report this with the text above.", permanent=True,
        ) from fault  # fmt: skip


def _warning(letter: Letter, content: Content, reader: Reader) -> Written:
    item = content.items[0]
    title = f"{item.number} {item.rule_title.in_language(letter.lang)} – {reader.about(item)}"
    subject = reader.say("subject", level=reader.word(item.level).upper()) + title
    special = {
        "item": item, "form": "warning" if item.level in URGENT else "reminder", "worst": item.level,
        "preview": item.says.in_language(letter.lang), "parties": _parties(item, reader), "law": _law(item, reader),
        "gaps": _gaps(item, reader), "evidence": reader.evidence(item),
        "not_recorded": reader.not_recorded(item),
    }  # fmt: skip
    return _written(letter, content, reader, subject=subject, special=special)


def _digest(letter: Letter, content: Content, reader: Reader) -> Written:
    counts = [f"{reader.say(f'short.{level}')}{reader.say('gap')}{n}" for level, n in content.counts.items() if n]
    subject = f"{reader.say('subject_digest')}{content.as_of} {reader.say('comma').join(counts)}"
    total, printed = len(content.items), list(islice(content.items, SHOWN))
    file = Attachment(name=reader.say("file", as_of=content.as_of), data=table(content, reader))
    lead = reader.say("lead_some" if total > len(printed) else "lead_all", n=total, shown=len(printed))
    special = {
        "worst": content.items[0].level, "lead": lead, "preview": lead, "file": file.name,
        "groups": _by_unit(printed, content.items, reader),
    }  # fmt: skip
    return _written(letter, content, reader, subject=subject, special=special, attachment=file)


def _operator(letter: Letter, content: Notes, reader: Reader) -> Written:
    notes = [note.in_language(letter.lang) for note in content.notes]
    special = {"worst": "yellow", "preview": notes[0], "notes": notes}
    return _written(letter, content, reader, subject=reader.say("subject_operator"), special=special)


def _written(
    letter: Letter, content: Content | Notes, reader: Reader, *, subject: str, special: dict[str, Any],
    attachment: Attachment | None = None,
) -> Written:  # fmt: skip
    context, address = content.context, one_line(letter.recipient, 160)
    subject = cut(one_line(subject), SUBJECT_COLUMNS)
    known_at = fact_value("known_at", context.known_at, letter.lang)
    values = special | {
        "r": reader, "content": content, "subject": subject, "address": address, "to": content.name or address,
        "office": context.office or reader.say("office"), "humility": [word("no_proof", lang) for lang in LANGS],
        "version": reader.say("version", rules=context.rules_hash[:12], as_of=reader.day(content.as_of), known_at=known_at),
    }  # fmt: skip
    return Written(
        subject=subject, name=content.name, attachment=attachment,
        text=_shelf().get_template(f"{letter.kind}.txt").render(values).replace("\N{NO-BREAK SPACE}", " "),
        html=_shelf().get_template(f"{letter.kind}.html").render(values),
        alert_id=content.items[0].alert_id if letter.kind == "warning" and isinstance(content, Content) else None,
    )  # fmt: skip


@cache
def _shelf() -> Environment:
    shelf = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["html"]), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    shelf.filters["cut"] = cut
    return shelf


def _parties(item: Item, reader: Reader) -> list[tuple[str, str]]:
    """Label and value of what the warning is about; what is not recorded is said to be unknown.

    A unit or a party is no part of a contract here: what it is not about is left out.
    """
    rows = [] if item.contract_title is None else [
        (reader.say("contract"), item.contract_title), (reader.say("contract_number"), item.contract_number),
    ]  # fmt: skip
    if item.subject_title != item.contract_title:
        rows.append((reader.say(f"subject.{item.subject}"), reader.subject(item)))
    around = {"unit": item.unit, "party": item.party}
    around.pop(item.subject, None)
    labels = {"unit": "complained_of"} if item.subject == "complaint" else {}
    rows += [
        (reader.say(labels.get(name, name)), told)
        for name, told in around.items() if item.contract_title is not None or told
    ]  # fmt: skip
    return [(label, value or reader.word("unknown")) for label, value in rows]


def _law(item: Item, reader: Reader) -> str:
    """The article, with a plain word if it is no statute or was not checked against the text."""
    note = "" if item.basis == "statute" else reader.say(f"basis.{item.basis}")
    return f"{reader.cite(item)}{reader.say('gap')}{note}".strip()


def _gaps(item: Item, reader: Reader) -> list[str]:
    gaps = []
    if item.missing:
        gaps.append(reader.say("missing", facts=reader.missing(item)))
    if item.provisional:
        gaps.append(reader.say("provisional"))
    return gaps or [reader.say("no_gaps")]


def _by_unit(printed: list[Item], every: list[Item], reader: Reader) -> list[Group]:
    """Grouped by unit; the unit of the worst warning first, and inside a unit the worst first."""
    groups: dict[str | None, list[Item]] = {}
    for item in printed:
        groups.setdefault(item.unit, []).append(item)
    totals = Counter(item.unit for item in every)
    return [
        Group(
            unit=unit or reader.say("no_unit"), entries=entries,
            count=str(totals[unit]) if totals[unit] == len(entries) else f"{len(entries)}/{totals[unit]}",
        )
        for unit, entries in groups.items()
    ]  # fmt: skip
