"""What 900,000 relations cost the WeCom simulator: `./run bench simulator_memory` (or `--rows N`).

Fills a simulator in a process of its own, reads all of it back, kills it and starts it again.
Beside each figure, from the same run: the rows of a 50,000-row sample, as the API shows them, held
as plain Python dicts by one process that keeps them in a JSON file; figures of the sample are
scaled to the same number of rows and marked so. Prints a table and, as its last line, one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

SAMPLE_ROWS = 50_000
ROWS_PER_MEMBER = 1_000
READING_SECONDS = 15.0
PAGE = 100
MIB = 1024 * 1024
BATCH = "externalcontact/batch/get_by_user"

# Runs alone, so that its memory is that of the rows and of nothing this benchmark needs.
PLAIN = """
import json, sys, time
def resident_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
before, started = resident_kib(), time.perf_counter()
rows = []
with open(sys.argv[1]) as lines:
    for line in lines:
        rows += json.loads(line)
loaded = time.perf_counter() - started
pages, started = 0, time.perf_counter()
for first in range(0, len(rows), 100):
    json.dumps(rows[first:first + 100], ensure_ascii=False).encode()
    pages += 1
print(json.dumps({
    "rows": len(rows), "kib": resident_kib() - before, "load_seconds": loaded,
    "pages_per_minute": pages * 60 / (time.perf_counter() - started),
}))
"""


class Simulator:
    """Its process, from outside; `token` is fetched anew after each start."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.http = httpx.Client(timeout=600, trust_env=False)
        self.start()

    def start(self) -> float:
        """Seconds until it has answered the first call that reads relations."""
        started = time.perf_counter()
        command = [sys.executable, "-m", "wecom_simulator", "--port", "0", "--json"]
        command += ["--scale-limits", "0", "--data-dir", str(self._data_dir)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.facts: dict[str, Any] = json.loads(self.process.stdout.readline())
        secret = {"corpid": self.facts["corpid"], "corpsecret": self.facts["secret"]}
        answer = self.http.get(self.facts["base_url"] + "gettoken", params=secret).json()
        self.token = answer["access_token"]
        self.http.post(self.url(BATCH), json={"userid_list": ["m0"]})
        return time.perf_counter() - started

    def url(self, api: str) -> str:
        return f"{self.facts['base_url']}{api}?access_token={self.token}"

    def admin(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(self.facts["admin_url"] + path, json=body).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def truth(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(self.facts["admin_url"] + "truth/" + path).json()
        return found

    def memory_mib(self, name: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(name + ":"))
        return int(line.split()[1]) / 1024

    def disk_mib(self) -> float:
        return sum(file.stat().st_size for file in self._data_dir.iterdir()) / MIB

    def stop(self, how: signal.Signals) -> None:
        os.kill(self.process.pid, how)
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def simulator(data_dir: Path) -> Iterator[Simulator]:
    one = Simulator(data_dir)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.stop(signal.SIGTERM)
        one.http.close()


def pages(one: Simulator, userids: list[str]) -> Iterator[list[dict[str, Any]]]:
    """All customers of the members, a hundred at a time, as any client would read them."""
    for first in range(0, len(userids), PAGE):
        body: dict[str, Any] = {"userid_list": userids[first : first + PAGE], "limit": PAGE}
        while True:
            answer = one.http.post(one.url(BATCH), json=body).json()
            if answer["errcode"]:
                raise SystemExit(f"{BATCH}: {answer['errmsg']}")
            yield answer["external_contact_list"]
            if not answer["next_cursor"]:
                break
            body["cursor"] = answer["next_cursor"]


def fill(one: Simulator, userids: list[str], rows: int) -> float:
    """Seconds it took."""
    started = time.perf_counter()
    one.admin("members", members=[{"userid": userid, "name": userid} for userid in userids])
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Filling", total=rows)
        for first in range(0, rows, SAMPLE_ROWS):
            size = min(SAMPLE_ROWS, rows - first)
            members = userids[first // ROWS_PER_MEMBER : (first + size) // ROWS_PER_MEMBER]
            one.admin("generate", relations=size, seed=first, members=members or userids[-1:])
            bar.advance(task, size)
    return time.perf_counter() - started


def read(one: Simulator, userids: list[str], sample: Path) -> float:
    """Calls a minute over one connection; the first rows go into `sample`, a page a line."""
    calls, kept, busy, started = 0, 0, 0.0, time.perf_counter()
    with sample.open("w") as lines:
        reading = pages(one, userids)
        while kept < SAMPLE_ROWS or time.perf_counter() - started < READING_SECONDS:
            before = time.perf_counter()
            page = next(reading, None)
            busy += time.perf_counter() - before
            if page is None:
                break
            calls += 1
            if kept < SAMPLE_ROWS:
                lines.write(json.dumps(page, ensure_ascii=False) + "\n")
                kept += len(page)
    return calls * 60 / busy


def plain(sample: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(sample)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(rows: int) -> dict[str, Any]:
    userids = [f"m{n}" for n in range(max(1, rows // ROWS_PER_MEMBER))]
    with tempfile.TemporaryDirectory() as directory:
        sample = Path(directory) / "sample.jsonl"
        with simulator(Path(directory) / "wecom") as one:
            fill_seconds = fill(one, userids, rows)
            filled_mib = one.memory_mib("VmRSS")
            calls_per_minute = read(one, userids, sample)
            busy_mib, peak_mib = one.memory_mib("VmRSS"), one.memory_mib("VmHWM")
            one.stop(signal.SIGKILL)
            restart_seconds = one.start()
            held = one.truth("counts")["relations"]["mutual"]
            if held != rows:
                raise SystemExit(f"{held} relations after kill -9, not {rows}")
            one.stop(signal.SIGTERM)
            disk_mib = one.disk_mib()
        dicts = plain(sample)
        scale = rows / dicts["rows"]
        return {
            "rows": rows,
            "held_after_kill_9": held,
            "fill_seconds": round(fill_seconds, 1),
            "filled_mib": round(filled_mib),
            "busy_mib": round(busy_mib),
            "peak_mib": round(peak_mib),
            "disk_mib": round(disk_mib),
            "restart_seconds": round(restart_seconds, 2),
            "calls_per_minute": round(calls_per_minute),
            "dict_sample_rows": int(dicts["rows"]),
            "dict_mib_scaled": round(dicts["kib"] / 1024 * scale),
            "dict_disk_mib_scaled": round(sample.stat().st_size / MIB * scale),
            "dict_load_seconds_scaled": round(dicts["load_seconds"] * scale, 2),
            "dict_pages_per_minute": round(dicts["pages_per_minute"]),
        }


def show(found: dict[str, Any]) -> None:
    table = Table(title=f"{found['rows']:,} relations, {PAGE} a page")
    for heading in ("", "simulator", f"dicts, scaled from {found['dict_sample_rows']:,} rows"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row(
        "memory after reading, MiB", f"{found['busy_mib']:,}", f"{found['dict_mib_scaled']:,}"
    )
    table.add_row("highest memory, MiB", f"{found['peak_mib']:,}", "")
    table.add_row("disk, MiB", f"{found['disk_mib']:,}", f"{found['dict_disk_mib_scaled']:,}")
    table.add_row(
        "start after kill -9, s",
        f"{found['restart_seconds']:.2f}",
        f"{found['dict_load_seconds_scaled']:.2f}",
    )
    table.add_row(
        "pages a minute",
        f"{found['calls_per_minute']:,} (HTTP, one connection)",
        f"{found['dict_pages_per_minute']:,} (JSON only, no HTTP)",
    )
    Console().print(table)
    print(json.dumps(found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=900_000)
    show(measure(parser.parse_args().rows))
