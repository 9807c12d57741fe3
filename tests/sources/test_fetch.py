"""What `fetch` gives for a publisher that keeps its word, for a file, and for an answer that is none."""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from pydantic import TypeAdapter, ValidationError
from pytest_httpserver import HTTPServer

from monitor.domain.errors import ConfigError, LvyueError, RejectedError, SourceError
from monitor.sources.fetch import Fetched, FetchLimits, Validators, fetch
from tests.sources.publishers import asked

CONTRACTS = '[{"id": "HT-2026-001", "title": "示范区道路改造"}]'.encode()
LIMITS = FetchLimits(max_bytes=2**20, deadline_seconds=30, idle_seconds=10, attempts=3, backoff_seconds=0)


@pytest.fixture
def secure() -> Iterator[tuple[HTTPServer, trustme.CA]]:
    """A publisher on https whose certificate an authority signed that nobody trusts yet."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with HTTPServer(host="localhost", ssl_context=context) as server:
        yield server, authority


def test_a_document_comes_with_all_that_is_known_about_it(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/contracts.json").respond_with_data(
        CONTRACTS,
        content_type="application/json; charset=UTF-8",
        headers={"ETag": '"v1"', "Last-Modified": "Mon, 02 Mar 2026 08:00:00 GMT"},
    )
    location = httpserver.url_for("/contracts.json")
    assert fetch(location, limits=LIMITS) == Fetched(
        content=CONTRACTS,
        media_type="application/json",
        charset="utf-8",
        etag='"v1"',
        last_modified="Mon, 02 Mar 2026 08:00:00 GMT",
        sha256=hashlib.sha256(CONTRACTS).hexdigest(),
        location=location,
        status=200,
        attempts=1,
    )


def test_the_publisher_sees_who_asks_and_gets_the_configured_headers(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b"[]")
    fetch(httpserver.url_for("/"), limits=LIMITS, headers={"X-Api-Key": "k1", "Accept-Encoding": "br"})
    request, _ = httpserver.log[0]
    assert request.headers["User-Agent"].startswith("lvyue/")
    assert "government contract performance monitor" in request.headers["User-Agent"]
    assert request.headers["X-Api-Key"] == "k1"
    assert request.headers["Accept-Encoding"] == "gzip, identity", "only what we unpack under a cap"


def test_an_empty_answer_is_an_empty_document(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b"")
    assert fetch(httpserver.url_for("/"), limits=LIMITS).content == b""


def test_a_version_that_we_hold_is_not_sent_again(httpserver: HTTPServer) -> None:
    held = Validators(etag='"v1"', last_modified="Mon, 02 Mar 2026 08:00:00 GMT")
    comparison = {"If-None-Match": '"v1"', "If-Modified-Since": "Mon, 02 Mar 2026 08:00:00 GMT"}
    httpserver.expect_request("/", headers=comparison).respond_with_data(status=304)
    fetched = fetch(httpserver.url_for("/"), limits=LIMITS, validators=held)
    assert (fetched.not_modified, fetched.status, fetched.content) == (True, 304, b"")
    assert (fetched.etag, fetched.last_modified) == (held.etag, held.last_modified), "kept for the next pull"


@pytest.mark.parametrize("validators", [None, Validators()])
def test_not_modified_means_nothing_where_nothing_was_compared(
    httpserver: HTTPServer, validators: Validators | None
) -> None:
    httpserver.expect_request("/").respond_with_data(status=304)
    with pytest.raises(RejectedError, match="304"):
        fetch(httpserver.url_for("/"), limits=LIMITS, validators=validators)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (204, "browser"),
        (300, "browser"),
        (401, "credentials"),
        (403, "credentials"),
        (404, "check the address"),
        (410, "withdrew"),
    ],
)
def test_what_will_not_pass_is_said_at_once(httpserver: HTTPServer, status: int, advice: str) -> None:
    httpserver.expect_request("/").respond_with_data(b"", status=status)
    with pytest.raises(SourceError, match=f"answers {status}") as refusal:
        fetch(httpserver.url_for("/"), limits=LIMITS)
    assert not refusal.value.retry
    assert advice in refusal.value.hint
    assert asked(httpserver) == ["/"]


def test_a_certificate_is_trusted_only_through_a_known_authority(
    secure: tuple[HTTPServer, trustme.CA], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, authority = secure
    server.expect_request("/").respond_with_data(CONTRACTS)
    with pytest.raises(SourceError, match="certificate is not trusted") as refusal:
        fetch(server.url_for("/"), limits=LIMITS)
    assert not refusal.value.retry
    assert asked(server) == []

    authority.cert_pem.write_to_path(str(tmp_path / "office.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "office.pem"))
    assert fetch(server.url_for("/"), limits=LIMITS).content == CONTRACTS

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        fetch(server.url_for("/"), limits=LIMITS)


# What must not be told


def test_no_secret_is_in_any_message_log_or_result(httpserver: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/here").respond_with_data(b"[]")
    httpserver.expect_request("/gone").respond_with_data(b"", status=404)
    httpserver.expect_request("/busy").respond_with_data(b"", status=503)
    server = httpserver.url_for("").replace("://", "://reader:pass-word@")
    query = "?year=2026&key=to-ken"

    fetched = fetch(f"{server}/here{query}", limits=LIMITS)
    request, _ = httpserver.log[0]
    credentials = base64.b64encode(b"reader:pass-word").decode()
    assert request.headers["Authorization"] == f"Basic {credentials}", "the publisher does get them"
    assert request.query_string == query[1:].encode()

    told = [fetched.location, repr(fetched)]
    for path in ("gone", "busy"):
        with pytest.raises(SourceError) as refusal:
            fetch(f"{server}/{path}{query}", limits=LIMITS)
        told += [str(refusal.value), repr(refusal.value.__cause__)]
    told += [record.getMessage() for record in caplog.records if record.name != "werkzeug"]  # the publisher's
    for secret in ("reader", "pass-word", "to-ken", credentials):
        assert secret not in "\n".join(told)
    assert "/gone?year=***&key=***" in told[2]


@pytest.mark.parametrize("value", ["pass-word\nX-Evil: 1", "pass-word 密钥"], ids=["line-break", "not-ascii"])
def test_a_header_that_cannot_be_sent_is_refused_without_quoting_it(httpserver: HTTPServer, value: str) -> None:
    with pytest.raises(ConfigError, match="a header of this source") as refusal:
        fetch(httpserver.url_for("/"), limits=LIMITS, headers={"X-Api-Key": value})
    assert "pass-word" not in str(refusal.value)
    assert asked(httpserver) == []


# What can be asked


@pytest.mark.parametrize(
    "location",
    ["file:///etc/hostname", "file:/etc/hostname", "ftp://register.example/a", "gopher://register.example"],
)
def test_only_web_addresses_and_paths_are_fetched(location: str) -> None:
    with pytest.raises(ConfigError, match="only http:// and https://") as refusal:
        fetch(location, limits=LIMITS)
    assert "without a scheme" in refusal.value.hint


@pytest.mark.parametrize(
    "location",
    [
        "http://",
        "http:///path",
        "https://[::1",
        "http://me:pass-word@register.example:port/",
        "http://a\x00b/",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_quoting_secrets(location: str) -> None:
    with pytest.raises(ConfigError, match="not an address") as refusal:
        fetch(location, limits=LIMITS)
    assert "pass-word" not in str(refusal.value)


def test_a_misspelt_or_senseless_limit_is_refused_in_the_configuration() -> None:
    settings = TypeAdapter(FetchLimits)
    assert settings.validate_python({"max_bytes": 10}) == FetchLimits(max_bytes=10)
    for wrong in ({"max_byte": 10}, {"max_bytes": 0}, {"attempts": 0}, {"backoff_seconds": -1}):
        with pytest.raises(ValidationError):
            settings.validate_python(wrong)


# Files


def test_a_file_is_read_as_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "台账.csv").write_bytes(CONTRACTS)
    monkeypatch.chdir(tmp_path)
    assert fetch("台账.csv", limits=LIMITS) == Fetched(
        content=CONTRACTS,
        sha256=hashlib.sha256(CONTRACTS).hexdigest(),
        location=str(tmp_path / "台账.csv"),
        status=200,
        attempts=1,
    )


@pytest.mark.parametrize("name", ["contracts.json.gz", "contracts.json"])
def test_a_gzip_file_is_unpacked_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(CONTRACTS))
    assert fetch(str(tmp_path / name), limits=LIMITS).content == CONTRACTS


def test_a_file_larger_than_the_cap_is_rejected(tmp_path: Path) -> None:
    register = tmp_path / "contracts.json"
    register.write_bytes(bytes(2**20))
    assert len(fetch(str(register), limits=LIMITS).content) == 2**20
    register.write_bytes(bytes(2**20 + 1))
    with pytest.raises(RejectedError, match="larger than 1,048,576 bytes"):
        fetch(str(register), limits=LIMITS)


def test_a_gzip_file_still_being_written_is_tried_again_later(tmp_path: Path) -> None:
    register = tmp_path / "contracts.json.gz"
    register.write_bytes(gzip.compress(CONTRACTS)[:-9])
    with pytest.raises(SourceError, match="breaks off") as refusal:
        fetch(str(register), limits=LIMITS)
    assert refusal.value.retry


def test_what_is_no_file_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    faults = {"missing.csv": "No such file", ".": "a folder", "pipe": "not an ordinary file"}
    for location, fault in faults.items():
        with pytest.raises(LvyueError, match=fault) as refusal:
            fetch(location, limits=LIMITS)
        assert str(tmp_path / location) in str(refusal.value)
        assert not refusal.value.retry
    with pytest.raises(SourceError, match="null byte"):
        fetch("a\0b.csv", limits=LIMITS)
