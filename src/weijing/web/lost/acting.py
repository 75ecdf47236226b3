"""Opening, stepping and writing down: what both pages of a thing do before they are drawn."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.requests.lost import queries, taking_in
from weijing.requests.models import LostItem
from weijing.web.access import OfficerRequest
from weijing.web.lost import steps
from weijing.web.lost.form import ThingForm

PURPOSE = "lost.record"
Show = Callable[[LostItem, str], HttpResponse]
ShowForm = Callable[[ThingForm], HttpResponse]


def one(request: OfficerRequest, number: str, show: Show, view: str) -> HttpResponse:
    """GET draws the page; POST takes a step, or draws it with why not."""
    item = queries.seen_by(request.scope).filter(number=number.upper()).first()
    if item is None:
        raise Http404
    label = LostItem._meta.label_lower
    trail.viewed(request.user, label, [item.pk], purpose=PURPOSE, at=clock.now())
    if request.method != "POST":
        return show(item, "")
    try:
        messages.success(request, steps.take(request, item))
    except PermissionDenied:
        raise
    except DomainError as refusal:
        return show(queries.seen_by(request.scope).get(pk=item.pk), str(refusal))
    return redirect(view, number=item.number)


def new(request: OfficerRequest, show: ShowForm, view: str) -> HttpResponse:
    """`?side=lost` or `found`; saving leads to the thing's page."""
    side = request.GET.get("side", LostItem.Side.FOUND)
    if side not in LostItem.Side.values:
        raise Http404
    form = ThingForm(request.scope, side, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            item = taking_in.take_in(
                side, form.thing(), by=request.user, at=clock.now(), held=form.is_held
            )
            messages.success(request, "已登记。")
            return redirect(view, number=item.number)
        except taking_in.AlreadyTakenIn as same:
            messages.warning(request, str(same))
            return redirect(view, number=same.item.number)
        except DomainError as wrong:
            form.add_error(None, str(wrong))
    return show(form)
