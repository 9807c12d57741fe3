"""From changed warnings to letters to people. `composing` decides who is told what; a channel hands one letter over.

A channel is a file here with one class that has `send`. It answers with what the other side said, or raises DeliveryError
that knows whether trying again can help; waiting, retrying and remembering are the outbox's work, not the channel's.
"""

from __future__ import annotations

from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.domain.warning import LEVELS, Alert, Letter, Role

MAIL = "mail"


class Recipient(BaseModel):
    """A `[[recipient]]` of config.toml: who is written to, in which language, about what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[str, Field(pattern=r"^([^@\s<>,;]+@[^@\s<>,;]+)?$", description="Mail address.")] = ""
    via: Annotated[str, Field(description="Name of a [[channel]] to write to instead of a mail address.")] = MAIL
    name: Annotated[str, Field(description="Name or office, as in the salutation.")] = ""
    lang: Annotated[Literal["zh", "en"], Field(description="Language of the letters.")] = "zh"
    level: Annotated[
        Literal["blue", "yellow", "orange", "red"], Field(description="Lowest level this recipient is told about.")
    ] = "blue"
    units: Annotated[
        list[str], Field(description="Units, by name, `*` stands for anything; none given means all.")
    ] = []
    rules: Annotated[list[str], Field(description="Rules, as CN-PAY-*; none given means all.")] = []
    amount_over: Annotated[
        Decimal | None,
        Field(ge=0, description="Only where more than this is at stake, or nobody knows how much; left out: any."),
    ] = None
    role: Annotated[
        Role | None,
        Field(description="Place in the chain that is told when nobody acts; left out: told of warnings alone."),
    ] = None
    weekly: Annotated[bool, Field(description="Gets the weekly digest, also when there is nothing to tell.")] = True

    @model_validator(mode="after")
    def somewhere_to_write_to(self) -> Self:
        """A mail address, or a channel."""
        if (self.via == MAIL) != bool(self.address):
            raise ValueError('write either address = "…@…" or via = "name of a [[channel]]"')
        return self

    @property
    def where(self) -> str:
        """What the outbox calls this recipient: the address, or the channel's name."""
        return self.address or self.via

    def concerned(self, alert: Alert) -> bool:
        """Whether a warning is of this recipient's units, rules and amounts, whatever its level."""
        return (
            (not self.units or any(fnmatchcase(alert.unit or "", unit) for unit in self.units))
            and (not self.rules or any(fnmatchcase(alert.rule, rule) for rule in self.rules))
            and (self.amount_over is None or _money(alert) is None or (_money(alert) or 0) > self.amount_over)
        )

    def wants(self, alert: Alert) -> bool:
        """Whether a warning is this recipient's business, and grave enough."""
        return LEVELS.index(alert.level) >= LEVELS.index(self.level) and self.concerned(alert)


class Channel(Protocol):
    """A way to people."""

    def send(self, letter: Letter) -> str:
        """Hand over one letter and return the other side's answer. Raises DeliveryError."""


def _money(alert: Alert) -> Decimal | None:
    """Money at stake in whole units of its currency; None where it is not known, which never keeps a warning from people."""
    money = alert.finding.get("money")
    return None if money is None else Decimal(str(money))
