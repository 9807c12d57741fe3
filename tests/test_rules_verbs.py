"""`lvyue rules …`: a new rule from nothing, the shelf by what it stands on, one rule whole, and what cannot be judged.

Contracts, offices and reasons are made.
"""

from __future__ import annotations

import email
import json
import tomllib
from datetime import date
from email import policy
from pathlib import Path
from typing import Any, get_args

import pytest

from monitor import config as configuration
from monitor import pipeline, rulebook
from monitor.domain.vocabulary import ContractKind
from monitor.notify.outgoing import channels
from monitor.reports.coverage import SHOWN
from monitor.store import Store
from tests.office import Office, config, source

ROOT = Path(__file__).parent.parent
OWN = '[shelves]\nrules = ["own"]\n[rules]\npacks = ["zz"]\n'
CORE = '[rules]\npacks = ["core"]\n'
MAPPING = """
create view unit as select distinct unit as id, unit as name from raw;
create view contract as select number as id, number, title, unit as unit_id, 'USD' as currency, amount, end_on,
    'yes' as is_recurring, status, source_row from raw;
"""
HEAD = "number,title,unit,amount,end_on,status\n"
SET = """
[[override]]
rule = "GEN-EXP-01"
limit = "blue"
value = 120
author = "Legal office"
reason = "a tender takes four months here"
from = 2026-01-01
"""


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.toml") if path.name != "config.toml")


def office_with(folder: Path, *rows: str, more: str = "") -> Office:
    """An office that knows some contracts and judges them by the generic rules."""
    (folder / "ledger.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    (folder / "ledger.sql").write_text(MAPPING, encoding="utf-8")
    block = source("ledger", "ledger.csv", "ledger.sql", published="2026-03-02", complete=True, jurisdiction='"US"')
    office = Office(folder, config(block, CORE, more))
    office.ok("pull")
    return office


# --- a new rule ---


@pytest.fixture
def author(tmp_path: Path) -> Office:
    """Somebody who writes rules, with a shelf of her own in config.toml."""
    return Office(tmp_path, config(OWN))


def test_a_rule_begins_as_one_file_that_passes_as_it_is(author: Office) -> None:
    (author.folder / "own" / "zz").mkdir(parents=True)
    (author.folder / "own" / "zz" / "pack.toml").write_text('name = { zh = "例", en = "Ours" }\n', encoding="utf-8")
    said = author.ok("rules", "new", "ZZ-PAY-01")
    assert said.out.strip() == str(author.folder / "own" / "zz" / "ZZ-PAY-01.toml")
    assert files(author.folder / "own") == ["zz/ZZ-PAY-01.toml", "zz/pack.toml"]
    assert "pack is new" not in said.err
    assert "lvyue rules check" in said.err
    assert author.ok("rules", "check").out == "1 rules: all good\n"
    assert author.ok("rules", "test").out == "9 of 9 examples of 1 rules as written\n"


def test_a_pack_that_is_new_gets_its_own_file_and_that_is_said(author: Office) -> None:
    said = author.ok("rules", "new", "ZZ-PAY-01")
    assert files(author.folder / "own") == ["zz/ZZ-PAY-01.toml", "zz/pack.toml"]
    assert "pack.toml too, because the pack is new" in said.err
    before = (author.folder / "own" / "zz" / "pack.toml").read_bytes()
    assert "pack.toml" not in author.ok("rules", "new", "ZZ-DL-01").err
    assert (author.folder / "own" / "zz" / "pack.toml").read_bytes() == before
    assert author.ok("rules", "check").out == "2 rules: all good\n"


def test_what_it_begins_with_says_that_it_must_be_replaced_and_shows_every_outcome(author: Office) -> None:
    """As strict as the shelf that ships: each level, clear and unknown; each side of each day of the limit."""
    rule = tomllib.loads(Path(author.ok("rules", "new", "ZZ-PAY-01").out.strip()).read_text(encoding="utf-8"))
    assert rule["id"] == "ZZ-PAY-01"
    assert rule["basis"] == "default"
    for words in (rule["title"], rule["says"], rule["action"]):
        assert "须替换" in words["zh"]
        assert "replaced" in words["en"]
    assert "须替换" in rule["law"][0]
    assert {example["expect"] for example in rule["example"]} == {"clear", "unknown", *rule["ladder"]}
    asked = {example["given"]["contract"]["signed_on"] for example in rule["example"]}
    assert {date(2025, 12, 31), date(2026, 1, 1)} <= asked


def test_it_warns_of_nothing_real_until_it_is_replaced(author: Office) -> None:
    """It asks for a kind of contract that no register can hold."""
    rule = tomllib.loads(Path(author.ok("rules", "new", "ZZ-PAY-01").out.strip()).read_text(encoding="utf-8"))
    assert rule["applies"] == "coalesce(contract.kind, '') = 'example'"
    assert "example" not in get_args(ContractKind)


def test_it_passes_wherever_it_is_put_under_whatever_law(author: Office) -> None:
    pack = author.folder / "own" / "zz" / "pack.toml"
    pack.parent.mkdir(parents=True)
    pack.write_text('name = { zh = "例", en = "Ours" }\njurisdiction = ["CN"]\ncalendar = "CN"\n', encoding="utf-8")
    author.ok("rules", "new", "CQ-PAY-01")
    assert files(author.folder / "own") == ["zz/CQ-PAY-01.toml", "zz/pack.toml"], "the only pack there is"
    assert author.ok("rules", "test").out == "9 of 9 examples of 1 rules as written\n"


def test_a_shelf_that_config_does_not_name_is_written_to_and_its_line_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path, config())
    said = office.ok("rules", "new", "ZZ-PAY-01", "--shelf", str(tmp_path / "elsewhere"))
    assert files(tmp_path / "elsewhere") == ["zz/ZZ-PAY-01.toml", "zz/pack.toml"]
    assert f'[shelves] rules = ["{(tmp_path / "elsewhere").as_posix()}"]' in said.err


