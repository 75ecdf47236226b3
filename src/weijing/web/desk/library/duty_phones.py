"""Every station's duty phone, as messages fill it in."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.campaigns.content import duty_phones
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import Station
from weijing.web import typed
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import show


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def phones(request: OfficerRequest) -> HttpResponse:
    wrong, said = "", {}
    may_set = set(
        duty_phones.stations_of(request.user, at=clock.now()).values_list("pk", flat=True)
    )
    if request.method == "POST":
        said = typed.words(request)
        try:
            _register(request, said)
            return redirect("desk:duty-phones")
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
    stations = Station.objects.filter(county_id=request.scope.county_id).order_by("name")
    rows = [(station, station.pk in may_set, _value(station, said)) for station in stations]
    context = {"rows": rows, "wrong": wrong}
    return show(request, "desk/library/phones.html", context, status=422 if wrong else 200)


def _register(request: OfficerRequest, said: dict[str, str]) -> None:
    pk = said.get("station", "")
    if not pk.isascii() or not pk.isdigit() or len(pk) > 19:
        raise Http404
    station = Station.objects.filter(county_id=request.scope.county_id, pk=int(pk)).first()
    if station is None:
        raise Http404
    duty_phones.register(station, said.get("phone", ""), by=request.user, at=clock.now())


def _value(station: Station, said: dict[str, str]) -> str:
    """What was typed, when it was refused."""
    return said.get("phone", "") if said.get("station") == str(station.pk) else station.phone
