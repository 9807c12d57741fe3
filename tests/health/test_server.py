"""The pages of the service, asked over a real socket, of a real database."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor import handling, pulling
from monitor.alerts import Act
from monitor.config import load
from monitor.daemon.work import Worker
from monitor.domain.errors import ConfigError
from monitor.health.metrics import exposition
from monitor.health.probes import Sight, probed
from monitor.health.pulse import Pulse
from monitor.health.server import Service, serving, sight
from monitor.sources.table import TableSource
from monitor.store import Store, runs
from monitor.store.vitals import Vitals
from tests import daemon
from tests.daemon import ROWS
from tests.daemon.test_work import Clock, worker
from tests.office import CORE, Office, config, source

NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
MAPPING = "create view contract as select id, title, source_row from raw;"
LISTEN = '[service]\nlisten = "127.0.0.1:0"'
RECIPIENT = '[[recipient]]\naddress = "chen@office.example"\nlang = "en"'


@dataclass
class Clocks:
    """The wall clock and the monotonic one, moved by hand."""

    now: datetime = NOON
    seconds: float = 1000.0


@dataclass
class Desk:
    """A service whose register answered this morning."""

    office: Office
    store: Store
    pulse: Pulse = field(default_factory=lambda: Pulse(started_at=NOON - timedelta(days=30)))
    clocks: Clocks = field(default_factory=Clocks)
    address: str = ""

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        return httpx.request(method, self.address + path, timeout=10)

    def ill(self) -> dict[str, str]:
        """What `/readyz` complains of, by probe."""
        return {probe["name"]: probe["en"] for probe in self.get("/readyz").json()["probes"] if not probe["well"]}

    def values(self) -> dict[tuple[str, ...], float]:
        """Every sample of `/metrics`: name and label values, by the alphabet of the labels."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}

    def ran(self, kind: str, at: datetime, state: runs.State = "ok", **more: str) -> None:
        with self.store.writing() as db:
            number = runs.start(db, kind, at=at, source=more.get("source"))
            runs.finish(db, number, state, at=at + timedelta(seconds=90), counts={"findings": 3, "unknown": 2})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "r.sql").write_text(MAPPING, encoding="utf-8")
    register = source("register", "r.csv", "r.sql", published=date(2026, 3, 1))
    office = Office(tmp_path, config(LISTEN, CORE, RECIPIENT, register, zone="UTC"))
    read = load(office.path, {})
    made = Desk(office=office, store=Store(read.database, create=True))
    made.pulse.tick(990.0)
    made.pulse.lead(True)
    made.pulse.plan("round")
    made.ran("pull", NOON - timedelta(hours=6), source="register")
    made.ran("scan", NOON - timedelta(hours=6))
    made.ran("backup", NOON - timedelta(hours=6))
    service = Service(
        config=lambda: load(office.path, {}), store=made.store, pulse=made.pulse, clock=lambda: made.clocks.now,
        monotonic=lambda: made.clocks.seconds,
    )  # fmt: skip
    with serving(service) as address:
        made.address = address
        yield made


def test_a_service_that_is_well_says_so(desk: Desk) -> None:
    assert (desk.get("/healthz").status_code, desk.get("/healthz").text) == (200, "ok\n")
    ready = desk.get("/readyz")
    assert (ready.status_code, ready.json()["ready"], ready.json()["leading"]) == (200, True, True)
    assert {"database", "scheduler", "source register", "outbox", "parked", "scan", "backup"} <= {
        probe["name"] for probe in ready.json()["probes"]
    }
    assert any("最近一次应答：2026-03-20T06:00:00Z" in probe["zh"] for probe in ready.json()["probes"])


def test_a_scheduler_that_stands_still_is_alive_and_not_ready(desk: Desk) -> None:
    desk.clocks.seconds = 1081.0
    assert desk.get("/readyz").status_code == 503
    assert desk.ill() == {"scheduler": "The scheduler stands still; it last ticked 91 s ago."}
    assert desk.get("/healthz").status_code == 200


def test_what_was_not_done_for_days_is_told_and_what_failed_is_no_answer(desk: Desk) -> None:
    desk.clocks.now = NOON + timedelta(hours=45)
    desk.ran("pull", NOON + timedelta(hours=44), "failed", source="register")
    assert desk.ill().keys() == {"source register", "scan"}
    desk.clocks.now = NOON + timedelta(days=9)
    assert desk.ill().keys() == {"source register", "scan", "backup"}
    assert "2026-03-20T06:00:00Z" in desk.ill()["source register"]
    desk.ran("pull", NOON + timedelta(days=8), "unchanged", source="register")
    assert desk.ill().keys() == {"scan", "backup"}, "nothing new is an answer"


