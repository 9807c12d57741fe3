"""The letters about one warning: 预警函 and 提示函, 催办函 and 督办单, 消除提示, 销号单, 风险研判单."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from monitor.domain.warning import URGENT
from monitor.notify.letters import sections
from monitor.notify.letters.content import Case, Escalation, Item
from monitor.notify.letters.inert import cut
from monitor.notify.letters.parts import Facts, Heading, Paper, Part, Row, Words
from monitor.notify.letters.reader import Reader

Needed = TypeVar("Needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What lies before whoever writes the letter: the case, the reader, to whom it goes and why that address gets it."""

    case: Case
    reader: Reader
    to: str
    reason: tuple[Part, ...]

    @property
    def item(self) -> Item:
        """The warning."""
        return self.case.items[0]

    @property
    def level(self) -> str:
        """Its level in words."""
        return self.reader.say("level", level=self.reader.word(self.item.level))

    def letter(self, form: str, chapters: sections.Chapters, *, banner: str, re: str = "re_text") -> Paper:
        """A letter in numbered chapters, closed and signed."""
        parts = sections.numbered(self.reader, chapters)
        chapters_so_far = sum(isinstance(part, Heading) for part in parts)
        reason = sections.numbered(self.reader, [("about", self.reason)], after=chapters_so_far)
        return Paper(
            form=self.reader.say(f"form.{form}"), level=self.item.level, banner=f"{self.level} · {banner}",
            numbers=sections.numbers(self.item, self.reader), parts=tuple(parts), reason=tuple(reason),
            head=sections.addressed(self.item, self.to, re, self.reader), close=self.reader.say(f"close.{form}"),
        )  # fmt: skip

    def sheet(self, form: str, rows: list[Row], *, banner: str) -> Paper:
        """A form to be filed: one table, then what was done so far. Nobody is saluted in it."""
        log = sections.history(self.case, self.reader)
        done = [Heading(text=self.reader.say("history")), *log] if log else []
        return Paper(
            form=self.reader.say(f"form.{form}"), level=self.item.level, banner=f"{self.level} · {banner}",
            numbers=sections.numbers(self.item, self.reader), parts=(Facts(rows=tuple(rows)), *done),
            head=sections.addressed(self.item, self.to, f"re_{form}", self.reader), reason=self.reason, close="",
            style="form",
        )  # fmt: skip

    def row(self, key: str, value: str, *, lines: int = 1) -> Row:
        """A label with its value, or with room for `lines` lines by hand where nobody knows it yet."""
        label = self.reader.say(key)
        return Row(label=label, value=cut(value, sections.TEXT)) if value else Row(label=label, lines=lines)

    def matter(self) -> list[Row]:
        """Whose contract, what happened, which law, how much."""
        item, reader = self.item, self.reader
        return [
            *sections.parties(item, reader).rows, self.row("matter", item.says.in_language(reader.lang)),
            self.row("side", reader.side(item)), self.row("law", cut(reader.law(item), sections.LAW)),
            self.row("money", reader.money(item)),
        ]  # fmt: skip

    def trigger(self) -> str:
        """The warning by number, level, rule and day."""
        item, reader = self.item, self.reader
        since = reader.day(item.opened_on or self.case.as_of)
        rule = f"{item.rule} {cut(item.rule_title.in_language(reader.lang), 120)}"
        return reader.say("trigger_text", number=item.number, level=self.level, rule=rule, since=since)

    def answer_by(self) -> Row:
        """By when it is to be answered."""
        return self.row("answer_by", self.reader.day(self.item.answer_by) if self.item.answer_by else "")


def warning(desk: Desk) -> tuple[str, Paper]:
    """预警函, or 提示函 for what is not urgent: the warning in full, and in short the others of its contract."""
    item, reader, case = desk.item, desk.reader, desk.case
    chapters: sections.Chapters = [
        ("what", sections.what(item, reader)), ("why", sections.why(item, reader)),
        ("when", sections.when(item, case, reader)), ("evidence", sections.proof(item, reader)),
        ("money", sections.at_stake(item, reader)),
        ("siblings", sections.beside([*case.items[1:], *case.siblings], reader)),
        ("gaps", sections.unknowns(item, reader)),
    ]  # fmt: skip
    form = "warning" if item.level in URGENT else "reminder"
    state = reader.say("subject", level=reader.word(item.level).upper())
    return state, desk.letter(form, chapters, banner=reader.event(item))


