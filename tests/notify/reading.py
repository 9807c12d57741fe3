"""Mail read as a mail program reads it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import strict
from html.parser import HTMLParser

VOID = ("meta", "br", "img", "link", "input", "hr")


@dataclass
class Element:
    """A tag, its attributes and what is in it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    def all(self) -> list[Element]:
        """Itself and every element inside."""
        return [self, *(inner for child in self.children if isinstance(child, Element) for inner in child.all())]

    @property
    def text(self) -> str:
        """What a reader sees of it."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class Page(HTMLParser):
    """HTML as a tree. Tags that are closed by the wrong name, or never, fail."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self._here = Element("", {})
        self.feed(html)
        self.close()
        assert self._here is self.root, f"<{self._here.tag}> is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._here)
        self._here.children.append(element)
        if tag not in VOID:
            self._here = element

    def handle_endtag(self, tag: str) -> None:
        assert self._here.tag == tag, f"</{tag}> closes <{self._here.tag}>"
        assert self._here.parent is not None
        self._here = self._here.parent

    def handle_data(self, data: str) -> None:
        self._here.children.append(data)


@dataclass
class Mail:
    """One received mail."""

    message: EmailMessage
    text: str
    html: str
    table: list[list[str]]
    table_name: str
    files: dict[str, EmailMessage]

    @property
    def page(self) -> Element:
        return Page(self.html).root


def read(raw: bytes) -> Mail:
    """Parse by the strict policy, which raises at every defect; each header is looked at, for defects hide until then."""
    parsed = message_from_bytes(raw, policy=strict)
    assert isinstance(parsed, EmailMessage)
    for part in parsed.walk():
        assert not part.defects
        for name, value in part.items():
            assert not getattr(value, "defects", ()), f"{name}: {value.defects}"
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    table, name, files = [], "", {}
    for part in parsed.iter_attachments():
        assert isinstance(part, EmailMessage)
        files[part.get_filename() or ""] = part
        if part.get_content_type() == "text/csv":
            name = part.get_filename() or ""
            content = data_of(part)
            assert content.startswith(b"\xef\xbb\xbf"), "Excel needs the mark to read Chinese"
            table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    text, page = (body.get_content().replace("\r\n", "\n") for body in (plain, html))
    return Mail(parsed, text, page, table, name, files)


def data_of(part: EmailMessage) -> bytes:
    """The bytes of an attached file."""
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content
