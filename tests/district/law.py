"""What every check needs: days of China, answers with three values, and the ledger of one day.

The ledger is plain rows, as an office hands them in: a field that is not there is not known. `None` is *unknown* wherever
an answer is yes or no. Working days are those of `chinesecalendar`, which knows 2004 to 2026 and is no part of the program.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

import chinese_calendar

Value = str | int | bool | date | None
Row = Mapping[str, Value]
Answer = str | None
"""A level, `clear`, `unknown`; None where the rule does not apply, which is clear as well."""

LEVELS = ("red", "orange", "yellow", "blue")
NOTHING: Row = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ledger as it stood at the end of `today`, with ways from a row to those around it."""

    today: date
    rows: Mapping[str, Sequence[Row]]
    by_id: Mapping[tuple[str, str], Row]
    of_contract: Mapping[tuple[str, str], Sequence[Row]]
    told: dict[str, bool] = field(default_factory=dict)
    """What was asked of the ledger as a whole: the answer is the same for every row."""

    def contract(self, row: Row) -> Row:
        """The contract of a row; one of which nothing is known when there is none."""
        return self.by_id.get(("contract", str(row.get("contract_id"))), NOTHING)

    def unit(self, row: Row) -> Row:
        """The unit of a contract, or of any row that names one."""
        return self.by_id.get(("unit", str(row.get("unit_id"))), NOTHING)

    def party(self, contract: Row) -> Row:
        """The counterparty of a contract."""
        return self.by_id.get(("party", str(contract.get("party_id"))), NOTHING)

    def of(self, noun: str, contract: Row) -> Sequence[Row]:
        """The rows of a noun that belong to a contract."""
        return self.of_contract.get((noun, str(contract.get("id"))), ())

    def reports(self, noun: str, *names: str, **words: Value) -> bool:
        """Whether the ledger tells such things at all: some row has all these fields, and says these words."""
        question = f"{noun} {names} {words}"
        if question not in self.told:
            self.told[question] = any(
                all(row.get(name) is not None for name in names)
                and all(row.get(key) == told for key, told in words.items())
                for row in self.rows.get(noun, ())
            )
        return self.told[question]


Check = Callable[[Row, World, date], Answer]


def world_of(rows: Mapping[str, Sequence[Row]], today: date) -> World:
    """The ledger of a day, with its rows found by id and by contract."""
    of_contract: dict[tuple[str, str], list[Row]] = {}
    for noun, some in rows.items():
        for row in some:
            if row.get("contract_id") is not None:
                of_contract.setdefault((noun, str(row["contract_id"])), []).append(row)
    by_id = {(noun, str(row["id"])): row for noun, some in rows.items() for row in some}
    return World(today=today, rows=rows, by_id=by_id, of_contract=of_contract)


# --- fields ---


def day(row: Row, name: str) -> date | None:
    """A day as recorded, also one that lies ahead: what was agreed."""
    value = row.get(name)
    return value if isinstance(value, date) else None


def seen(row: Row, name: str, today: date) -> date | None:
    """A day on which something happened; not yet known when it lies ahead."""
    value = day(row, name)
    return value if value is not None and value <= today else None


def whole(row: Row, name: str) -> int | None:
    """A whole number, money in minor units included."""
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def word(row: Row, name: str) -> str | None:
    """A word or a text."""
    value = row.get(name)
    return value if isinstance(value, str) else None


def flag(row: Row, name: str) -> bool | None:
    """Yes, no, or not recorded."""
    value = row.get(name)
    return value if isinstance(value, bool) else None


# --- yes, no, unknown ---


def every(*terms: bool | None) -> bool | None:
    """All of them: one no is no, else one unknown is unknown.

    >>> every(None, False), every(None, True)
    (False, None)
    """
    if False in terms:
        return False
    return None if None in terms else True


