"""An officer says when they are away, and who stands in."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import FIELD_ROLES
from weijing.campaigns.ordering.standing_in import BadAbsence
from weijing.web import away
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.phone import phone_page


@for_roles(*FIELD_ROLES)
@require_http_methods(["GET", "POST"])
def absence(request: OfficerRequest) -> HttpResponse:
    wrong = ""
    if request.method == "POST":
        try:
            away.act(request)
        except BadAbsence as bad:
            wrong = str(bad)
        else:
            return redirect("officer:absence")
    return phone_page(
        request, "officer/away.html", away.context(request, wrong=wrong),
        back=reverse("officer:me"), status=422 if wrong else 200,
    )  # fmt: skip
