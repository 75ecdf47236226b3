"""A WeCom that only counts and answers what it is told; and other processes that call it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import connections

Answer = dict[str, Any] | None  # None: hang up without an answer


class CountingWeCom:
    """`answers[api]` gives the answer for a query; `calls` and `times` are what came in."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.times: list[float] = []
        self.delay_seconds = 0.0
        self.answers: dict[str, Callable[[dict[str, str]], Answer]] = {
            "gettoken": lambda query: {"errcode": 0, "access_token": "t1", "expires_in": 7200}
        }
        lock = threading.Lock()
        wecom = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                api = url.path.removeprefix("/cgi-bin/")
                with lock:
                    wecom.calls[api] += 1
                    wecom.times.append(time.time())
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                time.sleep(wecom.delay_seconds)
                answer = wecom.answers.get(api, lambda query: {"errcode": 0})
                said = answer({k: v[0] for k, v in parse_qs(url.query).items()})
                if said is None:
                    self.close_connection = True
                    return
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def other_process(code: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`code` in a Django of its own, on the database of this test."""
    found = connections["default"].settings_dict
    url = (
        f"postgresql://{found['USER']}:{found['PASSWORD']}"
        f"@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", "import django; django.setup()\n" + code],
        env={**os.environ, **environment, "DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
