"""Where facts come from. One file a *kind* of source; a new portal is a config entry and a mapping, no code.

A kind is found by being there: a module here with a `Source` subclass whose `kind` is a Literal. It is also its own
settings: what `[[source]]` in config.toml may say. Its `read` turns raw pages into relations named as our nouns; the
border checks every row. Nothing here knows the database.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar

import duckdb
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from monitor import __version__
from monitor.domain.errors import RejectedError
from monitor.domain.nouns import NOUNS
from monitor.domain.sandbox import MEMORY_LIMIT, bounded, sandbox
from monitor.domain.secrets import secret
from monitor.sources.border import Checked, Refusal, check
from monitor.sources.fetch import Fetched, FetchLimits, Validators
from monitor.sources.pages import all_pages

MAPPINGS = Path(__file__).with_name("mappings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is held of a source when it is asked again; nothing, where it would be read in another way now."""

    at: datetime
    validators: Validators | None = None
    watermark: str | None = None
    full_at: datetime | None = None
    """When everything was last asked for, and came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came. `partial`: only what changed since the watermark was asked for, so nothing missing has vanished."""

    pages: list[Fetched]
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a kind made of the pages: the nouns it filled, and rows that its format itself broke."""

    nouns: list[str]
    broken: tuple[Refusal, ...] = ()
    cells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For each noun, where a row names its contract, by the row's id: what people are told when nobody knows that contract."""
    arrived: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By the publisher's own names: how many rows have the column or field, of how many. Empty where the kind cannot say."""
    watermark: str | None = None
    """The latest value of the column that says when a row changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One pull past the border: every noun checked, and all that was refused."""

    nouns: dict[str, Checked]
    broken: tuple[Refusal, ...] = ()
    arrived: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    watermark: str | None = None

    @property
    def empty(self) -> bool:
        """No row of anything, good or refused."""
        return not self.broken and not any(checked.seen.num_rows or checked.refusals for checked in self.nouns.values())

    @property
    def refusals(self) -> list[Refusal]:
        """Every refusal, broken rows first, then noun by noun."""
        return [*self.broken, *(refusal for checked in self.nouns.values() for refusal in checked.refusals)]


