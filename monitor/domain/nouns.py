"""What a government contract is made of. One class a noun; a field's description is its documentation.

These classes validate and know no database: `store.tables` gives each a versioned table, `sources.border` checks every
incoming row against them. Days are civil days, money is whole minor units (`*_minor`) of `currency`, a rate is parts per
million a year. A field left empty means *not known*, never zero, never "no". Words: OCDS 1.1.5 and the ledger (政府合同台账).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

Side = Literal["government", "counterparty"]
MilestoneStatus = Literal["scheduled", "partiallyMet", "met", "notMet", "waived"]
ContractStatus = Literal[
    "draft",
    "in_review",
    "pending",
    "active",
    "suspended",
    "amending",
    "completed",
    "terminated",
    "cancelled",
    "archived",
]
ContractKind = Literal["GCJS", "ZFCG", "ZSYZ", "TXJY", "ZYCR", "ZSBC", "GYZC", "ZZBT", "KJXY", "CNS", "QT"]
PartySize = Literal["large", "medium", "small", "micro"]
PartyStatus = Literal["normal", "deregistered", "revoked", "moved", "renamed", "licence_expired", "debarred"]
BaseKind = Literal["delivery", "acceptance", "settlement", "invoice"]
HoldReason = Literal["prior_performance", "simultaneous_performance", "insecurity"]


def money(description: str) -> Any:
    """A money field: int64 minor units of the row's `currency`."""
    return Field(default=None, sa_type=BigInteger, description=description)


def code(description: str) -> Any:
    """An optional field that holds one of a few words. SQLModel cannot map `Literal | None` by itself."""
    return Field(default=None, sa_type=String, description=description)


def fact(description: str) -> Any:
    """An optional field; empty means not known."""
    return Field(default=None, description=description)


class Noun(SQLModel):
    """What every noun has."""

    id: str = Field(description="The source's own key, prefixed with the source's name: stable from pull to pull.")


class OfContract(Noun):
    """A noun that belongs to one contract."""

    contract_id: str = Field(index=True, description="The contract it belongs to.")


class Unit(Noun):
    """A government body that signs and owes: the contract-owning unit (承办单位)."""

    name: str = Field(description="Name, 承办单位.")
    uscc: str | None = fact("Unified social credit code, 统一社会信用代码.")
    parent: str | None = fact("Name of the body above it, 归口(主管)部门.")
    leader: str | None = fact("Head of the unit, 单位负责人.")
    leader_since: date | None = fact("Day the head took office.")
    email: str | None = fact("Where letters to the unit go when config.toml names nobody.")


class Party(Noun):
    """A counterparty (合同相对人)."""

    name: str = Field(description="Name, 合同相对人.")
    uscc: str | None = fact("Unified social credit code or the register's own number.")
    size_at_signing: PartySize | None = code("Enterprise size when the contract was signed, 企业规模(签约时).")
    sme_declared: bool | None = fact(
        "The party said at signing that it is a small or medium enterprise, 条例 art. 3(2)."
    )
    status: PartyStatus | None = code("What the company register last said of it.")
    licence_until: date | None = fact("Last day of its licence or qualification.")


class Contract(Noun):
    """A contract, agreement, framework, letter of promise: whatever binds a government (合同台账 sheet 1)."""

    number: str | None = fact("Unified number, 合同统一编号.")
    title: str = Field(description="Title, 合同名称.")
    kind: ContractKind | None = code("Kind of contract, 合同类型 (codes of the domain model).")
    unit_id: str | None = fact("The contract-owning unit.")
    party_id: str | None = fact("The counterparty that leads.")
    jurisdiction: str | None = fact("Whose law applies: ISO 3166 country, or country and subdivision, as CN-CQ.")
    currency: str | None = fact("ISO 4217 code of every amount in this row.")
    amount_minor: int | None = money("Amount in force, 合同金额.")
    amount_original_minor: int | None = money("Amount when it was signed.")
    is_gov_procurement: bool | None = fact("Under the Government Procurement Law, 政府采购.")
    is_secret: bool | None = fact("State or trade secret: not to be published.")
    award_notice_on: date | None = fact("Day of the award notice, 中标(成交)通知书发出日期.")
    signed_on: date | None = fact("Day of signing, 签订日期.")
    start_on: date | None = fact("First day of performance, 履行开始日期.")
    end_on: date | None = fact("Last day of performance as agreed now, 履行截止日期.")
    completed_on: date | None = fact("Day on which performance was in fact complete.")
    status: ContractStatus | None = code("Where it stands, 履行状态.")
    progress_percent: int | None = fact("Physical progress, 0 to 100, 履行进度(%).")
    pay_term_days: int | None = fact("Agreed days to pay, 付款期限(天).")
    accept_period_days: int | None = fact("Agreed days for acceptance, 验收期限(天).")
    late_rate_ppm: int | None = fact("Agreed interest for late payment, parts per million a year, 逾期利率(年).")
    advance_percent: int | None = fact("Agreed advance payment, per cent of the amount, 预付款比例.")
    is_recurring: bool | None = fact("A standing service that must be followed by another; no for a one-off purchase.")
    exit_plan_on: date | None = fact("Day a renewal, a new procurement or an exit was decided.")
    updated_on: date | None = fact("Day performance was last reported, 最近更新日期.")


