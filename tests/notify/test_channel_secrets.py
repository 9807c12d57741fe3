"""The address of a robot is its password: no setting, message or log repeats it."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from pydantic import ValidationError
from pytest_httpserver import HTTPServer

from monitor.domain.errors import ConfigError, DeliveryError
from monitor.notify.kinds import kinds
from tests.notify import rude
from tests.notify.channels import KEY, OK, SECRETS, TOKEN, address, answer, channel, settings
from tests.notify.letters import warning

HOOKS = sorted(kinds())
KEPT = (TOKEN, *SECRETS.values(), repr(KEY), KEY.hex())


@pytest.mark.parametrize("kind", HOOKS)
def test_settings_do_not_show_where_they_point(kind: str) -> None:
    made = kinds()[kind].model_validate(settings(kind, f"https://chat.example/{TOKEN}?key={TOKEN}"))
    assert not any(kept in f"{made!r} {made} {made.model_dump()}" for kept in KEPT)
    wrong: list[dict[str, Any]] = [
        {"url": f"http://chat.example/{TOKEN}"}, {"url": f"ftp://chat.example/{TOKEN}"}, {"url": f"https:///{TOKEN}"},
        {"url": TOKEN}, {"url": f"https://chat.example:{TOKEN}/"}, {"timeout_seconds": 0}, {"token": TOKEN},
    ]  # fmt: skip
    for change in wrong:
        with pytest.raises(ValidationError) as fault:
            kinds()[kind].model_validate(settings(kind, f"https://chat.example/{TOKEN}") | change)
        assert not any(kept in str(fault.value) for kept in KEPT)


def test_only_this_machine_is_spoken_to_in_the_clear() -> None:
    for url in (
        "http://127.0.0.1:8080/hook",
        "http://localhost/hook",
        "http://[::1]:8080/hook",
        "https://10.0.0.7/hook",
    ):
        assert channel("wecom", url)
    with pytest.raises(ValidationError, match="https://"):
        channel("wecom", "http://10.0.0.7/hook")


def test_an_address_is_read_from_where_the_setting_points(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(httpserver, OK["dingtalk"])
    monkeypatch.setenv("LVYUE_TEST_ROBOT", address(httpserver))
    path = tmp_path / "secret"
    path.write_text(f"{SECRETS['dingtalk']}\n", encoding="utf-8")
    path.chmod(0o600)
    channel("dingtalk", "env:LVYUE_TEST_ROBOT", secret=f"file:{path}").send(warning())
    assert len(httpserver.log) == 1
    with pytest.raises(ConfigError, match="LVYUE_NO_ROBOT is not set"):
        channel("dingtalk", "env:LVYUE_NO_ROBOT")
    monkeypatch.setenv("LVYUE_TEST_ROBOT", f"http://chat.example/{TOKEN}")
    with pytest.raises(ConfigError, match="legal-office: url must begin with https") as fault:
        channel("dingtalk", "env:LVYUE_TEST_ROBOT")
    assert TOKEN not in str(fault.value)


@pytest.mark.parametrize(
    "secret", ["", "plain words", SECRETS["webhook"][6:], "whsec_c2hvcnQ=", "whsec_###", "whsec_密钥"]
)
def test_a_key_that_the_receiver_would_read_otherwise_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError, match="whsec_ and 24 to 64 bytes") as fault:
        channel("webhook", "https://register.example/hook", secret=secret)
    assert not secret or secret not in str(fault.value)


@pytest.mark.parametrize("kind", HOOKS)
def test_whatever_the_other_side_repeats_is_not_told_on(
    kind: str, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even by a log that writes down every variable on the way, nor by the libraries below at their most talkative."""
    said = io.StringIO()
    sink = logger.add(said, level="TRACE", diagnose=True, backtrace=True)
    caplog.set_level(logging.DEBUG)
    echo = " ".join((address(httpserver), *SECRETS.values()))
    made = channel(kind, address(httpserver))
    for status, code in ((200, 19001), (403, 93000), (500, 300001), (302, 0)):
        answer(
            httpserver,
            {"errcode": code, "errmsg": echo, "code": code, "msg": echo},
            status=status,
            Location=address(httpserver),
        )
        try:
            told = made.send(warning())
        except DeliveryError as fault:
            logger.exception("letter is parked: {reason}", reason=fault.message)
            told = f"{fault} {fault!r} {fault.__cause__!r}"
        logger.info("reply {reply}", reply=told)
        own = SECRETS.get(kind, TOKEN)
        assert TOKEN not in told
        assert own not in told
    with rude.rude_server(rude.hang_up) as url:
        try:
            channel(kind, f"{url}/{TOKEN}?key={TOKEN}").send(warning())
        except DeliveryError as fault:
            logger.exception("letter waits: {reason}", reason=fault.message)
    logger.remove(sink)
    assert "letter waits" in said.getvalue()
    for kept in (TOKEN, SECRETS.get(kind, TOKEN)):
        assert kept not in said.getvalue()
        ours = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]  # that is the other side
        assert kept not in "\n".join(ours)


def test_the_proxy_that_the_environment_names_is_for_others_than_this_machine(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:1")
    answer(httpserver, OK["wecom"])
    channel("wecom", address(httpserver)).send(warning())
    with pytest.raises(DeliveryError, match="proxy") as fault:
        channel("wecom", f"https://chat.example/{TOKEN}").send(warning())
    assert not fault.value.permanent