@pytest.mark.parametrize(("every_hours", "well", "ill"), [(None, 50, 51), (1, 4, 5), (6, 14, 15), (168, 338, 339)])
def test_a_source_is_silent_by_its_own_schedule(every_hours: int | None, well: int, ill: int) -> None:
    """One turn may fail, and the next be late: hours after the last answer."""
    given = {"name": "register", "location": "r.csv", "mapping": "r.sql", "every_hours": every_hours}
    source = TableSource.model_validate(given)
    vitals = Vitals(
        answered={"register": NOON}, pulls={}, seconds={}, scanned_on=None, scanned_at=None, scan_counts={}, figures={},
        backed_up_at=None, letters={}, waiting_since=None, warnings={},
    )  # fmt: skip
    for hours in (well, ill):
        seen = Sight(
            at=NOON + timedelta(hours=hours), monotonic=0.0, beat=None, sources={source.name: source.apart}, vitals=vitals
        )  # fmt: skip
        [probe] = [probe for probe in probed(seen) if probe.name == "source register"]
        assert probe.well == (hours == well)


def test_a_config_that_could_not_be_reloaded_is_told(desk: Desk) -> None:
    desk.pulse.reloaded(False)
    assert desk.ill().keys() == {"reload"}
    assert desk.values()["lvyue_config_last_reload_successful",] == 0


def test_a_database_that_is_gone_is_told_by_every_page_but_the_first(desk: Desk) -> None:
    for path in desk.office.database.parent.glob("lvyue.db*"):
        path.rename(path.with_suffix(path.suffix + ".away"))
    desk.office.database.mkdir()
    assert desk.get("/healthz").status_code == 200
    assert "database" in desk.ill()
    assert desk.values()["lvyue_database_up",] == 0


def test_letters_that_wait_and_letters_set_aside_are_told(desk: Desk) -> None:
    with desk.store.writing() as db:
        for key, state in (("a", "waiting"), ("b", "parked")):
            db.exec_driver_sql(
                "insert into letter (key, kind, recipient, lang, channel, content, created_at, state, attempts, next_try_at)"
                f" values ('{key}', 'alert', 'x@y.example', 'en', 'mail', '{{}}', '2026-03-20 07:00:00', '{state}', 0,"
                " '2026-03-20 07:00:00')"
            )
    assert desk.ill().keys() == {"outbox", "parked"}
    seen = desk.values()
    assert seen["lvyue_outbox_oldest_age_seconds",] == 5 * 3600
    assert (seen["lvyue_outbox_letters", "mail", "parked"], seen["lvyue_outbox_letters", "mail", "waiting"]) == (1, 1)


def test_numbers_say_what_happened_in_base_units(desk: Desk) -> None:
    desk.pulse.begin("round")
    desk.pulse.end("round", "failed")
    desk.pulse.overrun("round")
    desk.pulse.clock_stepped()
    desk.ran("pull", NOON, "failed", source="register")
    seen = desk.values()
    assert seen["lvyue_job_runs_total", "round", "failed"] == 1
    assert seen["lvyue_job_runs_total", "round", "ok"] == 0
    assert (seen["lvyue_scheduler_overruns_total", "round"], seen["lvyue_clock_steps_total",]) == (1, 1)
    assert (seen["lvyue_scheduler_tick_age_seconds",], seen["lvyue_leader",]) == (10, 1)
    assert (seen["lvyue_pull_runs_total", "ok", "register"], seen["lvyue_pull_runs_total", "failed", "register"]) == (
        1,
        1,
    )
    assert seen["lvyue_source_last_success_timestamp_seconds", "register"] == (NOON - timedelta(hours=6)).timestamp()
    assert seen["lvyue_run_last_duration_seconds", "scan"] == 90
    assert (seen["lvyue_scan_findings",], seen["lvyue_scan_unknown",]) == (3, 2)
    assert next(name for name in seen if name[0] == "lvyue_build_info")


