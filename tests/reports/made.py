"""Portfolios for the tests: made, and small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from monitor.reports.portfolio import Header, Portfolio


def unit(name: str, overdue: int, due_soon: int) -> dict[str, Any]:
    levels = {"red": overdue, "orange": 0, "yellow": 0, "blue": due_soon}
    days = {"oldest_days": 41 if overdue else None}
    return (
        {"unit": name, "contracts": 2, "open": overdue + due_soon + 1, "overdue": overdue, "due_soon": due_soon}
        | days
        | levels
    )


def month(name: str, on_time: int, late: int, overdue: int, ahead: int) -> dict[str, Any]:
    return {"month": name, "on_time": on_time, "late": late, "overdue": overdue, "ahead": ahead}


def finding(level: str, rule: str = "CN-PAY-01", **changes: Any) -> dict[str, Any]:
    return {
        "level": level, "rule": rule, "subject_id": "gov:2026-118/3",
        "rule_title": {"zh": "中小企业款项法定付款期限", "en": "Statutory payment term"},
        "says": {"zh": "法定应于2026年2月18日前付清。", "en": "The law requires payment by 18 Feb 2026."},
        "action": {"zh": "明确付款日期。", "en": "Name a day of payment."},
        "cite": "《保障中小企业款项支付条例》第九条", "side": "government", "basis": "statute", "subject": "payment",
        "subject_title": "进度款", "contract_id": "gov:2026-118", "contract_title": "道路养护", "contract_number": "2026-118",
        "unit": "城管局", "party": "路平养护公司", "due": "2026-02-18", "days_late": 41, "money": "50000.00",
        "currency": "CNY", "evidence": {}, "missing": [], "provisional": False, "source": "ledger", "source_row": 3,
    } | changes  # fmt: skip


CHINA = {"zh": "中国法律法规", "en": "Law of China"}
AMERICA = {"zh": "美国联邦法", "en": "Federal law of the United States"}
EVERYWHERE = {"zh": "通用规则", "en": "Generic rules"}


def coverage(rule: str, **changes: Any) -> dict[str, Any]:
    return {
        "pack": CHINA, "binds": True,
        "rule": rule, "title": {"zh": f"规则{rule}", "en": f"Rule {rule}"}, "subject": "payment", "jurisdiction": "CN",
        "judged": 4, "not_applicable": 0, "clear": 4, "fires": 0, "unknown": 0, "contracts_blind": 0, "contracts_without": 0,
        "missing": [],
    } | changes  # fmt: skip


SLIP = {"zh": "节点可能逾期", "en": "Milestone may be late"}
STALL = {"zh": "合同可能停滞或者终止", "en": "Contract may stall or be broken off"}


def recipe(name: str, title: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A recipe of learned risk for which nobody answers yet."""
    return {
        "recipe": name, "subject": "obligation", "title": title,
        "question": {"zh": "会不会逾期超过三十日？", "en": "Will it be more than thirty days late?"},
        "not_for": {"zh": "不得用于追究责任。", "en": "It must not be used to hold somebody responsible."},
        "by": None, "model": None, "trained_on": None, "why": {"zh": "尚未训练。", "en": "Not trained yet."},
        "refused": False, "moved": False, "open": None, "early": None, "raised": {"yellow": 0, "blue": 0}, "cases": [],
    } | changes  # fmt: skip


