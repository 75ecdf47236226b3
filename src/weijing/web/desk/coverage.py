"""Coverage from the county down to the group: who is reached, who is not, who answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min
from django.http import Http404, HttpResponse

from weijing.accounts.models import Officer, Role
from weijing.accounts.queries import responsible_for
from weijing.accounts.scope import Scope
from weijing.core import clock
from weijing.residents.adding import walked
from weijing.residents.figures import coverage as reading
from weijing.residents.figures import place_table, trends
from weijing.residents.figures.coverage import Coverage
from weijing.residents.figures.place_table import PlaceTable
from weijing.residents.figures.places import Subtree, subtree
from weijing.residents.queries import to_be_labelled
from weijing.territory import queries as territory
from weijing.territory.models import Division, StationTownship
from weijing.web import numerals
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk import coverage_by_officer, coverage_households
from weijing.web.desk.overview import hexagons
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

TREND_DAYS = 30
CHANGE_DAYS = 7
GAPS_SHOWN = 8
LEVELS = {
    "town": (Division.Level.TOWNSHIP, "乡镇街道"),
    "village": (Division.Level.VILLAGE, "村社区"),
    "group": (Division.Level.GROUP, "组"),
}
BY_OFFICER = ("officer", "民辅警")


@dataclass(frozen=True)
class Place:
    """A row of the table: its figures, who answers for it, and who waits there to be named."""

    figures: Coverage
    where: str
    officer: Officer | None
    oldest_unlabelled: datetime | None
    change: int | None  # households linked, against a week ago; None: nobody counted then


@for_roles(*COMMAND)
def coverage(request: OfficerRequest) -> HttpResponse:
    """All places of one level in the scope; townships also as a map; or by officer."""
    root = territory.root(request.scope.county_id)
    tree = subtree(root, scope=request.scope, on=clock.today())
    key = request.GET.get("level", "town")
    if key == BY_OFFICER[0]:
        return coverage_by_officer.table(request, tree, levels=_levels())
    level, unit = LEVELS.get(key, LEVELS["town"])
    key = key if key in LEVELS else "town"
    rows = place_table.of_level(tree, level)
    is_map = key == "town" and request.GET.get("view", "map") == "map"
    return _page(request, root, tree, rows, unit=unit, level=key, is_map=is_map)


@for_roles(*COMMAND)
def grid(request: OfficerRequest, code: str) -> HttpResponse:
    """One place: its parts, or the households of a group."""
    place = territory.by_code(request.scope.county_id, code)
    if place is None:
        raise Http404
    if place.level == Division.Level.COUNTY:
        return coverage(request)
    tree = subtree(place, scope=request.scope, on=clock.today())
    if not len(tree.ids):
        raise Http404
    if place.level == Division.Level.GROUP:
        return coverage_households.households(request, place)
    unit = "村社区" if place.level == Division.Level.TOWNSHIP else "组"
    rows = place_table.of_children(tree, place)
    return _page(request, place, tree, rows, unit=unit)


def _levels() -> list[tuple[str, str]]:
    return [*((key, name) for key, (_, name) in LEVELS.items()), BY_OFFICER]


def _page(
    request: OfficerRequest,
    place: Division,
    tree: Subtree,
    rows: PlaceTable,
    *,
    unit: str,
    level: str = "",
    is_map: bool = False,
) -> HttpResponse:
    scope, today = request.scope, clock.today()
    total = reading.total_of(tree)
    text, only_missing = asked(request, "q"), request.GET.get("state") == "missing"
    shown = (rows.with_missing_households() if only_missing else rows).named(text)
    page = page_of(request, shown.ordered(request.GET.get("sort", "")))
    gaps = reading.gaps_in(tree, most=GAPS_SHOWN)
    names = territory.path_names(place.county_id, [row.id for row in gaps])
    days = trends.day_by_day(place, scope=scope, now=total, until=today, days=TREND_DAYS)
    week_ago = _since_a_week(days)
    context = {
        "place": place,
        "above": trail_to(place),
        "unit": unit,
        "level": level,
        "levels": _levels() if level else [],
        "is_map": is_map,
        "hexagons": hexagons(rows[:], root=place) if is_map else [],
        "total": total,
        "week_ago": week_ago,
        "week_note": f"近 7 日 {numerals.signed(week_ago)} 户" if week_ago is not None else "",
        "page": page,
        "places": [] if is_map else _places(scope, list(page.object_list)),
        "gaps": [(row, names.get(row.id, row.name)) for row in gaps],
        # Those that belong to the place itself and to none of its parts.
        "households_here": total.households - rows.sum_of("households") if not level else 0,
        "only_missing": only_missing,
        "q_here": text,
        "as_of": clock.now(),
        **trend_context(days),
        **walks_context(scope),
    }
    return show(request, "desk/coverage.html", context, part="rows")


def trend_context(days: list[trends.Day]) -> dict[str, Any]:
    """`rates` for the chart, `days` (known ones, the latest first) for the table under it."""
    known = [day for day in days if day.households is not None]
    return {
        "rates": [(f"{day.on.month}/{day.on.day}", day.household_percent) for day in days],
        "days": list(reversed(known)),
        "has_trend": sum(day.household_percent is not None for day in days) > 1,
        "days_unknown": len(days) - len(known),
        "trend_days": len(days),
    }


def walks_context(scope: Scope) -> dict[str, Any]:
    return {
        "may_hand_out": scope.has(Role.STATION_COMMAND),
        "walks_open": walked.lists_in(scope).filter(closed_at=None).count(),
    }


def trail_to(place: Division) -> list[Division]:
    return [each for each in territory.ancestors(place) if each.level != Division.Level.COUNTY]


def _since_a_week(days: list[trends.Day]) -> int | None:
    then, now = days[-1 - CHANGE_DAYS].households_linked, days[-1].households_linked
    return None if then is None or now is None else now - then


def _places(scope: Scope, rows: list[Coverage]) -> list[Place]:
    ids = [row.id for row in rows]
    county = Division.objects.filter(county_id=scope.county_id)
    divisions = {row.pk: row for row in county.filter(pk__in=ids).select_related("parent")}
    officers = responsible_for(list(divisions.values()), at=clock.now())
    oldest = _oldest_unlabelled(scope, divisions, officers)
    # Of a place that lies only partly in the scope the past is not known apart.
    whole = [pk for pk, row in divisions.items() if scope.covers(row)]
    then = trends.linked_on(scope.county_id, whole, on=clock.today() - timedelta(days=CHANGE_DAYS))
    return [
        Place(
            figures=row,
            where=_where(divisions[row.id]),
            officer=officers.get(row.id),
            oldest_unlabelled=oldest.get(row.id),
            change=row.households_linked - then[row.id] if row.id in then else None,
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
