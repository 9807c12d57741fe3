"""Trying again, and ending in time: what happens when a publisher is down, slow, or leaves half-way."""

from __future__ import annotations

import socket

import pytest
from pytest_httpserver import HTTPServer

from monitor.domain.errors import SourceError
from monitor.sources.fetch import FetchLimits, fetch
from tests.sources.publishers import (
    Publisher,
    Script,
    answers,
    asked,
    breaks_off,
    drips_body,
    drips_head,
    hangs_up,
    stays_silent,
)

CONTRACTS = b'[{"id": "HT-2026-001"}]'
LIMITS = FetchLimits(max_bytes=2**20, deadline_seconds=30, idle_seconds=10, attempts=3, backoff_seconds=0)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_for_again(httpserver: HTTPServer, status: int) -> None:
    """Test 19 of the promises."""
    httpserver.expect_ordered_request("/").respond_with_data(b"later", status=status)
    httpserver.expect_ordered_request("/").respond_with_data(CONTRACTS)
    fetched = fetch(httpserver.url_for("/"), limits=LIMITS)
    assert (fetched.content, fetched.attempts) == (CONTRACTS, 2)


@pytest.mark.parametrize(
    "wait",
    ["0", "1", "Thu, 01 Jan 2026 00:00:00 GMT", "soon", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"],
    ids=["now", "a-second", "a-date-that-passed", "no-time-at-all", "no-such-year"],
)
def test_a_busy_publisher_names_its_time(httpserver: HTTPServer, wait: str) -> None:
    """Test 19 of the promises: Retry-After."""
    httpserver.expect_ordered_request("/").respond_with_data(status=503, headers={"Retry-After": wait})
    httpserver.expect_ordered_request("/").respond_with_data(CONTRACTS)
    assert fetch(httpserver.url_for("/"), limits=LIMITS).attempts == 2


@pytest.mark.parametrize("wait", ["3600", "9" * 400, "Fri, 31 Dec 2100 00:00:00 GMT"])
def test_nobody_waits_past_the_deadline_because_a_publisher_says_so(httpserver: HTTPServer, wait: str) -> None:
    httpserver.expect_request("/").respond_with_data(status=503, headers={"Retry-After": wait})
    with pytest.raises(SourceError, match="come back later") as refusal:
        fetch(httpserver.url_for("/"), limits=LIMITS)
    assert refusal.value.retry
    assert asked(httpserver) == ["/"]


def test_our_own_patience_ends_at_the_deadline(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(status=503)
    limits = FetchLimits(deadline_seconds=0.5, attempts=3, backoff_seconds=10_000)
    with pytest.raises(SourceError, match=r"not done within 0\.5 seconds") as refusal:
        fetch(httpserver.url_for("/"), limits=limits)
    assert refusal.value.retry


def test_a_publisher_that_stays_down_is_left_for_the_next_pull(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(status=503)
    with pytest.raises(SourceError, match=r"answers 503 .*3 attempts") as refusal:
        fetch(httpserver.url_for("/"), limits=LIMITS)
    assert refusal.value.retry
    assert len(asked(httpserver)) == 3


def test_an_error_of_the_publisher_that_no_second_try_cures_is_left_for_the_next_pull(
    httpserver: HTTPServer,
) -> None:
    httpserver.expect_request("/").respond_with_data(status=501)
    with pytest.raises(SourceError, match="answers 501") as refusal:
        fetch(httpserver.url_for("/"), limits=LIMITS)
    assert refusal.value.retry
    assert asked(httpserver) == ["/"]


def test_a_publisher_that_is_switched_off_is_left_for_the_next_pull() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(SourceError, match=r"refused.*3 attempts") as refusal:
        fetch(f"http://127.0.0.1:{port}/contracts.json", limits=LIMITS)
    assert refusal.value.retry


@pytest.mark.parametrize("fault", [hangs_up, breaks_off])
def test_an_answer_that_breaks_off_is_asked_for_again(fault: Script) -> None:
    """Test 19 of the promises: a reset connection."""
    with Publisher(fault, answers(CONTRACTS)) as publisher:
        fetched = fetch(publisher.url, limits=LIMITS)
    assert (fetched.content, fetched.attempts) == (CONTRACTS, 2)


@pytest.mark.parametrize("fault", [hangs_up, breaks_off])
def test_half_a_document_is_never_taken_for_a_whole_one(fault: Script) -> None:
    with Publisher(fault) as publisher, pytest.raises(SourceError, match="3 attempts") as refusal:
        fetch(publisher.url, limits=LIMITS)
    assert refusal.value.retry
    assert len(publisher.requests) == 3


def test_a_publisher_that_falls_silent_is_asked_again_and_then_left() -> None:
    limits = FetchLimits(deadline_seconds=30, idle_seconds=0.1, attempts=2, backoff_seconds=0)
    with (
        Publisher(stays_silent) as publisher,
        pytest.raises(SourceError, match="no answer in time") as refusal,
    ):
        fetch(publisher.url, limits=limits)
    assert refusal.value.retry
    assert len(publisher.requests) == 2


@pytest.mark.parametrize("drip", [drips_body, drips_head])
def test_a_byte_now_and_then_does_not_hold_us_past_the_deadline(drip: Script) -> None:
    """Test 23 of the promises."""
    # Each byte comes well within `idle_seconds`; all of them together would take half a day.
    limits = FetchLimits(deadline_seconds=0.5, idle_seconds=10, attempts=3, backoff_seconds=0)
    with Publisher(drip) as publisher:
        with pytest.raises(SourceError, match=r"not done within 0\.5 seconds") as refusal:
            fetch(publisher.url, limits=limits)
        assert publisher.left.wait(10), "the connection was not given up"
    assert refusal.value.retry
    assert len(publisher.requests) == 1
