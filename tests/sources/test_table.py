"""Tables of every format: what is read, what is refused, and in whose words."""

from __future__ import annotations

import io
import json
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
import xlsxwriter

from monitor.domain.errors import ConfigError, RejectedError
from monitor.sources import Reading, read
from monitor.sources.encoding import decode
from monitor.sources.fetch import Fetched
from monitor.sources.table import TableSource, plain_names

BY_NUMBER = "create view contract as select number as id, title, source_row from raw;"
BY_DOC = "create view contract as select doc->>'$.id' as id, doc->>'$.title' as title, source_row from raw;"


def page(content: bytes, location: str = "register.csv") -> Fetched:
    digest = sha256(content).hexdigest()
    return Fetched(content=content, sha256=digest, location=location, status=200, attempts=1)


class Desk:
    """A folder with one mapping in it, and a source that uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, *contents: bytes, mapping: str = BY_NUMBER, **settings: Any) -> Reading:
        return read(self.source(mapping, **settings), [page(content) for content in contents], self.folder)

    def source(self, mapping: str, *, file: str = "portal.sql", **settings: Any) -> TableSource:
        (self.folder / "portal.sql").write_text(mapping, encoding="utf-8")
        given = {"name": "portal", "location": "register.csv", "mapping": file} | settings
        return TableSource.model_validate(given)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def titles(found: Reading) -> dict[str, str]:
    good = found.nouns["contract"].good
    names = [number.removeprefix("portal:") for number in good["id"].to_pylist()]
    return dict(zip(names, good["title"].to_pylist(), strict=True))


# --- CSV ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_seen_in_the_header(desk: Desk, delimiter: str) -> None:
    text = f'number{delimiter}title\r\n7{delimiter}"Bridge{delimiter} and ""quay""\r\nin two lines"\r\n'
    assert titles(desk.read(text.encode())) == {"7": f'Bridge{delimiter} and "quay"\nin two lines'}


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("utf-8", "道路工程 Año"),
        ("utf-8-sig", "Educación y Año"),
        ("utf-16", "第二小学扩建工程"),
        ("gb18030", "第二小学扩建工程"),
        ("cp1252", "“Año” nº 3 – reparación"),
        ("latin-1", "Año nuevo, educación"),
        ("mac-roman", "Réfection de l'école à Nîmes"),
        ("cp1250", "Szkoła podstawowa, Łódź"),
        ("cp1251", "Ремонт школы"),
    ],
)
def test_letters_come_right_without_being_told_the_encoding(desk: Desk, encoding: str, title: str) -> None:
    assert titles(desk.read(f'number;title\n7;"{title}"\n'.encode(encoding))) == {"7": title}


def test_an_encoding_that_is_told_is_not_guessed(desk: Desk) -> None:
    cyrillic = "number;title\n7;Дом\n".encode("koi8-r")
    assert titles(desk.read(cyrillic, encoding="koi8-r")) == {"7": "Дом"}
    with pytest.raises(RejectedError, match=r"the text is not utf-8: invalid .* at byte 15"):
        desk.read(cyrillic, encoding="utf-8")
    with pytest.raises(ConfigError, match="no encoding 'klingon'"):
        desk.read(cyrillic, encoding="klingon")


def test_one_bad_byte_does_not_turn_every_letter_into_another(desk: Desk) -> None:
    whole = "number,title\n7,第二小学扩建工程\n8,道路工程\n".encode()
    damaged = whole.replace("第".encode(), b"\xe7\xac")
    assert titles(desk.read(damaged)) == {"7": "\ufffd二小学扩建工程", "8": "道路工程"}


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(RejectedError, match=r"report\.doc: this is not text"):
        decode(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0", "auto", where="report.doc")


def test_a_broken_row_is_refused_with_its_number_and_the_rest_goes_on(desk: Desk) -> None:
    text = b'number,title\n1,Bridge\n2,Quay, north\n3,Pier\n4\n5,"Dike\nand dam"\n,Sluice\n'
    found = desk.read(text)

    assert titles(found) == {"1": "Bridge", "3": "Pier", "5": "Dike\nand dam"}
    assert [(refusal.row, refusal.value, refusal.reason) for refusal in found.refusals] == [
        (2, "2,Quay, north", "has 3 cells instead of 2"),
        (4, "4", "has 1 cells instead of 2"),
        (6, None, "is empty; a contract must have it"),
    ]
    assert found.nouns["contract"].good["source_row"].to_pylist() == [1, 3, 5]


def test_rows_are_counted_on_over_the_pages(desk: Desk) -> None:
    found = desk.read(b"number,title\n1,Bridge\n2\n", b"number,title\n3,Pier\n4\n5,Dike\n")
    assert [refusal.row for refusal in found.broken] == [2, 4]
    assert found.nouns["contract"].good["source_row"].to_pylist() == [1, 3, 5]


@pytest.mark.parametrize("line", ['3,"Pier\n4,Dike\n5,Dam\n', '3,"Pier\n4,Dike\n5,Dam', '"3,Pier\n4,Dike\n'])
def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_rest(desk: Desk, line: str) -> None:
    with pytest.raises(RejectedError, match="a quotation mark is never closed"):
        desk.read(f"number,title\n1,Bridge\n{line}".encode())


def test_an_inch_mark_is_no_quotation_mark(desk: Desk) -> None:
    text = b'number,title\n1,Pipe 5" north\n2,"Quay\nand pier"\n'
    assert titles(desk.read(text)) == {"1": 'Pipe 5" north', "2": "Quay\nand pier"}


def test_lines_may_end_as_on_an_old_mac(desk: Desk) -> None:
    assert titles(desk.read(b"number,title\r1,Bridge\r2,Quay\r")) == {"1": "Bridge", "2": "Quay"}


def test_a_cell_of_several_megabytes_is_a_cell(desk: Desk) -> None:
    found = desk.read(b"number,title,shape\n1,Bridge,%s\n2,Quay,x\n" % (b"9" * 3_000_000))
    assert titles(found) == {"1": "Bridge", "2": "Quay"}


def test_columns_get_names_that_a_mapping_can_rely_on() -> None:
    assert plain_names(["Fecha  Inicio ", "N.° (SIGAF)", "合同名称", "合同名称", "", "Source Row"]) == [
        *("fecha_inicio", "n_sigaf", "合同名称", "合同名称_2", "column_5", "source_row_2")
    ]


def test_a_header_alone_is_a_register_without_contracts(desk: Desk) -> None:
    assert titles(desk.read(b"number,title\n")) == {}


# --- JSON ---


def test_records_are_found_under_their_path(desk: Desk) -> None:
    body = json.dumps({"result": {"page": 1, "records": [{"id": 7, "title": "路"}, {"id": 8, "title": "桥"}]}})
    assert titles(desk.read(body.encode(), mapping=BY_DOC, records="result.records")) == {
        "7": "路",
        "8": "桥",
    }
    with pytest.raises(RejectedError, match=r"expected a list of records under 'result\.rows'"):
        desk.read(body.encode(), mapping=BY_DOC, records="result.rows")
    with pytest.raises(RejectedError, match="expected a list of records at the top"):
        desk.read(b"[1, 2]", mapping=BY_DOC)


def test_json_lines_are_one_record_each(desk: Desk) -> None:
    found = desk.read(b'{"id": 7, "title": "Bridge"}\n\n{"id": 8, "title": "Quay"}\n', mapping=BY_DOC)
    assert titles(found) == {"7": "Bridge", "8": "Quay"}
    with pytest.raises(RejectedError, match="line 2 is not JSON"):
        desk.read(b'{"id": 7}\n{"id": 8, "ti', mapping=BY_DOC, format="jsonl")


@pytest.mark.parametrize(
    "body",
    [b'[{"id": 7, "title": "Bri', b'[{"id": NaN}]', b"[" * 100_000, b'[{"id": "\xff"}]', b'{"id": 1}}'],
)
def test_json_that_breaks_off_or_is_none_is_refused(desk: Desk, body: bytes) -> None:
    with pytest.raises(RejectedError, match="the JSON cannot be read"):
        desk.read(body, mapping=BY_DOC)


def test_half_a_character_in_json_is_a_question_mark(desk: Desk) -> None:
    assert titles(desk.read(rb'[{"id": 7, "title": "Bridge \ud800"}]', mapping=BY_DOC)) == {"7": "Bridge ?"}


def test_the_next_page_is_where_the_page_says(desk: Desk) -> None:
    source = desk.source(BY_DOC, records="data", next="links.next")
    assert source.next_page(page(b'{"data": [], "links": {"next": "/page/2"}}')) == "/page/2"
    assert source.next_page(page(b'{"data": [], "links": {"next": null}}')) is None
    assert source.next_page(page(b"number,title\n")) is None


# --- XLSX and Parquet ---


def workbook(*rows: list[Any]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        grey = book.add_format({"bg_color": "#eeeeee"})
        for n, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(n, column, value)
        for n in range(len(rows), len(rows) + 50):
            sheet.write_blank(n, 0, None, grey)
    return out.getvalue()


def test_a_whole_number_of_a_workbook_stays_whole(desk: Desk) -> None:
    mapping = (
        "create view contract as select number as id, title, signed as signed_on, 'CNY' as currency, amount from raw;"
    )
    found = desk.read(
        workbook(
            ["Number", "Title", "Signed", "Amount"],
            [2026001, "Road", date(2026, 3, 1), 1250000.5],
            ["HT-2", "Bridge", None, None],
        ),
        mapping=mapping,
    )
    good = found.nouns["contract"].good.to_pylist()
    assert [(c["id"], c["signed_on"], c["amount_minor"]) for c in good] == [
        ("portal:2026001", date(2026, 3, 1), 125000050),
        ("portal:HT-2", None, None),
    ]
    assert found.refusals == []


def test_a_cell_of_a_workbook_without_a_value_refuses_its_row_by_its_name(desk: Desk) -> None:
    """Test 27 of the promises: an error or a formula nobody calculated is never an empty cell, let alone 0."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("合同")
        for row, cells in enumerate([["Number", "Title"], ["A", "Road"], ["B", ""], ["C", "Bridge"]], start=2):
            sheet.write_row(row, 1, cells)
        sheet.write_formula(4, 2, "=NA()", None, "#N/A")
        sheet.write_formula(6, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(6, 2, "=1/0", None, "#DIV/0!")
    found = desk.read(out.getvalue())
    assert titles(found) == {"A": "Road", "C": "Bridge"}
    assert [(refusal.row, refusal.field, refusal.reason) for refusal in found.refusals] == [
        (2, "合同!C5", "shows the error #N/A"),
        (4, "合同!B7", "shows the error #DIV/0!"),
        (4, "合同!C7", "shows the error #DIV/0!"),
    ]
    assert found.nouns["contract"].good["source_row"].to_pylist() == [1, 3]


def test_a_damaged_workbook_is_refused(desk: Desk) -> None:
    with pytest.raises(RejectedError, match="the workbook cannot be unpacked"):
        desk.read(workbook(["Number", "Title"], [1, "Road"])[:200])


def test_parquet_is_read_as_text_and_whole_numbers_stay_whole(desk: Desk) -> None:
    out = io.BytesIO()
    columns = {"Number": [2026001.0, None], "Title": ["Road", "Bridge"], "Signed": [date(2026, 3, 1), None]}
    pyarrow.parquet.write_table(pa.table(columns), out)
    mapping = "create view contract as select number as id, title, signed as signed_on, source_row from raw;"
    found = desk.read(out.getvalue(), mapping=mapping)
    (contract,) = found.nouns["contract"].good.to_pylist()

    assert (contract["id"], contract["signed_on"]) == ("portal:2026001", date(2026, 3, 1))
    assert [(refusal.row, refusal.field) for refusal in found.refusals] == [(2, "id")]
    with pytest.raises(RejectedError, match="the Parquet file cannot be read"):
        desk.read(out.getvalue()[:60])


# --- Not data at all ---


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "answered with a web page"),
        (b"\n <html><body>503</body></html>", "answered with a web page"),
        (b"", "the answer is empty"),
        (b" \r\n ", "the answer is empty"),
        (b"Service temporarily unavailable", "this is not a table: its first line is 'Service"),
    ],
)
def test_an_answer_that_is_no_data_is_refused(desk: Desk, body: bytes, words: str) -> None:
    with pytest.raises(RejectedError, match=words):
        desk.read(body)


