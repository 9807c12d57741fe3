"""What strangers write into a register is text in a chat: no link, no call to everybody, no line of its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from monitor.domain.warning import Letter
from monitor.notify import Recipient
from tests.notify.channels import OK, ROBOTS, address, answer, channel, message
from tests.notify.letters import CHEN, MORGAN, change, letters
from tests.notify.test_hostile import BIDI_AND_CONTROLS, HOSTILE, poisoned

CHAT = {name: text for name, text in HOSTILE.items() if len(text) < 10_000} | {
    "a link": "[click](http://evil.example/a?b=c) ![x](https://evil.example/x.png) www.evil.example evil.example",
    "everybody": '@all @所有人 <@all> <at user_id="all">所有人</at> <at id=all></at> @13800000000',
    "markdown": "# 大 **粗** _斜_ `码` ~~删~~ > 引 <font color=\"warning\">红</font>\n\n- x\n\n---",
    "an end of JSON": '"}},"at":{"isAtAll":true},"x":{"y":{"z":"',
    "marks upon marks": "ŗ" + "\u0301\u0327" * 2_000,
}  # fmt: skip
LINKS = re.compile(r"://|@|<|>|[A-Za-z0-9]\.[A-Za-z]{2}")
LEVELS = {"zh": ("红色", "橙色"), "en": ("Red", "Orange")}


def poisoned_letters(text: str, to: Recipient) -> tuple[Letter, Letter]:
    """A warning and a digest full of it."""
    context = {"office": text, "rules_hash": text, "known_at": text, "declared": text}
    rows: list[Any] = [change(n, "red" if n < 7 else "orange", poisoned(text)) for n in range(1, 13)]
    alone = letters(rows[:1], to, context=context)
    return alone[0], letters(rows, to, storm_over=1, context=context)[0]


@pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])
@pytest.mark.parametrize("kind", ROBOTS)
def test_a_strangers_text_is_inert_and_number_and_level_stay(kind: str, to: Recipient, httpserver: HTTPServer) -> None:
    clock_free = channel(kind, address(httpserver))
    shapes = set()
    for text in CHAT.values():
        for letter in poisoned_letters(text, to):
            answer(httpserver, OK[kind])
            clock_free.send(letter)
            body = httpserver.log[-1][0].get_data()
            assert len(body) < 20_000
            told = message(kind, body)
            assert len(told.encode()) <= 4096
            assert not LINKS.search(told), told
            assert not BIDI_AND_CONTROLS.search(told)
            if text.strip():
                shapes.add((letter.kind, told.count("\n")))
            high, low = LEVELS[to.lang]
            if letter.kind == "warning":
                assert told.count("YJ-2017-00001") >= 2
                assert high in told
            else:
                numbers = re.findall(rf"(?:■{high}|◆{low}) YJ-2017-000(\d\d)", told)
                assert numbers == [f"{n:02}" for n in range(1, 11)]
                assert re.search("其余2条|2 more", told)
    assert len(shapes) == 2, "a stranger's text makes no line of its own"


@pytest.mark.parametrize("kind", ROBOTS)
def test_what_is_harmless_is_shown_as_it_was_written(kind: str, httpserver: HTTPServer) -> None:
    answer(httpserver, OK[kind])
    text = "屋顶🏗️👷‍♀️ 3.10 条、5.5% & \"甲\" 'x' Co. Ltd"
    [letter] = letters([change(1, "red", poisoned(text))])
    channel(kind, address(httpserver)).send(letter)
    assert message(kind, httpserver.log[-1][0].get_data()).count(text) >= 4
