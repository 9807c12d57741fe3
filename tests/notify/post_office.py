"""A real mail server on the loopback interface, which says what it is told to say."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DROP = "drop"
"""In a script: hang up instead of answering."""
CHEN_MAY_SEND = LoginPassword(b"lvyue", b"correct horse")


@dataclass
class PostOffice:
    """`script` holds answers to come, a list for each of MAIL, RCPT, DATA, NOOP; whatever is not scripted is accepted."""

    port: int = 0
    script: dict[str, list[str]] = field(default_factory=dict)
    taken: list[tuple[list[str], bytes]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    connections: list[SMTP] = field(default_factory=list)
    logins: list[LoginPassword] = field(default_factory=list)
    used_tls: list[bool] = field(default_factory=list)

    def hang_up(self) -> None:
        """Close every connection from this side, as a server does with idle ones."""
        for connection in self.connections:
            connection.loop.call_soon_threadsafe(_abort, connection)

    async def handle_MAIL(
        self, server: SMTP, _s: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        envelope.mail_from = address
        self.senders.append(address)
        envelope.mail_options.extend(options)
        return self._answer("MAIL", server)

    async def handle_RCPT(
        self, server: SMTP, _s: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        answer = self._answer("RCPT", server)
        if answer.startswith("25"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _s: Session, envelope: Envelope) -> str:
        answer = self._answer("DATA", server)
        if answer.startswith("25"):
            assert isinstance(envelope.original_content, bytes)
            self.taken.append((list(envelope.rcpt_tos), envelope.original_content))
            assert server.transport is not None
            self.used_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        return answer

    def authenticate(self, _server: SMTP, _s: Session, _e: Envelope, _mechanism: str, login: Any) -> AuthResult:
        """Only one name and password are right."""
        self.logins.append(login)
        return AuthResult(success=login == CHEN_MAY_SEND, handled=False)

    def _answer(self, verb: str, server: SMTP) -> str:
        waiting = self.script.get(verb)
        answer = waiting.pop(0) if waiting else "250 2.0.0 queued as A1B2"
        if answer == DROP:
            _abort(server)
        return answer


@contextmanager
def open_office(
    authority: trustme.CA | None = None, *, login: bool = False, from_the_first_byte: bool = False, utf8: bool = True
) -> Iterator[PostOffice]:
    """A post office with a door; with an `authority` it offers TLS and takes no letter without."""
    office = PostOffice()
    trust = None
    if authority is not None:
        trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(trust)

    def connected() -> SMTP:
        clerk = SMTP(
            office, hostname="post.office.example", enable_SMTPUTF8=utf8, loop=asyncio.get_running_loop(),
            tls_context=None if from_the_first_byte else trust, require_starttls=trust is not None and not from_the_first_byte,
            authenticator=office.authenticate if login else None, auth_required=login, auth_require_tls=not from_the_first_byte,
        )  # fmt: skip
        office.connections.append(clerk)
        return clerk

    open_now, close_now = threading.Event(), threading.Event()

    async def work() -> None:
        server = await asyncio.get_running_loop().create_server(
            connected, "localhost", 0, ssl=trust if from_the_first_byte else None
        )
        office.port = server.sockets[0].getsockname()[1]
        open_now.set()
        await asyncio.to_thread(close_now.wait)
        server.close()
        office.hang_up()
        await server.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    assert open_now.wait(10)
    try:
        yield office
    finally:
        close_now.set()
        thread.join(10)


def _abort(connection: SMTP) -> None:
    if isinstance(connection.transport, asyncio.Transport):
        connection.transport.abort()
