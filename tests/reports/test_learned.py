"""Both voices side by side: what rules say, and beside it who estimates what, or why nobody does.

The offices, their registers and their models are made; nothing here is about anybody.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from monitor import learned, pipeline, rulebook, scoring
from monitor.config import load
from monitor.domain.words import LANGS
from monitor.learning import artefact, dataset
from monitor.learning.blend import Blend
from monitor.learning.recipe import Asked, named
from monitor.reports.learned import TOP_CASES
from monitor.reports.page import portfolio_page
from monitor.reports.portfolio import Portfolio
from monitor.reports.terminal import TOP_LIKELY, as_text, show_portfolio
from monitor.store import Store, models
from monitor.store.models import Event, Model
from tests.learning.made import SMALL
from tests.office import CORE, Office, config, source
from tests.reports.made import SLIP, STALL, answered, case, recipe, tiny_report
from tests.reports.reading import Element, read_markup
from tests.test_browser import BOXES, browser, opened

__all__ = ["browser"]

DAY, BEFORE = date(2026, 3, 31), date(2026, 1, 31)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)> {{ 7*7 }} \u202e' + "长" * 400


def report(*rows: dict[str, Any]) -> Portfolio:
    return replace(tiny_report(), learned=list(rows))


def section(*rows: dict[str, Any], lang: str = "en") -> Element:
    return read_markup(portfolio_page(report(*rows), lang)).by_id("learned")


def typed(*rows: dict[str, Any], lang: str = "en") -> str:
    return as_text(lambda console: show_portfolio(console, report(*rows), lang))


def test_without_a_model_there_is_one_quiet_line_a_recipe() -> None:
    quiet = read_markup(portfolio_page(tiny_report(), "en"))
    lines = [line.text for line in quiet.by_id("learned").all("p")]
    assert lines == [
        "Learned risk · Contract may stall or be broken off, no estimate: Not trained yet.",
        "Learned risk · Milestone may be late, no estimate: Not trained yet.",
    ]
    assert quiet.by_id("learned").all("h2")[0].attributes["class"] == "quiet"
    assert "#learned" not in [link.attributes["href"] for link in quiet.all("a")]
    assert [line for line in typed(*tiny_report().learned).splitlines() if "Learned" in line] == [
        line.ljust(140) for line in lines
    ]


def test_what_the_gate_refused_says_why_where_it_would_speak() -> None:
    why = {"zh": "已完结的仅35项，至少需要200项。", "en": "Only 35 cases have ended; 200 are needed."}
    row = recipe("milestone_slip", SLIP, why=why)
    for said in (section(row).text, typed(row)):
        assert "Milestone may be late, no estimate: Only 35 cases have ended; 200 are needed." in said
    assert "节点可能逾期，不给出估计：已完结的仅35项，至少需要200项。" in section(row, lang="zh").text


def test_a_case_stands_with_both_voices() -> None:
    ruled = [{"rule": "CN-DL-01", "level": "yellow"}]
    shown = section(answered(case(0.72, doubts=True, rules=ruled), case(0.4)), recipe("contract_stall", STALL))
    assert "A statistical estimate, no finding of law." in shown.text
    assert "Model 3 (trained 1 Jan 2026) answers: Will it be more than thirty days late?" in shown.text
    assert "Open cases: 40, early estimates among them: 12." in shown.text
    assert "1 yellow, 2 blue. Likeliest first: 2 of 40." in shown.text
    first, second = ([cell.text for cell in row.all("td")] for row in shown.all("tr")[1:])
    assert first == [
        "72%", "竣工验收 道路养护 · 2026-118 城管局",
        "+21 this unit “城管局”: 14 of 20 late in the last two years, 31% overall −6 12 days to go of 90 planned "
        "+3 words in its title ▲ not seen in training: this counterparty",
        "12 Apr 2026 in 12 days", "▲ Yellow CN-DL-01",
    ]  # fmt: skip
    assert second[-1] == "no warning"
    assert "▲" not in second[2]
    assert "It must not be used to hold somebody responsible." in shown.text
    assert [heading.text for heading in shown.all("h3")] == [SLIP["en"], STALL["en"]]
    assert "Not trained yet." in shown.text


def test_a_terminal_shows_the_likeliest_and_says_how_many_more() -> None:
    cases = [case(0.9 - number / 100, subject_title=f"节点{number}") for number in range(TOP_LIKELY + 2)]
    said = typed(answered(*cases), lang="zh")
    assert f"节点{TOP_LIKELY - 1} " in said
    assert f"节点{TOP_LIKELY} " not in said
    assert "另有2行" in said
    assert "+21：承办单位“城管局”近两年已完结20件" in said
    assert "第3号模型（2026年1月1日训练）回答" in said


@pytest.mark.parametrize(("lang", "early", "moved"), [("en", "early estimate", "ase rate moved; no warning"),
                                                      ("zh", "早期估计", "总体比例已变化，暂不预警")])  # fmt: skip
def test_early_estimates_and_a_moved_base_rate_are_called_so(lang: str, early: str, moved: str) -> None:
    calm, other = answered(case()), answered(case(early=True), moved=True)
    for said in (section(other, lang=lang).text, typed(other, lang=lang)):
        assert early in said
        assert moved in said
    assert moved not in section(calm, lang=lang).text
    assert moved not in typed(calm, lang=lang)
    assert early not in section(calm, lang=lang).all("table")[0].text


def test_a_refused_file_has_a_banner_and_rules_go_on() -> None:
    why = {"zh": "模型文件不能使用。", "en": "The model's file cannot be used. Its SHA-256 is another."}
    row = recipe("milestone_slip", SLIP, why=why, refused=True)
    page = read_markup(portfolio_page(report(row), "en"))
    notices = [e.text for e in page.all("p") if e.attributes.get("class") == "notice"]
    assert any("“Milestone may be late”: the model's file cannot be used" in notice for notice in notices)
    assert "Its SHA-256 is another." in page.by_id("learned").text
    assert "■ Red 1" in page.by_id("numbers").text
    assert "Its SHA-256 is another." in typed(row)


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_texts_are_only_texts(lang: str) -> None:
    said = {"zh": [HOSTILE], "en": [HOSTILE]}
    bad = case(doubts=True, subject_title=HOSTILE, contract_title=HOSTILE, contract_number=HOSTILE, unit=HOSTILE)
    bad["score"] |= {
        "doubts": said,
        "reasons": [one | {"zh": HOSTILE, "en": HOSTILE} for one in bad["score"]["reasons"]],
    }
    calm, hostile = (section(answered(one), lang=lang) for one in (case(doubts=True), bad))
    assert [e.tag for e in hostile.all()] == [e.tag for e in calm.all()]
    assert "<script>alert(1)</script>" in hostile.text
    assert "\u202e" not in portfolio_page(report(answered(bad)), lang)
    assert "[red]" in typed(answered(case(subject_title="[red]竣工")), lang=lang)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("lang", LANGS)
def test_the_section_fits_a_screen_and_a_sheet(browser: Browser, tmp_path: Path, lang: str, width: int) -> None:
    rows = [answered(*[case(doubts=True, early=True, contract_title="道路养护 " * 30)] * TOP_CASES, moved=True)]
    rows += [recipe("contract_stall", STALL, refused=True)]
    path = tmp_path / "report.html"
    path.write_text(portfolio_page(report(*rows), lang), encoding="utf-8")
    page, asked, complaints = opened(browser, path, width)
    assert (asked, complaints) == ([], [])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert page.evaluate(BOXES) == []
    outside = "e => [...e.querySelectorAll('*')].filter(x => x.getBoundingClientRect().right > innerWidth + 1).length"
    assert page.locator(".estimates").evaluate(outside) == 0
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 1000})
    assert page.locator(".estimates").evaluate(outside) == 0, "clipped on A4"
    page.close()


# The whole way: a register, a store, a model in it, and the commands that people give.

MAPPING = """
create view unit as select unit as id, 'Unit ' || unit as name, min(source_row) as source_row from raw group by unit;
create view contract as select id, any_value(title) as title, any_value(unit) as unit_id, 'active' as status,
    min(source_row) as source_row from raw group by id;
