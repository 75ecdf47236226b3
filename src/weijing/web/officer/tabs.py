"""The tabs below an officer's pages; a count only where the officer must act."""

from typing import Any

from django.urls import reverse

from weijing.accounts.models import FIELD_ROLES
from weijing.campaigns import queries as campaigns
from weijing.requests.missing import sightings
from weijing.residents.mirror import contacts
from weijing.web.access import OfficerRequest

TABS = (
    ("today", "今日", "list"),
    ("grid", "网格", "cube"),
    ("contacts", "群众", "users"),
    ("me", "我的", "user"),
)


def tabs(request: OfficerRequest, *, current: str) -> list[dict[str, Any]]:
    """None for who has no beat's duty: the pages behind them would refuse."""
    if not request.scope.has(*FIELD_ROLES):
        return []
    officer = request.user
    waiting = campaigns.waiting_for(officer).values("campaign_id").distinct().order_by()
    counts = {
        "today": waiting.count() + sightings.new_for(officer),
        "contacts": contacts.waiting_to_be_labelled(officer.county_id, officer.pk).count(),
    }
    return [
        {
            "label": label,
            "url": reverse(f"officer:{name}"),
            "icon": icon,
            "count": counts.get(name, 0),
            "current": name == current,
        }
        for name, label, icon in TABS
    ]
