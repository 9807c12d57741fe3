"""From contracting processes to the rows of our nouns: the mapping of OCDS 1.1.5.

Keys. A contract is `ocid/contracts.id`, what belongs to it `contract/id`; the less common of two blocks
puts its name between, because OCDS ids are unique within a block only. Organizations: see `ocds_bodies`.

Days. A fact's day is the day in the publisher's own offset, because that is the civil day of the contract:
what was signed at 00:30+08:00 on 1 January was signed that year, though UTC was still in December. Only
`updated_on` is a day in UTC, like the order of releases that it comes from. What is not published stays
empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

import msgspec
import pyarrow as pa

from monitor.domain.nouns import NOUNS
from monitor.sources import ocds_beside as beside
from monitor.sources.ocds_beside import Overlay
from monitor.sources.ocds_bodies import Body, body, owner, sides, suppliers
from monitor.sources.ocds_columns import (
    Leaves,
    contract_leaves,
    contracts,
    joined,
    milestone_leaves,
    obligations,
    payments,
    table,
    transaction_leaves,
)
from monitor.sources.ocds_shape import (
    Award,
    Contract,
    Document,
    Implementation,
    Milestone,
    Process,
    Tender,
    Transaction,
    civil,
    leaf,
)

OVERLAID = ("contract", "obligation", "payment")
FILLED = ("unit", "party", "contract", "obligation", "payment", "amendment", "publication")
PUBLICATIONS = {
    "contractSigned": "contract",
    "contractNotice": "contract",
    "contractAnnexe": "amendment",
    "completionCertificate": "acceptance",
}
TOGETHER = 32
"""Processes whose objects are in memory at a time; more of them would not fit into the processor's cache."""
NO_AWARD, NO_TENDER, NO_WORK = Award(), Tender(), Implementation()

