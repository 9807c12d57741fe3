"""All pages of one pull, in order, within the caps of their source."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from monitor.domain.errors import RejectedError, SourceError
from monitor.sources.addresses import refuse_other_origin
from monitor.sources.fetch import Fetched, Validators, fetch

if TYPE_CHECKING:
    from monitor.sources import Source


def all_pages(source: Source, base: Path, validators: Validators | None) -> list[Fetched]:
    """Every page of a source whose pages name the next one; `base` is the folder of config.toml. Errors as `walk`."""
    location = source.location
    if "://" not in location:
        location = str(base / location)
    headers = source.secret_headers()

    def get(address: str, number: int) -> Fetched:
        known = validators if number == 1 else None
        return fetch(address, limits=source.limits, validators=known, headers=headers, private=source.private)

    def following(address: str, page: Fetched) -> str | None:
        link = None if page.not_modified else source.next_page(page)
        return urljoin(address, link) if link else None

    return walk(source, location, get, following)


def walk(
    source: Source,
    first: str,
    get: Callable[[str, int], Fetched],
    following: Callable[[str, Fetched], str | None],
) -> list[Fetched]:
    """Pages from `first` on: `get` fetches an address (pages count from 1), `following` names the one after a page.

    Raises SourceError when a page does not come, all of them take too long, or one is at another host; RejectedError at
    the caps, and at a page that was read already.
    """
    end = time.monotonic() + source.max_minutes * 60
    pages: list[Fetched] = []
    asked: set[str] = set()
    size = 0
    address: str | None = first
    while address is not None:
        _refuse_endless(source, pages, again=address in asked, size=size)
        if time.monotonic() > end:
            raise SourceError(
                f"source {source.name}: {len(pages)} pages took more than {source.max_minutes} minutes",
                hint="tried again at the next pull; raise `max_minutes` of this source if it needs so long",
            )
        if pages:
            refuse_other_origin(first, address)
        asked.add(address)
        page = get(address, len(pages) + 1)
        pages.append(page)
        size += len(page.content)
        address = following(address, page)
    return pages


def _refuse_endless(source: Source, pages: list[Fetched], *, again: bool, size: int) -> None:
    if again:
        raise RejectedError(
            f"source {source.name}: page {len(pages)} names a page that was read already as the next one"
        )
    if len(pages) >= source.max_pages:
        raise RejectedError(
            f"source {source.name}: still more pages after {source.max_pages}",
            hint="endless pagination, or raise `max_pages` of this source",
        )
    if size > source.max_total_bytes:
        raise RejectedError(
            f"source {source.name}: {len(pages)} pages are more than {source.max_total_bytes:,} bytes, and not all",
            hint="endless pagination, or raise `max_total_bytes` of this source",
        )
