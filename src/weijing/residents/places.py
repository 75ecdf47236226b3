"""Reading the figures of a subtree: kept ones, and counted again where something has changed."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from django.db import connection

from weijing.accounts.scope import Scope
from weijing.residents import counting
from weijing.residents.counting import COUNTED
from weijing.residents.keeping import IS_STALE, PLACES
from weijing.territory.models import Division


class Place(NamedTuple):
    """A division of the subtree that lies in the scope or contains a part of it."""

    id: int
    code: str
    name: str
    level: str
    parent_id: int | None
    lo: int
    hi: int


class Subtree:
    """A division with all that lies below, as far as a scope reaches, and the figures of all.

    What lies outside the scope counts as nothing.
    """

    def __init__(self, places: Sequence[Place], numbers: npt.NDArray[np.int64]) -> None:
        self.places = places  # in pre-order: a place comes before those below it
        self._los = np.array([place.lo for place in places], dtype=np.int64)
        # Below each place lie the rows that follow it: a difference of running totals.
        self._running = np.zeros((len(places) + 1, len(COUNTED)), dtype=np.int64)
        np.cumsum(numbers, axis=0, out=self._running[1:])

    def totals(self, places: Sequence[Place]) -> list[list[int]]:
        """The `COUNTED` of each place, those below it included."""
        first = np.searchsorted(self._los, [place.lo for place in places], side="left")
        last = np.searchsorted(self._los, [place.hi for place in places], side="right")
        totals: list[list[int]] = (self._running[last] - self._running[first]).tolist()
        return totals


def subtree(division: Division, *, scope: Scope, on: date) -> Subtree:
    """Exact for everything committed before the call.

    One statement where nothing has changed since the last fold; a second one otherwise, which
    counts the changed places from the rows in the snapshot in which it reads the figures.
    """
    if not scope.sees_residents or division.county_id != scope.county_id:
        return Subtree([], np.zeros((0, len(COUNTED)), dtype=np.int64))
    in_scope, around, ranges = _within(scope)
    values = (
        counting.parameters(scope.county_id, on) | ranges | {"lo": division.lo, "hi": division.hi}
    )
    kept = _KEPT.format(in_scope=in_scope, around=around)
    rows = _rows(f"{kept} ORDER BY place.lo", values)
    if any(row[_STALE] for row in rows):
        rows = _rows(_RECOUNTED.format(kept=kept, counts=counting.counts(_STALE_ONLY)), values)
    places = [Place(*row[:_STALE]) for row in rows]
    numbers = np.array([row[_STALE + 1 :] for row in rows], dtype=np.int64)
    return Subtree(places, numbers.reshape(len(rows), len(COUNTED)))


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def _within(scope: Scope) -> tuple[str, str, dict[str, int]]:
    """Conditions: a place lies in the scope; it contains a part of it."""
    if scope.whole_county:
        return "true", "false", {}
    values = {}
    inside, around = ["false"], ["false"]
    for n, (lo, hi) in enumerate(scope.ranges):
        inside.append(f"place.lo BETWEEN %(lo{n})s AND %(hi{n})s")
        around.append(f"(place.lo <= %(lo{n})s AND place.hi >= %(hi{n})s)")
        values |= {f"lo{n}": lo, f"hi{n}": hi}
    return f"({' OR '.join(inside)})", f"({' OR '.join(around)})", values


_STALE = len(Place._fields)
_STALE_ONLY = "{table}.division_id = ANY(ARRAY(SELECT kept.id FROM kept WHERE kept.is_stale))"

_KEPT = f"""
SELECT place.id, place.code, place.name, place.level, place.parent_id, place.lo, place.hi,
    {{in_scope}} AND {IS_STALE} AS is_stale,
    {", ".join(f"CASE WHEN {{in_scope}} THEN coalesce(figure.{n}, 0) ELSE 0 END AS {n}" for n in COUNTED)}
FROM {PLACES}
WHERE place.county_id = %(county)s AND place.lo BETWEEN %(lo)s AND %(hi)s
    AND ({{in_scope}} OR {{around}})
"""  # noqa: E501, S608

_RECOUNTED = f"""
WITH kept AS MATERIALIZED ({{kept}}), {{counts}}
SELECT kept.id, kept.code, kept.name, kept.level, kept.parent_id, kept.lo, kept.hi, kept.is_stale,
    {", ".join(f"CASE WHEN kept.is_stale THEN coalesce(counted.{n}, 0) ELSE kept.{n} END" for n in COUNTED)}
FROM kept LEFT JOIN counted ON counted.division_id = kept.id AND kept.is_stale
ORDER BY kept.lo
"""  # noqa: E501, S608
