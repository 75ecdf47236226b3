"""What follows once the rows of a roll are written: timelines, queues, search, WeCom remarks."""

from datetime import datetime

import numpy as np
import polars as pl

from weijing.residents.importing import absences, noting, refinding
from weijing.residents.importing.differing import bit
from weijing.residents.importing.weighing import Weighed
from weijing.residents.labels import pushing


def follow_up(
    weighed: Weighed,
    absent: absences.Absent,
    *,
    county_id: int,
    import_id: int,
    by_id: int | None,
    at: datetime,
) -> int:
    """In the transaction of the import. How many people were newly proposed as moved away."""
    changed = weighed.ids[np.flatnonzero(weighed.touched)]
    moved = noting.home_changes(county_id, weighed.home_differences, by_id=by_id, at=at)
    own_words = np.flatnonzero(weighed.kept & (bit("name") | bit("household")))
    refinding.refind(county_id, weighed.ids[own_words].tolist(), _homes_to_refind(weighed))
    noting.supersede(county_id, weighed.conflicts, at=at)
    noting.conflicts(county_id, import_id, weighed.conflicts)
    pushing.want_rewritten(county_id, [*changed[changed != 0].tolist(), *moved], at=at)
    known = weighed.ids[weighed.ids != 0]
    return absences.record(county_id, import_id, absent, known) if len(known) else 0


def _homes_to_refind(weighed: Weighed) -> list[int]:
    """Also those whose address is not the roll's, of which a changed row says otherwise."""
    changed = weighed.homes.frame.filter(pl.col("changed") & (pl.col("id") != 0))
    differing = {one.household_id for one in weighed.home_differences}
    return sorted({*changed["id"].to_list(), *differing})
