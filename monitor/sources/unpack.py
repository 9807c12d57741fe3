"""Unpacking with a cap that holds while unpacking, so that 284 KiB cannot become 300 MB in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from monitor.domain.errors import RejectedError

GZIP_MAGIC = b"\x1f\x8b"
WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": zlib.MAX_WBITS}
PIECE_IN = 16 * 2**10
PIECE_OUT = 2**20


class BrokenOff(Exception):
    """Packed data ends before its end mark: the rest may come with another try."""


class Body:
    """Collects at most `max_bytes`, taking off one layer of compression on the way.

    httpx unpacks a chunk in one go: 284 KiB on the wire became 300 MB in memory. Here a step gives a MiB.
    """

    def __init__(self, shown: str, max_bytes: int, encoding: str = "identity") -> None:
        if encoding != "identity" and encoding not in WINDOW_BITS:
            raise RejectedError(f"{shown}: packed as {encoding!r}; we asked for gzip or nothing")
        self._shown, self._max_bytes, self._encoding = shown, max_bytes, encoding
        self._whole = bytearray()  # a list would cost more than the cap when the pieces are tiny
        self._fed = False
        self._bits = WINDOW_BITS.get(encoding, zlib.MAX_WBITS)
        self._inflate = zlib.decompressobj(self._bits)

    def feed(self, chunk: bytes) -> None:
        """Raises RejectedError when the body grows past the cap or is not what its encoding says."""
        if self._encoding == "identity":
            self._keep(chunk)
            return
        if chunk and not self._fed:
            self._fed = True
            headless = chunk[0] & 0x0F != zlib.DEFLATED
            if self._encoding == "deflate" and headless:  # some servers leave out the header of zlib
                self._bits = -zlib.MAX_WBITS
                self._inflate = zlib.decompressobj(self._bits)
        # Small pieces: each new gzip member copies the rest of its piece, and a hostile body is all members.
        for start in range(0, len(chunk), PIECE_IN):
            self._unpack(chunk[start : start + PIECE_IN])

    def whole(self) -> bytes:
        """All of it. Raises BrokenOff when the packed data ends before its end mark."""
        if self._fed:
            with self._damage_named():
                self._keep(self._inflate.flush())
            if not self._inflate.eof:
                raise BrokenOff("the compressed document breaks off before its end")
        return bytes(self._whole)

    def _unpack(self, packed: bytes) -> None:
        while packed:
            if self._inflate.eof:  # a gzip file may be several in a row, with zeros between
                packed = packed.lstrip(b"\0")
                if not packed:
                    return
                self._inflate = zlib.decompressobj(self._bits)
            with self._damage_named():
                self._keep(self._inflate.decompress(packed, PIECE_OUT))
            packed = self._inflate.unconsumed_tail or self._inflate.unused_data

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        try:
            yield
        except zlib.error as error:
            raise RejectedError(
                f"{self._shown}: the compressed document is damaged ({error})",
                hint="ask the publisher to repair it",
                why="damaged",
            ) from error

    def _keep(self, part: bytes) -> None:
        if len(self._whole) + len(part) > self._max_bytes:
            raise RejectedError(
                f"{self._shown}: larger than {self._max_bytes:,} bytes when unpacked",
                hint="raise this source's size limit if the publisher really has so much to say",
                why="too_large",
            )
        self._whole += part


def ungzipped(content: bytes, shown: str, max_bytes: int) -> bytes:
    """What a gzip file holds; anything else as it is. Errors as `Body`."""
    # The name decides nothing: a server may unpack data.json.gz on the way, or pack what is not named so.
    if not content.startswith(GZIP_MAGIC):
        return content
    body = Body(shown, max_bytes, "gzip")
    body.feed(content)
    return body.whole()
