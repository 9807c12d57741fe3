"""`lvyue rules try`: a changed or a new rule on past days, read off a register that can be judged by eye."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.office import CORE, Office, config, source

MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, 'government' as side, title, due as due_on, done as done_on,
    case when done is null then 'scheduled' else 'met' end as status, source_row from raw;
"""
ROWS = """id,title,amount,due,done
A,Road,100.00,2026-01-20,
B,Bridge,200.00,2026-02-25,2026-02-20
C,School,300.00,2026-04-10,
D,Bath,300.00,,
"""
RULE = Path(__file__).parent.parent / "rules" / "core" / "GEN-DL-01.toml"
SPAN = ("--from", "2026-01-01", "--to", "2026-03-05", "--step", "1w")
SHORT = ("--from", "2026-02-26", "--to", "2026-03-05")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("office")
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    (folder / "register.csv").write_text(ROWS, encoding="utf-8")
    office = Office(folder, config(source("register", "register.csv", "register.sql", published="2026-01-31"), CORE))
    office.ok("pull")
    return office


def written(office: Office, folder: str, *changes: tuple[str, str], name: str = "GEN-DL-01") -> Path:
    """The rule of due days, changed."""
    text = RULE.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    file = office.folder / folder / f"{name}.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def tried(office: Office, file: Path, *words: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table."""
    told = json.loads(office.ok("rules", "try", str(file), *SPAN, *words, "--format", "json").out)
    return {one["table"]: one["rows"] for section in told["sections"] for one in section["tables"]}


def test_the_same_rule_changes_nothing(office: Office) -> None:
    before = office.contents(but=())
    tables = tried(office, written(office, "same"))
    assert not any(tables[name] for name in ("added", "removed", "regraded", "worse", "better", "unknown"))
    assert office.contents(but=()) == before


def test_a_rule_that_speaks_earlier_adds_what_was_not_near_yet(office: Office) -> None:
    """Sixty days before 10 April is 9 February, the next day judged the 12th; thirty are after the last day. The breach in
    January is not caught sooner: the first day judged lies within thirty days of it."""
    tables = tried(office, written(office, "earlier", ('blue = "-30d"', 'blue = "-60d"')))
    added = [(row["rule"], row["title"], row["first_on"], row["due"], row["level"]) for row in tables["added"]]
    assert added == [("GEN-DL-01", "School", "2026-02-12", "2026-04-10", "blue")]
    assert tables["months"] == [
        {"month": "2026-01", "added": 0, "removed": 0}, {"month": "2026-02", "added": 1, "removed": 0},
        {"month": "2026-03", "added": 0, "removed": 0},
    ]  # fmt: skip
    assert [(row["title"], row["first_on"], row["tried_on"]) for row in tables["regraded"]] == [
        ("Bridge", "2026-01-29", "2026-01-01")
    ]
    assert not tables["removed"]
    assert not tables["worse"] + tables["better"]


def test_a_rule_that_waits_for_the_breach_misses_it_and_says_so_by_name(office: Office) -> None:
    waiting = written(office, "late", ('blue = "-30d"\nyellow = "-15d"\norange = "+1d"\n', ""))
    tables = tried(office, waiting)
    assert [(row["title"], row["level"]) for row in tables["removed"]] == [("Bridge", "yellow")]
    assert [(row["title"], row["first_on"], row["tried_on"]) for row in tables["regraded"]] == [
        ("Road", "2026-01-01", "2026-02-19")
    ]
    assert tables["worse"] == [
        {"contract": "Road", "title": "Road", "due": "2026-01-20", "first_on": "2026-01-01"}
    ]  # fmt: skip
    figures = json.loads(office.ok("rules", "try", str(waiting), *SPAN, "--format", "json").out)["sections"][4][
        "figures"
    ]
    assert [(one["figure"], one["value"]) for one in figures] == [
        ("breaches", 1), ("caught_before", 1), ("caught_after", 0)
    ]  # fmt: skip


def test_a_new_rule_is_heard_beside_the_others_and_says_what_it_cannot_judge(office: Office) -> None:
    new = written(office, "new", ('id = "GEN-DL-01"', 'id = "GEN-ZZ-01"'), name="GEN-ZZ-01")
    tables = tried(office, new)
    assert {row["rule"] for row in tables["added"]} == {"GEN-ZZ-01"}
    assert {row["title"] for row in tables["added"]} == {"Road", "Bridge"}
    assert tables["unknown"] == [{"rule": "GEN-ZZ-01", "tried_unknown": 1}]


@pytest.mark.parametrize(("lang", "form"), [("zh", "pdf"), ("en", "html")])
def test_it_is_a_report_like_others(office: Office, lang: str, form: str) -> None:
    file = office.folder / f"tried.{form}"
    rule = written(office, "earlier", ('blue = "-30d"', 'blue = "-60d"'))
    office.ok("--lang", lang, "rules", "try", str(rule), *SPAN, "--format", form, "-o", str(file))
    assert file.stat().st_size > 100


