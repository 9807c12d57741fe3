"""What a letter is about, as `notify.compose` stored it, checked and made inert before anything is written of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Base64Bytes, BaseModel, BeforeValidator, ConfigDict, Field

from monitor.domain.warning import Event, State
from monitor.notify.letters.inert import cut, inert

Line = Annotated[str, BeforeValidator(inert)]
Brief = Annotated[Line, AfterValidator(lambda text: cut(text, 160))]
"""What stands in sentences of ours, at most 160 columns; no table has to keep the whole of it."""
Level = Literal["blue", "yellow", "orange", "red"]
Step = Literal["acknowledge", "assess", "report", "again"]
"""What is asked of the reader, 签收、研判、反馈、再次反馈."""
Outcome = Annotated[
    Literal["true", "false", "prevented"],
    BeforeValidator(lambda value: str(value).lower() if isinstance(value, bool) else value),
]
"""What a closed warning was: right, a false alarm, or right and averted."""


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


class Entry(Stored):
    """One warning in a list. `days_late` is negative before the deadline; `money` is in whole units of `currency`."""

    number: Brief
    level: Level
    rule: Brief
    rule_title: Said
    says: Said
    event: Event | None = None
    before: Level | None = None
    state: State = "open"
    step: Step | None = None
    answer_by: date | None = None
    cite: Line = ""
    subject: Line = "contract"
    subject_title: Line = ""
    contract_title: Line | None = None
    contract_number: Line | None = None
    unit: Line | None = None
    party: Line | None = None
    due: date | None = None
    days_late: int | None = None
    money: Decimal | None = None
    currency: Brief | None = None
    opened_on: date | None = None
    days_open: int | None = None


class Item(Entry):
    """One warning told in full. `sequence` rises with every letter about it; `document` is the letter's own number, 文号."""

    alert_id: int | None = None
    event: Event
    document: Brief = ""
    sequence: Annotated[int, Field(ge=0)] = 0
    action: Said
    cite: Line
    basis: Brief = "statute"
    side: Line
    subject: Line
    subject_title: Line
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


class Frame(Stored):
    """What every letter has."""

    name: Brief = ""
    as_of: date
    context: Context = Context()


class Notes(Frame):
    """What the letter to whoever runs Lvyue needs."""

    notes: Annotated[list[Said], Field(min_length=1)]


class File(Stored):
    """A file as it was stored: in base64, with the SHA-256 of its bytes."""

    name: Brief
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    data: Base64Bytes


class Answer(Frame):
    """A report that somebody asked to get: what it says in short, what it was narrowed to, and its file."""

    saved: Brief
    title: Brief
    summary: Line
    filters: list[tuple[Brief, Line]] = []
    file: File


class Content(Frame):
    """Warnings, worst first, and how many there are of each level."""

    items: Annotated[list[Item], Field(min_length=1)]
    counts: dict[Level, int] = {}
    about: Literal["news", "escalated", "over"] = "news"
    """Of a digest: what is new, what nobody acted on, or what is over."""


class Done(Stored):
    """Something that was done about a warning, or happened to it."""

    on: date
    event: Brief
    actor: Brief = ""
    note: Line = ""


class Escalation(Stored):
    """Step `step` of `steps`, sent to `role`: `waiting` was asked for by `by`, and is `days` working days late."""

    step: Annotated[int, Field(ge=1)]
    steps: Annotated[int, Field(ge=1)]
    role: Literal["handler", "contract_manager", "unit_head", "legal_office", "leader", "supervision"]
    waiting: Step
    by: date
    days: Annotated[int, Field(ge=0)]
    form: Literal["urge", "supervision"] = "urge"


class Judged(Stored):
    """What a person wrote of a warning, and when."""

    by: Brief = ""
    on: date
    note: Line = ""


class Closing(Judged):
    """Why a warning was closed."""

    outcome: Outcome


class Case(Content):
    """A letter about one warning. `items` after the first are of the same contract and changed now, `siblings` were told of
    before. A kind that needs a part says so when it is written."""

    siblings: list[Entry] = []
    history: list[Done] = []
    escalation: Escalation | None = None
    assessment: Judged | None = None
    closing: Closing | None = None


class Heard(Stored):
    """A source, and the day on which it last told something."""

    source: Brief
    last: date | None = None


class Weekly(Frame):
    """The week from `since` to `as_of`; every list may be empty, and the letter is sent all the same."""

    since: date
    counts: dict[Level, int] = {}
    new: list[Entry] = []
    open: list[Entry] = []
    due_soon: list[Entry] = []
    cleared: list[Entry] = []
    closed: list[Entry] = []
    sources: list[Heard] = []
