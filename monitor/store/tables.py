"""Every table, in one place. `table=True` does not validate: rows are checked before they come here.

Versions are only added: a row of `<noun>_version` is what one source said of one thing, and `recorded_at` when Lvyue
could know it. The newest row with `recorded_at <= known_at` is what was known then. `seq` orders versions for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, Table, Text
from sqlmodel import Field, SQLModel

from monitor.domain import nouns

SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER PRIMARY KEY counts by itself in SQLite

Value = TypeVar("Value")

METADATA = SQLModel.metadata
METADATA.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Run(SQLModel, table=True):
    """The ledger: one row each time Lvyue pulled, scanned or delivered, whatever came of it."""

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    kind: str
    source: str | None = None
    state: str
    started_at: datetime
    finished_at: datetime | None = None
    as_of: date | None = None
    known_at: datetime | None = None
    rules_hash: str | None = None
    calendar_hash: str | None = None
    facts_hash: str | None = None
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    message: str | None = None


class SlotRow(SQLModel, table=True):
    """What the clock asked for: one row a job and slot, so that no slot is worked twice. See slots.py."""

    __tablename__ = "slot"

    job: str = Field(primary_key=True)
    key: str = Field(primary_key=True, description="A civil date, or the hour it begins in UTC: it sorts as time goes.")
    state: str
    attempts: int
    epoch: int = Field(description="Of the leader that worked it.")
    began_at: datetime = Field(index=True)
    ended_at: datetime | None = None
    next_try_at: datetime | None = None
    missed: int = Field(default=0, description="Slots before it that nobody worked.")
    message: str | None = None


class LeaderRow(SQLModel, table=True):
    """Who leads: one row. Every change of leader raises `epoch`; who has an older one may write nothing any more."""

    __tablename__ = "leader"

    id: int = Field(primary_key=True)
    epoch: int
    beat: int = Field(default=0, description="Rises while the leader lives.")
    holder: str
    since: datetime
    released: bool = Field(description="It left of its own will.")


class Payload(SQLModel, table=True):
    """What a publisher sent, byte for byte, kept once: named by the SHA-256 of its content, stored as zlib."""

    sha256: str = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)
    size: int = Field(sa_type=BigInteger)
    media_type: str | None = None
    kept_at: datetime


class Edition(SQLModel, table=True):
    """One state of a source as it was published. A payload holds one, or several when its rows are dated."""

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    run_id: int = Field(foreign_key="run.id", sa_type=BigInteger)
    source: str = Field(index=True)
    recorded_at: datetime
    reader_hash: str = Field(description="Hash of the mapping and settings the payload was read with.")
    etag: str | None = None
    last_modified: str | None = None
    rows: int
    changed: int
    vanished: int
    quarantined: int
    partial: bool = Field(default=False, description="Only what changed was asked for.")
    watermark: str | None = Field(default=None, description="The latest change that the source has told of.")
    fields: dict[str, Any] | None = Field(
        default=None,
        sa_column=Column(JSON(none_as_null=True), nullable=True),
        description="By field: in how many rows it has a value, of how many. None: not counted.",
    )


class EditionPayload(SQLModel, table=True):
    """Which payloads an edition was read from, page by page."""

    __tablename__ = "edition_payload"

    edition_id: int = Field(foreign_key="edition.id", primary_key=True, sa_type=BigInteger)
    page: int = Field(primary_key=True)
    sha256: str = Field(foreign_key="payload.sha256")


class HeldPull(SQLModel, table=True):
    """A pull that would have lost most of what its source listed: nothing was recorded, a person is asked."""

    __tablename__ = "held_pull"

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    run_id: int = Field(foreign_key="run.id", sa_type=BigInteger)
    source: str = Field(index=True)
    held_at: datetime
    published: date | None = None
    etag: str | None = None
    last_modified: str | None = None
    state: str = Field(description="waiting, accepted, or replaced by what came later.")
    settled_at: datetime | None = None
    actor: str | None = None
    reason: str | None = None


class HeldPayload(SQLModel, table=True):
    """The pages of a pull that waits, in order."""

    __tablename__ = "held_payload"

    held_id: int = Field(foreign_key="held_pull.id", primary_key=True, sa_type=BigInteger)
    page: int = Field(primary_key=True)
    sha256: str = Field(foreign_key="payload.sha256")
    location: str = Field(description="Where it came from, without secrets.")


class Quarantine(SQLModel, table=True):
    """A row that could not be understood: where it stood, what it said, why it was refused."""

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    edition_id: int = Field(foreign_key="edition.id", index=True, sa_type=BigInteger)
    noun: str
    row: int | None = None
    field: str
    value: str | None = Field(default=None, sa_type=Text)
    reason: str


class Version(SQLModel):
    """Columns that every noun's versions have beside its own."""

    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    edition_id: int = Field(foreign_key="edition.id", sa_type=BigInteger)
    source: str
    source_row: int | None = None
    recorded_at: datetime
    content_hash: str
    gone: bool = Field(description="The source no longer lists it; the content is the last it said.")


