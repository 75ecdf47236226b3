"""A station's beats, each with its code: printed, waiting, or refused and why."""

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from weijing.accounts.models import Officer
from weijing.core import clock
from weijing.core.errors import PermissionDenied
from weijing.residents.models import ContactWay, PrintOrder
from weijing.residents.printing.gathering import villages_of
from weijing.residents.ways import leading, troubles, wanting_all
from weijing.territory.models import Beat, Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.posters.stations import may_act, picked, stations_in
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import show

ORDERS_SHOWN = 5


class Row(NamedTuple):
    """A beat on the page. `word` and `look` are its code's badge."""

    beat: Beat
    villages: list[Division]
    members: list[Officer]
    way: ContactWay | None
    word: str
    look: str
    trouble: str


@for_roles(*COMMAND)
def posters(request: OfficerRequest) -> HttpResponse:
    station = picked(request)
    rows = _rows(list(station.beats.filter(county_id=station.county_id).order_by("name", "pk")))
    orders = PrintOrder.objects.filter(county_id=station.county_id, station=station)
    context = {
        "station": station,
        "stations": list(stations_in(request)),
        "rows": rows,
        "ready": sum(row.look == "done" for row in rows),
        "may_act": may_act(request, station),
        "orders": orders.defer("pdf").order_by("-ordered_at")[:ORDERS_SHOWN],
    }
    return show(request, "desk/posters/list.html", context, part="rows")


@for_roles(*COMMAND)
@require_POST
def make(request: OfficerRequest) -> HttpResponse:
    """A code for every beat and every officer of the station that has none."""
    station = picked(request)
    if not may_act(request, station):
        raise PermissionDenied
    fresh = wanting_all.in_station(station, by=request.user, at=clock.now())
    if fresh:
        messages.success(request, f"已向企业微信要 {fresh} 个码，做好后这里显示「可以印」。")
    else:
        messages.info(request, "没有要新要的码；没做好的已经再要一次。")
    return redirect(f"{reverse('desk:posters')}?station={station.pk}")


def _rows(beats: list[Beat]) -> list[Row]:
    if not beats:
        return []
    county_id, ids = beats[0].county_id, [beat.pk for beat in beats]
    ways, places = leading.of_beats(county_id, ids), villages_of(county_id, ids)
    members = leading.members_of_beats(county_id, ids, at=clock.now())
    return [
        Row(
            beat,
            places.get(beat.pk, []),
            members.get(beat.pk, []),
            ways.get(beat.pk),
            **state_of(ways.get(beat.pk), bool(members.get(beat.pk))),
        )
        for beat in beats
    ]


def state_of(way: ContactWay | None, is_served: bool) -> dict[str, Any]:
    """In one word, and why not where it is not ready."""
    trouble = troubles.words(way) if way else ""
    if way is None:
        word = ("还没要码", "unreached") if is_served else ("没有民辅警", "off")
    elif trouble:
        word = ("还没有码", "refused") if not way.picture else ("要看一眼", "warn")
    else:
        word = ("可以印", "done") if way.picture else ("正在要码", "waiting")
    return {"word": word[0], "look": word[1], "trouble": trouble}
