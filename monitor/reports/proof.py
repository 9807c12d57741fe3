"""What a report's file says of itself: the question, and the hashes of all it was made from; and whether it holds.

Every form but CSV and the terminal carries its claim where people do not see it: JSON under `proof`, HTML as a `meta`, XLSX
and PDF in the description of the file. To verify is to ask the same question again: the same bytes, or what is not
the same any more. A claim comes with the file, from anybody: nothing in it is believed, it only says what to ask.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from html.parser import HTMLParser
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree

import msgspec

from monitor import __version__
from monitor.domain.errors import UsageError
from monitor.notify.letters.inert import one_line
from monitor.reports.document import Document

if TYPE_CHECKING:
    from monitor.reports.forms import Form

LARGEST = 256 * 1024**2
"""Bytes of a file that is verified."""

NAME = "lvyue-proof"
LIBRARIES = ("duckdb", "jinja2", "typst", "xlsxwriter")
"""Whose releases may turn the same facts into other hashes or other bytes."""

_CORE = "docProps/core.xml"
_DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"
_SHOWN = 8
_CUT = 120


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says it is. `made_from` has hashes by group (`facts`, `rules`, …) and by name in it."""

    report: str
    lang: Literal["zh", "en"]
    as_of: date
    known_at: datetime
    made_from: dict[str, dict[str, str]]
    narrowed: dict[str, str] = {}
    paper: Literal["a4", "letter"] = "a4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What came of asking again. `inputs`: what it is made from and is not as it was; `place`: where the file differs first
    though they are; both empty where all is the same."""

    inputs: tuple[str, ...] = ()
    place: str = ""


def claim(document: Document, paper: Literal["a4", "letter"] = "a4") -> Claim:
    """What a file with this report says of itself."""
    header = document.header
    named = {name: {"all": value} for name, value in document.inputs.items() if name not in document.parts}
    settings = {"office": _hash(header.office), "declared": _hash(header.declared), "zone": str(header.known_at.tzinfo)}
    program = {"lvyue": __version__, **{name: version(name) for name in LIBRARIES}}
    made = {**named, **{name: dict(parts) for name, parts in document.parts.items()}}
    return Claim(
        report=document.name, lang="zh" if document.lang == "zh" else "en", as_of=header.as_of, known_at=header.known_at,
        made_from=made | {"settings": settings, "program": program}, narrowed=dict(document.narrowed), paper=paper,
    )  # fmt: skip


def told(claimed: Claim) -> str:
    """A claim as a line of ASCII."""
    return json.dumps(msgspec.to_builtins(claimed))


def read(path: Path) -> tuple[Form, bytes, Claim]:
    """The form of a file, its bytes, and what it claims. Raises UsageError where it is no report, or one without a claim."""
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file", hint="give a report that `lvyue report` wrote")
    if path.stat().st_size > LARGEST:
        raise UsageError(f"{path}: larger than any report", hint="give a report that `lvyue report` wrote")
    content = path.read_bytes()
    form: Form = "json"
    for start, name in _STARTS.items():
        if content.startswith(start):
            form = name
    try:
        return form, content, msgspec.json.decode(_FOUND[form](content), type=Claim)
    except Exception as error:  # whatever a stranger's file does to a parser of PDF, ZIP or XML
        raise UsageError(
            f"{path}: it does not say what it was made from",
            hint="HTML, PDF, XLSX and JSON of `lvyue report` do; CSV has its table and nothing else",
        ) from error


def held(form: Form, content: bytes, claimed: Claim, document: Document) -> Held:
    """Whether a file is what the same question is answered with today."""
    from monitor.reports.forms import shaped

    now = shaped(document, form, paper=claimed.paper)
    if now == content:
        return Held()
    changed = tuple(_changes(claimed.made_from, claim(document).made_from))
    return Held(inputs=changed) if changed else Held(place=_place(form, content, now))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _changes(then: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for group in sorted({*then, *now}):
        before, after = then.get(group, {}), now.get(group, {})
        names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            plain = group == "program"
            said = (_change(name, before.get(name), after.get(name), plain=plain) for name in names[:_SHOWN])
            yield f"{one_line(group, _CUT)}: {', '.join(said)}{more}"


def _change(name: str, before: str | None, after: str | None, *, plain: bool) -> str:
    if before is None or after is None:
        return f"{one_line(name, _CUT)} {'is new' if before is None else 'is gone'}"
    short = _CUT if plain else 12
    return f"{one_line(name, _CUT)} was {one_line(before, short)}, is {one_line(after, short)}"


def _place(form: Form, then: bytes, now: bytes) -> str:
    """Where two files of the same form differ first."""
    parts = {"pdf": _pages, "xlsx": _members}.get(form, _lines)
    for (name, before), (other, after) in zip_longest(parts(then), parts(now), fillvalue=("the end", "")):
        if (name, before) != (other, after):
            lines = zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
            was, is_now = next(((a, b) for a, b in lines if a != b), ("", ""))
            return f'{name}: "{_around(was, is_now)}" stands there, "{_around(is_now, was)}" should'
    return "signs that nobody sees"


def _around(text: str, other: str) -> str:
    """The piece of a line in which it differs from another."""
    at = next((place for place, (a, b) in enumerate(zip_longest(text, other)) if a != b), 0)
    return one_line(text[max(0, at - 20) : at + 60].strip(), 80)


def _lines(content: bytes) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        yield f"line {number}", line


def _pages(content: bytes) -> Iterator[tuple[str, str]]:
    from pypdf import PdfReader

    for number, page in enumerate(PdfReader(io.BytesIO(content)).pages, start=1):
        yield f"page {number}", page.extract_text()


def _members(content: bytes) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in sorted(archive.namelist()):
            with archive.open(name) as member:
                yield name, member.read(LARGEST).decode(errors="replace")


def _in_json(content: bytes) -> bytes:
    return msgspec.json.encode(json.loads(content)["proof"])


def _in_html(content: bytes) -> bytes:
    finder = _Meta()
    finder.feed(content.decode())
    return finder.found.encode()


def _in_xlsx(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(_CORE) as member:
        return (ElementTree.fromstring(member.read(1024**2)).findtext(_DESCRIPTION) or "").encode()


def _in_pdf(content: bytes) -> bytes:
    from pypdf import PdfReader

    known = PdfReader(io.BytesIO(content)).metadata
    return str(known.subject if known else "").encode()


class _Meta(HTMLParser):
    found = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "meta" and said.get("name") == NAME:
            self.found = said.get("content") or ""


_STARTS: dict[bytes, Form] = {b"%PDF-": "pdf", b"PK": "xlsx", b"<!DOCTYPE html>": "html"}
_FOUND = {"json": _in_json, "html": _in_html, "xlsx": _in_xlsx, "pdf": _in_pdf}
