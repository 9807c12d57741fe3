"""What systemd is told over NOTIFY_SOCKET: sd_notify(3) in the few lines it takes, without its library."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

SEND_SECONDS = 1.0
"""A manager that does not read must not hold up the scheduler."""


def ready(status: str) -> bool:
    """The service works: migrated, scheduled, first write made. Ends a reload, too."""
    return notify("READY=1", _status(status))


def tell_status(status: str) -> bool:
    """One line for `systemctl status`."""
    return notify(_status(status))


def alive() -> bool:
    """Holds off WatchdogSec; only to be sent while the scheduler's own tick is fresh."""
    return notify("WATCHDOG=1")


def stopping(status: str) -> bool:
    """The service ends by itself: it takes no more work."""
    return notify("STOPPING=1", _status(status))


def reloading() -> bool:
    """Configuration is read again; `ready` ends it. Type=notify-reload asks for the monotonic instant."""
    return notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """WatchdogSec of the unit in seconds, when systemd watches this very process; else None."""
    watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    text = environment.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if watched and text.isdecimal() and int(text) else None


def notify(*lines: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send lines as one datagram. False where nobody listens: not under systemd, or its socket is gone."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):  # Linux's abstract sockets have a name that begins with a zero byte
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(SEND_SECONDS)
            out.sendto("\n".join(lines).encode("utf-8", "replace"), address)
    except OSError:
        return False  # the service must not end because its manager is away; a watchdog that hears nothing acts itself
    return True


def _status(text: str) -> str:
    """A line break would begin another assignment."""
    return "STATUS=" + " ".join(text.split())
