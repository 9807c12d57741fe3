"""A model from its first day to its last: trained, judged, heard, refused, put aside. Every office here is made."""

from __future__ import annotations

import json
import pickle
import random
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor import learned, scoring
from monitor.domain.errors import UsageError
from monitor.domain.warning import LEVELS
from monitor.learning import recipe, training
from monitor.learning.dataset import Cases, Seen
from monitor.learning.drift import OTHER_MIX
from monitor.learning.recipe import Asked
from monitor.learning.training import Trained
from monitor.notify.composing import Desk, compose
from monitor.notify.letters import write
from monitor.pipeline import Scanned
from monitor.store import models, vitals
from tests.learning.test_dataset import World, known_by, late_by_pair, made_office, noon
from tests.learning.test_drift import NAME, TODAY, House, house, silent
from tests.learning.test_recipe import slip

TOMORROW, LATER = date(2024, 1, 2), date(2024, 2, 20)


@pytest.fixture(scope="module")
def world() -> World:
    return made_office(1, late_by_pair, contracts=120)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, world: World) -> House:
    """An office that trained its model on New Year's Day."""
    made = house(tmp_path_factory.mktemp("trained"), text=slip(NAME))
    made.is_told(TODAY, known_by(world, TODAY))
    model = made.train(slip(NAME))
    assert model.verdict == "model", model.card["verdict"]["en"]
    return made


@pytest.fixture(scope="module")
def first_scan(tmp_path_factory: pytest.TempPathFactory, trained: House) -> tuple[House, Scanned]:
    """The same, after the scan of that day, and what it found."""
    made = trained.copy(tmp_path_factory.mktemp("scanned"))
    return made, made.scan()


@pytest.fixture(scope="module")
def scanned(first_scan: tuple[House, Scanned]) -> House:
    return first_scan[0]


# --- the gate ---


def test_a_clear_signal_is_let_speak(trained: House) -> None:
    panel = trained.panel()
    [speaker] = panel.speakers
    assert (speaker.asked.recipe.id, speaker.by, speaker.as_of, speaker.number) == (NAME, "model", TODAY, 1)
    assert {silence.recipe.id for silence in panel.silent} == {"milestone_slip", "contract_stall", "forecast_slip"}
    assert all(silence.why["en"] == ("Not trained yet",) for silence in panel.silent)
    with trained.store.reading() as db:
        [model], [event] = models.listed(db), models.events(db)
        assert models.speaking(db, noon(TODAY) - timedelta(seconds=1)) == {}, "before it was trained nobody spoke"
    figures = model.card["trial"]["figures"]
    assert figures["model"]["brier"][0] < figures["base"]["brier"][0] - 0.03
    assert (event.kind, event.actor, event.reason) == ("promoted", "lvyue", "it passed the gate")
    [file] = trained.config.models.glob("*.skops")
    assert file.name == f"{NAME}-{(model.sha256 or '')[:16]}.skops"


Shared = tuple[Asked, Cases, Seen]


@pytest.fixture(scope="module")
def shared(trained: House) -> Shared:
    asked = recipe.named(learned.recipes(trained.config), NAME)
    found, seen = learned.cases(trained.config, asked, until=TODAY, known_at=noon(TODAY), tell=silent)
    return asked, found, seen


def judged(shared: Shared, change: Callable[[Cases], Cases]) -> Trained:
    asked, cases, seen = shared
    return training.train(change(cases), asked, until=TODAY, past=seen.past, tell=silent)


def ids(cases: Cases) -> list[str]:
    return list(cases.rows["id"].to_pylist())


def of_others(cases: Cases) -> Cases:
    """Each milestone ends as some other one did."""
    ended = sorted({key for key, late in zip(ids(cases), cases.late, strict=True) if late >= 0})
    lateness = dict(zip(ids(cases), cases.late.tolist(), strict=True))
    others = dict(zip(ended, random.Random(3).sample(ended, len(ended)), strict=True))
    late = [lateness[others[key]] if old >= 0 else -1 for key, old in zip(ids(cases), cases.late, strict=True)]
    return replace(cases, late=np.array(late, dtype=np.int8))


