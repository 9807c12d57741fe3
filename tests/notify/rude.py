"""A web server on the loopback interface that breaks the rules of its trade."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Act = Callable[[socket.socket, threading.Event], object]
"""What it does with a connection until it is told to stop."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def rude_server(act: Act) -> Iterator[str]:
    """Its address. Each connection is treated as `act` has it, one after the other."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.05)
        thread = threading.Thread(target=_serve, args=(door, act, stop))
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            stop.set()
            thread.join(10)


def hang_up(_connection: socket.socket, _stop: threading.Event) -> None:
    """Close before anything was said."""


def hang_up_after_listening(connection: socket.socket, _stop: threading.Event) -> None:
    """Take the letter and close without a word."""
    connection.recv(2**20)


def say_nothing(_connection: socket.socket, stop: threading.Event) -> None:
    """Keep the line open."""
    stop.wait(10)


def drip_a_header(connection: socket.socket, stop: threading.Event) -> None:
    """One byte of a header after the other, each well within the patience for one byte."""
    connection.sendall(HEAD + b"X-Long: ")
    _drip(connection, stop)


def drip_a_body(connection: socket.socket, stop: threading.Event) -> None:
    """A status, and then a body that never ends."""
    connection.recv(2**20)
    connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
    _drip(connection, stop)


def flood(connection: socket.socket, stop: threading.Event, sent: list[int] | None = None) -> None:
    """An answer of a gigabyte; `sent` gets the bytes that somebody took."""
    connection.recv(2**20)
    connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
    for _ in range(2**14):
        if stop.is_set():
            break
        connection.sendall(b"x" * 2**16)
        if sent is not None:
            sent.append(2**16)


def speak_no_http(connection: socket.socket, _stop: threading.Event) -> None:
    """Bytes that no rule knows."""
    connection.recv(2**20)
    connection.sendall(b"\x00\xff\xfe SSH-2.0\r\n\r\n")


def answering(body: bytes, *, head: bytes = HEAD) -> Act:
    """A whole answer with this body."""

    def act(connection: socket.socket, _stop: threading.Event) -> None:
        connection.recv(2**20)
        connection.sendall(head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    return act


def _serve(door: socket.socket, act: Act, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(TimeoutError):
            connection, _ = door.accept()
            with connection, suppress(OSError):  # whoever called has gone
                connection.settimeout(10)
                act(connection, stop)


def _drip(connection: socket.socket, stop: threading.Event) -> None:
    while not stop.wait(0.02):
        connection.sendall(b"a")
