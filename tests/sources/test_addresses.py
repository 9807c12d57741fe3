"""Whom we ask: the configured host and nobody else, however a publisher or the environment leads us on."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from monitor.domain.errors import ConfigError, SourceError
from monitor.sources.addresses import refuse_address, refuse_other_origin
from monitor.sources.fetch import FetchLimits, fetch
from tests.sources.publishers import Publisher, answers, asked

LIMITS = FetchLimits(max_bytes=2**20, deadline_seconds=20, idle_seconds=5, attempts=2, backoff_seconds=0)
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens

REFUSED = {
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata-as-one-number": "http://2852039166/latest/meta-data/",
    "metadata-in-ipv6": "http://[::ffff:169.254.169.254]/",
    "metadata-behind-nat64": "http://[64:ff9b::a9fe:a9fe]/",
    "metadata-behind-6to4": "http://[2002:a9fe:a9fe::1]/",
    "metadata-elsewhere": "http://100.100.100.200/latest/meta-data/",
    "link-local": "http://[fe80::1]/",
    "multicast": "http://224.0.0.1/",
    "unspecified": "http://0.0.0.0/",
    "unspecified-ipv6": "http://[::]/",
    "reserved": "http://255.255.255.255/",
}


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("location", REFUSED.values(), ids=REFUSED.keys())
def test_no_register_is_where_a_machine_keeps_its_own_affairs(location: str) -> None:
    """Test 25 of the promises."""
    with pytest.raises(SourceError, match="stands for") as refusal:
        fetch(location, limits=LIMITS)
    assert not refusal.value.retry


@pytest.mark.parametrize("location", REFUSED.values(), ids=REFUSED.keys())
def test_nor_is_a_proxy_asked_to_go_there(
    httpserver: HTTPServer, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", httpserver.url_for(""))
    with pytest.raises(SourceError, match="stands for"):
        fetch(location, limits=LIMITS)
    assert asked(httpserver) == []


IN_THE_HOUSE = ["127.0.0.1", "::1", "10.0.0.7", "172.16.9.1", "192.168.1.5", "100.64.0.1", "fd12::7"]


@pytest.mark.parametrize("address", IN_THE_HOUSE)
def test_a_name_that_leads_into_the_house_is_refused_unless_the_source_says_so(address: str) -> None:
    """Test 25 of the promises: whoever runs the name server must not choose what in the house is asked."""
    with pytest.raises(SourceError, match="a private network") as refusal:
        refuse_address("register.example", address)
    assert "private = true" in refusal.value.hint
    assert not refusal.value.retry
    refuse_address("register.example", address, private=True)


@pytest.mark.parametrize("address", IN_THE_HOUSE)
def test_a_register_that_is_configured_by_its_address_may_be_in_the_house(address: str) -> None:
    refuse_address(address, address)


def test_a_name_that_leads_to_this_machine_is_refused_before_a_byte_is_sent(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b"[]")
    for name in ("2130706433", "0x7f000001", "127.1"):  # the resolver takes each for 127.0.0.1
        with pytest.raises(SourceError, match=r"stands for 127\.0\.0\.1"):
            fetch(f"http://{name}:{httpserver.port}/", limits=LIMITS)
    assert asked(httpserver) == []
    assert fetch(f"http://127.1:{httpserver.port}/", limits=LIMITS, private=True).content == b"[]"


def test_a_name_that_nobody_knows_is_named() -> None:
    with pytest.raises(SourceError, match=r"the name register\.invalid is not found") as refusal:
        fetch("http://register.invalid/", limits=LIMITS)
    assert refusal.value.retry


# Redirects and next pages


def test_a_redirect_on_the_same_host_is_followed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/old").respond_with_data(status=301, headers={"Location": "/new?page=1"})
    httpserver.expect_request("/new", query_string="page=1").respond_with_data(b"[]")
    fetched = fetch(httpserver.url_for("/old"), limits=LIMITS, headers={"X-Api-Key": "k1"})
    assert (fetched.content, fetched.attempts) == (b"[]", 2)
    assert fetched.location == httpserver.url_for("/old"), "the document is known by its configured address"
    assert [request.headers["X-Api-Key"] for request, _ in httpserver.log] == ["k1", "k1"]


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("http://elsewhere.example/b", "http://elsewhere.example"),
        ("//elsewhere.example:8080/b", "http://elsewhere.example:8080"),
        ("http://169.254.169.254/latest/", "http://169.254.169.254"),
        ("http://localhost:1/b", "http://localhost:1"),
        ("https://localhost/b?key=to-ken", "https://localhost"),
        ("file:///etc/passwd", "file://localhost"),
    ],
)
def test_a_redirect_to_another_place_is_not_followed(httpserver: HTTPServer, target: str, named: str) -> None:
    """Test 25 of the promises."""
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": target})
    with pytest.raises(SourceError, match="sends us on to") as refusal:
        fetch(httpserver.url_for("/a"), limits=LIMITS)
    assert f"{named}, another place" in str(refusal.value)
    assert "to-ken" not in str(refusal.value)
    assert not refusal.value.retry
    assert asked(httpserver) == ["/a"]


def test_redirects_that_go_round_end(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": "/a"})
    with pytest.raises(SourceError, match="more than 3 redirects") as refusal:
        fetch(httpserver.url_for("/a"), limits=LIMITS)
    assert not refusal.value.retry
    assert len(asked(httpserver)) == 4


def test_a_redirect_into_the_unreadable_is_refused() -> None:
    script = answers(b"", status="302 Found", Location="http://[::1")
    with Publisher(script) as publisher, pytest.raises(SourceError, match="cannot be read") as refusal:
        fetch(publisher.url, limits=LIMITS)
    assert not refusal.value.retry


def test_the_link_to_the_next_page_stays_with_the_publisher() -> None:
    refuse_other_origin("https://Data.example/api?page=1", "https://data.example:443/api?page=2")
    with pytest.raises(SourceError, match=r"http://data\.example"):
        refuse_other_origin("https://data.example/api?page=1", "http://data.example/api?page=2")


# Proxies


def test_the_proxy_of_the_environment_is_used(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", httpserver.url_for("").replace("://", "://clerk:pass@"))
    httpserver.expect_request("/contracts.json").respond_with_data(b"[]")
    assert fetch("http://register.example/contracts.json", limits=LIMITS).content == b"[]"
    request, _ = httpserver.log[0]
    assert request.headers["Host"] == "register.example"
    assert request.headers["Proxy-Authorization"].startswith("Basic ")


def test_this_machine_is_never_asked_through_a_proxy(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    httpserver.expect_request("/").respond_with_data(b"[]")
    for proxy in (NOWHERE, "socks5://127.0.0.1:9"):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("ALL_PROXY", proxy)
        assert fetch(httpserver.url_for("/"), limits=LIMITS).content == b"[]"


def test_no_proxy_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "register.invalid")
    with pytest.raises(SourceError, match=r"register\.invalid is not found"):
        fetch("http://register.invalid/", limits=LIMITS)


@pytest.mark.parametrize("proxy", ["socks5://clerk:pass-word@127.0.0.1:9", "http://clerk:pass-word@[::1"])
def test_a_proxy_that_cannot_be_used_is_explained(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigError, match="proxy for https") as refusal:
        fetch("https://register.example/contracts.json", limits=LIMITS)
    assert "HTTPS_PROXY" in refusal.value.hint
    assert "pass-word" not in str(refusal.value)
