"""How fast a county's contacts are read from WeCom: `./run bench contact_sync [N] [--officers n]`.

A simulated WeCom with N contacts, a PostgreSQL of its own, and our line at the limits we keep (70 %
of WeCom's). Two readings: the first, which writes everything, and one that finds nothing changed.
The yardstick is the number of calls that the limit allows in the time the reading took. Beside it,
from the same run, the obvious loop: `list`, then `get` and save one contact after the other.
Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

NAIVE_CONTACTS = 2_000
MARKS = (25, 50, 75, 100)  # per cent of the contacts, at which the memory is read


@contextmanager
def simulated_wecom(var: Path) -> Iterator[dict[str, Any]]:
    """A simulator that refuses nobody; the limits are kept by our line alone."""
    command = [sys.executable, "-m", "wecom_simulator", "--port", "0", "--json"]
    command += ["--data-dir", str(var / "wecom"), "--scale-limits", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)


def admin(facts: dict[str, Any], path: str, **body: Any) -> dict[str, Any]:
    answer = httpx.post(facts["admin_url"] + path, json=body, timeout=600, trust_env=False)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def people(facts: dict[str, Any], contacts: int, officers: int) -> None:
    """Officers p…, who share the contacts, and one more, `naive`, for the obvious loop."""
    admin(facts, "departments", departments=[{"id": 2, "name": "小沙江派出所", "parentid": 1}])
    userids = [f"p{number}" for number in range(officers)]
    for start in range(0, officers, 500):
        members = [
            {"userid": userid, "name": f"阳{userid}", "department": [2]}
            for userid in userids[start : start + 500]
        ]
        admin(facts, "members", members=members)
    admin(facts, "generate", relations=contacts, seed=20260101)
    admin(facts, "members", members=[{"userid": "naive", "name": "阳", "department": [1]}])
    admin(facts, "generate", relations=NAIVE_CONTACTS, seed=2, members=["naive"])


def start_django(var: Path, facts: dict[str, Any], per_minute: int) -> None:
    from weijing.core import crypto, embedded_postgres

    crypto.create_secrets(var / "secrets.json")
    os.environ.pop("DATABASE_URL", None)
    os.environ |= {
        "WEIJING_VAR": str(var),
        "DJANGO_SETTINGS_MODULE": "weijing.settings",
        "WEIJING_WECOM_BASE_URL": facts["base_url"].removesuffix("/cgi-bin/"),
        "WEIJING_WECOM_CORPID": facts["corpid"],
        "WEIJING_WECOM_AGENTID": str(facts["agentid"]),
        "WEIJING_WECOM_SECRET": facts["secret"],
        "WEIJING_WECOM_CALLS_PER_MINUTE": str(per_minute),
        "WEIJING_WECOM_CALLS_PER_HOUR": str(per_minute * 60),
        "WEIJING_LOG_LEVEL": "WARNING",
    }
    embedded_postgres.up(var)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def allowed_calls(seconds: float) -> float:
    """How many calls of one API our limiter lets through in that time, from a full bucket."""
    from weijing.core.env import environment
    from weijing.core.line.limiter import DatabaseRateLimiter

    settings = environment()
    limiter = DatabaseRateLimiter(
        per_minute=settings.wecom_calls_per_minute, per_hour=settings.wecom_calls_per_hour
    )
    rates = limiter.rates("externalcontact/batch/get_by_user")
    return min(rate.burst + rate.per_second * seconds for rate in rates)


def resident_megabytes() -> float:
    for row in Path("/proc/self/status").read_text().splitlines():
        if row.startswith("VmRSS"):
            return int(row.split()[1]) / 1024
    return 0.0


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processors(simulator_pid: int) -> dict[str, float]:
    """Seconds of a processor used so far by us, by our connection's server, by the simulator."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    pids = {"ours": os.getpid(), "database": backend, "simulator": simulator_pid}
    return {name: processor_seconds(pid) for name, pid in pids.items()}


