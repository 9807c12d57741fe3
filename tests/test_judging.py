"""What a scan judges: only what changed, and what it finds is what judging everything finds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from monitor import judging, pipeline, stepping
from monitor.config import Config
from monitor.config import load as load_config
from monitor.domain.portfolio import nothing, schema
from monitor.domain.workdays import WorkCalendar, work_calendar
from monitor.judging import Notes, Question
from monitor.rulebook import Hit, Judgement, Rulebook, load
from monitor.store import Store, reading, warnings
from tests.changes import DISTRICT, LATE, NEWS, District, told_anew
from tests.facts import AS_OF
from tests.office import config
from tests.store import Register, file_of, new_store

RULES = Path(__file__).parent.parent / "rules"
NINE, TEN, ELEVEN = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (9, 10, 11))
TOMORROW = AS_OF + timedelta(days=1)

Calendars = dict[str, WorkCalendar]
Outcome = tuple[set[Hit], dict[str, dict[str, int]], str | None]


CONDITIONS = {
    "unit": {"yellow": "unit.duties_open > 0", "red": "unit.overdue_latest < as_of"},
    "party": {"yellow": "party.open_contracts > 1", "orange": "party.duties_open > 1", "red": "party.advance_share > 0.5"},
    "contract": {
        "blue": "contract.obligations_open > 0", "yellow": "contract.repeated_invoices > 0",
        "orange": "contract.project_committed > contract.approved_estimate", "red": "party.status = 'revoked'",
    },
    "obligation": {"yellow": "obligation.due_on < as_of and obligation.done_on is null", "red": "obligation.due_moves > 1"},
    "payment": {"yellow": "payment.unpaid > 0", "red": "unit.kind = 'soe' and payment.due_on < as_of"},
    "amendment": {"yellow": "amendment.amount_so_far > 0.1 * contract.amount_original", "red": "amendment.changed_on is null"},
    "guarantee": {"yellow": "guarantee.returned_on is null"},
    "complaint": {"yellow": "complaint.result_on is null", "red": "contract.id is not null"},
}  # fmt: skip
"""A made rule for each subject, over facts of all that is around it."""


def made_rule(number: int, subject: str, levels: dict[str, str]) -> str:
    """A rule file; its examples are only there because a rule must have some."""
    tests = "\n".join(f'{level} = "{condition}"' for level, condition in levels.items())
    cases = "".join(
        f'[[example]]\nsays = "made"\nas_of = 2026-03-02\ngiven = {{ {subject}.source = "made" }}\nexpect = "{outcome}"\n'
        for outcome in (next(iter(levels)), "unknown")
    )
    words = 'zh = "虚构。"\nen = "Made."'
    return f"""
id = "ZZ-MADE-{number:02d}"
subject = "{subject}"
side = "both"
basis = "default"
title = {{ zh = "虚构", en = "Made" }}
law = ["made, no law"]
[levels]
{tests}
[says]
{words}
[action]
{words}
{cases}"""


def made_book(folder: Path, calendars: Calendars, conditions: dict[str, dict[str, str]]) -> Rulebook:
    pack = folder / "shelf" / "zz"
    pack.mkdir(parents=True)
    (pack / "pack.toml").write_text('name = { zh = "虚构", en = "Made" }\n', encoding="utf-8")
    for number, (subject, levels) in enumerate(conditions.items(), start=1):
        text = made_rule(number, subject, levels)
        (pack / f"ZZ-MADE-{number:02d}.toml").write_text(text, encoding="utf-8")
    return load([folder / "shelf"], calendars, default_calendar="CN")


@pytest.fixture(scope="module")
def calendars() -> Calendars:
    """The made rules count China's working days; every further calendar makes every scan here slower."""
    return {"CN": work_calendar("CN")}


@pytest.fixture(scope="module")
def book(calendars: Calendars, tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """One made rule a subject: quick to plan."""
    return made_book(tmp_path_factory.mktemp("book"), calendars, CONDITIONS)


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """The state of an office that was told of the district at nine and scanned it, and what it found."""

    state: Path
    hits: set[Hit]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, calendars: Calendars, book: Rulebook) -> Scanned:
    store = new_store(tmp_path_factory.mktemp("state"))
    Register(store, "ledger").says(NINE, **DISTRICT)
    hits, *_ = scanned(question_of(store, calendars=calendars, book=book))
    return Scanned(state=store.state, hits=hits)


@pytest.fixture
def store(tmp_path: Path, before: Scanned) -> Store:
    """That of an office like this, of its own."""
    shutil.copytree(before.state, tmp_path / "state")
    return Store(tmp_path / "state" / "lvyue.db")


@pytest.fixture
def ask(store: Store, calendars: Calendars, book: Rulebook) -> Callable[..., Question]:
    """What a scan of the day would ask, with all that is known."""
    return lambda **other: question_of(store, **{"calendars": calendars, "book": book} | other)


