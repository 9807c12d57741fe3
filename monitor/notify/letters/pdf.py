"""A letter on paper: PDF/A-2b on A4, set by typst from `paper.typ` with the one font that lies here.

What is printed goes in as JSON and is never read as markup. The same letter makes the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.domain.errors import DeliveryError
from monitor.notify.letters.content import Case
from monitor.notify.letters.glyphs import FONT, readable
from monitor.notify.letters.inert import one_line
from monitor.notify.letters.parts import Paper
from monitor.notify.letters.reader import Reader

if TYPE_CHECKING:
    from typst import Compiler

SHEET = Path(__file__).with_name("paper.typ")


def printed(paper: Paper, case: Case, reader: Reader, *, foot: list[str]) -> bytes:
    """The letter as PDF, `foot` in small at its end.

    Raises DeliveryError: passing where typst or the font is not there, permanent where this letter cannot be set. A page
    with empty boxes in place of words is never made.
    """
    context = case.context
    data = asdict(paper) | {
        "lang": reader.lang, "office": context.office, "foot": foot, "colon": reader.say("colon"),
        "declared": reader.say("declared", declared=context.declared) if context.declared else "",
        "day": reader.day(case.as_of), "date": [case.as_of.year, case.as_of.month, case.as_of.day],
    }  # fmt: skip
    return typeset(SHEET, legible(data, reader.lang))


def legible(value: Any, lang: str) -> Any:
    """The same data, with every text in characters that the font has."""
    if isinstance(value, str):
        return readable(value, lang)
    if isinstance(value, dict):
        return {key: legible(item, lang) for key, item in value.items()}
    return [legible(item, lang) for item in value] if isinstance(value, list | tuple) else value


def typeset(sheet: Path, data: Any) -> bytes:
    """A typst file with data in `sys.inputs.data`, as JSON, as PDF/A-2b. Raises DeliveryError as `printed`."""
    compiler, inputs = _compiler(sheet), {"data": json.dumps(data, ensure_ascii=False)}
    from typst import TypstError

    try:
        made, warnings = compiler.compile_with_warnings(format="pdf", sys_inputs=inputs, pdf_standards=["a-2b"])
    except TypstError as fault:
        raise DeliveryError(
            f"the letter cannot be printed: {one_line(str(fault), 300)}",
            hint="The letter is set aside, all others go out. Please report this with the text above.", permanent=True,
        ) from fault  # fmt: skip
    if warnings or not isinstance(made, bytes):  # a font that is missing is a mere warning, and prints boxes
        told = "; ".join(one_line(warning.message, 200) for warning in warnings)
        raise DeliveryError(f"{sheet.name}: the letter cannot be printed as it should be: {told}", hint=_MEND)
    return made


@cache
def _compiler(sheet: Path) -> Compiler:
    """One for all letters of a sheet: reading the font takes longer than setting a page."""
    try:
        from typst import Compiler, Fonts
    except ImportError as fault:
        raise DeliveryError("letters cannot be printed: typst is not installed", hint=_MEND) from fault
    if not FONT.exists():
        raise DeliveryError(f"{FONT}: letters cannot be printed: the font is not there", hint=_MEND)
    fonts = Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT.parent)])
    return Compiler(str(sheet), font_paths=fonts, ignore_system_fonts=True)


_MEND = "Install Lvyue anew; the letters wait and are tried again."
