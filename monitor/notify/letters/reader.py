"""The words of a letter for the reader of one language. This is all that the templates may call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP
from typing import Any

from monitor.domain.money import Money, minor_digits
from monitor.domain.warning import SHAPES
from monitor.domain.words import fact_name, fact_value, filled, is_evidence, shown, word
from monitor.notify.letters.content import Entry, Item
from monitor.notify.letters.inert import cut

_NUMERALS = "一二三四五六七八九"
_KINDS = ("contract", "party", "unit", "let", "limit")
"""What stands after the subject's own facts: whose it is, what was computed, what the rule sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One line of the evidence, in words."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads `lang`, zh or en."""

    lang: str

    def say(self, key: str, **values: object) -> str:
        """The phrase `letter.<key>`, with values filled in; what they contain is never filled in again.

        >>> Reader("zh").say("days", n=3)
        '逾期3天'
        """
        return filled(f"letter.{key}", self.lang, **values)

    def word(self, key: str) -> str:
        """A word that all parts of Lvyue share, as a level."""
        return word(key, self.lang)

    def heading(self, number: int, key: str) -> str:
        """The title of a numbered part.

        >>> Reader("zh").heading(2, "why"), Reader("en").heading(2, "why")
        ('二、依据与要求', '2. Why it matters')
        """
        return f"{_NUMERALS[number - 1]}、{self.say(key)}" if self.lang == "zh" else f"{number}. {self.say(key)}"

    def shape(self, level: str) -> str:
        """The sign of a level."""
        return SHAPES[level]

    def day(self, day: date | None) -> str:
        """A day in words, or that it is not known."""
        return shown(day, self.lang)

    def days(self, days_late: int | None) -> str:
        """How late or how soon.

        >>> Reader("en").days(1), Reader("en").days(-20), Reader("zh").days(0), Reader("zh").days(None)
        ('1 day late', 'in 20 days', '今日到期', '')
        """
        if days_late is None:
            return ""
        if days_late == 0:
            return self.word("due_today")
        key = ("day" if abs(days_late) == 1 else "days") + ("" if days_late > 0 else "_left")
        return self.say(key, n=abs(days_late))

    def event(self, item: Entry) -> str:
        """Why this warning is told of now; where nothing happened to it, how it stands."""
        if item.event is None:
            return self.say(f"state.{item.state}")
        return self.say(f"event.{item.event}", before=self.word(item.before) if item.before else "")

    def ask(self, item: Entry) -> str:
        """What is asked of the reader, and by when: "请于2026年3月5日前签收。"

        Nothing where nothing is asked.
        """
        if item.step is None:
            return ""
        what = self.say(f"asked.{item.step}")
        return (
            self.say("ask", what=what, by=self.day(item.answer_by))
            if item.answer_by
            else self.say("ask_soon", what=what)
        )

    def done(self, event: str) -> str:
        """What was done, by its code. One that a later version stored is called an entry: it is told, not lost.

        >>> Reader("zh").done("acknowledged"), Reader("en").done("sung")
        ('签收', 'Entry')
        """
        try:
            return self.word(f"event.{event}")
        except KeyError:
            return self.word("event.other")

    def money(self, item: Entry) -> str:
        """The amount at stake, rounded half up to the smallest coin; nothing where there is none."""
        if item.money is None:
            return ""
        if item.currency is None:
            return shown(item.money, self.lang)
        minor = item.money.scaleb(minor_digits(item.currency)).to_integral_value(ROUND_HALF_UP)
        return Money(int(minor), item.currency).text(self.lang)

    def evidence(self, item: Item) -> list[Evidence]:
        """What a person is shown of the facts on record: the subject's own first, then what is around it, then the rule's."""
        lines = [
            Evidence(
                name=cut(fact_name(name, self.lang, item.rule), 80),
                value=cut(fact_value(name, value, self.lang, item.rule), 600),
                source=cut(self.source(name, item), 120),
            )
            for name, value in _told(item) if value is not None
        ]  # fmt: skip
        return list({(line.name, line.value): line for line in lines}.values())

    def not_recorded(self, item: Item) -> str:
        """In one sentence the facts that were asked for and are not on record: that is evidence too."""
        names = self._names(item, [name for name, value in _told(item) if value is None])
        return self.say("not_recorded", facts=names) if names else ""

    def missing(self, item: Item) -> str:
        """The facts for lack of which something is not known."""
        return self._names(item, item.missing)

    def subject(self, item: Entry) -> str:
        """What the warning is about: its title, or the word for its kind where it has none."""
        return fact_value(f"{item.subject}.title", item.subject_title, self.lang)

    def about(self, item: Entry) -> str:
        """What the warning is about, in a title: the contract, or else the subject itself."""
        return item.contract_title or self.subject(item)

    def cite(self, item: Entry) -> str:
        """The articles, with the reader's own sign between them."""
        return item.cite.replace("; ", "；") if self.lang == "zh" else item.cite

    def law(self, item: Item) -> str:
        """The article, with a plain word if it is no statute or was not checked against the text."""
        note = "" if item.basis == "statute" else self.say(f"basis.{item.basis}")
        return f"{self.cite(item)}{self.say('gap')}{note}".strip()

    def side(self, item: Item) -> str:
        """Who owes it: as recorded for this very promise, or else as the rule has it."""
        recorded = item.evidence.get(f"{item.subject}.side")
        return self.say(f"side.{recorded if recorded in ('government', 'counterparty') else item.side}")

    def source(self, name: str, item: Item) -> str:
        """Where a fact comes from: a number of the law, a computation, or a row of a source."""
        if name.startswith("limit."):
            return self.say("source_law")
        if name.startswith("let."):
            return self.say("source_computed")
        if item.source is None:
            return self.word("unknown")
        if item.source_row is None or not name.startswith(
            f"{item.subject}."
        ):  # the row is the subject's, not its contract's
            return item.source
        return self.say("source_row", source=item.source, row=item.source_row)

    def _names(self, item: Item, facts: list[str]) -> str:
        """Facts by their names, each once."""
        return self.say("list").join(dict.fromkeys(cut(fact_name(name, self.lang, item.rule), 80) for name in facts))


def _told(item: Item) -> list[tuple[str, Any]]:
    """The evidence that people are shown, in its order."""
    order = dict.fromkeys([item.subject, *_KINDS])
    shelves: dict[str, list[tuple[str, Any]]] = {kind: [] for kind in order}
    for name, value in item.evidence.items():
        if is_evidence(name, value, item.rule):
            shelves.setdefault(name.partition(".")[0], []).append((name, value))
    return [line for lines in shelves.values() for line in lines]
