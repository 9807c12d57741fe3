"""What a question is asked of: the facts and outcomes of one day, narrowed to some contracts, and the words of the reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from monitor import __version__
from monitor.alerts import HandlingSettings
from monitor.domain.errors import UsageError
from monitor.domain.warning import Alert
from monitor.domain.words import fact_value, filled, shown, word
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.reports.document import Cell, Document, Section, head
from monitor.reports.portfolio import Header
from monitor.rulebook import Judgement, Rulebook
from monitor.store import Store, runs, warnings

if TYPE_CHECKING:
    from monitor.reports.learned import Voices

Event = Mapping[str, Any]
PICKING = ("unit", "party", "kind", "amount")
"""What picks contracts."""

_SHORT = 16
"""Signs of a hash that tell one rule, calendar or kind of fact from another."""

Case = tuple[Alert, Sequence[Event]]
"""A warning, and what had happened to it by the day and as was known, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What a question is narrowed to; None means any. `unit` and `party` are in the name, large or small letters alike.

    `amount` is the least that a contract is about, in its own currency; `level` the least grave of warnings. `first` is the
    first day of the period that a question is about, where it is about one; the last is the day itself. `by` narrows
    nothing: it is who asks, and stands in the header.
    """

    unit: str | None = None
    party: str | None = None
    kind: str | None = None
    amount: Decimal | None = None
    rule: str | None = None
    level: Literal["blue", "yellow", "orange", "red"] | None = None
    first: date | None = None
    by: str | None = None

    @classmethod
    def of(cls, words: Mapping[str, str], where: str) -> Narrowed:
        """As `str` of each field gives it. Raises UsageError for a field that there is not, or a day that is none."""
        try:
            if unknown := sorted(set(words) - set(cls.__slots__)):
                raise ValueError(f"there is no {unknown[0][:40]!r}")
            return msgspec.convert(dict(words), cls, strict=False)
        except ValueError as error:
            raise UsageError(
                f"{where}: it cannot be narrowed so: {error}", hint="it was made by another Lvyue"
            ) from error

    def named(self) -> list[str]:
        """What is given, by name."""
        return [name for name in self.__slots__ if getattr(self, name) is not None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Everything that an answer may be made from. `handling` has the office's time limits; `cases` reads the warnings, for who
    asks about them; `scans` the days that were scanned by then, with how many judgements were made;
    `voices` what is estimated beside the rules, None where nobody was asked for it; `sources` what was heard of each, and
    `ledgers` which of them are the ledger of the office."""

    engine: Engine
    judgement: Judgement
    book: Rulebook
    header: Header
    calendar: WorkCalendar
    lang: str
    narrowed: Narrowed = field(default_factory=Narrowed)
    cases: Callable[[], Sequence[Case]] = tuple
    scans: Callable[[], Sequence[tuple[date, int]]] = tuple
    handling: HandlingSettings = field(default_factory=HandlingSettings)
    voices: Callable[[], Voices] | None = None
    sources: Sequence[dict[str, Any]] = ()
    ledgers: Sequence[str] = ()

    @property
    def as_of(self) -> date:
        """The day the question is about."""
        return self.header.as_of

    def say(self, key: str, **blanks: object) -> str:
        """A word or sentence of the reader's."""
        return filled(key, self.lang, **blanks) if blanks else word(key, self.lang)

    def day(self, value: date | None) -> str:
        """A day as the reader writes it."""
        return shown(value, self.lang)

    @staticmethod
    def hashed(text: str) -> str:
        """SHA-256 of something that a report was made from."""
        return sha256(text.encode()).hexdigest()

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Rows of the facts; `asked` is the table of the contracts asked about."""
        return self.engine.rows(sql, list(parameters))


def narrow(asked: Asked) -> Asked:
    """Lay out the table `asked`: one row a contract that is asked about, with what every list says of it.

    Raises UsageError where nothing is left of what there is: a name that is misspelt must not look like a clean record.
    """
    wanted = asked.narrowed
    if wanted.rule is not None:
        asked.book.get(wanted.rule)
    asked.engine.db.execute(_NAMED, [wanted.unit, wanted.party, wanted.kind])
    asked.engine.db.execute(_ASKED, [wanted.amount])
    picked = [name for name in PICKING if name in wanted.named()]
    if picked and not asked.rows("select 1 from asked limit 1"):
        told = ", ".join(f"--{name} {getattr(wanted, name)}" for name in picked)
        raise UsageError(
            f"there is no contract with {told} as of {asked.as_of}",
            hint="names are looked for in part; kinds are codes as ZFCG; without it, the report has every contract",
        )
    return asked


def read_cases(store: Store, as_of: date, known_at: datetime) -> list[Case]:
    """Every warning that there was on the day, with what had happened to it by then and was written by `known_at`."""
    found: dict[int, list[Event]] = {}
    with store.reading() as db:
        for event in warnings.chain(db):
            late = event["happened_at"] is not None and event["happened_at"] > known_at
            if event["happened_on"] <= as_of and not late:
                found.setdefault(event["alert_id"], []).append(event)
        alerts = warnings.by_id(db, list(found))
    return [(alerts[number], events) for number, events in sorted(found.items())]


def read_scans(store: Store, as_of: date, known_at: datetime) -> list[tuple[date, int]]:
    """Every scan about a day until the one asked about that was done by `known_at`, with its judgements."""
    with store.reading() as db:
        return [(day, judgements) for day, judgements in runs.scans(db, known_at) if day <= as_of]


def document(
    asked: Asked,
    name: str,
    *,
    summary: str,
    sections: Sequence[Section],
    main: str,
    inputs: Mapping[str, str] | None = None,
    narrowed: Mapping[str, str] | None = None,
    filters: Sequence[tuple[str, str]] = (),
) -> Document:
    """The answer with its header: what every report says of itself. `narrowed`, `filters`: what a question has of its own."""
    made = {
        "facts": asked.header.facts_hash, "rules": asked.header.rules_hash,
        "calendar": _together(calendar.fingerprint for calendar in asked.engine.calendars.values()),
        **(inputs or {}), "program": __version__,
    }  # fmt: skip
    return Document(
        name=name, title=head(f"{name}.title", asked.lang), lang=asked.lang, header=asked.header, inputs=made, summary=summary,
        sections=tuple(sections), main=main, parts=_parts(asked),
        filters=(*filters, *_filters(asked)),
        narrowed={name: str(getattr(asked.narrowed, name)) for name in asked.narrowed.named()} | dict(narrowed or {}),
    )  # fmt: skip


def warnings_hash(cases: Sequence[Case], beside: Sequence[str] = ()) -> str:
    """SHA-256 over the links of the hash chain that a report about warnings was made from, and what else it took of them."""
    return _together([*(str(event["hash"]) for _, events in cases for event in events), *beside])


def scans_hash(scans: Sequence[tuple[date, int]]) -> str:
    """SHA-256 over the days that were scanned and how many judgements were made on each."""
    return _together(f"{day} {judgements}" for day, judgements in scans)


def joined(asked: Asked, *sentences: str) -> str:
    """Sentences one after the other: with a space between them in English."""
    return ("" if asked.lang == "zh" else " ").join(filter(None, sentences))


def named(row: Mapping[str, Any], asked: Asked) -> dict[str, Cell]:
    """The names in a row of `asked`, with words for what the register does not name."""
    return {
        "unit": row["unit"] or asked.say("answer.no_unit"), "party": row["party"] or asked.say("answer.no_party"),
        "number": row["number"], "contract": row["contract"],
    }  # fmt: skip


def _parts(asked: Asked) -> dict[str, dict[str, str]]:
    rules = {rule.rule.id: rule.rule_hash[:_SHORT] for rule in asked.book.rules}
    calendars = {name: calendar.fingerprint[:_SHORT] for name, calendar in asked.engine.calendars.items()}
    facts = {name: _together([told])[:_SHORT] for name, told in asked.engine.fact_hashes().items()}
    return {"facts": facts, "rules": rules, "calendar": calendars}


def _together(parts: Any) -> str:
    return sha256("+".join(sorted(parts)).encode()).hexdigest()


def _filters(asked: Asked) -> tuple[tuple[str, str], ...]:
    wanted = asked.narrowed
    values = {
        "unit": wanted.unit, "party": wanted.party,
        "kind": wanted.kind and f"{wanted.kind} {fact_value('contract.kind', wanted.kind, asked.lang)}",
        "amount": _least(asked),
        "rule": wanted.rule and f"{wanted.rule.upper()} {asked.book.get(wanted.rule).rule.title.in_language(asked.lang)}",
        "level": wanted.level and asked.say(wanted.level), "from": wanted.first and asked.day(wanted.first), "by": wanted.by,
    }  # fmt: skip
    return tuple((asked.say(f"answer.filter.{name}"), value) for name, value in values.items() if value)


def _least(asked: Asked) -> str | None:
    """What a contract has to be about at least, and how many were left out because nobody knows what they are about."""
    if (least := asked.narrowed.amount) is None:
        return None
    unknown = asked.rows("select count(*) as n from asked_of_any_amount where amount is null")[0]["n"]
    return asked.say("answer.least", amount=f"{least:,.2f}", unknown=f"{unknown:,}")


_NAMED = """
create or replace temp table asked_of_any_amount as
select
    c.id, c.number, c.title as contract, c.kind, c.currency, c.amount, c.signed_on, c.status, c.unit_id, u.name as unit,
    coalesce(u.kind, 'authority') in ('authority', 'institution', 'township') as is_public, c.party_id, p.name as party, p.size
from fact_contract c
left join fact_unit u on u.id = c.unit_id
left join fact_party p on p.id = c.party_id
where ($1::varchar is null or contains(lower(u.name), lower($1)))
    and ($2::varchar is null or contains(lower(p.name), lower($2)))
    and ($3::varchar is null or lower(c.kind) = lower($3))
"""

_ASKED = """
create or replace temp table asked as select * from asked_of_any_amount where $1::decimal(38, 4) is null or amount >= $1
"""
