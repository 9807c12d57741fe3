"""One message by HTTPS POST: what the webhook and the robots share. The one door of letters that are no mail.

It promises, whatever the other side does:

- an end: one deadline spans the connection, the letter and the slowest drip of an answer;
- a size: at most 64 KiB of an answer are read, and nothing is unpacked;
- a place: https, or http to this machine; no redirect is followed, a certificate must be trusted;
- silence: address, token and secret are in no message and no log, not even where the other side repeats them.

Only the search for a host's address, a single call of the system's resolver, cannot be interrupted.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import unquote

import httpx
from pydantic import SecretStr

from monitor import __version__
from monitor.domain.errors import ConfigError, DeliveryError
from monitor.notify.letters.inert import one_line

Clock = Callable[[], datetime]
"""What time it is, with a time zone. Signatures carry it; the caller brings it."""

ANSWER_LIMIT = 64 * 1024
PASSING = (408, 425, 429)
SHOWN = 300
"""Characters of an answer that people are shown."""
SHORTEST_SECRET = 8
"""Characters; a shorter part of an address, as `send` or `v2`, is no secret."""

HINTS = {
    401: "It does not accept our token or signature: correct url and secret of this channel.",
    403: "It does not accept our token or signature: correct url and secret of this channel.",
    404: "Nothing takes messages there: correct url of this channel.",
    410: "Whoever took messages there wants no more: correct url of this channel, or take the channel out.",
    413: "The letter is larger than it takes: let the receiver take more, or lower storm_over in [mail].",
}

# Both log addresses with the token in them: httpx that of each request, httpcore that of each redirect.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: an HTTP status and the first 64 KiB, as they were sent."""

    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where one channel hands its letters over. `seconds` is the deadline of one letter."""

    name: str
    seconds: float
    address: SecretStr
    secrets: tuple[SecretStr, ...] = ()
    trust: ssl.SSLContext = field(repr=False)

    def post(
        self, body: bytes, *, headers: Mapping[str, str] = MappingProxyType({}),
        query: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:  # fmt: skip
        """Send JSON; `query` is added to the address. Raises DeliveryError (passing) when no answer came.

        An answer of which only the beginning came is an answer: its status says what became of the letter. Not to be called
        from inside an event loop: it runs one of its own.
        """
        url = httpx.URL(self.address.get_secret_value())
        url = url.copy_merge_params(query) if query else url
        ours = {
            "Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity",
            "User-Agent": f"lvyue/{__version__}",
        }  # fmt: skip
        try:
            return asyncio.run(self._exchange(url, body, ours | dict(headers)))
        except (TimeoutError, httpx.HTTPError) as fault:  # `from None`: the causes hold the request with its address
            raise self._no_answer(fault) from None
        except (
            ImportError,
            ValueError,
            httpx.InvalidURL,
        ):  # httpx, when it looks at HTTPS_PROXY: socks needs another library
            raise self.fault(
                "the proxy that the environment names cannot be used",
                hint="Correct HTTPS_PROXY or ALL_PROXY (http:// or https://); the letters wait.",
            ) from None

    def refused(self, answer: Answer) -> DeliveryError:
        """What a status other than 2xx means for the letter."""
        status = answer.status
        told = f"answers {status} {self.heard(answer)}"
        if status in PASSING or status >= 500:
            return self.fault(told, hint="It is tried again.")
        redirect = "It sends us elsewhere: write the address that it means into url of this channel."
        hint = redirect if 300 <= status < 400 else HINTS.get(status, "Correct url and secret of this channel.")
        return self.fault(told, hint=f"{hint} The letter is set aside.", permanent=True)

    def fault(self, told: str, *, hint: str, permanent: bool = False) -> DeliveryError:
        """An error that names the channel and keeps its secrets."""
        return DeliveryError(f"channel {self.name}: {self.shown(told)}", hint=hint, permanent=permanent)

    def heard(self, answer: Answer) -> str:
        """The body of an answer as people may see it."""
        return self.shown(answer.body.decode("utf-8", "replace"))

    def shown(self, told: str) -> str:
        """Text of the other side, on one line, with three stars for every part of our address or secret."""
        text = one_line(told)
        for part in self._kept_back():
            text = text.replace(part, "***")
        return one_line(text, SHOWN)

    async def _exchange(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> Answer:
        """httpx's own timeouts start anew with each byte; a cancelled task ends them all."""
        status, heard = 0, bytearray()
        try:
            async with (
                asyncio.timeout(self.seconds),
                httpx.AsyncClient(verify=self.trust, trust_env=not is_loopback(url.host), timeout=None) as client,
                client.stream("POST", url, content=body, headers=headers) as response,
            ):
                status = response.status_code
                async for chunk in response.aiter_raw():
                    heard += chunk
                    if len(heard) >= ANSWER_LIMIT:
                        break
        except (TimeoutError, httpx.TransportError):
            if not status:
                raise
        return Answer(status=status, body=bytes(heard[:ANSWER_LIMIT]))

    def _no_answer(self, fault: Exception) -> DeliveryError:
        if isinstance(fault, TimeoutError):
            told = f"no answer within {self.seconds:g} seconds"
            hint = "Nobody knows whether the letter arrived. It is sent again; raise timeout_seconds if this stays."
        elif _untrusted(fault):
            told = "its certificate is not trusted here"
            hint = "Point SSL_CERT_FILE at the authority that signed it; the letters wait."
        elif isinstance(fault, httpx.ConnectError | httpx.ProxyError):
            told = f"cannot be reached: {fault}"
            hint = "Check url of this channel, the proxy and the network; the letters wait."
        else:
            told = f"the connection broke: {fault or type(fault).__name__}"
            hint = "Nobody knows whether the letter arrived. It is sent again."
        return self.fault(told, hint=hint)

    def _kept_back(self) -> list[str]:
        """The longest first, so that no part of one is left over."""
        address = self.address.get_secret_value()
        url = httpx.URL(address)
        parts = {part for part in url.path.split("/") if len(part) >= SHORTEST_SECRET}
        parts |= {value for _, value in url.params.multi_items() if len(value) >= SHORTEST_SECRET}
        parts |= {address, url.password, *(one.get_secret_value() for one in self.secrets)}
        return sorted({form for part in parts for form in (part, unquote(part)) if form}, key=len, reverse=True)


