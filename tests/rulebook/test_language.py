"""The language of conditions: what each expression gives, and how its faults are shown to its writer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.errors import ConfigError
from monitor.domain.portfolio import nothing
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.rulebook import load, try_examples
from monitor.rulebook.language import Meaning, Scope, understand
from monitor.rulebook.parts import part_column, staged
from monitor.rulebook.rule import Limit

CASES = [
    line.split(" => ", 1)
    for line in (Path(__file__).parent / "expressions.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
FACTS: dict[str, Any] = {
    "payment.side": "government", "payment.unpaid": Decimal("1000000.00"), "payment.due_on": date(2026, 3, 1),
    "payment.base_on": date(2026, 2, 13), "payment.term_days": 30, "contract.signed_on": date(2025, 5, 31),
    "contract.is_recurring": True, "contract.is_secret": False, "as_of": date(2026, 4, 1),
}  # fmt: skip
LIMITS = {
    "rate": [
        Limit.model_validate({"name": "rate", "value": 0.03, "to": date(2025, 5, 31), "cite": "old law"}),
        Limit.model_validate({"name": "rate", "value": 0.04, "from": date(2025, 6, 1), "cite": "new law"}),
    ],
    "days": [Limit(name="days", value=30, cite="default")],
}
PARTS = {"late": "days(payment.due_on, as_of)", "odd": "payment.amount + 1"}

RULE = """\
id = "ZZ-PAY-01"
subject = "payment"
side = "government"
basis = "default"
title = { zh = "例", en = "Example" }
law = ["an example (practice)"]
applies = "payment.side = 'government'"
due = "payment.due_on"
done = "payment.settled_on"
[ladder]
orange = "+1d"
[says]
zh = "应于 {due} 前付清。"
en = "Due by {due}."
[action]
zh = "付款。"
en = "Pay."
[[example]]
says = "a day late"
as_of = 2026-03-03
given = { payment.side = "government", payment.due_on = 2026-03-02 }
expect = "orange"
[[example]]
says = "on the day"
as_of = 2026-03-02
given = { payment.side = "government", payment.due_on = 2026-03-02 }
expect = "clear"
"""


Calendars = dict[str, WorkCalendar]


class Desk:
    """One row of facts, and the scope in which the expressions of the table are read."""

    def __init__(self, engine: Engine) -> None:
        self.db = engine.db
        columns = engine.columns("payment")
        self.db.execute("create table desk as select *, null::date as as_of from base_payment limit 0")
        names, marks = ", ".join(f'"{name}"' for name in FACTS), ", ".join("?" for _ in FACTS)
        self.db.execute(f"insert into desk ({names}) values ({marks})", list(FACTS.values()))
        signed = Meaning(sql='"contract.signed_on"', facts={"contract.signed_on"})
        bare = Scope(columns=columns, calendar="CN", dated_by=signed, limits=LIMITS, let={}, rule_id="R")
        self.let = {name: understand(text, bare) for name, text in PARTS.items()}
        self.scope = Scope(columns=columns, calendar="CN", dated_by=signed, limits=LIMITS, let=self.let, rule_id="R")

    def answer(self, expression: str) -> str:
        """What the expression gives, or the first fault, in the words of the table."""
        meaning = understand(expression, self.scope)
        if meaning.faults:
            first = min(meaning.faults, key=lambda fault: fault.offset)
            return f"refused at {first.offset + 1}: {first.message}"
        source = staged("desk", {part_column("R", name): part.sql for name, part in self.let.items()})
        row = self.db.execute(f"select {meaning.sql} from {source}").fetchone()
        assert row is not None
        return in_words(row[0])


def in_words(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)


@pytest.fixture(scope="module")
def desk(calendars: Calendars) -> Iterator[Desk]:
    with Engine(nothing(), calendars, as_of=date(2026, 4, 1)) as engine:
        yield Desk(engine)


@pytest.mark.parametrize(("expression", "wanted"), CASES, ids=[expression for expression, _ in CASES])
def test_expressions_mean_what_the_table_says(expression: str, wanted: str, desk: Desk) -> None:
    answer = desk.answer(expression)
    assert answer.startswith(wanted) if wanted.startswith("refused") else answer == wanted


def test_what_is_known_missing_is_named_and_what_has_a_stand_in_is_not(desk: Desk) -> None:
    text = "coalesce(payment.amount, 0) > 1 and payment.disputed is null and payment.paid > 2"
    meaning = understand(text, desk.scope)
    assert meaning.needs == {"payment.paid"}
    assert meaning.facts == {"payment.amount", "payment.disputed", "payment.paid"}


def test_a_stand_in_that_has_no_answer_either_leaves_what_it_stands_for_in_doubt(desk: Desk) -> None:
    """Named are only those whose absence matters: a stand-in that is a constant, or a CASE with ELSE, always answers."""
    read = {
        "coalesce(payment.amount, payment.disputed) > 1": {"payment.amount"},
        "coalesce(payment.amount, 0) > 1": set(),
        "case when payment.amount is not null then true end": {"payment.amount"},
        "case when payment.amount is not null then true else false end": set(),
        "coalesce(case when payment.amount is not null then true end, false)": set(),
        "payment.amount is null or payment.disputed is null": set(),
    }
    assert {text: {name for name, _ in understand(text, desk.scope).doubts} for text in read} == read


def test_no_word_of_an_expression_survives_as_a_comment(desk: Desk) -> None:
    assert "--" not in understand("true -- drop", desk.scope).sql
    assert "/*" not in understand("true /* drop */ and false", desk.scope).sql


@pytest.mark.parametrize(("signed", "rate"), [("2025-05-31", "0.03"), ("2025-06-01", "0.04"), (None, "unknown")])
def test_a_limit_changes_on_its_day_and_is_unknown_without_one(signed: str | None, rate: str, desk: Desk) -> None:
    sql = understand("limit.rate", desk.scope).sql
    row = desk.db.execute(f'select {sql} from (select ?::date as "contract.signed_on")', [signed]).fetchone()
    assert row is not None
    assert in_words(row[0]) == rate


def faults(tmp_path: Path, calendars: Calendars, *rules: str) -> str:
    """What the loading of some rules complains of."""
    lay(tmp_path, *rules)
    with pytest.raises(ConfigError) as caught:
        load([tmp_path], calendars, default_calendar="CN")
    return caught.value.message


def lay(tmp_path: Path, *rules: str) -> None:
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / "pack.toml").write_text('name = { zh = "例", en = "Example" }\n', encoding="utf-8")
    for number, text in enumerate(rules, start=1):
        (tmp_path / "zz" / f"ZZ-PAY-{number:02d}.toml").write_text(text, encoding="utf-8")


def test_a_caret_stands_under_the_wrong_word(tmp_path: Path, calendars: Calendars) -> None:
    text = RULE.replace('due = "payment.due_on"', 'due = "roll(payment.duo_on)"')
    assert faults(tmp_path, calendars, text).splitlines() == [
        f'{tmp_path.name}/zz/ZZ-PAY-01.toml:8:13  unknown fact "payment.duo_on"; did you mean "payment.due_on"?',
        '    due = "roll(payment.duo_on)"',
        "                ^^^^^^^^^^^^^^",
    ]


def test_a_caret_finds_its_line_in_a_text_of_many_lines_after_chinese(tmp_path: Path, calendars: Calendars) -> None:
    applies = 'applies = """payment.side = \'政府\'\n    and payment.unpiad > 0"""'
    message = faults(tmp_path, calendars, RULE.replace("applies = \"payment.side = 'government'\"", applies))
    assert ":8:9  " in message
    assert message.splitlines()[1:3] == ['        and payment.unpiad > 0"""', "            ^^^^^^^^^^^^^^"]


