"""One round by hand, as `lvyue run` makes it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from monitor import daemon
from monitor.config import Config, load
from monitor.domain.errors import SourceError, UsageError
from monitor.store import Store
from tests.office import Office, config, source

NOW = datetime(2026, 3, 20, 6, 0, tzinfo=UTC)
TODAY = NOW.date()
RECIPIENT = '[[recipient]]\naddress = "chen@office.example"\nlang = "en"\nweekly = false\n[rules]\npacks = ["core"]\n'
MAPPING = """
create view contract as select id, title, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, 'scheduled' as status, source_row from raw;
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Three registers; the first and the last of them do not answer."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    (folder / "good.csv").write_text("id,title,due\nA,Road,2026-03-01\nB,School,2027-03-01\n", encoding="utf-8")
    blocks = [
        source(name, f"{name}.csv", "register.sql", published=date(2026, 3, 1)) for name in ("gone", "good", "lost")
    ]
    return Office(folder, config(RECIPIENT, *blocks, zone="UTC"))


def round_of(office: Office, day: date) -> daemon.Round:
    read: Config = load(office.path, {})
    store = Store(read.database, create=True)
    return daemon.once(read, store, as_of=day, known_at=read.end_of_day(day), clock=lambda: NOW)


@pytest.fixture(scope="module")
def first(office: Office) -> daemon.Round:
    return round_of(office, TODAY)


def test_models_learn_anew_and_the_gate_says_who_speaks(office: Office, first: daemon.Round) -> None:
    read = load(office.path, {})
    found = daemon.learn(read, Store(read.database), as_of=TODAY, clock=lambda: NOW)
    assert {(model.recipe, model.verdict) for model in found} == {
        ("contract_stall", "off"),
        ("forecast_slip", "off"),
        ("milestone_slip", "off"),
    }
    assert all("0" in model.card["verdict"]["en"][0] for model in found), "two contracts teach nothing"


def test_sources_that_do_not_answer_do_not_stop_the_round(office: Office, first: daemon.Round) -> None:
    assert [type(failure) for failure in first.failures] == [SourceError, SourceError]
    assert ["gone.csv" in first.failures[0].message, "lost.csv" in first.failures[1].message] == [True, True]
    assert [finding.subject_id for finding in first.scanned.findings] == ["good:A/1"]
    assert (first.delivered.sent, first.delivered.waiting, first.delivered.parked) == (1, 0, 0)
    assert len(list((office.folder / "state" / "letters").glob("*.eml"))) == 1
    ledger = office.rows("select kind, source, state from run where id <= 4 order by id")
    assert ledger == [
        ("pull", "gone", "failed"), ("pull", "good", "ok"), ("pull", "lost", "failed"), ("scan", None, "ok"),
    ]  # fmt: skip


def test_a_second_round_says_nothing_new_and_one_of_yesterday_is_refused(office: Office, first: daemon.Round) -> None:
    before = office.contents()
    again = round_of(office, TODAY)
    assert (again.scanned.changes, again.scanned.letters, again.delivered.sent) == ([], 0, 0)
    with pytest.raises(UsageError, match="the last scan was as of 2026-03-20"):
        round_of(office, date(2026, 3, 19))
    assert office.contents() == before
