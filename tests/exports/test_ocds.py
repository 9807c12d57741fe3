"""Open data out: valid by the standard's own schema, and read back as what it was.

The two schemas of packages are schema/release-package-schema.json and schema/record-package-schema.json of
github.com/open-contracting/standard at tag 1__1__5, unchanged; see `monitor/sources/ocds_merge.py` for the third and its licence.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT4

from monitor import pipeline
from monitor.config import load
from monitor.demo.district import District
from monitor.domain.nouns import NOUNS
from monitor.engines.duckdb import Engine
from monitor.facts import subjects
from monitor.rulebook import Judgement
from monitor.rulebook import load as load_rules
from monitor.sources.ledger_template import Row, write_ledger
from monitor.sources.ocds_merge import SCHEMA
from monitor.store import Store
from tests.exports.conftest import rows_of
from tests.office import CORE, Office, config

SCHEMAS = Path(__file__).parent / "schemas"
Rows = dict[str, list[dict[str, Any]]]


def package(office: Office, day: date, *words: str) -> dict[str, Any]:
    """What `lvyue export ocds` writes as of a day."""
    found: dict[str, Any] = json.loads(office.ok("export", "ocds", "--as-of", str(day), *words).out)
    return found


@pytest.fixture(scope="module")
def day(made: District) -> date:
    return made.month_ends[-1]


@pytest.fixture(scope="module")
def again(office: Office, day: date, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Another office, which has nothing but that export."""
    folder = tmp_path_factory.mktemp("again")
    office.ok("export", "ocds", "--as-of", str(day), "-o", str(folder / "releases.json"))
    block = f'[[source]]\nname = "again"\nkind = "ocds"\nlocation = "releases.json"\ncomplete = true\npublished = {day}'
    found = Office(folder, config(block, country="CN", zone="Asia/Shanghai"))
    found.ok("pull")
    return found


@pytest.mark.parametrize("kind", ["releases", "records"])
def test_a_package_is_valid_by_the_standards_own_schema(office: Office, day: date, kind: str) -> None:
    found = package(office, day, "--package", kind)
    schema = json.loads((SCHEMAS / f"{kind[:-1]}-package-schema.json").read_text(encoding="utf-8"))
    release = json.loads(SCHEMA.read_text(encoding="utf-8"))
    registry: Registry[Any] = Registry().with_resource(release["id"], DRAFT4.create_resource(release))
    checker = jsonschema.Draft4Validator(schema, registry=registry, format_checker=jsonschema.FormatChecker())
    some = {**found, kind: found[kind][::25]}
    assert [f"{list(fault.absolute_path)}: {fault.message}" for fault in checker.iter_errors(some)] == []
    assert len(some[kind]) > 20
    names = {name for item in found[kind] for one in item.get("releases", [item]) for name in one["contracts"][0]}
    assert {"implementation", "amendments", "documents", "period", "value", "dateSigned"} <= names


def test_what_comes_back_is_what_was_held(office: Office, again: Office) -> None:
    """Every row and cell of every noun; the secret contracts of the district are none of them."""
    assert again.rows("select noun, reason from quarantine") == [], "nothing may be refused"
    secret = {row[0] for row in office.rows("select id from contract_version where is_secret")}
    for noun in NOUNS:
        held = [row for row in rows_of(office, noun) if row.get("contract_id", row["id"]) not in secret]
        back = rows_of(again, noun, "again:")
        assert len(back) == len(held) > 0, noun
        for one, other in zip(back, held, strict=True):
            assert one == other, noun


def judged(office: Office, day: date) -> tuple[Rows, set[tuple[Any, ...]]]:
    """The facts of a day and what the rules say of them, without the name of the source."""
    settings = load(office.path)
    book = load_rules(
        settings.rule_shelves(), settings.calendars(), default_calendar="CN", packs=settings.settings.rules.packs
    )
    store = Store(settings.database)
    with pipeline.facts(settings, store, book, as_of=day, known_at=settings.end_of_day(day)) as engine:
        found = {subject: facts(engine, subject) for subject in subjects()}
        hits = {(hit.rule, plain(hit.subject_id), hit.outcome) for hit in Judgement(engine.db, book.rules).hits()}
    return found, hits


def facts(engine: Engine, subject: str) -> list[dict[str, Any]]:
    aside = ("source", "source_row")
    return [
        {name: plain(value) for name, value in row.items() if name not in aside}
        for row in engine.rows(f"select * from fact_{subject} order by id")
    ]


def plain(value: Any) -> Any:
    return value.removeprefix("again:") if isinstance(value, str) else value