def test_every_fault_of_every_file_is_shown_at_once(tmp_path: Path, calendars: Calendars) -> None:
    first = (
        RULE.replace('due = "payment.due_on"', 'due = "today()"')
        .replace('done = "payment.settled_on"', 'done = "payment.setled_on"')
        .replace('zh = "付款。"', 'zh = "请付 {payment.unpayd}。"')
        .replace("given = { payment.side", "given = { payment.sde")
    )
    second = RULE.replace('side = "government"', 'sides = "government"', 1)
    message = faults(tmp_path, calendars, first, second)
    heads = [line for line in message.splitlines() if line.startswith(tmp_path.name)]
    assert [head.partition("/zz/ZZ-PAY-")[2].partition(";")[0] for head in heads] == [
        '01.toml:8:8  function "current_date" is not allowed',
        '01.toml:9:9  unknown fact "payment.setled_on"',
        '01.toml:16:11  unknown fact "payment.unpayd"',
        '01.toml:21:11  unknown fact "payment.sde"',
        '01.toml:26:11  unknown fact "payment.sde"',
        "02.toml:1:1  side: must be given",
        "02.toml:3:1  sides: unknown key",
    ]


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        (
            'due = "payment.due_on"',
            'due = "payment.unpaid"',
            ":8:8  due: gives DECIMAL(27,4); it must give DATE",
        ),
        ('"payment.settled_on"', '"payment.side"', ":9:9  done: gives VARCHAR; it must give DATE"),
        (
            "\"payment.side = 'government'\"",
            '"payment.title"',
            ":7:12  applies: gives VARCHAR; it must give BOOLEAN",
        ),
        ("[ladder]", 'money = "as_of"\n[ladder]', ":10:10  money: gives DATE; it must give DECIMAL"),
    ],
)
def test_a_thing_of_the_wrong_kind_is_refused(
    was: str, becomes: str, complaint: str, tmp_path: Path, calendars: Calendars
) -> None:
    assert complaint in faults(tmp_path, calendars, RULE.replace(was, becomes, 1))


