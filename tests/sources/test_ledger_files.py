"""Workbooks as files: every format, damage, and what only looks like a workbook."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import pytest

from monitor.domain.errors import RejectedError
from tests.sources.ledgers import HEAD, only, pull, refused, rows, say, workbook

XLS = zlib.decompress(
    base64.b85decode(
        "c-rk)O-NKx6#njeZ=9dTamG~Az(mm06e?S^(dmb@MTzD>KS-s`kYQ>JEiz%$Y(NOfXj4%O!=g4;n|`REb}a&}7C{kd5iML~P}D+woqOIJ)5*Yr6q5Hn?s@"
        "l|d(ORQ?m72o-tdrbr2kIVDB@5K6;rwsNi$@EiZjM|LG8LOtFgC(if-Y*g402POtRr&@^ib4p^Wz^6x`OH5(Pd`slzc;wYG$E77<(6hk7A>C=(jxo`TC%J"
        "ji6fQkfoNx}51P)_ufu6H9uTmXYp=*oPs1RnbN>kM}6K+~y%FaF1=?uw)(5@l57%N1rfsZP*+>Qh#)*G-PXT41i)?8EOfIC7*(8Z~<+ElIG@;U~mL!lm`R"
        "&uIB*XVhjFBjwN4Qxd6$3&X(K%B6m;_=aM_=iI<;OG@ujuK_Rn0N?ZA$CR;S&2)F~|wfVhKxiaiBYgF+$BqbAwkPLA19>I$5BdE&g_))7FY;s_{&2Cg*oV"
        "#+N09$JcL2Z%tt7kriRvo6cP~DE6w`Z^KFF+m&<<hI|`_fB8Zx58LCoa_3)o5^~#EBCd_8Qz;0rJ8nPaoc`yt8(zWM0E=qCuo^-N!50OLH=D^Xto<4b}bw"
        "Ea~JE$~edJ<Qzapm$V>b54Z3%&`JS{*kTRSQ{3xHu4ge#BOQ9@SErkmif-09&8_(~PATJ+fAx%d0o9{pHTSclAN_??AFLcbnKt;^-;Z31QjqNB(~V+LEG}"
        "J?c;Jt{g}LLsW19KL?&navrti9WSf^l8E^C61slmzF5!0Mv&XvKb#HrJqMx18$EaG~OC@z-yP;sN3^#%7VXYMgp@NVtHSdX2&_6#fJV>|aK`%-wM*<LE#S"
        "CTol5knbZo8ll&_EjXLtvbgqRN2;H+Nx|TZz<A8m4AgCyIe`dT{#S$4ZpD%Ii*a~|23zSdFE6sQ{wfFOmUg|My4!_#RPN3#DWD27A#n>u#gbu-9$BSzc%v"
        "*WH-O-Oj4P$K9ek2>_RI&$LSy9Hnh+?jJAaGCj&MS>r2ejCicBhVmFN*MiUy?kEVq4mu|3P=I@!eq4(b{p+v`@O2p3v9{(5GXfvM"
    )
)
"""Three contracts and a hidden sheet as an .xls; HT-2 has #N/A for its amount, HT-3 a bare 0.3 for its progress. Made data."""

XLSX_PARTS = ("xl/workbook.xml", "xl/worksheets/sheet1.xml")


def parts(content: bytes) -> dict[str, bytes]:
    """What an archive holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(found: Mapping[str, bytes | str]) -> bytes:
    """An archive of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in found.items():
            archive.writestr(name, part)
    return out.getvalue()


GOOD = workbook({"合同台账": [HEAD, ["HT-1", "道路"]]})


def changed(part: str, old: bytes, new: bytes) -> bytes:
    """The good workbook with one part rewritten."""
    found = parts(GOOD)
    assert old in found[part]
    return packed(found | {part: found[part].replace(old, new)})


