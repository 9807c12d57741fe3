"""`kind = "rest"`: JSON over HTTP, page by page, turned into our nouns by a mapping as for `table` (`doc`, an object a row).

    pages = "link"      the Link header names the next page (rel=next), or `next` is the path of its address in the body
    pages = "cursor"    `next` is the path of a cursor in the body; it goes into `page_parameter`; none ends it
    pages = "page"      `page_parameter` counts from `first_page`; a page without records ends it, or one that is not full
    pages = "offset"    `page_parameter` counts records from 0; ends in the same way

With `since_parameter` and `watermark` only what changed is asked for: the parameter gets the latest `watermark` of the last
good edition. What vanished is noticed at the full pull every `full_every_days`, and never in between.

Credentials: `bearer` and `basic` (RFC 6750, 7617), or `hmac`, which sends

    Date: <RFC 9110 date, GMT>
    Authorization: HMAC-SHA256 Credential=<user>, Signature=<base64 of HMAC-SHA256(secret, text)>

where text is method, path, query and date, each on a line of its own, joined by one line feed, none at the end: path and query
as they are sent (percent-encoded, the query without `?`), empty where there is none. Secret and text are UTF-8.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urljoin

import duckdb
import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from monitor.domain.errors import RejectedError
from monitor.domain.secrets import secret
from monitor.sources import Asked, Known, Loaded, Source
from monitor.sources.addresses import read_address
from monitor.sources.fetch import Fetched, Validators, fetch
from monitor.sources.mapped import MappedSource
from monitor.sources.pages import walk
from monitor.sources.table import dig, documents, numbered, parse

PARAMETERS = {"page": "page", "offset": "offset", "cursor": "cursor"}


class Credentials(BaseModel):
    """Who asks. Secrets are written as `env:NAME` or `file:PATH`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scheme: Literal["bearer", "basic", "hmac"]
    user: str = ""
    secret: Annotated[str, Field(repr=False)]

    def headers(self, url: httpx.URL, at: datetime) -> dict[str, str]:
        """The headers that prove it for one GET. Raises ConfigError when the secret is not where it should be."""
        word = secret(self.secret)
        if self.scheme == "bearer":
            return {"Authorization": f"Bearer {word}"}
        if self.scheme == "basic":
            pair = base64.b64encode(f"{self.user}:{word}".encode()).decode("ascii")
            return {"Authorization": f"Basic {pair}"}
        day = format_datetime(at.astimezone(UTC), usegmt=True)
        signed = base64.b64encode(signature(word, url, day)).decode("ascii")
        return {"Date": day, "Authorization": f"HMAC-SHA256 Credential={self.user}, Signature={signed}"}


def signature(word: str, url: httpx.URL, day: str) -> bytes:
    """HMAC-SHA256 of method, path, query and date.

    >>> signature("k", httpx.URL("https://a.example/v1/contracts?page=2"), "Mon, 02 Mar 2026 08:00:00 GMT").hex()[:16]
    'db5909dcd844881b'
    """
    path, _, query = url.raw_path.decode("ascii").partition("?")
    return hmac.new(word.encode(), "\n".join(("GET", path, query, day)).encode(), hashlib.sha256).digest()


