"""The outbox in the database: each letter once, taken by one sender at a time, and none lost with its sender."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import exc

from monitor.domain.errors import UsageError
from monitor.domain.warning import Alert, Change, Letter
from monitor.store import Store, outbox, runs, warnings
from monitor.store.outbox import LEASE
from tests.store import rows

AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
TODAY = AT.date()
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def store(store: Store) -> Store:
    with store.writing() as db:
        assert runs.start(db, "scan", at=AT) == 1
    return store


def letter(key: str, *, minutes: int = 0, not_before: datetime | None = None) -> Letter:
    return Letter(
        key=key, kind="warning", recipient="chen@office.example", lang="zh", content={"as_of": "2026-03-02", "items": []},
        created_at=AT + timedelta(minutes=minutes), not_before=not_before,
    )  # fmt: skip


def posted(store: Store, *letters: Letter) -> int:
    with store.writing() as db:
        return outbox.post(db, letters, run_id=1)


def claimed(store: Store, at: datetime = AT, *, limit: int = 50) -> dict[str, int]:
    """Keys of the letters somebody may now send, with the number of the attempt."""
    with store.writing() as db:
        return {one.key: one.attempts for one in outbox.claim(db, at=at, limit=limit)}


def settled(
    store: Store, key: str, state: str, *, attempt: int = 1, next_try_at: datetime | None = None, reply: str = "250 OK"
) -> bool:
    """What became of a letter, from the sender that made an attempt."""
    mine = replace(letter(key), attempts=attempt)
    with store.writing() as db:
        return outbox.settle(db, mine, state, at=AT, reply=reply, next_try_at=next_try_at)


def counts(store: Store) -> dict[str, int]:
    with store.reading() as db:
        return outbox.counts(db)


def test_a_letter_is_posted_once_however_often_it_is_written(store: Store) -> None:
    assert posted(store, letter("a"), letter("b")) == 2
    assert posted(store, letter("b"), letter("c")) == 1
    claimed(store)
    settled(store, "a", "sent")
    assert posted(store, letter("a")) == 0
    assert counts(store) == {"sent": 1, "sending": 2}


def test_a_thousand_letters_are_posted_once_too(store: Store) -> None:
    thousand = [letter(f"{n:04}") for n in range(1001)]
    assert (posted(store, *thousand), posted(store, *thousand)) == (1001, 0)
    taken = [key for _ in range(21) for key in claimed(store)]
    assert taken == [one.key for one in thousand]


def test_the_same_letter_twice_in_one_scan_is_one_letter(store: Store) -> None:
    assert posted(store, letter("a"), letter("a"), letter("b")) == 2


def test_letters_are_taken_oldest_first_and_whole(store: Store) -> None:
    late, early = letter("a", minutes=0), letter("b", minutes=-5)
    posted(store, late, early)
    with store.writing() as db:
        assert outbox.claim(db, at=AT, limit=1) == [replace(early, attempts=1)]
        assert outbox.claim(db, at=AT, limit=1) == [replace(late, attempts=1)]
        assert outbox.claim(db, at=AT, limit=1) == []


def test_a_letter_written_for_later_waits(store: Store) -> None:
    posted(store, letter("a", minutes=1))
    assert claimed(store, AT + timedelta(minutes=1) - INSTANT) == {}
    assert claimed(store, AT + timedelta(minutes=1)) == {"a": 1}


def test_the_letters_of_a_sender_that_died_come_back_after_the_lease_and_not_before(store: Store) -> None:
    posted(store, letter("a"), letter("b"))
    assert claimed(store, limit=1) == {"a": 1}
    assert claimed(store, AT + LEASE) == {"b": 1}
    assert claimed(store, AT + LEASE + INSTANT) == {"a": 2}
    assert claimed(store, AT + LEASE + INSTANT) == {}


def test_sent_and_parked_letters_are_never_taken_again(store: Store) -> None:
    posted(store, letter("a"), letter("b"))
    claimed(store)
    settled(store, "a", "sent")
    settled(store, "b", "parked", reply="550 no such mailbox")
    assert counts(store) == {"sent": 1, "parked": 1}
    assert claimed(store, AT + 1000 * LEASE) == {}
    kept = rows(store, "select key, reply, sent_at, lease_until from letter order by key")
    assert [tuple(row.values()) for row in kept] == [
        ("a", "250 OK", "2026-03-02 06:00:00.000000", None), ("b", "550 no such mailbox", None, None),
    ]  # fmt: skip


def test_an_answer_with_a_nul_is_kept_with_a_sign_in_its_place(store: Store) -> None:
    posted(store, letter("a"))
    claimed(store)
    settled(store, "a", "parked", reply="550 no\x00body")
    assert rows(store, "select reply from letter") == [{"reply": "550 no\ufffdbody"}]


def test_a_letter_put_off_comes_back_at_its_time(store: Store) -> None:
    posted(store, letter("a"))
    claimed(store)
    settled(store, "a", "waiting", reply="421 busy", next_try_at=AT + timedelta(minutes=5))
    assert counts(store) == {"waiting": 1}
    assert claimed(store, AT + timedelta(minutes=5) - INSTANT) == {}
    assert claimed(store, AT + timedelta(minutes=5)) == {"a": 2}


def test_an_endless_answer_of_a_server_is_cut(store: Store) -> None:
    posted(store, letter("a"))
    claimed(store)
    settled(store, "a", "sent", reply="250 " + "x" * 10_000)
    with store.reading() as db:
        assert len(db.exec_driver_sql("select reply from letter").scalar_one()) == 500


def test_warnings_and_letters_are_kept_together_or_not_at_all(store: Store) -> None:
    alert = Alert(
        rule="GEN-DL-01", subject="obligation", subject_id="A/1", contract_id="A", unit="Works", level="orange", peak="orange",
        opened_on=TODAY, level_since=TODAY, armed_on=TODAY, rule_hash="f00d", finding={},
    )  # fmt: skip
    opened = Change(alert=alert, event="opened", before=None, after="orange")

    def scan() -> None:
        with store.writing() as db:
            warnings.save(db, [opened], run_id=1, on=TODAY)
            outbox.post(db, [letter("a")], run_id=1)
            warnings.save(db, [opened], run_id=1, on=TODAY)

    with pytest.raises(exc.IntegrityError):
        scan()
    assert counts(store) == {}
    with store.reading() as db:
        assert warnings.standing(db) == []


# --- whose turn it is ---


def test_who_lost_its_turn_settles_nothing(store: Store) -> None:
    """The first sender slept past its lease; what it comes to say afterwards is about a letter that another one has."""
    posted(store, letter("a"))
    assert claimed(store) == {"a": 1}
    assert claimed(store, AT + LEASE + INSTANT) == {"a": 2}
    assert not settled(store, "a", "parked", attempt=1, reply="550 from the first")
    assert settled(store, "a", "sent", attempt=2, reply="250 from the second")
    assert not settled(store, "a", "parked", attempt=2, reply="550 once more")
    with store.reading() as db:
        [row] = outbox.listed(db)
    assert (row["state"], row["reply"], row["attempts"]) == ("sent", "250 from the second", 2)


def test_a_letter_that_was_dropped_while_it_waited_is_not_settled_either(store: Store) -> None:
    posted(store, letter("abcd"))
    with store.writing() as db:
        assert outbox.drop(db, ["abcd"], reason="sent by hand") == ["abcd"]
    assert not settled(store, "abcd", "sent", attempt=0)
    assert (counts(store), claimed(store, AT + 1000 * LEASE)) == ({"dropped": 1}, {})


def test_a_letter_for_office_hours_waits_for_them(store: Store) -> None:
    opens = AT + timedelta(hours=3)
    posted(store, letter("a", not_before=opens))
    assert claimed(store, opens - INSTANT) == {}
    assert claimed(store, opens) == {"a": 1}


# --- a person looks after letters ---


def test_a_parked_letter_is_tried_again_and_its_attempts_are_not_forgotten(store: Store) -> None:
    """A sender that slept since the first attempt has nothing to say about the second."""
    posted(store, letter("abcd1"), letter("abcd2"))
    claimed(store)
    settled(store, "abcd1", "parked", reply="550 no such mailbox")
    with store.writing() as db:
        assert outbox.again(db, ["abcd1"], at=AT) == ["abcd1"]
    assert claimed(store) == {"abcd1": 2}
    assert not settled(store, "abcd1", "sent", attempt=1)
    assert settled(store, "abcd1", "sent", attempt=2)


def test_a_letter_that_was_not_even_tried_costs_no_attempt(store: Store) -> None:
    posted(store, letter("a"))
    for _ in range(20):
        [mine] = taken(store)
        with store.writing() as db:
            assert outbox.settle(db, mine, "waiting", at=AT, reply="too fast", next_try_at=AT, held=True)
    assert [one.attempts for one in taken(store)] == [1]


def test_a_long_round_holds_its_letters_from_the_moment_it_takes_them(store: Store) -> None:
    """The round began at AT and still goes on after the lease of a letter that was taken then would have run out."""
    posted(store, letter("a"))
    late = AT + 2 * LEASE
    with store.writing() as db:
        assert [one.key for one in outbox.claim(db, at=AT, now=late)] == ["a"]
    assert claimed(store, late + LEASE) == {}
    assert claimed(store, late + LEASE + INSTANT) == {"a": 2}


def taken(store: Store) -> list[Letter]:
    with store.writing() as db:
        return outbox.claim(db, at=AT)


# --- letters that urge and are overtaken by an act ---


def urging(key: str, number: int) -> Letter:
    return replace(letter(key), kind="escalated", content={"items": [{"alert_id": number}]})


def test_what_urges_about_a_case_is_withdrawn_while_it_waits_and_nothing_else_is(store: Store) -> None:
    """One was tried already: the other side may have it, so it is not called back."""
    news = replace(letter("news"), content={"items": [{"alert_id": 1}]})
    posted(store, urging("tried", 1))
    claimed(store)
    settled(store, "tried", "waiting", next_try_at=AT)
    posted(store, urging("mine", 1), urging("other", 2), news)
    with store.writing() as db:
        outbox.withdraw(db, 1, reason="Chen acted on YJ-2026-00001")
    with store.reading() as db:
        [gone] = outbox.listed(db, states=["dropped"])
    assert (gone["key"], gone["reply"]) == ("mine", "dropped: Chen acted on YJ-2026-00001")
    assert sorted(claimed(store)) == ["news", "other", "tried"]


def test_which_letters_were_written_already_is_known(store: Store) -> None:
    posted(store, letter("a"), letter("b"))
    with store.reading() as db:
        assert outbox.known(db, ["a", "c", *(f"{n}" for n in range(1001))]) == {"a"}
        assert outbox.known(db, []) == set()


def test_a_dropped_letter_stays_with_its_reason_and_can_be_taken_back(store: Store) -> None:
    posted(store, letter("abcd1"))
    with store.writing() as db:
        assert outbox.drop(db, ["abcd1"], reason="r" * 1000) == ["abcd1"]
        assert outbox.listed(db, states=["dropped"])[0]["reply"].startswith("dropped: rrr")
        outbox.again(db, ["abcd1"], at=AT)
    assert claimed(store) == {"abcd1": 1}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("zzzz", "names no letter"),
        ("abcd", "names no single letter"),
        ("abc", "names no single letter"),
        ("", "names no single letter"),
        ("%%%%", "names no letter"),
        ("abcd3", "letter abcd3 is sending"),
    ],
)
def test_a_letter_is_named_without_doubt_or_nothing_is_done(store: Store, key: str, message: str) -> None:
    posted(store, letter("abcd3"))
    claimed(store)
    posted(store, letter("abcd1"), letter("abcd2"))
    before = counts(store)
    for change in (outbox.again, outbox.drop):
        with pytest.raises(UsageError, match=message), store.writing() as db:
            change(db, ["abcd1", key], **{"at": AT} if change is outbox.again else {"reason": "x"})
    assert counts(store) == before


def test_letters_are_listed_newest_first_without_their_text(store: Store) -> None:
    posted(store, letter("a"), letter("b", minutes=1), letter("c", minutes=-1))
    with store.reading() as db:
        rows = outbox.listed(db)
        assert [row["key"] for row in outbox.listed(db, limit=1)] == ["b"]
        assert outbox.listed(db, states=["sent", "parked"]) == []
    assert [row["key"] for row in rows] == ["b", "a", "c"]
    assert "content" not in rows[0]
