"""How long the number beside an audience takes: `./run bench audiences` (or `--residents N`).

A county of full size: see `audience_parts/county.py`. Each of twelve expressions is counted as the
composer does it, brought up to date with the last commit included. Beside it, in the same run and
on the same PostgreSQL: three ways of SQL on rows, and the shapes of LinkWeChat, listmonk and
RapidPro (`audience_parts/shapes.py`); all counts must be equal. Then the list of 860,000 people,
a new process, catching up with many changes, a breakdown by village, and what a change costs.
`--keep DIRECTORY` leaves the county there for the next run. Prints tables and, as its last line,
one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import geometric_mean, median, quantiles
from typing import Any

from audience_parts import asked, changing, county
from audience_parts.shapes import BY_OTHERS, BY_ROWS
from rich.console import Console
from rich.table import Table

RUNS, WARM = 400, 20
BASELINE_RUNS = 3
LIST_RUNS = 40


def milliseconds(work: Callable[[], object], runs: int, warm: int) -> tuple[float, float]:
    """Median and 95th percentile."""
    for _ in range(warm):
        work()
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1e3)
    return median(took), quantiles(took, n=20)[18] if runs > 2 else max(took)


def by_sql(statement: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


class Counts:
    """One expression after the other, by everybody."""

    def __init__(self, place: Any) -> None:
        self.county = place
        self.names = asked.names(place)
        self.figures: dict[str, dict[str, Any]] = {}

    def measure(self, name: str, tree: Any, beside: bool) -> None:
        from weijing.audiences import counting
        from weijing.audiences.expression import parse
        from weijing.audiences.index import keeping

        id = self.county.pk
        parsing, _ = milliseconds(lambda: parse(tree, county_id=id), 60, 5)
        node = parse(tree, county_id=id)
        people = counting.count(node, county_id=id)
        p50, p95 = milliseconds(lambda: counting.count(node, county_id=id), RUNS, WARM)
        with keeping.current(id) as index:
            alone, _ = milliseconds(lambda: counting.Question(index, index.day).count(node), 100, 5)
        figures = {"people": people, "p50_ms": p50, "p95_ms": p95, "index_alone_ms": alone,
                   "parse_ms": parsing}  # fmt: skip
        self.figures[name] = figures
        for shape, written in {**BY_ROWS, **BY_OTHERS}.items() if beside else ():
            if shape == "LinkWeChat" and name in asked.WITHOUT_LINKWECHAT:
                continue
            statement = written(tree, self.names)
            assert by_sql(statement) == people, (name, shape, people)
            figures[shape], _ = milliseconds(partial(by_sql, statement), BASELINE_RUNS, 0)

    def against(self, *shapes: str) -> list[float]:
        """How many times as long the best of these takes, for each expression that has one."""
        return [
            min(one[shape] for shape in shapes) / one["p50_ms"]
            for one in self.figures.values()
            if shapes[0] in one
        ]

    def show(self, said: dict[str, tuple[str, Any]], beside: bool) -> None:
        shapes = [*BY_ROWS, *BY_OTHERS] if beside else []
        table = Table(title="Counting, ms: median / 95th percentile; others: median")
        for heading in ("", "", "people", "ours", "index alone", "parse", *shapes):
            table.add_column(heading)
        for name, one in self.figures.items():
            table.add_row(
                name, said[name][0], f"{one['people']:,}",
                f"{one['p50_ms']:.2f} / {one['p95_ms']:.2f}", f"{one['index_alone_ms']:.3f}",
                f"{one['parse_ms']:.1f}",
                *(f"{one[shape]:,.0f}" if shape in one else "-" for shape in shapes),
            )  # fmt: skip
        Console(width=180).print(table)


def ratios(counts: Counts) -> dict[str, dict[str, float]]:
    found = {"best SQL on rows": counts.against(*BY_ROWS)}
    found |= {shape: counts.against(shape) for shape in BY_OTHERS}
    return {
        name: {
            "geometric_mean": round(geometric_mean(times)),
            "least": round(min(times)), "most": round(max(times)),
        }
        for name, times in found.items()
    }  # fmt: skip


def lists(place: Any, tree: Any, names: Any) -> list[tuple[str, str, str]]:
    """The ids of nearly everybody, beside the same list by EXISTS."""
    from django.db import connection

    from weijing.audiences import counting
    from weijing.audiences.expression import parse

    node = parse(tree, county_id=place.pk)

    def ours() -> Any:
        return counting.resident_ids(counting.people(node, county_id=place.pk), county_id=place.pk)

    def theirs() -> Any:
        statement = BY_ROWS["EXISTS"](tree, names).replace("count(*)", "p.id", 1)
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    people = len(ours())
    assert people == len(theirs())
    p50, p95 = milliseconds(ours, LIST_RUNS, 3)
    slow, _ = milliseconds(theirs, BASELINE_RUNS, 0)
    return [
        (f"list of {people:,} residents, ms", f"{p50:.1f} / {p95:.1f}", f"{slow:,.0f} by EXISTS")
    ]


def villages(place: Any, tree: Any) -> list[tuple[str, str, str]]:
    """How an audience spreads over all villages."""
    from django.db import connection

    from weijing.audiences import counting
    from weijing.audiences.expression import parse
    from weijing.audiences.index import keeping
    from weijing.territory.models import Division

    node = parse(tree, county_id=place.pk)
    there = Division.objects.filter(county=place, level=Division.Level.VILLAGE).order_by("lo")
    ranges = list(there.values_list("lo", "hi"))

    def ours() -> list[int]:
        found = counting.people(node, county_id=place.pk)
        with keeping.current(place.pk) as index:
            return counting.spread_over(found, ranges, index=index)

    def theirs() -> list[int]:
        words = BY_ROWS["EXISTS"](tree, asked.names(place)).partition("WHERE")[2]
        with connection.cursor() as cursor:
            cursor.execute(VILLAGES % words)
            return [row[0] for row in cursor.fetchall()]

    began = time.perf_counter()
    spread = ours()
    first = (time.perf_counter() - began) * 1e3
    assert spread == theirs()
    p50, p95 = milliseconds(ours, LIST_RUNS, 3)
    slow, _ = milliseconds(theirs, BASELINE_RUNS, 0)
    what = f"{sum(spread):,} people by {len(ranges)} villages, ms"
    return [
        (what, f"{p50:.1f} / {p95:.1f}", f"{slow:,.0f} by GROUP BY"),
        ("the first time in a process, ms", f"{first:.0f}", ""),
    ]


VILLAGES = """
SELECT count(found.lo) FROM territory_division village
LEFT JOIN (SELECT p.lo FROM bench_person p WHERE %s) found
    ON found.lo BETWEEN village.lo AND village.hi