def test_a_pack_that_config_leaves_out_is_told(author: Office) -> None:
    said = author.ok("rules", "new", "CQ-PAY-01")
    assert 'add "cq" to `packs` under [rules]' in said.err


@pytest.mark.parametrize(
    "word",
    ["zz-pay-01", "ZZ-PAY-1", "ZZ-PAY-001", "ZZPAY01", "Z-PAY-01", "ZZ-PAY-٠١", "../ZZ-PAY-01", "", "ZZ-PAY-01\n"],
)
def test_an_ill_formed_id_is_refused_and_nothing_is_written(author: Office, word: str) -> None:
    said = author.lvyue("rules", "new", word)
    assert said.code == 2
    assert "is no id of a rule" in said.err
    assert ('did you mean "ZZ-PAY-01"?' in said.err) == (word == "zz-pay-01")
    assert files(author.folder) == []


def test_an_id_that_is_taken_here_or_on_the_shelf_that_ships_is_refused(author: Office) -> None:
    written = Path(author.ok("rules", "new", "ZZ-PAY-01").out.strip())
    before = written.read_bytes()
    mine, shipped = author.lvyue("rules", "new", "ZZ-PAY-01"), author.lvyue("rules", "new", "GEN-DL-01")
    assert (mine.code, shipped.code) == (2, 2)
    assert "ZZ-PAY-02 is free" in mine.err
    assert "GEN-DL-01.toml" in shipped.err
    assert written.read_bytes() == before
    assert files(author.folder / "own") == ["zz/ZZ-PAY-01.toml", "zz/pack.toml"]


@pytest.mark.parametrize(
    ("shelves", "complaint"),
    [("", "no shelf of your own"), ('[shelves]\nrules = ["own", "other"]\n', "several shelves")],
)
def test_where_no_one_shelf_is_named_it_asks_for_one(tmp_path: Path, shelves: str, complaint: str) -> None:
    office = Office(tmp_path, config(shelves))
    said = office.lvyue("rules", "new", "ZZ-PAY-01")
    assert said.code == 2
    assert complaint in said.err
    assert "--shelf FOLDER" in said.err
    assert files(tmp_path) == []


def test_it_does_not_write_into_the_program_or_over_a_file(tmp_path: Path) -> None:
    office = Office(tmp_path, config())
    inside = office.lvyue("rules", "new", "ZZ-PAY-01", "--shelf", str(ROOT / "monitor" / "_shelves" / "rules"))
    assert (inside.code, "came with Lvyue" in inside.err) == (2, True)
    assert not (ROOT / "monitor" / "_shelves").exists()
    (tmp_path / "shelf").write_text("", encoding="utf-8")
    assert "is a file, no folder" in office.lvyue("rules", "new", "ZZ-PAY-01", "--shelf", str(tmp_path / "shelf")).err


# --- the list, and one rule whole ---


def listed(office: Office, *words: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(office.ok("rules", "list", "--json", *words).out)}


def test_the_list_is_narrowed_by_pack_subject_side_and_basis(tmp_path: Path) -> None:
    office = Office(tmp_path, config('[rules]\npacks = ["core", "us"]\n'))
    every = listed(office)
    assert {row["pack"] for row in every.values()} == {"core", "us"}
    for key, value in (("pack", "us"), ("subject", "payment"), ("side", "government")):
        narrowed = listed(office, f"--{key}", value)
        assert narrowed == {name: row for name, row in every.items() if row[key] == value}
        assert 0 < len(narrowed) < len(every)
    both = listed(office, "--pack", "us", "--subject", "payment")
    assert both == {name: row for name, row in every.items() if (row["pack"], row["subject"]) == ("us", "payment")}