def some(*terms: bool | None) -> bool | None:
    """One of them: one yes is yes, else one unknown is unknown."""
    if True in terms:
        return True
    return None if None in terms else False


def no(term: bool | None) -> bool | None:
    """The opposite; of unknown, unknown."""
    return None if term is None else not term


def more(left: int | date | None, right: int | date | None) -> bool | None:
    """Whether the first is greater (or later); unknown when one of them is.

    >>> more(3, 2), more(None, 2)
    (True, None)
    """
    if left is None or right is None:
        return None
    return left > right if isinstance(left, int) and isinstance(right, int) else str(left) > str(right)


def among(value: Value, *words: Value) -> bool | None:
    """Whether it is one of these words; unknown when it is not recorded."""
    return None if value is None else value in words


def highest(**levels: bool | None) -> Answer:
    """The highest level that is true; else unknown when one is unknown, else clear.

    >>> highest(orange=True, red=None), highest(orange=False, red=None), highest(orange=False)
    ('orange', 'unknown', 'clear')
    """
    for level in LEVELS:
        if levels.get(level):
            return level
    return "unknown" if None in levels.values() else "clear"


def when(applies: bool | None, answer: Answer) -> Answer:
    """The answer where the rule applies; nothing where it does not; unknown where nobody can say."""
    if applies is None:
        return "unknown"
    return answer if applies else None


def ladder(today: date, due: date | None, **days: int) -> Answer:
    """The level that a day has reached; `days` count from the due day: `orange=1` is the day after.

    >>> ladder(date(2026, 3, 26), date(2026, 3, 31), blue=-10, yellow=-5, orange=1)
    'yellow'
    """
    if due is None:
        return "unknown"
    return highest(**{level: today >= plus(due, count) for level, count in days.items()})


# --- days: 民法典 arts. 201, 203 ---


@cache
def is_working(when_: date) -> bool:
    """Whether offices in China work. Past the last notice it knows, weekends alone: an estimate that decides nothing here."""
    if 2004 <= when_.year <= 2026:
        return bool(chinese_calendar.is_workday(when_))
    return when_.isoweekday() <= 5


def plus(start: date, days: int) -> date:
    """So many calendar days later."""
    return start + timedelta(days=days)


def between(start: date, end: date) -> int:
    """Calendar days, the first not counted."""
    return (end - start).days


@cache
def roll(last: date) -> date:
    """The last day of a period, or the next working day when it is none.

    >>> roll(date(2026, 4, 19))
    datetime.date(2026, 4, 20)
    """
    while not is_working(last):
        last += timedelta(days=1)
    return last


@cache
def worked(last: date) -> int:
    """Working days of the century up to a day, that day included."""
    start = date(last.year, 1, 1)
    before = worked(date(last.year - 1, 12, 31)) if last.year > 2001 else 0
    return before + sum(is_working(plus(start, count)) for count in range(between(start, last) + 1))


def working_days(start: date, end: date) -> int:
    """Working days in (start, end]; negative backwards.

    >>> working_days(date(2026, 3, 2), date(2026, 3, 12))
    8
    """
    return worked(end) - worked(start)


def add_working_days(start: date, count: int) -> date:
    """The working day so many working days after."""
    while count:
        start += timedelta(days=1)
        count -= is_working(start)
    return start


