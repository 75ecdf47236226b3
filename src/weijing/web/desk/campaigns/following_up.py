"""From the results of a message that is over to the draft of the next one."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from weijing.accounts.models import Role
from weijing.campaigns import following_up
from weijing.campaigns.following_up import NothingChosen, StillRunning
from weijing.core import clock
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns.progress import released


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_POST
def follow_up(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = released(request.scope, number)
    by, at = request.user, clock.now()
    try:
        match request.POST.get("act"):
            case "resend":
                results = request.POST.getlist("result")
                new = following_up.resend(campaign, by=by, at=at, results=results)
            case "correct":
                new = following_up.correct(campaign, by=by, at=at)
            case _:
                raise Http404
    except (NothingChosen, StillRunning) as wrong:
        messages.warning(request, str(wrong))
        return redirect("desk:campaign-results", number=number)
    return redirect("desk:campaign-edit", number=new.number)