def test_the_same_facts_and_the_same_findings(office: Office, again: Office, day: date) -> None:
    held, hits = judged(office, day)
    back, told = judged(again, day)
    assert len(hits) > 100
    for subject in held:
        assert back[subject] == held[subject], subject
    assert told == hits


def test_the_same_day_and_knowledge_give_the_same_bytes(office: Office, day: date) -> None:
    words = ("export", "ocds", "--as-of", str(day))
    assert office.ok(*words).out == office.ok(*words).out


def test_the_standard_alone_says_nothing_beside_it(office: Office, day: date) -> None:
    said = office.ok("export", "ocds", "--as-of", str(day), "--standard-only", "--prefix", "ocds-a1b2c3")
    assert "x_lvyue" not in said.out
    assert said.err == ""
    first = json.loads(said.out)["releases"][0]
    assert first["ocid"].startswith("ocds-a1b2c3-ledger:")
    milestones = [
        one for release in json.loads(said.out)["releases"]
        for one in release["contracts"][0].get("implementation", {}).get("milestones", [])
    ]  # fmt: skip
    assert {name for one in milestones for name in one} >= {"dueDate", "dateMet", "dateModified", "status"}
    assert all(one["dueDate"].endswith("T00:00:00+08:00") for one in milestones if "dueDate" in one)


def test_what_happened_after_the_day_is_not_told(office: Office, day: date) -> None:
    """A year earlier with today's knowledge: nothing was done, paid or published after that day."""
    earlier = day.replace(year=day.year - 1)
    found = package(office, earlier, "--known-at", str(day))
    told = [
        one.get(name, "")[:10] for release in found["releases"] for contract in release["contracts"]
        for part, name in (("milestones", "dateMet"), ("transactions", "date"))
        for one in contract.get("implementation", {}).get(part, [])
    ]  # fmt: skip
    assert max(told) <= earlier.isoformat()
    assert len(found["releases"]) > 100


def test_nothing_known_is_said_and_not_written(office: Office, tmp_path: Path) -> None:
    said = office.lvyue("export", "ocds", "--as-of", "2001-01-01", "-o", str(tmp_path / "releases.json"))
    assert (said.code, list(tmp_path.iterdir())) == (2, [])
    assert "nothing was known by 2001-01-01" in said.err


MADE: dict[str, list[Row]] = {
    "合同台账": [
        {
            "contract.number": "HT-1", "contract.title": "=1+1", "contract.status": "draft", "unit.name": "城投",
            "party.name": "城投", "contract.amount_original_minor": 12_345, "contract.currency": "JPY",
        },
        {"contract.number": "HT-2", "contract.title": "Secret", "contract.is_secret": True},
        {"contract.number": "HT-3", "contract.title": "道路", "contract.status": "archived", "contract.amount_minor": 1},
    ],
    "履约节点": [
        {
            "obligation.contract_id": "HT-1", "obligation.title": "Waived", "obligation.status": "waived",
            "obligation.kind": "payment",
        },
        {"obligation.contract_id": "HT-3", "obligation.title": "开工", "obligation.side": "government"},
    ],
    "收付款": [
        {
            "payment.contract_id": "HT-1", "payment.side": "counterparty", "payment.paid_minor": 5, "payment.currency": "JPY",
        },
        {"payment.contract_id": "HT-3", "payment.title": "Unpaid", "payment.amount_minor": 7},
        {"payment.contract_id": "HT-3", "payment.paid_minor": 7, "payment.paid_on": date(1900, 12, 31)},
    ],
    "变更": [{"amendment.contract_id": "HT-3", "amendment.clause": "8"}],
}  # fmt: skip


def test_odd_rows_come_back_too(tmp_path: Path) -> None:
    """A company that is unit and supplier, a yen that has no cents, a day from before time zones, words the standard lacks."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / "ledger.xlsx").write_bytes(write_ledger(MADE))
    held = Office(
        first, config('[[source]]\nname = "ledger"\nkind = "ledger"\nlocation = "ledger.xlsx"', CORE, country="CN")
    )
    held.ok("pull")
    said = held.ok("export", "ocds", "-o", str(second / "package.json"))
    assert "1 contracts marked as secret" in said.err
    again = Office(
        second, config('[[source]]\nname = "again"\nkind = "ocds"\nlocation = "package.json"', CORE, country="CN")
    )
    again.ok("pull")
    assert "Secret" not in (second / "package.json").read_text(encoding="utf-8")
    for noun in ("unit", "party", "contract", "obligation", "payment", "amendment"):
        before = [row for row in rows_of(held, noun) if row["id"] != "ledger:HT-2"]
        assert rows_of(again, noun, "again:") == before, noun
