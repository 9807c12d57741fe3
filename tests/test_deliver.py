"""Letters on their way: tried again in time, parked for a person, and never lost with the sender that carried them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain.errors import DeliveryError
from monitor.domain.warning import Letter
from monitor.notify.eml import EmlFolder
from monitor.pipeline import RETRY_AFTER, Delivered, deliver
from monitor.store import Store, runs, warnings
from monitor.store.warnings import LEASE
from tests.notify.letters import AT, MORGAN, digest, warning
from tests.store import new_store

BUSY = DeliveryError("451 try again later")
REFUSED = DeliveryError("550 no such mailbox", permanent=True)
SECOND = timedelta(seconds=1)

Answer = str | BaseException


class Server:
    """A channel that answers one letter after the other as its script says, and afterwards takes everything."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.asked: list[str] = []

    def send(self, letter: Letter) -> str:
        """What the script says next."""
        self.asked.append(letter.key)
        answer = self.script.pop(0) if self.script else "250 OK"
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = new_store(tmp_path)
    with made.writing() as db:
        runs.start(db, "scan", at=AT)
    return made


def post(store: Store, letters: Sequence[Letter]) -> list[str]:
    """Put letters into the outbox; their keys, in the order in which they will be taken."""
    with store.writing() as db:
        assert warnings.post(db, letters, run_id=1) == len(letters)
    return sorted(letter.key for letter in letters)


def many(count: int) -> list[Letter]:
    return [replace(warning(), key=f"{number:064}") for number in range(count)]


def lying(store: Store) -> list[tuple[str, int, str | None]]:
    """Each letter's state, attempts and the last answer."""
    with store.reading() as db:
        return [tuple(row) for row in db.exec_driver_sql("select state, attempts, reply from letter order by key")]


def counted(done: Delivered) -> tuple[int, int, int]:
    return done.sent, done.waiting, done.parked


def test_every_letter_is_sent_once_however_many_there_are(store: Store) -> None:
    keys, server = post(store, many(60)), Server()  # more than one handful
    assert counted(deliver(store, server, at=AT)) == (60, 0, 0)
    assert server.asked == keys
    assert counted(deliver(store, server, at=AT + 10 * LEASE)) == (0, 0, 0)
    assert server.asked == keys
    assert set(lying(store)) == {("sent", 1, "250 OK")}


def test_a_server_that_is_busy_is_asked_again_in_growing_steps_and_then_a_person_is(store: Store) -> None:
    (key,) = post(store, many(1))
    server, at = Server(*[BUSY] * 20), AT
    for attempt, seconds in enumerate(RETRY_AFTER, start=1):
        assert counted(deliver(store, server, at=at)) == (0, 1, 0)
        assert lying(store) == [("waiting", attempt, "451 try again later")]
        at += timedelta(seconds=seconds)
        assert counted(deliver(store, server, at=at - SECOND)) == (0, 0, 0), "it is not asked before"
    assert counted(deliver(store, server, at=at)) == (0, 0, 1)
    assert lying(store) == [("parked", len(RETRY_AFTER) + 1, "451 try again later")]
    assert counted(deliver(store, server, at=at + timedelta(days=365))) == (0, 0, 0)
    assert server.asked == [key] * (len(RETRY_AFTER) + 1), "always the same letter, with the same Message-ID"


def test_a_letter_that_waited_goes_out_when_the_server_takes_it(store: Store) -> None:
    post(store, many(1))
    server = Server(BUSY, "250 at last")
    deliver(store, server, at=AT)
    assert counted(deliver(store, server, at=AT + timedelta(seconds=RETRY_AFTER[0]))) == (1, 0, 0)
    assert lying(store) == [("sent", 2, "250 at last")]


@pytest.mark.parametrize(
    ("trouble", "state", "words"),
    [
        (REFUSED, "parked", "550 no such mailbox"),
        (BUSY, "waiting", "451 try again later"),
        (ValueError("no such header"), "parked", "no such header"),
        (KeyError("as_of"), "parked", "as_of"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "a lone surrogate"), "parked", "surrogate"),
    ],
    ids=["no such mailbox", "busy", "no such header", "a gap in the letter", "no text"],
)
def test_one_letter_in_trouble_does_not_stop_the_others(
    store: Store, trouble: Exception, state: str, words: str
) -> None:
    keys, server = post(store, many(3)), Server("250 first", trouble, "250 third")
    assert deliver(store, server, at=AT).sent == 2
    assert server.asked == keys
    told = lying(store)
    assert [row[0] for row in told] == ["sent", state, "sent"]
    assert words in (told[1][2] or "")


def test_a_letter_that_cannot_be_written_is_parked_and_the_rest_lie_in_the_folder(store: Store, tmp_path: Path) -> None:
    poison = replace(warning(), key="0" * 64, content={})
    post(store, [poison, warning(), digest(MORGAN)])
    folder = EmlFolder(tmp_path / "letters", sender="alerts@lvyue.example")
    assert counted(deliver(store, folder, at=AT)) == (2, 0, 1)
    paths = sorted(str(path) for path in folder.folder.iterdir())
    assert sorted(reply or "" for state, _, reply in lying(store) if state == "sent") == paths


def test_a_sender_killed_after_the_server_took_the_letter_sends_the_same_letter_again(store: Store) -> None:
    keys, killed = post(store, many(3)), Server("250 OK", SystemExit("killed"))
    with pytest.raises(SystemExit):
        deliver(store, killed, at=AT)
    assert killed.asked == keys[:2]
    another = Server()
    assert counted(deliver(store, another, at=AT + LEASE)) == (0, 0, 0), "it may still be at work"
    assert counted(deliver(store, another, at=AT + LEASE + SECOND)) == (2, 0, 0)
    assert another.asked == keys[1:]
    assert [row[:2] for row in lying(store)] == [("sent", 1), ("sent", 2), ("sent", 2)]


class Fragile(EmlFolder):
    """Lays each letter into the folder, and dies right after the second."""

    def send(self, letter: Letter) -> str:
        path = super().send(letter)
        if len(list(self.folder.iterdir())) == 2:
            raise SystemExit("killed")
        return path


def test_in_a_folder_the_letter_sent_again_is_the_same_file(store: Store, tmp_path: Path) -> None:
    post(store, [warning(), warning(MORGAN), digest()])
    with pytest.raises(SystemExit):
        deliver(store, Fragile(tmp_path / "letters", sender="alerts@lvyue.example"), at=AT)
    before = {path: path.read_bytes() for path in (tmp_path / "letters").iterdir()}
    whole = EmlFolder(tmp_path / "letters", sender="alerts@lvyue.example")
    assert counted(deliver(store, whole, at=AT + LEASE + SECOND)) == (2, 0, 0)
    after = {path: path.read_bytes() for path in (tmp_path / "letters").iterdir()}
    assert len(after) == 3
    assert {path: after[path] for path in before} == before


def test_two_senders_at_once_do_not_send_one_letter_twice(store: Store) -> None:
    """The second starts while the first has its letters in hand."""
    keys, second = post(store, many(3)), Server()

    class First(Server):
        def send(self, letter: Letter) -> str:
            assert counted(deliver(store, second, at=AT)) == (0, 0, 0)
            return super().send(letter)

    first = First()
    assert counted(deliver(store, first, at=AT)) == (3, 0, 0)
    assert (first.asked, second.asked) == (keys, [])


def test_why_letters_did_not_go_is_told_once_a_reason(store: Store) -> None:
    post(store, many(4))
    done = deliver(store, Server(BUSY, REFUSED, BUSY, "250 OK"), at=AT)
    assert done.reasons == ("451 try again later", "550 no such mailbox")
