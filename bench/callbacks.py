"""Callbacks at a steady rate: how many are acknowledged, how fast, and is every one of them kept?

An open-loop generator in a process of its own sends pre-encrypted events at their times, whether
or not earlier ones were answered; latency counts from the time an event was due. The database is
an embedded PostgreSQL with fsync on. Baseline: the same in a plain Django view, same server.
Everything, generator included, shares this machine's processors.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from rich.console import Console
from rich.table import Table

from wecom_api.callbacks import Codec
from weijing.core import crypto, embedded_postgres
from weijing.sync.ingest import CALLBACK_PATH
from weijing.sync.ingest_command import THREADS

CORPID, TOKEN = "ww0123456789abcdef", "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
CONNECTIONS = 64
GIVE_UP_SECONDS = 10.0  # WeCom waits five


@dataclass
class Figures:
    name: str
    wanted_per_second: int
    sent: int
    acknowledged: int
    acknowledged_per_second: float
    kept: int
    lost: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def event_xml(run: str, number: int) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{CORPID}]]></ToUserName>"
        "<FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{1_795_485_600 + number // 1000}</CreateTime>"
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_external_contact]]></Event>"
        "<ChangeType><![CDATA[add_external_contact]]></ChangeType>"
        f"<UserID><![CDATA[officer{number % 1400}]]></UserID>"
        f"<ExternalUserID><![CDATA[wm{run}{number:026}]]></ExternalUserID>"
        "<State><![CDATA[b7K2Q]]></State><WelcomeCode><![CDATA[WELCOMECODE]]></WelcomeCode></xml>"
    )


def request_of(codec: Codec, xml: str) -> bytes:
    reply = codec.encrypt(xml)
    query = urlencode(
        {
            "msg_signature": reply.msg_signature,
            "timestamp": reply.timestamp,
            "nonce": reply.nonce,
        }
    )
    body = (
        f"<xml><ToUserName><![CDATA[{CORPID}]]></ToUserName>"
        f"<Encrypt><![CDATA[{reply.encrypt}]]></Encrypt>"
        "<AgentID><![CDATA[1000002]]></AgentID></xml>"
    ).encode()
    head = (
        f"POST {CALLBACK_PATH}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def generate(run: str, port: int, per_second: int, seconds: int, results: Any) -> None:
    """In the generator's process: numbers and milliseconds of what was acknowledged."""
    codec = Codec(token=TOKEN, encoding_aes_key=AES_KEY, receiveid=CORPID)
    requests = [request_of(codec, event_xml(run, n)) for n in range(per_second * seconds)]
    results.put(asyncio.run(_send_all(port, requests, per_second)))


async def _send_all(
    port: int, requests: list[bytes], per_second: int
) -> tuple[list[tuple[int, float]], float]:
    numbers = iter(range(len(requests)))
    acknowledged: list[tuple[int, float]] = []
    start = time.perf_counter() + 0.5

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            due = start + number / per_second
            early = due - time.perf_counter()
            if early > 0:
                await asyncio.sleep(early)
            writer.write(requests[number])
            try:
                async with asyncio.timeout(GIVE_UP_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
            except (TimeoutError, asyncio.IncompleteReadError, OSError):
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            if head.startswith(b"HTTP/1.1 200"):
                acknowledged.append((number, (time.perf_counter() - due) * 1000))
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    return acknowledged, time.perf_counter() - start


@contextmanager
def serving(command: list[str], environment: dict[str, str]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, "--port", str(port)], env=environment, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=2).close()
                break
            time.sleep(0.2)
        else:
            raise SystemExit("the server did not start")
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def measured(
    name: str, run: str, command: list[str], environment: dict[str, str], args: Any, seconds: int
) -> Figures:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    with serving(command, environment) as port:
        generator = context.Process(target=generate, args=(run, port, args.rate, seconds, results))
        generator.start()
        acknowledged, took_seconds = results.get(timeout=seconds * 5 + 120)
        generator.join()
    latencies = sorted(ms for _, ms in acknowledged)
    promised = {
        hashlib.sha256(event_xml(run, number).encode()).hexdigest() for number, _ in acknowledged
    }
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        kept = {key for (key,) in connection.execute("SELECT key FROM sync_inboxevent")}
    return Figures(
        name=name,
        wanted_per_second=args.rate,
        sent=args.rate * seconds,
        acknowledged=len(acknowledged),
        acknowledged_per_second=round(len(acknowledged) / took_seconds, 1),
        kept=len(promised & kept),
        lost=len(promised - kept),
        p50_ms=percentile(latencies, 50),
        p95_ms=percentile(latencies, 95),
        p99_ms=percentile(latencies, 99),
        max_ms=percentile(latencies, 100),
    )


def percentile(ordered: list[float], percent: int) -> float:
    if not ordered:
        return float("nan")
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000, help="events a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--baseline-seconds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1, help="processes of ingest")
    args = parser.parse_args()

    var = Path(tempfile.mkdtemp(prefix="weijing-bench-"))
    var.chmod(0o755)
    crypto.create_secrets(var / "secrets.json")
    try:
        url = embedded_postgres.up(var, fsync=True).url
        environment = {
            **os.environ,
            "WEIJING_VAR": str(var),
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "weijing.settings",
            "PYTHONPATH": str(Path(__file__).parent),
            "WEIJING_WECOM_CORPID": CORPID,
            "WEIJING_WECOM_TOKEN": TOKEN,
            "WEIJING_WECOM_ENCODING_AES_KEY": AES_KEY,
        }
        weijing = [sys.executable, "-m", "weijing"]
        subprocess.run([*weijing, "db", "migrate"], env=environment, check=True)
        ingest = [*weijing, "ingest", "--workers", str(args.workers)]
        view = [
            *(str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--no-ws"),
            *("--http", "1", "--workers", str(args.workers), "--log-level", "error"),
            *("--blocking-threads", str(THREADS), "callbacks_django:application"),
        ]
        found = [
            measured("weijing ingest", "i", ingest, environment, args, args.seconds),
            measured("a Django view", "d", view, environment, args, args.baseline_seconds),
        ]
    finally:
        embedded_postgres.down(var)
        shutil.rmtree(var, ignore_errors=True)
    show(found)
    raise SystemExit(1 if found[0].lost else 0)


def show(found: list[Figures]) -> None:
    table = Table(title=f"Callbacks, {os.cpu_count()} processors, generator included")
    columns = list(asdict(found[0]))
    for column in columns:
        table.add_column(column.replace("_", " "), justify="left" if column == "name" else "right")
    for figures in found:
        table.add_row(*(str(value) for value in asdict(figures).values()))
    Console(width=140).print(table)
    ingest, view = (asdict(figures) for figures in found)
    print(json.dumps({"bench": "callbacks", "ingest": ingest, "baseline": view}))


if __name__ == "__main__":
    main()