def first_hundred(cases: Cases) -> Cases:
    """What ended first, and everything of today."""
    certain = (cases.late >= 0) & (cases.ripe <= np.datetime64(TODAY)) & (cases.days_left <= 180)
    kept = list(dict.fromkeys(np.array(ids(cases))[certain].tolist()))[:100]
    return cases.take((cases.as_of == np.datetime64(TODAY)) | np.isin(ids(cases), kept))


def all_the_same(cases: Cases) -> Cases:
    return replace(cases, late=np.where(cases.late >= 0, 0, -1).astype(np.int8))


def test_outcomes_of_others_are_no_signal(shared: Shared) -> None:
    found = judged(shared, of_others)
    assert found.verdict.serve == "off"
    assert any("the model" in sentence for sentence in found.verdict.en)
    assert found.card["levels"] is None


def test_a_hundred_cases_are_too_few_for_a_model(shared: Shared) -> None:
    found = judged(shared, first_hundred)
    assert found.verdict.serve != "model"
    assert found.verdict.en[0] == "Only 100 cases have ended; 200 are needed."
    assert found.verdict.zh[0] == "已完结的仅100项，至少需要200项。"
    assert found.card["verdict"]["zh"] == list(found.verdict.zh)


def test_where_all_ended_the_same_there_is_nothing_to_learn(shared: Shared) -> None:
    found = judged(shared, all_the_same)
    assert (found.verdict.serve, found.blend, found.card["strength"]) == ("off", None, {})
    assert any("rarer" in sentence for sentence in found.verdict.en)


BRIEF = slip(NAME, months="12", years="1")
"""Asks on two days, which is too little to learn from."""


def test_an_office_without_cases_is_refused_in_words(tmp_path: Path) -> None:
    made = house(tmp_path / "empty", text=BRIEF)
    model = made.train(BRIEF)
    assert (model.verdict, model.sha256, model.id) == ("off", None, 1)
    assert model.card["verdict"]["en"][0] == "Only 0 cases have ended; 200 are needed."
    assert model.card["counts"]["cases"] == 0
    [why] = [silence.why for silence in made.panel().silent if silence.recipe.id == NAME]
    assert why["zh"] == tuple(model.card["verdict"]["zh"])
    assert not made.config.models.exists()


def test_where_nothing_has_ended_there_is_nothing_to_learn(shared: Shared) -> None:
    found = judged(shared, lambda cases: replace(cases, late=np.full_like(cases.late, -1)))
    assert (found.verdict.serve, found.blend, found.card["trial"]) == ("off", None, None)
    assert found.card["counts"]["censored"] == found.card["counts"]["asked"] > 100


# --- who speaks ---


def speaking(made: House) -> list[int | None]:
    with made.store.reading() as db:
        return [model.id for model in models.speaking(db, noon(LATER)).values()]


def test_a_model_whose_successor_is_refused_is_heard_no_more(trained: House, tmp_path: Path) -> None:
    made, long_ago, at = trained.copy(tmp_path), date(2020, 6, 1), noon(LATER)
    assert speaking(made) == [1]
    assert made.train(BRIEF, day=long_ago, at=noon(TOMORROW)).verdict == "off"
    [why] = [silence.why["en"] for silence in made.panel().silent if silence.recipe.id == NAME]
    assert why[0] == "Only 0 cases have ended; 200 are needed."
    with pytest.raises(UsageError, match="the gate refused model 2"):
        learned.promote(made.store, 2, at=at, actor="王", reason="we like it")
    learned.promote(made.store, 1, at=at, actor="王", reason="the register was incomplete")
    assert speaking(made) == [1]
    assert learned.roll_back(made.store, NAME, at=at, actor="李", reason="no, it was not") is None
    assert speaking(made) == []
    with made.store.reading() as db:
        told = [(event.model_id, event.kind, event.actor, event.reason) for event in models.events(db, NAME)]
    assert told[1:] == [
        (1, "stopped", "lvyue", "the gate refused model 2, its successor"),
        (1, "promoted", "王", "the register was incomplete"),
        (1, "stopped", "李", "no, it was not"),
    ]