class TestFormats:
    def test_an_old_xls_shows_its_errors_and_per_cents(self) -> None:
        reading = pull(XLS, "ledger.xls")
        contract = only(reading, "contract")
        assert (contract["id"], contract["amount_minor"], contract["progress_percent"]) == ("2026001", 123_450, 30)
        assert [(cell, reason.split(":")[0]) for cell, _, reason in refused(reading)] == [
            ("合同台账!C3", "shows the error #N/A"),
            ("合同台账!E4", "may be 0.3 % or 30 %"),
        ]

    def test_an_ods_shows_them_too(self) -> None:
        reading = pull(ods([[*map(text, [*HEAD, "合同金额(元)", "履行进度(%)"])], [
            text("HT-1"), text("道路"), '<table:table-cell office:value-type="float" office:value="12.5"/>',
            '<table:table-cell office:value-type="percentage" office:value="0.3"/>',
        ], [text("HT-2"), text("桥梁"), ERROR]]), "ledger.ods")  # fmt: skip
        contract = only(reading, "contract")
        assert (contract["amount_minor"], contract["progress_percent"]) == (1250, 30)
        assert refused(reading) == [("合同台账!C3", None, "shows an error")]

    def test_an_xlsb_shows_them_too(self) -> None:
        reading = pull(xlsb(), "ledger.xlsb")
        contract = only(reading, "contract")
        assert (contract["id"], contract["progress_percent"]) == ("HT-1", 30)
        assert refused(reading) == [("合同台账!C3", None, "shows the error #REF!")]

    def test_cells_without_their_reference_are_counted(self) -> None:
        """Some programs leave it out."""
        found = parts(workbook({"合同台账": [[*HEAD, "合同金额(元)"], ["HT-1", "道路", 5]]}))
        sheet = found["xl/worksheets/sheet1.xml"].decode()
        for reference in ("A1", "B1", "C1", "A2", "B2", "C2"):
            sheet = sheet.replace(f' r="{reference}"', "")
        sheet = sheet.replace("<c><v>5</v>", '<c t="e"><v>#REF!</v>')
        reading = pull(packed(found | {"xl/worksheets/sheet1.xml": sheet}))
        assert refused(reading) == [("合同台账!C2", None, "shows the error #REF!")]

    def test_formulas_behind_the_cells_are_none_of_theirs(self) -> None:
        behind = b'</sheetData><extLst><ext xmlns:x="y"><x:f>Sheet2!A1</x:f><x:v/></ext></extLst>'
        assert only(pull(changed("xl/worksheets/sheet1.xml", b"</sheetData>", behind)), "contract")["id"] == "HT-1"


class TestWhatIsNoWorkbook:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "the answer is empty"),
            (b" \r\n", "the answer is empty"),
            (b"<!DOCTYPE html><html><title>Sign in</title>", "this is a web page"),
            ("合同统一编号,合同名称".encode(), "this is no workbook"),
            (GOOD[:200], "the workbook cannot be unpacked"),
            (packed({"a.txt": "x"}), "this archive is no workbook"),
            (XLS[:2000], "the workbook is damaged"),
            (XLS[:512] + b"\0" * 5120, "this is no workbook of Excel 97 or later|the workbook is damaged"),
            (changed("xl/worksheets/sheet1.xml", b"</sheetData>", b""), "the workbook cannot be read"),
            (changed("xl/worksheets/sheet1.xml", b'r="A2"', b'r="A-2"'), "the workbook cannot be read"),
        ],
    )
    def test_it_is_refused_in_words(self, content: bytes, words: str) -> None:
        with pytest.raises(RejectedError, match=rf"ledger\.xlsx: ({words})"):
            pull(content)

    def test_an_encrypted_workbook_is_refused(self) -> None:
        """Excel wraps it into the file system of an .xls."""
        encrypted = XLS.replace("Workbook".encode("utf-16-le"), "Workbooc".encode("utf-16-le"))
        with pytest.raises(RejectedError, match="no workbook of Excel 97 or later"):
            pull(encrypted)
        name = "EncryptedPackage"
        wrapped = XLS.replace(
            "Workbook".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 18),
            name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 34),
        )
        with pytest.raises(RejectedError, match="this workbook is encrypted") as refusal:
            pull(wrapped)
        assert refusal.value.hint == "remove its password"

    def test_an_old_workbook_with_macros_is_refused(self) -> None:
        name = "_VBA_PROJECT"
        with_macros = XLS.replace(
            "Workbook".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 18),
            name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 26),
        )
        with pytest.raises(RejectedError, match="this workbook has macros"):
            pull(with_macros)

    def test_sectors_that_run_in_a_circle_are_seen(self) -> None:
        (table,) = struct.unpack_from("<I", XLS, 76)
        at = (table + 1) * 512
        circle = XLS[:at] + struct.pack("<I", 1) + struct.pack("<I", 0) + XLS[at + 8 :]
        with pytest.raises(RejectedError, match="its sectors run in a circle"):
            pull(circle)


