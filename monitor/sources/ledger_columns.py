"""The columns of the ledger (政府合同台账), a line each; `ledger_sheets` reads these tables.

    中文 | English | noun.field or noun.part.field | kind | flags | other spellings, comma-separated

A line without a field is kept for people and not read. `+` in front marks what goes beyond the usual ledger. Flags:
`required`; `present` (any text means yes: the number of a document that exists); `open` (other words stand as they are).
"""

from __future__ import annotations

CONTRACT = """
序号 | No. | | text
合同统一编号 | Contract number | contract.number | text | required | 合同编号, 合同号, 统一编号, 编号
合同名称 | Contract title | contract.title | text | required | 名称
合同类型 | Kind of contract | contract.kind | code | | 合同类别, 合同种类, 类型
是否重大合同 | Major contract | contract.is_major | yes_no | | 重大合同
是否行政协议 | Administrative agreement | contract.is_admin_agreement | yes_no | | 行政协议
承办单位 | Unit | unit.name | text | | 承办部门, 签约单位, 甲方, 采购人, 建设单位
承办科室 | Section | | text
承办人 | Person in charge | | text
联系电话 | Telephone | | text
归口主管部门 | Lead department | unit.parent | text | | 归口部门, 主管部门
合同相对人 | Counterparty | party.name | text | | 相对人, 相对方, 合同相对方, 乙方, 供应商, 承包人, 中标人
统一社会信用代码 | Unified social credit code | party.uscc | text | | 相对人统一社会信用代码, 信用代码
企业规模(签约时) | Enterprise size at signing | party.size_at_signing | code | | 签约时企业规模
是否声明中小企业 | Declared itself an SME | party.sme_declared | yes_no | | 中小企业声明
企业性质 | Ownership | party.ownership | code
相对人联系人 | Contact of the counterparty | | text
相对人电话 | Telephone of the counterparty | | text
项目名称 | Project | | text
项目代码 | Project code | contract.project_code | text
采购方式 | Procurement method | | text
中标(成交)通知书发出日期 | Award notice sent on | contract.award_notice_on | day | | 中标通知书发出日期, 成交通知书发出日期
合同金额(元) | Amount (yuan) | contract.amount_minor | money | | 合同总金额, 合同总价, 合同价款, 合同价
币种 | Currency | contract.currency | code | open
资金来源 | Source of funds | contract.fund_source | code
预算指标文号 | Budget document | contract.has_budget | yes_no | present
合法性审查机构 | Legality review by | review.reviewer | text | | 审查机构
送审日期 | Sent for review on | review.submitted_on | day
审查意见日期 | Opinion given on | review.finished_on | day | | 合法性审查日期
审查结论 | Opinion | review.result | code | | 合法性审查结论
意见采纳情况 | Opinion adopted | | text
公平竞争审查日期 | Fair-competition review on | contract.competition_reviewed_on | day
集体决策文号 | Collective decision | | text
签订日期 | Signed on | contract.signed_on | day | | 签约日期, 合同签订日期, 签署日期, 签订时间
生效日期 | Effective on | contract.effective_on | day
履行开始日期 | Performance from | contract.start_on | day | | 合同开始日期, 开始日期, 履行起始日期
履行截止日期 | Performance until | contract.end_on | day | | 合同截止日期, 合同到期日, 截止日期, 履行期限届满日
司法备案日期 | Filed with the legal office on | filing.legal.filed_on | day | | 司法局备案日期
备案号 | Filing number | filing.legal.receipt | text | | 司法备案号
财政备案日期 | Filed with the treasury on | filing.finance.filed_on | day | | 财政局备案日期
合同公告日期 | Contract published on | publication.contract.published_on | day
付款方式 | Terms of payment | | text
付款期限(天) | Days to pay | contract.pay_term_days | number
验收期限(天) | Days for acceptance | contract.accept_period_days | number
逾期利率(年) | Late interest a year | contract.late_rate_ppm | rate | | 逾期利率, 逾期付款利率
结算依据 | Basis of settlement | contract.settlement_basis | code
履约保证金(元) | Performance bond (yuan) | guarantee.performance.amount_minor | money
履约保证金形式 | Form of performance bond | guarantee.performance.form | code
保函到期日 | Bond expires on | guarantee.performance.end_on | day
质量保证金(%) | Retention (%) | contract.retention_ppm | rate | | 质保金比例
缺陷责任期(月) | Defects liability (months) | contract.defect_months | number
争议解决方式 | Settlement of disputes | contract.dispute_clause | code
履行状态 | Status | contract.status | code | | 合同状态, 状态
履行进度(%) | Progress (%) | contract.progress_percent | percent | | 进度
已付金额(元) | Paid (yuan) | | money
未付金额(元) | Unpaid (yuan) | | money
逾期未付金额(元) | Overdue (yuan) | | money
最近更新日期 | Last updated on | contract.updated_on | day | | 更新日期
是否变更 | Amended | | yes_no
是否纠纷 | In dispute | contract.has_dispute | yes_no | | 纠纷
风险等级 | Risk level | | text
归档日期 | Archived on | | day
备注 | Remarks | | text
+签订时合同金额(元) | Amount when signed (yuan) | contract.amount_original_minor | money | | 原合同金额, 签约金额
+适用法域 | Jurisdiction | contract.jurisdiction | text
+采购类别 | Goods, works or services | contract.category | code
+是否政府采购 | Government procurement | contract.is_gov_procurement | yes_no | | 政府采购
+是否涉密 | Secret | contract.is_secret | yes_no
+是否公共服务项目 | Public service | contract.is_public_service | yes_no
+是否重大行政决策事项 | Major administrative decision | contract.is_major_decision | yes_no
+是否依法必须招标 | Tender mandatory | contract.is_mandatory_tender | yes_no
+是否政府投资项目 | Government investment | contract.is_gov_invest | yes_no
+批准概算(元) | Approved estimate (yuan) | contract.approved_estimate_minor | money
+可研批复投资额(元) | Investment in feasibility study (yuan) | contract.feasibility_minor | money
+预算可用额度(元) | Budget available (yuan) | contract.budget_available_minor | money
+中标(成交)金额(元) | Price of the winning bid (yuan) | contract.bid_amount_minor | money | | 中标金额, 成交金额
+结算总额(元) | Settled price (yuan) | contract.settled_amount_minor | money
+预付款比例(%) | Advance (%) | contract.advance_percent | percent
+未扣回预付款(元) | Advance not recouped (yuan) | contract.advance_unrecouped_minor | money
+有无预算指标 | Budget line | contract.has_budget | yes_no
+有无经批准的分年度计划 | Approved yearly plan | contract.has_multiyear_plan | yes_no
+是否要求垫资 | Prefinancing demanded | contract.requires_prefinancing | yes_no
+是否背离招投标文件 | Deviates from tender or bid | contract.deviates_from_bid | yes_no
+仲裁依据 | Law that allows arbitration | contract.arbitration_basis | text
+以审计为结算依据的法律、行政法规依据 | Law that demands the audit result | contract.settlement_law | text
+是否约定以审计(备案)为付款条件 | Audit or filing as condition | contract.audit_clause_agreed | yes_no
+是否以验收为付款条件 | Acceptance as condition | contract.accept_is_condition | yes_no
+验收期限是否按工作日 | Acceptance in working days | contract.accept_in_working_days | yes_no
+结算确认期限(天) | Days to confirm a settlement | contract.settle_confirm_days | number
+是否背靠背付款 | Pays when paid | contract.pays_when_paid | yes_no
+是否明示约定较长付款期 | Longer term expressly agreed | contract.term_expressly_agreed | yes_no
+较长付款期的客观理由 | Reason for the longer term | contract.term_justification | text
+是否适用医疗等特殊付款期 | Health-care term | contract.is_healthcare_term | yes_no
+验收前可付比例(%) | Payable before acceptance (%) | contract.pre_acceptance_percent | percent
+人工费用拨付周期(天) | Labour-cost cycle (days) | contract.labour_cycle_days | number
+有无工程款支付担保 | Payment guarantee | contract.has_payment_guarantee | yes_no
+有无工程质量保险 | Quality insurance | contract.has_quality_insurance | yes_no
+拟签订日期 | Signing planned for | contract.planned_sign_on | day
+确定中标人日期 | Winner determined on | contract.winner_on | day
+招投标情况报告日期 | Tender reported on | contract.tender_report_on | day
+合同文本哈希 | SHA-256 of the contract | contract.text_hash | text
+送审文本哈希 | SHA-256 of the text reviewed | review.text_hash | text
+优惠类型 | Incentive | contract.incentive | code
+优惠依据 | Law that allows the incentive | contract.incentive_basis | text
+要求搬迁日期 | Told to move on | contract.relocation_demanded_on | day
+竣工验收报告提交日期 | Completion reported on | contract.completion_reported_on | day
+(竣工)验收日期 | Accepted on | contract.accepted_on | day | | 竣工验收日期
+未验收原因归属 | Cause of missing acceptance | contract.accept_delay_cause | code
+投入使用日期 | In use from | contract.in_use_on | day
+是否经批准应急使用 | Emergency use approved | contract.emergency_use | yes_no
+履行完毕日期 | Completed on | contract.completed_on | day | | 实际完成日期, 实际履行完毕日期
+知道解除事由日期 | Cause to rescind known on | contract.rescission_known_on | day
+约定解除权行使期限 | Rescission possible until | contract.rescission_until | day
+解除通知(放弃)日期 | Rescission notified or waived on | contract.rescission_decided_on | day
+发现分包(转包)日期 | Subcontract found on | contract.subcontract_found_on | day
+分包是否经同意 | Subcontract consented | contract.subcontract_consented | yes_no
+是否主体或关键性工作 | Main or key work | contract.subcontract_key | yes_no
+分包层级 | Tier of subcontract | contract.subcontract_tier | number
+超长期限是否经批准 | Longer duration approved | contract.term_approved | yes_no
+最近运营(履约)评价日期 | Last evaluated on | contract.evaluated_on | day
+是否承诺政府付费 | Government promised payments | contract.government_pays | yes_no
+是否持续性服务 | Standing service | contract.is_recurring | yes_no
+续签(退出)决定日期 | Renewal or exit decided on | contract.exit_plan_on | day
+是否建筑与工程设计服务 | Architect-engineer services | contract.is_architect_engineer | yes_no
+计价方式 | Pricing | contract.pricing | code
+结案日期 | Contract file closed on | contract.closed_on | day
+财政备案号 | Treasury filing number | filing.finance.receipt | text
+招标监督备案日期 | Filed with the tender supervisor on | filing.supervisor.filed_on | day
+招标监督备案号 | Tender supervisor filing number | filing.supervisor.receipt | text
+竣工验收备案日期 | Completion filed on | filing.construction.filed_on | day
+竣工验收备案号 | Completion filing number | filing.construction.receipt | text
+合同公告链接 | Address of contract notice | publication.contract.url | text
+验收结果公告日期 | Acceptance published on | publication.acceptance.published_on | day
+验收结果公告链接 | Address of acceptance notice | publication.acceptance.url | text
"""

