"""Numbers that an office set itself: where they count, how they are told, and every way to write them wrong.

The rules are those that ship, each on a small shelf of its own; contracts, names and reasons are made.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import config
from monitor.domain.errors import ConfigError
from monitor.domain.override import Override
from monitor.domain.portfolio import nothing, schema
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.rulebook import Finding, Judgement, Rulebook, load, try_examples
from monitor.rulebook.overrides import overlaid, replaced
from monitor.rulebook.rule import Limit
from monitor.rulebook.wording import finding_content

RULES = Path(__file__).parent.parent.parent / "rules"
Calendars = dict[str, WorkCalendar]

TERM = """
[[override]]
rule = "CN-PAY-01"
limit = "days"
value = 20
author = "王敏"
reason = "承诺提前十日付款"
from = 2026-01-01
to = 2026-06-30
"""


class Desk:
    """An office with a few rules on its shelf and a config.toml."""

    def __init__(self, folder: Path, calendars: Calendars, *rules: str) -> None:
        self.folder, self.calendars, self.shelf = folder, calendars, folder / "rules"
        for rule in ("pack", *rules):
            place = self.shelf / "cn"
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(RULES / "cn" / f"{rule}.toml", place)

    def book(self, text: str = "", packs: tuple[str, ...] = ()) -> Rulebook:
        """The rules, with what `text` of config.toml sets in place of their numbers."""
        path = self.folder / "config.toml"
        path.write_text(text, encoding="utf-8")
        overrides = config.load(path, {}).overrides
        return load([self.shelf], self.calendars, default_calendar="CN", packs=packs, overrides=overrides)

    def complaint(self, text: str, packs: tuple[str, ...] = ()) -> list[str]:
        """What is wrong with a config.toml: every line that is told."""
        with pytest.raises(ConfigError) as refused:
            self.book(text, packs)
        return refused.value.message.splitlines()


@pytest.fixture
def desk(tmp_path: Path, calendars: Calendars) -> Desk:
    return Desk(tmp_path, calendars, "CN-PAY-01", "CN-PAY-03")


def owed(signed: date, **known: Any) -> dict[str, list[dict[str, Any]]]:
    """Half a million owed to a small company since 2 March 2026, no term agreed."""
    return {
        "contract": [{"id": "c", "title": "Guard rails", "jurisdiction": "CN-CQ", "party_id": "p", "currency": "CNY",
                      "signed_on": signed, "source": "ledger"}],
        "party": [{"id": "p", "name": "Small Co.", "size_at_signing": "small"}],
        "payment": [{"id": "y", "contract_id": "c", "side": "government", "currency": "CNY", "amount_minor": 50_000_000,
                     "paid_minor": 0, "base_on": date(2026, 3, 2), **known}],
    }  # fmt: skip


def judged(book: Rulebook, calendars: Calendars, tables: Mapping[str, list[dict[str, Any]]], on: date) -> list[Finding]:
    """What fires on a day; every field that a row does not give is unknown."""
    portfolio = nothing() | {name: pa.Table.from_pylist(rows, schema=schema(name)) for name, rows in tables.items()}
    with Engine(portfolio, calendars, as_of=on) as engine:
        return Judgement(engine.db, book.rules).fired()


def term(desk: Desk, book: Rulebook, signed: date) -> Finding:
    """What CN-PAY-01 says, long after the money was due, of a contract signed on that day."""
    found = judged(book, desk.calendars, owed(signed), date(2026, 8, 3))
    return next(finding for finding in found if finding.rule == "CN-PAY-01")


# --- where it counts ---


@pytest.mark.parametrize(
    ("signed", "days"),
    [(date(2025, 12, 31), 30), (date(2026, 1, 1), 20), (date(2026, 6, 30), 20), (date(2026, 7, 1), 30)],
)
def test_an_override_counts_on_its_days_both_included_and_on_no_other(desk: Desk, signed: date, days: int) -> None:
    """The days are those that pick the law's number: for this rule the day of signing."""
    finding = term(desk, desk.book(TERM), signed)
    assert finding.evidence["limit.days"] == days
    assert finding.due == {20: date(2026, 3, 23), 30: date(2026, 4, 1)}[days]  # 22 March 2026 is a Sunday


def test_without_days_it_replaces_every_block_of_the_law_and_makes_none(desk: Desk) -> None:
    """The regulation of 2020 and that of 2025 have a block each; before 1 September 2020 there was no number at all."""
    book = desk.book(TERM.replace("from = 2026-01-01\nto = 2026-06-30\n", ""))
    for signed in (date(2020, 9, 1), date(2025, 5, 31), date(2025, 6, 1)):
        assert term(desk, book, signed).evidence["limit.days"] == 20
    assert judged(book, desk.calendars, owed(date(2020, 8, 31)), date(2026, 6, 1)) == []


