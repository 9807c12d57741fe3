"""The card of a model is read by people who must decide whether to listen to it. The cards here are made, numbers and names."""

from __future__ import annotations

import copy
import json
import re
import shutil
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from playwright.sync_api import sync_playwright

from monitor.domain.words import LANGS, keys, word
from monitor.learning.gate import NAMES, Serve
from monitor.learning.layout import CONTRACT, group_of
from monitor.learning.measures import LESS_IS_BETTER, MEASURES
from monitor.learning.recipe import Recipe
from monitor.reports import model_sections
from monitor.reports.chart import Picture
from monitor.reports.model import Stamp, card_markdown, card_page
from monitor.reports.plot import WIDTH, Axes, Line, Span, over, spans
from tests.conftest import Golden
from tests.reports.reading import SVG, Element, read_markup
from tests.test_browser import BOXES, FLAGS, opened

SHELF = Path(__file__).parent.parent.parent / "models"
HOSTILE = "<script>alert(1)</script>|`a`\n# b [c](http://evil.example) \u202egnp.exe{{ 7*7 }}"
STAMP = Stamp(
    office="区司法局", declared="虚构数据", number=3, trained_at=datetime(2026, 3, 31, 2, tzinfo=UTC), sha256="ab12" * 16
)  # fmt: skip

RECIPE = Recipe.model_validate(
    tomllib.loads("""
id = "late_work"
subject = "obligation"
title = { zh = "节点可能逾期", en = "Milestone may be late" }
question = { zh = "该节点会不会逾期？", en = "Will this milestone be late?" }
happened = { zh = "逾期", en = "late" }
not_for = { zh = "不得用于追究责任。", en = "Not for holding anybody responsible." }
population = { open = "true", asked_of = "true", start = "contract.signed_on", due = "obligation.due_on" }
outcome = { bad_on = "later.done_on", good_on = "later.done_on", certain_by = "obligation.due_on" }
warns = { blue = { share = 0.2, at_least = 0.4 }, yellow = { share = 0.1, at_least = 0.6 } }
[facts.role.kind]
fact = "obligation.kind"
words = { zh = "同类节点", en = "milestones of this kind" }
[facts.role.unit]
fact = "contract.unit_id"
words = { zh = "承办单位", en = "this unit" }
""")
)
WHO = ("model", "base", "past_record", "kind_and_unit")


def made(**changes: Any) -> dict[str, Any]:
    """A model that speaks. Nothing in it was measured anywhere."""
    return {
        "recipe": "late_work", "recipe_hash": "c0ffee" * 10, "as_of": "2026-03-31",
        "counts": {
            "asked": 5000, "cases": 2400, "censored": 1500, "subjects": 800, "late_subjects": 300, "contracts": 120,
            "from": "2021-04-01", "to": "2026-03-01",
        },
        "verdict": {
            "serve": "model", "lookup": None, "zh": ["模型优于历史记录法。"],
            "en": ["The model was better than the past record."],
            "numbers": {"closed": 800.0, "judged": 120.0, "rarer": 40.0},
        },
        "trial": made_trial(),
        "levels": {"blue": 0.55, "yellow": 0.7}, "reference": {"open": 90, "base": 0.36},
        "share_of_forest": 0.75,
        "strength": {"unit": 0.8473, "load": 0.4055, "contract": 0.2, "contract.amendments": 0.05, "lately": 0.0},
    } | changes  # fmt: skip


