"""Who is no friend any more: see how many homes that is, and send officers there."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from weijing.accounts.models import Role
from weijing.campaigns import visiting
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns.progress import released
from weijing.web.desk.showing import show
from weijing.web.desk.walks import USUAL_DAYS, parse_date_or


@for_roles(Role.STATION_COMMAND)
def visits(request: OfficerRequest, number: str) -> HttpResponse:
    """See the number, hand out."""
    campaign = released(request.scope, number)
    due_on = parse_date_or(request.POST.get("due", ""), clock.today() + timedelta(days=USUAL_DAYS))
    wrong = ""
    if request.method == "POST":
        text = request.POST.get("stops", "")
        stops = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        try:
            lists = visiting.hand_out(
                campaign, due_on=due_on, stops_seen=stops, by=request.user, scope=request.scope,
                at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            wrong = str(error)
        else:
            messages.success(request, f"已派发 {stops} 户，{len(lists)} 张清单今天就能看到。")
            return redirect("desk:walks")
    found = visiting.plan(campaign, scope=request.scope, at=clock.now())
    by_officer = [
        (found.plan.officers[pk].name, len(doors)) for pk, doors in found.plan.doors.items()
    ]
    context = {
        "campaign": campaign,
        "found": found,
        "plan": found.plan,
        "by_officer": sorted(by_officer, key=lambda row: (-row[1], row[0])),
        "due_on": due_on,
        "today": clock.today(),
        "wrong": wrong,
    }
    return show(request, "desk/campaigns/visits.html", context, status=422 if wrong else 200)
