"""The little web server beside the service: `/healthz`, `/readyz`, `/metrics`, and nothing else.

It reads and never writes; no part of an address goes anywhere. Threads, connections, header sizes and waiting are bounded.
"""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST
from waitress.server import create_server

from monitor.config import Config
from monitor.domain.errors import ConfigError, LvyueError
from monitor.health.metrics import exposition
from monitor.health.probes import Sight, probed
from monitor.health.pulse import Pulse
from monitor.store import Store, vitals

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

THREADS = 2
CONNECTIONS = 20
PATIENCE = 10
"""Seconds for which a connection may say nothing."""
TEXT, JSON = "text/plain; charset=utf-8", "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is looked at. `config` is asked anew each time: it may have been reloaded."""

    config: Callable[[], Config]
    store: Store
    pulse: Pulse
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic


def sight(service: Service) -> Sight:
    """One look at all of it. A database that does not answer is part of what is seen."""
    config, at = service.config(), service.clock()
    found, trouble = None, ""
    try:
        with service.store.reading() as db:
            found = vitals.read(db, at)
    except LvyueError as error:
        trouble = error.message
    try:
        free = shutil.disk_usage(config.state).free
    except OSError:
        free = None
    return Sight(
        at=at, monotonic=service.monotonic(), beat=service.pulse.beat(),
        sources={source.name: source.apart for source in config.sources},
        vitals=found, trouble=trouble, disk_free=free,
    )  # fmt: skip


def application(service: Service) -> Callable[[WSGIEnvironment, StartResponse], Sequence[bytes]]:
    """The pages as WSGI."""

    def answer(environment: WSGIEnvironment, start: StartResponse) -> Sequence[bytes]:
        status, kind, body = _page(service, environment["REQUEST_METHOD"], environment.get("PATH_INFO", ""))
        headers = [
            ("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]  # fmt: skip
        if status.startswith("405"):
            headers.append(("Allow", "GET, HEAD"))
        start(status, headers)
        return [] if environment["REQUEST_METHOD"] == "HEAD" else [body]

    return answer


def _page(service: Service, method: str, path: str) -> tuple[str, str, bytes]:
    if path not in ("/healthz", "/readyz", "/metrics"):
        return "404 Not Found", TEXT, b"/healthz /readyz /metrics\n"
    if method not in ("GET", "HEAD"):
        return "405 Method Not Allowed", TEXT, b"GET or HEAD\n"
    if path == "/healthz":
        return "200 OK", TEXT, b"ok\n"
    try:
        seen = sight(service)
        return _ready(seen) if path == "/readyz" else ("200 OK", CONTENT_TYPE_LATEST, exposition(seen))
    except Exception as error:  # the edge of a request: whoever asks must hear that something is wrong
        logger.error("{path} failed: {kind}: {reason}", path=path, kind=type(error).__name__, reason=str(error)[:300])
        return "500 Internal Server Error", TEXT, b"see the log\n"


def _ready(seen: Sight) -> tuple[str, str, bytes]:
    probes = probed(seen)
    ready = all(probe.well for probe in probes)
    told = {
        "ready": ready,
        "at": seen.at.isoformat(timespec="seconds"),
        "leading": seen.beat.leading if seen.beat else None,
        "probes": [
            {"name": probe.name, "well": probe.well, "zh": probe.zh, "en": probe.en} for probe in probes
        ],
    }  # fmt: skip
    body = json.dumps(told, ensure_ascii=False, indent=1).encode()
    return ("200 OK" if ready else "503 Service Unavailable"), JSON, body


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Answer at `service.listen` while the block lasts; the address is given, empty where the setting is.

    Raises ConfigError when the address cannot be had.
    """
    listen = service.config().settings.service.listen
    if not listen:
        yield ""
        return
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        listening = socket.create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, OverflowError) as error:
        hint = "is another Lvyue running? choose another address in [service], or empty for none"
        raise ConfigError(f"service.listen = {listen!r}: {error}", hint=hint) from error
    server: Any = create_server(
        application(service), sockets=[listening], threads=THREADS, connection_limit=CONNECTIONS,
        channel_timeout=PATIENCE, cleanup_interval=PATIENCE, max_request_header_size=8192, max_request_body_size=1024,
        ident=None, clear_untrusted_proxy_headers=True,
    )  # fmt: skip
    worker = threading.Thread(target=server.run, name="health", daemon=True)
    worker.start()
    try:
        yield f"http://{host}:{listening.getsockname()[1]}"
    finally:
        with server.trigger.lock:  # or its thread, awake already, closes the pipe before this one has written into it
            # In its own thread: its loop is not made for another's hand.
            server.trigger.thunks.append(lambda: _close(server))
            server.trigger.pull_trigger()
        worker.join(PATIENCE)


def _close(server: Any) -> None:
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.close()
    server.trigger.socket.close()  # its end of the pipe; `close` only takes it off the loop
