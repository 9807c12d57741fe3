"""What every noun is made of: an id, and optional fields in which empty means *not known*."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel


def money(description: str) -> Any:
    """A money field: int64 minor units of the row's `currency`."""
    return Field(default=None, sa_type=BigInteger, description=description)


def code(description: str) -> Any:
    """An optional field that holds one of a few words. SQLModel cannot map `Literal | None` by itself."""
    return Field(default=None, sa_type=String, description=description)


def fact(description: str) -> Any:
    """An optional field; empty means not known."""
    return Field(default=None, description=description)


class Noun(SQLModel):
    """What every noun has."""

    id: str = Field(description="The source's own key, prefixed with the source's name: stable from pull to pull.")


class OfContract(Noun):
    """A noun that belongs to one contract."""

    contract_id: str = Field(index=True, description="The contract it belongs to.")
