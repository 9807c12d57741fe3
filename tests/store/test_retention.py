"""What goes when its time is over, and what never does."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor import config as configuration
from monitor.domain.errors import ConfigError
from monitor.domain.retention import RetentionSettings
from monitor.store import Store, runs, versions
from monitor.store.retention import Pruned, prune
from tests.office import Office, config
from tests.store import Register, new_store

NOW = datetime(2042, 3, 2, 8, tzinfo=UTC)
LONG_AGO, LATELY = NOW.replace(year=2024), NOW.replace(year=2040)
ROAD = {"id": "A", "title": "Road"}
ALL = RetentionSettings(payload_years=15, run_years=15, letter_years=15)


def contents(store: Store) -> dict[bytes, int]:
    """Unpacked content of each payload that has some, and how many have none, under the empty name."""
    with store.reading() as db:
        found = [row[0] for row in db.execute(text("select content from payload")).all()]
    return {zlib.decompress(one): 1 for one in found if one} | {b"": sum(not one for one in found)}


def pruned(store: Store, settings: RetentionSettings = ALL, *, at: datetime = NOW, dry_run: bool = False) -> Pruned:
    with store.writing() as db:
        return prune(db, settings, at=at, dry_run=dry_run)


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as db:
        names = db.execute(text("select name from sqlite_master where type = 'table'")).scalars().all()
        return {
            name: sorted((tuple(row) for row in db.execute(text(f"select * from {name}"))), key=repr) for name in names
        }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three states of one register: two long ago, the last lately; the second was sent again lately."""
    made = new_store(tmp_path)
    register = Register(made, "register")
    register.says(LONG_AGO, pages=[b"first"], contract=[ROAD])
    register.says(LONG_AGO + timedelta(days=1), pages=[b"second"], contract=[ROAD | {"title": "Way"}])
    register.says(LATELY, pages=[b"third"], contract=[ROAD])
    register.says(LATELY + timedelta(days=1), pages=[b"second"], contract=[ROAD | {"title": "Way"}])
    with made.writing() as db:
        db.execute(text("update run set state = 'ok'"))
    return made


def test_without_a_setting_nothing_goes(store: Store) -> None:
    before = everything(store)
    assert pruned(store, RetentionSettings()) == Pruned()
    assert everything(store) == before


def test_old_bytes_go_and_their_name_stays_and_what_was_known_is_known(store: Store) -> None:
    before = everything(store)
    said = pruned(store, dry_run=True)
    assert everything(store) == before, "asking changes nothing"
    assert pruned(store) == said
    assert (said.payloads, said.runs, said.letters) == (1, 0, 0)
    assert said.bytes_freed == len(zlib.compress(b"first", 6))
    assert contents(store) == {b"second": 1, b"third": 1, b"": 1}, "second was sent again lately"
    after = everything(store)
    same = set(before) - {"payload", "run", "sqlite_sequence"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert [row[0] for row in after["payload"]] == [row[0] for row in before["payload"]]
    assert pruned(store) == Pruned(), "what went cannot go again"


def test_the_last_that_a_source_said_stays_however_old_it_is(store: Store) -> None:
    pruned(store, at=NOW.replace(year=2090))
    assert contents(store) == {b"second": 1, b"": 2}


def test_bytes_that_come_again_after_they_went_are_kept_again(store: Store) -> None:
    pruned(store)
    with store.writing() as db:
        versions.keep_payload(db, b"first", media_type="text/csv", at=NOW)
    assert contents(store) == {b"first": 1, b"second": 1, b"third": 1, b"": 0}


def test_runs_that_nothing_came_of_go_and_the_last_good_one_of_each_kind_stays(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.writing() as db:
        for number, (kind, state) in enumerate(
            [("scan", "ok"), ("scan", "ok"), ("scan", "failed"), ("pull", "unchanged"), ("pull", "failed")]
        ):
            at = LONG_AGO + timedelta(days=number)
            run = runs.start(db, kind, at=at, as_of=at.date())
            runs.finish(db, run, "failed" if state == "failed" else "ok", at=at, counts={})
        runs.start(db, "deliver", at=LONG_AGO)
    assert pruned(store).runs == 2
    with store.reading() as db:
        left = [(row["kind"], row["state"]) for row in runs.recent(db)]
        assert runs.last_scan_day(db) == (LONG_AGO + timedelta(days=1)).date()
    assert left == [("prune", "ok"), ("deliver", "running"), ("pull", "ok"), ("scan", "ok"), ("scan", "ok")], (
        "the first stays"
    )


def test_the_text_of_a_sent_letter_goes_and_that_it_was_sent_stays(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.writing() as db:
        for key, state in (("a", "sent"), ("b", "parked"), ("c", "waiting"), ("d", "dropped")):
            db.execute(
                text(
                    "insert into letter (key, kind, recipient, lang, channel, content, created_at, state, attempts, "
                    "next_try_at, reply) values (:key, 'alert', 'x@y.example', 'en', 'mail', :content, :at, :state, 1, :at, "
                    "'250 ok')"
                ),
                {
                    "key": key,
                    "state": state,
                    "content": json.dumps({"subject": "s"}),
                    "at": "2024-03-02 08:00:00.000000",
                },
            )
    assert pruned(store, dry_run=True).letters == pruned(store).letters == 2
    with store.reading() as db:
        rows = db.execute(text("select key, content, recipient, reply from letter order by key")).all()
    assert [(row[0], row[1] == "{}", *row[2:]) for row in rows] == [
        ("a", True, "x@y.example", "250 ok"), ("b", False, "x@y.example", "250 ok"),
        ("c", False, "x@y.example", "250 ok"), ("d", True, "x@y.example", "250 ok"),
    ]  # fmt: skip
    assert pruned(store).letters == 0


@pytest.mark.parametrize(
    ("country", "years", "allowed"), [("CN", 14, False), ("CN", 15, True), ("CN", 0, True), ("US", 5, True)]
)
def test_less_than_the_law_asks_for_is_refused_with_its_article(
    tmp_path: Path, country: str, years: int, allowed: bool
) -> None:
    office = Office(tmp_path, config(f"[retention]\npayload_years = {years}", country=country))
    if allowed:
        assert configuration.load(office.path, {}).settings.retention.payload_years == years
    else:
        with pytest.raises(ConfigError, match=r"payload_years = 14: .*政府采购法》第四十二条"):
            configuration.load(office.path, {})
        with pytest.raises(ConfigError, match="政府采购法"):
            configuration.load(
                Office(tmp_path / "b", config(country="CN")).path, {"LVYUE_RETENTION__PAYLOAD_YEARS": "3"}
            )


def test_the_verb_says_what_would_go_then_lets_it_go(tmp_path: Path) -> None:
    office = Office(tmp_path, config("[retention]\nrun_years = 1"))
    office.ok("check")
    with Store(office.database).writing() as db:
        for day in (1, 2, 3):
            run = runs.start(db, "scan", at=datetime(2020, 1, day, tzinfo=UTC))
            runs.finish(db, run, "ok", at=datetime(2020, 1, day, tzinfo=UTC), counts={})
    assert json.loads(office.ok("prune", "--dry-run", "--json").out)["runs"] == 1
    assert "gone: 0 payloads (0 bytes), 1 runs" in office.ok("prune").out
    assert json.loads(office.ok("prune", "--json").out)["runs"] == 0