class Source(BaseModel):
    """What every `[[source]]` may say, and what every kind must do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$", description="Short name; part of every key.")]
    kind: str
    location: Annotated[
        str,
        Field(
            description="http(s) address, or path (from config.toml) of a file, or of a folder into which files are dropped."
        ),
    ]
    private: Annotated[
        bool, Field(description="It is in the house: its name may stand for an address of a private network.")
    ] = False
    every_hours: Annotated[
        int | None,
        Field(ge=1, le=168, description="Asked so often by `lvyue serve`; left out: once a day in the daily round."),
    ] = None
    published: Annotated[
        date | None,
        Field(
            description="Day this dated edition was published. Left out: whatever is pulled is known from the pull on."
        ),
    ] = None
    complete: Annotated[
        bool, Field(description="Each pull lists everything, so what is missing from it has vanished from the source.")
    ] = False
    vanish_limit_percent: Annotated[
        int, Field(ge=0, le=100, description="A pull that would lose more contracts than this waits for a person.")
    ] = 50
    jurisdiction: Annotated[
        str | None, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", description="Whose law applies to its contracts.")
    ] = None
    stale_after_days: Annotated[
        int, Field(ge=1, description="Days without any change after which the source is reported as stopped.")
    ] = 60
    headers: Annotated[
        dict[str, str], Field(description="Request headers; a value `env:NAME` or `file:PATH` is looked up there.")
    ] = {}
    max_pages: Annotated[int, Field(ge=1, le=100_000, description="Pages after which pagination is refused.")] = 1000
    max_total_bytes: Annotated[
        int, Field(ge=1, description="Bytes of all pages after which no further one is asked for.")
    ] = 512 * 2**20
    max_minutes: Annotated[int, Field(ge=1, description="Minutes that all pages may take.")] = 60
    limits: FetchLimits = FetchLimits()
    read_seconds: Annotated[float, Field(gt=0, description="Longest time a payload may take to read.")] = 120.0

    how_only: ClassVar[frozenset[str]] = frozenset(
        {
            "every_hours", "headers", "limits", "location", "max_minutes", "max_pages", "max_total_bytes", "private",
            "read_seconds", "stale_after_days", "vanish_limit_percent",
        }
    )  # fmt: skip
    """Settings of how it is asked: with others the same bytes are still read the same."""
    feed: ClassVar[bool] = False
    """Whether it tells single events, whose order is in `contract.updated_on` and not in when they came."""

    @property
    def apart(self) -> timedelta:
        """From one turn of it in the service to the next."""
        return timedelta(hours=self.every_hours or 24)

    def ask(self, base: Path, known: Known) -> Asked:
        """What it has to say now, page by page; `base` is the folder of config.toml.

        Raises SourceError when a page does not come, RejectedError for pages that cannot be all, ConfigError.
        """
        return Asked(pages=all_pages(self, base, known.validators))

    @abstractmethod
    def load(self, db: duckdb.DuckDBPyConnection, pages: Sequence[Fetched], base: Path) -> Loaded:
        """Put the pages into `db` as relations named as nouns, columns by their outside names.

        Raises RejectedError when the pages are not what this kind reads.
        """

    def next_page(self, page: Fetched) -> str | None:
        """The address of the page after this one, as the page itself gives it."""
        return None

    def secret_headers(self) -> dict[str, str]:
        """Request headers with their secrets looked up. Raises ConfigError when one is not there."""
        return {name: secret(value) for name, value in self.headers.items()}

    def reader_hash(self, base: Path) -> str:
        """Changes when the same bytes would be read differently: settings or mapping edited, or another Lvyue."""
        settings = self.model_dump_json(exclude=set(self.how_only))
        return hashlib.sha256("\0".join((__version__, settings, self.mapping_text(base))).encode()).hexdigest()

    def check(self, base: Path) -> None:
        """What can be said of its settings and files without asking the publisher. Raises ConfigError."""

    def mapping_text(self, base: Path) -> str:
        """The SQL that turns its rows into our nouns; empty for a standard that needs none."""
        return ""


def read(source: Source, pages: Sequence[Fetched], base: Path) -> Reading:
    """Read the pages of one pull and bring them over the border. `base` is the folder of config.toml.

    Raises RejectedError when that takes too long or too much memory, or a value stops the mapping: DuckDB
    reads a view only at the border.
    """
    try:
        with sandbox() as db, bounded(db, source.read_seconds):
            loaded = source.load(db, pages, base)
            filled = [noun for noun in NOUNS if noun in loaded.nouns]
            checked = {noun: check(db, noun, noun, source=source.name) for noun in filled}
            checked = {noun: replace(one, cells=loaded.cells.get(noun, {})) for noun, one in checked.items()}
    except duckdb.InterruptException as error:
        raise RejectedError(
            f"source {source.name}: not read within {source.read_seconds:g} seconds",
            hint="a mapping without an end, or a payload that needs a longer `read_seconds`",
            why="too_much",
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise RejectedError(
            f"source {source.name}: reading it needs more memory than {MEMORY_LIMIT}",
            hint="a join in the mapping that multiplies its rows? Otherwise pull it in smaller pages",
            why="too_much",
        ) from error
    except duckdb.Error as error:
        raise RejectedError(
            f"source {source.name}: the mapping stops at a value: {error}",
            hint="let the border refuse the row: hand the text on, or use try_cast and day(); "
            "the last good state stays as it was",
        ) from error
    nouns = _with_jurisdiction(checked, source.jurisdiction)
    return Reading(nouns=nouns, broken=loaded.broken, arrived=loaded.arrived, watermark=loaded.watermark)


def kinds() -> dict[str, type[Source]]:
    """Every kind of source by its word in config.toml, found by looking into this folder.

    >>> sorted(kinds())
    ['ledger', 'ocds', 'rest', 'sql', 'table']
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    found = list(Source.__subclasses__())
    for kind in found:  # grows meanwhile: a kind may stand on what several have in common
        found += kind.__subclasses__()
    return {kind.model_fields["kind"].default: kind for kind in found if not kind.model_fields["kind"].is_required()}


def _with_jurisdiction(checked: dict[str, Checked], jurisdiction: str | None) -> dict[str, Checked]:
    """A register of one place need not say on every row where it is; what a row says itself is kept."""
    if jurisdiction is None or "contract" not in checked:
        return checked
    contracts = checked["contract"]
    position = contracts.good.schema.get_field_index("jurisdiction")
    filled = contracts.good["jurisdiction"].fill_null(pa.scalar(jurisdiction, pa.string()))
    table = contracts.good.set_column(position, "jurisdiction", filled)
    return checked | {
        "contract": Checked(noun="contract", good=table, refusals=contracts.refusals, seen=contracts.seen)
    }