def test_two_overrides_may_follow_each_other(desk: Desk) -> None:
    later = TERM.replace("20", "25", 1).replace("from = 2026-01-01\nto = 2026-06-30", "from = 2026-07-01")
    book = desk.book(TERM + later)
    found = {day: term(desk, book, day).evidence["limit.days"] for day in (date(2026, 6, 30), date(2026, 7, 1))}
    assert found == {date(2026, 6, 30): 20, date(2026, 7, 1): 25}


def test_a_number_that_a_pack_shares_is_replaced_for_the_one_rule_that_was_named(
    tmp_path: Path, calendars: Calendars
) -> None:
    """The loan prime rate stands in pack.toml, for two rules. 500,000 for 10 days at 10 % a year is 1,369.86."""
    desk = Desk(tmp_path, calendars, "CN-PAY-06", "CN-PAY-24")
    text = TERM.replace("CN-PAY-01", "CN-PAY-06").replace('"days"', '"lpr"').replace("value = 20", "value = 0.10")
    rows = owed(date(2026, 2, 2), due_on=date(2026, 5, 1))
    rows["contract"][0]["late_rate_ppm"] = 20_000
    found = {f.rule: f for f in judged(desk.book(text), calendars, rows, date(2026, 5, 11))}
    assert found["CN-PAY-06"].evidence["let.interest"] == Decimal("1369.86")
    assert [found[rule].evidence["limit.lpr"] for rule in ("CN-PAY-06", "CN-PAY-24")] == [
        Decimal("0.1"),
        Decimal("0.03"),
    ]
    assert "本机关设定" not in found["CN-PAY-24"].cite


day_or_none = st.none() | st.dates(date(2020, 1, 1), date(2020, 2, 10))


@given(
    st.lists(st.tuples(day_or_none, day_or_none), max_size=4), st.lists(st.tuples(day_or_none, day_or_none), max_size=4)
)
def test_on_any_day_the_number_is_the_offices_where_both_speak_else_the_laws(
    law: list[tuple[date | None, date | None]], ours: list[tuple[date | None, date | None]]
) -> None:
    blocks = [Limit(name="days", value=n, starts=a, ends=b, cite=str(n)) for n, (a, b) in enumerate(law)]
    overrides = [
        Override.model_validate(
            {"rule": "R", "limit": "days", "value": 100 + n, "author": "x", "reason": "y", "from": a, "to": b}
        )
        for n, (a, b) in enumerate(ours)
    ]
    whole = overlaid({"days": blocks}, overrides)["days"]
    for day in (date(2020, 1, 1) + timedelta(days=n) for n in range(41)):
        here = [block for block in blocks if holds(block, day)]
        set_here = [override for override in overrides if holds(override, day)]
        found = next((block for block in whole if holds(block, day)), None)
        if not here:
            assert found is None
        elif not set_here:
            assert found == here[0]
        else:
            assert found is not None
            assert found.value in {override.value for override in set_here}
            assert found.cite in {block.cite for block in here}


def holds(dated: Limit | Override, day: date) -> bool:
    return (dated.starts or date.min) <= day <= (dated.ends or date.max)


# --- how it is told ---


def test_a_letter_says_who_set_the_number_why_and_what_the_laws_own_is_in_both_languages(desk: Desk) -> None:
    finding = term(desk, desk.book(TERM), date(2026, 2, 2))
    content = finding_content(finding, desk.book(TERM).get("CN-PAY-01").rule)
    assert content["says"]["zh"].endswith("本机关将“规定天数”设定为20（王敏：承诺提前十日付款），法定值为30。")
    assert content["says"]["en"].endswith(
        ". This office set “days allowed” to 20 (王敏: 承诺提前十日付款); the law's own value is 30."
    )
    ours, law = content["cite"].split("; ", 1)
    assert ours == (
        "本机关设定 / set by this office: 规定天数 / days allowed = 20 (王敏: 承诺提前十日付款), "
        "法定值 / the law's own value: 30"
    )
    assert law == "《保障中小企业款项支付条例》(国务院令第802号) 第九条第一款、第四款，第十条"


