"""The made district: the same for the same seed, never ahead of its day, whole in its kinds, and true to its plan."""

from __future__ import annotations

import email
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from email import policy
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from monitor import rulebook
from monitor.demo.district import DECLARED, NAME, District, district, play_district, workbook
from monitor.demo.district.things import PLANS, Row, Value
from monitor.domain.errors import UsageError
from monitor.domain.nouns import NOUNS
from monitor.domain.vocabulary import ContractKind
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.rulebook import Finding, Judgement
from monitor.sources import read
from monitor.sources.ledger import LedgerSource
from monitor.sources.pages import all_pages
from tests.demo import portfolio
from tests.office import Office

RULES = Path(__file__).parent.parent.parent / "rules"
CHAPTERS = {"PAY": 26, "PRO": 8, "PRC": 10, "PERF": 16, "AMD": 6, "GUA": 7}
GENERAL = {"GEN-DL-01", "GEN-DL-02", "GEN-DL-03", "GEN-EXP-01", "GEN-FIN-01", "GEN-PTY-01", "GEN-AMD-01"}
SERIOUS = ("orange", "red")
NAMES = {name for noun in NOUNS.values() for name in noun.model_fields}


@pytest.fixture(scope="module")
def made() -> District:
    return district()


@pytest.fixture(scope="module")
def last(made: District) -> dict[str, list[Row]]:
    return made.rows(made.month_ends[-1])


@pytest.fixture(scope="module")
def judged(made: District, calendars: dict[str, WorkCalendar]) -> Iterator[tuple[set[str], list[Finding]]]:
    """The rules on the shelf, and what they find on the last month-end."""
    book = rulebook.load([RULES], calendars, default_calendar="CN", packs=("cn", "core"))
    with Engine(portfolio(made, made.month_ends[-3:]), calendars, as_of=made.month_ends[-1]) as engine:
        yield {rule.rule.id for rule in book.rules}, Judgement(engine.db, book.rules).fired()


# --- a made district, and the same one every time ---


def test_the_same_seed_tells_the_same_district(made: District) -> None:
    again, other = district(1), district(2)
    for day in (made.month_ends[0], made.month_ends[20], made.month_ends[-1]):
        assert made.rows(day) == again.rows(day)
        assert made.rows(day) != other.rows(day)
    assert made.truth == again.truth


def test_it_says_that_it_is_made(last: dict[str, list[Row]]) -> None:
    assert "虚构" in DECLARED
    assert "made" in DECLARED
    assert "虚构" in NAME
    assert all("(虚构)" in str(party["name"]) for party in last["party"])
    for row in last["unit"] + last["party"]:
        code = str(row.get("uscc", "MADE…I"))
        assert code.startswith("MADE")
        assert code.endswith("I"), "no real code has this letter"
    assert all(str(unit["email"]).endswith(".invalid") for unit in last["unit"])


def test_there_are_thirty_six_month_ends(made: District) -> None:
    assert (made.month_ends[0], made.month_ends[-1]) == (date(2023, 11, 30), date(2026, 10, 31))
    assert len(made.month_ends) == 36
    assert list(made.month_ends) == sorted(set(made.month_ends))


# --- every row is a row of the ledger ---


def test_every_row_of_every_month_end_is_what_its_noun_allows(made: District) -> None:
    seen: set[tuple[str, str]] = set()
    for day in made.month_ends:
        for noun, rows in made.rows(day).items():
            for row in rows:
                if (noun, repr(row)) not in seen:
                    seen.add((noun, repr(row)))
                    assert row.keys() <= NOUNS[noun].model_fields.keys(), row
                    NOUNS[noun].model_validate(row, strict=True)


def test_every_month_end_hangs_together(made: District) -> None:
    for day in made.month_ends:
        rows = made.rows(day)
        keys = {noun: [row["id"] for row in some] for noun, some in rows.items()}
        assert all(len(ids) == len(set(ids)) for ids in keys.values()), day
        for noun, field in (("unit", "unit_id"), ("party", "party_id"), ("contract", "contract_id")):
            named = {row[field] for some in rows.values() for row in some if field in row}
            assert named <= set(keys[noun]), (day, field)


def test_nothing_is_known_before_its_day(made: District) -> None:
    """A day that has been is never after the month-end; only what was agreed lies ahead."""
    for day in made.month_ends:
        for noun, rows in made.rows(day).items():
            agreed = PLANS.get(noun, set())
            late = [
                (row["id"], name, value)
                for row in rows
                for name, value in row.items()
                if isinstance(value, date) and name not in agreed and value > day
            ]
            assert not late, (day, late[:5])


