"""OCDS 1.1.5: release packages and record packages, a contract a process, written as they are made.

The way back is `sources/ocds_rows.py`: what the standard has a field for stands there, what it has none for in `x_lvyue` beside
it (`sources/ocds_beside.py`), so the `ocds` source reads the same rows again. A sum of which nothing is paid is no transaction, a
notice without a day no document: they stand in `x_lvyue` as well. Contracts marked as secret are never written.

A release is what was known of a contract: its date is the instant of the last edition of anything, its id the hash of what it
says, so that nobody meets two contents under one id. Days are written at midnight of the office's time zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec

from monitor.engines.duckdb import Engine
from monitor.exports.held import Dossier, Row, dossiers, lonely, whole
from monitor.sources.ocds_merge import SCHEMA

Package = Literal["releases", "records"]
Json = dict[str, Any]

CONTRACT_STATUS = {
    "pending": "pending", "active": "active", "cancelled": "cancelled", "completed": "terminated", "terminated": "terminated",
    "draft": "pending", "in_review": "pending", "suspended": "active", "amending": "active", "archived": "terminated",
}  # fmt: skip
"""The standard's word for each of ours. It does not tell completion from early end; `x_status` does."""
READ_BACK = {"pending": "pending", "active": "active", "cancelled": "cancelled", "terminated": "completed"}
MILESTONE_STATUS = ("scheduled", "partiallyMet", "met", "notMet")
NOTICES = {"contract": "contractNotice", "amendment": "contractAnnexe", "acceptance": "completionCertificate"}
CREDIT_CODE_LENGTH = 18
"""Of a unified social credit code; another number is not said to be of that register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Who publishes and how. `at` is the instant of the last edition that is told of; `standard_only` leaves out `x_lvyue`."""

    publisher: str
    prefix: str
    lang: str
    at: datetime
    package: Package = "releases"
    standard_only: bool = False

    def day(self, value: date) -> str:
        """A civil day as the standard writes one, in the office's time zone."""
        midnight = datetime(value.year, value.month, value.day, tzinfo=self.at.tzinfo)
        if (midnight.utcoffset() or timedelta()) % timedelta(minutes=1):
            # Before there were time zones a place's offset had seconds, which RFC 3339 cannot say; the civil day is the same.
            midnight = midnight.replace(tzinfo=UTC)
        return midnight.isoformat()


def written(engine: Engine, publishing: Publishing) -> Iterator[bytes]:
    """The package, piece by piece: no more than some thousand contracts are in memory."""
    encode = msgspec.json.Encoder(decimal_format="number").encode
    head = _head(publishing)
    if not publishing.standard_only and (more := lonely(engine)):
        head["x_lvyue"] = {noun: [_clean(whole(noun, row)) for row in rows] for noun, rows in more.items()}
    yield encode(head)[:-1] + b',"' + publishing.package.encode() + b'":['
    for number, dossier in enumerate(dossiers(engine, public=True)):
        release = _release(dossier, publishing)
        item = release if publishing.package == "releases" else _record(release)
        yield (b",\n" if number else b"\n") + encode(item)
    yield b"\n]}\n"


def _head(publishing: Publishing) -> Json:
    at = publishing.at.isoformat(timespec="seconds")
    named = f"{publishing.prefix} {publishing.publisher} {at}"
    uris = {kind: f"urn:uuid:{uuid5(NAMESPACE_URL, f'lvyue {kind} {named}')}" for kind in ("releases", "records")}
    head: Json = {"uri": uris[publishing.package], "version": "1.1", "publishedDate": at}
    head["publisher"] = {"name": publishing.publisher}
    return head if publishing.package == "releases" else head | {"packages": [uris["releases"]]}


def _record(release: Json) -> Json:
    compiled = release | {"tag": ["compiled"], "id": f"{release['id']}-compiled"}
    return {"ocid": release["ocid"], "releases": [release], "compiledRelease": compiled}


