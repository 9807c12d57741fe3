"""What config.toml may say: every section and its keys, their defaults and what they mean. How it is read: config.py."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from monitor.alerts import HandlingSettings
from monitor.domain.override import Override
from monitor.domain.retention import RetentionSettings
from monitor.notify import Recipient
from monitor.notify.outgoing import MailSettings


class Section(BaseModel):
    """Unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CalendarSection(Section):
    """`[calendar]`: whose working days count where a rule pack does not say, and which clock a civil day follows."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 country of the working days.")] = "CN"
    timezone: Annotated[str, Field(description="IANA time zone in which a day begins and ends.")] = "Asia/Shanghai"
    notices: Annotated[str, Field(description="TOML file with newly published days off and make-up days.")] = ""

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        """The zone must exist."""
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f'"{name}" is no IANA time zone; write one as Asia/Shanghai') from error
        return name


class RulesSection(Section):
    """`[rules]`: which packs judge."""

    packs: Annotated[list[str], Field(description="Folders of the rules shelf in use; none given means all.")] = []


class ShelvesSection(Section):
    """`[shelves]`: an agency's own folders, added to those that ship."""

    rules: Annotated[list[str], Field(description="Folders that hold packs, as rules/ does.")] = []
    models: Annotated[list[str], Field(description="Folders that hold recipes, as models/ does.")] = []


class ScheduleSection(Section):
    """`[schedule]`: when `lvyue serve` works by itself."""

    daily_at: Annotated[time, Field(description="Time of day of the pull, scan and letters.")] = time(6, 0)
    backups: Annotated[
        int,
        Field(ge=0, description="Nightly backups kept in `state`/backups, each the whole database; 0: none is made."),
    ] = 7
    train_on: Annotated[
        Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "never"],
        Field(description="Day of the week after whose round models learn anew; the gate says whether they speak."),
    ] = "sat"


class ServiceSection(Section):
    """`[service]`: how `lvyue serve` behaves as a process, and tells how it is."""

    stop_seconds: Annotated[
        float,
        Field(
            gt=0, description="Longest time that a stop (SIGTERM) waits for what is being worked; then it is cut off."
        ),
    ] = 60
    lease_seconds: Annotated[
        float,
        Field(ge=3, description="A leader that gives no sign of life for so long is deposed by one that stands by."),
    ] = 30

    listen: Annotated[
        str,
        Field(
            pattern=r"^$|^(\[[0-9a-fA-F:]+\]|[^:\[\]\s]+):\d{1,5}$",
            description="Address of /healthz, /readyz and /metrics, for this machine unless it says otherwise; empty: none.",
        ),
    ] = "127.0.0.1:9464"
    log: Annotated[
        Literal["text", "json"], Field(description="Form of the log on stderr: text, or one JSON object a line.")
    ] = "text"


class ReportSection(Section):
    """A `[[report]]`: a question that is asked again and again, by its name; on its days `lvyue serve` mails the answer."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
            description="Short name, in small letters: `lvyue report saved NAME`.",
        ),
    ]
    question: Annotated[str, Field(description="The report, as `lvyue report` names it; query for a statement.")]
    sql: Annotated[str, Field(description="The statement of a query.")] = ""
    contract: Annotated[str, Field(description="The contract that a dossier is about, by key or number.")] = ""
    unit: Annotated[str, Field(description="Contracts of units whose name has this in it.")] = ""
    party: Annotated[str, Field(description="Contracts with parties whose name has this in it.")] = ""
    kind: Annotated[str, Field(description="Contracts of this kind, as ZFCG.")] = ""
    amount: Annotated[Decimal | None, Field(ge=0, description="Contracts about this much or more.")] = None
    rule: Annotated[str, Field(description="Warnings of this rule, as CN-PAY-01.")] = ""
    level: Annotated[
        Literal["", "blue", "yellow", "orange", "red"], Field(description="Warnings of this level and graver.")
    ] = ""
    days: Annotated[
        int | None,
        Field(ge=1, le=3660, description="Days of the period, the last included; left out: as the report has it."),
    ] = None
    format: Annotated[Literal["pdf", "xlsx", "html", "csv", "json"], Field(description="Form of the file.")] = "pdf"
    paper: Annotated[Literal["a4", "letter"], Field(description="Size of a PDF's pages.")] = "a4"
    lang: Annotated[Literal["", "zh", "en"], Field(description="Language; empty: that of reports.")] = ""
    to: Annotated[
        list[Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")]],
        Field(description="Mail addresses that get it."),
    ] = []
    on: Annotated[
        Literal["never", "day", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "month"],
        Field(
            description="When it is mailed: each day, on a day of the week, or month: on the 1st, about the month before."
        ),
    ] = "never"

    @model_validator(mode="after")
    def whoever_gets_it(self) -> Self:
        """What is mailed goes to somebody."""
        if (self.on == "never") == bool(self.to):
            raise ValueError("`to` says who gets it and `on` when; write both, or neither")
        return self

    def about(self, today: date) -> date:
        """The day it is about when it is made on a day."""
        return today.replace(day=1) - timedelta(days=1) if self.on == "month" else today

    def said(self, as_of: date) -> dict[str, str]:
        """What is asked, as text by name."""
        plain = {
            name: getattr(self, name)
            for name in ("sql", "contract", "unit", "party", "kind", "amount", "rule", "level")
        }
        first = as_of - timedelta(days=self.days - 1) if self.days else ""
        return {name: str(value) for name, value in (plain | {"first": first}).items() if value not in ("", None)}


class Settings(Section):
    """The whole of config.toml but its sources."""

    office: Annotated[str, Field(description="Name of the office, as letters and reports show it.")] = ""
    declared: Annotated[str, Field(description="Shown in every output, as `made data`; empty for real work.")] = ""
    lang: Annotated[Literal["zh", "en"], Field(description="Language of reports.")] = "zh"
    state: Annotated[str, Field(description="Folder of database, letters and reports.")] = "lvyue-state"
    database: Annotated[
        SecretStr,
        Field(
            description="Address of PostgreSQL (postgresql://user@host/name), or env:NAME or file:PATH; empty: SQLite in `state`."
        ),
    ] = SecretStr("")
    calendar: CalendarSection = CalendarSection()
    rules: RulesSection = RulesSection()
    shelves: ShelvesSection = ShelvesSection()
    mail: MailSettings = MailSettings()
    handling: HandlingSettings = HandlingSettings()
    schedule: ScheduleSection = ScheduleSection()
    service: ServiceSection = ServiceSection()
    retention: RetentionSettings = RetentionSettings()
    recipient: list[Recipient] = []
    report: list[ReportSection] = []
    override: list[Override] = []
    channel: Annotated[list[dict[str, Any]], Field(repr=False)] = []
    source: Annotated[list[dict[str, Any]], Field(repr=False)] = []

    @field_validator("report")
    @classmethod
    def each_report_once(cls, reports: list[ReportSection]) -> list[ReportSection]:
        """A name is one report."""
        names = [report.name for report in reports]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f'there are two reports "{twice[0]}"; give one another name')
        return reports

    @model_validator(mode="after")
    def kept_as_long_as_the_law_asks(self) -> Self:
        """What the office's country asks for."""
        self.retention.lawful(self.calendar.country)
        return self
