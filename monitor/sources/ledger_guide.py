"""What the template says to the people who fill it in: a page of instructions, and a note on every column."""

from __future__ import annotations

from monitor.domain.nouns import NOUNS
from monitor.sources.ledger_sheets import Column, Kind, Sheet

PAGE = {"zh": "填写说明", "en": "Instructions"}
LISTS = {"zh": "词表", "en": "Lists"}
TITLE = {"zh": "政府合同台账填写说明", "en": "How to fill in the ledger of government contracts"}

KINDS: dict[Kind, tuple[str, str]] = {
    "text": ("文本。", "Text."),
    "day": ("日期，如 2026-03-02。", "Day, as 2026-03-02."),
    "money": ("金额，单位：元。", "Amount in yuan."),
    "number": ("整数。", "Whole number."),
    "percent": ("百分比，整数，如 30%。", "Whole per cent, as 30%."),
    "yes_no": ("是或否；不清楚的留空。", "yes or no; leave empty what is not known."),
    "code": ("从下拉列表中选择。", "Choose from the list."),
    "rate": ("带百分号填写，如 3.45%。", "Write it with its per cent sign, as 3.45%."),
}

NOTES: dict[str, tuple[str, str]] = {
    "contract.number": (
        "同一编号在整个台账中只能出现一次；其他各表凭此编号与合同对应。",
        "Each number stands once on this sheet; the other sheets name the contract by it.",
    ),
    "unit.name": ("各表中同一单位的名称须完全一致。", "Write a unit's name the same way everywhere."),
    "party.uscc": (
        "18位代码，请按文本填写。凭此代码识别同一相对人。",
        "18 characters, as text. The same code is the same counterparty.",
    ),
    "contract.has_budget": (
        "有无经批准的预算；没有的填“无”。",
        "Whether a budget stands behind it; write no where there is none.",
    ),
    "contract.currency": (
        "留空为人民币。也可填写 ISO 4217 代码，如 USD。",
        "Empty means yuan. Or an ISO 4217 code, as USD.",
    ),
    "guarantee.performance.amount_minor": (
        "“担保”表中有该合同的履约担保时，以“担保”表为准。",
        "Where the sheet of guarantees has the bond, that sheet counts.",
    ),
    "obligation.id": (
        "同一合同内不得重复，编定后不要改动：系统凭此识别同一节点。",
        "Once in a contract, and never changed: by it a milestone is known again.",
    ),
    "payment.id": (
        "同一合同内不得重复，编定后不要改动：系统凭此识别同一笔款项。",
        "Once in a contract, and never changed: by it a sum is known again.",
    ),
    "payment.obligation_id": ("该款项所对应节点的序号。", "Number of the milestone that makes it due."),
    "contract.late_rate_ppm": (
        "折算为年利率填写，不填日利率。",
        "A year's rate; turn a daily one into a yearly one first.",
    ),
    "payment.side": ("付：政府应付；收：政府应收。", "paid: by the government; received: by it."),
    "payment.amount_minor": ("金额，单位：元。", "Amount in yuan."),
    "obligation.clause": ("请按文本填写，如“第三条第2项”。", "As text."),
    "obligation.evidence_count": ("佐证材料的份数。", "How many documents prove it."),
    "amendment.has_approval": ("没有批准文件的填“无”。", "Write no where there is no approval."),
    "amendment.id": ("第几次变更，如 1。", "Which change of the contract, as 1."),
    "contract.jurisdiction": (
        "适用其法律的国家或地区代码，如 CN；留空由系统设置决定。",
        "Code of the country whose law applies, as CN; empty leaves it to the settings.",
    ),
}

