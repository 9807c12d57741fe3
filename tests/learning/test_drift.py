"""Whether the world is still the one that was learned from: alarms that mean something, and silence that is told of.

The register of the offices here is a made French list in one table, which no code of ours knows of: a mapping reads it, and the
recipe that ships asks of it, in other sizes.
"""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from monitor import learned, pipeline, rulebook
from monitor.config import Config
from monitor.config import load as load_config
from monitor.domain.warning import LEVELS, Alert
from monitor.learning import drift, recipe
from monitor.learning.dataset import look
from monitor.learning.lookup import lookups
from monitor.learning.score import score, to_keep
from monitor.learning.told import told
from monitor.pipeline import Scanned
from monitor.scoring import Panel
from monitor.store import Store, models, warnings
from monitor.store.models import Model
from tests.learning.test_dataset import World, known_by, late_by_unit, made_office, noon, speaker
from tests.learning.test_recipe import shelve, slip
from tests.office import CORE, config, source
from tests.store import new_store

TODAY = date(2024, 1, 1)
NAME = "made_slip"
WRITE_TO = "".join(f'[[recipient]]\naddress = "{lang}@office.example"\nlang = "{lang}"\n' for lang in ("zh", "en"))
SHELF = '[shelves]\nmodels = ["shelf"]'
COLUMNS = (
    "Marché", "Objet", "Service", "Titulaire", "Montant", "Notifié le", "Fin prévue", "Étape", "Nature", "Échéance", "Réalisé le",
)  # fmt: skip
MAPPING = """
create macro jour(t) as day(t, '%d/%m/%Y');
create view unit as select distinct service as id, service as name, min(source_row) as source_row from raw group by all;
create view party as select distinct titulaire as id, titulaire as name, min(source_row) as source_row from raw group by all;
create view contract as
select "marché" as id, any_value(objet) as title, any_value(service) as unit_id, any_value(titulaire) as party_id,
    'GCJS' as kind, 'EUR' as currency, any_value(replace(replace(montant, ' ', ''), ',', '.')) as amount,
    any_value(jour("notifié_le")) as signed_on, any_value(jour("fin_prévue")) as end_on, min(source_row) as source_row
from raw group by 1;
create view obligation as
select "marché" || '/' || "étape" as id, "marché" as contract_id, 'Étape ' || "étape" as title, nature as kind,
    'counterparty' as side, jour("échéance") as due_on, jour("réalisé_le") as done_on,
    case when "réalisé_le" <> '' then 'met' else 'scheduled' end as status, source_row
from raw;
"""


