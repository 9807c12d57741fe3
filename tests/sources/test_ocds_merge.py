"""Many releases, one state: their order in time, and what merging must not lose."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from monitor.sources.ocds_merge import SCHEMA
from tests.sources.ocds_stories import everything, only, release, rows, say, work

ROOT = Path(__file__).resolve().parents[2]
DEAF = """
import sys

def refuse(event, arguments):
    if event.startswith("socket."):
        raise OSError(f"{event} {arguments}")

sys.addaudithook(refuse)
from tests.sources.ocds_stories import only, release, say
story = [release("2024-01-01", {"title": "Old"}), release("2024-02-01", {"title": "New"})]
print(only(say({"releases": story}), "contract")["title"])
"""


def test_the_merge_rules_are_the_published_ones_byte_for_byte() -> None:
    digest = hashlib.sha256(SCHEMA.read_bytes()).hexdigest()
    assert digest == "fac192e1ccfb061f5164bdb2d64c29e517c0f81661996b97de40cebc55a2c1bc"


def test_merging_asks_nothing_of_the_network() -> None:
    """ocdsmerge fetches a schema when it is given none. Here whoever asks for a socket fails."""
    done = subprocess.run([sys.executable, "-c", DEAF], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("New\n", "")


class TestTheOrderOfReleases:
    def test_it_is_the_order_in_time_and_not_of_the_text(self) -> None:
        """07:00+08:00 is 23:00 in UTC of the day before: half an hour earlier, though its text is later."""
        early = release("2024-03-02T07:00:00+08:00", {"title": "Early", "status": "pending"})
        late = release("2024-03-01T23:30:00Z", {"title": "Late"})
        for releases in ([early, late], [late, early]):
            contract = only(say({"releases": releases}), "contract")
            assert (contract["title"], contract["status"]) == ("Late", "pending")

    @pytest.mark.parametrize("seconds", [(1, 2, 3), (1, 2, 2), (2, 2, 2)])
    def test_no_order_of_arrival_changes_a_row(self, seconds: Sequence[int]) -> None:
        """One process for each order in which its three releases can come, also those of one moment."""
        contracts = [
            work(milestones=[{"id": "M1", "title": "Plan", "status": "scheduled"}]) | {"status": "pending"},
            work(milestones=[{"id": "M1", "status": "met"}, {"id": "M2", "title": "Deck"}]) | {"status": "active"},
            work(transactions=[{"id": "T1", "value": {"amount": 1, "currency": "GBP"}}]) | {"title": "Bridge II"},
        ]
        releases = [
            release(f"2024-03-01T00:00:0{second}Z", contract, id=f"r{number}")
            for number, (second, contract) in enumerate(zip(seconds, contracts, strict=True))
        ]
        orders = [*itertools.permutations(releases)]
        arrived = [one | {"ocid": f"ocds-{n}"} for n, order in enumerate(orders) for one in order]
        reading = say({"releases": arrived[:7]}, {"releases": arrived[7:]})
        for noun in ("contract", "obligation", "payment"):
            found = rows(reading, noun)
            assert len(found) == {"contract": 6, "obligation": 12, "payment": 6}[noun]
            assert len(_without_ocid(found, len(orders))) == len(found) / 6

    def test_a_release_on_two_pages_counts_once(self) -> None:
        first = release("2024-01-01", {"title": "Bridge"}, parties=[{"name": "Ashford", "roles": ["buyer"]}])
        twice = [first, release("2024-01-02", {"amendments": [{"date": "2024-01-02", "rationale": "Soil"}]})]
        assert everything(say({"releases": twice}, {"releases": twice})) == everything(say({"releases": twice}))

    def test_a_compiled_release_replaces_what_came_before_and_not_what_comes_after(self) -> None:
        before = release("2024-01-01", {"title": "Old"}, tender={"title": "Call"})
        compiled = release("2024-02-01", {"status": "active"}, tag=["compiled"])
        after = release("2024-03-01", {"value": {"amount": 5, "currency": "GBP"}})
        contract = only(say({"releases": [after, compiled, before]}), "contract")
        assert (contract["title"], contract["status"], contract["amount_minor"]) == ("C1", "active", 500)

    def test_a_null_takes_back_what_was_said(self) -> None:
        said = release("2024-01-01", {"title": "Bridge", "dateSigned": "2024-01-01"})
        taken_back = release("2024-02-01", {"dateSigned": None})
        assert "signed_on" not in only(say({"releases": [said, taken_back]}), "contract")

    def test_parties_without_an_id_are_not_taken_for_one(self) -> None:
        parties = [
            {"id": "", "name": "Ashford", "roles": ["buyer"]},
            {"id": "", "name": "Bridger", "roles": ["supplier"]},
        ]
        reading = say(
            {"releases": [release(day, {"title": "B"}, parties=parties) for day in ("2024-01-01", "2024-01-02")]}
        )
        assert (only(reading, "unit")["name"], only(reading, "party")["name"]) == ("Ashford", "Bridger")
        assert reading.refusals == []

    def test_an_id_twice_in_one_list_is_reported_before_the_merge_loses_it(self) -> None:
        twins = [{"id": "M1", "title": "Deck"}, {"id": "M1", "title": "Rail"}]
        reading = say(
            {
                "releases": [
                    release("2024-01-01", {"title": "B"}),
                    release("2024-01-02", work(milestones=twins)),
                ]
            }
        )
        assert only(reading, "obligation")["title"] == "Deck"
        (refusal,) = reading.refusals
        assert (refusal.row, refusal.field, refusal.value) == (
            2,
            "contracts.implementation.milestones.id",
            "M1",
        )


def _without_ocid(found: list[dict[str, Any]], processes: int) -> set[str]:
    """The distinct rows once their process is forgotten."""
    text = json.dumps(found, default=str)
    for number in range(processes):
        text = text.replace(f"ocds-{number}/", "")
    return {json.dumps(row, sort_keys=True) for row in json.loads(text)}