INSTRUCTIONS: dict[str, tuple[str, ...]] = {
    "zh": (
        "一、“合同台账”一行填写一份合同；其他各表凭“合同统一编号”与合同对应。不需要的工作表和列可以删除，顺序可以调整。",
        "二、深色表头为常用列，浅色表头为补充列；橙色表头为必填列。表头上的批注说明该列如何填写。",
        "三、不清楚的一律留空。空白表示“不知道”，不表示“没有”，也不表示零。“/”、“—”、“无”、“待定”按空白处理；"
        "只有“是否”“有无”类的列中，“无”表示没有。",
        "四、日期填写到日，如 2026-03-02、2026年3月2日、2026.3.2、20260302 均可；只有年月的不能识别。",
        "五、金额以元为单位。改用万元的，在表头写明“(万元)”，或在表头上方写明“单位：万元”，或在单元格中写明，如“12.5万元”。",
        "六、百分比请带百分号，如 30%。不带百分号的 0.3 或 1 含义不明，不予读取。",
        "七、编号、统一社会信用代码、条款号按文本填写。Excel 的数字只保留15位，超过15位的金额也请按文本填写。",
        "八、金额列不要跨行合并单元格。其他列跨行合并的，视为其中每一行都填写了同样的内容。“合计”“小计”行和表尾说明不读取。",
        "九、单元格显示 #N/A、#REF! 等错误，或内容无法识别的，该行不读取，并在系统中列明工作表、单元格、内容和原因；"
        "其他行照常读取。",
        "十、公式须先在 Excel 或 WPS 中计算并保存。隐藏的工作表不读取；隐藏的行和列照常读取。",
        "十一、“节点序号”“款项序号”等一经编定不要改动，否则系统会把同一事项当作另一事项。",
    ),
    "en": (
        "1. One row of Contracts is one contract; the other sheets name it by its contract number. Sheets and columns that you "
        "do not need can be deleted, and their order can be changed.",
        "2. Dark headers are the usual columns, light ones go further, orange ones must be filled in. The comment on a "
        "header says how to fill in its column.",
        "3. Leave empty what is not known. Empty means not known: neither none nor zero. A dash or n/a counts as empty.",
        "4. Days are written as 2026-03-02, 2026/3/2, 2026.3.2 or 20260302. A month alone is no day.",
        "5. Amounts are in yuan. For ten thousands write 万元 into the header, above it, or into the cell.",
        "6. Write per cents with their sign, as 30%. 0.3 or 1 without it could mean two things and is refused.",
        "7. Document numbers and credit codes are text. Excel keeps 15 digits of a number; write longer amounts as text.",
        "8. Do not merge cells of amounts over rows. Any other cell merged over rows counts for each of them. Totals and foot "
        "notes are passed over.",
        "9. A row with an error (#N/A, #REF!) or a cell that cannot be understood is not read; Lvyue lists its sheet, cell, "
        "content and reason. The other rows are read.",
        "10. Formulas must have been calculated and saved by Excel. Hidden sheets are not read; hidden rows and columns are.",
        "11. Numbers of milestones and sums stay what they are: by them the same thing is known again.",
    ),
}


def note(column: Column, sheet: Sheet, lang: str) -> str:
    """What the comment on a header says: what the column is for, how it is filled in, whether it must be."""
    if not column.noun:
        return "供查阅，系统不读取。" if lang == "zh" else "For people; Lvyue does not read it."
    at = 0 if lang == "zh" else 1
    parts = [] if lang == "zh" else [_described(column)]
    if column.key in NOTES:
        parts.append(NOTES[column.key][at])
    if column.present:
        parts.append("填写文号。" if lang == "zh" else "Number of the document.")
    elif column.key not in NOTES or column.kind not in ("text", "money", "yes_no"):
        parts.append(KINDS[column.kind][at])
    if column.kind == "code":
        words = dict.fromkeys(column.word(code, lang) for code in column.words.values())
        parts.append(
            ("可填：" if lang == "zh" else "Words: ")
            + ("、" if lang == "zh" else ", ").join(words)
            + ("。" if at == 0 else ".")
        )
    if column.required:
        parts.append("必填。" if lang == "zh" else "Must be filled in.")
    return ("" if lang == "zh" else " ").join(part for part in parts if part)


def _described(column: Column) -> str:
    """The field's own description, without the Chinese name at its end."""
    field = NOUNS[column.noun].model_fields.get(column.field) if column.noun in NOUNS else None
    if column.field == "id":
        return ""
    text = (field.description or "") if field else ""
    words = [part for part in text.rstrip(".").split(", ") if part.isascii()]
    return f"{', '.join(words)}." if words else ""
