"""What a letter says, to the eye: subject, plain text, HTML, and the files that go with it. How it travels is not known here.

The templates beside this file are the only ones; text from contracts is filled into them, never read as one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from monitor.domain.errors import DeliveryError
from monitor.domain.warning import Letter
from monitor.domain.words import LANGS, fact_value, word
from monitor.notify.letters import lists, singles
from monitor.notify.letters.calendar import calendar, planned
from monitor.notify.letters.content import Answer, Case, Content, Frame, Notes, Weekly
from monitor.notify.letters.inert import cut, file_name, one_line
from monitor.notify.letters.parts import Paper, Part, Words
from monitor.notify.letters.reader import Reader
from monitor.notify.letters.table import table

SINGLES: dict[str, Callable[[singles.Desk], tuple[str, Paper]]] = {
    "warning": singles.warning, "escalated": singles.escalated, "cleared": singles.cleared, "closed": singles.closed,
    "assessment": singles.assessment,
}  # fmt: skip
"""Letters about one warning: all of them stand in the thread of its case."""
PRINTED = ("warning", "escalated", "closed", "assessment")
"""Those that are an office's papers and go out as PDF too."""
LISTS = ("digest", "weekly")
"""Letters about many warnings."""
WISHED = (*LISTS, "report")
"""Those that somebody wished for, and may leave."""
MEDIA = {
    "pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html", "csv": "text/csv", "json": "application/json",
}  # fmt: skip
"""Kinds of files that a report may be, by the end of its name."""
KINDS = (*SINGLES, *LISTS, "report", "operator")
SUBJECT_COLUMNS = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter in words. `name` is the recipient's; `alert_id` is there if the letter is about one warning."""

    subject: str
    text: str
    html: str
    name: str
    alert_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a letter. `method` is there for a calendar: what its reader is to do with it (RFC 5546)."""

    name: str
    media: str
    data: bytes
    method: str = ""


def write(letter: Letter) -> Written:
    """Put a letter into words. Raises DeliveryError (permanent) if what was stored does not make a letter."""
    try:
        return _written(letter)
    except (ValueError, LookupError, TypeError, ArithmeticError, TemplateError) as fault:
        raise _unwritten(letter, fault) from fault


def enclosures(letter: Letter, *, sender: str) -> list[Attachment]:
    """The files that go with a letter: its table, the letter as PDF, its day for a calendar. `sender` is an address.

    Raises DeliveryError: permanent if what was stored does not make them, passing if this machine cannot print.
    """
    try:
        reader = Reader(letter.lang)
        if letter.kind in LISTS:
            return _tables(letter, reader)
        if letter.kind == "report":
            return [_file(Answer.model_validate(letter.content))]
        return _papers(letter, reader, sender) if letter.kind in SINGLES else []
    except (ValueError, LookupError, TypeError, ArithmeticError) as fault:
        raise _unwritten(letter, fault) from fault


def _written(letter: Letter) -> Written:
    reader = Reader(letter.lang)
    if letter.kind in SINGLES:
        return _single(letter, Case.model_validate(letter.content), reader)
    if letter.kind == "digest":
        content = Content.model_validate(letter.content)
        subject, special = lists.digest(content, reader)
        return _filled(letter, content, reader, subject=subject, special=special)
    if letter.kind == "weekly":
        week = Weekly.model_validate(letter.content)
        subject, special = lists.weekly(week, reader)
        return _filled(letter, week, reader, subject=subject, special=special)
    if letter.kind == "report":
        answer = Answer.model_validate(letter.content)
        file, size = _file(answer), f"{len(answer.file.data):,}"
        enclosed = reader.say("enclosed_report", file=file.name, size=size, sha256=answer.file.sha256)
        proven = reader.say("verify_report", file=file.name) if not file.name.endswith(".csv") else ""
        special = {"worst": "blue", "preview": answer.summary, "enclosed": enclosed, "proven": proven}
        subject = reader.say("subject_report", title=answer.title, as_of=reader.day(answer.as_of))
        return _filled(letter, answer, reader, subject=subject, special=special)
    if letter.kind == "operator":
        notes = Notes.model_validate(letter.content)
        said = [note.in_language(letter.lang) for note in notes.notes]
        special = {"worst": "yellow", "preview": said[0], "notes": said}
        return _filled(letter, notes, reader, subject=reader.say("subject_operator"), special=special)
    raise ValueError(f'there is no letter of kind "{letter.kind}"')


def _single(letter: Letter, case: Case, reader: Reader) -> Written:
    item = case.items[0]
    state, paper = _paper(letter, case, reader)
    subject = f"{state}{item.number} {item.rule_title.in_language(letter.lang)} – {reader.about(item)}"
    enclosed = [name for name in (_pdf_name(letter, case, paper), _ics_name(letter, case)) if name]
    special = {
        "paper": paper, "fill_in": bool(paper.blanks and enclosed), "worst": item.level,
        "preview": item.says.in_language(letter.lang),
        "enclosed": reader.say("list").join(enclosed),
    }  # fmt: skip
    return _filled(letter, case, reader, subject=subject, special=special)


def _paper(letter: Letter, case: Case, reader: Reader) -> tuple[str, Paper]:
    to, reason = case.name or _address(letter), _reason(letter, case, reader)
    return SINGLES[letter.kind](singles.Desk(case=case, reader=reader, to=to, reason=reason))


def _reason(letter: Letter, case: Case, reader: Reader) -> tuple[Part, ...]:
    """Why this address gets it, and whom to ask for a change."""
    office = case.context.office or reader.say("office")
    if case.escalation is not None:
        role = reader.say(f"role.{case.escalation.role}")
        told = reader.say("why_you_step", address=_address(letter), role=role)
    elif letter.kind != "warning":
        told = reader.say("why_you_case", address=_address(letter))
    else:
        told = reader.say("why_you", address=_address(letter), event=reader.event(case.items[0]))
    return (Words(text=f"{told}{reader.say('gap')}{reader.say('change', office=office)}"),)


def _filled(letter: Letter, content: Frame, reader: Reader, *, subject: str, special: dict[str, Any]) -> Written:
    subject, template = cut(one_line(subject), SUBJECT_COLUMNS), "paper" if letter.kind in SINGLES else letter.kind
    values = special | _around(letter, content, reader) | {"subject": subject}
    return Written(
        subject=subject, name=content.name,
        text=_shelf().get_template(f"{template}.txt").render(values).replace("\N{NO-BREAK SPACE}", " "),
        html=_shelf().get_template(f"{template}.html").render(values),
        alert_id=content.items[0].alert_id if isinstance(content, Case) else None,
    )  # fmt: skip


def _around(letter: Letter, content: Frame, reader: Reader) -> dict[str, Any]:
    """What stands around every letter."""
    context, address = content.context, _address(letter)
    known_at = fact_value("known_at", context.known_at, letter.lang)
    return {
        "r": reader, "content": content, "address": address, "to": content.name or address,
        "office": context.office or reader.say("office"), "humility": [word("no_proof", lang) for lang in LANGS],
        "version": reader.say("version", rules=context.rules_hash[:12], as_of=reader.day(content.as_of), known_at=known_at),
    }  # fmt: skip


def _tables(letter: Letter, reader: Reader) -> list[Attachment]:
    if letter.kind == "digest":
        content = Content.model_validate(letter.content)
        rows = table([("", item) for item in content.items], reader)
        return [Attachment(name=lists.table_name("digest", content, reader), media="text/csv", data=rows)]
    week = Weekly.model_validate(letter.content)
    listed = lists.every(week)
    rows = table(listed, reader, listed=True)
    name = lists.table_name("weekly", week, reader)
    return [Attachment(name=name, media="text/csv", data=rows)] if listed else []


def _file(answer: Answer) -> Attachment:
    stem, _, kind = answer.file.name.rpartition(".")
    return Attachment(name=f"{file_name(stem)}.{kind}", media=MEDIA[kind], data=answer.file.data)


def _papers(letter: Letter, reader: Reader, sender: str) -> list[Attachment]:
    case = Case.model_validate(letter.content)
    _, paper = _paper(letter, case, reader)
    found = []
    if name := _pdf_name(letter, case, paper):
        # typst and its font of ten megabytes are read only when a letter is printed
        from monitor.notify.letters.pdf import printed

        around = _around(letter, case, reader)
        data = printed(paper, case, reader, foot=[" ".join(around["humility"]), around["version"]])
        found.append(Attachment(name=name, media="application/pdf", data=data))
    if name := _ics_name(letter, case):
        method, data = calendar(letter, case, reader, sender=sender)
        found.append(Attachment(name=name, media="text/calendar", data=data, method=method))
    return found


def _pdf_name(letter: Letter, case: Case, paper: Paper) -> str:
    item = case.items[0]
    return f"{file_name(f'{paper.form}-{item.document or item.number}')}.pdf" if letter.kind in PRINTED else ""


def _ics_name(letter: Letter, case: Case) -> str:
    return f"{file_name(case.items[0].number)}.ics" if planned(letter.kind, case) else ""


def _address(letter: Letter) -> str:
    return one_line(letter.recipient, 160)


def _unwritten(letter: Letter, fault: Exception) -> DeliveryError:
    return DeliveryError(
        f"letter {letter.key[:12]}: its text cannot be made: {one_line(str(fault), 400)}",
        hint="The letter is set aside, all others go out. Please report this with the text above.", permanent=True,
    )  # fmt: skip


@cache
def _shelf() -> Environment:
    shelf = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["html"]), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    shelf.filters["cut"] = cut
    return shelf
