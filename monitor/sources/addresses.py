"""Which addresses may be asked, and how an address is shown.

A register is asked at the host that was configured, never at one that a redirect or a page names, and never
where a machine keeps its own affairs (link-local addresses, metadata services), whatever name leads there. A name that
turns out to stand for this machine or a private network is asked only where the source says that it is in the house.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

import httpx

from monitor.domain.errors import ConfigError, SourceError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Clouds hand out credentials there. Most live in link-local 169.254.0.0/16; these do not.
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(address) for address in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


def redact(location: str) -> str:
    """The address without what may be secret: user, password, query values, fragment.

    >>> redact("https://reader:pass@data.example:8443/ocds?year=2026&key=s3cret&t0ken#top")
    'https://***@data.example:8443/ocds?year=***&key=***&***'
    """
    try:
        parts = urlsplit(location)
    except ValueError:
        return "an unreadable address"
    _, at, host = parts.netloc.rpartition("@")
    pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
    query = "&".join(f"{key}=***" if mark else "***" for key, mark, _ in pairs)
    return urlunsplit((parts.scheme, f"***@{host}" if at else host, parts.path, query, ""))


def refuse_address(host: str, address: str, *, private: bool = False) -> None:
    """Raises SourceError (permanent) when `host` stands for an address where no register can be.

    Loopback and private addresses pass where the host is written as that very address (or `localhost`), or with `private`:
    whoever configured it knew that the register is in the house. Behind any other name they are somebody else's idea.

    >>> refuse_address("10.0.0.7", "10.0.0.7")
    >>> refuse_address("register.example", "10.0.0.7", private=True)
    >>> refuse_address("register.example", "::ffff:169.254.169.254")
    Traceback (most recent call last):
    monitor.domain.errors.SourceError: register.example: stands for 169.254.169.254, a link-local address
      no register is published there: check this source's address, then your name server
    """
    plain = _embedded(ipaddress.ip_address(address))
    if plain in METADATA_ADDRESSES:
        kind = "a cloud's metadata service"
    elif plain.is_link_local:
        kind = "a link-local address"
    elif plain.is_multicast:
        kind = "a multicast address"
    elif plain.is_unspecified:
        kind = "the unspecified address"
    elif plain.is_reserved and not plain.is_loopback:  # to Python, ::1 is both
        kind = "a reserved address"
    elif plain.is_global or private or _says_so(host):
        return
    else:
        raise SourceError(
            f"{host}: stands for {plain}, an address of this machine or of a private network",
            hint="if this register is in the house, set `private = true` for its source; else ask who runs your name server",
            permanent=True,
        )
    raise SourceError(
        f"{host}: stands for {plain}, {kind}",
        hint="no register is published there: check this source's address, then your name server",
        permanent=True,
    )


def refuse_other_origin(configured: str, target: str) -> None:
    """Raises SourceError (permanent) unless `target` has the scheme, host and port of the configured address.

    For redirects, and for the link to the next page in what a publisher sent.

    >>> refuse_other_origin("https://data.example/a", "https://data.example:443/b")
    """
    here = read_address(configured)
    try:
        there = read_address(target)
    except ConfigError as error:  # the publisher wrote it, not whoever configured this source
        raise SourceError(
            f"{redact(configured)}: sends us on to {redact(target)}, another place; not followed",
            hint="ask the publisher for the right address",
            permanent=True,
        ) from error
    if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
        place = f"{there.scheme}://{there.netloc.decode('ascii')}"
        raise SourceError(
            f"{redact(configured)}: sends us on to {place}, another place; not followed",
            hint="if you trust that place, make it the address of this source",
            permanent=True,
        )


def read_address(location: str) -> httpx.URL:
    """The address; raises ConfigError, without quoting secrets, when it has no host or cannot be read."""
    try:
        url = httpx.URL(location)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host:
        raise ConfigError(f"{redact(location)}: not an address", hint="write it as https://host/path")
    return url


def is_loopback(host: str) -> bool:
    """Whether the host is by its very name this machine.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("register.example")
    (True, True, False)
    """
    name = host.rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _says_so(host: str) -> bool:
    """Whether the host is written as an address, so that nothing had to be looked up."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return is_loopback(host)
    return True


def _embedded(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 address only wraps, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