OBLIGATION = """
合同统一编号 | Contract number | obligation.contract_id | text | required | 合同编号, 合同号
节点序号 | Milestone number | obligation.id | text | | 序号, 编号
节点名称 | Milestone | obligation.title | text | required | 履约节点, 节点, 义务内容, 名称
义务方(政府/相对人) | Owed by (government/counterparty) | obligation.side | code | | 义务方, 义务主体, 责任方
义务类型 | Kind of duty | obligation.kind | code | open | 节点类型
条款号 | Clause | obligation.clause | text | | 合同条款, 条款
约定完成日期 | Due on | obligation.due_on | day | | 应完成日期, 计划完成日期, 完成时限
触发条件 | Condition | | text
节点金额(元) | Amount (yuan) | obligation.amount_minor | money
责任人 | Person in charge | | text
实际完成日期 | Done on | obligation.done_on | day | | 完成日期
完成情况 | Status | obligation.status | code | | 履行情况, 节点状态
未完成原因 | Reason for delay | | text
原因归属 | Cause | obligation.cause | code
佐证材料 | Evidence | | text
+佐证材料(份) | Documents of evidence | obligation.evidence_count | number | | 佐证材料份数
+是否关键节点 | Key milestone | obligation.is_key | yes_no
+币种 | Currency | obligation.currency | code | open
+开始日期 | Started on | obligation.start_on | day
+情况登记日期 | Status entered on | obligation.marked_on | day
+触发条件是否成就 | Condition fulfilled | obligation.conditions_met | yes_no
+计划进度(%) | Planned progress (%) | obligation.planned_percent | percent
+实际进度(%) | Actual progress (%) | obligation.actual_percent | percent
+申请日期 | Applied for on | obligation.requested_on | day
+答复日期 | Answered on | obligation.answered_on | day
+是否征求服务对象意见 | Users heard | obligation.users_consulted | yes_no
+催告送达日期 | Demand served on | obligation.demanded_on | day
+履行决定送达日期 | Decision to perform served on | obligation.decision_on | day
+复议(起诉)日期 | Taken to review or court on | obligation.contested_on | day
+申请强制执行日期 | Enforcement asked for on | obligation.enforced_on | day
+书面拒绝履行日期 | Performance refused on | obligation.refused_on | day
+停工(撤场)日期 | Site deserted since | obligation.abandoned_on | day
+质量检验(异议)日期 | Quality checked on | obligation.checked_on | day
+约定检验期届满日 | Inspection until | obligation.inspect_until | day
+质保期届满日 | Warranty until | obligation.warranty_until | day
+已开发面积比例(%) | Land developed (%) | obligation.developed_percent | percent
+已投资比例(%) | Investment made (%) | obligation.invested_percent | percent
+中止开发日期 | Development stopped on | obligation.stopped_on | day
+补救通知日期 | Cure notice on | obligation.cure_notice_on | day
+保留权利通知日期 | Rights reserved on | obligation.rights_reserved_on | day
+通知保证人日期 | Surety notified on | obligation.surety_notified_on | day
+是否可能因违约解除 | Termination likely | obligation.termination_likely | yes_no
"""

