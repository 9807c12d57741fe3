"""`kind = "ocds"`: releases and records of the Open Contracting Data Standard 1.1 (1.0 where names lived on).

A page is a release package, a record package, one release or record, a JSON array of these, or JSON lines
of them. The releases of one process, over all pages, are merged (`ocds_merge`), their shape is checked
(`ocds_shape`) and they become rows (`ocds_rows`). A record counts by its compiled release, else by the
releases inside it; links are not followed. What is refused here names the item by its number over all
pages, counted from 1.

Twice over the bytes: first the heads, to know which releases belong together; then one process after the other, so
that no more than the bytes, the rows and some dozen processes are in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import ClassVar, Literal

import duckdb
import msgspec
from msgspec import UNSET, Raw, UnsetType
from ocdsmerge.exceptions import OCDSMergeError

from monitor.domain.errors import RejectedError
from monitor.sources import Loaded, Source
from monitor.sources.border import Refusal
from monitor.sources.fetch import Fetched
from monitor.sources.ocds_merge import Release, dated, merged
from monitor.sources.ocds_rows import State, tables
from monitor.sources.ocds_shape import UNREADABLE, Entry, Head, Piece, Process, entry, parse, shaped, written_anew
from monitor.sources.table import guess

KEEPS = "the last good state stays as it was"

_LIST = msgspec.json.Decoder(list[Raw])


class OcdsSource(Source):
    """A publisher of OCDS."""

    kind: Literal["ocds"] = "ocds"
    feed: ClassVar[bool] = True

    def load(self, db: duckdb.DuckDBPyConnection, pages: Sequence[Fetched], base: Path) -> Loaded:
        """All nouns OCDS knows, the empty ones too: so a complete source can tell what vanished.

        Raises RejectedError for pages that are not JSON, or not OCDS.
        """
        broken: list[Refusal] = []
        packages: list[object] = []
        try:
            found = tables(states(pages, broken, packages), packages)
            for noun, table in found.items():
                db.register(noun, table)
        except RecursionError as error:
            raise RejectedError(f"{pages[0].location}: the JSON is nested too deeply", hint=KEEPS) from error
        return Loaded(nouns=list(found), broken=tuple(broken))

    def next_page(self, page: Fetched) -> str | None:
        """`links.next` of the package, an extension for paged addresses, as it stands there."""
        heads = [one.head for one in _documents(page) if one.head]
        links = heads[0].links if len(heads) == 1 else None
        found = links.get("next") if isinstance(links, dict) else None
        return found if isinstance(found, str) and found else None


def states(pages: Sequence[Fetched], broken: list[Refusal], packages: list[object] | None = None) -> Iterator[State]:
    """Every process as it stands after its latest release, oldest first; `broken` gets what is refused, `packages` what
    stands in `x_lvyue` of packages.

    Raises RejectedError for pages that are not JSON, or not OCDS.
    """
    refused: list[tuple[str, Refusal]] = []
    latest: list[tuple[Release, int]] = []
    for ocid, releases in _processes(pages, broken, [] if packages is None else packages).items():
        row = releases[-1].row
        try:
            state, twins = merged(releases)
        except OCDSMergeError as error:
            reason = f"its releases contradict each other in form: {error}"
            refused.append((ocid, Refusal(noun="release", row=row, field="ocid", value=ocid[:200], reason=reason)))
            continue
        refused += ((ocid, twin) for twin in twins)
        latest.append((state, row))
    for state, row in sorted(latest, key=lambda one: (one[0].at, one[0].ocid)):
        found = shaped(state.content, f"the release of {state.ocid}")
        if isinstance(found, Process):
            yield State(ocid=state.ocid, process=found, updated=state.at, row=state.row)
            continue
        for one in found:
            reason = f"of {state.ocid}: should be an object"
            refused.append(
                (state.ocid, Refusal(noun="release", row=row, field=one.where, value=one.value, reason=reason))
            )
    broken += (refusal for _, refusal in sorted(refused, key=itemgetter(0)))


def _processes(pages: Sequence[Fetched], broken: list[Refusal], packages: list[object]) -> dict[str, list[Release]]:
    """The releases of each process by its ocid."""
    processes: dict[str, list[Release]] = {}
    for row, item in enumerate((item for page in pages for item in _items(page, packages)), start=1):
        for found in _releases(item, row):
            if isinstance(found, Refusal):
                broken.append(found)
            else:
                processes.setdefault(found.ocid, []).append(found)
    return processes


def _documents(page: Fetched) -> list[Entry]:
    """What stands in the page: one document, or each of an array or of JSON lines."""
    if not page.content or page.content.isspace():
        raise RejectedError(f"{page.location}: the answer is empty", hint=KEEPS)
    form = guess(_beginning(page.content))
    if form not in ("json", "jsonl"):
        what = "a web page (HTML)" if form == "html" else "something else"
        raise RejectedError(
            f"{page.location}: answered with {what}, not with JSON: {page.content[:60]!r}",
            hint="open the address in a browser: a login page, or an error page?",
        )
    if not _is_utf8(page.content):  # msgspec does not look at text that it passes over
        for where, text in _pieces(page, form):
            parse(text, where)
    documents = [entry(text, where) for where, text in _pieces(page, form)]
    if documents and not any(one.head and _known(one.head) for one in documents):
        raise RejectedError(
            f"{page.location}: this is JSON, but neither an OCDS package nor a release nor a record",
            hint="open the address in a browser: perhaps the publisher reports an error",
        )
    return documents


def _beginning(content: bytes) -> bytes:
    """As much as tells the form: the first line and where the second begins, so that no large page is copied."""
    first = re.search(rb"\S", content)
    second = re.compile(rb"\n\s*\S").search(content, first.end() if first else 0)
    return content[: second.end()] if second else content


def _pieces(page: Fetched, form: str) -> Iterator[tuple[str, Piece]]:
    """Each document and where it stands."""
    if form == "jsonl":
        yield from _lines(page)
    elif page.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        try:
            parts = _LIST.decode(page.content)
        except UNREADABLE:
            parts = _LIST.decode(written_anew(parse(page.content, page.location)))
        yield from ((page.location, part) for part in parts)
    else:
        yield page.location, page.content


def _lines(page: Fetched) -> Iterator[tuple[str, Piece]]:
    """Views, not copies: a copy of all lines takes longer than to read what they say of themselves."""
    content, view, start, n = page.content, memoryview(page.content), 0, 0
    while start < len(content):
        found = content.find(b"\n", start)
        end, n = len(content) if found < 0 else found, n + 1
        if content[start:end].strip():
            yield f"{page.location}: line {n}", view[start:end]
        start = end + 1


def _is_utf8(content: bytes) -> bool:
    try:
        return content.isascii() or bool(content.decode())
    except UnicodeDecodeError:
        return False


def _known(head: Head) -> bool:
    return not (head.ocid is UNSET and head.releases is UNSET and head.records is UNSET)


def _items(page: Fetched, packages: list[object]) -> Iterator[Entry]:
    """The releases and records of each package; what is no package is one itself. A record has an ocid."""
    for document in _documents(page):
        head = document.head
        if head is None or head.ocid is not UNSET or not _known(head):
            yield document
            continue
        if head.x_lvyue is not None:
            packages.append(head.x_lvyue)
        for name, block in (("records", head.records), ("releases", head.releases)):
            parts = [] if block is UNSET else _parts(block)
            if parts is None:
                raise RejectedError(f"{page.location}: `{name}` of the package is not a list", hint=KEEPS)
            yield from parts


def _parts(block: Raw | UnsetType) -> list[Entry] | None:
    """The items of a list; None when it is none."""
    try:
        return [entry(part, "an item") for part in _LIST.decode(block)] if isinstance(block, Raw) else None
    except msgspec.ValidationError:
        return None


def _releases(item: Entry, row: int) -> Iterator[Release | Refusal]:
    """The releases that count in one item: itself, or those of a record."""
    head = item.head
    if head is None:
        value = str(parse(item.content, f"item {row}"))[:200]
        yield Refusal(noun="release", row=row, field="", value=value, reason="is not an object")
        return
    if head.releases is UNSET and head.compiled_release is UNSET and head.versioned_release is UNSET:
        yield dated(item, ocid=_ocid(head), row=row, compiled=False)
        return
    compiled = entry(head.compiled_release, "a record") if isinstance(head.compiled_release, Raw) else None
    if compiled and compiled.head:
        yield dated(compiled, ocid=_ocid(compiled.head, head), row=row, compiled=True)
    else:
        yield from _embedded(head, row)


def _ocid(*heads: Head) -> object:
    """As it is published. OCDS 1.0 left it out of a compiled release; the record around it has it."""
    return next((head.ocid for head in heads if head.ocid is not UNSET), None)


def _embedded(record: Head, row: int) -> Iterator[Release | Refusal]:
    releases = _parts(record.releases) or []
    heads = [release.head for release in releases if release.head]
    reason = None
    if not releases or len(heads) < len(releases):
        reason = "the record has neither a compiled release nor releases"
    elif any(head.url is not UNSET and head.ocid is UNSET for head in heads):
        reason = "the record links to its releases, and links are not followed; it needs a compiled release"
    if reason:
        value = str(_ocid(record))[:200]
        yield Refusal(noun="release", row=row, field="releases", value=value, reason=reason)
        return
    for release, head in zip(releases, heads, strict=True):
        yield dated(release, ocid=_ocid(head, record), row=row, compiled=False)
