"""A real ingest process over a real PostgreSQL, and WeCom's side of the line."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from wechatpy.enterprise.crypto import WeChatCrypto

from weijing.core import crypto, embedded_postgres
from weijing.sync.received import place_of

CORPID, TOKEN = "ww0123456789abcdef", "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
PATH = "/wecom/callback"


def event_xml(number: int | str) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{CORPID}]]></ToUserName>"
        "<FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1795485600</CreateTime>"
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_external_contact]]></Event>"
        "<ChangeType><![CDATA[edit_external_contact]]></ChangeType>"
        f"<ExternalUserID><![CDATA[wm-{number}]]></ExternalUserID></xml>"
    )


def envelope(xml: str, *, at: int | None = None) -> tuple[str, bytes]:
    """Query and body as WeCom sends them, made by an independent codec."""
    nonce, timestamp = uuid.uuid4().hex[:10], str(at or int(time.time()))
    body = WeChatCrypto(TOKEN, AES_KEY, CORPID).encrypt_message(xml, nonce, timestamp)
    signature = body.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    query = urlencode({"msg_signature": signature, "timestamp": timestamp, "nonce": nonce})
    return query, body.encode()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Database:
    """A server of its own, to be killed, with the inbox table as Django makes it."""

    def __init__(self, ddl: list[str]) -> None:
        self.var = Path(tempfile.mkdtemp(prefix="wj-ingest-"))
        self.var.chmod(0o755)
        crypto.create_secrets(self.var / "secrets.json")
        self.up()
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            for statement in ddl:
                connection.execute(statement.encode())

    def up(self) -> None:
        self.server = embedded_postgres.up(
            self.var, fsync=False, extra={"shared_buffers": "32MB", "fsync": "off"}
        )

    def kill(self) -> None:
        os.kill(self.server.pid, signal.SIGKILL)

    def rows(self) -> dict[str, tuple[str, int, str]]:
        """By key: the XML, the repeats, the outcome."""
        keyring = crypto.load_keyring(self.var / "secrets.json")
        with psycopg.connect(self.server.url) as connection:
            found = connection.execute(
                "SELECT key, xml_sealed, repeats, outcome FROM sync_inboxevent"
            ).fetchall()
        return {
            key: (keyring.unseal(xml, place=place_of(key)), repeats, outcome)
            for key, xml, repeats, outcome in found
        }

    def xmls(self) -> set[str]:
        return {xml for xml, _, _ in self.rows().values()}

    def execute(self, query: bytes) -> None:
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            connection.execute(query)

    def remove(self) -> None:
        embedded_postgres.down(self.var)
        shutil.rmtree(self.var, ignore_errors=True)


class IngestProcess:
    def __init__(self, var: Path, *, workers: int = 1, **changes: str) -> None:
        self.var, self.port = var, free_port()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("WEIJING", "DATABASE"))},
            "WEIJING_VAR": str(var),
            "WEIJING_WECOM_CORPID": CORPID,
            "WEIJING_WECOM_TOKEN": TOKEN,
            "WEIJING_WECOM_ENCODING_AES_KEY": AES_KEY,
            **changes,
        }
        self.command = [sys.executable, "-m", "weijing", "ingest", "--port", str(self.port)]
        self.command += ["--workers", str(workers)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, env=self.environment, start_new_session=True, stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if self.get("/livez")[0] == 200:
                    return
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.05)
        raise AssertionError("ingest does not answer")

    def kill(self) -> None:
        """Every process of it, with no chance to say goodbye."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=20)

    def get(self, target: str, method: str = "GET", timeout: float = 10) -> tuple[int, bytes]:
        return self.request(method, target, timeout=timeout)

    def request(
        self, method: str, target: str, body: bytes | None = None, timeout: float = 10
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, target, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def post(self, xml: str, **options: int) -> int:
        query, body = envelope(xml, **options)
        return self.request("POST", f"{PATH}?{query}", body)[0]

    def counted(self, result: str) -> int:
        lines = self.get("/metrics")[1].decode().splitlines()
        [found] = [line for line in lines if f'result="{result}"' in line]
        return int(found.split()[-1])

    def spool_files(self, ending: str = "spool") -> list[Path]:
        return sorted((self.var / "spool").glob(f"*.{ending}"))


@dataclass
class Load:
    """Threads that send different events without a pause; `acknowledged` got a 200."""

    ingest: IngestProcess
    name: str
    threads: int = 8
    acknowledged: set[str] = field(default_factory=set)
    slowest_seconds: float = 0.0
    other_answers: list[int] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._stopped = threading.Event()
        self._running = [
            threading.Thread(target=self._send, args=(number,)) for number in range(self.threads)
        ]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._running:
            thread.join()

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 60
        goal = len(self.acknowledged) + count
        while len(self.acknowledged) < goal:
            assert time.monotonic() < deadline, f"only {len(self.acknowledged)} were acknowledged"
            time.sleep(0.01)

    def _send(self, thread: int) -> None:
        connection, number = None, 0
        while not self._stopped.is_set():
            xml = event_xml(f"{self.name}-{thread}-{number}")
            number += 1
            query, body = envelope(xml)
            started = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection(
                    "127.0.0.1", self.ingest.port, timeout=10
                )
                connection.request("POST", f"{PATH}?{query}", body)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection = None
                time.sleep(0.02)
                continue
            if answer.status == 200:
                self.acknowledged.add(xml)
                self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - started)
            else:
                self.other_answers.append(answer.status)


def eventually(holds, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(psycopg.Error):
            if holds():
                return True
        time.sleep(0.1)
    return False