def french(world: World) -> str:
    """The made register as a French office would export it."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, delimiter=";")
    lines.writerow(COLUMNS)
    contracts = {row["id"]: row for row in world["contract"]}
    for row in world["obligation"]:
        contract = contracts[row["contract_id"]]
        days = [contract["signed_on"], contract["end_on"], row["due_on"], row["done_on"]]
        signed, ends, due, done = (f"{day:%d/%m/%Y}" if day else "" for day in days)
        service, amount = f"Direction n° {contract['unit_id'][1:]}", f"{contract['amount_minor'] / 100:,.2f}"
        amount = amount.replace(",", " ").replace(".", ",")
        lines.writerow(
            [
                row["contract_id"], "Réfection de l'école", service, f"Société {contract['party_id']}", amount, signed, ends,
                row["id"].partition("/")[2], row["kind"], due, done,
            ]
        )  # fmt: skip
    return text.getvalue()


def silent(_message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class House:
    """An office in a folder of its own, whose clock is what a test says."""

    folder: Path

    @cached_property
    def config(self) -> Config:
        return load_config(self.folder / "config.toml", {})

    @cached_property
    def store(self) -> Store:
        return Store(self.config.database)

    def copy(self, folder: Path) -> House:
        return House(Path(shutil.copytree(self.folder, folder / "house")))

    def is_told(self, day: date, world: World) -> None:
        """The list of a day is pulled."""
        (self.folder / "marches.csv").write_text(french(world), encoding="utf-8")
        pulled = pipeline.pull(self.config, self.store, self.config.source("ledger"), at=noon(day))
        assert pulled.counts.quarantined == 0

    def train(self, text: str, *, day: date = TODAY, at: datetime | None = None, promote: bool = True) -> Model:
        shelve(self.folder / "shelf", **{NAME: text})
        [asked] = recipe.load([self.folder / "shelf"], self.config.calendars(), default_calendar="US")
        return learned.train(
            self.config, self.store, asked, as_of=day, known_at=noon(day), at=at or noon(day), tell=silent, promote=promote
        )  # fmt: skip

    def panel(self, at: datetime | None = None) -> Panel:
        return learned.panel(self.config, self.store, at=at or noon(date(2024, 12, 31)))

    def scan(self, day: date = TODAY, *, changed_only: bool = False) -> Scanned:
        book = rulebook.load(
            self.config.rule_shelves(), self.config.calendars(), default_calendar="US", packs=self.config.settings.rules.packs
        )  # fmt: skip
        at = noon(day) + timedelta(hours=2)
        return pipeline.scan(self.config, self.store, book, as_of=day, known_at=at, at=at, changed_only=changed_only)

    def warned(self, *, closed: bool = False) -> dict[str, Alert]:
        """Warnings of scores by what they are about."""
        with self.store.reading() as db:
            found = [alert for alert in warnings.listed(db, include_closed=closed) if alert.rule == NAME]
        assert len(found) == len({alert.subject_id for alert in found})
        return {alert.subject_id: alert for alert in found}

    def by_rules(self) -> dict[str, str]:
        """The highest level of a rule on each milestone."""
        with self.store.reading() as db:
            found = [alert for alert in warnings.listed(db) if alert.rule != NAME and alert.subject == "obligation"]
        return {
            key: max((one.level for one in found if one.subject_id == key), key=LEVELS.index)
            for key in {alert.subject_id for alert in found}
        }


def house(folder: Path, *, text: str) -> House:
    """An office that has been told nothing yet."""
    folder.mkdir(exist_ok=True)
    shelve(folder / "shelf", **{NAME: text})
    (folder / "marches.sql").write_text(MAPPING, encoding="utf-8")
    ledger = source("ledger", "marches.csv", "marches.sql", complete=True, jurisdiction='"FR"')
    (folder / "config.toml").write_text(config(WRITE_TO, CORE, SHELF, ledger, zone="UTC"), encoding="utf-8")
    (folder / "state").mkdir()
    new_store(folder / "state")
    return House(folder)


# --- what an alarm means ---


def quarter(
    chance: np.random.Generator, *, share: float, contracts: int = 60
) -> tuple[NDArray[np.bool_], NDArray[np.object_]]:
    """What ended in a made quarter: cases of one contract mostly end the same."""
    sizes = chance.integers(1, 7, contracts)
    owner = np.repeat(np.arange(contracts), sizes)
    common, alone = chance.random(contracts) < share, chance.random(len(owner)) < share
    late = np.where(chance.random(len(owner)) < 0.6, common[owner], alone)
    return late, np.array([f"C{one}" for one in owner], dtype=object)


def alarms(shift: float, *, seeds: int) -> float:
    """In what share of quarters the alarm goes off, when a third was expected."""
    fired = 0
    for seed in range(seeds):
        late, contract = quarter(np.random.default_rng(seed), share=1 / 3 + shift)
        found = drift.deviation(late, np.full(len(late), 1 / 3), contract)
        assert found is not None
        fired += found.alarm
    return fired / seeds


def test_a_world_that_stays_as_it_was_seldom_alarms() -> None:
    assert alarms(0.0, seeds=2_000) <= 0.01


def test_contracts_dealt_out_anew_over_the_quarters_seldom_alarm() -> None:
    """Twelve made quarters that differ in nothing but which contracts fell into them."""
    chance, fired = np.random.default_rng(0), 0
    late, contract = quarter(chance, share=0.3, contracts=600)
    names = np.unique(contract)
    for _ in range(100):
        of_quarter = dict(zip(names, chance.integers(0, 12, len(names)), strict=True))
        places = np.array([of_quarter[one] for one in contract])
        for number in range(12):
            here = places == number
            found = drift.deviation(late[here], np.full(int(here.sum()), late.mean()), contract[here])
            fired += found is not None and found.alarm
    assert fired / 1_200 <= 0.01


def test_a_world_that_moved_alarms() -> None:
    assert alarms(0.3, seeds=300) > 0.95
    assert alarms(-0.25, seeds=300) > 0.95


def test_one_large_contract_few_cases_or_a_small_difference_are_no_alarm() -> None:
    small = np.arange(200) % 3 == 0
    contract = np.array([f"C{place // 2}" for place in range(200)], dtype=object)
    cases = {
        "one large contract": (np.r_[small, np.ones(90, bool)], np.r_[contract, np.full(90, "Large", dtype=object)], 1 / 3),
        "few cases": (np.ones(39, bool), np.arange(39).astype(object), 1 / 3),
        "a small difference": (np.arange(20_000) % 3 == 0, np.arange(20_000).astype(object), 0.29),
    }  # fmt: skip
    for name, (late, owner, expected) in cases.items():
        found = drift.deviation(late, np.full(len(late), expected), owner)
        assert found is not None, name
        assert not found.alarm, name
    assert drift.deviation(np.zeros(0, bool), np.zeros(0), np.zeros(0, dtype=object)) is None


def test_another_mix_is_seen_and_chance_is_not() -> None:
    random = np.random.default_rng(1)
    edges = np.quantile(random.beta(2, 3, 500), np.linspace(0.1, 0.9, 9)).tolist()
    same = [drift.mixed(random.beta(2, 3, 300), edges) or 0.0 for _ in range(200)]
    assert max(same) < drift.OTHER_MIX
    assert (drift.mixed(random.beta(4, 2, 300), edges) or 0.0) > drift.OTHER_MIX
    assert drift.mixed(np.zeros(0), edges) is None


def test_what_was_said_first_of_a_case_is_held_against_its_end_once_either_end_would_be_certain() -> None:
    day = date(2024, 3, 1)
    said = pa.table(
        {
            "id": ["a", "b", "a", "c", "d"], "contract": ["A", "A", "A", "C", "D"], "probability": [0.9, 0.2, 0.1, 0.5, 0.6],
            "ripe": pa.array([day, day, day, day + timedelta(days=1), day], pa.date32()),
        }
    )  # fmt: skip
    past = pa.table({"id": ["a", "b", "c"], "late": [True, False, True]})
    found = drift.came_true(said, past, day)
    assert found is not None
    assert (found.rows, found.expected, found.came) == pytest.approx((2, 0.55, 0.5)), "a by its first score, and b"
    assert drift.came_true(said, past.slice(0, 0), day) is None


# --- in scans ---


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Model, World]:
    """An office of few cases in which a plain count of the past knows who is late; scanned on New Year's Day."""
    world = made_office(2, late_by_unit, contracts=100)
    made = house(tmp_path_factory.mktemp("counted"), text=FEW)
    made.is_told(TODAY, known_by(world, TODAY))
    model = made.train(FEW, promote=False)
    with made.store.reading() as db:
        assert models.speaking(db, noon(TODAY)) == {}, "it was trained, and not let speak"
    return made, learned.promote(made.store, model.id or 0, at=noon(TODAY), actor="王", reason="tried by hand"), world