def add_months(start: date, count: int) -> date:
    """The same day some months on, or that month's last.

    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


# --- what is open, what is over ---


def is_done(promise: Row, today: date) -> bool | None:
    """A promise that was kept or waived by today; unknown when nobody says. What was done or entered later is not yet so."""
    if seen(promise, "done_on", today):
        return True
    status, done, marked = word(promise, "status"), day(promise, "done_on"), day(promise, "marked_on")
    if (status == "met" and done is not None) or (
        status in ("met", "waived") and marked is not None and marked > today
    ):
        return False
    return among(status, "met", "waived")


def open_duties(contract: Row, side: str, world: World) -> list[Row]:
    """Promises of one side not known to be done, and its debts known to be unpaid, on the day."""
    promises = [row for row in world.of("obligation", contract) if is_done(row, world.today) is not True]
    debts = [row for row in world.of("payment", contract) if more(unpaid(row, world.today), 0)]
    return [row for row in (*promises, *debts) if word(row, "side") == side]


def is_over(contract: Row) -> bool | None:
    """Completed, ended, cancelled or filed away, as its status says; unknown where none is recorded."""
    return among(contract.get("status"), "completed", "terminated", "cancelled", "archived")


def stands(contract: Row, today: date) -> str | None:
    """Where the contract stands on the day: the day performance was complete decides, and one that lies ahead is not yet."""
    status, completed = word(contract, "status"), day(contract, "completed_on")
    if completed is None or status in ("terminated", "cancelled"):
        return status
    if completed <= today:
        return status if status == "archived" else "completed"
    return "active" if status in ("completed", "archived") else status


def is_left_alone(contract: Row, world: World) -> bool:
    """Over, and the government owes nothing more under it; what nobody called over is not."""
    over = stands(contract, world.today) in ("completed", "terminated", "cancelled", "archived")
    return over and not open_duties(contract, "government", world)


def law_day(contract: Row, today: date) -> date | None:
    """The day that picks the law of a contract: that of signing; for a draft, today."""
    signed = seen(contract, "signed_on", today)
    if signed is None and stands(contract, today) in ("draft", "in_review", "pending"):
        return today
    return signed


# --- money and terms ---


def paid(payment: Row, today: date) -> int | None:
    """Minor units paid by today: a payment made later is not yet made."""
    later = day(payment, "paid_on")
    if whole(payment, "paid_minor") is not None and later is not None and later > today:
        return 0
    return whole(payment, "paid_minor")


def owed(payment: Row, today: date) -> int | None:
    """Minor units not yet paid, what is in dispute included."""
    amount, gone = whole(payment, "amount_minor"), paid(payment, today)
    return None if amount is None or gone is None else amount - gone


def unpaid(payment: Row, today: date) -> int | None:
    """Minor units owed, not in dispute, and not paid."""
    rest = owed(payment, today)
    return None if rest is None else rest - (whole(payment, "disputed_minor") or 0)


def acceptance_end(payment: Row, contract: Row) -> date | None:
    """Last day of the agreed acceptance period after delivery; calendar days, unless the contract counts working days."""
    delivered, period = day(payment, "delivered_on"), whole(contract, "accept_period_days")
    if delivered is None or period is None:
        return None
    if flag(contract, "accept_in_working_days"):
        return add_working_days(delivered, period)
    return plus(delivered, period)


def base_kind(payment: Row, contract: Row) -> str:
    """What starts the term of payment: as recorded, else acceptance where that is a condition, else delivery."""
    return word(payment, "base_kind") or ("acceptance" if flag(contract, "accept_is_condition") else "delivery")


def base_day(payment: Row, contract: Row, today: date) -> date | None:
    """The day the term of payment starts, as far as it has come: catalogue section 2 and CN-PAY-04."""
    recorded = seen(payment, "base_on", today)
    if recorded is not None:
        return recorded
    kind = base_kind(payment, contract)
    if kind != "acceptance":
        names = {"settlement": "settlement_confirmed_on", "invoice": "invoice_on"}
        return seen(payment, names.get(kind, "delivered_on"), today)
    starts = [seen(payment, "accepted_on", today), _period_passed(payment, contract, today)]
    return min((start for start in starts if start is not None), default=None)


def _period_passed(payment: Row, contract: Row, today: date) -> date | None:
    """The end of the acceptance period, when it was let pass without a refusal in time."""
    end, refused = acceptance_end(payment, contract), seen(payment, "accept_refused_on", today)
    if end is None or end > today or flag(contract, "accept_in_working_days"):
        return None
    return None if refused is not None and refused <= end else end
