"""Due days as a calendar: stable names, moved days, and text that forges no line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from icalendar import Calendar

from monitor.demo.district import District
from tests.office import CORE, Office, config, source

MAPPING = """
create view contract as select 'C' as id, 'HT-1' as number, 'Road' as title, source_row from raw;
create view obligation as select id, 'C' as contract_id, title, due as due_on, nullif(done, '') as done_on, source_row from raw;
"""
FORGED = '"Open; the, gate\\nEND:VCALENDAR 建设单位应当在竣工验收合格之日起十五日内完成备案并将全部资料移交档案管理机构存档备查"'


def register(folder: Path, *rows: str, published: date) -> Office:
    """An office with a register of promises, told on a day."""
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    (folder / "register.csv").write_text("id,title,due,done\n" + "\n".join(rows) + "\n", encoding="utf-8")
    office = Office(
        folder, config(source("register", "register.csv", "register.sql", published=published, complete=True), CORE)
    )
    office.ok("pull")
    return office


def events(office: Office, *words: str) -> dict[str, tuple[int, date, str]]:
    """UID → SEQUENCE, day and title."""
    said = office.ok("export", "ical", *words)
    sheet = Calendar.from_ical(said.out)
    assert all(len(line.encode()) <= 75 for line in said.out.split("\r\n")), "longer lines are folded"
    return {
        str(event["UID"]): (int(event.decoded("SEQUENCE")), event.decoded("DTSTART"), str(event["SUMMARY"]))
        for event in sheet.walk("VEVENT")
    }


def test_a_day_that_moves_is_the_same_event_with_a_higher_sequence(tmp_path: Path) -> None:
    office = register(tmp_path, f"1,{FORGED},2026-03-01,", "2,Deck,2026-04-01,", published=date(2026, 1, 31))
    before = events(office, "--as-of", "2026-02-15")
    assert len(before) == 2
    office = register(tmp_path, f"1,{FORGED},2026-05-01,", "2,Deck,2026-04-01,2026-02-20", published=date(2026, 2, 28))
    after = events(office, "--as-of", "2026-02-28")
    ((name, (sequence, day, title)),) = after.items()
    assert day == date(2026, 5, 1)
    assert "Open; the, gate" in title
    assert "\n" not in title
    assert before[name][1] == date(2026, 3, 1)
    assert sequence > before[name][0]
    assert events(office, "--as-of", "2026-02-15", "--known-at", "2026-02-15") == before


def test_a_unit_has_its_own_calendar(office: Office, made: District) -> None:
    day = str(made.month_ends[-1])
    unit = office.rows("select name from unit_version order by name")[0][0]
    whole, own = events(office, "--as-of", day), events(office, "--as-of", day, "--unit", unit)
    assert 0 < len(own) < len(whole)
    assert own.items() <= whole.items()
    said = office.lvyue("export", "ical", "--as-of", day, "--unit", "Palace")
    assert (said.code, "no unit with 'Palace'" in said.err) == (2, True)