@pytest.mark.parametrize(
    ("rung", "day_before", "first_day"),
    [
        ("-10d", date(2026, 2, 4), date(2026, 2, 5)),
        ("+1d", date(2026, 2, 15), date(2026, 2, 16)),
        ("+1wd", date(2026, 2, 23), date(2026, 2, 24)),  # over the Spring Festival
        ("-2wd", date(2026, 2, 12), date(2026, 2, 13)),  # Saturday the 14th is worked, Sunday the 15th is not
        ("+3wd", date(2026, 2, 25), date(2026, 2, 26)),
    ],
)
def test_a_rung_is_reached_on_its_day_and_not_before(
    rung: str, day_before: date, first_day: date, tmp_path: Path, calendars: Calendars
) -> None:
    """The deadline is Sunday 15 February 2026, the first day of the Spring Festival."""
    given = 'given = { payment.side = "government", payment.due_on = 2026-02-15 }'
    text = RULE[: RULE.index("[[example]]")].replace('"+1d"', f'"{rung}"')
    for day, expect in ((day_before, "clear"), (first_day, "orange")):
        text += f'[[example]]\nsays = "asked on {day}"\nas_of = {day}\n{given}\nexpect = "{expect}"\n'
    lay(tmp_path, text)
    book = load([tmp_path], calendars, default_calendar="CN")
    assert [outcome.got for outcome in try_examples(book, calendars)] == ["clear", "orange"]


def test_a_rung_must_be_days(tmp_path: Path, calendars: Calendars) -> None:
    message = faults(tmp_path, calendars, RULE.replace('"+1d"', '"one day"'))
    assert 'orange = "one day" is no rung; write days from the deadline' in message


def test_a_part_that_cannot_be_computed_is_shown_where_it_stands(tmp_path: Path, calendars: Calendars) -> None:
    parts = '[let]\nfine = "payment.unpaid + 1"\nwrong = "let.fine + payment.due_on"\n[ladder]'
    text = RULE.replace("[ladder]", parts).replace("= \"payment.side = 'government'\"", '= "let.wrong > 1"')
    message = faults(tmp_path, calendars, text)
    assert ":12:10  let.wrong: " in message
    assert "applies" not in message.splitlines()[0]


def test_sums_beyond_all_measure_are_unknown_and_do_not_stop_the_scan(desk: Desk) -> None:
    assert desk.answer("(payment.unpaid * 1000000000000000000) / 3") == "unknown"
