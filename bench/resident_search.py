"""How long an officer waits for a search: `./run bench resident_search` (or `--rows N`).

Imports the synthetic roll of `roll_import`, then searches as the county desk, as a station and as
one beat. Baselines in the same run: the same words through pg_trgm (GIN over name and address),
and through LIKE without any index of ours. Last, words that fit nobody, which are read generously.
Prints a table and, as its last line, one JSON object. `--explain` shows the plans as well.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import polars as pl
import roll_import

SEARCHES = 60  # of each kind
BASELINE_SEARCHES = 20
LIKE_SEARCHES = 3
SEED = 7
BESIDE = ("whole name", "two characters", "surname", "address", "address fragment")


def words(frame: pl.DataFrame) -> dict[str, list[str]]:
    """Things to search for, of people who are there."""
    from weijing.residents.finding.names import sound

    picked = np.random.default_rng(SEED).integers(0, frame.height, SEARCHES)
    rows = frame[picked.tolist()]
    names = rows["姓名"].to_list()
    phones = [one for one in rows["手机号"].to_list() if one]
    addresses = [one or "1号" for one in rows["地址"].to_list()]
    villages, groups = rows["村社区"].to_list(), rows["组"].to_list()
    return {
        "whole name": names,
        "two characters": [name[:2] for name in names],
        "given name": [name[1:] for name in names if len(name) > 2],
        "surname": [name[:1] for name in names],
        "initials": [sound(name)[1] for name in names],
        "pinyin": [sound(name)[0] for name in names],
        "address": addresses,
        "address fragment": [one[:3] for one in addresses],
        "village": villages,
        "village, group, surname": [
            f"{v}{g} {n[:1]}" for v, g, n in zip(villages, groups, names, strict=True)
        ],
        "household number": rows["户号"].to_list(),
        "phone": phones,
        "last four digits": [one[-4:] for one in phones],
    }


def typos(names: list[str]) -> list[str]:
    """Each with a character that nobody has, in the middle or at the end."""
    return [name[:1] + "齾" + name[2:] for name in names if len(name) > 2]


def times(search: Callable[[str], object], texts: list[str]) -> dict[str, float]:
    """Median and 95th percentile, and processor time of both sides for each search, in ms."""
    search(texts[0])
    took, cpu = [], roll_import.cpu_seconds()
    for text in texts:
        began = time.perf_counter()
        search(text)
        took.append((time.perf_counter() - began) * 1e3)
    used = (roll_import.cpu_seconds() - cpu) * 1e3 / len(texts)
    cut = quantiles(took, n=20)
    return {"p50_ms": round(cut[9], 1), "p95_ms": round(cut[18], 1), "cpu_ms": round(used, 1)}


def _told(figure: dict[str, float]) -> str:
    return f"{figure['p50_ms']:,.1f} / {figure['p95_ms']:,.1f} ({figure['cpu_ms']:,.1f})"


TRIGRAMS = """
CREATE EXTENSION pg_trgm;
CREATE INDEX bench_name ON residents_resident USING gin (name gin_trgm_ops);
CREATE INDEX bench_address ON residents_household USING gin (address gin_trgm_ops);
ANALYZE residents_resident, residents_household
"""


def trigrams(county_id: int, text: str) -> list[Any]:
    """What one would write with pg_trgm: each column has an index, so each is asked for itself."""
    from weijing.residents.models import Resident

    people = Resident.objects.filter(county_id=county_id).select_related("household", "division")
    found = list(people.filter(name__contains=text)[:50])
    if len(found) < 50:
        found += people.filter(household__address__contains=text)[:50]
    return found[:50]


def like(county_id: int, text: str) -> list[Any]:
    """The same without an index."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        return trigrams(county_id, text)


def scopes(county: Any) -> dict[str, Any]:
    from weijing.accounts.scope import Scope
    from weijing.territory.models import Division

    village = Division.objects.filter(county=county, level="village").order_by("code")[100]
    town = Division.objects.get(county=county, pk=village.parent_id)
    desk = Scope(county.pk, 1, frozenset({"campaign_author"}), True, (), (), ())
    ranges = ((village.lo, village.hi),)
    beat = Scope(county.pk, 1, frozenset({"village_auxiliary"}), False, ranges, (1,), ())
    within = ((town.lo, town.hi),)
    station = Scope(county.pk, 1, frozenset({"station_command"}), False, within, (), (1,))
    return {"county": desk, "station": station, "beat": beat}


def explain(scope: Any, text: str) -> None:
    """The plans of one search, as PostgreSQL ran them."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from weijing.residents.finding.searching import search

    with CaptureQueriesContext(connection) as captured:
        search(text, scope=scope)
    for query in captured:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + query["sql"].replace("%", "%%"), [])
            print("\n".join(row[0] for row in cursor.fetchall()), "\n")


def measure(county: Any, frame: pl.DataFrame, *, plans: bool) -> tuple[list[Any], dict[str, Any]]:
    from django.db import connection

    from weijing.residents.finding.searching import look, search

    kinds, lines, figures = words(frame), [], {}
    for kind, texts in kinds.items():
        shown = [kind]
        for where, scope in scopes(county).items():
            figure = times(lambda text, scope=scope: search(text, scope=scope), texts)
            figures[f"{kind}, {where}"] = figure
            shown.append(_told(figure))
            if plans and kind in BESIDE:
                explain(scope, texts[0])
        lines.append(shown)
    with connection.cursor() as cursor:
        cursor.execute(TRIGRAMS)
    for shown in lines:
        if shown[0] in BESIDE:
            texts = kinds[shown[0]]
            for name, ask, most in (
                ("pg_trgm", trigrams, BASELINE_SEARCHES), ("LIKE", like, LIKE_SEARCHES)
            ):  # fmt: skip
                figure = times(lambda text, ask=ask: ask(county.pk, text), texts[:most])
                figures[f"{shown[0]}, {name}"] = figure
                shown.append(_told(figure))
    shown = ["one character wrong"]
    for where, scope in scopes(county).items():
        figure = times(
            lambda text, scope=scope: look(text, scope=scope), typos(kinds["whole name"])
        )
        figures[f"{shown[0]}, {where}"] = figure
        shown.append(_told(figure))
    return [*lines, shown], figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_300_000)
    parser.add_argument("--files", type=Path, help="Keep the generated roll here.")
    parser.add_argument("--explain", action="store_true", help="Print the plans.")
    options = parser.parse_args()
    figures: dict[str, Any] = {"bench": "resident_search", "rows": options.rows}
    with roll_import.server():
        roll_import.prepare()
        csv = (options.files or Path(os.environ["WEIJING_VAR"])) / f"{options.rows}.csv"
        if not csv.exists():
            roll_import.roll(options.rows).write_csv(csv)
        county = roll_import.fresh("search")
        roll_import.take_in(csv, county)
        frame = pl.read_csv(csv, infer_schema=False).fill_null("")
        lines, measured = measure(county, frame, plans=options.explain)
    figures |= measured | {"load_average": round(os.getloadavg()[0], 1)}
    _print(options.rows, lines)
    print(json.dumps(figures, ensure_ascii=False))


def _print(rows: int, lines: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"Search among {rows:,} residents, ms: median / 95th percentile (processor)"
    )
    for name in ("", "county desk", "a station", "one beat", "pg_trgm", "LIKE"):
        table.add_column(name)
    for line in lines:
        table.add_row(*line)
    Console().print(table)


if __name__ == "__main__":
    main()
