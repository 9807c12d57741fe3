"""A question about the year to come: what had come when the year was over stands, and what comes later is another case."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import backtest, rulebook
from monitor.domain.errors import ConfigError, UsageError
from monitor.domain.words import LANGS
from monitor.learning import recipe, trial
from monitor.learning.dataset import Cases, Seen, cases_of, ended, look
from monitor.learning.recipe import Asked
from monitor.learning.score import Reason
from monitor.learning.told import sentence
from monitor.store import Store
from tests.learning.test_dataset import Calendars, days_of, engines, noon
from tests.learning.test_drift import house, silent
from tests.learning.test_recipe import SHIPPED, shelve
from tests.store import Register, new_store

TEXT = (SHIPPED / "forecast_slip" / "recipe.toml").read_text(encoding="utf-8")
ASKED, BEFORE, YEAR_LATER, SPRING = date(2022, 1, 1), date(2022, 12, 1), date(2023, 1, 1), date(2023, 4, 1)
DAYS = [ASKED, date(2022, 6, 1), date(2022, 11, 1), BEFORE, YEAR_LATER, SPRING, date(2023, 5, 1)]
DUE, FAR, NEAR = date(2024, 1, 1), date(2024, 12, 1), date(2024, 3, 1)

NEWS: dict[str, list[tuple[date, dict[str, Any]]]] = {
    "put off": [(date(2022, 5, 10), {"due_on": FAR})],
    "put off a little": [(date(2022, 5, 10), {"due_on": NEAR})],
    "taken back in time": [(date(2022, 5, 10), {"due_on": FAR}), (date(2022, 11, 10), {"due_on": DUE})],
    "taken back too late": [(date(2022, 5, 10), {"due_on": FAR}), (date(2023, 3, 10), {"due_on": DUE})],
    "put off in the second year": [(date(2023, 3, 10), {"due_on": FAR})],
    "done": [(date(2022, 5, 10), {"done_on": date(2022, 5, 1), "status": "met"})],
    "vanished": [(date(2022, 5, 10), {"gone": True})],
    "quiet": [],
}
"""What the register says of each from a day on; all were first due on the same day."""


@pytest.fixture(scope="module")
def asked(calendars: Calendars) -> Asked:
    return recipe.named(recipe.load([SHIPPED], calendars, default_calendar="CN"), "forecast_slip")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    ledger = Register(made := new_store(tmp_path_factory.mktemp("closing")))
    contract = {"id": "C", "title": "Contract", "signed_on": date(2021, 6, 1), "progress_percent": 60}
    for day in sorted({date(2021, 12, 1), *(on for news in NEWS.values() for on, _ in news)}):
        rows: list[dict[str, Any]] = []
        for name, news in NEWS.items():
            row = {"id": name, "contract_id": "C", "title": name, "due_on": DUE, "status": "scheduled"}
            for on, said in news:
                row |= said if on <= day else {}
            if not row.pop("gone", False):
                rows.append(row)
        ledger.says(noon(day), contract=[contract], obligation=rows)
    return made


@pytest.fixture(scope="module")
def seen(store: Store, asked: Asked) -> list[Seen]:
    return days_of(store, asked, DAYS)


@pytest.fixture(scope="module")
def cases(seen: list[Seen], asked: Asked) -> Cases:
    return cases_of(seen, asked, {})


def ends(cases: Cases) -> dict[str, tuple[int, date | None]]:
    """How the cases of the first day ended, and since when that is known."""
    names = [name.removeprefix("register:") for name in cases.rows["id"].to_pylist()]
    found = zip(names, cases.as_of.astype(object), cases.late.tolist(), cases.known.astype(object), strict=True)
    return {name: (late, known) for name, on, late, known in found if on == ASKED}


def test_a_case_ends_as_it_stands_when_its_year_is_over(cases: Cases) -> None:
    assert ends(cases) == {
        "put off": (1, date(2022, 6, 1)),
        "put off a little": (0, YEAR_LATER),
        "taken back in time": (0, YEAR_LATER),
        "taken back too late": (1, date(2022, 6, 1)),
        "put off in the second year": (0, YEAR_LATER),
        "done": (0, date(2022, 6, 1)),
        "vanished": (-1, None),
        "quiet": (0, YEAR_LATER),
    }


def test_before_the_year_is_over_nothing_is_good_and_nothing_learned_from(seen: list[Seen], asked: Asked) -> None:
    early = cases_of(seen[: DAYS.index(YEAR_LATER)], asked, {})
    found = ends(early)
    assert {name for name, (late, _) in found.items() if late == 0} == {"done"}
    assert not trial.learnable(early, asked.recipe, BEFORE).any()
    over = cases_of(seen[: DAYS.index(YEAR_LATER) + 1], asked, {})
    assert trial.learnable(over, asked.recipe, YEAR_LATER).sum() == len(NEWS) - 1


def test_the_record_tells_what_moved_in_the_year_before(seen: list[Seen]) -> None:
    def record(day: date) -> dict[str, bool]:
        [one] = [one for one in seen if one.as_of == day]
        assert set(one.past["known"].to_pylist()) <= {day - timedelta(1)}, "known before the day, as every feature is"
        return {row["id"].removeprefix("register:"): row["late"] for row in one.past.to_pylist()}

    assert record(date(2022, 11, 1)) == {}, "nothing was on record a year before"
    late = {name for name, late in record(YEAR_LATER).items() if late}
    assert late == {"put off", "taken back too late"}
    assert {name for name, late in record(SPRING).items() if late} == {"put off", "put off in the second year"}
    assert "vanished" not in record(YEAR_LATER)
    assert "done" in record(SPRING)
    assert "done" not in record(date(2023, 5, 1)), "done a year ago: no case of this year"


def test_what_was_said_is_not_held_against_a_later_day(store: Store, cases: Cases, asked: Asked) -> None:
    said = cases.rows.slice(0, 1)
    [found] = [ended(engine, asked, said) for engine in engines(store, DAYS[-1:]) if look(engine, asked)]
    assert (found.num_rows, found.column_names) == (0, ["id", "late"])


def test_how_far_things_had_come_is_not_known_before_it_was_told(store: Store, asked: Asked) -> None:
    """The first edition is asked about earlier days, too: days and sums as it tells them, but no progress."""
    first_edition = date(2021, 12, 1)
    before, after = days_of(store, asked, [date(2021, 11, 1), first_edition])
    assert set(before.rows["contract.progress_percent"].to_pylist()) == {None}
    assert set(after.rows["contract.progress_percent"].to_pylist()) == {60}
    assert before.rows["due"].to_pylist() == after.rows["due"].to_pylist()


def test_no_sentence_says_that_anything_was_late(asked: Asked) -> None:
    """Nothing of such a question was late, and nothing need have ended."""
    reasons = [
        Reason(group=group, points=9.0, name="Roads", ended=count, late=count // 2, open=3, overdue=1, value=None)
        for group in ("unit", "contract") for count in (0, 8)
    ]  # fmt: skip
    told = {lang: [sentence(reason, {}, 0.4, asked.recipe, lang) for reason in reasons] for lang in LANGS}
    assert told["en"][1] == "this unit “Roads”: 4 of 8 put off by more than 180 days within a year, 40% overall"
    assert told["zh"][1] == "承办单位“Roads”近期已有结果的8件，其中一年之内推迟超过一百八十日的4件，总体为40%"
    assert told["en"][2] == "nothing on record of this contract yet; 3 are open, 1 past their day"
    assert not [text for text in told["zh"] if "逾期" in text or "已完结" in text]
    assert not [text for text in told["en"] if "late" in text or "ended" in text]


def test_it_is_not_replayed_against_due_days(tmp_path: Path, asked: Asked) -> None:
    office = house(tmp_path / "office", text=TEXT)
    book = rulebook.load(
        office.config.rule_shelves(), office.config.calendars(), default_calendar="US", packs=["core"]
    )  # fmt: skip
    with pytest.raises(UsageError, match="forecast_slip does not ask how things end by their due day"):
        backtest.run(
            office.config, book, asked, first=ASKED, last=YEAR_LATER, step=timedelta(7), known_at=noon(YEAR_LATER),
            tell=silent,
        )  # fmt: skip


@pytest.mark.parametrize(
    "text", [TEXT.replace("closes = true", "closes = false"), TEXT.replace("[record]", "[recordd]")]
)
def test_what_closes_has_a_record(calendars: Calendars, tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"go together|unknown key"):
        recipe.load([shelve(tmp_path, forecast_slip=text)], calendars, default_calendar="CN")
