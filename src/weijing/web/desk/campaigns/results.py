"""Person by person: who got it and who did not, masked, with what to do next."""

from django.db.models import QuerySet
from django.http import HttpResponse

from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.campaigns import queries
from weijing.campaigns.models import Campaign, Delivery
from weijing.core import clock
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.territory.queries import path_names
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns.composing import STEPS
from weijing.web.desk.campaigns.progress import NEXT_STEPS, released
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

LOOKS = {
    Delivery.Result.PENDING: "waiting",
    Delivery.Result.SENT: "done",
    Delivery.Result.NOT_FRIEND: "unreached",
    Delivery.Result.OVER_QUOTA: "paused",
    Delivery.Result.UNUSABLE: "refused",
    Delivery.Result.WITHDRAWN: "cancelled",
}


@for_roles(*COMMAND)
def results(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = released(request.scope, number)
    counts = queries.progress(campaign, request.scope).results
    result = asked(request, "result")
    if result not in Delivery.Result.values:
        result = next((each for each in NEXT_STEPS if counts[each]), Delivery.Result.SENT)
    page = page_of(request, _deliveries(campaign, result, request.scope))
    shown = list(page.object_list)
    trail.viewed(
        request.user,
        Resident._meta.label_lower,
        [row.resident_id for row in shown],
        purpose="campaign.results",
        at=clock.now(),
    )
    ids = {row.resident.division_id for row in shown if row.resident.division_id}
    places = path_names(campaign.county_id, ids)
    context = {
        "campaign": campaign,
        "page": page,
        "rows": [
            {
                "delivery": row,
                "name": masked_name(row.resident.name),
                "where": places.get(row.resident.division_id or 0, "住址不详"),
            }
            for row in shown
        ],
        "result": result,
        "look": LOOKS[Delivery.Result(result)],
        "next_step": NEXT_STEPS[Delivery.Result(result)],
        "results": [(each.value, each.label, counts[each]) for each in NEXT_STEPS],
        "steps": STEPS,
        "step": 4 if campaign.state == Campaign.State.RELEASED else 5,
    }
    return show(request, "desk/campaigns/results.html", context, part="rows")


def _deliveries(campaign: Campaign, result: str, scope: Scope) -> QuerySet[Delivery]:
    return queries.deliveries_with(campaign, result, scope)
