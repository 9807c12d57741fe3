"""The workbook that Lvyue writes: empty for people, full from our own rows; and that it is read back as what it was."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from monitor.domain.errors import RejectedError
from monitor.sources.ledger import LedgerSource
from monitor.sources.ledger_guide import INSTRUCTIONS, note
from monitor.sources.ledger_sheets import SHEETS, Column, Sheet
from monitor.sources.ledger_template import Cell, Row, template, write_ledger
from tests.office import Office, config
from tests.sources.ledgers import HEAD, Sheets, only, pull, rows, workbook

LANGS: tuple[Literal["zh", "en"], ...] = ("zh", "en")


def xml(content: bytes, part: str) -> str:
    """One part of a workbook as text."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return packed.read(part).decode()


def sample(column: Column, number: int) -> Cell:
    """A value for a column, another for each number."""
    if column.kind == "day":
        return date(2020, 1, 1) + timedelta(days=number * 13)
    if column.kind == "money":
        return (12_345_678_901_201 + number * 7) * (-1 if number % 2 else 1)
    if column.kind == "yes_no":
        return number % 2 == 0
    if column.kind in ("number", "percent", "rate"):
        return {"number": number % 99 + 1, "percent": number % 101, "rate": number * 12_345}[column.kind]
    if column.field == "currency":
        return ("CNY", "JPY", "USD")[number % 3]
    if column.kind == "code":
        codes = list(dict.fromkeys(column.words.values()))
        return codes[number % len(codes)]
    return f'=文字 & <{number}> "text"'


def filled(sheet: Sheet, number: int) -> Row:
    """A row in which every column that is read says something."""
    row: dict[str, Cell] = {
        c.key: sample(c, number + at) for at, c in enumerate(sheet.columns) if c.noun and not c.present
    }
    keys: dict[str, Cell] = {
        f"{sheet.noun}.contract_id": f"HT-{number}", "contract.number": f"HT-{number}", f"{sheet.noun}.id": f"N{number}",
        "unit.name": f"单位{number}", "party.name": f"企业{number}", "party.uscc": f"9100{number}A", "payment.obligation_id": "7",
        f"{sheet.noun}.unit_id": f"单位{number}", "disclosure.year": 2000 + number,
    }  # fmt: skip
    return row | {key: value for key, value in keys.items() if key in row}


def expected(sheet: Sheet, row: Row) -> Iterator[tuple[str, str, dict[str, Cell]]]:
    """Noun, id and fields that a row must become."""
    found: dict[tuple[str, str], dict[str, Cell]] = {}
    for column in sheet.columns:
        if (
            column.noun
            and not column.present
            and column.field not in ("id", "claim")
            and not column.field.endswith("_id")
        ):
            found.setdefault((column.noun, column.part), {})[column.field] = row[column.key]
    number = str(row.get("contract.number") or row.get(f"{sheet.noun}.contract_id") or "")
    own = str(row.get(f"{sheet.noun}.id") or "")
    for (noun, part), fields in found.items():
        key = f"{number}/{part or noun}" if sheet.noun == "contract" and noun != "contract" else f"{number}/{own}"
        plain = {
            "contract": number, "unit": str(row.get("unit.name")), "party": str(row.get("party.uscc")), "complaint": own,
            "disclosure": f"{row.get('disclosure.unit_id')}/{row.get('disclosure.year')}",
        }  # fmt: skip
        if sheet.zh == "纠纷":
            key = f"{number}/纠纷/{fields['clause']}"
        yield noun, plain.get(noun, f"{key}/{part}" if part and sheet.noun == "amendment" else key), fields


