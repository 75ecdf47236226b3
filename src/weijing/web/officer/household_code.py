"""这户的码: shown at one door, so that whoever scans it is suggested to live behind it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.adding import refusals
from weijing.residents.models import Household
from weijing.residents.ways import leading, wanting
from weijing.territory.queries import path_name
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.card import shown
from weijing.web.phone import phone_page


@for_roles(*FIELD_ROLES)
@require_http_methods(["GET", "POST"])
def household_code(request: OfficerRequest, pk: int) -> HttpResponse:
    """POST has it made. Who has refused is not asked again, also not by a code."""
    home, now = _home(request, pk), clock.now()
    if request.method == "POST":
        try:
            wanting.for_household(home, request.user, scope=request.scope, at=now)
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return redirect("officer:household-code", pk=pk)
    mine = leading.live(home.county_id).filter(household=home, officer=request.user)
    context = {
        "home": home,
        "where": path_name(home.division),
        "leave": refusals.may_knock(home, at=now),
        "lives_days": wanting.HOUSEHOLD_LIVES.days,
        **shown(mine.first()),
    }
    template = "officer/household_code.html"
    back = reverse("officer:household", args=[pk])
    wanted = f"{template}#code" if request.htmx else template
    return phone_page(request, wanted, context, tab="grid", back=back)


def _home(request: OfficerRequest, pk: int) -> Household:
    homes = Household.objects.filter(county_id=request.scope.county_id, pk=pk)
    home = homes.select_related("division__parent__parent__parent").first()
    if home is None or not request.scope.covers(home.division):
        raise Http404
    return home