PAYMENT = """
合同统一编号 | Contract number | payment.contract_id | text | required | 合同编号, 合同号
款项名称 | Name of the sum | payment.title | text | | 款项
收/付 | Received or paid | payment.side | code | | 收付, 收付方向, 收支
应付(收)金额 | Sum owed (yuan) | payment.amount_minor | money | | 应付金额, 应收金额
应付日期 | Due on | payment.due_on | day | | 应付(收)日期, 应收日期, 约定付款日期
起算事项(交付/验收/结算/发票) | Term starts with | payment.base_kind | code | | 起算事项
起算日期 | Term starts on | payment.base_on | day
发票号 | Invoice number | payment.invoice_number | text | | 发票号码
发票日期 | Invoice date | payment.invoice_on | day | | 开票日期
实付金额 | Sum paid (yuan) | payment.paid_minor | money | | 实付(收)金额, 实收金额, 已付金额
实付日期 | Paid on | payment.paid_on | day | | 实付(收)日期, 实收日期, 付款日期
支付方式 | Means of payment | payment.method | code
争议金额 | Sum in dispute (yuan) | payment.disputed_minor | money
迟延原因 | Reason for delay | payment.delay_reason | code | | 未付原因
备注 | Remarks | | text
+款项序号 | Number of the sum | payment.id | text | | 序号
+对应节点序号 | Milestone number | payment.obligation_id | text
+款项类型 | Kind of sum | payment.kind | code
+币种 | Currency | payment.currency | code | open
+抗辩事由 | Defence | payment.hold_reason | code
+计划内逾期利息(元) | Late interest in the plan (yuan) | payment.interest_planned_minor | money
+已确认产值(元) | Work confirmed (yuan) | payment.confirmed_minor | money
+已付利息(元) | Interest paid (yuan) | payment.interest_paid_minor | money
+利息支付日期 | Interest paid on | payment.interest_paid_on | day
+付款周期截止日 | Period ends on | payment.period_end_on | day
+付款条件是否成就 | Condition fulfilled | payment.condition_met | yes_no
+交付日期 | Delivered on | payment.delivered_on | day
+验收日期 | Accepted on | payment.accepted_on | day
+验收异议日期 | Acceptance refused on | payment.accept_refused_on | day
+竣工结算报告金额(元) | Settlement handed in (yuan) | payment.settlement_minor | money
+结算资料提交日期 | Settlement handed in on | payment.settlement_submitted_on | day
+结算确认日期 | Settlement confirmed on | payment.settlement_confirmed_on | day
+结算异议日期 | Settlement objected on | payment.settlement_objected_on | day
+付款申请日期 | Payment applied for on | payment.applied_on | day
+延期付款协议日期 | Agreement to defer on | payment.deferred_on | day
+支付方式是否约定 | Means of payment agreed | payment.method_agreed | yes_no
+票据到期日 | Bill due on | payment.instrument_due_on | day
+应收账款融资方式 | Receivable used for | payment.financing | code
+确权申请日期 | Confirmation asked for on | payment.confirmation_requested_on | day
+确权答复日期 | Confirmation answered on | payment.confirmation_answered_on | day
+发票退回日期 | Invoice returned on | payment.invoice_returned_on | day
+催告送达日期 | Demand served on | payment.demanded_on | day
+是否分期 | Instalment | payment.is_instalment | yes_no
"""

