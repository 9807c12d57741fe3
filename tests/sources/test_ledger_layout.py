"""Where things stand in a real ledger: titles above, totals below, merged cells, headers and sheets in any order."""

from __future__ import annotations

import io
from datetime import date

import pytest
import xlsxwriter

from monitor.domain.errors import RejectedError
from tests.sources.ledgers import HEAD, Cell, Formula, only, pull, refused, rows, say, workbook

DAY = date(2026, 3, 2)


class TestAroundTheTable:
    def test_titles_totals_notes_and_blank_rows_are_no_contracts(self) -> None:
        table: list[list[Cell]] = [
            ["某区政府合同台账（2026年）"],
            ["填报单位：区司法局", None, None, "单位：万元"],
            [],
            ["序号", *HEAD, "合同金额", "备注"],
            [1, 2, 3, 4, 5],
            [1, "HT-1", "道路", 10, None],
            [2, "HT-2", "桥梁", 20, "小计另计"],
            ["小  计", None, None, 30],
            ["序号", *HEAD, "合同金额", "备注"],
            [3, None, None, None, "待补"],
            [4, "HT-4", "码头", 5, None],
            [None, "合计", None, Formula(35)],
            [None] * 5,
            ["填表人：张三", None, "审核人：李四", None],
            ["注：金额以合同为准"],
            ["联系电话：12345"],
        ]
        reading = say({"合同台账": table})
        assert reading.refusals == []
        found = [(row["id"], row["title"], row["amount_minor"]) for row in rows(reading, "contract")]
        assert found == [("HT-1", "道路", 10_000_000), ("HT-2", "桥梁", 20_000_000), ("HT-4", "码头", 5_000_000)]
        assert reading.nouns["contract"].good["source_row"].to_pylist() == [6, 7, 11]

    def test_a_row_without_its_number_is_no_footnote(self) -> None:
        reading = say({"合同台账": [[*HEAD, "签订日期"], [None, "道路", DAY], ["HT-2", None, DAY]]})
        empty = "is empty; every row must have it"
        assert refused(reading) == [("合同台账!A2", None, empty), ("合同台账!B3", None, empty)]

    def test_the_same_number_again_is_refused_by_name(self) -> None:
        reading = say({"合同台账": [HEAD, ["HT-1", "道路"], ["ＨＴ－1", "道路二期"], ["HT-1", "道路"]]})
        assert only(reading, "contract")["title"] == "道路"
        assert [(cell, reason) for cell, _, reason in refused(reading)] == [
            ("合同台账!A3", "stands in 合同台账!A2 合同统一编号 already"),
            ("合同台账!A4", "stands in 合同台账!A2 合同统一编号 already"),
        ]


class TestMergedCells:
    def test_what_spans_rows_is_said_of_each_but_an_amount(self) -> None:
        table: list[list[Cell]] = [
            ["履约节点一览表"],
            ["合同统一编号", "节点名称", "约定完成日期", "节点金额(元)"],
            ["HT-1", "开工", DAY, 5],
            [None, "完工", None, 7],
            [None, "验收", None, None],
            ["HT-2", "开工", None, None],
        ]
        merged = {"履约节点": ["A1:D1", "A3:A5", "C3:C4", "D4:D5"]}
        reading = pull(
            workbook({"合同台账": [HEAD, ["HT-1", "道路"], ["HT-2", "桥梁"]], "履约节点": table}, merged=merged)
        )
        found = [(row["id"], row.get("due_on"), row.get("amount_minor")) for row in rows(reading, "obligation")]
        assert found == [("HT-1/开工", DAY, 500), ("HT-2/开工", None, None)]
        reason = "stands in a cell merged over several rows: write the amount into the row it belongs to"
        assert refused(reading) == [("履约节点!D4", "7", reason), ("履约节点!D5", "7", reason)]

    def test_a_header_of_two_rows(self) -> None:
        table: list[list[Cell]] = [
            ["合同统一编号", "合同名称", "备案", None, "合同金额(万元)"],
            [None, None, "司法备案日期", "备案号", None],
            ["HT-1", "道路", DAY, "司备1号", 3],
        ]
        content = workbook({"合同台账": table}, merged={"合同台账": ["A1:A2", "B1:B2", "C1:D1", "E1:E2"]})
        reading = pull(content)
        assert only(reading, "contract")["amount_minor"] == 3_000_000
        filing = only(reading, "filing")
        assert (filing["filed_on"], filing["receipt"]) == (DAY, "司备1号")
        assert reading.refusals == []