Row = dict[str, str | int | None]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A process as it stands."""

    ocid: str
    process: Process
    updated: datetime
    """When its latest release was made, in UTC."""
    row: int
    """Number of the item of the pages that this release came in."""


def tables(states: Iterable[State], packages: Sequence[object] = ()) -> dict[str, pa.Table]:
    """A table for each noun of `FILLED`, with all columns of the noun as text, also when it has no row; for every noun
    where something stands in `x_lvyue`. `packages` is what stands there in packages, complete when `states` is at its end.

    An organization gets one row over all processes, in which the last of `states` has the last word.
    """
    sheets, remaining = _Sheets(), iter(states)
    while some := list(islice(remaining, TOGETHER)):
        for state in some:
            sheets.add(state)
        sheets.turn()
    sheets.register(packages)
    return sheets.tables()


@dataclass(slots=True)
class _Objects:
    """What is gathered next: contracts with what is told of them, and parts with the number of their contract."""

    contracts: list[Contract] = field(default_factory=list)
    awards: list[Award] = field(default_factory=list)
    tenders: list[Tender] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    units: list[str | None] = field(default_factory=list)
    leaders: list[str | None] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    promised_in: list[int] = field(default_factory=list)
    planned: list[bool] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    paid_in: list[int] = field(default_factory=list)
    sides: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Sheets:
    """What is known so far: leaves of that of which there is much, rows of the rest."""

    objects: _Objects = field(default_factory=_Objects)
    number: int = -1
    """Of the last contract, counted from 0."""
    contracts: list[Leaves] = field(default_factory=list)
    milestones: list[Leaves] = field(default_factory=list)
    transactions: list[Leaves] = field(default_factory=list)
    units: dict[str, Row] = field(default_factory=dict)
    parties: dict[str, Row] = field(default_factory=dict)
    amendments: list[Row] = field(default_factory=list)
    publications: list[Row] = field(default_factory=list)
    beside: dict[str, Overlay] = field(default_factory=lambda: {noun: Overlay() for noun in OVERLAID})
    others: dict[str, list[Row]] = field(default_factory=dict)
    """Rows of which only `x_lvyue` tells, by noun."""
    promised: int = 0
    paid: int = 0

    def add(self, state: State) -> None:
        """Nothing while there is no contract: who will buy and what is called for binds nobody yet."""
        process, new = state.process, self.objects
        if not process.contracts:
            return
        parties = [body(party) for party in process.parties or ()]
        unit = owner(process, parties)
        _remember(self.units, unit, unit.number if unit.scheme == "CN-USCC" else None, state.row, noun="unit")
        updated = state.updated.date().isoformat()
        for contract in process.contracts:
            award = _award(process, contract)
            signed = suppliers(contract, award, parties)
            for party in signed:
                # A number without its register says nothing (see `ocds_bodies`), so it is left out.
                _remember(self.parties, party, party.number if party.scheme else None, state.row, noun="party")
            own = beside.cells("contract", contract.x_lvyue)
            key = str(own["id"]) if own.get("id") else _within(state.ocid, leaf(contract.id))
            self.number += 1
            self.beside["contract"].add(self.number, own)
            new.contracts.append(contract)
            new.awards.append(award)
            new.tenders.append(process.tender or NO_TENDER)
            new.keys.append(key)
            new.units.append(unit.key)
            new.leaders.append(_leader(signed, bool(contract.suppliers or award.suppliers)))
            new.updated.append(updated)
            new.rows.append(state.row)
            self._promises(contract)
            paid = (contract.implementation or NO_WORK).transactions or []
            new.transactions += paid
            new.paid_in += [self.number] * len(paid)
            new.sides += sides(paid, parties, {party.key for party in signed} - {unit.key})
            self._told_beside("payment", paid, self.paid)
            self.paid += len(paid)
            self._papers(contract, key, state.row)
            for noun, cells in beside.rows(contract.x_lvyue):
                self.others.setdefault(noun, []).append(cells | {"contract_id": key, "source_row": state.row})

    def _promises(self, contract: Contract) -> None:
        done, plan = (contract.implementation or NO_WORK).milestones or [], contract.milestones or []
        if plan:  # carried on into the implementation, it is one promise
            carried = {(leaf(one.id), leaf(one.title)) for one in done}
            plan = [one for one in plan if (leaf(one.id), leaf(one.title)) not in carried]
        new = self.objects
        self._told_beside("obligation", [*done, *plan], self.promised)
        self.promised += len(done) + len(plan)
        new.milestones += done
        new.milestones += plan
        new.planned += [False] * len(done) + [True] * len(plan)
        new.promised_in += [self.number] * (len(done) + len(plan))

    def _papers(self, contract: Contract, key: str | None, row: int) -> None:
        for change in contract.amendments or (contract.amendment and [contract.amendment]) or ():
            named, day, reason = leaf(change.id), civil(leaf(change.date)), leaf(change.rationale)
            own = beside.cells("amendment", change.x_lvyue)
            if named or day or reason or own:
                # OCDS asks for no id here; the day is what else stays the same from pull to pull.
                cells: Row = {"id": _within(key, named or day), "changed_on": day, "reason": reason}
                self.amendments.append(cells | own | {"contract_id": key, "source_row": row})
        for paper in contract.documents or ():
            self.publications += _publication(paper, key, _within(key, leaf(paper.id)), row)
        for paper in (contract.implementation or NO_WORK).documents or ():
            self.publications += _publication(paper, key, _within(key, "implementation", leaf(paper.id)), row)

    def turn(self) -> None:
        """Gather the leaves and let the objects go."""
        new, self.objects = self.objects, _Objects()
        texts = {"key": new.keys, "unit": new.units, "leader": new.leaders, "updated": new.updated}
        told = {name: pa.array(cells, pa.string()) for name, cells in texts.items()}
        told["row"] = pa.array(new.rows, pa.int64())
        self.contracts.append(contract_leaves(new.contracts, new.awards, new.tenders) | told)
        promised = {"of": pa.array(new.promised_in, pa.int64()), "planned": pa.array(new.planned, pa.bool_())}
        self.milestones.append(milestone_leaves(new.milestones) | promised)
        paid = {"of": pa.array(new.paid_in, pa.int64()), "side": pa.array(new.sides, pa.string())}
        self.transactions.append(transaction_leaves(new.transactions) | paid)

    def _told_beside(self, noun: str, found: Sequence[Milestone | Transaction], first: int) -> None:
        for number, one in enumerate(found, first):
            if one.x_lvyue is not None:
                self.beside[noun].add(number, beside.cells(noun, one.x_lvyue))

    def register(self, packages: Sequence[object]) -> None:
        """What stands beside the releases of a package: what no contract leads to."""
        for package in packages:
            for noun, cells in beside.rows(package):
                self.others.setdefault(noun, []).append(cells | {"source_row": None})

    def tables(self) -> dict[str, pa.Table]:
        """See `tables`."""
        found = self._standard()
        if not self.others and not any(overlay.places for overlay in self.beside.values()):
            return found
        more = {noun: _table(noun, self.others.get(noun, ())) for noun in NOUNS}
        return {noun: pa.concat_tables([found[noun], rows] if noun in found else [rows]) for noun, rows in more.items()}

    def _standard(self) -> dict[str, pa.Table]:
        """What the standard's fields say, and the cells that stand beside them."""
        self.turn()
        told, promised, paid = joined(self.contracts), joined(self.milestones), joined(self.transactions)
        keys, rows, (of, paid_of) = told["key"], told["row"], (promised["of"], paid["of"])
        over = {noun: overlay.over for noun, overlay in self.beside.items()}
        return {
            "unit": _table("unit", self.units.values()),
            "party": _table("party", self.parties.values()),
            "contract": table("contract", over["contract"](contracts(told), len(rows)), rows),
            "obligation": table(
                "obligation", over["obligation"](obligations(promised, keys.take(of)), len(of)), rows.take(of)
            ),
            "payment": table(
                "payment", over["payment"](payments(paid, keys.take(paid_of)), len(paid_of)), rows.take(paid_of)
            ),
            "amendment": _table("amendment", self.amendments),
            "publication": _table("publication", self.publications),
        }


