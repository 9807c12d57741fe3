"""Every way to people, each with a real other side on this machine: what arrives there, and how it answers."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request

from monitor.notify import Channel
from monitor.notify.email import Smtp, SmtpSettings
from monitor.notify.eml import EmlFolder
from monitor.notify.hook import Clock
from monitor.notify.kinds import kinds
from tests.notify.letters import AT
from tests.notify.post_office import open_office
from tests.notify.reading import read

WHO = {"sender": "alerts@lvyue.example", "sender_name": "Lvyue", "reply_to": "fazhi@lvyue.example"}
TOKEN = "5f2c1a-made-token-9ad1e7"
KEY = bytes(range(32))
SECRETS = {
    "webhook": f"whsec_{base64.b64encode(KEY).decode()}", "dingtalk": "SECmade7b1e5c0f94", "feishu": "made0secret1of2feishu",
}  # fmt: skip
ROBOTS = ("dingtalk", "feishu", "wecom")
ALL = ("eml", "smtp", *sorted(kinds()))
OK: dict[str, dict[str, Any]] = {
    "webhook": {"taken": True}, "wecom": {"errcode": 0, "errmsg": "ok"}, "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "feishu": {"code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success"},
}  # fmt: skip
LIMITS = {"wecom": 2048, "dingtalk": 20_000, "feishu": 20 * 1024}
"""Bytes: of the text for WeCom, of the whole request for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One letter at the other side: what a person or a program reads, and by what it knows a letter that comes again."""

    text: str
    same: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A channel and its other side."""

    kind: str
    channel: Channel
    arrived: Callable[[], list[Arrived]]


def settings(kind: str, url: str, **more: Any) -> dict[str, Any]:
    """A `[[channel]]` of config.toml."""
    secret = {"secret": SECRETS[kind]} if kind in SECRETS else {}
    return {"name": "legal-office", "kind": kind, "url": url, **secret, **more}


def channel(kind: str, url: str, *, clock: Clock | None = None, **more: Any) -> Channel:
    """A channel of `kind`, opened as the program opens it."""
    return kinds()[kind].model_validate(settings(kind, url, **more)).open(clock or ticking())


def ticking(seconds: float = 10, start: datetime = AT) -> Clock:
    """A clock that is `seconds` later each time it is looked at."""
    looks = 0

    def now() -> datetime:
        nonlocal looks
        looks += 1
        return start + timedelta(seconds=seconds * looks)

    return now


def address(server: HTTPServer) -> str:
    """An address with a token in its path and in its query, as robots have it in one or the other."""
    return server.url_for(f"/hook/{TOKEN}?key={TOKEN}")


def answer(server: HTTPServer, body: dict[str, Any], *, status: int = 200, **headers: str) -> None:
    """Let the server say this from now on."""
    server.clear_all_handlers()
    server.expect_request(f"/hook/{TOKEN}").respond_with_json(body, status=status, headers=headers)


@contextmanager
def desk(kind: str, folder: Path, server: HTTPServer) -> Iterator[Desk]:
    """A channel of `kind` beside another side that takes everything."""
    if kind == "eml":
        yield Desk(kind=kind, channel=EmlFolder(folder, **WHO), arrived=lambda: _files(folder))
    elif kind == "smtp":
        with open_office() as office:
            smtp = Smtp(SmtpSettings(host="localhost", port=office.port, starttls="never"), **WHO)
            yield Desk(kind=kind, channel=smtp, arrived=lambda: [_mail(raw) for _, raw in office.taken])
    else:
        answer(server, OK[kind])
        made = channel(kind, address(server))
        yield Desk(kind=kind, channel=made, arrived=lambda: [_request(kind, one) for one, _ in server.log])


def message(kind: str, body: bytes) -> str:
    """What people see of a robot's message. Whatever else it could show or do must not be there."""
    asked = json.loads(body)
    if kind == "wecom":
        assert asked == {"msgtype": "text", "text": {"content": asked["text"]["content"]}}
        assert len(asked["text"]["content"].encode()) <= LIMITS[kind]
    elif kind == "dingtalk":
        content = asked["text"]["content"]
        assert asked == {"msgtype": "text", "text": {"content": content}, "at": {"isAtAll": False}}
    else:
        [post] = asked["content"]["post"].values()
        assert {element["tag"] for line in post["content"] for element in line} == {"text"}
        assert all(line.keys() == {"tag", "text"} for [line] in post["content"])
        return "\n".join([post["title"], *(line["text"] for [line] in post["content"])])
    assert isinstance(asked["text"]["content"], str)
    return str(asked["text"]["content"])


def hmac_sha256(key: bytes, text: bytes) -> str:
    """RFC 2104 by hand, in base64."""
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + text).digest()
    return base64.b64encode(hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).digest()).decode()


def _files(folder: Path) -> list[Arrived]:
    """A letter laid there again is the same file."""
    return [_mail(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]


def _mail(raw: bytes) -> Arrived:
    mail = read(raw)
    sent: EmailMessage = mail.message
    return Arrived(text=f"{sent['Subject']}\n{mail.text}", same=str(sent["Message-ID"]), raw=raw)


def _request(kind: str, request: Request) -> Arrived:
    body = request.get_data()
    if kind == "webhook":
        data = json.loads(body)["data"]
        return Arrived(text=f"{data['subject']}\n{data['text']}", same=request.headers["webhook-id"], raw=body)
    assert len(body) <= LIMITS.get(kind, 0) or kind == "wecom"
    told = message(kind, body)
    return Arrived(text=told, same=told, raw=body)