AMENDMENT = """
合同统一编号 | Contract number | amendment.contract_id | text | required | 合同编号, 合同号
变更次序 | Number of the change | amendment.id | text | | 变更序号, 序号
变更类型 | Kind of change | amendment.kind | code
变更条款号 | Clause changed | amendment.clause | text | | 变更的条款号
变更前 | Before | | text
变更后 | After | | text
增减金额 | Added to the amount (yuan) | amendment.amount_change_minor | money
审查日期 | Reviewed on | amendment.reviewed_on | day
批准文号 | Approval document | amendment.has_approval | yes_no | present
变更日期 | Changed on | amendment.changed_on | day
变更公告日期 | Change published on | amendment.published_on | day
+变更公告链接 | Address of the notice | publication.amendment.url | text
+变更原因 | Reason | amendment.reason | text
+币种 | Currency | amendment.currency | code | open
+延长天数(天) | Days added | amendment.days_extended | number
+提出方 | Wanted by | amendment.initiator | code
+是否协商一致 | Agreed by both | amendment.is_agreed | yes_no
+有无公共利益依据 | Public interest shown | amendment.has_public_interest | yes_no
+有无法定依据 | Statutory basis | amendment.has_statutory_basis | yes_no
+有无批准文件 | Approved | amendment.has_approval | yes_no
+有无听取意见记录 | Other side heard | amendment.has_hearing | yes_no
+有无补偿方案 | Compensation planned | amendment.has_compensation | yes_no
+批准日期 | Approved on | amendment.approved_on | day
+实际执行日期 | Carried out on | amendment.executed_on | day
+是否改变其他条款 | Changes other terms | amendment.changes_other_terms | yes_no
+是否不同标的 | Another subject-matter | amendment.is_other_subject | yes_no
+合同修改事由 | Ground (Directive 2014/24/EU) | amendment.ground | code
+是否改变合同总体性质 | Alters the overall nature | amendment.alters_nature | yes_no
+请求重新协商日期 | Renegotiation asked for on | amendment.requested_on | day
+答复日期 | Answered on | amendment.answered_on | day
+价格变动幅度(%) | Move of prices (%) | amendment.price_move_percent | percent
+是否政策调整 | Policy changed | amendment.policy_changed | yes_no
+是否属于排除情形 | Excluded price risk | amendment.is_excluded | yes_no
"""

