"""`lvyue report NAME` as people type it: the same bytes later, a correction that changes no past, options that are heeded."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter

from monitor.domain.warning import Alert, Change, Event, State
from monitor.reports.questions import questions
from monitor.store import Store, warnings
from tests.alerts import at, warned
from tests.office import CORE, Office, config, source
from tests.sources.ledgers import workbook

MAPPING = """
create view unit as select unit as id, unit as name, min(source_row) as source_row from raw group by unit;
create view contract as
select id, id as number, title, unit as unit_id, 'ZFCG' as kind, 'CNY' as currency, amount, signed as signed_on,
    source_row from raw;
create view payment as
select id || '/1' as id, id as contract_id, 'government' as side, 'Bill' as title, 'CNY' as currency, amount,
    nullif(paid, '') as paid, nullif(due, '') as due_on, source_row from raw;
"""
HEADER = "id,title,unit,amount,paid,due,signed\n"
TOLD = """N1,Road,Works,1000.00,0.00,2026-01-10,2025-12-01
N2,=1+1,Works,500.00,0.00,2026-02-20,2025-12-01
N3,Bridge,Parks,700.00,,2026-01-10,2025-12-01
N4,School,Parks,300.00,0.00,,2026-01-05
"""
CORRECTED = TOLD.replace("N1,Road,Works,1000.00,0.00", "N1,Road,Works,1000.00,400.00").replace("N4,School", "N4,Bath")
FIRST, SECOND, ASKED = date(2026, 1, 31), date(2026, 2, 28), "2026-02-15"
KEPT = ("html", "pdf", "xlsx", "json")

DAY = date(2026, 2, 3)
STATES: dict[Event, State] = {
    "acknowledged": "acknowledged", "assessed": "assessing", "closed": "closed", "dismissed": "dismissed"
}  # fmt: skip
LIVES: list[tuple[str, list[tuple[Event, date]]]] = [
    (
        "N1",
        [
            ("opened", DAY),
            ("acknowledged", date(2026, 2, 5)),
            ("assessed", date(2026, 2, 6)),
            ("closed", date(2026, 2, 10)),
        ],
    ),
    ("N2", [("opened", DAY), ("dismissed", date(2026, 2, 9))]),
    ("N3", [("opened", DAY), ("closed", date(2026, 2, 25))]),
    ("N4", [("opened", date(2026, 2, 20))]),
    ("N1", [("opened", date(2025, 12, 20))]),
]
"""Warnings of contracts, and what happened to each; two things after the day that is asked about."""


class Register:
    """An office with one register of contracts and bills, told on a day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
        self.says(TOLD, FIRST)

    def says(self, rows: str, published: date) -> None:
        (self.folder / "register.csv").write_text(HEADER + rows, encoding="utf-8")
        block = source("register", "register.csv", "register.sql", published=published, complete=True)
        self.office = Office(self.folder, config(block, CORE))
        self.office.ok("pull")

    def report(self, name: str, form: str, *words: str) -> bytes:
        """A report as a file."""
        file = self.folder / "report"
        self.office.ok("report", name, "--format", form, "-o", str(file), *words)
        return file.read_bytes()

    def data(self, name: str, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.report(name, "json", *words))
        return found

    def happened(self, alert: Alert, *events: tuple[Event, date], level: str = "orange") -> None:
        """A warning, and what happened to it on which days."""
        with Store(self.office.database).writing() as db:
            for kind, day in events:
                settled = day if kind in ("closed", "dismissed") else None
                alert = replace(alert, closed_on=settled, state=STATES.get(kind, "open"))
                change = Change(alert=alert, event=kind, before=None, after=level)
                alert = warnings.save(db, [change], run_id=None, on=day, at=at(day))[0].alert

    def lives(self) -> None:
        """Every warning of `LIVES`."""
        for number, (contract, events) in enumerate(LIVES):
            opened, key = events[0][1], f"register:{contract}"
            alert = warned(
                subject_id=f"{key}/{number}", contract_id=key, opened_on=opened, level_since=opened, told=None
            )
            self.happened(alert, *events)


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    return Register(tmp_path_factory.mktemp("office"))