WHERE village.level = 'village' GROUP BY village.id, village.lo ORDER BY village.lo
"""


def new_process(residents: int, how: str) -> dict[str, float]:
    """What it tells of itself."""
    command = [sys.executable, __file__, "--residents", str(residents), "--new-process", how]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(told.splitlines()[-1]))


def tell_of_a_new_process(residents: int) -> None:
    """Seconds until the first answer, and how much memory was taken for it."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "weijing.settings"
    django.setup()
    county.use(f"{county.NAME}_{residents}")
    from weijing.audiences import counting
    from weijing.audiences.expression import IsLinked, parse
    from weijing.territory.models import County

    place = County.objects.get()
    before, began = _memory_mb("VmRSS"), time.perf_counter()
    people = counting.count(IsLinked(True), county_id=place.pk)
    seconds = time.perf_counter() - began
    for _, tree in asked.expressions(place).values():
        counting.count(parse(tree, county_id=place.pk), county_id=place.pk)
    print(json.dumps({
        "people": people, "seconds": round(seconds, 2),
        "mb": round(_memory_mb("VmRSS") - before), "peak_mb": round(_memory_mb("VmHWM") - before),
    }))  # fmt: skip


def _memory_mb(kind: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(kind)).split()[1]) / 1024


def cold_starts(place: Any, residents: int) -> list[tuple[str, str, str]]:
    from weijing.audiences.index import checkpoints, keeping
    from weijing.audiences.models import AudienceCheckpoint

    AudienceCheckpoint.objects.all().delete()
    rows = new_process(residents, "rows")
    with keeping.current(place.pk) as index:
        began = time.perf_counter()
        size = checkpoints.write(place.pk, index)
        wrote = time.perf_counter() - began
    kept = new_process(residents, "checkpoint")
    assert rows["people"] == kept["people"]
    return [
        ("new process from rows, s", f"{rows['seconds']:.2f}", ""),
        ("new process from a checkpoint, s", f"{kept['seconds']:.2f}", f"{rows['seconds']} rows"),
        ("write a checkpoint, s", f"{wrote:.2f}", f"{size / 1e6:.0f} MB"),
        ("memory of a process, MB", f"{kept['mb']} (peak {kept['peak_mb']})",
         f"{rows['mb']} (peak {rows['peak_mb']}) from rows"),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=1_300_000)
    parser.add_argument("--keep", type=Path, help="Keep the county in this directory.")
    parser.add_argument("--ours", action="store_true", help="Leave out what others take.")
    parser.add_argument("--new-process", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.new_process:
        tell_of_a_new_process(options.residents)
        return
    with county.server(options.keep):
        place = county.county(options.residents)
        said = asked.expressions(place)
        counts = Counts(place)
        for name, (_, tree) in said.items():
            counts.measure(name, tree, beside=not options.ours)
        counts.show(said, beside=not options.ours)
        trip, _ = milliseconds(lambda: by_sql("SELECT 1"), RUNS, WARM)
        lines = [
            ("a round trip to PostgreSQL, ms", f"{trip:.2f}", ""),
            *lists(place, said["E11"][1], counts.names),
            *villages(place, said["E08"][1]),
            *cold_starts(place, options.residents),
            *changing.catching_up(place),
            *changing.cost(place),
        ]
    table = Table(title=f"The same audiences, {options.residents:,} residents")
    for heading in ("", "ours", "beside it, same run"):
        table.add_column(heading)
    for line in lines:
        table.add_row(*line)
    Console().print(table)
    figures = {
        "bench": "audiences", "residents": options.residents,
        "ratios": {} if options.ours else ratios(counts),
        "worst_p95_ms": round(max(one["p95_ms"] for one in counts.figures.values()), 2),
        "counts": {
            name: {key: round(value, 3) for key, value in one.items()}
            for name, one in counts.figures.items()
        },
        **{name: [value, beside] for name, value, beside in lines},
        "load_average": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    for name, times in figures["ratios"].items():
        print(f"{name}: {times}")
    print(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    main()
