"""Before anything happens: which roads there are, and which account of a station steps in."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import Officer
from weijing.campaigns.emergency import duty, policies, second_channel
from weijing.campaigns.emergency.models import DutyAccount
from weijing.campaigns.emergency.reporting import Incomplete
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import RoadSection, Station
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.showing import show
from weijing.web.emergency.form import picker, places_of, roads


@for_roles(*policies.DESK)
@require_http_methods(["GET", "POST"])
def set_up(request: OfficerRequest) -> HttpResponse:
    if not policies.can_keep_roads(request.user, at=clock.now()):
        raise PermissionDenied
    wrong = ""
    if request.method == "POST":
        try:
            messages.success(request, _act(request))
            return redirect("desk:emergency-setup")
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
    county_id = request.scope.county_id
    section = _section(request)
    ticked = _codes(section) if section is not None and not wrong else []
    context = {
        "wrong": wrong,
        "section": section,
        "said": request.POST if wrong else _as_it_is(section),
        "roads": roads(county_id).prefetch_related("divisions"),
        "towns": picker(county_id, request.POST.getlist("places") or ticked),
        "stations": _stations(request.scope.county_id),
        "has_gateway": second_channel.is_on(),
    }
    return show(request, "desk/emergency/setup.html", context, status=422 if wrong else 200)


def _act(request: OfficerRequest) -> str:
    said, by, at = request.POST, request.user, clock.now()
    match said.get("step"):
        case "duty":
            stations = Station.objects.filter(county_id=by.county_id, pk=_number(said, "station"))
            station = stations.first()
            officers = Officer.objects.filter(county_id=by.county_id, pk=_number(said, "officer"))
            if station is None:
                raise Http404
            duty.set_account(station, officers.first(), by=by, at=at)
            return f"{station.name}的值班账号已保存。"
        case "road":
            duty.keep_road(
                _section(request), by=by, at=at,
                road=said.get("road", ""), name=said.get("name", ""),
                divisions=places_of(by.county_id, said.getlist("places")),
                from_km=_km(said.get("from_km", "")), to_km=_km(said.get("to_km", "")),
            )  # fmt: skip
            return "路段已保存。"
        case "retire":
            section = _section(request)
            if section is None:
                raise Http404
            duty.retire_road(section, by=by, at=at)
            return f"「{section.name}」不再列出。"
    raise Http404


def _section(request: OfficerRequest) -> RoadSection | None:
    """Which one is meant, by a form or by the address; None: a new one. Raises `Http404`."""
    said = request.POST if request.method == "POST" else request.GET
    if not said.get("section"):
        return None
    found = roads(request.scope.county_id).filter(pk=_number(said, "section")).first()
    if found is None:
        raise Http404
    section: RoadSection = found
    return section


def _as_it_is(section: RoadSection | None) -> dict[str, Any]:
    if section is None:
        return {}
    return {
        "road": section.road,
        "name": section.name,
        "from_km": "" if section.from_km is None else section.from_km,
        "to_km": "" if section.to_km is None else section.to_km,
    }


def _codes(section: RoadSection) -> list[str]:
    return list(section.divisions.values_list("code", flat=True))


def _stations(county_id: int) -> list[dict[str, Any]]:
    accounts = DutyAccount.objects.filter(county_id=county_id).select_related("officer")
    on_duty = {row.station_id: row.officer for row in accounts}
    return [
        {
            "station": station,
            "officer": on_duty.get(station.pk),
            "candidates": duty.candidates(station),
        }
        for station in Station.objects.filter(county_id=county_id).order_by("name")
    ]


def _km(text: str) -> Decimal | None:
    text = text.strip()
    if not text:
        return None
    try:
        km = Decimal(text)
    except InvalidOperation:
        raise Incomplete("桩号请填公里数，如 23.4。") from None
    if not km.is_finite() or not 0 <= km < 10_000:
        raise Incomplete("桩号请填公里数，如 23.4。")
    return km


def _number(said: Any, name: str) -> int:
    text = said.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