class TestHostile:
    def test_a_bomb_is_not_unpacked(self) -> None:
        bomb = packed(parts(GOOD) | {"xl/sharedStrings.xml": b" " * 300_000_000})
        assert len(bomb) < 400_000
        with pytest.raises(RejectedError, match=r"larger than 67,108,864 bytes when unpacked") as refusal:
            pull(bomb)
        assert "limits.max_bytes" in refusal.value.hint

    def test_a_directory_that_lies_about_a_size_is_not_believed(self) -> None:
        content = bytearray(packed(parts(GOOD)))
        at = content.rindex(b"PK\x01\x02")  # the last entry of the directory: its unpacked size, 24 bytes on
        content[at + 24 : at + 28] = struct.pack("<I", 7)
        with pytest.raises(RejectedError, match="the workbook cannot be unpacked"):
            pull(bytes(content))

    @pytest.mark.parametrize("part", XLSX_PARTS)
    def test_a_part_that_declares_entities_is_refused(self, part: str) -> None:
        laugh = b'?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>'
        found = parts(GOOD)
        with pytest.raises(RejectedError, match="declares a document type, as no workbook does"):
            pull(packed(found | {part: found[part].replace(b"?>", laugh, 1)}))
        wide = found[part].decode().replace("UTF-8", "UTF-16").replace("?>", laugh.decode(), 1).encode("utf-16")
        with pytest.raises(RejectedError, match="declares a document type, as no workbook does"):
            pull(packed(found | {part: wide}))

    def test_a_part_that_is_there_twice_is_refused(self) -> None:
        out = io.BytesIO(GOOD)
        with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("xl/worksheets/sheet1.xml", parts(GOOD)["xl/worksheets/sheet1.xml"])
        with pytest.raises(RejectedError, match=r"holds xl/worksheets/sheet1\.xml twice"):
            pull(out.getvalue())

    def test_a_cell_at_the_end_of_the_world_does_not_take_all_memory(self) -> None:
        far = b'</row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        with pytest.raises(RejectedError, match=r"sheet 合同台账 reaches over 1,048,576 rows and 16,384 columns"):
            pull(changed("xl/worksheets/sheet1.xml", b"</row></sheetData>", far))
        repeated = (
            '<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
        )
        with pytest.raises(RejectedError, match=r"reaches over 1,000,000 rows and 16,384 columns"):
            pull(ods([[repeated]], again=1_000_000))
        with pytest.raises(RejectedError, match=r"reaches over 1,048,576 rows and 16,384 columns"):
            pull(xlsb(far=(1_048_575, 16_383)))

    def test_cells_that_are_only_coloured_reach_nowhere(self) -> None:
        coloured = b'</row><row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
        reading = pull(changed("xl/worksheets/sheet1.xml", b"</row></sheetData>", coloured))
        assert only(reading, "contract")["id"] == "HT-1"

    def test_a_formula_in_text_is_text(self) -> None:
        reading = say(
            {"合同台账": [HEAD, ["HT-1", '=HYPERLINK("https://bad.example")'], ["@SUM(A1)", "+1+1"], ["-2", "\t=1"]]}
        )
        assert [(row["id"], row["title"]) for row in rows(reading, "contract")] == [
            ("HT-1", '=HYPERLINK("https://bad.example")'), ("@SUM(A1)", "+1+1"), ("-2", "=1"),
        ]  # fmt: skip

    def test_numbers_that_are_none_are_refused(self) -> None:
        content = parts(workbook({"合同台账": [[*HEAD, "合同金额(元)"], ["HT-1", "道路", 5]]}))
        sheet = content["xl/worksheets/sheet1.xml"]
        for number in (b"NaN", b"inf", b"1e999", b"-1e308"):
            reading = pull(
                packed(content | {"xl/worksheets/sheet1.xml": sheet.replace(b"<v>5</v>", b"<v>%s</v>" % number)})
            )
            assert [cell for cell, _, _ in refused(reading)] == ["合同台账!C2"], number