# --- in a scan ---


def test_a_score_reminds_where_no_rule_has_reached_as_high(scanned: House) -> None:
    warned, by_rules = scanned.warned(), scanned.by_rules()
    assert len(warned) > 5
    assert {alert.level for alert in warned.values()} <= {"blue", "yellow"}
    assert {alert.peak for alert in warned.values()} <= {"blue", "yellow"}
    assert "yellow" in {alert.level for alert in warned.values()}
    for key, alert in warned.items():
        assert key not in by_rules or LEVELS.index(by_rules[key]) < LEVELS.index(alert.level)
        due = date.fromisoformat(alert.finding["due"])
        assert TODAY - timedelta(days=30) <= due <= TODAY + timedelta(days=180), "further away no score raises anything"


def test_whoever_runs_it_sees_how_far_the_world_has_moved_since_training(scanned: House) -> None:
    with scanned.store.reading() as db:
        seen = vitals.read(db, noon(TODAY)).figures["drift"]
    assert {name: found["moved"] for name, found in seen.items()} == {NAME: False}
    assert seen[NAME]["psi"] < OTHER_MIX


def test_the_same_scan_twice_changes_nothing(scanned: House, tmp_path: Path) -> None:
    made = scanned.copy(tmp_path)
    before = made.warned(closed=True)
    again = made.scan()
    assert (again.changes, again.letters, again.for_operator) == ([], 0, [])
    assert made.warned(closed=True) == before


def test_a_scan_of_what_changed_leaves_scores_alone_and_the_next_one_closes_what_ended(
    scanned: House, world: World, tmp_path: Path
) -> None:
    made = scanned.copy(tmp_path)
    before = made.warned()
    told = known_by(world, TODAY)
    for row in told["obligation"]:
        if f"ledger:{row['id']}" in before:
            row |= {"done_on": TODAY, "status": "met"}
    made.is_told(TODAY, told)
    made.scan(changed_only=True)
    assert made.warned() == before
    done = made.scan(TOMORROW)
    assert made.warned().keys().isdisjoint(before)
    closed = {key: alert for key, alert in made.warned(closed=True).items() if key in before}
    assert {(alert.state, alert.closed_on) for alert in closed.values()} == {("closed", TOMORROW)}
    assert {change.event for change in done.changes if change.alert.subject_id in before} == {"closed"}


def test_letters_say_how_likely_why_and_that_it_is_no_finding_of_law(first_scan: tuple[House, Scanned]) -> None:
    made, found = first_scan
    changes = [change for change in found.changes if change.alert.rule == NAME]
    context = {"office": "", "declared": "", "rules_hash": "", "facts_hash": "", "known_at": "2024-01-01"}
    settings = made.config.settings
    desk = Desk(
        recipients=settings.recipient, storm_over=10, document_word="", handling=settings.handling,
        calendar=made.config.calendar(), context=context, as_of=TODAY, at=noon(TODAY),
    )  # fmt: skip
    letters = compose(changes, desk)
    told = {letter.lang: "".join(write(letter).text.split()) for letter in letters}
    assert set(told) == {"zh", "en"}
    for change in changes:
        score = change.alert.finding["score"]
        assert 0.4 <= score["probability"] < 1
        assert 1 <= len(score["reasons"]) <= 3
        for lang, text in told.items():
            says = change.alert.finding["says"][lang]
            assert f"{score['probability']:.0%}" in says
            assert all(reason[lang] in says for reason in score["reasons"])
            assert "".join(says.split())[:100] in text
    assert "Model1(trained" in told["en"]
    assert "nofindingoflaw" in told["en"]
    assert "第1号模型" in told["zh"]
    assert "不是法律结论" in told["zh"]


class Opens:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (self.path, "w")


def tampered(content: bytes, folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "m.zip", "w") as file:
        file.writestr("schema.json", json.dumps({"__class__": "system", "__module__": "os"}))
    return (folder / "m.zip").read_bytes()


