"""config.toml, strictly read, with the environment over it; and where the shelves are.

Order: an option on the command line, then the environment (`LVYUE_MAIL__SENDER`, two underscores a level), then the file,
then the default. A key nobody knows is a fault in the file and in the environment alike; all faults are shown at once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from monitor.domain.errors import ConfigError
from monitor.domain.override import NO_OVERRIDES, Override, Overrides
from monitor.domain.place import Place, place
from monitor.domain.toml import Fault, Located, examine, in_order, nearest, parse, read
from monitor.domain.workdays import Notice, WorkCalendar, read_overrides, work_calendar
from monitor.notify import MAIL, Channel, Recipient
from monitor.notify.email import SmtpSettings
from monitor.notify.hook import Clock
from monitor.notify.kinds import ChannelSettings
from monitor.notify.kinds import kinds as channel_kinds
from monitor.notify.outgoing import channels
from monitor.settings import ReportSection, Settings
from monitor.sources import Source, kinds

if TYPE_CHECKING:
    from monitor.rulebook import Rulebook, Trying

PREFIX = "LVYUE_"
RESERVED = ("LVYUE_ACTOR", "LVYUE_CI", "LVYUE_CONFIG")
PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the rest of the program sees. `base` is the folder of config.toml: relative paths start there."""

    path: Path
    base: Path
    settings: Settings
    sources: tuple[Source, ...]
    channels: tuple[ChannelSettings, ...] = ()
    overrides: Overrides = NO_OVERRIDES
    """Numbers of the law that this office replaced by its own; the rule book checks them against its rules."""

    @property
    def state(self) -> Path:
        """Folder of everything Lvyue keeps."""
        return self.base / self.settings.state

    @property
    def database(self) -> Place:
        """The one database."""
        return place(self.settings.database.get_secret_value(), self.state)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which civil days begin and end."""
        return ZoneInfo(self.settings.calendar.timezone)

    def end_of_day(self, day: date) -> datetime:
        """The last instant of a civil day: what was recorded by then was known on that day."""
        return datetime.combine(day + timedelta(days=1), time.min, self.zone) - timedelta(microseconds=1)

    def start_of_day(self, day: date) -> datetime:
        """The first instant of a civil day: when a dated edition became known."""
        return datetime.combine(day, time.min, self.zone)

    def source(self, name: str) -> Source:
        """Raises ConfigError that names the nearest source when there is none of that name."""
        for source in self.sources:
            if source.name == name:
                return source
        known = [source.name for source in self.sources]
        raise ConfigError(
            f"there is no source {name!r}{nearest(name, known)}", hint=f"{self.path} has: {', '.join(known) or 'none'}"
        )

    def calendars(self) -> dict[str, WorkCalendar]:
        """Working days by the word rule packs use: the office's own, and those that the shipped packs count."""
        own = self.settings.calendar
        notice: Notice | None = None
        if own.notices:
            path = self.base / own.notices
            notice = read_overrides(read(path, f"calendar.notices: {path}"), where=str(path))
        made = {own.country: work_calendar(own.country, overrides=notice or ())}
        return made | {word: work_calendar(word) for word in ("CN", "EU", "US") if word not in made}

    def calendar(self) -> WorkCalendar:
        """The office's own working days."""
        return self.calendars()[self.settings.calendar.country]

    def book(self, trying: Trying | None = None) -> Rulebook:
        """The rules that judge here. Raises ConfigError with every fault of every file."""
        from monitor import rulebook  # with the engine: who only reads settings need not wait for it

        return rulebook.load(
            self.rule_shelves(), self.calendars(), default_calendar=self.settings.calendar.country,
            packs=self.settings.rules.packs, overrides=self.overrides, trying=trying,
        )  # fmt: skip

    def rule_shelves(self) -> list[Path]:
        """The shelf that ships, then the agency's own."""
        return [shelf("rules"), *(self.base / folder for folder in self.settings.shelves.rules)]

    def model_shelves(self) -> list[Path]:
        """The shelf of recipes that ships, then the agency's own."""
        return [shelf("models"), *(self.base / folder for folder in self.settings.shelves.models)]

    def ways(self, clock: Clock) -> AbstractContextManager[dict[str, Channel]]:
        """The ways letters go, by name, opened for a round of letters. Raises ConfigError."""
        return channels(self.settings.mail, self.state / "letters", others=self.channels, clock=clock)

    @property
    def models(self) -> Path:
        """Where trained models lie."""
        return self.state / "models"


