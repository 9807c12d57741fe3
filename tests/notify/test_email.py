"""What arrives in a mail box: headers, threads, and bytes that are the same each time."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32
from email.utils import parseaddr
from random import Random
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from monitor.domain.errors import DeliveryError
from monitor.domain.warning import Letter
from monitor.notify import Recipient
from monitor.notify.email import as_sent, message
from monitor.notify.letters import write
from monitor.notify.outgoing import MailSettings
from tests.conftest import Golden
from tests.notify import loop
from tests.notify.letters import AT, CHEN, MILESTONE, MORGAN, change, digest, letters, warning
from tests.notify.reading import Mail, read

READERS = pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])


def sent(letter: Letter) -> bytes:
    return as_sent(
        message(letter, sender="alerts@lvyue.example", sender_name="履约预警 Lvyue", reply_to="fazhi@lvyue.example")
    )


def received(letter: Letter) -> Mail:
    return read(sent(letter))


@READERS
def test_an_orange_warning_reads_like_a_letter_of_the_office(to: Recipient, golden: Golden) -> None:
    mail = received(warning(to))
    golden(f"letters/warning.{to.lang}.txt", f"{mail.message['Subject']}\n\n{mail.text}")
    golden(f"letters/warning.{to.lang}.html", mail.html)


@READERS
def test_a_digest_reads_like_a_list_to_work_from(to: Recipient, golden: Golden) -> None:
    mail = received(digest(to))
    golden(f"letters/digest.{to.lang}.txt", f"{mail.message['Subject']}\n\n{mail.text}")
    golden(f"letters/digest.{to.lang}.html", mail.html)
    golden(f"letters/digest.{to.lang}.csv", "".join(f"{' | '.join(row)}\n" for row in mail.table))


@READERS
@pytest.mark.parametrize("kind", ["warning", "digest"])
def test_text_comes_before_html_and_no_holiday_answer_comes_back(to: Recipient, kind: str) -> None:
    letter = warning(to) if kind == "warning" else digest(to)
    mail = received(letter).message
    bodies = [part.get_content_type() for part in mail.walk() if part.get_content_maintype() == "text"]
    assert bodies[:2] == ["text/plain", "text/html"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert mail["Content-Language"] == {"zh": "zh-CN", "en": "en"}[to.lang]
    assert mail["Message-ID"] == f"<{letter.key[:40]}@lvyue.example>"
    assert mail["Date"].datetime == AT
    assert mail["Reply-To"].addresses[0].addr_spec == "fazhi@lvyue.example"
    assert [(a.display_name, a.addr_spec) for a in mail["To"].addresses] == [(to.name, to.address)]
    assert mail["From"].addresses[0].display_name == "履约预警 Lvyue"


def test_the_same_letter_makes_the_same_bytes_in_seven_bits() -> None:
    for letter in (warning(), digest(), warning(MORGAN), digest(MORGAN), *(make(CHEN) for make in loop.EVERY.values())):
        raw = sent(letter)
        assert raw == sent(letter)
        assert raw.isascii()
        lines = raw.split(b"\r\n")
        assert max(len(line) for line in lines if b"<mailto:" not in line) <= 78, "what is one word stays one word"
        assert max(len(line) for line in lines) <= 998
        assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_case_stays_in_one_thread_when_it_turns_red() -> None:
    orange, red = received(warning()).message, received(warning(level="red", event="raised")).message
    assert orange["Message-ID"] != red["Message-ID"]
    for mail in (orange, red):
        assert mail["In-Reply-To"] == mail["References"] == "<case-31@lvyue.example>"
        assert "List-Unsubscribe" not in mail, "nobody leaves an office's warning"
    assert orange["Subject"].startswith("【橙色预警】YJ-2017-00031 ")
    assert red["Subject"].startswith("【红色预警】YJ-2017-00031 ")
    assert orange["Subject"].partition("】")[2] == red["Subject"].partition("】")[2]


def test_a_digest_can_be_filed_by_its_list_and_counts_in_its_subject() -> None:
    chinese, english = received(digest()).message, received(digest(MORGAN)).message
    assert chinese["Subject"] == "【预警汇总】2017-12-31 红1 橙1 黄1 蓝1"
    assert english["Subject"] == "[DIGEST] 2017-12-31 red 1, orange 1, yellow 1, blue 1"
    assert chinese["List-Id"] == "<lvyue.lvyue.example>"
    assert "References" not in chinese
    assert received(digest()).table_name == "预警清单-2017-12-31.csv"
    assert received(digest(MORGAN)).table_name == "warnings-2017-12-31.csv"


def test_a_digest_and_a_weekly_report_say_how_to_leave_them() -> None:
    for letter, subject in (
        (digest(), "退订预警汇总"),
        (loop.weekly(), "退订预警周报"),
        (loop.quiet(MORGAN), "Leave the weekly report"),
    ):
        mail = received(letter).message
        assert mail["List-Unsubscribe"] == f"<mailto:fazhi@lvyue.example?subject={quote(subject)}>"
        assert "List-Unsubscribe-Post" not in mail, "one click needs a page"
    for letter in (warning(), loop.urged(), loop.gone(), loop.closed(), loop.judged()):
        assert "List-Unsubscribe" not in received(letter).message


def test_a_page_takes_a_reader_off_by_one_click() -> None:
    for page, sign in (("https://lvyue.example/leave", "?"), ("https://lvyue.example/leave?from=" + "x" * 200, "&")):
        routing = MailSettings(unsubscribe_url=page, list_id="warnings.county.example").routing
        letter = digest(MORGAN)
        raw = as_sent(message(letter, routing, sender="alerts@lvyue.example", sender_name="", reply_to=""))
        mail = read(raw).message
        by_page, by_mail = re.findall(r"<([^>]*)>", str(mail["List-Unsubscribe"]))
        assert by_page == f"{page}{sign}letter={letter.key}"
        assert by_mail == "mailto:alerts@lvyue.example?subject=Leave%20the%20warning%20digest"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["List-Id"] == "<warnings.county.example>"


@pytest.mark.parametrize(
    "wrong",
    [
        {"list_id": "a b"}, {"list_id": "lvyue"}, {"list_id": "a.b>\r\nBcc: x"}, {"unsubscribe_url": "http://x.example"},
        {"unsubscribe_url": "https://x.example/>, <mailto:x"}, {"bounce": "bounce+x@x.example"}, {"bounce": "bounce"},
    ],
)  # fmt: skip
def test_what_would_break_a_header_is_no_setting(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MailSettings.model_validate(wrong)


def test_yellow_is_a_reminder_and_orange_a_warning() -> None:
    yellow = replace(warning(level="yellow"), kind="warning")
    assert received(yellow).text.startswith("提示函\n")
    assert received(yellow).message["Subject"].startswith("【黄色预警】")
    assert received(warning(level="orange")).text.startswith("预警函\n")


def test_a_storm_of_a_thousand_loses_nobody() -> None:
    changes = [change(n, "orange", MILESTONE | {"days_late": n}) for n in range(1, 1001)]
    mail = received(letters(changes, storm_over=25)[0])
    assert {row[0] for row in mail.table[1:]} == {change.alert.number for change in changes}
    assert mail.text.count("◆ 橙色 YJ-") == 30
    assert "最紧急的30条" in mail.text
    assert "== 示例区住房和城乡建设委员会 (30/1000)" in mail.text
    assert "全部1000条见附表“预警清单-2017-12-31.csv”" in mail.text
    assert "全部1000条见附表“预警清单-2017-12-31.csv”" in mail.page.text
    assert mail.text.index("YJ-2017-01000") < mail.text.index("YJ-2017-00999")
    assert len(mail.html.encode()) < 100_000, "Gmail cuts a mail off after 102 kB"


def test_what_is_not_known_is_said() -> None:
    text = received(warning(missing=["payment.invoice_on", "limit.days"], provisional=True, due=None, money=None)).text
    assert "以下事实没有记录：发票日期、规定天数" in text
    assert "所涉年度的工作日安排尚未公布" in text
    assert "本规则不设固定期限" in text
    assert "本规则未就此事项给出金额" in text


def test_the_party_that_owes_is_the_one_on_record() -> None:
    assert "义务方：政府方\n" in received(warning(evidence={"obligation.side": "government"})).text
    assert "义务方：政府方或相对人" in received(warning()).text
    assert "义务方：相对人\n" in received(warning(side="counterparty")).text


def test_money_is_rounded_to_the_coin_of_its_currency() -> None:
    assert "¥0.13\n" in received(warning(money="0.1250")).text
    assert "JP¥1,000\n" in received(warning(money="1000.0000", currency="JPY")).text
    assert "1,000.50\n" in received(warning(money="1000.5", currency=None)).text


def test_an_address_with_a_chinese_domain_is_spelt_as_servers_do() -> None:
    mail = received(warning(Recipient(address="chen@例子.cn"))).message
    assert mail["To"].addresses[0].addr_spec == "chen@xn--fsqu00a.cn"
    assert "chen@例子.cn 登记接收" in received(warning(Recipient(address="chen@例子.cn"))).text


def test_a_letter_that_cannot_be_written_is_set_aside_with_a_reason() -> None:
    broken = warning()
    del broken.content["items"][0]["says"]
    with pytest.raises(DeliveryError, match=r"(?s)text cannot be made.*says") as fault:
        sent(broken)
    assert fault.value.permanent
    stranger = Letter(key="k", kind="../x", recipient="a@b.cn", lang="zh", content=warning().content, created_at=AT)
    with pytest.raises(DeliveryError, match="no letter of kind"):
        sent(stranger)


def test_a_sender_that_is_no_address_is_set_aside_with_a_reason() -> None:
    with pytest.raises(DeliveryError, match="cannot be made a mail") as fault:
        message(warning(), sender="alerts@lvyue.example\r\nBcc: all@lvyue.example", sender_name="", reply_to="")
    assert fault.value.permanent


def test_without_a_reply_address_answers_go_to_the_sender() -> None:
    mail: EmailMessage = message(warning(), sender="alerts@lvyue.example", sender_name="", reply_to="")
    assert "Reply-To" not in mail


def test_names_and_subjects_arrive_to_the_space_whatever_their_words() -> None:
    random = Random(2017)
    words = ["Roof", "–", "Road,", '"now",', "//x>", "屋顶", "改造", "&", "(x)", "It's", "a:b", "one…", "🏗️"]
    for _ in range(60):
        title = " ".join(random.choices(words, k=random.randint(1, 7)))
        raw = sent(warning(Recipient(address="chen@office.example", name=title), contract_title=title))
        assert read(raw).message["Subject"] == write(warning(contract_title=title)).subject
        # not by the newer parser: it puts a space between the encoded words of a name, where RFC 2047 has none
        name, address = parseaddr(message_from_bytes(raw, policy=compat32)["To"])
        assert (str(make_header(decode_header(name))), address) == (title, "chen@office.example")
