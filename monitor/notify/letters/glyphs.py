"""Which characters the printed letter's font has, and what stands for those it lacks: never an empty box."""

from __future__ import annotations

import re
import struct
import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

FONT = Path(__file__).with_name("fonts") / "NotoSansSC-Regular.ttf"
LONGEST_WORD = 24
"""Letters without a space after which a line may break: a megabyte in one word must not leave the page."""

_INVISIBLE = re.compile("[\u200c\u200d\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]")
"""Joiners, variants and skin tones: they change a picture that is told in words here."""
_FLAG_LETTER = range(0x1F1E6, 0x1F200)
_ACCENTED = re.compile("\\w[\u0300-\u036f]+")
_LONG = re.compile(rf"[!-~]{{{LONGEST_WORD}}}(?=[!-~])")
_CODES_SHOWN = 6


def readable(text: str, lang: str) -> str:
    """The text in characters that the font has. A picture is told by its name, a letter of another script by its code.

    >>> readable("屋顶🏗️ 𠮿 عقد", "zh"), readable("roof \U0001f477\u200d\u2640\ufe0f", "en")
    ('屋顶〔building construction〕 〔U+20BBF〕 〔U+0639 U+0642 U+062F〕', 'roof [construction worker]♀')
    """
    plain = _ACCENTED.sub(lambda match: unicodedata.normalize("NFC", match[0]), _INVISIBLE.sub("", text))
    told = "".join("".join(run) if known else _in_words(list(run), lang) for known, run in groupby(plain, _is_drawn))
    return _LONG.sub("\\g<0>\u200b", told)


def _is_drawn(character: str) -> bool:
    return ord(character) in _known()


def _in_words(characters: list[str], lang: str) -> str:
    """Pictures by their names, halves of flags by their letters; letters of other scripts by their codes, the first six."""
    left, right = ("〔", "〕") if lang == "zh" else ("[", "]")
    told = []
    for picture, run in groupby(characters, _name):
        codes = [f"U+{ord(character):04X}" for character in run]
        if len(picture) == 1:
            told.append(picture * len(codes))
        elif picture:
            told.append(f"{left}{picture}{right}" * len(codes))
        else:
            more = " …" if len(codes) > _CODES_SHOWN else ""
            told.append(f"{left}{' '.join(codes[:_CODES_SHOWN])}{more}{right}")
    return "".join(told)


def _name(character: str) -> str:
    """The name of a picture, the letter of half a flag; nothing for letters of other scripts."""
    if ord(character) in _FLAG_LETTER:
        return chr(ord(character) - _FLAG_LETTER.start + ord("A"))
    return unicodedata.name(character, "").lower() if unicodedata.category(character).startswith("S") else ""


@cache
def _known() -> frozenset[int]:
    """Code points that the font draws, as its table `cmap` (OpenType, subtable of format 12) lists them."""
    with FONT.open("rb") as font:
        head = font.read(12)
        (tables,) = struct.unpack(">H", head[4:6])
        directory = font.read(16 * tables)
        start, length = struct.unpack(">II", directory[(at := directory.index(b"cmap")) + 8 : at + 16])
        font.seek(start)
        cmap = font.read(length)
    (subtables,) = struct.unpack(">H", cmap[2:4])
    for at in range(4, 4 + 8 * subtables, 8):
        (offset,) = struct.unpack(">I", cmap[at + 4 : at + 8])
        if struct.unpack(">H", cmap[offset : offset + 2]) == (12,):
            (groups,) = struct.unpack(">I", cmap[offset + 12 : offset + 16])
            ranges = struct.iter_unpack(">III", cmap[offset + 16 : offset + 16 + 12 * groups])
            return frozenset(code for first, last, _ in ranges for code in range(first, last + 1)) | {0x200B}
    raise ValueError(f"{FONT.name}: no list of characters (cmap, format 12)")
