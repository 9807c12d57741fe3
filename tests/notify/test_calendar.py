"""The day of a warning in the reader's own calendar, read back by another reading of RFC 5545."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from icalendar import Calendar, Component, Event

from monitor.domain.warning import Letter
from monitor.notify import Recipient
from monitor.notify.email import as_sent, message
from tests.notify import loop
from tests.notify.letters import CHEN, MORGAN, digest, warning
from tests.notify.reading import data_of, read
from tests.notify.test_hostile import HOSTILE

READERS = pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])


def planned(letter: Letter, sender: str = "alerts@lvyue.example") -> tuple[str, Event] | None:
    """METHOD of the part and the one event in it; None where the letter brings no calendar."""
    mail = read(as_sent(message(letter, sender=sender, sender_name="", reply_to="")))
    parts = [part for part in mail.files.values() if part.get_content_type() == "text/calendar"]
    if not parts:
        return None
    [part] = parts
    raw = data_of(part)
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b""), "a line of its own is a property of its own"
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    sheet = Component.from_ical(raw.decode())
    assert isinstance(sheet, Calendar)
    assert sheet["METHOD"] == part["Content-Type"].params["method"], "RFC 6047: both say the same"
    [event] = sheet.walk("VEVENT")
    assert isinstance(event, Event)
    assert event.errors == []
    return str(sheet["METHOD"]), event


@READERS
def test_the_day_asked_for_is_a_whole_day_and_blocks_nobodys_time(to: Recipient) -> None:
    plan = planned(loop.family(to))
    assert plan is not None
    method, event = plan
    assert method == "PUBLISH"
    assert (date(2018, 1, 3), date(2018, 1, 4)) == (event.DTSTART, event.DTEND)
    assert datetime(2017, 12, 31, 22, 5, tzinfo=UTC) == event.DTSTAMP
    assert event["TRANSP"] == "TRANSPARENT"
    title = {
        "zh": "【红色】签收：YJ-2017-00032 示例区政务云运维服务合同",
        "en": "[Red] acknowledge this warning: YJ-2017-00032",
    }
    assert str(event["SUMMARY"]).startswith(title[to.lang])
    assert {"zh": "请于2018年1月3日前签收。", "en": "by 3 Jan 2018."}[to.lang] in str(event["DESCRIPTION"])


def test_a_case_is_one_event_that_moves_with_its_letters_and_goes_when_it_is_closed() -> None:
    plans = [
        planned(letter) for letter in (loop.urged(), loop.urged(answer_by="2018-01-09", sequence=3), loop.closed())
    ]
    events = [plan[1] for plan in plans if plan]
    assert [plan[0] for plan in plans if plan] == ["PUBLISH", "PUBLISH", "CANCEL"]
    assert {str(event["UID"]) for event in events} == {"lvyue-31@lvyue.example"}
    assert [event["SEQUENCE"] for event in events] == [2, 3, 5]
    assert [event.DTSTART for event in events[:2]] == [date(2018, 1, 3), date(2018, 1, 9)]
    assert events[2]["STATUS"] == "CANCELLED"
    dismissed = planned(loop.closed(outcome=False))
    assert dismissed is not None
    assert dismissed[0] == "CANCEL"


def unasked(**changed: Any) -> Letter:
    """A letter of an earlier version, which asked for nothing by a day."""
    letter = warning(**changed)
    [item] = letter.content["items"]
    return replace(letter, content=letter.content | {"items": [item | {"step": None, "answer_by": None}]})


def test_without_a_day_asked_for_the_due_day_counts_while_it_is_ahead() -> None:
    ahead = planned(unasked(due="2018-02-01", days_late=-32))
    assert ahead is not None
    assert date(2018, 2, 1) == ahead[1].DTSTART
    assert str(ahead[1]["SUMMARY"]).startswith("【橙色】到期：")
    assert planned(unasked(due="2017-12-30")) is None, "it is past"
    assert planned(unasked(due=None)) is None
    assert planned(loop.gone()) is planned(loop.judged()) is planned(digest()) is planned(loop.weekly()) is None


def test_a_case_of_a_chinese_domain_keeps_its_name() -> None:
    plan = planned(loop.urged(), sender="alerts@例子.cn")
    assert plan is not None
    assert plan[1]["UID"] == "lvyue-31@xn--fsqu00a.cn"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_strangers_text_adds_no_line_and_no_event(text: str) -> None:
    both = {"zh": text, "en": text}
    plan = planned(loop.family(contract_title=text, says=both, action=both, cite=text, number=text))
    assert plan is not None
    _, event = plan
    assert set(event) == {
        "UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "ORGANIZER", "STATUS", "TRANSP", "SUMMARY", "DESCRIPTION",
    }  # fmt: skip
    assert len(str(event["SUMMARY"])) <= 120
