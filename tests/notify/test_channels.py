"""Every way to people keeps one contract: what arrives, what comes again, and what each answer means for the letter."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import trustme
from pytest_httpserver import HTTPServer

from monitor.domain.errors import ConfigError, DeliveryError
from monitor.domain.warning import Letter
from monitor.notify.composing import to_operator
from monitor.notify.kinds import kinds
from monitor.notify.letters.inert import one_line
from tests.notify import loop, rude
from tests.notify.channels import (
    ALL,
    KEY,
    OK,
    ROBOTS,
    SECRETS,
    TOKEN,
    Desk,
    address,
    answer,
    channel,
    desk,
    hmac_sha256,
    ticking,
)
from tests.notify.letters import AS_OF, AT, CONTEXT, MILESTONE, MORGAN, change, digest, letters, warning

HOOKS = sorted(kinds())
BUSY_CODES: list[tuple[str, dict[str, Any]]] = [
    ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit, hint: [1]"}),
    ("wecom", {"errcode": -1, "errmsg": "system busy"}),
    ("dingtalk", {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute", "status": 1111}),
    ("dingtalk", {"errcode": 410100, "errmsg": "发送速度太快而限流"}),
    ("dingtalk", {"errcode": 987654, "errmsg": "a code nobody has heard of"}),
    ("feishu", {"code": 11232, "msg": "frequency limited psm[x]"}),
    ("feishu", {"code": 9499, "msg": "too many request"}),
]
REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, "url"),
    ("wecom", {"errcode": 40058, "errmsg": "content exceed max length"}, "report"),
    ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, "secret"),
    ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, "keyword"),
    ("dingtalk", {"errcode": 300001, "errmsg": "token is not exist"}, "url"),
    ("feishu", {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}, "secret"),
    ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, "Lvyue"),
    ("feishu", {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}, "url"),
    ("feishu", {"code": 9499, "msg": "Bad Request"}, "url"),
]  # fmt: skip


@pytest.fixture
def there(request: pytest.FixtureRequest, tmp_path: Path, httpserver: HTTPServer) -> Iterator[Desk]:
    with desk(request.param, tmp_path, httpserver) as made:
        yield made


every_channel = pytest.mark.parametrize("there", ALL, indirect=True)


def refusal(channel: Any, letter: Letter | None = None) -> DeliveryError:
    """How a letter fails; whatever else goes wrong, nothing of the address or the secret is told."""
    with pytest.raises(DeliveryError) as fault:
        channel.send(letter or warning())
    assert fault.value.hint
    assert not any(kept in str(fault.value) + repr(fault.value) for kept in (TOKEN, *SECRETS.values()))
    assert "legal-office" in fault.value.message
    assert len(fault.value.message) < 600
    return fault.value


@every_channel
def test_a_warning_arrives_with_number_level_day_and_article(there: Desk) -> None:
    there.channel.send(warning(due="2017-12-02"))
    there.channel.send(warning(MORGAN, level="red", due="2017-12-02"))
    zh, en = sorted((one.text for one in there.arrived()), key=lambda text: "Milestone due" in text)
    for word in ("YJ-2017-00031", "橙色", "2017年12月2日", "OCDS 1.1.5, Milestone: dueDate", "请承办单位核实进度"):
        assert word in zh
    for word in ("YJ-2017-00031", "RED", "2 Dec 2017", "OCDS 1.1.5, Milestone: dueDate", "The unit checks progress"):
        assert word in en
    assert zh.startswith("【橙色预警】YJ-2017-00031")
    assert en.startswith("[RED] YJ-2017-00031")


@every_channel
def test_a_letter_that_comes_again_is_known_as_the_same(there: Desk) -> None:
    for letter in (warning(), digest(), warning(), warning(MORGAN), digest()):
        there.channel.send(letter)
    arrived = there.arrived()
    assert len({one.same for one in arrived}) == 3
    by_letter = {one.same: one.text for one in arrived}
    assert [by_letter[one.same] for one in arrived] == [one.text for one in arrived]


@every_channel
def test_a_letter_to_the_operator_and_made_data_say_what_they_are(there: Desk) -> None:
    notes = [{"about": "late", "zh": "模型漂移。", "en": "The model has drifted."}]
    context = CONTEXT["zh"] | {"declared": "示例数据"}
    [letter] = to_operator(notes, "legal-office@office.example", lang="zh", as_of=AS_OF, at=AT, context=context)
    there.channel.send(letter)
    [arrived] = there.arrived()
    assert "模型漂移。" in arrived.text
    assert "数据说明：示例数据" in arrived.text


@every_channel
@pytest.mark.parametrize(
    ("letter", "said"),
    [
        (loop.weekly(rows=3), ("【预警周报】2017-12-25至2017-12-31", "YJ-2017-00033", "YJ-2017-00035")),
        (loop.weekly(MORGAN), ("[WEEKLY] 2017-12-25 to 2017-12-31", "YJ-2017-00033", "YJ-2017-00035")),
        (loop.quiet(), ("【预警周报】2017-12-25至2017-12-31 无未销号预警", "没有新发预警，目前也没有未销号预警")),
    ],
    ids=["zh", "en", "nothing happened"],
)
def test_the_weekly_letter_arrives_by_every_way(there: Desk, letter: Letter, said: tuple[str, ...]) -> None:
    """What is new and what is due soon; a robot's message has no room for the rest."""
    there.channel.send(letter)
    [arrived] = there.arrived()
    assert arrived.text.startswith(said[0])
    for words in said[1:]:
        assert words in arrived.text.replace("\n", "")
    if there.kind == "webhook":
        data = json.loads(arrived.raw)["data"]
        for name in ("since", "counts"):
            assert data[name] == letter.content[name]
        for name in ("new", "open", "due_soon", "cleared", "closed"):
            wanted = [item["number"] for item in letter.content.get(name, [])]
            assert [item["number"] for item in data[name]] == wanted


