"""`[[channel]]`: ways to people besides mail. One file a *kind*, found by being there, as kinds of sources are.

A kind is a module here with a `ChannelSettings` subclass whose `kind` is a Literal. It is its own settings, and `open` makes
the channel.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import abstractmethod
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

import monitor.notify
from monitor.domain.secrets import secret
from monitor.notify import Channel
from monitor.notify.hook import Clock, Door, door, wrong_address

ELSEWHERE = ("env:", "file:")


class ChannelSettings(BaseModel):
    """What every `[[channel]]` may say. The address of a robot holds its token: it is a secret, and no fault repeats it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$", description="Short name, as messages call it.")]
    kind: str
    url: Annotated[
        SecretStr, Field(description="Address it takes letters at; env:NAME or file:PATH, for it holds a token.")
    ]
    timeout_seconds: Annotated[
        float, Field(gt=0, le=120, description="Seconds one letter may take from connecting to the last byte.")
    ] = 20

    @field_validator("url")
    @classmethod
    def an_address(cls, url: SecretStr) -> SecretStr:
        """What env: and file: point to is looked at when the channel is opened."""
        written = url.get_secret_value()
        fault = "" if written.startswith(ELSEWHERE) else wrong_address(written)
        if fault:
            raise ValueError(fault)
        return url

    @abstractmethod
    def open(self, clock: Clock) -> Channel:
        """The channel, with its secrets looked up. Raises ConfigError when one is not there or cannot be used."""

    def door(self, *secrets: str) -> Door:
        """Where its letters are handed over; `secrets` are what no message may hold. Raises ConfigError."""
        address = looked_up(self.url)
        return door(self.name, address, seconds=self.timeout_seconds, secrets=secrets)


def looked_up(setting: SecretStr) -> str:
    """A secret from where the setting says, without the line end of a file. Raises ConfigError."""
    return secret(setting.get_secret_value()).strip()


def kinds() -> dict[str, type[ChannelSettings]]:
    """Every kind of channel by its word in config.toml, found by looking into this folder.

    >>> sorted(kinds())
    ['dingtalk', 'feishu', 'webhook', 'wecom']
    """
    for module in pkgutil.iter_modules(monitor.notify.__path__):
        importlib.import_module(f"{monitor.notify.__name__}.{module.name}")
    return {kind.model_fields["kind"].default: kind for kind in ChannelSettings.__subclasses__()}
