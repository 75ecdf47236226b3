"""One beat: what its poster looks like, the files to print, the tags its code gives."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from weijing.accounts.models import Officer
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.models import ContactWay
from weijing.residents.printing import poster as layout
from weijing.residents.printing.gathering import villages_of
from weijing.residents.printing.saying import NothingToPrint, Saying, saying
from weijing.residents.ways import leading, wanting, welcoming
from weijing.tags import by_way
from weijing.tags import queries as tags
from weijing.tags.models import Tag
from weijing.territory.models import Beat, County, Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.posters.listing import state_of
from weijing.web.desk.posters.stations import beat_of, may_act
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, show
from weijing.web.printed import KINDS, printed

FOUND_TAGS = 12


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def poster(request: OfficerRequest, pk: int) -> HttpResponse:
    """POST has the code made, or asked for once more."""
    beat = beat_of(request, pk)
    if request.method == "POST":
        return _want(request, beat)
    way, members, villages = _facts(beat)
    text = asked(request, "tag_q")
    given = by_way.tags_of(way) if way else []
    context = {
        "beat": beat,
        "way": way,
        "members": members,
        "villages": villages,
        "unprintable": "".join(_saying(way, beat, members).unprintable) if _ready(way) else "",
        "may_act": may_act(request, beat.station),
        "welcome": welcoming.in_force(beat.county_id, beat.pk)[1],
        "tag_q": text,
        "tag_boxes": [(tag, True) for tag in given]
        + [(tag, False) for tag in _found(beat.county_id, text) if tag not in given],
        "most_tags": by_way.MOST_TAGS,
        **state_of(way, bool(members)),
    }
    return show(request, "desk/posters/one.html", context, part="tags")


@for_roles(*COMMAND)
def poster_file(request: OfficerRequest, pk: int, code: str, kind: str) -> HttpResponse:
    """A village's poster; `?inline=1` to look at it."""
    beat = beat_of(request, pk)
    way, members, villages = _facts(beat)
    village = next((place for place in villages if place.code == code), None)
    if village is None or kind not in KINDS:
        raise Http404
    try:
        one = _saying(way, beat, members, village=village.name)
    except NothingToPrint as nothing:
        messages.error(request, str(nothing))
        return redirect("desk:poster", pk=pk)
    return printed(layout.poster(one), kind, inline=bool(request.GET.get("inline")))


@for_roles(*COMMAND)
@require_POST
def poster_tags(request: OfficerRequest, pk: int) -> HttpResponse:
    """Which tags who scans this code carries from then on."""
    beat = beat_of(request, pk)
    way, _members, _villages = _facts(beat)
    if way is None:
        raise Http404
    codes = request.POST.getlist("tags")
    wanted = list(tags.live(beat.county_id).filter(code__in=codes))
    try:
        by_way.set_tags(way, wanted, by=request.user, scope=request.scope, at=clock.now())
    except PermissionDenied:
        raise
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        words = "、".join(tag.name for tag in wanted) or "没有标签"
        messages.success(request, f"已保存：扫这张码的群众自动带上 {words}。")
    return redirect("desk:poster", pk=pk)


def _want(request: OfficerRequest, beat: Beat) -> HttpResponse:
    if not may_act(request, beat.station):
        raise PermissionDenied
    try:
        wanting.for_beat(beat, by=request.user, at=clock.now())
    except wanting.NobodyToAdd as nobody:
        messages.error(request, str(nobody))
    else:
        messages.success(request, "已向企业微信要码，一般几秒钟，刷新这一页看好了没有。")
    return redirect("desk:poster", pk=beat.pk)


def _facts(beat: Beat) -> tuple[ContactWay | None, list[Officer], list[Division]]:
    ids = [beat.pk]
    way = leading.of_beats(beat.county_id, ids).get(beat.pk)
    members = leading.members_of_beats(beat.county_id, ids, at=clock.now()).get(beat.pk, [])
    return way, members, villages_of(beat.county_id, ids).get(beat.pk, [])


def _ready(way: ContactWay | None) -> bool:
    return way is not None and bool(way.picture)


def _saying(
    way: ContactWay | None, beat: Beat, members: list[Officer], *, village: str = ""
) -> Saying:
    county = County.objects.get(pk=beat.county_id)
    way = way or ContactWay()
    way.beat = beat
    return saying(way, county, members, village=village)


def _found(county_id: int, text: str) -> list[Tag]:
    """Of those that a code may give."""
    if not text:
        return []
    fit = tags.settable_by_officers(county_id).filter(pk__in=tags.offered_to_officers(county_id))
    return list(tags.search(text, county_id=county_id).filter(pk__in=fit.values("pk"))[:FOUND_TAGS])
