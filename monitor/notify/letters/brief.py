"""A letter in a few lines, for a chat: plain text that fits, and that no chat reads as anything but text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from monitor.domain.warning import Letter
from monitor.notify.letters import write
from monitor.notify.letters.content import Content, Entry, Item, Notes, Weekly
from monitor.notify.letters.inert import one_line
from monitor.notify.letters.lists import weekly
from monitor.notify.letters.reader import Reader

LISTED = 10
"""Warnings of a digest that are listed; the mail and its table have them all."""
TITLE_BYTES = 240

_SIGNS = str.maketrans("<>@", "＜＞＠")
_SCHEME = re.compile(r"://")
_DOMAIN = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A short message: its first line, and the others."""

    title: str
    lines: tuple[str, ...]
    lang: str

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join((self.title, *self.lines))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a message. What is `kept` is never cut."""

    text: str
    kept: bool = False


def brief(letter: Letter, limit: int) -> Brief:
    """The letter in at most `limit` bytes of UTF-8 (1,200 and more): level and number always whole, the rest as room is.

    Raises DeliveryError (permanent) if what was stored does not make a letter.
    """
    title = within(harmless(write(letter).subject), TITLE_BYTES)
    reader = Reader(letter.lang)
    content, lines = _told(letter, reader)
    declared = [Line(reader.say("declared", declared=content.context.declared))] if content.context.declared else []
    foot = [Line(reader.word("no_proof"), kept=True), Line(reader.say("sign"), kept=True)]
    office = [Line(content.context.office)] if content.context.office else []
    lines = [Line(harmless(line.text), line.kept) for line in (*declared, *lines, *office, *foot)]
    room = limit - len(title.encode()) - len(lines)
    return Brief(title=title, lines=tuple(_fitted(lines, room)), lang=letter.lang)


def harmless(text: str) -> str:
    """The text on one line, without what a chat takes for a link, a call to somebody or a tag. People read the same in it.

    >>> harmless("see [x](http://evil.example), @all <at id=all></at>; Co. Ltd, 3.5 %")
    'see [x](http: //evil .example), ＠all ＜at id=all＞＜/at＞; Co. Ltd, 3.5 %'
    """
    return _DOMAIN.sub(" .", _SCHEME.sub(": //", one_line(text).translate(_SIGNS)))


def within(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `limit` bytes of UTF-8, three and more.

    >>> within("示范路一期", 10), within("示范路", 9), within("Roof works", 9)
    ('示范…', '示范路', 'Roof w…')
    """
    raw = text.encode()
    return text if len(raw) <= limit else raw[: limit - 3].decode(errors="ignore").rstrip() + "…"


def _told(letter: Letter, reader: Reader) -> tuple[Content | Notes | Weekly, list[Line]]:
    if letter.kind == "operator":
        notes = Notes.model_validate(letter.content)
        told = [Line(note.in_language(letter.lang)) for note in notes.notes]
        return notes, [*told, Line(reader.say("operator_do"))]
    if letter.kind == "weekly":
        week = Weekly.model_validate(letter.content)
        return week, [Line(weekly(week, reader)[1]["lead"], kept=True), *_entries([*week.new, *week.due_soon], reader)]
    content = Content.model_validate(letter.content)
    return content, _warning(content, reader) if letter.kind == "warning" else _digest(content, reader)


def _warning(content: Content, reader: Reader) -> list[Line]:
    item = content.items[0]
    due = reader.say("no_due")
    if item.due:
        due = reader.say("due", due=reader.day(item.due))
        if item.days_late is not None:
            now = reader.say("due_now", as_of=reader.day(content.as_of), days=reader.days(item.days_late))
            due += reader.say("gap") + now
    told = [
        ("contract" if item.contract_title else f"subject.{item.subject}", reader.about(item)), ("unit", item.unit),
        ("money", reader.money(item)), ("law", reader.law(item)), ("action", item.action.in_language(reader.lang)),
    ]  # fmt: skip
    labelled = [Line(f"{reader.say(key)}{reader.say('colon')}{value}") for key, value in told if value]
    return [
        Line(f"{_level(item, reader)} · {reader.event(item)}", kept=True),
        Line(item.says.in_language(reader.lang)), Line(due, kept=True), *labelled,
        Line(f"{reader.say('number')}{reader.say('colon')}{item.number}", kept=True),
    ]  # fmt: skip


def _digest(content: Content, reader: Reader) -> list[Line]:
    """Counts are in the subject. Each line begins with level and number, and is cut at its end."""
    counts = reader.say("comma").join(
        f"{reader.shape(level)}{reader.word(level)} {count}" for level, count in content.counts.items()
    )
    return [Line(counts, kept=True), *_entries(content.items, reader)]


def _entries(items: Sequence[Entry], reader: Reader) -> list[Line]:
    listed = [Line(_listed(item, reader)) for item in islice(items, LISTED)]
    rest = len(items) - len(listed)
    return [*listed, Line(reader.say("rest", n=rest), kept=True)] if rest else listed


def _listed(item: Entry, reader: Reader) -> str:
    head = f"{reader.shape(item.level)}{reader.word(item.level)} {item.number} {reader.days(item.days_late)}".rstrip()
    about = f"{item.rule_title.in_language(reader.lang)} – {reader.about(item)}"
    return f"{head} {about} · {item.unit}" if item.unit else f"{head} {about}"


def _level(item: Item, reader: Reader) -> str:
    return f"{reader.shape(item.level)} {reader.say('level', level=reader.word(item.level))}"


def _fitted(lines: Sequence[Line], room: int) -> list[str]:
    """The texts in `room` bytes: the longest are cut, all to one length, until everything has its place."""
    sizes = [len(line.text.encode()) for line in lines if not line.kept]
    left = room - sum(len(line.text.encode()) for line in lines if line.kept)
    longest = max(sizes, default=0)
    if sum(sizes) > left:
        fitting = (cap for cap in range(min(longest, left), 2, -1) if sum(min(size, cap) for size in sizes) <= left)
        longest = next(fitting, 3)
    return [line.text if line.kept else within(line.text, longest) for line in lines]
