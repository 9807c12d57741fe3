"""A packed workbook, looked at by its directory before anything in it is unpacked, and then our own copy of its parts.

Refused at once: more than it may unpack to, packed tighter than any workbook is, thousands of parts, one part twice,
a name that leads out of the archive, a password, macros, a document type (entities). Calamine and expat get the copy.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence

from monitor.domain.errors import RejectedError

ZIP_MAGIC = b"PK\x03\x04"
DIRECTORY_ENTRY = b"PK\x01\x02"
PARTS = 2_000
TIGHTEST = 100
"""Unpacked bytes a packed one may stand for, as in Apache POI; real sheets stay below 30."""
SMALL = 4 * 2**20
"""Bytes up to which it does not matter how tightly they were packed."""
KEPT = (".xml", ".rels", ".bin", "mimetype")
LEADS_OUT = re.compile(r"(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:|\0")
MACROS = re.compile(r"(^|/)vbaProject\.bin$|^(Basic|Scripts)/", re.IGNORECASE)
MACRO_TYPES = (b"vbaProject", b"macroEnabled")
DECLARATIONS = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
ENCRYPTED = 0x1
"""The flag of a part that needs a password (APPNOTE 4.4.4)."""
SAVE_AGAIN = "open it in Excel or WPS and save it as .xlsx"
KEEPS = "the last good state stays as it was"


def unpacked(content: bytes, shown: str, *, max_bytes: int) -> dict[str, bytes]:
    """The parts of a packed workbook that hold cells. Raises RejectedError for what no honest workbook is.

    What the directory claims is enough to refuse it and never enough to believe it: parts are read piece by piece up to
    `max_bytes` in all.
    """
    if content.count(DIRECTORY_ENTRY) > PARTS:  # before the directory costs a Python object for each of a million
        raise RejectedError(f"{shown}: holds more than {PARTS:,} parts; a workbook has a few dozen", why="unsafe")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            found = packed.infolist()
            _refuse_names(found, shown)
            kept = [part for part in found if part.filename.endswith(KEPT)]
            _refuse_sizes(kept, shown, max_bytes=max_bytes)
            return _read(packed, kept, shown, max_bytes=max_bytes)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise RejectedError(f"{shown}: the workbook cannot be unpacked: {error}", hint=KEEPS, why="damaged") from error


def packed_again(parts: dict[str, bytes]) -> bytes:
    """The parts as an archive that says the truth about itself.

    >>> unpacked(packed_again({"a.xml": b"<a/>"}), "book", max_bytes=100)
    {'a.xml': b'<a/>'}
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def _refuse_names(found: Sequence[zipfile.ZipInfo], shown: str) -> None:
    names: set[str] = set()
    for part in found:
        if part.flag_bits & ENCRYPTED:
            raise RejectedError(f"{shown}: this workbook is encrypted", hint="remove its password", why="encrypted")
        if LEADS_OUT.search(part.orig_filename):
            raise RejectedError(
                f"{shown}: holds a part named {part.orig_filename!r}, which leads out of the archive", why="unsafe"
            )
        if MACROS.search(part.filename):
            raise macros(shown)
        if part.filename in names:
            raise RejectedError(f"{shown}: holds {part.filename} twice", hint=SAVE_AGAIN, why="unsafe")
        names.add(part.filename)


def macros(shown: str) -> RejectedError:
    """Nothing here would run them. But whoever opens the ledger to mend a row would, and a ledger needs none."""
    return RejectedError(f"{shown}: this workbook has macros", hint="save it as .xlsx, which holds none", why="macros")


def _refuse_sizes(kept: Sequence[zipfile.ZipInfo], shown: str, *, max_bytes: int) -> None:
    size, packed = sum(part.file_size for part in kept), sum(part.compress_size for part in kept)
    if size > max_bytes:
        raise _too_large(shown, max_bytes)
    if size > SMALL and size > TIGHTEST * packed:
        raise RejectedError(
            f"{shown}: {packed:,} packed bytes stand for {size:,}; no workbook is packed so tightly",
            hint=SAVE_AGAIN,
            why="unsafe",
        )


def _read(packed: zipfile.ZipFile, kept: Sequence[zipfile.ZipInfo], shown: str, *, max_bytes: int) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    left = max_bytes
    for part in kept:
        with packed.open(part) as file:
            read = file.read(left + 1)
        left -= len(read)
        if left < 0:
            raise _too_large(shown, max_bytes)
        if any(word in read for word in DECLARATIONS):
            raise RejectedError(
                f"{shown}: {part.filename} declares a document type, as no workbook does", hint=SAVE_AGAIN, why="unsafe"
            )
        if part.filename == "[Content_Types].xml" and any(word in read for word in MACRO_TYPES):
            raise macros(shown)
        parts[part.filename] = read
    return parts


def _too_large(shown: str, max_bytes: int) -> RejectedError:
    return RejectedError(
        f"{shown}: larger than {max_bytes:,} bytes when unpacked",
        hint="raise `limits.max_bytes` of this source if the ledger really has so much to say",
        why="too_large",
    )
