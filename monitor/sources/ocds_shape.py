"""The part of an OCDS 1.1.5 release that tells how contracts are performed: its objects, and what shape they must have.

Strict about objects and lists: where one is not what the standard says, the process is refused. Lenient
about leaves: each is kept as it was published and read as text (`leaf`); whether it is a date, an amount or
a known word is the border's question.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType, field, inspect

from monitor.domain.errors import RejectedError

# What msgspec raises for what it cannot read: another shape, no JSON, half a character, too deep a nesting.
Piece = bytes | memoryview
UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


def moment(text: str | None) -> datetime | None:
    """A date or date-time as published, with its own offset if it has one; None when it is neither.

    >>> moment("2024-02-29t23:30:00z").isoformat(), moment("2024-02-29").isoformat(), moment("29/02/2024")
    ('2024-02-29T23:30:00+00:00', '2024-02-29T00:00:00', None)
    """
    try:
        return datetime.fromisoformat((text or "").strip().upper())  # RFC 3339 allows a small t and z
    except ValueError:
        return None


def leaf(value: object) -> str | None:
    """Any leaf as text, trimmed; empty and null as None.

    An object where a text belongs stays as it was written: one cell of one row for the border to refuse,
    and no reason to lose the process.

    >>> [leaf(value) for value in (" GBP ", 7, True, "", None, {"$numberLong": "5"})]
    ['GBP', '7', 'true', None, None, '{"$numberLong": "5"}']
    """
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None else json.dumps(value, ensure_ascii=False)


def civil(text: str | None) -> str | None:
    """The day of a date-time in its own offset; what is none is handed on for the border to refuse.

    >>> civil("2024-03-01T00:30:00+08:00"), civil("2024-02-29"), civil("soon"), civil(None)
    ('2024-03-01', '2024-02-29', 'soon', None)
    """
    at = moment(text)
    return at.date().isoformat() if at else text


class Shape(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What every object has: names in camelCase, and more fields than we read. `Any` is a leaf; null is not there.
    `x_lvyue` is ours: see `ocds_beside`.

    Fields stand in the order of the standard, because msgspec then finds them at once.
    """


class Head(Shape, frozen=True):
    """What says which release, record or package this is; the rest of it is only passed over."""

    ocid: Any = UNSET
    date: Any = None
    tag: Any = None
    url: Any = UNSET
    links: Any = None
    releases: Raw | UnsetType = UNSET
    records: Raw | UnsetType = UNSET
    compiled_release: Raw | UnsetType = UNSET
    versioned_release: Raw | UnsetType = UNSET
    x_lvyue: Any = field(name="x_lvyue", default=None)


class Identifier(Shape, frozen=True):
    """An entry in a register of organizations."""

    scheme: Any = None
    id: Any = None
    legal_name: Any = None


class Organization(Shape, frozen=True):
    """A party, or a reference to one; OCDS 1.0 wrote parties where they are referred to."""

    id: Any = None
    name: Any = None
    identifier: Identifier | None = None
    roles: tuple[Any, ...] | None = None
    x_lvyue: Any = field(name="x_lvyue", default=None)


class Value(Shape, frozen=True):
    """An amount in whole units."""

    amount: Any = None
    currency: Any = None


class Period(Shape, frozen=True):
    """From when to when."""

    start_date: Any = None
    end_date: Any = None


class Document(Shape, frozen=True):
    """A published file."""

    id: Any = None
    document_type: Any = None
    date_published: Any = None
    url: Any = None


class Milestone(Shape, frozen=True):
    """A promise with a day. `value` is an extension, the `x_` fields are ours."""

    id: Any = None
    title: Any = None
    type: Any = None
    description: Any = None
    due_date: Any = None
    date_met: Any = None
    date_modified: Any = None
    status: Any = None
    documents: list[Document] | None = None
    value: Value | None = None
    x_status: Any = field(name="x_status", default=None)
    x_responsible_party: Any = field(name="x_responsibleParty", default=None)
    x_lvyue: Any = field(name="x_lvyue", default=None)


class Transaction(Shape, frozen=True):
    """Money that was paid. `amount` and `provider_organization` are the names of OCDS 1.0."""

    id: Any = None
    title: Any = None
    description: Any = None
    date: Any = None
    value: Value | None = None
    amount: Value | None = None
    payer: Organization | None = None
    provider_organization: Identifier | None = None
    x_lvyue: Any = field(name="x_lvyue", default=None)


