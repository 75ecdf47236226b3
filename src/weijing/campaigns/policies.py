"""Who may draft, release, stop. Nobody approves their own; an administrator does none of it."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, roles_of, scope_of
from weijing.campaigns.models import Campaign, Share


def _has(by: Officer, *roles: Role) -> bool:
    held = roles_of(by)
    return by.is_active and Role.SYSTEM_ADMIN not in held and not held.isdisjoint(roles)


def can_draft(by: Officer) -> bool:
    return _has(by, Role.CAMPAIGN_AUTHOR)


def can_edit(by: Officer, campaign: Campaign) -> bool:
    """Their own draft, nobody else's."""
    own = campaign.drafted_by_id == by.pk and campaign.county_id == by.county_id
    return own and can_draft(by)


def can_release(by: Officer, campaign: Campaign, *, at: datetime) -> bool:
    """Another person, who answers for at least as much of the county as the author."""
    if campaign.county_id != by.county_id or campaign.drafted_by_id == by.pk:
        return False
    return _has(by, Role.CAMPAIGN_APPROVER) and _covers(
        scope_of(by, at=at), scope_of(campaign.drafted_by, at=at)
    )


def can_stop(by: Officer, campaign: Campaign, *, at: datetime) -> bool:
    """The author or any approver who could have released it."""
    if campaign.county_id != by.county_id:
        return False
    if campaign.drafted_by_id == by.pk:
        return can_draft(by)
    return can_release(by, campaign, at=at)


can_remind = can_stop
can_decide = can_stop


def can_pause(by: Officer) -> bool:
    return _has(by, Role.CAMPAIGN_APPROVER)


def visible_to(scope: Scope) -> QuerySet[Campaign]:
    """All for the county desk; for a station or an officer those that concern them."""
    county = Campaign.objects.filter(county_id=scope.county_id)
    if not scope.sees_residents:
        return county.none()
    if scope.whole_county:
        return county
    of_them = Share.objects.filter(county_id=scope.county_id, campaign=OuterRef("pk"))
    concerned = Q(Exists(of_them.filter(officer_id=scope.officer_id)))
    if scope.station_ids:
        concerned |= Q(Exists(of_them.filter(officer__station_id__in=scope.station_ids)))
        concerned |= Q(drafted_by__station_id__in=scope.station_ids)
    return county.filter(concerned | Q(drafted_by_id=scope.officer_id))


def _covers(wide: Scope, narrow: Scope) -> bool:
    if wide.whole_county:
        return True
    if narrow.whole_county:
        return False
    return all(
        any(lo <= inner_lo and inner_hi <= hi for lo, hi in wide.ranges)
        for inner_lo, inner_hi in narrow.ranges
    )