def test_a_rule_is_found_by_the_basis_of_one_of_its_limits_and_the_list_says_which(tmp_path: Path) -> None:
    """The prompt payment rate stands in the pack, from memory; the rules that use it are read from the law."""
    office = Office(tmp_path, config('[rules]\npacks = ["us"]\n'))
    rows = listed(office, "--basis", "memory")
    by_limit = {
        name: sorted({limit["name"] for limit in row["limits"] if limit["basis"] == "memory"})
        for name, row in rows.items()
        if row["basis"] != "memory"
    }
    assert by_limit
    assert all(by_limit.values())
    shown = office.ok("rules", "list", "--basis", "memory").out
    for limits in by_limit.values():
        assert f"{limits[0]}: memory" in shown
    assert f"{len(rows)} of " in shown


def test_a_pack_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    office = Office(tmp_path, config(CORE))
    said = office.lvyue("rules", "list", "--pack", "cor")
    assert (said.code, 'did you mean "core"?' in said.err) == (2, True)
    assert office.ok("rules", "list", "--subject", "guarantee").out == "No rule fits.\n"


def test_one_rule_is_shown_whole_in_both_languages_and_its_sql_when_asked(tmp_path: Path) -> None:
    office = Office(tmp_path, config(CORE))
    english, chinese = (office.ok("--lang", lang, "rules", "show", "gen-exp-01").out for lang in ("en", "zh"))
    for words in ("Contract ends soon", "owed by: Both", "90", "default: 90 days before the end", "91 days to the end"):
        assert words in english
    for words in ("合同即将到期", "义务方: 双方", "限值", "例子", "请承办单位制定续签"):
        assert words in chinese
    assert "a.0" not in english
    assert 'case when not "a.0"' in office.ok("rules", "show", "GEN-EXP-01", "--sql").out
    missing = office.lvyue("rules", "show", "GEN-EXP-1")
    assert (missing.code, 'did you mean "GEN-EXP-01"?' in missing.err) == (3, True)


def test_what_the_office_set_is_marked_in_the_list_and_in_the_rule_and_the_law_stays_beside_it(tmp_path: Path) -> None:
    office = Office(tmp_path, config(CORE, SET))
    assert "blue = 120: set by" in office.ok("rules", "list").out
    row = listed(office)["GEN-EXP-01"]
    assert [limit["value"] for limit in row["limits"]] == [90, 60, 30]
    assert row["overrides"] == [
        {
            "limit": "blue", "value": 120, "own_value": 90, "from": "2026-01-01", "to": None, "author": "Legal office",
            "reason": "a tender takes four months here",
        }
    ]  # fmt: skip
    shown = office.ok("rules", "show", "GEN-EXP-01").out
    assert "Legal office: a tender takes four months here" in shown
    assert "default: 90 days before the end" in shown
    assert "let.office" not in shown, "how it gets into the letter is nothing for a reader"
    assert office.ok("rules", "check").out.endswith("1 [[override]] of config.toml: all good\n")


def test_examples_are_proved_against_the_law_whatever_the_office_set(tmp_path: Path) -> None:
    """91 days to the end is clear by the rule's own number, and a reminder by the office's."""
    office = Office(tmp_path, config(CORE, SET))
    done, total = office.ok("rules", "test").out.split(" examples")[0].split(" of ")
    assert done == total


def test_a_wrong_override_stops_the_check_and_not_the_proof(tmp_path: Path) -> None:
    office = Office(tmp_path, config(CORE, SET.replace("GEN-EXP-01", "GEN-EXP-11")))
    said = office.lvyue("rules", "check")
    assert said.code == 3
    assert 'there is no rule GEN-EXP-11; did you mean "GEN-EXP-01"?' in said.err
    assert '    rule = "GEN-EXP-11"\n    ^^^^' in said.err
    office.ok("rules", "test")


