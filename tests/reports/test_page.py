"""The auditor opens one file, years later, on a machine without a network, and trusts what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from monitor.domain.words import LANGS
from monitor.reports.page import TOP_ROWS, TOP_UNITS, TOP_WARNINGS, portfolio_page
from monitor.reports.portfolio import Portfolio
from tests.conftest import Golden
from tests.reports.made import NOTHING, finding, tiny_report, unit
from tests.reports.reading import SVG, Element, blocks, read_markup

HOSTILE = (
    '<script>alert(1)</script>"><img src=http://evil.example/a.png onerror=alert(1)>'
    '</style></title>\'\u202egnp.exe\x00 =HYPERLINK("http://evil.example") {{ 7*7 }} ' + "长" * 2000
)


def read(report: Portfolio, lang: str = "en") -> Element:
    return read_markup(portfolio_page(report, lang))


def pictures(report: Portfolio, lang: str = "en") -> list[ElementTree.Element]:
    """The pictures as a strict XML reader sees them."""
    return [
        ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", portfolio_page(report, lang), re.DOTALL)
    ]


@pytest.fixture
def tiny() -> Portfolio:
    return tiny_report()


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_is_as_it_was_read_and_approved(tiny: Portfolio, lang: str, golden: Golden) -> None:
    golden(f"reports/portfolio.{lang}.html", portfolio_page(tiny, lang))


def test_both_languages_say_the_same_in_the_same_order(tiny: Portfolio) -> None:
    chinese, english = ([element.tag for element in read(tiny, lang).all()] for lang in LANGS)
    assert chinese == english
    assert "逾期" not in read(replace(tiny, header=NOTHING.header)).text
    with pytest.raises(KeyError):
        portfolio_page(tiny, "fr")


def test_the_same_report_gives_the_same_bytes(tiny: Portfolio) -> None:
    assert portfolio_page(tiny, "zh") == portfolio_page(replace(tiny), "zh")


def test_headings_stand_in_order_and_none_is_skipped(tiny: Portfolio) -> None:
    headings = [e for e in read(tiny).all() if re.fullmatch(r"h[1-6]", e.tag)]
    assert [e.text for e in headings] == [
        "Where we stand", "Key numbers", "Due and overdue, by month", "By unit", "Warnings", "By rule", "Worst first",
        "Learned risk", "Due days that moved", "Contracts listed no more", "Sources", "What could be judged, and what could not",
        "Law of China", "Generic rules", "Other law",
    ]  # fmt: skip
    depths = [int(e.tag[1]) for e in headings]
    assert depths[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(depths))


def test_the_summary_and_the_tiles_carry_the_numbers(tiny: Portfolio) -> None:
    page = read(tiny)
    assert (
        "On 31 Mar 2026, 5 contracts of 3 units have 11 milestones still open: 6 overdue, 3 due within 30 days, "
        "and 1 without a known due day, which nobody can call late or on time."
    ) in page.text
    tiles = page.by_id("numbers").text
    assert "Overdue 6 54.5% of those open" in tiles
    assert "Open 11 of 20 milestones" in tiles
    assert "■ Red 1" in tiles


def test_every_column_is_as_high_as_its_number(tiny: Portfolio) -> None:
    months = pictures(tiny)[0]
    for part in ("overdue", "late", "on_time", "ahead"):
        counts = [row[part] for row in tiny.months if row[part]]
        rects = blocks(months, part)
        assert [int(rect.attrib["data-value"]) for rect in rects] == counts
        # The outline takes one unit of height; 6 is the top of the axis, 190 the height of the plot.
        heights = [float(rect.attrib["height"]) + 1 for rect in rects]
        assert heights == pytest.approx([190 * count / 6 for count in counts], abs=0.02)


def test_the_line_of_the_day_stands_after_march_ends(tiny: Portfolio) -> None:
    months = pictures(tiny)[0]
    line = next(e for e in months.iter(f"{SVG}line") if e.get("class") == "mark")
    march, april = blocks(months, "overdue")[-1], blocks(months, "ahead")[0]
    assert float(march.attrib["x"]) + float(march.attrib["width"]) < float(line.attrib["x1"]) < float(april.attrib["x"])
    earlier = replace(tiny, header=replace(tiny.header, as_of=date(2025, 6, 1)))
    assert not [e for e in pictures(earlier)[0].iter(f"{SVG}line") if e.get("class") == "mark"]


def test_what_is_overdue_from_before_the_picture_is_said_beside_it(tiny: Portfolio) -> None:
    assert "".join(pictures(tiny)[0].itertext()).count("◀ before Jan 2026: 2 overdue") == 1
    assert "Overdue from before Jan 2026, without a column: 2 more." in read(tiny).by_id("by-month").text


@pytest.mark.parametrize("lang", LANGS)
def test_every_picture_is_told_in_words_and_in_a_table(tiny: Portfolio, lang: str) -> None:
    drawn = pictures(tiny, lang)
    assert len(drawn) == 2
    for picture in drawn:
        title, desc = picture[0], picture[1]
        assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
        assert (picture.get("aria-labelledby"), picture.get("aria-describedby")) == (title.get("id"), desc.get("id"))
        assert title.text
        assert desc.text
    rows = {heading: read(tiny, lang).by_id(heading).all("details")[0].all("tr") for heading in ("by-month", "by-unit")}
    # A row of heads each, and one for what lies before the first month.
    assert len(rows["by-month"]) == 2 + len(tiny.months)
    assert len(rows["by-unit"]) == 1 + len(tiny.units)
    assert [cell.text for cell in rows["by-month"][2].all("td")] == ["1", "3", "2", "0"]


def test_units_are_drawn_with_their_numbers_and_the_nameless_is_named(tiny: Portfolio) -> None:
    units = pictures(tiny)[1]
    assert [int(rect.attrib["data-value"]) for rect in blocks(units, "overdue")] == [4, 2]
    assert [int(rect.attrib["data-value"]) for rect in blocks(units, "due_soon")] == [1, 2]
    said = [text.text for text in units.iter(f"{SVG}text")]
    assert "4 + 1" in said
    assert "no unit on record" in said
    assert "Nothing overdue or due soon: 1 unit." in read(tiny).by_id("by-unit").text


def test_units_past_the_picture_are_summed_and_said(tiny: Portfolio) -> None:
    many = replace(tiny, units=[unit(f"Unit {number}", 3, 1) for number in range(TOP_UNITS + 2)])
    assert len(blocks(pictures(many)[1], "overdue")) == TOP_UNITS
    section = read(many).by_id("by-unit")
    assert "Another 2 units, together 6 overdue and 2 due soon, are in the table." in section.text
    assert len(section.all("details")[0].all("tr")) == 1 + TOP_UNITS + 2


def test_a_warning_stands_with_level_article_days_and_money(tiny: Portfolio) -> None:
    groups = read(tiny).by_id("warnings").all("tbody")[1:]
    assert [group.all("th")[0].text.split(" CN-")[0] for group in groups] == ["■ Red", "◆ Orange", "▲ Yellow", "● Blue"]
    assert "Article: 《保障中小企业款项支付条例》第九条 · basis: statute" in groups[0].text
    assert [cell.text for cell in groups[0].all("td")] == [
        "■ Red", "The law requires payment by 18 Feb 2026. 道路养护 · 2026-118", "城管局 路平养护公司", "18 Feb 2026",
        "41 days late", "50,000.00 CNY",
    ]  # fmt: skip


def test_articles_of_one_group_that_differ_stand_at_each_warning(tiny: Portfolio) -> None:
    two = replace(tiny, findings=[finding("red", cite="Art. 8"), finding("red", cite="Art. 9", due=None, money=None)])
    group = read(two).by_id("warnings").all("tbody")[1]
    assert "Article" not in group.all("th")[0].text
    assert [row.text.count("Article: Art.") for row in group.all("tr")] == [0, 1, 1]
    assert [cell.text for cell in group.all("tr")[2].all("td")][3:] == ["–", "41 days late", "–"]


def test_a_hundred_warnings_are_listed_and_a_crowd_of_one_rule_hides_no_other(tiny: Portfolio) -> None:
    crowd = [finding("red", "CN-DL-01") for _ in range(TOP_WARNINGS + 40)]
    many = replace(tiny, findings=[*crowd, finding("red", "CN-PAY-01"), finding("blue", "CN-PAY-01")])
    section = read(many).by_id("warnings")
    assert f"Of 142 warnings, the worst {TOP_WARNINGS} are listed here; 42 more are in the JSON and CSV" in section.text
    heads = [row.text for row in section.all("tr") if row.attributes.get("class") == "group"]
    assert ["99 of 140" in heads[0], "1 of 1" in heads[1], len(heads)] == [True, True, 2]


def test_what_moved_and_what_vanished_is_listed_and_nothing_is_called_closed(tiny: Portfolio) -> None:
    page = read(tiny)
    cells = [cell.text for cell in page.by_id("moved").all("td")]
    assert cells == ["gov:2026-118", "1 Mar 2026", "26 Feb 2026", "−3", "20 Feb 2026"]
    assert "nothing was closed" in page.by_id("vanished").text
    long = read(replace(tiny, moved=tiny.moved * (TOP_ROWS + 5))).by_id("moved")
    assert len(long.all("tr")) == 1 + TOP_ROWS
    assert f"Of {TOP_ROWS + 5} rows, {TOP_ROWS} are listed here; 5 more" in long.text


def test_a_silent_source_is_named_at_the_top_and_in_its_row(tiny: Portfolio) -> None:
    page = read(tiny)
    notices = [e.text for e in page.all("p") if e.attributes.get("class") == "notice"]
    assert "No longer updating: register (89 days without a change)." in notices[0]
    assert "provisional" in notices[1]
    assert [row.all("td")[0].text for row in page.by_id("sources").all("tr")[1:]] == ["updating", "▲ stopped updating"]


@pytest.mark.parametrize("lang", LANGS)
def test_an_empty_portfolio_says_so_in_every_section(lang: str) -> None:
    page = read(NOTHING, lang)
    none = {"zh": "无。", "en": "None."}[lang]
    for section in page.all("section")[1:]:
        assert none in section.text
    assert pictures(NOTHING, lang) == []
    assert {"zh": "没有任何合同记录", "en": "no contract is on record"}[lang] in page.text


def test_a_calm_unit_needs_no_picture_but_keeps_its_table() -> None:
    section = read(replace(NOTHING, units=[unit("水务局", 0, 0)])).by_id("by-unit")
    assert not section.all("svg")
    assert "open" in section.all("details")[0].attributes


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_texts_are_only_texts(tiny: Portfolio, lang: str) -> None:
    words = {"zh": HOSTILE, "en": HOSTILE}
    texts = dict.fromkeys(
        ("subject_title", "contract_title", "contract_number", "unit", "party", "cite", "currency"), HOSTILE
    )
    hostile = replace(
        tiny,
        header=replace(tiny.header, office=HOSTILE, declared=HOSTILE),
        units=[unit(HOSTILE, 4, 1), *tiny.units],
        findings=[finding("red", says=words, rule_title=words, **texts), finding("red", cite=HOSTILE + "2")],
        moved=[tiny.moved[0] | {"title": HOSTILE, "contract_id": HOSTILE}],
        vanished=[tiny.vanished[0] | {"title": HOSTILE, "id": HOSTILE, "source": HOSTILE}],
        sources=[row | {"source": HOSTILE} for row in tiny.sources],
    )
    page, calm = read(hostile, lang), read(tiny, lang)
    assert {e.tag for e in page.all()} == {e.tag for e in calm.all()}
    assert {name for e in page.all() for name in e.attributes} == {name for e in calm.all() for name in e.attributes}
    assert len(page.all("style")) == 1
    assert "<script>alert(1)</script>" in page.by_id("warnings").text
    assert "{{ 7*7 }}" in page.by_id("warnings").text
    markup = portfolio_page(hostile, lang)
    assert "\u202e" not in markup
    assert "\x00" not in markup
    assert len(pictures(hostile, lang)) == 2


def test_nothing_in_the_page_asks_the_network(tiny: Portfolio) -> None:
    page = read(tiny)
    policy = next(e for e in page.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    for element in page.all():
        assert element.tag not in ("script", "link", "iframe", "img", "object", "embed", "base", "form")
        for name, value in element.attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "action", "srcset", "data", "xlink:href"):
                assert value.startswith("#")
            assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", value))
    style = page.all("style")[0].text
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in style


def test_links_inside_the_page_lead_somewhere_and_ids_are_used_once(tiny: Portfolio) -> None:
    page = read(tiny)
    ids = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    used = [v.lstrip("#") for e in page.all() for n, v in e.attributes.items() if n in ("href", "aria-labelledby")]
    assert set(used) <= set(ids)


def test_paper_repeats_the_head_of_the_report_on_every_sheet(tiny: Portfolio) -> None:
    style = read(tiny, "en").all("style")[0].text
    stamp = re.search(r'@top-left \{ content: "([^"]*)"', style)
    assert stamp is not None
    shown = re.sub(r"\\([0-9a-f]{6})", lambda sign: chr(int(sign[1], 16)), stamp[1])
    assert shown == "Where we stand · 区司法局"
