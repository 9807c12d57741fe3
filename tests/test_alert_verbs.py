"""`lvyue alerts …` and `lvyue outbox …` as people type them, over a real office whose warnings are made."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.warning import Alert, Change, Letter
from monitor.store import Store, outbox, warnings
from tests.alerts import KINDS, STATES, TODAY, at, warned
from tests.office import CORE, Office, Said, config
from tests.store import new_store
from tests.test_handling import PEOPLE

FAR = "2045-01-02"
"""A day that has not come yet whenever this runs: verbs read the clock."""

VERBS: dict[str, tuple[str, ...]] = {
    "acknowledge": ("ack",), "assess": ("assess", "--note", "because"), "handle": ("handle", "--note", "because"),
    "report": ("report", "--note", "because"), "close": ("close", "--note", "because", "--outcome", "true"),
    "dismiss": ("dismiss", "--note", "because", "--reason", "wrong_data"),
    "suspend": ("suspend", "--note", "because", "--until", FAR), "resume": ("resume", "--note", "because"),
    "transfer": ("transfer", "--note", "because", "--to", "Audit"), "assign": ("assign", "--to", "Dong"),
    "reopen": ("reopen", "--note", "because"),
}  # fmt: skip
ALLOWED = {
    "acknowledge": {"open"}, "assess": {"acknowledged", "assessing", "handling"},
    "handle": {"acknowledged", "assessing", "handling", "reported"}, "report": {"assessing", "handling", "reported"},
    "close": {"reported", "transferred"}, "dismiss": {"open", "acknowledged", "assessing", "handling", "reported"},
    "suspend": {"open", "acknowledged", "assessing", "handling", "reported"}, "resume": {"suspended"},
    "transfer": {"acknowledged", "assessing", "handling", "reported"},
    "assign": {"open", "acknowledged", "assessing", "handling", "reported", "suspended", "transferred"},
    "reopen": {"closed", "dismissed"},
}  # fmt: skip
"""From which states each act leads anywhere, while the condition holds."""


class Counter(Office):
    """An office of people, with some warnings, that does what it is told at the counter."""

    def store(self) -> Store:
        self.database.parent.mkdir(exist_ok=True)
        return Store(self.database) if self.database.exists() else new_store(self.database.parent)

    def has(self, *alerts: Alert) -> None:
        changes = [Change(alert=alert, event="opened", before=None, after=alert.level) for alert in alerts]
        with self.store().writing() as db:
            warnings.save(db, changes, run_id=None, on=TODAY)

    def posts(self, *letters: Letter) -> None:
        with self.store().writing() as db:
            outbox.post(db, letters, run_id=None)

    def alerts(self, verb: str, *words: str, by: str = "Eve") -> Said:
        """One verb of somebody's, whatever comes of it."""
        return self.lvyue("alerts", verb, *words, "--by", by)

    def json(self, *words: str) -> Any:
        return json.loads(self.ok(*words, "--json").out)

    def soon(self) -> str:
        """A day a month from now, by the clock of the database."""
        found: str = self.rows("select date('now', '+30 days')")[0][0]
        return found

    def states(self) -> dict[int, str]:
        return {row[0]: row[1] for row in self.rows("select id, state from alert order by id")}


@pytest.fixture
def office(tmp_path: Path) -> Counter:
    return Counter(tmp_path, config(CORE, PEOPLE, country="CN", zone="Asia/Shanghai"))


# --- a case from the first day to the last ---


