"""The audit trail of a busy county: writing, sealing, proving, and asking who saw somebody.

`./run bench audit` (or `--entries N`). Two million readings by 1,400 officers; baselines in the
same run: the same rows written without a mark, and read without being proved.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median, quantiles
from typing import Any

from audience_parts import county as counties
from rich.console import Console
from rich.table import Table

SEED = 20261124
BEGINS = datetime(2026, 6, 1, tzinfo=UTC)
OFFICERS, RESIDENTS = 1_400, 200_000
BATCH = 5_000
ASKED = 200


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def people() -> tuple[Any, list[Any], Any]:
    """A county, its officers, and a resident of 200,000 whose record may have been opened."""
    from weijing.accounts.models import Officer
    from weijing.core.ids import new_ids
    from weijing.territory import loading

    path = loading.shipped_file("430524")
    place = loading.load_county(loading.read_divisions(path, "430524"), source=path.name).county
    officers = Officer.objects.bulk_create(
        Officer(id=id, county=place, username=f"u{id}", name="阳模拟") for id in new_ids(OFFICERS)
    )
    return place, officers, new_ids(RESIDENTS)


def entries(place: Any, officers: list[Any], residents: list[int], number: int) -> Any:
    """Batches of unsaved entries, one every few seconds over half a year."""
    from weijing.audit.models import AuditEntry

    random = Random(SEED)
    for start in range(0, number, BATCH):
        yield [
            AuditEntry(
                county_id=place.pk, at=BEGINS + timedelta(seconds=7 * (start + n)),
                actor=random.choice(officers), action="record.viewed",
                object_type="residents.resident", object_id=random.choice(residents),
                purpose="service",
            )
            for n in range(min(BATCH, number - start))
        ]  # fmt: skip


def write(batches: Any) -> float:
    """Seconds spent in writing, without making the rows up."""
    from django.db import transaction

    from weijing.audit.models import AuditEntry

    spent = 0.0
    for batch in batches:
        began = time.perf_counter()
        with transaction.atomic():
            AuditEntry.objects.bulk_create(batch)
        spent += time.perf_counter() - began
    return spent


def unmarked(batches: Any) -> float:
    from weijing.audit import models

    marking, models.mark = models.mark, lambda entry: b"\0" * 32
    try:
        return write(batches)
    finally:
        models.mark = marking


def read_only(place: Any) -> int:
    from django.db import transaction

    from weijing.audit import verifying

    with transaction.atomic():
        return sum(1 for _ in verifying._entries(place))


def who_saw(place: Any, residents: list[int]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds of all readings of one record."""
    from weijing.audit.models import AuditEntry

    random, took = Random(SEED + 1), []
    for _ in range(ASKED):
        rows = AuditEntry.objects.filter(
            county_id=place.pk, object_type="residents.resident",
            object_id=random.choice(residents),
        )  # fmt: skip
        spent, _ = seconds(lambda rows=rows: list(rows.order_by("-at")))  # type: ignore[misc]
        took.append(spent * 1e3)
    return median(took), quantiles(took, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=2_000_000)
    number = parser.parse_args().entries
    with counties.server():
        import django

        django.setup()
        from django.core.management import call_command

        from weijing.audit import checkpoints, sealing, verifying

        call_command("migrate", verbosity=0)
        place, officers, residents = people()
        bare = unmarked(entries(place, officers, residents, number // 20)) * 20
        _forget()
        wrote = write(entries(place, officers, residents, number))
        sealed_in, sealed = seconds(lambda: sealing.seal(place.pk, at=datetime.now(UTC)))
        checkpoints.write(place)
        proved_in, verdict = seconds(lambda: verifying.verify(place))
        read_in, read = seconds(lambda: read_only(place))
        assert (sealed, read, verdict.wrong) == (number, number, []), verdict.wrong[:3]
        usual, worst = who_saw(place, residents)
    lines = [
        ("entries written, a second", f"{number / wrote:,.0f}", f"{number / bare:,.0f} unmarked"),
        ("sealed, a second", f"{number / sealed_in:,.0f}", "target 2,000"),
        (f"{number:,} proved, s", f"{proved_in:.1f}", f"{read_in:.1f} only read; target 60"),
        ("who saw somebody, ms", f"{usual:.1f} (p95 {worst:.1f})", "target 2,000"),
    ]
    table = Table("", "ours", "beside it", title=f"An audit trail of {number:,} entries")
    for line in lines:
        table.add_row(*line)
    Console().print(table)
    figures: dict[str, Any] = {name: [value, beside] for name, value, beside in lines}
    print(json.dumps(
        {"bench": "audit", **figures, "load_average": round(os.getloadavg()[0], 1)},
        ensure_ascii=False,
    ))  # fmt: skip


def _forget() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_auditentry")


if __name__ == "__main__":
    main()
