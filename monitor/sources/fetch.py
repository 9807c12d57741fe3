"""Fetch one document, from an address or from a file. The one door for bytes from outside.

It promises, whatever the other side does:

- an end: one deadline spans all attempts, waits, redirects and the slowest drip of bytes (`wire.py`);
- a size: the cap holds for what is unpacked, and is kept while unpacking (`unpack.py`);
- a place: only the host that was configured, at no address that a register cannot have, and at one in the house only
  where the source says that it is there (`addresses.py`);
- a second try: what may pass (a refused connection, 503, a body that broke off) is asked for again, GET only;
- silence: no user, password or query value is in any message, log or result.

Only the search for a host's address, a single call of the system's resolver, cannot be interrupted.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import httpx
from httpx_retries import RetryTransport

from monitor import __version__
from monitor.domain.errors import ConfigError, RejectedError, SourceError
from monitor.sources.addresses import read_address, redact, refuse_other_origin
from monitor.sources.unpack import Body, BrokenOff, ungzipped
from monitor.sources.wire import DOCUMENT_STATUSES, RETRY_STATUSES, Again, FetchLimits, Late, Patience, Wire

__all__ = ["FetchLimits", "Fetched", "Validators", "fetch"]

USER_AGENT = f"lvyue/{__version__} (+government contract performance monitor)"
MAX_REDIRECTS = 3
HINTS = {
    401: "the publisher asks for credentials: check the user and the headers of this source",
    403: "the publisher refuses us: check the credentials of this source, or ask the publisher for access",
    404: "check the address of this source; the publisher may have moved the document",
    410: "the publisher withdrew the document: ask where it is published now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What the publisher told us about the version we hold, as it was sent, to ask `has it changed?`."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One document: `content` is unpacked, and empty when `not_modified`; `sha256` is its hex digest.

    `next_link` is what a Link header names as rel=next (RFC 8288). `location` is safe to show.
    `attempts` counts requests, redirects included; a file has status 200.
    """

    content: bytes = field(repr=False)
    media_type: str | None = None
    charset: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    next_link: str | None = None
    not_modified: bool = False
    sha256: str
    location: str
    status: int
    attempts: int


def fetch(
    location: str | Path,
    *,
    limits: FetchLimits,
    validators: Validators | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    private: bool = False,
) -> Fetched:
    """The document at `location`: an http(s) address, or the path of a file (no scheme).

    A gzip file is unpacked, whatever its name: one layer, besides one of transport compression. Validators
    and headers mean nothing to a file. Raises ConfigError when location, headers or proxy cannot be used,
    SourceError when there is no answer (`.retry`: may later help?), RejectedError when the answer cannot be
    taken: too large, damaged, packed in a way we did not ask for.
    """
    location = str(location)
    scheme, mark, _ = location.partition("://")
    if not mark and not location.startswith("file:"):
        return _read_file(Path(location).absolute(), limits)
    if scheme.lower() not in ("http", "https"):
        raise ConfigError(
            f"{redact(location)}: only http:// and https:// addresses are fetched",
            hint="write the path of a local file without a scheme",
        )
    sent = _request_headers(redact(location), validators, headers)
    url = read_address(location)
    return _ask(Wire(url, limits, private=private), url, sent, validators)


def _request_headers(shown: str, validators: Validators | None, headers: Mapping[str, str]) -> httpx.Headers:
    ours = {
        "Accept-Encoding": "gzip, identity",
        "If-None-Match": validators.etag if validators else None,
        "If-Modified-Since": validators.last_modified if validators else None,
    }
    try:
        together = httpx.Headers({"User-Agent": USER_AGENT} | dict(headers))
        together.update({name: value for name, value in ours.items() if value})
    except UnicodeEncodeError:  # its text may quote a key
        raise ConfigError(
            f"{shown}: a header of this source has letters other than ASCII", hint="percent-encode its value"
        ) from None
    return together


def _ask(wire: Wire, url: httpx.URL, headers: httpx.Headers, validators: Validators | None) -> Fetched:
    shown, limits = wire.shown, wire.limits
    transport = RetryTransport(transport=wire, retry=Patience(wire))
    try:
        # httpx forgets the environment's proxies once it is given a transport: wire.py looks for them.
        with httpx.Client(transport=transport, trust_env=False) as client:
            response = _follow(client, client.build_request("GET", url, headers=headers))
    except Late:
        raise SourceError(
            f"{shown}: not done within {limits.deadline_seconds:g} seconds ({_times(wire.attempts)})",
            hint="tried again at the next pull; if it stays, raise this source's deadline",
        ) from None
    except Again as problem:
        raise SourceError(
            f"{shown}: {problem} ({_times(wire.attempts)})",
            hint="tried again at the next pull; if it stays, ask the publisher",
        ) from problem
    except httpx.HTTPError:
        raise SourceError(
            f"{shown}: redirects to an address that cannot be read",
            hint="ask the publisher for the right address",
            permanent=True,
        ) from None
    return _document(response, shown=shown, attempts=wire.attempts, validators=validators or Validators())


def _follow(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    first = str(request.url)
    for _ in range(MAX_REDIRECTS + 1):
        response = client.send(request)
        if response.next_request is None:
            return response
        request = response.next_request
        refuse_other_origin(first, str(request.url))
    raise SourceError(
        f"{redact(first)}: more than {MAX_REDIRECTS} redirects",
        hint="open the address in a browser and configure where it ends",
        permanent=True,
    )


def _document(response: httpx.Response, *, shown: str, attempts: int, validators: Validators) -> Fetched:
    status = response.status_code
    unchanged = status == httpx.codes.NOT_MODIFIED
    if unchanged and validators == Validators():
        raise RejectedError(f"{shown}: answers 304 (not modified), but we asked for no comparison")
    if not unchanged and status not in DOCUMENT_STATUSES:
        raise SourceError(
            f"{shown}: answers {status} {response.reason_phrase} ({_times(attempts)})",
            hint=HINTS.get(status, "open the address in a browser; ask the publisher if it stays"),
            permanent=status < 500 and status not in RETRY_STATUSES,
        )
    known = validators if unchanged else Validators()
    media_type, _, _ = response.headers.get("Content-Type", "").partition(";")
    return Fetched(
        content=response.content,
        media_type=media_type.strip().lower() or None,
        charset=response.charset_encoding,
        etag=response.headers.get("ETag", known.etag),
        last_modified=response.headers.get("Last-Modified", known.last_modified),
        next_link=response.links.get("next", {}).get("url"),
        not_modified=unchanged,
        sha256=hashlib.sha256(response.content).hexdigest(),
        location=shown,
        status=status,
        attempts=attempts,
    )


def _read_file(path: Path, limits: FetchLimits) -> Fetched:
    shown = str(path)
    body = Body(shown, limits.max_bytes)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not an ordinary file"
            raise SourceError(f"{shown}: {kind}", hint="name one file", permanent=True)
        with path.open("rb") as file:
            body.feed(file.read(limits.max_bytes + 1))
        content = ungzipped(body.whole(), shown, limits.max_bytes)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        hint = "check the path of this source, and who may read it"
        raise SourceError(f"{shown}: {reason}", hint=hint, permanent=True) from error
    except BrokenOff as problem:
        hint = "perhaps it is still being written; tried again at the next pull"
        raise SourceError(f"{shown}: {problem}", hint=hint) from problem
    digest = hashlib.sha256(content).hexdigest()
    return Fetched(content=content, sha256=digest, location=shown, status=200, attempts=1)


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
