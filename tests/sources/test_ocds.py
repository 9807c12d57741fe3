"""Releases and records as they are published: every wrapping, what is refused, and real pages."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from monitor.domain.errors import RejectedError
from monitor.domain.sandbox import sandbox
from monitor.sources import Reading, kinds
from monitor.sources.border import Refusal
from monitor.sources.fetch import Fetched
from monitor.sources.ocds import OcdsSource, states
from monitor.sources.ocds_rows import TOGETHER, tables
from tests.sources.ocds_stories import BRIDGE, SOURCE, Json, everything, only, page, release, rows, say, work

HERE = Path(__file__).resolve()
SHIPPED = HERE.parent / "data"
SHARED = HERE.parents[2].parent / "shared" / "data" / "ocds_fixtures"
NOUNS = ["unit", "party", "contract", "obligation", "payment", "amendment", "publication"]


def test_the_kind_is_found_by_being_there() -> None:
    assert kinds()["ocds"] is OcdsSource


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("bad", "field", "reason"),
        [
            ({"date": None}, "date", "is empty; without it the release of ocds-1-bridge has no place"),
            ({"date": "soon"}, "date", "is not a date and time"),
            ({"date": "0001-01-01T00:00:00+08:00"}, "date", "is not a date and time"),
            ({"ocid": None}, "ocid", "is empty"),
        ],
    )
    def test_a_release_without_its_place(self, bad: Json, field: str, reason: str) -> None:
        """The rest goes on: here, the release before it."""
        releases = [release("2024-01-01", {"title": "Kept"}), release("2024-02-01", {"title": "No"}) | bad]
        reading = say({"releases": releases})
        assert only(reading, "contract")["title"] == "Kept"
        (refusal,) = reading.refusals
        assert (refusal.noun, refusal.row, refusal.field) == ("release", 2, field)
        assert refusal.reason.startswith(reason)

    def test_a_record_that_only_links(self) -> None:
        links = [{"url": "https://data.example/1.json", "date": "2024-01-01", "tag": ["contract"]}]
        whole = {"ocid": "ocds-1-bridge", "releases": [release("2024-01-01", {"title": "Bridge"})]}
        reading = say({"records": [{"ocid": "ocds-1-road", "releases": links}, whole]})
        assert only(reading, "contract")["title"] == "Bridge"
        (refusal,) = reading.refusals
        assert (refusal.row, refusal.value) == (1, "ocds-1-road")
        assert "links are not followed" in refusal.reason

    def test_a_record_with_nothing_in_it(self) -> None:
        record = {"ocid": "ocds-1-road", "releases": [], "versionedRelease": {}}
        (refusal,) = say({"records": [record]}).refusals
        assert refusal.reason == "the record has neither a compiled release nor releases"

    def test_a_shape_that_is_not_the_standards_costs_one_process(self) -> None:
        odd = release("2024-01-01", {"title": "Odd"}, ocid="ocds-1-odd", parties=["Ashford"])
        reading = say({"releases": [odd, release("2024-01-01", {"title": "Bridge"})]})
        assert only(reading, "contract")["title"] == "Bridge"
        (refusal,) = reading.refusals
        assert (refusal.noun, refusal.row) == ("release", 1)
        assert (refusal.field, refusal.value) == ("parties.0", "Ashford")
        assert refusal.reason.startswith("of ocds-1-odd: ")

    def test_releases_that_contradict_each_other_in_form_cost_one_process(self) -> None:
        tenders = {"2024-01-01": {"title": "Call"}, "2024-01-02": [{"id": 1}]}
        odd = [release(day, tender=tender, ocid="ocds-1-odd") for day, tender in tenders.items()]
        reading = say({"releases": [*odd, release("2024-01-01", {"title": "Bridge"})]})
        assert only(reading, "contract")["title"] == "Bridge"
        (refusal,) = reading.refusals
        assert (refusal.field, refusal.value) == ("ocid", "ocds-1-odd")
        assert refusal.reason.startswith("its releases contradict each other in form")

    def test_a_cell_that_cannot_be_read_costs_its_row_at_the_border(self) -> None:
        milestones = [{"id": "M1", "title": "Deck"}, {"id": "M2", "title": "Rail", "dueDate": "spring"}]
        value = {"amount": {"$numberLong": "5"}, "currency": "GBP"}
        reading = say(release("2024-01-01", work(milestones=milestones) | {"value": value}))
        assert [row["title"] for row in rows(reading, "obligation")] == ["Deck"]
        assert [(one.noun, one.field, one.value) for one in reading.refusals] == [
            ("contract", "amount", '{"$numberLong": "5"}'),
            ("obligation", "due_on", "spring"),
        ]

    def test_a_part_without_id_has_no_key_that_would_stay(self) -> None:
        reading = say(release("2024-01-01", work(milestones=[{"title": "Deck"}])))
        assert [(one.noun, one.field) for one in reading.refusals] == [("obligation", "id")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the answer is empty"),
        (b" \n ", "the answer is empty"),
        (b"<!DOCTYPE html><title>Log in</title>", "web page"),
        (b"id,title\n1,Bridge\n", "not with JSON"),
        (b'{"releases": [', "the JSON cannot be read"),
        (b'{"ocid": "a"}\n{"ocid": \n', "line 2: the JSON cannot be read"),
        (b'{"ocid": "\xff"}', "the JSON cannot be read"),
        (b'{"message": "API rate limit exceeded"}', "neither an OCDS package nor a release nor a record"),
        (b'{"releases": {"ocid": "a"}}', "`releases` of the package is not a list"),
        (b"[" * 100_000, "the JSON cannot be read"),
    ],
)
def test_what_is_not_ocds_is_rejected_whole(content: bytes, says: str) -> None:
    with pytest.raises(RejectedError, match=says):
        say(content)


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_what_is_nested_deep_is_read_or_rejected(depth: int) -> None:
    """How deep is too deep differs from Python to Python; that nothing else happens does not."""
    deep = b'{"x":' * depth + b"1" + b"}" * depth
    releases = [b'{"ocid":"o","date":"2024-01-0%d","x":%s}' % (day, deep) for day in (1, 2)]
    try:
        told: list[Any] = rows(say(b"[%s]" % b",".join(releases)), "contract")
    except RejectedError as error:
        told = [str(error)]
    assert told == [] or (depth > 100 and ("deep" in told[0] or "recursion" in told[0]))


OURS = release("2024-01-01", work(milestones=[{"id": "M1", "title": "Deck"}]))
ROAD = OURS | {"ocid": "ocds-1-road"}
OLD_ROAD = {name: value for name, value in ROAD.items() if name != "ocid"}  # as OCDS 1.0 compiled it


class TestWhereTheReleasesStand:
    """The same two releases in every wrapping give the same rows."""

    @pytest.mark.parametrize(
        "document",
        [
            {"releases": [ROAD, OURS]},
            {"records": [{"ocid": one["ocid"], "compiledRelease": one} for one in (OURS, ROAD)]},
            {"records": [{"ocid": one["ocid"], "releases": [one]} for one in (OURS, ROAD)]},
            [OURS, ROAD],
            [{"releases": [OURS]}, {"ocid": "ocds-1-road", "compiledRelease": OLD_ROAD}],
            b"\n".join(json.dumps(one).encode() for one in (OURS, ROAD)),
            b"\n\n".join(json.dumps(one).encode() for one in ({"releases": [ROAD]}, OURS)) + b"\n",
        ],
    )
    def test_it_makes_no_difference(self, document: Any) -> None:
        reading = say(document)
        assert [row["id"] for row in rows(reading, "contract")] == [BRIDGE, "ashford:ocds-1-road/C1"]
        promises = [(row["contract_id"], row["title"]) for row in rows(reading, "obligation")]
        assert promises == [(BRIDGE, "Deck"), ("ashford:ocds-1-road/C1", "Deck")]
        assert reading.refusals == []

    def test_a_compiled_release_counts_before_the_releases_beside_it(self) -> None:
        record = {
            "ocid": "ocds-1-bridge",
            "compiledRelease": release("2024-01-01", {"title": "Compiled"}),
            "releases": [{"url": "https://data.example/1.json"}, release("2024-05-01", {"title": "Beside"})],
        }
        assert only(say(record), "contract")["title"] == "Compiled"


def test_the_next_page_is_where_the_package_says() -> None:
    package = {"releases": [], "links": {"next": "https://data.example/releases?page=2"}}
    assert SOURCE.next_page(page(package)) == "https://data.example/releases?page=2"
    links: list[Any] = [{"next": None}, {}, [], None]
    assert [SOURCE.next_page(page({"releases": [], "links": one})) for one in links] == [None] * 4
    assert SOURCE.next_page(page(b'{"ocid": "a"}\n{"ocid": "b"}')) is None


@pytest.mark.parametrize("document", [{"releases": []}, [], release("2024-01-01", tender={"title": "A call"})])
def test_without_a_contract_there_is_no_row_but_every_relation(document: Any) -> None:
    """A complete source must be able to say that everything vanished."""
    with sandbox() as db:
        loaded = SOURCE.load(db, [page(document)], Path())
        assert loaded.nouns == NOUNS
        assert [_count(db, noun) for noun in NOUNS] == [0] * len(NOUNS)
        assert {"id", "amount", "source_row"} <= {row[0] for row in db.execute("describe contract").fetchall()}
    assert loaded.broken == ()


def _count(db: duckdb.DuckDBPyConnection, noun: str) -> int:
    found = db.execute(f'select count(*) from "{noun}"').fetchone()
    return int(found[0]) if found else -1


def test_half_a_character_does_not_stop_the_pull() -> None:
    assert (
        only(say(b'{"ocid":"o","date":"2024-01-01","contracts":[{"id":"C","title":"B\\ud800"}]}'), "contract")["title"]
        == "B?"
    )


@pytest.mark.parametrize(
    ("published", "told"),
    [
        (b'"B\\ud800"', "B?"),
        (b"NaN", "NaN"),
        (b"1" * 60, "1" * 60),
        (b"1.50", "1.50"),
        (b'["B", 1.50]', '["B", "1.50"]'),
    ],
)
def test_what_only_some_take_for_json_is_read_like_the_rest(published: bytes, told: str) -> None:
    content = b'{"ocid":"o","date":"2024-01-01","x":NaN,"contracts":[{"id":"C","title":%s}]}' % published
    for mark in (b"", b"\xef\xbb\xbf"):
        assert _cells(page(mark + content))["contract"][0]["title"] == told


def test_what_is_nearly_in_shape_gives_the_same_rows() -> None:
    """A lone object for a list of it, nulls, numbers for texts, blanks around them: all of it is published."""
    milestone, value = {"id": "1", "title": "Deck", "dueDate": "2024-05-01"}, {"amount": 5}
    proper = release("2024-01-01", work(milestones=[milestone]) | {"value": value}, parties=[{"name": "Ashford"}])
    near = milestone | {"id": 1, "title": " Deck ", "dueDate": " 2024-05-01 ", "documents": None, "status": ""}
    odd = release(
        "2024-01-01", work(milestones=[None, near]) | {"value": 5}, parties={"name": "Ashford", "roles": None}
    )
    assert _cells(page(odd | {"contracts": odd["contracts"][0], "awards": None})) == _cells(page(proper))


def test_rows_do_not_depend_on_how_many_come_together() -> None:
    """Leaves are gathered some processes at a time: one page of many gives what each alone gives."""
    choose, odd = random.Random(20241123), [None, "", 7, " x ", {"id": "z"}]
    many = []
    for number in range(3 * TOGETHER + 1):
        milestones = [{"id": f"M{n}", "title": "Deck"} for n in range(choose.randrange(3))]
        transactions = [{"id": n, "value": {"amount": n}} for n in range(choose.randrange(3))]
        contract = work(milestones=milestones, transactions=transactions) | {
            "milestones": [*milestones[:1], {"id": "P"}]
        }
        story = release("2024-01-01", contract | {"documents": [{"id": "D"}]}, ocid=f"ocds-{number:03}")
        many.append({name: _spoiled(value, odd, choose) for name, value in story.items() if name != "ocid"})
        many[-1] |= {"ocid": story["ocid"], "date": "2024-01-01"}
    apart: dict[str, list[Json]] = {noun: [] for noun in NOUNS}
    for one in many:
        for noun, found in _cells(page(one)).items():
            apart[noun] += found
    assert _cells(page(many)) == apart
    assert len(apart["obligation"]) > 3 * TOGETHER


def _cells(*pages: Fetched) -> dict[str, list[Json]]:
    """The rows of every noun before the border, without where they stood."""
    found = tables(states(pages, []))
    return {
        noun: [{name: cell for name, cell in row.items() if cell is not None and name != "source_row"} for row in rows]
        for noun, rows in ((noun, table.to_pylist()) for noun, table in found.items())
    }


def test_whatever_stands_in_a_release_is_read_or_refused() -> None:
    """Any value may stand anywhere: what comes is a row or a refusal, never a crash."""
    odd: list[Any] = [None, "", "x", 7, True, [], {}, [None], ["x"], [{}], [[]], {"id": None}, {"id": {}}]
    odd += [[{"id": []}, {"id": []}]]
    milestones = [{"id": "M1", "title": "Deck", "documents": [{"id": "a"}], "value": {"amount": 1}}]
    whole = release(
        "2024-01-01",
        work(milestones=milestones, transactions=[{"id": "T1", "value": {}, "payer": {"id": "1"}}])
        | {"amendments": [{"id": "X"}], "documents": [{"id": "D"}], "period": {}},
        parties=[{"id": "1", "name": "Ashford", "roles": ["buyer"]}],
        buyer={"id": "1"},
        awards=[{"id": "A1", "suppliers": [{"id": "2", "name": "Bridger"}]}],
    )
    choose = random.Random(20241122)
    releases = [
        {key: _spoiled(value, odd, choose) for key, value in whole.items()} | {"ocid": f"ocds-{process}", "date": day}
        for process in range(400)
        for day in ("2024-01-01", "2024-01-02")
    ]
    reading = say({"releases": releases})
    assert all(isinstance(refusal, Refusal) and refusal.reason for refusal in reading.refusals)
    told = {row["id"].split(":")[1].split("/")[0] for row in rows(reading, "contract")}
    assert 200 < len(told) < 400  # spoiled, but not all of them


def _spoiled(node: Any, odd: Sequence[Any], choose: random.Random) -> Any:
    if choose.random() < 0.02:
        return choose.choice(odd)
    if isinstance(node, dict):
        return {key: _spoiled(value, odd, choose) for key, value in node.items()}
    return [_spoiled(item, odd, choose) for item in node] if isinstance(node, list) else node


class TestThePublishedExample:
    """The fictional example of the standard, see data/SOURCE.md."""

    @staticmethod
    def example(name: str) -> Reading:
        return say((SHIPPED / f"fictional_ocds_1.1_{name}.json.gz").read_bytes())

    @pytest.mark.parametrize("name", ["releases", "record", "record_withversions"])
    def test_its_contract_and_payments(self, name: str) -> None:
        reading = self.example(name)
        contract = only(reading, "contract")
        assert contract["amount_minor"] == 11_000_000_00
        assert (contract["signed_on"], contract["end_on"]) == (date(2010, 6, 10), date(2011, 6, 30))
        assert [(row["paid_minor"], row["paid_on"]) for row in rows(reading, "payment")] == [
            (50_000_00, date(2010, 8, 1)),
            (10_000_00, date(2010, 10, 1)),
        ]
        assert reading.refusals == []

    def test_merged_by_us_it_is_as_its_publisher_compiled_it(self) -> None:
        assert everything(self.example("releases")) == everything(self.example("record"))


class TestRealPublishers:
    """Bytes that were published. They are not shipped, so they may not be here."""

    @pytest.fixture
    def real(self) -> Callable[[str], Reading]:
        if not SHARED.is_dir():
            pytest.skip("shared/data/ocds_fixtures is not here")
        return lambda name: say(gzip.decompress((SHARED / name).read_bytes()))

    def test_a_package_of_colombia(self, real: Callable[[str], Reading]) -> None:
        reading = real("real_colombia_release_package_2021-03-03.json.gz")
        counts = {noun: len(rows(reading, noun)) for noun in ("contract", "unit", "party")}
        assert counts == {"contract": 98, "unit": 44, "party": 54}
        # Two amounts were exported in the database's own notation, {"$numberLong": …}.
        assert [(one.noun, one.row, one.field) for one in reading.refusals] == [
            ("contract", 32, "amount"),
            ("contract", 37, "amount"),
        ]
        known = {row["id"] for row in rows(reading, "party")}
        assert all(row["party_id"] in known for row in rows(reading, "contract"))

    def test_a_record_of_paraguay(self, real: Callable[[str], Reading]) -> None:
        reading = real("real_paraguay_record_155220.json.gz")
        assert reading.refusals == []
        contracts = rows(reading, "contract")
        assert len({row["party_id"] for row in contracts}) == len(contracts) == 7
        assert sum(row["amount_minor"] for row in contracts) == 626_953_284  # guaraníes have no cents
        assert contracts[0]["signed_on"] == date(2010, 1, 29)
