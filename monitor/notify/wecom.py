"""WeCom (企业微信): letters into a group by its robot. The key in the address is all that guards it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from monitor.notify.hook import Clock
from monitor.notify.kinds import ChannelSettings
from monitor.notify.letters.brief import Brief
from monitor.notify.robots import Manner, Question, Robot


class WecomSettings(ChannelSettings):
    """A group robot of WeCom (群机器人). Its address is shown when it is added to the group; it has no secret besides."""

    kind: Literal["wecom"] = "wecom"

    def open(self, clock: Clock) -> Robot:
        """The channel. Raises ConfigError."""
        return Robot(self.door(), manner=MANNER, ask=_ask, clock=clock)


def _ask(message: Brief, _at: datetime) -> Question:
    return Question(body={"msgtype": "text", "text": {"content": message.text}})


MANNER = Manner(
    limit=2048,
    a_minute=20,
    code=("errcode",),
    told=("errmsg",),
    passing=frozenset({-1, 45009, 45033}),
    hints={
        93000: "The robot is not known or was taken out of the group: correct url of this channel.",
        93004: "The robot was switched off: switch it on in the group, or correct url of this channel.",
        93008: "The robot is in no group any more: add it again, then correct url of this channel.",
        40058: "The message is not of the robot's form. Please report this.",
    },
)
"""Source: 群机器人配置说明 (developer.work.weixin.qq.com, path 91770): text to 2,048 bytes, 20 messages a minute; 全局错误码."""
