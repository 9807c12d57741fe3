"""From the rows of a ledger to the rows of our nouns.

Keys. A contract is its 合同统一编号. What belongs to it is `contract/number of its own`; where the ledger gives none, its name
(`contract/竣工验收`, the second of that name `…/#2`), so giving numbers keeps a row the same when others are added before it.
A unit is its name. A party is its 统一社会信用代码, or its name where the whole ledger has no code for it.

A row of 合同台账 also makes the unit, the party, and the review, filings, publications and bond that it mentions. A row with one
refused cell makes nothing, but was seen: what it made before stays. Of a unit or party that several rows describe
differently nothing is taken from either, and the contradiction is reported; a row of its own sheet (单位, 相对人) decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from monitor.domain.money import MINOR_LIMIT, known_currencies, minor_digits
from monitor.sources.border import Refusal
from monitor.sources.ledger_cells import plain
from monitor.sources.ledger_lines import Line

PARTS = {"filing": "filed_with", "publication": "kind", "guarantee": "kind"}
"""Nouns of which one row of a sheet makes several, and the field that tells them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One row of a noun, by the border's names; refused where its line is."""

    values: Mapping[str, str | None]
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Something that a row says beside its own noun: `filing`, `legal`, and when."""

    noun: str
    part: str
    values: dict[str, str | None]


@dataclass(slots=True, kw_only=True)
class Bodies:
    """Units or parties, put together from every row that mentions one."""

    noun: str
    said: dict[str, dict[str, tuple[str, Line]]] = field(default_factory=dict)
    decided: set[tuple[str, str]] = field(default_factory=set)
    reported: set[tuple[str, str]] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)

    def add(self, key: str, line: Line, values: Mapping[str, str | None], *, decides: bool = False) -> None:
        """What one row says. `decides`: it is the row of its own sheet."""
        known = self.said.setdefault(key, {})
        if decides:
            self.decided |= {(key, name) for name in values}
        for name, value in values.items():
            if (
                value is not None
                and known.setdefault(name, (value, line))[0] != value
                and (key, name) not in self.decided
            ):
                self._contradiction(key, name, line)

    def drafts(self) -> Iterator[Draft]:
        """One row each; without a field in which rows contradict each other. A name stays, the first one."""
        for key, known in self.said.items():
            kept = {name: v for name, (v, _) in known.items() if name == "name" or (key, name) not in self.reported}
            yield Draft(values={"id": key} | kept, line=next(iter(known.values()))[1])

    def _contradiction(self, key: str, name: str, line: Line) -> None:
        if (key, name) in self.reported:
            return
        self.reported.add((key, name))
        _, other = self.said[key][name]
        outcome = "the first is taken" if name == "name" else "neither is taken"
        path = f"{self.noun}.{name}"
        reason = f"{other.cell(path)} says {other.written(path)} of the same {self.noun}; {outcome}"
        cell, value = line.cell(path), line.written(path)
        self.refusals.append(Refusal(noun=self.noun, row=line.row, field=cell, value=value, reason=reason))


class Ledger:
    """All rows of a workbook, noun by noun. `currency` is that of amounts beside which none stands."""

    def __init__(self, lines: Iterable[Line], currency: str) -> None:
        self.currency = currency
        self.units, self.parties = Bodies(noun="unit"), Bodies(noun="party")
        self.drafts: dict[str, list[Draft]] = {}
        self.contracts: dict[str, Line] = {}
        self.currencies: dict[str, str] = {}
        self.taken: dict[tuple[str, str], Line] = {}
        self.counted: Counter[str] = Counter()
        self.bonds: set[str] = set()
        by_sheet: dict[str, list[Line]] = {}
        for line in lines:
            by_sheet.setdefault(line.table.sheet.zh, []).append(line)
        self.codes = _codes(line for name in ("相对人", "合同台账") for line in by_sheet.get(name, []))
        for line in by_sheet.get("单位", []):
            self._body(self.units, line, _key(line.values.get("unit.name")))
        for line in by_sheet.get("相对人", []):
            self._body(self.parties, line, self._party(line))
        for line in by_sheet.get("合同台账", []):
            self._number(line)
        for name, noun in (
            *(("履约节点", "obligation"), ("收付款", "payment"), ("变更", "amendment"), ("担保", "guarantee")),
            ("纠纷", "obligation"),
        ):
            for line in by_sheet.get(name, []):
                self._child(line, noun, dispute=name == "纠纷")
        for line in by_sheet.get("合同台账", []):  # after 担保, which knows a bond better
            self._contract(line)
        for line in by_sheet.get("投诉", []):
            self._complaint(line)
        for line in by_sheet.get("逾期未付公开", []):
            self._disclosure(line)
        for bodies in (self.units, self.parties):
            self.drafts.setdefault(bodies.noun, []).extend(bodies.drafts())

    def _add(self, noun: str, line: Line, values: Mapping[str, str | None]) -> None:
        self.drafts.setdefault(noun, []).append(Draft(values=values, line=line))

    def _once(self, noun: str, key: str, line: Line, column: str) -> None:
        """The same key again is refused by the cell that had it first."""
        first = self.taken.setdefault((noun, key), line)
        if first is not line:
            line.refuse(column, key.rpartition("/")[2], f"stands in {first.cell(column)} already")

    def _body(self, bodies: Bodies, line: Line, key: str | None) -> None:
        values = _of(line, bodies.noun)
        if key is None:
            return
        self._once(bodies.noun, key, line, f"{bodies.noun}.name")
        if not line.faults:
            bodies.add(key, line, values, decides=True)

    def _number(self, line: Line) -> None:
        number = _key(line.values.get("contract.number"))
        if number is None:
            return
        self._once("contract", number, line, "contract.number")
        if self.contracts.setdefault(number, line) is line:
            self.currencies[number] = line.values.get("contract.currency", self.currency)

    def _contract(self, line: Line) -> None:
        number = _key(line.values.get("contract.number"))
        values = _of(line, "contract")
        currency = self._money(line, values, self.currency)
        unit, party = _key(line.values.get("unit.name")), self._party(line)
        if number is not None and self.contracts[number] is line:
            for mention in _mentioned(line):
                self._mention(line, mention, number=number, currency=currency)
        self._add("contract", line, values | {"id": number, "unit_id": unit, "party_id": party})
        if line.faults:
            return
        for bodies, key in ((self.units, unit), (self.parties, party)):
            said = _of(line, bodies.noun)
            if key is not None and "name" in said:
                bodies.add(key, line, said)

    def _mention(self, line: Line, mention: Mention, *, number: str, currency: str) -> None:
        """What a row of 合同台账 says of something that belongs to its contract."""
        noun, part, values = mention.noun, mention.part, mention.values
        key = f"{number}/{part or noun}"
        if noun == "guarantee" and number in self.bonds:
            return
        own = {PARTS[noun]: part} if part else {}
        self._money(line, values, currency, of=f"{noun}.{part}" if part else noun)
        self._add(noun, line, values | own | {"id": key, "contract_id": number})

    def _child(self, line: Line, noun: str, *, dispute: bool) -> None:
        number = _key(line.values.get(f"{noun}.contract_id"))
        values = _of(line, noun)
        if dispute:
            kind = values.get("kind")
            values["kind"] = kind if kind in ("judgment", "claim") else "judgment"
            self._dispute_title(line, values)
        self._money(line, values, self.currencies.get(number or "", self.currency))
        if number is not None:
            values |= {"id": self._own_key(line, noun, number, values, dispute=dispute), "contract_id": number}
            milestone = _key(values.get("obligation_id"))
            if milestone is not None:
                values["obligation_id"] = f"{number}/{milestone.removeprefix(f'{number}/')}"
            if noun == "guarantee" and values.get("kind") == "performance":
                self.bonds.add(number)
        self._add(noun, line, values)
        for mention in _mentioned(line):
            if number is not None and mention.noun == "publication":
                own = {"id": f"{values['id']}/{mention.part}", "contract_id": number, "kind": mention.part}
                self._add(mention.noun, line, mention.values | own | {"published_on": values.get("published_on")})

    def _dispute_title(self, line: Line, values: dict[str, str | None]) -> None:
        known = (values.get("title"), line.values.get("dispute.claim"), values.get("clause"))
        values["title"] = next((text for text in known if text), None)
        if values["title"] is None and not line.faults:
            line.refuse("obligation.title", None, "is empty, and so are the claim and the case number")

    def _own_key(self, line: Line, noun: str, number: str, values: Mapping[str, str | None], *, dispute: bool) -> str:
        """What tells a row from the others of its contract: its number, else its name and how many had it before."""
        given = _key(values.get("id"))
        if given is not None:
            key = f"{number}/{given}"
            self._once(noun, key, line, f"{noun}.id")
            return key
        name = _key(values.get("clause")) if dispute else _key(values.get("title"))
        if noun == "guarantee":
            name = _key(values.get("kind"))
        base = "/".join(part for part in (number, "纠纷" if dispute else None, name) if part)
        while True:
            self.counted[f"{noun} {base}"] += 1
            count = self.counted[f"{noun} {base}"]
            key = base if count == 1 and name else f"{base}/#{count}"
            if (noun, key) not in self.taken:
                self.taken[noun, key] = line
                return key

    def _complaint(self, line: Line) -> None:
        values = _of(line, "complaint")
        unit = self._unit(line, "complaint.unit_id")
        given = _key(values.get("id"))
        if given is not None:
            self._once("complaint", given, line, "complaint.id")
        else:
            base = f"{unit}/{values.get('received_on', '')}"
            self.counted[f"complaint {base}"] += 1
            given = f"{base}/#{self.counted[f'complaint {base}']}"
        own = {"id": given, "unit_id": unit, "contract_id": _key(values.get("contract_id"))}
        self._add("complaint", line, values | own)

    def _disclosure(self, line: Line) -> None:
        values = _of(line, "disclosure")
        unit = self._unit(line, "disclosure.unit_id")
        key = f"{unit}/{values.get('year')}" if unit and values.get("year") else None
        if key is not None:
            self._once("disclosure", key, line, "disclosure.year")
        self._add("disclosure", line, values | {"id": key, "unit_id": unit})

    def _unit(self, line: Line, path: str) -> str | None:
        """A unit that is only mentioned is a unit nonetheless."""
        name = line.values.get(path)
        key = _key(name)
        if name is not None and key is not None and key not in self.units.said and not line.faults:
            self.units.add(key, line, {"name": name})
        return key

    def _party(self, line: Line) -> str | None:
        code = _code(line.values.get("party.uscc"))
        name = _key(line.values.get("party.name"))
        return code or (self.codes.get(name, name) if name else None)

    def _money(self, line: Line, values: dict[str, str | None], currency: str, *, of: str = "") -> str:
        """Give the row its currency where an amount needs one, and look at the cents. Returns the currency."""
        noun = of or line.table.sheet.noun
        names = [
            place.column.field.removesuffix("_minor")
            for place in line.table.places
            if place.column.kind == "money" and place.column.key.rpartition(".")[0] == noun
        ]
        path = f"{line.table.sheet.noun}.currency"
        amounts = {name: value for name in names if (value := values.get(name)) is not None}
        currency = values.get("currency") or currency
        if currency not in known_currencies():
            line.refuse(path, currency, "is not an ISO 4217 currency")
            return currency
        if amounts:
            values["currency"] = currency
        for name, value in amounts.items():
            minor = Decimal(value).scaleb(minor_digits(currency))
            if minor != int(minor):
                line.refuse(f"{noun}.{name}_minor", value, f"has more decimals than {currency} has")
            elif abs(minor) > MINOR_LIMIT:
                line.refuse(f"{noun}.{name}_minor", value, "is too large")
        return currency


def _of(line: Line, noun: str) -> dict[str, str | None]:
    """What a row says of one noun, by the border's names; what says several of it is left out."""
    out: dict[str, str | None] = {}
    for path, value in line.values.items():
        head, _, name = path.rpartition(".")
        if head == noun:
            out[name.removesuffix("_minor")] = _code(value) if path == "party.uscc" else value
    return out


def _mentioned(line: Line) -> Iterator[Mention]:
    """What a row says beside its own noun, units and parties."""
    found: dict[tuple[str, str], dict[str, str | None]] = {}
    for path, value in line.values.items():
        head, _, name = path.rpartition(".")
        noun, _, part = head.partition(".")
        if part or noun == "review":
            found.setdefault((noun, part), {})[name.removesuffix("_minor")] = value
    for (noun, part), values in found.items():
        yield Mention(noun=noun, part=part, values=values)


def _key(text: str | None) -> str | None:
    """Text by which rows find each other: full-width letters and extra spaces make no difference."""
    return " ".join(plain(text).split()) or None if text else None


def _code(text: str | None) -> str | None:
    return "".join(plain(text).split()).upper() or None if text else None


def _codes(lines: Iterable[Line]) -> dict[str, str]:
    """The one credit code that a ledger has for a name; names with two are left out."""
    found: dict[str, set[str]] = {}
    for line in lines:
        code, name = _code(line.values.get("party.uscc")), _key(line.values.get("party.name"))
        if code and name:
            found.setdefault(name, set()).add(code)
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}