def table(data: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(t for section in data["sections"] for t in section["tables"] if t["table"] == key)
    return found


def cells(data: dict[str, Any], key: str, *names: str) -> list[list[Any]]:
    rows: Sequence[dict[str, Any]] = table(data, key)["rows"]
    return [[row.get(name, "–") for name in names] for row in rows]


def test_what_is_known_and_what_is_not_are_told_apart(register: Register) -> None:
    data = register.data("payments", "--as-of", ASKED)
    assert cells(data, "overdue", "number", "due", "days", "unpaid") == [["N1", "2026-01-10", 36, "1000.0000"]]
    assert cells(data, "not_known", "number", "unpaid", "due") == [["N3", None, "2026-01-10"], ["N4", "300.0000", None]]
    assert [row["sums"] for row in table(data, "ageing")["rows"]] == [2, 2]


def test_options_narrow_a_report_and_say_so_on_it(register: Register) -> None:
    data = register.data("payments", "--as-of", ASKED, "--unit", "park")
    assert data["filters"] == {"Unit has": "park"}
    assert {row["unit"] for row in table(data, "ageing")["rows"]} == {"Parks"}
    for words, said in (
        (("payments", "--rule", "GEN-DL-01"), "not narrowed by --rule"),
        (("payments", "--unit", "Palace"), "no contract with --unit"),
        (("coverage", "--from", "2026-03-01"), "lies after"), (("alerts", "--rule", "GEN-DL-99"), "there is no rule"),
    ):  # fmt: skip
        answer = register.office.lvyue("report", *words, "--as-of", ASKED)
        assert answer.code in (2, 3)
        assert said in answer.err


def test_help_has_a_sentence_for_every_question(register: Register) -> None:
    told = register.office.ok("report", "--help").out
    assert [name for name in questions() if name not in told] == []
    assert all(len(sentence) > 20 and sentence.endswith(".") for sentence in questions().values())


def test_every_question_has_an_answer_where_next_to_nothing_is_known(register: Register) -> None:
    """A register with four rows and no warning: not known is said, and nothing is made up."""
    for name in questions():
        shown = register.office.ok("report", name, "--as-of", ASKED).out
        assert "as of 2026-02-15" in shown
    year = register.data("year", "--as-of", ASKED)
    assert [row[1] for row in cells(year, "done", "what", "this_year")][4:] == [None] * 5, (
        "no scan: warnings are not known"
    )
    shares = table(year, "shares")["rows"]
    assert not [row for row in shares if "this_year_share" in row], "a share of nothing is none"


def test_a_correction_changes_no_report_of_what_was_known_before(tmp_path: Path) -> None:
    register = Register(tmp_path)
    known = ("--as-of", ASKED, "--known-at", ASKED)
    before = {form: register.report("payments", form, *known) for form in KEPT}
    assert register.report("payments", "pdf", *known) == before["pdf"]
    register.says(CORRECTED, SECOND)
    assert {form: register.report("payments", form, *known) for form in KEPT} == before
    later = register.data("payments", "--as-of", ASKED, "--known-at", "2026-02-28")
    assert later["inputs"]["facts"] != json.loads(before["json"])["inputs"]["facts"]
    assert cells(later, "overdue", "number", "unpaid") == [["N1", "600.0000"]]
    assert "Bath" in json.dumps(later)


@pytest.fixture(scope="module")
def files(register: Register) -> dict[str, Path]:
    """One report in every form that can be verified."""
    made = {form: register.folder / f"kept.{form}" for form in KEPT}
    for form, file in made.items():
        register.office.ok(
            "--lang", "zh", "report", "payments", "--format", form, "-o", str(file), "--as-of", ASKED, "--unit", "works",
            "--paper", "letter",
        )  # fmt: skip
    return made


@pytest.mark.parametrize("form", KEPT)
def test_a_report_that_nobody_touched_is_made_again_to_the_byte(
    register: Register, files: dict[str, Path], form: str
) -> None:
    assert register.office.ok("report", "verify", str(files[form])).out == (
        f"same: payments as of {ASKED}, made again, has the same bytes\n"
    )
    assert json.loads(register.office.ok("report", "verify", str(files[form]), "--json").out)["same"] is True


@pytest.mark.parametrize(
    ("form", "words"),
    [("json", "line "), ("html", "line "), ("xlsx", "xl/sharedStrings.xml: "), ("pdf", "page 1: ")],
)
def test_a_report_that_was_altered_is_told_with_the_place(
    register: Register, files: dict[str, Path], form: str, words: str
) -> None:
    forged = register.folder / f"forged.{form}"
    altered(files[form], forged)
    said = register.office.lvyue("report", "verify", str(forged))
    assert said.code == 6
    assert f"all it was made from is the same, the file is not: {words}" in " ".join(said.err.split())


def altered(file: Path, forged: Path) -> None:
    """The same file with other words in it, as somebody makes one who knows the format."""
    content = file.read_bytes()
    if file.suffix == ".pdf":
        writer = PdfWriter(clone_from=io.BytesIO(content))
        writer.remove_page(0)
        writer.insert_page(writer.pages[-1], 0) if writer.pages else writer.add_blank_page(600, 800)
        with forged.open("wb") as out:
            writer.write(out)
    elif file.suffix == ".xlsx":
        with zipfile.ZipFile(file) as before, zipfile.ZipFile(forged, "w") as after:
            for member in before.infolist():
                after.writestr(member, before.read(member).replace(b"Road", b"Lane"))
    else:
        forged.write_bytes(content.replace(b"Road", b"Lane"))


def test_an_input_that_was_altered_is_named(tmp_path: Path) -> None:
    """A row changed in the database behind our back; a rule of the office's; a calendar; its name. Corrections are none."""
    register = Register(tmp_path)
    file = tmp_path / "kept.html"
    register.office.ok("report", "rights", "--format", "html", "-o", str(file), "--as-of", ASKED, "--known-at", ASKED)
    register.says(CORRECTED, SECOND)
    register.office.ok("report", "verify", str(file))

    def changed() -> list[str]:
        said = register.office.lvyue("report", "verify", str(file), "--json")
        assert said.code == 6
        return [one.partition(" was ")[0] for one in json.loads(said.out)["changed"]]

    text = register.office.path.read_text(encoding="utf-8")
    register.office.write(f'office = "Another"\n{text}')
    assert changed() == ["settings: office"]
    register.office.write(text)
    with contextlib.closing(sqlite3.connect(register.office.database)) as db:
        db.execute("update payment_version set amount_minor = 99900 where id like '%N1/1'")
        db.commit()
    shutil.rmtree(register.office.database.parent / "mirror", ignore_errors=True)
    assert changed() == ["facts: payment"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"unit,number\n"), ("b.json", b"{}"), ("c.json", b"[" * 100_000), ("d.html", b"<!DOCTYPE html><meta>"),
        ("e.pdf", b"%PDF-1.7\nno more"), ("f.xlsx", b"PK\x03\x04no more"), ("g.json", b""),
        ("h.json", b'{"proof": {"report": "payments", "lang": "fr"}}'),
        ("i.html", b'<!DOCTYPE html><meta name="lvyue-proof" content="{}">'),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_in_words(register: Register, name: str, content: bytes) -> None:
    (register.folder / name).write_bytes(content)
    said = register.office.lvyue("report", "verify", str(register.folder / name))
    assert (said.code, "does not say what it was made from" in " ".join(said.err.split())) == (2, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"report": "../secrets"}, "there is no report"),
        ({"narrowed": {"first": "soon"}}, "cannot be narrowed so"),
        ({"narrowed": {"where": "1"}}, "there is no 'where'"),
        ({"narrowed": {"unit": "'; drop table run; --"}}, "there is no contract with"),
    ],
)
def test_a_claim_is_believed_in_nothing(
    register: Register, files: dict[str, Path], change: dict[str, Any], words: str
) -> None:
    report = json.loads(files["json"].read_text(encoding="utf-8"))
    forged = register.folder / "claims.json"
    forged.write_text(json.dumps(report | {"proof": report["proof"] | change}), encoding="utf-8")
    said = register.office.lvyue("report", "verify", str(forged))
    assert (said.code, words in " ".join(said.err.split())) == (2, True)


