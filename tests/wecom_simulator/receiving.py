"""A receiver of callbacks that opens them with wechatpy, which is not ours."""

import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wechatpy.enterprise.crypto import WeChatCrypto


class Receiver:
    """`events` holds what was accepted; `statuses` are answered first, then 200 for ever."""

    def __init__(self, corpid: str, token: str, encoding_aes_key: str) -> None:
        self.crypto = WeChatCrypto(token, encoding_aes_key, corpid)
        self.events: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.attempts = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(200, receiver.echo(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(receiver.take(self.path, body), b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/wecom"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def echo(self, path: str) -> bytes:
        query = _query(path)
        plain = self.crypto.check_signature(
            query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"]
        )
        return plain if isinstance(plain, bytes) else str(plain).encode()

    def take(self, path: str, body: bytes) -> int:
        self.attempts += 1
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            query = _query(path)
            plain = self.crypto.decrypt_message(
                body, query["msg_signature"], query["timestamp"], query["nonce"]
            )
            root = ET.fromstring(plain)
            self.events.append({child.tag: child.text or "" for child in root})
        return status


def _query(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def receiving(corpid: str, token: str, encoding_aes_key: str) -> Iterator[Receiver]:
    receiver = Receiver(corpid, token, encoding_aes_key)
    yield receiver
    receiver.close()
