"""One contract and what hangs on it, as it is told: a `Story` collects things, each with its news and their days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from monitor.demo.district.days import after, before, worked
from monitor.demo.district.things import Row, Thing, Value
from monitor.demo.district.world import World

CODES = {"obligation": "J", "payment": "P", "amendment": "B", "guarantee": "D", "complaint": "T"}
"""The letter in the key of what has a number of its own: 节点 J, 收付款 P, 变更 B, 担保 D, 投诉 T."""


def minor(yuan: float) -> int:
    """Whole fen of an amount in yuan.

    >>> minor(1250.5)
    125050
    """
    return round(yuan * 100)


def shares(yuan: int, count: int) -> list[int]:
    """An amount in so many parts of whole yuan, equal but for the last, which takes the rest.

    >>> shares(1000, 3)
    [333, 333, 334]
    """
    return [yuan // count] * (count - 1) + [yuan - yuan // count * (count - 1)]


@dataclass(slots=True, kw_only=True)
class Story:
    """A contract in the making. `amount` is in whole yuan; `trouble` names what goes wrong in an ordinary life, if anything."""

    number: str
    form: str
    chance: Random
    world: World
    unit: Thing
    party: Thing
    title: str
    amount: int
    signed: date
    start: date
    end: date
    trouble: str = ""
    things: list[Thing] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def contract(self) -> Thing:
        """The contract itself: the first thing told."""
        return self.things[0]

    def add(self, noun: str, known: date, **facts: Value) -> Thing:
        """One more row of this contract, first entered on the day `known`.

        Its key is that of a ledger: a number of its own, or, for what stands in the contract's line, what it is.
        """
        self.counts[noun] = self.counts.get(noun, 0) + 1
        own = f"{CODES[noun]}{self.counts[noun]}" if noun in CODES else facts.get("filed_with", facts.get("kind", noun))
        thing = Thing(noun=noun, id=f"{self.number}/{own}", born=known)
        thing.say(known, contract_id=self.number, **facts)
        self.things.append(thing)
        return thing

    def drop(self, noun: str, **match: Value) -> None:
        """Take back every row of a noun that says so: it was never entered."""
        self.things = [thing for thing in self.things if thing.noun != noun or not _says(thing, match)]

    def owe(self, side: str, kind: str, title: str, due: date | None, **facts: Value) -> Thing:
        """A promise, entered at signing unless `known` says when. With `done_on` it is met, with evidence, on that day."""
        known = facts.pop("known", self.signed)
        if isinstance(facts.get("done_on"), date):
            facts = {"marked_on": facts["done_on"], "evidence_count": self.chance.randint(1, 3), **facts}
            facts["status"] = facts.get("status", "met")
        assert isinstance(known, date)
        thing = self.add("obligation", known, side=side, kind=kind, title=title, due_on=due)
        return thing.say(known, status="scheduled", clause=f"第{self.chance.randint(3, 18)}条").say(known, **facts)

    def keep(self, side: str, kind: str, title: str, due: date, **facts: Value) -> Thing:
        """A promise kept some days before its day."""
        done = before(due - timedelta(days=self.chance.randint(0, 9)))
        return self.owe(side, kind, title, due, done_on=max(done, self.signed), **facts)

    def pay(self, kind: str, title: str, yuan: float, known: date, **facts: Value) -> Thing:
        """A sum the government owes; nothing is paid of it until `paid_on`."""
        return self._sum("government", title, known, {"kind": kind, "amount_minor": minor(yuan), **facts})

    def receive(self, kind: str, title: str, yuan: float, known: date, **facts: Value) -> Thing:
        """A sum the counterparty owes."""
        return self._sum("counterparty", title, known, {"kind": kind, "amount_minor": minor(yuan), **facts})

    def paid(self, kind: str, title: str, yuan: float, base: date, **facts: Value) -> Thing:
        """A sum earned on the day `base`, invoiced at once and paid within ten working days of the invoice."""
        invoice = after(base, 1)
        paid_on = after(invoice, self.chance.randint(2, 8))
        told: Row = {
            "base_on": base, "due_on": worked(base + timedelta(days=30)), "condition_met": True, "invoice_on": invoice,
            "invoice_number": self.invoice(), "paid_on": paid_on, "paid_minor": minor(yuan), "method": "transfer",
        }  # fmt: skip
        return self.pay(kind, title, yuan, base, **(told | facts))

    def _sum(self, side: str, title: str, known: date, facts: Row) -> Thing:
        thing = self.add("payment", known, side=side, title=title, currency="CNY")
        return thing.say(known, paid_minor=0).say(known, **facts)

    def invoice(self) -> str:
        """A number that stands on no other invoice of this contract."""
        count = self.counts.get("payment", 0) + 1
        return f"MADE{self.number.removeprefix('YP-').replace('-', '')}{count:03}"

    def secure(self, kind: str, name: str, yuan: float, start: date, end: date, **facts: Value) -> Thing:
        """A guarantee; a bank letter unless `form` says otherwise."""
        told: Row = {"form": "letter", "issuer": "壬癸一号银行(虚构)"}
        told |= facts
        if told["form"] == "cash":
            told["issuer"] = None
        guarantee = self.add("guarantee", start, kind=kind, name=name, currency="CNY", amount_minor=minor(yuan))
        return guarantee.say(start, start_on=start, end_on=end, **told)

    def change(self, kind: str, day: date, **facts: Value) -> Thing:
        """An amendment as it should be: agreed, reviewed, approved, and published within two working days."""
        told: Row = {
            "initiator": "both", "is_agreed": True, "has_public_interest": True, "has_statutory_basis": True,
            "has_approval": True, "has_hearing": True, "has_compensation": True, "changes_other_terms": False,
            "is_other_subject": False, "reviewed_on": after(day, -3), "approved_on": after(day, -1), "changed_on": day,
            "executed_on": after(day, 1), "published_on": after(day, 2), "currency": "CNY",
        }  # fmt: skip
        return self.add("amendment", day, kind=kind, clause=f"第{self.chance.randint(3, 18)}条", **(told | facts))

    def complain(self, kind: str, channel: str, received: date, **facts: Value) -> Thing:
        """A complaint about this contract against its unit."""
        told: Row = {"unit_id": self.unit.id, "kind": kind, "channel": channel, "received_on": received}
        return self.add("complaint", received, **(told | facts))

    def own_party(self, trade: str, **facts: Value) -> Thing:
        """Give the story a counterparty that no other contract has."""
        self.party = self.world.found(trade, **facts)
        self.contract.always(party_id=self.party.id)
        return self.party


def _says(thing: Thing, match: Row) -> bool:
    told = {name: value for _, facts in thing.news for name, value in facts.items()}
    return all(told.get(name) == value for name, value in match.items())