FEW = slip(NAME, years="1")


def test_a_count_of_the_past_answers_for_a_model_and_is_named(
    counted: tuple[House, Model, World], tmp_path: Path
) -> None:
    office, model, world = counted
    assert (model.verdict, model.sha256) == ("lookup", None)
    lookup = model.card["verdict"]["lookup"]
    assert lookup in ("past_record", "kind_and_unit")
    assert "not of a learned model" in model.card["verdict"]["en"][-1]
    assert "不是学习所得模型的结果" in model.card["verdict"]["zh"][-1]
    made = office.copy(tmp_path)
    made.scan()
    before = made.warned()
    assert before
    named = {"past_record": "The past record (set", "kind_and_unit": "The record of kind and unit (set"}[lookup]
    for alert in before.values():
        assert alert.finding["says"]["en"].startswith(named)
        assert alert.finding["score"]["model"] == model.id
    moved(made, world)


def moved(made: House, world: World) -> None:
    """Half a year in which nothing was done in time: the count raises nothing more, and the operator is told why."""
    summer = date(2024, 7, 1)
    told = known_by(world, summer)
    for row in told["obligation"]:
        if row["due_on"] > date(2023, 11, 1) and row["done_on"] is not None:
            row |= {"done_on": None, "status": "scheduled"}
    made.is_told(summer, told)
    found = made.scan(summer)
    assert not [hit for hit in found.findings if hit.rule == NAME]
    assert made.warned() == {}
    [note] = [note for note in found.for_operator if "half year" in note["en"]]
    assert "raise no warnings until it is trained again" in note["en"]
    assert "暂停预警" in note["zh"]


def test_what_is_far_away_is_estimated_by_the_past_record_and_never_warned_of(
    counted: tuple[House, Model, World],
) -> None:
    office = counted[0]
    [asked] = recipe.load([office.folder / "shelf"], office.config.calendars(), default_calendar="US")
    [seen] = [look(engine, asked) for engine in learned.past(office.config).engines([TODAY])]
    who = replace(speaker(asked, seen), levels={"blue": 0.001, "yellow": 0.002})
    scores = score(seen, who)
    assert who.blend is not None
    left = np.array([(due - TODAY).days for due in seen.rows["due"].to_pylist()])
    assert scores.early.tolist() == (left > 180).tolist()
    assert set(scores.level[scores.early].tolist()) == {-1}
    assert set(scores.level[~scores.early].tolist()) == {1}
    features = seen.features(asked)
    by_record = lookups(asked.recipe.layout, features)["past_record"]
    assert scores.probability[scores.early].tolist() == by_record[scores.early].tolist()
    assert scores.probability[~scores.early].tolist() == who.blend.probability(features.take(~scores.early)).tolist()
    cases = told(scores, np.arange(len(scores)))
    assert {case["by"]["en"].startswith("The past record") for case in cases if case["early"]} == {True}
    assert {case["by"]["en"].startswith("Model 1") for case in cases if not case["early"]} == {True}
    assert set(to_keep(scores)["id"].to_pylist()).isdisjoint(case["subject_id"] for case in cases if case["early"])