class Amendment(Shape, frozen=True):
    """A change of the contract."""

    id: Any = None
    date: Any = None
    rationale: Any = None
    x_lvyue: Any = field(name="x_lvyue", default=None)


class Implementation(Shape, frozen=True):
    """What became of the contract."""

    milestones: list[Milestone] | None = None
    transactions: list[Transaction] | None = None
    documents: list[Document] | None = None


class Contract(Shape, frozen=True):
    """A contract. `suppliers` is an extension: who of the award's suppliers signed this one."""

    id: Any = None
    award_id: Any = field(name="awardID", default=None)
    title: Any = None
    description: Any = None
    status: Any = None
    period: Period | None = None
    value: Value | None = None
    date_signed: Any = None
    documents: list[Document] | None = None
    implementation: Implementation | None = None
    milestones: list[Milestone] | None = None
    amendments: list[Amendment] | None = None
    amendment: Amendment | None = None
    suppliers: list[Organization] | None = None
    x_status: Any = field(name="x_status", default=None)
    x_amount_original: Value | None = field(name="x_amountOriginal", default=None)
    x_lvyue: Any = field(name="x_lvyue", default=None)


class Award(Shape, frozen=True):
    """The decision a contract rests on."""

    id: Any = None
    title: Any = None
    date: Any = None
    suppliers: list[Organization] | None = None


class Tender(Shape, frozen=True):
    """The call that came before."""

    title: Any = None
    procuring_entity: Organization | None = None


class Process(Shape, frozen=True):
    """One contracting process: the state its releases add up to."""

    parties: list[Organization] | None = None
    buyer: Organization | None = None
    tender: Tender | None = None
    awards: list[Award] | None = None
    contracts: list[Contract] | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of JSON. Without a head it is no object."""

    content: Piece
    head: Head | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Something that stands where the standard has an object."""

    where: str
    value: str


# `float_hook`: an amount must not pass through a float, so a number with a point is kept as it was written.
_HEAD = msgspec.json.Decoder(Head, float_hook=str)
_PROCESS = msgspec.json.Decoder(Process, float_hook=str)


def entry(content: Piece, where: str) -> Entry:
    """The JSON with its head. What is JSON to others, but not to msgspec, is written anew.

    Raises RejectedError for what is no JSON.
    """
    try:
        return Entry(content=content, head=_HEAD.decode(content))
    except UNREADABLE:
        found = parse(content, where)
        again = written_anew(found)
        return Entry(content=again, head=_HEAD.decode(again) if isinstance(found, dict) else None)


def shaped(content: Piece, where: str) -> Process | list[Misfit]:
    """A release as a process, or all that has not the standard's shape in it."""
    try:
        return _PROCESS.decode(content)
    except UNREADABLE:
        misfits: list[Misfit] = []
        mended = _mended(parse(content, where), inspect.type_info(Process), (), misfits)
        return misfits or msgspec.convert(mended, Process)


def parse(content: Piece, where: str) -> object:
    """JSON, with every number that has a point as it was written. Raises RejectedError for what is none."""
    try:
        found: object = json.loads(bytes(content), parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        hint = "a truncated download? the last good state stays as it was"
        raise RejectedError(f"{where}: the JSON cannot be read: {error}", hint=hint) from error
    return found


def written_anew(found: object) -> bytes:
    """Without what only some take for JSON: NaN is a text now, half a character (\\ud800) a question mark."""
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")


def _mended(value: object, kind: inspect.Type, path: tuple[str, ...], misfits: list[Misfit]) -> object:
    """The value in the standard's shape, where something near it was published: a lone object for a list of it."""
    if isinstance(kind, inspect.UnionType):
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    if value is not None and isinstance(kind, inspect.ListType | inspect.VarTupleType):
        items = [item for item in value if item is not None] if isinstance(value, list) else [value]
        return [_mended(item, kind.item_type, (*path, str(n)), misfits) for n, item in enumerate(items)]
    if value is None or not isinstance(kind, inspect.StructType):
        return value
    if kind.cls is Value and not isinstance(value, dict):
        return {"amount": value}  # without a currency, which the border refuses
    if not isinstance(value, dict):
        misfits.append(Misfit(where=".".join(path), value=str(value)[:200]))
        return None
    fields = {part.encode_name: part.type for part in kind.fields}
    return {
        name: _mended(found, fields[name], (*path, name), misfits) for name, found in value.items() if name in fields
    }