GUARANTEE = """
合同统一编号 | Contract number | guarantee.contract_id | text | required | 合同编号, 合同号
担保种类 | Kind of guarantee | guarantee.kind | code | | 担保类型
金额 | Amount (yuan) | guarantee.amount_minor | money | | 担保金额
形式 | Form | guarantee.form | code | | 担保形式
出具机构 | Issued by | guarantee.issuer | text
生效日 | Valid from | guarantee.start_on | day | | 生效日期
到期日 | Valid until | guarantee.end_on | day | | 到期日期
退还条件 | Condition of return | | text
申请退还日期 | Return asked for on | guarantee.return_requested_on | day
实际退还日期 | Returned on | guarantee.returned_on | day | | 退还日期
+担保序号 | Number of the guarantee | guarantee.id | text | | 序号
+担保名称 | Name of the guarantee | guarantee.name | text | | 名称
+币种 | Currency | guarantee.currency | code | open
+是否中标人 | Of the winning bidder | guarantee.of_winner | yes_no
+是否限定现金 | Only cash let in | guarantee.cash_required | yes_no
+是否拒收保函 | Bank letter refused | guarantee.letter_refused | yes_no
+核实日期 | Verified on | guarantee.verified_on | day
+约定退还日期 | Return agreed for | guarantee.return_agreed_on | day
+催告日期 | Reminded on | guarantee.reminded_on | day
+缺陷通知日期 | Defects listed on | guarantee.defects_listed_on | day
"""

