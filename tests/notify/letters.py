"""Letters for the tests: a district that does not exist, its made contracts, and what strangers may write into a title."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from monitor.alerts import HandlingSettings
from monitor.domain.warning import Alert, Change, Event, Letter
from monitor.domain.workdays import work_calendar
from monitor.notify import Recipient
from monitor.notify.composing import Desk, compose

AS_OF = date(2017, 12, 31)
AT = datetime(2017, 12, 31, 22, 5, tzinfo=UTC)
CHEN = Recipient(address="chen@office.example", name="示例区住房和城乡建设委员会", lang="zh")
MORGAN = Recipient(address="morgan@office.example", name="Sample County, Department of Works", lang="en")

CONTEXT = {
    "zh": {"office": "示例区司法局", "rules_hash": "3f2a9c1b77d05e", "known_at": "2017-12-31", "declared": ""},
    "en": {
        "office": "Sample County Legal Office",
        "rules_hash": "3f2a9c1b77d05e",
        "known_at": "2017-12-31",
        "declared": "",
    },
}

MILESTONE: dict[str, Any] = {
    "rule_title": {"zh": "履约节点临期与逾期", "en": "Milestone due soon or overdue"},
    "says": {
        "zh": "“主体结构封顶”约定 2017年12月1日 前完成，至 2017年12月31日 尚未完成（30 天）。",
        "en": "“Roof closed” is due on 1 Dec 2017; on 31 Dec 2017 it is not done (30 days).",
    },
    "action": {
        "zh": "请承办单位核实进度；无法按期完成的，说明原因并在到期前办理变更。",
        "en": "The unit checks progress; if the day cannot be kept, it gives the reason and amends the contract.",
    },
    "cite": "OCDS 1.1.5, Milestone: dueDate, status (practice, no statute)", "basis": "default", "side": "both",
    "subject": "obligation", "subject_title": "主体结构封顶", "contract_id": "c1",
    "contract_title": "示范路一期改造工程施工合同", "contract_number": "SF-2017-018",
    "unit": "示例区住房和城乡建设委员会", "party": "示例建设有限公司", "due": "2017-12-01", "days_late": 30,
    "money": "1250000.0000", "currency": "CNY",
    "evidence": {
        "obligation.status": "scheduled", "obligation.due_on": "2017-12-01", "obligation.done_on": None,
        "obligation.due_first": "2017-09-30", "obligation.due_moves": 2,
    },
    "missing": [], "provisional": False, "source": "工程台账", "source_row": 118,
}  # fmt: skip
PAYMENT: dict[str, Any] = {
    "rule_title": {
        "zh": "中小企业款项法定付款期限", "en": "Statutory payment term towards small and medium enterprises",
    },
    "says": {
        "zh": "合同未约定付款期限，2017年11月20日 起算，法定应于 2017年12月20日 前付清；至 2017年12月31日 尚欠 486,250.00 CNY。",
        "en": "No term was agreed; counted from 20 Nov 2017, the law requires payment by 20 Dec 2017. On 31 Dec 2017, "
              "486,250.00 CNY is unpaid.",
    },
    "action": {
        "zh": "发预警函至承办单位和财政部门，要求明确付款日期或书面说明法定理由。",
        "en": "Warn the unit and the treasury; ask for a payment date or a written legal reason.",
    },
    "cite": "《示例区款项支付规定》第八条、第九条", "basis": "statute", "side": "government", "subject": "payment",
    "subject_title": "第三期进度款", "contract_id": "c2", "contract_title": "示例区政务云运维服务合同",
    "contract_number": "SF-2017-031", "unit": "示例区大数据应用发展管理局", "party": "示例信息技术有限公司",
    "due": "2017-12-20", "days_late": 11, "money": "486250.0000", "currency": "CNY",
    "evidence": {
        "payment.base_on": "2017-11-20", "payment.unpaid": "486250.0000", "party.size": "small", "limit.days": 30,
        "let.rate": "0.0435",
    },
    "missing": ["payment.invoice_on"], "provisional": True, "source": "支付台账", "source_row": 2041,
}  # fmt: skip
ENGLISH = {
    "主体结构封顶": "Roof closed",
    "示范路一期改造工程施工合同": "Sample Road, stage one: building works",
    "示例区住房和城乡建设委员会": "Department of Works",
    "示例建设有限公司": "Sample Builders Ltd",
    "工程台账": "works register",
    "第三期进度款": "Third instalment",
    "示例区政务云运维服务合同": "Running the county's data centre",
    "示例区大数据应用发展管理局": "Department of Data",
    "示例信息技术有限公司": "Sample Systems Ltd",
    "支付台账": "payments ledger",
    "《示例区款项支付规定》第八条、第九条": "Sample County Payment Ordinance, ss. 8 and 9",
    "竣工验收": "Final acceptance",
    "质保金": "Retention money",
}


def change(
    number: int,
    level: str,
    finding: dict[str, Any],
    *,
    rule: str = "GEN-DL-01",
    event: Event = "opened",
    before: str | None = None,
) -> Change:
    """A warning that has just been opened, or raised from `before`."""
    alert = Alert(
        id=number, rule=rule, subject=finding["subject"], subject_id=str(number), contract_id=finding["contract_id"],
        unit=finding["unit"], level=level, peak=level, opened_on=AS_OF, level_since=AS_OF, armed_on=AS_OF, rule_hash="",
        finding=finding,
    )  # fmt: skip
    return Change(alert=alert, event=event, before=before, after=level)


def letters(
    changes: Sequence[Change], to: Recipient = CHEN, *, storm_over: int = 25, context: dict[str, Any] | None = None
) -> list[Letter]:
    """What `to` is written."""
    return compose(changes, desk(to, storm_over=storm_over, context=context or CONTEXT[to.lang]))


def desk(*to: Recipient, storm_over: int = 25, context: dict[str, Any], as_of: date = AS_OF) -> Desk:
    """What letters are written with on an evening in a district that does not exist."""
    return Desk(
        recipients=to, storm_over=storm_over, document_word="履预", handling=HandlingSettings(),
        calendar=work_calendar("CN"), context=context, as_of=as_of, at=AT,
    )  # fmt: skip


def warning(to: Recipient = CHEN, *, level: str = "orange", event: Event = "opened", **changed: Any) -> Letter:
    """A letter about the one late milestone; `changed` replaces parts of its finding."""
    finding = (in_english(MILESTONE) if to.lang == "en" else MILESTONE) | changed
    return letters([change(31, level, finding, event=event, before="orange" if event == "raised" else None)], to)[0]


def digest(to: Recipient = CHEN) -> Letter:
    """A digest of four warnings: a storm of two urgent ones, and two that are not."""
    rows: list[dict[str, Any]] = [MILESTONE, PAYMENT, dict(MILESTONE), dict(PAYMENT)]
    rows[2] |= {"subject_title": "竣工验收", "due": "2018-01-10", "days_late": -10, "money": None}
    rows[3] |= {
        "subject_title": "质保金",
        "unit": None,
        "due": None,
        "days_late": None,
        "money": str(Decimal("12000.5")),
    }
    if to.lang == "en":
        rows = [in_english(row) for row in rows]
    changes = [
        change(31, "orange", rows[0], event="raised", before="yellow"), change(32, "red", rows[1], rule="CN-PAY-01"),
        change(33, "yellow", rows[2]), change(34, "blue", rows[3], rule="CN-PAY-01", event="recurred"),
    ]  # fmt: skip
    return letters(changes, to, storm_over=1)[0]


def in_english(finding: dict[str, Any]) -> dict[str, Any]:
    """The same finding from a register that is kept in English."""
    return {key: ENGLISH.get(value, value) if isinstance(value, str) else value for key, value in finding.items()}
