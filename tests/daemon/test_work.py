"""What is due is worked once: after days of silence, after a crash, when a turn takes too long, when a source is down."""

from __future__ import annotations

import email
import email.policy
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor import config as settings
from monitor import pipeline
from monitor.daemon.work import AGAIN_AFTER, Orders, Worker
from monitor.health.pulse import Pulse
from monitor.store import Store
from monitor.store.lock import exclusive
from tests.daemon import ROWS, office
from tests.office import Office

MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
ROWS_OF_SLOTS = "select job, key, state, attempts, missed, coalesce(message, '') from slot order by job, key"


class Clock:
    """A clock that a test sets."""

    def __init__(self, at: datetime = MORNING) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def worker(office: Office, clock: Clock, **more: Any) -> Worker:
    """A service's worker as it stands after a start."""
    read = settings.load(office.path, {})
    orders = Orders(config=read, book=read.book())
    return Worker(orders, Store(read.database, create=True), Pulse(started_at=clock()), clock=clock, **more)


def slots(office: Office, job: str) -> list[tuple[Any, ...]]:
    return [row[1:] for row in office.rows(ROWS_OF_SLOTS) if row[0] == job]


def letters(office: Office) -> list[tuple[str, str]]:
    """Kind and text of each letter, oldest first."""
    found = []
    for file in sorted((office.folder / "state" / "letters").glob("*.eml"), key=lambda one: one.stat().st_mtime_ns):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        found.append((str(mail["Subject"]), body.get_content()))
    return found


def test_a_day_is_worked_once_however_often_it_is_looked_at(tmp_path: Path) -> None:
    office_, clock = office(tmp_path), Clock()
    first = worker(office_, clock)
    first.work()
    first.work()
    clock.at += timedelta(hours=5)
    worker(office_, clock).work()  # a second process, or the same after a restart
    assert office_.rows("select kind, state, count(*) from run group by 1, 2 order by 1") == [
        ("backup", "ok", 1), ("pull", "ok", 1), ("remind", "unchanged", 1), ("scan", "ok", 1),
    ]  # fmt: skip
    assert [row[:3] for row in slots(office_, "learn")] == [("2026-02-28", "skipped", 1)], (
        "a new service does not begin by training"
    )
    before = office_.contents()
    first.work()
    assert office_.contents() == before


def test_after_three_days_off_all_is_caught_up_once_and_told_in_one_letter_with_true_dates(tmp_path: Path) -> None:
    """Test 14. What came due on the 4th is told of on the 6th, as of the 4th."""
    office_, clock = office(tmp_path), Clock()
    more = "".join(f"{n},Works {n},{n}00.00,2026-03-0{3 + n % 2}\n" for n in range(4, 8))
    (tmp_path / "register.csv").write_text(ROWS + more, encoding="utf-8")
    started = worker(office_, clock)
    started.work()
    started.send()
    told = len(letters(office_))
    clock.at += timedelta(hours=96)
    back = worker(office_, clock)
    back.work()
    back.send()
    first, last = slots(office_, "scan")
    assert (first[:4], last[:4]) == (("2026-03-02", "ok", 1, 0), ("2026-03-06", "ok", 1, 3))
    assert "3 turns before it were not worked (the service was off)" in last[4]
    assert office_.rows("select count(*), max(as_of) from run where kind = 'scan'") == [(2, "2026-03-06")]
    [(subject, text)] = letters(office_)[told:]
    assert "DIGEST" in subject
    for number in range(4, 8):
        assert f"Works {number}" in text
    assert "3 Mar 2026" in text
    assert "4 Mar 2026" in text, "each with the day it was due, not the day it was noticed"


