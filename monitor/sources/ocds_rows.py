"""From contracting processes to the rows of our nouns: the mapping of OCDS 1.1.5.

Keys. A contract is `ocid/contracts.id`, what belongs to it `contract/id`; the less common of two blocks
puts its name between, because OCDS ids are unique within a block only. Organizations: see
`organization_key`.

Days. A fact's day is the day in the publisher's own offset, because that is the civil day of the contract:
what was signed at 00:30+08:00 on 1 January was signed that year, though UTC was still in December. Only
`updated_on` is a day in UTC, like the order of releases that it comes from. What is not published stays
empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from monitor.domain.nouns import NOUNS
from monitor.sources.border import columns
from monitor.sources.ocds_shape import (
    Amendment,
    Award,
    Contract,
    Document,
    Milestone,
    Organization,
    Process,
    Value,
    moment,
)

FILLED = ("unit", "party", "contract", "obligation", "payment", "amendment", "publication")
CONTRACT_STATUS = {
    # The codelist does not tell completion from early end; a publisher who knows better says it in x_status.
    "terminated": "completed",
}
PUBLICATIONS = {
    "contractSigned": "contract",
    "contractNotice": "contract",
    "contractAnnexe": "amendment",
    "completionCertificate": "acceptance",
}
OWNERS = ("buyer", "procuringEntity")
ORG_ID = re.compile(r"[A-Z]{2,3}-[A-Z0-9_]+-.+")

Row = dict[str, str | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A process as it stands."""

    process: Process
    updated: datetime
    """When its latest release was made, in UTC."""
    row: int
    """Number of the item of the pages that this release came in."""


def tables(states: Iterable[State]) -> dict[str, pa.Table]:
    """A table for each noun of `FILLED`, with all columns of the noun as text, also when it has no row.

    An organization gets one row over all processes, in which the latest word counts.
    """
    found: dict[str, list[Row]] = {noun: [] for noun in FILLED}
    bodies: dict[tuple[str, object], Row] = {}
    for state in sorted(states, key=lambda state: (state.updated, state.process.ocid)):
        for noun, row in _rows(state):
            row["source_row"] = state.row
            if noun in ("unit", "party"):
                known = {name: cell for name, cell in row.items() if cell is not None}
                bodies.setdefault((noun, row["id"]), {}).update(known)
            else:
                found[noun].append(row)
    for (noun, _), row in bodies.items():
        found[noun].append(row)
    return {noun: _table(noun, rows) for noun, rows in found.items()}


def organization_key(body: Organization) -> str | None:
    """What makes two mentions of an organization the same one; None when it is not named at all.

    Its id where that has the form of org-id.guide, else register and number. An id of another form is
    unique within one process only (a portal numbers the supplier of every process "1"), so it counts
    together with the name.

    >>> [organization_key(Organization(id=id, name="AnyCorp")) for id in ("GB-COH-11111111", 1, "")]
    ['GB-COH-11111111', '1 AnyCorp', 'AnyCorp']
    """
    if body.id and ORG_ID.fullmatch(body.id):
        return body.id
    if body.identifier.scheme and body.identifier.id:
        return f"{body.identifier.scheme}-{body.identifier.id}"
    return " ".join(part for part in (body.id, body.name) if part) or None


def civil(text: str | None) -> str | None:
    """The day of a date-time in its own offset; what is none is handed on for the border to refuse.

    >>> civil("2024-03-01T00:30:00+08:00"), civil("2024-02-29"), civil("soon"), civil(None)
    ('2024-03-01', '2024-02-29', 'soon', None)
    """
    at = moment(text)
    return at.date().isoformat() if at else text


def _table(noun: str, rows: list[Row]) -> pa.Table:
    names = [column.outside for column in columns(NOUNS[noun])]
    cells = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return pa.table(cells | {"source_row": pa.array([row["source_row"] for row in rows], pa.int64())})


def _rows(state: State) -> Iterator[tuple[str, Row]]:
    """Nothing while there is no contract: who will buy and what is called for binds nobody yet."""
    process = state.process
    if not process.contracts:
        return
    owner = _owner(process)
    if organization_key(owner):
        yield "unit", _unit(owner)
    for contract in process.contracts:
        awards = (award for award in process.awards if award.id and award.id == contract.award_id)
        about = _About(process=process, contract=contract, award=next(awards, Award()), owner=owner)
        yield from (("party", _party(body)) for body in about.suppliers())
        yield "contract", _contract(about) | {"updated_on": state.updated.date().isoformat()}
        for noun, row in about.parts():
            yield noun, row | {"contract_id": about.key}


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """A contract with what the rest of its process says of it."""

    process: Process
    contract: Contract
    award: Award
    owner: Organization

    @property
    def key(self) -> str | None:
        return self.contract.id and f"{self.process.ocid}/{self.contract.id}"

    def within(self, *parts: str | None) -> str | None:
        """The key of a part of the contract, or None when the publisher gave it no id."""
        path = [part for part in (self.key, *parts) if part]
        return "/".join(path) if len(path) == len(parts) + 1 else None

    def suppliers(self) -> list[Organization]:
        """Who signed, as the contract names them, else its award; else every supplier of the process."""
        named = [_resolved(self.process, body) for body in self.contract.suppliers or self.award.suppliers]
        return [body for body in named or _with_role(self.process, "supplier") if organization_key(body)]

    def parts(self) -> Iterator[tuple[str, Row]]:
        """Every row that belongs to the contract, still without `contract_id`."""
        work = self.contract.implementation
        carried = {(milestone.id, milestone.title) for milestone in work.milestones}
        yield from (("obligation", _obligation(one, self.within(one.id))) for one in work.milestones)
        for one in self.contract.milestones:
            if (one.id, one.title) not in carried:  # carried on into the implementation, it is one promise
                yield "obligation", _obligation(one, self.within("contract", one.id))
        yield from (("payment", row) for row in _payments(self))
        for change in self.contract.amendments or (self.contract.amendment,):
            if change != Amendment():
                # OCDS asks for no id here; the day is what else stays the same from pull to pull.
                yield "amendment", _amendment(change, self.within(change.id or civil(change.date)))
        for paper in self.contract.documents:
            yield from _publication(paper, self.within(paper.id))
        for paper in work.documents:
            yield from _publication(paper, self.within("implementation", paper.id))


