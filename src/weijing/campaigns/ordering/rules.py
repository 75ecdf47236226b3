"""What a county has settled about approval and repetition, and changing it."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.audit import trail
from weijing.campaigns.ordering.models import CampaignRules
from weijing.core.errors import DomainError, PermissionDenied

MOST_STATION_PEOPLE = 100_000
MOST_SIMILAR_DAYS = 31  # older ones are not kept in memory (`received.KEPT`)
LIMITS = {  # least and most
    "station_people": (0, MOST_STATION_PEOPLE),
    "similar_days": (0, MOST_SIMILAR_DAYS),
    "per_week": (1, 7),
    "emergency_reserve": (0, 10),
}


class BadRule(DomainError):
    """A number is not one, or out of bounds."""


def rules_of(county_id: int) -> CampaignRules:
    """As they are now; the defaults where a county has never said anything."""
    found = CampaignRules.objects.filter(county_id=county_id).first()
    return found or CampaignRules(county_id=county_id)


def can_change(by: Officer, *, at: datetime) -> bool:
    """An approver of the county desk: who may let anything go says what stations may."""
    scope = scope_of(by, at=at)
    return by.is_active and scope.whole_county and scope.has(Role.CAMPAIGN_APPROVER)


@transaction.atomic
def change(
    *, by: Officer, at: datetime, quota_mode: str | None = None, **said: int
) -> CampaignRules:
    """Holds from the next count, submission or approval on; what is not said stays.

    `said` are numbers within `LIMITS`. Raises `PermissionDenied`, `BadRule`.
    """
    if not can_change(by, at=at):
        raise PermissionDenied("审批的规定由县局审批人修改。")
    for name, number in said.items():
        least, most = LIMITS[name]
        if not least <= number <= most:
            raise BadRule(f"要填 {least} 到 {most:,} 之间的整数，原来的规定没有变。")
    values: dict[str, int | str] = {**said}
    if quota_mode is not None:
        if quota_mode not in CampaignRules.QuotaMode.values:
            raise BadRule("请选企业微信里设的是哪一种，原来的规定没有变。")
        values["quota_mode"] = quota_mode
    rules, _ = CampaignRules.objects.update_or_create(
        county_id=by.county_id, defaults={**values, "changed_at": at, "changed_by": by}
    )
    trail.record(by, "campaign_rules.changed", rules, at=at, **values)
    return rules
