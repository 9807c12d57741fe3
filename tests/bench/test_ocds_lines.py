"""Reading OCDS JSON lines, against `coverage` of ocdscardinal 0.0.8.

The wheel of ocdscardinal offers nothing but `coverage(file)`: it parses every line, walks every node and counts. It
is compared with the same work of ours: parse every line, find what belongs together, merge it, check its shape and
hand it on as typed objects (`ocds.states`). Our rows and their border are work that `coverage` does not do at all;
they stand in the table so that nobody takes the first number for the whole. One core each: `coverage` uses all there
are, we use one, so with n cores it catches up n times.
"""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.sandbox import sandbox
from monitor.sources import read
from monitor.sources.fetch import Fetched, FetchLimits, fetch
from monitor.sources.ocds import OcdsSource, states
from tests.bench.pairs import one_core, ratio

RELEASES = 20_000
ROUNDS = 5
SEED = 20241122


@pytest.mark.bench
def test_lines_are_read_twice_as_fast_as_they_are_walked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    peer = pytest.importorskip("ocdscardinal")
    path = tmp_path / "made.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(release) + "\n" for release in made(RELEASES, SEED))
    first = fetch(str(path), limits=FetchLimits(max_bytes=1 << 30))
    source = OcdsSource(name="made", location=str(path), read_seconds=3600)

    def page() -> Fetched:
        return replace(first, content=path.read_bytes())

    def shaped() -> None:
        deque(states([page()], []), maxlen=0)

    def tabled() -> None:
        with sandbox() as db:
            source.load(db, [page()], tmp_path)

    def walked() -> None:
        peer.coverage(str(path))

    with one_core():
        typed = ratio(shaped, walked, rounds=ROUNDS)
        found = {
            "typed and checked in shape (asserted: 2)": typed,
            "and as rows of our nouns": ratio(tabled, walked, rounds=ROUNDS),
            "and over the border": ratio(lambda: read(source, [page()], tmp_path), walked, rounds=1),
        }
    with capsys.disabled():
        size = path.stat().st_size
        print(f"\n{RELEASES:,} made releases, {size:,} bytes; times as fast as ocdscardinal.coverage, one core each")
        for what, times in found.items():
            print(f"  {times:5.2f}  {what}")
    assert typed >= 2


def made(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Compiled releases of about 5 KB, each with ten milestones and ten transactions. All of it is invented."""
    choose = random.Random(seed)
    for number in range(count):
        buyer = {"id": f"XX-MADE-B{choose.randrange(300)}", "name": "Made office"}
        seller = {"id": f"XX-MADE-S{choose.randrange(3000)}", "name": "Made supplier"}
        contract = {
            "id": "C1",
            "awardID": "A1",
            "title": f"Made contract {number}",
            "status": "active",
            "period": {"startDate": _day(choose), "endDate": _day(choose)},
            "value": _money(choose),
            "dateSigned": _day(choose),
            "implementation": {
                "transactions": [_transaction(choose, part, buyer, seller) for part in range(10)],
                "milestones": [_milestone(choose, part) for part in range(10)],
            },
        }
        yield {
            "ocid": f"ocds-made00-{number:06}",
            "id": f"ocds-made00-{number:06}-compiled",
            "date": _day(choose),
            "tag": ["compiled"],
            "initiationType": "tender",
            "parties": [buyer | {"roles": ["buyer", "payer"]}, seller | {"roles": ["supplier", "payee"]}],
            "buyer": buyer,
            "tender": {"id": "T1", "title": f"Made call {number}", "status": "complete", "value": _money(choose)},
            "awards": [{"id": "A1", "title": "Award", "date": _day(choose), "suppliers": [seller]}],
            "contracts": [contract],
        }


def _milestone(choose: random.Random, number: int) -> dict[str, Any]:
    return {
        "id": f"M{number}",
        "title": f"Made part {number} of the works",
        "type": choose.choice(["delivery", "payment", "assessment"]),
        "dueDate": _day(choose),
        "dateMet": _day(choose),
        "dateModified": _day(choose),
        "status": choose.choice(["scheduled", "met", "notMet"]),
    }


def _transaction(choose: random.Random, number: int, payer: dict[str, str], payee: dict[str, str]) -> dict[str, Any]:
    return {
        "id": f"T{number}",
        "source": "https://made.example/payments",
        "date": _day(choose),
        "value": _money(choose),
        "payer": payer,
        "payee": payee,
    }


def _money(choose: random.Random) -> dict[str, Any]:
    return {"amount": choose.randrange(10**9) / 100, "currency": "CNY"}


def _day(choose: random.Random) -> str:
    return f"20{choose.randrange(20, 26)}-{choose.randrange(1, 13):02}-{choose.randrange(1, 29):02}T00:00:00Z"