def _with_role(process: Process, role: str) -> list[Organization]:
    return [party for party in process.parties if role in party.roles]


def _owner(process: Process) -> Organization:
    """Who owns the contracts: the buyer, else the procuring entity, each by reference or by role."""
    references = {"buyer": process.buyer, "procuringEntity": process.tender.procuring_entity}
    for role in OWNERS:
        for body in (references[role], *_with_role(process, role)):
            if organization_key(body):
                return _resolved(process, body)
    return Organization()


def _resolved(process: Process, body: Organization) -> Organization:
    """The party that a reference means. A list may hold an id twice, so the name is asked too."""
    twins = [party for party in process.parties if body.id and party.id == body.id]
    named = [party for party in twins or process.parties if body.name and party.name == body.name]
    if twins:
        return (named or twins)[0]
    return named[0] if named and not body.id else body


def _unit(body: Organization) -> Row:
    """Without the published e-mail address: a call for bids names it for bidders, not for warnings."""
    chinese = body.identifier.scheme == "CN-USCC"
    return _party(body) | {"uscc": body.identifier.id if chinese else None}


def _party(body: Organization) -> Row:
    """A number without its register says nothing (see the portal above), so it is left out."""
    number = body.identifier.id if body.identifier.scheme else None
    return {"id": organization_key(body), "name": body.name or body.identifier.legal_name, "uscc": number}


def _leader(about: _About) -> str | None:
    """The first supplier leads; where nobody says which supplier of the process signed, only a single one."""
    keys = [organization_key(body) for body in about.suppliers()]
    told = about.contract.suppliers or about.award.suppliers
    return keys[0] if keys and (told or len(set(keys)) == 1) else None


def _contract(about: _About) -> Row:
    contract, tender = about.contract, about.process.tender
    title = contract.title or tender.title or about.award.title or contract.description or contract.id
    status = contract.status and CONTRACT_STATUS.get(contract.status, contract.status)
    return {
        "id": about.key,
        "number": contract.id,
        "title": title,
        "unit_id": organization_key(about.owner),
        "party_id": _leader(about),
        "currency": contract.value.currency if contract.value.amount else _first_currency(contract),
        "amount": contract.value.amount,
        "amount_original": _same_currency(contract.x_amount_original, contract.value),
        "award_notice_on": civil(about.award.date),
        "signed_on": civil(contract.date_signed),
        "start_on": civil(contract.period.start_date),
        "end_on": civil(contract.period.end_date),
        "status": contract.x_status or status,
    }


def _first_currency(contract: Contract) -> str | None:
    """Without an amount in force, the currency is that of the amount when it was signed."""
    return contract.value.currency or contract.x_amount_original.currency


def _same_currency(value: Value, main: Value) -> str | None:
    """The amount; with its currency written to it if that is not the row's, so that the border refuses it."""
    foreign = value.currency and main.currency and value.currency != main.currency
    return f"{value.amount} {value.currency}" if value.amount and foreign else value.amount


def _obligation(milestone: Milestone, key: str | None) -> Row:
    """Of the types of OCDS only `payment` tells who owes: the government."""
    return {
        "id": key,
        "side": milestone.x_responsible_party or ("government" if milestone.type == "payment" else None),
        "kind": milestone.type,
        "title": milestone.title or milestone.description or milestone.type or milestone.id,
        "currency": milestone.value.currency,
        "amount": milestone.value.amount,
        "due_on": civil(milestone.due_date),
        "done_on": civil(milestone.date_met),
        "status": milestone.x_status or milestone.status,
        "marked_on": civil(milestone.date_modified),
        # Merging loses the difference between an empty list and none, so neither is "no evidence".
        "evidence_count": str(len(milestone.documents)) if milestone.documents else None,
    }


def _payments(about: _About) -> Iterator[Row]:
    """Money that was paid; the sum owed stays empty. A `payment` milestone is a promise, not a payment."""
    theirs = {organization_key(body) for body in about.suppliers()} - {organization_key(about.owner), None}
    for one in about.contract.implementation.transactions:
        value = one.value if one.value.amount else one.amount
        payer = _resolved(about.process, one.payer)
        if not organization_key(payer):
            payer = Organization(identifier=one.provider_organization)
        yield {
            "id": about.within(one.id),
            "side": "counterparty" if organization_key(payer) in theirs else "government",
            "title": one.title or one.description,
            "currency": value.currency,
            "paid": value.amount,
            "paid_on": civil(one.date),
        }


def _amendment(amendment: Amendment, key: str | None) -> Row:
    return {"id": key, "changed_on": civil(amendment.date), "reason": amendment.rationale}


def _publication(document: Document, key: str | None) -> Iterator[tuple[str, Row]]:
    """A document counts as published only with the day: that it has an address does not say since when."""
    kind = PUBLICATIONS.get(document.document_type or "")
    if kind and document.date_published:
        day = civil(document.date_published)
        yield "publication", {"id": key, "kind": kind, "published_on": day, "url": document.url}