def test_the_ledger_of_warnings_is_told_from_what_happened(tmp_path: Path) -> None:
    """预警处置率, 预警准确率; what was done after the day, or written later, is not seen."""
    register = Register(tmp_path)
    register.lives()
    data = register.data("alerts", "--as-of", ASKED)
    seen = register.office.rows(
        "select alert_id, kind from alert_event where happened_on between '2026-01-01' and ?", ASKED
    )
    raised = {alert for alert, kind in seen if kind == "opened"}
    total = table(data, "by_rule")["total"]
    assert total["raised"] == len(raised) == 3
    assert total["settled"] == sum(kind == "closed" for _, kind in seen)
    assert total["dismissed"] == sum(kind == "dismissed" for _, kind in seen)
    assert total["assessments"] == sum(kind == "assessed" for _, kind in seen)
    figures = {one["figure"]: one["value"] for section in data["sections"] for one in section["figures"]}
    assert (figures["settled_share"], figures["right_share"]) == ("0.3333", "0.6667")
    assert sorted(row["alert"] for row in table(data, "alerts")["rows"]) == [
        "YJ-2025-00005", "YJ-2026-00001", "YJ-2026-00002", "YJ-2026-00003"
    ]  # fmt: skip
    narrowed = register.data("alerts", "--as-of", ASKED, "--unit", "works")
    assert {row["contract"] for row in table(narrowed, "alerts")["rows"]} == {"Road", "=1+1"}
    for level, wanted in (("orange", len(table(data, "alerts")["rows"])), ("red", 0)):
        graver = register.data("alerts", "--as-of", ASKED, "--level", level)
        assert len(table(graver, "alerts")["rows"]) == wanted
    year = register.data("monthly", "--as-of", ASKED)
    assert table(year, "warnings")["total"] == {
        "raised": 3, "acknowledged": 1, "assessments": 1, "settled": 1, "dismissed": 1, "escalations": 0, "open": 2
    }  # fmt: skip


