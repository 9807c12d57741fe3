"""What can be told of one warning, part by part, in the words of one reader. The letters choose from these."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.notify.letters.content import Case, Done, Entry, Frame, Item
from monitor.notify.letters.inert import cut
from monitor.notify.letters.parts import Cases, Facts, Grid, Heading, Line, Part, Row, Words, facts
from monitor.notify.letters.reader import Reader

Chapters = Sequence[tuple[str, Sequence[Part]]]
"""Word for the title, and what stands under it."""
TEXT = 4_000
TITLE = 300
LAW = 1_200


def numbered(reader: Reader, chapters: Chapters, *, after: int = 0) -> list[Part]:
    """Chapters one after the other, each under its title with a number; one that holds nothing gets none."""
    told = [(key, chapter) for key, chapter in chapters if chapter]
    parts: list[Part] = []
    for number, (key, chapter) in enumerate(told, start=after + 1):
        parts += [Heading(text=reader.heading(number, key)), *chapter]
    return parts


def numbers(item: Item, reader: Reader) -> tuple[Row, ...]:
    """The letter's own number where the office gives one, and the number of the warning."""
    own = [(reader.say("document"), item.document)] if item.document else []
    return facts(*own, (reader.say("number"), item.number)).rows


def addressed(item: Item, to: str, re: str, reader: Reader) -> tuple[Row, ...]:
    """To whom, and about what."""
    rule, title = item.rule_title.in_language(reader.lang), cut(reader.about(item), TITLE)
    return (
        Row(label=reader.say("to"), value=to),
        Row(label=reader.say("re"), value=reader.say(re, rule=rule, title=title)),
    )


def what(item: Item, reader: Reader) -> list[Part]:
    """What happened, in the rule's sentence, and to whom."""
    return [Words(text=cut(item.says.in_language(reader.lang), TEXT)), parties(item, reader)]


def parties(item: Item, reader: Reader) -> Facts:
    """What the warning is about; what is not recorded is said to be unknown.

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
    return facts(*[(label, value or reader.word("unknown")) for label, value in rows])


def why(item: Item, reader: Reader) -> list[Part]:
    """The rule, its article, whose duty it is, what to do."""
    title = cut(item.rule_title.in_language(reader.lang), TITLE)
    return [
        Facts(
            rows=(
                Row(label=reader.say("rule"), value=f"{item.rule} {title}"),
                Row(label=reader.say("law"), value=cut(reader.law(item), LAW)),
                Row(label=reader.say("side"), value=reader.side(item)),
                Row(label=reader.say("action"), value=cut(item.action.in_language(reader.lang), TEXT)),
            )
        )
    ]


def when(item: Item, frame: Frame, reader: Reader) -> list[Part]:
    """The day that counts, and what is asked by when."""
    told = Words(text=reader.say("no_due")) if item.due is None else Words(
        strong=reader.say("due", due=reader.day(item.due)), text=due_now(item, frame, reader),
    )  # fmt: skip
    office = frame.context.office or reader.say("office")
    asked = [Words(strong=reader.ask(item))] if item.step else []
    return [told, *asked, Words(text=reader.say("reply", office=office), mail=reader.say("reply_by_mail"))]


def due_now(item: Item, frame: Frame, reader: Reader) -> str:
    """How late it is on the day of the letter."""
    return reader.say("due_now", as_of=reader.day(frame.as_of), days=reader.days(item.days_late))


def proof(item: Item, reader: Reader) -> list[Part]:
    """The facts it stands on, and those that were looked for and are not on record."""
    lines = reader.evidence(item)
    parts: list[Part] = []
    if lines:
        head = (reader.say("fact"), reader.say("value"), reader.say("source"))
        parts.append(Grid(head=head, rows=tuple((line.name, line.value, line.source) for line in lines)))
    if lacking := reader.not_recorded(item):
        parts.append(Words(text=lacking, soft=True))
    return parts or [Words(text=reader.say("no_evidence"))]


def at_stake(item: Item, reader: Reader) -> list[Part]:
    """The money, or that the rule knows of none."""
    money = reader.money(item)
    return [Words(strong=money, large=True) if money else Words(text=reader.say("no_money"))]


def unknowns(item: Item, reader: Reader) -> list[Part]:
    """What is not known and would bear on it."""
    gaps = [reader.say("missing", facts=reader.missing(item))] if item.missing else []
    gaps += [reader.say("provisional")] if item.provisional else []
    return [Words(text=gap) for gap in gaps or [reader.say("no_gaps")]]


def beside(entries: Sequence[Entry], reader: Reader) -> list[Part]:
    """Other warnings of the same contract, one in short after the other."""
    return [Cases(lines=tuple(_line(entry, reader) for entry in entries))] if entries else []


def history(case: Case, reader: Reader) -> list[Part]:
    """What was done so far, oldest first."""
    if not case.history:
        return []
    head = (reader.say("done_on"), reader.say("done"), reader.say("done_note"))
    rows = tuple((reader.day(done.on), deed(done, reader), cut(done.note, TITLE)) for done in case.history)
    return [Grid(head=head, rows=rows, widths=(30, 32, 38))]


def deed(done: Done, reader: Reader) -> str:
    """What was done, and by whom."""
    actor = reader.say("actor", actor=done.actor) if done.actor else ""
    return f"{reader.done(done.event)}{actor}"


def _line(entry: Entry, reader: Reader) -> Line:
    title = cut(entry.rule_title.in_language(reader.lang), 80)
    subject = reader.subject(entry) if entry.subject_title and entry.subject_title != entry.contract_title else ""
    return Line(
        level=entry.level, sign=reader.shape(entry.level), level_word=reader.word(entry.level), number=entry.number,
        event=reader.event(entry) if entry.event else reader.say("told_before"),
        title=f"{title}{reader.say('colon')}{cut(subject, 80)}" if subject else title,
        says=cut(entry.says.in_language(reader.lang), 400), money=reader.money(entry),
    )  # fmt: skip
