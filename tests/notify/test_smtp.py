"""Handing letters to a real server on the loopback interface: what each of its answers means for the letter."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import SecretStr, ValidationError

from monitor.domain.errors import ConfigError, DeliveryError
from monitor.notify import Recipient
from monitor.notify.email import Smtp, SmtpSettings
from monitor.notify.headers import Routing
from tests.notify.letters import CHEN, MORGAN, digest, warning
from tests.notify.post_office import DROP, PostOffice, open_office
from tests.notify.reading import read

WHO = {"sender": "alerts@lvyue.example", "sender_name": "Lvyue", "reply_to": "fazhi@lvyue.example"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The agency's own certificate authority."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "agency.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def relay() -> Iterator[PostOffice]:
    """A relay on this machine that asks for nothing."""
    with open_office() as office:
        yield office


def channel(office: PostOffice, **settings: Any) -> Smtp:
    settings = {"starttls": "never"} | settings
    return Smtp(SmtpSettings(host="localhost", port=office.port, **settings), **WHO)


def test_a_letter_goes_out_under_tls_with_a_login_and_the_answer_is_kept(authority: trustme.CA, ca_file: str) -> None:
    with open_office(authority, login=True) as office:
        password = SecretStr("correct horse")
        smtp = channel(office, starttls="required", username="lvyue", password=password, ca_file=ca_file)
        assert smtp.send(warning()) == "250 2.0.0 queued as A1B2"
        assert office.used_tls == [True]
    [(recipients, raw)] = office.taken
    assert recipients == ["chen@office.example"]
    assert read(raw).message["Subject"].startswith("【橙色预警】YJ-2017-00031")


def test_tls_from_the_first_byte(authority: trustme.CA, ca_file: str) -> None:
    with open_office(authority, from_the_first_byte=True) as office:
        channel(office, tls=True, ca_file=ca_file).send(digest())
        assert office.used_tls == [True]


def test_a_server_that_no_known_authority_vouches_for_gets_nothing(authority: trustme.CA) -> None:
    for first_byte in (False, True):
        with open_office(authority, from_the_first_byte=first_byte) as office:
            with pytest.raises(DeliveryError, match=r"(?i)certificate") as fault:
                channel(office, starttls="required", tls=first_byte).send(warning())
            assert not fault.value.permanent
            assert "ca_file" in fault.value.hint
            assert not office.taken


def test_tls_that_is_required_and_not_offered_keeps_the_letter_here(relay: PostOffice) -> None:
    with pytest.raises(DeliveryError, match="STARTTLS") as fault:
        channel(relay, starttls="required").send(warning())
    assert not fault.value.permanent
    assert not relay.taken


def test_a_wrong_password_is_the_operators_to_put_right_and_is_tried_once(authority: trustme.CA, ca_file: str) -> None:
    with open_office(authority, login=True) as office:
        password = SecretStr("wrong")
        smtp = channel(office, starttls="required", username="lvyue", password=password, ca_file=ca_file)
        with smtp as batch:
            for letter in (warning(), warning(MORGAN), digest()):
                with pytest.raises(DeliveryError, match="535") as fault:
                    batch.send(letter)
                assert not fault.value.permanent
                assert "password" in fault.value.hint
                assert "wrong" not in str(fault.value)
        assert len(office.connections) == 1, "three wrong passwords in a row lock an account"


@pytest.mark.parametrize(
    ("verb", "answer", "permanent"),
    [
        ("MAIL", "421 4.3.2 shutting down", False),
        ("MAIL", "550 5.7.1 sender not allowed", False),
        ("RCPT", "421 4.7.0 too many letters", False),
        ("RCPT", "450 4.2.0 greylisted", False),
        ("RCPT", "451 4.3.0 try later", False),
        ("RCPT", "530 5.7.0 log in first", False),
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "552 5.2.2 mailbox full", False),
        ("DATA", "451 4.3.0 try later", False),
        ("DATA", "452 4.3.1 disk full", False),
        ("DATA", "550 5.7.1 looks like spam", True),
        ("DATA", "552 5.2.2 mailbox full", False),
        ("DATA", "552 5.3.4 message too big", True),
        ("DATA", "554 5.6.0 refused", True),
    ],
)
def test_an_answer_says_whether_trying_again_can_help(
    relay: PostOffice, verb: str, answer: str, permanent: bool
) -> None:
    relay.script[verb] = [answer]
    with channel(relay) as batch:
        with pytest.raises(DeliveryError, match=answer) as fault:
            batch.send(warning())
        assert fault.value.permanent is permanent
        assert fault.value.hint
        batch.send(warning(MORGAN))
    assert [recipients for recipients, _ in relay.taken] == [["morgan@office.example"]]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_connection_that_drops_is_tried_again_with_the_same_message_id(relay: PostOffice, verb: str) -> None:
    relay.script[verb] = [DROP]
    with channel(relay) as batch:
        with pytest.raises(DeliveryError, match="broke") as fault:
            batch.send(warning())
        assert not fault.value.permanent
        batch.send(warning())
    [(_, raw)] = relay.taken
    assert read(raw).message["Message-ID"] == f"<{warning().key[:40]}@lvyue.example>"


def test_a_batch_uses_one_connection_and_a_single_letter_closes_its_own(relay: PostOffice) -> None:
    with channel(relay) as batch:
        for letter in (warning(), digest(), warning(MORGAN)):
            batch.send(letter)
    assert len(relay.connections) == 1
    alone = channel(relay)
    alone.send(warning())
    alone.send(digest())
    assert len(relay.connections) == 3


def test_a_server_that_closed_an_idle_connection_is_called_again(relay: PostOffice) -> None:
    with channel(relay) as batch:
        batch.send(warning())
        relay.hang_up()
        batch.send(digest())
    assert len(relay.taken) == 2


def test_a_letter_that_cannot_arrive_comes_back_to_an_address_that_says_which_it_was(relay: PostOffice) -> None:
    settings = SmtpSettings(host="localhost", port=relay.port, starttls="never")
    letter = warning()
    Smtp(settings, Routing(bounce="bounce@lvyue.example"), **WHO).send(letter)
    Smtp(settings, **WHO).send(letter)
    assert relay.senders == [f"bounce+{letter.key[:16]}@lvyue.example", "alerts@lvyue.example"]
    assert read(relay.taken[0][1]).message["From"].addresses[0].addr_spec == "alerts@lvyue.example"


def test_nobody_at_home_is_asked_once_a_batch() -> None:
    with socket.create_server(("localhost", 0)) as door:
        port = door.getsockname()[1]
    with Smtp(SmtpSettings(host="localhost", port=port), **WHO) as batch:
        for letter in (warning(), digest()):
            with pytest.raises(DeliveryError, match=f"localhost:{port}") as fault:
                batch.send(letter)
            assert not fault.value.permanent


def test_a_server_that_says_nothing_is_not_waited_for_for_ever() -> None:
    with socket.create_server(("localhost", 0)) as silent:
        settings = SmtpSettings(host="localhost", port=silent.getsockname()[1], timeout_seconds=0.2)
        with pytest.raises(DeliveryError, match="timed out") as fault:
            Smtp(settings, **WHO).send(warning())
        assert not fault.value.permanent


def test_an_address_beyond_ascii_needs_a_server_that_knows_such(relay: PostOffice) -> None:
    chen = Recipient(address="陈@office.example")
    channel(relay).send(warning(chen))
    assert relay.taken[0][0] == ["陈@office.example"]
    with open_office(utf8=False) as old:
        with channel(old) as batch:
            with pytest.raises(DeliveryError, match="beyond ASCII") as fault:
                batch.send(warning(chen))
            batch.send(warning())
        assert fault.value.permanent
        assert [recipients for recipients, _ in old.taken] == [["chen@office.example"]]


def test_a_letter_that_cannot_be_written_does_not_stop_the_others(relay: PostOffice) -> None:
    poison = warning(MORGAN)
    poison.content["items"][0]["says"] = {"zh": 7}
    with channel(relay) as batch:
        with pytest.raises(DeliveryError) as fault:
            batch.send(poison)
        batch.send(warning())
    assert fault.value.permanent
    assert [recipients for recipients, _ in relay.taken] == [[CHEN.address]]


def test_a_password_never_travels_unprotected() -> None:
    with pytest.raises(ValidationError, match="unprotected"):
        SmtpSettings(host="mail.example", starttls="never", username="lvyue", password=SecretStr("x"))
    with pytest.raises(ValidationError, match="env:NAME"):
        SmtpSettings(host="mail.example", username="lvyue")
    shown = repr(SmtpSettings(host="mail.example", username="lvyue", password=SecretStr("correct horse")))
    assert "correct horse" not in shown


def test_a_file_of_authorities_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    for name, content in (("missing.pem", None), ("empty.pem", "no certificate")):
        path = tmp_path / name
        if content:
            path.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match=name):
            Smtp(SmtpSettings(host="mail.example", ca_file=str(path)), **WHO)


def test_a_password_is_read_from_where_the_setting_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(password: str) -> Smtp:
        return Smtp(SmtpSettings(host="mail.example", username="lvyue", password=SecretStr(password)), **WHO)

    with pytest.raises(ConfigError, match="LVYUE_TEST_WORD is not set"):
        made("env:LVYUE_TEST_WORD")
    monkeypatch.setenv("LVYUE_TEST_WORD", "correct horse")
    made("env:LVYUE_TEST_WORD")
    path = tmp_path / "word"
    with pytest.raises(ConfigError, match="No such file"):
        made(f"file:{path}")
    path.write_bytes(b"correct horse\n")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others on this machine"):
        made(f"file:{path}")
    path.chmod(0o600)
    made(f"file:{path}")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        made(f"file:{path}")
