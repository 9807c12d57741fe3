"""What a government contract is made of. One class a noun; a field's description is its documentation.

These classes validate and know no database: `store.tables` gives each a versioned table, `sources.border` checks every
incoming row against them. Days are civil days, money is whole minor units (`*_minor`) of `currency`, a rate is parts per
million a year. A field left empty means *not known*, never zero, never "no". Words: OCDS 1.1.5 and the ledger (政府合同台账).
"""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

from sqlmodel import Field

from monitor.domain.contract import Contract as Contract
from monitor.domain.noun import Noun, OfContract, code, fact, money
from monitor.domain.vocabulary import (
    AmendmentKind,
    BaseKind,
    Cause,
    DelayReason,
    Distress,
    GuaranteeForm,
    GuaranteeKind,
    HoldReason,
    MilestoneStatus,
    ModificationGround,
    PartySize,
    PartyStatus,
    PaymentKind,
    PaymentMethod,
    Side,
    UnitEvent,
    UnitKind,
)


class Unit(Noun):
    """A government body that signs and owes: the contract-owning unit (承办单位)."""

    name: str = Field(description="Name, 承办单位.")
    uscc: str | None = fact("Unified social credit code, 统一社会信用代码.")
    parent: str | None = fact("Name of the body above it, 归口(主管)部门.")
    leader: str | None = fact("Head of the unit, 单位负责人.")
    leader_since: date | None = fact("Day the head took office.")
    kind: UnitKind | None = code("What kind of body: 机关 authority, 事业单位 institution, 国企 soe, 镇街 township.")
    size: PartySize | None = code("Enterprise size of a state-owned company, 企业规模.")
    event: UnitEvent | None = code("Last change of head or of the body itself, 变动事项.")
    event_on: date | None = fact("Day of that change, 变动日期.")
    handover_on: date | None = fact("Day both heads signed the hand-over list of contracts, 交接清单签署日期.")
    email: str | None = fact("Where letters to the unit go when config.toml names nobody.")
    is_central: bool | None = fact("A central government authority, Annex I of Directive 2014/24/EU.")


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
    ownership: Literal["private", "state", "foreign"] | None = code("Who owns it, 企业性质: 民营, 国有, 外资.")
    distress: Distress | None = code(
        "Sign that it may be unable to perform, 履约能力风险: 经营异常, 失信被执行人, 破产 …"
    )
    distress_on: date | None = fact("Day of that sign, 风险发生日期.")
    security_on: date | None = fact("Day it gave security after that sign, 提供担保日期.")


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
    cause: Cause | None = code("Who caused the delay, 原因归属: 政府原因, 相对人原因, 双方, 不可抗力.")
    conditions_met: bool | None = fact("What it depends on has happened, 触发条件是否成就.")
    planned_percent: int | None = fact("Progress planned by now, 计划进度(%).")
    actual_percent: int | None = fact("Progress found, 实际进度(%).")
    requested_on: date | None = fact("Day it was applied for: acceptance, claim, receipt of goods, 申请日期.")
    answered_on: date | None = fact("Day the application was answered, 答复日期.")
    users_consulted: bool | None = fact("The users of the service were heard, 是否征求服务对象意见.")
    demanded_on: date | None = fact("Day the last written demand was served, 催告送达日期.")
    decision_on: date | None = fact("Day the written decision to perform was served, 履行决定送达日期.")
    contested_on: date | None = fact("Day it was taken to review or court, 复议(起诉)日期.")
    enforced_on: date | None = fact("Day the court was asked to enforce, 申请强制执行日期.")
    refused_on: date | None = fact("Day performance was refused in writing, 书面拒绝履行日期.")
    abandoned_on: date | None = fact("Day since which the site is deserted or key staff gone, 停工(撤场)日期.")
    checked_on: date | None = fact("Day quality was checked, or defects notified, 质量检验(异议)日期.")
    inspect_until: date | None = fact("Agreed last day to notify defects, 约定检验期届满日.")
    warranty_until: date | None = fact("Last day of warranty, 质保期届满日.")
    developed_percent: int | None = fact("Share of the land under development, 已开发面积比例(%).")
    invested_percent: int | None = fact("Share of the investment made, 已投资比例(%).")
    stopped_on: date | None = fact("Day development stopped, 中止开发日期.")
    cure_notice_on: date | None = fact("Day of the cure notice (FAR 49.607).")
    rights_reserved_on: date | None = fact("Day a notice reserving rights was sent (FAR 49.402-3).")
    surety_notified_on: date | None = fact("Day the surety was notified (FAR 49.402-3).")
    termination_likely: bool | None = fact("Termination for default is likely (FAR 49.402-3).")


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
    kind: PaymentKind | None = code(
        "Kind of sum, 款项类型: 预付款 advance, 进度款 progress, 结算款 settlement, 尾款 final, 人工费 labour …"
    )
    confirmed_minor: int | None = money("Work value confirmed for the period, 已确认产值.")
    interest_paid_minor: int | None = money("Late interest paid so far, 已付利息.")
    interest_paid_on: date | None = fact("Day late interest was paid, 利息支付日期.")
    period_end_on: date | None = fact("Last day of the payment period, 付款周期截止日.")
    condition_met: bool | None = fact("What the payment depends on has happened, 付款条件是否成就.")
    delivered_on: date | None = fact("Day of delivery, 交付日期.")
    accepted_on: date | None = fact("Day of acceptance, 验收日期.")
    accept_refused_on: date | None = fact("Day acceptance was refused in writing with defects listed, 验收异议日期.")
    settlement_submitted_on: date | None = fact("Day the complete settlement was handed in, 结算资料提交日期.")
    settlement_confirmed_on: date | None = fact("Day both confirmed the settlement, 结算确认日期.")
    settlement_objected_on: date | None = fact("Day it was returned with itemised objections, 结算异议日期.")
    applied_on: date | None = fact("Day payment was applied for, 付款申请日期.")
    deferred_on: date | None = fact("Day of an agreement to defer, with interest, 延期付款协议日期.")
    delay_reason: DelayReason | None = code("Reason given for not paying, 迟延原因.")
    method: PaymentMethod | None = code("Means of payment, 支付方式: 转账, 商业汇票, 应收账款电子凭证, 以房抵债.")
    method_agreed: bool | None = fact("That means was agreed in the contract, 支付方式是否约定.")
    instrument_due_on: date | None = fact("Day a bill or voucher falls due, 票据到期日.")
    confirmation_requested_on: date | None = fact("Day confirmation of the receivable was asked for, 确权申请日期.")
    confirmation_answered_on: date | None = fact("Day it was confirmed or refused with reasons, 确权答复日期.")
    invoice_returned_on: date | None = fact("Day the invoice was returned as not proper, 发票退回日期.")
    demanded_on: date | None = fact(
        "Day the last written demand was served, 催告送达日期: interrupts limitation, 民法典 art. 195."
    )
    is_instalment: bool | None = fact("One instalment of one debt, 是否分期.")
    settlement_minor: int | None = money("Amount of the final settlement report handed in, 竣工结算报告金额.")
    financing: Literal["pledge", "factoring", "other"] | None = code(
        "What the receivable is to be used for, 应收账款融资方式: 担保(质押) pledge, 保理 factoring, 其他 other."
    )