create view obligation as select id || '/' || n as id, id as contract_id, n as title, 'delivery' as kind, 'government' as side,
    start as start_on, due as due_on, done as done_on, case when done is null then 'scheduled' else 'met' end as status,
    source_row from raw;
"""


def register() -> str:
    """Sixty contracts; each has kept or missed two promises, and one is open: overdue, soon, or half a year away."""
    lines = ["id,title,unit,n,start,due,done"]
    for number in range(60):
        unit, late = "ABC"[number % 3], 60 if number % 3 == 2 else -3
        for name, due in (("design", date(2025, 3, 1)), ("roof", date(2025, 9, 1))):
            due += timedelta(days=number)
            lines.append(f"C{number},Work {number},{unit},{name},2024-06-01,{due},{due + timedelta(days=late)}")
        lines.append(f"C{number},Work {number},{unit},paint,2025-06-01,{DAY + timedelta(days=number * 4 - 20)},")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office with a model that speaks for milestones since January, and one for contracts that the gate refused."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    (folder / "register.csv").write_text(register(), encoding="utf-8")
    block = source("register", "register.csv", "register.sql", complete=True, published=BEFORE)
    made = Office(folder, config(block, CORE))
    made.ok("pull")
    settings = load(made.path, {})
    store = Store(settings.database)
    asked = learned.recipes(settings)
    at = settings.end_of_day(BEFORE)
    words = {"zh": ["已完结的太少。"], "en": ["Too few have ended."]}
    put(store, at, name="contract_stall", verdict="off", card={"verdict": {"serve": "off", "lookup": None} | words})
    stored = settings.models / "new.skops"
    settings.models.mkdir(parents=True)
    digest = artefact.write(stored, small(made, named(asked, "milestone_slip")), notes={})
    card = {
        "verdict": {"serve": "model", "lookup": None, "zh": [], "en": []}, "levels": {"blue": 0.4, "yellow": 0.6},
        "reference": {},
    }  # fmt: skip
    model = put(
        store,
        at,
        name="milestone_slip",
        verdict="model",
        card=card,
        sha256=digest,
        recipe_hash=named(asked, "milestone_slip").hash,
    )
    stored.rename(scoring.file_of(settings.models, model))
    return made


def put(
    store: Store, at: datetime, *, name: str, verdict: str, card: dict[str, Any], sha256: str | None = None,
    recipe_hash: str = "",
) -> Model:  # fmt: skip
    """Register a model that was trained at an instant; unless the gate refused it, it speaks."""
    model = Model(
        recipe=name, recipe_hash=recipe_hash, sha256=sha256, as_of=BEFORE, trained_at=at, verdict=verdict, card=card
    )  # fmt: skip
    with store.writing() as db:
        number = models.add(db, model)
        if verdict != "off":
            event = Event(model_id=number, recipe=name, happened_at=at, kind="promoted", actor="test", reason="made")
            models.note(db, event)
    return replace(model, id=number)


def small(office: Office, asked: Asked) -> Blend:
    """A model that learned one thing: unit C is late."""
    settings = load(office.path, {})
    book = rulebook.load(settings.rule_shelves(), settings.calendars(), default_calendar="US", packs=("core",))
    at = settings.end_of_day(DAY)
    with pipeline.look(settings, Store(settings.database), book, as_of=DAY, known_at=at) as view:
        seen = dataset.look(view.engine, asked)
    features = seen.features(asked)
    days = np.full(seen.rows.num_rows, np.datetime64(BEFORE))
    return Blend.fit(
        features, features.categories["unit"] == "register:C", as_of=days, known=days + 1,
        contract=np.asarray(seen.rows["contract"].to_pylist(), dtype=object), share=0.5, settings=SMALL,
    )  # fmt: skip


def told(office: Office, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(office.ok(*words).out)
    return found


def test_a_report_tells_who_estimates_and_writes_nothing(office: Office) -> None:
    before, files = office.contents(but=()), sorted(office.folder.rglob("models/**/*"))
    rows = told(office, "report", "portfolio", "--as-of", str(DAY), "--format", "json")["learned"]
    slip, stall, forecast = rows
    assert (slip["recipe"], slip["model"], slip["trained_on"], slip["why"]) == ("milestone_slip", 2, str(BEFORE), None)
    assert slip["by"] == {"zh": "第2号模型（2026年1月31日训练）", "en": "Model 2 (trained 31 Jan 2026)"}
    assert (stall["by"], stall["why"]["en"], stall["cases"]) == (None, "Too few have ended.", [])
    assert (forecast["by"], forecast["why"]["en"]) == (None, "Not trained yet.")
    assert slip["open"] == 60
    assert slip["early"] == sum(1 for number in range(60) if number * 4 - 20 > 180)
    likely = [row["score"]["probability"] for row in slip["cases"]]
    assert len(likely) == TOP_CASES
    assert likely == sorted(likely, reverse=True)
    assert {row["unit"] for row in slip["cases"]} == {"Unit C"}
    assert all(1 <= len(row["score"]["reasons"]) <= 3 for row in slip["cases"])
    overdue = [row for row in slip["cases"] if row["days_late"] > 0]
    assert all(rule["rule"] == "GEN-DL-01" for row in overdue for rule in row["rules"])
    assert office.contents(but=()) == before
    assert sorted(office.folder.rglob("models/**/*")) == files


def test_the_dossier_of_a_contract_has_its_cases_beside_the_rules(office: Office) -> None:
    slip = told(office, "explain", "C2", "--as-of", str(DAY), "--json")["scores"][0]
    (only,) = slip["cases"]
    assert only["subject_id"] == "register:C2/paint"
    assert [rule["level"] for rule in only["rules"]] == ["orange"]
    assert (slip["open"], slip["early"], slip["raised"]) == (1, 0, {"yellow": 0, "blue": 0})
    said = office.ok("explain", "C2", "--as-of", str(DAY)).out
    assert "Learned risk · Milestone may be late" in said
    assert said.index("Orange  GEN-DL-01") < said.index("Learned risk")
    assert "Contract may stall or be broken off, no estimate: Too few have ended." in said
    raised = told(office, "explain", "C35", "--as-of", str(DAY), "--json")["scores"][0]
    assert sum(raised["raised"].values()) == 1
    assert raised["cases"][0]["rules"] == []


def test_who_did_not_speak_then_is_not_heard(office: Office) -> None:
    """A model of January says nothing of what was known in December."""
    rows = told(office, "report", "portfolio", "--as-of", str(DAY), "--known-at", "2025-12-31", "--format", "json")
    assert [row["by"] for row in rows["learned"]] == [None, None, None]


def test_another_file_than_the_one_stored_is_refused_in_the_report(office: Office) -> None:
    (file,) = office.folder.rglob("*.skops")
    content = file.read_bytes()
    file.write_bytes(content + b"\0")
    try:
        row = told(office, "report", "portfolio", "--as-of", str(DAY), "--format", "json")["learned"][0]
    finally:
        file.write_bytes(content)
    assert (row["recipe"], row["by"], row["refused"]) == ("milestone_slip", None, True)
    assert "its SHA-256 is another" in row["why"]["en"]
