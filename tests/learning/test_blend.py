"""The model: what it learns, what it never sees, what it does with what it never saw."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.domain.errors import ModelError
from monitor.learning.blend import AT_ONCE, LEAST, MOST, Blend, best_share
from monitor.learning.features import Features
from monitor.learning.measures import measures
from tests.learning.made import SMALL, Made, made

HERE = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def cases() -> Made:
    return made(900)


@pytest.fixture(scope="module")
def blend(cases: Made) -> Blend:
    return cases.blend()


def test_it_learns_what_there_is_to_learn(blend: Blend) -> None:
    new = made(600, seed=7)
    auc = measures(new.late, blend.probability(new.features))["auc"]
    assert auc is not None
    assert auc > 0.75


def test_it_learns_nothing_from_outcomes_of_others(cases: Made) -> None:
    new = made(600, seed=7)
    auc = measures(new.late, cases.shuffled(1).blend().probability(new.features))["auc"]
    assert auc is not None
    assert 0.4 < auc < 0.6


def test_the_same_cases_give_the_same_model_to_the_last_bit(cases: Made, blend: Blend) -> None:
    again = cases.blend()
    assert again.share == blend.share
    assert again.probability(cases.features).tobytes() == blend.probability(cases.features).tobytes()
    assert cases.blend(seed=1).probability(cases.features).tobytes() != blend.probability(cases.features).tobytes()


def test_scores_do_not_depend_on_the_hash_seed(cases: Made, blend: Blend) -> None:
    script = (
        "import hashlib; from tests.learning.made import made; cases = made(900); "
        "print(hashlib.sha256(cases.blend().probability(cases.features).tobytes()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(HERE)}
    said = subprocess.run([sys.executable, "-c", script], cwd=HERE, env=environment, capture_output=True, check=True)
    assert said.stdout.decode().strip() == hashlib.sha256(blend.probability(cases.features).tobytes()).hexdigest()


def test_a_row_scores_the_same_alone_and_among_a_million(cases: Made, blend: Blend) -> None:
    many = Features.join([cases.features] * (AT_ONCE // 900 + 2))
    together = blend.probability(many)
    assert len(together) > AT_ONCE
    assert together[-900:].tobytes() == blend.probability(cases.features).tobytes()
    alone = [blend.probability(cases.features.take(np.array([place])))[0] for place in (0, 450, 899)]
    assert alone == [together[place] for place in (0, 450, 899)]


def test_what_judges_the_newest_cases_never_saw_how_they_ended(cases: Made, blend: Blend) -> None:
    """All outcomes that became known on the first judged day or later are turned round: the first block must not notice."""
    assert blend.forward is not None
    judged = blend.forward.rows[blend.forward.block == 0]
    first = cases.as_of[judged].min()
    turned = replace(cases, late=np.where(cases.known >= first, ~cases.late, cases.late)).blend().forward
    assert turned is not None
    for member in ("forest", "boosting"):
        before, after = getattr(blend.forward, member), getattr(turned, member)
        assert (before[blend.forward.block == 0] == after[turned.block == 0]).all()
        assert (before[blend.forward.block == 2] != after[turned.block == 2]).any()


def test_cases_asked_about_on_one_day_are_judged_together(cases: Made) -> None:
    monthly = replace(cases, as_of=cases.as_of.astype("datetime64[M]").astype("datetime64[D]"))
    forward = monthly.blend().forward
    assert forward is not None
    days = [set(monthly.as_of[forward.rows[forward.block == block]]) for block in range(3)]
    assert not days[0] & days[1]
    assert not days[1] & days[2]
    assert (np.diff(forward.rows) > 0).all()


def test_with_too_little_past_both_members_count_the_same() -> None:
    few = made(40).blend()
    assert few.forward is None
    assert few.share == 0.5


def test_the_share_is_the_best_of_all_and_half_for_few_rows(blend: Blend) -> None:
    forward = blend.forward
    assert forward is not None

    def loss(share: float) -> float:
        said = share * forward.forest + (1 - share) * forward.boosting
        missed = -np.log(np.where(forward.late, said, 1 - said))
        contracts = [float(missed[forward.contract == one].mean()) for one in set(forward.contract)]
        return sum(contracts) + 30 * ((share - 0.5) ** 2 + (0.5 - share) ** 2)

    best = min(np.linspace(0, 1, 2001), key=loss)
    assert abs(best - 0.5) > 0.02
    assert best_share(forward) == pytest.approx(best, abs=5e-4)


def test_each_member_moves_a_probability_by_its_share_and_no_further(cases: Made, blend: Blend) -> None:
    """However sure the boosting is: in logits a sure member would carry the other one with it."""
    forest, boosting = blend.members.probabilities(cases.features)
    said = blend.probability(cases.features)
    assert said == pytest.approx(forest + (1 - blend.share) * (boosting - forest), abs=1e-12)


def test_a_contract_of_many_rows_counts_once(blend: Blend) -> None:
    """Rows of a contract end together: seen a thousand times each, they say no more; all of one contract, next to nothing."""
    forward = blend.forward
    assert forward is not None
    often = replace(forward, weight=forward.weight * 1_000)
    assert best_share(often) == pytest.approx(best_share(forward), abs=1e-9)
    one = replace(forward, contract=np.full(len(forward.rows), "C-1", dtype=object))
    assert best_share(one) == pytest.approx(0.5, abs=5e-3)


def test_a_share_that_is_given_is_not_learned_again(cases: Made, blend: Blend) -> None:
    given = Blend.fit(
        cases.features, cases.late, as_of=cases.as_of, known=cases.known, contract=cases.contract,
        share=blend.share, settings=SMALL,
    )  # fmt: skip
    assert given.forward is None
    assert given.probability(cases.features).tobytes() == blend.probability(cases.features).tobytes()


def test_a_case_that_was_asked_about_often_does_not_outvote_the_others(cases: Made) -> None:
    """Weights reach both members: with the late cases' taken away, nearly nobody is late."""
    weight = np.where(cases.late, 0.01, 1.0)
    light = Blend.fit(
        cases.features, cases.late, as_of=cases.as_of, known=cases.known, contract=cases.contract, weight=weight, settings=SMALL
    )  # fmt: skip
    forest, boosting = light.members.probabilities(cases.features)
    assert forest.mean() < 0.1
    assert boosting.mean() < 0.1


