"""`[mail]`: who writes, and which channel carries the letters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from monitor.notify import Channel
from monitor.notify.email import Smtp, SmtpSettings
from monitor.notify.eml import EmlFolder


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
    smtp: Annotated[SmtpSettings | None, Field(description="The mail server.")] = None


@contextmanager
def channel(mail: MailSettings, folder: Path) -> Iterator[Channel]:
    """The way letters go: SMTP when a server is set, else .eml files in `folder`."""
    who = {"sender": mail.sender, "sender_name": mail.sender_name, "reply_to": mail.reply_to or mail.sender}
    if mail.smtp is None:
        yield EmlFolder(folder, **who)
    else:
        with Smtp(mail.smtp, **who) as server:
            yield server