def question_of(store: Store, **other: Any) -> Question:
    with reading.opened(store.place, UTC) as reader:
        last = datetime.strptime(reader.edition()[1], reading.INSTANT).replace(tzinfo=UTC)
    said: dict[str, Any] = {
        "database": store.place, "state": store.state, "zone": UTC, "as_of": AS_OF, "known_at": last,
        "warnings": nothing()["alert"],
    }  # fmt: skip
    return Question(**said | other)


def scanned(question: Question) -> Outcome:
    """What judging everything gives: hits, counts by rule, the hash of the facts."""
    outcome = stepping.step_all(question, {}, changed_only=False)
    outcome.notes.write(question)
    assert len(outcome.hits) == len(set(outcome.hits)), "nothing is judged twice"
    return set(outcome.hits), outcome.counts, outcome.facts_hash


def in_one_go(question: Question) -> set[Hit]:
    """What is found in the versions, without a mirror."""
    known = reading.portfolio(question.database, question.known_at, question.zone)
    with judging.engine(question, known) as engine:
        return set(Judgement(engine.db, question.book.rules).hits())


# --- only what changed ---


@pytest.mark.parametrize("news", NEWS.values(), ids=NEWS)
def test_what_changed_is_judged_as_a_full_scan_would_and_the_rest_is_as_it_was(
    store: Store, before: Scanned, ask: Callable[..., Question], news: Callable[[], District]
) -> None:
    Register(store, "ledger").says(TEN, **news())
    question = ask()
    after = in_one_go(question)
    with judging.changed(question, Notes()) as judged:
        assert judged is not None
        assert judged.contracts is not None
        assert len(judged.contracts) < 5, "not everything is judged again"
        fresh = set(judged.judgement.hits())
        left = {hit for hit in before.hits if hit.contract_id is not None and hit.contract_id not in judged.contracts}
        assert fresh | left == after


def test_one_small_change_after_another_and_the_last_is_still_right(store: Store, ask: Callable[..., Question]) -> None:
    ledger = Register(store, "ledger")
    settled = {"done_on": AS_OF}
    stories = (
        told_anew(A_1=settled),
        told_anew(A_1=settled, E_2={"paid_minor": 5_000}),
        told_anew(A_1=settled, U={"kind": "soe"}),
    )
    for number, story in enumerate(stories):
        ledger.says(TEN + timedelta(minutes=number), **story)
        outcome = stepping.step_all(ask(), {}, changed_only=True)
        assert outcome.contracts in (1, 2, 3)
        outcome.notes.write(ask())
    outcome = stepping.step_all(ask(), {}, changed_only=True)
    assert outcome.contracts == 0, "nothing came since"
    everywhere = {hit for hit in in_one_go(ask()) if hit.contract_id is None}
    assert set(outcome.hits) == everywhere


def test_what_a_scan_found_but_did_not_save_is_judged_again(store: Store, ask: Callable[..., Question]) -> None:
    Register(store, "ledger").says(TEN, **told_anew(A_1={"done_on": AS_OF}))
    for _ in range(2):  # the first was cut off before its warnings were in the store
        assert stepping.step_all(ask(), {}, changed_only=True).contracts == 2


FALLS_BACK: dict[str, Callable[[Question, Rulebook], Question]] = {
    "another day": lambda question, _: replace(question, as_of=TOMORROW),
    "no scan has been": lambda question, _: replace(question, state=question.state.parent),
    "another rule book": lambda question, _: replace(question, book=replace(question.book, hash="other")),
    "another calendar": lambda question, _: replace(question, calendars={"CN": work_calendar("US")}),
    "asked what was known before the news": lambda question, _: replace(question, known_at=NINE),
    "another time zone": lambda question, _: replace(question, zone=ZoneInfo("Asia/Shanghai")),
}


@pytest.mark.parametrize("other", FALLS_BACK.values(), ids=FALLS_BACK)
def test_when_it_cannot_be_told_what_changed_everything_is_judged(
    store: Store, ask: Callable[..., Question], book: Rulebook, other: Callable[[Question, Rulebook], Question]
) -> None:
    Register(store, "ledger").says(TEN, **told_anew(A_1={"done_on": AS_OF}))
    question = other(ask(), book)
    with judging.changed(question, Notes()) as judged:
        assert judged is None
    outcome = stepping.step_all(question, {}, changed_only=True)
    assert outcome.contracts is None
    assert set(outcome.hits) == in_one_go(question)


@pytest.mark.parametrize("lost", ["scanned.json", "reach.parquet", "source.parquet", "warnings.parquet"])
def test_when_what_a_scan_left_is_damaged_everything_is_judged(
    store: Store, ask: Callable[..., Question], lost: str
) -> None:
    path = store.state / "mirror" / "scanned" / lost
    path.write_bytes(path.read_bytes()[:9])
    with judging.changed(ask(), Notes()) as judged:
        assert judged is None


