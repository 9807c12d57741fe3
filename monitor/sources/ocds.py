"""`kind = "ocds"`: releases and records of the Open Contracting Data Standard 1.1 (1.0 where names lived on).

A page is a release package, a record package, one release or record, a JSON array of these, or JSON lines
of them. The releases of one process, over all pages, are merged (`ocds_merge`), their shape is checked
(`ocds_shape`) and they become rows (`ocds_rows`). A record counts by its compiled release, else by the
releases inside it; links are not followed. What is refused here names the item by its number over all
pages, counted from 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb
from ocdsmerge.exceptions import OCDSMergeError
from pydantic import ValidationError

from monitor.domain.errors import RejectedError
from monitor.sources import Loaded, Source
from monitor.sources.border import Refusal
from monitor.sources.fetch import Fetched
from monitor.sources.ocds_merge import Release, dated, merged
from monitor.sources.ocds_rows import FILLED, State, tables
from monitor.sources.ocds_shape import Process
from monitor.sources.table import guess

KEEPS = "the last good state stays as it was"


class OcdsSource(Source):
    """A publisher of OCDS."""

    kind: Literal["ocds"] = "ocds"

    def load(self, db: duckdb.DuckDBPyConnection, pages: Sequence[Fetched], base: Path) -> Loaded:
        """All nouns OCDS knows, the empty ones too: so a complete source can tell what vanished.

        Raises RejectedError for pages that are not JSON, or not OCDS.
        """
        try:
            states, broken = _states(pages)
        except RecursionError as error:
            raise RejectedError(f"{pages[0].location}: the JSON is nested too deeply", hint=KEEPS) from error
        for noun, table in tables(states).items():
            db.register(noun, table)
        return Loaded(nouns=list(FILLED), broken=tuple(broken))

    def next_page(self, page: Fetched) -> str | None:
        """`links.next` of the package, an extension for paged addresses, as it stands there."""
        links = [document.get("links") for document in _documents(page) if isinstance(document, dict)]
        found = links[0].get("next") if len(links) == 1 and isinstance(links[0], dict) else None
        return found if isinstance(found, str) and found else None


def _states(pages: Sequence[Fetched]) -> tuple[list[State], list[Refusal]]:
    processes: dict[str, list[Release]] = {}
    broken: list[Refusal] = []
    for row, item in enumerate((item for page in pages for item in _items(page)), start=1):
        for found in _releases(item, row):
            if isinstance(found, Refusal):
                broken.append(found)
            else:
                processes.setdefault(found.ocid, []).append(found)
    states: list[State] = []
    for _, releases in sorted(processes.items()):
        for result in _state(releases):
            if isinstance(result, Refusal):
                broken.append(result)
            else:
                states.append(result)
    return states, broken


def _documents(page: Fetched) -> list[Any]:
    """What stands in the page: one document, or each of an array or of JSON lines."""
    if not page.content.strip():
        raise RejectedError(f"{page.location}: the answer is empty", hint=KEEPS)
    form = guess(page.content)
    if form not in ("json", "jsonl"):
        what = "a web page (HTML)" if form == "html" else "something else"
        raise RejectedError(
            f"{page.location}: answered with {what}, not with JSON: {page.content[:60]!r}",
            hint="open the address in a browser: a login page, or an error page?",
        )
    if form == "json":
        found = _parse(page.content, page.location)
        documents = found if isinstance(found, list) else [found]
    else:
        lines = [(n, line) for n, line in enumerate(page.content.splitlines(), start=1) if line.strip()]
        documents = [_parse(line, f"{page.location}: line {n}") for n, line in lines]
    known = {"ocid", "releases", "records"}
    if documents and not any(isinstance(one, dict) and one.keys() & known for one in documents):
        raise RejectedError(
            f"{page.location}: this is JSON, but neither an OCDS package nor a release nor a record",
            hint="open the address in a browser: perhaps the publisher reports an error",
        )
    return documents


def _parse(content: bytes, where: str) -> Any:
    """JSON with every number that has a point as it was written: an amount must not pass through a float."""
    try:
        return json.loads(content, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        hint = f"a truncated download? {KEEPS}"
        raise RejectedError(f"{where}: the JSON cannot be read: {error}", hint=hint) from error


def _items(page: Fetched) -> Iterator[Any]:
    """The releases and records of each package; what is no package is one itself. A record has an ocid."""
    for document in _documents(page):
        names = {"releases", "records"} & document.keys() if isinstance(document, dict) else set()
        if not names or "ocid" in document:
            yield document
            continue
        for name in sorted(names):
            if not isinstance(document[name], list):
                raise RejectedError(f"{page.location}: `{name}` of the package is not a list", hint=KEEPS)
            yield from document[name]


def _releases(item: Any, row: int) -> Iterator[Release | Refusal]:
    """The releases that count in one item: itself, or those of a record."""
    if not isinstance(item, dict):
        yield Refusal(noun="release", row=row, field="", value=str(item)[:200], reason="is not an object")
    elif not item.keys() & {"releases", "compiledRelease", "versionedRelease"}:
        yield dated(item, row=row, compiled=False)
    elif isinstance(item.get("compiledRelease"), dict):
        # OCDS 1.0 left the ocid out when merging; the record has it.
        yield dated({"ocid": item.get("ocid")} | item["compiledRelease"], row=row, compiled=True)
    else:
        yield from _embedded(item, row)


def _embedded(record: Any, row: int) -> Iterator[Release | Refusal]:
    releases = record.get("releases")
    whole = isinstance(releases, list) and all(isinstance(release, dict) for release in releases)
    reason = None
    if not whole or not releases:
        reason = "the record has neither a compiled release nor releases"
    elif any("url" in release and "ocid" not in release for release in releases):
        reason = "the record links to its releases, and links are not followed; it needs a compiled release"
    if reason:
        ocid = str(record.get("ocid"))[:200]
        yield Refusal(noun="release", row=row, field="releases", value=ocid, reason=reason)
        return
    for release in releases:
        yield dated({"ocid": record.get("ocid")} | release, row=row, compiled=False)


def _state(releases: list[Release]) -> Iterator[State | Refusal]:
    """The process as it stands now, beside what of it was refused; or only why it cannot be told."""
    ocid, row = releases[0].ocid, releases[-1].row
    try:
        content, latest, twins = merged(releases)
        yield from twins
        process = Process.model_validate(content | {"ocid": ocid})
        yield State(process=process, updated=latest.at, row=latest.row)
    except OCDSMergeError as error:
        reason = f"its releases contradict each other in form: {error}"
        yield Refusal(noun="release", row=row, field="ocid", value=ocid[:200], reason=reason)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            where = ".".join(str(part) for part in fault["loc"])
            reason = f"of {ocid}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"
            value = str(fault["input"])[:200]
            yield Refusal(noun="release", row=row, field=where, value=value, reason=reason)
