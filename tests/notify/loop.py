"""Letters of the later life of a warning, as they are stored: the same made district, its late milestone, its people."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

from monitor.domain.warning import Letter
from monitor.notify import Recipient
from tests.notify.letters import AS_OF, AT, CHEN, CONTEXT, ENGLISH, MILESTONE, PAYMENT, in_english

OFFICE = "示例区司法局"
PEOPLE = {"李航": "Li Hang", "王敏": "Wang Min", "自动": "by itself"}
NOTES = {
    "已联系施工单位，正在补办变更手续。": "The builder was called; the amendment is being made.",
    "主体结构已于2017年12月29日封顶，变更手续已补办。": "The roof was closed on 29 December 2017, and the contract amended.",
    "台账日期录入有误，约定完成日期应为2018年3月1日。": "The register was wrong: the day agreed is 1 March 2018.",
    "工期延误由管线迁改引起，责任在政府方；建议一周内完成变更。": "Pipes had to be moved first, which was the government's part; "
    "amend the contract within a week.",
    "原件已随文移送。": "The papers went along.",
}


def stored(kind: str, to: Recipient, **content: Any) -> Letter:
    """A letter as the outbox holds it."""
    whole = {"name": to.name, "as_of": AS_OF.isoformat(), "context": CONTEXT[to.lang]} | content
    key = hashlib.sha256(repr((kind, to.address, sorted(whole.items()))).encode()).hexdigest()
    return Letter(key=key, kind=kind, recipient=to.address, lang=to.lang, content=whole, created_at=AT)


def item(to: Recipient, finding: dict[str, Any] = MILESTONE, **changed: Any) -> dict[str, Any]:
    """A warning as a letter holds it."""
    told = in_english(finding) if to.lang == "en" else finding
    return told | {
        "number": "YJ-2017-00031", "alert_id": 31, "event": "opened", "before": None, "level": "orange", "rule": "GEN-DL-01",
        "opened_on": "2017-12-04", "document": "履预〔2017〕31-2号", "sequence": 2, "state": "open", "step": "acknowledge",
        "answer_by": "2018-01-03",
    } | changed  # fmt: skip


def interest(to: Recipient, **changed: Any) -> dict[str, Any]:
    """The interest that an unpaid sum has borne to the day, as a warning of its own."""
    says = {
        "zh": "逾期款项 486,250.00 CNY 自 2017年12月21日 至 2017年12月31日 应计利息 651.28 CNY。",
        "en": "On the unpaid 486,250.00 CNY, interest from 21 Dec 2017 to 31 Dec 2017 comes to 651.28 CNY.",
    }
    title = {"zh": "逾期付款利息", "en": "Interest on late payment"}
    return item(
        to, PAYMENT, number="YJ-2017-00033", alert_id=33, level="yellow", rule="CN-PAY-06", says=says, rule_title=title,
        money="651.2800", step=None, answer_by=None,
    ) | changed  # fmt: skip


def family(to: Recipient = CHEN, **changed: Any) -> Letter:
    """A warning, another one of its contract that changed with it, and one told earlier."""
    first = item(
        to, PAYMENT, number="YJ-2017-00032", alert_id=32, level="red", rule="CN-PAY-01", document="履预〔2017〕32-1号"
    )
    guarantee = item(
        to, PAYMENT, number="YJ-2017-00034", alert_id=34, level="blue", event=None, subject_title=_say("质保金", to)
    )
    return stored("warning", to, items=[first | changed, interest(to)], siblings=[guarantee])


def urged(to: Recipient = CHEN, *, form: str = "urge", **changed: Any) -> Letter:
    """Nobody signed for it: 催办函 to the head of the unit, or 督办单 by the supervisors."""
    step = {"urge": (2, "unit_head"), "supervision": (3, "supervision")}[form]
    escalation = {
        "step": step[0], "steps": 3, "role": step[1], "waiting": "acknowledge", "by": "2017-12-05", "days": 18, "form": form,
    }  # fmt: skip
    told = item(to, event="escalated", **changed)
    return stored("escalated", to, items=[told], escalation=escalation, history=_history(to, "opened", "escalated"))


def gone(to: Recipient = CHEN, **changed: Any) -> Letter:
    """The milestone was reached while Li Hang works on it."""
    told = item(to, event="cleared", state="handling", step="report", **changed)
    return stored("cleared", to, items=[told], history=_history(to, "opened", "acknowledged", "handled", "cleared"))


def closed(to: Recipient = CHEN, *, outcome: bool | str = True, **changed: Any) -> Letter:
    """Wang Min closed it, as right, as averted, or as a false alarm."""
    right, false = (
        "主体结构已于2017年12月29日封顶，变更手续已补办。",
        "台账日期录入有误，约定完成日期应为2018年3月1日。",
    )
    closing = {
        "outcome": outcome,
        "by": _say("王敏", to),
        "on": "2017-12-31",
        "note": _say(false if outcome is False else right, to),
    }
    told = item(
        to, event="closed", state="closed" if outcome else "dismissed", sequence=5, step=None, answer_by=None, **changed
    )
    done = ("opened", "acknowledged", "reported", "closed" if outcome else "dismissed")
    return stored("closed", to, items=[told], closing=closing, history=_history(to, *done))


def judged(to: Recipient = CHEN, **changed: Any) -> Letter:
    """Li Hang wrote down what the meeting found; the rest is for the meeting to fill in."""
    note = "工期延误由管线迁改引起，责任在政府方；建议一周内完成变更。"
    told = item(to, event="updated", state="assessing", step="report", answer_by="2018-01-12", **changed)
    assessment = {"by": _say("李航", to), "on": "2017-12-29", "note": _say(note, to)}
    return stored("assessment", to, items=[told], assessment=assessment, history=_history(to, "opened", "acknowledged"))


def weekly(to: Recipient = CHEN, *, rows: int = 1) -> Letter:
    """A week in which something happened in every list; `rows` warnings are still open."""
    late, paid = item(to, days_open=28), interest(to, days_open=4)
    ahead = item(
        to, number="YJ-2017-00035", level="yellow", due="2018-01-10", days_late=-10, subject_title=_say("竣工验收", to)
    )
    open_now = [late | {"number": f"YJ-2017-{n:05}"} for n in range(31, 31 + rows)]
    return stored(
        "weekly", to, since="2017-12-25", new=[paid], open=open_now, due_soon=[ahead],
        cleared=[item(to, number="YJ-2017-00028", state="handling", step=None)],
        closed=[item(to, number="YJ-2017-00021", state="closed", step=None)],
        counts={"red": 0, "orange": rows, "yellow": 2, "blue": 0},
        sources=[{"source": _say("工程台账", to), "last": "2017-12-30"}, {"source": _say("支付台账", to), "last": None}],
    )  # fmt: skip


def quiet(to: Recipient = CHEN) -> Letter:
    """A week in which nothing happened and nothing is open."""
    sources = [{"source": _say("工程台账", to), "last": "2017-12-30"}]
    return stored(
        "weekly", to, since="2017-12-25", counts=dict.fromkeys(("red", "orange", "yellow", "blue"), 0), sources=sources
    )


def answer(to: Recipient = CHEN, **changed: Any) -> Letter:
    """A saved report that is mailed."""
    told = {
        "zh": {"title": "履约情况月报", "summary": "2017年12月：在履合同41份，逾期未付3笔。",
               "filters": [("单位名称含", "教育")]},
        "en": {"title": "Monthly report", "summary": "December 2017: 41 contracts in hand, 3 sums overdue.",
               "filters": [("Unit has", "Education")]},
    }[to.lang]  # fmt: skip
    data = b"%PDF-1.7 made for a test"
    file = {
        "name": "monthly-2017-12-31.pdf", "sha256": hashlib.sha256(data).hexdigest(),
        "data": base64.b64encode(data).decode(),
    }  # fmt: skip
    return stored("report", to, **({"saved": "monthly", "file": file} | told | changed))


EVERY: dict[str, Callable[[Recipient], Letter]] = {
    "family": family, "urge": urged, "supervision": lambda to: urged(to, form="supervision"), "cleared": gone,
    "closed": closed, "dismissed": lambda to: closed(to, outcome=False), "assessment": judged, "weekly": weekly,
    "quiet": quiet,
}  # fmt: skip
"""One of each, by the name of its golden files."""
PAPERS = ("family", "urge", "supervision", "closed", "dismissed", "assessment")
"""Those that are printed."""


def _history(to: Recipient, *events: str) -> list[dict[str, str]]:
    days = (date(2017, 12, 4), date(2017, 12, 6), date(2017, 12, 20), date(2017, 12, 31))
    actors = {"opened": "", "escalated": "", "cleared": ""}
    notes = {"handled": "已联系施工单位，正在补办变更手续。", "reported": "已联系施工单位，正在补办变更手续。"}
    return [
        {
            "on": day.isoformat(), "event": event, "actor": actors.get(event, _say("李航", to)),
            "note": _say(notes.get(event, ""), to),
        }
        for day, event in zip(days, events, strict=False)
    ]  # fmt: skip


def _say(text: str, to: Recipient) -> str:
    return (ENGLISH | PEOPLE | NOTES).get(text, text) if to.lang == "en" else text
