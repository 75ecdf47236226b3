"""The pages served as they are in a county: granian's processes over real HTTP, to be killed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import httpx
from django.db import connection

START_SECONDS = 60  # a busy machine
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
NAME = "web-to-be-killed"  # tells its sessions from those that other tests left open
# Sign-in by password needs no WeCom; nobody listens there.
OUTSIDE = {
    "PGAPPNAME": NAME,
    "WEIJING_WECOM_CORPID": "ww0123456789abcdef",
    "WEIJING_WECOM_SECRET": "not-used",
    "WEIJING_WECOM_AGENTID": "1000002",
    "WEIJING_WECOM_BASE_URL": "http://127.0.0.1:9",
}


def database_url() -> str:
    """The tests' database, for other processes."""
    settings = connection.settings_dict
    login = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}"
    return f"postgresql://{login}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


class WebProcess:
    """`weijing web`: a process that watches, and one below it that serves."""

    def __init__(self, log: Path) -> None:
        self._log = log
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "weijing", "web", "--port", str(self.port),
                 "--workers", "1", "--threads", "4"],
                env={**os.environ, "DATABASE_URL": database_url(), **OUTSIDE},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        wait_until(self._answers, START_SECONDS, self._log.read_text)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/sign-in/", timeout=5, trust_env=False).is_success
        return False

    def server(self) -> int:
        """The number of the process that serves; it is replaced when it dies."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        [pid] = children.read_text().split()
        return int(pid)

    def kill(self) -> None:
        """Every process of it, with no chance to say goodbye."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not sessions(), 30)


def sessions() -> list[tuple[str, str]]:
    """(state, wait) of the web's sessions in the tests' database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the first one only
        cursor.execute(
            "SELECT state, coalesce(wait_event_type, '') FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend' AND application_name = %s",
            [NAME],
        )
        return [(str(state), str(wait)) for state, wait in cursor.fetchall()]


def wait_until(
    holds: Callable[[], object], seconds: float, what: Callable[[], str] = lambda: "waited too long"
) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


class Visitor:
    """Somebody at a browser that keeps cookies and sends back the forms' tokens."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        page = self.http.get("/sign-in/").text
        answer = self.post("/sign-in/", page, username=username, password=password)
        assert answer.status_code == 302, answer.text

    def post(self, address: str, page: str, **fields: str) -> httpx.Response:
        """Send the form of `page` (HTML)."""
        found = TOKEN.search(page)
        assert found, page[:500]
        return self.http.post(address, data={"csrfmiddlewaretoken": found[1], **fields})

    def copy(self) -> "Visitor":
        """Another window of the same browser, for another thread."""
        other = Visitor.__new__(Visitor)
        other.http = httpx.Client(
            base_url=self.http.base_url, timeout=60, trust_env=False, cookies=self.http.cookies
        )
        return other