def made_trial(**changes: Any) -> dict[str, Any]:
    figures = {who: {name: [0.5, 0.4, 0.6] for name in MEASURES} for who in WHO}
    figures["model"]["average_precision"] = [0.7, 0.65, 0.75]
    against = {who: {name: [0.1, 0.05, 0.15] for name in MEASURES} for who in WHO[1:]}
    against["past_record"] |= {
        "auc": [0.02, -0.01, 0.05],
        "recall_10": [-0.05, -0.08, -0.02],
        "brier": [-0.01, -0.02, -0.002],
    }
    lead = {"subjects": 200, "late": 80, "warned": 0.2, "precision": 0.75, "caught": 0.4, "ahead": {30: 0.3, 60: 0.1}}
    rows = {"rows": 150, "late": 0.4, "said": 0.45, "brier": 0.2, "auc": 0.7}
    return {
        "rows": 600, "subjects": 200, "late": 0.38,
        "cuts": [
            {"day": day, "rows": 300, "late": late, "said": dict.fromkeys(WHO, said)}
            | {"average_precision": dict.fromkeys(WHO, 0.6)}
            for day, late, said in (("2025-01-01", 0.35, 0.4), ("2025-07-02", 0.41, 0.5))
        ],
        "figures": figures, "against": against,
        "reliability": [
            {"count": 300, "said": 0.25, "came": 0.2, "low": 0.15, "high": 0.3},
            {"count": 300, "said": 0.75, "came": 0.5, "low": 0.45, "high": 0.55},
        ],
        "error": 0.15,
        "by_days": [rows | {"name": name} for name in ("-10000", "0", "30", "90", "180")],
        "by_role": {
            role: [rows | {"name": name}] for role, name in (("kind", "delivery"), ("title", "Design"), ("unit", "3.10"))
        },
        "leads": [
            lead | {"model": who, "budget": budget, "days": (10.0, 45.0, 90.0)} for who in WHO for budget in (0.1, 0.2)
        ],
    } | changes  # fmt: skip


def page(card: dict[str, Any], lang: str = "en") -> Element:
    return read_markup(card_page(RECIPE, card, lang, stamp=STAMP))


def pictures(card: dict[str, Any], lang: str = "en") -> list[ElementTree.Element]:
    found = re.findall(r"<svg.*?</svg>", card_page(RECIPE, card, lang), re.DOTALL)
    return [ElementTree.fromstring(svg) for svg in found]


def cells(section: Element, name: str) -> list[str]:
    """What stands beside a name in the first table that has it."""
    row = next(tr for tr in section.all("tr") if [th.text for th in tr.all("th")] == [name])
    return [cell.text for cell in row.all("td")]


@pytest.mark.parametrize("lang", LANGS)
def test_the_card_is_as_it_was_read_and_approved(lang: str, golden: Golden) -> None:
    golden(f"reports/card.{lang}.md", card_markdown(RECIPE, made(), lang, stamp=STAMP))


def test_the_page_says_what_the_markdown_says_in_both_languages() -> None:
    for lang in LANGS:
        shown, markdown = page(made(), lang), card_markdown(RECIPE, made(), lang, stamp=STAMP)
        headings = [heading.text for heading in shown.all("h2")]
        assert headings == re.findall(r"^## (.*)$", markdown, re.MULTILINE)
        assert len(headings) == 12
        for row in shown.all("tr"):
            for cell in row.all("td"):
                assert cell.text.split(" ")[0] in markdown
    chinese, english = ([element.tag for element in page(made(), lang).all()] for lang in LANGS)
    assert chinese == english
    with pytest.raises(KeyError):
        card_page(RECIPE, made(), "fr")


def test_a_card_out_of_the_register_is_the_card_of_the_training() -> None:
    stored = json.loads(json.dumps(made()))
    for lang in LANGS:
        assert card_markdown(RECIPE, stored, lang) == card_markdown(RECIPE, made(), lang)
        assert card_page(RECIPE, stored, lang) == card_page(RECIPE, made(), lang)


@pytest.mark.parametrize(("serve", "said"), [
    ("model", "The learned model speaks. By itself an estimate gives a blue warning from 55.0% and a yellow one from 70.0%"),
    ("lookup", "The learned model does not speak; the past record answers in its place."),
    ("off", "No estimate is given. Estimates give no warning."),
])  # fmt: skip
def test_who_speaks_is_said_first_and_the_gates_own_reasons_after_it(serve: Serve, said: str) -> None:
    card = made()
    card["verdict"] |= {"serve": serve, "lookup": "past_record" if serve == "lookup" else None}
    section = page(card).by_id("speaks")
    assert section.text.startswith(f"Does it speak, and why {said}")
    assert "The model was better than the past record." in section.text
    silent = "which does not speak now" in page(card).by_id("strength").text
    assert silent == (serve != "model")


def test_what_is_open_is_counted_apart_and_never_as_good() -> None:
    told = {
        row.all("dt")[0].text: row.all("dd")[0].text for row in page(made()).by_id("data").all("div") if row.all("dt")
    }
    counts = [
        told[name]
        for name in told
        if name.startswith(("Rows asked", "Of these without", "Of these ended", "Of these used"))
    ]
    assert counts == ["5,000", "1,500", "1,100", "2,400"], "the four add up"
    assert "never counted as good" in " ".join(told)


