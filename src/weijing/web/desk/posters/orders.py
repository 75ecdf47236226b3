"""全所海报、全所名片: ordered, watched, fetched."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from weijing.core import clock
from weijing.residents.models import PrintOrder
from weijing.residents.printing import ordering
from weijing.residents.printing.saying import NothingToPrint
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.posters.stations import picked, stations_in
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import show
from weijing.web.printed import KINDS, named

QUICK_FOR = timedelta(minutes=1)
QUICK_SECONDS, SLOW_SECONDS = 2, 5


@for_roles(*COMMAND)
@require_POST
def new(request: OfficerRequest) -> HttpResponse:
    kind = request.POST.get("kind", "")
    if kind not in PrintOrder.Kind.values:
        raise Http404
    one = ordering.order(
        picked(request), kind, by=request.user, scope=request.scope, at=clock.now()
    )
    return redirect("desk:print-order", pk=one.pk)


@for_roles(*COMMAND)
def order(request: OfficerRequest, pk: int) -> HttpResponse:
    """How far it is; the file when it is done."""
    one = _found(request, pk)
    is_busy = one.state in ordering.UNFINISHED
    context = {
        "order": one,
        "title": ordering.title(one),
        "is_busy": is_busy,
        "is_cards": one.kind == PrintOrder.Kind.CARDS,
        "poll_seconds": _poll_seconds(one) if is_busy else 0,
        "kept_days": ordering.KEPT.days,
    }
    return show(request, "desk/posters/order.html", context, part="body")


@for_roles(*COMMAND)
def order_file(request: OfficerRequest, pk: int) -> HttpResponse:
    one = _found(request, pk)
    try:
        content = ordering.content_of(one)
    except NothingToPrint as nothing:
        messages.error(request, str(nothing))
        return redirect("desk:print-order", pk=pk)
    return named(content, KINDS["pdf"], f"{ordering.title(one)}.pdf")


def _found(request: OfficerRequest, pk: int) -> PrintOrder:
    rows = PrintOrder.objects.filter(county_id=request.scope.county_id, pk=pk)
    one = rows.filter(station__in=stations_in(request)).select_related("station").first()
    if one is None:
        raise Http404
    return one


def _poll_seconds(one: PrintOrder) -> int:
    return QUICK_SECONDS if clock.now() - one.ordered_at < QUICK_FOR else SLOW_SECONDS