class Obligation(OfContract):
    """A promise with a day: milestone, delivery, duty (履约节点, OCDS implementation/milestones)."""

    side: Side | None = code("Who owes it, 义务方.")
    kind: str | None = fact("What is owed, 义务类型; for OCDS the milestone type.")
    title: str = Field(description="What must be done, 节点名称.")
    clause: str | None = fact("Clause of the contract, 条款号.")
    is_key: bool | None = fact("A key milestone: reminded earlier.")
    currency: str | None = fact("ISO 4217 code of the amounts in this row.")
    amount_minor: int | None = money("Value that hangs on it, 节点金额.")
    start_on: date | None = fact("Day work on it began.")
    due_on: date | None = fact("Day by which it is due as planned now, 约定完成日期.")
    done_on: date | None = fact("Day it was in fact done, 实际完成日期.")
    status: MilestoneStatus | None = code("OCDS milestone status, 完成情况.")
    marked_on: date | None = fact("Day the status was entered.")
    evidence_count: int | None = fact("Documents that prove it, 佐证材料.")


class Payment(OfContract):
    """A sum owed under a contract and what was paid of it (收付款)."""

    obligation_id: str | None = fact("The promise that makes it due.")
    side: Side | None = code("Who owes it: the government pays, or is paid.")
    title: str | None = fact("Name of the sum, 款项名称.")
    currency: str | None = fact("ISO 4217 code of every amount in this row.")
    amount_minor: int | None = money("Sum owed, 应付金额.")
    disputed_minor: int | None = money("Part in dispute, 争议金额.")
    paid_minor: int | None = money("Sum paid so far, 实付金额.")
    paid_on: date | None = fact("Day of the last payment, 实付日期.")
    due_on: date | None = fact("Agreed day of payment, 应付日期.")
    base_kind: BaseKind | None = code("What starts the term: delivery, acceptance, settlement, invoice, 起算事项.")
    base_on: date | None = fact("Day the term starts to run, 起算日期.")
    invoice_number: str | None = fact("Invoice, 发票号.")
    invoice_on: date | None = fact("Day of the invoice, 发票日期.")
    hold_reason: HoldReason | None = code("Defence with evidence on file, 民法典 arts. 525-527.")
    interest_planned_minor: int | None = money("Late interest already in the payment plan.")


class Amendment(OfContract):
    """A change of a contract (变更)."""

    changed_on: date | None = fact("Day of the change, 变更日期.")
    kind: str | None = fact("What was changed, 变更类型.")
    reason: str | None = fact("Why.")
    currency: str | None = fact("ISO 4217 code of the amounts in this row.")
    amount_change_minor: int | None = money("Added (or taken off) the amount, 增减金额.")
    days_extended: int | None = fact("Calendar days added to the period.")
    published_on: date | None = fact("Day it was published, 变更公告日期.")


class Guarantee(OfContract):
    """Bond, retention, insurance (担保)."""

    kind: str | None = fact("Kind, 担保种类.")
    form: str | None = fact("Cash, bank letter, insurance, 形式.")
    issuer: str | None = fact("Who stands behind it, 出具机构.")
    currency: str | None = fact("ISO 4217 code of the amounts in this row.")
    amount_minor: int | None = money("Amount, 金额.")
    start_on: date | None = fact("First day, 生效日.")
    end_on: date | None = fact("Last day, 到期日.")
    returned_on: date | None = fact("Day it was returned, 实际退还日期.")


class Review(OfContract):
    """Legality review before signing (合法性审查)."""

    submitted_on: date | None = fact("Day sent for review, 送审日期.")
    finished_on: date | None = fact("Day of the opinion, 审查意见日期.")
    reviewer: str | None = fact("Body that reviewed, 审查机构.")
    result: str | None = fact("Opinion, 审查结论.")


class Filing(OfContract):
    """Filing of a signed contract with another body (备案)."""

    filed_with: Literal["legal", "finance", "supervisor"] | None = code("Legal office, treasury, supervisor.")
    filed_on: date | None = fact("Day of filing, 备案日期.")
    receipt: str | None = fact("Receipt number, 备案号.")


class Publication(OfContract):
    """A public notice of a contract, a change, an acceptance (公告)."""

    kind: Literal["contract", "amendment", "acceptance"] | None = code("What was published.")
    published_on: date | None = fact("Day of publication.")
    url: str | None = fact("Where it can be read.")


NOUNS: dict[str, type[Noun]] = {
    noun.__name__.lower(): noun
    for noun in (Unit, Party, Contract, Obligation, Payment, Amendment, Guarantee, Review, Filing, Publication)
}


def choices(noun: type[Noun], field: str) -> tuple[str, ...]:
    """The words a field may hold, or none when it is free.

    >>> choices(Obligation, "side")
    ('government', 'counterparty')
    >>> choices(Obligation, "title")
    ()
    """
    for part in (noun.model_fields[field].annotation, *get_args(noun.model_fields[field].annotation)):
        words = get_args(part)
        if words and all(isinstance(word, str) for word in words):
            return words
    return ()