def test_numbers_say_what_the_last_whole_scan_saw(tmp_path: Path) -> None:
    """Three contracts, one of them overdue, taken up three hours after its warning; a scan in between changes none of it."""
    office, clock = daemon.office(tmp_path), Clock()
    service = worker(office, clock)
    service.work()
    config = service.orders.config
    [(number,)] = office.rows("select id from alert")
    done = Act(kind="acknowledge", actor="chen", on=clock.at.date(), at=clock.at + timedelta(hours=3))
    handling.act(config, service.store, str(number), done)
    assert ("lvyue_alert_ack_seconds_count", "orange") not in samples(service, clock), "known from the next scan on"
    clock.at += timedelta(days=1)
    service.work()
    (tmp_path / "register.csv").write_text(ROWS + "9,Quay,900.00,2026-02-20\n", encoding="utf-8")
    pulling.pull(config, service.store, config.sources[0], at=clock())
    service.work()
    assert office.rows("select facts_hash is null from run where kind = 'scan' order by id") == [(0,), (0,), (1,)]
    seen = samples(service, clock)
    assert seen["lvyue_contracts", "unknown"] == 3, "this register tells of no status"
    assert seen["lvyue_alert_ack_seconds_sum", "orange"] == 3 * 3600
    assert seen["lvyue_alert_ack_seconds_count", "orange"] == 1
    unknown = {labels[0]: value for (name, *labels), value in seen.items() if name == "lvyue_rule_unknown"}
    assert unknown
    assert sum(unknown.values()) == office_counts(office)["unknown"]
    assert not [name for name, *_ in seen if name.startswith("lvyue_model")], "nothing was trained here"
    assert "figures" not in office.ok("runs", "list").out


def office_counts(office: Office) -> dict[str, float]:
    """What the last whole scan counted."""
    [(counts,)] = office.rows("select counts from run where facts_hash is not null order by id desc limit 1")
    found: dict[str, float] = json.loads(counts)
    return found


def samples(worker: Worker, clock: Clock) -> dict[tuple[str, ...], float]:
    """Every sample that a scrape of this service would find."""
    looked_at = Service(config=lambda: worker.orders.config, store=worker.store, pulse=worker.pulse, clock=clock)
    families = text_string_to_metric_families(exposition(sight(looked_at)).decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


@pytest.mark.parametrize("path", ["/", "/metrics/", "/healthz/..", "/config.toml", "/%2e%2e/config.toml"])
def test_nothing_else_is_there(desk: Desk, path: str) -> None:
    assert desk.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_it_is_asked_and_never_told(desk: Desk, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        refused = desk.get(path, method)
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
    head = desk.get(path, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(desk.get(path).content) or path == "/metrics"


def test_who_says_nothing_does_not_keep_others_waiting(desk: Desk) -> None:
    host, port = desk.address.removeprefix("http://").split(":")
    silent = [socket.create_connection((host, int(port)), timeout=5) for _ in range(5)]
    silent[0].sendall(b"GET /metr")
    assert desk.get("/healthz").status_code == 200
    silent[1].sendall(b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 20_000)
    assert b"431" in silent[1].recv(200)
    for connection in silent:
        connection.close()


def test_an_address_that_is_taken_is_a_fault_of_the_config_and_an_empty_one_means_none(tmp_path: Path) -> None:
    office = Office(tmp_path, config('[service]\nlisten = ""'))
    store = Store(load(office.path, {}).database, create=True)
    service = Service(
        config=lambda: load(office.path, {}), store=store, pulse=Pulse(started_at=NOON), clock=lambda: NOON
    )
    with serving(service) as address:
        assert address == ""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        office.write(config(f'[service]\nlisten = "127.0.0.1:{port}"'))
        with pytest.raises(ConfigError, match=str(port)), serving(service):
            pass


def test_it_ends_with_its_block_and_its_address_is_free_again(tmp_path: Path) -> None:
    office = Office(tmp_path, config(LISTEN))
    store = Store(load(office.path, {}).database, create=True)
    service = Service(
        config=lambda: load(office.path, {}), store=store, pulse=Pulse(started_at=NOON), clock=lambda: NOON
    )
    with serving(service) as address, httpx.Client() as kept_alive:
        assert kept_alive.get(address + "/healthz").status_code == 200
        assert "health" in {thread.name for thread in threading.enumerate()}
    assert "health" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("listen", ["9464", "localhost", "host:port", "a b:1", "http://x:1"])
def test_an_address_that_is_none_is_a_fault_of_the_config(tmp_path: Path, listen: str) -> None:
    office = Office(tmp_path, config(f'[service]\nlisten = "{listen}"'))
    with pytest.raises(ConfigError, match="listen"):
        load(office.path, {})
