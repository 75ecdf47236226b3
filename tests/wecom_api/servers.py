"""Servers on real sockets, for what no mock can show: slowness, resets, half an answer."""

import socket
import struct
import threading
import time
from collections.abc import Callable

Connection = socket.socket


class Server:
    """Calls `behave(connection, request)` for each request, in a thread of its own.

    `requests` counts what arrived in full.
    """

    def __init__(self, behave: Callable[[Connection, bytes], None]) -> None:
        self._behave = behave
        self.requests: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._stopped = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self._listening.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: Connection) -> None:
        with connection:
            try:
                request = read_request(connection)
                self.requests.append(request)
                self._behave(connection, request)
            except OSError:
                pass


def read_request(connection: Connection) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            raise OSError
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def is_gettoken(request: bytes) -> bool:
    return b"/gettoken?" in request.split(b"\r\n", 1)[0]


TOKEN = answer(b'{"errcode":0,"access_token":"token-1","expires_in":7200}')


def after_gettoken(behave: Callable[[Connection], None]) -> Callable[[Connection, bytes], None]:
    """A server whose gettoken works and whose other calls do what `behave` does."""

    def talk(connection: Connection, request: bytes) -> None:
        if is_gettoken(request):
            connection.sendall(TOKEN)
        else:
            behave(connection)

    return talk


def drip(connection: Connection, data: bytes, *, seconds_between: float = 0.05) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(seconds_between)


def reset(connection: Connection) -> None:
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
