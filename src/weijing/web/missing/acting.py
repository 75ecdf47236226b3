"""Opening, stepping and reporting: what both pages of a search do before they are drawn."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from weijing.core import clock, env
from weijing.core.errors import DomainError, PermissionDenied
from weijing.requests.missing import photos, queries, reporting
from weijing.requests.missing.reporting import AlreadyLookedFor
from weijing.requests.models import MissingPerson
from weijing.residents.models import Resident
from weijing.web.access import OfficerRequest
from weijing.web.missing import steps
from weijing.web.missing.form import MissingForm
from weijing.web.officer.consents import opened as opened_person

Show = Callable[[MissingPerson, str], HttpResponse]
ShowForm = Callable[[MissingForm], HttpResponse]


def one(request: OfficerRequest, number: str, show: Show, view: str) -> HttpResponse:
    """GET draws the page; POST takes a step, or draws it with why not."""
    missing = _opened(request, number)
    if request.method != "POST":
        return show(missing, "")
    try:
        messages.success(request, steps.take(request, missing))
    except PermissionDenied:
        raise
    except DomainError as refusal:
        return show(queries.seen_by(request.scope).get(pk=missing.pk), str(refusal))
    return redirect(view, number=missing.number)


def new(request: OfficerRequest, show: ShowForm, view: str) -> HttpResponse:
    """`?person=` is somebody of the book. Saving leads to the search's page."""
    scope = request.scope
    person = _person(request)
    data = request.POST or None
    form = MissingForm(scope.county_id, data, scope=scope, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            missing = reporting.report(form.report(), by=request.user, at=clock.now())
            messages.success(request, "已接报，请马上核实、查找，不用等。")
            return redirect(view, number=missing.number)
        except AlreadyLookedFor as same:
            if queries.seen_by(scope).filter(pk=same.missing.pk).exists():
                messages.warning(request, str(same))
                return redirect(view, number=same.missing.number)
            form.add_error(None, str(same))
        except DomainError as wrong:
            form.add_error(None, str(wrong))
    return show(form)


def photo(request: OfficerRequest, number: str) -> HttpResponse:
    """The picture, for officers who may open the record; the reading is noted.

    `?waiting=1`: the one that the family gave since.
    """
    data = photos.photo(_opened(request, number), waiting="waiting" in request.GET)
    if not data:
        raise Http404
    return as_picture(data)


def public_url(request: OfficerRequest, missing: MissingPerson) -> str:
    """The address to pass on; it says 已找到，谢谢 when they are found."""
    path = reverse("resident:missing-one", args=[missing.number])
    base = env.environment().public_url
    return f"{base}{path}" if base else request.build_absolute_uri(path)


def as_picture(data: bytes) -> HttpResponse:
    response = HttpResponse(data, content_type="image/jpeg")
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _opened(request: OfficerRequest, number: str) -> MissingPerson:
    try:
        return queries.opened_by(request.scope, request.user, number, at=clock.now())
    except MissingPerson.DoesNotExist as unknown:
        raise Http404 from unknown


def _person(request: OfficerRequest) -> Resident | None:
    asked = request.GET.get("person", "")
    if not asked:
        return None
    if not asked.isdecimal() or len(asked) > 19:
        raise Http404
    return opened_person(request, int(asked), purpose="missing.report")
