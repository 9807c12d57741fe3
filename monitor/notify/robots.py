"""What the group robots of WeCom, DingTalk and Feishu share: a short message, a pace, and an answer in JSON.

Each takes plain text, never its markdown: what the three understand in markdown differs, none says how to write a sign that
means nothing, and a contract's title must not become a link, a heading or a call to everybody.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from monitor.domain.errors import DeliveryError
from monitor.domain.warning import Letter
from monitor.notify.hook import PASSING, Answer, Clock, Door
from monitor.notify.letters.brief import Brief, brief

MINUTE = timedelta(minutes=1)
BUSY_WORDS = ("too many", "too fast", "freq", "限流")
"""Codes for `too many messages` come and go: DingTalk's was 130101 and is 410100, Feishu's 9499 also means `bad request`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is sent: the JSON, and what is added to the address."""

    body: Mapping[str, Any]
    query: Mapping[str, str] = field(default_factory=dict)


Ask = Callable[[Brief, datetime], Question]
"""How a message becomes a question; signatures need the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one kind of robot is spoken to. `limit` is the longest message, in bytes of UTF-8.

    `passing` are codes of answers that may be another tomorrow; `hints` says for a code that will not what is to be mended. A
    code nobody knows is taken for a passing one: trying seven times too often loses nothing.
    """

    limit: int
    a_minute: int
    code: tuple[str, ...]
    told: tuple[str, ...]
    passing: frozenset[int]
    hints: Mapping[int, str]


class Robot:
    """The channel to a group robot.

    It keeps to the messages a minute that the robot takes: DingTalk hears nothing for ten minutes after the one too many.
    """

    def __init__(self, door: Door, *, manner: Manner, ask: Ask, clock: Clock) -> None:
        self.door, self.manner, self._ask, self.clock = door, manner, ask, clock
        self._sent: deque[datetime] = deque(maxlen=manner.a_minute)

    def send(self, letter: Letter) -> str:
        """Hand over one letter and return the robot's answer. Raises DeliveryError."""
        message = brief(letter, self.manner.limit)
        at = self.clock()
        self._keep_pace(at)
        question = self._ask(message, at)
        body = json.dumps(question.body, ensure_ascii=False, separators=(",", ":")).encode()
        answer = self.door.post(body, query=question.query)
        code, told = self._understood(answer)
        if code == 0 and 200 <= answer.status < 300:
            return f"{code} {told}"
        self._refused(answer, code, told)

    def _keep_pace(self, at: datetime) -> None:
        while self._sent and not timedelta(0) <= at - self._sent[0] < MINUTE:
            self._sent.popleft()
        if len(self._sent) == self.manner.a_minute:
            full = f"takes {self.manner.a_minute} messages a minute, and has had them"
            fault = self.door.fault(full, hint="This one is sent later.")
            raise DeliveryError(fault.message, hint=fault.hint, held=True)
        self._sent.append(at)

    def _understood(self, answer: Answer) -> tuple[int | None, str]:
        """Code and words of the answer; no code where it is not the robot's JSON."""
        try:
            said = json.loads(answer.body)
        except (ValueError, RecursionError):
            said = None
        fields = said if isinstance(said, dict) else {}
        code = next((fields[key] for key in self.manner.code if type(fields.get(key)) is int), None)
        told = next((str(fields[key]) for key in self.manner.told if fields.get(key)), "")
        return code, self.door.shown(told)

    def _refused(self, answer: Answer, code: int | None, told: str) -> NoReturn:
        if code is None or code == 0:
            if not 200 <= answer.status < 300:
                raise self.door.refused(answer)
            raise self.door.fault(
                f"answers {answer.status} with what no robot says: {self.door.heard(answer)}",
                hint="Does a proxy or a log-in page stand in between? Check url of this channel; it is tried again.",
            )
        if any(word in told.lower() for word in BUSY_WORDS):
            self._sent.extend([self._sent[-1]] * self.manner.a_minute)  # nothing more for a minute
            raise self.door.fault(f"answers {code} {told}", hint="It has had too many messages. It is tried again.")
        hopeless = 400 <= answer.status < 500 and answer.status not in PASSING
        if code not in self.manner.passing and (code in self.manner.hints or hopeless):
            hint = self.manner.hints.get(code, "Correct url and secret of this channel.")
            raise self.door.fault(f"answers {code} {told}", hint=f"{hint} The letter is set aside.", permanent=True)
        raise self.door.fault(f"answers {code} {told}", hint="It is tried again; if it stays, look the code up.")
