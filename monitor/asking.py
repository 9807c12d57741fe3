"""A report by its name: the same question whoever asks it, a verb, a file that is verified, or a report saved in config.toml.

What it is about is text by name (`said`): what a question is narrowed to, a statement, a contract, a supposition, a rule to
try. It comes from people and from files of strangers; nothing in it is believed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated

import msgspec

from monitor import learned, pipeline
from monitor.config import Config
from monitor.domain.errors import ConfigError, UsageError
from monitor.pipeline import Tell, silent
from monitor.reports import questions
from monitor.rulebook import Rulebook, Trying
from monitor.rulebook.trial import trial
from monitor.settings import ReportSection
from monitor.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from monitor.reports.asked import Asked, Narrowed
    from monitor.reports.document import Document

    Shape = Callable[[Asked], Document]

ABOUT: Mapping[str, tuple[str, ...]] = {
    "contract": ("contract",), "query": ("sql",), "whatif": ("contract", "set"),
    "try": ("file", "rule", "pack", "first", "last", "step"),
}  # fmt: skip
"""What must be said to a report that is not about everything: a contract, a statement, …"""

MOST_DAYS = 400
"""Days of the past that a rule is tried on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. `said`: what `Narrowed` knows, and what the report needs to be told (`ABOUT`)."""

    name: str
    as_of: date
    known_at: datetime
    lang: str
    said: Mapping[str, str] = field(default_factory=dict)


def names() -> list[str]:
    """Every report that there is."""
    return sorted({*questions.questions(), "portfolio", *ABOUT})


def check(name: str, said: Mapping[str, str]) -> Narrowed:
    """What a report is narrowed to. Raises UsageError for one that there is not, or that does not heed, or lacks, what is said:
    an option without effect must not look as if it had one."""
    from monitor.reports import standing
    from monitor.reports.asked import Narrowed

    if name not in names():
        raise UsageError(f"there is no report {name[:40]!r}", hint=f"there are: {', '.join(names())}")
    about = ABOUT.get(name, ())
    if lacking := [one for one in about if one not in said]:
        raise UsageError(f"the report {name} needs to be told: {', '.join(lacking)}")
    wanted = Narrowed.of({key: value for key, value in said.items() if key not in about}, f"the report {name}")
    heeds = {"by"} | (questions.narrowed_by(name) if name in questions.questions() else set())
    heeds |= standing.NARROWED_BY if name == "portfolio" else set()
    if unfit := [one for one in wanted.named() if one not in heeds]:
        told, takes = (", ".join(f"--{_OPTIONS.get(one, one)}" for one in found) for found in (unfit, sorted(heeds)))
        raise UsageError(f"the report {name} is not narrowed by {told}", hint=f"it takes {takes}")
    return wanted


_OPTIONS = {"first": "from"}


def of_saved(config: Config, saved: ReportSection, *, as_of: date, known_at: datetime) -> Question:
    """What a saved report asks about a day."""
    return Question(
        name=saved.question,
        as_of=as_of,
        known_at=known_at,
        lang=saved.lang or config.settings.lang,
        said=saved.said(as_of),
    )


def check_saved(config: Config) -> None:
    """Whether every saved report can be asked. Raises ConfigError with the faults of all of them."""
    faults = []
    for saved in config.settings.report:
        try:
            check(saved.question, saved.said(date(2000, 1, 1)))
        except UsageError as error:
            faults.append(f'{config.path}: report "{saved.name}": {error}')
    if faults:
        raise ConfigError("\n".join(faults), hint="mend its [[report]]; `lvyue report --help` names the reports")


def answer(config: Config, store: Store, book: Rulebook, question: Question, *, tell: Tell = silent) -> Document:
    """The answer. Raises UsageError where what is asked for is not there or not understood."""
    from monitor.reports import adhoc, dossier, standing

    name, said, wanted = question.name, question.said, check(question.name, question.said)
    if wanted.first is not None and wanted.first > question.as_of:
        raise UsageError(f"{wanted.first} lies after {question.as_of}", hint="--from comes before --as-of")
    if name == "try":
        return _tried(config, store, book, question, tell)
    if name == "whatif":
        return _supposing(config, store, book, question)
    shapes: dict[str, Shape] = {
        "portfolio": standing.report,
        "query": lambda asked: adhoc.report(asked, said["sql"]),
        "contract": lambda asked: dossier.report(asked, said["contract"]),
    }

    def shape(asked: Asked) -> Document:
        narrowed = replace(asked, narrowed=wanted)
        return shapes[name](narrowed) if name in shapes else questions.answer(name, narrowed)

    return _shaped(config, store, book, question, shape)


def _shaped(
    config: Config, store: Store, book: Rulebook, question: Question, shape: Shape, *,
    supposing: Mapping[str, pa.Table] | None = None,
) -> Document:  # fmt: skip
    """What `shape` makes of the day."""
    from monitor.reports import asked

    day, instant = question.as_of, question.known_at
    with pipeline.look(config, store, book, as_of=day, known_at=instant, supposing=supposing) as view:
        return shape(asked.Asked(
            engine=view.engine, judgement=view.judgement, book=book, header=view.header, calendar=config.calendar(),
            lang=question.lang, handling=config.settings.handling, voices=lambda: view.voices, sources=view.sources,
            ledgers=[source.name for source in config.sources if source.kind == "ledger"],
            cases=cache(lambda: asked.read_cases(store, day, instant)),
            scans=cache(lambda: asked.read_scans(store, day, instant)),
        ))  # fmt: skip


def _supposing(config: Config, store: Store, book: Rulebook, question: Question) -> Document:
    """The contract as it is judged, then as it would be."""
    from monitor.reports import whatif
    from monitor.reports.contract import find_contract

    changes = _read(question, "set", list[str])
    with pipeline.look(config, store, book, as_of=question.as_of, known_at=question.known_at) as view:
        key = find_contract(view.engine, question.said["contract"])
        meant = whatif.supposed(view.engine, key, changes)
        before = view.judgement.of_contract(key)
        rows = whatif.edits(view.engine, meant)
    said = {"contract": key, "set": json.dumps(changes, ensure_ascii=False)}
    return _shaped(
        config, store, book, question, lambda asked: whatif.report(asked, key, meant, before, said), supposing=rows
    )


class _Span(msgspec.Struct, frozen=True):
    first: date
    last: date
    step: Annotated[int, msgspec.Meta(ge=1, le=7000)]

    def days(self) -> list[date]:
        """The days to judge. Raises UsageError where there is none, or too many."""
        if self.first > self.last:
            raise UsageError(f"there is no day from {self.first} to {self.last}", hint="--from comes before --to")
        number = (self.last - self.first).days // self.step + 1
        if number > MOST_DAYS:
            raise UsageError(
                f"{number} days are too many to judge", hint=f"take a longer --step: {MOST_DAYS} days at most"
            )
        return [self.first + timedelta(days=self.step * place) for place in range(number)]


def _tried(config: Config, store: Store, before: Rulebook, question: Question, tell: Tell) -> Document:
    """The tried rule and the rules as they stand, on past days, by what was known at the question's instant."""
    from monitor.reports import tried

    said = question.said
    try:
        span = msgspec.convert({name: said[name] for name in ("first", "last", "step")}, _Span, strict=False)
    except ValueError as error:
        raise UsageError(f"the days to try a rule on are not understood: {error}") from error
    days = span.days()
    after = config.book(Trying(file=said["file"], text=said["rule"], pack=said["pack"]))
    past, until = learned.past(config), question.known_at
    for now in past.engines([until.astimezone(config.zone).date()], until=until):
        found = trial(past.engines(days, until=until), now, before=before, after=after, tell=tell)
    about = {name: said[name] for name in ABOUT["try"]}
    return _shaped(
        config,
        store,
        before,
        replace(question, as_of=days[-1]),
        lambda asked: tried.report(asked, about, found, after.hash),
    )


def _read(question: Question, name: str, kind: type[list[str]]) -> list[str]:
    try:
        return msgspec.json.decode(question.said[name], type=kind)
    except ValueError as error:
        raise UsageError(f"the report {question.name} does not understand {name}: {error}") from error