def test_a_difference_is_called_better_only_where_its_interval_leaves_out_zero() -> None:
    section = page(made()).by_id("figures").all("table")[1]
    assert "better" in cells(section, "Average precision (more is better)")[1]
    assert cells(section, "Brier score (less is better)")[1] == "−0.010 −0.020 to −0.002, better"
    assert "worse" in cells(section, "Brier score (less is better)")[0], "more error than the base rate"
    assert "may be chance" in cells(section, "Area under the ROC curve (more is better)")[1]
    assert cells(section, "Riskiest 10 %: share of all that came true")[1] == "−5.0 points −8.0 to −2.0, worse"


def without_numbers() -> dict[str, Any]:
    """A card of a trial in which hardly anything could be told."""
    card = copy.deepcopy(made(levels=None, reference={"open": 0, "base": None}, share_of_forest=None, strength={}))
    trial = card["trial"]
    card["verdict"]["numbers"] = {}
    card["counts"] = {"asked": 0, "cases": 0, "censored": 0}
    trial["figures"] = {who: {name: [None, None, None] for name in MEASURES} for who in WHO}
    trial["against"] = {who: {name: [None, None, None] for name in MEASURES} for who in WHO[1:]}
    trial["cuts"][0]["average_precision"]["model"] = None
    trial |= {"reliability": [], "error": float("nan"), "by_role": {}}
    trial["by_days"] = [{"name": "0", "rows": 0, "late": None, "said": None, "brier": None, "auc": None}]
    trial["leads"] = [lead | {"precision": None, "caught": None, "ahead": {}, "days": None} for lead in trial["leads"]]
    return card


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_not_known_is_said_so_and_never_nought(lang: str) -> None:
    card, unknown = without_numbers(), word("unknown", lang)
    shown = page(card, lang)
    assert {cell.text for cell in shown.by_id("figures").all("td")} == {unknown}
    assert [cell.text for cell in shown.by_id("days").all("td")] == ["0", *[unknown] * 5]
    assert [cell.text for cell in shown.by_id("leads").all("tr")[1].all("td")] == ["20.0%", unknown, unknown, unknown]
    assert unknown in shown.by_id("data").text
    assert "None" not in shown.text.replace("none", "")
    assert "nan" not in card_markdown(RECIPE, card, lang)
    drawn = [picture.get("id") for picture in pictures(card, lang)]
    assert drawn == ["cuts-said-picture", "cuts-average-precision-picture"]


@pytest.mark.parametrize("lang", LANGS)
def test_without_a_trial_the_card_says_why_and_shows_no_figure(lang: str) -> None:
    reason = {"zh": "已完结的仅12项，至少需要200项。", "en": "Only 12 cases have ended; 200 are needed."}
    verdict = {"serve": "off", "lookup": None, "zh": [reason["zh"]], "en": [reason["en"]], "numbers": {"closed": 12.0}}
    card = made(trial=None, verdict=verdict, levels=None, strength={})
    shown = page(card, lang)
    parts = [heading.attributes["id"] for heading in shown.all("h2")]
    assert parts == ["speaks", "use", "data", "trial", "strength", "limits"]
    assert {"zh": "没有进行检验", "en": "There was no trial"}[lang] in shown.by_id("trial").text
    assert reason[lang] in shown.text
    assert pictures(card, lang) == []
    assert reason[lang] in card_markdown(RECIPE, card, lang)


def test_a_card_of_cuts_without_a_precision_of_their_own_draws_what_it_has() -> None:
    card = made()
    for cut in card["trial"]["cuts"]:
        del cut["average_precision"]
    drawn = [picture.get("id") for picture in pictures(card)]
    assert drawn == ["cuts-said-picture", "reliability-picture", "leads-picture"]
    assert len(page(card).by_id("cuts").all("table")) == 1


def test_groups_bear_the_names_that_people_use() -> None:
    groups = page(made(), "zh").by_id("groups")
    assert cells(groups, "3.10")[0] == "150", "a unit's name is no number"
    assert cells(groups, word("value.obligation.kind.delivery", "zh"))[0] == "150"
    days = [row.all("th")[0].text for row in page(made()).by_id("days").all("tr")[1:]]
    assert days == ["Past its day", "0 to 29 days", "30 to 89 days", "90 to 179 days", "180 days or more"]


