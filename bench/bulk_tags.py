"""How long a tag for 100,000 people takes: `./run bench bulk_tags` (or `--people N`).

A synthetic county is written by SQL (nobody's name, nobody's phone; two thirds linked), then a
chief's order runs as a worker runs it: the tag put on, the same undone, an officer chosen. After
every few pieces the rows are counted: what the work says it did is what an audience finds.
Baseline in the same run: each person through `assigning.assign`, one transaction each, as a loop
in a request would. Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

import coverage
import roll_import

SAMPLE = 1_000  # people of the baseline
COUNTED_EVERY = 10  # pieces
OFFICER = 3_000_000  # the first whom `coverage.load` writes


def chief_of(county: Any) -> Any:
    """Who commands the whole county."""
    from weijing.accounts.models import Officer, Posting, Role, RoleGrant
    from weijing.core import clock

    at = clock.now()
    chief = Officer.objects.create(county=county, username="chief", name="所长", password="!")
    RoleGrant.objects.create(county=county, officer=chief, role=Role.STATION_COMMAND, granted_at=at)
    Posting.objects.create(county=county, officer=chief, kind="county", starts_at=at)
    return chief


def tag_of(county: Any, code: str) -> Any:
    from weijing.tags.models import Tag, TagCategory, TagGroup

    category, _ = TagCategory.objects.get_or_create(county=county, code="TRF", name="出行")
    group, _ = TagGroup.objects.get_or_create(
        county=county, code="TRF01", name="车辆", category=category, subject="resident",
        audience="yes",
    )  # fmt: skip
    return Tag.objects.create(
        county=county, group=group, code=code, name=code, pinyin="", initials="", sensitive=False,
        purpose="bench", retention_days=365,
    )  # fmt: skip


class Orders:
    """Orders of one chief, for the first so many people of the county."""

    def __init__(self, county: Any, count: int) -> None:
        from weijing.accounts.scope import scope_of
        from weijing.core import clock
        from weijing.residents.queries import visible_to

        self.chief, self.count = chief_of(county), count
        self.scope = scope_of(self.chief, at=clock.now())
        self.people = visible_to(self.scope).filter(ordinal__lt=count)

    def order(self, kind: str, parameters: dict[str, Any]) -> tuple[float, Any]:
        """Seconds until the page of the job is there, and the work."""
        from weijing.core import clock
        from weijing.residents.bulk import ordering

        began = time.perf_counter()
        work = ordering.order(
            kind, self.people, parameters=parameters, seen=self.count, typed=self.count,
            by=self.chief, scope=self.scope, at=clock.now(),
        )  # fmt: skip
        return time.perf_counter() - began, work

    def undo(self, work: Any) -> Any:
        from weijing.core import clock
        from weijing.residents.bulk import undoing

        return undoing.undo(work, by=self.chief, scope=self.scope, at=clock.now())


def run(work: Any, check: Any) -> tuple[float, float, int]:
    """Seconds, processor seconds of both sides, and how often the count was compared."""
    from weijing.core import clock
    from weijing.residents.bulk import pieces

    began, cpu, spent, checks, number = time.perf_counter(), roll_import.cpu_seconds(), 0.0, 0, 0
    more = True
    while more:
        more = pieces.run_next(work.county_id, work.pk, at=clock.now())
        number += 1
        if number % COUNTED_EVERY == 0 or not more:
            paused = time.perf_counter()
            work.refresh_from_db()
            check(work)
            checks += 1
            spent += time.perf_counter() - paused
    return time.perf_counter() - began - spent, roll_import.cpu_seconds() - cpu, checks


def row_by_row(county: Any, tag: Any, by: Any) -> float:
    """Seconds for a thousand people, one after the other."""
    from weijing.core import clock
    from weijing.residents.models import Resident
    from weijing.tags import assigning

    began = time.perf_counter()
    for person in Resident.objects.filter(county=county, ordinal__lt=SAMPLE).iterator():
        assigning.assign(person, [tag], source="visit", by=by, at=clock.now())
    return (time.perf_counter() - began) * 1_000 / SAMPLE


def measure(county: Any, count: int) -> tuple[list[tuple[str, str, str]], dict[str, Any]]:
    from weijing.audiences import counting
    from weijing.audiences.expression import HasTag
    from weijing.residents.bulk.officers import ASSIGN
    from weijing.residents.models import Contact, Resident

    orders, tag = Orders(county, count), tag_of(county, "TRF01001")
    audience = HasTag((tag.code,))

    def carried() -> int:
        return counting.count(audience, county_id=county.pk)

    def tagged(work: Any) -> None:
        assert carried() == work.changed, (carried(), work.changed)

    def untagged(work: Any) -> None:
        assert carried() == count - work.changed, (carried(), work.changed)

    def assigned(work: Any) -> None:
        rows = Resident.objects.filter(county=county, primary_officer=OFFICER)
        assert rows.count() == work.changed

    ordering, work = orders.order("tags.add", {"tag": tag.pk, "source": "visit", "basis": "bench"})
    done = {"tag": run(work, tagged), "undo": run(orders.undo(work), untagged)}
    Contact.objects.filter(county=county, identity__resident__ordinal__lt=count).update(
        officer_id=OFFICER
    )
    _, handing = orders.order(ASSIGN, {"officer": OFFICER})
    done["officer"] = run(handing, assigned)
    handing.refresh_from_db()
    assert handing.done == count and handing.changed + sum(handing.refused.values()) == count
    slow = row_by_row(county, tag_of(county, "TRF01002"), orders.chief)
    figures: dict[str, Any] = {
        "order_seconds": round(ordering, 2),
        "row_by_row_seconds_per_1000": round(slow, 2),
        "times_row_by_row": round(slow * count / 1_000 / done["tag"][0], 1),
        **{
            name: {"seconds": round(took, 1), "cpu_seconds": round(cpu, 1), "exact_at": checks}
            for name, (took, cpu, checks) in done.items()
        },
        "officer_changed": handing.changed,
        "load_average": round(os.getloadavg()[0], 1),
    }
    beside = f"{slow * count / 1_000:,.0f} s (from {SAMPLE:,})"
    lines = [("order: fix who they are", f"{ordering:,.2f} s", "")]
    for name, (took, cpu, _) in done.items():
        lines.append((name, f"{took:,.1f} s, cpu {cpu:,.1f}", beside if name == "tag" else ""))
    return lines, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--residents", type=int, default=1_300_000)
    options = parser.parse_args()
    with roll_import.server():
        roll_import.prepare()
        county = roll_import.fresh("bulk")
        coverage.load(county, options.residents)
        from weijing.tags import bulk_tagging as bulk_tagging

        lines, figures = measure(county, options.people)
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{options.people:,} of {options.residents:,} residents changed")
    for name in ("", "ours", "one by one, same run"):
        table.add_column(name)
    for line in lines:
        table.add_row(*line)
    Console().print(table)
    wanted = {"bench": "bulk_tags", "people": options.people, "residents": options.residents}
    print(json.dumps({**wanted, **figures}, ensure_ascii=False))


if __name__ == "__main__":
    main()