def test_a_register_that_begins_to_report_something_makes_silence_mean_something(
    store: Store, ask: Callable[..., Question]
) -> None:
    """The first filing of one contract says of every other one that it was not filed."""
    ledger = Register(store, "ledger")
    ledger.says(TEN, **DISTRICT, filing=[{"id": "F", "contract_id": "A", "filed_with": "legal", "filed_on": LATE}])
    with judging.changed(ask(), Notes()) as judged:
        assert judged is None


def test_when_a_rule_of_a_contract_names_a_sum_over_its_party_everything_is_judged(
    store: Store, ask: Callable[..., Question], calendars: Calendars, tmp_path: Path
) -> None:
    """What becomes of one contract says something of every other of the same party."""
    book = made_book(tmp_path, calendars, {"contract": {"yellow": "party.open_contracts > 2"}})
    hits, *_ = scanned(ask(book=book))
    assert {hit.contract_id for hit in hits} == {"ledger:A", "ledger:B", "ledger:C"}
    Register(store, "ledger").says(TEN, **told_anew(A={"party_id": "Q"}))
    outcome = stepping.step_all(ask(book=book), {}, changed_only=True)
    assert outcome.contracts is None
    assert {hit.contract_id for hit in outcome.hits} == {"ledger:A", "ledger:D", "ledger:E"}


def test_after_a_backup_was_put_back_everything_is_judged(store: Store, ask: Callable[..., Question]) -> None:
    ledger = Register(store, "ledger")
    backup = file_of(store).read_bytes()
    ledger.says(TEN, **told_anew(A_1={"done_on": AS_OF}))
    scanned(ask())
    file_of(store).write_bytes(backup)
    Register(store, "ledger").says(ELEVEN, **told_anew(C_1={"done_on": AS_OF}))
    question = ask()
    with judging.changed(question, Notes()) as judged:
        assert judged is None
    outcome = stepping.step_all(question, {}, changed_only=True)
    assert set(outcome.hits) == in_one_go(question)


def test_a_warning_that_a_person_took_up_is_news_of_its_contract(store: Store, ask: Callable[..., Question]) -> None:
    warned = {"rule": "ZZ-MADE-01", "level": "red", "state": "open", "opened_on": LATE, "level_since": LATE}
    rows = [warned | {"contract_id": f"ledger:{key}"} for key in "BD"]

    def asked(state: str) -> Question:
        told = [rows[0] | {"state": state}, rows[1]]
        return ask(warnings=pa.Table.from_pylist(told, schema=schema("alert")))

    scanned(asked("open"))
    assert stepping.step_all(asked("open"), {}, changed_only=True).contracts == 0
    outcome = stepping.step_all(asked("handling"), {}, changed_only=True)
    assert outcome.contracts == 2, "B and A, of the same project"


# --- through the pipeline ---


def office(folder: Path) -> tuple[Config, Store]:
    folder.mkdir()
    path = folder / "config.toml"
    path.write_text(config(zone="UTC"), encoding="utf-8")
    (folder / "state").mkdir()
    return load_config(path, {}), new_store(folder / "state")


@pytest.mark.parametrize(
    "news",
    [
        "a deadline is moved", "a contract is no longer listed", "a complaint names its contract",
    ],
)  # fmt: skip
def test_the_same_warnings_are_open_after_a_scan_of_what_changed_as_after_a_full_one(
    tmp_path: Path, book: Rulebook, news: str
) -> None:
    told = []
    for name, changed_only in (("full", False), ("changed", True)):
        settings, store = office(tmp_path / name)
        ledger = Register(store, "ledger")
        for at, said in ((NINE, DISTRICT), (TEN, NEWS[news]())):
            ledger.says(at, **said)
            done = pipeline.scan(
                settings, store, book, as_of=AS_OF, known_at=ELEVEN, at=ELEVEN, changed_only=changed_only and at == TEN
            )
        with store.reading() as db:
            told.append(([replace(alert, id=None) for alert in warnings.listed(db, include_closed=True)], done.changes))
    (full, changes), (partly, partly_changes) = told
    assert sorted(full, key=repr) == sorted(partly, key=repr)
    assert sorted(change.event for change in changes) == sorted(change.event for change in partly_changes)


def test_a_report_reads_the_mirror_or_the_versions_and_writes_neither(
    store: Store, ask: Callable[..., Question]
) -> None:
    shutil.rmtree(store.state / "mirror")

    def facts(*, from_versions: bool = False) -> str:
        question = ask()
        known = reading.portfolio(question.database, question.known_at, question.zone)
        with judging.engine(question, known if from_versions else judging.tables(question)) as engine:
            return engine.facts_hash()

    def written() -> list[Path]:
        return sorted(path for path in store.state.rglob("*") if not path.name.startswith("lvyue.db"))

    before = written()
    without_mirror = facts()
    assert written() == before
    *_, wanted = scanned(ask())
    before = written()
    assert without_mirror == facts() == wanted
    Register(store, "ledger").says(TEN, **told_anew(A_1={"done_on": AS_OF}))
    assert facts() == facts(from_versions=True) != wanted
    assert written() == before
