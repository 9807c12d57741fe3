"""One request on the wire: its deadline, its attempts, its proxy, and the address it may connect to.

From the outside in: httpx.Client, RetryTransport (`Patience` says when to try again), `Wire` (one attempt, to
the last byte), httpcore's pool, `Network` (whom to connect to), `Stream` (no wait past the deadline).
"""

from __future__ import annotations

import copy
import logging
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Self

import httpcore
import httpx
from httpx_retries import Retry
from pydantic import ConfigDict

from monitor.domain.errors import ConfigError, SourceError
from monitor.sources.addresses import is_loopback, redact, refuse_address
from monitor.sources.unpack import Body, BrokenOff, ungzipped

RETRY_STATUSES = (408, 425, 429, 500, 502, 503, 504)
DOCUMENT_STATUSES = (200, 203)

# Both log each request's whole address, with the secrets in its query.
for _name in ("httpx", "httpx_retries.transport"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """How much patience and memory one document may cost.

    `max_bytes` counts unpacked bytes. `deadline_seconds` spans the whole fetch, `idle_seconds` one silence of
    the other side. The wait before attempt n + 1 is half to all of `backoff_seconds` times 2 to the power n.
    """

    max_bytes: int = 64 * 2**20
    deadline_seconds: float = 120.0
    idle_seconds: float = 30.0
    attempts: int = 4
    backoff_seconds: float = 0.5

    # A misspelt limit in config.toml must not be a limit that silently does not hold.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if min(self.max_bytes, self.deadline_seconds, self.idle_seconds, self.attempts) <= 0:
            raise ValueError("max_bytes, deadline_seconds, idle_seconds and attempts must be above zero")
        if self.backoff_seconds < 0:
            raise ValueError("backoff_seconds must not be below zero")


class Late(Exception):
    """The deadline has passed."""


class Again(Exception):
    """This attempt failed in a way that may pass. The text says how."""


class Deadline:
    """The moment at which the whole fetch ends, whoever is waiting for what."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def clip(self, timeout: float | None) -> float:
        """The timeout in seconds, or what is left if that is less. Raises Late when nothing is."""
        remaining = self.remaining()
        if not remaining:
            raise Late
        return remaining if timeout is None else min(timeout, remaining)


class Wire(httpx.BaseTransport):
    """One attempt, from connecting to the last byte: what breaks off half-way can be tried again."""

    def __init__(self, url: httpx.URL, limits: FetchLimits, *, private: bool = False) -> None:
        self.limits = limits
        self.shown = redact(str(url))
        self.deadline = Deadline(limits.deadline_seconds)
        self.attempts = 0
        self._pool = _pool(url, self.deadline, private=private)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.deadline.clip(None)
        self.attempts += 1
        waits = dict.fromkeys(("connect", "read", "write", "pool"), self.limits.idle_seconds)
        try:
            with self._pool.stream(
                "GET", _core_url(request.url), headers=request.headers.raw, extensions={"timeout": waits}
            ) as answer:
                head = httpx.Response(answer.status, headers=answer.headers)
                wanted = answer.status in DOCUMENT_STATUSES
                content = self._content(answer.iter_stream(), head.headers) if wanted else b""
        except BrokenOff as problem:
            raise Again(str(problem)) from problem
        except httpcore.TimeoutException as problem:
            raise Again("no answer in time") from problem
        except httpcore.LocalProtocolError:
            # Its text quotes the header's value, which may be a key.
            raise ConfigError(f"{self.shown}: a header of this source cannot be sent") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as problem:
            raise self._explained(problem) from problem
        for packing in ("Content-Encoding", "Content-Length", "Transfer-Encoding"):
            head.headers.pop(packing, None)  # or httpx would unpack a second time
        return httpx.Response(head.status_code, headers=head.headers, content=content)

    def close(self) -> None:
        self._pool.close()

    def _content(self, chunks: Iterable[bytes], headers: httpx.Headers) -> bytes:
        encoding = headers.get("Content-Encoding", "").strip().lower() or "identity"
        body = Body(self.shown, self.limits.max_bytes, encoding)
        for chunk in chunks:
            body.feed(chunk)
        return ungzipped(body.whole(), self.shown, self.limits.max_bytes)

    def _explained(self, problem: Exception) -> Exception:
        cause = problem.args[0] if problem.args else None  # the pool cuts __cause__ off
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceError(
                f"{self.shown}: its certificate is not trusted ({cause.verify_message})",
                hint="if your office's proxy signs for it, point SSL_CERT_FILE at the office's certificates",
                permanent=True,
            )
        return Again(str(problem) or type(problem).__name__)


class Patience(Retry):
    """When to try again: the library's rules, but no wait that the deadline would cut short."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(
            total=wire.limits.attempts - 1,
            allowed_methods=["GET"],
            status_forcelist=RETRY_STATUSES,
            retry_on_exceptions=[Again],
            backoff_factor=wire.limits.backoff_seconds,
            backoff_jitter=0.5,
            max_backoff_wait=wire.limits.deadline_seconds,
        )
        self._wire = wire

    def increment(self) -> Self:
        # The library's own builds a plain Retry from known fields and would lose the deadline.
        following = copy.copy(self)
        following.attempts_made += 1
        return following

    def sleep(self, response: httpx.Response | Exception) -> None:
        """Waits; raises SourceError at once when the publisher asks for more time than is left."""
        wait = response.headers.get("Retry-After") if isinstance(response, httpx.Response) else None
        if wait and self._asked_seconds(wait) >= self._wire.deadline.remaining():
            raise SourceError(
                f"{self._wire.shown}: busy, and asks us to come back later (Retry-After: {wait[:40]})",
                hint="tried again at the next pull",
            )
        super().sleep(response)

    def backoff_strategy(self) -> float:
        return min(super().backoff_strategy(), self._wire.deadline.remaining())

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return super().parse_retry_after(retry_after)
        except OverflowError as error:  # a date in the year 99999999999
            raise ValueError("not a date") from error

    def _asked_seconds(self, retry_after: str) -> float:
        try:
            return self.parse_retry_after(retry_after)
        except ValueError:
            return 0.0


