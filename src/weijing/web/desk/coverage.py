"""Coverage from the county down to the household: who is reached, who is not, who answers."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min
from django.http import Http404, HttpResponse
from django.urls import reverse

from weijing.accounts.models import Officer
from weijing.accounts.queries import responsible_for
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import clock
from weijing.residents import coverage as reading
from weijing.residents.contacts import live
from weijing.residents.coverage import Coverage
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.residents.queries import to_be_labelled
from weijing.territory import queries as territory
from weijing.territory.models import Division, StationTownship
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.overview import hexagons, total, worst
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

LEVELS = {
    "town": (Division.Level.TOWNSHIP, "乡镇街道"),
    "village": (Division.Level.VILLAGE, "村社区"),
    "group": (Division.Level.GROUP, "组"),
}
SORTS = {
    "name": lambda row: row.code,
    "households": lambda row: row.households,
    "linked": lambda row: row.households_linked,
    "missing": lambda row: row.households_missing,
    "rate": lambda row: -1 if row.household_percent is None else row.household_percent,
    "residents": lambda row: row.residents,
}


@dataclass(frozen=True)
class Place:
    """A row of the table: its figures, who answers for it, and who waits there to be named."""

    figures: Coverage
    where: str
    officer: Officer | None
    oldest_unlabelled: datetime | None


@for_roles(*COMMAND)
def coverage(request: OfficerRequest) -> HttpResponse:
    """All places of one level in the scope; townships also as a map."""
    key = request.GET.get("level", "town")
    level, unit = LEVELS.get(key, LEVELS["town"])
    root = territory.root(request.scope.county_id)
    rows = reading.of_level(root, level, scope=request.scope, on=clock.today())
    return _page(request, root, rows, unit=unit, level=key, is_map=_wants_map(request, key))


@for_roles(*COMMAND)
def grid(request: OfficerRequest, code: str) -> HttpResponse:
    """One place: its parts, or the households of a group."""
    place = territory.by_code(request.scope.county_id, code)
    if place is None:
        raise Http404
    if place.level == Division.Level.GROUP:
        return _households(request, place)
    if place.level == Division.Level.COUNTY:
        return coverage(request)
    rows = reading.of_children(place, scope=request.scope, on=clock.today())
    if not rows and not request.scope.covers(place):
        raise Http404
    unit = "村社区" if place.level == Division.Level.TOWNSHIP else "组"
    own = reading.of_households(place, scope=request.scope, on=clock.today())
    return _page(request, place, rows, unit=unit, households_here=len(own))


def _wants_map(request: OfficerRequest, level: str) -> bool:
    return level == "town" and request.GET.get("view", "map") == "map"


def _page(
    request: OfficerRequest,
    place: Division,
    rows: list[Coverage],
    *,
    unit: str,
    level: str = "",
    is_map: bool = False,
    households_here: int = 0,
) -> HttpResponse:
    text = asked(request, "q")
    if request.GET.get("state") == "missing":
        rows_shown = [row for row in rows if row.households_missing]
    else:
        rows_shown = rows
    if text:
        rows_shown = [row for row in rows_shown if text in row.name]
    page = page_of(request, _sorted(rows_shown, request.GET.get("sort", "")))
    gaps = reading.gap_list(place, scope=request.scope, on=clock.today())[:10]
    names = territory.path_names(place.county_id, [row.id for row in gaps])
    context = {
        "place": place,
        "above": _trail(place),
        "unit": unit,
        "level": level,
        "levels": [(key, name) for key, (_, name) in LEVELS.items()] if level else [],
        "is_map": is_map,
        "hexagons": hexagons(rows, root=place) if is_map else [],
        "worst": worst(rows),
        "total": total(rows),
        "page": page,
        "places": _places(request.scope, list(page.object_list)),
        "gaps": [(row, names.get(row.id, row.name)) for row in gaps],
        "households_here": households_here,
        "only_missing": request.GET.get("state") == "missing",
        "q_here": text,
        "as_of": clock.now(),
    }
    return show(request, "desk/coverage.html", context, part="rows")


def _sorted(rows: list[Coverage], sort: str) -> list[Coverage]:
    key = SORTS.get(sort.removeprefix("-"))
    return sorted(rows, key=key, reverse=sort.startswith("-")) if key else rows


def _trail(place: Division) -> list[Division]:
    return [each for each in territory.ancestors(place) if each.level != Division.Level.COUNTY]


def _places(scope: Scope, rows: list[Coverage]) -> list[Place]:
    ids = [row.id for row in rows]
    county = Division.objects.filter(county_id=scope.county_id)
    divisions = {row.pk: row for row in county.filter(pk__in=ids).select_related("parent")}
    officers = responsible_for(list(divisions.values()), at=clock.now())
    oldest = _oldest_unlabelled(scope, divisions, officers)
    return [
        Place(
            figures=row,
            where=_where(divisions[row.id]),
            officer=officers.get(row.id),
            oldest_unlabelled=oldest.get(row.id),
        )
        for row in rows
    ]


def _where(division: Division) -> str:
    above = division.parent
    return above.name if above and above.level != Division.Level.COUNTY else ""


def _oldest_unlabelled(
    scope: Scope, divisions: dict[int, Division], officers: dict[int, Officer]
) -> dict[int, datetime]:
    """A stranger has no address: they count where their officer serves."""
    by_officer: dict[int, datetime] = {}
    by_station: dict[int, datetime] = {}
    waiting = to_be_labelled(scope).order_by()
    for officer_id, station_id, oldest in waiting.values_list(
        "officer_id", "officer__station_id"
    ).annotate(oldest=Min("added_at")):
        by_officer[officer_id] = oldest
        by_station[station_id] = min(oldest, by_station.get(station_id, oldest))
    found = {pk: by_officer[o.pk] for pk, o in officers.items() if o.pk in by_officer}
    towns = [pk for pk, row in divisions.items() if row.level == Division.Level.TOWNSHIP]
    if towns:
        links = StationTownship.objects.filter(county_id=scope.county_id, township_id__in=towns)
        for link in links:
            if link.station_id in by_station:
                found[link.township_id] = by_station[link.station_id]
    return found


def _households(request: OfficerRequest, group: Division) -> HttpResponse:
    if not request.scope.covers(group):
        raise Http404
    rows = reading.of_households(group, scope=request.scope, on=clock.today())
    if request.GET.get("state") == "missing":
        rows = [row for row in rows if not row.households_linked]
    page = page_of(request, rows)
    members = _members(request, [row.id for row in page.object_list])
    context = {
        "place": group,
        "above": _trail(group),
        "officer": responsible_for([group], at=clock.now()).get(group.pk),
        "page": page,
        "total": total(rows),
        "homes": [(row, members[row.id]) for row in page.object_list],
        "only_missing": request.GET.get("state") == "missing",
        "as_of": clock.now(),
        "back": reverse("desk:grid", args=[group.parent.code]) if group.parent else "",
    }
    return show(request, "desk/households.html", context, part="rows")


def _members(request: OfficerRequest, household_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Masked, by household; the reading is noted before it is shown."""
    scope = request.scope
    people = list(
        Resident.objects.filter(
            county_id=scope.county_id,
            household_id__in=household_ids,
            lifecycle=Resident.Lifecycle.ROLL,
        ).order_by("household_id", "ordinal")
    )
    ids = [person.pk for person in people]
    trail.viewed(
        request.user, Resident._meta.label_lower, ids, purpose="coverage.households", at=clock.now()
    )
    linked = set(
        live(scope.county_id)
        .filter(identity__resident_id__in=ids)
        .values_list("identity__resident_id", flat=True)
    )
    members: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for person in people:
        if person.household_id is not None:
            shown = {"person": person, "name": masked_name(person.name)}
            members[person.household_id].append(shown | {"linked": person.pk in linked})
    return members
