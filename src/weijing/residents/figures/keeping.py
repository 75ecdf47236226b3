"""Coverage figures kept place by place, so that no page counts 1.3 million rows.

Exact at any moment: whatever changes a figure leaves a `CoverageTouched` in its own transaction,
and a reading counts the places so named again from the rows, in the same snapshot. A worker folds
them: counts again, writes the figure, and takes away exactly the touches it had seen before it
counted. One that commits meanwhile stays. A place without a figure counts as touched.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from weijing.core.clock import local_day
from weijing.core.ids import new_ids
from weijing.residents.figures import counting
from weijing.residents.figures.counting import COUNTED, Counted
from weijing.residents.models import CoverageFigure, CoverageTouched
from weijing.territory import queries as territory
from weijing.territory.models import County

BATCH = 2_000
# From so many places on, one pass over the county is quicker than looking each of them up.
MANY_PLACES = 1_000


@dataclass(frozen=True)
class Folded:
    """What a fold did: places counted again, touches taken away."""

    places: int
    touches: int


def fold(county_id: int, *, at: datetime) -> Folded:
    """Count touched places again and keep the figures. The first time that is every place."""
    if not stale_places(county_id, at=at):
        return Folded(0, 0)
    with transaction.atomic():
        _take_turn(county_id, at)
        seen = list(
            CoverageTouched.objects.filter(county_id=county_id).values_list("pk", flat=True)
        )
        places = stale_places(county_id, at=at)
        _keep(county_id, places, at=at)
        _forget(county_id, seen)
    return Folded(len(places), len(seen))


def counties_to_fold(*, at: datetime) -> list[int]:
    """Counties with a place whose figure is not to be believed."""
    return [
        county_id
        for county_id in County.objects.values_list("pk", flat=True)
        if stale_places(county_id, at=at)
    ]


def stale_places(county_id: int, *, at: datetime) -> list[int]:
    """Divisions that are touched, never counted, or changed by the calendar since."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT place.id FROM {PLACES} WHERE place.county_id = %(county)s AND {IS_STALE}",  # noqa: S608
            counting.parameters(county_id, local_day(at)),
        )
        return [row[0] for row in cursor.fetchall()]


def wrong_figures(county_id: int, *, at: datetime) -> list[int]:
    """Divisions whose kept figure differs from the rows though nothing touched them. None, ever.

    Counts the whole county from the rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {counting.counts('true')} {_WRONG}",
            counting.parameters(county_id, local_day(at)),
        )
        return [row[0] for row in cursor.fetchall()]


def _take_turn(county_id: int, at: datetime) -> None:
    """One fold at a time: an older count must not overwrite a younger one.

    The figure of the county itself is what they queue for; nothing else locks it.
    """
    root = territory.root(county_id)
    on = local_day(at)
    CoverageFigure.objects.bulk_create(
        [CoverageFigure(county_id=county_id, division=root, counted_at=at, changes_on=on)],
        ignore_conflicts=True,
    )
    rows = CoverageFigure.objects.select_for_update().filter(county_id=county_id)
    rows.get(division=root)


def _keep(county_id: int, places: list[int], *, at: datetime) -> None:
    on = local_day(at)
    wanted = set(places)
    rows = counting.count(county_id, on=on, places=places if len(places) < MANY_PLACES else None)
    counted = {row.division_id: row for row in rows if row.division_id in wanted}
    nobody = (0,) * len(COUNTED)
    CoverageFigure.objects.bulk_create(
        (
            _figure(id, county_id, counted.get(place) or Counted(place, nobody, None), at)
            for id, place in zip(new_ids(len(places)), places, strict=True)
        ),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["county", "division"],
        update_fields=[*COUNTED, "counted_at", "changes_on"],
    )


def _figure(id: int, county_id: int, counted: Counted, at: datetime) -> CoverageFigure:
    numbers: dict[str, Any] = dict(zip(COUNTED, counted.numbers, strict=True))
    return CoverageFigure(
        id=id, county_id=county_id, division_id=counted.division_id, counted_at=at,
        changes_on=counted.changes_on, **numbers,
    )  # fmt: skip


def _forget(county_id: int, touch_ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM residents_coveragetouched WHERE county_id = %s AND id = ANY(%s)",
            [county_id, touch_ids],
        )


# A division beside the figure kept for it.
PLACES = """territory_division place
    LEFT JOIN residents_coveragefigure figure ON figure.county_id = place.county_id
        AND figure.division_id = place.id"""
# On another day than the figure's own, only what the calendar does not change may be believed.
IS_STALE = """(figure.id IS NULL OR coalesce(figure.changes_on <= %(on)s, false)
    OR figure.counted_at >= %(day_ends_at)s
    OR place.id IN (SELECT touched.division_id FROM residents_coveragetouched touched
        WHERE touched.county_id = %(county)s))"""

_WRONG = f"""
SELECT place.id FROM {PLACES} LEFT JOIN counted ON counted.division_id = place.id
WHERE place.county_id = %(county)s AND NOT {IS_STALE}
    AND ({", ".join(f"figure.{name}" for name in COUNTED)})
    IS DISTINCT FROM ({", ".join(f"coalesce(counted.{name}, 0)" for name in COUNTED)})
"""  # noqa: S608
