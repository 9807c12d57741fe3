"""Letters on their way: tried again in time, parked for a person, and never lost with the sender that carried them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from monitor import pipeline
from monitor.config import Config, default, load
from monitor.domain.errors import ConfigError, DeliveryError
from monitor.domain.warning import Letter
from monitor.notify import MAIL, Channel
from monitor.notify.email import Smtp, SmtpSettings
from monitor.notify.eml import EmlFolder
from monitor.pipeline import RETRY_AFTER, Delivered
from monitor.store import Store, outbox, runs
from monitor.store.outbox import LEASE
from tests.notify.letters import AT, MORGAN, digest, warning
from tests.notify.post_office import open_office
from tests.store import new_store

BUSY = DeliveryError("451 try again later")
HELD = DeliveryError("takes 20 messages a minute, and has had them", held=True)
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


def deliver(store: Store, mail: Channel, *, at: datetime, config: Config | None = None, **more: Channel) -> Delivered:
    """One delivery; `more` are channels beside mail, by name."""
    return pipeline.deliver(config or default(), store, {MAIL: mail} | more, at=at)


def post(store: Store, letters: Sequence[Letter]) -> list[str]:
    """Put letters into the outbox; their keys, in the order in which they will be taken."""
    with store.writing() as db:
        assert outbox.post(db, letters, run_id=1) == len(letters)
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


def test_the_pace_of_a_robot_costs_no_attempt_and_sets_nothing_aside(store: Store) -> None:
    """Twenty rounds in which its minute was full: more than a server may be busy. Then it is busy, once; then it takes it."""
    (key,) = post(store, many(1))
    server, at = Server(*[HELD] * 20, BUSY), AT
    for _ in range(20):
        assert counted(deliver(store, server, at=at)) == (0, 1, 0)
        assert [row[:2] for row in lying(store)] == [("waiting", 0)]
        at += timedelta(seconds=60)
        assert counted(deliver(store, server, at=at - SECOND)) == (0, 0, 0)
    assert counted(deliver(store, server, at=at)) == (0, 1, 0)
    assert lying(store) == [("waiting", 1, "451 try again later")]
    assert counted(deliver(store, server, at=at + timedelta(seconds=RETRY_AFTER[0]))) == (1, 0, 0)
    assert server.asked == [key] * 22


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
        (ZeroDivisionError("a fault of ours"), "parked", "a fault of ours"),
        (ConfigError("env:ROBOT is not set"), "parked", "is not set"),
        (RecursionError(), "parked", "RecursionError"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "a lone surrogate"), "parked", "surrogate"),
    ],
    ids=[
        "no such mailbox",
        "busy",
        "no such header",
        "a gap in the letter",
        "our fault",
        "settings",
        "deep",
        "no text",
    ],
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


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.long)])
def test_one_poisoned_letter_is_parked_and_a_real_server_gets_all_the_others(store: Store, count: int) -> None:
    """A thousand with `pytest -m long tests/test_deliver.py`."""
    letters = [replace(digest(MORGAN), key=f"{number:04}{0:060}") for number in range(count)]
    letters[count // 2] = replace(letters[count // 2], content={"as_of": "2017-12-31", "items": "\ud800"})
    post(store, letters)
    with open_office() as office:
        settings = SmtpSettings(host="localhost", port=office.port, starttls="never")
        with Smtp(settings, sender="alerts@lvyue.example", sender_name="", reply_to="alerts@lvyue.example") as server:
            assert counted(deliver(store, server, at=AT)) == (count - 1, 0, 1)
        arrived = {message_from_bytes(raw)["Message-ID"] for _, raw in office.taken}
    assert len(arrived) == len(office.taken) == count - 1


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


# --- other ways than mail, and what becomes of letters that nobody gets ---


def test_each_letter_goes_by_its_own_channel(store: Store) -> None:
    mail, chat = Server(), Server()
    [by_mail, by_chat] = many(2)
    post(store, [by_mail, replace(by_chat, channel="works", recipient="works")])
    assert counted(deliver(store, mail, at=AT, works=chat)) == (2, 0, 0)
    assert (mail.asked, chat.asked) == ([by_mail.key], [by_chat.key])


def test_a_channel_that_is_gone_from_the_settings_parks_its_letters_and_no_others(store: Store) -> None:
    [by_mail, by_chat] = many(2)
    post(store, [by_mail, replace(by_chat, channel="works-chat")])
    done = deliver(store, Server(), at=AT)
    assert counted(done) == (1, 0, 1)
    assert done.reasons == ("there is no channel 'works-chat' any more",)


def test_a_channel_whose_token_is_missing_keeps_its_own_letters_and_no_others(store: Store, tmp_path: Path) -> None:
    """They wait; once somebody has mended the settings, they go out."""
    robot = '[[channel]]\nname = "works"\nkind = "wecom"\nurl = "env:LVYUE_TEST_NO_SUCH_ROBOT"\n'
    [by_mail, by_chat] = many(2)
    post(store, [by_mail, replace(by_chat, channel="works", recipient="works")])
    config = office(tmp_path, robot)
    with config.ways(lambda: AT) as ways:
        done = pipeline.deliver(config, store, ways, at=AT)
    assert counted(done) == (1, 1, 0)
    assert "LVYUE_TEST_NO_SUCH_ROBOT is not set" in done.reasons[0]
    assert [row[0] for row in lying(store)] == ["sent", "waiting"]
    mended = Server()
    assert counted(deliver(store, Server(), at=AT + timedelta(seconds=RETRY_AFTER[0]), works=mended)) == (1, 0, 0)


def office(folder: Path, *blocks: str) -> Config:
    """An office with somebody who runs the program."""
    path = folder / "config.toml"
    path.write_text("\n".join(('[mail]\noperator = "operator@office.example"', *blocks)), encoding="utf-8")
    return load(path, {})


def to_operator(store: Store) -> list[tuple[str, str, str]]:
    """Letters to whoever runs the program: address, state, what they say in English."""
    with store.reading() as db:
        rows = db.exec_driver_sql("select recipient, state, content from letter where kind = 'operator' order by key")
        return [(row[0], row[1], json.loads(row[2])["notes"][0]["en"]) for row in rows]


def test_the_operator_is_told_once_of_each_letter_that_nobody_will_get(store: Store, tmp_path: Path) -> None:
    keys, config = post(store, many(2)), office(tmp_path)
    assert counted(deliver(store, Server(REFUSED, "250 OK"), at=AT, config=config)) == (2, 0, 1), (
        "and the note went out"
    )
    [(address, state, words)] = to_operator(store)
    assert (address, state) == ("operator@office.example", "sent")
    for said in (keys[0][:12], "chen@office.example", "550 no such mailbox"):
        assert said in words
    with store.writing() as db:
        outbox.again(db, [keys[0]], at=AT + SECOND)
    assert counted(deliver(store, Server(REFUSED), at=AT + SECOND, config=config)) == (0, 0, 1)
    assert len(to_operator(store)) == 1, "it was said already"


def test_one_mailbox_that_is_gone_is_told_of_once_a_day_and_two_are_told_of_each(store: Store, tmp_path: Path) -> None:
    """A note for every letter would be a storm of its own."""
    config, letters = office(tmp_path), many(4)
    post(store, [*letters[:3], replace(letters[3], recipient="dong@office.example")])
    deliver(store, Server(*[REFUSED] * 4), at=AT, config=config)
    addresses = [words for _, _, words in to_operator(store)]
    assert len(addresses) == 2
    assert sum("dong@office.example" in words for words in addresses) == 1
    next_day = AT + timedelta(days=1)
    with store.writing() as db:
        outbox.again(db, [letters[0].key], at=next_day)
    deliver(store, Server(REFUSED), at=next_day, config=config)
    assert len(to_operator(store)) == 3, "on another day it is still so"


def test_a_note_to_the_operator_that_cannot_be_brought_breeds_no_other(store: Store, tmp_path: Path) -> None:
    post(store, many(1))
    assert counted(deliver(store, Server(REFUSED, REFUSED), at=AT, config=office(tmp_path))) == (0, 0, 2)
    assert [state for _, state, _ in to_operator(store)] == ["parked"]


def test_a_sender_that_was_stopped_past_its_lease_settles_nothing(store: Store, tmp_path: Path) -> None:
    """It slept while another took over and succeeded; its own late failure must not park what was sent, nor alarm anybody."""
    post(store, many(1))
    config, second, later = office(tmp_path), Server("250 by the second"), AT + LEASE + SECOND

    class Slept(Server):
        def send(self, letter: Letter) -> str:
            assert counted(deliver(store, second, at=later)) == (1, 0, 0)
            return super().send(letter)

    deliver(store, Slept(REFUSED), at=AT, config=config)
    assert lying(store) == [("sent", 2, "250 by the second")]
    assert to_operator(store) == []
