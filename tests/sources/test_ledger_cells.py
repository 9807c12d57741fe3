"""One cell of a ledger: how people write days, amounts, shares, answers, and which of it nobody can be sure of."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from typing import Any

from monitor.sources.ledger_sheets import SHEETS
from tests.sources.ledgers import HEAD, Cell, Formula, Read, Shown, each, only, pull, refused, rows, say, workbook

MARCH = date(2026, 3, 2)


def values(header: str, cells: Sequence[Cell], field: str) -> list[Any]:
    """What the cells become; none may be refused."""
    found = each(header, cells, field)
    assert [(cell, read.why) for cell, read in zip(cells, found, strict=True) if read.why] == []
    return [read.value for read in found]


def why(header: str, cells: Sequence[Cell], field: str) -> list[str]:
    """Why the cells are refused; all must be."""
    found = each(header, cells, field)
    assert [cell for cell, read in zip(cells, found, strict=True) if read.why is None] == []
    return [str(read.why) for read in found]


class TestDays:
    def test_one_day_in_every_way_it_is_written(self) -> None:
        written: list[Cell] = [
            *(
                "2026年3月2日",
                "2026 年 3 月 2 日",
                "2026.3.2",
                "2026/3/2",
                "2026-03-02",
                "20260302",
                "2026．３．2",
                "2026年3月2号",
            ),
            *("2026-03-02 00:00:00", "2026/3/2 9:30", " 2026-3-2 ", 20260302, 46083, MARCH, Formula(46083)),
            *(Shown(46083, "yyyy/m/d"), Shown(46083, '[$-804]m"月"d"日"'), Shown(46083.65, "yyyy-mm-dd hh:mm")),
        ]
        assert values("签订日期", written, "signed_on") == [MARCH] * len(written)

    def test_what_names_no_day_or_two(self) -> None:
        texts: list[Cell] = [
            "2026年3月",
            "3/2/2026",
            "26-3-2",
            "2026-02-30",
            "20261301",
            "2026-03-02Z",
            "三月",
            "46083",
        ]
        numbers: list[Cell] = [2026, 0, 1.5, -46083, 2026.3, 99999999, True]
        formats: list[Cell] = [Shown(0, "yyyy-mm-dd"), Shown(0.5, "h:mm"), Shown(1.5, "[h]:mm")]
        reasons = why("签订日期", [*texts, *numbers, *formats], "signed_on")
        assert {reason.split(";")[0] for reason in reasons[:-1]} == {"is not a day"}

    def test_a_day_that_no_contract_has(self) -> None:
        reasons = why("签订日期", ["0206-03-02", "9999-12-31", date(9999, 12, 31)], "signed_on")
        assert set(reasons) == {"is not a year between 1900 and 2199"}

    def test_days_may_be_counted_from_1904(self) -> None:
        table: list[list[Cell]] = [[*HEAD, "签订日期", "履行开始日期"], ["HT-1", "道路", MARCH, 46083 - 1462]]
        contract = only(pull(workbook({"合同台账": table}, from_1904=True)), "contract")
        assert (contract["signed_on"], contract["start_on"]) == (MARCH, MARCH)


class TestMoney:
    def test_an_amount_to_the_cent(self) -> None:
        amounts: dict[Cell, int] = {
            1234.5: 123_450,
            0.1 + 0.2: 30,
            0: 0,
            -5: -500,
            Formula(1234.5): 123_450,
            "1,234.50": 123_450,
            "１，２３４．５０元": 123_450,
            "￥1,234.50": 123_450,
            "人民币 1234.5 元整": 123_450,
            "12.5万元": 12_500_000,
            "1.2亿元": 12_000_000_000,
            "99999999999999.99": 9_999_999_999_999_999,
        }
        assert values("合同金额(元)", list(amounts), "amount_minor") == list(amounts.values())
        assert values("合同价款", list(amounts), "amount_minor") == list(amounts.values())

    def test_an_amount_in_the_unit_that_its_header_names(self) -> None:
        amounts: dict[Cell, int] = {12.5: 12_500_000, "12.5": 12_500_000, 12.3456: 12_345_600, "1,234.50元": 123_450}
        for header in (
            "合同金额（万元）",
            "合同金额:万元",
            "合同金额（人民币万元）",
            "合同总价 (单位:万元)",
            "合同金额\n(万元)",
        ):
            assert values(header, list(amounts), "amount_minor") == list(amounts.values()), header
        assert values("合同总价(亿元)", [2], "amount_minor") == [20_000_000_000]

    def test_an_amount_that_is_not_exact(self) -> None:
        digits = "is a number of more than 15 digits with its cents, of which Excel keeps 15: write it as text"
        reasons: dict[Cell, str] = {
            **dict.fromkeys(
                ("约5万元", "1,23", "(5)", "5美元", "5-6万元", "壹万元整", MARCH, True), "is not an amount"
            ),
            **dict.fromkeys(("9" * 30, "99999999999999999999"), "is too large"),
            **dict.fromkeys((10.0**13, -(10.0**15)), digits),
            **dict.fromkeys((10000 / 3, "12.345元"), "has more decimals than CNY has"),
            Shown(0.5, "0%"): "is shown as per cent",
        }
        assert why("合同金额(元)", list(reasons), "amount_minor") == list(reasons.values())

    def test_a_note_above_the_table_says_the_unit_and_a_header_knows_better(self) -> None:
        head = [*HEAD, "合同金额", "结算总额(元)"]
        notes: list[list[Cell]] = [["某区政府合同台账"], ["填报单位:区司法局", None, "金额单位：万元"]]
        contract = only(say({"合同台账": [*notes, head, ["HT-1", "道路", 12.5, 12.5]]}), "contract")
        assert (contract["amount_minor"], contract["settled_amount_minor"]) == (12_500_000, 1250)

    def test_the_settings_say_the_unit_and_currency_where_the_ledger_does_not(self) -> None:
        table: list[list[Cell]] = [[*HEAD, "合同金额", "批准概算(元)"], ["HT-1", "道路", 12.5, 7]]
        contract = only(say({"合同台账": table}, unit_of_money="万元", currency="USD"), "contract")
        assert (contract["amount_minor"], contract["approved_estimate_minor"]) == (12_500_000, 700)
        assert contract["currency"] == "USD"

    def test_every_amount_is_in_the_currency_of_its_row_or_of_its_contract(self) -> None:
        contracts: list[list[Cell]] = [[*HEAD, "合同金额(元)", "币种"], ["1", "甲", 5, "日元"], ["2", "乙", 5, "usd"]]
        contracts.append(["3", "丙", 5, "贝壳"])
        sums: list[list[Cell]] = [
            ["合同统一编号", "款项名称", "应付金额", "币种"],
            ["1", "尾款", 7, None],
            ["1", "预付款", 7, "人民币"],
        ]
        reading = say({"合同台账": contracts, "收付款": sums})
        found = [(row["currency"], row["amount_minor"]) for row in rows(reading, "contract")]
        assert found == [("JPY", 5), ("USD", 500)]
        assert [(row["currency"], row["amount_minor"]) for row in rows(reading, "payment")] == [
            ("JPY", 7),
            ("CNY", 700),
        ]
        assert refused(reading) == [("合同台账!D4", "贝壳", "is not an ISO 4217 currency")]


class TestShares:
    def test_thirty_per_cent(self) -> None:
        written: list[Cell] = [Shown(0.3, "0%"), Shown(0.3, "0.00%"), "30%", "30％", 30, "30", " 30 % ", 30.0]
        assert values("履行进度(%)", written, "progress_percent") == [30] * len(written)

    def test_what_may_be_a_part_or_per_cents_is_neither(self) -> None:
        reasons = why("履行进度(%)", [0.3, "0.3", 1, "1", Shown(0.3, '0.0"%"'), 0.01], "progress_percent")
        assert reasons[0] == "may be 0.3 % or 30 %: write it with a per cent sign"
        assert all(reason.endswith("write it with a per cent sign") for reason in reasons)

    def test_with_its_sign_one_is_clear_and_nought_always_was(self) -> None:
        shares: dict[Cell, int] = {Shown(1, "0%"): 100, "1%": 1, 0: 0, "0": 0, Shown(0, "0%"): 0}
        assert values("履行进度(%)", list(shares), "progress_percent") == list(shares.values())

    def test_what_is_no_share_and_no_share_is_rounded(self) -> None:
        reasons: dict[Cell, str] = {
            **dict.fromkeys(("33.3%", Shown(0.333, "0%"), 66.7), "is not a whole per cent"),
            **dict.fromkeys(("105%", -3), "is not between 0 and 100"),
            **dict.fromkeys(("三成", MARCH, "30%左右"), "is not per cent"),
        }
        assert why("履行进度(%)", list(reasons), "progress_percent") == list(reasons.values())

    def test_only_prices_move_down_and_beyond_a_hundred_per_cent(self) -> None:
        table: list[list[Cell]] = [
            ["合同统一编号", "变更次序", "价格变动幅度(%)"],
            ["1", 1, -12],
            ["1", 2, "150%"],
            ["1", 3, "-101%"],
        ]
        reading = say({"合同台账": [HEAD, ["1", "道路"]], "变更": table})
        assert [row["price_move_percent"] for row in rows(reading, "amendment")] == [-12, 150]
        assert refused(reading) == [("变更!C4", "-101%", "is not between -100 and 10000")]

    def test_a_rate_of_interest(self) -> None:
        written: list[Cell] = [Shown(0.0345, "0.00%"), "3.45%", "3.45 ％"]
        assert values("逾期利率（年）", written, "late_rate_ppm") == [34_500] * 3

    def test_a_rate_without_its_sign_may_be_one_a_day(self) -> None:
        reasons = why("逾期利率(年)", [0.0345, 3.45, "日万分之五", "0.5‰", "LPR"], "late_rate_ppm")
        assert set(reasons) == {"is not a rate with a per cent sign, as 3.45%"}

    def test_a_sign_in_the_header_is_a_sign(self) -> None:
        found = each("质量保证金(%)", [3, 1.5, 0.03], "retention_ppm")
        assert found[:2] == [Read(30_000), Read(15_000)]
        assert found[2].why == "may be 0.03 % or 3 %: write it with a per cent sign"


class TestAnswers:
    def test_yes_and_no(self) -> None:
        yes: list[Cell] = ["是", "√", "有", True, "Y", "yes"]
        no: list[Cell] = ["否", "×", "无", False, "no", "没有"]
        assert values("有无预算指标", [*yes, *no], "has_budget") == [True] * 6 + [False] * 6

    def test_a_number_is_no_answer_for_a_formula_on_an_empty_cell_gives_nought(self) -> None:
        reasons = why("是否重大合同", [0, 1, "可能", "是的吧", MARCH, Formula(0)], "is_major")
        assert set(reasons) == {"is neither yes nor no (是 or 否)"}

    def test_the_number_of_a_document_means_that_there_is_one(self) -> None:
        written: list[Cell] = ["区财预〔2026〕1号", 20261, "无", "/", Formula(0)]
        assert values("预算指标文号", written, "has_budget") == [True, True, False, None, None]

    def test_two_columns_that_contradict_each_other(self) -> None:
        table: list[list[Cell]] = [
            [*HEAD, "预算指标文号", "有无预算指标"],
            ["1", "甲", "财预1号", "有"],
            ["2", "乙", "财预2号", "无"],
        ]
        reading = say({"合同台账": table})
        assert only(reading, "contract")["id"] == "1"
        ((place, found, reason),) = refused(reading)
        assert place == "合同台账!D3"
        assert (found, reason) == ("无", "contradicts another column of this row, which says true")

    def test_a_word_in_its_spellings(self) -> None:
        assert set(values("履行状态", ["履行中", "正在履行", " 履 行 中 ", "active", "ACTIVE"], "status")) == {"active"}

    def test_a_word_that_nobody_knows_is_answered_with_those_that_are(self) -> None:
        reasons = why("资金来源", ["上级补助", "grant"], "fund_source")
        assert reasons == ["is none of 财政资金, 其他资金", "is none of fiscal, other"]

    def test_a_duty_may_have_a_name_of_its_own(self) -> None:
        table: list[list[Cell]] = [
            ["合同统一编号", "节点名称", "义务类型"],
            ["1", "甲", "交地"],
            ["1", "乙", "树苗补植"],
        ]
        reading = say({"合同台账": [HEAD, ["1", "造林"]], "履约节点": table})
        assert [row["kind"] for row in rows(reading, "obligation")] == ["land_handover", "树苗补植"]


class TestTextAndNumbers:
    def test_a_whole_number_of_a_document_stays_whole(self) -> None:
        contract = only(say({"合同台账": [HEAD, [2026001, "道路"]]}), "contract")
        assert (contract["id"], contract["number"]) == ("2026001", "2026001")

    def test_digits_that_excel_has_lost_are_missed(self) -> None:
        ((place, _, reason),) = refused(say({"合同台账": [HEAD, [202600100000000017, "道路"]]}))
        assert place == "合同台账!A2"
        assert reason == "is a number of more than 15 digits, of which Excel keeps 15: write it as text"

    def test_a_clause_that_excel_made_a_date_of(self) -> None:
        table: list[list[Cell]] = [["合同统一编号", "节点名称", "条款号"], ["1", "开工", MARCH]]
        ((place, _, reason),) = refused(say({"合同台账": [HEAD, ["1", "甲"]], "履约节点": table}))
        assert place == "履约节点!C2"
        assert reason.startswith("is a date or time, not text: Excel changed what was typed")

    def test_a_dash_says_nothing(self) -> None:
        dashes: list[Cell] = ["/", "—", "——", "-", "待定", "N/A", "／", " 暂无 ", "", "　", None]
        headers = {
            "签订日期": "signed_on", "合同金额(元)": "amount_minor", "履行进度(%)": "progress_percent", "合同类型": "kind",
            "付款期限(天)": "pay_term_days", "是否重大合同": "is_major", "合同文本哈希": "text_hash",
            "逾期利率(年)": "late_rate_ppm",
        }  # fmt: skip
        table: list[list[Cell]] = [[*HEAD, *headers]]
        table += [[str(number), "道路", *([dash] * len(headers))] for number, dash in enumerate(dashes)]
        table.append(["wu", "道路", *("无" if header != "是否重大合同" else None for header in headers)])
        reading = say({"合同台账": table})
        assert reading.refusals == []
        assert {tuple(row) for row in rows(reading, "contract")} == {("id", "number", "title", "jurisdiction")}
        assert len(rows(reading, "contract")) == len(dashes) + 1

    def test_days_to_pay(self) -> None:
        days: dict[Cell, int] = {
            30: 30,
            "30天": 30,
            "30 日": 30,
            "３０个自然日": 30,
            0: 0,
            "1,000": 1000,
            "30 days": 30,
        }
        assert values("付款期限(天)", list(days), "pay_term_days") == list(days.values())
        assert (
            len(
                why(
                    "付款期限(天)",
                    ["30个工作日", "3个月", 7.5, "30-60", MARCH, -1, 10**6, Shown(0.3, "0%")],
                    "pay_term_days",
                )
            )
            == 8
        )

    def test_an_error_is_no_empty_cell(self) -> None:
        errors = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?")
        shown = [f"shows the error {error}" for error in errors]
        assert why("合同金额(元)", [Formula(error) for error in errors], "amount_minor") == shown
        assert why("合同类型", [*errors], "kind") == shown
        (uncalculated,) = why("合同金额(元)", [Formula("")], "amount_minor")
        assert uncalculated.startswith("holds a formula that was never calculated")

    def test_a_cell_of_a_novel_is_refused_and_looks_no_longer_than_two_hundred(self) -> None:
        ((_, shown, reason),) = refused(say({"合同台账": [[*HEAD, "合同文本哈希"], ["1", "甲", "长" * 10_001]]}))
        assert reason == "is longer than 10000 characters"
        assert shown == "长" * 200


class TestWhateverStandsThere:
    """Made nonsense in every column of every sheet."""

    def test_the_border_has_nothing_left_to_refuse_and_every_refusal_names_its_cell(self) -> None:
        chance = random.Random(7)
        sheets: dict[str, list[list[Cell]]] = {}
        for sheet in SHEETS:
            sheets[sheet.zh] = [[column.zh for column in sheet.columns]]
            for number in range(60):
                row = [chance.choice(NONSENSE) if chance.random() < 0.05 else None for _ in sheet.columns]
                for at, column in enumerate(sheet.columns):
                    if column.required:
                        row[at] = 2025 if column.kind == "number" else f"{column.zh} {number}"
                sheets[sheet.zh].append(row)
        reading = say(sheets)
        assert [checked.refusals for checked in reading.nouns.values()] == [()] * 12
        assert len(reading.broken) > 300
        assert {refusal.field.split("!")[0] for refusal in reading.broken} == {sheet.zh for sheet in SHEETS}


NONSENSE: tuple[Cell, ...] = (
    *(
        "",
        0,
        1,
        -1,
        0.3,
        30,
        1e5,
        46083,
        20260302,
        2026,
        1e13,
        12345678901234567.0,
        "无",
        "/",
        "是",
        "否",
        "2026年3月2日",
        "30%",
    ),
    *(
        "12.5万元",
        "30天",
        "政府",
        "付",
        "已完成",
        "人民币",
        "ABC",
        "x" * 70,
        "x" * 10_001,
        "HT-1",
        True,
        False,
        MARCH,
        "=1+1",
        "１",
    ),
    *(
        "1,234.50",
        "99999999999999999999",
        "　",
        "诉讼",
        Formula("#N/A"),
        Formula(""),
        Formula(3.5),
        Shown(0.3, "0%"),
        Shown(0, "yy"),
    ),
)