def shelf(name: str) -> Path:
    """A shelf that ships: inside the installed package, or beside it in a checkout.

    >>> shelf("rules").is_dir()
    True
    """
    for folder in (PACKAGE / "_shelves" / name, PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ConfigError(f"the shelf {name!r} is not where Lvyue was installed", hint="install Lvyue again")


def load(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read a config file. Raises ConfigError with every fault: line, column, caret, nearest key."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    except OSError as error:
        hint = "run `lvyue init` to write one, or name it with --config"
        raise ConfigError(f"{path}: {error.strerror or error}", hint=hint) from error
    located = parse(text, path.name)
    settings, found = examine(located, Settings, located.values)
    values, faults = _overlay(located.values, os.environ if environment is None else environment)
    if settings is not None:
        settings, of_environment = examine(located, Settings, values)
        faults += [f"environment: {fault.message}" for fault in of_environment]
    sources, more = _blocks(located, "source", values.get("source"), kinds())
    ways, faulty = _blocks(located, "channel", values.get("channel"), channel_kinds())
    more += faulty + _ways(located, settings, ways)
    overrides = Overrides(entries=tuple(settings.override) if settings else (), located=located)
    faults = [str(fault) for fault in in_order(found + more + overrides.faults())] + faults
    if faults or settings is None:
        raise ConfigError("\n".join(faults), hint=f"mend {path}; `lvyue check` shows this again")
    base = path.resolve().parent
    return Config(
        path=path, base=base, settings=settings, sources=tuple(sources), channels=tuple(ways), overrides=overrides
    )


def default() -> Config:
    """The configuration of an office that has written none yet."""
    return Config(path=Path("config.toml"), base=Path.cwd(), settings=Settings(), sources=())


def template() -> str:
    """A config.toml with every setting, its meaning and its default; what `lvyue init` writes and the repository holds."""
    lines = [
        "# Lvyue 履约. Every setting with its default; what is commented out is an example. Environment variables lie over it:"
    ]
    lines += ["# LVYUE_MAIL__SENDER=…, two underscores a level. Secrets: `env:NAME` or `file:PATH`.", ""]
    plain = {name: field for name, field in Settings.model_fields.items() if isinstance(field.default, str | SecretStr)}
    lines += _settings(plain)
    sections = {name: f for name, f in Settings.model_fields.items() if isinstance(f.default, BaseModel)}
    for name, field in sections.items():
        lines += ["", f"[{name}]", *_settings(type(field.default).model_fields)]
    lines += _examples()
    return "\n".join(lines) + "\n"


def _settings(fields: Mapping[str, FieldInfo]) -> list[str]:
    lines = []
    for name, field in fields.items():
        if field.default is None:
            continue
        lines.append(f"{name} = {_written(field.default)}  # {field.description}")
    return lines


def _written(value: object) -> str:
    """A default as TOML has it."""
    match value:
        case SecretStr():
            return json.dumps(value.get_secret_value())
        case time():
            return f'"{value.isoformat("minutes")}"'
        case BaseModel():
            told = ((name, getattr(value, name)) for name in type(value).model_fields)
            return "{ " + ", ".join(f"{name} = {_written(one)}" for name, one in told if one is not None) + " }"
        case _:
            return json.dumps(value, ensure_ascii=False)


LOCATIONS = {"ledger": "ledger.xlsx", "rest": "https://example.org/api/contracts", "sql": "env:ERP_URL"}
"""Where a source of each kind may be, as an example."""


def _examples() -> list[str]:
    """Blocks that an office writes itself, commented out."""
    lines = ["", "# [mail.smtp]"]
    for name, field in SmtpSettings.model_fields.items():
        lines.append(f"# {name}: {field.description}")
    agreed = {"author": "Legal office", "reason": "the local rule gives ten working days"}
    monthly = {"name": "monthly", "question": "monthly", "to": ["fazhi@example.org"], "on": "month"}
    blocks: list[tuple[str, type[BaseModel], Mapping[str, object]]] = [
        ("recipient", Recipient, {"address": "fazhi@example.org"}),
        ("report", ReportSection, monthly),
        ("override", Override, {"rule": "CN-PRC-03", "limit": "days", "value": 10, **agreed}),
    ]
    for word, kind in sorted(kinds().items()):
        given: dict[str, object] = {
            "name": "register",
            "kind": word,
            "location": LOCATIONS.get(word, "https://example.org/contracts.csv"),
        }
        blocks.append(("source", kind, given | ({"mapping": "register.sql"} if "mapping" in kind.model_fields else {})))
    for word, way in sorted(channel_kinds().items()):
        blocks.append(("channel", way, {"name": word, "kind": word, "url": "env:ROBOT_URL"}))
    for title, model, examples in blocks:
        lines += ["", f"# [[{title}]]" + (f'  # kind = "{examples["kind"]}"' if "kind" in examples else "")]
        for name, field in model.model_fields.items():
            if name in examples:
                lines.append(f"# {name} = {json.dumps(examples[name], ensure_ascii=False)}")
            elif field.description:
                lines.append(f"# {field.alias or name}: {field.description}")
    return lines


Block = TypeVar("Block", Source, ChannelSettings)


def _blocks(
    located: Located, title: str, raw: Any, known: Mapping[str, type[Block]]
) -> tuple[list[Block], list[Fault]]:
    """The `[[source]]` or `[[channel]]` blocks, each read by the kind it names."""
    made: list[Block] = []
    faults: list[Fault] = []
    names: set[str] = set()
    for number, entry in enumerate(raw if isinstance(raw, list) else []):
        at: tuple[str, int] = (title, number)
        values = entry if isinstance(entry, dict) else {}
        kind = known.get(str(values.get("kind")))
        if kind is None:
            near = nearest(str(values.get("kind")), list(known))
            message = f"{title}.{number}.kind: must be one of {', '.join(sorted(known))}{near}"
            faults.append(located.fault(*located.key_at((*at, "kind")), message))
            continue
        block, found = examine(located, kind, values, at)
        faults += found
        if block is not None:
            made.append(block)
            if block.name in names:
                faults.append(located.fault(*located.key_at((*at, "name")), f'{title} "{block.name}" is there twice'))
            names.add(block.name)
    return made, faults


def _ways(located: Located, settings: Settings | None, channels: Sequence[ChannelSettings]) -> list[Fault]:
    """Recipients that are written to by a channel nobody set up."""
    names = [MAIL, *(channel.name for channel in channels)]
    return [
        located.fault(
            *located.key_at(("recipient", number, "via")),
            f'there is no channel "{recipient.via}"{nearest(recipient.via, names)}',
        )
        for number, recipient in enumerate(settings.recipient if settings else []) if recipient.via not in names
    ]  # fmt: skip


def _overlay(file: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The file's values with `LVYUE_A__B=…` over them, lists split at commas; a variable that names no setting is a fault."""
    values = dict(file)
    faults = []
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in RESERVED:
            continue
        model: Any = Settings
        steps = name.removeprefix(PREFIX).lower().split("__")
        for step in steps:
            fields = getattr(model, "model_fields", {})
            if step not in fields or step in ("source", "channel", "recipient", "report", "override"):
                faults.append(f"environment: {name}: no such setting{nearest(step, list(fields))}")
                break
            model = SmtpSettings if step == "smtp" else fields[step].annotation
        else:
            target = values
            for step in steps[:-1]:
                inner = target.get(step)
                target[step] = dict(inner) if isinstance(inner, dict) else {}
                target = target[step]
            target[steps[-1]] = value.split(",") if get_origin(model) is list else value
    return values, faults