def test_a_red_warning_is_worked_from_the_list_to_its_end(office: Counter) -> None:
    office.has(warned(level="red"))
    assert "YJ-2026-00001" in office.ok("alerts", "list").out
    for verb, by, said in (
        (("ack",), "Chen", "Acknowledged"), (("assess", "--note", "grave"), "Chen", "Being assessed"),
        (("handle", "--note", "men sent"), "Chen", "Being handled"), (("report", "--note", "done"), "Chen", "Reported"),
    ):  # fmt: skip
        done = office.alerts(verb[0], "YJ-2026-00001", *verb[1:], by=by)
        assert (done.code, done.out) == (0, f"YJ-2026-00001 {said}\n"), done.err
    alone = office.alerts(*("close", "1", "--note", "done", "--outcome", "prevented"), by="Chen")
    assert alone.code == 11
    assert "red is ended by a second person" in alone.err
    assert office.alerts("close", "1", "--note", "I saw it", "--outcome", "prevented", by="Eve").code == 0
    assert "YJ-2026-00001" not in office.ok("alerts", "list").out
    assert "YJ-2026-00001" in office.ok("alerts", "list", "--all").out
    shown = office.json("alerts", "show", "1")
    assert [(event["kind"], event["actor"]) for event in shown["history"]] == [
        ("opened", "lvyue"), ("acknowledged", "Chen"), ("assessed", "Chen"), ("handled", "Chen"), ("reported", "Chen"),
        ("closed", "Eve"),
    ]  # fmt: skip
    assert (shown["state"], shown["outcome"], shown["possible"]) == ("closed", "prevented", ["reopen"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_verb_does_what_the_table_allows_and_refuses_the_rest_with_its_own_code(
    office: Counter, kind: str
) -> None:
    """Nine warnings, one in each state, and one verb for all of them: some move, the others stay and are named."""
    office.has(*(warned(state, subject_id=state) for state in STATES))
    before = office.states()
    verb, *words = (office.soon() if word == FAR else word for word in VERBS[kind])
    said = office.alerts(verb, *(str(number) for number in before), *words)
    allowed = {number for number, state in before.items() if state in ALLOWED[kind]}
    assert said.code == 11, said.err
    moved = {number for number, state in office.states().items() if number in before and state != before[number]}
    assert moved <= allowed
    events = office.rows("select alert_id from alert_event where kind != 'opened' order by id")
    if kind == "reopen":
        assert len(events) == len(allowed)
    else:
        assert {row[0] for row in events} == allowed
    refused = set(re.findall(r"YJ-2026-0000(\d)", said.err))
    assert refused == {str(number) for number in before if number not in allowed}
    assert office.rows("select distinct actor from alert_event where kind != 'opened'") == [("Eve",)]


def test_of_two_numbers_the_one_that_fails_does_not_keep_the_other(office: Counter) -> None:
    office.has(warned("closed"), warned(subject_id="A/2"))
    said = office.alerts("ack", "1", "2")
    assert (said.code, said.out) == (11, "YJ-2026-00002 Acknowledged\n")
    assert "YJ-2026-00001 is closed: it cannot be acknowledged" in said.err
    assert office.states() == {1: "closed", 2: "acknowledged"}
    mixed = office.alerts("handle", "99", "2", "1", "--note", "now")
    assert (mixed.code, office.states()[2]) == (2, "handling"), "the first error decides the exit code"
    assert "there is no warning '99'" in mixed.err
    assert "YJ-2026-00001 is closed" in mixed.err


def test_what_was_done_can_be_read_by_a_program(office: Counter) -> None:
    office.has(warned())
    said = office.alerts("assign", "1", "--to", "Dong", "--json")
    [moved] = json.loads(said.out)
    assert (moved["number"], moved["assignee"], moved["state"]) == ("YJ-2026-00001", "Dong", "open")
    refused = office.alerts("resume", "1", "--note", "now", "--json")
    assert (refused.code, json.loads(refused.out)) == (11, [])


@pytest.mark.parametrize(
    "words",
    [
        ("ack",),
        ("dismiss", "1", "--note", "no"),
        ("dismiss", "1", "--note", "no", "--reason", "because"),
        ("close", "1", "--note", "no", "--outcome", "false"),
        ("assess", "1"),
        ("suspend", "1", "--note", "no"),
        ("suspend", "1", "--note", "no", "--until", "soon"),
        ("suspend", "1", "--note", "no", "--until", "2001-01-01"),
        ("suspend", "1", "--note", "no", "--until", FAR),
        ("transfer", "1", "--note", "no"),
        ("ack", "YJ-2025-00001"),
        ("ack", "2"),
        ("handle", "1", "--note", " "),
    ],
    ids=" ".join,
)
def test_what_is_not_said_enough_is_a_question_back_and_changes_nothing(
    office: Counter, words: tuple[str, ...]
) -> None:
    office.has(warned("acknowledged"))
    before = office.contents()
    assert office.alerts(*words).code == 2
    assert office.contents() == before


# --- looking ---


def test_the_list_is_narrowed_by_level_state_and_unit(office: Counter) -> None:
    office.has(
        warned(level="red"), warned("handling", subject_id="A/2", unit="Parks"), warned("closed", level="red", subject_id="A/3"),
    )  # fmt: skip

    def listed(*words: str) -> list[str]:
        return sorted(row["number"][-1] for row in office.json("alerts", "list", *words))

    assert listed() == ["1", "2"]
    assert listed("--all") == ["1", "2", "3"]
    assert listed("--all", "--level", "red") == ["1", "3"]
    assert listed("--state", "handling") == listed("--unit", "Park") == ["2"]
    assert listed("--level", "red", "--unit", "Parks") == []
    [first] = [row for row in office.json("alerts", "list") if row["number"].endswith("1")]
    assert (first["asked"], first["asked_by"]) == ("acknowledge", "2026-03-02")


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Handled", "assign", "A made milestone is late.", "acknowledged", "Chen", "men are sent")),
        ("zh", ("处置", "虚构的节点逾期。", "签收", "Chen", "men are sent")),
    ],
)
def test_a_case_is_shown_in_both_languages(office: Counter, lang: str, words: tuple[str, ...]) -> None:
    office.has(warned())
    office.alerts("ack", "1", by="Chen")
    office.alerts("handle", "1", "--note", "men are sent", by="Chen")
    shown = office.ok("--lang", lang, "alerts", "show", "YJ-2026-00001").out.lower()
    for word in words:
        assert word.lower() in shown
    for verb in (("list",), ("route", "1"), ("silences",)):
        out = office.ok("--lang", lang, "alerts", *verb).out
        assert "event." not in out
        assert "asked." not in out


