"""失物招领 for residents: what we keep for its owner, what I miss or found, and how far it is."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.requests.lost import ending, notices, queries, taking_in
from weijing.requests.models import LostItem
from weijing.web.access import open_to_all
from weijing.web.lost.form import ResidentThingForm
from weijing.web.lost.rows import badge
from weijing.web.resident.visiting import VisitorRequest, door_of, for_visitors, show, the_county

PER_PAGE = 20
LIST = "/r/lost/"
KINDS = LostItem.Kind


@open_to_all("masked notices of found things are for whoever lost one")
def items(request: HttpRequest) -> HttpResponse:
    request.door = door_of(request)  # type: ignore[attr-defined]
    kind = request.GET.get("kind", "")
    listed = queries.public(the_county().pk, on=clock.today())
    if kind in KINDS.values:
        listed = listed.filter(kind=kind)
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "notices": [notices.notice(item) for item in page.object_list],
        "kind": kind,
        "kinds": KINDS.choices,
        "is_known": request.door is not None,  # type: ignore[attr-defined]
    }
    return show(request, "resident/lost/list.html", context, back="/r/")


@for_visitors
@require_http_methods(["GET", "POST"])
def report(request: VisitorRequest) -> HttpResponse:
    side = request.GET.get("side", LostItem.Side.LOST)
    if side not in LostItem.Side.values:
        raise Http404
    form = ResidentThingForm(request.visitor, side, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            item = taking_in.take_in(side, form.thing(), by=None, at=clock.now())
            return redirect("resident:lost-mine-one", number=item.number)
        except taking_in.AlreadyTakenIn as same:
            messages.warning(request, str(same))
            return redirect("resident:lost-mine-one", number=same.item.number)
        except DomainError as wrong:
            form.add_error(None, str(wrong))
    context = {"form": form, "side": side}
    status = 422 if form.errors else 200
    return show(request, "resident/lost/report.html", context, back=LIST, status=status)


@for_visitors
def mine(request: VisitorRequest) -> HttpResponse:
    rows = queries.reported_by(request.visitor)[:50]
    context = {"rows": [(item, badge(item)) for item in rows]}
    return show(request, "resident/lost/mine.html", context, back=LIST)


@for_visitors
def mine_one(request: VisitorRequest, number: str) -> HttpResponse:
    item = _mine(request, number)
    states = (LostItem.State.REPORTED, LostItem.State.FOUND)
    context = {
        "item": item,
        "badge": badge(item),
        "where": notices.whereabouts(item.division),
        "may_take_back": item.state in states and item.held_at is None,
    }
    return show(request, "resident/lost/mine_one.html", context, back="/r/lost/mine/")


@for_visitors
@require_POST
def take_back(request: VisitorRequest, number: str) -> HttpResponse:
    item = _mine(request, number)
    try:
        ending.take_back(item, by=request.visitor, at=clock.now())
        messages.success(request, "已撤下，谢谢您告诉我们。")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("resident:lost-mine-one", number=item.number)


def _mine(request: VisitorRequest, number: str) -> LostItem:
    """The number alone opens nothing: it is looked for among this person's own."""
    item = queries.reported_by(request.visitor).filter(number=number.upper()).first()
    if item is None:
        raise Http404
    return item
