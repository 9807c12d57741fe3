"""Years in minutes: hundreds of days of a service that is killed at any instant, beside the same days without a service.

Real processes and a real mail server; only the clock is handed in. A service works a few days, is killed with SIGKILL
somewhere between pull and mail, and the next one leads and goes on. In the end its warnings, their history and the
letters are those of days that nobody disturbed.
"""

from __future__ import annotations

import email
import email.policy
import itertools
import multiprocessing
import random
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic

import pytest

from monitor import config as settings
from monitor import handling, pipeline
from monitor.config import Config
from monitor.daemon import rounds
from monitor.daemon.work import Orders, Worker
from monitor.health.pulse import Pulse
from monitor.notify.letters import write
from monitor.store import Store, leader
from monitor.store.health import examined
from tests.notify.letters import MORGAN, digest
from tests.notify.post_office import PostOffice, open_office
from tests.office import CORE, config, source

FIRST = date(2026, 1, 5)
KILLS = 200
SIX, TEN = time(6), time(10)
WORKS = 12
MOMENTS = 5
MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, done as done_on, source_row,
case when done is null then 'scheduled' else 'met' end as status from raw;
"""
OFFICE = """
[schedule]
train_on = "never"
[mail]
weekly_on = "mon"
[mail.smtp]
host = "localhost"
port = {port}
starttls = "never"
[[recipient]]
address = "fazhi@office.example"
role = "legal_office"
[[recipient]]
address = "leader@office.example"
role = "leader"
level = "red"
"""

spawning = multiprocessing.get_context("forkserver")
spawning.set_forkserver_preload(["tests.daemon.test_soak"])
settings.template()  # in the server that forks: every kind of source and channel, and the templates, read once
write(digest(MORGAN))


def register(day: date) -> str:
    """What the register says on a day: works that begin, are moved, are finished in time or late, vanish and come back."""
    rows = ["id,title,amount,due,done"]
    for number in range(WORKS):
        chance = random.Random(number)
        begun = FIRST + timedelta(days=chance.randrange(-80, 440))
        due = begun + timedelta(days=chance.randrange(20, 90))
        moved = begun + timedelta(days=chance.randrange(10, 80))
        done = due + timedelta(days=chance.randrange(-20, 60))
        due += timedelta(days=chance.choice((0, 0, 15))) if day >= moved else timedelta()
        gone = moved <= day < moved + timedelta(days=4) and number % 7 == 0
        if begun <= day and not gone:
            rows.append(f"W{number},Works {number},{number * 1000}.00,{due},{done if done <= day else ''}")
    return "\n".join(rows) + "\n"


def office(folder: Path, port: int, database: str = "") -> Path:
    """An office, its register and its database, all empty."""
    folder.mkdir()
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    block = source("register", "register.csv", "register.sql", complete=True, vanish_limit_percent=100)
    text = config(block, CORE, OFFICE.format(port=port), country="CN", zone="Asia/Shanghai")
    (folder / "config.toml").write_text(f'database = "{database}"\n{text}' if database else text, encoding="utf-8")
    return folder / "config.toml"


class Clock:
    """A clock that is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def moments(read: Config, day: date, late: timedelta) -> list[datetime]:
    """Early, when the day's turns are due, and in office hours; later by some minutes after each kill, so that leases
    ran out."""
    (read.base / "register.new").write_text(register(day), encoding="utf-8")
    (read.base / "register.new").replace(read.base / "register.csv")
    return [datetime.combine(day, at, read.zone) + late for at in (SIX, TEN)]


def serve(path: Path, first: date, days: int, late: timedelta, told: Connection) -> None:
    """A service, in a process of its own: it takes the lead, works some days, and tells of each moment that is through."""
    read = settings.load(path, {})
    clock = Clock(moments(read, first, late)[0])
    store = Store(read.database)
    ticks = itertools.count(0, 1000)
    lead = leader.of(store, read.state, lease=3, clock=clock, ticking=lambda: float(next(ticks)))
    while not lead.campaign():
        pass
    worker = Worker(Orders(config=read, book=read.book()), store, Pulse(started_at=clock()), clock=clock)
    for place in range(days):
        for clock.at in moments(read, first + timedelta(days=place), late):
            worker.work()
            worker.send()
            told.send_bytes(b".")


def by_hand(path: Path, days: int) -> None:
    """The same days without a service: the pipeline, step by step."""
    read = settings.load(path, {})
    store, book = Store(read.database), read.book()
    for place in range(days):
        day = FIRST + timedelta(days=place)
        early, in_hours = moments(read, day, timedelta())
        pipeline.pull(read, store, read.sources[0], at=early)
        pipeline.scan(read, store, book, as_of=day, known_at=read.end_of_day(day), at=early)
        handling.remind(read, store, as_of=day, at=early)
        for at in (early, in_hours):
            rounds.post(read, store, clock=Clock(at))


