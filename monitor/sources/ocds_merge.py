"""Many releases of one contracting process, one state: merged by the rules of OCDS 1.1.5, offline.

`ocds_release_schema_1_1_5.json`, whose `wholeListMerge` and `omitWhenMerged` are the rules, is the file
schema/release-schema.json of github.com/open-contracting/standard at tag 1__1__5 (commit af0d0d41),
unchanged: copyright (c) 2014-2017 Open Contracting Partnership, Apache License 2.0. It is always handed to
ocdsmerge, which would otherwise fetch one from the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from ocdsmerge import Merger
from ocdsmerge.exceptions import OCDSMergeError
from ocdsmerge.rules import get_merge_rules

from monitor.sources.border import Refusal
from monitor.sources.ocds_shape import Entry, Piece, leaf, moment, parse

SCHEMA = Path(__file__).with_name("ocds_release_schema_1_1_5.json")

Json = dict[str, Any]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One release of a process."""

    ocid: str
    at: datetime
    """When it was made, in UTC."""
    compiled: bool
    """It holds all that was known by then."""
    row: int
    """Number of the item of the pages that it came in."""
    content: Piece
    """Its JSON."""


def dated(entry: Entry, *, ocid: object, row: int, compiled: bool) -> Release | Refusal:
    """The release of `ocid` with its moment read, or why it has none. A time without an offset counts as UTC."""
    name, text = leaf(ocid), leaf(entry.head and entry.head.date)
    if name is None:
        reason = "is empty; without it nobody knows which contract the release is about"
        return Refusal(noun="release", row=row, field="ocid", value=None, reason=reason)
    if text is None:
        reason = f"is empty; without it the release of {name} has no place in the order"
        return Refusal(noun="release", row=row, field="date", value=None, reason=reason)
    at = moment(text)
    try:
        utc = at and (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC))
    except OverflowError:  # the first and the last day of the calendar, in another offset
        utc = None
    if utc is None:
        reason = f"is not a date and time, so the release of {name} has no place in the order"
        return Refusal(noun="release", row=row, field="date", value=text[:200], reason=reason)
    tags = entry.head and entry.head.tag
    compiled = compiled or (isinstance(tags, list) and "compiled" in tags)
    return Release(ocid=name, at=utc, compiled=compiled, row=row, content=entry.content)


def merged(releases: list[Release]) -> tuple[Release, list[Refusal]]:
    """The latest release of one process with the state that all add up to, and what could not be joined.

    A compiled release replaces all before it. A single release is its own state. Of two different objects
    with one id in one list the standard's merge would lose one silently: here the first stands and the
    second is refused. Raises OCDSMergeError when two releases contradict each other in form.
    """
    if len(releases) == 1:
        return releases[0], []
    # A release that two pages brought counts once: its objects without id would be doubled.
    places = {_place(release): release for release in releases}
    ordered = [places[place] for place in sorted(places)]
    start = max((n for n, release in enumerate(ordered) if release.compiled), default=0)
    latest = ordered[-1]
    if start == len(ordered) - 1:
        return latest, []
    twins: list[Refusal] = []
    contents = []
    for release in ordered[start:]:
        tidied = _Tidy(row=release.row, twins=twins).node(_content(release), ())
        # ocdsmerge orders by the text of the date: one offset and one length make that the order in time.
        contents.append(tidied | {"date": release.at.isoformat(timespec="microseconds")})
    try:
        state = Merger(merge_rules=_rules()).create_compiled_release(contents)
    except (TypeError, AttributeError) as error:  # ocdsmerge on an id that is an object, and the like
        raise OCDSMergeError(str(error)) from error
    return replace(latest, content=json.dumps(state, ensure_ascii=False).encode()), twins


def _content(release: Release) -> Json:
    """OCDS 1.0 left the ocid out of a compiled release; ocdsmerge needs one."""
    found = parse(release.content, f"a release of {release.ocid}")
    return {"ocid": release.ocid} | found if isinstance(found, dict) else {}


def _place(release: Release) -> tuple[datetime, bool, str, str]:
    """The same order whatever order the releases came in, also for two of one moment."""
    content = _content(release)
    return release.at, release.compiled, leaf(content.get("id")) or "", json.dumps(content, sort_keys=True)


@cache
def _rules() -> dict[tuple[str, ...], str]:
    rules: dict[tuple[str, ...], str] = get_merge_rules(json.loads(SCHEMA.read_text(encoding="utf-8")))
    return rules


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tidy:
    """A release made fit for merging by id: an empty id is none, and no list holds an id twice."""

    row: int
    twins: list[Refusal]

    def node(self, node: Any, path: tuple[str, ...]) -> Any:
        if isinstance(node, dict):
            # With id "" every such object would be taken for the same one.
            return {
                key: self.node(value, (*path, key))
                for key, value in node.items()
                if not (key == "id" and leaf(value) is None)
            }
        if isinstance(node, list) and _rules().get(path) != "wholeListMerge":
            return list(self.singles([self.node(item, path) for item in node], path))
        return node

    def singles(self, items: list[Any], path: tuple[str, ...]) -> Iterator[Any]:
        first: dict[str, Any] = {}
        for item in items:
            name = leaf(item.get("id")) if isinstance(item, dict) else None
            if name is None or name not in first:
                yield item
            elif item != first[name]:
                reason = "stands twice in one list with different content; the first was kept"
                where = ".".join((*path, "id"))
                refusal = Refusal(noun="release", row=self.row, field=where, value=name[:200], reason=reason)
                self.twins.append(refusal)
            if name is not None:
                first.setdefault(name, item)
