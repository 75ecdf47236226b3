"""Reading the figures of a subtree: kept ones, and counted again where something has changed."""

from datetime import date

import numpy as np
import numpy.typing as npt
from django.db import connection

from weijing.accounts.scope import Scope
from weijing.residents.figures import counting
from weijing.residents.figures.counting import COUNTED
from weijing.residents.figures.keeping import IS_STALE, PLACES
from weijing.residents.importing.copying import fetch_fixed
from weijing.territory.models import Division

Integers = npt.NDArray[np.int64]
LEVELS = [level.value for level in Division.Level]


class Subtree:
    """A division with all that lies below, as far as a scope reaches, and the figures of all.

    Places are rows in pre-order, numbered from 0: a place comes before those below it. Beside
    those that lie in the scope there are those that contain a part of it; what lies outside the
    scope counts as nothing.
    """

    def __init__(self, county_id: int, rows: npt.NDArray[np.void]) -> None:
        self.county_id = county_id
        self.ids: Integers = rows["id"].astype(np.int64)
        self.parents: Integers = rows["parent"].astype(np.int64)  # 0: the county has none
        self.levels: Integers = rows["level"].astype(np.int64)  # number in `LEVELS`
        self.los: Integers = rows["lo"].astype(np.int64)
        self.his: Integers = rows["hi"].astype(np.int64)
        # Below each place lie the rows that follow it: a difference of running totals.
        self._running = np.zeros((len(rows) + 1, len(COUNTED)), dtype=np.int64)
        for column, name in enumerate(COUNTED):
            np.cumsum(rows[name], out=self._running[1:, column])

    def totals(self, los: Integers, his: Integers) -> Integers:
        """The `COUNTED` of each range of pre-order numbers, one row for each."""
        first = np.searchsorted(self.los, los, side="left")
        last = np.searchsorted(self.los, his, side="right")
        found: Integers = self._running[last] - self._running[first]
        return found

    def totals_of(self, places: Integers) -> Integers:
        """The `COUNTED` of these rows, those below them included."""
        return self.totals(self.los[places], self.his[places])

    def names(self, places: Integers) -> list[tuple[str, str]]:
        """Code and name of these rows."""
        ids = self.ids[places].tolist()
        with connection.cursor() as cursor:
            cursor.execute(_NAMES, [self.county_id, ids])
            known = {row[0]: row[1:] for row in cursor.fetchall()}
        return [known[id] for id in ids]


def subtree(division: Division, *, scope: Scope, on: date) -> Subtree:
    """Exact for everything committed before the call.

    One statement where nothing has changed since the last fold; a second one otherwise, which
    counts the changed places from the rows in the snapshot in which it reads the figures.
    """
    if not scope.sees_residents or division.county_id != scope.county_id:
        return Subtree(scope.county_id, np.empty(0, dtype=_ROW))
    in_scope, around, ranges = _within(scope)
    values = (
        counting.parameters(scope.county_id, on) | ranges | {"lo": division.lo, "hi": division.hi}
    )
    kept = _KEPT.format(in_scope=in_scope, around=around)
    rows = fetch_fixed(f"{kept} ORDER BY place.lo", values, _ROW)
    if rows["is_stale"].any():
        counts = counting.counts(_STALE_ONLY)
        rows = fetch_fixed(_RECOUNTED.format(kept=kept, counts=counts), values, _ROW)
    return Subtree(scope.county_id, rows)


def _within(scope: Scope) -> tuple[str, str, dict[str, int]]:
    """Conditions: a place lies in the scope; it contains a part of it."""
    if scope.whole_county:
        return "true", "false", {}
    values: dict[str, int] = {}
    inside, around = ["false"], ["false"]
    for n, (lo, hi) in enumerate(scope.ranges):
        inside.append(f"place.lo BETWEEN %(lo{n})s AND %(hi{n})s")
        around.append(f"(place.lo <= %(lo{n})s AND place.hi >= %(hi{n})s)")
        values |= {f"lo{n}": lo, f"hi{n}": hi}
    return f"({' OR '.join(inside)})", f"({' OR '.join(around)})", values


_NAMES = """
SELECT id, code, name FROM territory_division WHERE county_id = %s AND id = ANY(%s::bigint[])
"""
_COLUMNS = ("lo", "hi", "level", "is_stale", *COUNTED)
_ROW = np.dtype([("id", ">i8"), ("parent", ">i8"), *((name, ">i4") for name in _COLUMNS)])
_PLACE = "kept.id, kept.parent, kept.lo, kept.hi, kept.level, kept.is_stale"
# From the most frequent one up.
_LEVEL = " ".join(f"WHEN '{LEVELS[n]}' THEN {n}" for n in reversed(range(len(LEVELS))))
_STALE_ONLY = "{table}.division_id = ANY(ARRAY(SELECT kept.id FROM kept WHERE kept.is_stale = 1))"

_KEPT_NUMBERS = ", ".join(
    f"CASE WHEN {{in_scope}} THEN coalesce(figure.{name}, 0) ELSE 0 END AS {name}"
    for name in COUNTED
)
_KEPT = f"""
SELECT place.id, coalesce(place.parent_id, 0) AS parent, place.lo, place.hi,
    CASE place.level {_LEVEL} END AS level, ({{in_scope}} AND {IS_STALE})::int AS is_stale,
    {_KEPT_NUMBERS}
FROM {PLACES}
WHERE place.county_id = %(county)s AND place.lo BETWEEN %(lo)s AND %(hi)s
    AND ({{in_scope}} OR {{around}})
"""  # noqa: S608

_RECOUNTED_NUMBERS = ", ".join(
    f"CASE WHEN kept.is_stale = 1 THEN coalesce(counted.{name}, 0) ELSE kept.{name} END"
    for name in COUNTED
)
_RECOUNTED = f"""
WITH kept AS MATERIALIZED ({{kept}}), {{counts}}
SELECT {_PLACE}, {_RECOUNTED_NUMBERS}
FROM kept LEFT JOIN counted ON counted.division_id = kept.id AND kept.is_stale = 1
ORDER BY kept.lo
"""  # noqa: S608