def test_a_number_that_nobody_has_is_no_case(office: Counter) -> None:
    for verb in ("show", "route"):
        said = office.lvyue("alerts", verb, "31")
        assert (said.code, "there is no warning '31'" in said.err) == (2, True)


def test_the_way_up_is_told_before_anybody_goes_it(office: Counter) -> None:
    office.has(warned(level="yellow"))
    before = office.contents()
    stops = office.json("alerts", "route", "1", "--dry-run")
    assert [stop["step"] for stop in stops] == ["yellow", "unit_head", "legal_office", "leader", "supervision"]
    assert stops[0] == {"on": "2026-03-02", "step": "yellow", "told": ["chen@office.example"]}
    assert stops[1]["told"] == ["head@office.example"]
    assert office.contents() == before
    assert "head@office.example" in office.ok("alerts", "route", "1").out


# --- silences ---


def test_quiet_is_asked_for_listed_and_ended(office: Counter) -> None:
    office.has(warned())
    said = office.alerts("silence", "--until", FAR[:4] + "-01-01", "--reason", "road works", "--rule", "GEN-*")
    assert said.code == 2, "longer than a year"
    until = office.soon()
    said = office.alerts("silence", "--until", until, "--reason", "road works", "--rule", "GEN-*", "--contract", "A")
    assert said.code == 0, said.err
    [silence] = office.json("alerts", "silences")
    assert (silence["id"], silence["rule"], silence["contract_id"], silence["author"], silence["reason"], silence["until"]) == (
        1, "GEN-*", "A", "Eve", "road works", until,
    )  # fmt: skip
    assert "road works" in office.ok("alerts", "silences").out
    office.ok("alerts", "unsilence", "1")
    assert office.json("alerts", "silences")[0]["ended_on"] is not None
    again = office.lvyue("alerts", "unsilence", "1")
    assert (again.code, "silence 1 is none that still holds" in again.err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("--reason", "made"),
        ("--until", FAR),
        ("--until", FAR, "--reason", " ", "--rule", "GEN-*"),
        ("--until", "2001-01-01", "--reason", "made", "--rule", "GEN-*"),
        ("--until", FAR, "--reason", "made"),
    ],
    ids=["no end", "no reason", "a blank reason", "an end that was", "about everything"],
)
def test_quiet_without_reason_end_or_object_is_refused(office: Counter, words: tuple[str, ...]) -> None:
    office.has(warned())
    assert office.alerts("silence", *words).code == 2
    assert office.json("alerts", "silences") == []


# --- the outbox ---


def letter(key: str) -> Letter:
    return Letter(
        key=key * 16, kind="warning", recipient=f"{key}@office.example", lang="en", content={}, created_at=at(TODAY)
    )


def test_letters_that_lie_are_looked_at_tried_again_and_dropped(office: Counter) -> None:
    """None of these can be written: what they should say is empty. So each is parked, and a person looks."""
    office.posts(letter("aaaa"), letter("bbbb"), letter("cccc"))
    assert office.lvyue("deliver").code == 9
    parked = office.json("outbox", "list", "--state", "parked")
    assert sorted(row["recipient"] for row in parked) == [f"{key * 4}@office.example" for key in "abc"]
    assert all("content" not in row for row in parked)
    assert "aaaaaaaaaaaa" in office.ok("outbox", "list").out
    office.ok("outbox", "retry", "aaaa", "b" * 64)
    office.ok("outbox", "drop", "cccc", "--reason", "brought by hand")
    assert {row["key"][0]: row["state"] for row in office.json("outbox", "list")} == {
        "a": "waiting", "b": "waiting", "c": "dropped",
    }  # fmt: skip
    [dropped] = office.json("outbox", "list", "--state", "dropped")
    assert dropped["reply"] == "dropped: brought by hand"
    assert len(office.json("outbox", "list", "--limit", "1")) == 1
    assert office.lvyue("deliver").code == 9
    assert {row["key"][0]: row["state"] for row in office.json("outbox", "list")} == {
        "a": "parked", "b": "parked", "c": "dropped",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("retry", "dddd"), "names no letter"),
        (("retry", "a"), "names no single letter"),
        (("retry", "aaaa"), "names no single letter"),
        (("drop", "bbbb", "--reason", "made", "zzzz"), "names no letter"),
        (("drop", "bbbb"), "Missing option"),
    ],
    ids=["none", "too short", "two of them", "one of two", "no reason"],
)
def test_a_letter_is_named_without_doubt_or_nothing_is_done(office: Counter, words: tuple[str, ...], said: str) -> None:
    office.posts(letter("aaaa"), replace(letter("aaaa"), key="aaaab"), letter("bbbb"))
    before = office.contents()
    answer = office.lvyue("outbox", *words)
    assert (answer.code, said in answer.err) == (2, True)
    assert office.contents() == before
