"""Callbacks of the simulator, received over HTTP and put into the inbox in an order of our choice.

How ingest stores them under load and faults is tested with ingest; here we choose what arrives.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import connection

from tests.wecom_simulator.running import Simulator
from wecom_api.callbacks import Codec
from weijing.core.env import keyring
from weijing.sync import inbox_store
from weijing.sync.received import sealed


class Postbox:
    """`letters` holds the decrypted XML in the order of arrival."""

    def __init__(self, simulator: Simulator) -> None:
        facts = simulator.facts
        self.letters: list[bytes] = []
        self._simulator, self._corpid = simulator, facts["corpid"]
        codec = Codec(
            token=facts["token"],
            encoding_aes_key=facts["encoding_aes_key"],
            receiveid=facts["corpid"],
        )
        letters = self.letters

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
                body = self.rfile.read(int(self.headers["Content-Length"]))
                letters.append(codec.decrypt_message(body, **query))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self._server.server_port}/wecom"
        simulator.admin(f"apps/{facts['agentid']}/callback", url=url, verify=False)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def collect(self) -> list[bytes]:
        """Everything that was on its way; the box is empty afterwards."""
        self._simulator.admin("callbacks/drain")
        letters, self.letters[:] = self.letters[:], []
        return letters

    def put(self, letters: Sequence[bytes], *, at: datetime) -> None:
        """Into the inbox, by ingest's own statement."""
        store = _OnDjangosConnection()
        for letter in letters:
            store.store([sealed(letter, corpid=self._corpid, at=at, keyring=keyring())])

    def deliver(self, *, at: datetime) -> int:
        letters = self.collect()
        self.put(letters, at=at)
        return len(letters)


class _OnDjangosConnection(inbox_store.Inbox):
    """The test's transaction is rolled back; ingest's own connection would commit."""

    def __init__(self) -> None:
        super().__init__(url=str)

    def _execute(self, query: str, *parameters: object) -> None:
        connection.ensure_connection()
        connection.connection.execute(query.encode(), parameters)