def test_a_turn_that_was_cut_off_is_worked_again(tmp_path: Path) -> None:
    office_, clock = office(tmp_path), Clock()
    first = worker(office_, clock)
    first.work()
    with first.store.writing() as db:
        db.exec_driver_sql("update slot set state = 'interrupted' where job = 'pull:register'")
        db.exec_driver_sql("update slot set state = 'running', epoch = 7 where job = 'scan'")
    worker(office_, clock).work()
    assert slots(office_, "pull:register")[-1] == ("2026-03-02", "ok", 2, 0, "nothing new")
    assert slots(office_, "scan")[-1][1] == "running", (
        "one that runs is left to whoever runs it; a new leader cuts it off first"
    )


def test_a_source_that_is_down_is_asked_again_and_what_it_then_says_is_judged(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/register").respond_with_data("", status=404)
    office_, clock = office(tmp_path, location=httpserver.url_for("/register")), Clock()
    service = worker(office_, clock)
    service.work()
    assert slots(office_, "pull:register")[0][1:3] == ("failed", 1)
    assert slots(office_, "scan")[0][1] == "ok", "the others are worked all the same"
    clock.at += AGAIN_AFTER[0] - timedelta(seconds=1)
    service.work()
    assert slots(office_, "pull:register")[0][2] == 1, "not before its time"
    httpserver.clear()
    httpserver.expect_request("/register").respond_with_data(ROWS, content_type="text/csv")
    clock.at += timedelta(seconds=1)
    service.work()
    assert slots(office_, "pull:register") == [("2026-03-02", "ok", 2, 0, "6 new, 0 changed, 0 refused")]
    assert office_.rows("select rule, subject_id from alert") == [("GEN-DL-01", "register:1/1")], "not only tomorrow"


def test_after_the_last_try_the_operator_is_told_once_a_month(tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/register").respond_with_data("", status=404)
    office_, clock = office(tmp_path, location=httpserver.url_for("/register")), Clock()
    office_.write(office_.path.read_text("utf-8").replace("[mail]", '[mail]\noperator = "ops@office.example"'))
    service = worker(office_, clock)
    for day in range(3):
        clock.at = MORNING + timedelta(days=day)
        service.work()
        for wait in AGAIN_AFTER:
            clock.at += wait
            service.work()
        clock.at += timedelta(hours=12)
        service.work()
    assert [row[1:3] for row in slots(office_, "pull:register")] == [("failed", 1 + len(AGAIN_AFTER))] * 3
    service.send()
    [text] = [text for subject, text in letters(office_) if "pull:register" in text]
    assert "failed 4 times" in text
    assert "404" in text


def test_a_pull_that_takes_longer_than_its_interval_is_not_stacked(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Test 16: it overruns five times; the turns it fell into are written down as skipped, and counted."""
    clock = Clock()

    def slow(_request: Request) -> Response:
        clock.at += timedelta(hours=5, minutes=30)
        return Response(ROWS, content_type="text/csv")

    httpserver.expect_ordered_request("/register").respond_with_handler(slow)
    httpserver.expect_ordered_request("/register").respond_with_data(ROWS, content_type="text/csv")
    office_ = office(tmp_path, location=httpserver.url_for("/register"), every_hours=1)
    service = worker(office_, clock)
    clock.at += timedelta(hours=1)
    service.work()
    service.work()
    first, last = slots(office_, "pull:register")
    assert first[:4] == ("2026-03-01T23Z", "ok", 1, 0)
    assert last[:4] == ("2026-03-02T04Z", "ok", 1, 4)
    assert "4 turns before it were not worked (skipped: overrun)" in last[4]
    assert service.pulse.beat().overruns == {"pull:register": 4}


def test_two_who_are_woken_at_once_work_nothing_twice(tmp_path: Path, httpserver: HTTPServer) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def waits(_request: Request) -> Response:
        inside.set()
        assert go_on.wait(60)
        return Response(ROWS, content_type="text/csv")

    httpserver.expect_request("/register").respond_with_handler(waits)
    office_ = office(tmp_path, location=httpserver.url_for("/register"))
    service = worker(office_, Clock())
    walking = threading.Thread(target=service.work)
    walking.start()
    assert inside.wait(60)
    service.work()  # comes back at once: somebody is at it
    go_on.set()
    walking.join()
    assert office_.rows("select kind, count(*) from run group by 1 order by 1") == [
        ("backup", 1), ("pull", 1), ("remind", 1), ("scan", 1),
    ]  # fmt: skip


def test_while_somebody_works_by_hand_the_service_waits(tmp_path: Path) -> None:
    office_ = office(tmp_path)
    service = worker(office_, Clock())
    with exclusive(tmp_path / "state"):
        service.work()
    assert office_.rows("select count(*) from slot") == [(0,)]
    service.work()
    assert slots(office_, "scan")[0][1] == "ok"


def test_a_stop_ends_the_walk_after_the_turn_it_is_in(tmp_path: Path) -> None:
    office_ = office(tmp_path)
    answers = iter([False, False])
    service = worker(office_, Clock(), stopping=lambda: next(answers, True))
    service.work()
    assert [row[0] for row in office_.rows("select job from slot")] == ["pull:register", "scan"]


def test_a_clock_that_is_set_back_brings_no_day_twice(tmp_path: Path) -> None:
    office_, clock = office(tmp_path), Clock()
    service = worker(office_, clock)
    service.work()
    clock.at -= timedelta(hours=2)
    service.work()
    clock.at += timedelta(hours=26)
    service.work()
    assert [row[0] for row in slots(office_, "scan")] == ["2026-03-02", "2026-03-03"]
    assert [row[1] for row in slots(office_, "scan")] == ["ok", "ok"]


@pytest.mark.parametrize("job", ["pull:register", "scan", "remind", "check"])
def test_runs_jobs_says_what_was_done_and_when_the_next_is(tmp_path: Path, job: str) -> None:
    office_ = office(tmp_path)
    worker(office_, Clock()).work()
    assert f'"job": "{job}"' in office_.ok("runs", "jobs", "--json").out


def test_a_source_that_was_hourly_becomes_daily_and_the_others_go_on(tmp_path: Path) -> None:
    made, clock = office(tmp_path, every_hours=1), Clock()
    worker(made, clock).work()
    made.write(made.path.read_text("utf-8").replace("every_hours = 1\n", "").replace("\nevery_hours = 1", ""))
    clock.at += timedelta(days=2)
    worker(made, clock).work()
    assert slots(made, "pull:register")[-1][:2] == ("2026-03-04", "ok")
    assert slots(made, "scan")[-1][:2] == ("2026-03-04", "ok")


def test_what_somebody_pulled_by_hand_is_judged_at_the_next_look(tmp_path: Path) -> None:
    made, clock = office(tmp_path), Clock()
    service = worker(made, clock)
    service.work()
    (tmp_path / "register.csv").write_text(ROWS + "9,Quay,900.00,2026-02-20\n", encoding="utf-8")
    office_ = service.orders.config
    pipeline.pull(office_, Store(office_.database), office_.sources[0], at=clock())
    service.work()
    assert ("register:9/1",) in made.rows("select subject_id from alert")
    before = made.contents()
    service.work()
    assert made.contents() == before


def test_a_failed_check_lets_no_earlier_backup_go(tmp_path: Path) -> None:
    made, clock = office(tmp_path), Clock()
    made.write(made.path.read_text("utf-8").replace("[mail]", "[schedule]\nbackups = 1\n[mail]", 1))
    service = worker(made, clock)
    service.work()
    with service.store.writing() as db:
        db.exec_driver_sql("drop trigger alert_event_no_update")
        db.exec_driver_sql("update alert_event set reason = 'altered'")
    clock.at += timedelta(days=1)
    service.work()
    assert [row[1] for row in slots(made, "check")] == ["ok", "failed"]
    assert [row[1] for row in slots(made, "backup")] == ["ok", "ok"]
    assert len(list((tmp_path / "state" / "backups").glob("lvyue-*.db"))) == 2
