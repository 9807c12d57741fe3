"""Letters as files: each lies in a folder as a mail that any mail program opens. For a demonstration, or where a hand sends."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.domain.errors import DeliveryError
from monitor.domain.warning import Letter
from monitor.notify.email import as_sent, message
from monitor.notify.headers import PLAIN, Routing


class EmlFolder:
    """The channel into `folder`, which is made when the first letter comes."""

    def __init__(
        self, folder: Path, routing: Routing = PLAIN, /, *, sender: str, sender_name: str = "", reply_to: str = ""
    ) -> None:
        self.folder, self.sender, self.sender_name, self.reply_to = folder, sender, sender_name, reply_to
        self.routing = routing

    def send(self, letter: Letter) -> str:
        """Write one letter and return where it lies. The same letter goes to the same file, which is whole or not there.

        Raises DeliveryError, which a full or read-only disk makes passing.
        """
        who = {"sender": self.sender, "sender_name": self.sender_name, "reply_to": self.reply_to}
        mail = message(letter, self.routing, **who)
        raw = as_sent(mail)
        name = f"{letter.content['as_of']}-{letter.kind}-{letter.lang}-{letter.key[:12]}.eml"
        path, half = self.folder / name, self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                half.write_bytes(raw)
                half.replace(path)
            finally:
                half.unlink(missing_ok=True)
        except OSError as fault:
            raise DeliveryError(
                f"{path}: the letter cannot be written: {fault.strerror or fault}",
                hint="Make room, or let Lvyue write there; it is tried again.",
            ) from fault
        return str(path)
