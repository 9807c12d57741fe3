"""The letters of the later life of a warning: what each says, in both languages, as text, as page and for the calendar."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.errors import DeliveryError
from monitor.domain.warning import Letter
from monitor.domain.words import keys
from monitor.notify import Recipient
from monitor.notify.email import as_sent, message
from monitor.notify.letters import KINDS, SINGLES
from tests.conftest import Golden
from tests.notify import loop
from tests.notify.letters import CHEN, MORGAN
from tests.notify.reading import Mail, data_of, read

READERS = pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])
EACH = pytest.mark.parametrize("name", loop.EVERY)


def received(letter: Letter) -> Mail:
    return read(
        as_sent(message(letter, sender="alerts@lvyue.example", sender_name="Lvyue", reply_to="fazhi@lvyue.example"))
    )


@READERS
@EACH
def test_each_letter_reads_as_an_office_would_write_it(name: str, to: Recipient, golden: Golden) -> None:
    mail = received(loop.EVERY[name](to))
    golden(f"letters/{name}.{to.lang}.txt", f"{mail.message['Subject']}\n\n{mail.text}")
    golden(f"letters/{name}.{to.lang}.html", mail.html)
    for file, part in mail.files.items():
        if part.get_content_type() == "text/calendar":
            golden(f"letters/{name}.{to.lang}.ics", data_of(part).decode().replace("\r\n", "\n"))
        elif part.get_content_type() == "text/csv":
            golden(f"letters/{name}.{to.lang}.csv", "".join(f"{' | '.join(row)}\n" for row in mail.table))
        else:
            assert file.endswith(".pdf")
        assert file in mail.text, "what is enclosed is said in the letter"


@READERS
def test_the_subject_says_first_how_the_case_stands(to: Recipient) -> None:
    told = {name: received(make(to)).message["Subject"] for name, make in loop.EVERY.items()}
    first = {name: subject.partition("】" if to.lang == "zh" else "]")[0][1:] for name, subject in told.items()}
    assert list(first.values()) == {
        "zh": ["红色预警", "催办 2/3", "督办", "已消除", "销号", "误报", "研判", "预警周报", "预警周报"],
        "en": ["RED", "ESCALATED 2/3", "SUPERVISION", "CLEARED", "CLOSED", "DISMISSED", "ASSESSMENT", "WEEKLY", "WEEKLY"],
    }[to.lang]  # fmt: skip
    rest = [told[name].rpartition("】" if to.lang == "zh" else "] ")[2][:14] for name in ("urge", "cleared", "closed")]
    assert len({text.strip() for text in rest}) == 1, "and then the same"


def test_all_letters_about_a_case_stand_in_one_thread() -> None:
    for name in ("urge", "supervision", "cleared", "closed", "dismissed", "assessment"):
        mail = received(loop.EVERY[name](CHEN)).message
        assert mail["In-Reply-To"] == mail["References"] == "<case-31@lvyue.example>"
    assert "References" not in received(loop.weekly()).message


@READERS
def test_what_is_asked_stands_with_its_day(to: Recipient) -> None:
    asked = {
        "acknowledge": ("请于2018年1月3日前签收。", "Please acknowledge this warning by 3 Jan 2018."),
        "assess": ("请于2018年1月3日前完成风险研判。", "Please assess the risk by 3 Jan 2018."),
        "report": ("请于2018年1月3日前反馈办理情况。", "Please report what was done by 3 Jan 2018."),
        "again": ("请于2018年1月3日前再次反馈办理情况。", "Please report again by 3 Jan 2018."),
    }
    for step, both in asked.items():
        mail = received(loop.family(to, step=step))
        assert both[to.lang == "en"] in mail.text
        assert both[to.lang == "en"] in mail.page.text
    soon = {"zh": "请尽快签收。", "en": "Please acknowledge this warning without delay."}[to.lang]
    assert soon in received(loop.family(to, answer_by=None)).text
    assert {"zh": "签收", "en": "acknowledge"}[to.lang] not in received(loop.family(to, step=None)).text


def test_the_interest_to_the_day_stands_beside_the_sum_that_is_unpaid() -> None:
    mail = received(loop.family())
    for text in (mail.text, mail.page.text):
        assert text.index("五、涉及金额") < text.index("六、同一合同的其他预警") < text.index("应计利息 651.28 CNY")
        assert text.index("¥486,250.00") < text.index("¥651.28")
        assert "YJ-2017-00034 · 此前已告知" in text.replace("\n", "")
        assert "YJ-2017-00033 · 新发" in text.replace("\n", "")


def test_one_working_day_is_one() -> None:
    def text(days: int) -> str:
        letter = loop.urged(MORGAN)
        letter.content["escalation"]["days"] = days
        return received(letter).text

    assert "this has not been done: 1 working day past." in text(1)
    assert "2 working days past." in text(2)


@READERS
def test_each_step_of_an_escalation_names_who_is_told(to: Recipient) -> None:
    roles = {
        "handler": ("承办人", "person in charge"), "contract_manager": ("合同管理员", "contract manager"),
        "unit_head": ("单位负责人", "head of the unit"), "legal_office": ("法制机构", "legal office"),
        "leader": ("分管领导", "leader in charge"), "supervision": ("督查机构", "supervision office"),
    }  # fmt: skip
    for role, both in roles.items():
        letter = loop.urged(to)
        letter.content["escalation"]["role"] = role
        assert both[to.lang == "en"] in received(letter).text


def test_what_is_gone_is_not_closed_behind_the_back_of_who_handles_it() -> None:
    assert "本条预警（处置中）不会自动销号" in received(loop.gone()).text
    assert "The warning (being handled) does not close by itself" in received(loop.gone(MORGAN)).page.text


def test_a_case_is_closed_as_right_as_averted_or_as_false() -> None:
    said: dict[bool | str, str] = {
        True: "预警属实，已办结",
        "true": "预警属实，已办结",
        "prevented": "预警属实，经处置未造成违约",
        False: "经核实系误报",
    }
    for outcome, words in said.items():
        assert f"核实结论：{words}\n" in received(loop.closed(outcome=outcome)).text
    assert "误报理由：台账日期录入有误" in received(loop.closed(outcome=False)).text


def test_what_nobody_knows_is_left_to_be_filled_in() -> None:
    mail = received(loop.judged())
    for label in ("最坏结果", "参加单位和人员", "各方意见", "责任人", "审核签字"):
        assert f"{label}：__________\n" in mail.text
    assert "研判结论：工期延误由管线迁改引起" in mail.text
    blank = loop.judged()
    blank.content["assessment"]["note"] = ""
    assert "研判结论：__________\n" in received(blank).text
    assert "空白栏目" in mail.text
    assert "空白栏目" not in received(loop.closed()).text, "nothing is empty there"


def test_whatever_was_done_is_told_and_what_a_later_version_calls_it_is_told_too() -> None:
    letter = loop.gone()
    letter.content["history"].append({"on": "2017-12-31", "event": "sealed", "actor": "李航", "note": "用印"})
    assert "2017年12月31日：办理记录（李航） [用印]" in received(letter).text
    letter.content["history"].clear()
    assert "办理过程" not in received(letter).text


def test_a_week_without_anything_is_told_of_in_a_sentence() -> None:
    mail = received(loop.quiet())
    assert mail.message["Subject"] == "【预警周报】2017-12-25至2017-12-31 无未销号预警"
    assert "没有新发预警，目前也没有未销号预警；监测运行正常" in mail.text
    assert mail.files == {}
    bare = loop.stored("weekly", CHEN, since="2017-12-25")
    assert "尚未登记数据来源。" in received(bare).text
    assert "尚未登记数据来源。" in received(bare).page.text


def test_a_long_week_is_printed_in_part_and_attached_whole() -> None:
    mail = received(loop.weekly(rows=2_000))
    assert "仍未销号 (2000)" in mail.text
    assert "另有1992条，见附表。" in mail.text
    assert "另有1992条，见附表。" in mail.page.text
    assert {row[3] for row in mail.table[1:] if row[0] == "仍未销号"} == {f"YJ-2017-{n:05}" for n in range(31, 2_031)}
    assert len(mail.html.encode()) < 100_000


def test_a_digest_goes_by_unit_and_then_by_contract() -> None:
    items = [
        loop.item(CHEN, number=f"YJ-2017-{n:05}", unit=unit, contract_title=contract, contract_number=contract[:1])
        for n, (unit, contract) in enumerate([("甲局", "B路"), ("甲局", "A桥"), ("乙局", "C河"), ("甲局", "B路")])
    ]
    mail = received(loop.stored("digest", CHEN, items=items, counts={"orange": 4}))
    order = [
        "== 甲局 (3)",
        "B路 (B)",
        "YJ-2017-00000",
        "YJ-2017-00003",
        "A桥 (A)",
        "YJ-2017-00001",
        "== 乙局 (1)",
        "C河 (C)",
    ]
    found = [mail.text.index(text) for text in order]
    assert found == sorted(found)
    assert mail.text.count("请于2018年1月3日前签收。") == 4
    assert mail.table[0][-1] == "办理时限"
    assert mail.table[1][-1] == "2018-01-03"


def test_a_letter_that_was_stored_before_these_parts_were_known_still_reads() -> None:
    letter = loop.family()
    for old in ("document", "sequence", "state", "step", "answer_by"):
        for told in letter.content["items"]:
            del told[old]
    del letter.content["siblings"]
    mail = received(letter)
    assert "文号" not in mail.text
    assert "编号：YJ-2017-00032" in mail.text


@pytest.mark.parametrize("kind", ["escalated", "closed", "assessment"])
def test_a_letter_without_the_part_that_makes_its_kind_is_set_aside(kind: str) -> None:
    with pytest.raises(DeliveryError, match=r"needs \"") as fault:
        received(replace(loop.family(), kind=kind))
    assert fault.value.permanent


def test_every_kind_has_its_words() -> None:
    assert set(SINGLES) <= set(KINDS)
    asked = {
        f"letter.{word}.{step}"
        for word in ("asked", "waiting")
        for step in ("acknowledge", "assess", "report", "again")
    }
    forms = {"urge", "supervision", "cleared", "closed", "dismissed", "assessment", "weekly"}
    asked |= {f"letter.form.{form}" for form in forms} | {f"letter.subject_{form}" for form in forms}
    assert asked - set(keys()) == set()
