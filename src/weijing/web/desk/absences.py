"""Who is away and who stands in, for whoever heads a station or approves at the county desk."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import Role
from weijing.campaigns.ordering.standing_in import BadAbsence
from weijing.web import away
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.showing import show


@for_roles(Role.STATION_COMMAND, Role.CAMPAIGN_APPROVER)
@require_http_methods(["GET", "POST"])
def absences(request: OfficerRequest) -> HttpResponse:
    if request.method == "GET":
        return show(request, "desk/absences.html", away.context(request))
    try:
        away.act(request)
    except BadAbsence as wrong:
        context = away.context(request, wrong=str(wrong))
        return show(request, "desk/absences.html", context, status=422)
    return redirect("desk:absences")
