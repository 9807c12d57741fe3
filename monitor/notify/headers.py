"""The headers of a mail: what it is, which thread it stands in, how to leave it, where it goes when it cannot arrive."""

from __future__ import annotations

from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any
from urllib.parse import quote

from monitor.domain.warning import Letter
from monitor.domain.words import word
from monitor.notify.letters import WISHED, Written
from monitor.notify.letters.inert import cut, one_line

SUBJECT_COLUMNS = 78
BOUNCE_KEY = 16
"""Characters of a letter's key that its bounce address carries: enough to find the letter again."""


class Wire(EmailPolicy):
    """How headers travel. Python's own folding loses and doubles spaces where words in and beyond ASCII meet (seen with
    3.11, 3.12 and 3.13), and two letters of one thread would differ in their subject: such headers are encoded whole. It
    also makes encoded words of long addresses, which no mail program reads in List-Unsubscribe (RFC 8058)."""

    def fold(self, name: str, value: Any) -> str:
        """The header as it travels, with its last line end."""
        if name == "List-Unsubscribe":
            return f"{name}: {str(value).replace(', ', f',{self.linesep} ')}{self.linesep}"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """How letters are filed, left and returned; `[mail]` sets it. Empty: derived from the sender, or not offered."""

    list_id: str = ""
    unsubscribe_url: str = ""
    bounce: str = ""

    def envelope_sender(self, letter: Letter, sender: str) -> str:
        """Who gets the letter back that cannot be delivered. The address says which letter it was (VERP).

        >>> from datetime import datetime, UTC
        >>> at = datetime(2026, 3, 1, tzinfo=UTC)
        >>> letter = Letter(key="3f" * 32, kind="digest", recipient="", lang="zh", content={}, created_at=at)
        >>> Routing(bounce="bounce@office.example").envelope_sender(letter, "alerts@office.example")
        'bounce+3f3f3f3f3f3f3f3f@office.example'
        """
        if not self.bounce:
            return sender
        user, _, domain = self.bounce.rpartition("@")
        return f"{user}+{letter.key[:BOUNCE_KEY]}@{domain}"


PLAIN = Routing()
"""Filed under the sender's domain, left and returned by mail to the sender."""


def describe(mail: EmailMessage, letter: Letter, written: Written, *, domain: str) -> None:
    """Say what the mail is, and that a machine wrote it. A letter about one warning stands in the thread of its case."""
    mail["Message-ID"] = f"<{letter.key[:40]}@{domain}>"
    mail["Date"] = letter.created_at
    mail["Subject"] = header_text(written.subject)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps holiday answers from writing back
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if written.alert_id is not None:
        root = f"<case-{written.alert_id}@{domain}>"  # never sent itself; Outlook needs both headers
        mail["In-Reply-To"] = root
        mail["References"] = root


def file_under(mail: EmailMessage, letter: Letter, *, domain: str, answers: str, routing: Routing) -> None:
    """Say how the mail is filed and left. `answers` is the address that a person reads.

    A letter about one warning cannot be left: to send it is the office's duty. What somebody wished for, the digest, the
    weekly report and saved reports, says how (RFC 2369, RFC 8058).
    """
    mail["List-Id"] = f"<{routing.list_id or f'lvyue.{domain}'}>"
    if letter.kind in WISHED:
        mail["List-Unsubscribe"] = _leave(letter, answers, routing.unsubscribe_url)
        if routing.unsubscribe_url:
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def header_text(text: str) -> str:
    """Text for a header. Python decodes an encoded word that a stranger wrote, and a line break inside it would be a new
    header: "=?utf-8?q?a=0D=0ABcc:_b?=" (seen with Python 3.11)."""
    return cut(one_line(text).replace("=?", "= ?"), SUBJECT_COLUMNS)


def address(given: str, name: str) -> Address:
    """An address with the name beside it."""
    user, _, domain = ascii_domain(given).rpartition("@")
    return Address(header_text(name), user, domain)


def ascii_domain(given: str) -> str:
    """The address with its domain as servers spell it; a name like 例子.cn is written in ASCII there."""
    user, at, domain = given.rpartition("@")
    try:
        return f"{user}{at}{domain.encode('idna').decode()}" if at else given
    except UnicodeError:
        return given


def _leave(letter: Letter, answers: str, url: str) -> str:
    """By mail to a person, whose answer comes from the office; by one click where the office runs a page for it."""
    subject = word(f"letter.leave.{letter.kind}", letter.lang)
    by_mail = f"<mailto:{quote(ascii_domain(answers), safe='@')}?subject={quote(subject)}>"
    sign = "&" if "?" in url else "?"
    return f"<{url}{sign}letter={letter.key}>, {by_mail}" if url else by_mail
