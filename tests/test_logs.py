"""What the service writes about itself: one event a line, in UTC, in the language it was said in, and no secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from pytest_httpserver import HTTPServer

from monitor import daemon
from monitor.cli import logs
from monitor.config import load
from monitor.store import Store
from tests.office import CORE, Office, config, source

NOW = datetime(2026, 3, 20, 6, 0, tzinfo=UTC)
MAPPING = """
create view contract as select id, title, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, 'scheduled' as status, source_row from raw;
"""
PASSWORD, TOKEN, KEY = "Planted-Password-1", "Planted-Token-2", "planted-key-3-0b1c2d3e4f"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The log is of the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logger.remove()
    logger.configure(patcher=lambda _record: None)
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.to_stderr("INFO", "json")
    with logger.contextualize(run=7, source="register"):
        logger.info("来源“{name}”：第一行\n第二行", name="登记册")
    logger.debug("not this")
    (told,) = lines(capsys.readouterr().err)
    assert told["message"] == "来源“登记册”：第一行\n第二行"
    assert (told["level"], told["run"], told["source"], told["name"]) == ("info", 7, "register", "登记册")
    assert datetime.fromisoformat(told["at"]).utcoffset() == timedelta(0)


def test_chinese_stays_chinese_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.to_stderr("INFO", "json")
    logger.info("研判完成")
    assert "研判完成" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json"])
def test_libraries_are_heard_in_the_same_log_and_say_no_more_than_their_words(
    form: logs.Form, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.to_stderr("DEBUG", form)
    logging.getLogger("alembic").info("running the upgrade")
    logging.getLogger("httpx").info("HTTP Request: POST https://robot.example/send?key=%s", KEY)
    logging.getLogger("sqlalchemy.engine").info("[parameters] (%s)", PASSWORD)
    try:
        secret = PASSWORD
        raise ValueError("out of range" if secret else "")
    except ValueError:
        logging.getLogger("apscheduler").exception("job failed at https://user:%s@host.example/x?y=%s", TOKEN, KEY)
        logger.exception("ours failed")
    said = capsys.readouterr().err
    assert "running the upgrade" in said
    assert "job failed at https://host.example/…: ValueError: out of range" in said
    assert not [planted for planted in (PASSWORD, TOKEN, KEY) if planted in said]
    if form == "json":
        assert [line.get("library") for line in lines(said)] == ["alembic", "apscheduler", None]
        assert lines(said)[-1]["error"] == "ValueError: out of range"


def test_a_round_that_goes_wrong_everywhere_writes_no_secret(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A password of the mail server, a token of a register and a robot's key, all in use and all refused."""
    for name, value in (("MAIL_PASSWORD", PASSWORD), ("TOKEN", TOKEN)):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROBOT", httpserver.url_for(f"/hook/{KEY}?access_token={KEY}"))
    httpserver.expect_request("/register").respond_with_data("no", status=403)
    httpserver.expect_request(f"/hook/{KEY}").respond_with_data(f"no such {KEY}", status=404)
    (tmp_path / "register.sql").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "good.csv").write_text("id,title,due\nA,Road,2026-03-01\n", encoding="utf-8")
    mail = (
        f'[mail.smtp]\nhost = "127.0.0.1"\nport = {_nobody()}\nusername = "u"\npassword = "env:MAIL_PASSWORD"\n'
        "timeout_seconds = 1"
    )
    robot = '[[channel]]\nname = "robot"\nkind = "wecom"\nurl = "env:ROBOT"\n[[recipient]]\nvia = "robot"\nlang = "en"'
    person = '[[recipient]]\naddress = "chen@x.example"\nlang = "en"'
    good = source("good", "good.csv", "register.sql", published=date(2026, 3, 1))
    closed = source("closed", httpserver.url_for("/register"), "register.sql", published=date(2026, 3, 1))
    closed += '\nheaders = { Authorization = "env:TOKEN" }'
    office = Office(tmp_path, config(CORE, mail, robot, person, good, closed, zone="UTC"))
    read = load(office.path)
    logs.to_stderr("DEBUG", "json")
    store = Store(read.database, create=True)
    done = daemon.once(
        read, store, as_of=NOW.date(), known_at=read.end_of_day(NOW.date()), clock=lambda: NOW + timedelta(hours=4)
    )
    for failure in done.failures:
        logger.error("{reason}", reason=failure.message)
    # the server of this test is a library of this process too, and logs what it was asked
    said = "".join(line for line in capsys.readouterr().err.splitlines(keepends=True) if "werkzeug" not in line)
    assert any(request.headers.get("Authorization") == TOKEN for request, _ in httpserver.log), "the token was used"
    assert any(request.path == f"/hook/{KEY}" for request, _ in httpserver.log), "the robot was asked"
    assert len(lines(said)) > 4
    assert done.delivered.sent == 0
    assert not [planted for planted in (PASSWORD, TOKEN, KEY) if planted in said]


def _nobody() -> int:
    """A port at which nobody listens."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
