"""The whole file against what we have: who is new, what changes, what stays, what a person decides.

Nothing is written but what a caller's `note` writes. Changed rows are opened part by part, so
memory stays flat.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weijing.residents.importing import comparing, differing, homes_differing, placing
from weijing.residents.importing.comparing import Homes
from weijing.residents.importing.differing import Difference, Differing
from weijing.residents.importing.gathering import Gathered
from weijing.residents.importing.homes_differing import HomeDifference
from weijing.residents.importing.marks import Marker
from weijing.residents.importing.spool import Spool
from weijing.residents.importing.verdicts import Policy, Verdict

SAMPLES = 40


@dataclass(frozen=True)
class Against:
    """What a file is weighed against, and who helps."""

    county_id: int
    marker: Marker
    policies: Mapping[str, Policy]
    executor: Executor
    spool: Spool


@dataclass
class Weighed:
    """Arrays are indexed by n: `ids` (0: new), `same` (the row says what it said), `kept` (bits of
    `differing.KEEPABLE` that stay ours). `touched`: somebody's record changes.
    """

    ids: npt.NDArray[np.int64]
    same: npt.NDArray[np.bool_]
    kept: npt.NDArray[np.uint8]
    touched: npt.NDArray[np.bool_]
    homes: Homes
    home_differences: list[HomeDifference]
    conflicts: list[Difference] = field(default_factory=list)
    samples: list[Difference] = field(default_factory=list)
    counts: Counter[tuple[str, Verdict]] = field(default_factory=Counter)  # of people


def weigh(
    gathered: Gathered,
    divisions: Mapping[str, int],
    against: Against,
    note: Callable[[Sequence[Difference]], Any],
) -> Weighed:
    """`note` hears the differences of people, part by part of the file.

    `gathered` keeps of its rows what the rest of the import needs, and forgets its homes.
    """
    county_id, marker = against.county_id, against.marker
    people = comparing.compare_residents(county_id, gathered.rows, gathered.count, marker)
    gathered.refuse(people.ambiguous)
    homes = placing.homes_of(gathered).with_columns(placing.division_column(gathered, divisions))
    settled, home_differences = homes_differing.settle(
        county_id, comparing.compare_homes(county_id, homes), gathered.places,
        marker=marker, policies=against.policies,
    )  # fmt: skip
    gathered.forget_keys()
    weighed = Weighed(
        people.ids, people.unchanged, np.zeros(gathered.count, dtype=np.uint8),
        np.zeros(gathered.count, dtype=np.bool_), settled, home_differences,
    )  # fmt: skip
    numbers = gathered.rows["n"].to_numpy().astype(np.int64)
    changed = numbers[(people.ids[numbers] != 0) & ~people.unchanged[numbers]]
    parts = differing.of_pieces(
        Differing(county_id, marker, against.policies), against.executor, against.spool,
        gathered.pieces, changed, people.ids,
    )  # fmt: skip
    for part in parts if len(changed) else ():
        _add(weighed, part)
        note(part)
    _add(weighed, _of_homes(gathered, weighed))
    return weighed


def _add(weighed: Weighed, part: Sequence[Difference]) -> None:
    for one in part:
        weighed.counts[one.field, one.verdict] += 1
        if one.verdict == Verdict.TAKE:
            weighed.touched[one.n] = True
        elif one.field in differing.KEEPABLE:
            weighed.kept[one.n] |= differing.bit(one.field)
        if one.verdict == Verdict.CONFLICT:
            weighed.conflicts.append(one)
    room = SAMPLES - len(weighed.samples)
    weighed.samples += [one for one in part if one.verdict != Verdict.KEEP][:room]


def _of_homes(gathered: Gathered, weighed: Weighed) -> list[Difference]:
    """Differences of households, said of the member who stands for it, at a row that says so."""
    takes: dict[str, bool] = {}
    for one in weighed.home_differences:
        takes[one.household] = takes.get(one.household, False) or one.verdict == Verdict.TAKE
    if not takes:
        return []
    rows = gathered.rows.filter(pl.col("household").is_in(list(takes)))
    first: dict[str, tuple[int, int]] = {}
    for n, row, household in rows.select("n", "row", "household").iter_rows():
        first.setdefault(household, (n, row))
        weighed.touched[n] |= takes[household]
    return [
        Difference(
            *first[one.household],
            one.member_id,
            one.field,
            one.ours,
            one.theirs,
            one.verdict,
            key=one.key,
        )
        for one in weighed.home_differences
        if one.member_id is not None
    ]
