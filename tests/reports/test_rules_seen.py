"""What each rule could judge, on the page and on the terminal: by whose law it is, and only of the law that binds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.words import LANGS
from monitor.reports.page import portfolio_page
from monitor.reports.portfolio import Portfolio
from monitor.reports.terminal import as_text, show_portfolio
from tests.reports.made import coverage, finding, tiny_report
from tests.reports.reading import Element, read_markup


@pytest.fixture
def tiny() -> Portfolio:
    return tiny_report()


def read(report: Portfolio, lang: str = "en") -> Element:
    return read_markup(portfolio_page(report, lang))


def typed(report: Portfolio, lang: str = "en") -> str:
    return as_text(lambda console: show_portfolio(console, report, lang))


def test_what_cannot_be_computed_says_why(tiny: Portfolio) -> None:
    blind, seeing = read(tiny).by_id("coverage").all("table")
    rows = [(row.all("th")[0].text[:9], row.all("td")[-1].text) for row in blind.all("tr")[1:]]
    assert rows == [
        ("CN-PAY-03", "missing: day the term starts (3)"),
        ("CN-PAY-06", "no payment on record in 5 contracts"),
    ]
    assert [row.all("td")[-1].text for row in seeing.all("tr")[1:]] == ["nothing missing"]


def test_rules_with_nothing_to_judge_are_put_away_by_whose_law_they_are(tiny: Portfolio) -> None:
    put_away = read(tiny).by_id("coverage").all("details")
    assert [details.all("summary")[0].text for details in put_away] == [
        "Rules that see everything: 1", "Rules with nothing to judge: 1", "Rules with nothing to judge: 1",
        "Rules without a contract under their law: 1",
    ]  # fmt: skip
    assert [item.text for item in read(tiny).by_id("coverage").all("li")] == [
        "CN-GUA-01 Rule CN-GUA-01 no guarantee on record",
        "GEN-PTY-01 Rule GEN-PTY-01 no party on record",
        "US-PAY-01 Rule US-PAY-01 other law (US): no contract under it",
    ]


def test_only_rules_that_bind_are_counted(tiny: Portfolio) -> None:
    told = read(tiny).by_id("coverage").text
    assert "Rules that bind here: 5. Seeing everything: 1; blind on some contracts: 2; nothing to judge: 2." in told
    assert "Rules of other law, under which no contract stands: 1 (Federal law of the United States)." in told
    assert "本报告的合同适用5条规则" in read(tiny, "zh").by_id("coverage").text


def test_what_does_not_apply_and_what_has_no_name_for_readers_is_said_as_it_is(tiny: Portfolio) -> None:
    rows = [
        coverage("A", not_applicable=4, clear=0), coverage("B", not_applicable=4, clear=0, jurisdiction=None),
        coverage("C", unknown=1, contracts_blind=1, missing=[{"fact": "payment.unheard_of", "count": 1}]),
    ]  # fmt: skip
    section = read(replace(tiny, coverage=rows)).by_id("coverage")
    assert [row.all("td")[-1].text for row in section.all("tr")[1:]] == ["missing: payment.unheard_of (1)"]
    assert [item.all("span")[0].text for item in section.all("li")] == [
        "applies to nothing on record (law of CN)", "applies to nothing on record",
    ]  # fmt: skip


def test_a_number_in_three_pieces_is_missing_once(tiny: Portfolio) -> None:
    missing = [{"fact": f"limit.since_{part}", "count": 2} for part in ("day", "month", "year")]
    rows = [coverage("CN-PAY-16", unknown=2, contracts_blind=2, missing=missing)]
    told = read(replace(tiny, coverage=rows)).by_id("coverage").all("tr")[1].all("td")[-1].text
    assert told == "missing: day the article took effect (2)"


def test_what_has_no_title_is_called_by_its_kind(tiny: Portfolio) -> None:
    nameless = finding("red", subject="complaint", subject_title="sme_arrears", contract_title=None)
    text = read(replace(tiny, findings=[nameless]), "zh").by_id("warnings").text
    assert "中小企业账款投诉" in text
    assert "sme_arrears" not in text


def test_the_terminal_lists_what_is_blind_and_counts_the_rest(tiny: Portfolio) -> None:
    shown = typed(tiny)
    table = shown[shown.index("What could be judged") :]
    assert "Law of China" in table
    assert [rule for rule in ("CN-PAY-03", "CN-PAY-06", "CN-PAY-01") if f"│ {rule}" in table] == [
        "CN-PAY-03",
        "CN-PAY-06",
    ]
    assert "day the term starts (3)" in table
    assert "Rules that bind here: 5. Seeing everything: 1; blind on some contracts: 2; nothing to judge: 2." in table
    assert "nothing of this kind: CN-GUA-01, GEN-PTY-01" in table
    assert "other law: Federal law of the United States (1)" in table


@pytest.mark.parametrize("lang", LANGS)
def test_the_terminal_speaks_of_every_kind_of_subject(tiny: Portfolio, lang: str) -> None:
    kinds = ("amendment", "guarantee", "complaint", "unit", "party")
    findings = [finding("red", subject=kind, contract_title=None, subject_title=kind) for kind in kinds]
    rows = [coverage(f"CN-X-0{n}", subject=kind, judged=0, clear=0) for n, kind in enumerate(kinds)]
    shown = typed(replace(tiny, findings=findings, coverage=rows), lang)
    assert all(kind in shown for kind in kinds)


def test_the_worst_of_every_rule_come_before_more_of_one(tiny: Portfolio) -> None:
    crowd = [finding("red", "CN-PAY-03") for _ in range(40)]
    assert "CN-PAY-01" in typed(replace(tiny, findings=[*crowd, finding("red", "CN-PAY-01")], rules=[], coverage=[]))
