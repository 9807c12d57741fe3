"""The letters about many warnings: 预警汇总 and 预警周报. What is not printed is in the table that goes with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from monitor.domain.warning import LEVELS
from monitor.notify.letters.content import Content, Entry, Item, Level, Weekly
from monitor.notify.letters.reader import Reader

SHOWN = 30
"""Warnings printed in a digest; its table has them all."""
SHOWN_A_SECTION = 8
"""Warnings printed in each section of the weekly report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The warnings of one contract that are printed; `title` is empty where they belong to none."""

    title: str
    number: str
    entries: list[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The contracts of one unit, and how many of its warnings are printed: "2", or "2/20"."""

    unit: str
    contracts: list[Contract]
    count: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One list of the weekly report: its first warnings, and in words how many more there are."""

    title: str
    entries: list[Entry]
    count: int
    more: str


def digest(content: Content, reader: Reader) -> tuple[str, dict[str, Any]]:
    """Subject, and what the template prints."""
    total, printed = len(content.items), list(islice(content.items, SHOWN))
    amount = "some" if total > len(printed) else "all"
    about = "" if content.about == "news" else f"{content.about}_"
    lead = reader.say(f"lead_{about}{amount}", n=total, shown=len(printed))
    subject = f"{reader.say(f'subject_{about}digest')}{content.as_of} {_counted(content.counts, reader)}"
    return subject, {
        "counts": content.counts, "worst": content.items[0].level, "lead": lead, "preview": lead,
        "file": table_name("digest", content, reader),
        "groups": _by_unit(printed, content.items, reader),
    }  # fmt: skip


def weekly(content: Weekly, reader: Reader) -> tuple[str, dict[str, Any]]:
    """Subject, and what the template prints. A week in which nothing was open or happened is told of in one sentence."""
    listed, open_now = every(content), sum(content.counts.values())
    quiet = not listed and not open_now
    days = {"since": reader.day(content.since), "as_of": reader.day(content.as_of)}
    lead = reader.say("weekly_quiet", **days) if quiet else reader.say(
        "weekly_lead", **days, new=len(content.new), open=open_now, closed=len(content.closed)
    )  # fmt: skip
    told = reader.say("weekly_open", n=open_now, counted=_counted(content.counts, reader)) if open_now else ""
    period = reader.say("period", since=content.since, as_of=content.as_of)
    subject = f"{reader.say('subject_weekly')}{period} {told or reader.say('weekly_none')}"
    sections = [_section(name, entries, reader) for name, entries in _lists(content) if entries]
    return subject, {
        "worst": max((level for level, n in content.counts.items() if n), key=LEVELS.index, default="blue"),
        "lead": lead, "preview": lead, "sections": sections, "total": len(listed),
        "file": table_name("weekly", content, reader) if listed else "",
        "counts": dict(sorted(content.counts.items(), key=lambda pair: -LEVELS.index(pair[0]))),
        "period": reader.say("period_text", **days),
        "sources": [(one.source, reader.day(one.last) if one.last else reader.say("never_heard")) for one in content.sources],
    }  # fmt: skip


def every(content: Weekly) -> list[tuple[str, Entry]]:
    """Every warning of the week, each with the list it stands in."""
    return [(name, entry) for name, entries in _lists(content) for entry in entries]


def table_name(kind: str, content: Content | Weekly, reader: Reader) -> str:
    """The file name of the table that goes with the letter."""
    return reader.say("file" if kind == "digest" else "file_weekly", as_of=content.as_of)


def _lists(content: Weekly) -> list[tuple[str, list[Entry]]]:
    """What is new comes first, then what will be late next, what is open, and what is over."""
    return [
        ("new", content.new), ("due_soon", content.due_soon), ("open", content.open), ("cleared", content.cleared),
        ("closed", content.closed),
    ]  # fmt: skip


def _section(name: str, entries: list[Entry], reader: Reader) -> Section:
    left = len(entries) - SHOWN_A_SECTION
    return Section(
        title=reader.say(f"section.{name}"), entries=entries[:SHOWN_A_SECTION], count=len(entries),
        more=reader.say("weekly_more", n=left) if left > 0 else "",
    )  # fmt: skip


def _counted(counts: Mapping[Level, int], reader: Reader) -> str:
    """ "红1 橙1", "red 1, orange 1": levels that have any."""
    worst_first = sorted(counts.items(), key=lambda pair: -LEVELS.index(pair[0]))
    told = [f"{reader.say(f'short.{level}')}{reader.say('gap')}{n}" for level, n in worst_first if n]
    return reader.say("comma").join(told)


def _by_unit(printed: Sequence[Item], every: Sequence[Item], reader: Reader) -> list[Group]:
    """By unit, and in a unit by contract; where the worst warning is comes first, and so on inside."""
    groups: dict[str | None, list[Item]] = {}
    for item in printed:
        groups.setdefault(item.unit, []).append(item)
    totals = Counter(item.unit for item in every)
    return [
        Group(
            unit=unit or reader.say("no_unit"), contracts=_by_contract(entries),
            count=str(totals[unit]) if totals[unit] == len(entries) else f"{len(entries)}/{totals[unit]}",
        )
        for unit, entries in groups.items()
    ]  # fmt: skip


def _by_contract(entries: Sequence[Item]) -> list[Contract]:
    contracts: dict[tuple[str, str], list[Item]] = {}
    for item in entries:
        contracts.setdefault((item.contract_title or "", item.contract_number or ""), []).append(item)
    return [Contract(title=title, number=number, entries=own) for (title, number), own in contracts.items()]
