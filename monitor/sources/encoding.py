"""Text from bytes whose encoding nobody states: UTF-8, or else the reading whose letters are most at home.

Statistics of whole languages failed on real portals (Mac Roman was read as Mac Iceland, Latin-1 as HP
Roman-8), so the question is smaller: does each character outside ASCII fit its neighbours? A guess stays a
guess: the true encoding belongs into config.toml.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

from monitor.domain.errors import ConfigError, RejectedError

# Order decides a tie. The last one can read anything.
ENCODINGS = ("gb18030", "cp1252", "cp1250", "cp1251", "mac_roman", "latin-1")
RUN = re.compile(r"([\x00-\x7f]?)([^\x00-\x7f]+)(?=([\x00-\x7f]?))")
RUNS_READ = 20_000
DAMAGE = 10


def decode(content: bytes, encoding: str, *, where: str) -> str:
    """The text of `content`, lines ended by a bare newline. `encoding` is a Python codec, or `auto`.

    Raises RejectedError when it is no text or not of that encoding, ConfigError when no such encoding exists.
    """
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode(encoding if encoding != "auto" else "utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if encoding != "auto" or wide:
            reason = f"{error.reason} at byte {error.start}"
            raise RejectedError(f"{where}: the text is not {error.encoding}: {reason}", why="no_text") from error
        text = _likeliest(content)
    except LookupError as error:
        raise ConfigError(f"{where}: there is no encoding {encoding!r}", hint="utf-8, gb18030, cp1252 …") from error
    if "\0" in text:
        raise RejectedError(
            f"{where}: this is not text", hint="what is it? Say so by the `format` of the source", why="no_text"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")


def _likeliest(content: bytes) -> str:
    damaged = content.decode("utf-8-sig", errors="replace")
    if damaged.count("\ufffd") * DAMAGE < len(damaged) - len(damaged.encode("ascii", "ignore")):
        return damaged  # UTF-8 with a hole: one bad byte must not turn every letter into another
    readings = []
    for encoding in ENCODINGS:
        try:
            readings.append(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return max(readings, key=at_home)


def at_home(text: str) -> float:
    """How well the characters outside ASCII fit their neighbours, from -1 to 1; 0 where there are none.

    In a wrong reading they are symbols inside words, capitals after small letters, rows of accented letters,
    or a lone ideograph in a Latin word.

    >>> [round(at_home(b"Educaci\\xf3n".decode(name))) for name in ("cp1252", "mac_roman", "gb18030")]
    [1, -1, -1]
    """
    score = size = 0
    for found in islice(RUN.finditer(text), RUNS_READ):
        before, run, after = found.groups()
        size += len(run)
        score += sum(_fit(character, before, run, after) for character in run)
    return score / size if size else 0.0


def _fit(character: str, before: str, run: str, after: str) -> int:
    """1 at home, -1 out of place, 0 cannot say. `before` and `after` are the ASCII neighbours of the run."""
    beside_letter = before.isalpha() or after.isalpha()
    if unicodedata.category(character) in ("Cc", "Co", "Cn"):
        return -1
    if character in "ºª":  # N.º: letters to Unicode
        return 1
    if not character.isalpha():
        return -1 if before.isalpha() and after.isalpha() else 0
    if not unicodedata.name(character, "").startswith("LATIN"):
        return -1 if beside_letter and len(run) == 1 else 1
    if len(run) > 2 or (character.isupper() and before.islower()):
        return -1
    return 1 if beside_letter else 0