def test_where_it_does_not_count_nothing_is_said_of_it(desk: Desk) -> None:
    """Word for word what an office without any override reads."""
    signed = date(2025, 12, 31)
    with_it, without = desk.book(TERM), desk.book()
    told = [finding_content(term(desk, book, signed), book.get("CN-PAY-01").rule) for book in (with_it, without)]
    assert told[0] | {"evidence": None} == told[1] | {"evidence": None}


def test_a_default_of_ours_is_not_called_the_law(tmp_path: Path, calendars: Calendars) -> None:
    desk = Desk(tmp_path, calendars, "CN-PAY-03")
    text = (
        TERM.replace("CN-PAY-01", "CN-PAY-03").replace('"days"', '"red_amount"').replace("value = 20", "value = 1000")
    )
    book = desk.book(text)
    rows = owed(date(2026, 2, 2), due_on=date(2026, 4, 1))
    finding = next(f for f in judged(book, calendars, rows, date(2026, 5, 1)) if f.rule == "CN-PAY-03")
    assert "规则默认值 / the rule's default" in finding.cite
    assert "法定值" not in finding.cite
    assert "第五百七十七条" in finding.cite, "the law is cited all the same"


def test_a_reason_is_only_ever_text(desk: Desk) -> None:
    """Not SQL, not a blank to be filled, not two lines."""
    reason = """it's {due} {own} "; drop table x; -- 多 行\n 文 字 \\n%s"""
    written = reason.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    book = desk.book(TERM.replace("承诺提前十日付款", written))
    finding = term(desk, book, date(2026, 2, 2))
    said = finding_content(finding, book.get("CN-PAY-01").rule)["says"]["zh"]
    assert f"（王敏：{' '.join(reason.split())}）" in said
    assert " ".join(reason.split()) in finding.cite


# --- the rule book ---


def test_the_hash_changes_for_the_rule_and_for_every_word_of_the_override(desk: Desk) -> None:
    books = [desk.book(text) for text in ("", TERM, TERM.replace("王敏", "李强"), TERM.replace("20", "21", 1))]
    assert len({book.hash for book in books}) == 4
    assert len({book.get("CN-PAY-01").rule_hash for book in books}) == 4
    assert len({book.get("CN-PAY-03").rule_hash for book in books}) == 1


def test_rules_that_were_checked_before_are_not_taken_for_others(desk: Desk) -> None:
    """The rule book is kept between two scans of one process; what config.toml sets belongs to what is kept."""
    signed = date(2026, 2, 2)
    days = [term(desk, desk.book(text), signed).evidence["limit.days"] for text in (TERM, "", TERM)]
    assert days == [20, 30, 20]
    assert desk.book(TERM) is desk.book(TERM)


def test_examples_prove_the_law_and_the_law_is_still_there(desk: Desk) -> None:
    assert all(outcome.passed for outcome in try_examples(desk.book(), desk.calendars))
    assert desk.book(TERM).get("CN-PAY-01").rule.limit == desk.book().get("CN-PAY-01").rule.limit


def test_an_override_for_a_pack_that_is_not_in_use_waits(desk: Desk) -> None:
    other = desk.shelf / "zz"
    other.mkdir()
    (other / "pack.toml").write_text('name = { zh = "例", en = "Example" }\n', encoding="utf-8")
    assert desk.book(TERM, packs=("zz",)).rules == ()


# --- every way to write it wrong ---


def test_a_rule_that_is_not_there_is_told_with_its_place_and_the_nearest(desk: Desk) -> None:
    assert desk.complaint(TERM.replace("CN-PAY-01", "CN-PAY-1")) == [
        'config.toml:3:1  override.0.rule: there is no rule CN-PAY-1; did you mean "CN-PAY-01"?',
        '    rule = "CN-PAY-1"',
        "    ^^^^",
    ]


def test_a_limit_that_the_rule_has_not_is_told_with_those_it_has(desk: Desk) -> None:
    told = desk.complaint(TERM.replace('"days"', '"day"'))
    assert told[0].startswith(
        'config.toml:4:1  override.0.limit: CN-PAY-01 has no limit day; did you mean "days"?; it has '
    )
    assert "lpr" in told[0], "what stands in pack.toml counts too"


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ('"20"', "5:1  override.0.value: must be a number, as the law's own: 30"),
        ("20.5", "5:1  override.0.value: must be a whole number, as the law's own: 30"),
        ("-1", "5:1  override.0.value: must not be below 0; the law's own is 30"),
        ("3001", "5:1  override.0.value: is more than 100 times the law's own, 30: is there a digit too many?"),
        ("true", "5:1  override.0.value: must be a number or a text, as the limit's own value is"),
        ("[20]", "5:1  override.0.value: must be a number or a text, as the limit's own value is"),
        ("2026-01-01", "5:1  override.0.value: must be a number or a text, as the limit's own value is"),
        ('""', "5:1  override.0.value: must be a number or a text, as the limit's own value is"),
        ("nan", "5:1  override.0.value: nan is no number to compare with"),
        ("inf", "5:1  override.0.value: inf is no number to compare with"),
    ],
)
def test_a_value_is_of_the_laws_own_kind(desk: Desk, value: str, complaint: str) -> None:
    told = desk.complaint(TERM.replace("value = 20", f"value = {value}"))
    assert told[0] == f"config.toml:{complaint}"
    assert told[1:] == [f"    value = {value}", "    ^^^^^"]