@every_channel
def test_a_letter_that_cannot_be_written_is_set_aside_and_the_next_goes_out(there: Desk) -> None:
    poison = replace(warning(), content={})
    with pytest.raises(DeliveryError) as fault:
        there.channel.send(poison)
    assert fault.value.permanent
    there.channel.send(warning())
    assert len(there.arrived()) == 1


@pytest.fixture(scope="module")
def storm() -> Letter:
    """Five thousand warnings of one scan."""
    rows = [change(n, "red" if n % 2 else "orange", MILESTONE | {"evidence": {}}) for n in range(1, 5001)]
    return letters(rows)[0]


@every_channel
def test_a_digest_of_five_thousand_goes_through(there: Desk, storm: Letter) -> None:
    there.channel.send(storm)
    [arrived] = there.arrived()
    assert arrived.text.startswith("【预警汇总】2017-12-31 红2500 橙2500")
    assert arrived.text.count("YJ-2017-") == (10 if there.kind in ROBOTS else 30)
    if there.kind in ROBOTS:
        assert "其余4990条未在此列出。" in arrived.text
        assert arrived.text.count("■红色 YJ-2017-") == 10
    if there.kind == "webhook":
        assert len({item["number"] for item in json.loads(arrived.raw)["data"]["items"]}) == 5000


def test_the_webhook_is_signed_as_the_specification_has_it(httpserver: HTTPServer) -> None:
    answer(httpserver, OK["webhook"])
    hook = channel("webhook", address(httpserver), clock=ticking(3600))
    assert hook.send(warning()) == '200 { "taken": true }'
    hook.send(warning())
    first, again = (request for request, _ in httpserver.log)
    for request in (first, again):
        signed = (
            f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.get_data()
        )
        assert request.headers["webhook-signature"] == f"v1,{hmac_sha256(KEY, signed)}"
        assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == warning().key
    assert first.get_data() == again.get_data()
    stamps = [int(request.headers["webhook-timestamp"]) for request in (first, again)]
    assert stamps == [int(AT.timestamp()) + 3600, int(AT.timestamp()) + 7200]
    told = json.loads(first.get_data())
    assert (told["type"], told["timestamp"]) == ("letter.warning", "2017-12-31T22:05:00+00:00")
    [item] = told["data"]["items"]
    wanted = {
        "number": "YJ-2017-00031", "level": "orange", "rule": "GEN-DL-01", "contract_number": "SF-2017-018",
        "due": "2017-12-01", "days_late": 30, "money": "1250000.0000", "currency": "CNY", "event": "opened",
    }  # fmt: skip
    assert {key: item[key] for key in wanted} == wanted


