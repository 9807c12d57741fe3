"""What the warnings were good for, counted by hand: a year of five made cases, and what a person would write about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts import HandlingSettings
from monitor.domain.warning import Alert
from monitor.domain.workdays import work_calendar
from monitor.reports.effectiveness import Counted, effectiveness
from monitor.reports.questions import answer
from tests.office import CORE, Office, config, source
from tests.reports.district import Askable

CHINA = work_calendar("CN")
HANDLING = HandlingSettings()


def case(number: int, rule: str, unit: str, due: str | None, *events: str, money: str | None = None) -> Any:
    """A warning and its events, each as `day kind [level] [actor] [outcome]`; a money makes it a payment."""
    told = [_event(number, words.split()) for words in events]
    by_itself = [event for event in told if event["kind"] == "closed" and event["actor"] == "lvyue"]
    over = bool(by_itself) or any(event["kind"] in ("cleared", "released") for event in told)
    opened = told[0]["happened_on"]
    alert = Alert(
        id=number, rule=rule, subject="payment" if money else "obligation", subject_id=str(number), contract_id="A",
        unit=unit, level="orange", peak="orange", opened_on=opened, level_since=opened, armed_on=opened, rule_hash="",
        finding={"due": due, "money": money, "currency": "CNY" if money else None},
    )  # fmt: skip
    return replace(alert, cleared_on=opened if over else None), told


def _event(number: int, words: Sequence[str]) -> dict[str, Any]:
    day, kind, *rest = words
    level = next((word for word in rest if word in ("blue", "yellow", "orange", "red")), None)
    said = {"true": {"outcome": "true"}, "muted": {"muted": "silence 1"}}
    detail = {key: value for word in rest for key, value in said.get(word, {}).items()}
    return {
        "alert_id": number, "happened_on": date.fromisoformat(day), "kind": kind, "after": level, "before": None,
        "actor": "王芳" if "王芳" in rest else "lvyue", "detail": detail, "reason": None,
    }  # fmt: skip


# Working days in March 2026 are the plain weekdays: the 2nd is a Monday.
CASES = [
    # taken up the next day (orange allows 1), reported after 8 days (10), came to pass; paid after 20 days
    case(1, "CN-PAY-03", "教委", "2026-03-01", "2026-03-02 opened orange", "2026-03-03 acknowledged 王芳",
         "2026-03-12 reported 王芳", "2026-03-30 cleared", "2026-03-30 closed 王芳 true", money="1000.50"),
    # escalated, taken up after 4 days: too late; still open
    case(2, "CN-PAY-03", "教委", "2026-03-20", "2026-03-02 opened orange", "2026-03-04 escalated", "2026-03-06 acknowledged 王芳",
         money="99.00"),
    # no warning at all
    case(3, "GEN-DL-01", "教委", "2026-03-31", "2026-03-02 opened yellow", "2026-03-04 dismissed 王芳"),
    # a reminder eleven days ahead that did its work by itself
    case(4, "GEN-DL-01", "水务局", "2026-03-13", "2026-03-02 opened blue", "2026-03-09 closed"),
    # kept quiet at first, told of a day before; raised before it was taken up: the clock ran anew
    case(5, "GEN-DL-01", "水务局", "2026-03-12", "2026-03-02 opened yellow muted", "2026-03-11 raised orange",
         "2026-03-12 acknowledged 王芳"),
]  # fmt: skip


def counted(cases: Sequence[Any] = CASES, *, first: date = date(2026, 1, 1), as_of: date = date(2026, 12, 31)) -> Any:
    """Of warnings raised from a day on, by what had happened by another."""
    known = [(alert, [event for event in events if event["happened_on"] <= as_of]) for alert, events in cases]
    return effectiveness([case for case in known if case[1] and case[1][0]["happened_on"] >= first], HANDLING, CHINA)


def test_the_whole_year_is_what_a_person_would_count() -> None:
    total: Counted = counted().total
    assert (total.raised, total.open, total.escalated) == (5, 2, 1)
    assert total.ack_days == 4, "the median of 1, 4 and 8 working days"
    assert total.ack_in_time == (2, 3)
    assert total.close_days == 11, "of 20 and 2; the reminder closed by itself is nobody's work"
    assert total.close_in_time == (2, 2)
    assert total.outcomes == {"true": 1, "prevented": 1, "false": 1}
    assert total.lead_days == 11, "of -1, 18, 29, 11 and 1"
    assert total.ahead == (4, 5)
    assert total.paid == {"CNY": Decimal("1000.50")}, "the other is not paid"


def test_by_rule_and_by_unit_the_most_warnings_first() -> None:
    report = counted()
    assert [(one.name, one.raised, one.outcomes["false"]) for one in report.rules] == [
        ("GEN-DL-01", 3, 1), ("CN-PAY-03", 2, 0),
    ]  # fmt: skip
    assert [(one.name, one.raised, one.escalated) for one in report.units] == [("教委", 3, 1), ("水务局", 2, 0)]


def test_an_earlier_day_knows_nothing_of_later_events_and_a_later_year_of_none() -> None:
    early = counted(as_of=date(2026, 3, 4)).total
    assert (early.raised, early.open, early.escalated, early.outcomes["true"]) == (5, 4, 1, 0)
    assert early.ack_in_time == (1, 1)
    assert counted(first=date(2026, 4, 1)).total.raised == 0
    assert counted([]).total.lead_days is None


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_says_what_was_counted(month: Askable, lang: str) -> None:
    """The same cases asked of an office; a share of nothing does not apply, and is not 0."""
    numbered = [
        (alert, [event | {"hash": f"{alert.id} {place}", "state": None} for place, event in enumerate(events)])
        for alert, events in CASES
    ]
    asked = replace(
        month.asked, lang=lang, cases=lambda: numbered, header=replace(month.asked.header, as_of=date(2026, 12, 31))
    )
    document = answer("effectiveness", asked)
    rows = document.table("by_rule").rows
    assert [str(row["rule"]).split()[0] for row in rows] == ["GEN-DL-01", "CN-PAY-03"]
    assert [(row["raised"], row["open"], row["false_alarms"], row["acked"], row["with_day"]) for row in rows] == [
        (3, 1, 1, 1, 3), (2, 1, 0, 2, 2),
    ]  # fmt: skip
    assert [row.get("answer_share") for row in rows] == [Decimal(1), Decimal(1)]
    assert [row["unit"] for row in document.table("by_unit").rows] == ["教委", "水务局"]
    assert "answer_share" not in document.table("by_unit").rows[1]
    total = document.table("by_rule").total
    assert total is not None
    assert (total["ack_days"], total["ack_share"], total["lead_days"]) == (4, Decimal("0.6667"), 11)
    assert [(row["amount"], row["currency"]) for row in document.table("paid").rows] == [(Decimal("1000.50"), "CNY")]


def test_money_of_a_condition_that_came_back_is_not_paid() -> None:
    alert, events = CASES[0]
    back = [*events[:4], events[3] | {"happened_on": date(2026, 3, 31), "kind": "recurred"}]
    assert counted([(alert, events[:4])]).total.paid == {"CNY": Decimal("1000.50")}
    assert counted([(alert, back)]).total.paid == {}


def test_the_verb_reports_what_people_did(tmp_path: Path) -> None:
    mapping = """
    create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
    create view obligation as
    select id || '/1' as id, id as contract_id, title, due as due_on, 'scheduled' as status, source_row from raw;
    """
    (tmp_path / "register.csv").write_text("id,title,amount,due\nA,Road,1.00,2026-03-02\nB,School,2.00,2026-03-20\n")
    (tmp_path / "register.sql").write_text(mapping, encoding="utf-8")
    block = source("register", "register.csv", "register.sql", published="2026-02-20")
    office = Office(tmp_path, config(block, CORE, country="CN", zone="Asia/Shanghai"))
    office.ok("pull")
    office.ok("scan", "--as-of", "2026-03-10")
    office.ok("alerts", "dismiss", "2", "--by", "王芳", "--reason", "agreed", "--note", "已另行约定")
    told = json.loads(office.ok("report", "effectiveness", "--from", "2026-01-01", "--format", "json").out)
    tables = {one["table"]: one for section in told["sections"] for one in section["tables"]}
    assert (tables["by_rule"]["total"]["raised"], tables["by_rule"]["total"]["false_alarms"]) == (2, 1)
    assert [row["raised"] for row in tables["by_unit"]["rows"]] == [2]
    file = tmp_path / "effectiveness.pdf"
    office.ok("report", "effectiveness", "--from", "2026-01-01", "--format", "pdf", "-o", str(file))
    office.ok("report", "verify", str(file))
    wrong = office.lvyue("report", "effectiveness", "--from", "2026-03-11", "--as-of", "2026-03-10")
    assert (wrong.code, "lies after" in wrong.err) == (2, True)
