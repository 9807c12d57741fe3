"""Who is who in one contracting process of OCDS 1.1.5: parties, and the references to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from monitor.sources.ocds_shape import Award, Contract, Identifier, Organization, Process, Transaction, leaf

NOBODY, NO_REGISTER = Organization(), Identifier()
ORG_ID = re.compile(r"[A-Z]{2,3}-[A-Z0-9_]+-.+")


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """An organization as one place names it."""

    id: str | None
    name: str | None
    scheme: str | None
    number: str | None
    """Its number in the register `scheme`."""
    legal_name: str | None
    roles: tuple[str | None, ...]
    key: str | None
    """See `organization_key`; its own, where `x_lvyue` says it."""
    beside: Any = None
    """What stands in `x_lvyue`."""


def body(found: Organization | None) -> Body:
    """The organization with its leaves read; one that is not there has no key."""
    try:
        return _body(found or NOBODY)
    except TypeError:  # a list or an object stands where a text belongs
        return _body.__wrapped__(found or NOBODY)


@lru_cache(maxsize=1 << 16)
def _body(one: Organization) -> Body:
    register = one.identifier or NO_REGISTER
    scheme, number = leaf(register.scheme), leaf(register.id)
    id, name = leaf(one.id), leaf(one.name)
    return Body(
        id=id,
        name=name,
        scheme=scheme,
        number=number,
        legal_name=leaf(register.legal_name),
        roles=tuple(map(leaf, one.roles)) if one.roles else (),
        key=_own_key(one.x_lvyue) or organization_key(id, name, scheme, number),
        beside=one.x_lvyue,
    )


def _own_key(beside: object) -> str | None:
    return leaf(beside.get("id")) if isinstance(beside, dict) else None


def organization_key(id: str | None, name: str | None, scheme: str | None, number: str | None) -> str | None:
    """What makes two mentions of an organization the same one; None when it is not named at all.

    Its id where that has the form of org-id.guide, else register and number. An id of another form is
    unique within one process only (a portal numbers the supplier of every process "1"), so it counts
    together with the name.

    >>> [organization_key(id, "AnyCorp", None, None) for id in ("GB-COH-11111111", "1", None)]
    ['GB-COH-11111111', '1 AnyCorp', 'AnyCorp']
    """
    if id and ORG_ID.fullmatch(id):
        return id
    if scheme and number:
        return f"{scheme}-{number}"
    return " ".join(part for part in (id, name) if part) or None


def owner(process: Process, parties: Sequence[Body]) -> Body:
    """Who owns the contracts: the buyer, else the procuring entity, each by reference or by role."""
    tender = process.tender
    for role, reference in (("buyer", process.buyer), ("procuringEntity", tender.procuring_entity if tender else None)):
        one = body(reference)
        if one.key:
            return resolved(parties, one)
        for party in with_role(parties, role):
            if party.key:
                return resolved(parties, party)
    return body(None)


def suppliers(contract: Contract, award: Award, parties: Sequence[Body]) -> list[Body]:
    """Who signed, as the contract names them, else its award; else every supplier of the process."""
    named = [resolved(parties, body(one)) for one in contract.suppliers or award.suppliers or ()]
    return [one for one in named or with_role(parties, "supplier") if one.key]


def sides(paid: Sequence[Transaction], parties: Sequence[Body], theirs: set[str | None]) -> list[str]:
    """Who paid each: the counterparty where the payer's key is one of `theirs`, else the government."""
    payers = [one.payer for one in paid]
    if payers and payers.count(payers[0]) == len(payers):  # nearly always one body pays all
        key = resolved(parties, body(payers[0])).key
        if key:
            return [_side(key, theirs)] * len(payers)
    found = []
    for one in paid:
        key = resolved(parties, body(one.payer)).key
        found.append(_side(key or body(Organization(identifier=one.provider_organization)).key, theirs))
    return found


def _side(key: str | None, theirs: set[str | None]) -> str:
    return "counterparty" if key in theirs else "government"


def with_role(parties: Sequence[Body], role: str) -> list[Body]:
    """The parties that say they have this role."""
    return [party for party in parties if role in party.roles]


def resolved(parties: Sequence[Body], one: Body) -> Body:
    """The party that a reference means. A list may hold an id twice, so the name is asked too."""
    twins = [party for party in parties if one.id and party.id == one.id]
    named = [party for party in twins or parties if one.name and party.name == one.name]
    if twins:
        return (named or twins)[0]
    return named[0] if named and not one.id else one
