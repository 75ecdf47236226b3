"""Opening, stepping and writing down: what both pages of a thing do before they are drawn."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.requests.lost import queries, taking_in
from weijing.requests.models import LostItem
from weijing.web.access import OfficerRequest
from weijing.web.lost import steps
from weijing.web.lost.form import ThingForm

Show = Callable[[LostItem, str], HttpResponse]
ShowForm = Callable[[ThingForm], HttpResponse]


def one(
    request: OfficerRequest, number: str, show: Show, view: str, list_view: str
) -> HttpResponse:
    """GET draws the page; POST takes a step, or draws it with why not.

    Who saw a thing as the other half of theirs sees it no more when the two are parted: back to
    the list.
    """
    item = _opened(request, number)
    if item is None:
        raise Http404
    if request.method != "POST":
        return show(item, "")
    try:
        messages.success(request, steps.take(request, item))
    except PermissionDenied:
        raise
    except DomainError as refusal:
        if as_it_is_now := _opened(request, number):
            return show(as_it_is_now, str(refusal))
        messages.warning(request, str(refusal))
    if queries.seen_by(request.scope).filter(pk=item.pk).exists():
        return redirect(view, number=item.number)
    return redirect(list_view)


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


def _opened(request: OfficerRequest, number: str) -> LostItem | None:
    try:
        return queries.opened_by(request.scope, request.user, number, at=clock.now())
    except LostItem.DoesNotExist:
        return None