class TestHeaders:
    def test_any_order_and_spelling(self) -> None:
        table: list[list[Cell]] = [
            [
                "★合同金额\n（万元）",
                "领导批示",
                " 合 同 名 称 *",
                "签约日期：",
                "合同编号",
                "付款期限（日历天）",
                "中标通知书发出日期",
            ],
            [3, "同意", "道路", DAY, "HT-1", 30, DAY],
        ]
        contract = only(say({"2026年政府合同台账": table}), "contract")
        assert contract == {
            "id": "HT-1", "number": "HT-1", "title": "道路", "jurisdiction": "CN", "currency": "CNY", "amount_minor": 3_000_000,
            "award_notice_on": DAY, "signed_on": DAY, "pay_term_days": 30,
        }  # fmt: skip

    def test_english_headers(self) -> None:
        contracts: list[list[Cell]] = [["Contract number", "Contract title", "Amount (yuan)", "Kind of contract"]]
        contracts.append(["HT-1", "Road", 5, "construction"])
        reading = say({"Contracts": contracts, "Payments": [["Contract number", "Received or paid"], ["HT-1", "paid"]]})
        assert (only(reading, "contract")["amount_minor"], only(reading, "contract")["kind"]) == (500, "GCJS")
        assert only(reading, "payment")["side"] == "government"

    def test_a_header_that_is_nearly_one_is_pointed_out(self) -> None:
        reading = say({"合同台账": [[*HEAD, "履行载止日期", "集体讨论情况"], ["HT-1", "道路", DAY, "已讨论"]]})
        (refusal,) = reading.refusals
        assert (refusal.noun, refusal.row, refusal.field, refusal.value) == ("header", 1, "合同台账!C1", "履行载止日期")
        assert refusal.reason == "is no column of sheet 合同台账 and is not read; did you mean 履行截止日期?"
        assert only(reading, "contract")["id"] == "HT-1"

    def test_one_header_twice_is_refused_and_the_usual_spelling_wins_over_another(self) -> None:
        with pytest.raises(RejectedError, match=r"合同台账!C1 and 合同台账!D1 are both headers of 合同金额\(元\)"):
            say({"合同台账": [[*HEAD, "合同金额(元)", "合同金额（元）"], ["HT-1", "道路", 1, 2]]})
        reading = say({"合同台账": [["编号", *HEAD], ["7", "HT-1", "道路"]]})
        assert only(reading, "contract")["id"] == "HT-1"


class TestSheets:
    def test_a_sheet_is_known_by_its_headers_when_its_tab_says_nothing(self) -> None:
        reading = say(
            {
                "Sheet3": [["合同统一编号", "款项名称", "应付金额", "应付日期"], ["HT-1", "尾款", 5, DAY]],
                "Sheet1": [["说明文字"], ["无关"]],
                "Sheet2": [[*HEAD, "签订日期"], ["HT-1", "道路", DAY]],
            }
        )
        assert only(reading, "contract")["id"] == "HT-1"
        assert only(reading, "payment")["due_on"] == DAY

    def test_two_sheets_may_be_one_of_the_ledger(self) -> None:
        reading = say(
            {"合同台账2025": [[*HEAD], ["HT-1", "道路"]], "合同台账2026": [[*HEAD], ["HT-2", "桥梁"], ["HT-1", "道路"]]}
        )
        assert [row["id"] for row in rows(reading, "contract")] == ["HT-1", "HT-2"]
        assert refused(reading) == [("合同台账2026!A3", "HT-1", "stands in 合同台账2025!A2 合同统一编号 already")]

    def test_a_ledger_of_payments_alone_says_nothing_of_contracts(self) -> None:
        reading = say({"收付款": [["合同统一编号", "款项名称", "实付金额"], ["HT-1", "尾款", 5]]})
        assert list(reading.nouns) == ["payment"]
        assert reading.nouns["payment"].cells == {"HT-1/尾款": "收付款!A2 合同统一编号"}

    def test_a_sheet_of_the_ledger_without_its_header_is_said(self) -> None:
        with pytest.raises(RejectedError, match="sheet 变更 has no row with the headers 合同统一编号") as refusal:
            say({"合同台账": [HEAD], "变更": [["合同", "变更事项"], ["HT-1", "延期"]]})
        assert "lvyue ledger template" in refusal.value.hint

    def test_a_workbook_of_something_else_is_refused(self) -> None:
        with pytest.raises(RejectedError, match="no sheet is one of a ledger: none of 通讯录 has a row"):
            say({"通讯录": [["姓名", "电话"], ["张三", "12345"]]})

    def test_what_was_refused_was_seen_and_has_not_vanished(self) -> None:
        """With everything that its row mentions."""
        head = [*HEAD, "签订日期", "司法备案日期", "履约保证金(元)"]
        reading = say({"合同台账": [head, ["HT-1", "道路", "三月", DAY, 5]]})
        seen = {noun: checked.seen["id"].to_pylist() for noun, checked in reading.nouns.items()}
        assert seen["contract"] == ["ledger:HT-1"]
        assert seen["filing"] == ["ledger:HT-1/legal"]
        assert seen["guarantee"] == ["ledger:HT-1/performance"]
        assert [rows(reading, noun) for noun in ("contract", "filing", "guarantee")] == [[], [], []]


def test_everything_that_excel_does_to_a_ledger_is_read_right_or_refused_by_its_cell() -> None:
    """Test 27 of the promises: what is hidden by a filter counts, and nothing becomes 0 in silence."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("合同台账")
        table: list[list[str | float]] = [
            [*HEAD, "合同金额(元)", "签订日期"], ["HT-1", "道路", "1,234.56", "2026年3月1日"],
            ["HT-2", "桥梁", "1.234,56", "2026-03-01"], ["HT-3", "学校", 5, "03/04/2026"], ["HT-4", "医院", 7, "2026.3.4"],
            ["HT-5", "公园", "", ""], ["合计", "", 12, ""],
        ]  # fmt: skip
        for row, cells in enumerate(table):
            sheet.write_row(row, 0, cells)
        sheet.set_row(4, None, None, {"hidden": True})
        sheet.write_formula(5, 2, "=C5*2", None, "")
    reading = pull(out.getvalue())
    assert [(row["id"], row["amount_minor"], str(row["signed_on"])) for row in rows(reading, "contract")] == [
        ("HT-1", 123_456, "2026-03-01"), ("HT-4", 700, "2026-03-04"),
    ]  # fmt: skip
    assert [(cell, reason.split(":")[0]) for cell, _, reason in refused(reading)] == [
        ("合同台账!C3", "is not an amount"), ("合同台账!D4", "is not a day; write it as 2026-03-02 or 2026年3月2日"),
        ("合同台账!C6", "holds a formula that was never calculated"),
    ]  # fmt: skip
