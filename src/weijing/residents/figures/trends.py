"""How coverage was day by day, with the denominators of that day.

Written several times a day, the last one stands. A day on which no worker ran has no figures and
gets none afterwards: the rows of then are not there any more. It is shown as unknown.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, Sum

from weijing.accounts.scope import Scope
from weijing.core.clock import local_day
from weijing.core.ids import new_ids
from weijing.residents.figures.counting import COUNTED
from weijing.residents.figures.coverage import Coverage, percent
from weijing.residents.figures.places import subtree
from weijing.residents.models import CoverageDay
from weijing.territory import queries as territory
from weijing.territory.models import Division

BATCH = 2_000


class Day(NamedTuple):
    """A day's figures; all None when nobody counted on it."""

    on: date
    households: int | None
    households_linked: int | None
    residents: int | None
    linked: int | None

    @property
    def household_percent(self) -> float | None:
        if self.households is None or self.households_linked is None:
            return None
        return percent(self.households_linked, self.households)

    @property
    def resident_percent(self) -> float | None:
        if self.residents is None or self.linked is None:
            return None
        return percent(self.linked, self.residents)


def write_day(county_id: int, *, at: datetime) -> int:
    """Note how every place stands on the day of `at`, those below it included. How many places."""
    on = local_day(at)
    tree = subtree(territory.root(county_id), scope=_everything(county_id), on=on)
    CoverageDay.objects.bulk_create(
        (
            CoverageDay(
                id=id,
                county_id=county_id,
                division_id=place,
                on=on,
                **dict(zip(COUNTED, numbers, strict=True)),
            )
            for id, place, numbers in zip(
                new_ids(len(tree.ids)),
                tree.ids.tolist(),
                tree.totals(tree.los, tree.his).tolist(),
                strict=True,
            )
        ),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["county", "division", "on"],
        update_fields=list(COUNTED),
    )
    return len(tree.ids)


def day_by_day(
    division: Division, *, scope: Scope, now: Coverage, until: date, days: int
) -> list[Day]:
    """The last `days` days, each present, as far as the scope reaches; the last one is `now`."""
    since = until - timedelta(days=days - 1)
    rows = CoverageDay.objects.filter(
        _parts(division, scope), county_id=scope.county_id, on__gte=since, on__lt=until
    )
    sums = rows.values("on").annotate(
        *(Sum(name) for name in ("households", "households_linked", "residents", "linked"))
    )
    known = {row["on"]: row for row in sums.order_by()}
    found = [_day(since + timedelta(days=n), known) for n in range(days - 1)]
    return [
        *found, Day(until, now.households, now.households_linked, now.residents, now.linked)
    ]  # fmt: skip


def _day(on: date, known: dict[date, dict[str, int]]) -> Day:
    row = known.get(on)
    if row is None:
        return Day(on, None, None, None, None)
    names = ("households", "households_linked", "residents", "linked")
    return Day(on, *(row[f"{name}__sum"] for name in names))


def linked_on(county_id: int, division_ids: Collection[int], *, on: date) -> dict[int, int]:
    """Households linked in each place on a past day; places of an unknown day are missing."""
    rows = CoverageDay.objects.filter(
        county_id=county_id, division_id__in=list(division_ids), on=on
    )
    return dict(rows.values_list("division_id", "households_linked"))


def _parts(division: Division, scope: Scope) -> Q:
    """The division itself, or those parts of it that make up the scope there."""
    if scope.covers(division):
        return Q(division=division)
    if not scope.sees_residents or division.county_id != scope.county_id:
        return Q(pk__in=[])
    parts = Q(pk__in=[])
    for lo, hi in scope.ranges:
        if division.lo <= lo and hi <= division.hi:
            parts |= Q(division__lo=lo, division__hi=hi)
    return parts


def _everything(county_id: int) -> Scope:
    """As the clock sees it."""
    return Scope(county_id, 0, frozenset({"clock"}), True, (), (), ())
