"""DingTalk (钉钉): letters into a group by a custom robot (自定义机器人), signed (加签) where it has a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from monitor.notify.hook import Clock
from monitor.notify.kinds import ChannelSettings, looked_up
from monitor.notify.letters.brief import Brief
from monitor.notify.robots import Manner, Question, Robot


class DingtalkSettings(ChannelSettings):
    """A custom robot of DingTalk. It is guarded by a signature (加签), or by the keyword Lvyue, which every message has."""

    kind: Literal["dingtalk"] = "dingtalk"
    secret: Annotated[
        SecretStr, Field(description="The secret that begins with SEC; empty where a keyword or addresses guard it.")
    ] = SecretStr("")

    def open(self, clock: Clock) -> Robot:
        """The channel. Raises ConfigError."""
        key = looked_up(self.secret)

        def ask(message: Brief, at: datetime) -> Question:
            body = {"msgtype": "text", "text": {"content": message.text}, "at": {"isAtAll": False}}
            return Question(body=body, query=signed(key, at) if key else {})

        return Robot(self.door(key), manner=MANNER, ask=ask, clock=clock)


def signed(key: str, at: datetime) -> dict[str, str]:
    """What is added to the address: the time in milliseconds, good for an hour, and the signature of time and secret."""
    stamp = str(int(at.timestamp() * 1000))
    digest = hmac.digest(key.encode(), f"{stamp}\n{key}".encode(), hashlib.sha256)
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}


MANNER = Manner(
    limit=4096,
    a_minute=20,
    code=("errcode",),
    told=("errmsg",),
    passing=frozenset({-1, 130101, 410100}),
    hints={
        310000: "Its guard does not let us in: correct secret, let its keyword be Lvyue, let it take our address, or set the "
        "clock of this machine; DingTalk says above which it is.",
        300001: "The robot is not known: correct url of this channel.",
        400013: "The group was dissolved: correct url of this channel, or take the channel out.",
        400101: "The robot is not known: correct url of this channel.",
        400102: "The robot was switched off: switch it on in the group.",
        400106: "The robot is not known: correct url of this channel.",
        430101: "It takes something in the letter for an unsafe link. The mail has the whole letter.",
        430102: "It takes something in the letter for unfit. The mail has the whole letter.",
        430104: "It takes something in the letter for unfit. The mail has the whole letter.",
        460101: "The message is longer than it takes. Please report this.",
    },
)
"""Source: 自定义机器人接入 (open.dingtalk.com): 20 messages a minute, then ten minutes of nothing. A request may have 20,000
bytes; a short message needs less than half."""
