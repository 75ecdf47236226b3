"""How long an officer waits for a search: `./run bench resident_search` (or `--rows N`).

Imports the synthetic roll of `roll_import`, then searches as the county desk and as one beat.
Baseline in the same run: the same words through LIKE without our index.
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
BASELINE_SEARCHES = 5
SEED = 7


def words(frame: pl.DataFrame) -> dict[str, list[str]]:
    """Things to search for, of people who are there."""
    from weijing.residents.finding.names import sound

    picked = np.random.default_rng(SEED).integers(0, frame.height, SEARCHES)
    rows = frame[picked.tolist()]
    names = rows["姓名"].to_list()
    phones = [one for one in rows["手机号"].to_list() if one]
    return {
        "whole name": names,
        "given name": [name[1:] for name in names],
        "surname": [name[:1] for name in names],
        "initials": [sound(name)[1] for name in names],
        "pinyin": [sound(name)[0] for name in names],
        "address": [one or "1号" for one in rows["地址"].to_list()],
        "village": rows["村社区"].to_list(),
        "village and name": [
            f"{v} {n}" for v, n in zip(rows["村社区"].to_list(), names, strict=True)
        ],
        "phone": phones,
        "last four digits": [one[-4:] for one in phones],
    }


def times(search: Callable[[str], object], texts: list[str]) -> tuple[float, float]:
    """Median and 95th percentile, in ms."""
    search(texts[0])
    took = []
    for text in texts:
        began = time.perf_counter()
        search(text)
        took.append((time.perf_counter() - began) * 1e3)
    cut = quantiles(took, n=20)
    return cut[9], cut[18]


def like(county_id: int, text: str) -> list[Any]:
    """What one would write without grams."""
    from django.db.models import Q

    from weijing.residents.models import Resident

    found = Q(name__contains=text) | Q(household__address__contains=text)
    return list(Resident.objects.filter(found, county_id=county_id).order_by("name", "pk")[:50])


def scopes(county: Any) -> dict[str, Any]:
    from weijing.accounts.scope import Scope
    from weijing.territory.models import Division

    village = Division.objects.filter(county=county, level="village").order_by("code")[100]
    desk = Scope(county.pk, 1, frozenset({"campaign_author"}), True, (), (), ())
    ranges = ((village.lo, village.hi),)
    beat = Scope(county.pk, 1, frozenset({"village_auxiliary"}), False, ranges, (1,), ())
    return {"county": desk, "beat": beat}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_300_000)
    parser.add_argument("--files", type=Path, help="Keep the generated files here.")
    options = parser.parse_args()
    figures: dict[str, Any] = {"bench": "resident_search", "rows": options.rows}
    lines: list[tuple[str, ...]] = []
    with roll_import.server():
        from rich.console import Console
        from rich.table import Table

        roll_import.prepare()
        from weijing.residents.finding.searching import search

        folder = options.files or Path(os.environ["WEIJING_VAR"])
        csv, _, _ = roll_import.write_files(options.rows, folder)
        county = roll_import.fresh("search")
        roll_import.take_in(csv, county)
        kinds = words(pl.read_csv(csv, infer_schema=False).fill_null(""))
        for kind, texts in kinds.items():
            shown = [kind]
            for where, scope in scopes(county).items():
                p50, p95 = times(lambda text, scope=scope: search(text, scope=scope), texts)
                figures[f"{kind}, {where}"] = {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1)}
                shown.append(f"{p50:,.1f} / {p95:,.1f}")
            if kind in ("whole name", "given name", "address"):
                p50, p95 = times(lambda text: like(county.pk, text), texts[:BASELINE_SEARCHES])
                figures[f"{kind}, LIKE"] = {"p50_ms": round(p50, 1)}
                shown.append(f"{p50:,.1f}")
            lines.append(tuple(shown))
    table = Table(title=f"Search among {options.rows:,} residents, ms: median / 95th percentile")
    for name in ("", "county desk", "one beat", "LIKE, same run"):
        table.add_column(name)
    for line in lines:
        table.add_row(*line)
    Console().print(table)
    print(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    main()
