"""Letters for every eye: enough contrast in light and in dark, levels by word and shape, nothing fetched."""

from __future__ import annotations

import re

import pytest

from monitor.notify import Recipient
from monitor.notify.letters import write
from tests.notify import loop
from tests.notify.letters import CHEN, MORGAN, digest, warning
from tests.notify.reading import Element, Page

READERS = pytest.mark.parametrize("to", [CHEN, MORGAN], ids=["zh", "en"])
ENOUGH = 4.5
"""WCAG 2.2 AA, 1.4.3, text of any size."""


def contrast(ink: str, ground: str) -> float:
    """The ratio of WCAG 2.2 between two colours written as #rrggbb."""
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def dark_rules(page: Element) -> dict[str, str]:
    """Declarations by class, as they are where the reader's screen is dark."""
    [sheet] = [element.text for element in page.all() if element.tag == "style"]
    block = sheet.partition("prefers-color-scheme: dark")[2].partition("@media")[0]
    return dict(re.findall(r"\.(\w+) \{ (.*?) \}", block))


def colour(element: Element, name: str, rules: dict[str, str]) -> str:
    """The colour that holds for an element: its class where there is a rule, its own, or else its parent's."""
    here: Element | None = element
    while here is not None:
        own = [rules.get(word, "") for word in here.attributes.get("class", "").split()]
        for style in [*own, here.attributes.get("style", "")]:
            found = re.findall(rf"(?:^|[;\s]){name}:\s*(#[0-9a-f]{{6}})", style)
            if found:
                return str(found[-1])
        here = here.parent
    raise AssertionError(f"no {name} for <{element.tag}>")


@READERS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(to: Recipient, scheme: str) -> None:
    for letter in (
        warning(to),
        warning(to, level="red"),
        digest(to),
        loop.answer(to),
        *(make(to) for make in loop.EVERY.values()),
    ):
        page = Page(write(letter).html).root
        rules = dark_rules(page) if scheme == "dark" else {}
        [body] = [element for element in page.all() if element.tag == "body"]
        texts = [
            e for e in body.all() if any(isinstance(child, str) and child.strip("\xa0\n ") for child in e.children)
        ]
        assert len(texts) > (15 if letter.kind != "report" else 8)
        for element in texts:
            ratio = contrast(colour(element, "color", rules), colour(element, "background-color", rules))
            assert ratio >= ENOUGH, f"{element.text[:40]!r}: {ratio:.2f}"


@READERS
def test_a_level_is_told_by_word_and_by_shape(to: Recipient) -> None:
    words = {"zh": ("■ 红色", "◆ 橙色", "▲ 黄色", "● 蓝色"), "en": ("■ Red", "◆ Orange", "▲ Yellow", "● Blue")}[to.lang]
    written = write(digest(to))
    for word in words:
        assert word in Page(written.html).root.text
        assert word in written.text


@READERS
def test_a_letter_fetches_nothing_and_links_nowhere(to: Recipient) -> None:
    for letter in (warning(to), digest(to), loop.answer(to), *(make(to) for make in loop.EVERY.values())):
        page = Page(write(letter).html).root
        names = {name for element in page.all() for name in element.attributes}
        assert not names & {"src", "href", "background", "srcset", "action", "data"}
        assert not re.search(r"https?:|//|url\(|@import|@font-face", write(letter).html)


@READERS
def test_the_body_goes_from_what_happened_to_why_you_get_it(to: Recipient) -> None:
    order = {
        "zh": [
            "一、基本情况", "二、依据与要求", "三、期限", "四、事实依据", "五、涉及金额", "六、尚不掌握的情况", "七、发函说明",
        ],
        "en": [
            "1. What happened", "2. Why it matters", "3. By when to act", "4. Evidence", "5. Money at stake",
            "6. What is not known", "7. Why you get this letter",
        ],
    }[to.lang]  # fmt: skip
    written = write(warning(to))
    headings = [element.text for element in Page(written.html).root.all() if element.tag == "h2"]
    assert headings == order
    assert [line for line in written.text.splitlines() if line in order] == order
    for both in ("A warning is no proof of a breach", "预警不等于违约认定"):
        assert both in written.text
        assert both in Page(written.html).root.text
