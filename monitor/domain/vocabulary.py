"""The words that fields may hold: code lists of OCDS, of the law, and of the ledger (政府合同台账)."""

from __future__ import annotations

from typing import Literal

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
Distress = Literal["abnormal", "dishonest", "defaulter", "bankruptcy", "litigation", "seizure", "shutdown"]
UnitKind = Literal["authority", "institution", "soe", "township"]
UnitEvent = Literal["leader_change", "reorganisation", "boundary_change", "transfer_of_functions"]
Category = Literal["goods", "works", "services"]
Cause = Literal["government", "counterparty", "both", "force_majeure"]
Incentive = Literal["tax", "award", "factor", "open"]
PaymentKind = Literal[
    "advance",
    "progress",
    "settlement",
    "final",
    "retention",
    "labour",
    "subsidy",
    "compensation",
    "land_premium",
    "rent",
    "damages",
    "other",
]
BaseKind = Literal["delivery", "acceptance", "settlement", "invoice"]
HoldReason = Literal["prior_performance", "simultaneous_performance", "insecurity"]
DelayReason = Literal[
    "leader_change", "internal_process", "completion_filing", "completion_approval", "final_audit", "other"
]
PaymentMethod = Literal["transfer", "commercial_bill", "receivable_voucher", "property", "other"]
AmendmentKind = Literal[
    "change", "suspension", "termination", "supplement", "extension", "site", "scale", "content", "renegotiation"
]
ModificationGround = Literal["none", "clause", "additional", "unforeseen", "succession", "minor"]
GuaranteeKind = Literal[
    "bid", "performance", "retention", "wage", "advance", "payment", "quality_insurance", "suretyship", "other"
]
GuaranteeForm = Literal["cash", "letter", "insurance", "suretyship", "other"]

PROMISES: dict[str, str] = {
    "payment": "支付",
    "advance": "预付款",
    "progress": "进度款",
    "subsidy": "补贴兑现",
    "reward": "奖励",
    "rent_relief": "租金减免",
    "facilities": "配套设施",
    "approval_help": "审批协助",
    "land_supply": "供地",
    "land_handover": "交地",
    "site": "提供场地",
    "drawings": "提供图纸",
    "documents": "提供资料",
    "approval": "审批",
    "utilities": "水电路配套",
    "acceptance": "组织验收",
    "settlement": "确认结算",
    "compensation": "支付补偿款",
    "resettlement": "交付安置房",
    "judgment": "履行生效裁判",
    "claim": "答复索赔",
    "tax_target": "税收",
    "delivery": "供货",
    "milestone": "工期节点",
    "go_live": "上线",
    "reporting": "报告",
    "service": "服务",
    "investment": "到位资金",
    "start_of_works": "开工",
    "production": "投产",
    "jobs": "就业",
    "money": "金钱给付",
    "guarantee": "担保",
    "other": "其他",
}
"""The words of `obligation.kind` and what they are called in a ledger, 义务类型. A register may bring words of its own."""
