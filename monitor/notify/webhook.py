"""Letters as JSON to a program, signed as the Standard Webhooks specification 1.0.0 has it.

A receiver checks `webhook-signature` with any library of that specification, and collapses repeats by `webhook-id`: the same
letter always has the same id and the same body. Only the timestamp of the attempt, and with it the signature, is new.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from monitor.domain.errors import ConfigError
from monitor.domain.warning import Letter
from monitor.notify.hook import Clock, Door
from monitor.notify.kinds import ChannelSettings, looked_up
from monitor.notify.letters import write
from monitor.notify.letters.content import Content, Item, Notes, Weekly
from monitor.notify.letters.inert import one_line
from monitor.notify.letters.reader import Reader

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""Bytes of a key, as the specification has it."""


class WebhookSettings(ChannelSettings):
    """A program that takes letters as signed JSON: a case register, a message bus, an office's own robot."""

    kind: Literal["webhook"] = "webhook"
    secret: Annotated[
        SecretStr, Field(description="whsec_ and 24 to 64 random bytes in base64; env:NAME or file:PATH says where.")
    ]

    def open(self, clock: Clock) -> Webhook:
        """The channel. Raises ConfigError."""
        written = looked_up(self.secret)
        return Webhook(self.door(written, written.removeprefix(PREFIX)), key=_key(self.name, written), clock=clock)


class Webhook:
    """The channel to a program that answers 2xx once it has the letter."""

    def __init__(self, door: Door, *, key: bytes, clock: Clock) -> None:
        self.door, self._key, self.clock = door, key, clock

    def send(self, letter: Letter) -> str:
        """Hand over one letter and return the answer. Raises DeliveryError."""
        body = payload(letter)
        at = str(int(self.clock().timestamp()))
        signed = hmac.digest(self._key, f"{letter.key}.{at}.".encode() + body, hashlib.sha256)
        answer = self.door.post(body, headers={
            "webhook-id": letter.key, "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        })  # fmt: skip
        if not 200 <= answer.status < 300:
            raise self.door.refused(answer)
        return f"{answer.status} {self.door.heard(answer)}"


def payload(letter: Letter) -> bytes:
    """The letter as JSON in UTF-8: the same letter, the same bytes. Raises DeliveryError (permanent).

    `data.text` is the whole letter in words; `data.items` has every warning, worst first. Days are ISO days, `money` is a
    decimal as text in whole units of `currency`, `days_late` is negative before the deadline, null is not recorded.
    """
    written = write(letter)
    data: dict[str, Any] = {
        "id": letter.key, "kind": letter.kind, "lang": letter.lang, "as_of": letter.content["as_of"],
        "recipient": one_line(letter.recipient), "subject": written.subject, "text": written.text,
    }  # fmt: skip
    if letter.kind == "operator":
        notes = Notes.model_validate(letter.content)
        data |= {"notes": [note.in_language(letter.lang) for note in notes.notes]}
        context = notes.context
    elif letter.kind == "weekly":
        week = Weekly.model_validate(letter.content)
        told = {"since", "counts", "new", "open", "due_soon", "cleared", "closed", "sources"}
        data |= week.model_dump(mode="json", include=told)
        context = week.context
    else:
        content = Content.model_validate(letter.content)
        reader = Reader(letter.lang)
        data |= {"counts": content.counts, "items": [_item(item, reader) for item in content.items]}
        context = content.context
    data["context"] = context.model_dump(mode="json")
    whole = {"type": f"letter.{letter.kind}", "timestamp": letter.created_at.isoformat(), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _item(item: Item, reader: Reader) -> dict[str, Any]:
    """One warning. What it is told from (the evidence) is in the text of its letter."""
    both = {"rule_title": item.rule_title, "says": item.says, "action": item.action}
    plain = item.model_dump(mode="json", exclude={"evidence", *both})
    return plain | {key: said.in_language(reader.lang) for key, said in both.items()}


def _key(name: str, written: str) -> bytes:
    """The specification writes keys as `whsec_` and base64. Taken otherwise, ours and the receiver's would differ."""
    try:
        key = base64.b64decode(written.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not written.startswith(PREFIX) or len(key) not in KEY_BYTES:
        raise ConfigError(
            f"channel {name}: secret is not whsec_ and 24 to 64 bytes in base64",
            hint='make one with: echo "whsec_$(openssl rand -base64 32)"; the receiver needs the same',
        )
    return key