class Amendment(OfContract):
    """A change of a contract (变更)."""

    changed_on: date | None = fact("Day of the change, 变更日期.")
    kind: AmendmentKind | None = code("What sort of change, 变更类型.")
    clause: str | None = fact("Clause that changed, 变更条款号.")
    reason: str | None = fact("Why.")
    currency: str | None = fact("ISO 4217 code of the amounts in this row.")
    amount_change_minor: int | None = money("Added (or taken off) the amount, 增减金额.")
    days_extended: int | None = fact("Calendar days added to the period.")
    published_on: date | None = fact("Day it was published, 变更公告日期.")
    initiator: Literal["government", "counterparty", "both"] | None = code("Who wanted it, 提出方.")
    is_agreed: bool | None = fact("Both agreed, 是否协商一致.")
    has_public_interest: bool | None = fact("Public interest is shown, 有无公共利益依据.")
    has_statutory_basis: bool | None = fact("A statute or standard demands it, 有无法定依据.")
    has_approval: bool | None = fact("Approved by the body that must, 有无批准文件.")
    has_hearing: bool | None = fact("The other side was heard, 有无听取意见记录.")
    has_compensation: bool | None = fact("Compensation is planned, 有无补偿方案.")
    reviewed_on: date | None = fact("Day of the legal review, 审查日期.")
    approved_on: date | None = fact("Day of the approval, 批准日期.")
    executed_on: date | None = fact("Day it was carried out, 实际执行日期.")
    changes_other_terms: bool | None = fact("It changes other terms as well, 是否改变其他条款.")
    is_other_subject: bool | None = fact("What is added is another subject-matter, 是否不同标的.")
    ground: ModificationGround | None = code("Ground under art. 72(1) of Directive 2014/24/EU.")
    alters_nature: bool | None = fact("It alters the overall nature of the contract.")
    requested_on: date | None = fact("Day renegotiation was asked for in writing, 请求重新协商日期.")
    answered_on: date | None = fact("Day the request was answered, 答复日期.")
    price_move_percent: int | None = fact("Move of the price index since the bid, 价格变动幅度(%).")
    policy_changed: bool | None = fact("Policy has changed since, 是否政策调整.")
    is_excluded: bool | None = fact(
        "Price risk of a kind that art. 32 of 法释〔2023〕13号 leaves to the parties, 是否属于排除情形."
    )


