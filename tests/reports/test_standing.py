"""Where a part of the district stands: a unit's part is what its rows say, and a filter takes what it names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from monitor.domain.warning import LEVELS
from monitor.reports import standing
from monitor.reports.asked import Narrowed
from monitor.reports.document import Document
from tests.reports.district import Askable


def part(month: Askable, wanted: Narrowed) -> Document:
    return standing.report(replace(month.asked, lang="en", narrowed=wanted))


def numbers(document: Document) -> dict[str, object]:
    return {figure.key: figure.value for figure in document.sections[0].figures}


@pytest.mark.parametrize("level", LEVELS)
def test_a_filter_takes_the_warnings_that_it_names(month: Askable, level: str) -> None:
    fired = month.asked.judgement.fired()
    rule, _ = Counter(one.rule for one in fired).most_common(1)[0]
    graver = LEVELS[LEVELS.index(level) :]
    told = part(month, Narrowed.of({"rule": rule.lower(), "level": level}, "test"))
    wanted = Counter(one.outcome for one in fired if one.rule == rule and one.outcome in graver)
    assert {name: numbers(told)[name] for name in LEVELS} == {name: wanted[name] for name in LEVELS}
    assert len(told.table("warnings").rows) == wanted.total()
    assert numbers(told)["contracts"] == len(month.rows["contract"]), "contracts are not narrowed by rules"


def test_the_part_of_a_unit_is_what_its_rows_say(month: Askable) -> None:
    """The units with most contracts and with fewest, by name, counted from the raw rows; no name of one is in another's."""
    units = {str(row["id"]): str(row["name"]) for row in month.rows["unit"]}
    assert not [name for name in units.values() if sum(name in other for other in units.values()) > 1]
    owner = {str(row["id"]): str(row["unit_id"]) for row in month.rows["contract"]}
    obligations = Counter(owner[str(row["contract_id"])] for row in month.rows["obligation"])
    fired = Counter(owner[one.contract_id] for one in month.asked.judgement.fired() if one.contract_id in owner)
    sizes = Counter(owner.values()).most_common()
    for key, contracts in (*sizes[:2], sizes[-1]):
        told = numbers(part(month, Narrowed(unit=units[key])))
        assert (told["contracts"], told["obligations"]) == (contracts, obligations[key])
        assert sum(int(str(told[level])) for level in LEVELS) == fired[key]


def test_large_contracts_alone(month: Askable) -> None:
    least = Decimal(10_000_000)
    told = part(month, Narrowed(amount=least))
    found = month.asked.rows("select id from fact_contract where amount >= ?", least)
    assert numbers(told)["contracts"] == len(found) > 0
    assert {str(row["contract"]) for row in told.table("warnings").rows} <= {
        str(row["title"]) for row in month.asked.rows("select title from fact_contract where amount >= ?", least)
    }