class RestSource(MappedSource):
    """A web service that answers in JSON."""

    kind: Literal["rest"] = "rest"
    records: Annotated[
        str, Field(description="Dotted path of the list of records in an answer; left out: the answer.")
    ] = ""
    credentials: Annotated[
        Credentials | None,
        Field(description='`{ scheme = "bearer", secret = "env:TOKEN" }`; also `basic` and `hmac`, with `user`.'),
    ] = None
    pages: Annotated[
        Literal["one", "link", "cursor", "page", "offset"], Field(description="How one page leads to the next.")
    ] = "one"
    next: Annotated[str, Field(description="Dotted path of the next page's address or cursor in an answer.")] = ""
    page_parameter: Annotated[
        str, Field(description="Query parameter of page, offset or cursor; left out: that word.")
    ] = ""
    first_page: Annotated[int, Field(ge=0, description="Number of the first page.")] = 1
    size_parameter: Annotated[str, Field(description="Query parameter that asks for `page_size` records a page.")] = ""
    page_size: Annotated[int, Field(ge=1, description="Records of a full page, where `size_parameter` is given.")] = 100
    since_parameter: Annotated[str, Field(description="Query parameter for: only what changed since this.")] = ""
    watermark: Annotated[str, Field(description="Dotted path, in a record, of when it last changed.")] = ""
    full_every_days: Annotated[int, Field(ge=1, description="Days after which everything is asked for again.")] = 7

    how_only: ClassVar[frozenset[str]] = Source.how_only | {
        "credentials", "first_page", "full_every_days", "next", "page_parameter", "page_size", "pages", "since_parameter",
        "size_parameter",
    }  # fmt: skip

    @field_validator("location")
    @classmethod
    def on_the_web(cls, location: str) -> str:
        """A web service has an address."""
        if not location.lower().startswith(("http://", "https://")):
            raise ValueError("a web service has an address that begins with https:// or http://")
        return location

    @model_validator(mode="after")
    def whole(self) -> RestSource:
        """What belongs together is there together."""
        if self.pages == "cursor" and not self.next:
            raise ValueError('pages = "cursor" needs `next`, the path of the cursor in an answer')
        if bool(self.since_parameter) != bool(self.watermark):
            raise ValueError("`since_parameter` and `watermark` go together")
        return self

    def ask(self, base: Path, known: Known) -> Asked:
        """Everything, or what changed since the watermark. Errors as `pages.walk`."""
        since = self._since(known)
        given = {self.since_parameter: since} if since else {}
        if self.size_parameter:
            given[self.size_parameter] = str(self.page_size)
        if self.pages in ("page", "offset"):
            given[self._parameter] = str(self.first_page if self.pages == "page" else 0)
        first = str(read_address(self.location).copy_merge_params(given))
        pages = walk(self, first, partial(self._get, known.validators, _Clock(known.at)), _Next(self))
        return Asked(pages=pages, partial=since is not None)

    def load(self, db: duckdb.DuckDBPyConnection, pages: Sequence[Fetched], base: Path) -> Loaded:
        """Raises RejectedError for an answer of another shape, ConfigError for a faulty mapping."""
        sent, broken = numbered([(documents(page, "json", self.records), []) for page in pages])
        loaded = self.mapped(db, sent, broken, base)
        if not self.watermark:
            return loaded
        path = "$" + "".join(f'."{step}"' for step in self.watermark.split("."))
        latest = "select max(doc->>?), max(try_cast(doc->>? as bigint)) from raw"
        text, number = db.execute(latest, [path, path]).fetchall()[0]
        return replace(loaded, watermark=text if number is None else str(number))

    @property
    def _parameter(self) -> str:
        return self.page_parameter or PARAMETERS[self.pages]

    def _since(self, known: Known) -> str | None:
        if not self.since_parameter or known.full_at is None:
            return None
        stale = known.at - known.full_at >= timedelta(days=self.full_every_days)
        return None if stale else known.watermark

    def _get(self, validators: Validators | None, clock: _Clock, address: str, _number: int) -> Fetched:
        proof = self.credentials.headers(read_address(address), clock.now()) if self.credentials else {}
        once = self.pages == "one" and not self.since_parameter
        return fetch(
            address, limits=self.limits, validators=validators if once else None,
            headers={"Accept": "application/json"} | self.secret_headers() | proof, private=self.private,
        )  # fmt: skip


class _Clock:
    """The time at each page, from the time at which the pull began: a signature is believed for some minutes only."""

    def __init__(self, at: datetime) -> None:
        self.at, self.begun = at, time.monotonic()

    def now(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.begun)


class _Next:
    """Where the page after a page is. Counts what came, for services that count records."""

    def __init__(self, source: RestSource) -> None:
        self.source = source
        self.pages = 0
        self.records = 0
        self.before = ""

    def __call__(self, address: str, page: Fetched) -> str | None:
        source = self.source
        if source.pages == "one" or page.not_modified:
            return None
        self.pages += 1
        if source.pages == "link":
            link = dig(parse(page), source.next) if source.next else page.next_link
            return urljoin(address, link) if isinstance(link, str) and link else None
        if source.pages == "cursor":
            cursor = dig(parse(page), source.next)
            plain = isinstance(cursor, str | int) and not isinstance(cursor, bool) and cursor != ""
            return self._with(address, str(cursor)) if plain else None
        return self._counted(address, page)

    def _counted(self, address: str, page: Fetched) -> str | None:
        source = self.source
        came = documents(page, "json", source.records).num_rows
        if came and page.sha256 == self.before:
            raise RejectedError(
                f"source {source.name}: page {self.pages} is the same as the one before",
                hint=f"does the service know the parameter {source._parameter!r}? See `page_parameter`",
            )
        self.before = page.sha256
        self.records += came
        if not came or (source.size_parameter and came < source.page_size):
            return None
        return self._with(address, str(source.first_page + self.pages if source.pages == "page" else self.records))

    def _with(self, address: str, value: str) -> str:
        return str(httpx.URL(address).copy_set_param(self.source._parameter, value))