def test_a_letter_says_on_paper_what_the_office_set(tmp_path: Path) -> None:
    """The cleaning contract ends in a hundred days: a reminder only because the office wants one so early."""
    recipient = '\n[[recipient]]\naddress = "legal@example.invalid"\nlang = "{}"\n'
    more = SET + recipient.format("en") + recipient.format("zh").replace("legal", "fazhi")
    office = office_with(tmp_path, "2026-1,Cleaning,Works,1000.00,2026-07-01,active", more=more)
    found = configuration.load(office.path, {})
    book = rulebook.load(
        found.rule_shelves(), found.calendars(), default_calendar="US", packs=["core"], overrides=found.overrides
    )
    store, evening = Store(found.database), found.end_of_day(date(2026, 3, 23))
    pipeline.scan(found, store, book, as_of=date(2026, 3, 23), known_at=evening, at=evening)
    with channels(found.settings.mail, found.state / "letters", clock=lambda: evening) as ways:
        pipeline.deliver(found, store, ways, at=evening)
    texts = []
    for path in sorted((found.state / "letters").iterdir()):
        body = email.message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",))
        assert body is not None
        texts.append(" ".join(body.get_content().split()))
    english = next(text for text in texts if "This office set" in text)
    chinese = next(text for text in texts if "本机关将“蓝色提示天数”设定为120" in text)
    assert (
        "This office set “days for blue” to 120 (Legal office: a tender takes four months here); the rule's default is 90."
        in english
    )
    for text in (english, chinese):
        assert "本机关设定 / set by this office: 蓝色提示天数 / days for blue = 120" in text


# --- what cannot be judged ---


def test_coverage_names_the_rules_that_are_blind_and_the_facts_they_miss(tmp_path: Path) -> None:
    office = office_with(tmp_path, "2026-1,Cleaning,Works,1000.00,,active", "2026-2,Paper,Works,5.00,2026-12-31,active")
    report = json.loads(office.ok("rules", "coverage", "--as-of", "2026-03-23", "--json").out)
    rows = {row["rule"]: row for row in report["rules"]}
    ends = rows["GEN-EXP-01"]
    assert (ends["judged"], ends["unknown"], ends["contracts_blind"]) == (2, 1, 1)
    assert {"fact": "contract.end_on", "count": 1} in ends["missing"]
    assert rows["GEN-DL-01"]["contracts_without"] == rows["GEN-DL-01"]["contracts_blind"] == 2
    blind = [row["contracts_blind"] for row in report["rules"]]
    assert blind == sorted(blind, reverse=True)
    shown = office.ok("rules", "coverage", "--as-of", "2026-03-23").out
    assert "(contract.end_on) 1" in shown
    assert "2 contracts have no milestone on record" in shown
    assert "Rules that can judge everything they apply to: " in shown


def test_coverage_of_one_rule_names_its_contracts(tmp_path: Path) -> None:
    office = office_with(tmp_path, "2026-1,Cleaning,Works,1000.00,,active", "2026-2,Paper,Works,5.00,2026-12-31,active")
    words = ("rules", "coverage", "--as-of", "2026-03-23", "--rule", "gen-exp-01")
    report = json.loads(office.ok(*words, "--json").out)
    assert (report["total"], report["shown"]) == (1, 1)
    assert report["contracts"] == [
        {
            "contract_id": "ledger:2026-1", "contract_number": "2026-1", "contract_title": "Cleaning", "unit": "Works",
            "items": 1, "missing": ["contract.end_on"],
        }
    ]  # fmt: skip
    shown = office.ok(*words).out
    assert "Cleaning" in shown
    assert "Paper" not in shown
    assert "1 of 1 listed." in shown
    assert "共1份，列出1份。" in office.ok("--lang", "zh", *words).out
    wrong = office.lvyue("rules", "coverage", "--rule", "GEN-EXP-11")
    assert (wrong.code, 'did you mean "GEN-EXP-01"?' in wrong.err) == (3, True)


def test_a_long_list_of_contracts_is_cut_and_its_total_given(tmp_path: Path) -> None:
    """Half miss a fact, and none has a milestone: both kinds of blindness are named, first those with a fact missing."""
    number = SHOWN + 10
    rows = [f"2026-{n:03d},Contract {n},Works,1.00,{'' if n % 2 else '2026-12-31'},active" for n in range(number)]
    office = office_with(tmp_path, *rows)
    ends, milestones = (
        json.loads(office.ok("rules", "coverage", "--as-of", "2026-03-23", "--json", "--rule", rule).out)
        for rule in ("GEN-EXP-01", "GEN-DL-01")
    )
    assert (ends["total"], ends["shown"]) == (number // 2, number // 2)
    assert (milestones["total"], milestones["shown"], len(milestones["contracts"])) == (number, SHOWN, SHOWN)
    keys = [contract["contract_id"] for contract in milestones["contracts"]]
    assert keys == sorted(keys)


def test_coverage_looks_back_and_an_empty_office_is_blind_nowhere(tmp_path: Path) -> None:
    office = office_with(tmp_path, "2026-1,Cleaning,Works,1000.00,,active")
    before = json.loads(office.ok("rules", "coverage", "--as-of", "2026-02-27", "--json").out)
    assert {row["contracts_blind"] for row in before["rules"]} == {0}
    assert "Rules that apply to nothing here: " in office.ok("rules", "coverage", "--as-of", "2026-02-27").out
