"""The grid an officer answers for: its name, its places, how much of it can be reached."""

from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Q

from weijing.accounts.scope import Scope
from weijing.residents.figures import coverage
from weijing.residents.figures.coverage import Coverage
from weijing.territory import queries as territory
from weijing.territory.models import BeatDivision, Division
from weijing.territory.naming import grid_name


@dataclass(frozen=True)
class OwnGrid:
    """`scope` is the officer's own, kept to the beats: a desk posting does not widen a grid."""

    name: str
    parts: list[Division]
    scope: Scope

    def total(self, *, on: date) -> Coverage | None:
        """None without a beat, or before its households are known."""
        if not self.parts:
            return None
        root = territory.root(self.scope.county_id)
        found = coverage.of_division(root, scope=self.scope, on=on)
        return found if found and found.households else None

    def places(self) -> list[Division]:
        """Villages and groups of the grid, in the order of the map; villages before their groups.

        The village of a group is there even when the grid has only some of its groups.
        """
        inside = Q(pk__in=[])
        for part in self.parts:
            inside |= Q(lo__gte=part.lo, lo__lte=part.hi)
        levels = [Division.Level.VILLAGE, Division.Level.GROUP]
        rows = Division.objects.filter(county_id=self.scope.county_id, level__in=levels)
        found = list(rows.filter(inside).select_related("parent").order_by("lo"))
        known = {place.pk for place in found}
        around = {
            place.parent.pk: place.parent
            for place in found
            if place.level == Division.Level.GROUP and place.parent and place.parent_id not in known
        }
        return sorted([*found, *around.values()], key=lambda place: (place.lo, -place.hi))


def own_grid(scope: Scope) -> OwnGrid:
    """The beats the officer is posted to, as one grid."""
    rows = (
        BeatDivision.objects.filter(county_id=scope.county_id, beat_id__in=scope.beat_ids)
        .select_related("beat", "division__parent")
        .order_by("division__lo")
    )
    beats = list(dict.fromkeys(row.beat.name for row in rows))
    parts = [row.division for row in rows]
    ranges = tuple((part.lo, part.hi) for part in parts)
    own = replace(scope, whole_county=False, station_ids=(), ranges=ranges)
    return OwnGrid(name=_name(beats), parts=parts, scope=own)


def _name(beats: list[str]) -> str:
    if len(beats) > 1:
        return f"{beats[0]}等 {len(beats)} 个网格"
    name = beats[0] if beats else ""
    return grid_name(name) if name else ""
