"""Letters on paper: read back by another program, never an empty box, the same bytes for the same letter."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import typst
from pypdf import PageObject, PdfReader
from pypdf.generic import DictionaryObject, StreamObject

from monitor.notify import Recipient
from monitor.notify.email import as_sent, message
from monitor.notify.letters import Attachment, enclosures
from monitor.notify.letters.glyphs import FONT, readable
from tests.notify import loop
from tests.notify.letters import AS_OF, CHEN, MORGAN
from tests.notify.reading import data_of, read
from tests.notify.test_hostile import BIDI_AND_CONTROLS, HOSTILE, poisoned

READERS = pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])


def paper(found: list[Attachment]) -> PdfReader:
    """The one PDF among the files of a letter."""
    [file] = [file for file in found if file.media == "application/pdf"]
    return PdfReader(io.BytesIO(file.data), strict=True)


def words(printed: PdfReader) -> str:
    """What stands on its pages, without the breaks of lines."""
    return re.sub(r"[\s\u200b]+", "", "".join(page.extract_text() for page in printed.pages))


@READERS
@pytest.mark.parametrize("name", loop.PAPERS)
def test_the_paper_says_what_the_mail_says(name: str, to: Recipient) -> None:
    letter = loop.EVERY[name](to)
    mail = read(as_sent(message(letter, sender="alerts@lvyue.example", sender_name="", reply_to="")))
    [part] = [part for part in mail.files.values() if part.get_content_type() == "application/pdf"]
    printed = words(PdfReader(io.BytesIO(data_of(part)), strict=True))
    office_alone = {
        "zh": ("发函说明", "登记", "附件：", "直接回复", "空白栏目"),
        "en": ("registered", "Attached", "A reply", "Why you"),
    }
    for line in mail.text.splitlines():
        if line.startswith("--") or any(word in line for word in (*office_alone[to.lang], "Please fill in")):
            continue
        for piece in re.split(r"：|: |__________|\[|\]|^- |[■◆▲●]|涉及金额|Money at stake", line):
            assert re.sub(r"\s+", "", piece) in printed, line


@READERS
def test_it_is_a_paper_of_the_office_on_a4_to_be_kept(to: Recipient) -> None:
    printed = paper(enclosures(loop.urged(to), sender="alerts@lvyue.example"))
    page = printed.pages[0].mediabox
    assert (round(page.width), round(page.height)) == (595, 842)
    assert printed.metadata is not None
    assert printed.metadata.title == {"zh": "催办函 YJ-2017-00031", "en": "Overdue notice YJ-2017-00031"}[to.lang]
    assert printed.metadata.creation_date is not None
    assert printed.metadata.creation_date.date() == AS_OF
    assert b"<pdfaid:part>2</pdfaid:part>" in raw_metadata(printed)
    fonts = {str(font["/BaseFont"]) for page in printed.pages for font in fonts_of(page)}
    assert fonts
    assert all("NotoSansSC" in font for font in fonts), "and no other"


def test_the_same_letter_makes_the_same_bytes() -> None:
    for make in (loop.urged, loop.judged, loop.closed):
        first, again = (enclosures(make(), sender="alerts@lvyue.example")[0] for _ in range(2))
        assert first == again
        assert first.name.endswith("-履预〔2017〕31-2号.pdf")


@READERS
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_strangers_text_is_printed_as_text(text: str, to: Recipient) -> None:
    letter = loop.family(to, **poisoned(text), document=text[:2000])
    letter.content["context"] = {"office": text, "rules_hash": text, "known_at": text, "declared": text}
    found = enclosures(letter, sender="alerts@lvyue.example")
    printed = paper(found)
    assert len(printed.pages) < 30
    assert not BIDI_AND_CONTROLS.search(words(printed))
    assert not re.search(r"[/\\:*?\"<>|\s\x00-\x1f]", found[0].name)
    assert not [page for page in printed.pages if page.get("/Annots")], "nothing to click on"


def test_markup_of_the_printer_is_no_markup_here() -> None:
    for text in (
        '#eval("1+1")',
        "*bold* _it_ $x^2$ = Title",
        "@label <label> // gone",
        '#image("/etc/passwd")',
        "\\u{41}~---",
    ):
        letter = loop.family(contract_title=text)
        assert re.sub(r"\s", "", text) in words(paper(enclosures(letter, sender="a@lvyue.example")))


def test_a_picture_or_a_rare_letter_is_told_in_characters_that_the_font_has() -> None:
    letter = loop.family(contract_title="屋顶🏗️工程", party="𠮿宅有限公司", subject_title="عقد")
    printed = words(paper(enclosures(letter, sender="a@lvyue.example")))
    assert "屋顶〔buildingconstruction〕工程" in printed
    assert "〔U+20BBF〕宅有限公司" in printed
    assert "〔U+0639U+0642U+062F〕" in printed
    assert "龑" in words(paper(enclosures(loop.family(party="龑"), sender="a@lvyue.example"))), (
        "personal names are whole"
    )


def test_the_printer_refuses_what_the_font_lacks_rather_than_print_a_box(tmp_path: Path) -> None:
    """What `pdf.py` relies on: PDF/A with an empty box is an error, a missing font at least a warning."""
    source, fonts = str(tmp_path / "sheet.typ"), [str(FONT.parent)]
    Path(source).write_text('#set text(font: "Noto Sans SC", fallback: false)\n#sys.inputs.text', encoding="utf-8")
    for missing in ("🏗", "ع", "𠮿"):
        assert readable(missing, "zh") != missing
        with pytest.raises(typst.TypstError, match="could not be displayed"):
            typst.compile(
                source,
                font_paths=fonts,
                ignore_system_fonts=True,
                sys_inputs={"text": missing},
                pdf_standards=["a-2b"],
            )
    _, warnings = typst.compile_with_warnings(
        source, ignore_system_fonts=True, sys_inputs={"text": "x"}, pdf_standards=["a-2b"]
    )
    assert [warning.message for warning in warnings] == ["unknown font family: noto sans sc"]


def test_a_reminder_is_printed_too_and_a_list_is_not() -> None:
    file, _day = enclosures(loop.family(level="yellow", document=""), sender="a@lvyue.example")
    assert file.name == "提示函-YJ-2017-00032.pdf"
    for letter in (loop.gone(), loop.weekly(), loop.quiet()):
        assert [file for file in enclosures(letter, sender="a@lvyue.example") if file.media == "application/pdf"] == []


def raw_metadata(printed: PdfReader) -> bytes:
    stream = printed.root_object["/Metadata"].get_object()
    assert isinstance(stream, StreamObject)
    return stream.get_data()


def fonts_of(page: PageObject) -> list[DictionaryObject]:
    resources = page["/Resources"].get_object()
    assert isinstance(resources, DictionaryObject)
    fonts = resources["/Font"].get_object()
    assert isinstance(fonts, DictionaryObject)
    found = [font.get_object() for font in fonts.values()]
    return [font for font in found if isinstance(font, DictionaryObject)]