def test_contracts_below_a_sum_are_left_out_and_the_header_says_so(register: Register) -> None:
    data = register.data("payments", "--as-of", ASKED, "--amount", "600", "--by", "Chen Wei")
    assert cells(data, "overdue", "number") == [["N1"]]
    assert cells(data, "not_known", "number") == [["N3"]]
    assert data["filters"] == {
        "Amount": "600.00 or more, in the currency of each; 0 of an amount not known are left out", "Asked by": "Chen Wei"
    }  # fmt: skip


@pytest.mark.parametrize("sum_", ["much", "-1", "nan", "1e30"])
def test_what_is_no_sum_is_said_to_be_none(register: Register, sum_: str) -> None:
    told = register.office.lvyue("report", "payments", f"--amount={sum_}")
    assert told.code == 2
    assert "is no sum" in told.err


def test_who_asked_is_in_every_file_and_part_of_what_is_verified(register: Register) -> None:
    for form in KEPT:
        named = register.report("payments", form, "--as-of", ASKED, "--by", "Chen Wei")
        assert named != register.report("payments", form, "--as-of", ASKED)
        (register.folder / "report").write_bytes(named)
        assert json.loads(register.office.ok("report", "verify", str(register.folder / "report"), "--json").out)["same"]
    sql = "select id from fact_contract"
    file = register.folder / "own.pdf"
    register.office.ok("query", sql, "--as-of", ASKED, "--by", "Chen Wei", "--format", "pdf", "-o", str(file))
    assert json.loads(register.office.ok("report", "verify", str(file), "--json").out)["same"]


def test_the_dossier_of_a_contract_is_a_report_like_others(register: Register) -> None:
    for form in KEPT:
        file = register.folder / f"dossier.{form}"
        register.office.ok("report", "contract", "N3", "--as-of", ASKED, "--format", form, "-o", str(file))
        assert json.loads(register.office.ok("report", "verify", str(file), "--json").out)["same"]
    data = json.loads((register.folder / "dossier.json").read_text(encoding="utf-8"))
    assert cells(data, "payments", "amount", "paid_sum", "due") == [["700.0000", None, "2026-01-10"]]
    unknown = register.office.lvyue("report", "contract", "N9", "--as-of", ASKED)
    assert (unknown.code, "there is no contract" in unknown.err) == (2, True)


def test_where_we_stand_is_the_same_on_paper_in_a_workbook_and_as_data(register: Register) -> None:
    told = json.loads(register.office.ok("report", "portfolio", "--as-of", ASKED, "--format", "json").out)
    for form in ("pdf", "xlsx"):
        file = register.folder / f"portfolio.{form}"
        register.office.ok("report", "portfolio", "--as-of", ASKED, "--format", form, "-o", str(file))
        assert json.loads(register.office.ok("report", "verify", str(file), "--json").out)["same"]
    with zipfile.ZipFile(register.folder / "portfolio.xlsx") as book:
        sheets = [book.read(name).decode() for name in sorted(book.namelist()) if "/sheet" in name]
    listed = [len(re.findall("<row ", sheet)) - 1 for sheet in sheets]
    assert len(told["findings"]) in listed
    assert len(told["units"]) in listed
    pages = "".join(page.extract_text() for page in PdfReader(register.folder / "portfolio.pdf").pages)
    assert f"{told['totals']['contracts']}" in pages
    for finding in told["findings"]:
        assert finding["rule"] in pages
    failing = register.office.lvyue(
        "report", "portfolio", "--as-of", ASKED, "--format", "pdf", "-o", str(file), "--fail-on", "blue"
    )
    assert failing.code == (3 if told["findings"] else 0)