def test_columns_that_say_nothing_are_left_out_and_named(blend: Blend) -> None:
    assert blend.members.encoder.dropped == ("fact.empty", "fact.same")
    assert blend.members.encoder.names == ("unit", "kind", "time.pressure", "fact.size", "fact.noise")


def test_a_column_that_is_filled_only_lately_breaks_nothing(cases: Made) -> None:
    numbers = cases.features.numbers.copy()
    numbers[800:, 3] = 1.0
    late = replace(cases, features=replace(cases.features, numbers=numbers)).blend()
    assert "fact.empty" in late.members.encoder.names
    assert late.forward is not None


def test_rare_levels_share_a_code_and_unknown_has_its_own(cases: Made, blend: Blend) -> None:
    unit = blend.members.encoder.categories[0]
    codes = unit.codes(np.array(["Unit 3", "Unit 99", "Unit 98", None], dtype=object))
    assert codes[1] == codes[2] == len(unit.levels)
    assert codes[3] == len(unit.levels) + 1
    assert codes[0] == unit.levels.index("Unit 3")


def test_no_more_levels_than_boosting_takes() -> None:
    wide = made(1_500)
    wide.features.categories["unit"] = np.array([f"Unit {place % 100:03}" for place in range(1_500)], dtype=object)
    unit = wide.blend().members.encoder.categories[0]
    assert unit.levels == tuple(f"Unit {place:03}" for place in range(60))
    assert len(unit.seen) == 100


def test_a_new_unit_gets_an_answer_and_a_doubt(cases: Made, blend: Blend) -> None:
    few = cases.features.take(np.arange(4))
    few.categories["unit"][:] = ["Unit 1", "Unit 99", None, "Unit 2"]
    few.numbers[:, 0] = [0.0, 0.0, np.nan, 50.0]
    few.numbers[:, 1:] = 0.0
    doubts = blend.doubts(few)
    assert doubts.new["unit"].tolist() == [False, True, False, False]
    assert doubts.new_share.tolist() == [0.0, 0.5, 0.0, 0.0]
    assert doubts.outside == pytest.approx([0, 0, 0, 1 / 3])
    said = blend.probability(few)
    assert ((said >= LEAST) & (said <= MOST)).all()


def test_a_number_beyond_all_numbers_is_a_number_not_known(cases: Made, blend: Blend) -> None:
    few = cases.features.take(np.arange(3))
    wild = replace(few, numbers=few.numbers.astype(np.float64))
    wild.numbers[:, 0] = [np.inf, -np.inf, 1e300]
    few.numbers[:, 0] = np.nan
    assert blend.probability(wild).tolist() == blend.probability(few).tolist()


def test_no_rows_are_no_error(cases: Made, blend: Blend) -> None:
    none = cases.features.take(np.zeros(0, dtype=np.int64))
    assert blend.probability(none).shape == (0,)
    assert blend.doubts(none).new["unit"].shape == (0,)
    assert blend.effects(none).effects.shape == (0, 5)


def test_what_cannot_be_learned_is_refused_in_words(cases: Made, blend: Blend) -> None:
    with pytest.raises(ModelError, match="all 900 closed cases ended the same way"):
        replace(cases, late=np.zeros(900, dtype=bool)).blend()
    same = Features(
        names=("fact.same",), numbers=np.ones((900, 1), dtype=np.float32), categories={}, base=cases.features.base
    )
    with pytest.raises(ModelError, match="no column differs"):
        replace(cases, features=same).blend()
    with pytest.raises(ModelError, match=r"lack 1 columns of the model, the first is unit"):
        blend.probability(replace(cases.features, categories={}))
    with pytest.raises(ModelError, match=r"the first is time\.pressure"):
        blend.probability(replace(cases.features, names=("other.name", *cases.features.names[1:])))