class UnitVersion(Version, nouns.Unit, table=True):
    __tablename__ = "unit_version"


class PartyVersion(Version, nouns.Party, table=True):
    __tablename__ = "party_version"


class ContractVersion(Version, nouns.Contract, table=True):
    __tablename__ = "contract_version"


class ObligationVersion(Version, nouns.Obligation, table=True):
    __tablename__ = "obligation_version"


class PaymentVersion(Version, nouns.Payment, table=True):
    __tablename__ = "payment_version"


class AmendmentVersion(Version, nouns.Amendment, table=True):
    __tablename__ = "amendment_version"


class GuaranteeVersion(Version, nouns.Guarantee, table=True):
    __tablename__ = "guarantee_version"


class ReviewVersion(Version, nouns.Review, table=True):
    __tablename__ = "review_version"


class FilingVersion(Version, nouns.Filing, table=True):
    __tablename__ = "filing_version"


class PublicationVersion(Version, nouns.Publication, table=True):
    __tablename__ = "publication_version"


class ComplaintVersion(Version, nouns.Complaint, table=True):
    __tablename__ = "complaint_version"


class DisclosureVersion(Version, nouns.Disclosure, table=True):
    __tablename__ = "disclosure_version"


def table_of(model: type[SQLModel]) -> Table:
    """The plain table behind a model: what Core statements are written with."""
    table: Table = SQLModel.metadata.tables[str(model.__tablename__)]
    return table


def kept(text: str) -> str:
    """Text of others as every database keeps it: PostgreSQL refuses a NUL, so it is replaced (U+FFFD) on all alike.

    The border refuses a row that has one; this is for what is said about it.
    """
    return text.replace("\x00", "\ufffd")


