"""The ledger kept in Excel: what becomes of its sheets, and that of twenty thousand rows no fault is lost."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest

from monitor.domain.nouns import NOUNS, choices
from monitor.sources import kinds
from monitor.sources.ledger import LedgerSource
from monitor.sources.ledger_layout import column_of
from monitor.sources.ledger_sheets import SHEETS
from monitor.sources.ledger_xml import reference
from tests.sources.ledgers import HEAD, Cell, Formula, Shown, only, pull, refused, rows, say, workbook

STANDARD = {
    "合同台账": "序号｜合同统一编号｜合同名称｜合同类型｜是否重大合同｜是否行政协议｜承办单位｜承办科室｜承办人｜联系电话｜"
    "归口主管部门｜合同相对人｜统一社会信用代码｜企业规模(签约时)｜是否声明中小企业｜企业性质｜相对人联系人｜相对人电话｜"
    "项目名称｜项目代码｜采购方式｜中标(成交)通知书发出日期｜合同金额(元)｜币种｜资金来源｜预算指标文号｜合法性审查机构｜"
    "送审日期｜审查意见日期｜审查结论｜意见采纳情况｜公平竞争审查日期｜集体决策文号｜签订日期｜生效日期｜履行开始日期｜"
    "履行截止日期｜司法备案日期｜备案号｜财政备案日期｜合同公告日期｜付款方式｜付款期限(天)｜验收期限(天)｜逾期利率(年)｜"
    "结算依据｜履约保证金(元)｜履约保证金形式｜保函到期日｜质量保证金(%)｜缺陷责任期(月)｜争议解决方式｜履行状态｜"
    "履行进度(%)｜已付金额(元)｜未付金额(元)｜逾期未付金额(元)｜最近更新日期｜是否变更｜是否纠纷｜风险等级｜归档日期｜备注",
    "履约节点": "合同统一编号｜节点序号｜节点名称｜义务方(政府/相对人)｜义务类型｜条款号｜约定完成日期｜触发条件｜"
    "节点金额(元)｜责任人｜实际完成日期｜完成情况｜未完成原因｜原因归属｜佐证材料",
    "收付款": "合同统一编号｜款项名称｜收/付｜应付(收)金额｜应付日期｜起算事项(交付/验收/结算/发票)｜起算日期｜发票号｜"
    "发票日期｜实付金额｜实付日期｜支付方式｜争议金额｜迟延原因｜备注",
    "变更": "合同统一编号｜变更次序｜变更类型｜变更条款号｜变更前｜变更后｜增减金额｜审查日期｜批准文号｜变更日期｜变更公告日期",
    "担保": "合同统一编号｜担保种类｜金额｜形式｜出具机构｜生效日｜到期日｜退还条件｜申请退还日期｜实际退还日期",
    "纠纷": "合同统一编号｜纠纷类型｜案号｜受理机构｜诉请｜裁判日期｜生效日期｜应履行内容｜履行期限｜履行情况",
}


class TestTheSheets:
    def test_the_kind_is_found_by_being_there(self) -> None:
        assert kinds()["ledger"] is LedgerSource

    @pytest.mark.parametrize("name", STANDARD)
    def test_the_usual_headers_are_those_of_the_ledger(self, name: str) -> None:
        (sheet,) = [sheet for sheet in SHEETS if sheet.zh == name]
        assert [column.zh for column in sheet.columns if not column.further] == STANDARD[name].split("｜")

    def test_every_field_of_every_noun_has_a_column(self) -> None:
        """But ids: they come from the numbers in the ledger. What a filing or a notice is, its column says."""
        held = {(column.noun, column.field) for sheet in SHEETS for column in sheet.columns}
        parts = {("filing", "filed_with"), ("publication", "kind")}
        wanted = {
            (noun, field) for noun, kind in NOUNS.items() for field in kind.model_fields
            if field != "id" and not field.endswith("_id")
        }  # fmt: skip
        assert wanted - held == parts

    def test_every_code_has_a_word_and_no_word_a_code_that_is_none(self) -> None:
        for sheet in SHEETS:
            for column in sheet.columns:
                codes = choices(NOUNS[column.noun], column.field) if column.noun in NOUNS else ()
                if codes:
                    assert (column.kind, set(column.words.values())) == ("code", set(codes)), column.zh
                    assert all(not column.word(code, "zh").isascii() for code in codes), column.zh

    def test_no_two_columns_of_a_sheet_share_a_spelling(self) -> None:
        for sheet in SHEETS:
            for column in sheet.columns:
                for header in (column.zh, column.en):
                    found = column_of(sheet, header)
                    assert found is not None
                    assert found[0] is column, header
            headers = Counter(header for column in sheet.columns for header in (column.zh, column.en))
            assert {header for header, times in headers.items() if times > 1} == set()

    def test_a_row_of_the_first_sheet_makes_everything_it_mentions(self) -> None:
        reading = say(
            {
                "合同台账": [
                    [*HEAD, "承办单位", "归口主管部门", "合同相对人", "统一社会信用代码", "合同金额(元)", "送审日期",
                     "审查结论", "司法备案日期", "备案号", "财政备案日期", "竣工验收备案日期", "合同公告日期",
                     "履约保证金(元)", "保函到期日", "预算指标文号"],
                    ["HT-1", "滨河路改造", "区住建局", "区发改局", "甲建设公司", "91110000ma01", 1_250_000.5, date(2026, 2, 1),
                     "修改后通过", date(2026, 3, 9), "司备1号", None, date(2027, 1, 5), date(2026, 3, 10),
                     62500, date(2027, 6, 30), "财预1号"],
                ]
            }
        )  # fmt: skip
        assert reading.refusals == []
        contract = only(reading, "contract")
        assert contract == {
            "id": "HT-1", "number": "HT-1", "title": "滨河路改造", "unit_id": "区住建局", "party_id": "91110000MA01",
            "jurisdiction": "CN", "currency": "CNY", "amount_minor": 125_000_050, "has_budget": True,
        }  # fmt: skip
        assert only(reading, "unit") == {"id": "区住建局", "name": "区住建局", "parent": "区发改局"}
        assert only(reading, "party") == {"id": "91110000MA01", "name": "甲建设公司", "uscc": "91110000MA01"}
        review = {"submitted_on": date(2026, 2, 1), "result": "approved_after_changes"}
        assert only(reading, "review") == {"id": "HT-1/review", "contract_id": "HT-1"} | review
        assert [(f["id"], f["filed_with"], f["filed_on"], f.get("receipt")) for f in rows(reading, "filing")] == [
            ("HT-1/legal", "legal", date(2026, 3, 9), "司备1号"),
            ("HT-1/construction", "construction", date(2027, 1, 5), None),
        ]
        assert only(reading, "publication")["published_on"] == date(2026, 3, 10)
        bond = only(reading, "guarantee")
        assert (bond["kind"], bond["amount_minor"], bond["end_on"]) == ("performance", 6_250_000, date(2027, 6, 30))
        assert "obligation" not in reading.nouns  # there is no such sheet, so nothing of it has vanished

    def test_the_sheet_of_guarantees_knows_a_bond_better(self) -> None:
        reading = say(
            {
                "合同台账": [[*HEAD, "履约保证金(元)"], ["HT-1", "道路", 500], ["HT-2", "桥梁", 700]],
                "担保": [
                    ["合同统一编号", "担保种类", "金额", "担保序号"],
                    ["HT-1", "履约保函", 450, "B7"],
                    ["HT-2", "投标", 10, None],
                ],
            }
        )
        assert [(g["id"], g["kind"], g["amount_minor"]) for g in rows(reading, "guarantee")] == [
            ("HT-1/B7", "performance", 45_000), ("HT-2/bid", "bid", 1_000), ("HT-2/performance", "performance", 70_000),
        ]  # fmt: skip

    def test_a_dispute_is_a_promise_whose_side_nobody_guesses(self) -> None:
        head = [
            "合同统一编号",
            "纠纷类型",
            "案号",
            "诉请",
            "生效日期",
            "应履行内容",
            "履行期限",
            "履行情况",
            "义务方",
            "应履行金额(元)",
        ]
        reading = say(
            {
                "合同台账": [HEAD, ["HT-1", "道路"]],
                "纠纷": [
                    head,
                    ["HT-1", "诉讼", "民初1号", "付款", date(2026, 5, 1), "支付工程款", date(2026, 6, 1), "未履行", "政府", 10],
                    ["HT-1", "索赔", None, "工期顺延", None, None, None, None, None, None],
                    ["HT-1", "建设工程施工合同纠纷", "(2026)民终2号", None, None, None, None, None, None, None],
                ],
            }
        )  # fmt: skip
        judgment, claim, appeal = rows(reading, "obligation")
        assert judgment == {
            "id": "HT-1/纠纷/民初1号", "contract_id": "HT-1", "side": "government", "kind": "judgment", "title": "支付工程款",
            "clause": "民初1号", "currency": "CNY", "amount_minor": 1000, "start_on": date(2026, 5, 1),
            "due_on": date(2026, 6, 1), "status": "notMet",
        }  # fmt: skip
        assert (claim["kind"], claim["title"], claim.get("side")) == ("claim", "工期顺延", None)
        assert (appeal["kind"], appeal["title"]) == ("judgment", "(2026)民终2号")


class TestKeys:
    def test_a_row_keeps_its_key_when_others_come_before_it(self) -> None:
        contracts = [HEAD, ["HT-1", "道路"]]
        head = ["合同统一编号", "节点序号", "节点名称"]
        first = say({"合同台账": contracts, "履约节点": [head, ["HT-1", 2, "完工"], ["HT-1", None, "验收"]]})
        later = say(
            {
                "合同台账": contracts,
                "履约节点": [head, ["HT-1", 1, "开工"], ["ＨＴ－1", "2", "完工"], ["HT-1", None, "验收"]],
            }
        )
        assert {row["id"] for row in rows(first, "obligation")} == {"HT-1/2", "HT-1/验收"}
        assert {row["id"] for row in rows(later, "obligation")} == {"HT-1/1", "HT-1/2", "HT-1/验收"}

    def test_sums_of_one_name_are_counted_and_name_their_milestone(self) -> None:
        head = ["合同统一编号", "款项名称", "对应节点序号"]
        sums: list[list[Cell]] = [["HT-1", "进度款", 2], ["HT-1", "进度款", None], ["HT-1", None, None]]
        reading = say({"合同台账": [HEAD, ["HT-1", "道路"]], "收付款": [head, *sums]})
        found = [(row["id"], row.get("obligation_id")) for row in rows(reading, "payment")]
        assert found == [("HT-1/进度款", "HT-1/2"), ("HT-1/进度款/#2", None), ("HT-1/#1", None)]

    def test_a_party_is_its_code_wherever_the_ledger_has_one(self) -> None:
        head = [*HEAD, "合同相对人", "统一社会信用代码"]
        reading = say(
            {
                "合同台账": [
                    head,
                    ["1", "甲", "东方公司", "91a"],
                    ["2", "乙", "东方公司", None],
                    ["3", "丙", "西方公司", None],
                ]
            }
        )
        assert [row["party_id"] for row in rows(reading, "contract")] == ["91A", "91A", "西方公司"]
        assert len(rows(reading, "party")) == 2

    def test_rows_that_contradict_each_other_about_a_party_decide_nothing(self) -> None:
        head = [*HEAD, "合同相对人", "企业规模(签约时)", "企业性质"]
        contracts = [head, ["1", "甲", "东方公司", "小型", "民营"], ["2", "乙", "东方公司", "中型", "民营"]]
        reading = say({"合同台账": contracts})
        assert only(reading, "party") == {"id": "东方公司", "name": "东方公司", "ownership": "private"}
        assert len(rows(reading, "contract")) == 2
        reason = "合同台账!D2 企业规模(签约时) says 小型 of the same party; neither is taken"
        assert refused(reading) == [("合同台账!D3", "中型", reason)]

        decided = say({"合同台账": contracts, "相对人": [["相对人名称", "企业规模(签约时)"], ["东方公司", "微型"]]})
        assert only(decided, "party")["size_at_signing"] == "micro"
        assert decided.refusals == []

    def test_units_are_known_by_name_on_every_sheet(self) -> None:
        reading = say(
            {
                "合同台账": [[*HEAD, "承办单位"], ["1", "道路", "区住建局"]],
                "单位": [["单位名称", "单位性质", "任职日期"], ["区住建局", "机关", date(2026, 1, 5)]],
                "投诉": [["被投诉单位", "投诉类型", "收到日期"], ["区交通局", "拖欠账款", date(2026, 4, 1)]],
                "逾期未付公开": [["单位名称", "公开年度", "逾期合同数量"], ["区住建局", "2025年", 0]],
            }
        )
        assert {unit["id"]: unit.get("kind") for unit in rows(reading, "unit")} == {
            "区住建局": "authority",
            "区交通局": None,
        }
        assert only(reading, "complaint")["unit_id"] == "区交通局"
        assert only(reading, "disclosure") == {
            "id": "区住建局/2025",
            "unit_id": "区住建局",
            "year": 2025,
            "contracts": 0,
        }


class TestOfTwentyThousandRows:
    """Made contracts, milestones and payments; faults sown in five hundred rows."""

    def test_every_fault_is_reported_with_its_cell_and_every_other_row_is_in(self) -> None:
        chance = random.Random(20_000)
        sheets: dict[str, list[list[Cell]]] = {
            "合同台账": [
                [*HEAD, "合同类型", "合同金额(元)", "签订日期", "履行进度(%)", "付款期限(天)", "是否重大合同"]
            ],
            "履约节点": [
                ["合同统一编号", "节点序号", "节点名称", "义务方", "约定完成日期", "节点金额(元)", "完成情况"]
            ],
            "收付款": [["合同统一编号", "款项序号", "款项名称", "收/付", "应付金额", "应付日期", "实付金额"]],
        }
        for number in range(4000):
            sheets["合同台账"].append(_contract(chance, number))
        for number in range(8000):
            contract = f"HT-{number % 3000:05}"
            sheets["履约节点"].append(_milestone(chance, contract, number))
            sheets["收付款"].append(_payment(chance, contract, number))
        expected = {name: [_said(name, row) for row in table[1:]] for name, table in sheets.items()}
        sown = _sow(chance, sheets)

        reading = pull(workbook(sheets))

        assert {refusal.field.split(" ")[0] for refusal in reading.refusals} == set(sown)
        assert len(reading.refusals) == len(sown) == 500
        assert all(
            refusal.reason and not checked.refusals for checked in reading.nouns.values() for refusal in reading.broken
        )
        spoilt = {(cell.split("!")[0], int(cell.lstrip("合同台账履约节点收付款!ABCDEFGH"))) for cell in sown}
        for name, noun in (("合同台账", "contract"), ("履约节点", "obligation"), ("收付款", "payment")):
            good = [row for at, row in enumerate(expected[name], start=2) if (name, at) not in spoilt]
            assert rows(reading, noun) == good, name


def _contract(chance: random.Random, number: int) -> list[Cell]:
    day = date(2025, 1, 1) + timedelta(days=chance.randrange(600))
    amount = chance.choice((None, chance.randrange(10**9) / 100))
    progress = chance.choice((None, Shown(chance.randrange(101) / 100, "0%")))
    return [
        f"HT-{number:05}",
        f"道路{number}",
        "工程",
        amount,
        day,
        progress,
        chance.choice((None, 30)),
        chance.choice((None, "是", "否")),
    ]


def _milestone(chance: random.Random, contract: str, number: int) -> list[Cell]:
    day = date(2026, 1, 1) + timedelta(days=chance.randrange(600))
    amount = chance.choice((None, chance.randrange(10**8)))
    return [
        contract,
        number,
        f"节点{number}",
        chance.choice((None, "政府")),
        day,
        amount,
        chance.choice((None, "未完成")),
    ]


def _payment(chance: random.Random, contract: str, number: int) -> list[Cell]:
    paid = chance.choice((None, 0, chance.randrange(10**8)))
    return [
        contract,
        number,
        "进度款",
        "付",
        chance.choice((None, 1250.5)),
        chance.choice((None, "2026年3月2日")),
        paid,
    ]


def _said(sheet: str, row: list[Cell]) -> dict[str, object]:
    """What a good row becomes; nothing is said of what is empty."""
    amounts = {"合同台账": (3,), "履约节点": (5,), "收付款": (4, 6)}[sheet]
    money = [None if row[at] is None else round(float(str(row[at])) * 100) for at in amounts]
    currency = "CNY" if any(amount is not None for amount in money) else None
    found: dict[str, object]
    if sheet == "合同台账":
        share = round(row[5].value * 100) if isinstance(row[5], Shown) else None
        found = {
            "id": row[0], "number": row[0], "title": row[1], "kind": "GCJS", "jurisdiction": "CN", "currency": currency,
            "amount_minor": money[0], "signed_on": row[4], "progress_percent": share, "pay_term_days": row[6],
            "is_major": None if row[7] is None else row[7] == "是",
        }  # fmt: skip
    elif sheet == "履约节点":
        found = {
            "id": f"{row[0]}/{row[1]}", "contract_id": row[0], "side": row[3] and "government", "title": row[2],
            "currency": currency, "amount_minor": money[0], "due_on": row[4], "status": row[6] and "notMet",
        }  # fmt: skip
    else:
        found = {
            "id": f"{row[0]}/{row[1]}", "contract_id": row[0], "side": "government", "title": "进度款", "currency": currency,
            "amount_minor": money[0], "paid_minor": money[1], "due_on": row[5] and date(2026, 3, 2),
        }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


FAULTS: dict[str, dict[int, tuple[Cell, ...]]] = {
    "合同台账": {
        0: ("HT-00000", None, Formula("#REF!"), 20260000000000017.0),
        1: (None, "无", Formula("#N/A"), date(2026, 1, 1)),
        2: ("工程类", Formula("#NAME?")),
        3: ("约五万", "1,23", -(10.0**14), 1.005, Formula("#VALUE!"), Formula(""), date(2026, 1, 1)),
        4: ("2026年3月", "3/2/2026", 2026, 0, "2026-02-30", Formula("#DIV/0!"), True),
        5: (0.3, 1, Shown(0.333, "0%"), "三成", 130),
        6: ("30个工作日", 7.5, -1, Formula("#NUM!")),
        7: ("可能", 0, 1),
    },
    "履约节点": {
        1: (0, Formula("#N/A")),
        2: ("", "/"),
        3: ("监理", Formula("#REF!")),
        4: ("明年", 20261301, Formula("#VALUE!")),
        5: ("NaN", "5美元", Shown(0.5, "0.0%")),
        6: ("完了", 1),
    },
    "收付款": {
        3: ("借", Formula("#NULL!")),
        4: ("一万元", 10.0**13),
        5: ("无期", 45.5),
        6: ("(5)", Formula("#N/A"), 0.001),
    },
}


def _sow(chance: random.Random, sheets: dict[str, list[list[Cell]]]) -> list[str]:
    """Spoil one cell in each of five hundred rows; contracts that nothing belongs to, so that no more rows fall."""
    places = [("合同台账", row) for row in range(3001, 4001)]
    places += [(name, row) for name in ("履约节点", "收付款") for row in range(2000, 8001)]
    cells = []
    for sheet, row in chance.sample(places, 500):
        column = chance.choice(list(FAULTS[sheet]))
        value = chance.choice(FAULTS[sheet][column])
        if sheet == "履约节点" and column == 1 and value == 0:
            sheets[sheet][row][0] = sheets[sheet][1][0]  # the number of the first row of the same contract
        sheets[sheet][row][column] = value
        cells.append(f"{sheet}!{reference(row, column)}")
    return cells