def test_dingtalk_and_feishu_get_the_signature_they_ask_for(httpserver: HTTPServer) -> None:
    for kind in ("dingtalk", "feishu"):
        answer(httpserver, OK[kind])
        channel(kind, address(httpserver), clock=lambda: AT).send(warning())
        answer(httpserver, OK[kind])
        channel(kind, address(httpserver), secret="").send(warning())
    ding, plain_ding, fei, plain_fei = (request for request, _ in httpserver.log)
    query = parse_qs(ding.query_string.decode(), strict_parsing=True)
    stamp = f"{int(AT.timestamp())}000"
    key = SECRETS["dingtalk"]
    assert query == {
        "key": [TOKEN],
        "timestamp": [stamp],
        "sign": [hmac_sha256(key.encode(), f"{stamp}\n{key}".encode())],
    }
    assert parse_qs(plain_ding.query_string.decode()) == {"key": [TOKEN]}
    stamp, told = str(int(AT.timestamp())), json.loads(fei.get_data())
    assert told["timestamp"] == stamp
    assert told["sign"] == hmac_sha256(f"{stamp}\n{SECRETS['feishu']}".encode(), b"")
    assert json.loads(plain_fei.get_data()).keys() == {"msg_type", "content"}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
@pytest.mark.parametrize("kind", HOOKS)
def test_who_is_busy_is_asked_again(kind: str, status: int, httpserver: HTTPServer) -> None:
    answer(httpserver, {}, status=status)
    made = channel(kind, address(httpserver))
    assert not refusal(made).permanent
    answer(httpserver, OK[kind])
    made.send(warning())


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 413, 422])
@pytest.mark.parametrize("kind", HOOKS)
def test_who_refuses_says_what_is_to_be_mended(kind: str, status: int, httpserver: HTTPServer) -> None:
    elsewhere = httpserver.url_for("/elsewhere")
    httpserver.expect_request("/elsewhere").respond_with_json(OK[kind])
    answer(httpserver, {"detail": f"no {TOKEN}"}, status=status, Location=elsewhere)
    fault = refusal(channel(kind, address(httpserver)))
    assert fault.permanent
    assert str(status) in fault.message
    assert [request.path for request, _ in httpserver.log] == [f"/hook/{TOKEN}"], "no redirect is followed"


@pytest.mark.parametrize(("kind", "said"), BUSY_CODES, ids=str)
def test_a_robot_that_has_had_too_many_messages_gets_the_letter_later(
    kind: str, said: dict[str, Any], httpserver: HTTPServer
) -> None:
    answer(httpserver, said)
    made = channel(kind, address(httpserver), clock=ticking(61))
    fault = refusal(made)
    assert not fault.permanent
    assert one_line(str(said.get("errmsg") or said.get("msg"))) in fault.message
    answer(httpserver, OK[kind])
    assert made.send(warning()).startswith("0 ")


@pytest.mark.parametrize(("kind", "said", "hint"), REFUSALS, ids=str)
def test_a_robot_that_refuses_says_what_is_to_be_mended(
    kind: str, said: dict[str, Any], hint: str, httpserver: HTTPServer
) -> None:
    answer(httpserver, said)
    fault = refusal(channel(kind, address(httpserver)))
    assert fault.permanent
    assert hint in fault.hint
    assert str(said.get("errcode") or said.get("code")) in fault.message


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robot_is_not_pressed(kind: str, httpserver: HTTPServer) -> None:
    """DingTalk hears nothing for ten minutes after the message that was one too many."""
    now = [AT]
    answer(httpserver, OK[kind])
    made = channel(kind, address(httpserver), clock=lambda: now[0])
    most = 100 if kind == "feishu" else 20
    for _ in range(most):
        made.send(warning())
    fault = refusal(made)
    assert (fault.permanent, fault.held) == (False, True), "our own pace: the letter was not tried"
    assert len(httpserver.log) == most, "the one too many never left"
    now[0] += timedelta(seconds=60)
    made.send(warning())
    answer(httpserver, next(said for name, said in BUSY_CODES if name == kind))
    assert not refusal(made).held, "this one was tried"
    assert refusal(made).held
    assert len(httpserver.log) == most + 2, "who said that it is too much is not asked again at once"