def batched(values: Sequence[Value], size: int = 500) -> Iterator[Sequence[Value]]:
    """Values in pieces that fit into one `IN (…)`: SQLite takes 32,766 parameters, other servers fewer."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def version_table(noun: str) -> Table:
    """The versions of one noun, named as in `domain.nouns.NOUNS`."""
    return SQLModel.metadata.tables[f"{noun}_version"]


for _noun in nouns.NOUNS:
    Index(None, version_table(_noun).c.id, version_table(_noun).c.seq)


class AlertRow(SQLModel, table=True):
    """One warning about one subject. At most one is not released for a rule and subject: a UNIQUE index says so."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_open",
            "rule",
            "subject",
            "subject_id",
            unique=True,
            sqlite_where=Column("released_on").is_(None),
            postgresql_where=Column("released_on").is_(None),
        ),
        Index(None, "subject", "subject_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    rule: str
    subject: str
    subject_id: str
    contract_id: str | None = Field(default=None, index=True)
    unit: str | None = None
    level: str
    peak: str = Field(description="The worst level it ever had.")
    state: str
    opened_on: date
    level_since: date
    armed_on: date = Field(description="The day from which time limits run.")
    cleared_on: date | None = None
    closed_on: date | None = None
    released_on: date | None = Field(default=None, description="From when on another one may open.")
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    reported_by: str | None = None
    acted_on: date | None = None
    assignee: str | None = None
    escalated: int = Field(default=0, description="Steps up the chain since somebody last acted.")
    until: date | None = Field(default=None, description="Suspended until this day.")
    held: str | None = Field(default=None, description="The state to go back to after that.")
    outcome: str | None = Field(default=None, description="true, false or prevented.")
    previous: int | None = Field(default=None, foreign_key="alert.id", sa_type=BigInteger)
    told: str | None = Field(default=None, description="The level that people were last told of.")
    documents: int = Field(default=0, description="Letters written about it.")
    turn: int = Field(default=0, description="Rises with every change.")
    rule_hash: str
    run_id: int | None = Field(
        default=None,
        foreign_key="run.id",
        sa_type=BigInteger,
        description="The run that last changed it; none: a person.",
    )
    finding: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class AlertEvent(SQLModel, table=True):
    """What happened to a warning, in order; only added: triggers refuse to change or delete a row."""

    __tablename__ = "alert_event"

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    alert_id: int = Field(foreign_key="alert.id", index=True, sa_type=BigInteger)
    run_id: int | None = Field(default=None, foreign_key="run.id", sa_type=BigInteger)
    happened_on: date = Field(index=True)
    kind: str
    before: str | None = None
    after: str | None = None
    actor: str = "lvyue"
    reason: str | None = None
    happened_at: datetime | None = Field(default=None, description="None: written before instants were kept.")
    state: str | None = Field(default=None, description="The state afterwards; None: as the kind says.")
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    previous_hash: str = Field(unique=True, description="Hash of the event before it: see monitor/audit.py.")
    hash: str


class SilenceRow(SQLModel, table=True):
    """Quiet that somebody asked for, about some warnings, for some days, with a reason."""

    __tablename__ = "silence"

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    rule: str
    unit: str
    contract_id: str | None = None
    author: str
    reason: str
    from_on: date
    until: date
    ended_on: date | None = None


class LetterRow(SQLModel, table=True):
    """The outbox: written in the transaction that wrote the alerts, sent later, one recipient a row."""

    __tablename__ = "letter"

    key: str = Field(primary_key=True, description="Hash of recipient, kind, day and alerts; gives the Message-ID.")
    run_id: int | None = Field(default=None, foreign_key="run.id", sa_type=BigInteger)
    kind: str
    recipient: str
    lang: str
    channel: str = "mail"
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime
    not_before: datetime | None = None
    state: str = Field(index=True, description="waiting, sending, sent, parked or dropped.")
    attempts: int = 0
    next_try_at: datetime
    lease_until: datetime | None = None
    reply: str | None = None
    sent_at: datetime | None = None


class ModelRow(SQLModel, table=True):
    """A model that was trained: from what, how it did, and the file it lies in, named by the SHA-256 of its content."""

    __tablename__ = "model"

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    recipe: str = Field(index=True)
    recipe_hash: str
    sha256: str | None = Field(default=None, description="None where nothing could be trained.")
    as_of: date
    trained_at: datetime
    verdict: str = Field(description="What the gate lets speak: model, lookup or off.")
    card: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False), description="Numbers of the trial, and why.")


class ModelEvent(SQLModel, table=True):
    """Which model speaks from when on; only added. The last one of a recipe by an instant says what spoke then."""

    __tablename__ = "model_event"

    id: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    model_id: int = Field(foreign_key="model.id", sa_type=BigInteger)
    recipe: str = Field(index=True)
    happened_at: datetime
    kind: str = Field(description="promoted, rolled_back or stopped.")
    actor: str
    reason: str
