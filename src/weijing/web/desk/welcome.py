"""欢迎语: what new friends are greeted with, by beat; every version kept."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.models import WelcomeText
from weijing.residents.ways import leading, welcoming
from weijing.territory.models import Beat, County
from weijing.territory.naming import grid_name
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.posters.stations import beat_of, picked, stations_in
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import show

VERSIONS_SHOWN = 10
SAMPLE_LINK = "（群众本人的专页链接）"


@for_roles(*COMMAND)
def welcome(request: OfficerRequest) -> HttpResponse:
    """The beats of a station: whose words each of them has."""
    station = picked(request)
    county_wide = welcoming.latest(station.county_id, None)
    beats = list(station.beats.filter(county_id=station.county_id).order_by("name", "pk"))
    own = welcoming.latest_of(station.county_id, [beat.pk for beat in beats])
    context = {
        "station": station,
        "stations": list(stations_in(request)),
        "county_wide": county_wide if county_wide and county_wide.text else None,
        "may_write_county": welcoming.can_write(request.scope, None),
        "rows": [(beat, own.get(beat.pk)) for beat in beats],
    }
    return show(request, "desk/welcome/list.html", context, part="rows")


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def beat_words(request: OfficerRequest, pk: int) -> HttpResponse:
    return _words(request, beat_of(request, pk))


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def county_words(request: OfficerRequest) -> HttpResponse:
    return _words(request, None)


def _words(request: OfficerRequest, beat: Beat | None) -> HttpResponse:
    """POST saves; asked by htmx for a look it only shows the preview again."""
    county = County.objects.get(pk=request.scope.county_id)
    last = welcoming.latest(county.pk, beat.pk if beat else None)
    seen = request.POST.get("seen", welcoming.version(last))
    if request.method != "POST":
        text = _version(request, county, beat) or (last.text if last else "")
        return _page(request, county, beat, text, seen)
    text = request.POST.get("text", "").replace("\x00", "")
    if request.POST.get("action") != "save":
        return _page(request, county, beat, text, seen)
    try:
        welcoming.write(
            county, beat, text, seen=seen, by=request.user, scope=request.scope, at=clock.now()
        )
    except PermissionDenied:
        raise
    except welcoming.ChangedMeanwhile as changed:
        seen = welcoming.version(last)  # shown beside what was typed; the next save counts
        return _page(request, county, beat, text, seen, wrong=str(changed), status=409)
    except DomainError as refusal:
        return _page(request, county, beat, text, seen, wrong=str(refusal), status=422)
    messages.success(request, "已保存，下一位新好友就收到这一段。")
    return redirect(request.path)


def _page(
    request: OfficerRequest,
    county: County,
    beat: Beat | None,
    text: str,
    seen: str,
    *,
    wrong: str = "",
    status: int = 200,
) -> HttpResponse:
    sample = _sample(county, beat)
    fallback, fallback_of = _fallback(county, beat)
    rest = len(welcoming.message("", url="x" * 90, **sample).encode())
    context: dict[str, Any] = {
        "beat": beat,
        "place": grid_name(beat.name) if beat else county.name,
        "text": text,
        "seen": seen,
        "wrong": wrong,
        "blanks": (welcoming.BUREAU, welcoming.NAME, welcoming.BEAT),
        "sender": f"{sample['bureau']} {sample['name']}",
        "initial": sample["name"][:1],
        "message": welcoming.message(text or fallback, url=SAMPLE_LINK, **sample),
        "is_fallback": not text,
        "fallback_of": fallback_of,
        "extra_bytes": rest,
        "bytes": len(text.encode()) + rest,
        "max_bytes": welcoming.MAX_BYTES,
        "may_write": welcoming.can_write(request.scope, beat),
        "versions": _versions(county, beat),
    }
    return show(request, "desk/welcome/edit.html", context, part="preview", status=status)


def _sample(county: County, beat: Beat | None) -> dict[str, str]:
    """With the names of somebody who really serves there."""
    served = leading.members_of_beats(county.pk, [beat.pk] if beat else [], at=clock.now())
    members = served.get(beat.pk, []) if beat else []
    return {
        "bureau": county.bureau_name,
        "name": members[0].name if members else "阳模拟",
        "beat": grid_name(beat.name) if beat else "桃李村网格",
    }


def _fallback(county: County, beat: Beat | None) -> tuple[str, str]:
    """What is sent when the text is left empty, and whose words these are."""
    text, written = welcoming.in_force(county.pk, None)
    if beat is None or written is None:
        return welcoming.OURS, "软件自带"
    return text, "全县统一"


def _versions(county: County, beat: Beat | None) -> list[WelcomeText]:
    rows = WelcomeText.objects.filter(county=county, beat=beat).select_related("written_by")
    return list(rows.order_by("-written_at", "-pk")[:VERSIONS_SHOWN])


def _version(request: OfficerRequest, county: County, beat: Beat | None) -> str:
    """An earlier text, to begin from; "" when none is asked for."""
    given = request.GET.get("version", "")
    if not given:
        return ""
    rows = WelcomeText.objects.filter(county=county, beat=beat)
    found = rows.filter(pk=int(given)).first() if given.isdecimal() and len(given) < 20 else None
    if found is None:
        raise Http404
    return found.text
