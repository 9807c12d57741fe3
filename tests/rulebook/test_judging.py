"""Rules on contracts: who speaks when two rules fit, what is cited, and interest exact to the cent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from monitor.domain.errors import ConfigError
from monitor.domain.portfolio import nothing, schema
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.rulebook import Finding, Judgement, Rulebook, load

RULES = Path(__file__).parent.parent.parent / "rules"
TODAY = date(2026, 6, 2)
YESTERDAY = date(2026, 6, 1)

Calendars = dict[str, WorkCalendar]
Rows = Sequence[Mapping[str, Any]]


def judge(book: Rulebook, calendars: Calendars, **tables: Rows) -> list[Finding]:
    """What fires today on these rows; every field that a row does not give is unknown."""
    portfolio = nothing() | {
        name: pa.Table.from_pylist(list(rows), schema=schema(name)) for name, rows in tables.items()
    }
    with Engine(portfolio, calendars, as_of=TODAY) as engine:
        return Judgement(engine.db, book.rules).fired()


def contract(place: str | None, **known: Any) -> dict[str, Any]:
    key = f"contract in {place}"
    return {"id": key, "title": "Bridge", "jurisdiction": place, "source": "ledger", **known}


def milestone(place: str | None, side: str | None, **known: Any) -> dict[str, Any]:
    return {
        "id": f"{side} in {place}", "contract_id": f"contract in {place}", "title": "Deck", "side": side,
        "status": "scheduled", "due_on": YESTERDAY, **known,
    }  # fmt: skip


PLACES = ("CN", "CN-CQ", "US", "GB-SCT", None)
SIDES = ("government", "counterparty", None)
OVERDUE = {
    "contract": [contract(place) for place in PLACES],
    "obligation": [milestone(place, side) for place in PLACES for side in SIDES],
}
"""One overdue milestone for every place and side that a contract can have."""


def speakers(findings: list[Finding]) -> dict[str, list[str]]:
    """The rules that fire, by milestone."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        found.setdefault(finding.subject_id, []).append(finding.rule)
    return found


def test_every_overdue_milestone_has_one_warning_and_only_in_china_a_special_one(
    shelf: Rulebook, calendars: Calendars
) -> None:
    wanted = {row["id"]: ["GEN-DL-01"] for row in OVERDUE["obligation"]}
    wanted |= {"counterparty in CN": ["CN-PERF-01"], "counterparty in CN-CQ": ["CN-PERF-01"]}
    assert speakers(judge(shelf, calendars, **OVERDUE)) == wanted


def test_an_office_that_chose_the_core_pack_alone_loses_no_warning(calendars: Calendars) -> None:
    core = load([RULES], calendars, default_calendar="CN", packs=["core"])
    wanted = {row["id"]: ["GEN-DL-01"] for row in OVERDUE["obligation"]}
    assert speakers(judge(core, calendars, **OVERDUE)) == wanted


def test_what_was_replaced_can_still_be_judged_alone(shelf: Rulebook, calendars: Calendars) -> None:
    alone = Rulebook(rules=(shelf.get("GEN-DL-01"),), files={}, hash="")
    assert "counterparty in CN" not in speakers(judge(alone, calendars, **OVERDUE))


@pytest.mark.parametrize(
    ("replaced", "complaint"),
    [
        ("GEN-DL-11", 'GEN-DL-11 is no rule of the shelf; did you mean "GEN-DL-01"?'),
        ("GEN-EXP-01", "GEN-EXP-01 is about another subject"),
    ],
)
def test_only_a_rule_of_the_same_subject_can_be_replaced(
    replaced: str, complaint: str, tmp_path: Path, calendars: Calendars
) -> None:
    text = (RULES / "cn" / "CN-PERF-01.toml").read_text(encoding="utf-8")
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / "pack.toml").write_text('name = { zh = "例", en = "Example" }\n', encoding="utf-8")
    own = text.replace("CN-PERF-01", "ZZ-PERF-01").replace('["GEN-DL-01"]', f'["{replaced}"]')
    (tmp_path / "zz" / "ZZ-PERF-01.toml").write_text(own, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load([RULES, tmp_path], calendars, default_calendar="CN")
    assert complaint in caught.value.message
    assert f'    replaces = ["{replaced}"]' in caught.value.message


def owed(signed: date, **known: Any) -> dict[str, Rows]:
    """A million owed to a small company, forty days late."""
    return {
        "contract": [contract("CN-CQ", party_id="p", currency="CNY", signed_on=signed, **known)],
        "party": [{"id": "p", "name": "Small Co.", "size_at_signing": "small"}],
        "payment": [
            {
                "id": "y", "contract_id": "contract in CN-CQ", "side": "government", "currency": "CNY",
                "amount_minor": 100_000_000, "paid_minor": 0, "due_on": date(2026, 4, 23),
            }
        ],
    }  # fmt: skip


def test_interest_is_exact_to_the_cent_and_cites_the_law_of_the_day_of_signing(
    shelf: Rulebook, calendars: Calendars
) -> None:
    found = {f.rule: f for f in judge(shelf, calendars, **owed(date(2025, 6, 1)))}
    interest = found["CN-PAY-06"]
    assert (interest.outcome, interest.money) == ("red", Decimal("20000.00"))
    assert "第802号" in interest.cite
    assert "第十七条" in interest.cite
    agreed = {f.rule: f for f in judge(shelf, calendars, **owed(date(2025, 5, 16), late_rate_ppm=40_000))}
    assert (agreed["CN-PAY-06"].outcome, agreed["CN-PAY-06"].money) == ("orange", Decimal("4383.56"))
    assert agreed["CN-PAY-06"].evidence["let.rate_en"] == "at the agreed rate"
    assert "第728号" in agreed["CN-PAY-06"].cite


def test_a_number_of_ours_is_never_cited_as_law(shelf: Rulebook, calendars: Calendars) -> None:
    found = {f.rule: f for f in judge(shelf, calendars, **owed(date(2025, 6, 1)))}
    assert found["CN-PAY-03"].outcome == "red", "a million is the default of ours"
    assert "第五百七十七条" in found["CN-PAY-03"].cite
    assert not any("default" in finding.cite for finding in found.values())


def test_a_contract_without_payments_is_clear_only_where_its_source_reports_payments(
    shelf: Rulebook, calendars: Calendars
) -> None:
    rows = [
        {**contract("US", currency="USD", amount_minor=100), "id": "a", "source": "with payments"},
        {**contract("US", currency="USD", amount_minor=100), "id": "b", "source": "with payments"},
        {**contract("US", currency="USD", amount_minor=100), "id": "c", "source": "without"},
    ]
    paid = {"id": "y", "contract_id": "a", "currency": "USD", "paid_minor": 101, "source": "with payments"}
    tables = nothing() | {
        "contract": pa.Table.from_pylist(rows, schema=schema("contract")),
        "payment": pa.Table.from_pylist([paid], schema=schema("payment")),
    }
    with Engine(tables, calendars, as_of=TODAY) as engine:
        outcomes = Judgement(engine.db, shelf.rules).outcomes("GEN-FIN-01", ["a", "b", "c"])
    assert outcomes == {"a": "red", "b": "clear", "c": "unknown"}
