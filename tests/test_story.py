"""The whole path on real data: New York's school-construction milestones as they were published on 2017-12-31.

Every number is held against a count made here from the file with the csv module alone, by the same reading of its traps:
a phase repeated for several funding lines is one milestone, and it is done when every copy is done.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from monitor import demo
from tests.office import Office, config, source

DAY, EARLIER = date(2017, 12, 31), date(2017, 6, 30)
Phase = tuple[str, str, str, str, str]

RECIPIENTS = """
[[recipient]]
address = "fazhi@example.invalid"
lang = "zh"
[[recipient]]
address = "audit@example.invalid"
lang = "en"
level = "orange"
"""


def day(text: str) -> date | None:
    """A day of the file, or None for an empty cell and for the words that stand in date cells."""
    found = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text.strip())
    return date(int(found[3]), int(found[1]), int(found[2])) if found else None


@pytest.fixture(scope="module")
def phases() -> dict[Phase, list[dict[str, str]]]:
    """The file's rows by phase, read with csv alone."""
    grouped: dict[Phase, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(demo.DATA, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = (
                row["project_building_identifier"], row["project_description"], row["project_phase_name"],
                row["project_phase_actual_start_date"], row["project_phase_planned_end_date"],
            )  # fmt: skip
            grouped[key].append(row)
    return grouped


def overdue(phases: dict[Phase, list[dict[str, str]]], on: date) -> list[tuple[str, str, str]]:
    """Building and description, phase, planned end of every phase past its planned end and not done on the day."""
    found = []
    for (building, description, phase, _, planned), rows in phases.items():
        due = day(planned)
        ends = [day(row["project_phase_actual_end_date"]) for row in rows]
        done = all(end is not None and end <= on for end in ends)
        if due is not None and due < on and not done:
            found.append((f"{building.strip()}/{description.strip()}", phase.strip(), due.isoformat()))
    return sorted(found)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that pulled over HTTP, scanned as of the last day of 2017 and sent its letters."""
    with demo.replay(demo.DATA) as location:
        block = source("sca", location, "nyc_sca", published=DAY, complete=True, jurisdiction='"US-NY"')
        made = Office(tmp_path_factory.mktemp("office"), config(block, RECIPIENTS))
        made.ok("pull")
        made.ok("scan", "--as-of", str(DAY))
        made.ok("deliver")
        yield made


def test_each_overdue_milestone_has_exactly_one_warning(
    office: Office, phases: dict[Phase, list[dict[str, str]]]
) -> None:
    expected = overdue(phases, DAY)
    rows = office.rows(
        "select a.finding from alert a where a.rule = 'GEN-DL-01' and a.level in ('orange', 'red') and a.closed_on is null"
    )
    findings = [json.loads(row[0]) for row in rows]
    warned = sorted(
        (f["contract_id"].removeprefix("sca:"), f["evidence"]["obligation.title"], f["due"]) for f in findings
    )
    named = [(project, phase or "Phase without a name", due) for project, phase, due in expected]
    assert len(expected) == 446
    assert warned == sorted(named)
    assert office.rows("select count(*) from (select subject_id from alert group by 1 having count(*) > 1)") == [(0,)]


def test_the_report_counts_what_the_file_says(office: Office, phases: dict[Phase, list[dict[str, str]]]) -> None:
    report = json.loads(office.ok("report", "portfolio", "--as-of", str(DAY), "--format", "json").out)
    projects = {key[:2] for key in phases}
    assert report["totals"]["overdue"] == len(overdue(phases, DAY))
    assert report["totals"]["obligations"] == len(phases) == 8020
    assert report["totals"]["contracts"] == len(projects)
    assert report["totals"]["units"] == 32
    without_day = sum(1 for key, rows in phases.items() if day(key[4]) is None and not all(map(done_row, rows)))
    assert report["totals"]["no_day"] == without_day
    assert sum(unit["overdue"] for unit in report["units"]) == report["totals"]["overdue"]


def done_row(row: dict[str, str]) -> bool:
    return day(row["project_phase_actual_end_date"]) is not None


def test_running_again_changes_nothing_but_the_ledger(office: Office) -> None:
    before = office.contents()
    pulled = office.ok("pull")
    scanned = json.loads(office.ok("scan", "--as-of", str(DAY), "--json").out)
    delivered = json.loads(office.ok("deliver", "--json").out)
    assert "nothing new" in pulled.out
    assert (scanned["changes"], scanned["letters"], delivered["sent"]) == ({}, 0, 0)
    assert office.contents() == before
    states = [row[0] for row in office.rows("select state from run order by id desc limit 2")]
    assert states == ["unchanged", "unchanged"]


def test_two_days_from_one_knowledge_differ_and_each_repeats_to_the_byte(
    office: Office, phases: dict[Phase, list[dict[str, str]]]
) -> None:
    def report(as_of: date) -> str:
        return office.ok("report", "portfolio", "--as-of", str(as_of), "--known-at", str(DAY), "--format", "json").out

    june, december = report(EARLIER), report(DAY)
    assert june == report(EARLIER)
    assert december == report(DAY)
    assert json.loads(june)["totals"]["overdue"] == len(overdue(phases, EARLIER)) != len(overdue(phases, DAY))


def test_html_and_csv_repeat_to_the_byte_too(office: Office) -> None:
    for form in ("html", "csv"):
        first, second = (
            office.ok("report", "portfolio", "--as-of", str(EARLIER), "--known-at", str(DAY), "--format", form).out
            for _ in "ab"
        )
        assert first == second
        assert first


def test_before_the_edition_was_published_nothing_was_known(office: Office) -> None:
    report = json.loads(office.ok("report", "portfolio", "--as-of", "2017-12-30", "--format", "json").out)
    assert report["totals"]["contracts"] == 0


def test_every_letter_says_what_the_warnings_say(office: Office) -> None:
    letters = sorted((office.folder / "state" / "letters").glob("*.eml"))
    assert len(letters) == 2  # a storm: one digest a recipient, nothing left out
    told = office.rows("select content from letter order by recipient")
    urgent = office.rows("select count(*) from alert where level in ('orange', 'red')")[0][0]
    everything = office.rows("select count(*) from alert")[0][0]
    assert [len(json.loads(row[0])["items"]) for row in told] == [urgent, everything]


def test_a_scan_cannot_go_back_in_time(office: Office) -> None:
    before = office.contents()
    said = office.lvyue("scan", "--as-of", str(EARLIER))
    assert said.code == 2
    assert "report portfolio --as-of 2017-06-30" in said.err
    assert office.contents() == before


def test_explain_gives_every_date_and_what_is_unknown(office: Office) -> None:
    said = office.ok("explain", "K025/CLASSROOM CONNECTIVITY", "--as-of", str(DAY), "--json")
    dossier = json.loads(said.out)
    worst = dossier["answers"][0]
    assert (worst["outcome"], worst["rule"], worst["due"], worst["days_late"]) == (
        "red",
        "GEN-DL-01",
        "2013-12-31",
        1461,
    )
    assert "signed_on" in dossier["unknown"]
    unknown = [answer for answer in dossier["answers"] if answer["outcome"] == "unknown"]
    assert unknown
    assert all(answer["missing"] for answer in unknown)
    assert "GEN-DL-01" in office.ok("explain", "K025/CLASSROOM CONNECTIVITY", "--as-of", str(DAY)).out


def test_the_next_day_brings_only_the_next_days_news(office: Office, tmp_path: Path) -> None:
    """Scanned on the day after, only what that day changes is written; the rest of the warnings stay as they were."""
    with demo.replay(demo.DATA) as location:
        block = source("sca", location, "nyc_sca", published=DAY, complete=True, jurisdiction='"US-NY"')
        other = Office(tmp_path / "other", config(block, RECIPIENTS))
        other.ok("pull")
    other.ok("scan", "--as-of", str(DAY))
    levels = dict(other.rows("select id, level from alert"))
    changes = json.loads(other.ok("scan", "--as-of", "2018-01-01", "--json").out)["changes"]
    moved = {number for number, level in other.rows("select id, level from alert") if levels.get(number) != level}
    assert sum(changes.values()) == len(moved)
    assert len(moved) < len(levels) / 10


def test_the_demo_runs_and_prints_where_things_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    said: list[str] = []
    from rich.console import Console

    monkeypatch.setenv("LVYUE_DATABASE", "postgresql://office@/contracts?host=/nowhere")  # a demo stays in its folder
    demo.play(tmp_path / "demo", console=Console(file=out, width=140), say=said.append, lang="zh")
    told = "\n".join(said)
    assert "second pull over HTTP: nothing new (304)" in told
    assert "0 warnings changed, 0 letters" in told
    assert "2 letters lie in" in told
    assert "446" in out.getvalue()
    assert (tmp_path / "demo" / "state" / "portfolio.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