def door(name: str, address: str, *, seconds: float, secrets: tuple[str, ...] = ()) -> Door:
    """A door to `address`. Raises ConfigError when the address or the certificates of SSL_CERT_FILE cannot be used."""
    fault = wrong_address(address)
    if fault:
        raise ConfigError(f"channel {name}: {fault}", hint="correct url of this channel, or what env: or file: holds")
    try:
        trust = httpx.create_ssl_context()
    except OSError as error:
        raise ConfigError(
            "SSL_CERT_FILE or SSL_CERT_DIR: no certificates can be read there", hint="correct it, or unset it"
        ) from error
    kept = tuple(SecretStr(one) for one in secrets if one)
    return Door(name=name, seconds=seconds, address=SecretStr(address), secrets=kept, trust=trust)


def wrong_address(address: str) -> str:
    """Why letters cannot go there; empty when they can. The address itself is not repeated: it holds a token.

    >>> wrong_address("https://chat.example/robot?key=1"), wrong_address("http://127.0.0.1:8080/hook")
    ('', '')
    >>> wrong_address("http://chat.example/robot")
    'url must begin with https:// (http:// only towards this machine)'
    """
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        return "url is no address"
    if url.scheme not in ("http", "https") or (url.scheme == "http" and not is_loopback(url.host)):
        return "url must begin with https:// (http:// only towards this machine)"
    return "" if url.host else "url has no host"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: what is sent there cannot be overheard, and no proxy knows it.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("127.0.0.1.example")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _untrusted(fault: BaseException | None) -> bool:
    while fault is not None:
        if isinstance(fault, ssl.SSLCertVerificationError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False