class Network(httpcore.NetworkBackend):
    """Connections that know the deadline, and look at an address before they connect to it."""

    def __init__(self, deadline: Deadline, *, guarded: bool, private: bool = False) -> None:
        self._deadline = deadline
        self._guarded = guarded
        self._private = private
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        # The address that was looked at is the one that is called: a second look-up could give another.
        try:
            addresses = _resolve(host, port)
        except (socket.gaierror, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not found ({error})") from error
        for address in addresses if self._guarded else ():
            refuse_address(host, address, private=self._private)
        problem: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                wait = self._deadline.clip(timeout)
                stream = self._plain.connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return Stream(stream, self._deadline)
        raise problem


class Stream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline: httpx's own timeouts start anew with each byte."""

    def __init__(self, plain: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._plain = plain
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, self._deadline.clip(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, self._deadline.clip(timeout))

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            wait = self._deadline.clip(timeout)
        except Late:
            self.close()  # httpcore leaves this to us, as its own streams do it
            raise
        return Stream(self._plain.start_tls(ssl_context, server_hostname, wait), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._plain.get_extra_info(info)


def _pool(url: httpx.URL, deadline: Deadline, *, private: bool) -> httpcore.ConnectionPool:
    proxy = _proxy(url)
    if proxy is None:
        tls = _trust() if url.scheme == "https" else None
        return httpcore.ConnectionPool(
            ssl_context=tls, network_backend=Network(deadline, guarded=True, private=private)
        )
    # The proxy resolves names, so only an address written as a number can be looked at here.
    with suppress(socket.gaierror):
        for address in _resolve(url.host, url.port, flags=socket.AI_NUMERICHOST):
            refuse_address(url.host, address, private=private)
    return httpcore.HTTPProxy(
        _core_url(proxy.url),
        proxy_auth=proxy.raw_auth,
        ssl_context=_trust() if url.scheme == "https" else None,
        proxy_ssl_context=_trust() if proxy.url.scheme == "https" else None,
        network_backend=Network(deadline, guarded=False),
    )


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy that the environment (HTTP_PROXY, ALL_PROXY, NO_PROXY …) names; none towards this machine."""
    proxies = urllib.request.getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address or is_loopback(url.host) or urllib.request.proxy_bypass(url.netloc.decode("ascii")):
        return None
    with suppress(ValueError, httpx.InvalidURL):
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        # socks5 would need another library; httpx only says so with an ImportError.
        if proxy.url.scheme in ("http", "https"):
            return proxy
    raise ConfigError(
        f"{url.host}: the environment's proxy for {url.scheme} is none that speaks http:// or https://",
        hint=f"correct {url.scheme.upper()}_PROXY or ALL_PROXY, or put {url.host} into NO_PROXY",
    )


def _trust() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigError(
            "SSL_CERT_FILE or SSL_CERT_DIR: no certificates can be read there", hint="correct it, or unset it"
        ) from error


def _resolve(host: str, port: int | None, *, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
