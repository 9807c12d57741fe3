"""The part of an OCDS 1.1.5 release that tells how contracts are performed, as models that check its shape.

Strict about objects and lists: where one is not what the standard says, the process is refused. Lenient
about leaves: each is kept as the text that was published; whether it is a date, an amount or a known word
is the border's question.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")


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
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # JSON can spell half a character (\ud800), which no table can hold.
    return text.encode("utf-8", "replace").decode("utf-8").strip() or None


def _many(value: object) -> object:
    """A list. Published instead of one: null, and the single object that would stand in it."""
    if value is None:
        return ()
    return [item for item in value if item is not None] if isinstance(value, list) else [value]


def _one(value: object) -> object:
    return {} if value is None else value


def _money(value: object) -> object:
    """A Value object; a bare number is one without currency, which the border refuses."""
    return _one(value) if value is None or isinstance(value, dict) else {"amount": value}


Text = Annotated[str | None, BeforeValidator(leaf)]
Many = Annotated[tuple[T, ...], BeforeValidator(_many)]
One = Annotated[T, BeforeValidator(_one)]


class Shape(BaseModel):
    """What every object of a release has: names in camelCase, and more fields than we read."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class Identifier(Shape):
    """An entry in a register of organizations."""

    scheme: Text = None
    id: Text = None
    legal_name: Text = None


class Organization(Shape):
    """A party, or a reference to one; OCDS 1.0 wrote parties where they are referred to."""

    id: Text = None
    name: Text = None
    identifier: One[Identifier] = Identifier()
    roles: Many[Text] = ()


class Value(Shape):
    """An amount in whole units."""

    amount: Text = None
    currency: Text = None


Money = Annotated[Value, BeforeValidator(_money)]


class Period(Shape):
    """From when to when."""

    start_date: Text = None
    end_date: Text = None


class Document(Shape):
    """A published file."""

    id: Text = None
    document_type: Text = None
    date_published: Text = None
    url: Text = None


class Milestone(Shape):
    """A promise with a day. `value` is an extension, the `x_` fields are ours."""

    id: Text = None
    title: Text = None
    description: Text = None
    type: Text = None
    due_date: Text = None
    date_met: Text = None
    date_modified: Text = None
    status: Text = None
    value: Money = Value()
    documents: Many[Document] = ()
    x_status: Annotated[Text, Field(alias="x_status")] = None
    x_responsible_party: Annotated[Text, Field(alias="x_responsibleParty")] = None


class Transaction(Shape):
    """Money that was paid. `amount` and `provider_organization` are the names of OCDS 1.0."""

    id: Text = None
    title: Text = None
    description: Text = None
    date: Text = None
    value: Money = Value()
    amount: Money = Value()
    payer: One[Organization] = Organization()
    provider_organization: One[Identifier] = Identifier()


class Amendment(Shape):
    """A change of the contract."""

    id: Text = None
    date: Text = None
    rationale: Text = None


class Implementation(Shape):
    """What became of the contract."""

    milestones: Many[Milestone] = ()
    transactions: Many[Transaction] = ()
    documents: Many[Document] = ()


class Contract(Shape):
    """A contract. `suppliers` is an extension: who of the award's suppliers signed this one."""

    id: Text = None
    award_id: Annotated[Text, Field(alias="awardID")] = None
    title: Text = None
    description: Text = None
    status: Text = None
    period: One[Period] = Period()
    value: Money = Value()
    date_signed: Text = None
    suppliers: Many[Organization] = ()
    milestones: Many[Milestone] = ()
    documents: Many[Document] = ()
    amendments: Many[Amendment] = ()
    amendment: One[Amendment] = Amendment()
    implementation: One[Implementation] = Implementation()
    x_status: Annotated[Text, Field(alias="x_status")] = None
    x_amount_original: Annotated[Money, Field(alias="x_amountOriginal")] = Value()


class Award(Shape):
    """The decision a contract rests on."""

    id: Text = None
    title: Text = None
    date: Text = None
    suppliers: Many[Organization] = ()


class Tender(Shape):
    """The call that came before."""

    title: Text = None
    procuring_entity: One[Organization] = Organization()


class Process(Shape):
    """One contracting process: the state its releases add up to."""

    ocid: str
    buyer: One[Organization] = Organization()
    parties: Many[Organization] = ()
    tender: One[Tender] = Tender()
    awards: Many[Award] = ()
    contracts: Many[Contract] = ()