def test_a_text_takes_the_place_of_a_text_only(tmp_path: Path, calendars: Calendars) -> None:
    desk = Desk(tmp_path, calendars, "CN-PRC-01")
    block = desk.book().get("CN-PRC-01").rule.limit[0]
    assert isinstance(block.value, str)
    text = TERM.replace("CN-PAY-01", "CN-PRC-01").replace('"days"', f'"{block.name}"')
    assert f"must be a text, as the law's own: {block.value}" in desk.complaint(text)[0]
    assert desk.book(text.replace("value = 20", 'value = "先审后签"')).get("CN-PRC-01").overrides


@pytest.mark.parametrize("key", ["rule", "limit", "value", "author", "reason"])
def test_each_of_these_must_be_given(desk: Desk, key: str) -> None:
    text = "\n".join(line for line in TERM.splitlines() if not line.startswith(f"{key} ="))
    assert desk.complaint(text)[0] == f"config.toml:2:3  override.0.{key}: must be given"


@pytest.mark.parametrize("text", ['""', '"  "'])
def test_nobody_and_for_no_reason_is_refused(desk: Desk, text: str) -> None:
    told = desk.complaint(TERM.replace('"王敏"', text).replace('"承诺提前十日付款"', text))
    assert [line.split("  ")[1].split(":")[0] for line in told if line.startswith("config")] == [
        "override.0.author", "override.0.reason"
    ]  # fmt: skip


def test_a_key_that_nobody_knows_is_told_with_the_nearest(desk: Desk) -> None:
    assert 'override.0.form: unknown key; did you mean "from"?' in desk.complaint(TERM.replace("from =", "form ="))[0]


def test_two_numbers_on_one_day_are_refused_where_the_second_stands(desk: Desk) -> None:
    again = TERM.replace("from = 2026-01-01", "from = 2026-06-30").replace("to = 2026-06-30", "")
    told = desk.complaint(TERM + again)
    assert told[0] == "config.toml:13:1  override.1.limit: CN-PAY-01 days has two values on one day: see line 2"


def test_an_end_before_the_beginning_is_refused(desk: Desk) -> None:
    told = desk.complaint(TERM.replace("to = 2026-06-30", "to = 2025-06-30"))
    assert told[0] == "config.toml:9:1  override.0.to: 2025-06-30 is before its first day, 2026-01-01"


def test_days_on_which_the_law_has_no_number_are_told(desk: Desk) -> None:
    told = desk.complaint(TERM.replace("2026", "2016"))
    assert told[0] == "config.toml:4:1  override.0.limit: on its days CN-PAY-01 has no days to replace"


def test_an_override_does_not_come_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="LVYUE_OVERRIDE: no such setting"):
        config.load(path, {"LVYUE_OVERRIDE": "x"})


def test_every_fault_of_every_override_is_told_at_once(desk: Desk) -> None:
    text = (
        TERM.replace("CN-PAY-01", "CN-PAY-77")
        + TERM.replace('"days"', '"dyas"')
        + TERM.replace("value = 20", 'value = "x"')
    )
    told = [line for line in desk.complaint(text) if line.startswith("config.toml")]
    assert [line.split("override.")[1].split(":")[0] for line in told] == ["0.rule", "1.limit", "2.value"]


def test_replaced_blocks_keep_the_law_they_stand_for() -> None:
    own = Limit(name="days", value=30, starts=date(2020, 9, 1), ends=date(2025, 5, 31), cite="art. 8")
    override = Override(rule="R", limit="days", value=20, author="x", reason="y")
    (entry,) = replaced([own], [override])
    assert (entry.block.value, entry.block.starts, entry.block.ends, entry.block.cite) == (
        20, date(2020, 9, 1), date(2025, 5, 31), "art. 8"
    )  # fmt: skip