def _table(noun: str, found: Iterable[Row]) -> pa.Table:
    rows = list(found)
    names = {name for row in rows for name in row} - {"source_row"}
    cells = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return table(noun, cells, pa.array([row["source_row"] for row in rows], pa.int64()))


def _award(process: Process, contract: Contract) -> Award:
    """The award that the contract names."""
    named = leaf(contract.award_id)
    return next((award for award in process.awards or () if named and leaf(award.id) == named), NO_AWARD)


def _remember(rows: dict[str, Row], one: Body, number: str | None, row: int, *, noun: str) -> None:
    """The latest word on a body counts. Without its e-mail address: a call names it for bidders, not for warnings."""
    if one.key:
        known = rows.setdefault(one.key, {"id": one.key})
        name = one.name or one.legal_name
        if name:
            known["name"] = name
        if number:
            known["uscc"] = number
        known |= beside.cells(noun, one.beside)
        known["source_row"] = row


def _leader(signed: Sequence[Body], told: bool) -> str | None:
    """The first supplier leads; where nobody says which supplier of the process signed, only a single one."""
    return signed[0].key if signed and (told or len({one.key for one in signed}) == 1) else None


def _within(key: str | None, *parts: str | None) -> str | None:
    """The key of a part of the contract, or None when the publisher gave it no id."""
    path = [part for part in (key, *parts) if part]
    return "/".join(path) if len(path) == len(parts) + 1 else None


def _publication(document: Document, contract: str | None, key: str | None, row: int) -> Iterator[Row]:
    """A document counts as published only with the day: that it has an address does not say since when."""
    kind, day = PUBLICATIONS.get(leaf(document.document_type) or ""), civil(leaf(document.date_published))
    if kind and day:
        cells: Row = {"id": key, "kind": kind, "published_on": day, "url": leaf(document.url)}
        yield cells | {"contract_id": contract, "source_row": row}