def _release(dossier: Dossier, publishing: Publishing) -> Json:
    made = _Process(dossier, publishing)
    ocid = f"{publishing.prefix}-{dossier.contract['id']}"
    body: Json = {
        "ocid": ocid, "date": publishing.at.isoformat(timespec="seconds"), "initiationType": "tender",
        "language": publishing.lang, **made.body(),
    }  # fmt: skip
    content = msgspec.json.encode(body, order="deterministic")
    return {"id": f"{ocid}-{sha256(content).hexdigest()[:12]}", **body}


class _Process:
    """One contract as a contracting process. Cells that the standard says are taken out of a row, the others stay beside."""

    def __init__(self, dossier: Dossier, publishing: Publishing) -> None:
        self.dossier, self.publishing = dossier, publishing
        self.row = whole("contract", dossier.contract)
        self.key = str(self.row["id"])
        self.others: dict[str, list[Row]] = {}
        unit, party = dossier.unit, dossier.party
        self.unit = None if unit is None else {"id": unit["id"], "name": unit["name"]}
        self.party = None if party is None else {"id": party["id"], "name": party["name"]}
        self.one_body = unit is not None and party is not None and unit["id"] == party["id"]
        if self.party and self.one_body:  # a company of the state may be a unit here and a supplier there
            self.party["id"] = f"{self.party['id']} (supplier)"

    def body(self) -> Json:
        """Everything but what names the release."""
        for noun, rows in self.dossier.parts.items():
            if noun not in ("obligation", "payment", "amendment", "publication"):
                self.others[noun] = [whole(noun, row) for row in rows]
        milestones = [self._milestone(row) for row in self.dossier.parts.get("obligation", ())]
        transactions = [one for row in self.dossier.parts.get("payment", ()) if (one := self._transaction(row))]
        documents = [one for row in self.dossier.parts.get("publication", ()) if (one := self._document(row))]
        amendments = [self._amendment(row) for row in self.dossier.parts.get("amendment", ())]
        work = _filled(milestones=milestones, transactions=transactions)
        award = self._award()
        contract = self._contract() | _filled(documents=documents, amendments=amendments, implementation=work)
        told: Json = {"tag": ["contract", *(["implementation"] if work else [])]}
        told["parties"] = [one for one in (self._body("unit", "buyer"), self._body("party", "supplier")) if one]
        return told | _filled(buyer=self.unit) | {"awards": [award], "contracts": [self._beside(contract)]}

    def _body(self, noun: Literal["unit", "party"], role: str) -> Json | None:
        found, named = (self.dossier.unit, self.unit) if noun == "unit" else (self.dossier.party, self.party)
        if found is None or named is None:
            return None
        row = dict(found)
        told: Json = {"id": named["id"], "name": row.pop("name"), "roles": [role]}
        if len(str(row.get("uscc", ""))) == CREDIT_CODE_LENGTH:
            told["identifier"] = {"scheme": "CN-USCC", "id": row.pop("uscc")}
        return told | self._rest(row)

    def _award(self) -> Json:
        award: Json = {"id": "award", "status": "active"}
        award |= _filled(date=self._day(self.row, "award_notice_on"))
        return award | _filled(suppliers=[self.party] if self.party else None)

    def _contract(self) -> Json:
        row = self.row
        row.pop("unit_id", None)
        row.pop("party_id", None)
        number = row.pop("number", None)
        contract: Json = {"id": number or self.key, "awardID": "award", "title": row.pop("title")}
        if number is None:
            row["number"] = ""
        contract |= _filled(
            value=_value(row, "amount", keep=True),
            x_amountOriginal=_value(row, "amount_original", keep=True),
            dateSigned=self._day(row, "signed_on"),
            period=_filled(startDate=self._day(row, "start_on"), endDate=self._day(row, "end_on")),
        )
        if contract.get("value") or contract.get("x_amountOriginal"):
            row.pop("currency", None)
        status = row.pop("status", None)
        if status is not None:
            contract["status"] = CONTRACT_STATUS[status]
            if READ_BACK[contract["status"]] != status:
                contract["x_status"] = status
        row.setdefault("updated_on", "")  # or the source would take the day of the release for it
        return contract

    def _beside(self, contract: Json) -> Json:
        """The contract with what is left of its row, and the rows that the standard has no place for."""
        if self.publishing.standard_only:
            return contract
        rows = {noun: [_clean(row) for row in some] for noun, some in self.others.items()}
        return contract | {"x_lvyue": _clean(self.row) | rows}

    def _milestone(self, found: Row) -> Json:
        local, row = self._child("obligation", found)
        milestone: Json = {"id": local, "title": row.pop("title")}
        milestone |= _filled(
            type=row.pop("kind", None), dueDate=self._day(row, "due_on"), dateMet=self._day(row, "done_on"),
            dateModified=self._day(row, "marked_on"), value=_value(row, "amount"),
        )  # fmt: skip
        status, side = row.pop("status", None), row.pop("side", None)
        if status is not None:
            milestone["status" if status in MILESTONE_STATUS else "x_status"] = status
        if side is not None:
            milestone["x_responsibleParty"] = side
        elif milestone.get("type") == "payment":
            row["side"] = ""
        return milestone | self._rest(row)

    def _transaction(self, found: Row) -> Json | None:
        """None where nothing was paid: then the row stands beside, whole."""
        local, row = self._child("payment", found)
        if not row.get("paid") or "currency" not in row:
            self.others.setdefault("payment", []).append(row | {"id": found["id"]})
            return None
        ours = row.get("side") != "counterparty"
        payer, payee = (self.unit, self.party) if ours else (self.party, self.unit)
        transaction: Json = {"id": local}
        transaction |= _filled(
            value=_value(row, "paid"),
            title=row.pop("title", None),
            date=self._day(row, "paid_on"),
            payer=payer,
            payee=payee,
        )
        read_back = "counterparty" if not ours and payer and not self.one_body else "government"
        if (side := row.pop("side", "")) != read_back:
            row["side"] = side
        return transaction | self._rest(row)

    def _amendment(self, found: Row) -> Json:
        local, row = self._child("amendment", found)
        amendment: Json = {"id": local}
        amendment |= _filled(date=self._day(row, "changed_on"), rationale=row.pop("reason", None))
        return amendment | self._rest(row)

    def _document(self, found: Row) -> Json | None:
        """A notice that has a kind, a day and at most an address of the web; None for others, which stand beside."""
        local, row = self._child("publication", found)
        url = str(row.get("url", "https://"))
        if "id" in row or "kind" not in row or "published_on" not in row or not url.startswith(("https://", "http://")):
            self.others.setdefault("publication", []).append(row | {"id": found["id"]})
            return None
        told: Json = {"id": local, "documentType": NOTICES[row["kind"]]}
        return told | _filled(datePublished=self._day(row, "published_on"), url=row.get("url"))

    def _child(self, noun: str, found: Row) -> tuple[str, Row]:
        """The id of a part within its contract, and its row; with `id` where the source would make another key of that."""
        row = whole(noun, found)
        row.pop("contract_id", None)
        key = str(row["id"])
        local = key.removeprefix(f"{self.key}/")
        if local != key and local.strip() and local == local.strip():
            row.pop("id")
        return (local if "id" not in row else key), row

    def _rest(self, row: Row) -> Json:
        return {} if self.publishing.standard_only or not row else {"x_lvyue": _clean(row)}

    def _day(self, row: Row, name: str) -> str | None:
        value: date | None = row.pop(name, None)
        return None if value is None else self.publishing.day(value)


def _value(row: Row, name: str, *, keep: bool = False) -> Json | None:
    """An amount with its currency, both taken from the row; None where the standard cannot say it. `keep` the currency."""
    currency = row.get("currency")
    if name not in row or currency not in _currencies():
        return None
    if not keep:
        row.pop("currency")
    return {"amount": row.pop(name), "currency": currency}


@cache
def _currencies() -> frozenset[str]:
    """Currencies that the standard lets through."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return frozenset(code for code in schema["definitions"]["Value"]["properties"]["currency"]["enum"] if code)


def _filled(**cells: Any) -> Json:
    """The cells that say something."""
    return {name: value for name, value in cells.items() if value not in (None, [], {})}


def _clean(row: Row) -> Json:
    """Days as texts: the border reads them so."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
