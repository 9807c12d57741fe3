"""The process: who leads, what signals do, and that nothing is worked twice or half."""

from __future__ import annotations

import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.daemon.service import BEAT
from monitor.store.leader import QUIET
from tests.daemon import ROWS, Serving, office
from tests.daemon.conftest import OfficeMaker
from tests.postgres import Postgres, rows

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
ROUND = "backup:"
"""What a service says when its first round is through."""


class Hanging:
    """A publisher that answers when it is told to. `asked` counts requests."""

    def __init__(self) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()
        self.asked = 0

    def __call__(self, _request: Request) -> Response:
        self.asked += 1
        self.inside.set()
        self.go_on.wait(60)
        return Response(ROWS, content_type="text/csv")

    def let_go(self) -> None:
        """Whoever waits is answered; who comes next waits again."""
        self.go_on.set()
        self.go_on, self.inside = threading.Event(), threading.Event()


@pytest.fixture
def hanging(httpserver: HTTPServer) -> Iterator[Hanging]:
    publisher = Hanging()
    httpserver.expect_request("/register").respond_with_handler(publisher)
    yield publisher
    publisher.go_on.set()


def test_one_leads_one_stands_by_and_takes_over_when_the_first_is_killed(office_on: OfficeMaker) -> None:
    """Test 3. The standby needs no more than a few beats: see the constants."""
    assert QUIET + 2 * BEAT < 5
    made = office_on()
    with Serving(made) as first:
        first.until(ROUND)
        refused = made.lvyue("serve")
        assert refused.code == 7
        assert str(first.process.pid) in refused.err
        assert "--standby" in refused.err
        with Serving(made, "--standby") as second:
            second.until("standing by")
            first.send(signal.SIGKILL)
            second.until("serving")
            assert second.stop() == 0
    assert made.rows("select epoch from leader where released") == [(2,)]
    assert made.rows("select kind, count(*) from run group by 1 order by 1") == [
        ("backup", 1), ("pull", 1), ("remind", 1), ("scan", 1),
    ]  # fmt: skip
    assert made.rows("select count(*) from letter") == made.rows("select count(*) from alert"), (
        "no turn was worked twice"
    )


def test_what_a_leader_that_slept_brings_late_is_refused(
    office_on: OfficeMaker, hanging: Hanging, httpserver: HTTPServer
) -> None:
    """Test 4: stopped in the middle of a pull, deposed after its lease, woken again."""
    made = office_on(location=httpserver.url_for("/register"))
    with Serving(made, "--standby") as sleeper:
        assert hanging.inside.wait(60)
        sleeper.send(signal.SIGSTOP)
        with Serving(made, "--standby") as other:
            other.until("serving")
            hanging.go_on.set()
            other.until(ROUND)
            sleeper.send(signal.SIGCONT)
            sleeper.until("another service leads now")
            sleeper.until("standing by")
            assert other.stop() == 0
        sleeper.until("serving")
        assert sleeper.stop() == 0
    assert hanging.asked == 2
    assert made.rows("select kind, state from run order by id") == [
        ("pull", "interrupted"), ("pull", "ok"), ("scan", "ok"), ("remind", "unchanged"), ("backup", "ok"),
    ]  # fmt: skip
    assert made.rows("select count(*) from edition") == [(1,)]
    assert made.rows("select epoch from leader") == [(3,)]
    assert made.rows("select attempts, epoch, state from slot where job = 'pull:register'") == [(2, 2, "ok")]