# --- Mappings ---


def test_a_payload_without_a_column_is_refused_by_the_columns_name(desk: Desk) -> None:
    with pytest.raises(RejectedError, match=r"(?s)does not have the columns.*portal\.sql.*\"title\"") as refusal:
        desk.read(b"number,name\n1,Bridge\n")
    assert "the last good state stays as it was" in refusal.value.hint


def test_a_column_of_some_editions_is_empty_in_the_others(desk: Desk) -> None:
    mapping = (
        "-- optional columns: status, plazo\n"
        "create view contract as select number as id, title, status, plazo as number from raw;"
    )
    found = desk.read(b"number,title\n1,Bridge\n", mapping=mapping)
    assert [(c["status"], c["number"]) for c in found.nouns["contract"].good.to_pylist()] == [(None, None)]


def test_a_column_that_no_noun_has_is_named_with_the_nearest(desk: Desk) -> None:
    mapping = "create view contract as select number as id, title, title as titel, number as end_at from raw;"
    with pytest.raises(RejectedError, match=r'contract\.titel: no such column; did you mean "title"') as refusal:
        desk.read(b"number,title\n1,Bridge\n", mapping=mapping)
    assert 'contract.end_at: no such column; did you mean "end_on"' in str(refusal.value)


@pytest.mark.parametrize(
    "statement",
    [
        "copy raw to 'out.csv'",
        "attach 'other.db'",
        "select * from raw",
        "insert into raw values (1)",
        "create table contract as select * from raw",
        "create schema elsewhere",
        "drop view raw",
        "pragma database_list",
        "set threads = 8",
        "install httpfs",
    ],
)
def test_a_mapping_may_only_create_views_and_macros(desk: Desk, statement: str) -> None:
    with pytest.raises(ConfigError, match="only `create view` and `create macro` may stand here"):
        desk.read(b"number,title\n1,Bridge\n", mapping=f"-- a remark\n{BY_NUMBER}\n/* and */ {statement};")


