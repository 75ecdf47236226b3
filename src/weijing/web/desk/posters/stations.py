"""Which station's posters: the own one, or for the county desk the one that was picked."""

from django.db.models import QuerySet
from django.http import Http404

from weijing.residents.printing.ordering import can_order
from weijing.territory.models import Beat, Station
from weijing.web.access import OfficerRequest


def stations_in(request: OfficerRequest) -> QuerySet[Station]:
    """Those whose beats this person answers for."""
    scope = request.scope
    rows = Station.objects.filter(county_id=scope.county_id).order_by("name")
    return rows if scope.whole_county else rows.filter(pk__in=scope.station_ids)


def picked(request: OfficerRequest) -> Station:
    """`?station=`, else the first. Raises `Http404` for one of somebody else, and for none."""
    given = request.POST.get("station") or request.GET.get("station", "")
    rows = stations_in(request)
    if given:
        rows = rows.filter(pk=int(given)) if given.isdecimal() and len(given) < 20 else rows.none()
    station = rows.first()
    if station is None:
        raise Http404
    return station


def beat_of(request: OfficerRequest, pk: int) -> Beat:
    """Raises `Http404`."""
    rows = Beat.objects.filter(county_id=request.scope.county_id, pk=pk)
    beat = rows.filter(station__in=stations_in(request)).select_related("station").first()
    if beat is None:
        raise Http404
    return beat


def may_act(request: OfficerRequest, station: Station) -> bool:
    return can_order(request.scope, station)
