"""What real portals published, as the mappings read it and as the csv module alone reads it."""

from __future__ import annotations

import csv
import gzip
import io
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from monitor.sources import Reading, read
from monitor.sources.fetch import Fetched, FetchLimits, fetch
from monitor.sources.table import TableSource

Row = dict[str, Any]

HOME = {"ph_dpwh": "PH", "ba_obras": "AR-C", "nyc_25m": "US-NY", "nyc_sca": "US-NY"}


def published(name: str) -> Path:
    path = Path(__file__).resolve().parents[2].parent / "shared" / "data" / name
    if not path.is_file():
        pytest.skip(f"shared/data/{name} is not on this machine")
    return path


def source(mapping: str) -> TableSource:
    return TableSource(name="portal", location="https://data.example/", mapping=mapping, jurisdiction=HOME[mapping])


@cache
def reading(mapping: str, name: str) -> Reading:
    return read(source(mapping), [fetch(str(published(name)), limits=FetchLimits())], Path())


def told(mapping: str, text: str) -> Reading:
    """What a mapping makes of a small payload."""
    content = text.encode()
    page = Fetched(content=content, sha256=sha256(content).hexdigest(), location="small", status=200, attempts=1)
    return read(source(mapping), [page], Path())


def rows(found: Reading, noun: str) -> list[Row]:
    return list(found.nouns[noun].good.to_pylist())


def table(name: str, *, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    """The file by the csv module alone; column names in lower case."""
    text = gzip.decompress(published(name).read_bytes()).decode(encoding)
    first = text.split("\n", 1)[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;", key=first.count))
    header = [title.strip().lower() for title in next(lines)]
    return [dict(zip(header, line, strict=True)) for line in lines]


def refused(found: Reading, noun: str) -> dict[int | None, set[str]]:
    """Row number → the fields that kept it out."""
    out: dict[int | None, set[str]] = {}
    for refusal in found.nouns[noun].refusals:
        out.setdefault(refusal.row, set()).add(refusal.field)
    return out
