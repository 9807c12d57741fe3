"""The whole life of a warning as pure functions. Nothing else moves a warning.

    steps     what a scan found     step(alert, signal) → Change | None
    acts      what a person does    act(alert, Act) → Change, or MoveError
    timers    what time brings      tick(alert, on) → Change | None: an escalation, the end of a suspension
    telling   whom it is told       quiet(changes, …): silences, and what a graver warning already says

The states, as people go through them, 预警—研判—处置—反馈—销号:

    open 发现 → acknowledged 签收 → assessing 研判 → handling 处置 → reported 反馈 → closed 销号
    aside: dismissed 误报, suspended 挂起, transferred 移送
"""

from monitor.alerts.acts import MOVES, Act, act
from monitor.alerts.steps import step
from monitor.alerts.telling import quiet
from monitor.alerts.timers import Deadline, HandlingSettings, deadline, tick

__all__ = ["MOVES", "Act", "Deadline", "HandlingSettings", "act", "deadline", "quiet", "step", "tick"]