@pytest.mark.parametrize("form", ["json", "html", "xlsx", "pdf"])
def test_its_file_holds_the_rule_and_is_verified_when_the_rule_is_gone(office: Office, form: str) -> None:
    file = office.folder / f"held.{form}"
    rule = written(office, f"held-{form}", ('blue = "-30d"', 'blue = "-60d"'))
    office.ok("rules", "try", str(rule), *SHORT, "--format", form, "-o", str(file))
    rule.unlink()
    assert office.ok("report", "verify", str(file)).out.startswith("same: try as of 2026-03-05")


def test_a_past_that_was_altered_shows_when_its_file_is_verified(tmp_path: Path) -> None:
    """The register says on 1 March what it said in January; only what was known in between is altered."""
    (tmp_path / "register.sql").write_text(MAPPING, encoding="utf-8")
    office = Office(tmp_path, config(source("register", "register.csv", "register.sql"), CORE))
    for due in ("2026-01-20", "2026-01-25", "2026-01-20"):
        (tmp_path / "register.csv").write_text(ROWS.replace("2026-01-20", due), encoding="utf-8")
        office.ok("pull")
    with contextlib.closing(sqlite3.connect(office.database)) as db, db:
        for seq, day in enumerate(("2026-01-02", "2026-01-09", "2026-01-16"), start=1):
            db.execute(
                "update obligation_version set recorded_at = ? where seq = (select seq from obligation_version "
                "where id = 'register:A/1' order by seq limit 1 offset ?)", (f"{day} 12:00:00.000000", seq - 1)
            )  # fmt: skip
            db.execute("update edition set recorded_at = ? where id = ?", (f"{day} 12:00:00.000000", seq))
    rule = written(office, "altered", ('blue = "-30d"', 'blue = "-60d"'))
    file = tmp_path / "tried.json"
    january = ("--from", "2026-01-01", "--to", "2026-01-22")
    office.ok("rules", "try", str(rule), *january, "--format", "json", "-o", str(file))
    office.ok("report", "verify", str(file))
    with contextlib.closing(sqlite3.connect(office.database)) as db, db:
        db.execute("update obligation_version set due_on = '2026-01-27' where due_on = '2026-01-25'")
    said = office.lvyue("report", "verify", str(file))
    assert (said.code, "past: all was" in said.err, "facts:" in said.err) == (6, True, False), said.err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step": "0"}, "are not understood"), ({"first": "yesterday"}, "are not understood"),
        ({"first": "1990-01-01", "step": "1"}, "too many"), ({"rule": "id = 1"}, "GEN-DL-01.toml"),
        ({"file": "../../../etc/passwd"}, "etc/passwd"), ({"party": "Road"}, "is not narrowed by --party"),
    ],
)  # fmt: skip
def test_what_a_strangers_file_claims_to_have_tried_is_not_believed(
    office: Office, changes: dict[str, str], words: str
) -> None:
    rule, file = written(office, "claimed"), office.folder / "claimed.json"
    told = json.loads(office.ok("rules", "try", str(rule), *SHORT, "--format", "json").out)
    told["proof"]["narrowed"] |= changes
    file.write_text(json.dumps(told), encoding="utf-8")
    said = office.lvyue("report", "verify", str(file))
    assert (said.code in (2, 3), words in said.err) == (True, True), said.err
    assert "root:" not in said.err


def test_what_cannot_be_tried_is_refused_with_the_place(office: Office) -> None:
    broken = written(office, "broken", ('due = "obligation.due_on"', 'due = "obligation.due_in"'))
    said = office.lvyue("rules", "try", str(broken), *SPAN)
    assert said.code != 0
    assert "GEN-DL-01.toml" in said.err
    assert "due_in" in said.err
    for words, told in (
        ((str(RULE), "--from", "2026-03-02", "--to", "2026-03-01"), "there is no day"),
        ((str(RULE), "--from", "2020-01-01", "--to", "2026-03-01", "--step", "1d"), "too many"),
        (("nowhere.toml", "--from", "2026-03-01", "--to", "2026-03-01"), "no such file"),
    ):
        said = office.lvyue("rules", "try", *words)
        assert (said.code, told in said.err) == (2, True)
    strange = written(office, "strange", ('id = "GEN-DL-01"', 'id = "XX-ZZ-01"'), name="XX-ZZ-01")
    said = office.lvyue("rules", "try", str(strange), *SPAN)
    assert (said.code, "--pack" in said.err) == (2, True)
    assert [row["rule"] for row in tried(office, strange, "--pack", "core")["added"]] == ["XX-ZZ-01", "XX-ZZ-01"]