DAMAGE: dict[str, Callable[[bytes, Path], bytes | None]] = {
    "cut short": lambda content, _: content[: len(content) // 2],
    "one bit": lambda content, _: content[:500] + bytes([content[500] ^ 1]) + content[501:],
    "another file": tampered,
    "a pickle": lambda _, folder: pickle.dumps(Opens(str(folder / "opened"))),
    "gone": lambda _content, _folder: None,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_model_whose_file_is_not_what_was_stored_is_not_heard(
    trained: House, shared: Shared, tmp_path: Path, damage: str
) -> None:
    made = trained.copy(tmp_path)
    damaged(made, damage)
    with made.store.reading() as db:
        speaking = models.speaking(db, noon(TODAY))
    found = scoring.panel([shared[0]], speaking, speaking, made.config.models)
    [silence] = found.silent
    assert found.speakers == ()
    assert silence.refused
    assert silence.why["en"][0] == "The model's file cannot be used"
    assert silence.why["zh"][0] == "模型文件不能使用"
    assert not list(made.folder.rglob("opened")), "nothing in it was run"


def damaged(made: House, how: str) -> None:
    [path] = made.config.models.glob("*.skops")
    content = DAMAGE[how](path.read_bytes(), made.folder)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


def test_without_the_model_rules_go_on_and_its_warnings_wait(scanned: House, world: World, tmp_path: Path) -> None:
    made = scanned.copy(tmp_path)
    before = made.warned()
    damaged(made, "one bit")
    made.is_told(LATER, known_by(world, LATER))
    found = made.scan(LATER)
    assert {hit.rule for hit in found.findings if hit.rule == NAME} == set()
    assert found.findings, "what rules find is found"
    assert made.warned() == before
    [note] = found.for_operator
    assert "The model's file cannot be used" in note["en"]
    assert "模型文件不能使用" in note["zh"]


def test_an_office_that_never_trained_is_scanned_as_before(tmp_path: Path, world: World) -> None:
    made = house(tmp_path / "plain", text=slip(NAME))
    made.is_told(TODAY, {noun: rows[:80] for noun, rows in known_by(world, TODAY).items()})
    found = made.scan()
    assert found.findings
    assert found.for_operator == []
    assert made.warned() == {}
    assert not made.config.models.exists()


# --- what must not stop a scan or a training ---


def test_a_model_of_few_cases_gives_its_reasons(shared: Shared) -> None:
    """So few that no member has a split by category. The gate refuses such a model; its card is written all the same."""
    some = sorted(set(ids(shared[1])))[:24]
    found = judged(shared, lambda cases: cases.take(np.isin(ids(cases), some)))
    assert found.blend is not None
    assert found.verdict.serve == "off"
    assert set(found.card["strength"]) >= {"unit", "kind"}


def scans_after(made: House, *, without: str) -> Scanned:
    """A scan after somebody changed the shelf: a fact is gone from the recipe, or the whole recipe."""
    path = made.folder / "shelf" / NAME / "recipe.toml"
    text = path.read_text(encoding="utf-8")
    if without:
        assert without in text
        path.write_text(text.replace(without, ""), encoding="utf-8")
    else:
        path.unlink()
    return made.scan(TOMORROW)


def test_a_model_of_another_recipe_is_not_heard_and_rules_go_on(scanned: House, tmp_path: Path) -> None:
    made = scanned.copy(tmp_path)
    found = scans_after(made, without='"contract.obligations_open",')
    assert found.findings
    assert found.for_operator, "somebody must train it again"


def test_a_recipe_taken_off_the_shelf_leaves_its_warnings_to_people(scanned: House, tmp_path: Path) -> None:
    made = scanned.copy(tmp_path)
    before = made.warned()
    assert scans_after(made, without="").findings
    assert made.warned() == before


def test_a_broken_recipe_stops_no_scan(scanned: House, tmp_path: Path) -> None:
    made = scanned.copy(tmp_path)
    found = scans_after(made, without='subject = "obligation"')
    assert found.findings
    [note] = found.for_operator
    assert "recipe.toml" in note["en"]
    assert "规则预警照常" in note["zh"]
