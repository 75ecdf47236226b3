"""The officer's day: what is to be done first, and how far the grid is."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse

from weijing.accounts.models import FIELD_ROLES
from weijing.campaigns import queries as campaigns
from weijing.campaigns.emergency import calling, reminding
from weijing.campaigns.models import Campaign, Share
from weijing.core import clock
from weijing.residents.adding import walked
from weijing.residents.labels import proposals
from weijing.residents.mirror import contacts
from weijing.sync import queries as sync
from weijing.tags import expiring
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer import asked_of_us
from weijing.web.officer.own_grid import own_grid
from weijing.web.phone import phone_page


@for_roles(*FIELD_ROLES)
def today(request: OfficerRequest) -> HttpResponse:
    return phone_page(request, "officer/today.html", todays(request, at=clock.now()), tab="today")


def todays(request: OfficerRequest, *, at: datetime) -> dict[str, Any]:
    """What the page shows; the confirm sheet opens above the same page."""
    officer, day = request.user, clock.local_day(at)
    grid = own_grid(request.scope)
    waiting = contacts.waiting_to_be_labelled(officer.county_id, officer.pk)
    oldest = waiting.first()
    return {
        "grid": grid,
        "total": grid.total(on=day),
        "today": day,
        "to_confirm": _to_confirm(list(campaigns.waiting_for(officer))),
        "walks": walked.walks(list(walked.lists_of(officer)), on=day),
        "emergencies": reminding.open_events(request.scope).count(),
        "to_call": calling.waiting_for(request.scope).count(),
        "searches": asked_of_us.searches(request.scope, officer, at=at),
        "to_end": asked_of_us.to_end(officer),
        "things": asked_of_us.things(request.scope),
        "unlabelled": waiting.count(),
        "expiring": expiring.soon(request.scope, on=day).count(),
        "corrected": proposals.open_for(request.scope).count(),
        "waited": at - oldest.added_at if oldest else None,
        "month": sync.talk_of(officer, since=day.replace(day=1), until=day),
    }


def _to_confirm(shares: list[Share]) -> list[dict[str, Any]]:
    """One row per campaign: an officer of more than 10,000 people has several shares."""
    rows: dict[int, dict[str, Any]] = {}
    for share in shares:
        campaign: Campaign = share.campaign
        row = rows.setdefault(share.campaign_id, {"campaign": campaign, "people": 0, "asked": True})
        row["people"] += share.people
        row["asked"] = row["asked"] and share.state == Share.State.ASKED
    return list(rows.values())
