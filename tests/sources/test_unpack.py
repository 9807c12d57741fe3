"""Packed documents: unpacked once, whole or not at all, and never past the cap."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from pathlib import Path

import pytest

from monitor.domain.errors import RejectedError, SourceError
from monitor.sources.fetch import FetchLimits, fetch
from tests.sources.publishers import Publisher, Script, answers, answers_in_chunks, never_ends

MIB = 2**20
CONTRACTS = b'[{"id": "HT-2026-001"}]' * 1000
LIMITS = FetchLimits(max_bytes=16 * MIB, deadline_seconds=60, idle_seconds=10, attempts=2, backoff_seconds=0)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Under 300 KiB that unpack to 300 MB."""
    packer = zlib.compressobj(wbits=31)
    return b"".join([*(packer.compress(bytes(MIB)) for _ in range(300)), packer.flush()])


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(CONTRACTS)),
        ("x-gzip", gzip.compress(CONTRACTS)),
        ("GZIP", gzip.compress(CONTRACTS[:999]) + bytes(512) + gzip.compress(CONTRACTS[999:]) + bytes(512)),
        ("deflate", zlib.compress(CONTRACTS)),
        ("deflate", raw_deflate(CONTRACTS)),
        ("identity", gzip.compress(CONTRACTS)),
        ("gzip", gzip.compress(gzip.compress(CONTRACTS))),
    ],
    ids=[
        "gzip",
        "old-name",
        "gzip-in-two-parts",
        "deflate",
        "deflate-bare",
        "gzip-file",
        "gzip-file-in-gzip",
    ],
)
@pytest.mark.parametrize("size", [1, 100_000])
def test_a_packed_document_is_unpacked(encoding: str, body: bytes, size: int) -> None:
    with Publisher(answers_in_chunks(body, size, Content_Encoding=encoding)) as publisher:
        assert fetch(publisher.url, limits=LIMITS).content == CONTRACTS


def test_the_last_bytes_come_out_even_when_no_packed_byte_is_left_for_them() -> None:
    # zlib may have taken in all of a bare deflate body while its output still waits behind the step's limit.
    with Publisher(answers(raw_deflate(bytes(MIB + 7)), Content_Encoding="deflate")) as publisher:
        assert fetch(publisher.url, limits=LIMITS).content == bytes(MIB + 7)


def test_only_one_layer_of_each_kind_is_taken_off(tmp_path: Path) -> None:
    register = tmp_path / "contracts.json.gz.gz"
    register.write_bytes(gzip.compress(gzip.compress(CONTRACTS)))
    assert gzip.decompress(fetch(str(register), limits=LIMITS).content) == CONTRACTS


def test_an_empty_answer_said_to_be_packed_is_empty() -> None:
    with Publisher(answers(b"", Content_Encoding="gzip")) as publisher:
        assert fetch(publisher.url, limits=LIMITS).content == b""


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_packed_document_that_breaks_off_is_asked_for_again(encoding: str) -> None:
    whole, half = gzip.compress(CONTRACTS), gzip.compress(CONTRACTS)[:-5]
    broken = answers(half, Content_Encoding=encoding)
    with Publisher(broken, answers(whole, Content_Encoding=encoding)) as publisher:
        assert fetch(publisher.url, limits=LIMITS).content == CONTRACTS
    with (
        Publisher(broken) as publisher,
        pytest.raises(SourceError, match=r"breaks off.*2 attempts") as refusal,
    ):
        fetch(publisher.url, limits=LIMITS)
    assert refusal.value.retry


@pytest.mark.parametrize(
    ("encoding", "body", "fault"),
    [
        ("gzip", b"<html>maintenance</html>", "damaged"),
        ("gzip", gzip.compress(CONTRACTS)[:-8] + bytes(8), "damaged"),
        ("gzip", gzip.compress(CONTRACTS) + b"and more", "damaged"),
        ("br", b"whatever", "packed as 'br'"),
        ("gzip, gzip", gzip.compress(gzip.compress(CONTRACTS)), "packed as 'gzip, gzip'"),
    ],
    ids=["not-packed", "wrong-checksum", "more-behind", "not-asked-for", "twice"],
)
def test_what_cannot_be_unpacked_is_rejected_at_once(encoding: str, body: bytes, fault: str) -> None:
    with Publisher(answers(body, Content_Encoding=encoding)) as publisher:
        with pytest.raises(RejectedError, match=fault) as refusal:
            fetch(publisher.url, limits=LIMITS)
        assert not refusal.value.retry
        assert len(publisher.requests) == 1


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_gzip_bomb_stops_at_the_cap(bomb: bytes, encoding: str) -> None:
    """Test 24 of the promises."""
    assert len(bomb) < 300 * 1024
    with Publisher(answers(bomb, Content_Encoding=encoding)) as publisher:
        assert peak_of_rejection(publisher.url) < 64 * MIB


def test_a_gzip_bomb_in_a_file_stops_at_the_cap(bomb: bytes, tmp_path: Path) -> None:
    register = tmp_path / "contracts.json.gz"
    register.write_bytes(bomb)
    assert peak_of_rejection(str(register)) < 64 * MIB


@pytest.mark.parametrize(
    "script",
    [never_ends, answers(bytes(100_001)), answers_in_chunks(bytes(100_001), 2)],
    ids=["endless", "one-byte-too-many", "in-crumbs"],
)
def test_a_body_larger_than_the_cap_is_given_up(script: Script) -> None:
    limits = FetchLimits(max_bytes=100_000, deadline_seconds=60, idle_seconds=10, backoff_seconds=0)
    with Publisher(script) as publisher, pytest.raises(RejectedError, match="larger than 100,000 bytes"):
        fetch(publisher.url, limits=limits)


def peak_of_rejection(location: str) -> int:
    """The most memory, in bytes, that was held while fetching what is larger than the cap."""
    tracemalloc.start()
    try:
        with pytest.raises(RejectedError, match="larger than 16,777,216 bytes when unpacked"):
            fetch(location, limits=LIMITS)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
