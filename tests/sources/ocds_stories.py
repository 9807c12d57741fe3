"""What our border lets through of OCDS documents: shared by the tests of `monitor.sources.ocds*`.

Most stories are about one process: the town of Ashford buys a bridge from Bridger Ltd. It is invented.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from monitor.sources import Reading, read
from monitor.sources.fetch import Fetched, FetchLimits, fetch
from monitor.sources.ocds import OcdsSource

Json = dict[str, Any]

SOURCE = OcdsSource(name="ashford", location="https://data.example/releases.json")
BRIDGE = "ashford:ocds-1-bridge/C1"


def release(day: str | None, contract: Json | None = None, **more: Any) -> Json:
    """A release of the bridge. `day` may be a whole date-time."""
    contracts = [] if contract is None else [{"id": "C1", "awardID": "A1"} | contract]
    head = {"ocid": "ocds-1-bridge", "id": f"r-{day}", "date": day, "tag": ["contract"]}
    return head | {"contracts": contracts} | more


def work(**blocks: Any) -> Json:
    """A contract with an implementation block."""
    return {"title": "Bridge", "implementation": blocks}


def page(document: Any) -> Fetched:
    """A document as it is fetched: bytes as they are, anything else as JSON."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "page.json")
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return fetch(str(path), limits=FetchLimits())


def say(*documents: Any) -> Reading:
    """What comes of pages, behind the border."""
    return read(SOURCE, [page(document) for document in documents], Path())


def rows(reading: Reading, noun: str) -> list[Json]:
    """The rows of a noun without what says where they stood, and without empty cells."""
    aside = {"source_row", "edition_on", "content_hash"}
    return [
        {name: cell for name, cell in row.items() if cell is not None and name not in aside}
        for row in reading.nouns[noun].good.to_pylist()
    ]


def only(reading: Reading, noun: str) -> Json:
    """The one row of a noun."""
    (row,) = rows(reading, noun)
    return row


def everything(reading: Reading) -> dict[str, list[Json]]:
    """The rows of every noun."""
    return {noun: rows(reading, noun) for noun in reading.nouns}