class TestRoundTrip:
    @pytest.mark.parametrize("lang", LANGS)
    def test_every_column_of_every_sheet_comes_back_as_it_went(self, lang: Literal["zh", "en"]) -> None:
        """A dispute's kind is a judgment or a claim; the other sheets' bodies are told apart by their names."""
        numbers = {sheet.zh: range(10 * at, 10 * at + 4) for at, sheet in enumerate(SHEETS, start=1)}
        made = {sheet.zh: [filled(sheet, number) for number in numbers[sheet.zh]] for sheet in SHEETS}
        for sheet in SHEETS:  # whatever belongs to a contract needs one
            for row in made[sheet.zh]:
                if f"{sheet.noun}.contract_id" in row:
                    made["合同台账"].append(
                        {"contract.number": row[f"{sheet.noun}.contract_id"], "contract.title": "另一合同"}
                    )
        made["合同台账"] = list({str(row["contract.number"]): row for row in made["合同台账"]}.values())

        reading = pull(write_ledger(made, lang=lang, title="演示数据"))

        assert reading.refusals == []
        good = {noun: {row["id"]: row for row in rows(reading, noun)} for noun in reading.nouns}
        for sheet in SHEETS:
            for row in made[sheet.zh]:
                if len(row) > 2:
                    _compare(good, sheet, row)

    def test_amounts_too_long_for_a_number_travel_as_text(self) -> None:
        row: Row = {"contract.number": "1", "contract.title": "大", "contract.amount_minor": 9_223_372_036_854_775_807}
        assert only(pull(write_ledger({"合同台账": [row]})), "contract")["amount_minor"] == 2**63 - 1

    def test_what_looks_like_a_formula_or_a_link_stays_text(self) -> None:
        row: Row = {
            "contract.number": "=1+1",
            "contract.title": "https://bad.example",
            "unit.name": "@SUM(A1)",
            "承办人": "-2+3",
        }
        content = write_ledger({"合同台账": [row]})
        assert "<f>" not in xml(content, "xl/worksheets/sheet1.xml")
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            assert "xl/worksheets/_rels/sheet1.xml.rels" not in packed.namelist()
        assert only(pull(content), "contract")["number"] == "=1+1"

    def test_what_a_ledger_does_not_have_is_refused(self) -> None:
        with pytest.raises(ValueError, match="a ledger has no sheet 台帐"):
            write_ledger({"台帐": []})
        with pytest.raises(ValueError, match=r"sheet 合同台账 has no column contract\.titel"):
            write_ledger({"合同台账": [{"contract.titel": "道路"}]})
        with pytest.raises(ValueError, match="Excel takes 32,767 characters"):
            write_ledger({"合同台账": [{"contract.title": "长" * 32_768}]})

    def test_the_same_rows_are_the_same_bytes(self) -> None:
        row: Row = {"contract.number": "1", "contract.title": "道路", "contract.signed_on": date(2026, 3, 2)}
        assert write_ledger({"合同台账": [row]}) == write_ledger({"合同台账": [row]})
        assert template("zh") == template("zh")


def _compare(good: Mapping[str, Mapping[str, Any]], sheet: Sheet, row: Row) -> None:
    for noun, key, fields in expected(sheet, row):
        found = good[noun][key]
        for field, value in fields.items():
            if sheet.zh == "纠纷" and field == "kind":
                assert found[field] in ("judgment", "claim")
            else:
                assert found[field] == value, f"{sheet.zh} {noun}.{field}"


class TestTheTemplate:
    @pytest.mark.parametrize("lang", LANGS)
    def test_it_is_read_back_as_a_ledger_without_a_row(self, lang: Literal["zh", "en"]) -> None:
        reading = pull(template(lang))
        assert reading.refusals == []
        assert {noun: checked.good.num_rows for noun, checked in reading.nouns.items()} == dict.fromkeys(
            reading.nouns, 0
        )
        assert len(reading.nouns) == 12

    @pytest.mark.parametrize("lang", LANGS)
    def test_it_helps_people_to_fill_it_in(self, lang: Literal["zh", "en"]) -> None:
        content = template(lang)
        names = re.findall(r'<sheet name="([^"]+)"([^>]*)/>', xml(content, "xl/workbook.xml"))
        page, lists = {"zh": ("填写说明", "词表"), "en": ("Instructions", "Lists")}[lang]
        assert [name for name, _ in names] == [page, *(sheet.name(lang) for sheet in SHEETS), lists]
        assert [name for name, more in names if "hidden" in more] == [lists]

        texts = xml(content, "xl/sharedStrings.xml")
        assert all(text in texts for text in INSTRUCTIONS[lang])
        contracts = xml(content, "xl/worksheets/sheet2.xml")
        assert '<pane xSplit="2" ySplit="1" topLeftCell="C2"' in contracts
        assert contracts.count("<dataValidation ") > 80
        comments = xml(content, "xl/comments1.xml")
        assert comments.count("<comment ") == len(SHEETS[0].columns)

    @pytest.mark.parametrize("lang", LANGS)
    def test_every_header_has_a_note_in_its_language(self, lang: str) -> None:
        for sheet in SHEETS:
            for column in sheet.columns:
                text = note(column, sheet, lang)
                assert text.endswith("。" if lang == "zh" else "."), column.zh
                assert "_" not in text, text
                assert (lang == "en") or not re.search(r"[a-z]{4}", text), text

    @pytest.mark.parametrize("lang", LANGS)
    def test_every_word_it_offers_is_understood(self, lang: Literal["zh", "en"]) -> None:
        """One contract for each word of the longest list: what a list offers may not be refused."""
        (sheet, *_) = SHEETS
        codes = [column for column in sheet.columns if column.kind == "code" and column.noun == "contract"]
        most = max(len(set(column.words.values())) for column in codes)
        made: list[dict[str, Cell]] = [{"contract.number": f"{n}", "contract.title": "道路"} for n in range(most)]
        for column in codes:
            words = list(dict.fromkeys(column.words.values()))
            for number, row in enumerate(made):
                row[column.key] = words[number % len(words)]
        reading = pull(write_ledger({"合同台账": made}, lang=lang))
        assert reading.refusals == []
        assert len(rows(reading, "contract")) == most