def escalated(desk: Desk) -> tuple[str, Paper]:
    """催办函, or 督办单: what was asked for was not done in its working days."""
    item, reader, case, told = desk.item, desk.reader, desk.case, _needed(desk.case.escalation, "escalation")
    step = reader.say("step", n=told.step, of=told.steps, role=reader.say(f"role.{told.role}"))
    if told.form == "supervision":
        return reader.say("subject_supervision"), _order(desk, told, step)
    chapters: sections.Chapters = [
        ("overdue", [Words(strong=_overdue(desk, told))]), ("what", sections.what(item, reader)),
        ("why", sections.why(item, reader)), ("when", sections.when(item, case, reader)),
        ("money", sections.at_stake(item, reader)), ("history", sections.history(case, reader)),
    ]  # fmt: skip
    return reader.say("subject_urge", n=told.step, of=told.steps), desk.letter(
        "urge", chapters, banner=step, re="re_urge"
    )


def cleared(desk: Desk) -> tuple[str, Paper]:
    """消除提示: the condition is gone while a person works on it. It stays open until that person closes it."""
    item, reader, case = desk.item, desk.reader, desk.case
    office, state = case.context.office or reader.say("office"), reader.say(f"state.{item.state}")
    gone = reader.say("cleared_text", as_of=reader.day(case.as_of))
    stays = reader.say("cleared_stays", state=state, office=office)
    chapters: sections.Chapters = [
        ("now", [Words(strong=gone), Words(text=stays)]), ("was", sections.what(item, reader)),
        ("history", sections.history(case, reader)),
    ]  # fmt: skip
    return reader.say("subject_cleared"), desk.letter("cleared", chapters, banner=reader.say("event.cleared"))


def closed(desk: Desk) -> tuple[str, Paper]:
    """销号单, or 误报销号单: as what it was closed, by whom, and why."""
    reader, closing = desk.reader, _needed(desk.case.closing, "closing")
    form = "dismissed" if closing.outcome == "false" else "closed"
    outcome = reader.say(f"outcome.{closing.outcome}")
    rows = [
        desk.row("trigger", desk.trigger()), *desk.matter(), desk.row("outcome", outcome),
        desk.row(f"note.{form}", closing.note, lines=2), desk.row("closed_by", closing.by),
        desk.row("closed_on", reader.day(closing.on)),
    ]  # fmt: skip
    return reader.say(f"subject_{form}"), desk.sheet(form, rows, banner=outcome)


def assessment(desk: Desk) -> tuple[str, Paper]:
    """风险研判单: what is on record is filled in; what only those present can know is left to them."""
    reader, item, judged = desk.reader, desk.item, _needed(desk.case.assessment, "assessment")
    evidence = reader.say("semicolon").join(
        f"{line.name}{reader.say('colon')}{line.value}" for line in reader.evidence(item)
    )
    rows = [
        desk.row("trigger", desk.trigger()), *desk.matter(), desk.row("evidence", cut(evidence, 1_200)),
        desk.row("risk_kind", ""), desk.row("worst", "", lines=2), desk.row("likely", "", lines=2),
        desk.row("reach", ""), desk.row("present", "", lines=2), desk.row("opinions", "", lines=3),
        desk.row("conclusion", judged.note, lines=3), desk.row("judged_by", judged.by),
        desk.row("judged_on", reader.day(judged.on)), desk.row("advice", item.action.in_language(reader.lang)),
        desk.row("measures", "", lines=2), desk.row("person", ""), desk.answer_by(), desk.row("passed_on", ""),
        desk.row("signed", "", lines=2),
    ]  # fmt: skip
    return reader.say("subject_assessment"), desk.sheet("assessment", rows, banner=reader.say("state.assessing"))


def _order(desk: Desk, told: Escalation, step: str) -> Paper:
    """督办单: filled in as far as it is known; the unit and the supervisors write the rest."""
    action = desk.item.action.in_language(desk.reader.lang)
    rows = [
        desk.row("order_matter", _overdue(desk, told)), desk.row("order_source", desk.trigger()), *desk.matter(),
        desk.row("person", ""), desk.row("order_with", ""), desk.row("order_asked", action), desk.answer_by(),
        desk.row("order_time", step), desk.row("order_result", "", lines=3), desk.row("order_more_time", "", lines=2),
        desk.row("order_check", "", lines=2), desk.row("order_close", "", lines=2),
    ]  # fmt: skip
    return desk.sheet("supervision", rows, banner=step)


def _overdue(desk: Desk, told: Escalation) -> str:
    """What was to be done by when, and has not been."""
    reader = desk.reader
    return reader.say(
        "overdue_text" if told.days != 1 else "overdue_text_one", number=desk.item.number, by=reader.day(told.by),
        what=reader.say(f"waiting.{told.waiting}"), as_of=reader.day(desk.case.as_of), days=told.days,
    )  # fmt: skip


def _needed(part: Needed | None, name: str) -> Needed:
    if part is None:
        raise ValueError(f'a letter of this kind needs "{name}" in its content')
    return part