def test_what_moves_it_is_told_in_words_with_what_it_comes_to() -> None:
    section = page(made()).by_id("strength")
    assert [row.all("th")[0].text for row in section.all("tr")[1:]] == [
        "The record of this unit", "How much is open and overdue with those involved",
        "How the same contract has gone so far", "Amendments", "How things went lately, everywhere",
    ]  # fmt: skip
    assert cells(section, "The record of this unit") == ["0.847", "70.0%"]


def test_every_name_that_the_learning_room_gives_has_words() -> None:
    for name, pair in NAMES.items():
        assert (word(f"model.by.{name}", "zh"), word(f"model.by.{name}", "en")) == pair
    wanted = {f"model.figure.{name}" for name in MEASURES} | {f"model.speaks.{serve}" for serve in get_args(Serve)}
    wanted |= {f"model.group.{group}" for group in model_sections.GROUPS}
    assert wanted <= set(keys())
    columns = ("history.contract", "load.kind.open", "time.age", "size.amount", "wording.sum")
    assert {group_of(name) for name in columns} <= set(model_sections.GROUPS)
    assert CONTRACT in model_sections.GROUPS
    assert set(model_sections.LESS_IS_BETTER) == LESS_IS_BETTER


def test_every_word_of_the_card_is_said_somewhere() -> None:
    folder = Path(model_sections.__file__).parent
    texts = [*folder.glob("model*.py"), folder / "templates" / "model.html"]
    said = "".join(path.read_text(encoding="utf-8") for path in texts)
    built = ("by", "speaks", "data", "figure", "group", "role", "of", "days", "limit")
    left = [key for key in keys() if key.startswith("model.") and key not in said and key.split(".")[1] not in built]
    assert left == ["model.better", "model.worse", "model.chance"], "of these one is chosen"


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in SHELF.glob("*/recipe.toml")))
def test_every_recipe_on_the_shelf_makes_a_card(folder: str) -> None:
    recipe = Recipe.model_validate(tomllib.loads((SHELF / folder / "recipe.toml").read_text(encoding="utf-8")))
    for lang in LANGS:
        shown = read_markup(card_page(recipe, made(recipe=folder), lang))
        assert recipe.question.in_language(lang) in shown.text
        assert recipe.not_for.in_language(lang) in shown.by_id("use").text


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_names_are_only_names(lang: str) -> None:
    trial = made_trial()
    for rows in trial["by_role"].values():
        rows[0] = rows[0] | {"name": HOSTILE}
    card = made(trial=trial)
    hostile = replace(STAMP, office=HOSTILE, declared=HOSTILE)
    shown = read_markup(card_page(RECIPE, card, lang, stamp=hostile))
    assert [e.tag for e in shown.all()] == [e.tag for e in page(made(), lang).all()]
    assert "<script>alert(1)</script>" in shown.by_id("groups").text
    markdown = card_markdown(RECIPE, card, lang, stamp=hostile)
    assert "\u202e" not in markdown
    assert "\n# b" not in markdown
    row = next(line for line in markdown.splitlines() if line.startswith(r"| \<script\>"))
    assert row.startswith(r"| \<script\>alert(1)\</script\>\|\`a\` \# b \[c\](http:\//evil.example)")
    assert len(re.findall(r"(?<!\\)\|", row)) == 8, "seven columns"


@pytest.mark.parametrize("lang", LANGS)
def test_what_a_person_notes_of_the_data_stands_before_the_numbers_and_is_only_text(lang: str) -> None:
    noted = replace(STAMP, notes=("Trained on deliveries that all arrived.", HOSTILE))
    shown = read_markup(card_page(RECIPE, made(), lang, stamp=noted))
    assert [heading.attributes["id"] for heading in shown.all("h2")][:3] == ["speaks", "notes", "use"]
    assert next(point.text for point in shown.by_id("notes").all("li")) == noted.notes[0]
    assert word("model.notes", lang) in shown.by_id("notes").text, "it is no number of ours"
    assert shown.all("script") == []
    markdown = card_markdown(RECIPE, made(), lang, stamp=noted)
    assert f"## {word('model.part.notes', lang)}\n" in markdown
    assert f"\n- {noted.notes[0]}\n- \\<script\\>alert(1)" in markdown
    assert word("model.part.notes", lang) not in card_markdown(RECIPE, made(), lang, stamp=STAMP)


