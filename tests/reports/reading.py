"""Reads what we wrote: pages as a tree, pictures as strict XML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
ALONE = {"meta", "link", "br", "img", "hr", "input"}


@dataclass
class Element:
    """A tag with what stands in it, in order."""

    tag: str
    attributes: dict[str, str]
    inside: list[Element | str] = field(default_factory=list)

    def all(self, tag: str = "") -> list[Element]:
        """Every element below of that tag, or of any, in the order of the page."""
        found: list[Element] = []
        for part in self.inside:
            if isinstance(part, Element):
                found += [part] if tag in ("", part.tag) else []
                found += part.all(tag)
        return found

    def by_id(self, wanted: str) -> Element:
        """The section headed by the heading of that id."""
        return next(e for e in self.all("section") if e.attributes.get("aria-labelledby") == wanted)

    @property
    def text(self) -> str:
        """All text inside, spaces folded."""
        parts = (part if isinstance(part, str) else f"{part.text} " for part in self.inside)
        return re.sub(r"\s+", " ", "".join(parts)).strip()


class Page(HTMLParser):
    """Reads a page and insists that every tag is closed where it was opened."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.root = Element("root", {})
        self.path = [self.root]
        self.feed(markup)
        self.close()
        assert self.path == [self.root], f"left open: {self.path[-1].tag}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.path[-1].inside.append(element)
        if tag not in ALONE:
            self.path.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.path[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.path.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.path[-1].inside.append(data)


def read_markup(markup: str) -> Element:
    """The whole page as a tree. Raises AssertionError for tags that are not nested."""
    return Page(markup).root


def blocks(picture: ElementTree.Element, part: str) -> list[ElementTree.Element]:
    """The rectangles of one series, in the order drawn."""
    return [rect for rect in picture.iter(f"{SVG}rect") if rect.get("data-series") == part]
