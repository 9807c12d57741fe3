"""Track records, moved days, promises and coverage, against counts from the raw rows of the made district."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from monitor.demo.district import District
from monitor.reports.asked import Narrowed
from monitor.reports.document import Cell
from tests.district import law
from tests.reports.district import Askable


def fate(row: law.Row, today: date) -> str | None:
    """What became of a promise, read from its row; None while its day has not passed."""
    due, done = law.day(row, "due_on"), law.seen(row, "done_on", today)
    if due is None or due >= today:
        return None
    if done:
        return "in_time" if done <= due else "late"
    if row.get("status") == "waived" or row.get("conditions_met") is False:
        return "not_owed"
    return "not_known" if row.get("status") == "met" and not law.day(row, "done_on") else "missed"


def share(part: int, whole: int) -> Decimal:
    return round(Decimal(part) / Decimal(whole), 4)


@pytest.mark.parametrize(
    ("name", "side", "noun"), [("unit", "government", "unit_id"), ("party", "counterparty", "party_id")]
)
def test_promises_kept_in_time_are_those_of_the_rows(month: Askable, name: str, side: str, noun: str) -> None:
    """按期履约率, of each unit and of each party."""
    first, counts = month.day - timedelta(days=365), dict[str, Counter[str]]()
    for row in month.rows["obligation"]:
        due, became = law.day(row, "due_on"), fate(row, month.day)
        if row.get("side") == side and became and due and due >= first:
            contract = month.world.contract(row)
            whose = month.world.unit(contract) if name == "unit" else month.world.party(contract)
            counts.setdefault(str(whose["name"]), Counter())[became] += 1
    table = month.answer(name).table("record")
    listed = {str(row[name]): row for row in table.rows}
    assert len(listed) == len({row[noun] for row in month.rows["contract"]})
    for whose_name, counted in counts.items():
        told = listed[whose_name]
        assert {fate: told[fate] for fate in ("in_time", "late", "missed", "not_owed", "not_known")} == {
            fate: counted[fate] for fate in ("in_time", "late", "missed", "not_owed", "not_known")
        }
        owed = counted["in_time"] + counted["late"] + counted["missed"]
        assert told.get("share") == (share(counted["in_time"], owed) if owed else None)
    every = sum(counts.values(), Counter[str]())
    assert table.total is not None
    assert table.total["share"] == share(every["in_time"], every["in_time"] + every["late"] + every["missed"])


def test_nothing_due_is_no_share_and_not_a_perfect_one(month: Askable) -> None:
    rows = month.answer("party").table("record").rows
    idle = [row for row in rows if not any(row[fate] for fate in ("in_time", "late", "missed"))]
    assert idle
    assert not [row for row in idle if "share" in row]


def test_warnings_of_a_unit_are_what_the_rules_find_on_its_contracts(month: Askable) -> None:
    found: Counter[Cell] = Counter()
    for finding in month.asked.judgement.fired():
        if finding.contract_id and finding.outcome == "red":
            found[finding.unit] += 1
    listed = {row["unit"]: row["red"] for row in month.answer("unit").table("record").rows}
    assert {unit: number for unit, number in listed.items() if number} == found


def test_every_move_of_a_day_is_seen_with_both_days(month: Askable, made: District) -> None:
    wanted: Counter[tuple[Cell, ...]] = Counter()
    before: dict[tuple[str, str], law.Row] = {}
    for day in made.month_ends[-3:]:
        for noun, field in (("obligation", "due_on"), ("contract", "end_on")):
            for row in made.rows(day)[noun]:
                was = before.get((noun, str(row["id"])))
                if was and was.get(field) != row.get(field) and was.get(field):
                    contract = row if noun == "contract" else month.world.contract(row)
                    wanted[contract["number"], was[field], row.get(field), day] += 1
                before[noun, str(row["id"])] = row
    rows = month.answer("slippage").table("moves").rows
    assert Counter((row["number"], row["before"], row.get("after"), row["seen_on"]) for row in rows) == wanted
    assert wanted
    back = [
        row["moved_days"] for row in rows if isinstance(row.get("moved_days"), int) and int(str(row["moved_days"])) > 0
    ]
    total = month.answer("slippage").table("by_unit").total
    assert total is not None
    assert (total["moves"], total["moved_back"]) == (sum(wanted.values()), len(back))


def test_moves_before_a_day_are_left_out_when_it_is_asked_so(month: Askable, made: District) -> None:
    since = made.month_ends[-1]
    narrowed = month.answer("slippage", wanted=Narrowed(first=since))
    assert {row["seen_on"] for row in narrowed.table("moves").rows} <= {since}


def test_investment_promises_are_counted_once_each(month: Askable) -> None:
    own = [
        row for row in month.rows["obligation"]
        if month.world.contract(row).get("kind") == "ZSYZ" and row.get("side") == "government"
    ]  # fmt: skip
    kept = [row for row in own if law.seen(row, "done_on", month.day)]
    overdue = [row for row in own if fate(row, month.day) == "missed"]
    total = month.answer("promises").table("government_units").total
    assert total is not None
    assert total["promises"] == len(own)
    assert int(str(total["kept"])) + int(str(total["kept_late"])) == len(kept)
    assert total["overdue_now"] == len(overdue)
    assert total["share"] == share(len(kept), len(kept) + len(overdue))


def test_contracts_reviewed_and_filed_are_counted_by_their_own_days(month: Askable) -> None:
    """合法性审查率, 备案率."""
    signed = {
        str(row["id"]): law.day(row, "signed_on") for row in month.rows["contract"]
        if (on := law.seen(row, "signed_on", month.day)) and on >= date(month.day.year, 1, 1)
    }  # fmt: skip
    opinions: dict[str, date] = {}
    for row in month.rows["review"]:
        if day := law.seen(row, "finished_on", month.day):
            opinions[str(row["contract_id"])] = min(day, opinions.get(str(row["contract_id"]), day))
    reviewed = [key for key, on in signed.items() if key in opinions and on and opinions[key] <= on]
    filed = {row["contract_id"] for row in month.rows["filing"] if row["filed_with"] == "legal"} & signed.keys()
    answer = month.answer("coverage")
    figures = {one.key: one.value for section in answer.sections for one in section.figures}
    assert figures["review_share"] == share(len(reviewed), len(signed))
    assert figures["filing_share"] == share(len(filed), len(signed))
    total = answer.table("reviews").total
    assert total is not None
    assert (total["signed"], total["reviewed"]) == (len(signed), len(reviewed))


def test_filed_in_time_is_by_the_working_days_of_the_rule(month: Askable) -> None:
    """及时备案率: within seven working days of signing (CN-PRC-03)."""
    counts: Counter[str] = Counter()
    for row in month.rows["contract"]:
        on = law.seen(row, "signed_on", month.day)
        if on is None or on < date(month.day.year, 1, 1):
            continue
        due = law.add_working_days(on, 7)
        days = [
            day for filing in month.world.of("filing", row)
            if filing["filed_with"] == "legal" and (day := law.seen(filing, "filed_on", month.day))
        ]  # fmt: skip
        counts[
            "in_time" if days and min(days) <= due else "late" if days else "missed" if due < month.day else "ahead"
        ] += 1
    duties = month.answer("coverage").table("duties").rows
    duty = next(one for one in duties if str(one["duty"]).startswith("CN-PRC-03"))
    assert {fate: duty[fate] for fate in ("in_time", "late", "missed", "ahead")} == {
        fate: counts[fate] for fate in ("in_time", "late", "missed", "ahead")
    }


@pytest.mark.parametrize(("name", "side"), [("unit", "government"), ("party", "counterparty")])
def test_months_and_the_grid_of_names_and_months_are_those_of_the_rows(month: Askable, name: str, side: str) -> None:
    """What was due in each month, and how much of it each name broke; no cell where nothing was due."""
    first, due = month.day - timedelta(days=365), Counter[str]()
    became_in, broken, any_due = Counter[tuple[str, str]](), Counter[tuple[str, str]](), set[tuple[str, str]]()
    for row in month.rows["obligation"]:
        day, became = law.day(row, "due_on"), fate(row, month.day)
        if row.get("side") == side and became and day and day >= first:
            contract = month.world.contract(row)
            whose = str((month.world.unit(contract) if name == "unit" else month.world.party(contract))["name"])
            at = f"{day:%Y-%m}"
            due[at] += 1
            became_in[at, became] += 1
            any_due.add((whose, at))
            broken[whose, at] += became in ("late", "missed")
    answer = month.answer(name)
    for told in answer.table("months").rows:
        for one in ("in_time", "late", "missed", "not_known", "not_owed"):
            assert told[one] == became_in[str(told["month"]), one]
    assert [str(told["month"]) for told in answer.table("months").rows] == sorted(due)
    grid = answer.table("grid")
    months = [column.key for column in grid.columns][1:]
    assert months == sorted(due)[-12:]
    cells = {(str(row[name]), at): row[at] for row in grid.rows for at in months if at in row}
    assert cells == {key: broken[key] for key in any_due if key[1] in months}
    assert [len(section.drawings) for section in answer.sections if section.key in ("months", "grid")] == [1, 1]