DISPUTE = """
合同统一编号 | Contract number | obligation.contract_id | text | required | 合同编号, 合同号
纠纷类型 | Kind of dispute | obligation.kind | code | open
案号 | Case number | obligation.clause | text
受理机构 | Court or body | | text
诉请 | Claim | dispute.claim | text | | 诉讼请求, 仲裁请求
裁判日期 | Decided on | | day
生效日期 | In force on | obligation.start_on | day
应履行内容 | What must be done | obligation.title | text | | 判决内容, 裁判主文
履行期限 | Due on | obligation.due_on | day | | 履行截止日期
履行情况 | Status | obligation.status | code
+义务方 | Owed by | obligation.side | code
+实际履行日期 | Done on | obligation.done_on | day
+应履行金额(元) | Amount (yuan) | obligation.amount_minor | money
+币种 | Currency | obligation.currency | code | open
"""

UNIT = """
单位名称 | Unit | unit.name | text | required | 单位, 承办单位, 名称
统一社会信用代码 | Unified social credit code | unit.uscc | text
单位性质 | Kind of body | unit.kind | code | | 单位类型
归口(主管)部门 | Body above it | unit.parent | text | | 主管部门, 归口主管部门
单位负责人 | Head | unit.leader | text | | 负责人
任职日期 | Head since | unit.leader_since | day
企业规模 | Enterprise size | unit.size | code
变动事项 | Last change | unit.event | code
变动日期 | Changed on | unit.event_on | day
交接清单签署日期 | Hand-over list signed on | unit.handover_on | day
是否中央政府机关 | Central government authority | unit.is_central | yes_no
电子邮箱 | Email | unit.email | text | | 邮箱
"""

PARTY = """
相对人名称 | Counterparty | party.name | text | required | 合同相对人, 相对人, 企业名称, 名称
统一社会信用代码 | Unified social credit code | party.uscc | text | | 信用代码
企业规模(签约时) | Enterprise size at signing | party.size_at_signing | code
是否声明中小企业 | Declared itself an SME | party.sme_declared | yes_no
企业性质 | Ownership | party.ownership | code
登记状态 | Register status | party.status | code | | 经营状态
许可证(资质)有效期至 | Licence valid until | party.licence_until | day
履约能力风险 | Sign of distress | party.distress | code
风险发生日期 | Sign of distress on | party.distress_on | day
提供担保日期 | Security given on | party.security_on | day
"""

COMPLAINT = """
投诉编号 | Complaint number | complaint.id | text | | 编号, 序号
被投诉单位 | Unit complained of | complaint.unit_id | text | required
合同统一编号 | Contract number | complaint.contract_id | text | | 合同编号, 合同号
投诉类型 | Kind of complaint | complaint.kind | code
投诉渠道 | Channel | complaint.channel | text
收到日期 | Received on | complaint.received_on | day
受理日期 | Accepted on | complaint.accepted_on | day
转办日期 | Passed to the handler on | complaint.transferred_on | day
承办单位收到日期 | Handler received it on | complaint.handler_received_on | day
批准延期日期 | Extension approved on | complaint.extended_on | day
办结日期 | Result given on | complaint.result_on | day
核实日期 | Verified on | complaint.verified_on | day
是否属实 | Found true | complaint.is_founded | yes_no
整改日期 | Put right on | complaint.rectified_on | day
"""

DISCLOSURE = """
单位名称 | Unit | disclosure.unit_id | text | required | 单位, 公开单位
公开年度 | Year | disclosure.year | number | required | 年度
公开日期 | Published on | disclosure.disclosed_on | day
逾期合同数量 | Overdue contracts | disclosure.contracts | number | | 合同数量
逾期金额(元) | Overdue (yuan) | | money
"""