def answered(*cases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same with a model that speaks."""
    by = {"zh": "第3号模型（2026年1月1日训练）", "en": "Model 3 (trained 1 Jan 2026)"}
    numbers = {"open": 40, "early": 12, "raised": {"yellow": 1, "blue": 2}}
    who = {"by": by, "model": 3, "trained_on": "2026-01-01", "why": None, "cases": list(cases)}
    return recipe("milestone_slip", SLIP) | who | numbers | changes


def case(probability: float = 0.72, *, early: bool = False, doubts: bool = False, **changes: Any) -> dict[str, Any]:
    """An open case as scores tell it, with three reasons."""
    facts = {
        "unit": (
            "承办单位“城管局”近两年已完结20件，其中逾期14件，总体为31%",
            "this unit “城管局”: 14 of 20 late in the last two years, 31% overall",
        ),
        "time": ("距到期还有12天，计划工期90天", "12 days to go of 90 planned"),
        "wording": ("名称中的用词", "words in its title"),
    }  # fmt: skip
    new = {"zh": ["训练时未见过的取值：合同相对人"], "en": ["not seen in training: this counterparty"]}
    reasons = [
        {"group": group, "points": points, "zh": zh, "en": en}
        for (group, (zh, en)), points in zip(facts.items(), (21.4, -6.2, 3.0), strict=True)
    ]
    told = {"probability": probability, "early": early, "moved": False, "reasons": reasons}
    told["doubts"] = new if doubts else {"zh": [], "en": []}
    row = finding("yellow", due="2026-04-12", days_late=-12, subject="obligation", subject_title="竣工验收")
    return row | {"score": told, "rules": []} | changes


NOTHING = Portfolio(
    header=Header(
        office="", declared="", as_of=date(2026, 3, 31), known_at=datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC),
        rules_hash="ab12" * 16, facts_hash="cd34" * 16, provisional_calendar=False,
    ),
    totals=dict.fromkeys(
        ("contracts", "units", "obligations", "open", "overdue", "due_soon", "no_day", "done", "done_late"), 0
    ),
    levels={"red": 0, "orange": 0, "yellow": 0, "blue": 0},
    rules=[], units=[], months=[month("2026-03", 0, 0, 0, 0)], findings=[], learned=[], moved=[], vanished=[], sources=[],
    coverage=[],
)  # fmt: skip


SOURCE = {
    "source": "ledger", "editions": 3, "quarantined": 1, "vanished": 1, "stale_after_days": 35,
    "last_edition_on": date(2026, 3, 30), "last_change_on": date(2026, 3, 30), "days_silent": 1, "stale": False,
}  # fmt: skip


def tiny_report() -> Portfolio:
    """One office, three units, four months, a warning of each level: small enough to count by hand."""
    rule = {"rule": "CN-PAY-01", "title": {"zh": "法定付款期限", "en": "Statutory payment term"}, "side": "government"}
    header = replace(NOTHING.header, office="区司法局", declared="演示数据", provisional_calendar=True)
    return Portfolio(
        header=header,
        totals={
            "contracts": 5, "units": 3, "obligations": 20, "open": 11, "overdue": 6, "due_soon": 3, "no_day": 1,
            "done": 9, "done_late": 4,
        },
        levels={"red": 1, "orange": 1, "yellow": 1, "blue": 1},
        rules=[rule | {"total": 4, "red": 1, "orange": 1, "yellow": 1, "blue": 1}],
        units=[unit("城管局", 4, 1), unit("", 2, 2), unit("水务局", 0, 0)],
        months=[
            month("2026-01", 2, 3, 1, 0), month("2026-02", 3, 0, 0, 0), month("2026-03", 0, 1, 3, 0),
            month("2026-04", 0, 0, 0, 4),
        ],
        findings=[finding(level) for level in ("red", "orange", "yellow", "blue")],
        learned=[recipe("contract_stall", STALL, subject="contract"), recipe("milestone_slip", SLIP)],
        moved=[{
            "noun": "obligation", "id": "gov:2026-118/3", "title": "竣工验收", "contract_id": "gov:2026-118",
            "before": date(2026, 3, 1), "after": date(2026, 2, 26), "days": -3, "recorded_on": date(2026, 2, 20),
        }],
        vanished=[{"id": "gov:2025-7", "title": "桥梁检测", "source": "ledger", "gone_on": date(2026, 2, 1)}],
        sources=[
            SOURCE,
            SOURCE | {"source": "register", "last_change_on": date(2026, 1, 1), "days_silent": 89, "stale": True},
        ],
        coverage=[
            coverage("CN-PAY-01"),
            coverage("CN-PAY-03", unknown=3, clear=1, contracts_blind=2, missing=[{"fact": "payment.base_on", "count": 3}]),
            coverage("CN-PAY-06", judged=0, clear=0, contracts_without=5, contracts_blind=5),
            coverage("US-PAY-01", judged=0, clear=0, jurisdiction="US", pack=AMERICA, binds=False),
            coverage("CN-GUA-01", judged=0, clear=0, subject="guarantee"),
            coverage("GEN-PTY-01", judged=0, clear=0, subject="party", jurisdiction=None, pack=EVERYWHERE),
        ],
    )  # fmt: skip