@dataclass(frozen=True)
class Story:
    """What came of it: each warning's history, each recipient's letters, how often a mail was taken."""

    warnings: list[tuple[object, ...]]
    letters: Counter[tuple[str, str, str]]
    mails: Counter[str]


def story(path: Path, post: PostOffice) -> Story:
    """What the database and the mail server hold in the end."""
    store = Store(settings.load(path, {}).database)
    with store.reading() as db:
        assert db.exec_driver_sql("select count(*) from letter where state <> 'sent'").scalar() == 0
        warnings = db.exec_driver_sql(
            "select a.rule, a.subject_id, e.kind, e.happened_on, e.before, e.after, e.state from alert a "
            "join alert_event e on e.alert_id = a.id order by a.rule, a.subject_id, e.happened_on, e.id"
        ).fetchall()
        letters = db.exec_driver_sql("select kind, recipient, key from letter").fetchall()
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for _, raw in post.taken]
    return Story(
        warnings=[tuple(map(str, row)) for row in warnings],
        letters=Counter((str(kind), str(to), str(key)) for kind, to, key in letters),
        mails=Counter(str(mail["Message-ID"]) for mail in mails),
    )


def finished(path: Path) -> date:
    """The first day that is not through: its second look has no mark of its own, so a day counts once the next began."""
    with Store(settings.load(path, {}).database).reading() as db:
        last = db.exec_driver_sql("select max(key) from slot where job = 'pull:register'").scalar()
    return date.fromisoformat(last) if last else FIRST


class Killer:
    """Kills when some moments are through and a part of the next one: at any instant, on a slow machine as on a fast one.

    Never later than the end of that next one. A pace measured while a process starts is longer than a moment, and days
    that ran through meanwhile would leave too few for the kills still to come.
    """

    def __init__(self, seed: int) -> None:
        self.chance, self.pace = random.Random(seed), 1.0

    def wait(self, process: BaseProcess, told: Connection) -> None:
        """Until the instant comes, or the process is through."""
        for _ in range(self.chance.randrange(1, MOMENTS)):
            begun = monotonic()
            wait([process.sentinel, told])
            if not told.poll():
                return
            told.recv_bytes()
            self.pace = (self.pace + monotonic() - begun) / 2
        wait([process.sentinel, told], self.chance.uniform(0, self.pace))

    def at_once(self, process: BaseProcess, told: Connection) -> None:
        """While it starts, or in its first moment."""
        wait([process.sentinel, told], self.chance.uniform(0, self.pace * 2))


def live_and_be_killed(path: Path, days: int, kills: int) -> int:
    """Services one after the other until the days are through; as many as can be of them are killed. How many were.

    Every third is killed before its first moment is through, but two in a row never: each comes some minutes later in
    the day than the one before, and the day must not pass.
    """
    killer, killed, late = Killer(days * kills), 0, timedelta()
    end = FIRST + timedelta(days=days)
    while (day := finished(path)) < end:
        told, tells = spawning.Pipe(duplex=False)
        process = spawning.Process(target=serve, args=(path, day, (end - day).days, late, tells))
        process.start()
        tells.close()
        if killed == kills:
            process.join()
        elif killed % 3:
            killer.wait(process, told)
        else:
            killer.at_once(process, told)
        process.kill()
        process.join()
        told.close()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        killed += 1
        late = late + timedelta(minutes=11) if finished(path) == day else timedelta(minutes=11)
        assert late < timedelta(hours=3), "before the office opens is before the office opens"
    return killed


@pytest.mark.long
@pytest.mark.parametrize(("kind", "days"), [("sqlite", 500), ("postgresql", 200)])
def test_years_and_two_hundred_kills_are_told_of_as_if_nothing_had_happened(
    tmp_path: Path, kind: str, days: int, request: pytest.FixtureRequest
) -> None:
    """Test 1, and the soak: five hundred days on SQLite, two hundred on PostgreSQL, two hundred kills each."""
    server = request.getfixturevalue("postgres").server(tmp_path / "killed" / "state") if kind == "postgresql" else None
    with open_office() as calm_post, open_office() as post:
        calm = office(tmp_path / "calm", calm_post.port)
        undisturbed = spawning.Process(target=by_hand, args=(calm, days))
        undisturbed.start()
        killed = office(tmp_path / "killed", post.port, server.setting if server else "")
        for path in (calm, killed):
            Store(settings.load(path, {}).database, create=True)
        assert live_and_be_killed(killed, days, KILLS) == KILLS
        undisturbed.join()
        assert undisturbed.exitcode == 0
        lived, wanted = story(killed, post), story(calm, calm_post)
    assert len(wanted.warnings) > days / 5, "something happened in all that time"
    assert lived.warnings == wanted.warnings
    assert lived.letters == wanted.letters
    assert set(lived.mails) == set(wanted.mails), "what came twice has the same Message-ID"
    examined(Store(settings.load(killed, {}).database))
