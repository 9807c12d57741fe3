"""What strangers write into a register arrives as text: in the mail's headers, on the page, in the table's cells."""

from __future__ import annotations

import re
from typing import Any

import pytest

from monitor.notify import Recipient
from monitor.notify.email import as_sent, message
from tests.notify import loop
from tests.notify.letters import CHEN, MILESTONE, MORGAN, change, letters
from tests.notify.reading import Mail, read

HOSTILE = {
    "line breaks": "Road\r\nBcc: all@lvyue.example\r\n\r\n<b>body</b>",
    "an encoded line break": "=?utf-8?q?a=0D=0ABcc:_all@lvyue.example?=",
    "quotes": "He said \"now\", 'later' & `never` \\ <a href=//x>",
    "a script": "<script>alert(1)</script><svg onload=alert(1)><img src=//x/y.png>",
    "an attribute": '" onmouseover="alert(1)" style="background:url(//x)',
    "a style": "</style><style>@import '//x'</style></td></tr></table>",
    "a comment": "--> <![endif]--> <!--",
    "a template": "{{ r.__class__ }}{% for x in y %}${7*7}#{7*7} {n}{as_of}",
    "right to left": "Roof \u202eexe.fdp\u202c \u2066x\u2069 \u200f\u061c",
    "emoji": "屋顶🏗️👷‍♀️ 🇨🇳",
    "two thousand characters": "长" * 2000,
    "a megabyte in one word": "x" * 2**20,
    "half a pair": "roof \ud83d and \udc00 end",
    "controls": "a\x00b\x07c\x1b[31md\x85e\u2028f\ufeffg",
    "a formula": '=HYPERLINK("//x","click")',
    "a command": "+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "minus": "-2+3",
    "a tab": "\t=1+1",
    "a full-width formula": "＝1+1",
    "a boundary": "--=_0_0--\r\nContent-Type: text/html",
    "nothing but spaces": " \u3000\t\n ",
    "arabic": "عقد الطريق",
}
WORDS = ("subject_title", "contract_title", "contract_number", "unit", "party", "cite", "source")
HARMLESS_TAGS = {
    "", "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "th", "p", "h1", "h2", "span", "br",
    "strong",
}  # fmt: skip
HARMLESS_ATTRIBUTES = {
    "lang", "dir", "charset", "name", "content", "class", "style", "role", "width", "cellpadding", "cellspacing", "border",
    "align", "scope", "colspan", "aria-hidden",
}  # fmt: skip
BIDI_AND_CONTROLS = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def poisoned(text: str) -> dict[str, Any]:
    """A finding with a stranger's text wherever text may stand."""
    both = {"zh": text, "en": text}
    return (
        MILESTONE
        | dict.fromkeys(WORDS, text)
        | {"rule_title": both, "says": both, "action": both, "missing": [text], "currency": text, "basis": "statute"}
        | {"evidence": {text: text, "obligation.status": text, "obligation.side": text}}
    )


def mails(text: str, to: Recipient) -> tuple[Mail, Mail]:
    """A warning and a digest full of it, read back as a mail program would."""
    recipient = Recipient(address=to.address, name=text, lang=to.lang)
    context = {"office": text, "rules_hash": text, "known_at": text, "declared": text}
    changes = [change(1, "red", poisoned(text)), change(2, "orange", poisoned(text))]
    alone = letters(changes[:1], recipient, context=context)
    together = letters(changes, recipient, storm_over=1, context=context)
    raw = [
        as_sent(message(letter, sender="alerts@lvyue.example", sender_name=text, reply_to="fazhi@lvyue.example"))
        for letter in alone + together
    ]
    return read(raw[0]), read(raw[1])


@pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_strangers_text_is_inert_and_the_letter_still_goes_out(text: str, to: Recipient) -> None:
    for mail in mails(text, to):
        headers_hold(mail, to)
        page_holds(mail)
        table_holds(mail)
        assert not BIDI_AND_CONTROLS.search(mail.text)
        assert not BIDI_AND_CONTROLS.search(mail.page.text)
        assert len(mail.html) < 120_000


@pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_it_is_inert_in_every_letter_of_the_later_life(text: str, to: Recipient) -> None:
    for make in loop.EVERY.values():
        letter = make(to)
        poison(letter.content, text)
        mail = read(
            as_sent(message(letter, sender="alerts@lvyue.example", sender_name=text, reply_to="fazhi@lvyue.example"))
        )
        headers_hold(mail, to)
        page_holds(mail)
        table_holds(mail, columns=18)
        assert not BIDI_AND_CONTROLS.search(mail.text)
        assert not BIDI_AND_CONTROLS.search(mail.page.text)
        assert len(mail.html) < 120_000


@pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_it_is_inert_in_a_report_that_is_mailed(text: str, to: Recipient) -> None:
    file = loop.answer(to).content["file"] | {"name": f"{text[:60]}.pdf"}
    letter = loop.answer(to, title=text, summary=text, filters=[(text, text)], saved=text, file=file)
    mail = read(
        as_sent(message(letter, sender="alerts@lvyue.example", sender_name=text, reply_to="fazhi@lvyue.example"))
    )
    headers_hold(mail, to)
    page_holds(mail)
    [name] = mail.files
    assert not set(name) & set('/\\\r\n":<>|*?')
    assert not BIDI_AND_CONTROLS.search(mail.text)
    assert not BIDI_AND_CONTROLS.search(mail.page.text)
    assert len(mail.html) < 120_000


def poison(content: dict[str, Any], text: str) -> None:
    """A stranger's text wherever a stored letter holds one."""
    found = poisoned(text)
    for name in ("items", "siblings", "new", "open", "due_soon", "cleared", "closed"):
        for told in content.get(name, []):
            told |= found | {"document": text, "number": text, "rule": text}
    for told in content.get("history", []):
        told |= {"event": text, "actor": text, "note": text}
    for name in ("closing", "assessment"):
        if name in content:
            content[name] |= {"by": text, "note": text}
    for told in content.get("sources", []):
        told["source"] = text
    content |= {"name": text, "context": {"office": text, "rules_hash": text, "known_at": text, "declared": text}}


def headers_hold(mail: Mail, to: Recipient) -> None:
    """One recipient, one sender, and a subject that a list of mails can show."""
    assert [address.addr_spec for address in mail.message["To"].addresses] == [to.address]
    assert [address.addr_spec for address in mail.message["From"].addresses] == ["alerts@lvyue.example"]
    assert mail.message["Bcc"] is mail.message["Cc"] is None
    assert sorted(mail.message.keys()) == sorted(set(mail.message.keys()))
    subject = mail.message["Subject"]
    assert len(subject) <= 78
    assert "\n" not in subject
    assert not BIDI_AND_CONTROLS.search(subject)


def page_holds(mail: Mail) -> None:
    """Only our own tags and attributes; nothing is fetched, nothing runs."""
    for element in mail.page.all():
        assert element.tag in HARMLESS_TAGS, element.tag
        assert set(element.attributes) <= HARMLESS_ATTRIBUTES, element.attributes
        assert not re.search(r"url\(|@import|expression|javascript|//", element.attributes.get("style", ""))
        if element.tag == "style":
            assert not re.search(r"url\(|@import", element.text)


def table_holds(mail: Mail, *, columns: int = 15) -> None:
    """No cell that a spreadsheet would take for a formula, and no row that has split."""
    assert all(len(row) == columns for row in mail.table)
    cells = [cell for row in mail.table[1:] for cell in row]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r＝＋－＠"))]
    assert all(len(cell) <= 32_767 and "\n" not in cell for cell in cells)


def test_the_text_itself_is_shown_as_it_was_written() -> None:
    warning, digest = mails(HOSTILE["a script"], CHEN)
    assert HOSTILE["a script"] in warning.page.text
    assert HOSTILE["a script"] in digest.page.text
    assert HOSTILE["a script"] in warning.text
    assert digest.table[1][4] == HOSTILE["a script"]
    assert mails(HOSTILE["a template"], CHEN)[0].page.text.count("{{ r.__class__ }}{% for x in y %}") > 5
    assert mails(HOSTILE["a formula"], CHEN)[1].table[1][4] == '\'=HYPERLINK("//x","click")'
    assert "屋顶🏗️👷‍♀️" in mails(HOSTILE["emoji"], CHEN)[0].message["Subject"]
    assert "roof � and � end" in mails(HOSTILE["half a pair"], CHEN)[0].text
