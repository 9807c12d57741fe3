"""What config.toml may say: every section and its keys, their defaults and what they mean. How it is read: config.py."""

from __future__ import annotations

from datetime import time
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
    override: list[Override] = []
    channel: Annotated[list[dict[str, Any]], Field(repr=False)] = []
    source: Annotated[list[dict[str, Any]], Field(repr=False)] = []

    @model_validator(mode="after")
    def kept_as_long_as_the_law_asks(self) -> Self:
        """What the office's country asks for."""
        self.retention.lawful(self.calendar.country)
        return self
