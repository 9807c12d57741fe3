"""`lvyue query`: any SELECT over the facts of a day, and nothing but one; whatever it says, nothing outside is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from monitor.domain.errors import UsageError
from monitor.domain.portfolio import nothing
from monitor.domain.words import word
from monitor.engines.duckdb import Engine
from monitor.facts import documented, subjects
from monitor.reports import adhoc
from monitor.reports.asked import Asked
from monitor.reports.document import Document
from monitor.reports.forms import FORMS, shaped
from tests.office import CORE, Office, config, source
from tests.reports.district import Askable

MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view payment as
select id || '/1' as id, id as contract_id, 'government' as side, 'Bill' as title, 'CNY' as currency, amount, 0 as paid,
    due as due_on, source_row from raw;
"""
ROWS = "id,title,amount,due\nA,=1+1,100.00,2026-01-10\nB,Bridge,200.00,2026-03-01\n"


@pytest.fixture(scope="module")
def asked(month: Askable) -> Asked:
    """The made district; a question of one's own changes nothing in it."""
    return month.asked


def ask(asked: Asked, sql: str, lang: str = "en") -> Document:
    return adhoc.report(replace(asked, lang=lang), sql)


def test_rows_are_those_of_the_ledger(asked: Asked, month: Askable) -> None:
    table = ask(asked, "select kind, count(*) as n from fact_contract group by kind order by kind").table("rows")
    counts: dict[str, int] = {}
    for row in month.rows["contract"]:
        counts[str(row["kind"])] = counts.get(str(row["kind"]), 0) + 1
    assert {str(row["kind"]): row["n"] for row in table.rows} == counts
    assert [column.kind for column in table.columns] == ["text", "number"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_shows_cells_of_every_type(asked: Asked, form: str) -> None:
    sql = """
        select 1 as a, 2.50 as a, date '2026-02-03' as day, null as nothing, true as yes, [1, 2] as list, 'nan'::double as odd,
            0.1::double as tenth, '=cmd()' as formula, '<script>x</script>' as markup, timestamp '2026-02-03 04:05:06' as at
    """
    document = ask(asked, sql)
    assert [column.key for column in document.table("rows").columns][:2] == ["a", "a 2"]
    shown = shaped(document, next(one for one in FORMS if one == form))
    assert b"<script>x" not in shown or form != "html"
    if form == "csv":
        assert shown.decode().splitlines()[1].split(",")[:4] == ["1", "2.50", "2026-02-03", ""]
        assert "'=cmd()" in shown.decode()
    if form == "json":
        (row,) = json.loads(shown)["sections"][0]["tables"][0]["rows"]
        assert (row["nothing"], row["yes"], row["list"], row["odd"], row["tenth"]) == (
            None,
            "true",
            "[1, 2]",
            "nan",
            "0.1",
        )


HOSTILE = [
    "copy (select 1) to 'stolen.csv'", "attach 'lvyue.db' as other", "install httpfs", "load httpfs", "pragma database_list",
    "set memory_limit = '64GB'", "create table mine (a int)", "insert into fact_unit values (1)", "drop table fact_contract",
    "select 1; select 2", "", "-- nothing", "call pragma_version()", "checkpoint", "export database 'x'", "begin",
    "select * from read_csv('/etc/passwd')", "select * from read_text('config.toml')", "select * from '/etc/passwd'",
    "select * from glob('/*')", "select * from 'http://127.0.0.1:9/x.csv'", "from sqlite_scan('lvyue.db', 'run')",
    "select * from asked_by_nobody", "select no_such_column from fact_contract", "select getenv('HOME')", "selec 1", "select '\0",
]  # fmt: skip


@pytest.mark.parametrize("sql", HOSTILE)
def test_what_is_no_question_is_refused_in_one_sentence(
    asked: Asked, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        ask(asked, sql)
    assert "\n" not in refused.value.message
    assert not list(tmp_path.iterdir())


def test_a_question_is_bounded_in_rows_columns_and_the_length_of_a_cell(asked: Asked) -> None:
    document = ask(asked, "select range as n, n % 7 as m from range(200000)", "zh")
    assert len(document.table("rows").rows) == 100_000
    assert document.sections[0].notes == ("只列出前100,000行，其后还有。",)
    assert not ask(asked, "from range(100000)").sections[0].notes
    columns = ", ".join(f"1 as c{number}" for number in range(1001))
    with pytest.raises(UsageError, match="1,001 columns"):
        ask(asked, f"select {columns}")
    (row,) = ask(asked, "select repeat('长', 1000000) as long").table("rows").rows
    assert row["long"] == "长" * 10_000


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from range(100000000000) a, range(1000000) b where a.range % 3 = b.range % 7",
        "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r",
    ],
    ids=["a product", "no end"],
)
def test_a_question_without_end_is_ended(asked: Asked, sql: str) -> None:
    with pytest.raises(UsageError, match=r"longer than 0\.3 seconds"):
        adhoc.report(asked, sql, seconds=0.3)
    assert ask(asked, "select 1 as one").table("rows").rows == [{"one": 1}]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("office")
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    (folder / "register.csv").write_text(ROWS, encoding="utf-8")
    office = Office(folder, config(source("register", "register.csv", "register.sql", published="2026-01-31"), CORE))
    office.ok("pull")
    return office


OVERDUE = "select title, amount, due_on from fact_payment where due_on < as_of() order by id"


def test_facts_are_those_of_the_day_that_is_asked_about(office: Office) -> None:
    def titles(day: str) -> int:
        return len(office.ok("query", OVERDUE, "--as-of", day, "--format", "csv").out.splitlines()) - 1

    assert [titles(day) for day in ("2026-02-15", "2026-03-15")] == [1, 2]


def test_an_answer_can_be_verified_and_its_sql_stands_on_it(office: Office, tmp_path: Path) -> None:
    for form in ("html", "pdf", "xlsx", "json"):
        file = tmp_path / f"answer.{form}"
        office.ok("query", OVERDUE, "--as-of", "2026-02-15", "--format", form, "-o", str(file))
        assert "made again, has the same bytes" in office.ok("report", "verify", str(file)).out
    assert json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))["sections"][0]["sentence"] == OVERDUE
    before = office.contents(but=())
    said = office.lvyue("query", "delete from fact_payment")
    assert (said.code, "not one SELECT" in said.err) == (2, True)
    assert office.contents(but=()) == before


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_column_of_facts_is_listed_with_its_meaning(office: Office, lang: str) -> None:
    rows = json.loads(office.ok("--lang", lang, "facts", "--json").out)
    with Engine(nothing(), {}, as_of=date(2026, 1, 1)) as engine:
        known = {(f"fact_{s}", row["column_name"]) for s in subjects() for row in engine.rows(f"describe fact_{s}")}
    told = {(row["table"], row["column"]) for row in rows}
    assert told <= known
    assert len(told) == len(rows) == sum(len(documented(subject)) for subject in subjects())
    assert all(row["meaning"] and row["name"] and row["type"] for row in rows)
    units = {row["column"]: row["unit"] for row in rows if row["table"] == "fact_payment"}
    assert (units["due_on"], units["amount"]) == (
        word("facts.unit.day", lang),
        word("facts.unit.money", lang),
    )


def test_facts_of_something_unknown_are_refused(office: Office) -> None:
    said = office.lvyue("facts", "invoice")
    assert (said.code, "there are of: unit, party, contract" in " ".join(said.err.split())) == (2, True)
    assert "fact_payment" in office.ok("facts", "payment").out