class Guarantee(OfContract):
    """Bond, retention, insurance (担保)."""

    kind: GuaranteeKind | None = code(
        "Kind, 担保种类: 投标, 履约, 质量, 农民工工资, 预付款, 支付, 质量保险, 保证, 其他."
    )
    name: str | None = fact("What the contract calls it, 名称.")
    form: GuaranteeForm | None = code("Cash, letter, insurance, suretyship, 形式: 现金, 保函, 保险, 保证.")
    issuer: str | None = fact("Who stands behind it, 出具机构.")
    currency: str | None = fact("ISO 4217 code of the amounts in this row.")
    amount_minor: int | None = money("Amount, 金额.")
    start_on: date | None = fact("First day, 生效日.")
    end_on: date | None = fact("Last day, 到期日.")
    returned_on: date | None = fact("Day it was returned, 实际退还日期.")
    of_winner: bool | None = fact("Given by the winning bidder, 是否中标人.")
    cash_required: bool | None = fact("Only cash was let in, 是否限定现金.")
    letter_refused: bool | None = fact("A bank letter was refused, 是否拒收保函.")
    return_requested_on: date | None = fact("Day its return was asked for, 申请退还日期.")
    verified_on: date | None = fact("Day the defects period was verified as over, 核实日期.")
    return_agreed_on: date | None = fact("Day agreed for the return, 约定退还日期.")
    reminded_on: date | None = fact("Day of the contractor's reminder, 催告日期.")
    defects_listed_on: date | None = fact("Day a list of defects was sent, 缺陷通知日期.")


class Review(OfContract):
    """Legality review before signing (合法性审查)."""

    submitted_on: date | None = fact("Day sent for review, 送审日期.")
    finished_on: date | None = fact("Day of the opinion, 审查意见日期.")
    reviewer: str | None = fact("Body that reviewed, 审查机构.")
    result: Literal["approved", "approved_after_changes", "rejected"] | None = code(
        "Opinion, 审查结论: 通过, 修改后通过, 不通过."
    )
    text_hash: str | None = fact("SHA-256 of the text reviewed, 送审文本哈希.")


class Filing(OfContract):
    """Filing of a signed contract with another body (备案)."""

    filed_with: Literal["legal", "finance", "supervisor", "construction"] | None = code(
        "Legal office, treasury, tender supervisor, construction authority (竣工验收备案)."
    )
    filed_on: date | None = fact("Day of filing, 备案日期.")
    receipt: str | None = fact("Receipt number, 备案号.")


class Publication(OfContract):
    """A public notice of a contract, a change, an acceptance (公告)."""

    kind: Literal["contract", "amendment", "acceptance"] | None = code("What was published.")
    published_on: date | None = fact("Day of publication.")
    url: str | None = fact("Where it can be read.")


class Complaint(Noun):
    """A complaint against a unit: arrears to a small enterprise, or a breach of faith (投诉)."""

    unit_id: str | None = fact("The unit complained of, 被投诉单位.")
    contract_id: str | None = fact("The contract it is about, where it names one, 合同统一编号.")
    kind: Literal["sme_arrears", "government_breach"] | None = code("中小企业账款投诉, 政府违约失信投诉.")
    channel: str | None = fact("Where it came in: 12345, 信用中国, 欠款平台, 投诉渠道.")
    received_on: date | None = fact("Day it came in, 收到日期.")
    accepted_on: date | None = fact("Day it was accepted, 受理日期.")
    transferred_on: date | None = fact("Day it was passed to the body that handles it, 转办日期.")
    handler_received_on: date | None = fact("Day that body received it, 承办单位收到日期.")
    extended_on: date | None = fact("Day an extension was approved, 批准延期日期.")
    result_on: date | None = fact("Day of the written result, 办结日期.")
    verified_on: date | None = fact("Day it was verified, 核实日期.")
    is_founded: bool | None = fact("Verification found it true, 是否属实.")
    rectified_on: date | None = fact("Day the breach was put right, 整改日期.")


class Disclosure(Noun):
    """A unit's yearly publication of overdue sums to small enterprises, 条例(2025) art. 18 (逾期未付信息公开)."""

    unit_id: str | None = fact("The unit.")
    year: int | None = fact("The year it is about, 公开年度.")
    disclosed_on: date | None = fact("Day of publication, 公开日期.")
    contracts: int | None = fact("Overdue contracts stated, 逾期合同数量; 0 is a statement too.")


_ALL = (
    Unit,
    Party,
    Contract,
    Obligation,
    Payment,
    Amendment,
    Guarantee,
    Review,
    Filing,
    Publication,
    Complaint,
    Disclosure,
)

NOUNS: dict[str, type[Noun]] = {noun.__name__.lower(): noun for noun in _ALL}


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