@pytest.mark.parametrize(
    "table",
    [
        "read_csv('/etc/passwd')",
        "'/etc/passwd'",
        "read_text('portal.sql')",
        "read_parquet('https://x.example/a')",
    ],
)
def test_a_mapping_sees_nothing_but_the_payload(desk: Desk, table: str) -> None:
    with pytest.raises(ConfigError, match=r"mapping portal\.sql"):
        desk.read(b"number,title\n1,Bridge\n", mapping=f"create view contract as select * from {table};")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("create view contract as selekt 1;", "syntax error"),
        ("create view contracts as select 1;", "creates no view of unit, party, contract"),
        ("-- nothing\n", "creates no view of"),
        ("create view contract as select * from rows;", "rows"),
    ],
)
def test_a_faulty_mapping_is_a_fault_of_the_settings(desk: Desk, mapping: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        desk.read(b"number,title\n1,Bridge\n", mapping=mapping)


def test_a_mapping_that_is_not_there_is_said_with_those_that_are(desk: Desk) -> None:
    with pytest.raises(ConfigError, match=r"no mapping at .*ba_obra\.sql") as fault:
        desk.source(BY_NUMBER, file="ba_obra").mapping_text(desk.folder)
    assert "ba_obras, nyc_25m, nyc_sca, ph_dpwh" in fault.value.hint

    (desk.folder / "latin.sql").write_bytes(b"-- \xf1\n")
    with pytest.raises(ConfigError, match=r"latin\.sql cannot be read"):
        desk.source(BY_NUMBER, file="latin.sql").mapping_text(desk.folder)


def test_a_mapping_without_an_end_is_stopped(desk: Desk) -> None:
    """Endless by time alone: what has to be held of each side is small, so that the cap on memory is not met first."""
    endless = (
        "create view contract as select count(*)::varchar as id, 'x' as title "
        "from range(100000) a, range(100000) b, range(100000) c;"
    )
    with pytest.raises(RejectedError, match=r"source portal: not read within 0\.5 seconds"):
        desk.read(b"number,title\n1,Bridge\n", mapping=endless, read_seconds=0.5)


def test_a_value_that_stops_the_mapping_refuses_the_payload_in_words(desk: Desk) -> None:
    mapping = "create view contract as select number as id, title, cast(title as date) as end_on from raw;"
    with pytest.raises(RejectedError, match=r"(?s)source portal: the mapping stops at a value: .*Bridge") as refusal:
        desk.read(b"number,title\n1,Bridge\n", mapping=mapping)
    assert "day()" in refusal.value.hint


def test_a_day_that_is_none_is_handed_on_and_refused_at_the_border(desk: Desk) -> None:
    mapping = "create view contract as select number as id, title, day(due, '%d/%m/%Y') as end_on, source_row from raw;"
    found = desk.read(b"number,title,due\n1,Bridge,31/12/2024\n2,Quay,31/11/2024\n3,Pier,\n", mapping=mapping)
    assert found.nouns["contract"].good["end_on"].to_pylist() == [date(2024, 12, 31), None]
    assert [(refusal.row, refusal.value, refusal.reason) for refusal in found.refusals] == [
        (2, "31/11/2024", "is not a date")
    ]


def test_the_reader_is_another_when_the_mapping_is(desk: Desk) -> None:
    first = desk.source(BY_NUMBER).reader_hash(desk.folder)
    assert desk.source(BY_NUMBER).reader_hash(desk.folder) == first
    assert desk.source(BY_NUMBER + "\n").reader_hash(desk.folder) != first