@pytest.mark.parametrize("kind", HOOKS)
@pytest.mark.parametrize(
    "act",
    [rude.hang_up, rude.hang_up_after_listening, rude.say_nothing, rude.drip_a_header, rude.speak_no_http],
    ids=lambda act: act.__name__,
)
def test_who_gives_no_answer_in_time_is_asked_again(kind: str, act: rude.Act) -> None:
    with rude.rude_server(act) as url:
        assert not refusal(channel(kind, f"{url}/{TOKEN}", timeout_seconds=0.3)).permanent


@pytest.mark.parametrize("kind", HOOKS)
@pytest.mark.parametrize(
    "act",
    [
        rude.drip_a_body, rude.flood, rude.answering(b"<html>Please log in</html>"), rude.answering(b"[" * 50_000),
        rude.answering(b'{"errcode": false, "code": false}'), rude.answering(b"\xff\xfe\x00"), rude.answering(b""),
        rude.answering(b"\x1f\x8b\x08rubbish", head=rude.HEAD + b"Content-Encoding: gzip\r\n"),
    ],
    ids=["a drip", "a flood", "a page", "a deep list", "other types", "no text", "nothing", "no gzip"],
)  # fmt: skip
def test_an_answer_of_rubbish_is_a_yes_to_a_webhook_and_none_from_a_robot(kind: str, act: rude.Act) -> None:
    """A webhook says yes by its status (Standard Webhooks); robots say no with 200, so only their own words count."""
    with rude.rude_server(act) as url:
        made = channel(kind, f"{url}/{TOKEN}", timeout_seconds=1 if act is rude.drip_a_body else 20)
        if kind == "webhook":
            reply = made.send(warning())
            assert reply.startswith("200")
            assert len(reply) < 320
        else:
            assert not refusal(made).permanent


@pytest.mark.parametrize("kind", HOOKS)
def test_of_an_answer_without_end_only_the_beginning_is_read(kind: str) -> None:
    sent: list[int] = []
    with rude.rude_server(lambda connection, stop: rude.flood(connection, stop, sent)) as url:
        made = channel(kind, f"{url}/{TOKEN}")
        if kind == "webhook":
            made.send(warning())
        else:
            assert not refusal(made).permanent
    assert sum(sent) < 2**25, "what the system holds between two programs, and little more"


def test_nobody_at_home_and_no_such_name_are_asked_again() -> None:
    with rude.rude_server(rude.hang_up) as url:
        pass
    assert "cannot be reached" in refusal(channel("webhook", f"{url}/{TOKEN}")).message
    assert not refusal(channel("feishu", f"https://no-such-host.invalid/{TOKEN}")).permanent


def test_a_server_that_no_known_authority_vouches_for_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    own = tmp_path / "agency.pem"
    authority.cert_pem.write_to_path(str(own))
    tls = tls_of(authority)
    with HTTPServer(host="localhost", ssl_context=tls) as server:
        answer(server, OK["feishu"])
        fault = refusal(channel("feishu", address(server)))
        assert not fault.permanent
        assert "SSL_CERT_FILE" in fault.hint
        assert not server.log
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        channel("feishu", address(server)).send(warning())
        assert len(server.log) == 1
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        channel("feishu", "https://chat.example/x")


def tls_of(authority: trustme.CA) -> ssl.SSLContext:
    """The server's side of TLS, with a certificate of `authority`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context
