"""Publishers that misbehave: a loopback server that answers each connection as a small script says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from pytest_httpserver import HTTPServer

Script = Callable[["Publisher", socket.socket], None]


class Publisher:
    """Serves one connection after the other: the first by the first script, and so on; the last one repeats.

    `requests` holds what was asked, head by head. `left` is set once a client hung up before the end.
    """

    def __init__(self, *scripts: Script) -> None:
        self.requests: list[str] = []
        self.left = threading.Event()
        self._scripts = scripts
        self._closing = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/contracts.json"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join()
        self._listening.close()

    def feed_until_left(self, connection: socket.socket, piece: bytes) -> None:
        """Sends the piece every 50 ms (an empty one: stays silent) until the client hangs up, at most 400."""
        connection.settimeout(0.05)
        for _ in range(400):
            try:
                if connection.recv(1) == b"":
                    return self.left.set()
            except TimeoutError:
                with suppress(TimeoutError, ConnectionError):  # the next recv will see who hung up
                    connection.sendall(piece)
            except ConnectionError:
                return self.left.set()

    def _serve(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listening.accept()
                with connection:
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        try:
            self.requests.append(_head(connection))
            self._scripts[min(len(self.requests), len(self._scripts)) - 1](self, connection)
        except ConnectionError:
            self.left.set()


def answers(body: bytes, *, status: str = "200 OK", **headers: str) -> Script:
    """A whole answer, as a decent publisher gives it: it says that it will hang up, so no second request meets a closed door."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {len(body)}", *lines, "", ""])
    return lambda publisher, connection: connection.sendall(head.encode() + body)


def answers_in_chunks(body: bytes, size: int, **headers: str) -> Script:
    """The answer in transfer chunks of `size` bytes."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(["HTTP/1.1 200 OK", "Connection: close", "Transfer-Encoding: chunked", *lines, "", ""])
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return lambda publisher, connection: connection.sendall(head.encode() + chunks + b"0\r\n\r\n")


def hangs_up(publisher: Publisher, connection: socket.socket) -> None:
    """Takes the request and says nothing."""


def breaks_off(publisher: Publisher, connection: socket.socket) -> None:
    """Promises a hundred bytes and gives ten."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")


def stays_silent(publisher: Publisher, connection: socket.socket) -> None:
    """Keeps the line open without a word."""
    publisher.feed_until_left(connection, b"")


def drips_body(publisher: Publisher, connection: socket.socket) -> None:
    """A byte now and then, of a million."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    publisher.feed_until_left(connection, b" ")


def drips_head(publisher: Publisher, connection: socket.socket) -> None:
    """A byte now and then of a header that does not end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    publisher.feed_until_left(connection, b"z")


def never_ends(publisher: Publisher, connection: socket.socket) -> None:
    """A body without length and without end, as fast as the line carries it."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:  # until the client hangs up, which is an error here
        connection.sendall(b"[" * 65_536)


def asked(server: HTTPServer) -> list[str]:
    """The paths that a decent server was asked for, in order."""
    return [request.path for request, _ in server.log]


def _head(connection: socket.socket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            break
        head += piece
    return head.decode("latin-1")