def test_what_was_once_entered_stays_in_the_ledger(made: District) -> None:
    before: set[tuple[str, Value]] = set()
    for day in made.month_ends:
        listed = {(noun, row["id"]) for noun, rows in made.rows(day).items() for row in rows}
        assert before <= listed
        before = listed


# --- a whole district ---


def test_all_kinds_of_contract_units_and_parties_are_there(last: dict[str, list[Row]]) -> None:
    kinds = Counter(row["kind"] for row in last["contract"])
    assert set(kinds) == set(get_args(ContractKind))
    assert min(kinds.values()) >= 8
    assert 570 <= len(last["contract"]) <= 630
    assert 12 <= len(last["unit"]) <= 20
    assert 180 <= len(last["party"]) <= 260
    assert [unit["size"] for unit in last["unit"] if unit["kind"] == "soe"] == ["large"]


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_has_rows(noun: str, last: dict[str, list[Row]]) -> None:
    few = {"complaint": 4, "amendment": 20, "publication": 150}
    assert len(last[noun]) >= few.get(noun, 10)


def test_both_sides_owe_promises_and_money(last: dict[str, list[Row]]) -> None:
    for noun in ("obligation", "payment"):
        sides = Counter(row.get("side") for row in last[noun])
        assert min(sides["government"], sides["counterparty"]) >= 150
    assert any(row.get("kind") == "judgment" for row in last["obligation"])
    assert {row.get("filed_with") for row in last["filing"]} == {"legal", "finance", "supervisor", "construction"}
    bonds = {row["kind"] for row in last["guarantee"]}
    assert bonds >= {"bid", "performance", "retention", "wage", "other"}


def test_the_ledger_has_gaps_as_ledgers_have(last: dict[str, list[Row]]) -> None:
    assert any("amount_minor" not in row and row["kind"] not in ("KJXY", "CNS") for row in last["contract"])
    assert any("end_on" not in row for row in last["contract"])
    assert any("size_at_signing" not in row and "uscc" in row for row in last["party"])
    assert any("side" not in row for row in last["obligation"])
    assert any("evidence_count" not in row for row in last["obligation"] if row["status"] == "met")
    assert any("有限公词" in str(row["name"]) or "商冒" in str(row["name"]) for row in last["party"])


def test_contracts_stand_in_the_ledger_before_they_are_signed(made: District) -> None:
    for day in (made.month_ends[5], made.month_ends[-1]):
        unsigned = [row for row in made.rows(day)["contract"] if "signed_on" not in row]
        assert unsigned
        assert {row["status"] for row in unsigned} <= {"in_review", "pending"}


def test_days_that_move_heads_that_change_and_reasons_that_come_late(made: District) -> None:
    early, late = made.rows(made.month_ends[-3]), made.rows(made.month_ends[-1])
    due = {row["id"]: row.get("due_on") for row in early["obligation"]}
    assert sum(row["id"] in due and due[row["id"]] != row.get("due_on") for row in late["obligation"]) >= 5
    heads = {row["id"]: row["leader"] for row in made.rows(made.month_ends[0])["unit"]}
    assert any(heads[row["id"]] != row["leader"] for row in late["unit"])
    assert any("delay_reason" in row for row in late["payment"])
    assert not any("delay_reason" in row for row in early["payment"])


def test_some_days_hurt(last: dict[str, list[Row]], calendars: dict[str, WorkCalendar]) -> None:
    """Signed on a Sunday that was worked, delivered on one, due on a Sunday that is not, due in a holiday."""
    china = calendars["CN"]
    signed = {row["signed_on"] for row in last["contract"] if "signed_on" in row}
    assert any(isinstance(day, date) and day.isoweekday() > 5 and china.is_working(day) for day in signed)
    due = {row["due_on"] for noun in ("obligation", "payment") for row in last[noun] if "due_on" in row}
    assert any(isinstance(day, date) and not china.is_working(day) for day in due)


# --- the plan ---


def test_every_rule_of_the_law_has_a_case_and_a_twin(made: District) -> None:
    wanted = {f"CN-{chapter}-{number:02}" for chapter, count in CHAPTERS.items() for number in range(1, count + 1)}
    assert Counter(case.rule for case in made.truth) == Counter(wanted | GENERAL)
    for case in made.truth:
        assert case.subject_id != case.twin_id


def test_every_case_is_in_the_ledger_of_the_last_month_end(made: District, last: dict[str, list[Row]]) -> None:
    for case in made.truth:
        listed = {row["id"] for row in last[case.noun]}
        assert {case.subject_id, case.twin_id} <= listed, case


