"""Person by person: who got it and who did not, masked, with what to do next."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.campaigns import deselecting, exporting, following_up, queries
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.reasons import why
from weijing.campaigns.results import Listed, Wanted, listed, narrowed, shares_seen
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.residents.queries import visible_to
from weijing.territory import queries as territory
from weijing.territory.models import Division, Station
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns.composing import STEPS
from weijing.web.desk.campaigns.progress import NEXT_STEPS, released
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, asked_id, page_of, show

LOOKS = {
    Delivery.Result.PENDING: "waiting",
    Delivery.Result.SENT: "done",
    Delivery.Result.NOT_FRIEND: "unreached",
    Delivery.Result.OVER_QUOTA: "paused",
    Delivery.Result.UNUSABLE: "refused",
    Delivery.Result.WITHDRAWN: "cancelled",
}
MAX_TEXT_CHARS = 60


@for_roles(*COMMAND)
def results(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = released(request.scope, number)
    wanted, seen = _wanted(request), shares_seen(campaign, request.scope)
    found = listed(campaign, wanted, scope=request.scope, seen=seen)
    page = page_of(request, found)
    shown = list(page.object_list)
    trail.viewed(
        request.user,
        Resident._meta.label_lower,
        [row.resident_id for row in shown],
        purpose="campaign.results",
        at=clock.now(),
    )
    context = {
        "campaign": campaign,
        "page": page,
        "found": found,
        "rows": _rows(campaign, shown, request.scope),
        "wanted": wanted,
        "results": _results(seen, wanted),
        "is_narrowed": wanted != Wanted(result=wanted.result),
        "export": _export(found, request),
        "left_today": exporting.left_today(request.user, at=clock.now()),
        "not_friends": queries.figures(seen).results[Delivery.Result.NOT_FRIEND],
        "unreached": _unreached(seen),
        "sent": queries.figures(seen).sent,
        "may_follow_up": campaign.state in following_up.ENDED
        and following_up.can_follow_up(request.user, campaign, at=clock.now()),
        "may_visit": request.scope.has(Role.STATION_COMMAND),
        "steps": STEPS,
        "step": 4 if campaign.state == Campaign.State.RELEASED else 5,
        **_choices(campaign, wanted, request.scope),
    }
    return show(request, "desk/campaigns/results.html", context, part="rows")


@dataclass(frozen=True)
class Row:
    delivery: Delivery
    name: str
    where: str
    look: str
    why: str
    is_ours: bool  # a record this desk may open


def _rows(campaign: Campaign, shown: list[Delivery], scope: Scope) -> list[Row]:
    """A station sees where its own people live; others are only contacts of its officers."""
    ids = [row.resident_id for row in shown]
    ours = set(visible_to(scope).filter(pk__in=ids).values_list("pk", flat=True))
    divisions = {row.resident.division_id for row in shown if row.resident.division_id}
    places = territory.path_names(campaign.county_id, divisions)
    noted = deselecting.reasons_of(campaign.county_id, [row.pk for row in shown])
    return [
        Row(
            delivery=row,
            name=masked_name(row.resident.name),
            where=_where(row, places, row.resident_id in ours),
            look=LOOKS[Delivery.Result(row.result)],
            why=why(row, noted.get(row.pk, "")),
            is_ours=row.resident_id in ours,
        )
        for row in shown
    ]


def _where(row: Delivery, places: dict[int, str], is_ours: bool) -> str:
    return places.get(row.resident.division_id or 0, "住址不详") if is_ours else "不在本所辖区"


def _wanted(request: OfficerRequest) -> Wanted:
    """As the address says it. What the desk may not see is not there."""
    result = asked(request, "result")
    return Wanted(
        result=result if result in Delivery.Result.values else "",
        officer_id=asked_id(request, "officer"),
        station_id=asked_id(request, "station"),
        place=_place(asked(request, "place"), request.scope),
        text=asked(request, "q")[:MAX_TEXT_CHARS],
    )


def _place(code: str, scope: Scope) -> Division | None:
    if not code:
        return None
    place = territory.by_code(scope.county_id, code)
    if place is None or not scope.covers(place):
        raise Http404
    return place


def _results(seen: list[Share], wanted: Wanted) -> list[dict[str, Any]]:
    """The words to choose from, with how many people; unknown once it is also about a place."""
    counts: dict[str, int | None] = dict.fromkeys(["", *NEXT_STEPS])
    if wanted.place is None and not wanted.text:
        figures = queries.figures(narrowed(seen, wanted))
        counts |= {"": sum(figures.results.values()), **figures.results}
    words = {"": "全部", **{result.value: result.label for result in NEXT_STEPS}}
    return [{"value": value, "word": words[value], "people": counts[value]} for value in words]


def _unreached(seen: list[Share]) -> list[tuple[Delivery.Result, int]]:
    counts = queries.figures(seen).results
    return [(result, counts[result]) for result in following_up.UNREACHED if counts[result]]


def _choices(campaign: Campaign, wanted: Wanted, scope: Scope) -> dict[str, Any]:
    """Stations of the county desk; officers once a station is chosen, or of one's own."""
    shares = queries.shares_in(campaign, scope)
    officers = Officer.objects.filter(
        county_id=scope.county_id, pk__in=shares.order_by().values("officer_id")
    )
    stations = Station.objects.filter(
        county_id=scope.county_id, pk__in=officers.order_by().values("station_id")
    )
    if scope.whole_county:
        chosen = officers.filter(station_id=wanted.station_id) if wanted.station_id else None
        one = officers.filter(pk=wanted.officer_id) if wanted.officer_id else officers.none()
        officers = chosen if chosen is not None else one
    townships = territory.townships(scope.county_id).order_by("lo")
    return {
        "stations": stations.order_by("name") if scope.whole_county else [],
        "officers": officers.order_by("name", "pk"),
        "townships": [town for town in townships if scope.covers(town)],
    }


def _export(found: Listed, request: OfficerRequest) -> str:
    """Why this list cannot be taken away as a file; "" when it can."""
    try:
        exporting.check(found, by=request.user, scope=request.scope, at=clock.now())
    except DomainError as wrong:
        return str(wrong)
    return ""


@for_roles(*COMMAND)
@require_POST
def results_file(request: OfficerRequest, number: str) -> HttpResponse:
    """The list as it is filtered, masked, as a file."""
    campaign = released(request.scope, number)
    kind = request.POST.get("kind", "")
    if kind not in exporting.KINDS:
        raise Http404
    try:
        content = exporting.export(
            campaign, listed(campaign, _wanted(request), scope=request.scope),
            kind=kind, by=request.user, scope=request.scope, at=clock.now(),
        )  # fmt: skip
    except PermissionDenied:
        raise
    except DomainError as wrong:
        messages.warning(request, str(wrong))
        return redirect(_back(request, number))
    answer = HttpResponse(content, content_type=exporting.KINDS[kind])
    answer["Content-Disposition"] = f'attachment; filename="{campaign.number}.{kind}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _back(request: HttpRequest, number: str) -> str:
    url = reverse("desk:campaign-results", args=[number])
    return f"{url}?{request.GET.urlencode()}"
