"""Letters as mail: one message a recipient, handed to a server by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.message import EmailMessage
from functools import cache
from typing import Annotated, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from monitor.domain.errors import ConfigError, DeliveryError
from monitor.domain.secrets import secret
from monitor.domain.warning import Letter
from monitor.notify.headers import PLAIN, Routing, Wire, address, ascii_domain, describe, file_under
from monitor.notify.letters import Written, enclosures, write
from monitor.notify.letters.inert import one_line

OPERATOR = (530, 534, 535, 538)
"""Answers about our own login: a fault to be put right here, never the recipient's."""
FULL, TOO_LARGE = 552, "5.3.4"
"""552 says that a mailbox is full, which passes (RFC 5321, 4.5.3.1.10), unless 5.3.4 says that the letter is too large."""


class SmtpSettings(BaseModel):
    """`[mail.smtp]`: the server that takes our letters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, Field(min_length=1, description="Name of the mail server.")]
    port: Annotated[int, Field(ge=1, le=65535, description="587 with starttls, 465 with tls.")] = 587
    starttls: Annotated[
        Literal["required", "never"],
        Field(description="required: no letter leaves without TLS; never: a relay on this machine."),
    ] = "required"
    tls: Annotated[bool, Field(description="TLS from the first byte, as on port 465; starttls is then not used.")] = (
        False
    )
    username: Annotated[str, Field(description="Name to log in with; empty means no login.")] = ""
    password: Annotated[SecretStr, Field(description="env:NAME or file:PATH says where the password is.")] = SecretStr(
        ""
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=600, description="Seconds to wait for each answer.")] = 30
    ca_file: Annotated[str, Field(description="PEM file of the authority to trust; empty means the system's.")] = ""

    @model_validator(mode="after")
    def no_password_in_the_clear(self) -> Self:
        """A password goes out under TLS, or does not leave the machine."""
        if self.username and not self.password.get_secret_value():
            raise ValueError('username is set and password is not; write password = "env:NAME" or "file:PATH"')
        clear = self.starttls == "never" and not self.tls
        if self.username and clear and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError('the password would travel unprotected; set starttls = "required" or tls = true')
        return self


class Smtp:
    """The channel to a mail server. Inside a `with` block one connection serves all letters.

    A server that cannot be reached, or that refuses our login, is asked once a block: an account is locked soon after too
    many wrong passwords, and a thousand letters must not wait a thousand timeouts. Raises ConfigError where the password or
    `ca_file` cannot be read.
    """

    def __init__(
        self, settings: SmtpSettings, routing: Routing = PLAIN, /, *, sender: str, sender_name: str, reply_to: str
    ) -> None:
        self.settings, self.sender, self.sender_name, self.reply_to = settings, sender, sender_name, reply_to
        self.routing = routing
        self._where = f"{settings.host}:{settings.port}"
        self._password = secret(settings.password.get_secret_value())
        self._trust = _trust(settings.ca_file) if settings.ca_file else _trusted_here()
        self._server: smtplib.SMTP | None = None
        self._down: DeliveryError | None = None
        self._kept = False

    def __enter__(self) -> Self:
        self._kept, self._down = True, None
        return self

    def __exit__(self, *_: object) -> None:
        self._kept = False
        self._leave()

    def greet(self) -> str:
        """Connect, log in and leave without a letter; host and port of who answered. Raises DeliveryError."""
        self._ready()
        self._leave()
        return self._where

    def send(self, letter: Letter) -> str:
        """Hand over one letter to one recipient and return the server's answer. Raises DeliveryError."""
        who = {"sender": self.sender, "sender_name": self.sender_name, "reply_to": self.reply_to}
        mail = message(letter, self.routing, **who)
        raw = as_sent(mail)
        sender = self.routing.envelope_sender(letter, self.sender)
        server = self._ready()
        try:
            return self._hand_over(server, raw, sender=ascii_domain(sender), recipient=ascii_domain(letter.recipient))
        except OSError as fault:  # smtplib's errors are OSErrors too
            self._leave()
            raise DeliveryError(
                f"{self._where}: the connection broke while the letter was handed over: {one_line(str(fault), 300)}",
                hint="Nobody knows whether it arrived. It is sent again with the same Message-ID.",
            ) from fault
        finally:
            if not self._kept:
                self._leave()

    def _ready(self) -> smtplib.SMTP:
        if self._server is not None:
            with suppress(OSError):  # a server may have closed a connection that was idle for long
                if self._server.noop()[0] == 250:
                    return self._server
            self._leave()
        if self._kept and self._down is not None:
            raise DeliveryError(self._down.message, hint=self._down.hint) from self._down
        try:
            self._server = self._connect()
        except DeliveryError as fault:
            self._down = fault
            raise
        return self._server

    def _connect(self) -> smtplib.SMTP:
        settings = self.settings
        at, wait = (settings.host, settings.port), settings.timeout_seconds
        server: smtplib.SMTP | None = None
        try:
            server = (
                smtplib.SMTP_SSL(*at, timeout=wait, context=self._trust)
                if settings.tls
                else smtplib.SMTP(*at, timeout=wait)
            )
            if settings.starttls == "required" and not settings.tls:
                server.starttls(context=self._trust)
            server.ehlo_or_helo_if_needed()
            if settings.username:
                server.login(settings.username, self._password)
        except (OSError, UnicodeError) as fault:
            if server is not None:
                server.close()
            raise DeliveryError(f"{self._where}: {_reason(fault)}", hint=_advice(fault)) from fault
        return server

    def _hand_over(self, server: smtplib.SMTP, raw: bytes, *, sender: str, recipient: str) -> str:
        options: list[str] = []
        if not (sender + recipient).isascii():
            if not server.has_extn("smtputf8"):
                raise DeliveryError(
                    f"{self._where} takes no addresses with letters beyond ASCII, as {recipient}",
                    hint="Give an ASCII address in [[recipient]], or use a server that offers SMTPUTF8.", permanent=True,
                )  # fmt: skip
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        code, answer = server.mail(sender, options)
        if code != 250:
            self._refused(server, "the sender", code, answer)
        code, answer = server.rcpt(recipient)
        if code not in (250, 251):
            self._refused(server, "the recipient", code, answer)
        try:
            code, answer = server.data(raw)
        except smtplib.SMTPDataError as fault:
            code, answer = fault.smtp_code, _bytes(fault.smtp_error)
        if code != 250:
            self._refused(server, "the letter", code, answer)
        return _reply(code, answer)

    def _refused(self, server: smtplib.SMTP, what: str, code: int, answer: bytes) -> NoReturn:
        """Make room for the next letter and say whether trying again can help with this one."""
        try:
            server.rset()
        except OSError:  # after 421 the server is gone
            self._leave()
        reply = _reply(code, answer)
        ours = what == "the sender" or code in OPERATOR
        passing = code < 500 or (code == FULL and TOO_LARGE not in reply)
        raise DeliveryError(
            f"{self._where} refused {what}: {reply}", permanent=not (ours or passing),
            hint="Check sender, username and password in [mail]; the letters wait." if ours
            else "It is tried again." if passing else "Check the address in [[recipient]]; the letter is set aside.",
        )  # fmt: skip

    def _leave(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with suppress(OSError):
                server.quit()
            server.close()


def message(
    letter: Letter, routing: Routing = PLAIN, /, *, sender: str, sender_name: str, reply_to: str
) -> EmailMessage:
    """The mail: plain text first, then HTML, then its files. Raises DeliveryError, as `write` and `enclosures` do.

    The same letter makes the same bytes, Message-ID and boundaries included, so that a server sees a repetition as one.
    """
    written = write(letter)
    own = ascii_domain(sender)
    domain = own.rpartition("@")[2]
    beyond_ascii = not all(ascii_domain(given).isascii() for given in (sender, letter.recipient, reply_to))
    mail = EmailMessage(Wire(linesep="\r\n", cte_type="7bit", utf8=beyond_ascii))
    try:
        describe(mail, letter, written, domain=domain)
        file_under(mail, letter, domain=domain, answers=reply_to or sender, routing=routing)
        mail["From"] = address(sender, sender_name)
        mail["To"] = address(letter.recipient, written.name)
        if reply_to:
            mail["Reply-To"] = address(reply_to, "")
        _body(mail, letter, written, own)
        mail["Content-Language"] = "zh-CN" if letter.lang == "zh" else "en"  # before, it would sink into the first part
    except (ValueError, LookupError, TypeError, AttributeError, MessageError) as fault:
        raise _not_mail(fault) from fault
    return mail


def as_sent(mail: EmailMessage) -> bytes:
    """The bytes that go over the wire, lines ended by CR LF. Raises DeliveryError (permanent)."""
    try:
        return mail.as_bytes()
    except (ValueError, LookupError, TypeError, AttributeError, MessageError) as fault:
        raise _not_mail(fault) from fault


def _body(mail: EmailMessage, letter: Letter, written: Written, sender: str) -> None:
    transfer = "base64" if letter.lang == "zh" else "quoted-printable"  # neither can hold a boundary, which has "=_"
    mail.set_content(written.text, cte=transfer)
    mail.add_alternative(written.html, subtype="html", cte=transfer)
    for file in enclosures(letter, sender=sender):
        kind, _, subtype = file.media.partition("/")
        params = {"charset": "utf-8"} if kind == "text" else {}
        params |= {"method": file.method} if file.method else {}  # RFC 6047: as in the calendar itself
        mail.add_attachment(file.data, maintype=kind, subtype=subtype, filename=file.name, params=params)
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{letter.key[:32]}_{number}")


@cache
def _trusted_here() -> ssl.SSLContext:
    """Whom this system trusts: reading its hundred authorities takes longer than sending a letter."""
    return ssl.create_default_context()


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as fault:
        raise ConfigError(
            f"{ca_file}: no certificate can be read from it: {fault.strerror or fault}",
            hint="ca_file in [mail.smtp] is a PEM file of the authority that signed the server's certificate",
        ) from fault


def _reason(fault: Exception) -> str:
    if isinstance(fault, smtplib.SMTPResponseException):
        return _reply(fault.smtp_code, _bytes(fault.smtp_error))
    return one_line(str(fault) or type(fault).__name__, 300)


def _advice(fault: Exception) -> str:
    """What the operator can do about a connection that does not come about."""
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        return "The server does not know this name and password: correct username and password in [mail.smtp]; the letters wait."
    if isinstance(fault, ssl.SSLCertVerificationError):
        return "Its certificate is not trusted here: set ca_file in [mail.smtp] to its authority; the letters wait."
    if isinstance(fault, smtplib.SMTPNotSupportedError):
        return (
            "The server does not offer what [mail.smtp] asks for (TLS or login): check host and port; the letters wait."
        )
    return "Check host, port and the network; the letters wait and are tried again."


def _not_mail(fault: Exception) -> DeliveryError:
    return DeliveryError(
        f"the letter cannot be made a mail: {one_line(str(fault), 300)}",
        hint="Check sender in [mail] and the address in [[recipient]]; the letter is set aside.", permanent=True,
    )  # fmt: skip


def _reply(code: int, answer: bytes) -> str:
    return one_line(f"{code} {answer.decode('utf-8', 'replace')}", 500)


def _bytes(answer: bytes | str) -> bytes:
    return answer.encode() if isinstance(answer, str) else answer
