"""The cards on the shelf, made again from the open sets through the product's own commands, figure by figure.

With `--renew` a card that differs is written anew, for a person to read. A number, an instant and a file's SHA-256 belong to
one run and are not compared. Each takes one to five minutes: seventy days of the past are laid out again.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from monitor import demo
from tests.conftest import SharedData
from tests.office import Office, config, source

HERE = Path(__file__).parent
SHELF = HERE.parents[1] / "models"
OF_ONE_RUN = re.compile(r"^- (?:Model|Trained|File): .*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A card, the open set it is of, and the day on which the model was trained. Without `data` it is the demo's set.

    `source` is in the keys of contracts, and by these the folds go: under another name some figures are others.
    `notes` say what the numbers cannot: how the set came about.
    """

    card: str
    mapping: str
    as_of: str
    notes: tuple[str, ...]
    data: str | None = None
    source: str = "open"
    settings: Mapping[str, object] = field(default_factory=dict)
    zone: str = "America/New_York"

    @property
    def recipe(self) -> str:
        """The folder of the card is the question."""
        return self.card.partition("/")[0]


CARDS = [
    Shown(
        card="milestone_slip/card.md", mapping="nyc_sca", as_of="2017-06-30", source="nyc-sca",
        settings={"jurisdiction": '"US-NY"', "published": demo.DAY, "complete": True},
        notes=(
            "There is one edition, published on 31 December 2017. It stands for all the time before it: days and sums are "
            "as they were told at the end, and a day that was moved before that is not known to have moved.",
        ),
    ),
    Shown(
        card="forecast_slip/card.md", data="nyc_capital_25m_panel/nyc_capital_projects_20190901.csv.gz",
        mapping="nyc_25m", as_of="2019-09-01", settings={"jurisdiction": '"US-NY"'},
        notes=(
            "All 378 projects of the file are still listed on its last day, 1 September 2019. What was about to end before "
            "that always slipped, or it would not be here: only rows of 180 days or more say how well the model ranks.",
        ),
    ),
    Shown(
        card="milestone_slip/card.usaid_scms.md", data="usaid_scms_deliveries/scms_delivery_history.csv.gz",
        mapping="usaid_scms.sql", as_of="2014-12-31", settings={"jurisdiction": '"US"', "published": date(2015, 12, 31)},
        notes=(
            "There is one edition, of what had been delivered: days are as they were told at the end, and what never came, or "
            "came after September 2015, is not in it.",
            "Of 19 % of the lines neither the day of the order nor that of the quote was captured: they are not asked about.",
        ),
    ),
    Shown(
        card="contract_stall/card.md", data="ph_dpwh_contracts_api/dpwh_contracts.jsonl.gz",
        mapping="ph_dpwh", as_of="2025-11-26", zone="Asia/Manila",
        settings={"jurisdiction": '"PH"', "published": date(2025, 11, 26), "complete": True},
        notes=(
            "There is one edition, of November 2025. A contract that it calls terminated it calls so on every day, so it is "
            "never asked about: of contracts broken off this card knows nothing, only of unfinished ones.",
            "Last days include the extensions granted. Half of the contracts in the file are of 2016, and their kinds of work "
            "were chosen: shares are not those of the country.",
        ),
    ),
]  # fmt: skip


@pytest.mark.bench
@pytest.mark.parametrize("shown", CARDS, ids=lambda shown: shown.card)
def test_a_card_is_what_training_gives_again(
    shown: Shown, tmp_path: Path, shared_data: SharedData, request: pytest.FixtureRequest
) -> None:
    data = shared_data(f"data/{shown.data}") if shown.data else demo.DATA
    block = source(shown.source, data, shown.mapping, **shown.settings)
    office = Office(tmp_path, config(block, zone=shown.zone))
    if shown.mapping.endswith(".sql"):
        shutil.copy(HERE / shown.mapping, tmp_path)
    office.ok("pull")
    office.ok("model", "train", shown.recipe, "--as-of", shown.as_of)
    made = tmp_path / "card.md"
    noted = [word for note in shown.notes for word in ("--note", note)]
    office.ok("model", "card", shown.recipe, "--output", str(made), *noted)
    now, kept = made.read_text(encoding="utf-8"), SHELF / shown.card
    before = kept.read_text(encoding="utf-8") if kept.exists() else ""
    if request.config.getoption("--renew") and compared(now) != compared(before):
        kept.write_text(now, encoding="utf-8")
    else:
        assert compared(now) == compared(before)


def compared(card: str) -> str:
    """What another run gives again."""
    return OF_ONE_RUN.sub("", card)
