"""SIGKILL at any instant: no warning and no letter is lost, and a letter that comes twice has the same Message-ID.

Real processes pull, scan, remind and send to a real mail server; this one kills them, at points with a name and at random
instants, and lets the next go on from whatever lies in the database. Clocks are handed in, so leases run out without waiting.
"""

from __future__ import annotations

import email
import email.policy
import multiprocessing
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor import config as settings
from monitor import handling, pipeline, rulebook
from monitor.domain.warning import Letter
from monitor.notify import MAIL, Channel, Recipient
from monitor.notify.letters import write
from monitor.store import Store, outbox
from monitor.store.outbox import LEASE
from tests.notify.letters import MORGAN, digest
from tests.notify.post_office import PostOffice, open_office
from tests.office import CORE, config, source

FIRST = date(2026, 3, 2)
DAYS = 1
LETTERS = 60
POINTS = ("pulled", "scanned", "reminded", "before a letter", "after the reply")

MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, 'scheduled' as status, source_row from raw;
"""
MAIL_BLOCK = """
[mail]
weekly_on = "never"
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
spawning.set_forkserver_preload(["tests.test_killed"])
# In the server that forks: every kind of source and channel, and the templates, so that no process has to read them first.
settings.template()
write(digest(MORGAN))


def office(folder: Path, port: int) -> Path:
    """Twelve contracts whose days come and go one after the other."""
    folder.mkdir()
    days = [FIRST + timedelta(days=number * 3 - 30) for number in range(12)]
    rows = [f"{number:02},Works {number},{number * 100}.00,{day}" for number, day in enumerate(days)]
    (folder / "register.csv").write_text("\n".join(["id,title,amount,due", *rows]) + "\n", encoding="utf-8")
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    block = source("register", "register.csv", "register.sql", published="2026-01-05")
    text = config(block, CORE, MAIL_BLOCK.format(port=port), country="CN", zone="Asia/Shanghai")
    (folder / "config.toml").write_text(text, encoding="utf-8")
    Store(settings.load(folder / "config.toml").database, create=True)
    return folder / "config.toml"


class Doomed:
    """A channel that stops the whole process before a letter, or after the server took it and before that is written down."""

    def __init__(self, inner: Channel, point: str) -> None:
        self.inner, self.point = inner, point

    def send(self, letter: Letter) -> str:
        """As the channel inside does."""
        die(self.point == "before a letter")
        reply = self.inner.send(letter)
        die(self.point == "after the reply")
        return reply


def die(now: bool) -> None:
    if now:
        os.kill(os.getpid(), signal.SIGKILL)


def go_round(path: Path, day: date, at: datetime, point: str) -> None:
    """One round of the daemon, in a process of its own, up to a point."""
    office = settings.load(path)
    store = Store(office.database)
    pipeline.pull(office, store, office.sources[0], at=at)
    die(point == "pulled")
    book = rulebook.load(office.rule_shelves(), office.calendars(), default_calendar="CN", packs=["core"])
    pipeline.scan(office, store, book, as_of=day, known_at=office.end_of_day(day), at=at)
    die(point == "scanned")
    handling.remind(office, store, as_of=day, at=at)
    die(point == "reminded")
    with office.ways(lambda: at) as ways:
        doomed = {MAIL: Doomed(ways[MAIL], point)}
        pipeline.deliver(office, store, doomed, at=at)


class Clock:
    """Every process starts when the leases of the one before have run out."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def next(self, day: date) -> datetime:
        self.at = max(self.at + LEASE + timedelta(minutes=1), datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
        return self.at


def live(path: Path, points: Sequence[str]) -> None:
    """Days of rounds; each day some are killed at a point, and the last is left alone."""
    clock = Clock()
    for place in range(DAYS):
        day = FIRST + timedelta(days=place)
        for point in (*points[place::DAYS], ""):
            process = spawning.Process(target=go_round, args=(path, day, clock.next(day), point))
            process.start()
            process.join()
            assert process.exitcode == (-signal.SIGKILL if point else 0)


Story = tuple[list[tuple[object, ...]], Counter[str], set[tuple[str, str]]]


def story(path: Path, post: PostOffice) -> Story:
    """The warnings with all that happened to them, the mails by Message-ID, and what each recipient was told of."""
    with closing(sqlite3.connect(settings.load(path).state / "lvyue.db")) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        assert db.execute("select count(*) from letter where state <> 'sent'").fetchone() == (0,)
        warnings = db.execute(
            "select a.rule, a.subject_id, e.kind, e.happened_on, e.before, e.after from alert a "
            "join alert_event e on e.alert_id = a.id order by a.rule, a.subject_id, e.id"
        ).fetchall()
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for _, raw in post.taken]
    told = {(to[0], str(mail["Subject"])) for (to, _), mail in zip(post.taken, mails, strict=True)}
    return warnings, Counter(str(mail["Message-ID"]) for mail in mails), told


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The same days without a kill."""
    with open_office() as post:
        path = office(tmp_path_factory.mktemp("calm") / "office", post.port)
        live(path, [])
        yield story(path, post)


def test_killed_at_every_point_with_a_name(tmp_path: Path, undisturbed: Story) -> None:
    with open_office() as post:
        path = office(tmp_path / "office", post.port)
        live(path, POINTS)
        warnings, mails, told = story(path, post)
    calm_warnings, calm_mails, calm_told = undisturbed
    assert warnings == calm_warnings
    assert told == calm_told
    assert set(calm_mails.values()) == {1}
    assert len(mails) == len(calm_mails)
    assert Counter(mails.values())[2] == 1, "only what the server had taken comes again, with the same Message-ID"


def deliver(path: Path, at: datetime) -> None:
    """One sender, in a process of its own."""
    office = settings.load(path)
    with office.ways(lambda: at) as ways:
        pipeline.deliver(office, Store(office.database), ways, at=at)


@pytest.mark.parametrize("kills", [40, pytest.param(200, marks=pytest.mark.long)])
def test_senders_killed_at_random(tmp_path: Path, kills: int) -> None:
    chance, clock = random.Random(20260302), Clock()
    with open_office() as post:
        path = office(tmp_path / "office", post.port)
        people = [Recipient(address=f"person-{number:02}@office.example", lang="en") for number in range(LETTERS)]
        letters = [replace(digest(to), created_at=clock.at) for to in people]
        with Store(settings.load(path).database).writing() as db:
            assert outbox.post(db, letters, run_id=None) == LETTERS
        for _ in range(kills):
            process = spawning.Process(target=deliver, args=(path, clock.next(FIRST)))
            process.start()
            process.join(chance.uniform(0, 0.3))
            process.kill()
            process.join()
        assert post.taken, "senders were killed at work, not before it"
        deliver(path, clock.next(FIRST))
        _, mails, told = story(path, post)
    assert {to for to, _ in told} == {one.address for one in people}, "every letter came"
    assert len(mails) == LETTERS, "what came twice has the same Message-ID"