def reading(county_id: int, contacts: int, name: str, simulator_pid: int) -> dict[str, Any]:
    from weijing.core import line
    from weijing.sync.contacts_full import Numbers, read_all

    memory: dict[str, float] = {}

    def note_memory(numbers: Numbers) -> None:
        for mark in MARKS:
            if str(mark) not in memory and numbers.contacts >= contacts * mark // 100:
                memory[str(mark)] = round(resident_megabytes(), 1)

    wecom = line.wecom(county_id)
    wecom.check()  # the token is not part of the reading
    started, before = time.monotonic(), processors(simulator_pid)
    numbers = read_all(county_id, wecom, progress=note_memory)
    seconds = time.monotonic() - started
    assert numbers.contacts == contacts + NAIVE_CONTACTS, numbers
    return {
        "reading": name,
        "contacts": numbers.contacts,
        "changed": numbers.changed,
        "calls": numbers.calls,
        "seconds": round(seconds, 1),
        "processor_seconds": {
            who: round(after - before[who], 1) for who, after in processors(simulator_pid).items()
        },
        "contacts_per_second": round(numbers.contacts / seconds),
        "calls_allowed": round(allowed_calls(seconds)),
        "share_of_allowed": round(numbers.calls / allowed_calls(seconds), 3),
        "rss_megabytes_at_percent": memory,
    }


def obvious_loop(county_id: int) -> dict[str, Any]:
    """What one writes first: the list of one officer, then each contact by itself, row by row."""
    from weijing.accounts.models import Officer
    from weijing.core import line
    from weijing.residents import ordinals
    from weijing.residents.models import Contact, Resident, WechatIdentity

    wecom = line.wecom(county_id)
    officer = Officer.objects.get(county_id=county_id, wecom_userid="naive")
    started = time.monotonic()
    names = wecom.customers.list("naive")
    for name in names:
        customer = wecom.customers.get(name)
        (follow,) = customer.follow_user
        resident = Resident.objects.create(
            county_id=county_id,
            ordinal=ordinals.take(county_id, 1),
            name=customer.external_contact.name,
            lifecycle=Resident.Lifecycle.PROVISIONAL,
        )
        identity = WechatIdentity.objects.create(
            county_id=county_id, external_userid=name, resident=resident,
            nickname=customer.external_contact.name,
        )  # fmt: skip
        Contact.objects.create(
            county_id=county_id, officer=officer, identity=identity, remark=follow.remark,
            added_at=datetime.fromtimestamp(follow.createtime, UTC), seen_at=datetime.now(UTC),
        )  # fmt: skip
    seconds = time.monotonic() - started
    Contact.objects.filter(county_id=county_id).delete()
    WechatIdentity.objects.filter(county_id=county_id).delete()
    return {
        "reading": "obvious loop",
        "contacts": len(names),
        "calls": len(names) + 1,
        "seconds": round(seconds, 1),
        "contacts_per_second": round(len(names) / seconds),
    }


def show(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = (
        "reading", "contacts", "calls", "seconds", "contacts_per_second", "calls_allowed",
        "share_of_allowed",
    )  # fmt: skip
    table = Table(*(column.replace("_", " ") for column in columns))
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    Console(width=110).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contacts", nargs="?", type=int, default=900_000)
    parser.add_argument("--officers", type=int, default=1_400)
    parser.add_argument("--per-minute", type=int, default=7_000, help="calls our line allows")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no server behind
    var = Path(tempfile.mkdtemp(prefix="weijing-bench-"))
    var.chmod(0o711)
    try:
        with simulated_wecom(var) as facts:
            people(facts, options.contacts, options.officers)
            start_django(var, facts, options.per_minute)
            measure(options, facts["pid"])
    finally:
        from weijing.core import embedded_postgres

        embedded_postgres.remove(var)
        shutil.rmtree(var, ignore_errors=True)


def measure(options: argparse.Namespace, simulator_pid: int) -> None:
    from weijing.core import line
    from weijing.core.env import environment
    from weijing.sync.address_book import read_address_book
    from weijing.territory.models import County

    county = County.objects.create(
        code="430524", name="隆回县", bureau_name="隆回县公安局", short_name="隆"
    )
    read_address_book(county.pk, line.wecom(county.pk))
    settings = environment()
    settings.wecom_calls_per_minute = settings.wecom_calls_per_hour = 10_000_000
    naive = obvious_loop(county.pk)  # held up by no limit
    settings.wecom_calls_per_minute = options.per_minute
    settings.wecom_calls_per_hour = options.per_minute * 60
    first = reading(county.pk, options.contacts, "first", simulator_pid)
    again = reading(county.pk, options.contacts, "unchanged", simulator_pid)
    line.hang_up()
    show([naive, first, again])
    speedup = first["contacts_per_second"] / naive["contacts_per_second"]
    print(f"Memory of our process in MB at per cent read: {first['rss_megabytes_at_percent']}")
    print(
        json.dumps(
            {
                "bench": "contact_sync",
                "officers": options.officers,
                "calls_per_minute": options.per_minute,
                "first": first,
                "unchanged": again,
                "naive": naive,
                "times_naive": round(speedup, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
