"""Reports that config.toml keeps: made by hand by their name, and mailed on their days, once, with their proof."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.daemon import office
from tests.daemon.test_work import MORNING, Clock, slots, worker
from tests.office import Office

LEADER, LAWYER = "leader@office.example", "fazhi@office.example"


def saved(name: str, question: str, **more: object) -> str:
    """A `[[report]]`."""
    told = {"name": name, "question": question} | more
    return "[[report]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in told.items())


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T06:00").replace(tzinfo=MORNING.tzinfo)


def mailed(made: Office, kind: str = "report") -> list[EmailMessage]:
    """Letters with a report, oldest day first."""
    found = []
    for file in sorted((made.folder / "state" / "letters").glob(f"*-{kind}-*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def lived(made: Office, clock: Clock, *days: str) -> None:
    """The service looks at some mornings."""
    for day in days:
        clock.at = at(day)
        service = worker(made, clock)
        service.work()
        service.send()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_month_is_told_of_on_its_next_first_day_once_with_a_file_that_can_be_verified(
    tmp_path: Path, lang: str
) -> None:
    made = office(tmp_path, saved("month", "monthly", on="month", to=[LEADER, LAWYER], lang=lang, unit=""))
    lived(made, Clock(), "2026-02-27", "2026-02-28")
    assert mailed(made) == [], "a new service does not tell of a month that it did not see"
    lived(made, Clock(), "2026-03-01", "2026-03-01", "2026-03-02")
    assert slots(made, "report:month")[-1][:4] == ("2026-03-01", "ok", 1, 0)
    first, second = mailed(made)
    assert {str(first["To"]), str(second["To"])} == {LEADER, LAWYER}
    [file] = first.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("month-2026-02-28.pdf", "application/pdf")
    data = file.get_payload(decode=True)
    assert isinstance(data, bytes)
    for part in ("plain", "html"):
        body = first.get_body((part,))
        assert body is not None
        text = body.get_content()
        assert hashlib.sha256(data).hexdigest() in text.replace("\n", "")
        assert {"zh": "截至2026年2月28日", "en": "as of 28 Feb 2026"}[lang] in text
    (tmp_path / "month.pdf").write_bytes(data)
    assert made.ok("report", "verify", str(tmp_path / "month.pdf")).out.startswith("same: monthly as of 2026-02-28")


def test_days_and_weeks_have_their_reports_narrowed_as_they_were_saved(tmp_path: Path) -> None:
    daily = saved("loud", "alerts", on="day", to=[LEADER], format="csv", level="red", days=7)
    weekly = saved(
        "sums", "query", on="wed", to=[LAWYER], format="json", sql="select sum(amount) as all from fact_contract"
    )
    made = office(tmp_path, daily, weekly)
    lived(made, Clock(), "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05")
    assert [row[:2] for row in slots(made, "report:loud")][1:] == [
        ("2026-03-03", "ok"), ("2026-03-04", "ok"), ("2026-03-05", "ok")
    ]  # fmt: skip
    found = {file.get_filename(): file for mail in mailed(made) for file in mail.iter_attachments()}
    assert sorted(filter(None, found)) == [
        "loud-2026-03-03.csv", "loud-2026-03-04.csv", "loud-2026-03-05.csv", "sums-2026-03-04.json",
    ]  # fmt: skip
    told = json.loads(found["sums-2026-03-04.json"].get_content())
    assert told["sections"][0]["tables"][0]["rows"] == [{"all": "600.0000"}]
    [text] = [
        str(mail.get_body(("plain",)))
        for mail in mailed(made)
        if "loud-2026-03-05.csv" in {one.get_filename() for one in mail.iter_attachments()}
    ]
    assert "27 Feb 2026" in text, "seven days, the last included"
    assert "lvyue report verify" not in text, "a table alone says nothing of what it was made from"


def test_a_turn_that_is_cut_off_after_its_letter_was_written_writes_no_second_one(tmp_path: Path) -> None:
    made, clock = office(tmp_path, saved("loud", "alerts", on="day", to=[LEADER])), Clock()
    lived(made, clock, "2026-03-02", "2026-03-03")
    service = worker(made, clock)
    with service.store.writing() as db:
        db.exec_driver_sql("update slot set state = 'interrupted' where job = 'report:loud'")
    clock.at += timedelta(minutes=1)
    service.work()
    service.send()
    assert slots(made, "report:loud")[-1][1:3] == ("ok", 2)
    assert len(mailed(made)) == 1
    assert made.rows("select count(*) from letter where kind = 'report'") == [(1,)]


def test_a_report_that_fails_keeps_no_other_from_its_turn_and_the_operator_is_told(tmp_path: Path) -> None:
    """One is about a contract that there is not, one is larger than mail servers take."""
    large = "select repeat('x', 10000) || i as words from range(900) t(i)"
    made = office(
        tmp_path, saved("gone", "contract", contract="nobody", on="day", to=[LEADER]),
        saved("large", "query", sql=large, on="day", to=[LEADER], format="csv"),
        saved("well", "rights", on="day", to=[LEADER], format="html"),
    )  # fmt: skip
    made.write(made.path.read_text("utf-8").replace("[mail]", '[mail]\noperator = "ops@office.example"'))
    clock = Clock()
    lived(made, clock, "2026-03-02", "2026-03-03")
    service = worker(made, clock)
    for wait in (15, 60, 180):
        clock.at += timedelta(minutes=wait)
        service.work()
    service.send()
    assert [file.get_filename() for mail in mailed(made) for file in mail.iter_attachments()] == [
        "well-2026-03-03.html"
    ]
    assert [slots(made, f"report:{name}")[-1][1:3] for name in ("gone", "large", "well")] == [
        ("failed", 4), ("failed", 4), ("ok", 1),
    ]  # fmt: skip
    told = " ".join(str(mail.get_body(("plain",))) for mail in mailed(made, "operator"))
    assert "there is no contract" in told
    assert "mail servers take 7" in told


def test_what_was_saved_is_made_by_hand_by_its_name(tmp_path: Path) -> None:
    made = office(tmp_path, saved("year", "year", format="html"), saved("loud", "alerts", on="mon", to=[LEADER]))
    lived(made, Clock(), "2026-03-02")
    listed = json.loads(made.ok("report", "saved", "--json").out)
    assert [(row["name"], row["question"], row["format"], row["on"], row["to"]) for row in listed] == [
        ("year", "year", "html", "never", ""), ("loud", "alerts", "pdf", "mon", LEADER),
    ]  # fmt: skip
    file = tmp_path / "year.html"
    made.ok("report", "saved", "year", "--as-of", "2026-03-02", "-o", str(file))
    assert made.ok("report", "verify", str(file)).out.startswith("same: year as of 2026-03-02")
    said = made.lvyue("report", "saved", "yaer")
    assert (said.code, "has: year, loud" in " ".join(said.err.split())) == (2, True)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (saved("a", "mnothly"), "there is no report 'mnothly'"),
        (saved("a", "year", party="Road"), "the report year is not narrowed by --party"),
        (saved("a", "query"), "the report query needs to be told: sql"),
        (saved("a", "whatif", contract="A"), "needs to be told: set"),
        (saved("a", "year") + saved("a", "monthly"), 'there are two reports "a"'),
        (saved("a", "year", on="month"), "write both, or neither"),
        (saved("a", "year", to=[LEADER]), "write both, or neither"),
        (saved("a", "year", to=["nobody"], on="mon"), "report.0.to.0"),
        (saved("A b", "year"), "report.0.name"),
        (saved("a", "year", colour="red"), "unknown key"),
    ],
)
def test_a_report_that_cannot_be_asked_is_said_before_its_day(tmp_path: Path, block: str, words: str) -> None:
    made = office(tmp_path, block)
    for verb in (("check",), ("serve",), ("report", "saved")):
        said = made.lvyue(*verb)
        assert (said.code, words in " ".join(said.err.split())) == (3, True), said.err