def test_every_rule_on_the_shelf_fires_where_it_is_provoked(
    made: District, judged: tuple[set[str], list[Finding]]
) -> None:
    shelf, fired = judged
    assert shelf - {case.rule for case in made.truth} == {"GEN-ALT-01"}, "it speaks of warnings, not of the ledger"
    found = {(finding.rule, finding.subject_id) for finding in fired}
    missed = [case for case in made.truth if case.rule in shelf and (case.rule, case.subject_id) not in found]
    assert not missed, missed


def test_every_rule_on_the_shelf_is_quiet_on_the_twin(made: District, judged: tuple[set[str], list[Finding]]) -> None:
    found = {(finding.rule, finding.subject_id) for finding in judged[1]}
    woken = [case for case in made.truth if (case.rule, case.twin_id) in found]
    assert not woken, woken


def test_most_contracts_are_healthy(last: dict[str, list[Row]], judged: tuple[set[str], list[Finding]]) -> None:
    sick = {finding.contract_id for finding in judged[1] if finding.outcome in SERIOUS and finding.contract_id}
    assert 0.04 <= len(sick) / len(last["contract"]) <= 0.2


# --- as an Excel ledger, and as an office ---


@pytest.mark.parametrize(
    "months_ago", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)]
)
def test_the_workbook_says_what_the_rows_say(made: District, months_ago: int, tmp_path: Path) -> None:
    """Days as text, sums in 万元, totals and titles: read back, it is the same district but for one slip of the pen."""
    day, path = made.month_ends[-months_ago], tmp_path / "ledger.xlsx"
    workbook(made, day, path)
    source = LedgerSource(name="ledger", location=str(path))
    reading = read(source, all_pages(source, tmp_path, None), tmp_path)
    (slip,) = reading.refusals
    assert (slip.noun, slip.value) == ("payment", "2026年13月5日")
    for noun, rows in made.rows(day).items():
        got = {row["id"]: row for row in map(_ours, reading.nouns[noun].good.to_pylist())}
        lost = [row for row in rows if got.get(str(row["id"])) != row]
        assert len(lost) == (noun == "payment"), (noun, lost[:3])
        assert len(got) == len(rows) - len(lost)


def _ours(row: dict[str, Value]) -> Row:
    """A row past the border without what the border adds: the source's name, the row's number and hash."""
    told = {name: value for name, value in row.items() if value is not None and name in NAMES}
    return {name: value.removeprefix("ledger:") if isinstance(value, str) else value for name, value in told.items()}


@pytest.mark.parametrize("days", [("2026-10-31",), pytest.param(("2026-09-30", "2026-10-31"), marks=pytest.mark.long)])
def test_an_office_lives_through_a_month_or_two(tmp_path: Path, days: tuple[str, ...]) -> None:
    out, said = io.StringIO(), list[str]()
    play_district(tmp_path / "demo", console=Console(file=out, width=140), say=said.append, lang="zh", months=len(days))
    told = "\n".join(said)
    for day in days:
        assert f"{day} pulled" in told
        assert f"{day} scanned" in told
    assert " 1 refused" in told
    letters = [path.read_bytes() for path in (tmp_path / "demo" / "state" / "letters").glob("*.eml")]
    assert len(letters) >= 8
    for letter in letters:
        body = email.message_from_bytes(letter, policy=policy.default).get_body(("plain",))
        assert body is not None
        assert DECLARED in body.get_content()
    page = (tmp_path / "demo" / "state" / "portfolio.html").read_text(encoding="utf-8")
    assert DECLARED in page
    assert DECLARED in out.getvalue()
    office = Office(tmp_path / "demo", (tmp_path / "demo" / "config.toml").read_text(encoding="utf-8"))
    found = {alert["rule"] for alert in json.loads(office.ok("alerts", "list", "--json").out)}
    assert {"CN-PAY-01", "CN-PRO-06"} <= found
    assert ("GEN-ALT-01" in found) == (len(days) > 1), "nobody did anything for a month"
    moved = office.rows(
        "select count(distinct due_on) from obligation_version group by id having count(distinct due_on) > 1"
    )
    assert bool(moved) == (len(days) > 1), "a day that moved is two versions"


def test_the_demo_leaves_an_office_of_your_own_alone(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('office = "mine"', encoding="utf-8")
    with pytest.raises(UsageError, match="office of your own"):
        play_district(tmp_path, console=Console(), say=print, lang="en")
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_the_district_reads_no_clock_and_no_other_chance() -> None:
    folder = Path(__file__).parent.parent.parent / "monitor" / "demo" / "district"
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\b(today|now)\(|numpy|random\.(seed|choice|random)\(", text), path.name
