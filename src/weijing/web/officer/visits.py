"""登记走访 and 改走访: at once on a page, or later from what a phone has kept."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.adding import putting_right, refusals, visiting
from weijing.residents.adding.visiting import Recorded
from weijing.residents.models import DoorVisit, Household
from weijing.residents.record.taking_turns import Busy
from weijing.territory.queries import path_name
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.visit_form import FindingForm, VisitForm, blank, milliseconds
from weijing.web.officer.walks import back_to, in_township
from weijing.web.phone import phone_page

NOT_YOURS = "没有登记：这一户已经不归你管。请告诉现在管这一户的民辅警。"
NOT_YOU = "这次走访是另一位民辅警登记的，还在手机上，请他本人登录后上传。"
MOVED = "核实后请在住户页给搬走的人办「搬走」，名册才会改。"


@for_roles(*FIELD_ROLES)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest, pk: int) -> HttpResponse:
    """POST records a visit. A phone that asks for JSON is answered in JSON."""
    home = _home(request, pk)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return _answer_phone(request, home)
    if home is None:
        raise Http404
    form = VisitForm(request.POST) if request.method == "POST" else blank()
    if form.is_bound and form.is_valid():
        try:
            recorded = _record(request, home, form, at=clock.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            _say(request, home, recorded)
            return redirect(_back(request, home))
    return _page(request, home, form)


@for_roles(*FIELD_ROLES)
@require_http_methods(["GET", "POST"])
def visit(request: OfficerRequest, pk: int) -> HttpResponse:
    """Put right what I recorded today."""
    rows = DoorVisit.objects.select_related("household__division__parent__parent__parent")
    one = rows.filter(county_id=request.scope.county_id, officer=request.user, pk=pk).first()
    if one is None or not request.scope.covers(one.household.division):
        raise Http404
    form = FindingForm(request.POST or None, initial={"outcome": one.outcome, "note": one.note})
    if form.is_bound and form.is_valid():
        try:
            putting_right.correct(
                one, form.cleaned_data["outcome"], note=form.cleaned_data["note"],
                by=request.user, scope=request.scope, at=clock.now(),
            )  # fmt: skip
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "走访记录已改，原来的内容留底。")
            return redirect("officer:household", pk=one.household_id)
    return _page(request, one.household, form, visit=one)


def _answer_phone(request: OfficerRequest, home: Household | None) -> JsonResponse:
    """`is_settled` lets the phone forget the visit; `told` is what to show before."""
    at = clock.now()
    if request.POST.get("officer") != str(request.user.pk):
        return JsonResponse({"is_settled": False, "told": NOT_YOU}, status=409)
    form = VisitForm(request.POST)
    if not form.is_valid():
        wrong = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _settled(f"没有登记：{wrong}", status=422, at=at)
    if home is None:
        # The place may have gone to another officer after a visit whose answer was lost.
        is_there = visiting.is_recorded(form.phone_key, by=request.user)
        return _settled("" if is_there else NOT_YOURS, status=200 if is_there else 404, at=at)
    try:
        recorded = _record(request, home, form, at=at)
    except Busy as busy:
        return JsonResponse({"is_settled": False, "told": str(busy)}, status=503)
    except DomainError as refusal:
        return _settled(str(refusal), status=422, at=at)
    return _settled(recorded.told, status=200, at=at)


def _settled(told: str, *, status: int, at: datetime) -> JsonResponse:
    answer = {
        "is_settled": True,
        "is_recorded": status == 200,
        "told": told,
        "recorded_at": milliseconds(at),
    }
    return JsonResponse(answer, status=status)


def _record(request: OfficerRequest, home: Household, form: VisitForm, *, at: datetime) -> Recorded:
    outcome, note = form.cleaned_data["outcome"], form.cleaned_data["note"]
    recorded = visiting.record(
        home, outcome, note=note, visited_at=form.visited_at(at=at), seen_at=form.seen_at(),
        phone_key=form.phone_key, by=request.user, scope=request.scope, at=at,
    )  # fmt: skip
    if form.cleaned_data["changed"] and not recorded.is_new:
        putting_right.correct(
            recorded.visit, outcome, note=note, by=request.user, scope=request.scope, at=at
        )
    return recorded


def _say(request: OfficerRequest, home: Household, recorded: Recorded) -> None:
    found = recorded.visit
    messages.success(request, f"已登记 {home.address or '这一户'}：{found.get_outcome_display()}。")
    if recorded.told:
        messages.warning(request, recorded.told)
    if found.outcome == DoorVisit.Outcome.MOVED:
        messages.warning(request, MOVED)


def _home(request: OfficerRequest, pk: int) -> Household | None:
    """None also for a household the officer may not know of."""
    rows = Household.objects.filter(county_id=request.scope.county_id, pk=pk)
    home = rows.select_related("division__parent__parent__parent").first()
    return home if home and request.scope.covers(home.division) else None


def _back(request: OfficerRequest, home: Household) -> str:
    which = request.GET.get("from", "")
    return back_to(which) or reverse("officer:household", args=[home.pk])


def _page(
    request: OfficerRequest, home: Household, form: FindingForm, *, visit: DoorVisit | None = None
) -> HttpResponse:
    leave = refusals.may_knock(home, at=clock.now())
    if visit is None and not leave.given:
        form.offer_without_asking()
    context: dict[str, Any] = {
        "home": home,
        "where": in_township(path_name(home.division)),
        "form": form,
        "visit": visit,
        "leave": leave,
    }
    back = _back(request, home)
    status = 422 if form.errors else 200
    return phone_page(request, "officer/visit.html", context, back=back, status=status)