@pytest.mark.parametrize("lang", LANGS)
def test_every_picture_is_told_in_words_and_stands_by_its_table(lang: str) -> None:
    shown, drawn = page(made(), lang), pictures(made(), lang)
    assert len(drawn) == 4
    for picture in drawn:
        title, desc = picture[0], picture[1]
        assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
        assert (picture.get("aria-labelledby"), picture.get("aria-describedby")) == (title.get("id"), desc.get("id"))
        assert title.text
        assert desc.text
    for key in ("cuts", "reliability", "leads"):
        assert shown.by_id(key).all("table")
        assert shown.by_id(key).all("figure")
    ids = [element.attributes["id"] for element in shown.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))


def test_points_lie_where_their_numbers_put_them() -> None:
    svg = next(picture for picture in pictures(made()) if picture.get("id") == "reliability-picture")
    diagonal = next(line for line in svg.iter(f"{SVG}line") if line.get("class") == "mark")
    left, right = float(diagonal.attrib["x1"]), float(diagonal.attrib["x2"])
    foot, top = float(diagonal.attrib["y1"]), float(diagonal.attrib["y2"])
    assert right - left == pytest.approx(foot - top), "both axes have one scale"
    for mark in (path for path in svg.iter(f"{SVG}path") if "data-said" in path.attrib):
        found = re.fullmatch(r"translate\((\S+) (\S+)\)", mark.attrib["transform"])
        assert found
        assert float(found[1]) == pytest.approx(left + (right - left) * float(mark.attrib["data-said"]), abs=0.1)
        assert float(found[2]) == pytest.approx(foot - (foot - top) * float(mark.attrib["data-came"]), abs=0.1)


def test_a_line_is_broken_where_nothing_is_known() -> None:
    line = Line(key="model", label="m", values=[0.1, None, 0.3, 0.4])
    picture = Picture(id="p", title="t", description="d")
    svg = ElementTree.fromstring(over(picture, [line], ["a", "b", "c", "d"], Axes()))
    assert [path.get("data-value") for path in svg.iter(f"{SVG}path") if path.get("data-line")] == ["0.1", "0.3", "0.4"]
    assert len([e for e in svg.iter(f"{SVG}line") if e.get("class") == "line-model"]) == 2, (
        "one in the legend, one drawn"
    )
    assert ElementTree.fromstring(over(picture, [], [], Axes()))[0].text == "t"


def test_spans_end_before_the_day_and_may_reach_past_it() -> None:
    picture = Picture(id="p", title="t", description="d")
    rows = [Span(key="model", label="m", name="m", days=days) for days in ((-12.0, 30.0, 60.0), (5.0, 5.0, 5.0))]
    svg = ElementTree.fromstring(spans(picture, rows, Axes(across="days")))
    day = next(line for line in svg.iter(f"{SVG}line") if line.get("class") == "axis")
    boxes = list(svg.iter(f"{SVG}rect"))
    ends = [float(box.attrib["x"]) + float(box.attrib["width"]) for box in boxes]
    assert ends[1] < float(day.attrib["x1"]) < ends[0] < WIDTH
    assert float(boxes[1].attrib["width"]) == 1, "days that are all the same are still seen"


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_stands_alone_fits_and_prints(lang: str, tmp_path: Path) -> None:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine")
    path = tmp_path / "card.html"
    path.write_text(card_page(RECIPE, made(), lang, stamp=STAMP), encoding="utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=FLAGS)
        for width in (1280, 390):
            shown, asked, complaints = opened(browser, path, width)
            assert asked + complaints == []
            assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                f"it scrolls sideways at {width}"
            )
            assert shown.evaluate(BOXES) == []
            shown.close()
        shown, _, _ = opened(browser, path, round((210 - 30) / 25.4 * 96))
        shown.emulate_media(media="print")
        ends = "[...document.querySelectorAll('table, svg, dl')].map(e => e.getBoundingClientRect().right - innerWidth)"
        assert max(shown.evaluate(ends)) <= 1, "something is clipped on A4"
        assert len(shown.pdf(format="A4")) > 20_000
        browser.close()
