"""The words systemd hears, over real sockets."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.health import systemd

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no systemd")


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """systemd's end of NOTIFY_SOCKET."""
    if request.param == "abstract" and not sys.platform.startswith("linux"):
        pytest.skip("abstract sockets are Linux's")
    name = str(tmp_path / "notify") if request.param == "file" else f"@lvyue-{os.getpid()}-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name.startswith("@") else name)
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listening


def heard(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().split("\n")


def test_each_word_arrives_as_one_datagram(manager: socket.socket) -> None:
    assert systemd.ready("下一轮 06:00")
    assert heard(manager) == ["READY=1", "STATUS=下一轮 06:00"]
    assert systemd.alive()
    assert heard(manager) == ["WATCHDOG=1"]
    assert systemd.stopping("finishing the round")
    assert heard(manager) == ["STOPPING=1", "STATUS=finishing the round"]


def test_a_status_cannot_say_anything_else(manager: socket.socket) -> None:
    assert systemd.tell_status("source x failed\nWATCHDOG=trigger\r\nEXTEND_TIMEOUT_USEC=99")
    assert heard(manager) == ["STATUS=source x failed WATCHDOG=trigger EXTEND_TIMEOUT_USEC=99"]


def test_a_reload_says_when_it_began(manager: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    assert systemd.reloading()
    first, second = heard(manager)
    assert first == "RELOADING=1"
    assert before <= int(second.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", "@nobody-listens-here"])
def test_where_nobody_listens_nothing_happens(address: str) -> None:
    assert not systemd.notify("READY=1", environment={"NOTIFY_SOCKET": address})


def test_the_watchdog_is_only_ours_when_it_names_us() -> None:
    us = str(os.getpid())
    assert systemd.watchdog_seconds({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": us}) == 120
    assert systemd.watchdog_seconds({"WATCHDOG_USEC": "120000000"}) == 120
    assert systemd.watchdog_seconds({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}) is None
    assert systemd.watchdog_seconds({"WATCHDOG_USEC": "soon"}) is None
    assert systemd.watchdog_seconds({}) is None
