"""`[mail]`: who writes, and which channel carries the letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.domain.errors import ConfigError, DeliveryError
from monitor.domain.warning import Letter
from monitor.notify import MAIL, Channel
from monitor.notify.email import Smtp, SmtpSettings
from monitor.notify.eml import EmlFolder
from monitor.notify.headers import Routing
from monitor.notify.hook import Clock
from monitor.notify.kinds import ChannelSettings


class MailSettings(BaseModel):
    """`[mail]`: who writes, and by which server. Without `[mail.smtp]` letters are laid as .eml files into the state folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender: Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$", description="From address.")] = "lvyue@localhost"
    sender_name: Annotated[str, Field(description="From name.")] = "履约预警 Lvyue"
    reply_to: Annotated[str, Field(description="Where answers go; empty means the sender.")] = ""
    storm_over: Annotated[
        int, Field(ge=1, description="More urgent warnings than this in one scan go to a recipient as one digest.")
    ] = 10
    operator: Annotated[
        str,
        Field(
            pattern=r"^([^@\s<>,;]+@[^@\s<>,;]+)?$",
            description="Address of whoever runs Lvyue, told of models that need a look; empty: the log alone is.",
        ),
    ] = ""
    weekly_on: Annotated[
        Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "never"],
        Field(description="Day of the weekly digest, which is sent also when there is nothing to tell."),
    ] = "mon"
    document_word: Annotated[
        str,
        Field(min_length=1, max_length=20, description="The office's word in the number of a letter, 发文机关代字."),
    ] = "履预"
    list_id: Annotated[
        str,
        Field(
            pattern=r"^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+)?$",
            description="List-Id by which mail programs file these letters; empty: lvyue. and the sender's domain.",
        ),
    ] = ""
    unsubscribe_url: Annotated[
        str,
        Field(
            pattern=r"^(https://[^\s<>,]+)?$",
            description="Page that takes a reader off digests and weekly reports by one click (RFC 8058): it gets a POST, "
            "with the letter's key as ?letter=; empty: by mail to reply_to alone.",
        ),
    ] = ""
    bounce: Annotated[
        str,
        Field(
            pattern=r"^([^@\s<>,;+]+@[^@\s<>,;]+)?$",
            description="Mailbox for letters that come back, which takes name+anything@; each letter's envelope sender "
            "carries its key there; empty: they come back to the sender.",
        ),
    ] = ""
    smtp: Annotated[SmtpSettings | None, Field(description="The mail server.")] = None

    @property
    def routing(self) -> Routing:
        """How letters are filed, left and returned."""
        return Routing(list_id=self.list_id, unsubscribe_url=self.unsubscribe_url, bounce=self.bounce)


@contextmanager
def channels(
    mail: MailSettings, folder: Path, *, others: Sequence[ChannelSettings] = (), clock: Clock
) -> Iterator[dict[str, Channel]]:
    """The ways letters go, by name. Mail goes by SMTP when a server is set, else as .eml files into `folder`.

    A channel whose secrets cannot be looked up takes no letters, and keeps nobody else's from going out.
    """
    ways = {channel.name: _opened(channel, clock) for channel in others}
    who = {"sender": mail.sender, "sender_name": mail.sender_name, "reply_to": mail.reply_to or mail.sender}
    if mail.smtp is None:
        yield ways | {MAIL: EmlFolder(folder, mail.routing, **who)}
    else:
        with Smtp(mail.smtp, mail.routing, **who) as server:
            yield ways | {MAIL: server}


@dataclass(frozen=True, slots=True)
class Shut:
    """A channel that cannot be opened: its letters wait for somebody to mend its settings."""

    fault: ConfigError

    def send(self, _letter: Letter) -> str:
        """Raises DeliveryError, which passes."""
        raise DeliveryError(self.fault.message, hint=self.fault.hint) from self.fault


def _opened(settings: ChannelSettings, clock: Clock) -> Channel:
    try:
        return settings.open(clock)
    except ConfigError as fault:
        return Shut(fault)