def text(words: str) -> str:
    """A cell of an .ods that holds words."""
    return f'<table:table-cell office:value-type="string"><text:p>{words}</text:p></table:table-cell>'


ERROR = (
    '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" '
    'calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
)


def ods(table: list[list[str]], again: int = 1) -> bytes:
    """An .ods of one sheet as LibreOffice writes it; `again` repeats the last row."""
    names = {"office": "office", "table": "table", "text": "text"}
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"' for name, space in names.items()
    )
    spaces += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    rows_of = [f"<table:table-row>{''.join(row)}</table:table-row>" for row in table]
    rows_of[-1] = rows_of[-1].replace("<table:table-row>", f'<table:table-row table:number-rows-repeated="{again}">')
    body = f'<table:table table:name="合同台账">{"".join(rows_of)}</table:table>'
    content = f"<office:document-content {spaces}><office:body><office:spreadsheet>{body}</office:spreadsheet>"
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f"{content}</office:body></office:document-content>",
            "META-INF/manifest.xml": "<manifest/>",
        }
    )


def record(kind: int, body: bytes = b"") -> bytes:
    """One record of an .xlsb."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = len(body), b""
    while size >= 128:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return head + length + bytes([size]) + body


def wide(words: str) -> bytes:
    """Text of an .xlsb."""
    return struct.pack("<I", len(words)) + words.encode("utf-16-le")


def xlsb(far: tuple[int, int] | None = None) -> bytes:
    """An .xlsb of two contracts: one with a progress of 30 %, one whose amount is an error."""

    def cell(kind: int, column: int, body: bytes, style: int = 0) -> bytes:
        return record(kind, struct.pack("<II", column, style) + body)

    def row(number: int, *cells: bytes) -> bytes:
        return record(0, struct.pack("<III", number, 0, 0) + b"\0" * 13) + b"".join(cells)

    header = [*HEAD, "合同金额(元)", "履行进度(%)"]
    data = row(0, *(cell(6, column, wide(words)) for column, words in enumerate(header)))
    data += row(1, cell(6, 0, wide("HT-1")), cell(6, 1, wide("道路")), cell(5, 3, struct.pack("<d", 0.3), style=1))
    data += row(2, cell(6, 0, wide("HT-2")), cell(6, 1, wide("桥梁")), cell(3, 2, b"\x17"))
    if far:
        data += row(far[0], cell(5, far[1], struct.pack("<d", 1.0)))
    sheet = record(129) + record(148, struct.pack("<IIII", 0, 2, 0, 3)) + record(145) + data + record(146) + record(130)
    book = (
        record(131)
        + record(143)
        + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("合同台账"))
        + record(144)
    )
    style = struct.pack("<HH", 0, 0) + b"\0" * 12
    percent = struct.pack("<HH", 0, 9) + b"\0" * 12
    styles = (
        record(278)
        + record(617, struct.pack("<I", 2))
        + record(47, style)
        + record(47, percent)
        + record(618)
        + record(279)
    )
    target = '<Relationship Id="rId1" Type="worksheet" Target="worksheets/sheet1.bin"/>'
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return packed(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.bin": book + record(132),
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{space}">{target}</Relationships>',
            "xl/styles.bin": styles,
            "xl/worksheets/sheet1.bin": sheet,
        }
    )
