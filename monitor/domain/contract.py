"""The contract: the noun with the most to say. Sheet 1 of the ledger (合同台账) and the contract object of OCDS."""

from __future__ import annotations

from datetime import date
from typing import Literal

from sqlmodel import Field

from monitor.domain.noun import Noun, code, fact, money
from monitor.domain.vocabulary import Category, Cause, ContractKind, ContractStatus, Incentive


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
    effective_on: date | None = fact("Day it takes effect, 生效日期.")
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
    category: Category | None = code("OCDS mainProcurementCategory: 货物 goods, 工程 works, 服务 services, 采购类别.")
    is_public_service: bool | None = fact("A service bought for the public, 是否公共服务项目.")
    is_admin_agreement: bool | None = fact("An administrative agreement, 是否行政协议.")
    is_major: bool | None = fact("A major contract by local rule, 是否重大合同.")
    is_major_decision: bool | None = fact("Its matter is a major administrative decision, 是否重大行政决策事项.")
    is_mandatory_tender: bool | None = fact("The law demands a tender, 是否依法必须招标.")
    is_gov_invest: bool | None = fact("Government investment, 是否政府投资项目.")
    project_code: str | None = fact("Code of the project, 项目代码: contracts of one project share it.")
    approved_estimate_minor: int | None = money("Approved estimate of the project as adjusted, 批准概算.")
    feasibility_minor: int | None = money("Investment in the approved feasibility study, 可研批复投资额.")
    budget_available_minor: int | None = money("Budget there is for it, 预算可用额度.")
    bid_amount_minor: int | None = money("Price of the winning bid, 中标(成交)金额.")
    settled_amount_minor: int | None = money("Settled final price, 结算总额.")
    advance_unrecouped_minor: int | None = money("Advance paid and not yet recouped, 未扣回预付款.")
    fund_source: Literal["fiscal", "other"] | None = code("Where the money comes from, 资金来源: 财政资金 fiscal.")
    has_budget: bool | None = fact("A budget line stands behind it, 有无预算指标.")
    has_multiyear_plan: bool | None = fact(
        "An approved yearly plan covers each year's instalment, 有无经批准的分年度计划."
    )
    requires_prefinancing: bool | None = fact("The contractor must pre-finance, 是否要求垫资.")
    deviates_from_bid: bool | None = fact(
        "The reviewer found terms other than tender and bid, or a second contract, 是否背离招投标文件."
    )
    dispute_clause: Literal["litigation", "arbitration"] | None = code("Agreed way, 争议解决方式: 诉讼, 仲裁.")
    arbitration_basis: str | None = fact("Statute or treaty that allows arbitration, 仲裁依据.")
    settlement_basis: Literal["agreed", "audit"] | None = code(
        "Basis of settlement, 结算依据: 约定资料 agreed, 审计机关审计结果 audit."
    )
    settlement_law: str | None = fact("Statute that demands the audit result, 以审计为结算依据的法律、行政法规依据.")
    audit_clause_agreed: bool | None = fact(
        "Both agreed on audit or filing as a condition of payment, 是否约定以审计(备案)为付款条件."
    )
    accept_is_condition: bool | None = fact("Acceptance is agreed as a condition of payment, 是否以验收为付款条件.")
    accept_in_working_days: bool | None = fact("The acceptance period counts working days, 验收期限是否按工作日.")
    settle_confirm_days: int | None = fact("Agreed days to confirm a settlement, 结算确认期限(天).")
    pays_when_paid: bool | None = fact("Pays only when a third party has paid, 是否背靠背付款.")
    term_expressly_agreed: bool | None = fact("The longer term was expressly agreed, Directive 2011/7/EU.")
    term_justification: str | None = fact("Objective reason for the longer term.")
    is_healthcare_term: bool | None = fact("The Member State's option for health care or public undertakings applies.")
    pre_acceptance_percent: int | None = fact(
        "Share of the price payable before acceptance as agreed, 验收前可付比例(%)."
    )
    labour_cycle_days: int | None = fact("Agreed cycle of labour-cost transfers in days, 人工费用拨付周期(天).")
    has_payment_guarantee: bool | None = fact("The employer gave a payment guarantee, 有无工程款支付担保.")
    has_quality_insurance: bool | None = fact("Quality insurance is in place, 有无工程质量保险.")
    defect_months: int | None = fact("Defects liability period in months, 缺陷责任期(月).")
    planned_sign_on: date | None = fact("Day signing is planned for, 拟签订日期.")
    winner_on: date | None = fact("Day the winning bidder was determined, 确定中标人日期.")
    tender_report_on: date | None = fact("Day the tender was reported to the supervisor, 招投标情况报告日期.")
    text_hash: str | None = fact("SHA-256 of the signed text, 合同文本哈希.")
    incentive: Incentive | None = code(
        "Incentive in an investment agreement, 优惠类型: 特定税收 tax, 选择性奖补 award, 要素 factor, 普惠 open."
    )
    incentive_basis: str | None = fact("Law that allows the incentive, 优惠依据.")
    competition_reviewed_on: date | None = fact("Day of the fair-competition review, 公平竞争审查日期.")
    relocation_demanded_on: date | None = fact("Day the resident was told to move, 要求搬迁日期.")
    completion_reported_on: date | None = fact("Day the contractor reported completion, 竣工验收报告提交日期.")
    accepted_on: date | None = fact("Day of (completion) acceptance, (竣工)验收日期.")
    accept_delay_cause: Cause | None = code("Who caused acceptance to wait, 未验收原因归属.")
    in_use_on: date | None = fact("Day it was put to use, 投入使用日期.")
    emergency_use: bool | None = fact("Use before acceptance was approved as an emergency, 是否经批准应急使用.")
    rescission_known_on: date | None = fact("Day a cause to rescind was known, 知道解除事由日期.")
    rescission_until: date | None = fact("Agreed last day to rescind, 约定解除权行使期限.")
    rescission_decided_on: date | None = fact("Day rescission was notified or waived, 解除通知(放弃)日期.")
    subcontract_found_on: date | None = fact("Day a subcontract or assignment was found, 发现分包(转包)日期.")
    subcontract_consented: bool | None = fact("With the buyer's consent, 分包是否经同意.")
    subcontract_key: bool | None = fact("It concerns the main or key part, 是否主体或关键性工作.")
    subcontract_tier: int | None = fact("Tier of the subcontract; 2 is a subcontractor's, 分包层级.")
    term_approved: bool | None = fact("A term beyond the limit was approved, 超长期限是否经批准.")
    evaluated_on: date | None = fact("Day of the last evaluation, 最近运营(履约)评价日期.")
    government_pays: bool | None = fact("The government promised payments in a concession, 是否承诺政府付费.")
    pricing: Literal["fixed", "indirect_rates", "other"] | None = code(
        "Firm-fixed-price, settled by indirect rates, or other (FAR 4.804-1)."
    )
    closed_on: date | None = fact("Day the contract file was closed, 结案日期.")
    has_dispute: bool | None = fact("Litigation, appeal or termination is open, 是否纠纷.")
    retention_ppm: int | None = fact("Agreed retention, parts per million of the price, 质量保证金(%).")
    is_architect_engineer: bool | None = fact("Architect-engineer services (FAR subpart 36.6).")
