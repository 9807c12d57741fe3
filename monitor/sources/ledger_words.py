"""The words an office writes into a ledger, and the code each stands for. The first Chinese word of a code is the usual one.

Beside these every code is a word for itself (`partiallyMet`, `force_majeure`, `force majeure`), in any case.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.domain.vocabulary import PROMISES

YES = ("是", "有", "√", "✓", "✔", "对", "yes", "y", "true")
NO = ("否", "无", "×", "✗", "✘", "没有", "no", "n", "false")
NOTHING_SAID = (
    *("无", "/", "\\", "-", "--", "—", "——", "–", "暂无", "待定", "未定", "不详", "未知", "不适用", "n/a", "na"),
)
"""A dash in a cell: it says nothing, so nothing is known. Only in a yes-or-no column is 无 an answer."""

_SIZE = {"大型": "large", "大": "large", "中型": "medium", "中": "medium", "小型": "small", "小": "small"} | {
    "微型": "micro", "微": "micro", "大型企业": "large", "中型企业": "medium", "小型企业": "small", "微型企业": "micro",
}  # fmt: skip
_SIDE = {
    "政府": "government", "相对人": "counterparty", "政府方": "government", "行政机关": "government", "甲方": "government",
    "承办单位": "government", "相对方": "counterparty", "企业": "counterparty", "乙方": "counterparty", "供应商": "counterparty",
    "承包人": "counterparty",
}  # fmt: skip
_CAUSE = {
    "政府原因": "government", "相对人原因": "counterparty", "双方": "both", "不可抗力": "force_majeure", "政府": "government",
    "相对人": "counterparty", "双方原因": "both",
}  # fmt: skip
_CURRENCY = {
    "人民币": "CNY", "美元": "USD", "欧元": "EUR", "港元": "HKD", "日元": "JPY", "英镑": "GBP", "人民币元": "CNY", "元": "CNY",
    "CNY": "CNY", "RMB": "CNY", "港币": "HKD", "澳门元": "MOP", "新加坡元": "SGD", "瑞士法郎": "CHF", "澳大利亚元": "AUD",
    "加拿大元": "CAD",
}  # fmt: skip

WORDS: Mapping[str, Mapping[str, str]] = {
    "contract.currency": _CURRENCY,
    "obligation.currency": _CURRENCY,
    "payment.currency": _CURRENCY,
    "amendment.currency": _CURRENCY,
    "guarantee.currency": _CURRENCY,
    "contract.kind": {
        "工程建设": "GCJS", "政府采购货物服务": "ZFCG", "招商引资": "ZSYZ", "特许经营/PPP": "TXJY",
        "资源(土地、矿、海域)出让": "ZYCR", "征收征用补偿": "ZSBC", "国有资产租赁处置": "GYZC", "资助补贴委托": "ZZBT",
        "框架/战略合作协议": "KJXY", "承诺函/备忘录": "CNS", "其他": "QT",
        "建设工程": "GCJS", "工程": "GCJS", "政府投资项目建设合同": "GCJS", "政府采购": "ZFCG", "政府采购合同": "ZFCG",
        "招商引资合同": "ZSYZ", "政府招商引资合同": "ZSYZ", "特许经营": "TXJY", "政府特许经营合同": "TXJY",
        "政府和社会资本合作": "TXJY", "政府和社会资本合作(PPP)项目合同": "TXJY", "资源出让": "ZYCR", "土地出让": "ZYCR",
        "国有土地使用权出让": "ZYCR", "征收征用": "ZSBC", "征收补偿": "ZSBC", "房屋征收补偿": "ZSBC", "国有资产": "GYZC",
        "资产租赁": "GYZC", "政府资助合同": "ZZBT", "资助补贴": "ZZBT", "行政委托": "ZZBT", "框架协议": "KJXY",
        "战略合作协议": "KJXY", "承诺函": "CNS", "备忘录": "CNS", "其他合同": "QT",
        "construction": "GCJS", "procurement": "ZFCG", "investment promotion": "ZSYZ", "concession or PPP": "TXJY", "PPP": "TXJY",
        "grant of resources": "ZYCR", "expropriation": "ZSBC", "state assets": "GYZC", "subsidy or delegation": "ZZBT",
        "framework agreement": "KJXY", "letter of promise": "CNS", "other": "QT",
    },
    "contract.status": {
        "草拟": "draft", "审查中": "in_review", "待签": "pending", "履行中": "active", "中止": "suspended", "变更中": "amending",
        "已完成": "completed", "已解除": "terminated", "已撤销": "cancelled", "已归档": "archived",
        "起草": "draft", "待签订": "pending", "待签署": "pending", "正在履行": "active", "在履行": "active", "执行中": "active",
        "中止履行": "suspended", "履行完毕": "completed", "已履行完毕": "completed", "履约完成": "completed", "完成": "completed",
        "解除": "terminated", "终止": "terminated", "已终止": "terminated", "撤销": "cancelled", "归档": "archived",
        "in review": "in_review",
    },
    "contract.category": {"货物": "goods", "工程": "works", "服务": "services"},
    "contract.fund_source": {
        "财政资金": "fiscal", "其他资金": "other", "财政": "fiscal", "财政拨款": "fiscal", "财政性资金": "fiscal",
        "财政预算": "fiscal", "一般公共预算": "fiscal", "政府性基金": "fiscal", "专项债券": "fiscal", "其他": "other",
        "自筹": "other", "自筹资金": "other", "企业自筹": "other", "社会资本": "other",
    },
    "contract.dispute_clause": {"诉讼": "litigation", "仲裁": "arbitration"},
    "contract.settlement_basis": {
        "约定资料": "agreed", "审计结果": "audit", "合同约定": "agreed", "按合同约定": "agreed", "审计": "audit",
        "审计机关审计结果": "audit", "以审计结果为准": "audit",
    },
    "contract.incentive": {
        "特定税收": "tax", "选择性奖补": "award", "要素": "factor", "普惠": "open", "税收优惠": "tax", "财政奖补": "award",
        "要素保障": "factor", "普惠政策": "open",
    },
    "contract.accept_delay_cause": _CAUSE,
    "contract.pricing": {
        "固定总价": "fixed", "间接费率结算": "indirect_rates", "其他": "other", "固定价格": "fixed",
        "indirect rates": "indirect_rates",
    },
    "unit.kind": {
        "机关": "authority", "事业单位": "institution", "国企": "soe", "镇街": "township", "行政机关": "authority",
        "国有企业": "soe", "乡镇": "township", "街道": "township", "乡镇(街道)": "township", "state-owned company": "soe",
    },
    "unit.size": _SIZE,
    "unit.event": {
        "负责人变动": "leader_change", "机构改革": "reorganisation", "区划调整": "boundary_change",
        "职能划转": "transfer_of_functions", "换届": "leader_change", "行政区划调整": "boundary_change",
        "职能调整": "transfer_of_functions", "机构调整": "reorganisation",
    },
    "party.size_at_signing": _SIZE,
    "party.ownership": {
        "民营": "private", "国有": "state", "外资": "foreign", "民营企业": "private", "私营": "private", "国有企业": "state",
        "国企": "state", "外资企业": "foreign", "外商投资": "foreign",
    },
    "party.status": {
        "存续": "normal", "注销": "deregistered", "吊销": "revoked", "迁出": "moved", "更名": "renamed",
        "许可证(资质)过期": "licence_expired", "禁止参加采购": "debarred", "在业": "normal", "正常": "normal", "开业": "normal",
        "在营": "normal", "已注销": "deregistered", "被吊销": "revoked", "吊销未注销": "revoked", "已迁出": "moved",
        "许可证过期": "licence_expired", "资质过期": "licence_expired", "licence expired": "licence_expired",
    },
    "party.distress": {
        "经营异常": "abnormal", "严重违法失信": "dishonest", "失信被执行人": "defaulter", "破产": "bankruptcy",
        "重大诉讼": "litigation", "财产被查封": "seizure", "停产停业": "shutdown", "经营异常名录": "abnormal",
        "严重违法失信名单": "dishonest", "被执行人": "defaulter", "破产重整": "bankruptcy", "破产清算": "bankruptcy",
        "查封": "seizure", "停业": "shutdown", "停产": "shutdown",
    },
    "obligation.side": _SIDE,
    "obligation.kind": {word: code for code, word in PROMISES.items()},
    "obligation.status": {
        "未到期": "scheduled", "部分完成": "partiallyMet", "已完成": "met", "未完成": "notMet",
        "已免除": "waived", "待履行": "scheduled", "未开始": "scheduled", "进行中": "scheduled", "履行中": "scheduled",
        "完成": "met", "已履行": "met", "履行完毕": "met", "部分履行": "partiallyMet", "未履行": "notMet",
        "逾期未完成": "notMet", "免除": "waived",
        "partly met": "partiallyMet", "not met": "notMet",
    },
    "obligation.cause": _CAUSE,
    "payment.side": {"付": "government", "收": "counterparty", "应付": "government", "应收": "counterparty"}
    | {"paid": "government", "received": "counterparty"}
    | _SIDE,
    "payment.base_kind": {
        "交付": "delivery", "验收": "acceptance", "结算": "settlement", "发票": "invoice", "交付之日": "delivery",
        "验收合格": "acceptance", "收到发票": "invoice",
    },
    "payment.hold_reason": {
        "先履行抗辩": "prior_performance", "同时履行抗辩": "simultaneous_performance", "不安抗辩": "insecurity",
        "先履行抗辩权": "prior_performance", "同时履行抗辩权": "simultaneous_performance", "不安抗辩权": "insecurity",
    },
    "payment.kind": {
        "预付款": "advance", "进度款": "progress", "结算款": "settlement", "尾款": "final", "质量保证金": "retention",
        "人工费": "labour", "补贴": "subsidy", "补偿款": "compensation", "土地出让价款": "land_premium", "租金": "rent",
        "违约金": "damages", "其他": "other", "质保金": "retention", "质保金返还": "retention", "人工费用": "labour",
        "补贴兑现": "subsidy", "奖补资金": "subsidy", "出让价款": "land_premium", "出让金": "land_premium",
        "赔偿金": "damages", "land premium": "land_premium",
    },
    "payment.delay_reason": {
        "负责人变更": "leader_change", "内部付款流程": "internal_process", "等待竣工验收备案": "completion_filing",
        "等待竣工验收批复": "completion_approval", "等待决算审计": "final_audit", "其他": "other", "人员变更": "leader_change",
        "内部流程": "internal_process", "竣工验收备案": "completion_filing", "竣工验收批复": "completion_approval",
        "决算审计": "final_audit",
    },
    "payment.method": {
        "转账": "transfer", "商业汇票": "commercial_bill", "应收账款电子凭证": "receivable_voucher", "以房抵债": "property",
        "其他": "other", "银行转账": "transfer", "国库集中支付": "transfer", "电汇": "transfer", "商票": "commercial_bill",
        "电子商业汇票": "commercial_bill", "以物抵债": "property",
    },
    "payment.financing": {"担保(质押)": "pledge", "保理": "factoring", "其他": "other", "质押": "pledge", "担保": "pledge"},
    "amendment.kind": {
        "内容变更": "change", "中止": "suspension", "解除": "termination", "补充协议": "supplement", "延期": "extension",
        "变更地点": "site", "变更规模": "scale", "变更建设内容": "content", "重新协商": "renegotiation", "变更": "change",
        "补充": "supplement", "增补": "supplement", "展期": "extension", "终止": "termination", "其他变更": "change",
    },
    "amendment.initiator": {
        "政府": "government", "相对人": "counterparty", "双方": "both", "甲方": "government", "乙方": "counterparty",
    },
    "amendment.ground": {
        "无法定事由": "none", "合同已有约定": "clause", "追加必要工作": "additional", "不可预见情形": "unforeseen",
        "主体承继": "succession", "小额变更": "minor",
    },
    "guarantee.kind": {
        "投标担保": "bid", "履约担保": "performance", "质量保证": "retention", "农民工工资担保": "wage", "预付款担保": "advance",
        "支付担保": "payment", "质量保险": "quality_insurance", "保证": "suretyship", "其他": "other",
        "投标": "bid", "投标保证金": "bid", "履约": "performance", "履约保证金": "performance", "履约保函": "performance",
        "质量": "retention", "质量保证金": "retention", "质保金": "retention", "农民工工资": "wage",
        "农民工工资保证金": "wage", "预付款": "advance", "预付款保函": "advance", "支付": "payment",
        "工程款支付担保": "payment", "工程质量保险": "quality_insurance", "quality insurance": "quality_insurance",
    },
    "guarantee.form": {
        "现金": "cash", "保函": "letter", "保险": "insurance", "保证": "suretyship", "其他": "other", "转账": "cash",
        "银行保函": "letter", "电子保函": "letter", "保证保险": "insurance", "保证人": "suretyship",
    },
    "review.result": {
        "通过": "approved", "修改后通过": "approved_after_changes", "不通过": "rejected", "合法": "approved",
        "修改后合法": "approved_after_changes", "不合法": "rejected", "approved after changes": "approved_after_changes",
    },
    "complaint.kind": {
        "中小企业账款投诉": "sme_arrears", "政府违约失信投诉": "government_breach", "拖欠账款": "sme_arrears",
        "拖欠中小企业账款": "sme_arrears", "违约失信": "government_breach", "政务失信": "government_breach",
    },
}  # fmt: skip

DISPUTES: Mapping[str, str] = {
    "诉讼": "judgment", "索赔": "claim", "仲裁": "judgment", "执行": "judgment", "调解": "judgment", "行政复议": "judgment",
    "民事诉讼": "judgment", "行政诉讼": "judgment",
}  # fmt: skip
"""What a dispute asks of somebody: to obey a decision, or to answer a claim. Other words count as the former."""
