"""The letter to whoever runs Lvyue: what it says, and how seldom."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.notify import letters
from monitor.notify.composing import to_operator
from tests.notify.letters import AS_OF, AT, CONTEXT
from tests.notify.reading import Page

NOTES = [
    {
        "zh": "节点可能逾期：近半年已完结事项中26%逾期，训练时为33%。",
        "en": "Milestone may be late: <b>26%</b> was late.",
        "about": "slip 5 base",
    },
    {"zh": "节点可能逾期：事项构成不同。", "en": "Milestone may be late: another mix.", "about": "slip 5 mix"},
]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_says_every_note_and_what_to_do_in_text_and_page(lang: str) -> None:
    [letter] = to_operator(NOTES, "ops@office.example", lang=lang, as_of=AS_OF, at=AT, context=CONTEXT[lang])
    written = letters.write(letter)
    page = Page(written.html).root.text
    for note in NOTES:
        assert note[lang] in written.text
        assert note[lang] in page, "as text, never as markup"
    assert "lvyue model train" in written.text
    assert written.alert_id is None


def test_the_same_things_are_told_of_once_a_month() -> None:
    def key(day: date, *notes: dict[str, str]) -> str:
        [letter] = to_operator(notes, "ops@office.example", lang="zh", as_of=day, at=AT, context={})
        return letter.key

    other = NOTES[0] | {"zh": "27%", "en": "27%"}
    assert key(date(2026, 3, 1), *NOTES) == key(date(2026, 3, 31), other, NOTES[1])
    assert key(date(2026, 3, 1), *NOTES) != key(date(2026, 4, 1), *NOTES)
    assert key(date(2026, 3, 1), NOTES[0]) != key(date(2026, 3, 1), NOTES[1])


def test_without_an_address_or_a_note_there_is_no_letter() -> None:
    assert to_operator(NOTES, "", lang="zh", as_of=AS_OF, at=AT, context={}) == []
    assert to_operator([], "ops@office.example", lang="zh", as_of=AS_OF, at=AT, context={}) == []