class TestTheVerb:
    def test_it_writes_a_workbook_once(self, tmp_path: Path) -> None:
        office = Office(tmp_path, config())
        file = tmp_path / "new" / "台账.xlsx"
        said = office.ok("ledger", "template", str(file), "--lang", "zh")
        assert "wrote" in said.err
        assert file.read_bytes() == template("zh")

        again = office.lvyue("ledger", "template", str(file))
        assert again.code == 2
        assert "is there already" in again.err
        assert file.read_bytes() == template("zh")

    def test_its_language_is_the_offices(self, tmp_path: Path) -> None:
        office = Office(tmp_path, config())
        office.ok("ledger", "template", str(tmp_path / "ledger.xlsx"))
        assert (tmp_path / "ledger.xlsx").read_bytes() == template("en")

    def test_another_ending_is_refused(self, tmp_path: Path) -> None:
        said = Office(tmp_path, config()).lvyue("ledger", "template", str(tmp_path / "ledger.xls"))
        assert said.code == 2
        assert "name it ledger.xlsx" in said.err


class TestInAnOffice:
    def test_the_command_line_shows_the_cell_and_the_last_good_row_stays(self, tmp_path: Path) -> None:
        file = tmp_path / "台账.xlsx"
        block = f'[[source]]\nname = "ledger"\nkind = "ledger"\nlocation = "{file}"\ncomplete = true'
        office = Office(tmp_path / "office", config(block, country="CN", zone="Asia/Shanghai"))
        head = [*HEAD, "履行截止日期"]
        file.write_bytes(
            workbook({"合同台账": [head, ["HT-1", "道路", date(2026, 9, 1)], ["HT-2", "桥梁", date(2026, 9, 2)]]})
        )
        assert "2 new" in office.ok("pull").out
        sheets: Sheets = {
            "合同台账": [head, ["HT-1", "道路", "九月"], ["HT-2", "桥梁", date(2026, 9, 3)]],
            "变更": [["合同统一编号"], ["HT-9"]],
        }
        file.write_bytes(workbook(sheets))

        said = office.ok("pull").out
        assert "1 changed" in said
        assert "0 vanished" in said
        shown = office.ok("sources", "quarantine", "--json").out
        assert '"合同台账!C2 履行截止日期"' in shown
        assert '"九月"' in shown
        assert '"HT-9"' in shown

    def test_settings_that_cannot_be_are_refused(self) -> None:
        with pytest.raises(ValueError, match='"ABC" is no ISO 4217 currency'):
            LedgerSource(name="ledger", location="x.xlsx", currency="ABC")
        with pytest.raises(ValueError, match="unit_of_money"):
            LedgerSource.model_validate({"name": "ledger", "location": "x.xlsx", "unit_of_money": "角"})

    def test_what_is_no_ledger_is_said_and_nothing_is_recorded(self, tmp_path: Path) -> None:
        (tmp_path / "x.xlsx").write_bytes(workbook({"Sheet1": [["a", "b"], [1, 2]]}))
        block = '[[source]]\nname = "ledger"\nkind = "ledger"\nlocation = "x.xlsx"'
        said = Office(tmp_path, config(block)).lvyue("pull")
        assert said.code == RejectedError.exit_code
        assert "no sheet is one of a ledger" in said.err
        assert "lvyue ledger template" in said.err