@pytest.mark.parametrize("form", KEPT)
def test_where_a_part_stands_is_told_in_the_form_of_every_report(register: Register, form: str) -> None:
    """Two of the four contracts are of Parks; GEN-ALT-01 says nothing here, so a rule leaves contracts and takes warnings."""
    file = register.folder / f"part.{form}"
    words = ("--as-of", ASKED, "--unit", "park", "--kind", "ZFCG", "--by", "Auditor Chen")
    register.office.ok("report", "portfolio", *words, "--format", form, "-o", str(file))
    assert register.office.ok("report", "verify", str(file)).out.startswith("same: portfolio")
    told = register.data("portfolio", *words)
    figures = {one["figure"]: one["value"] for one in told["sections"][0]["figures"]}
    assert figures["contracts"] == 2
    assert [row["unit"] for row in table(told, "units")["rows"]] == ["Parks"]
    assert told["filters"] == {
        "Unit has": "park", "Kind of contract": "ZFCG procurement of goods and services", "Asked by": "Auditor Chen"
    }  # fmt: skip
    assert not {"estimates", "blind"} & {section["section"] for section in told["sections"]}
    refused = register.office.lvyue("report", "portfolio", "--unit", "Palace", "--as-of", ASKED)
    assert (refused.code, "no contract with --unit" in refused.err) == (2, True)


DISCLOSED = """
create view unit as select unit as id, unit as name, kind, min(source_row) as source_row from raw group by unit, kind;
create view party as
select party as id, party as name, nullif(size, '') as size_at_signing, min(source_row) as source_row from raw
group by party, size;
create view contract as
select id, id as title, unit as unit_id, party as party_id, 'CNY' as currency, 1000 as amount, '2024-06-01' as signed_on,
    source_row from raw;
create view payment as
select id || '/' || n as id, id as contract_id, 'government' as side, 'Part ' || n as title, 'CNY' as currency, 500 as amount,
    nullif(paid, '') as paid, nullif(due, '') as due_on, source_row from raw, (select unnest([1, 2]) as n);
"""
OWED = """id,unit,kind,party,size,paid,due
last,Works,authority,S,small,100,2025-12-31
again,Works,authority,M,micro,0,2025-03-01
this,Works,authority,S,small,0,2026-01-01
settled,Works,authority,S,small,500,2025-03-01
large,Works,authority,L,large,0,2025-03-01
blind,Works,authority,S,small,,2025-03-01
timeless,School,institution,S,small,0,
firm,Firm,soe,S,small,0,2025-03-01
nobody,School,institution,N,,0,2025-03-01
"""


def test_the_yearly_disclosure_counts_what_its_form_asks_for(tmp_path: Path) -> None:
    """Form 6.10 (条例 art. 18), by hand: two contracts of Works, with two parts each of which 400 and 500 are open; what is of
    this year, settled, owed to a large enterprise or by a firm, or of unknown size is not in it."""
    (tmp_path / "register.sql").write_text(DISCLOSED, encoding="utf-8")
    (tmp_path / "register.csv").write_text(OWED, encoding="utf-8")
    office = Office(tmp_path, config(source("register", "register.csv", "register.sql", published="2026-02-01"), CORE))
    office.ok("pull")
    told = json.loads(office.ok("report", "payments", "--as-of", ASKED, "--format", "json").out)
    names = ("unit", "year", "contracts", "overdue", "currency", "no_day_or_sum", "disclosed_on")
    assert cells(told, "disclosure", *names) == [
        ["School", "2025", 0, "0.00", "CNY", 2, "–"], ["Works", "2025", 2, "1800.0000", "CNY", 2, "–"],
    ]  # fmt: skip


def test_of_what_others_list_the_report_says_how_much_the_ledger_has(tmp_path: Path) -> None:
    """归集率: of four numbers in the register two stand in the ledger; what the ledger alone has is in neither part."""
    (tmp_path / "register.sql").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "register.csv").write_text(HEADER + TOLD, encoding="utf-8")
    contracts = [["合同统一编号", "合同名称"], ["N1", "Road"], ["N3", "Bridge"], ["N7", "Park"]]
    (tmp_path / "ledger.xlsx").write_bytes(workbook({"合同": contracts}))
    register = source("register", "register.csv", "register.sql", published=FIRST)
    ledger = '[[source]]\nname = "ledger"\nkind = "ledger"\nlocation = "ledger.xlsx"\n'
    office = Office(tmp_path, config(f"{register}\n{ledger}", CORE))
    office.ok("pull")
    told = json.loads(office.ok("report", "coverage", "--format", "json").out)
    figures = {one["figure"]: one for section in told["sections"] for one in section["figures"]}
    assert figures["gathered_share"]["value"] == "0.5000"
    assert figures["gathered_share"]["note"] == "2 of 4 numbers that other sources list"


def test_without_another_source_there_is_no_such_share(register: Register) -> None:
    told = register.data("coverage", "--as-of", ASKED)
    assert "gathered_share" not in {one["figure"] for section in told["sections"] for one in section["figures"]}
