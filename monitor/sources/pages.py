"""All pages of one pull, in order, within the caps of their source."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

from monitor.domain.errors import RejectedError
from monitor.sources import Source
from monitor.sources.addresses import refuse_other_origin
from monitor.sources.fetch import Fetched, Validators, fetch


def all_pages(source: Source, base: Path, validators: Validators | None) -> list[Fetched]:
    """Every page of a source, in order; `base` is the folder of config.toml.

    Raises SourceError when a page does not come, RejectedError at the cap, at a page that was read already, at another host.
    """
    location = source.location
    if "://" not in location:
        location = str(base / location)
    pages: list[Fetched] = []
    asked: set[str] = set()
    following: str | None = location
    while following is not None:
        if following in asked:
            raise RejectedError(
                f"source {source.name}: page {len(pages)} names a page that was read already as the next one"
            )
        if len(pages) >= source.max_pages:
            raise RejectedError(
                f"source {source.name}: still more pages after {source.max_pages}",
                hint="endless pagination, or raise `max_pages` of this source",
            )
        if pages:
            refuse_other_origin(location, following)
        asked.add(following)
        page = fetch(following, limits=source.limits, validators=validators, headers=source.secret_headers())
        pages.append(page)
        validators = None
        link = None if page.not_modified else source.next_page(page)
        following = urljoin(following, link) if link else None
    return pages
