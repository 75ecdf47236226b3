"""All campaigns one may see: what waits for whom, what is on its way, what is over."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse

from weijing.accounts.models import Role
from weijing.campaigns import policies, queries
from weijing.campaigns.models import Campaign, CampaignPause, Delivery, Share
from weijing.campaigns.ordering import rules
from weijing.core import clock
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

# How a campaign's state looks; the word is the state's own.
LOOKS = {
    Campaign.State.DRAFT: "draft",
    Campaign.State.SUBMITTED: "waiting",
    Campaign.State.SCHEDULED: "waiting",
    Campaign.State.RELEASED: "running",
    Campaign.State.FINISHED: "done",
    Campaign.State.CANCELLED: "cancelled",
    Campaign.State.LAPSED: "unreached",
}


@for_roles(*COMMAND)
def campaigns(request: OfficerRequest) -> HttpResponse:
    scope = request.scope
    state, text = asked(request, "state"), asked(request, "q")
    found = _listed(policies.visible_to(scope), request)
    if state in Campaign.State.values:
        found = found.filter(state=state)
    if text:
        found = found.filter(title__icontains=text) | found.filter(number__icontains=text)
    page = page_of(request, found.select_related("drafted_by").order_by("-edited_at", "-pk"))
    figures = _figures(list(page.object_list))
    context = {
        "page": page,
        "rows": [
            {
                "campaign": each,
                "look": LOOKS[Campaign.State(each.state)],
                "url": address(request, each),
                **figures.get(each.pk, {"people": None, "sent": None}),
            }
            for each in page.object_list
        ],
        "states": Campaign.State.choices,
        "state": state,
        "state_shown": dict(Campaign.State.choices).get(state, ""),
        "q_here": text,
        "is_filtered": bool(state or text),
        "may_draft": scope.has(Role.CAMPAIGN_AUTHOR),
        "to_approve": queries.to_approve(request.user, scope, at=clock.now())[:10],
        "may_settle": rules.can_change(request.user, at=clock.now()),
        "needing": queries.needing_a_person(scope).count(),
        "pause": CampaignPause.objects.filter(county_id=scope.county_id).first(),
    }
    return show(request, "desk/campaigns/list.html", context, part="rows")


def _listed(found: QuerySet[Campaign], request: OfficerRequest) -> QuerySet[Campaign]:
    """Drafts are their author's own business until they are submitted."""
    mine = found.filter(drafted_by=request.user)
    return mine | found.filter(submitted_at__isnull=False)


def address(request: OfficerRequest, campaign: Campaign) -> str:
    """Where one goes from a campaign's name: on with the draft, to the review, to the progress."""
    page = "progress"
    if campaign.state == Campaign.State.DRAFT:
        page = "edit" if campaign.drafted_by_id == request.user.pk else "review"
    elif campaign.state in (Campaign.State.SUBMITTED, Campaign.State.SCHEDULED):
        page = "review"
    return reverse(f"desk:campaign-{page}", args=[campaign.number])


def _figures(shown: list[Campaign]) -> dict[int, dict[str, Any]]:
    """People and sent ones of each campaign, from the tallies on its shares."""
    if not shown:
        return {}
    shares = Share.objects.filter(county_id=shown[0].county_id, campaign__in=shown)
    figures: dict[int, dict[str, Any]] = {}
    for campaign_id, people, results in shares.values_list("campaign_id", "people", "results"):
        row = figures.setdefault(campaign_id, {"people": 0, "sent": 0})
        row["people"] += people
        row["sent"] += results.get(Delivery.Result.SENT, 0)
    return figures
