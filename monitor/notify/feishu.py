"""Feishu (飞书): letters into a group by a custom robot (自定义机器人), signed (签名校验) where it has a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from monitor.notify.hook import Clock
from monitor.notify.kinds import ChannelSettings, looked_up
from monitor.notify.letters.brief import Brief
from monitor.notify.robots import Manner, Question, Robot


class FeishuSettings(ChannelSettings):
    """A custom robot of Feishu. It is guarded by a signature (签名校验), or by the keyword Lvyue, which every message has."""

    kind: Literal["feishu"] = "feishu"
    secret: Annotated[
        SecretStr, Field(description="The secret of its signature; empty where a keyword or addresses guard it.")
    ] = SecretStr("")

    def open(self, clock: Clock) -> Robot:
        """The channel. Raises ConfigError."""
        key = looked_up(self.secret)

        def ask(message: Brief, at: datetime) -> Question:
            return Question(body=(signed(key, at) if key else {}) | _post(message))

        return Robot(self.door(key), manner=MANNER, ask=ask, clock=clock)


def signed(key: str, at: datetime) -> dict[str, Any]:
    """What the message carries: the time in seconds, good for an hour, and the signature of nothing under time and secret."""
    stamp = str(int(at.timestamp()))
    digest = hmac.digest(f"{stamp}\n{key}".encode(), b"", hashlib.sha256)
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}


def _post(message: Brief) -> dict[str, Any]:
    """A post (富文本) of nothing but `text`: in a plain message Feishu would read `<at user_id="all">`, here it reads nothing."""
    lines = [[{"tag": "text", "text": line}] for line in message.lines]
    language = "zh_cn" if message.lang == "zh" else "en_us"
    return {"msg_type": "post", "content": {"post": {language: {"title": message.title, "content": lines}}}}


MANNER = Manner(
    limit=4096,
    a_minute=100,
    code=("code", "StatusCode"),
    told=("msg", "StatusMessage"),
    passing=frozenset({2200, 11232, 11233}),
    hints={
        9499: "It does not take the message, or does not know the address: correct url of this channel.",
        19001: "The robot is not known: correct url of this channel.",
        19021: "Its guard does not take our signature: correct secret, or set the clock of this machine.",
        19022: "Its guard does not take our address: add it to the list of the robot.",
        19024: "Its guard misses a keyword: let it be Lvyue, which every message has.",
    },
)
"""Source: 自定义机器人使用指南 (open.feishu.cn): 100 messages a minute and 5 a second. A request may have 20 KB; a short message
needs less than half."""
