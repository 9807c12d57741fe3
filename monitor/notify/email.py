"""Letters as mail: one message a recipient, handed to a server by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from monitor.domain.errors import ConfigError, DeliveryError
from monitor.domain.secrets import secret
from monitor.domain.warning import Letter
from monitor.notify.letters import Written, write
from monitor.notify.letters.inert import cut, one_line

OPERATOR = (530, 534, 535, 538)
"""Answers about our own login: a fault to be put right here, never the recipient's."""
FULL, TOO_LARGE = 552, "5.3.4"
"""552 says that a mailbox is full, which passes (RFC 5321, 4.5.3.1.10), unless 5.3.4 says that the letter is too large."""


class Wire(EmailPolicy):
    """How headers travel. Python's own folding loses and doubles spaces where words in and beyond ASCII meet (seen with
    3.11, 3.12 and 3.13), and two letters of one thread would differ in their subject: such headers are encoded whole."""

    def fold(self, name: str, value: Any) -> str:
        """The header as it travels, with its last line end."""
        if name not in ("Subject", "From", "To") or self.utf8 or str(value).isascii():
            return str(super().fold(name, value))
        if name == "Subject":
            return f"{name}: {self._encoded(str(value), name)}{self.linesep}"
        [address] = value.addresses
        return f"{name}: {self._encoded(address.display_name, name)}{self.linesep} <{address.addr_spec}>{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The same in bytes."""
        return self.fold(name, value).encode()

    def _encoded(self, text: str, name: str) -> str:
        return Header(text, "utf-8", header_name=name).encode(linesep=self.linesep)


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

    def __init__(self, settings: SmtpSettings, *, sender: str, sender_name: str, reply_to: str) -> None:
        self.settings, self.sender, self.sender_name, self.reply_to = settings, sender, sender_name, reply_to
        self._where = f"{settings.host}:{settings.port}"
        self._password = secret(settings.password.get_secret_value())
        self._trust = _trust(settings.ca_file)
        self._server: smtplib.SMTP | None = None
        self._down: DeliveryError | None = None
        self._kept = False

    def __enter__(self) -> Self:
        self._kept, self._down = True, None
        return self

    def __exit__(self, *_: object) -> None:
        self._kept = False
        self._leave()

    def send(self, letter: Letter) -> str:
        """Hand over one letter to one recipient and return the server's answer. Raises DeliveryError."""
        envelope = message(letter, sender=self.sender, sender_name=self.sender_name, reply_to=self.reply_to)
        raw = as_sent(envelope)
        server = self._ready()
        try:
            return self._hand_over(server, _ascii_domain(letter.recipient), raw)
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

    def _hand_over(self, server: smtplib.SMTP, recipient: str, raw: bytes) -> str:
        sender, options = _ascii_domain(self.sender), []
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


def message(letter: Letter, *, sender: str, sender_name: str, reply_to: str) -> EmailMessage:
    """The mail: plain text first, then HTML; a digest brings its table. Raises DeliveryError (permanent).

    The same letter makes the same bytes, Message-ID and boundaries included, so that a server sees a repetition as one.
    """
    written = write(letter)
    domain = _ascii_domain(sender).rpartition("@")[2]
    beyond_ascii = not all(_ascii_domain(address).isascii() for address in (sender, letter.recipient, reply_to))
    mail = EmailMessage(Wire(linesep="\r\n", cte_type="7bit", utf8=beyond_ascii))
    try:
        _headers(mail, letter, written, domain)
        mail["From"] = _address(sender, sender_name)
        mail["To"] = _address(letter.recipient, written.name)
        if reply_to:
            mail["Reply-To"] = _address(reply_to, "")
        _body(mail, letter, written)
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


def _headers(mail: EmailMessage, letter: Letter, written: Written, domain: str) -> None:
    mail["Message-ID"] = f"<{letter.key[:40]}@{domain}>"
    mail["Date"] = letter.created_at
    mail["Subject"] = _header(written.subject)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps holiday answers from writing back
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if letter.kind == "digest":
        mail["List-Id"] = f"<digest.lvyue.{domain}>"
    elif written.alert_id is not None:
        root = f"<case-{written.alert_id}@{domain}>"  # never sent itself; Outlook needs both headers
        mail["In-Reply-To"] = root
        mail["References"] = root


def _body(mail: EmailMessage, letter: Letter, written: Written) -> None:
    transfer = "base64" if letter.lang == "zh" else "quoted-printable"  # neither can hold a boundary, which has "=_"
    mail.set_content(written.text, cte=transfer)
    mail.add_alternative(written.html, subtype="html", cte=transfer)
    if written.attachment is not None:
        mail.add_attachment(
            written.attachment.data, maintype="text", subtype="csv", filename=written.attachment.name,
            params={"charset": "utf-8"},
        )  # fmt: skip
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{letter.key[:32]}_{number}")


def _header(text: str) -> str:
    """Text for a header. Python decodes an encoded word that a stranger wrote, and a line break inside it would be a new
    header: "=?utf-8?q?a=0D=0ABcc:_b?=" (seen with Python 3.11)."""
    return cut(one_line(text).replace("=?", "= ?"), 78)


def _address(address: str, name: str) -> Address:
    user, _, domain = _ascii_domain(address).rpartition("@")
    return Address(_header(name), user, domain)


def _ascii_domain(address: str) -> str:
    """The address with its domain as servers spell it; a name like 例子.cn is written in ASCII there."""
    user, at, domain = address.rpartition("@")
    try:
        return f"{user}{at}{domain.encode('idna').decode()}" if at else address
    except UnicodeError:
        return address


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
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