@pytest.mark.long
def test_asked_to_stop_during_a_long_pull_it_leaves_within_its_limit_and_the_next_start_goes_on(
    tmp_path: Path, hanging: Hanging, httpserver: HTTPServer
) -> None:
    """Test 5."""
    made = office(tmp_path, location=httpserver.url_for("/register"))
    with Serving(made) as service:
        assert hanging.inside.wait(60)
        assert service.stop() == 0
        assert "not finished within 3" in "".join(service.said)
    assert made.rows("select kind, state from run") == [("pull", "interrupted")]
    hanging.let_go()
    with Serving(made) as again:
        assert hanging.inside.wait(60)
        again.send(signal.SIGTERM)
        again.until("stopping")
        again.send(signal.SIGTERM)
        assert again.rest() == 128 + signal.SIGTERM, "the second one leaves at once"
    hanging.go_on.set()
    with Serving(made) as last:
        last.until(ROUND)
        assert last.stop() == 0
    assert made.rows("select attempts, state from slot where job = 'pull:register'") == [(3, "ok")]
    assert made.rows("select state, count(*) from run where kind = 'pull' group by 1 order by 1") == [
        ("interrupted", 2), ("ok", 1),
    ]  # fmt: skip
    assert made.rows("pragma integrity_check") == [("ok",)]


@pytest.mark.long  # SQLite waits five seconds for whoever writes
@pytest.mark.parametrize("words", [[], ["--standby"]], ids=["alone", "standing by"])
def test_a_database_that_somebody_holds_ends_no_service_and_gives_nobody_the_lead(
    tmp_path: Path, words: list[str]
) -> None:
    made = office(tmp_path)
    made.ok("db", "upgrade")
    with closing(sqlite3.connect(made.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        with Serving(made, *words) as service:
            assert "another program is writing" in service.until("waiting: ")
            other.execute("rollback")
            service.until("serving")
            assert service.stop() == 0
    assert "Traceback" not in "".join(service.said)
    assert made.rows("select epoch from leader") == [(1,)]


def test_a_server_that_is_away_for_a_while_is_waited_for(tmp_path: Path, postgres: Postgres) -> None:
    """By the one that leads, and by the one that stands by with a connection of its own: both were cut off."""
    server = postgres.server(tmp_path / "state")
    made, name = office(tmp_path), postgres.name(server)
    made.write(f'database = "{server.setting}"\n{made.path.read_text(encoding="utf-8")}')
    with Serving(made) as first:
        first.until(ROUND)  # a turn that is cut off in its middle would end it
        with Serving(made, "--standby") as second:
            second.until("standing by")
            postgres.run(f"alter database {name} allow_connections false")
            postgres.run(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
            first.until("waiting: ")
            second.until("waiting: ")
            postgres.run(f"alter database {name} allow_connections true")
            first.send(signal.SIGKILL)
            second.until("serving")
            assert second.stop() == 0
    assert rows(server, "select epoch > 1, released from leader") == [(True, True)]


def test_config_and_rules_are_read_again_and_the_last_good_ones_stay(tmp_path: Path) -> None:
    made = office(tmp_path)
    good = made.path.read_text(encoding="utf-8")
    with Serving(made) as service:
        service.until(ROUND)
        made.write(good.replace("[mail]", "[mial]"))
        service.send(signal.SIGHUP)
        assert 'did you mean "mail"?' in service.until("the last good ones stay")
        made.write(good.replace("[mail]", '[schedule]\ndaily_at = "07:30"\n[mail]'))
        service.send(signal.SIGHUP)
        service.until("were read again")
        assert made.ok("alerts", "list").out, "people and reports are not kept out while it serves"
        assert service.stop() == 0
    assert "Traceback" not in "".join(service.said)


def test_a_rule_that_was_saved_in_another_encoding_ends_nothing(tmp_path: Path) -> None:
    made, pack = office(tmp_path), tmp_path / "own" / "house"
    pack.mkdir(parents=True)
    text = made.path.read_text(encoding="utf-8").replace("[mail]", '[shelves]\nrules = ["own"]\n[mail]')
    text = text.replace('packs = ["core"]', "packs = []")
    with Serving(made) as service:
        service.until(ROUND)
        (pack / "pack.toml").write_bytes('name = { zh = "本地", en = "House" }\n'.encode("gb18030"))
        made.write(text)
        service.send(signal.SIGHUP)
        assert "house/pack.toml: is not UTF-8 text" in service.until("the last good ones stay")
        assert service.stop() == 0
