"""The gate: slow to say yes. Each case over several made worlds, whatever chance dealt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.learning.gate import Demands, Evidence, judge
from tests.learning.made import Made, made

SEEDS = range(8)


def learned(cases: Made) -> Evidence:
    """What a small model said of the newest cases before they ended, beside two counts of the cases before those.

    The counts are the units' shares of late ones; the second one forgets all but the last hundred cases.
    """
    forward = cases.blend().forward
    assert forward is not None
    unit = cases.features.categories["unit"]
    return Evidence(
        closed=len(cases.late), late=forward.late, contract=forward.contract, model=forward.probability,
        lookups={
            "past_record": counted(unit, cases.late, forward.rows[0], forward.rows),
            "kind_and_unit": counted(unit[-500:], cases.late[-500:], 100, forward.rows - len(unit) + 500),
        },
        base=np.full(len(forward.late), cases.late[: forward.rows[0]].mean()),
    )  # fmt: skip


def counted(
    unit: NDArray[np.object_], late: NDArray[np.bool_], until: int, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    share = late[:until].mean()
    known = {one: late[:until][unit[:until] == one] for one in set(unit) - {None}}
    return np.array(
        [share if unit[row] is None else (known[unit[row]].sum() + 10 * share) / (known[unit[row]].size + 10) for row in rows]
    )  # fmt: skip


def said(
    count: int, *, seed: int, skill: float, lookup: float = 0.0, closed: int = 1_000, base: float = 0.4
) -> Evidence:
    """Made evidence: `skill` and `lookup` are how much of the odds the model and the count know; both are noisy."""
    random = np.random.default_rng(seed)
    odds = 1.5 * random.normal(size=count)
    centre = np.log(base / (1 - base))

    def heard(share: float) -> NDArray[np.float64]:
        return np.asarray(
            1 / (1 + np.exp(-(centre + share * odds + 0.3 * random.normal(size=count)))), dtype=np.float64
        )

    return Evidence(
        closed=closed, late=random.random(count) < 1 / (1 + np.exp(-(centre + odds))),
        contract=np.array([f"C-{place // 2}" for place in range(count)], dtype=object),
        model=heard(skill), lookups={"past_record": heard(lookup)}, base=np.full(count, base),
    )  # fmt: skip


def test_a_clear_signal_is_let_through() -> None:
    for seed in SEEDS[:3]:
        verdict = judge(learned(made(700, seed=seed, signal=2.5)))
        assert verdict.serve == "model", verdict.en
        assert verdict.numbers["brier.model"] < verdict.numbers["brier.past_record"] < verdict.numbers["brier.base"]


def test_outcomes_of_others_are_not() -> None:
    for seed in SEEDS[:3]:
        verdict = judge(learned(made(700, seed=seed, signal=2.5).shuffled(seed)))
        assert verdict.serve != "model", verdict.en


def test_a_model_that_knows_nothing_seldom_slips_through() -> None:
    """Twice in fifty worlds, where chance alone would be better in one figure in every second of them."""
    verdicts = [judge(said(200, seed=seed, skill=0.0)).serve for seed in range(50)]
    assert verdicts.count("model") <= 2
    assert verdicts.count("off") >= 45


def test_little_signal_is_not_enough_on_few_rows() -> None:
    verdicts = [judge(said(80, seed=seed, skill=0.02)).serve for seed in range(40)]
    assert verdicts.count("model") <= 2


def test_a_case_asked_about_every_month_counts_once() -> None:
    """Twelve rows each of eight cases are eight cases."""
    evidence = said(96, seed=0, skill=1.0)
    verdict = judge(replace(evidence, case=np.array([f"M-{place // 12}" for place in range(96)], dtype=object)))
    assert verdict.serve == "off"
    assert "Only 8 of them can be used to judge; 60 are needed." in verdict.en


def test_a_hundred_closed_cases_are_too_few_however_good_it_looks() -> None:
    for seed in SEEDS:
        verdict = judge(said(100, seed=seed, skill=1.0, lookup=0.6, closed=100))
        assert verdict.serve == "lookup"
        assert verdict.en[0] == "Only 100 cases have ended; 200 are needed."
        assert verdict.zh[0] == "已完结的仅100项，至少需要200项。"


def test_a_count_that_is_as_good_speaks_instead_and_says_so() -> None:
    for seed in SEEDS:
        verdict = judge(said(300, seed=seed, skill=0.5, lookup=1.0))
        assert (verdict.serve, verdict.lookup) == ("lookup", "past_record")
        assert verdict.en[-1] == "For now the estimate is that of the past record, not of a learned model."
        assert verdict.zh[-1] == "估计值暂由历史记录法给出，不是学习所得模型的结果。"
        assert any("for the model" in sentence and "better in only" in sentence for sentence in verdict.en)


def test_of_two_counts_the_one_with_the_smaller_error_speaks() -> None:
    evidence = said(300, seed=0, skill=0.0, lookup=0.5)
    better = said(300, seed=0, skill=1.0).model
    assert better is not None
    both = replace(evidence, lookups={**evidence.lookups, "kind_and_unit": better})
    assert judge(both).lookup == "kind_and_unit"


def test_good_ranking_does_not_excuse_bad_probabilities() -> None:
    """Right order, all far too high."""
    evidence = said(400, seed=0, skill=1.0)
    assert evidence.model is not None
    verdict = judge(replace(evidence, model=0.5 + evidence.model / 2))
    assert verdict.serve == "off"
    assert verdict.numbers["sure.average_precision.model.base"] == 1
    assert any(sentence.startswith("Error of probabilities") for sentence in verdict.en)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (said(30, seed=0, skill=1.0, closed=40), "Only 40 cases have ended; 200 are needed."),
        (said(0, seed=0, skill=1.0), "Only 0 of them can be used to judge; 60 are needed."),
        (said(300, seed=0, skill=1.0, base=0.003), "Only 1 of the cases used to judge had the rarer outcome"),
    ],
)
def test_with_nearly_nothing_nobody_speaks(evidence: Evidence, reason: str) -> None:
    verdict = judge(evidence)
    assert (verdict.serve, verdict.lookup) == ("off", None)
    assert any(sentence.startswith(reason) for sentence in verdict.en), verdict.en
    assert verdict.en[-1] == "There is no estimate for now; rules alone give warnings."
    assert verdict.zh[-1] == "目前不给出估计值，只按规则预警。"


def test_without_an_early_past_a_count_may_still_speak() -> None:
    verdict = judge(replace(said(300, seed=0, skill=1.0, lookup=0.8), model=None))
    assert verdict.serve == "lookup"
    assert verdict.en[0].startswith("Too few cases ended early")


def test_a_model_that_says_nothing_but_the_base_rate_is_not_better_than_it() -> None:
    evidence = said(300, seed=0, skill=1.0)
    verdict = judge(replace(evidence, model=evidence.base))
    assert verdict.serve == "off"
    assert verdict.numbers["sure.brier.model.base"] == 0.5


def test_an_office_may_ask_for_more() -> None:
    strict = Demands(closed=2_000)
    assert judge(said(400, seed=0, skill=1.0)).serve == "model"
    assert judge(said(400, seed=0, skill=1.0), strict).serve != "model"


def test_the_order_of_the_rows_changes_no_word() -> None:
    evidence = said(300, seed=0, skill=0.6, lookup=0.5)
    order = np.random.default_rng(0).permutation(300)
    assert evidence.model is not None
    mixed = replace(
        evidence, late=evidence.late[order], contract=evidence.contract[order],
        lookups={name: probability[order] for name, probability in evidence.lookups.items()},
        model=evidence.model[order], base=evidence.base[order],
    )  # fmt: skip
    assert judge(mixed).zh == judge(evidence).zh


def test_both_languages_say_as_much() -> None:
    for seed in SEEDS:
        verdict = judge(said(300, seed=seed, skill=0.3 * (seed % 4), lookup=0.4))
        assert len(verdict.zh) == len(verdict.en) > 0
        assert all(sentence.endswith("。") for sentence in verdict.zh)
        assert all(sentence.endswith(".") and "{" not in sentence for sentence in verdict.en)
