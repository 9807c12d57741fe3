"""What a letter is about, as `notify.compose` stored it, checked and made inert before anything is written of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from monitor.notify.letters.inert import cut, inert

Line = Annotated[str, BeforeValidator(inert)]
Brief = Annotated[Line, AfterValidator(lambda text: cut(text, 160))]
"""What stands in sentences of ours, at most 160 columns; no table has to keep the whole of it."""
Level = Literal["blue", "yellow", "orange", "red"]


class Stored(BaseModel):
    """Part of a stored letter. More keys may come with later versions; a letter does not fail over them."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Said(Stored):
    """One sentence in both languages."""

    zh: Line
    en: Line

    def in_language(self, lang: str) -> str:
        """The sentence in `zh` or `en`."""
        return self.zh if lang == "zh" else self.en


class Item(Stored):
    """One warning in a letter. `days_late` is negative before the deadline; `money` is in whole units of `currency`."""

    number: Brief
    alert_id: int | None = None
    event: Literal["opened", "raised", "recurred"]
    before: Level | None = None
    level: Level
    rule: Brief
    rule_title: Said
    says: Said
    action: Said
    cite: Line
    basis: Brief = "statute"
    side: Line
    subject: Line
    subject_title: Line
    contract_title: Line | None = None
    contract_number: Line | None = None
    unit: Line | None = None
    party: Line | None = None
    due: date | None = None
    days_late: int | None = None
    money: Decimal | None = None
    currency: Brief | None = None
    evidence: Annotated[dict[str, Any], BeforeValidator(inert)] = {}
    missing: list[Brief] = []
    provisional: bool = False
    source: Line | None = None
    source_row: int | None = None


class Context(Stored):
    """Where the letter comes from: office, rules and the knowledge it stands on. `declared` says if data were made up."""

    office: Brief = ""
    rules_hash: Brief = ""
    known_at: Brief = ""
    declared: Brief = ""


class Notes(Stored):
    """What the letter to whoever runs Lvyue needs."""

    name: Brief = ""
    as_of: date
    notes: Annotated[list[Said], Field(min_length=1)]
    context: Context = Context()


class Content(Stored):
    """Everything a letter needs. `items` are worst first."""

    name: Brief = ""
    as_of: date
    items: Annotated[list[Item], Field(min_length=1)]
    counts: dict[Level, int]
    context: Context = Context()
